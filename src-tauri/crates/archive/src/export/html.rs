//! Pages to read: no script, nothing from the network, all text of strangers escaped. A policy in the page says the same
//! to the browser.

use std::io::{self, Write};

use backscroll_model::{Attachment, Conversation, Direction, MessageKind, Timestamp};
use jiff::tz::TimeZone;

use super::{Line, Thread, person};

const POLICY: &str = "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'; \
     form-action 'none'; base-uri 'none'";
const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--text:#1b1d21;--quiet:#5b616b;--in:#eef0f3;--out:#dbe9ff;--line:#d8dce2}\
@media(prefers-color-scheme:dark){:root{--ground:#16181c;--text:#e8eaed;--quiet:#a0a7b2;--in:#262a31;--out:#1d3557;--line:#3a404a}}\
body{margin:0 auto;max-width:46rem;padding:1.5rem 1rem;background:var(--ground);color:var(--text);font:15px/1.45 system-ui,sans-serif}\
h1{font-size:1.25rem;margin:0 0 .25rem}h2{font-size:.8rem;font-weight:500;color:var(--quiet);text-align:center;margin:1.5rem 0 .5rem}\
header p,time,.note{color:var(--quiet);font-size:.8rem;margin:0}\
article{max-width:75%;width:fit-content;margin:.35rem 0;padding:.5rem .75rem;border-radius:.75rem;background:var(--in);overflow-wrap:anywhere}\
article.out{margin-inline-start:auto;background:var(--out)}article p{margin:0;white-space:pre-wrap}\
img,video{display:block;max-width:100%;max-height:24rem;border-radius:.5rem}audio{display:block;max-width:100%}\
ul{list-style:none;padding:0}li{border-top:1px solid var(--line);padding:.5rem 0}a{color:inherit}";

/// A conversation on the page that names all.
pub(super) struct Listed {
    name: String,
    account: String,
    platform: &'static str,
    messages: u32,
    page: String,
}

impl Listed {
    pub(super) fn new(conversation: &Conversation, account: &str, page: String) -> Self {
        Self {
            name: person(conversation).to_owned(),
            account: account.to_owned(),
            platform: conversation.platform.brand(),
            messages: conversation.messages,
            page,
        }
    }
}

/// Text of anybody inside a page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No character of HTML.
            '\0' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

fn begin(out: &mut impl Write, title: &str) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" content=\"no-referrer\">\
         <title>{}</title><style>{STYLE}</style></head><body>\n",
        escaped(POLICY),
        escaped(title),
    )
}

pub(super) fn head(out: &mut impl Write, thread: &Thread<'_>) -> io::Result<()> {
    let name = person(thread.conversation);
    begin(out, name)?;
    let platform = thread.conversation.platform.brand();
    let account = escaped(thread.account);
    writeln!(
        out,
        "<header><h1><bdi>{}</bdi></h1><p>{platform} · <bdi>{account}</bdi></p></header>\n<main>",
        escaped(name),
    )
}

pub(super) fn foot(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"</main></body></html>\n")
}

pub(super) fn index(out: &mut impl Write, listed: &[Listed]) -> io::Result<()> {
    begin(out, "Backscroll")?;
    writeln!(out, "<header><h1>Backscroll</h1></header>\n<main><ul>")?;
    for one in listed {
        writeln!(
            out,
            "<li><a href=\"{}\"><bdi>{}</bdi></a><p class=\"note\">{} · <bdi>{}</bdi> · {}</p></li>",
            escaped(&one.page),
            escaped(&one.name),
            one.platform,
            escaped(&one.account),
            one.messages,
        )?;
    }
    out.write_all(b"</ul>")?;
    foot(out)
}

pub(super) fn message(
    out: &mut impl Write,
    thread: &Thread<'_>,
    line: &Line<'_>,
    day: &mut Option<String>,
) -> io::Result<()> {
    let message = line.message;
    let (date, time) = local(message.at, thread.zone);
    if day.as_ref() != Some(&date) {
        writeln!(out, "<h2>{}</h2>", escaped(&date))?;
        *day = Some(date);
    }
    let side = match message.direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    write!(out, "<article class=\"{side}\" id=\"m{}\">", message.id)?;
    for (attachment, file) in message.attachments.iter().zip(line.files) {
        self::file(out, attachment, file.as_deref())?;
    }
    match &message.text {
        Some(text) => write!(out, "<p dir=\"auto\">{}</p>", escaped(text))?,
        None if message.attachments.is_empty() => write!(out, "<p class=\"note\">[{}]</p>", super::word(message.kind))?,
        None => {}
    }
    for reaction in &message.reactions {
        let by = reaction.name.as_deref().filter(|_| !reaction.mine).unwrap_or_default();
        write!(out, "<p class=\"note\">{} <bdi>{}</bdi></p>", escaped(&reaction.emoji), escaped(by))?;
    }
    let whole = jiff::Timestamp::from_millisecond(message.at.0).map(|at| at.to_string()).unwrap_or_default();
    writeln!(out, "<time datetime=\"{}\">{}</time></article>", escaped(&whole), escaped(&time))
}

fn file(out: &mut impl Write, attachment: &Attachment, file: Option<&str>) -> io::Result<()> {
    let name = attachment.name.as_deref().or(attachment.detail.as_deref()).unwrap_or_default();
    let shown = if name.is_empty() { super::word(attachment.kind) } else { name.to_owned() };
    let Some(path) = file.map(escaped) else {
        // Only addresses that lead to the web are links.
        let url = attachment.url.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        return match url {
            Some(url) => write!(
                out,
                "<p><a rel=\"noreferrer noopener\" href=\"{}\"><bdi>{}</bdi></a></p>",
                escaped(url),
                escaped(&shown)
            ),
            None => write!(out, "<p class=\"note\">[<bdi>{}</bdi>]</p>", escaped(&shown)),
        };
    };
    match attachment.kind {
        MessageKind::Image | MessageKind::Sticker => {
            write!(out, "<img src=\"{path}\" alt=\"{}\" loading=\"lazy\">", escaped(&shown))
        }
        MessageKind::Video => write!(out, "<video src=\"{path}\" controls preload=\"none\"></video>"),
        MessageKind::Audio => write!(out, "<audio src=\"{path}\" controls preload=\"none\"></audio>"),
        _ => write!(out, "<p><a href=\"{path}\" download><bdi>{}</bdi></a></p>", escaped(&shown)),
    }
}

/// Day and time of day where the reader lives.
fn local(at: Timestamp, zone: &TimeZone) -> (String, String) {
    let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else { return Default::default() };
    let at = at.to_zoned(zone.clone());
    (at.strftime("%Y-%m-%d").to_string(), at.strftime("%H:%M").to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::{AttachmentId, MediaState};

    use super::*;

    fn shown(url: Option<&str>, name: &str, path: Option<&str>, kind: MessageKind) -> String {
        let attachment = Attachment {
            id: AttachmentId(1),
            kind,
            type_name: None,
            url: url.map(str::to_owned),
            name: Some(name.to_owned()),
            detail: None,
            mime: None,
            size: None,
            file: MediaState::Link,
            width: None,
            height: None,
            blur: None,
        };
        let mut out = Vec::new();
        file(&mut out, &attachment, path).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_of_strangers_stays_text() {
        assert_eq!(
            escaped("<script>alert('x')</script>&\"\0"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\u{FFFD}"
        );
        let image = shown(None, "\"><script>", Some("media/a.png"), MessageKind::Image);
        assert_eq!(image, "<img src=\"media/a.png\" alt=\"&quot;&gt;&lt;script&gt;\" loading=\"lazy\">");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert!(
            shown(Some("https://example.org/?a=1&b=\"2\""), "x", None, MessageKind::Share)
                .contains("href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\"")
        );
        for url in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " https://example.org"] {
            assert!(!shown(Some(url), "x", None, MessageKind::Share).contains("href"), "{url}");
        }
    }

    #[test]
    fn a_page_names_no_script_and_nothing_of_the_network() {
        let mut out = Vec::new();
        index(&mut out, &[]).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(page.contains("default-src &#39;none&#39;") && !page.contains("<script") && !page.contains("http:"));
    }
}

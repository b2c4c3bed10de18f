//! The page: a table with one bar per judged figure (full length = the limit), then the curves. One file, no script,
//! nothing loaded.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Entry, Plot, number};

const STYLE: &str = "
:root{color-scheme:light dark;--fg:#1c1e21;--dim:#6a7178;--bg:#fff;--line:#e2e5e8;--ok:#2f7d4f;--no:#c0362c;
--c0:#3465a4;--c1:#c17d11;--c2:#4e9a06;--c3:#a40000;--c4:#75507b;--c5:#06989a}
@media(prefers-color-scheme:dark){:root{--fg:#e4e6e8;--dim:#9aa2aa;--bg:#17191c;--line:#32363a;--ok:#62b184;--no:#f0776c;
--c0:#729fcf;--c1:#fcaf3e;--c2:#8ae234;--c3:#ef7b7b;--c4:#b896c0;--c5:#34e2e2}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:1180px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.u{color:var(--dim)}
.ok{color:var(--ok)}.no{color:var(--no);font-weight:600}
.track{display:block;position:relative;width:160px;height:.7em;background:var(--line)}
.track i{position:absolute;inset:0 auto 0 0;background:var(--ok)}.track i.no{background:var(--no)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(460px,1fr));gap:1.5rem;margin-top:2rem}
figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--dim)}
.grid{stroke:var(--line)}.line{fill:none;stroke-width:2}.key{color:var(--dim);font-size:12px}
.key b{display:inline-block;width:.8em;height:.8em;margin:0 .35em 0 .8em}
.s0{stroke:var(--c0);--c:var(--c0)}.s1{stroke:var(--c1);--c:var(--c1)}.s2{stroke:var(--c2);--c:var(--c2)}
.s3{stroke:var(--c3);--c:var(--c3)}.s4{stroke:var(--c4);--c:var(--c4)}.s5{stroke:var(--c5);--c:var(--c5)}
.dot,.key b{fill:var(--c);background:var(--c)}";

/// The whole page.
pub(super) fn page(entries: &BTreeMap<String, Entry>, plots: &BTreeMap<String, Plot>) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Backscroll: benchmark</title><style>{STYLE}</style>\
         <h1>Backscroll: benchmark</h1><p>Ratios compare with the bare work of the same run; a full track is the limit.</p>\
         <table><thead><tr><th>figure<th class=n>value<th>unit<th class=n>bare<th class=n>ratio<th class=n>limit<th>of the limit<th>"
    );
    for (name, entry) in entries {
        let _ = write!(
            page,
            "<tr><td>{}<td class=n>{}<td class=u>{}<td class=n>{}<td class=n>{}<td class=n>{}",
            escape(name),
            number(entry.value),
            escape(&entry.unit),
            entry.baseline.map(number).unwrap_or_default(),
            entry.ratio.map(number).unwrap_or_default(),
            entry.bar.map(number).unwrap_or_default()
        );
        page.push_str(&verdict(entry));
    }
    page.push_str("</table><div class=plots>");
    for plot in plots.values() {
        let _ = write!(page, "<figure><figcaption>{}</figcaption>{}<div class=key>", escape(&plot.title), plot.svg());
        for (number, series) in plot.series.iter().enumerate() {
            let _ = write!(page, "<b class=s{}></b>{}", number % 6, escape(&series.name));
        }
        page.push_str("</div></figure>");
    }
    page.push_str("</div></html>\n");
    page
}

fn verdict(entry: &Entry) -> String {
    let (Some(bar), Some(ok)) = (entry.bar, entry.ok) else { return "<td><td>".to_owned() };
    let (class, word) = if ok { ("ok", "kept") } else { ("no", "missed") };
    let judged = entry.ratio.unwrap_or(entry.value);
    let share = if bar > 0.0 { (judged / bar).clamp(0.0, 1.0) } else { f64::from(u8::from(!ok)) };
    format!(
        "<td><span class=track><i class={class} style=\"width:{:.0}%\"></i></span><td class={class}>{word}",
        share * 100.0
    )
}

/// Text for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

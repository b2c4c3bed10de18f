//! `mediaUrls` of a send: the rules of the address, the download, and the judgement of the network (reference 3.3).
//!
//! *Choices*: of several videos in one send the second is refused (the page says "one video"); what the network makes of a
//! file comes with its own code and Meta's sentence, a download that fails with 479; an extension decides the kind, the
//! bytes must agree with it.

use std::time::Duration;

use axum::response::Response;
use serde_json::{Map, Value};

use crate::fetch::{Fetched, Lost, fetch};
use crate::graph::state::{Detail, kind};
use crate::media::mime;
use crate::networks::{self, Way};
use crate::platform::Platform;
use crate::server::answer;
use crate::server::send::{Refused, bad, refused};
use crate::sniff::Sniffed;
use crate::state::State;
use crate::webhooks::is_loopback;
use crate::world::{Attachment, FileRef};

/// How long a network waits for a file (Meta's 75 s for a video, 10 s for anything else).
const VIDEO_FETCH: Duration = Duration::from_secs(75);
const FETCH: Duration = Duration::from_secs(10);

/// A file that a send names, with an address that keeps the rules.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    url: String,
    name: String,
    extension: String,
    kind: &'static str,
}

/// The files that a body names.
pub(crate) fn wanted(state: &State, platform: Platform, body: &Map<String, Value>) -> Result<Vec<Wanted>, Refused> {
    let lenient = body.get("mediaUrl").filter(|_| state.knobs.lenient_media_url);
    let urls = match body.get("mediaUrls").or(lenient) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(urls)) => urls,
        Some(_) => return Err(bad("mediaUrls must be an array of URLs.")),
    };
    if platform == Platform::Twitter && urls.len() > 1 {
        return Err(bad("X takes one media URL."));
    }
    let all = urls.iter().map(|url| address(platform, url)).collect::<Result<Vec<_>, _>>()?;
    if all.iter().filter(|w| w.kind == kind::VIDEO).count() > 1 {
        return Err(bad("Only one video can be sent at a time."));
    }
    Ok(all)
}

fn address(platform: Platform, url: &Value) -> Result<Wanted, Refused> {
    let text = url.as_str().ok_or_else(|| bad("mediaUrls must be an array of URLs."))?;
    let parsed = url::Url::parse(text).map_err(|_| bad("A media URL must be a full URL."))?;
    // The demand for https is waived on this machine (reference 11.2).
    let waived = parsed.scheme() == "http" && is_loopback(text);
    if parsed.scheme() != "https" && !waived {
        return Err(bad("A media URL must begin with https://."));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(bad("A media URL must have no query and no fragment."));
    }
    let last = parsed.path_segments().and_then(|mut s| s.next_back().map(str::to_owned)).unwrap_or_default();
    let name = percent_encoding::percent_decode_str(&last).decode_utf8_lossy().into_owned();
    let extension = last.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    let kind = match extension.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "bmp" => kind::IMAGE,
        "mp4" | "mov" | "avi" | "webm" | "ogg" | "m4v" => kind::VIDEO,
        "aac" | "wav" | "m4a" | "mp3" => kind::AUDIO,
        "pdf" => kind::FILE,
        _ => return Err(bad("A media URL must end in a known file extension.")),
    };
    if platform == Platform::Twitter && matches!(kind, kind::AUDIO | kind::FILE) {
        return Err(bad("X takes an image, a GIF or a video."));
    }
    Ok(Wanted { url: text.to_owned(), name, extension, kind })
}

impl Wanted {
    /// Downloads it, at most as much as the network would take of anything.
    pub(crate) async fn fetch(&self, platform: Platform) -> Result<Fetched, Lost> {
        let patience = if self.kind == kind::VIDEO { VIDEO_FETCH } else { FETCH };
        fetch(&self.url, networks::most(platform), patience).await
    }

    pub(crate) const fn is_image(&self) -> bool {
        matches!(self.kind.as_bytes(), b"image")
    }

    /// What the network makes of it: an attachment with a copy of its own, or a refusal.
    pub(crate) fn attachment(
        &self,
        state: &mut State,
        platform: Platform,
        fetched: Result<Fetched, Lost>,
    ) -> Result<Attachment, Refused> {
        let gone =
            || -> Box<Response> { Box::new(answer::flat(400, 479, "messages", "The media could not be downloaded.")) };
        let fetched = fetched.map_err(|_| gone())?;
        if !networks::name_allowed(platform, &self.name) {
            return Err(refused(state, platform, "(#100) The file name must be ASCII."));
        }
        let (sniffed, size) = match &fetched {
            Fetched::Seen { blob, .. } => (blob.sniffed, blob.size),
            Fetched::Believed => (Sniffed::by_extension(&self.extension), 0),
        };
        if size > networks::largest(platform, self.kind, sniffed, Way::Address) {
            return Err(refused(state, platform, "(#100) Attachment size exceeds allowable limit"));
        }
        if !networks::fits(platform, self.kind, sniffed) {
            let text = "(#100) Upload attachment failure. The type of the file does not match";
            return Err(refused(state, platform, text));
        }
        let detail = Detail { name: Some(self.name.clone()), ..Detail::default() };
        let file = match fetched {
            Fetched::Seen { mime: declared, blob } => {
                let mime = match sniffed {
                    Sniffed::Other => declared.unwrap_or_else(|| mime(&self.extension).to_owned()),
                    known => mime(known.extension()).to_owned(),
                };
                FileRef::Own(state.media.keep(&self.extension, mime, blob))
            }
            Fetched::Believed => FileRef::Url(self.url.clone()),
        };
        Ok(Attachment { kind: self.kind.to_owned(), file, detail })
    }
}

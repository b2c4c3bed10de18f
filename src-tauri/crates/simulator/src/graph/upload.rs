//! Files on their way into a message: `POST /{page-id}/message_attachments`, and the same checks for a file that comes with
//! its message (reference 6.6).
//!
//! Order of refusal: the part's declared type, the size, the format that the platform does not take, the bytes against the
//! type of the attachment. Addresses on this machine are fetched; of any other it is believed that Meta could
//! ([`crate::fetch`]), and the end of the name tells what is there. What was seen is kept as the network's own copy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::blob::Blob;
use crate::fetch::{Fetched, fetch};
use crate::graph::call::Call;
use crate::graph::error::GraphError;
use crate::graph::send::object;
use crate::graph::state::kind;
use crate::networks::{self, Way};
use crate::platform::Platform;
use crate::sniff::Sniffed;
use crate::state::{Core, State};
use crate::world::{FileRef, ProfileId};

/// An `attachment_id` is good for so long.
const LIFE_MS: i64 = 90 * 86_400_000;
/// Meta gives a video so long to arrive, anything else a sixth of it.
const VIDEO_FETCH: Duration = Duration::from_secs(75);
const FETCH: Duration = Duration::from_secs(10);

/// A file that stands ready for a message.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub kind: String,
    pub file: FileRef,
    pub name: Option<String>,
    pub size: Option<u64>,
}

#[derive(Clone, Debug)]
struct Kept {
    profile: ProfileId,
    platform: Platform,
    at: i64,
    ready: Ready,
    /// The HTTP request that brought it.
    request: u64,
}

/// Everything uploaded with `is_reusable`.
#[derive(Debug, Default)]
pub(crate) struct Uploads(BTreeMap<String, Kept>);

impl Uploads {
    /// What this request uploaded is lost: its id is refused from the first use on.
    pub(crate) fn lose(&mut self, request: u64) {
        self.0.retain(|_, kept| kept.request != request);
    }

    /// A file uploaded before, unless it is another Page's, another platform's, expired or of another kind.
    pub(crate) fn find(
        &self,
        now: i64,
        profile: ProfileId,
        platform: Platform,
        kind: &str,
        id: &str,
    ) -> Result<Ready, GraphError> {
        let kept = self.0.get(id).filter(|k| k.profile == profile && k.platform == platform && now - k.at < LIFE_MS);
        let ready = kept.map(|k| k.ready.clone()).ok_or_else(|| GraphError::of(100, Some(2_018_074)))?;
        if ready.kind == kind { Ok(ready) } else { Err(GraphError::of(100, Some(2_018_047))) }
    }
}

/// A file as it arrived, before anybody looked at it.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    name: Option<String>,
    /// What the part, or the other server, says that it is.
    declared: Option<String>,
    /// `None`: an address that is believed.
    blob: Option<Blob>,
    from: From,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum From {
    Part,
    Address(String),
}

/// Takes the file of an attachment from the body or from its address. `None`: the attachment names neither.
pub(crate) async fn take(call: &Call, attachment: &Map<String, Value>) -> Option<Result<Arrived, GraphError>> {
    let url = attachment.get("payload").and_then(|p| p.get("url")).and_then(Value::as_str);
    if let Some(url) = url {
        let kind = attachment.get("type").and_then(Value::as_str).unwrap_or_default();
        return Some(by_address(url, kind == kind::VIDEO).await);
    }
    let part = call.files.iter().find(|f| f.name == "filedata").or_else(|| call.files.first())?;
    Some(Ok(Arrived {
        name: Some(part.file_name.clone()).filter(|n| !n.is_empty()),
        declared: Some(part.content_type.clone()).filter(|t| !t.is_empty()),
        blob: Some(part.blob.clone()),
        from: From::Part,
    }))
}

async fn by_address(url: &str, video: bool) -> Result<Arrived, GraphError> {
    let lost = || GraphError::of(100, Some(if video { 2_018_294 } else { 2_018_008 }));
    let parsed = url::Url::parse(url).map_err(|_| lost())?;
    let name = parsed.path_segments().and_then(|mut s| s.next_back().map(str::to_owned)).filter(|n| !n.is_empty());
    let name = name.map(|n| percent_encoding::percent_decode_str(&n).decode_utf8_lossy().into_owned());
    let patience = if video { VIDEO_FETCH } else { FETCH };
    let (declared, blob) = match fetch(url, networks::most(Platform::Facebook), patience).await.map_err(|_| lost())? {
        Fetched::Seen { mime, blob } => (mime, Some(blob)),
        Fetched::Believed => (None, None),
    };
    Ok(Arrived { name, declared, blob, from: From::Address(url.to_owned()) })
}

impl Arrived {
    fn sniffed(&self) -> Sniffed {
        let extension = || self.name.as_deref().and_then(|n| n.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
        match &self.blob {
            Some(blob) => blob.sniffed,
            None => Sniffed::by_extension(&extension().unwrap_or_default()),
        }
    }

    /// The checks of reference 6.6 for an attachment of this type.
    fn check(&self, platform: Platform, kind: &str) -> Result<Sniffed, GraphError> {
        let mismatch = || GraphError::of(100, Some(2_018_047));
        if !matches!(kind, kind::IMAGE | kind::VIDEO | kind::AUDIO | kind::FILE) {
            return Err(GraphError::parameter(
                "Param message[attachment][type] must be one of {IMAGE, VIDEO, AUDIO, FILE}",
            ));
        }
        // A part must say what it is, and the truth (field evidence of 6.6); an address need not.
        if self.from == From::Part {
            let declared = self.declared.as_deref().ok_or_else(mismatch)?;
            if kind != kind::FILE && !declared.starts_with(&format!("{kind}/")) {
                return Err(mismatch());
            }
        }
        if self.name.as_deref().is_some_and(|name| !networks::name_allowed(platform, name)) {
            return Err(GraphError::parameter("The name of the file must be ASCII"));
        }
        let sniffed = self.sniffed();
        let way = if self.from == From::Part { Way::Body } else { Way::Address };
        let size = self.blob.as_ref().map_or(0, |b| b.size);
        if size > networks::largest(platform, kind, sniffed, way) {
            return Err(GraphError::of(100, Some(2_018_109)));
        }
        if platform == Platform::Instagram && sniffed == Sniffed::Heic {
            return Err(GraphError::of(100, Some(2_534_080)));
        }
        // An address that nobody looked at, without a telling name, can be anything; an empty file is nothing.
        let untold = sniffed == Sniffed::Other && self.blob.is_none();
        let empty = self.blob.as_ref().is_some_and(|b| b.size == 0);
        if untold || (!empty && networks::fits(platform, kind, sniffed)) { Ok(sniffed) } else { Err(mismatch()) }
    }
}

impl State {
    /// Checks a file and keeps its bytes where the files' server finds them.
    pub(crate) fn accept(&mut self, platform: Platform, kind: &str, arrived: &Arrived) -> Result<Ready, GraphError> {
        let sniffed = arrived.check(platform, kind)?;
        let declared = arrived.declared.clone().unwrap_or_default();
        let file = match (&arrived.blob, &arrived.from) {
            (Some(blob), _) => {
                let extension = match sniffed {
                    Sniffed::Other => crate::media::extension(&declared, arrived.name.as_deref().unwrap_or_default())
                        .unwrap_or_else(|| "bin".to_owned()),
                    known => known.extension().to_owned(),
                };
                FileRef::Own(self.media.keep(&extension, declared, blob.clone()))
            }
            (None, From::Address(url)) => FileRef::Url(url.clone()),
            (None, From::Part) => return Err(GraphError::of(100, Some(2_018_034))),
        };
        let size = arrived.blob.as_ref().map(|b| b.size);
        Ok(Ready { kind: kind.to_owned(), file, name: arrived.name.clone(), size })
    }

    /// Makes a file reusable; gives its `attachment_id`.
    pub(crate) fn keep_upload(
        &mut self,
        at: i64,
        profile: ProfileId,
        platform: Platform,
        ready: Ready,
        request: u64,
    ) -> String {
        let id = self.graph.next_attachment_id(self.world.seed);
        self.graph.uploads.0.insert(id.clone(), Kept { profile, platform, at, ready, request });
        id
    }
}

impl crate::graph::state::GraphState {
    fn next_attachment_id(&mut self, seed: u64) -> String {
        self.issued += 1;
        crate::ids::user(seed, Platform::Facebook, &format!("graph/attachment/{}", self.issued))
    }
}

/// `POST /{page-id}/message_attachments`.
pub(crate) async fn attachments(core: &Arc<Core>, profile: ProfileId, call: &Call) -> Result<Value, GraphError> {
    let platform = match call.param("platform").map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "messenger") => Platform::Facebook,
        Some("instagram") => Platform::Instagram,
        Some(_) => return Err(GraphError::parameter("Param platform must be one of {INSTAGRAM, MESSENGER}")),
    };
    let message = object(call, "message")?.ok_or_else(|| GraphError::parameter("The parameter message is required"))?;
    let attachment = message.get("attachment").and_then(Value::as_object).cloned();
    let attachment = attachment.ok_or_else(|| GraphError::of(100, Some(2_018_034)))?;
    let reusable = attachment.get("payload").and_then(|p| p.get("is_reusable")).is_some_and(truth);
    if !reusable {
        return Err(GraphError::parameter("Param message[attachment][payload][is_reusable] must be true"));
    }
    let kind = attachment.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let arrived = take(call, &attachment).await.unwrap_or_else(|| Err(GraphError::of(100, Some(2_018_034))))?;
    core.act(|state, now| {
        if platform == Platform::Instagram && !state.graph.page(profile).is_some_and(|p| p.instagram) {
            return Err(GraphError::of(100, Some(2_534_013)));
        }
        let ready = state.accept(platform, &kind, &arrived)?;
        Ok(json!({ "attachment_id": state.keep_upload(now, profile, platform, ready, call.request) }))
    })
}

/// `true`, also as a text: forms have nothing else.
pub(crate) fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"))
}

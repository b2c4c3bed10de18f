//! `POST /messages/:platform` (reference 3).

use std::sync::Arc;

use axum::extract::{Extension, Path, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::acts::Outbound;
use crate::platform::Platform;
use crate::server::answer::{self, object};
use crate::server::gate::Caller;
use crate::server::messages::channel;
use crate::state::{Chat, Core, State};
use crate::world::{Attachment, FileRef, Origin};

type Refused = Box<Response>;

pub(crate) async fn send(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    Path(platform): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    core.act(|state, now| {
        channel(state, &headers, caller, &platform)
            .and_then(|platform| apply(state, now, caller, platform, &object(&body)?))
            .unwrap_or_else(|refusal| *refusal)
    })
}

fn apply(
    state: &mut State,
    now: i64,
    caller: Caller,
    platform: Platform,
    body: &Map<String, Value>,
) -> Result<Response, Refused> {
    let chat = target(state, caller, platform, body)?;
    let text = text(state, platform, body)?;
    let attachments = attachments(state, platform, body)?;
    if text.is_none() && (attachments.is_empty() || platform == Platform::Twitter) {
        return Err(bad("message is required."));
    }
    window(state, now, &chat)?;
    let mut out = json!({ "status": "success" });
    let fields = out.as_object_mut().ok_or_else(|| bad("impossible"))?;
    if platform != Platform::Twitter {
        fields.insert("recipientId".to_owned(), json!(chat.person));
        if let Some(text) = &text {
            fields.insert("message".to_owned(), json!(text));
        }
    }
    let new = Outbound::new(text, attachments, Origin::Request(caller.request));
    let id = state.send(now, &chat, new).map_err(|_| bad("Conversation not found."))?;
    fields.insert("messageId".to_owned(), json!(id));
    state.cache.drop_platform(caller.profile, platform);
    Ok(answer::ok(&out))
}

fn bad(message: &str) -> Refused {
    Box::new(answer::bad(message))
}

/// The network itself refused: its text inside Ayrshare's error.
fn refused(state: &State, platform: Platform, message: &str) -> Refused {
    let codes = &state.knobs.codes;
    let code = match platform {
        Platform::Facebook => codes.facebook,
        Platform::Instagram => codes.instagram,
        Platform::Twitter => codes.twitter,
    };
    Box::new(answer::flat(400, code, "messages", message))
}

fn field<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refused> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|t| !t.is_empty())),
        Some(_) => Err(bad(&format!("{name} must be a string."))),
    }
}

fn target(state: &State, caller: Caller, platform: Platform, body: &Map<String, Value>) -> Result<Chat, Refused> {
    let (recipient, conversation) = (field(body, "recipientId")?, field(body, "conversationId")?);
    let account = state.world.account(caller.profile, platform).ok_or_else(|| bad("Not linked."))?;
    let found = match (recipient, conversation) {
        (Some(recipient), _) => account.with_person(recipient),
        (None, Some(conversation)) if platform == Platform::Twitter => account.conversation(conversation),
        (None, _) => return Err(bad("recipientId is required.")),
    };
    let found = found.ok_or_else(|| {
        refused(
            state,
            platform,
            "(#100) Param recipient[id] must be a valid ID string of a person who wrote to this account.",
        )
    })?;
    Ok(Chat { profile: caller.profile, platform, conversation: found.id.clone(), person: found.person.id.clone() })
}

/// The networks' own limits (reference 3.3).
fn text(state: &State, platform: Platform, body: &Map<String, Value>) -> Result<Option<String>, Refused> {
    let Some(text) = field(body, "message")? else { return Ok(None) };
    let too_long = match platform {
        Platform::Facebook => text.chars().count() > 2_000,
        Platform::Instagram => text.len() > 1_000,
        Platform::Twitter => text.chars().count() > 10_000,
    };
    if too_long {
        return Err(refused(state, platform, "(#100) Length of param message[text] is too long."));
    }
    Ok(Some(text.to_owned()))
}

fn attachments(state: &State, platform: Platform, body: &Map<String, Value>) -> Result<Vec<Attachment>, Refused> {
    let lenient = body.get("mediaUrl").filter(|_| state.knobs.lenient_media_url);
    let urls = match body.get("mediaUrls").or(lenient) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(urls)) => urls,
        Some(_) => return Err(bad("mediaUrls must be an array of URLs.")),
    };
    if platform == Platform::Twitter && urls.len() > 1 {
        return Err(bad("X takes one media URL."));
    }
    urls.iter().map(|url| attachment(state, platform, url)).collect()
}

fn attachment(state: &State, platform: Platform, url: &Value) -> Result<Attachment, Refused> {
    let text = url.as_str().ok_or_else(|| bad("mediaUrls must be an array of URLs."))?;
    let parsed = url::Url::parse(text).map_err(|_| bad("A media URL must be a full URL."))?;
    let own = state.media.is_own(text);
    if parsed.scheme() != "https" && !own {
        return Err(bad("A media URL must begin with https://."));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(bad("A media URL must have no query and no fragment."));
    }
    let last = parsed.path_segments().and_then(|mut s| s.next_back().map(str::to_owned)).unwrap_or_default();
    let extension = last.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    let kind = match extension.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "bmp" => "image",
        "mp4" | "mov" | "avi" | "webm" | "ogg" | "m4v" => "video",
        "aac" | "wav" | "m4a" | "mp3" => "audio",
        "pdf" => "file",
        _ => return Err(bad("A media URL must end in a known file extension.")),
    };
    if platform == Platform::Twitter && matches!(kind, "audio" | "file") {
        return Err(bad("X takes an image, a GIF or a video."));
    }
    // The network would fetch it now; of foreign addresses we believe that it could.
    let name = state.media.name_in(text);
    let known = name.is_none_or(|n| state.media.stored(n).is_some() || state.world.pictures.contains_key(n));
    if !known {
        return Err(Box::new(answer::flat(400, 479, "messages", "The media could not be downloaded.")));
    }
    let file = name.map_or_else(|| FileRef::Url(text.to_owned()), |n| FileRef::Own(n.to_owned()));
    Ok(Attachment::new(kind, file))
}

/// The reply window of the network (reference 3.4).
fn window(state: &State, now: i64, chat: &Chat) -> Result<(), Refused> {
    let length = match chat.platform {
        Platform::Facebook => state.knobs.facebook_window_ms,
        Platform::Instagram => state.knobs.instagram_window_ms,
        Platform::Twitter => return Ok(()),
    };
    let last = state.conversation(chat).ok().and_then(crate::world::Conversation::last_received);
    if last.is_some_and(|at| now - at < length) {
        return Ok(());
    }
    Err(refused(state, chat.platform, "(#10) This message is sent outside of allowed window."))
}

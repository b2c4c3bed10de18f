//! `POST /messages/:platform` (reference 3).
//!
//! In the order of reference 11.1: target, text, the addresses of the media, quota, window; then the media are fetched,
//! outside the lock as a network would, and the network judges them. All of it before the first message exists, unless
//! [`Knobs::media_in_turn`](crate::Knobs::media_in_turn) says otherwise.

mod media;

use std::sync::Arc;

use axum::extract::{Extension, Path, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::acts::Outbound;
use crate::fetch::{Fetched, Lost};
use crate::knobs::SendAnswer;
use crate::platform::Platform;
use crate::server::answer::{self, object};
use crate::server::gate::Caller;
use crate::server::messages::channel;
use crate::server::send::media::Wanted;
use crate::server::user::active_conversations;
use crate::state::{Chat, Core, State};
use crate::world::{Attachment, Conversation, Origin};

type Refused = Box<Response>;

/// A send that may be made, before its files were fetched.
struct Plan {
    caller: Caller,
    chat: Chat,
    text: Option<String>,
    media: Vec<Wanted>,
}

pub(crate) async fn send(
    Shared(core): Shared<Arc<Core>>,
    Extension(caller): Extension<Caller>,
    Path(platform): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let plan = core.act(|state, now| {
        channel(state, &headers, caller, &platform)
            .and_then(|platform| Plan::new(state, now, caller, platform, &object(&body)?))
    });
    let plan = match plan {
        Ok(plan) => plan,
        Err(refusal) => return *refusal,
    };
    let mut fetched = Vec::new();
    for wanted in &plan.media {
        fetched.push(wanted.fetch(plan.chat.platform).await);
    }
    core.act(|state, now| plan.carry_out(state, now, fetched).unwrap_or_else(|refusal| *refusal))
}

impl Plan {
    fn new(
        state: &State,
        now: i64,
        caller: Caller,
        platform: Platform,
        body: &Map<String, Value>,
    ) -> Result<Self, Refused> {
        let chat = target(state, caller, platform, body)?;
        let text = text(state, platform, body)?;
        let media = media::wanted(state, platform, body)?;
        if text.is_none() && (media.is_empty() || platform == Platform::Twitter) {
            return Err(bad("message is required."));
        }
        quota(state, now, &chat)?;
        window(state, now, &chat)?;
        Ok(Self { caller, chat, text, media })
    }

    fn carry_out(self, state: &mut State, now: i64, fetched: Vec<Result<Fetched, Lost>>) -> Result<Response, Refused> {
        let platform = self.chat.platform;
        // It may have closed while the files were under way.
        window(state, now, &self.chat)?;
        let dropped = state.knobs.instagram_drops_media && platform == Platform::Instagram && self.text.is_some();
        let images = self.media.iter().filter(|w| w.is_image()).count() == self.media.len();
        let album = images && state.knobs.instagram_album && platform == Platform::Instagram;
        let (mut arrived, mut lost) = (Vec::new(), None);
        for (wanted, fetched) in self.media.iter().zip(fetched).filter(|_| !dropped) {
            match wanted.attachment(state, platform, fetched) {
                Ok(attachment) => arrived.push(attachment),
                Err(refusal) => {
                    lost = Some(refusal);
                    break;
                }
            }
        }
        let in_turn = state.knobs.media_in_turn && platform != Platform::Twitter;
        let ids = match lost {
            Some(refusal) if !in_turn || (self.text.is_none() && arrived.is_empty()) => return Err(refusal),
            Some(refusal) => {
                self.post(state, now, arrived, album)?;
                return Err(refusal);
            }
            None => self.post(state, now, arrived, album)?,
        };
        Ok(self.answer(state, &ids))
    }

    fn post(&self, state: &mut State, now: i64, files: Vec<Attachment>, album: bool) -> Result<Vec<String>, Refused> {
        let origin = Origin::Request(self.caller.request);
        let new = Outbound { album, ..Outbound::new(self.text.clone(), files, origin) };
        let ids = state.send_all(now, &self.chat, new).map_err(|_| bad("Conversation not found."))?;
        state.cache.drop_platform(self.caller.profile, self.chat.platform);
        Ok(ids)
    }

    /// The documented sample is of a single text; what several messages answer is a knob.
    fn answer(&self, state: &State, ids: &[String]) -> Response {
        let mut fields = Map::from_iter([("status".to_owned(), json!("success"))]);
        if self.chat.platform != Platform::Twitter {
            fields.insert("recipientId".to_owned(), json!(self.chat.person));
            fields.extend(self.text.as_ref().map(|text| ("message".to_owned(), json!(text))));
        }
        let form = if ids.len() > 1 { state.knobs.answer } else { SendAnswer::First };
        let with = |name: &str, value: Value| {
            let mut fields = fields.clone();
            fields.insert(name.to_owned(), value);
            Value::Object(fields)
        };
        let out = match form {
            SendAnswer::First => with("messageId", json!(ids.first())),
            SendAnswer::Ids => with("messageIds", json!(ids)),
            SendAnswer::Messages => {
                let each: Vec<Value> = ids.iter().map(|id| json!({ "messageId": id })).collect();
                with("messages", json!(each))
            }
            SendAnswer::List => Value::Array(ids.iter().map(|id| with("messageId", json!(id))).collect()),
            SendAnswer::Nameless => Value::Object(fields.clone()),
        };
        answer::ok(&out)
    }
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

/// The quota of active conversations (reference 3.5), and X's own of sends. *Choices*: the cycle is 30 days, and both are
/// refused with 400: neither answer is known.
fn quota(state: &State, now: i64, chat: &Chat) -> Result<(), Refused> {
    const CYCLE_MS: i64 = 30 * 86_400_000;
    const QUARTER_MS: i64 = 15 * 60_000;
    if let (Some(most), Platform::Twitter) = (state.knobs.x_sends, chat.platform) {
        let account = state.account(chat).map_err(|_| bad("Not linked."))?;
        let sent = account.conversations.iter().flat_map(|c| &c.messages);
        let sent = sent.filter(|m| matches!(m.origin, Origin::Request(_)) && now - m.at < QUARTER_MS).count();
        if sent >= most {
            return Err(refused(state, chat.platform, "Too Many Requests: the rate limit of the account is exceeded."));
        }
    }
    let Some(most) = state.knobs.conversation_quota else { return Ok(()) };
    let active = |c: &Conversation| c.sent_since(now - CYCLE_MS);
    let known = state.conversation(chat).is_ok_and(active);
    let used = state.world.profiles.get(chat.profile.0).map_or(0, |p| active_conversations(p, now));
    if known || used < most {
        return Ok(());
    }
    let message = "The quota of active conversations of this billing cycle is reached.";
    Err(Box::new(answer::flat(400, state.knobs.codes.quota, "messages", message)))
}

/// The reply window of the network (reference 3.4).
fn window(state: &State, now: i64, chat: &Chat) -> Result<(), Refused> {
    let length = match chat.platform {
        Platform::Facebook => state.knobs.facebook_window_ms,
        Platform::Instagram => state.knobs.instagram_window_ms,
        Platform::Twitter => return Ok(()),
    };
    let last = state.conversation(chat).ok().and_then(Conversation::window_since);
    if last.is_some_and(|at| now - at < length) {
        return Ok(());
    }
    Err(refused(state, chat.platform, "(#10) This message is sent outside of allowed window."))
}

//! `POST /{page-id}/messages` and `/me/messages` (reference 6.1–6.7).
//!
//! Checked in the order of section 6's test server: token and Page (before this module), the recipient, `message` beside
//! `sender_action`, the length of the text, the tag, the window, whether the person can be reached, the file. Nothing is
//! sent when any of them refuses, and what is sent is one message with one id, in the answer and in the echo.
//!
//! *Choices*, where Meta is silent: `messaging_type` is required on Messenger; `HUMAN_AGENT` without approval answers code 10,
//! and after seven days the window's error; sender actions ask for no window; a plain `attachments` list is Instagram's alone.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::acts::Outbound;
use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::limits;
use crate::graph::state::{Detail, kind};
use crate::graph::upload::{self, Arrived, Ready, truth};
use crate::platform::Platform;
use crate::state::{Chat, Core, State};
use crate::world::{Attachment, Conversation, FileRef, Origin, ProfileId};

const HOUR_MS: i64 = 3_600_000;
/// The standard window after the person's last message.
const WINDOW_MS: i64 = 24 * HOUR_MS;
/// The window of a human answer.
const AGENT_WINDOW_MS: i64 = 7 * 24 * HOUR_MS;
const MESSENGER_CHARS: usize = 2_000;
const INSTAGRAM_BYTES: usize = 1_000;
/// "Under 1000 characters".
const METADATA_CHARS: usize = 1_000;
const MOST_IMAGES: usize = 10;
/// Every request with them fails since April 2026.
const RETIRED_TAGS: [&str; 3] = ["ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE"];

/// An object parameter; absent and empty are the same.
pub(crate) fn object(call: &Call, name: &str) -> Result<Option<Map<String, Value>>, GraphError> {
    let Some(text) = call.param(name).filter(|t| !t.is_empty()) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|_| GraphError::parameter(&format!("Param {name} must be an object.")))
}

/// Sends for this Page.
pub(crate) async fn messages(
    core: &Arc<Core>,
    caller: &Caller,
    profile: ProfileId,
    call: &Call,
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    let message = object(call, "message")?;
    // Files are fetched before the world is locked; what came of it is told when its turn in the order has come.
    let mut arrived = Vec::new();
    for attachment in message.iter().flat_map(attachments) {
        arrived.push(upload::take(call, attachment).await);
    }
    core.act(|state, now| Request { state, now, profile, caller, call }.apply(meter, message.as_ref(), &arrived))
}

/// `attachment`, or the members of `attachments`.
fn attachments(message: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let many = message.get("attachments").and_then(Value::as_array).into_iter().flatten();
    message.get("attachment").into_iter().chain(many).filter_map(Value::as_object)
}

/// Whether this is sound or film, which have a limit of their own.
fn is_loud(attachment: &Map<String, Value>) -> bool {
    let kind = attachment.get("type").and_then(Value::as_str).unwrap_or_default();
    kind.eq_ignore_ascii_case(kind::AUDIO) || kind.eq_ignore_ascii_case(kind::VIDEO)
}

type Fetched = Option<Result<Arrived, GraphError>>;

struct Request<'a> {
    state: &'a mut State,
    now: i64,
    profile: ProfileId,
    caller: &'a Caller,
    call: &'a Call,
}

impl Request<'_> {
    fn apply(
        mut self,
        meter: &mut Option<Platform>,
        message: Option<&Map<String, Value>>,
        arrived: &[Fetched],
    ) -> Result<Value, GraphError> {
        let chat = self.recipient()?;
        *meter = Some(chat.platform);
        *self.state.graph.calls.entry((self.profile, *meter)).or_default() += 1;
        limits::meter(self.state, self.caller.kind, *meter)?;
        let loud = message.is_some_and(|m| attachments(m).any(is_loud));
        limits::send(self.state, self.now, (chat.profile, chat.platform), loud)?;
        let action = self.call.param("sender_action").map(str::to_ascii_lowercase);
        match (message, action) {
            (Some(_), Some(_)) => Err(GraphError::of(100, Some(2_018_014))),
            (None, None) => Err(GraphError::of(100, Some(2_018_034))),
            (None, Some(action)) => self.act(&chat, &action),
            (Some(message), None) => self.send(&chat, message, arrived),
        }
    }

    /// The person, on whichever platform of the Page the id belongs to.
    fn recipient(&self) -> Result<Chat, GraphError> {
        let recipient = object(self.call, "recipient")?
            .ok_or_else(|| GraphError::parameter("The parameter recipient is required"))?;
        let id = match recipient.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => return Err(GraphError::parameter("Param recipient[id] must be a valid ID string (e.g., \"123\")")),
        };
        let page = self.state.graph.page(self.profile);
        let instagram = page.is_some_and(|p| p.instagram);
        let found = [Platform::Facebook, Platform::Instagram].into_iter().find_map(|platform| {
            let account = self.state.world.account(self.profile, platform)?;
            let conversation = account.with_person(&id)?;
            (platform == Platform::Facebook || instagram).then(|| Chat {
                profile: self.profile,
                platform,
                conversation: conversation.id.clone(),
                person: conversation.person.id.clone(),
            })
        });
        let chat = found.ok_or_else(|| GraphError::of(100, Some(2_018_001)))?;
        self.caller.must_have("pages_messaging")?;
        if chat.platform == Platform::Instagram {
            self.caller.must_have("instagram_manage_messages")?;
            if !page.is_some_and(|p| p.instagram_access) {
                return Err(GraphError::of(200, Some(2_534_041)));
            }
        }
        Ok(chat)
    }

    /// Typing, seen, reactions: answered with the recipient alone.
    fn act(&mut self, chat: &Chat, action: &str) -> Result<Value, GraphError> {
        let payload = object(self.call, "payload")?.unwrap_or_default();
        let target = payload.get("message_id").and_then(Value::as_str).unwrap_or_default();
        match action {
            "typing_on" | "typing_off" | "mark_seen" => {}
            "react" | "unreact" => {
                self.reachable(chat)?;
                if chat.platform == Platform::Instagram && !self.state.graph.send.instagram_reactions {
                    return Err(GraphError::of(2, None));
                }
                let emoji = payload.get("reaction").and_then(Value::as_str).filter(|e| !e.is_empty());
                let emoji = match (action, emoji) {
                    ("unreact", _) => None,
                    (_, Some(emoji)) => Some(if emoji == "love" { "❤️" } else { emoji }),
                    (_, None) => return Err(GraphError::parameter("Param payload[reaction] is required")),
                };
                let own = self.state.account(chat).map(|a| a.id.clone()).unwrap_or_default();
                let known = self.state.conversation(chat).is_ok_and(|c| shown(c, target));
                if !known || self.state.react(self.now, chat, target, Some(&own), emoji).is_err() {
                    return Err(GraphError::parameter(
                        "Param payload[message_id] is not a message of this conversation",
                    ));
                }
            }
            _ => {
                return Err(GraphError::parameter(
                    "Param sender_action must be one of {MARK_SEEN, REACT, TYPING_OFF, TYPING_ON, UNREACT}",
                ));
            }
        }
        let at_ms = self.now;
        self.state.graph.actions.push(super::acts::SenderAction {
            chat: chat.clone(),
            action: action.to_owned(),
            at_ms,
        });
        Ok(json!({ "recipient_id": chat.person }))
    }

    fn send(&mut self, chat: &Chat, message: &Map<String, Value>, arrived: &[Fetched]) -> Result<Value, GraphError> {
        let text = text(chat.platform, message)?;
        let metadata = message.get("metadata").and_then(Value::as_str);
        if metadata.is_some_and(|m| m.chars().count() >= METADATA_CHARS) {
            return Err(GraphError::parameter("Length of param message[metadata] must be less than 1000"));
        }
        let window = self.window_allowed(chat.platform)?;
        self.in_window(chat, window)?;
        self.reachable(chat)?;
        let reply_to = self.reply_to(chat)?;
        let (files, attachment_id) = if chat.platform == Platform::Instagram && text.is_some() {
            // Answered 200, and only the text is delivered (field evidence of 6.2).
            (Vec::new(), None)
        } else {
            self.files(chat, message, arrived)?
        };
        if text.is_some() && !files.is_empty() {
            return Err(GraphError::parameter(
                "Only one of the text, attachment, and dynamic_text fields can be specified.",
            ));
        }
        if text.is_none() && files.is_empty() {
            return Err(GraphError::of(100, Some(2_018_034)));
        }
        let new = Outbound {
            reply_to,
            metadata: metadata.map(str::to_owned),
            together: true,
            ..Outbound::new(text, files, Origin::Request(self.call.request))
        };
        let id = self.state.send(self.now, chat, new).map_err(|_| GraphError::of(100, Some(2_018_001)))?;
        let mut answer = json!({ "recipient_id": chat.person, "message_id": id });
        if let Some(attachment) = attachment_id {
            crate::webhooks::insert(&mut answer, "attachment_id", json!(attachment));
        }
        Ok(answer)
    }

    /// How long after the person's last message this request may come.
    fn window_allowed(&self, platform: Platform) -> Result<i64, GraphError> {
        let kind = self.call.param("messaging_type").map(str::to_ascii_uppercase);
        let tag = self.call.param("tag").filter(|t| !t.is_empty());
        match (kind.as_deref(), tag) {
            (Some("RESPONSE" | "UPDATE"), None) => Ok(WINDOW_MS),
            (None, None) if platform == Platform::Instagram => Ok(WINDOW_MS),
            (None, _) => Err(GraphError::parameter("The parameter messaging_type is required")),
            (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) if self.state.graph.send.human_agent => Ok(AGENT_WINDOW_MS),
            (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => Err(GraphError::of(10, None)),
            (Some("MESSAGE_TAG"), Some(tag)) if RETIRED_TAGS.contains(&tag) => {
                Err(GraphError::parameter(&format!("The tag {tag} is no longer supported.")))
            }
            (Some("MESSAGE_TAG"), Some(_)) => Err(GraphError::parameter("Invalid tag.")),
            (Some("MESSAGE_TAG"), None) => Err(GraphError::parameter("The parameter tag is required")),
            (Some("UTILITY"), _) => Err(GraphError::parameter("A utility message needs an approved template.")),
            (Some("RESPONSE" | "UPDATE"), Some(_)) => {
                Err(GraphError::parameter("The parameter tag needs messaging_type MESSAGE_TAG."))
            }
            (Some(_), _) => Err(GraphError::parameter(
                "Param messaging_type must be one of {MESSAGE_TAG, RESPONSE, UPDATE, UTILITY}",
            )),
        }
    }

    fn in_window(&self, chat: &Chat, window_ms: i64) -> Result<(), GraphError> {
        let last = self.state.conversation(chat).ok().and_then(Conversation::window_since);
        if last.is_some_and(|at| self.now - at < window_ms) {
            return Ok(());
        }
        Err(GraphError::of(10, Some(if chat.platform == Platform::Instagram { 2_534_022 } else { 2_018_278 })))
    }

    fn reachable(&self, chat: &Chat) -> Result<(), GraphError> {
        let flags = self.state.conversation(chat).map(|c| c.person.flags).unwrap_or_default();
        if flags.hidden_block {
            return Err(GraphError::of(2, None));
        }
        if flags.unreachable { Err(GraphError::of(551, Some(1_545_041))) } else { Ok(()) }
    }

    /// `reply_to` stands beside `message`, and quotes a message of this conversation from either side.
    fn reply_to(&self, chat: &Chat) -> Result<Option<String>, GraphError> {
        let Some(quoted) = object(self.call, "reply_to")? else { return Ok(None) };
        let mid = quoted.get("mid").and_then(Value::as_str).unwrap_or_default();
        if self.state.conversation(chat).is_ok_and(|c| shown(c, mid)) {
            return Ok(Some(mid.to_owned()));
        }
        Err(GraphError::parameter("Param reply_to[mid] is not a message of this conversation"))
    }

    /// The attachments of the message, and the id under which the first may be sent again.
    fn files(
        &mut self,
        chat: &Chat,
        message: &Map<String, Value>,
        arrived: &[Fetched],
    ) -> Result<(Vec<Attachment>, Option<String>), GraphError> {
        let many = message.get("attachments").and_then(Value::as_array).map_or(0, Vec::len);
        if many > 0 && chat.platform != Platform::Instagram {
            return Err(GraphError::parameter("Param message[attachments] is not supported"));
        }
        if many > 1 && !self.state.graph.send.many_images {
            return Err(GraphError::new(100, "(#100) This account cannot send several images").subcode(2_534_068));
        }
        if many > MOST_IMAGES {
            return Err(GraphError::parameter("Param message[attachments] must have at most 10 elements"));
        }
        if let Some(sticker) = message.get("sticker_id") {
            if chat.platform == Platform::Instagram {
                return Err(GraphError::parameter("Param message[sticker_id] is not supported"));
            }
            return Ok((vec![sticker_of(sticker)], None));
        }
        let mut out = Vec::new();
        let mut reusable = None;
        for (attachment, arrived) in attachments(message).zip(arrived) {
            let kind = attachment.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            if many > 1 && kind != kind::IMAGE {
                return Err(GraphError::parameter("Param message[attachments] takes images only"));
            }
            let payload = attachment.get("payload").and_then(Value::as_object).cloned().unwrap_or_default();
            if let Some(made) = without_file(chat.platform, &kind, &payload)? {
                out.push(made);
                continue;
            }
            let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
            let ready = match (text("attachment_id"), arrived) {
                (Some(id), _) => self.state.graph.uploads.find(self.now, chat.profile, chat.platform, &kind, id)?,
                (None, Some(arrived)) => {
                    let arrived = arrived.as_ref().map_err(GraphError::clone)?;
                    let ready = self.state.accept(chat.platform, &kind, arrived)?;
                    if payload.get("is_reusable").is_some_and(truth) && reusable.is_none() {
                        let (at, request) = (self.now, self.call.request);
                        let id = self.state.keep_upload(at, chat.profile, chat.platform, ready.clone(), request);
                        reusable = Some(id);
                    }
                    ready
                }
                (None, None) => return Err(GraphError::of(100, Some(2_018_034))),
            };
            out.push(attachment_of(ready));
        }
        Ok((out, reusable))
    }
}

fn attachment_of(ready: Ready) -> Attachment {
    let detail = Detail { name: ready.name, size: ready.size, ..Detail::default() };
    Attachment { kind: ready.kind, file: ready.file, detail }
}

fn sticker_of(id: &Value) -> Attachment {
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let detail = Detail { id: Some(id), ..Detail::default() };
    Attachment { kind: kind::STICKER.to_owned(), file: nowhere(), detail }
}

/// What carries no file of its own.
fn nowhere() -> FileRef {
    FileRef::Url("https://cdn.example.test/none".to_owned())
}

/// Attachments that carry no file: a heart, a post of one's own, a template.
fn without_file(
    platform: Platform,
    kind: &str,
    payload: &Map<String, Value>,
) -> Result<Option<Attachment>, GraphError> {
    let made = |kind: &str, detail| Attachment { kind: kind.to_owned(), file: nowhere(), detail };
    match (kind, platform) {
        ("like_heart", Platform::Instagram) => Ok(Some(made("like_heart", Detail::default()))),
        ("media_share", Platform::Instagram) => {
            let id = payload.get("id").and_then(Value::as_str).map(str::to_owned);
            let id = id.ok_or_else(|| GraphError::parameter("Param message[attachment][payload][id] is required"))?;
            Ok(Some(made("ig_post", Detail { id: Some(id), ..Detail::default() })))
        }
        (kind::TEMPLATE, _) => {
            let card = payload.get("elements").and_then(|e| e.get(0)).and_then(Value::as_object);
            let card = card.ok_or_else(|| GraphError::parameter("Only generic templates are known here"))?;
            let text = |name: &str| card.get(name).and_then(Value::as_str).map(str::to_owned);
            Ok(Some(made(
                kind::TEMPLATE,
                Detail { title: text("title"), subtitle: text("subtitle"), ..Detail::default() },
            )))
        }
        _ => Ok(None),
    }
}

/// The text within the platform's limit: characters on Messenger, bytes of UTF-8 on Instagram.
fn text(platform: Platform, message: &Map<String, Value>) -> Result<Option<String>, GraphError> {
    let Some(text) = message.get("text").and_then(Value::as_str).filter(|t| !t.is_empty()) else { return Ok(None) };
    let (length, limit) = match platform {
        Platform::Instagram => (text.len(), INSTAGRAM_BYTES),
        Platform::Facebook | Platform::Twitter => (text.chars().count(), MESSENGER_CHARS),
    };
    if length > limit {
        let why = format!("Length of param message[text] must be less than or equal to {limit}");
        return Err(GraphError::parameter(&why));
    }
    Ok(Some(text.to_owned()))
}

/// Whether this message is in the conversation, and still there.
fn shown(conversation: &Conversation, id: &str) -> bool {
    conversation.messages.iter().any(|m| m.id == id && !m.unsent)
}

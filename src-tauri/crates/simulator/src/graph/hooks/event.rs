//! One event as JSON, for each thing that can happen in a conversation (reference 7.6).
//!
//! An event names people, never a conversation. Who "sends" an event is who did it: the person, or the business in an echo.

use serde_json::{Map, Value, json};

use crate::graph::state::{Detail, kind};
use crate::platform::Platform;
use crate::state::{Act, Chat, State};
use crate::webhooks::{Event, insert};
use crate::world::{Account, Attachment, Conversation, Direction, Message, Origin};

use super::GraphAct;

/// How long a message takes to the person's phone.
const ARRIVES_AFTER_MS: i64 = 700;
/// The app under which Ayrshare's sends and the auto-response appear in echoes.
const OTHER_APP: u64 = 220_011_887_766_554;

/// The two sides of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Person,
    Business,
}

impl State {
    /// Tells what just happened in a conversation.
    pub(crate) fn graph_notify(&mut self, now: i64, chat: &Chat, event: &Event<'_>) {
        let instagram = match chat.platform {
            Platform::Facebook => false,
            Platform::Instagram => true,
            Platform::Twitter => return,
        };
        let told = match event {
            Event::Created { message } => self.created(chat, message),
            Event::Read { at } => self.read_event(chat, now, *at),
            Event::Reaction { message, by, emoji } => {
                let gone = emoji.is_none() && instagram && !self.graph.hooks.knobs.instagram_unreact;
                // A reaction of the business has no echo.
                if gone || *by != chat.person { None } else { Some(reaction(instagram, message, *emoji)) }
                    .map(|event| ("message_reactions", self.stamped(chat, By::Person, now, event)))
            }
            Event::Edited { message } => self.edited(chat, now, message),
            Event::Unsent { message } => self.unsent(chat, now, message),
        };
        if let Some((field, event)) = told {
            self.graph_tell(now, chat, field, &event);
        }
        if let (Event::Created { message }, true) = (event, self.people_answer && !instagram) {
            self.plan_arrival(now, chat, message);
        }
    }

    fn plan_arrival(&mut self, now: i64, chat: &Chat, message: &str) {
        let sent = self.conversation(chat).is_ok_and(|c| {
            !c.person.flags.unreachable && c.messages.iter().any(|m| m.id == message && m.direction == Direction::Sent)
        });
        if sent {
            let arrived = GraphAct::Arrived(chat.clone(), message.to_owned());
            self.queue.plan(now + ARRIVES_AFTER_MS, Act::Graph(arrived));
        }
    }

    /// A message of the business has reached the person (Messenger tells of it, Instagram does not).
    pub(crate) fn graph_arrived(&mut self, now: i64, chat: &Chat, message: &str) {
        let at = self.conversation(chat).ok().and_then(|c| c.messages.iter().find(|m| m.id == message)).map(|m| m.at);
        let (Some(at), Platform::Facebook) = (at, chat.platform) else { return };
        let mut delivery = json!({ "watermark": at });
        if self.graph.hooks.knobs.delivery_mids {
            insert(&mut delivery, "mids", json!([message]));
        }
        // Without a timestamp, as in the documented sample.
        let mut event = self.parties(chat, By::Person);
        insert(&mut event, "delivery", delivery);
        self.graph_tell(now, chat, "message_deliveries", &event);
    }

    /// Any event of the person's, dated now: postbacks, referrals, handovers, and what nobody has documented.
    pub(crate) fn graph_event(&mut self, now: i64, chat: &Chat, field: &'static str, event: Value) {
        let event = self.stamped(chat, By::Person, now, event);
        self.graph_tell(now, chat, field, &event);
    }

    fn created(&self, chat: &Chat, id: &str) -> Option<(&'static str, Value)> {
        let account = self.account(chat).ok()?;
        let conversation = self.conversation(chat).ok()?;
        let message = conversation.messages.iter().find(|m| m.id == id)?;
        let (by, field) = match (message.direction, chat.platform) {
            (Direction::Received, _) => (By::Person, "messages"),
            (Direction::Sent, Platform::Facebook) => (By::Business, "message_echoes"),
            (Direction::Sent, _) => (By::Business, "messages"),
        };
        let body = self.message_json(chat.platform, account, conversation, message);
        Some((field, self.stamped(chat, by, message.at, json!({ "message": body }))))
    }

    fn message_json(
        &self,
        platform: Platform,
        account: &Account,
        conversation: &Conversation,
        message: &Message,
    ) -> Value {
        let mut out = Map::from_iter([("mid".to_owned(), json!(message.id))]);
        let mut put = |key: &str, value: Value| drop(out.insert(key.to_owned(), value));
        let echo = message.direction == Direction::Sent;
        if echo {
            put("is_echo", json!(true));
            if platform == Platform::Facebook {
                put("app_id", json!(self.app_of(message)));
                if let Some(metadata) = &message.metadata {
                    put("metadata", json!(metadata));
                }
            } else if conversation.person.id == account.id {
                put("is_self", json!(true));
            }
        }
        if message.unsupported {
            put("is_unsupported", json!(true));
            return Value::Object(out);
        }
        if let Some(text) = &message.text {
            put("text", json!(text));
        }
        let mut attachments = Vec::new();
        for (place, attachment) in message.attachments.iter().enumerate() {
            let url = self.attachment_url(message, place, attachment, message.at);
            if attachment.kind == kind::STORY_REPLY {
                put("reply_to", json!({ "story": { "url": url, "id": attachment.detail.id } }));
            } else {
                attachments.push(self.attachment_event(platform, echo, attachment, &url, message.at));
            }
        }
        if !attachments.is_empty() {
            put("attachments", json!(attachments));
        }
        if let Some(quoted) = &message.reply_to {
            let own = conversation.messages.iter().any(|m| m.id == *quoted && m.direction == message.direction);
            put("reply_to", json!({ "mid": quoted, "is_self_reply": own }));
        }
        Value::Object(out)
    }

    /// Which app wrote a message of the business.
    fn app_of(&self, message: &Message) -> u64 {
        match message.origin {
            Origin::Request(number) => {
                let record = self.requests.iter().rev().find(|r| r.number == number);
                let ours = record.is_some_and(|r| r.path.starts_with("/graph"));
                if ours { self.graph.app.id.parse().unwrap_or(OTHER_APP) } else { OTHER_APP }
            }
            Origin::AutoReply => OTHER_APP,
            Origin::Seed | Origin::Person | Origin::Elsewhere => self.graph.hooks.knobs.inbox_app_id,
        }
    }

    fn attachment_event(&self, platform: Platform, echo: bool, attachment: &Attachment, url: &str, at: i64) -> Value {
        let detail = &attachment.detail;
        let instagram = platform == Platform::Instagram;
        let told = |kind: &str, payload: Value| json!({ "type": kind, "payload": payload });
        match attachment.kind.as_str() {
            kind::STICKER => {
                let kind = if self.graph.hooks.knobs.sticker_as_image { kind::IMAGE } else { kind::STICKER };
                told(kind, json!({ "url": url, "sticker_id": number(detail.id.as_deref()) }))
            }
            word @ ("like_heart" | kind::EPHEMERAL) => json!({ "type": word }),
            kind::SHARE if instagram => told("share", json!({ "url": detail.link.as_deref().unwrap_or(url) })),
            kind::SHARE | "fallback" => {
                let link = detail.link.as_deref().unwrap_or(url);
                if echo {
                    json!({ "type": "fallback", "title": detail.title, "url": link, "payload": null })
                } else {
                    told("fallback", json!({ "url": link, "title": detail.title }))
                }
            }
            "location" => told("location", json!({ "coordinates": { "lat": 54.3233, "long": 10.1228 } })),
            kind::TEMPLATE => told(kind::TEMPLATE, template(detail, url)),
            kind::PRODUCT => {
                let product = json!({
                    "id": detail.id.as_deref().unwrap_or("0"), "retailer_id": "rye-800", "image_url": url,
                    "title": detail.name, "subtitle": detail.price,
                });
                told(kind::TEMPLATE, json!({ "product": { "elements": [product] } }))
            }
            word if kind::POSTS.contains(&word) => told(word, post(instagram, word, detail, url)),
            "story" => told("story", json!({ "story_media_id": detail.id, "story_media_url": url })),
            "appointment_booking" => told(
                "appointment_booking",
                json!({
                    "booking_id": detail.id, "status": detail.title.as_deref().unwrap_or("requested"),
                    "start_time": at / 1_000 + 86_400, "end_time": at / 1_000 + 90_000, "timezone": "Europe/Berlin",
                }),
            ),
            word => told(word, json!({ "url": url })),
        }
    }

    fn read_event(&self, chat: &Chat, now: i64, at: i64) -> Option<(&'static str, Value)> {
        if chat.platform == Platform::Facebook {
            let event = json!({ "read": { "watermark": at } });
            return Some(("message_reads", self.stamped(chat, By::Person, now, event)));
        }
        let own = |m: &&Message| m.direction == Direction::Sent && m.at <= at && !m.unsent;
        let mid = self.conversation(chat).ok()?.messages.iter().rev().find(own)?.id.clone();
        Some(("messaging_seen", self.stamped(chat, By::Person, now, json!({ "read": { "mid": mid } }))))
    }

    fn edited(&mut self, chat: &Chat, now: i64, id: &str) -> Option<(&'static str, Value)> {
        let count = self.graph.hooks.edits.entry(id.to_owned()).or_default();
        *count += 1;
        let count = *count;
        let message = self.conversation(chat).ok()?.messages.iter().find(|m| m.id == id)?;
        let count = if self.graph.hooks.knobs.num_edit_text { json!(count.to_string()) } else { json!(count) };
        let edit = json!({ "message_edit": { "mid": id, "text": message.text, "num_edit": count } });
        let field = if chat.platform == Platform::Facebook { "message_edits" } else { "message_edit" };
        Some((field, self.stamped(chat, side(message), now, edit)))
    }

    fn unsent(&self, chat: &Chat, now: i64, id: &str) -> Option<(&'static str, Value)> {
        let message = self.conversation(chat).ok()?.messages.iter().find(|m| m.id == id)?;
        let mut body = json!({ "mid": id, "is_deleted": true });
        let mut field = "messages";
        if message.direction == Direction::Sent {
            insert(&mut body, "is_echo", json!(true));
            if chat.platform == Platform::Facebook {
                field = "message_echoes";
            }
        }
        Some((field, self.stamped(chat, side(message), now, json!({ "message": body }))))
    }

    fn parties(&self, chat: &Chat, by: By) -> Value {
        let business = self.account(chat).map(|a| a.id.clone()).unwrap_or_default();
        let (sender, recipient) = match by {
            By::Person => (chat.person.clone(), business),
            By::Business => (business, chat.person.clone()),
        };
        json!({ "sender": { "id": sender }, "recipient": { "id": recipient } })
    }

    fn stamped(&self, chat: &Chat, by: By, at: i64, event: Value) -> Value {
        let mut out = self.parties(chat, by);
        insert(&mut out, "timestamp", json!(at));
        if let (Some(fields), Value::Object(event)) = (out.as_object_mut(), event) {
            fields.extend(event);
        }
        out
    }
}

fn side(message: &Message) -> By {
    match message.direction {
        Direction::Received => By::Person,
        Direction::Sent => By::Business,
    }
}

/// Ids that are JSON numbers in webhooks.
fn number(id: Option<&str>) -> Value {
    id.map_or(Value::Null, |id| id.parse::<u64>().map_or_else(|_| json!(id), |n| json!(n)))
}

fn post(instagram: bool, word: &str, detail: &Detail, url: &str) -> Value {
    let mut payload = json!({ "url": url, "title": detail.title });
    match (word, instagram) {
        ("reel" | "ig_reel", _) => insert(&mut payload, "reel_video_id", number(detail.id.as_deref())),
        ("ig_post", true) => insert(&mut payload, "ig_post_media_id", json!(detail.id)),
        _ => insert(&mut payload, "id", json!(detail.id)),
    }
    payload
}

fn template(detail: &Detail, url: &str) -> Value {
    let mut card = json!({ "title": detail.title, "subtitle": detail.subtitle, "image_url": url });
    if let Some(link) = &detail.link {
        let title = detail.button.as_deref().unwrap_or("Open");
        insert(&mut card, "buttons", json!([{ "type": "web_url", "url": link, "title": title }]));
    }
    json!({ "template_type": "generic", "elements": [card] })
}

/// A reaction, or without `reaction` and `emoji` its end.
fn reaction(instagram: bool, message: &str, emoji: Option<&str>) -> Value {
    let mut out = json!({ "mid": message, "action": if emoji.is_some() { "react" } else { "unreact" } });
    if let Some(emoji) = emoji {
        insert(&mut out, "reaction", json!(word(instagram, emoji)));
        insert(&mut out, "emoji", json!(emoji));
    }
    json!({ "reaction": out })
}

/// The word for an emoji: the platforms have different ones.
fn word(instagram: bool, emoji: &str) -> &'static str {
    let bare = emoji.trim_end_matches('\u{fe0f}');
    match (bare, instagram) {
        ("❤" | "😍", _) => "love",
        ("😮", _) => "wow",
        ("😢", _) => "sad",
        ("😠" | "😡", _) => "angry",
        ("👍", _) => "like",
        ("😆" | "😂", true) => "laugh",
        ("😆" | "😂", false) => "smile",
        ("👎", false) => "dislike",
        _ => "other",
    }
}

//! Message nodes and the `messages` edge (reference 3, 4): newest first, every id, details of the newest 20 on Instagram.

use serde_json::{Map, Value, json};

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::fields::{self, Field, Shape, check, pick};
use crate::graph::paging::{self, Address, Window};
use crate::graph::state::{OlderRows, ReactionsForm};
use crate::graph::wire;
use crate::platform::Platform;
use crate::state::{Chat, State};
use crate::world::{Account, Conversation, Direction, Message, ProfileId};

const MESSAGE: Shape = Shape {
    node: "Message",
    known: &[
        "id",
        "created_time",
        "from",
        "to",
        "message",
        "attachments",
        "shares",
        "story",
        "reactions",
        "is_unsupported",
        "sticker",
        "reply_to",
        "tags",
    ],
};
pub(crate) const PERSON: Shape = Shape { node: "User", known: &["id", "name", "email", "username", "user_id"] };
const ATTACHMENT: Shape = Shape {
    node: "MessageAttachment",
    known: &[
        "id",
        "name",
        "mime_type",
        "size",
        "file_url",
        "image_data",
        "video_data",
        "generic_template",
        "appointment_booking",
        "type",
        "sticker_id",
        "url",
    ],
};
const SHARE: Shape = Shape {
    node: "MessageShare",
    known: &["id", "name", "description", "link", "picture", "type", "url", "title", "template"],
};
const ANY: Shape = Shape { node: "Message", known: &[] };

/// A conversation with the two who are in it.
#[derive(Clone, Copy)]
pub(crate) struct Thread<'a> {
    pub platform: Platform,
    pub account: &'a Account,
    pub conversation: &'a Conversation,
}

impl<'a> Thread<'a> {
    pub(crate) fn of(state: &'a State, profile: ProfileId, chat: &Chat) -> Option<Self> {
        let account = state.world.account(profile, chat.platform)?;
        let conversation = account.conversation(&chat.conversation)?;
        Some(Self { platform: chat.platform, account, conversation })
    }

    /// Messages as a listing has them, newest first.
    pub(crate) fn rows(&self, state: &State, now: i64) -> Vec<&'a Message> {
        let unsent = state.graph.knobs.unsent_rows;
        let shown = |m: &&Message| (unsent || !m.unsent) && m.visible_from <= now;
        self.conversation.messages.iter().rev().filter(shown).collect()
    }

    /// The time and order of the last message: `updated_time`, and the place in the list of conversations.
    pub(crate) fn last(&self, now: i64) -> Option<(i64, u64)> {
        self.conversation.messages.iter().rev().find(|m| m.visible_from <= now).map(|m| (m.at, m.seq))
    }

    /// The business, as an entry of `participants`, `from` and `to`.
    pub(crate) fn business(&self, state: &State) -> Value {
        let id = &self.account.id;
        if self.platform == Platform::Instagram {
            return json!({ "id": id, "username": self.account.username });
        }
        let name = state.graph.knobs.agent_name.as_deref().unwrap_or(&self.account.name);
        json!({ "id": id, "name": name, "email": format!("{id}@facebook.com") })
    }

    /// The person; without a name where they have none.
    pub(crate) fn person(&self) -> Value {
        let person = &self.conversation.person;
        let mut out = Map::from_iter([("id".to_owned(), json!(person.id))]);
        if self.platform == Platform::Instagram {
            out.extend(person.username.as_ref().map(|u| ("username".to_owned(), json!(u))));
        } else {
            out.extend(person.name.as_ref().map(|n| ("name".to_owned(), json!(n))));
            out.insert("email".to_owned(), json!(format!("{}@facebook.com", person.id)));
        }
        Value::Object(out)
    }
}

/// The view of one caller at one instant.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub state: &'a State,
    pub now: i64,
    pub call: &'a Call,
    pub caller: &'a Caller,
}

impl View<'_> {
    /// How many of the newest messages have details.
    fn detailed(&self, platform: Platform) -> usize {
        let knobs = &self.state.graph.knobs;
        match platform {
            Platform::Instagram => knobs.instagram_details,
            Platform::Facebook | Platform::Twitter => knobs.messenger_details.unwrap_or(usize::MAX),
        }
    }

    /// `GET /{message-id}`: one that was unsent, or is too old, "has been deleted".
    pub(crate) fn message_node(&self, thread: Thread<'_>, id: &str, wanted: &[Field]) -> Result<Value, GraphError> {
        check(wanted, &MESSAGE, &self.state.graph.knobs, &self.call.version)?;
        let rows = thread.rows(self.state, self.now);
        let place = rows.iter().position(|m| m.id == id).filter(|place| *place < self.detailed(thread.platform));
        let message = place.and_then(|place| rows.get(place)).filter(|m| !m.unsent);
        let message = message.ok_or_else(|| self.deleted())?;
        self.message(thread, message, wanted)
    }

    fn deleted(&self) -> GraphError {
        GraphError::of(9_000_001, None).http(self.state.graph.knobs.deleted_status)
    }

    /// One page of a conversation's messages.
    pub(crate) fn messages(&self, thread: Thread<'_>, wanted: &[Field], window: &Window) -> Result<Value, GraphError> {
        check(wanted, &MESSAGE, &self.state.graph.knobs, &self.call.version)?;
        let cut = window.cut(thread.rows(self.state, self.now), |m| (m.at, m.seq));
        let wants_details = wanted.iter().any(|f| f.name != "id" && f.name != "created_time");
        let detailed = self.detailed(thread.platform);
        let mut data = Vec::new();
        for (place, message) in (cut.start..).zip(&cut.rows) {
            data.push(if place < detailed && !message.unsent {
                self.message(thread, message, wanted)?
            } else if place >= detailed && wants_details && self.state.graph.knobs.older_rows == OlderRows::Refuse {
                return Err(self.deleted());
            } else {
                bare(message)
            });
        }
        let ends = cut.rows.first().zip(cut.rows.last()).map(|(a, b)| ((a.at, a.seq), (b.at, b.seq)));
        let mut params = Vec::new();
        if !wanted.is_empty() {
            params.push(("fields", fields::list(wanted)));
        }
        let address =
            Address { path: format!("{}/messages", segment(&thread.conversation.id)), params, limit: window.limit };
        let context = (self.state, self.call, self.caller);
        Ok(paging::page(context, &address, data, ends, (cut.older, cut.newer)))
    }

    fn message(&self, thread: Thread<'_>, message: &Message, wanted: &[Field]) -> Result<Value, GraphError> {
        if wanted.is_empty() {
            return Ok(bare(message));
        }
        let mut out = Map::from_iter([("id".to_owned(), json!(message.id))]);
        for field in wanted {
            if let Some(value) = self.field(thread, message, field)? {
                out.insert(field.name.clone(), value);
            }
        }
        Ok(Value::Object(out))
    }

    /// A field's value; `None` where there is none, and the key is left out.
    fn field(&self, thread: Thread<'_>, message: &Message, field: &Field) -> Result<Option<Value>, GraphError> {
        let hidden = message.unsupported || message.attachments.iter().any(|a| a.kind == super::state::kind::EPHEMERAL);
        let (from, to) = match message.direction {
            Direction::Received => (thread.person(), thread.business(self.state)),
            Direction::Sent => (thread.business(self.state), thread.person()),
        };
        let listed = |items: Vec<Value>| (!items.is_empty()).then(|| json!({ "data": items }));
        let (value, shape) = match field.name.as_str() {
            "id" => (Some(json!(message.id)), ANY),
            "created_time" => (Some(json!(wire::time(message.at))), ANY),
            "from" => (Some(from), PERSON),
            "to" => (Some(json!({ "data": [to] })), PERSON),
            "message" => (Some(json!(message.text.as_deref().filter(|_| !hidden).unwrap_or_default())), ANY),
            "is_unsupported" => (hidden.then_some(json!(true)), ANY),
            "reply_to" => (self.reply_to(thread, message), ANY),
            "tags" if thread.platform == Platform::Facebook => (Some(tags(message)), ANY),
            _ if hidden => (None, ANY),
            "attachments" => (listed(self.state.attachments_json(message, self.now)), ATTACHMENT),
            // Data only when its sub-fields are named (reference 2.4).
            "shares" if field.sub.is_empty() => (None, SHARE),
            "shares" => (listed(self.state.shares_json(message, self.now)), SHARE),
            "story" if thread.platform == Platform::Instagram => (self.state.story_json(message, self.now), ANY),
            "sticker" => (self.state.sticker_json(message, self.now), ANY),
            "reactions" => (self.reactions(thread, message), ANY),
            _ => (None, ANY),
        };
        // Names are checked even where nothing is there to pick from.
        if value.is_none() {
            let inner = match field.sub.as_slice() {
                [only] if only.name == "data" => only.sub.as_slice(),
                sub => sub,
            };
            if !inner.is_empty() && !shape.known.is_empty() {
                pick(json!({}), inner, &shape)?;
            }
        }
        value.map(|v| pick(v, &field.sub, &shape)).transpose()
    }

    fn reply_to(&self, thread: Thread<'_>, message: &Message) -> Option<Value> {
        let parent = message.reply_to.as_ref()?;
        let own = thread.conversation.messages.iter().find(|m| m.id == *parent);
        let own = own.is_some_and(|p| p.direction == message.direction);
        Some(json!({ "mid": parent, "is_self_reply": own }))
    }

    fn reactions(&self, thread: Thread<'_>, message: &Message) -> Option<Value> {
        let mut by_emoji: Vec<(&str, Vec<Value>)> = Vec::new();
        for (who, emoji) in &message.reactions {
            let mut user = if *who == thread.account.id { thread.business(self.state) } else { thread.person() };
            if let Some(fields) = user.as_object_mut() {
                fields.remove("email");
                fields.insert("id".to_owned(), json!(who));
            }
            match by_emoji.iter_mut().find(|(e, _)| e == emoji) {
                Some((_, users)) => users.push(user),
                None => by_emoji.push((emoji, vec![user])),
            }
        }
        let all: Vec<Value> =
            by_emoji.into_iter().map(|(emoji, users)| json!({ "reaction": emoji, "users": users })).collect();
        let first = all.first()?.clone();
        Some(match self.state.graph.knobs.reactions_form {
            ReactionsForm::Data => json!({ "data": all }),
            ReactionsForm::Array => json!(all),
            ReactionsForm::Bare => first,
        })
    }

    /// `/{message-id}/attachments` and `/shares`: on Instagram they say nothing even where the field does (reference 4.1).
    pub(crate) fn message_edge(
        &self,
        thread: Thread<'_>,
        id: &str,
        edge: &str,
        wanted: &[Field],
    ) -> Result<Value, GraphError> {
        let field = Field { name: edge.to_owned(), sub: wanted.to_vec(), ..Field::default() };
        let node = self.message_node(thread, id, &[field])?;
        let found = node.get(edge).filter(|_| thread.platform == Platform::Facebook).cloned();
        Ok(found.unwrap_or_else(|| json!({ "data": [] })))
    }
}

/// An id as a path segment: ids of Instagram have `/` and `=` in them.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%5F", "_")
}

fn bare(message: &Message) -> Value {
    json!({ "id": message.id, "created_time": wire::time(message.at) })
}

fn tags(message: &Message) -> Value {
    let names: &[&str] = match message.direction {
        Direction::Sent => &["inbox", "read", "sent", "source:web"],
        Direction::Received => &["inbox", "source:chat"],
    };
    json!({ "data": names.iter().map(|n| json!({ "name": n })).collect::<Vec<_>>() })
}

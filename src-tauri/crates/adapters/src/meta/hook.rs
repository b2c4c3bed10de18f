//! Graph's webhooks (`reference/meta-graph.md` 7): the signature, the handshake, and what a body tells.
//!
//! Promises: the signature is checked over the bytes as they came, because Meta escapes before it signs; every event kind
//! of 7.6 is read, `messaging`, `standby` and `changes` alike; times in seconds or milliseconds, ids as strings or numbers.
//! A message is what a read of it gives, as far as a webhook tells it: times are milliseconds here, names and sizes of
//! files are not told, and nothing is said of reactions.
//!
//! Refuses: conversation ids (webhooks have none: the person is the key), and messages without an id.

use backscroll_model::{Direction, Event, MessageSeen, ParticipantSeen, Platform, RemoteId, Skipped, Timestamp};
use serde_json::value::RawValue;
use url::form_urlencoded;

use super::hook_message::{self, Content};
use super::wire::Object;
use crate::Secret;
use crate::hook::{self, HookDelivery, HookError, HookItem, HookKind};
use crate::loose;

/// Longest challenge that is repeated; Meta's are a dozen digits.
const CHALLENGE_BYTES: usize = 256;

/// Whether `header` (`X-Hub-Signature-256`) signs `body` with the app's secret. In constant time.
pub fn verify_signature(app_secret: &Secret, body: &[u8], header: &str) -> bool {
    let header = header.trim();
    header.starts_with("sha256=")
        && hook::hex_digest(header).is_some_and(|digest| hook::signed(app_secret, body, &digest))
}

/// The body that answers the handshake `query` (7.1) with 200; `None`: answer 403.
pub fn handshake(query: &str, verify_token: &Secret) -> Option<String> {
    let (mut mode, mut challenge, mut token) = (None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "hub.mode" => mode = Some(value),
            "hub.challenge" => challenge = Some(value),
            "hub.verify_token" => token = Some(value),
            _ => {}
        }
    }
    let right = mode.as_deref() == Some("subscribe") && hook::same_word(verify_token, &token?);
    challenge.filter(|text| right && text.len() <= CHALLENGE_BYTES).map(|text| text.into_owned())
}

/// Reads a body (7.5). Its signature has been verified before.
///
/// # Errors
///
/// [`HookError`] if it is not Meta's envelope. Objects other than `page` and `instagram` are skipped and named.
pub fn decode(body: &[u8]) -> Result<HookDelivery, HookError> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| HookError::NotJson)?;
    let envelope = Object::read(Some(raw)).ok_or(HookError::Shape)?;
    let object = envelope.text("object").ok_or(HookError::Shape)?;
    let mut delivery = HookDelivery::default();
    let platform = match object.as_str() {
        "page" => Platform::Messenger,
        "instagram" => Platform::Instagram,
        _ => {
            delivery.skipped.push(skipped("object", "neither a Page nor an Instagram account"));
            return Ok(delivery);
        }
    };
    for raw in envelope.list("entry") {
        let Some(entry) = Object::read(Some(raw)) else {
            delivery.skipped.push(skipped("entry", "not an object"));
            continue;
        };
        let at = entry.time("time");
        delivery.sent_at = delivery.sent_at.max(at);
        let of = Entry { platform, account: entry.id("id"), at };
        for (list, standby) in [("messaging", false), ("standby", true)] {
            entry.list(list).into_iter().for_each(|raw| of.item(raw, raw, standby, &mut delivery));
        }
        for raw in entry.list("changes") {
            // `{field, value}`: the dashboard's test, whose value is an event (7.5); posts and comments are none.
            let change = Object::of(Some(raw));
            match change.get("value") {
                Some(value) if Object::of(Some(value)).get("sender").is_some() => {
                    of.item(value, raw, false, &mut delivery);
                }
                _ => delivery.items.push(of.bare(HookKind::Other, raw)),
            }
        }
    }
    Ok(delivery)
}

/// What the items of an entry have in common.
struct Entry {
    platform: Platform,
    account: Option<RemoteId>,
    at: Option<Timestamp>,
}

impl Entry {
    fn item(&self, raw: &RawValue, whole: &RawValue, standby: bool, delivery: &mut HookDelivery) {
        match self.read(raw, whole) {
            Ok(item) => delivery.items.push(HookItem { standby, ..item }),
            Err((what, why)) => {
                delivery.skipped.push(skipped(what, why));
                // Something happened all the same: what it was, a read will show.
                let item = self.bare(HookKind::Other, whole);
                let person = Object::read(Some(raw)).and_then(|item| self.sides(&item, false).0);
                delivery.items.push(HookItem { standby, person, ..item });
            }
        }
    }

    fn read(&self, raw: &RawValue, whole: &RawValue) -> Result<HookItem, (&'static str, &'static str)> {
        let item = Object::read(Some(raw)).ok_or(("event", "not an object"))?;
        let has = |name: &str| item.get(name).is_some();
        let (kind, events) = if has("message") {
            return self.message(&item, whole);
        } else if has("message_edit") {
            (HookKind::Edited, vec![edited(&item.object("message_edit"))?])
        } else if has("reaction") {
            (HookKind::Reaction, vec![self.reacted(&item)?])
        } else if has("read") {
            (HookKind::Read, read_up_to(&item.object("read")).into_iter().collect())
        } else if has("delivery") {
            (HookKind::Delivered, Vec::new())
        } else if has("postback") {
            return self.postback(&item, whole);
        } else if has("referral") {
            (HookKind::Referral, Vec::new())
        } else if has("optin") {
            (HookKind::OptIn, Vec::new())
        } else if has("policy_enforcement") {
            (HookKind::Policy, Vec::new())
        } else if ["pass_thread_control", "take_thread_control", "request_thread_control", "app_roles"]
            .into_iter()
            .any(has)
        {
            (HookKind::Handover, Vec::new())
        } else {
            (HookKind::Other, Vec::new())
        };
        let (person, _) = self.sides(&item, false);
        Ok(HookItem { person, events, at: self.time(&item), ..self.bare(kind, whole) })
    }

    /// The person, and whose act it is.
    fn sides(&self, item: &Object<'_>, is_echo: bool) -> (Option<RemoteId>, Direction) {
        let sender = item.object("sender").id("id");
        let recipient = item.object("recipient").id("id");
        if is_echo || sender.is_some() && sender == self.account {
            (recipient, Direction::Out)
        } else {
            (sender, Direction::In)
        }
    }

    /// The moment of the event. Deliveries carry none of their own, some tests none at all.
    fn time(&self, item: &Object<'_>) -> Option<Timestamp> {
        item.time("timestamp").or_else(|| item.object("delivery").time("watermark")).or(self.at)
    }

    fn message(&self, item: &Object<'_>, whole: &RawValue) -> Result<HookItem, (&'static str, &'static str)> {
        let message = item.object("message");
        let remote_id = message.id("mid").ok_or(("message", "no id"))?;
        let (person, direction) = self.sides(item, message.is("is_echo"));
        if message.is("is_self") || person.is_some() && person == self.account {
            return Err(("message", "a test that the account sent to itself"));
        }
        let at = self.time(item);
        if message.is("is_deleted") {
            let events = vec![Event::Unsent { message: remote_id }];
            return Ok(HookItem { person, events, at, ..self.bare(HookKind::Unsent, whole) });
        }
        let content = hook_message::content(&message);
        let kind = if direction == Direction::Out { HookKind::Echo } else { HookKind::Message };
        let seen = MessageSeen {
            reply_to: message.object("reply_to").id("mid"),
            client_ref: message.text("metadata").filter(|_| direction == Direction::Out),
            ..self.seen(remote_id, direction, at, content, whole)?
        };
        let events = with_person(person.as_ref(), seen);
        Ok(HookItem { person, events, at, ..self.bare(kind, whole) })
    }

    /// A pressed button is a message with the button's words (7.6). Some have no id; those only give a reason to read.
    fn postback(&self, item: &Object<'_>, whole: &RawValue) -> Result<HookItem, (&'static str, &'static str)> {
        let postback = item.object("postback");
        let (person, direction) = self.sides(item, false);
        let at = self.time(item);
        let events = match postback.id("mid") {
            Some(remote_id) => {
                let content = Content::of_text(postback.text("title"));
                with_person(person.as_ref(), self.seen(remote_id, direction, at, content, whole)?)
            }
            None => Vec::new(),
        };
        Ok(HookItem { person, events, at, ..self.bare(HookKind::Postback, whole) })
    }

    fn seen(
        &self,
        remote_id: RemoteId,
        direction: Direction,
        at: Option<Timestamp>,
        content: Content,
        whole: &RawValue,
    ) -> Result<MessageSeen, (&'static str, &'static str)> {
        Ok(MessageSeen {
            remote_id,
            direction,
            at: at.ok_or(("message", "no readable time"))?,
            tie: 0,
            kind: content.kind,
            text: content.text,
            attachments: content.attachments,
            reactions: None,
            reply_to: None,
            client_ref: None,
            raw: whole.get().to_owned(),
        })
    }

    fn reacted(&self, item: &Object<'_>) -> Result<Event, (&'static str, &'static str)> {
        let reaction = item.object("reaction");
        let emoji = match reaction.text("action").as_deref() {
            Some("react") => Some(hook_message::emoji(&reaction).ok_or(("reaction", "no emoji"))?),
            Some("unreact") => None,
            _ => return Err(("reaction", "neither given nor taken back")),
        };
        Ok(Event::Reacted {
            message: reaction.id("mid").ok_or(("reaction", "no id"))?,
            by: item.object("sender").id("id").ok_or(("reaction", "nobody's"))?,
            emoji,
            at: self.time(item).ok_or(("reaction", "no readable time"))?,
        })
    }

    fn bare(&self, kind: HookKind, whole: &RawValue) -> HookItem {
        HookItem {
            platform: self.platform,
            account: self.account.clone(),
            reference: None,
            conversation: None,
            person: None,
            kind,
            events: Vec::new(),
            at: self.at,
            standby: false,
            raw: whole.get().to_owned(),
        }
    }
}

fn edited(edit: &Object<'_>) -> Result<Event, (&'static str, &'static str)> {
    let edition = loose::integer(edit.get("num_edit")).and_then(|n| u32::try_from(n).ok());
    Ok(Event::Edited {
        message: edit.id("mid").ok_or(("edit", "no id"))?,
        text: edit.text("text").ok_or(("edit", "no text"))?,
        // Uncounted it is at least the first.
        edition: edition.unwrap_or(1),
    })
}

/// Messenger tells an instant, Instagram the last message (7.6).
fn read_up_to(read: &Object<'_>) -> Option<Event> {
    let watermark = read.time("watermark").filter(|at| at.0 > 0).map(Event::ReadUpTo);
    watermark.or_else(|| read.id("mid").map(|message| Event::ReadMessage { message }))
}

fn with_person(person: Option<&RemoteId>, seen: MessageSeen) -> Vec<Event> {
    let participant =
        person.map(|id| ParticipantSeen { remote_id: id.clone(), name: None, username: None, avatar_url: None });
    participant.map(Event::Participant).into_iter().chain([Event::Message(Box::new(seen))]).collect()
}

fn skipped(what: &str, why: &str) -> Skipped {
    Skipped { what: what.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
#[path = "hook_tests.rs"]
mod tests;

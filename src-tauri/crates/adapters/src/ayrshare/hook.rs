//! Ayrshare's webhooks (`reference/ayrshare.md` 6): the signature, the replay window, and what a body tells.
//!
//! Promises: any of the known secrets and either of the two signature headers will do, because during a rotation it is not
//! told which belongs to which (6.4); a message is what a read of it gives, as far as the webhook tells it.
//!
//! Refuses: guessing where the documentation is silent. What is not understood becomes an item without facts, which is a
//! reason to read; so does everything of X, whose events do not tell which side is the business (6.7). The early draft
//! (`action: "message"`) is an item of nothing.

use backscroll_model::{Direction, Event, MINUTE, MessageKind, MessageSeen, Platform, RemoteId, Skipped, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::normalize;
use super::wire;
use crate::Secret;
use crate::hook::{self, HookDelivery, HookError, HookItem, HookKind};
use crate::loose::{self, Raw};

/// A time stamp may be off by this much either way (6.4, our choice).
pub const REPLAY_WINDOW_MS: i64 = 5 * MINUTE;

/// The headers that sign a delivery, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct HookHeaders<'a> {
    /// `X-Authorization-Timestamp`, Unix seconds.
    pub timestamp: Option<&'a str>,
    /// `X-Authorization-Content-SHA256`.
    pub signature: Option<&'a str>,
    /// `X-Authorization-Content-SHA256-V2`, during a rotation.
    pub second_signature: Option<&'a str>,
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookRefusal {
    /// No signature, or no time stamp.
    #[error("not signed")]
    Unsigned,
    /// No secret that we know made this signature.
    #[error("wrong signature")]
    WrongSignature,
    /// The time stamp is more than [`REPLAY_WINDOW_MS`] off.
    #[error("the time stamp is too far off")]
    OutOfTime,
}

/// Whether the delivery was signed with one of `secrets`, and lately. `now`: by our clock.
///
/// # Errors
///
/// [`HookRefusal`], the signature first: the time stamp itself is not signed.
pub fn verify(secrets: &[Secret], body: &[u8], headers: HookHeaders<'_>, now: Timestamp) -> Result<(), HookRefusal> {
    let signatures: Vec<&str> = [headers.signature, headers.second_signature].into_iter().flatten().collect();
    let (false, Some(timestamp)) = (signatures.is_empty(), headers.timestamp) else {
        return Err(HookRefusal::Unsigned);
    };
    let digests: Vec<Vec<u8>> = signatures.into_iter().flat_map(digests).collect();
    // Every pair is looked at, so that the time tells nothing of which one fits.
    let fitting =
        secrets.iter().flat_map(|s| digests.iter().map(move |d| hook::signed(s, body, d))).filter(|fits| *fits);
    if fitting.count() == 0 {
        return Err(HookRefusal::WrongSignature);
    }
    let seconds: i64 = timestamp.trim().parse().map_err(|_| HookRefusal::OutOfTime)?;
    let at = Timestamp(seconds.saturating_mul(1000));
    if now.since(at).unsigned_abs() > REPLAY_WINDOW_MS.unsigned_abs() {
        return Err(HookRefusal::OutOfTime);
    }
    Ok(())
}

/// Hex, or standard base64: the encoding is not documented (6.4). A text can be read as both.
fn digests(header: &str) -> Vec<Vec<u8>> {
    let header = header.trim();
    let bare = header.strip_prefix("sha256=").unwrap_or(header);
    hook::hex_digest(header).into_iter().chain(STANDARD.decode(bare)).filter(|digest| digest.len() == 32).collect()
}

/// The envelope and the fields of all events (6.6), flat. `action` is that of the envelope, not of a message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, default)]
    action: Raw<'a>,
    #[serde(borrow, default)]
    sub_action: Raw<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow, default)]
    platform: Raw<'a>,
    #[serde(borrow, default)]
    conversation_id: Raw<'a>,
    #[serde(borrow, default)]
    sender_id: Raw<'a>,
    #[serde(borrow, default)]
    recipient_id: Raw<'a>,
    #[serde(borrow, default)]
    created: Raw<'a>,
    #[serde(borrow, default)]
    time_stamp: Raw<'a>,
    #[serde(borrow, default)]
    hook_id: Raw<'a>,
    #[serde(borrow, default)]
    ref_id: Raw<'a>,
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    message: Raw<'a>,
    #[serde(borrow, default)]
    attachments: Raw<'a>,
    #[serde(borrow, default)]
    sender_details: Raw<'a>,
    #[serde(borrow, default)]
    reader_details: Raw<'a>,
    #[serde(borrow, default)]
    read: Raw<'a>,
    #[serde(borrow, default)]
    reaction: Raw<'a>,
    #[serde(borrow, default)]
    emoji: Raw<'a>,
    #[serde(borrow, default)]
    direct_message_events: Raw<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DirectMessage<'a> {
    #[serde(borrow, default)]
    created_at: Raw<'a>,
    #[serde(borrow, default)]
    message_create: Raw<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageCreate<'a> {
    #[serde(borrow, default)]
    sender_id: Raw<'a>,
    #[serde(borrow, default)]
    target: Raw<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target<'a> {
    #[serde(borrow, default)]
    recipient_id: Raw<'a>,
}

/// Reads a body. Its signature has been verified before.
///
/// # Errors
///
/// [`HookError`] if it is not a JSON object.
pub fn decode(body: &[u8]) -> Result<HookDelivery, HookError> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|_| HookError::NotJson)?;
    let body: Body<'_> = Some(raw.get())
        .filter(|json| json.starts_with('{'))
        .and_then(|json| serde_json::from_str(json).ok())
        .ok_or(HookError::Shape)?;
    let mut delivery =
        HookDelivery { sent_at: wire::time(body.time_stamp), id: loose::text(body.hook_id), ..HookDelivery::default() };
    let platform = match loose::text(body.platform).map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("facebook" | "messenger") => Platform::Messenger,
        Some("instagram") => Platform::Instagram,
        Some("twitter" | "x") => Platform::X,
        _ => {
            delivery.skipped.push(skipped("event", "of no platform that we know"));
            return Ok(delivery);
        }
    };
    let of = Envelope { platform, raw, body: &body };
    let item = match loose::text(body.action).as_deref() {
        Some("messages") => of.message_event(),
        Some("accountActivity") => Ok(of.account_activity()),
        Some("social") => Ok(of.bare(HookKind::Linked)),
        _ => Ok(of.bare(HookKind::Other)),
    };
    delivery.items.push(item.unwrap_or_else(|(what, why)| {
        delivery.skipped.push(skipped(what, why));
        of.bare(HookKind::Other)
    }));
    Ok(delivery)
}

struct Envelope<'a> {
    platform: Platform,
    raw: &'a RawValue,
    body: &'a Body<'a>,
}

type Odd = (&'static str, &'static str);

impl Envelope<'_> {
    fn message_event(&self) -> Result<HookItem, Odd> {
        let body = self.body;
        let (sender, recipient) = (loose::id(body.sender_id), loose::id(body.recipient_id));
        let from_person = |item: HookItem| HookItem { person: sender.clone(), account: recipient.clone(), ..item };
        let message = || loose::id(body.id).ok_or(("message", "no id"));
        Ok(match loose::text(body.sub_action).as_deref() {
            Some("messageCreated") => return self.created(sender, recipient),
            Some("messageRead") => {
                let read = wire::time(body.read).filter(|at| at.0 > 0);
                let reader = normalize::person(&wire::Person::of(body.reader_details), sender.clone());
                let events = reader.map(Event::Participant).into_iter().chain(read.map(Event::ReadUpTo)).collect();
                from_person(HookItem { events, ..self.bare(HookKind::Read) })
            }
            // Neither side is told apart in these, and their fields are expected, not documented.
            Some(word @ ("reactionCreated" | "reactionDeleted")) => {
                let given = [body.reaction, body.emoji].into_iter().find_map(loose::text);
                let emoji = if word == "reactionDeleted" { None } else { Some(given.ok_or(("reaction", "no emoji"))?) };
                let by = sender.clone().ok_or(("reaction", "nobody's"))?;
                let at = self.time().ok_or(("reaction", "no readable time"))?;
                HookItem {
                    events: vec![Event::Reacted { message: message()?, by, emoji, at }],
                    ..self.bare(HookKind::Reaction)
                }
            }
            Some("messageEdited") => {
                let text = loose::text(body.message).ok_or(("edit", "no text"))?;
                // Nobody counts the edits; a later one has a later second.
                let second = self.time().map_or(0, |at| at.0.div_euclid(1000));
                let edition = u32::try_from(second).unwrap_or(1).max(1);
                HookItem {
                    events: vec![Event::Edited { message: message()?, text, edition }],
                    ..self.bare(HookKind::Edited)
                }
            }
            Some("messageDeleted") => {
                HookItem { events: vec![Event::Unsent { message: message()? }], ..self.bare(HookKind::Unsent) }
            }
            _ => self.bare(HookKind::Other),
        })
    }

    fn created(&self, sender: Option<RemoteId>, recipient: Option<RemoteId>) -> Result<HookItem, Odd> {
        let body = self.body;
        let (direction, kind, person, account) = match loose::text(body.kind).as_deref() {
            Some("received") => (Direction::In, HookKind::Message, sender, recipient),
            Some("sent") => (Direction::Out, HookKind::Echo, recipient, sender),
            _ => return Err(("message", "neither received nor sent")),
        };
        let details = normalize::person(&wire::Person::of(body.sender_details), person.clone());
        let participant = details.filter(|_| direction == Direction::In);
        let attachments = normalize::attachments(body.attachments);
        let text = loose::text(body.message);
        let message = MessageSeen {
            remote_id: loose::id(body.id).ok_or(("message", "no id"))?,
            direction,
            at: self.time().ok_or(("message", "no readable time"))?,
            tie: 0,
            kind: match (attachments.first(), &text) {
                (Some(attachment), _) => attachment.kind,
                (None, Some(_)) => MessageKind::Text,
                (None, None) => MessageKind::Unknown,
            },
            text,
            attachments,
            reactions: None,
            reply_to: None,
            client_ref: None,
            raw: self.raw.get().to_owned(),
        };
        let events =
            participant.map(Event::Participant).into_iter().chain([Event::Message(Box::new(message))]).collect();
        Ok(HookItem { person, account, events, ..self.bare(kind) })
    }

    /// X: who is the business is not told, and its conversations are named by both ids.
    fn account_activity(&self) -> HookItem {
        let parsed = |raw: Raw<'_>| raw.map(RawValue::get).unwrap_or("{}").to_owned();
        let event = parsed(self.body.direct_message_events);
        let Ok(event) = serde_json::from_str::<DirectMessage<'_>>(&event) else { return self.bare(HookKind::Other) };
        let created = parsed(event.message_create);
        let Ok(created) = serde_json::from_str::<MessageCreate<'_>>(&created) else {
            return self.bare(HookKind::Other);
        };
        let target = parsed(created.target);
        let recipient = serde_json::from_str::<Target<'_>>(&target).ok().and_then(|t| loose::id(t.recipient_id));
        let pair = loose::id(created.sender_id).zip(recipient);
        let conversation = pair.and_then(|pair| normalize::derived(Some(Platform::X), &pair));
        let at = wire::time(event.created_at).or_else(|| self.time());
        HookItem { conversation, at, ..self.bare(HookKind::Message) }
    }

    /// `created` is of the event, `timeStamp` of the notification.
    fn time(&self) -> Option<Timestamp> {
        wire::time(self.body.created).or_else(|| wire::time(self.body.time_stamp))
    }

    fn bare(&self, kind: HookKind) -> HookItem {
        HookItem {
            platform: self.platform,
            account: None,
            reference: loose::text(self.body.ref_id),
            conversation: loose::id(self.body.conversation_id),
            person: None,
            kind,
            events: Vec::new(),
            at: self.time(),
            standby: false,
            raw: self.raw.get().to_owned(),
        }
    }
}

fn skipped(what: &str, why: &str) -> Skipped {
    Skipped { what: what.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
#[path = "hook_tests.rs"]
mod tests;

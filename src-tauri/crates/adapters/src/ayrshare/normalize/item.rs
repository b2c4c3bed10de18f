//! One listed message (2.2), before it is known which conversation it belongs to.
//!
//! Promises: whatever it lacks, it keeps what it has; an action or type that we do not know is a message of an unknown
//! kind. Refuses only what is no object or has no id or time, and says to which conversation that belongs if it can.

use std::collections::BTreeMap;

use backscroll_model::{Direction, MessageKind, MessageSeen, ParticipantSeen, Platform, ReactionSeen, RemoteId};
use serde_json::value::RawValue;

use super::{Asked, attachments, person};
use crate::{
    ayrshare::wire,
    loose::{self, Raw},
};

/// An item that cannot be read, and where it belongs if that much could be read.
pub(super) struct Bad {
    pub(super) why: &'static str,
    pub(super) conversation: Option<RemoteId>,
}

/// A message on its way to its conversation.
pub(super) struct Draft {
    pub(super) conversation: Option<RemoteId>,
    /// `None`: an action that we do not know.
    pub(super) direction: Option<Direction>,
    pub(super) sender: Option<RemoteId>,
    pub(super) recipient: Option<RemoteId>,
    pub(super) sender_seen: Option<ParticipantSeen>,
    pub(super) recipient_seen: Option<ParticipantSeen>,
    pub(super) message: MessageSeen,
}

impl Draft {
    pub(super) fn of(raw: Box<RawValue>, asked: &Asked) -> Result<Self, Bad> {
        let bad = |why, conversation| Bad { why, conversation };
        let item: wire::Message<'_> =
            serde_json::from_str(raw.get()).map_err(|_| bad("not an object with the documented fields", None))?;
        let conversation = loose::id(item.conversation_id);
        let remote_id = loose::id(item.id).ok_or_else(|| bad("no id", conversation.clone()))?;
        let at = wire::time(item.created).ok_or_else(|| bad("no readable time", conversation.clone()))?;
        let direction = match loose::text(item.action).as_deref() {
            Some("sent") => Some(Direction::Out),
            Some("received") => Some(Direction::In),
            _ => None,
        };
        let text = loose::text(item.message);
        let attachments = attachments(item.attachments);
        let kind = match (direction, attachments.first(), &text) {
            (None, _, _) => MessageKind::Unknown,
            (Some(_), Some(attachment), _) => attachment.kind,
            (Some(_), None, Some(_)) => MessageKind::Text,
            (Some(_), None, None) => MessageKind::Unknown,
        };
        let sender = loose::id(item.sender_id);
        let recipient = loose::id(item.recipient_id);
        let sender_seen = person(&wire::Person::of(item.sender_details), sender.clone());
        let recipient_seen = person(&wire::Person::of(item.recipient_details), recipient.clone());
        let reactions = reactions(item.reactions, asked.platform);
        let message = MessageSeen {
            reply_to: None,
            remote_id,
            direction: direction.unwrap_or(Direction::In),
            at,
            tie: 0,
            kind,
            text,
            attachments,
            reactions,
            client_ref: None,
            raw: Box::<str>::from(raw).into(),
        };
        Ok(Self { conversation, direction, sender, recipient, sender_seen, recipient_seen, message })
    }

    /// Sender and recipient, whichever is smaller first.
    pub(super) fn pair(&self) -> Option<(RemoteId, RemoteId)> {
        let (a, b) = (self.sender.clone()?, self.recipient.clone()?);
        Some(if a <= b { (a, b) } else { (b, a) })
    }

    /// The other side, if the direction is known.
    pub(super) fn other_side(&self) -> Option<&ParticipantSeen> {
        match self.direction? {
            Direction::In => self.sender_seen.as_ref(),
            Direction::Out => self.recipient_seen.as_ref(),
        }
    }
}

/// Reactor → emoji. Absent on Facebook and Instagram means that there are none (11.4, 4); on X it says nothing (12.4).
fn reactions(raw: Raw<'_>, platform: Option<Platform>) -> Option<Vec<ReactionSeen>> {
    let Some(raw) = raw else { return (platform != Some(Platform::X)).then(Vec::new) };
    let by_reactor: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    let one =
        |(by, emoji): (String, &RawValue)| Some(ReactionSeen { by: RemoteId(by), emoji: loose::text(Some(emoji))? });
    Some(by_reactor.into_iter().filter_map(one).collect())
}

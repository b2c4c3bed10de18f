//! What comes in: a [`Page`] of [`Event`]s, the one way into the history. A poll, a webhook and an import all become
//! this.
//!
//! Promises: an event is a fact ("this message exists and looks like this"), never a command, so applying one twice, or
//! two in another order, gives the same rows. An absence is not an event.

use serde::{Deserialize, Serialize};

use crate::{Direction, MessageKind, RemoteId, Timestamp};

/// What one read of a provider brought, normalised. Conversations are in the provider's order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// The conversations that the read mentioned.
    pub conversations: Vec<ConversationEvents>,
    /// Cursors to remember in the same transaction: (name, value); `None` forgets it.
    pub cursors: Vec<(String, Option<String>)>,
    /// Items that could not be read and were left out; counted and named, never silently dropped.
    pub skipped: Vec<Skipped>,
    /// How many conversations the whole list names, of which this is the first page. A hint for progress bars.
    #[serde(skip)]
    pub listed: Option<u32>,
}

/// One item that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Skipped {
    /// What it was, e.g. `message`.
    pub what: String,
    /// Why, without content of messages.
    pub why: String,
}

/// What a read says about one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ConversationEvents {
    /// The platform's id of the conversation.
    pub remote_id: RemoteId,
    /// The facts. Messages in the order of the provider's listing, newest first.
    pub events: Vec<Event>,
    /// What the listing proves to be complete, if anything.
    pub listing: Option<Listing>,
    /// What a listing of ids proves: each message in it is held, or named by an [`Event::Listed`].
    pub ids: Option<Listing>,
    /// When something last happened in it, as the provider's list of conversations says; whole seconds at Graph.
    pub updated_at: Option<Timestamp>,
}

/// A fact about a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Event {
    /// The person on the other side.
    Participant(ParticipantSeen),
    /// A message exists.
    Message(Box<MessageSeen>),
    /// Everything sent up to this instant has been read by the other side. Only ever moves forward.
    ReadUpTo(Timestamp),
    /// Archived at the provider, or not.
    Archived(bool),
    /// A message was taken back by its sender, stated by the provider (never inferred from absence).
    Unsent {
        /// Which.
        message: RemoteId,
    },
    /// A message exists, but no more than its id and its time is given (`reference/meta-graph.md` 4.4). It is counted in
    /// the gap that it lies in until it comes by another way.
    Listed {
        /// Which.
        message: RemoteId,
        /// When.
        at: Timestamp,
    },
    /// The sender changed the text of a message (webhooks only; may come before the message itself).
    Edited {
        /// Which.
        message: RemoteId,
        /// The text now.
        text: String,
        /// How often it was edited, this time included: a smaller number never replaces a larger one.
        edition: u32,
    },
    /// One person reacted, or took the reaction back (webhooks only; may come before the message itself).
    Reacted {
        /// To what.
        message: RemoteId,
        /// Who.
        by: RemoteId,
        /// With what; `None`: taken back.
        emoji: Option<String>,
        /// When: of two by the same person the later one counts.
        at: Timestamp,
    },
    /// The other side has read this message and all before it (Instagram, webhooks only).
    ReadMessage {
        /// Which.
        message: RemoteId,
    },
    /// Where the conversation is in the provider's own inbox, as the provider says it.
    Link(String),
}

/// The person on the other side, as far as this read knows. `None` never erases what is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParticipantSeen {
    /// The platform's id.
    pub remote_id: RemoteId,
    /// Name, raw.
    pub name: Option<String>,
    /// `@handle` without the `@`, raw.
    pub username: Option<String>,
    /// Where the picture is; not loaded by the web view.
    pub avatar_url: Option<String>,
}

/// A message as the provider shows it now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageSeen {
    /// The platform's id.
    pub remote_id: RemoteId,
    /// Whose.
    pub direction: Direction,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// Rank among the messages of this conversation with the same `at` in this listing, 0 for the oldest: equal
    /// instants keep the provider's order. The store keeps the largest it has seen.
    pub tie: u16,
    /// What it is.
    pub kind: MessageKind,
    /// The text, byte for byte; `None` when absent, null or empty.
    pub text: Option<String>,
    /// Files and links, in order.
    pub attachments: Vec<AttachmentSeen>,
    /// The whole set of reactions: one that is missing was removed. `None`: this read says nothing of reactions.
    pub reactions: Option<Vec<ReactionSeen>>,
    /// The message that it quotes.
    pub reply_to: Option<RemoteId>,
    /// Our own client reference, where the provider returns it.
    pub client_ref: Option<String>,
    /// The raw JSON of the item.
    pub raw: String,
}

/// A file or link of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct AttachmentSeen {
    /// What it is.
    pub kind: MessageKind,
    /// The provider's own word for the type.
    pub type_name: String,
    /// The provider's id of the file, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// Where it is; of a card where it leads.
    pub url: Option<String>,
    /// Name of the file, or title of the card, raw.
    pub name: Option<String>,
    /// Second line of a card: subtitle, description or price, raw.
    pub detail: Option<String>,
    /// MIME type as told; the bytes may say otherwise.
    pub mime: Option<String>,
    /// Bytes as told.
    pub size: Option<u64>,
}

/// One reaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReactionSeen {
    /// Who: may be neither side.
    pub by: RemoteId,
    /// What.
    pub emoji: String,
}

/// What a listing proves: between `from` and `to` nothing is missing but what is held after this page is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Listing {
    /// The oldest instant covered; `None`: back to the very first message of the conversation.
    pub from: Option<Timestamp>,
    /// The newest instant covered: the provider's time of reading.
    pub to: Timestamp,
}

//! Messages as the thread shows them.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AttachmentId, ConversationId, MessageId, Place, RemoteId, SendProgress, Timestamp};

/// Whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The customer's.
    In,
    /// The business's.
    Out,
}

/// What a message is, for its look and for words such as *Photo*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Text, perhaps with links.
    Text,
    /// One or more images.
    Image,
    /// A video.
    Video,
    /// A voice message or other sound.
    Audio,
    /// A file.
    File,
    /// A sticker.
    Sticker,
    /// A shared post or link: a card.
    Share,
    /// The sender took it back: a tombstone stays.
    Unsent,
    /// Nothing that we know: shown as a card with type, time and link.
    #[default]
    Unknown,
    /// An answer to a story of the business: a card with the story's link, which dies with the story. Never stored.
    StoryReply,
    /// The business was named in a story: likewise.
    StoryMention,
    /// A shared reel: a card.
    Reel,
    /// A product template: a card with name and price.
    Product,
    /// A generic template: a card with title, subtitle and link.
    Template,
}

impl MessageKind {
    /// Whether the platform forbids to keep a copy of it (`reference/meta-graph.md` 10: story media).
    pub fn is_story(self) -> bool {
        matches!(self, Self::StoryReply | Self::StoryMention)
    }
}

/// Who wrote one of our own messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The customer, or unknown.
    Remote,
    /// Sent with Backscroll.
    Backscroll,
    /// Typed elsewhere: in the platform's own app, or by another tool.
    Elsewhere,
    /// The provider's automatic reply.
    Automatic,
}

/// One message, with its relations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct Message {
    /// Our row.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The platform's id; `None` until a send is accepted.
    pub remote_id: Option<RemoteId>,
    /// Whose.
    pub direction: Direction,
    /// Who wrote it, if it is ours.
    pub origin: Origin,
    /// When, by the platform's clock; for a queued one our own, corrected.
    pub at: Timestamp,
    /// What it is.
    pub kind: MessageKind,
    /// The text, byte for byte as it came. `None`: it has none.
    pub text: Option<String>,
    /// Its files and links.
    pub attachments: Vec<Attachment>,
    /// Who reacted, with what.
    pub reactions: Vec<Reaction>,
    /// The message that it quotes.
    pub reply_to: Option<Quote>,
    /// For our own: where the sending stands. `None`: it came from the platform.
    pub send: Option<SendProgress>,
}

/// A quoted message, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Quote {
    /// The platform's id of the quoted message.
    pub remote_id: RemoteId,
    /// Our row of it; `None`: not held.
    pub message: Option<MessageId>,
    /// Whose it is, if held.
    pub direction: Option<Direction>,
    /// What it is, if held.
    pub kind: Option<MessageKind>,
    /// Its beginning, at most 200 characters, if held.
    pub text: Option<String>,
}

/// A file or link of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Attachment {
    /// Our row.
    pub id: AttachmentId,
    /// What it is.
    pub kind: MessageKind,
    /// The provider's own word for it, where it is not one that we know.
    pub type_name: Option<String>,
    /// Where the platform keeps it. Signed and short-lived; never loaded by the web view.
    pub url: Option<String>,
    /// Name of the file, or title of the card.
    pub name: Option<String>,
    /// Second line of a card: subtitle, description or price.
    pub detail: Option<String>,
    /// Type of the file (`audio/mp4`), of our copy if there is one, else as told.
    pub mime: Option<String>,
    /// Size in bytes, of our copy if there is one, else as told.
    pub size: Option<u32>,
    /// Where our copy stands.
    pub file: MediaState,
    /// Size of the picture as shown, in pixels, once it is known.
    pub width: Option<u32>,
    /// See `width`.
    pub height: Option<u32>,
    /// A blurred placeholder: a ThumbHash in base64. Known of pictures that were sent from here.
    pub blur: Option<String>,
}

/// Where the local copy of an attachment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MediaState {
    /// Nothing to fetch (a link, a card, a kind we do not show).
    Link,
    /// Not fetched yet.
    Waiting,
    /// In the cache: the path behind `media://localhost/`.
    Ready {
        /// Path of the picture, e.g. `a/1234`.
        path: String,
    },
    /// Was in the cache and made room for others; fetched again only when somebody asks for it.
    Evicted,
    /// Could not be had, and will not be tried again.
    Failed {
        /// Why.
        reason: MediaFailure,
    },
}

/// Why an attachment has no local copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum MediaFailure {
    /// The link is dead (403, 404, 410).
    Gone,
    /// Larger than we fetch.
    TooLarge,
    /// Not a picture that we decode, or damaged.
    Unreadable,
    /// The address is not one that we fetch from (not https, private network).
    Refused,
}

/// How many files of people stand where, for the account's page: what is kept, and what was skipped and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct MediaSummary {
    /// In the cache.
    pub kept: u32,
    /// Bytes of these; the same content in several messages counts each time.
    pub bytes: u64,
    /// Not fetched yet.
    pub waiting: u32,
    /// Made room for others, or found none.
    pub evicted: u32,
    /// The link was dead.
    pub gone: u32,
    /// Larger than is fetched unasked.
    pub too_large: u32,
    /// Not what they were said to be, or damaged.
    pub unreadable: u32,
    /// At an address that is not fetched from.
    pub refused: u32,
    /// Stories, which the platform forbids to keep.
    pub stories: u32,
}

/// One person's reaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Type)]
pub struct Reaction {
    /// The platform's id of who reacted: it may be neither of the two sides (`reference/ayrshare.md` 10, quirk 8).
    pub by: RemoteId,
    /// The name, where we know it.
    pub name: Option<String>,
    /// The reaction of the business itself.
    pub mine: bool,
    /// The emoji.
    pub emoji: String,
    /// When: by the platform's clock if it was told, else by ours, when a reading first showed it. `None`: it was there
    /// when the message came.
    pub at: Option<Timestamp>,
    /// The platform told when, or it is our own: webhooks tell it, readings do not.
    pub told: bool,
}

/// Where to open a thread, or which way to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ThreadPosition {
    /// The newest messages.
    Newest,
    /// The first unread message, with some read ones before it; the newest if nothing is unread.
    FirstUnread,
    /// Around one message.
    Around {
        /// Which.
        message: MessageId,
    },
    /// Older than this.
    Before {
        /// From a page before.
        place: Place,
    },
    /// Newer than this.
    After {
        /// From a page before.
        place: Place,
    },
}

/// A page of a thread, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ThreadPage {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// Gaps that touch this page.
    pub gaps: Vec<Gap>,
    /// Where older ones begin; `None`: the page holds the oldest message.
    pub before: Option<Place>,
    /// Where newer ones begin; `None`: the page holds the newest message.
    pub after: Option<Place>,
    /// The first unread message of the conversation.
    pub first_unread: Option<MessageId>,
}

/// A stretch of time in which messages are missing, or may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Gap {
    /// The conversation.
    pub conversation: ConversationId,
    /// Not before this instant; `None`: from the beginning on. Of a counted gap the time of its first message.
    pub from: Option<Timestamp>,
    /// Before this instant; `None`: up to now.
    pub to: Option<Timestamp>,
    /// How many, where the provider lists ids.
    pub count: Option<u32>,
    /// Why it is there.
    pub reason: GapReason,
    /// The provider asked to slow down and this gap may close by itself: when it is tried next.
    pub next_try: Option<Timestamp>,
}

/// Why messages are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// What lies before the first read: the platform gives apps only the newest 20.
    Beginning,
    /// Two reads did not overlap.
    NoOverlap,
    /// The user chose not to read it (X).
    NotChosen,
}

/// Everything known about one message, for *Details*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct MessageDetails {
    /// The message.
    pub message: Message,
    /// The raw JSON as the provider gave it.
    pub raw: Option<String>,
    /// Each attempt to send it.
    pub attempts: Vec<crate::Attempt>,
}

//! What the contact panel shows: the person, what is held of the conversation, and its media (`ux.md`, layout).

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Attachment, ConversationId, Direction, Gap, MessageId, Place, RemoteId, Timestamp};

/// The person of a conversation and the history held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ContactPage {
    /// The conversation.
    pub conversation: ConversationId,
    /// The person's name, cleaned; `None`: the platform gave none.
    pub name: Option<String>,
    /// `@handle` without the `@`.
    pub username: Option<String>,
    /// The platform's id of the person, where known.
    pub remote_id: Option<RemoteId>,
    /// The picture in the local media cache, as `media:` path; `None`: initials.
    pub avatar: Option<String>,
    /// Time of the oldest message held.
    pub first_at: Option<Timestamp>,
    /// Time of the newest message held.
    pub last_at: Option<Timestamp>,
    /// Messages held.
    pub messages: u32,
    /// Pictures, videos, sounds and files in them; [`MediaItem`]s.
    pub media: u32,
    /// What is missing, oldest first.
    pub gaps: Vec<Gap>,
    /// Where the conversation is in the provider's own inbox, where the provider said so.
    pub link: Option<String>,
}

/// One picture, video, sound or file of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct MediaItem {
    /// The message that it belongs to.
    pub message: MessageId,
    /// When that was, by the platform's clock.
    pub at: Timestamp,
    /// Whose it is.
    pub direction: Direction,
    /// The file.
    pub attachment: Attachment,
    /// Where the ones before it begin.
    pub place: Place,
}

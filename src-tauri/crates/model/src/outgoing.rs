//! Files on their way out: what was attached to a draft, and how far each is.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::MessageKind;

/// What a file to send is, as the platforms tell files apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingKind {
    /// A picture, moving ones included.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// Anything else.
    File,
}

impl OutgoingKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::File];

    /// What the message that carries it is.
    pub fn message_kind(self) -> MessageKind {
        match self {
            Self::Image => MessageKind::Image,
            Self::Video => MessageKind::Video,
            Self::Audio => MessageKind::Audio,
            Self::File => MessageKind::File,
        }
    }
}

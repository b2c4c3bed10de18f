//! What a desktop notification says, before any desktop knows of it.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{ConversationId, MessageId};

/// A notification to show. Texts are cleaned and short; privacy is already applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Notice {
    /// One notification per conversation: a newer one replaces it. `None`: a summary after an absence.
    pub conversation: Option<ConversationId>,
    /// The message that a click opens.
    pub message: Option<MessageId>,
    /// Person and business, or the words of the privacy level.
    pub title: String,
    /// Text, or the words of the privacy level.
    pub body: String,
}

/// What the desktop shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeAction {
    /// Show it, replacing an earlier one of the same conversation.
    Show(Notice),
    /// Close the one of this conversation: it was read or answered.
    Close(ConversationId),
}

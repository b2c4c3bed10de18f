//! What goes out to whoever shows or announces: "read this again". A change carries ids, never content, so a late
//! consumer always reads the newest truth.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AccountId, ConversationId, MessageId};

/// Something that was committed. Never published before its transaction is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// A conversation's row: its last message, counters, state, person, window or draft.
    Conversation {
        /// Which.
        id: ConversationId,
    },
    /// Messages of a conversation: new ones, or new facts about held ones.
    Messages {
        /// Which conversation.
        conversation: ConversationId,
        /// Which messages. Empty: too many to name, read the visible part again.
        ids: Vec<MessageId>,
        /// Whether at least one of them is new.
        added: bool,
    },
    /// The draft of a conversation: its files.
    Draft {
        /// Of which conversation.
        conversation: ConversationId,
    },
    /// An account: its health, its back-fill, its last read, or that it came or went.
    Account {
        /// Which.
        id: AccountId,
    },
    /// The counters of rail and tray.
    Counts,
    /// Settings were changed.
    Settings,
    /// The webhook receiver: its settings, its state, or what it got.
    Webhooks,
    /// Backups: one began, came further, ended, or the settings of them changed.
    Backups,
    /// The first back-fill of an account ended.
    BackfillDone {
        /// Which.
        account: AccountId,
    },
    /// The consumer fell behind and lost changes: read everything on screen again.
    Resync,
}

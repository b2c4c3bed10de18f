//! What a round of reading did, and where a back-fill stands.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AccountId, Health, Timestamp};

/// What one round of an account did: a line of `backscroll sync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SyncReport {
    /// Which account.
    pub account: AccountId,
    /// API calls made.
    pub calls: u32,
    /// Messages that are new in the history.
    pub new_messages: u32,
    /// Messages that were held and changed.
    pub changed_messages: u32,
    /// Conversations touched.
    pub conversations: u32,
    /// Items that could not be read.
    pub skipped: u32,
    /// How the account is afterwards.
    pub health: Health,
    /// When the provider has fresh data.
    pub next_update: Option<Timestamp>,
}

/// Progress of a first back-fill, for *212 of 500 conversations · 3,940 messages*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct BackfillProgress {
    /// Which account.
    pub account: AccountId,
    /// Conversations stored so far.
    pub conversations: u32,
    /// Conversations known to exist; `None`: not known yet.
    pub of: Option<u32>,
    /// Messages stored so far.
    pub messages: u32,
}

/// The summary after the first back-fill: *Kept 9,812 messages from 500 people. 23 wait for an answer; 5 windows close
/// today.*
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct BackfillSummary {
    /// Messages kept.
    pub messages: u32,
    /// People who wrote.
    pub people: u32,
    /// Open conversations that wait for an answer.
    pub waiting: u32,
    /// Windows that close within 24 hours.
    pub closing_today: u32,
}

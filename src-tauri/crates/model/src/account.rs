//! Connections, businesses, accounts, and how they are doing (`ux.md`, words of the product).

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AccountId, BusinessId, Capabilities, ConnectionId, Platform, Provider, RemoteId, Timestamp};

/// One set of secrets at one provider: for Ayrshare an API key with at most one Profile Key. The secrets themselves are
/// in the keychain and never in this type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Connection {
    /// Our row.
    pub id: ConnectionId,
    /// Whose API it is for.
    pub provider: Provider,
    /// What the user or the provider calls it.
    pub name: String,
    /// The base URL of the API, without a trailing slash.
    pub api_base: String,
    /// The provider's own reference of what this connection acts as (Ayrshare: `refId` of the profile).
    pub remote_ref: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What the user calls a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Business {
    /// Our row.
    pub id: BusinessId,
    /// The name, cleaned of control and bidi characters.
    pub name: String,
}

/// One platform of one business, known by the platform's own id, with at most one active connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Account {
    /// Our row.
    pub id: AccountId,
    /// The shop it belongs to.
    pub business: BusinessId,
    /// Where its people talk.
    pub platform: Platform,
    /// The platform's id of the business itself.
    pub remote_id: RemoteId,
    /// What the platform calls it, cleaned.
    pub name: String,
    /// `@handle` without the `@`, where the platform has one.
    pub username: Option<String>,
    /// The connection that reads and sends for it; `None` after *Disconnect* (the history stays readable).
    pub connection: Option<ConnectionId>,
    /// The last time the provider's data was read in full, by the provider's clock (`lastUpdated`).
    pub last_read_at: Option<Timestamp>,
    /// The first back-fill: not yet, running or finished.
    pub backfill: Backfill,
    /// How it is doing.
    pub health: Health,
    /// X only: what reading may cost.
    pub x_budget: Option<XBudget>,
    /// What the provider can do for it.
    pub capabilities: Capabilities,
}

/// Where an account's first back-fill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Backfill {
    /// X: the user has not chosen how much to read; nothing is read before that.
    AwaitingChoice,
    /// Not finished yet.
    Pending,
    /// Finished.
    Done,
}

/// How an account is doing. The first fitting one wins; each has one sentence and at most one button in the UI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Health {
    /// Reads succeed.
    Ok,
    /// Not asked yet since the start.
    Starting,
    /// The network or the provider cannot be reached; retried by itself.
    Offline {
        /// Since when.
        since: Timestamp,
        /// The next try.
        next_try: Timestamp,
    },
    /// The provider answers, but with failures (5xx, garbage); retried by itself.
    ProviderDown {
        /// Since when.
        since: Timestamp,
        /// The next try.
        next_try: Timestamp,
        /// What it answered, for *Details*; holds no secret and no message text.
        detail: String,
    },
    /// The provider asked to slow down.
    RateLimited {
        /// When the next call may be made.
        until: Timestamp,
    },
    /// The API key was refused (401): the user must give a new one.
    KeyRefused,
    /// The Profile Key was refused (403).
    ProfileKeyRefused,
    /// The profile is suspended by the provider (403, `suspended`).
    Suspended,
    /// Payment or plan (402).
    PlanRequired,
    /// Messaging is not enabled at the provider (361, `messagingEnabled`).
    MessagingOff,
    /// The platform must be linked again at the provider (161, 272, 362, `messagingActive`).
    LinkAgain,
    /// The platform is not linked at the provider (156).
    NotLinked,
    /// X: the keys of the user's own developer app are missing or half given (419).
    XKeysMissing,
    /// X: the monthly budget is used up.
    BudgetUsed,
    /// The computer's clock is off by this many milliseconds against the provider's.
    ClockOff {
        /// Ours minus theirs, in milliseconds.
        by_ms: i64,
    },
    /// The keychain holds no key, or is locked.
    SecretsMissing,
    /// What was read cannot be kept: the disk is full, the data folder read-only, the database failing. Retried by
    /// itself; nothing counts as read before it is kept.
    Storage {
        /// Which of these.
        code: crate::ErrorCode,
        /// The next try.
        next_try: Timestamp,
    },
    /// No connection: history only.
    Disconnected,
}

impl Health {
    /// Whether reading goes on by itself without the user.
    pub fn heals_itself(&self) -> bool {
        matches!(
            self,
            Self::Ok
                | Self::Starting
                | Self::Offline { .. }
                | Self::ProviderDown { .. }
                | Self::RateLimited { .. }
                | Self::ClockOff { .. }
                | Self::Storage { .. }
        )
    }
}

/// What the user allows X to cost. X bills the user's own developer app for each message read (`ux.md`, first run).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct XBudget {
    /// How much older history to read.
    pub history: XHistory,
    /// Stop reading when this month's reads and sends have cost this much, in US cents. 0: no limit.
    pub monthly_limit_cents: u32,
    /// Used in the current calendar month (UTC), in thousandths of a US cent.
    pub used_millicents: u32,
}

/// X: how much older history to read at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum XHistory {
    /// Only what arrives from now on.
    None,
    /// The newest `count` messages.
    Newest {
        /// How many.
        count: u32,
    },
    /// All that X still gives (about 30 days).
    All,
}

/// What the account page shows beside [`Account`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct AccountPage {
    /// The account.
    pub account: Account,
    /// Conversations held.
    pub conversations: u32,
    /// Messages held.
    pub messages: u32,
    /// Gaps known.
    pub gaps: u32,
    /// API calls since the start of the program.
    pub calls: u32,
    /// Calls of the provider's current period, as it last said: used and allowed.
    pub quota: Option<Quota>,
    /// Oldest message held.
    pub since: Option<Timestamp>,
}

/// A provider's rate limit as it last told it (`x-ratelimit-count`, `x-ratelimit-max`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Quota {
    /// Used in the current period.
    pub used: u32,
    /// Allowed in the period.
    pub max: u32,
}

/// What a key gives access to, before anything is saved: the answer to "is this key good".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct KeyCheck {
    /// The profile that the given secrets act as.
    pub profile: ProfileCheck,
    /// The other profiles of the same key. Their Profile Keys must be given by the user.
    pub others: Vec<OtherProfile>,
}

/// One profile with its platforms, each checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ProfileCheck {
    /// Title, cleaned.
    pub title: String,
    /// Ayrshare's `refId`.
    pub reference: Option<String>,
    /// One row per platform that Backscroll knows.
    pub platforms: Vec<PlatformCheck>,
}

/// A profile known by name only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct OtherProfile {
    /// Title, cleaned.
    pub title: String,
    /// Ayrshare's `refId`.
    pub reference: String,
    /// Already connected here.
    pub connected: bool,
}

/// What one platform of a profile is ready for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct PlatformCheck {
    /// The platform.
    pub platform: Platform,
    /// Ready, or what is missing.
    pub state: PlatformState,
    /// The platform's own id of the linked account.
    pub remote_id: Option<RemoteId>,
    /// The account's name there, cleaned.
    pub name: Option<String>,
    /// `@handle` without the `@`.
    pub username: Option<String>,
}

/// Ready, or the one thing that is missing (`reference/ayrshare.md` 8.1, start-up check).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PlatformState {
    /// Messages can be read and sent.
    Ready,
    /// Messaging is switched off for the profile.
    MessagingOff,
    /// Linked before messaging was on: link it again.
    LinkAgain,
    /// Not linked.
    NotLinked,
    /// X: the keys of the user's developer app are missing.
    XKeysMissing,
}

/// Ayrshare's automatic reply, one per profile over all its platforms (`reference/ayrshare.md` 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct AutoResponse {
    /// Switched on.
    pub active: bool,
    /// Pause before the same person gets it again, in seconds. Ayrshare's default is 86,400.
    pub wait_seconds: u32,
    /// The text; empty means the provider's own sentence.
    pub message: String,
}

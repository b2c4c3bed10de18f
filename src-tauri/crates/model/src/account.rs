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
    /// Whose API that connection is for.
    pub provider: Option<Provider>,
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
    /// The Page token has expired (190/463).
    TokenExpired,
    /// The Page token was revoked, or the app was removed (190, 190/458, 190/467, 102).
    TokenRevoked,
    /// The person behind the token changed the password (190/460).
    PasswordChanged,
    /// The person behind the token must log in on facebook.com first (190/459, 190/464).
    Checkpoint,
    /// The person behind the token lost the role on the Page (190/492).
    RoleLost,
    /// The app's secret is needed to sign calls, or the given one is wrong (`appsecret_proof`).
    AppSecretNeeded,
    /// A permission is missing.
    PermissionMissing {
        /// Its name at the provider where it names one, e.g. `pages_messaging`.
        permission: Option<String>,
    },
    /// Instagram: "Allow access to messages" is off (200/2534041).
    MessageAccessOff,
    /// The platform has blocked or restricted the account (368 and others): nothing is tried by itself.
    Restricted {
        /// What it answered, for *Details*.
        detail: String,
    },
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
    /// Kept messages that the platform no longer gives to apps: those that are not among the newest of their
    /// conversation that it still gives (20 at Graph and Instagram). The number that grows.
    pub no_longer_given: u32,
    /// What this provider never shows to apps, to be named on the page.
    pub left_out: Vec<LeftOut>,
}

/// What a provider leaves out (`reference/meta-graph.md` 2.6; `reference/ayrshare.md` 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Instagram *Requests* that were idle for more than 30 days.
    IdleRequests,
    /// People without a role on the app, until the app has Advanced Access.
    PeopleWithoutRole,
    /// Accounts that are linked by e-mail or phone only.
    LinkedAccounts,
    /// All but the newest 20 messages of a conversation.
    OlderThanTwenty,
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
    /// What only a Graph token has; `None`: another provider's key.
    pub meta: Option<MetaCheck>,
}

/// What is known of a Graph token, each permission tested and named (`reference/meta-graph.md` 1.4, 1.6).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct MetaCheck {
    /// When the token ends; `None`: no fixed end, or not told.
    pub expires_at: Option<Timestamp>,
    /// When the access to data ends unless somebody logs in again; `None`: not told.
    pub data_access_until: Option<Timestamp>,
    /// Each permission that the inbox needs.
    pub permissions: Vec<PermissionCheck>,
    /// The token is a person's: the Pages that it offers, one of which must be chosen. Empty: it is a Page's.
    pub pages: Vec<OfferedPage>,
}

/// One permission of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct PermissionCheck {
    /// Its name at Meta, e.g. `pages_messaging`.
    pub name: String,
    /// `None`: Meta would not say.
    pub granted: Option<bool>,
    /// What it is needed for.
    pub platform: Option<Platform>,
}

/// A Page that a person's token offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct OfferedPage {
    /// The Page's id.
    pub id: RemoteId,
    /// Its name, cleaned.
    pub name: String,
    /// The person may answer messages there (task `MESSAGING`).
    pub may_message: bool,
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
    /// Conversations that the first page lists, where that was asked; `at_least` if there are more.
    pub conversations: Option<Counted>,
}

/// A number that was not counted to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Counted {
    /// So many were seen.
    pub count: u32,
    /// There are more.
    pub at_least: bool,
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
    /// Graph: a permission is missing; [`MetaCheck::permissions`] names it.
    PermissionMissing,
    /// Graph: Instagram's "Allow access to messages" is off (200/2534041).
    MessageAccessOff,
    /// Graph: the Instagram account is not enabled for apps (36103).
    NotEligible,
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

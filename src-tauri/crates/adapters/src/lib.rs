//! HTTP to the providers: bytes in, normalised [`Page`]s out; sends out, classified outcomes back.
//!
//! Promises: **decode → normalise** is pure and tolerant (one bad item never loses its page, unknown fields and kinds
//! are kept raw); every wait has a deadline and every body a cap; secrets travel in headers only and print as `***`.
//!
//! Refuses: SQL, retries of sends, redirects, and deciding when to call. The engine decides; [`Kind::retry`] is the only
//! place that knows what may be repeated.

pub mod ayrshare;
mod error;
mod http;
pub mod media_fetch;
mod redact;

use async_trait::async_trait;
use backscroll_model::{AutoResponse, Capabilities, KeyCheck, Page, Platform, Provider, Quota, RemoteId, Timestamp};
use tokio::sync::mpsc;

pub use error::{AdapterError, Kind, Retry};
pub use http::Limits;
pub use redact::Secret;

/// A provider. One value stands for one connection: it owns the HTTP clients and the secrets.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// Whose API this is.
    fn provider(&self) -> Provider;

    /// What can be done on `platform`.
    fn capabilities(&self, platform: Platform) -> Capabilities;

    /// Asks what the secrets give access to, platform by platform, and which other profiles exist.
    async fn check(&self) -> Result<KeyCheck, AdapterError>;

    /// Performs one read (one API call, or one call per conversation when the answer passed the cap) and sends what it
    /// brought to `out`, in batches of at most about 500 messages. A dropped receiver ends the read.
    async fn read(&self, read: &Read, out: mpsc::Sender<Page>) -> Result<ReadDone, AdapterError>;

    /// Sends one text. Never retries and never follows a redirect; the outcome is always classified.
    async fn send_text(&self, send: &SendText) -> SendOutcome;

    /// Moves a conversation to the provider's archive or back.
    async fn set_archived(
        &self,
        platform: Platform,
        conversation: &RemoteId,
        archived: bool,
    ) -> Result<(), AdapterError>;

    /// Reads the automatic reply of the profile.
    async fn auto_response(&self) -> Result<AutoResponse, AdapterError>;

    /// Changes it; answers what the provider has now.
    async fn set_auto_response(&self, wanted: &AutoResponse) -> Result<AutoResponse, AdapterError>;
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Messages, of all conversations of a status or of one.
    Messages {
        /// Where.
        platform: Platform,
        /// Archived conversations instead of active ones.
        archived: bool,
        /// Only this conversation.
        conversation: Option<RemoteId>,
        /// X only: page size, 1 to 100.
        limit: Option<u32>,
        /// X only: where the page begins, from [`ReadDone::next`].
        next: Option<String>,
    },
    /// The list of conversations: names, pictures, status, watermarks.
    Conversations {
        /// Where.
        platform: Platform,
        /// Archived ones instead of active ones.
        archived: bool,
    },
}

/// What a read knows beside its pages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadDone {
    /// API calls made.
    pub calls: u32,
    /// When the provider fetched the data (`lastUpdated`).
    pub fresh_at: Option<Timestamp>,
    /// When it will have fresh data (`nextUpdate`).
    pub next_update: Option<Timestamp>,
    /// X: where the next page begins.
    pub next: Option<String>,
    /// Messages in the answer, skipped ones included: what X bills.
    pub messages: u32,
    /// The rate limit as the headers tell it.
    pub quota: Option<Quota>,
    /// The `Date` header: the provider's clock.
    pub server_time: Option<Timestamp>,
    /// The read paused by itself, to leave calls for sending; the same read goes on there in the next period.
    pub unfinished: bool,
}

/// One text to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendText {
    /// Where.
    pub platform: Platform,
    /// The thread.
    pub conversation: RemoteId,
    /// The person; required but on X.
    pub recipient: Option<RemoteId>,
    /// The text, byte for byte.
    pub text: String,
}

/// What came of a send (`reliability.md`, the life of a sent message, 3 and 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The provider gave an id.
    Accepted {
        /// The platform's id of the new message.
        remote_id: RemoteId,
        /// The `Date` header.
        server_time: Option<Timestamp>,
    },
    /// Proven not sent and may be tried again after what `error.kind` demands.
    NotSent(AdapterError),
    /// Proven not sent; trying again would not help.
    Refused(AdapterError),
    /// Not known. Never retried by itself.
    Ambiguous(AdapterError),
}

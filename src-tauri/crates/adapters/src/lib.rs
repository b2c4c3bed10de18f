//! HTTP to the providers: bytes in, normalised [`Page`]s out; sends out, classified outcomes back.
//!
//! Promises: **decode → normalise** is pure and tolerant (one bad item never loses its page, unknown fields and kinds
//! are kept raw); every wait has a deadline and every body a cap; secrets travel in headers only and print as `***`.
//!
//! Refuses: SQL, retries of sends, redirects, and deciding when to call. The engine decides; [`Kind::retry`] is the only
//! place that knows what may be repeated.

pub mod ayrshare;
mod content;
mod error;
pub mod hook;
pub mod hook_echo;
mod http;
mod loose;
pub mod media_fetch;
pub mod meta;
mod redact;
#[cfg(test)]
mod test_support;
mod upload;

use async_trait::async_trait;
use backscroll_model::{
    AutoResponse, Capabilities, KeyCheck, OutgoingKind, Page, Platform, Provider, Quota, RemoteId, Timestamp,
};
use tokio::sync::{mpsc, watch};

pub use error::{AdapterError, Kind, Retry};
pub use http::{BadApiBase, Limits, validate_api_base};
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

    /// Sends one message. Never retries and never follows a redirect; the outcome is always classified.
    async fn send(&self, send: &Outgoing) -> SendOutcome;

    /// Brings a file to where a send can name it. Nobody sees it before, so any failure may be tried again
    /// ([`Kind::retry`]). Streams from the disk; `progress` hears how far it is, and of each call before it leaves. Dropping
    /// the future breaks the upload off.
    async fn upload(&self, file: &UploadFile, progress: &watch::Sender<Progress>) -> Result<Uploaded, AdapterError>;

    /// Whether a send may name a file at `address` as it is, as an [`UploadRef`], without an upload. What is there is the
    /// caller's to find out.
    fn takes_address(&self, address: &str) -> bool;

    /// Reacts to a message as the business, or takes the reaction back (`None`). Best effort: nothing tells for sure.
    async fn react(
        &self,
        platform: Platform,
        conversation: &RemoteId,
        recipient: &RemoteId,
        message: &RemoteId,
        emoji: Option<&str>,
    ) -> Result<(), AdapterError>;

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
        /// X and Graph: page size, 1 to 100.
        limit: Option<u32>,
        /// X and Graph: where the page begins, from [`ReadDone::next`].
        next: Option<String>,
    },
    /// Graph: one page of the conversations in which something happened last, newest first, each with its newest
    /// messages (`reference/meta-graph.md` 2.4). One call. The caller decides whether to go on.
    Recent {
        /// Where.
        platform: Platform,
        /// Conversations a page, 1 to 50.
        limit: u32,
        /// Where the page begins, from [`ReadDone::next`].
        next: Option<String>,
    },
    /// Graph: the conversation with one person, with its newest messages (`user_id`).
    Person {
        /// Where.
        platform: Platform,
        /// The person.
        person: RemoteId,
    },
    /// Graph: one page of the ids and times of all messages of a conversation, newest first.
    Ids {
        /// Where.
        platform: Platform,
        /// Which.
        conversation: RemoteId,
        /// Where the page begins, from [`ReadDone::next`].
        next: Option<String>,
    },
    /// Graph: name and picture of the other side of a conversation. A refusal is no error: the answer is empty.
    Profile {
        /// Where.
        platform: Platform,
        /// Of which conversation.
        conversation: RemoteId,
        /// Who.
        person: RemoteId,
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
    /// X and Graph: where the next page begins; `None`: this was the last one.
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

/// One message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where.
    pub platform: Platform,
    /// The thread.
    pub conversation: RemoteId,
    /// The person; required but on X.
    pub recipient: Option<RemoteId>,
    /// What.
    pub content: Content,
    /// The message that it quotes.
    pub reply_to: Option<RemoteId>,
    /// Our own reference, planted where the provider returns it (Messenger `metadata`).
    pub client_ref: String,
    /// The free window has passed and this was typed by a person: Graph's `HUMAN_AGENT` tag.
    pub human_agent: bool,
}

impl Outgoing {
    /// The text, if it has any.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Files { text, .. } => text.as_deref(),
        }
    }
}

/// What one message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text, byte for byte.
    Text(String),
    /// Files that were uploaded, within what [`Capabilities::attach`] allows for one message.
    Files {
        /// In order.
        refs: Vec<UploadRef>,
        /// What all of them are.
        kind: OutgoingKind,
        /// Only where the platform takes text in the same message.
        text: Option<String>,
    },
}

/// How the provider knows a file: Graph's `attachment_id`, Ayrshare's public address, or any other address that the
/// provider takes ([`Adapter::takes_address`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadRef(pub String);

impl UploadRef {
    /// Graph's ids have no colon.
    pub(crate) fn is_address(&self) -> bool {
        self.0.starts_with("https://") || self.0.starts_with("http://")
    }
}

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadFile {
    /// Where it will be sent.
    pub platform: Platform,
    /// Where it is on this computer. It never changes; if it is gone the upload fails with [`Kind::Rejected`].
    pub path: std::path::PathBuf,
    /// A clean name with the extension of its type, ASCII only.
    pub name: String,
    /// Its type, told by its bytes.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub kind: OutgoingKind,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the file that have left.
    pub sent: u64,
    /// Calls that the provider counts and that have begun, one after another: at Ayrshare those with its key, so not the
    /// transfer to an upload address (`reference/ayrshare.md` 7.2 and 9.4).
    pub calls: u32,
}

impl Progress {
    /// One more call is about to leave.
    pub(crate) fn calls(progress: &watch::Sender<Self>) {
        progress.send_modify(|now| now.calls = now.calls.saturating_add(1));
    }
}

/// A file that arrived at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// How a send names it.
    pub reference: UploadRef,
    /// How long it may be used; `None`: not said.
    pub lasts: Option<std::time::Duration>,
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

//! What can go wrong at a provider, and what may be repeated.
//!
//! An error is classified by the API's code first and the HTTP status second; Ayrshare's numbers are ambiguous, so
//! there the order is HTTP status, code, text of the message (`reference/ayrshare.md` 9.3).

use std::time::Duration;

use backscroll_model::Timestamp;

/// An error of a provider or of the way to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?} (HTTP {http_status:?}, code {code:?}): {said}")]
pub struct AdapterError {
    /// What it means to us.
    pub kind: Kind,
    /// HTTP status, if there was an answer.
    pub http_status: Option<u16>,
    /// The provider's own code, as text.
    pub code: Option<String>,
    /// What the provider or the network library said, cleaned, at most 300 characters, without secrets.
    pub said: String,
    /// The `Date` header, if there was an answer.
    pub server_time: Option<Timestamp>,
}

/// What an error means to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// No connection before any byte of the request: DNS, TCP, TLS.
    Connect,
    /// Broken off or timed out after the request had begun to leave.
    Network,
    /// 429: not before `wait` has passed.
    RateLimited {
        /// How long to wait; `None`: not said, a whole period of the provider.
        wait: Option<Duration>,
    },
    /// 401: the key.
    KeyRefused,
    /// A Profile Key was given as the API key.
    ProfileKeyAsApiKey,
    /// 403: the Profile Key.
    ProfileKeyRefused,
    /// 403: suspended.
    Suspended,
    /// 402.
    PlanRequired,
    /// Messaging is not enabled (361).
    MessagingOff,
    /// Link again (161, 272, 362).
    LinkAgain,
    /// Not linked (156).
    NotLinked,
    /// X keys missing or half given (419, or 400 naming the header).
    XKeysMissing,
    /// The reply window is closed.
    WindowClosed,
    /// This person cannot be written to.
    Recipient,
    /// Permission missing.
    Permission {
        /// Its name, where the provider names one.
        name: Option<String>,
    },
    /// Graph: the token has expired (190/463).
    TokenExpired,
    /// Graph: the token was revoked or never valid (190, 190/458, 190/467, 102, 104).
    TokenRevoked,
    /// Graph: the password was changed (190/460).
    PasswordChanged,
    /// Graph: the person must log in on facebook.com first (190/459, 190/464, 10/2534077).
    Checkpoint,
    /// Graph: the role on the Page is lost (190/492).
    RoleLost,
    /// Graph: calls must be signed with the app's secret, or the signature was wrong.
    AppSecret,
    /// Graph: Instagram's "Allow access to messages" is off (200/2534041), or the account is not eligible (36103).
    MessageAccessOff,
    /// Graph: blocked or restricted by policy (368 and others): never tried by itself.
    Restricted,
    /// Graph: another app has the thread.
    NotOwner,
    /// This provider has no such call.
    Unsupported,
    /// A profile of that title exists (146).
    TitleTaken,
    /// No such thing (404).
    NotFound,
    /// Another well-formed refusal.
    Rejected,
    /// What a send named was uploaded before and is there no more, or cannot be fetched (Graph 2018074, Ayrshare 479): the
    /// same call fails again, one with a new upload need not.
    UploadGone,
    /// Several files in one message are not taken from this account (Graph 2534068): one by one they may be.
    OneByOne,
    /// 5xx, 408, 3xx: the provider fails.
    Server,
    /// Not what the reference describes: HTML, truncated, garbage, 200 without content.
    Decode,
    /// The body passed the cap.
    TooLarge,
}

impl AdapterError {
    /// For a call that this provider does not have. Nothing was asked.
    pub fn unsupported() -> Self {
        local(Kind::Unsupported, "this provider has no such call")
    }
}

/// An error found without asking anyone, or without an answer.
pub(crate) fn local(kind: Kind, said: &str) -> AdapterError {
    AdapterError { kind, http_status: None, code: None, said: said.to_owned(), server_time: None }
}

/// What may be done after an error of a **read**.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// With growing, jittered pauses.
    Backoff,
    /// After a wait that the provider named, or its whole period.
    After(Option<Duration>),
    /// Not before the user acted.
    UserMustAct,
    /// Never: the same call fails again.
    Never,
}

impl Kind {
    /// The only place that knows what may be repeated. Sends obey `SendOutcome` first: only a `NotSent` asks here.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Connect | Self::Network | Self::Server | Self::Decode => Retry::Backoff,
            Self::RateLimited { wait } => Retry::After(*wait),
            Self::KeyRefused
            | Self::ProfileKeyAsApiKey
            | Self::ProfileKeyRefused
            | Self::Suspended
            | Self::PlanRequired
            | Self::MessagingOff
            | Self::LinkAgain
            | Self::NotLinked
            | Self::XKeysMissing
            | Self::Permission { .. }
            | Self::TokenExpired
            | Self::TokenRevoked
            | Self::PasswordChanged
            | Self::Checkpoint
            | Self::RoleLost
            | Self::AppSecret
            | Self::MessageAccessOff
            | Self::Restricted => Retry::UserMustAct,
            Self::WindowClosed
            | Self::Recipient
            | Self::TitleTaken
            | Self::NotFound
            | Self::Rejected
            | Self::UploadGone
            | Self::OneByOne
            | Self::NotOwner
            | Self::Unsupported
            | Self::TooLarge => Retry::Never,
        }
    }
}

//! Sending: states, reasons and attempts (`reliability.md`, the life of a sent message).

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{
    AccountId, ConversationId, FileRefusal, IntentId, MessageId, MessageKind, Place, Platform, RemoteId, Timestamp,
};

/// Where one part of an intent to send stands. The intent's state is derived from its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// Waiting for its turn or for a connection.
    Queued,
    /// Its files are on the way to the provider.
    Uploading,
    /// An attempt is on the wire.
    Sending,
    /// The provider gave an id.
    Accepted,
    /// Proven not sent, and not tried again by itself.
    Failed,
    /// The outcome is not known; the conversation is being read back.
    Unknown,
    /// Reading back did not settle it: the user decides.
    NeedsReview,
    /// Settled by the user's word: *marked as arrived*.
    Settled,
}

impl SendState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Uploading,
        Self::Sending,
        Self::Accepted,
        Self::Failed,
        Self::Unknown,
        Self::NeedsReview,
        Self::Settled,
    ];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Uploading => "uploading",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NeedsReview => "needs_review",
            Self::Settled => "settled",
        }
    }

    /// Reads [`Self::as_str`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether nothing more happens to it by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Accepted | Self::Failed | Self::NeedsReview | Self::Settled)
    }

    /// Whether a later message of the same conversation must wait for it.
    pub fn holds_the_queue(self) -> bool {
        matches!(self, Self::Queued | Self::Uploading | Self::Sending | Self::Unknown | Self::NeedsReview)
    }
}

/// What the bubble of an own message shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SendProgress {
    /// Where it stands.
    pub state: SendState,
    /// Why, for Failed, Unknown, NeedsReview, and for Queued that waits for something.
    pub reason: Option<SendReason>,
    /// When the state was entered.
    pub since: Timestamp,
    /// When something happens by itself next: the next try, or the end of reading back.
    pub next_at: Option<Timestamp>,
    /// How many later messages of the conversation wait behind it.
    pub waiting_behind: u32,
    /// While its files are on the way: how far they are.
    pub upload: Option<UploadProgress>,
    /// The intent that it is a part of, if that has several.
    pub parts: Option<IntentParts>,
}

/// How far the files of a message are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct UploadProgress {
    /// Bytes that have left.
    pub sent: u64,
    /// Of so many.
    pub total: u64,
}

/// One press of Send that became several messages: *2 of 3 parts sent*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct IntentParts {
    /// Which.
    pub intent: IntentId,
    /// Which part this is, from 1.
    pub part: u32,
    /// Parts that the platform has, or that the user says it has.
    pub sent: u32,
    /// All of them.
    pub all: u32,
}

/// Why a send stands where it stands. Each is one sentence of the UI.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SendReason {
    /// No connection; it leaves by itself.
    Offline,
    /// The provider asked to wait.
    RateLimited,
    /// The key was refused: reconnect, then it leaves by itself.
    Paused,
    /// An earlier message of the conversation is not settled.
    BehindEarlier,
    /// Held for a moment, so that it can be taken back.
    Held,
    /// For later: not before its time.
    Scheduled,
    /// It did not leave when it should have: the user is asked first.
    Stale {
        /// Why.
        #[serde(default)]
        why: StaleCause,
    },
    /// The platform refused: the reply window is closed.
    WindowClosed,
    /// The platform refused: this person cannot be written to.
    Recipient,
    /// The platform refused: permission missing.
    Permission,
    /// Graph: another app has the thread.
    OtherAppsThread,
    /// The platform has blocked or restricted the account.
    Restricted,
    /// The text does not fit.
    TooLong,
    /// One of its files cannot be sent.
    File {
        /// Why.
        reason: FileRefusal,
    },
    /// The platform refused for another reason.
    Rejected {
        /// What the platform said, cleaned, at most 300 characters.
        said: String,
    },
    /// Not sent within 24 hours.
    Expired,
    /// No answer after the request had left.
    NoAnswer,
    /// The answer could not be understood, or was a server's failure.
    UnclearAnswer,
    /// The program ended while it was on the wire.
    Interrupted,
    /// A backup was restored that does not know what was sent since.
    Restored,
    /// It was not in the conversation after two fresh reads.
    NotFound,
    /// The user discarded it.
    Discarded,
}

/// Why a message is not sent without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum StaleCause {
    /// Waited for more than 30 minutes.
    #[default]
    Offline,
    /// The customer wrote meanwhile.
    MovedOn,
    /// Its time has passed by more than 5 minutes.
    Missed,
}

/// One try to send one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Attempt {
    /// When the first byte was about to leave.
    pub started_at: Timestamp,
    /// When the outcome was known; `None`: never.
    pub ended_at: Option<Timestamp>,
    /// What came of it, in a word of the state machine.
    pub outcome: Option<AttemptOutcome>,
    /// HTTP status, if there was an answer.
    pub http_status: Option<u16>,
    /// The provider's code and text, for *Details*; never a secret.
    pub detail: Option<String>,
}

/// What came of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The provider gave an id.
    Accepted,
    /// Proven not sent; may be tried again.
    NotSent,
    /// Proven not sent; trying again would not help.
    Refused,
    /// Not known.
    Ambiguous,
}

/// What the user decides about an own message that is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SendDecision {
    /// Failed: try again (only after a proven failure).
    Retry,
    /// Unknown or NeedsReview: read the conversation again now.
    CheckAgain,
    /// NeedsReview: send it once more, at the user's risk.
    SendAgain,
    /// NeedsReview: it arrived.
    ItArrived,
    /// Queued, Failed or NeedsReview: take it away. The text goes back to the draft if `Edit` was meant by the UI.
    Discard,
    /// Queued, and stale, held or scheduled: send it now, with the other parts of its intent.
    SendNow,
    /// Not sent yet, or failed: back into the draft, text and files, with the other parts of its intent that can.
    Edit,
    /// Let the messages that wait behind this one go.
    ReleaseWaiting,
}

/// One press of Send, as the page of everything sent shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LedgerEntry {
    /// Which.
    pub intent: IntentId,
    /// Through which account.
    pub account: AccountId,
    /// Where.
    pub platform: Platform,
    /// In which conversation.
    pub conversation: ConversationId,
    /// With whom, where known.
    pub person: Option<String>,
    /// When Send was pressed.
    pub created_at: Timestamp,
    /// When it shall leave, if it was for later.
    pub send_at: Option<Timestamp>,
    /// Derived from its parts: what the user must know first.
    pub state: SendState,
    /// In the order of sending.
    pub parts: Vec<LedgerPart>,
}

/// One message of a [`LedgerEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LedgerPart {
    /// Its message row; `None`: it was discarded.
    pub message: Option<MessageId>,
    /// What it is, if it is still there.
    pub kind: Option<MessageKind>,
    /// Its beginning, at most 200 characters.
    pub text: Option<String>,
    /// The platform's id, once there is one.
    pub remote_id: Option<RemoteId>,
    /// Where it stands.
    pub state: SendState,
    /// Why.
    pub reason: Option<SendReason>,
    /// Since when.
    pub since: Timestamp,
    /// Names of its files.
    pub files: Vec<String>,
    /// Each try, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A page of everything sent, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LedgerPage {
    /// The rows, in order.
    pub rows: Vec<LedgerEntry>,
    /// Where the next page begins; `None`: that was all.
    pub next: Option<Place>,
}

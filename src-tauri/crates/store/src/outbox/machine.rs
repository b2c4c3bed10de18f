//! The state machine of a part: the picture at the head of [`super`], as one function.

use backscroll_model::SendState;

/// A step in the life of a part. The names are those of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Begin,
    Upload,
    Uploaded,
    Accept,
    QueueAgain,
    Refuse,
    LoseTrack,
    FoundAtStart,
    Echo,
    /// Its echo was another one's.
    Mistaken,
    NotFound,
    Retry,
    SendAgain,
    Arrived,
    Discard,
    Expire,
    /// Refused or expired, after an attempt whose outcome was never known: that one may have been delivered.
    Doubt,
    /// Found in a backup: what became of it since is not known.
    Restored,
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Begin => "begun",
            Self::Upload => "uploading",
            Self::Uploaded => "uploaded",
            Self::Accept => "accepted",
            Self::QueueAgain => "queued again",
            Self::Refuse => "refused",
            Self::LoseTrack => "lost track of",
            Self::FoundAtStart => "found at start",
            Self::Echo => "echoed",
            Self::Mistaken => "mistaken for another",
            Self::NotFound => "not found",
            Self::Retry => "retried",
            Self::SendAgain => "sent again",
            Self::Arrived => "marked as arrived",
            Self::Discard => "discarded",
            Self::Expire => "expired",
            Self::Doubt => "doubted",
            Self::Restored => "restored",
        }
    }
}

/// The state machine: where a step leads, if it exists.
pub(super) fn next_state(from: SendState, step: Step) -> Option<SendState> {
    use SendState::{Accepted, Failed, NeedsReview, Queued, Sending, Settled, Unknown, Uploading};
    match (from, step) {
        (Queued, Step::Begin) => Some(Sending),
        (Queued, Step::Upload) => Some(Uploading),
        // Back in the queue: what must hold before a message leaves is looked at after its files are there.
        (Uploading, Step::Uploaded) => Some(Queued),
        (Sending, Step::Accept) => Some(Accepted),
        // Files on the way are no message yet.
        (Uploading | Sending, Step::QueueAgain) | (Uploading, Step::FoundAtStart) => Some(Queued),
        (Uploading | Sending, Step::Refuse) => Some(Failed),
        (Sending, Step::LoseTrack | Step::FoundAtStart) | (Accepted, Step::Mistaken) => Some(Unknown),
        (Queued | Uploading | Sending | Unknown | NeedsReview | Settled | Accepted, Step::Echo) => Some(Accepted),
        (Unknown, Step::NotFound) | (Queued | Uploading | Sending, Step::Doubt) => Some(NeedsReview),
        (Queued | Uploading | Sending | Failed, Step::Restored) => Some(Unknown),
        (Failed, Step::Retry) => Some(Queued),
        (NeedsReview, Step::SendAgain) => Some(Queued),
        (NeedsReview, Step::Arrived) => Some(Settled),
        (Queued | Uploading | Failed | NeedsReview, Step::Discard) | (Queued, Step::Expire) => Some(Failed),
        _ => None,
    }
}

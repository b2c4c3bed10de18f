//! The small closed sets of the model as the integers that the database holds. A number, once released, never changes
//! its meaning.

use backscroll_model::{AttemptOutcome, Backfill, Direction, MediaFailure, MediaState, MessageKind, Origin, SendState};

use crate::{Result, StoreError};

fn unknown<T>(column: &'static str, value: i64) -> Result<T> {
    Err(StoreError::Value { column, value: value.to_string() })
}

pub(crate) const IN: i64 = 0;
pub(crate) const OUT: i64 = 1;

pub(crate) fn direction(d: Direction) -> i64 {
    match d {
        Direction::In => IN,
        Direction::Out => OUT,
    }
}

pub(crate) fn direction_of(code: i64) -> Result<Direction> {
    match code {
        IN => Ok(Direction::In),
        OUT => Ok(Direction::Out),
        _ => unknown("direction", code),
    }
}

const KINDS: [MessageKind; 14] = [
    MessageKind::Text,
    MessageKind::Image,
    MessageKind::Video,
    MessageKind::Audio,
    MessageKind::File,
    MessageKind::Sticker,
    MessageKind::Share,
    MessageKind::Unsent,
    MessageKind::Unknown,
    MessageKind::StoryReply,
    MessageKind::StoryMention,
    MessageKind::Reel,
    MessageKind::Product,
    MessageKind::Template,
];
pub(crate) const UNSENT: i64 = 7;

pub(crate) fn kind(k: MessageKind) -> i64 {
    match k {
        MessageKind::Text => 0,
        MessageKind::Image => 1,
        MessageKind::Video => 2,
        MessageKind::Audio => 3,
        MessageKind::File => 4,
        MessageKind::Sticker => 5,
        MessageKind::Share => 6,
        MessageKind::Unsent => UNSENT,
        MessageKind::Unknown => 8,
        MessageKind::StoryReply => 9,
        MessageKind::StoryMention => 10,
        MessageKind::Reel => 11,
        MessageKind::Product => 12,
        MessageKind::Template => 13,
    }
}

pub(crate) fn kind_of(code: i64) -> Result<MessageKind> {
    pick(&KINDS, "kind", code)
}

pub(crate) const REMOTE: i64 = 0;
pub(crate) const BACKSCROLL: i64 = 1;
pub(crate) const ELSEWHERE: i64 = 2;
pub(crate) const AUTOMATIC: i64 = 3;

pub(crate) fn origin_of(code: i64) -> Result<Origin> {
    match code {
        REMOTE => Ok(Origin::Remote),
        BACKSCROLL => Ok(Origin::Backscroll),
        ELSEWHERE => Ok(Origin::Elsewhere),
        AUTOMATIC => Ok(Origin::Automatic),
        _ => unknown("origin", code),
    }
}

pub(crate) const QUEUED: i64 = 0;
pub(crate) const UPLOADING: i64 = 1;
pub(crate) const SENDING: i64 = 2;
pub(crate) const ACCEPTED: i64 = 3;
pub(crate) const FAILED: i64 = 4;
pub(crate) const IS_UNKNOWN: i64 = 5;

pub(crate) fn send_state(s: SendState) -> i64 {
    match s {
        SendState::Queued => QUEUED,
        SendState::Uploading => UPLOADING,
        SendState::Sending => SENDING,
        SendState::Accepted => ACCEPTED,
        SendState::Failed => FAILED,
        SendState::Unknown => IS_UNKNOWN,
        SendState::NeedsReview => 6,
        SendState::Settled => 7,
    }
}

pub(crate) fn send_state_of(code: i64) -> Result<SendState> {
    pick(&SendState::ALL, "send state", code)
}

pub(crate) fn outcome(o: AttemptOutcome) -> i64 {
    match o {
        AttemptOutcome::Accepted => 0,
        AttemptOutcome::NotSent => 1,
        AttemptOutcome::Refused => 2,
        AttemptOutcome::Ambiguous => 3,
    }
}

pub(crate) fn outcome_of(code: i64) -> Result<AttemptOutcome> {
    pick(
        &[AttemptOutcome::Accepted, AttemptOutcome::NotSent, AttemptOutcome::Refused, AttemptOutcome::Ambiguous],
        "outcome",
        code,
    )
}

pub(crate) fn backfill(b: Backfill) -> i64 {
    match b {
        Backfill::AwaitingChoice => 0,
        Backfill::Pending => 1,
        Backfill::Done => 2,
    }
}

pub(crate) fn backfill_of(code: i64) -> Result<Backfill> {
    pick(&[Backfill::AwaitingChoice, Backfill::Pending, Backfill::Done], "backfill", code)
}

pub(crate) const MEDIA_LINK: i64 = 0;
pub(crate) const MEDIA_WAITING: i64 = 1;
pub(crate) const MEDIA_READY: i64 = 2;
pub(crate) const MEDIA_GONE: i64 = 3;
pub(crate) const MEDIA_EVICTED: i64 = 7;

pub(crate) fn media_failure(f: MediaFailure) -> i64 {
    match f {
        MediaFailure::Gone => MEDIA_GONE,
        MediaFailure::TooLarge => 4,
        MediaFailure::Unreadable => 5,
        MediaFailure::Refused => 6,
    }
}

pub(crate) fn media_of(code: i64, path: Option<String>) -> Result<MediaState> {
    Ok(match code {
        MEDIA_LINK => MediaState::Link,
        MEDIA_WAITING => MediaState::Waiting,
        MEDIA_READY => {
            MediaState::Ready { path: path.ok_or(StoreError::Value { column: "path", value: "nothing".into() })? }
        }
        MEDIA_GONE => MediaState::Failed { reason: MediaFailure::Gone },
        4 => MediaState::Failed { reason: MediaFailure::TooLarge },
        5 => MediaState::Failed { reason: MediaFailure::Unreadable },
        6 => MediaState::Failed { reason: MediaFailure::Refused },
        MEDIA_EVICTED => MediaState::Evicted,
        _ => return unknown("media state", code),
    })
}

fn pick<T: Copy>(all: &[T], column: &'static str, code: i64) -> Result<T> {
    match usize::try_from(code).ok().and_then(|i| all.get(i)) {
        Some(value) => Ok(*value),
        None => unknown(column, code),
    }
}

/// Bits of `message.flags`: what need not be looked up where it is not set, and what the last reading left open.
pub(crate) mod flag {
    /// Has rows in `attachment`.
    pub(crate) const ATTACHMENTS: i64 = 1;
    /// Has rows in `reaction`.
    pub(crate) const REACTIONS: i64 = 2;
    /// Has a row in `raw`.
    pub(crate) const RAW: i64 = 4;
    /// The last complete reading that should have shown it did not.
    pub(crate) const ABSENT: i64 = 8;
    /// Quotes another message.
    pub(crate) const QUOTES: i64 = 16;
    /// Known from a webhook alone: no reading has shown it yet.
    pub(crate) const WEBHOOK: i64 = 32;
    /// Known from the provider before alone: the present one has not named it yet.
    pub(crate) const FORMER: i64 = 64;
    /// A webhook told it, readings or not.
    pub(crate) const HOOKED: i64 = 128;
    /// Known from a download alone: no provider has told it yet.
    pub(crate) const IMPORTED: i64 = 256;
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for k in KINDS {
            assert_eq!(kind_of(kind(k)).unwrap(), k);
        }
        for s in SendState::ALL {
            assert_eq!(send_state_of(send_state(s)).unwrap(), s);
        }
        for b in [Backfill::AwaitingChoice, Backfill::Pending, Backfill::Done] {
            assert_eq!(backfill_of(backfill(b)).unwrap(), b);
        }
        for f in [MediaFailure::Gone, MediaFailure::TooLarge, MediaFailure::Unreadable, MediaFailure::Refused] {
            assert_eq!(media_of(media_failure(f), None).unwrap(), MediaState::Failed { reason: f });
        }
        assert!(kind_of(99).is_err());
    }
}

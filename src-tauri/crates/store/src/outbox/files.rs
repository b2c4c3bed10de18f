//! The files of a part on their way to the provider. Nobody sees them before the message that names them, so whatever
//! happens here proves that nothing was sent, and an upload may always be tried again.

use backscroll_model::{Change, MessageId, SendReason, SendState, Timestamp};
use rusqlite::Connection;

use super::{Step, changes, fail, part, step};
use crate::{Result, StoreError};

/// What came of uploading the files of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadOutcome {
    /// All of them are there: it is the part's turn again.
    Done,
    /// Goes on at `next_at`; finished ones are kept.
    Later {
        /// Why it waits.
        reason: SendReason,
        /// When it may go on.
        next_at: Option<Timestamp>,
    },
    /// One of them cannot be uploaded.
    Refused {
        /// Why.
        reason: SendReason,
    },
}

/// Its files begin to leave.
pub fn begin_upload(connection: &Connection, message: MessageId, now: Timestamp) -> Result<Vec<Change>> {
    let part = part(connection, message)?;
    step(connection, &part, Step::Upload, None, None, now)?;
    changes(connection, &part, false)
}

/// They are there, or not. If an echo was there first (of an attempt before), nothing undoes that.
pub fn finish_upload(
    connection: &Connection,
    message: MessageId,
    outcome: &UploadOutcome,
    now: Timestamp,
) -> Result<Vec<Change>> {
    let part = part(connection, message)?;
    if part.state == SendState::Accepted {
        return Ok(Vec::new());
    }
    // The steps below exist for what is on the wire as well, and prove nothing of that.
    if part.state != SendState::Uploading {
        return Err(StoreError::Transition { from: part.state, step: Step::Uploaded.name() });
    }
    match outcome {
        UploadOutcome::Done => step(connection, &part, Step::Uploaded, None, None, now)?,
        UploadOutcome::Later { reason, next_at } => {
            step(connection, &part, Step::QueueAgain, Some(reason), *next_at, now)?
        }
        UploadOutcome::Refused { reason } => fail(connection, &part, Step::Refuse, reason, now)?,
    };
    changes(connection, &part, false)
}

//! What the user decides about a message that is stuck. A decision that no longer fits is an error: an echo or an
//! answer was faster.

use backscroll_model::{Change, ConversationId, MessageId, SendDecision, SendReason, SendState, Timestamp};
use rusqlite::Connection;

use super::{Part, Row, Step, changes, part, save, step};
use crate::{Result, StoreError, search};

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// What to read again.
    pub changes: Vec<Change>,
    /// Of a discarded message: its text, for the draft if the user wants to edit it.
    pub text: Option<String>,
}

/// Carries out a decision. [`SendDecision::CheckAgain`] changes no row: reading is the engine's.
pub fn decide(connection: &Connection, message: MessageId, decision: SendDecision, now: Timestamp) -> Result<Decided> {
    let part = part(connection, message)?;
    let changes = match decision {
        SendDecision::Retry => retry(connection, &part, now)?,
        SendDecision::CheckAgain => check_again(&part)?,
        SendDecision::SendAgain => send_again(connection, &part, now)?,
        SendDecision::ItArrived => it_arrived(connection, &part, now)?,
        SendDecision::Discard => return discard(connection, &part, now),
        SendDecision::SendNow => send_now(connection, &part, now)?,
        SendDecision::ReleaseWaiting => release_waiting(connection, &part)?,
    };
    Ok(Decided { changes, text: None })
}

fn refuse<T>(part: &Part, step: Step) -> Result<T> {
    Err(StoreError::Transition { from: part.state, step: step.name() })
}

/// Only after a proven failure.
fn retry(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    step(connection, part, Step::Retry, None, None, now)?;
    want(connection, part, now)?;
    changes(connection, part, false)
}

fn check_again(part: &Part) -> Result<Vec<Change>> {
    match part.state {
        SendState::Unknown | SendState::NeedsReview => Ok(Vec::new()),
        _ => refuse(part, Step::NotFound),
    }
}

/// At the user's risk: the one way in which a message may be delivered twice.
fn send_again(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    step(connection, part, Step::SendAgain, None, None, now)?;
    want(connection, part, now)?;
    changes(connection, part, false)
}

fn it_arrived(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    step(connection, part, Step::Arrived, None, None, now)?;
    changes(connection, part, false)
}

/// The bubble goes; intent, part and attempts stay.
fn discard(connection: &Connection, part: &Part, now: Timestamp) -> Result<Decided> {
    step(connection, part, Step::Discard, Some(&SendReason::Discarded), None, now)?;
    let text: Option<String> = connection
        .prepare_cached("DELETE FROM message WHERE id = ?1 RETURNING text")?
        .query_row([part.message], |row| row.get(0))?;
    search::remove(connection, part.message)?;
    let conversation = ConversationId(part.conversation);
    let mut changes = vec![Change::Messages { conversation, ids: vec![MessageId(part.message)], added: false }];
    if let Some(mut row) = Row::load(connection, part.conversation)? {
        row.now.messages = row.now.messages.saturating_sub(1);
        save(connection, part.account, &mut row, &mut changes)?;
    }
    Ok(Decided { changes, text })
}

fn send_now(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    if part.state != SendState::Queued || part.reason != Some(SendReason::Stale) {
        return refuse(part, Step::Begin);
    }
    connection.prepare_cached("UPDATE part SET reason = NULL, next_at = NULL WHERE id = ?1")?.execute([part.id])?;
    want(connection, part, now)?;
    changes(connection, part, false)
}

/// The part itself stays where it is; it no longer holds up those behind it.
fn release_waiting(connection: &Connection, part: &Part) -> Result<Vec<Change>> {
    if !matches!(part.state, SendState::Unknown | SendState::NeedsReview) {
        return refuse(part, Step::NotFound);
    }
    connection.prepare_cached("UPDATE part SET released = 1 WHERE id = ?1")?.execute([part.id])?;
    changes(connection, part, false)
}

fn want(connection: &Connection, part: &Part, now: Timestamp) -> Result<()> {
    connection.prepare_cached("UPDATE part SET wanted_at = ?2 WHERE id = ?1")?.execute((part.id, now.0))?;
    Ok(())
}

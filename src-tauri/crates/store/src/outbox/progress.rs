//! What is shown of the outbox: the state of a bubble, of an intent, and the attempts for *Details*.

use backscroll_model::{Attempt, IntentId, MessageId, SendProgress, SendReason, SendState, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::reason_of;
use crate::{Result, StoreError, codes};

/// Where a message of ours stands; `None`: it was not sent by us, or it is gone.
pub fn progress(connection: &Connection, message: MessageId) -> Result<Option<SendProgress>> {
    let found = connection
        .prepare_cached(
            "SELECT p.state, p.reason, p.since, p.next_at,
                (SELECT count(*) FROM part l WHERE l.account = p.account AND l.conversation = p.conversation
                    AND l.state NOT IN (3, 4) AND l.state = 0 AND p.released = 0
                    AND (l.intent, l.ordinal) > (p.intent, p.ordinal)),
                EXISTS (SELECT 1 FROM part e WHERE e.account = p.account AND e.conversation = p.conversation
                    AND e.state NOT IN (3, 4) AND e.state <> 7 AND e.released = 0
                    AND (e.intent, e.ordinal) < (p.intent, p.ordinal))
             FROM part p WHERE p.message = ?1",
        )?
        .query_row([message.0], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, Option<String>>(1)?,
                Timestamp(row.get(2)?),
                row.get::<_, Option<i64>>(3)?.map(Timestamp),
                row.get::<_, u32>(4)?,
                row.get::<_, bool>(5)?,
            ))
        })
        .optional()?;
    let Some((state, reason, since, next_at, behind, blocked)) = found else { return Ok(None) };
    let state = codes::send_state_of(state)?;
    let mut reason = reason_of(reason)?;
    if state == SendState::Queued && blocked && reason.is_none() {
        reason = Some(SendReason::BehindEarlier);
    }
    let waiting_behind = if matches!(state, SendState::Unknown | SendState::NeedsReview) { behind } else { 0 };
    Ok(Some(SendProgress { state, reason, since, next_at, waiting_behind }))
}

/// The state of an intent: that of its part that is furthest from done.
pub fn intent_state(connection: &Connection, intent: IntentId) -> Result<SendState> {
    let states: Vec<i64> = connection
        .prepare_cached("SELECT state FROM part WHERE intent = ?1")?
        .query_map([intent.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for state in states {
        found.push(codes::send_state_of(state)?);
    }
    // What the user must know first comes first.
    let order = [
        SendState::NeedsReview,
        SendState::Unknown,
        SendState::Failed,
        SendState::Sending,
        SendState::Uploading,
        SendState::Queued,
        SendState::Settled,
        SendState::Accepted,
    ];
    order.into_iter().find(|state| found.contains(state)).ok_or(StoreError::NotFound("intent"))
}

/// Each attempt to send a message, oldest first.
pub fn attempts(connection: &Connection, message: MessageId) -> Result<Vec<Attempt>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.started_at, a.ended_at, a.outcome, a.http_status, a.detail
         FROM part p JOIN attempt a ON a.part = p.id WHERE p.message = ?1 ORDER BY a.id",
    )?;
    let mut rows = statement.query([message.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Attempt {
            started_at: Timestamp(row.get(0)?),
            ended_at: row.get::<_, Option<i64>>(1)?.map(Timestamp),
            outcome: row.get::<_, Option<i64>>(2)?.map(codes::outcome_of).transpose()?,
            http_status: row.get(3)?,
            detail: row.get(4)?,
        });
    }
    Ok(found)
}

//! What is shown of the outbox: the state of a bubble, of an intent, and the attempts for *Details*.

use backscroll_model::{Attempt, IntentId, IntentParts, MessageId, SendProgress, SendReason, SendState, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{reason_json, reason_of};
use crate::{Result, StoreError, codes};

/// Where a message of ours stands; `None`: it was not sent by us, or it is gone.
pub fn progress(connection: &Connection, message: MessageId) -> Result<Option<SendProgress>> {
    let found = connection
        .prepare_cached(
            "SELECT p.state, p.reason, p.since, p.next_at,
                (SELECT count(*) FROM part l WHERE l.account = p.account AND l.conversation = p.conversation
                    AND l.state NOT IN (3, 4) AND l.state = 0 AND p.released = 0
                    AND (l.reason IS NULL OR l.reason <> ?2)
                    AND (l.intent, l.ordinal) > (p.intent, p.ordinal)),
                EXISTS (SELECT 1 FROM part e WHERE e.account = p.account AND e.conversation = p.conversation
                    AND e.state NOT IN (3, 4) AND e.state <> 7 AND e.released = 0
                    AND (e.reason IS NULL OR e.reason <> ?2)
                    AND (e.intent, e.ordinal) < (p.intent, p.ordinal)),
                p.intent, p.ordinal + 1,
                (SELECT count(*) FROM part s WHERE s.intent = p.intent AND s.state IN (3, 7)),
                (SELECT count(*) FROM part s WHERE s.intent = p.intent)
             FROM part p WHERE p.message = ?1",
        )?
        .query_row((message.0, reason_json(Some(&SendReason::Scheduled))?), |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, Option<String>>(1)?,
                Timestamp(row.get(2)?),
                row.get::<_, Option<i64>>(3)?.map(Timestamp),
                row.get::<_, u32>(4)?,
                row.get::<_, bool>(5)?,
                IntentParts { intent: IntentId(row.get(6)?), part: row.get(7)?, sent: row.get(8)?, all: row.get(9)? },
            ))
        })
        .optional()?;
    let Some((state, reason, since, next_at, behind, blocked, parts)) = found else { return Ok(None) };
    let state = codes::send_state_of(state)?;
    let mut reason = reason_of(reason)?;
    if state == SendState::Queued && blocked && reason.is_none() {
        reason = Some(SendReason::BehindEarlier);
    }
    let waiting_behind = if matches!(state, SendState::Unknown | SendState::NeedsReview) { behind } else { 0 };
    let parts = Some(parts).filter(|parts| parts.all > 1);
    Ok(Some(SendProgress { state, reason, since, next_at, waiting_behind, upload: None, parts }))
}

/// The state of an intent: that of its part that is furthest from done.
pub fn intent_state(connection: &Connection, intent: IntentId) -> Result<SendState> {
    let states: Vec<SendState> = connection
        .prepare_cached("SELECT state FROM part WHERE intent = ?1")?
        .query_map([intent.0], |row| row.get(0))?
        .map(|code| codes::send_state_of(code?))
        .collect::<Result<_>>()?;
    derived(&states).ok_or(StoreError::NotFound("intent"))
}

/// The state of an intent with parts in these states.
pub(super) fn derived(states: &[SendState]) -> Option<SendState> {
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
    order.into_iter().find(|state| states.contains(state))
}

/// Each attempt to send a message, oldest first.
pub fn attempts(connection: &Connection, message: MessageId) -> Result<Vec<Attempt>> {
    let part: Option<i64> = connection
        .prepare_cached("SELECT id FROM part WHERE message = ?1")?
        .query_row([message.0], |row| row.get(0))
        .optional()?;
    part.map_or_else(|| Ok(Vec::new()), |part| attempts_of(connection, part))
}

/// Each attempt of a part, oldest first.
pub(super) fn attempts_of(connection: &Connection, part: i64) -> Result<Vec<Attempt>> {
    let mut statement = connection.prepare_cached(
        "SELECT started_at, ended_at, outcome, http_status, detail FROM attempt WHERE part = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([part])?;
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

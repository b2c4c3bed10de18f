//! What a backup knows of sending is old: whatever it holds may have been sent, sent again or discarded since.
//!
//! So nothing of it may leave by itself, nor by a *Retry* that promises to be safe. Each part that is not settled is
//! *Unknown*: the conversation is read back, an echo from the time since the backup settles it, and otherwise the user is
//! asked. An attempt is written down for it, for there may have been one.

use backscroll_model::{MessageId, SendReason, SendState, Timestamp};
use rusqlite::Connection;

use super::{Step, changes, part, step};
use crate::Result;

/// Takes from everything that a restored backup of `made_at` holds the right to be sent. Answers how many parts that are.
pub(crate) fn restored(
    connection: &Connection,
    made_at: Option<Timestamp>,
    now: Timestamp,
    read_back_until: Timestamp,
) -> Result<u32> {
    let found: Vec<(i64, i64)> = connection
        .prepare("SELECT message, since FROM part WHERE state NOT IN (3, 7) AND message IS NOT NULL ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (message, since) in &found {
        let part = part(connection, MessageId(*message))?;
        connection
            .prepare_cached(
                "INSERT INTO attempt (part, started_at, ended_at, outcome, body_hash) VALUES (?1, ?2, ?3, 3, 0)",
            )?
            .execute((part.id, made_at.map_or(*since, |at| at.0.min(now.0)), now.0))?;
        // What failed held nobody up, and shall not begin to.
        connection
            .prepare_cached(
                "UPDATE part SET fresh_reads = 0, read_at = NULL, released = max(released, state = 4) WHERE id = ?1",
            )?
            .execute([part.id])?;
        connection
            .prepare_cached("UPDATE intent SET send_at = NULL, hold_until = NULL WHERE id = ?1")?
            .execute([part.intent])?;
        if !matches!(part.state, SendState::Unknown | SendState::NeedsReview) {
            step(connection, &part, Step::Restored, Some(&SendReason::Restored), Some(read_back_until), now)?;
        }
        drop(changes(connection, &part, false)?);
    }
    Ok(u32::try_from(found.len()).unwrap_or(u32::MAX))
}

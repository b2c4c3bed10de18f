//! What is *Sending* or *Uploading* although nobody is at it: the job that did panicked, or could not write its outcome down.

use std::collections::BTreeSet;

use backscroll_model::{AccountId, Change, ConversationId, MessageId, SendReason, SendState, Timestamp};
use rusqlite::Connection;

use super::{Step, changes, part, step};
use crate::Result;

/// Makes it unknown, or queues it again, as [`super::sending_found_at_start`] does, while the program runs: only in conversations of the
/// account without a job `at_work`.
pub fn sending_lost(
    connection: &Connection,
    account: AccountId,
    at_work: &BTreeSet<ConversationId>,
    now: Timestamp,
    read_back_until: Timestamp,
) -> Result<Vec<Change>> {
    let found: Vec<(i64, i64)> = connection
        .prepare_cached(
            "SELECT message, conversation FROM part INDEXED BY part_unfinished
             WHERE account = ?1 AND state NOT IN (3, 4) AND state IN (1, 2) AND message IS NOT NULL ORDER BY id",
        )?
        .query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut all = Vec::new();
    for (message, conversation) in found {
        if at_work.contains(&ConversationId(conversation)) {
            continue;
        }
        let part = part(connection, MessageId(message))?;
        let (reason, next_at) = match part.state {
            SendState::Sending => (Some(&SendReason::Interrupted), Some(read_back_until)),
            _ => (None, None),
        };
        step(connection, &part, Step::FoundAtStart, reason, next_at, now)?;
        all.extend(changes(connection, &part, false)?);
    }
    Ok(all)
}

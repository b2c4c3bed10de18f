//! A part whose files the platform takes only one by one becomes as many parts as it has files.
//!
//! Promises: each file is in exactly one part, in the order in which the user put them, and what the intent has behind
//! them stays behind them. The first keeps the row, its attempts and what it quotes.

use backscroll_model::{MessageId, OutgoingFileId, Timestamp};
use rusqlite::Connection;

use super::Part;
use crate::{Result, ids::Ids};

/// Takes a part that is queued apart; answers the message rows of the new parts, in order. `client_refs`: what they
/// plant in their requests; files without one stay where they are.
pub(super) fn take_apart(
    connection: &Connection,
    part: &Part,
    client_refs: &[String],
    now: Timestamp,
) -> Result<Vec<MessageId>> {
    let files: Vec<OutgoingFileId> = connection
        .prepare_cached(
            "SELECT id FROM outgoing_file INDEXED BY outgoing_file_part WHERE part = ?1 ORDER BY ordinal LIMIT -1 OFFSET 1",
        )?
        .query_map([part.id], |row| row.get(0).map(OutgoingFileId))?
        .collect::<rusqlite::Result<_>>()?;
    let apart: Vec<(OutgoingFileId, &String)> = files.into_iter().zip(client_refs).collect();
    let room = i64::try_from(apart.len()).unwrap_or(i64::MAX);
    let behind = "intent = ?1 AND ordinal > (SELECT ordinal FROM part WHERE id = ?2)";
    connection
        .prepare_cached(&format!(
            "UPDATE message SET tie = tie + ?3 WHERE id IN (SELECT message FROM part WHERE {behind})"
        ))?
        .execute((part.intent, part.id, room))?;
    connection.prepare_cached(&format!("UPDATE part SET ordinal = ordinal + ?3 WHERE {behind}"))?.execute((
        part.intent,
        part.id,
        room,
    ))?;
    let (mut ids, mut messages) = (Ids::default(), Vec::new());
    for (n, (file, client_ref)) in (1_i64..).zip(apart) {
        let message = ids.take(connection, now)?;
        connection
            .prepare_cached(
                "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, send_state, account, digest)
                 SELECT ?2, conversation, at, tie + ?3, direction, kind, origin, flags & ~?4, send_state, account, 0
                 FROM message WHERE id = ?1",
            )?
            .execute((part.message, message.0, n, crate::codes::flag::QUOTES))?;
        connection
            .prepare_cached(
                "INSERT INTO part (intent, ordinal, account, conversation, message, state, since, wanted_at, client_ref)
                 SELECT intent, ordinal + ?3, account, conversation, ?2, state, ?4, wanted_at, ?5 FROM part WHERE id = ?1",
            )?
            .execute((part.id, message.0, n, now.0, client_ref))?;
        let new = connection.last_insert_rowid();
        connection
            .prepare_cached("UPDATE outgoing_file SET part = ?2, ordinal = 0 WHERE id = ?1")?
            .execute((file.0, new))?;
        connection
            .prepare_cached("UPDATE attachment SET message = ?2, ordinal = 0 WHERE message = ?1 AND ordinal = ?3")?
            .execute((part.message, message.0, n))?;
        messages.push(message);
    }
    Ok(messages)
}

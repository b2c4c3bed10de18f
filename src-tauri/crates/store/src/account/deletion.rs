//! Deleting the history of an account, in steps that nobody has to wait for.

use backscroll_model::AccountId;
use rusqlite::{Connection, OptionalExtension};

use crate::Result;

/// What one step of deleting a history did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteStep {
    /// Messages deleted by this step.
    pub messages: u32,
    /// Whether nothing is left: the account's row is gone too.
    pub done: bool,
}

/// Messages deleted in one step: some 20 ms.
const DELETE_STEP: u32 = 500;

/// Deletes the history of an account for good, one short transaction at a time: call it until it is done. Safe to stop
/// in between; what is left is whole.
pub fn delete_history(connection: &Connection, id: AccountId) -> Result<DeleteStep> {
    let conversation: Option<i64> = connection
        .prepare_cached("SELECT id FROM conversation WHERE account = ?1 LIMIT 1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let Some(conversation) = conversation else {
        let business: Option<i64> = connection
            .prepare_cached("DELETE FROM account WHERE id = ?1 RETURNING business")?
            .query_row([id.0], |row| row.get(0))
            .optional()?;
        connection
            .prepare_cached(
                "DELETE FROM business WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM account WHERE business = ?1)",
            )?
            .execute([business])?;
        return Ok(DeleteStep { messages: 0, done: true });
    };
    let messages: Vec<i64> = connection
        .prepare_cached("SELECT id FROM message WHERE conversation = ?1 ORDER BY at LIMIT ?2")?
        .query_map((conversation, DELETE_STEP), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if messages.is_empty() {
        let participant: Option<i64> = connection
            .prepare_cached("DELETE FROM conversation WHERE id = ?1 RETURNING participant")?
            .query_row([conversation], |row| row.get(0))?;
        connection
            .prepare_cached(
                "DELETE FROM participant
                 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM conversation WHERE participant = ?1)",
            )?
            .execute([participant])?;
        return Ok(DeleteStep { messages: 0, done: false });
    }
    {
        let mut search = connection.prepare_cached("DELETE FROM message_search WHERE rowid = ?1")?;
        let mut message = connection.prepare_cached("DELETE FROM message WHERE id = ?1")?;
        for id in &messages {
            search.execute([id])?;
            message.execute([id])?;
        }
    }
    let deleted = u32::try_from(messages.len()).unwrap_or(DELETE_STEP);
    connection
        .prepare_cached("UPDATE conversation SET messages = max(messages - ?2, 0) WHERE id = ?1")?
        .execute((conversation, deleted))?;
    Ok(DeleteStep { messages: deleted, done: false })
}

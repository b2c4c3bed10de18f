//! The persons on the other side, where a question is about them and not about a conversation.

use backscroll_model::{AccountId, RemoteId};
use rusqlite::Connection;

use crate::Result;

/// Conversations whose person has no picture, those of the newest messages first: conversation and person. A walk
/// through the account's conversations, for now and then.
pub fn people_without_picture(
    connection: &Connection,
    account: AccountId,
    limit: u32,
) -> Result<Vec<(RemoteId, RemoteId)>> {
    let mut statement = connection.prepare_cached(
        "SELECT c.remote_id, p.remote_id FROM conversation c JOIN participant p ON p.id = c.participant
         WHERE c.account = ?1 AND p.avatar_url IS NULL ORDER BY c.last_at DESC LIMIT ?2",
    )?;
    let rows =
        statement.query_map((account.0, limit), |row| Ok((RemoteId(row.get(0)?), RemoteId(row.get(1)?))))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

//! Which platform's message a part became: told by the answer to its sending, or by its echo, whichever comes first.

use backscroll_model::{Change, ConversationId, MINUTE, MessageId, RemoteId, SendReason, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{Part, Step, keep_order, step};
use crate::{Result, StoreError, ids, placeholder};

/// A part of which an echo was taken away is looked for so long before the user is asked (`reliability.md`, 6).
const READ_BACK: i64 = 5 * MINUTE;

/// The answer named the message: the row gets the id. Where its echo is a row already, the two become one; where the
/// echo of a twin was taken for it, the twins change places; where its echo was taken for that of a twin of ours, nobody
/// knows of the twin any more.
pub(super) fn take_remote_id(
    connection: &Connection,
    part: &Part,
    remote_id: &RemoteId,
    now: Timestamp,
    all: &mut Vec<Change>,
) -> Result<()> {
    let place = |id: i64| -> Result<(Option<String>, i64, i64)> {
        Ok(connection
            .prepare_cached("SELECT remote_id, at, tie FROM message WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
    };
    let put = |id: i64, (remote_id, at, tie): (Option<&str>, i64, i64)| -> Result<()> {
        connection
            .prepare_cached(
                "UPDATE message SET remote_id = ?2, remote_hash = id_hash(?2), at = ?3, tie = ?4, digest = 0
                 WHERE id = ?1",
            )?
            .execute((id, remote_id, at, tie))?;
        Ok(())
    };
    let (mine, at, tie) = place(part.message)?;
    if mine.as_deref() == Some(remote_id.as_str()) {
        return Ok(());
    }
    let other: Option<i64> = connection
        .prepare_cached("SELECT id FROM message WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2")?
        .query_row((part.account, remote_id.as_str()), |row| row.get(0))
        .optional()?;
    let counted = placeholder::came(connection, part.account, std::iter::once(remote_id))?;
    if !counted.is_empty() {
        all.push(Change::Conversation { id: ConversationId(part.conversation) });
    }
    let Some(other) = other else {
        if mine.is_some() {
            look_again(connection, part.conversation)?;
        }
        return put(part.message, (Some(remote_id.as_str()), at, tie));
    };
    let (theirs, their_at, their_tie) = place(other)?;
    match (&mine, sent_as(connection, other)?) {
        (None, Some(twin)) => {
            put(other, (None, their_at, their_tie))?;
            let read_back_until = now.plus(READ_BACK);
            step(connection, &twin, Step::Mistaken, Some(&SendReason::NoAnswer), Some(read_back_until), now)?;
            connection
                .prepare_cached("UPDATE part SET fresh_reads = 0, read_at = NULL WHERE id = ?1")?
                .execute([twin.id])?;
        }
        (None, None) => {
            ids::remove(connection, other)?;
            connection
                .prepare_cached("UPDATE conversation SET messages = max(messages - 1, 0) WHERE id = ?1")?
                .execute([part.conversation])?;
        }
        (Some(mine), _) => {
            put(part.message, (None, at, tie))?;
            put(other, (Some(mine), at, tie))?;
        }
    }
    put(part.message, (theirs.as_deref(), their_at, their_tie))?;
    let moved = keep_order(connection, part.conversation, part.message, (at, tie), (their_at, their_tie))?;
    look_again(connection, part.conversation)?;
    all.push(Change::Messages {
        conversation: ConversationId(part.conversation),
        ids: std::iter::once(other).chain(moved).map(MessageId).collect(),
        added: false,
    });
    Ok(())
}

/// The part of which a message is the row.
fn sent_as(connection: &Connection, message: i64) -> Result<Option<Part>> {
    match super::part(connection, MessageId(message)) {
        Ok(part) => Ok(Some(part)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The next page is compared message by message, even if it is the one that was seen last.
fn look_again(connection: &Connection, conversation: i64) -> Result<()> {
    connection.prepare_cached("UPDATE conversation SET page_digest = NULL WHERE id = ?1")?.execute([conversation])?;
    Ok(())
}

/// The echo of a part was read: it is accepted, whatever was thought of it. `apply` derives the conversation's row.
pub(crate) fn echoed(
    connection: &Connection,
    part: i64,
    message: i64,
    remote_id: &RemoteId,
    at: Timestamp,
) -> Result<()> {
    let part = Part { id: part, ..super::part(connection, MessageId(message))? };
    step(connection, &part, Step::Echo, None, None, at)?;
    connection
        .prepare_cached("UPDATE message SET remote_id = ?2, remote_hash = id_hash(?2) WHERE id = ?1")?
        .execute((message, remote_id.as_str()))?;
    Ok(())
}

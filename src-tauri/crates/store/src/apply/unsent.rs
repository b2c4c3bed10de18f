//! What was taken back: tombstones, and what is taken back before it is seen.

use backscroll_model::{DAY, RemoteId, Timestamp};
use rusqlite::Connection;

use super::{Facts, Work, merge};
use crate::{Result, codes, gaps::Covered, parked, placeholder, search};

/// Turns a message into a tombstone; one that is not held yet becomes one when it comes. Returns whether a row changed.
pub(super) fn take_back(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    remote_id: &RemoteId,
    now: Timestamp,
) -> Result<bool> {
    let Some(held) = merge::find(connection, facts, remote_id)? else {
        connection
            .prepare_cached(
                "INSERT INTO unsent (account, remote_id, unsent_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute((facts.account, remote_id.as_str(), now.0))?;
        connection.prepare_cached(FORGET_UNSENT)?.execute([now.plus(-UNSENT_WAITS).0])?;
        parked::forget(connection, facts, remote_id)?;
        let counted = placeholder::came(connection, facts.account, std::iter::once(remote_id))?;
        if counted.contains(&work.row.id) {
            work.covered = Covered::Reshaped;
        }
        return Ok(false);
    };
    if held.kind == codes::UNSENT || held.conversation != work.row.id {
        return Ok(false);
    }
    tombstone(connection, held.id)?;
    work.touched.insert(held.id);
    work.delta.recompute = true;
    Ok(true)
}

/// The text goes, with all that would give it back: files, reactions, payload, index.
pub(super) fn tombstone(connection: &Connection, id: i64) -> Result<()> {
    for sql in [
        "DELETE FROM attachment WHERE message = ?1",
        "DELETE FROM reaction WHERE message = ?1",
        "DELETE FROM raw WHERE id = ?1",
        "DELETE FROM parked WHERE (account, message) = (SELECT account, remote_id FROM message WHERE id = ?1)",
        "UPDATE message SET kind = 7, text = NULL, reply_to = NULL, flags = flags & 480,
            announce = nullif(announce, 1) WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    search::remove(connection, id)
}

/// Whether the message was taken back before it was seen; it becomes a tombstone now, and no longer waits for that.
pub(super) fn was_unsent(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<bool> {
    Ok(connection.prepare_cached(WAS_UNSENT)?.execute((facts.account, remote_id.as_str()))? > 0)
}

/// Whether the account waits for any such: the usual case costs one look.
pub(super) fn any(connection: &Connection, facts: &Facts) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unsent WHERE account = ?1)")?
        .query_row([facts.account], |row| row.get(0))?)
}

pub(super) const WAS_UNSENT: &str = "DELETE FROM unsent WHERE account = ?1 AND remote_id = ?2";
pub(super) const FORGET_UNSENT: &str = "DELETE FROM unsent WHERE unsent_at < ?1";
/// A message that does not come in this time never will, in ms.
const UNSENT_WAITS: i64 = 30 * DAY;

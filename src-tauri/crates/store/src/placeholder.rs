//! Placeholders: messages of which a provider tells no more than id and time (`architecture.md`, coverage;
//! `reference/meta-graph.md` 4.4). They are counted in the gap that they lie in and are no rows of the thread.
//!
//! Promises: one goes when its message comes by any way, or is taken back, and never comes again. Listing what is held
//! writes nothing and costs one set query, so a list of ids can be walked as often as one likes.

use backscroll_model::{RemoteId, Timestamp};
use rusqlite::Connection;
use serde_json::Value;

use crate::Result;

/// A listed message: our conversation, the platform's id, when.
pub(crate) type Listed<'p> = (i64, &'p RemoteId, Timestamp);

/// Notes those of the listed messages that are neither held nor taken back; answers the conversations that got one.
/// Call it after the messages of the same batch are rows.
pub(crate) fn list(connection: &Connection, account: i64, listed: &[Listed<'_>]) -> Result<Vec<i64>> {
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Value> =
        listed.iter().map(|(conversation, id, at)| serde_json::json!([conversation, id.as_str(), at.0])).collect();
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map((account, Value::from(wanted).to_string()), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The earlier time counts, so that the order of listings does not.
pub(crate) const LIST: &str = "INSERT INTO placeholder (account, remote_id, conversation, at)
    SELECT ?1, value ->> 1, value ->> 0, value ->> 2 FROM json_each(?2) wanted
    WHERE NOT EXISTS (SELECT 1 FROM message WHERE account = ?1
            AND remote_hash = id_hash(wanted.value ->> 1) AND remote_id = wanted.value ->> 1)
        AND NOT EXISTS (SELECT 1 FROM alias WHERE account = ?1 AND remote_id = wanted.value ->> 1)
        AND NOT EXISTS (SELECT 1 FROM unsent WHERE account = ?1 AND remote_id = wanted.value ->> 1)
    ON CONFLICT (account, remote_id) DO UPDATE SET at = excluded.at WHERE excluded.at < at
    RETURNING conversation";

/// Whether the account has any: the usual case costs one look.
pub(crate) fn any(connection: &Connection, account: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM placeholder WHERE account = ?1)")?
        .query_row([account], |row| row.get(0))?)
}

/// These messages are rows now, or taken back; answers the conversations that lost one.
pub(crate) fn came<'p>(
    connection: &Connection,
    account: i64,
    ids: impl Iterator<Item = &'p RemoteId>,
) -> Result<Vec<i64>> {
    let ids: Vec<&str> = ids.map(RemoteId::as_str).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(CAME)?;
    let rows = statement.query_map((account, Value::from(ids).to_string()), |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) const CAME: &str = "DELETE FROM placeholder WHERE account = ?1
    AND remote_id IN (SELECT value FROM json_each(?2)) RETURNING conversation";

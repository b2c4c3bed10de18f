//! Cursors: where a walk through a provider's list goes on. Written only in the transaction of the events that they
//! stand behind (`architecture.md`, invariant 2), so a crash reads again and never skips.

use std::collections::BTreeMap;

use backscroll_model::AccountId;
use rusqlite::{Connection, OptionalExtension};

use crate::Result;

/// Remembers or forgets one; a cursor that stands where it stood is not written.
pub(crate) fn set(connection: &Connection, account: AccountId, name: &str, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => connection
            .prepare_cached(
                "INSERT INTO cursor (account, name, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (account, name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
            )?
            .execute((account.0, name, value))?,
        None => connection
            .prepare_cached("DELETE FROM cursor WHERE account = ?1 AND name = ?2")?
            .execute((account.0, name))?,
    };
    Ok(())
}

/// One cursor.
pub fn cursor(connection: &Connection, account: AccountId, name: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT value FROM cursor WHERE account = ?1 AND name = ?2")?
        .query_row((account.0, name), |row| row.get(0))
        .optional()?)
}

/// All cursors of an account by name.
pub fn cursors(connection: &Connection, account: AccountId) -> Result<BTreeMap<String, String>> {
    let mut statement = connection.prepare_cached("SELECT name, value FROM cursor WHERE account = ?1")?;
    let rows = statement.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets one: what it is a place in is done.
pub fn forget_cursor(connection: &Connection, account: AccountId, name: &str) -> Result<()> {
    set(connection, account, name, None)
}

//! Shops, which group accounts. One without an account is not shown.

use backscroll_model::{Business, BusinessId};
use rusqlite::Connection;

use crate::Result;

/// Adds a shop.
pub fn add_business(connection: &Connection, name: &str) -> Result<BusinessId> {
    connection.prepare_cached("INSERT INTO business (name) VALUES (?1)")?.execute([name])?;
    Ok(BusinessId(connection.last_insert_rowid()))
}

/// Renames a shop.
pub fn rename_business(connection: &Connection, id: BusinessId, name: &str) -> Result<()> {
    connection.prepare_cached("UPDATE business SET name = ?2 WHERE id = ?1")?.execute((id.0, name))?;
    Ok(())
}

/// All shops that have an account, oldest first.
pub fn businesses(connection: &Connection) -> Result<Vec<Business>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name FROM business b WHERE EXISTS (SELECT 1 FROM account a WHERE a.business = b.id) ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| Ok(Business { id: BusinessId(row.get(0)?), name: row.get(1)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

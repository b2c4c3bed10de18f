//! Connections: who gives access to accounts. Their secrets are the keychain's.

use backscroll_model::{Connection as Link, ConnectionId, Provider, Timestamp};
use rusqlite::Connection;

use crate::{Result, StoreError};

/// Adds a connection. Its secrets are the keychain's.
pub fn add_connection(
    connection: &Connection,
    provider: Provider,
    name: &str,
    api_base: &str,
    remote_ref: Option<&str>,
    now: Timestamp,
) -> Result<ConnectionId> {
    connection
        .prepare_cached(
            "INSERT INTO connection (provider, name, api_base, remote_ref, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((provider.as_str(), name, api_base, remote_ref, now.0))?;
    Ok(ConnectionId(connection.last_insert_rowid()))
}

/// Forgets a connection; its accounts become history only.
pub fn remove_connection(connection: &Connection, id: ConnectionId) -> Result<()> {
    connection.prepare_cached("DELETE FROM connection WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// All connections, oldest first.
pub fn connections(connection: &Connection) -> Result<Vec<Link>> {
    let mut statement = connection
        .prepare_cached("SELECT id, provider, name, api_base, remote_ref, created_at FROM connection ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let provider: String = row.get(1)?;
        found.push(Link {
            id: ConnectionId(row.get(0)?),
            provider: Provider::parse(&provider)
                .ok_or(StoreError::Value { column: "provider", value: provider.clone() })?,
            name: row.get(2)?,
            api_base: row.get(3)?,
            remote_ref: row.get(4)?,
            created_at: Timestamp(row.get(5)?),
        });
    }
    Ok(found)
}

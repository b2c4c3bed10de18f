//! The schema and its versions. Migrations are numbered SQL files, never edited once released; each runs in one
//! transaction. `schema.sql` beside the migrations is what they add up to, for reading; a test keeps it true.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::{Result, StoreError};

/// Each migration, oldest first.
const MIGRATIONS: &[M<'_>] = &[M::up(include_str!("../migrations/0001_history.sql"))];

/// The schema version that this program writes.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Brings a database to [`SCHEMA_VERSION`]; does nothing if it is there.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    Migrations::from_slice(MIGRATIONS).to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::from(err),
        other => StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(other))),
    })
}

/// Reads the version that a database says it has.
pub(crate) fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Refuses a database of a newer program.
pub(crate) fn refuse_newer(found: u32) -> Result<()> {
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerSchema { found, known: SCHEMA_VERSION });
    }
    Ok(())
}

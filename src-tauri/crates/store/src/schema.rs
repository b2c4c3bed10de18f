//! The schema and its versions. Migrations are numbered SQL files, never edited once released; each runs in one
//! transaction. `schema.sql` beside the migrations is what they add up to, for reading; a test keeps it true.

use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::{Result, StoreError, ids};

/// Each migration, oldest first.
const MIGRATIONS: &[M<'_>] = &[M::up(include_str!("../migrations/0001_history.sql"))];

/// The schema version that this program writes.
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// A version that no program of ours will ever write.
const ABSURD: u32 = 10_000;

/// Brings a database to [`SCHEMA_VERSION`]; does nothing if it is there.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    migrate_to(connection, SCHEMA_VERSION)
}

/// Brings a database up to a version that is not newer than [`SCHEMA_VERSION`].
pub(crate) fn migrate_to(connection: &mut Connection, version: u32) -> Result<()> {
    Migrations::from_slice(MIGRATIONS).to_version(connection, version as usize).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::from(err),
        other => StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(other))),
    })
}

/// Whether a database has all tables, indexes and triggers of the version that it says it has. SQLite notices damage
/// there only when it makes no sense; a letter that changed in a name does.
pub(crate) fn check(connection: &Connection) -> Result<()> {
    let (found, wanted) = both(connection)?;
    // A new file has nothing; one that has something was given a version.
    let new = wanted.is_empty() && !found.is_empty();
    if found.is_superset(&wanted) && !new { Ok(()) } else { Err(not_ours()) }
}

/// [`check`], and that it has nothing else: for a file from anywhere, whose triggers would run.
pub(crate) fn check_exactly(connection: &Connection) -> Result<()> {
    let (found, wanted) = both(connection)?;
    if found == wanted && !found.is_empty() { Ok(()) } else { Err(not_ours()) }
}

fn not_ours() -> StoreError {
    StoreError::Corrupt("its schema is not one of ours".to_owned())
}

type Shape = BTreeSet<(String, String, String)>;

fn both(connection: &Connection) -> Result<(Shape, Shape)> {
    let version = version(connection)?;
    refuse_newer(version)?;
    Ok((shape(connection)?, shape(&made(version)?)?))
}

/// An empty database of that version, in memory.
fn made(version: u32) -> Result<Connection> {
    let mut made = Connection::open_in_memory()?;
    ids::add_functions(&made)?;
    migrate_to(&mut made, version)?;
    Ok(made)
}

fn shape(connection: &Connection) -> Result<Shape> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Reads the version that a database says it has.
pub(crate) fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Refuses a database of a newer program. A version beyond all reason is damage.
pub(crate) fn refuse_newer(found: u32) -> Result<()> {
    if found > ABSURD {
        return Err(StoreError::Corrupt(format!("a schema of version {found}")));
    }
    if found > SCHEMA_VERSION {
        return Err(StoreError::NewerSchema { found, known: SCHEMA_VERSION });
    }
    Ok(())
}

//! The search index: kept exact by every write of a text. Asking it comes with the search UI.
//!
//! Promises: the index holds exactly the messages that have a text, under their id, and nothing of a text that was
//! taken back.

use rusqlite::{CachedStatement, Connection};

use crate::{Result, segment::Terms};

/// Writes to the index during one batch.
pub(crate) struct Index<'c> {
    insert: CachedStatement<'c>,
    terms: Terms,
}

impl<'c> Index<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        let insert = connection.prepare_cached("INSERT INTO message_search (rowid, text) VALUES (?1, ?2)")?;
        Ok(Self { insert, terms: Terms::default() })
    }

    /// Adds a message. FTS5 flushes whenever a rowid is not larger than the last: add in ascending order (rule 3).
    pub(crate) fn add(&mut self, id: i64, text: &str) -> Result<()> {
        self.insert.execute((id, self.terms.of(text)))?;
        Ok(())
    }
}

/// Takes a message out of the index, if it is there.
pub(crate) fn remove(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM message_search WHERE rowid = ?1")?.execute([id])?;
    Ok(())
}

/// Replaces what the index knows of a message.
pub(crate) fn replace(connection: &Connection, id: i64, text: Option<&str>) -> Result<()> {
    remove(connection, id)?;
    if let Some(text) = text {
        Index::new(connection)?.add(id, text)?;
    }
    Ok(())
}

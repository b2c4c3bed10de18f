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

/// Pages of the index that one step of merging writes: one to two milliseconds.
const STEP_PAGES: i64 = 8;

/// One step of the merging that the index is due. Answers whether it found anything to do; if not, nothing was written.
pub(crate) fn merge(connection: &Connection) -> Result<bool> {
    let changes = || connection.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0));
    let before = changes()?;
    connection
        .prepare_cached("INSERT INTO message_search (message_search, rank) VALUES ('merge', ?1)")?
        .execute([STEP_PAGES])?;
    // The statement itself counts as one (https://www.sqlite.org/fts5.html#the_merge_command).
    Ok(changes()? - before >= 2)
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

//! The search index: kept exact by every write of a text, and asked in two phases.
//!
//! Promises: the index holds exactly the messages that have a text, under their id, and nothing of a text that was
//! taken back. It is written in the transaction of its message, so it cannot lag: there is no number of messages that
//! are not indexed yet, and nothing to show of it (`indexed n of n` would always be n).
//!
//! A search ([`search`]) is answered by the index and verified against the texts, which are folded as the index is; what
//! stands inside of words ([`search_inside`]) by looking at all texts. Both read only, in bounded steps that can be
//! stopped between rows ([`Cancel`]). What can be typed stands in `search/query.rs`.
//!
//! Refuses: an error for anything that was typed.

mod find;
mod inside;
mod query;
mod scope;
mod snippet;
mod words;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{CachedStatement, Connection};

use crate::{Result, segment::Terms};

pub use find::{search, search_by_scan};
pub use inside::search_inside;
pub use query::Midnight;

/// Stops a search from another thread: it then answers with what it has.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Nobody wants the answer any more.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether that was said.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

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

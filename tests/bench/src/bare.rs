//! The bare references: what SQLite itself costs for the same facts, with nothing around it. One table, its key, no
//! index, no relation, no full text; the same pragmas as the store's.
//!
//! *The same facts*: a row of a message has what the store's row of it has, column for column, because each of them is
//! needed by something that the app promises (rank among equal instants, where it came from, its account and digest, the
//! state of a send, what it quotes). A row of seven columns would compare an inbox with a log file. Nothing is added that the store's row
//! has not; what the store pays beyond it (indexes, relations, the conversation's row, full text) is what is measured.

use std::path::Path;

use anyhow::Result;
use backscroll_model::{Conversation, Message};
use rusqlite::{Connection, params};

use crate::corpus::Item;

/// Rows per transaction, as the store's.
pub const BATCH: usize = 500;

/// The columns of the store's own insert.
const INSERT_MESSAGE: &str =
    "INSERT INTO messages (id, conversation, at, tie, direction, kind, origin, flags, announce,
        text, remote_id, account, digest, reply_to)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// A database with nothing but tables.
pub struct Bare {
    db: Connection,
    next: i64,
}

/// A row as the bare page reads it: its numbers and its texts.
pub type BareRow = ([i64; 5], String, Option<String>, Option<String>);

impl Bare {
    /// Creates the tables in a new file.
    pub fn create(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA mmap_size = 67108864;
             CREATE TABLE messages (
                 id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, at INTEGER NOT NULL, tie INTEGER NOT NULL,
                 direction INTEGER NOT NULL, kind INTEGER NOT NULL, origin INTEGER NOT NULL, flags INTEGER NOT NULL,
                 reply_to TEXT, send_state INTEGER, announce INTEGER, text TEXT, remote_id TEXT, account INTEGER NOT NULL,
                 digest INTEGER NOT NULL, import_key BLOB
             ) STRICT;
             CREATE TABLE conversations (
                 id INTEGER PRIMARY KEY, account INTEGER NOT NULL, remote_id TEXT NOT NULL, name TEXT,
                 unread INTEGER NOT NULL, last_at INTEGER, last_text TEXT, messages INTEGER NOT NULL
             ) STRICT;",
        )?;
        Ok(Self { db, next: 1 })
    }

    /// Inserts messages in ascending order, [`BATCH`] a transaction.
    pub fn insert(&mut self, items: &[Item]) -> Result<()> {
        for batch in items.rchunks(BATCH) {
            let transaction = self.db.transaction()?;
            {
                let mut insert = transaction.prepare_cached(INSERT_MESSAGE)?;
                for item in batch.iter().rev() {
                    let conversation = item.conversation as i64;
                    // As wide as a real one.
                    let digest = item.at_ms.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
                    let flags = i64::from(item.image) | i64::from(item.reaction.is_some()) << 1 | 4;
                    let (tie, announce) = (0, None::<i64>);
                    insert.execute(params![
                        self.next,
                        conversation,
                        item.at_ms,
                        tie,
                        item.out,
                        i64::from(item.image),
                        i64::from(item.out) * 2,
                        flags,
                        announce,
                        item.text,
                        item.id,
                        1,
                        digest,
                        None::<&str>
                    ])?;
                    self.next += 1;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    }

    /// Copies hydrated messages of a thread, oldest first: the same texts as the store's pages bring.
    pub fn copy_messages(&mut self, messages: &[Message]) -> Result<()> {
        let transaction = self.db.transaction()?;
        {
            let mut insert = transaction.prepare_cached(INSERT_MESSAGE)?;
            for m in messages {
                let remote = m.remote_id.as_ref().map(|r| r.as_str()).unwrap_or_default();
                insert.execute(params![
                    self.next,
                    m.conversation.0,
                    m.at.0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    None::<i64>,
                    m.text,
                    remote,
                    1,
                    0,
                    None::<&str>
                ])?;
                self.next += 1;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Copies rows of the conversation list, in its order.
    pub fn copy_conversations(&mut self, rows: &[Conversation]) -> Result<()> {
        let transaction = self.db.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO conversations VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for c in rows {
                let last = c.last.as_ref();
                insert.execute(params![
                    c.account.0,
                    c.remote_id.as_str(),
                    c.name,
                    c.unread,
                    last.map(|l| l.at.0),
                    last.and_then(|l| l.text.as_deref()),
                    c.messages
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Messages held.
    pub fn messages(&self) -> i64 {
        self.next - 1
    }

    /// The 50 messages before a rowid, newest first.
    pub fn page(&self, before: i64) -> Result<Vec<BareRow>> {
        let mut select = self.db.prepare_cached(
            "SELECT id, conversation, at, direction, kind, remote_id, text FROM messages
             WHERE id < ?1 ORDER BY id DESC LIMIT 50",
        )?;
        let rows = select.query_map([before], |row| {
            let numbers = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((numbers, row.get(5)?, row.get(6)?, None))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The 50 conversations after a rowid.
    pub fn list(&self, after: i64) -> Result<Vec<BareRow>> {
        let mut select = self.db.prepare_cached(
            "SELECT id, account, unread, last_at, messages, remote_id, last_text, name FROM conversations
             WHERE id > ?1 ORDER BY id LIMIT 50",
        )?;
        let rows = select.query_map([after], |row| {
            let last_at: Option<i64> = row.get(3)?;
            let numbers = [row.get(0)?, row.get(1)?, row.get(2)?, last_at.unwrap_or_default(), row.get(4)?];
            Ok((numbers, row.get(5)?, row.get(6)?, row.get(7)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

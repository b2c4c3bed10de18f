//! A database that refuses a statement, as a disk that is full or fails would; the engine cannot tell the difference.

use std::path::Path;

use rusqlite::Connection;

/// What the statement meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `SQLITE_FULL`: it is tried again.
    Full,
    /// An error for which there is no reason: it is not.
    Nonsense,
}

/// Refuses it until [`Self::no_more`].
pub struct Refusing(Connection);

impl Refusing {
    /// `statement`: `INSERT ON attempt`, `UPDATE OF outcome ON attempt`, …
    pub fn new(folder: &Path, statement: &str, refusal: Refusal) -> Self {
        let db = Connection::open(folder.join("backscroll.db")).unwrap();
        let body = match refusal {
            // A table that has used up its row ids is full (sqlite.org/autoinc.html).
            Refusal::Full => "INSERT INTO refused VALUES (NULL)",
            Refusal::Nonsense => "SELECT RAISE(ABORT, 'no')",
        };
        db.execute_batch(&format!(
            "CREATE TABLE refused (id INTEGER PRIMARY KEY AUTOINCREMENT);
             INSERT INTO refused VALUES (9223372036854775807);
             CREATE TRIGGER refusing BEFORE {statement} BEGIN {body}; END"
        ))
        .unwrap();
        Self(db)
    }

    pub fn no_more(self) {
        self.0.execute_batch("DROP TRIGGER refusing; DROP TABLE refused").unwrap();
    }
}

//! What can go wrong with the history, told apart by what can be done about it (`architecture.md`, errors).

use backscroll_model::SendState;
use rusqlite::ErrorCode;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another connection holds the lock for longer than we wait. Trying again makes sense.
    #[error("the database is busy")]
    Busy,
    /// The database is damaged. At the next start it is set aside, never deleted.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The data folder was written by a newer Backscroll. Its files are untouched.
    #[error("the data is of version {found}, this program knows {known}")]
    NewerSchema {
        /// Version in the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The data folder or its files cannot be written.
    #[error("the data folder cannot be written")]
    ReadOnly,
    /// Another process writes to this data folder.
    #[error("another process has the data folder")]
    InUse,
    /// The disk, or the file system above it, failed.
    #[error("input or output failed: {0}")]
    Io(#[from] std::io::Error),
    /// The row does not exist, or no longer.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A place in a list that this store did not write.
    #[error("not a place in a list")]
    BadPlace,
    /// A step that the state machine of sending does not have (`reliability.md`, the life of a sent message).
    #[error("a message that is {from:?} cannot be: {step}")]
    Transition {
        /// Where it stands.
        from: SendState,
        /// What was asked.
        step: &'static str,
    },
    /// A value in the database that this version cannot read.
    #[error("column {column} holds {value}")]
    Value {
        /// Which column.
        column: &'static str,
        /// What it holds: a number or a short word, never content.
        value: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A mistake of ours ended the work half-way; what it had written was undone.
    #[error("the work panicked and was undone")]
    Panicked,
    /// A mistake of ours.
    #[error("sql: {0}")]
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else { return Self::Sql(error) };
        match code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt(error.to_string()),
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => Self::Io(std::io::Error::other(error)),
            _ => Self::Sql(error),
        }
    }
}

impl StoreError {
    /// Files and folders: a refusal to write is [`Self::ReadOnly`], a full disk [`Self::Full`].
    pub(crate) fn of_file(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// What functions of the store return.
pub type Result<T> = std::result::Result<T, StoreError>;

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn failures_are_told_apart_by_what_can_be_done() {
        let sqlite = |code| StoreError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_BUSY), StoreError::Busy));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_BUSY_SNAPSHOT), StoreError::Busy));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_FULL), StoreError::Full));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_READONLY), StoreError::ReadOnly));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_READONLY_DIRECTORY), StoreError::ReadOnly));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_CORRUPT), StoreError::Corrupt(_)));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_NOTADB), StoreError::Corrupt(_)));
        assert!(matches!(sqlite(rusqlite::ffi::SQLITE_IOERR_FSYNC), StoreError::Io(_)));
        let file = |kind: ErrorKind| StoreError::of_file(Error::from(kind));
        assert!(matches!(file(ErrorKind::PermissionDenied), StoreError::ReadOnly));
        assert!(matches!(file(ErrorKind::ReadOnlyFilesystem), StoreError::ReadOnly));
        assert!(matches!(file(ErrorKind::StorageFull), StoreError::Full));
        assert!(matches!(file(ErrorKind::Other), StoreError::Io(_)));
    }
}

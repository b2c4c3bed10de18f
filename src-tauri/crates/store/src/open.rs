//! Opening the data folder: permissions, the lock, the version check, quarantine, and how each connection is set up.
//!
//! One connection writes, on a thread of its own. Several writers would not write faster (SQLite has one write lock),
//! they would only meet `SQLITE_BUSY` in the middle of a transaction, and the order in which commits become visible
//! would no longer be the order in which changes are published. Readers are `query_only`: a mistake in a read cannot
//! become a write, and in WAL mode they never wait for the writer.
//!
//! Promises: folder 0700, files 0600; a database of a newer program is refused with not a byte changed; a damaged one
//! is renamed, never deleted; one writing process per folder. A folder that cannot be written is read as it stands, and
//! nobody may write to it meanwhile.
//!
//! A damaged database is replaced by the newest good backup, by what can be read of it, or by an empty one
//! ([`crate::backup`]); an older one is backed up before it is migrated.
//!
//! Opening looks at no more than the roots. Damage further down is met later, by whoever reads there: that leaves a mark,
//! and the next start looks at everything (`quick_check`) before it sets the database aside.
//!
//! Refuses: `integrity_check` at every start (31 s at a million messages), `ANALYZE` and `PRAGMA optimize` (the bundled
//! SQLite has STAT4, after which each binding plans anew and a page costs twice; `performance.md`, rule 7).

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use backscroll_model::{Restored, Timestamp};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{
    Result, StoreError,
    backup::{self, Book, Place},
    ids, schema,
};

/// Name of the database inside the data folder.
pub const DATABASE_FILE: &str = "backscroll.db";
const LOCK_FILE: &str = "lock";
/// Says that damage was met while the database was in use.
const DAMAGED_FILE: &str = "damaged";
/// Memory-mapped part of the file: counts as memory once touched, a larger page cache buys nothing (rule 9).
const MMAP_BYTES: i64 = 64 << 20;
/// How long a statement waits for a lock. Only checkpoints and a second process can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements kept prepared per connection; there are about 90 in the crate.
const STATEMENTS: usize = 160;

/// What stands beside a database and belongs to it, the database itself first.
pub(crate) const SIDES: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// What the opener wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read and write; at most one process at a time.
    Write,
    /// Read only, beside a writing process or alone.
    Read,
}

/// The pieces of an opened data folder.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Only with [`Access::Write`].
    pub(crate) writer: Option<Connection>,
    pub(crate) readers: Vec<Connection>,
    /// Where a damaged database was moved to.
    pub(crate) quarantined: Option<PathBuf>,
    /// What took its place, or that of a history that the user had replaced.
    pub(crate) restored: Option<Restored>,
    /// Held as long as the store lives; the system releases it when the process dies.
    pub(crate) lock: Option<File>,
}

/// Opens `dir` with `readers` reading connections. `now` names a quarantined file.
pub(crate) fn open(dir: &Path, access: Access, readers: usize, now: Timestamp) -> Result<Opened> {
    let file = dir.join(DATABASE_FILE);
    match access {
        Access::Read => {
            refuse_newer_header(&file)?;
            let (readers, lock) = match open_readers(&file, Folder::Live, readers) {
                Err(error) => open_as_it_stands(dir, &file, readers, error)?,
                Ok(opened) => (opened, None),
            };
            Ok(Opened { writer: None, readers, quarantined: None, restored: None, lock })
        }
        Access::Write => {
            private_folder(dir)?;
            let lock = lock(&dir.join(LOCK_FILE))?;
            let mut restored = backup::finish(dir)?;
            let suspected = dir.join(DAMAGED_FILE).exists();
            let mut quarantined = None;
            let writer = match open_writer(dir, suspected, now) {
                Err(StoreError::Corrupt(reason)) => {
                    tracing::error!(%reason, "the database is damaged and is set aside");
                    let done = backup::after_damage(dir, now)?;
                    quarantined = done.aside.as_ref().map(|name| dir.join(name));
                    restored = Some(done);
                    open_writer(dir, false, now)?
                }
                other => other?,
            };
            if suspected {
                fs::remove_file(dir.join(DAMAGED_FILE)).map_err(StoreError::of_file)?;
            }
            let readers = open_readers(&file, Folder::Live, readers)?;
            Ok(Opened { writer: Some(writer), readers, quarantined, restored, lock: Some(lock) })
        }
    }
}

/// Leaves word for the next start that damage was met. What cannot be written is met again.
pub(crate) fn suspect_damage(dir: &Path) {
    if let Err(error) = private_options().open(dir.join(DAMAGED_FILE)) {
        tracing::error!(%error, "the mark of damage could not be left");
    }
}

fn open_writer(dir: &Path, suspected: bool, now: Timestamp) -> Result<Connection> {
    let file = &dir.join(DATABASE_FILE);
    refuse_newer_header(file)?;
    private_file(file)?;
    let mut connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // A write-ahead log left by a newer program may hold its version: look before anything can be written, and do not
    // fold that log into the file on the way out.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Before anything is written: what is damaged is kept as it is.
    let version = look(&connection, suspected).map_err(|error| match error {
        // The statements are right, so it is the file that makes no sense.
        StoreError::Sql(error) => StoreError::Corrupt(error.to_string()),
        other => other,
    })?;
    if version > 0 && version < schema::SCHEMA_VERSION {
        back_up_before_migrating(&connection, dir, now)?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;

    connection.pragma_update(None, "journal_mode", "wal")?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// The version of a database that is not known to be damaged; `closely` takes a large one many seconds.
fn look(connection: &Connection, closely: bool) -> Result<u32> {
    configure(connection)?;
    let version = schema::version(connection)?;
    schema::refuse_newer(version)?;
    look_for_damage(connection)?;
    if closely {
        look_everywhere(connection)?;
    }
    Ok(version)
}

/// A migration is the one thing that changes every row at once. Without a backup there is none: where the folder that
/// the user chose is gone or full, the data folder takes it.
fn back_up_before_migrating(connection: &Connection, dir: &Path, now: Timestamp) -> Result<()> {
    let (origin, place) = (Book::origin(dir, now)?, Book::read(dir).place());
    let made = backup::make_of(connection, dir, &place, origin, now, &mut |_| true);
    if made.is_err() && place != Place::Own {
        return backup::make_of(connection, dir, &Place::Own, origin, now, &mut |_| true).map(drop);
    }
    made.map(drop)
}

/// How a reading connection meets the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    /// Beside a writer, now or later: through the log and its shared memory.
    Live,
    /// The file alone, which nobody changes.
    AsItStands,
}

fn open_readers(file: &Path, folder: Folder, readers: usize) -> Result<Vec<Connection>> {
    (0..readers).map(|_| open_reader(file, folder)).collect()
}

/// Where not even the shared memory of the log can be created (a folder of someone else, a read-only disk), SQLite reads
/// only what is promised never to change. The lock keeps that promise: a writer that comes meanwhile is refused.
fn open_as_it_stands(
    dir: &Path,
    file: &Path,
    readers: usize,
    error: StoreError,
) -> Result<(Vec<Connection>, Option<File>)> {
    // A folder without a lock file was never opened by a writer.
    let lock = File::open(dir.join(LOCK_FILE)).ok();
    let alone = lock.as_ref().is_none_or(|lock| lock.try_lock_shared().is_ok());
    let logged = fs::metadata(with_suffix(file, "-wal")).is_ok_and(|log| log.len() > 0);
    if !stands_still(&error, alone, logged) {
        return Err(error);
    }
    Ok((open_readers(file, Folder::AsItStands, readers)?, lock))
}

/// Whether the file alone may be read after opening failed: for want of side files, `alone` in the folder, and with
/// nothing left in the log, which would be ignored.
fn stands_still(error: &StoreError, alone: bool, logged: bool) -> bool {
    matches!(error, StoreError::ReadOnly | StoreError::Io(_)) && alone && !logged
}

/// The file as a URI that SQLite may take as unchanging (<https://www.sqlite.org/uri.html>).
pub(crate) fn immutable_uri(file: &Path) -> Option<String> {
    let mut uri = String::from("file:");
    for c in std::path::absolute(file).ok()?.to_str()?.chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            c => uri.push(c),
        }
    }
    uri.push_str("?immutable=1");
    Some(uri)
}

pub(crate) fn open_reader(file: &Path, folder: Folder) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match folder {
        Folder::Live => Connection::open_with_flags(file, flags)?,
        Folder::AsItStands => {
            let uri = immutable_uri(file).ok_or(StoreError::ReadOnly)?;
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    configure(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    schema::refuse_newer(schema::version(&connection)?)?;
    Ok(connection)
}

/// The settings of every connection.
pub(crate) fn configure(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "mmap_size", MMAP_BYTES)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // A plan is made once, not anew for each value that the planner once looked at: that was a quarter of a page of the
    // list (https://www.sqlite.org/queryplanner-ng.html#qpstab).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    ids::add_functions(connection)?;
    Ok(())
}

/// Touches the root of each table and index: a torn or foreign file shows itself here, in microseconds at any size. What
/// the tables are called is compared with what they should be.
fn look_for_damage(connection: &Connection) -> Result<()> {
    schema::check(connection)?;
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")"), [], |_| Ok(()))?;
    }
    Ok(())
}

/// Reads every page, which takes a large history many seconds: only where damage was met.
pub(crate) fn look_everywhere(connection: &Connection) -> Result<()> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Corrupt(found)) }
}

/// Reads the version from the file's header (bytes 60 to 63, https://www.sqlite.org/fileformat.html#user_version_number)
/// without SQLite, which would create its side files.
pub(crate) fn refuse_newer_header(file: &Path) -> Result<()> {
    let mut header = [0_u8; 64];
    match File::open(file).and_then(|mut f| f.read_exact(&mut header)) {
        Ok(()) => {
            let [.., a, b, c, d] = header;
            if header.starts_with(b"SQLite format 3\0") {
                schema::refuse_newer(u32::from_be_bytes([a, b, c, d]))?;
            }
            Ok(())
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        // Shorter than a header: new, or damaged; SQLite tells which.
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(()),
        Err(e) => Err(StoreError::of_file(e)),
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = private_options().open(path).map_err(StoreError::of_file)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(e)) => Err(StoreError::of_file(e)),
    }
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates the folder for its owner alone, and narrows one that is wider.
pub(crate) fn private_folder(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(StoreError::of_file)?;
    narrow(dir, 0o700)
}

/// Creates the file before SQLite does: the side files inherit its permissions.
pub(crate) fn private_file(file: &Path) -> Result<()> {
    drop(private_options().open(file).map_err(StoreError::of_file)?);
    narrow(file, 0o600)
}

#[cfg(unix)]
fn narrow(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let found = fs::metadata(path).map_err(StoreError::of_file)?.permissions().mode();
    if found & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(StoreError::of_file)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn narrow(_path: &Path, _mode: u32) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_nobody_changes_is_read_without_its_log() {
        let for_want_of_side_files = StoreError::Io(std::io::Error::other("unable to open database file"));
        assert!(stands_still(&for_want_of_side_files, true, false));
        assert!(stands_still(&StoreError::ReadOnly, true, false));
        assert!(!stands_still(&StoreError::ReadOnly, false, false), "a writer may be at work");
        assert!(!stands_still(&StoreError::ReadOnly, true, true), "the log holds what the file does not");
        assert!(!stands_still(&StoreError::Busy, true, false));
        assert!(!stands_still(&StoreError::Corrupt(String::new()), true, false));
        assert!(!stands_still(&StoreError::NewerSchema { found: 2, known: 1 }, true, false));
    }

    #[test]
    fn a_path_keeps_its_meaning_in_a_uri() {
        let uri = immutable_uri(Path::new("/a b/50%/what?/#1/backscroll.db"));
        assert_eq!(uri.as_deref(), Some("file:/a b/50%25/what%3f/%231/backscroll.db?immutable=1"));
    }
}

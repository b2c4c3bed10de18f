//! The way back: which backup, made ready to be the history, and what is left where there is none.

use std::{fs, path::Path};

use backscroll_model::{MINUTE, RestoreCause, RestoreOutcome, Restored, Timestamp};
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{Backup, Book, FOLDER, Name, Place, list, rescue, swap};
use crate::{DATABASE_FILE, Result, StoreError, open, outbox, schema};

/// How long what may have been sent is looked for before the user is asked.
const READ_BACK: i64 = 5 * MINUTE;
/// More ids than are given between two backups.
const IDS_OF_A_DAY: i64 = 100_000;
/// Tables whose ids are never given twice: a key in the keychain, or a page that is open, may still name one.
const NEVER_REUSED: [&str; 3] = ["connection", "intent", "outgoing_file"];

/// Makes a file ready to be the history of the data folder `dir`. The next opening puts it there; what stands there until
/// then is kept under the name that is answered. [`StoreError::Corrupt`]: it is no backup, or damaged. The accounts of
/// another data folder's backup are disconnected: their keys are not here.
pub fn restore(dir: &Path, backup: &Path, now: Timestamp) -> Result<Restored> {
    let name = backup.file_name().and_then(|name| Name::parse(name.to_str()?));
    let foreign = name.is_none_or(|name| Some(name.origin) != Book::read(dir).known_origin());
    let made_at = name.map(|name| name.at);
    let file = dir.join(DATABASE_FILE);
    let floors = open::open_reader(&file, open::Folder::Live).and_then(|c| floors(&c)).ok();
    let unsure = stage(dir, backup, &Ready { made_at, foreign, now, floors: floors.as_deref() })?;
    let aside = file.exists().then(|| format!("{DATABASE_FILE}.replaced-{}", now.0));
    let outcome = RestoreOutcome::Backup { made_at };
    let restored = Restored { at: now, cause: RestoreCause::Asked, outcome, aside, unsure };
    swap::begin(dir, &restored).inspect_err(|_| swap::forget_staged(dir))?;
    Ok(restored)
}

/// Puts the newest good backup in the place of a damaged database; where there is none, what can still be read of it;
/// else an empty one. The damaged file is kept byte for byte. A disk that is too full for that is an error, and nothing
/// was changed.
pub(crate) fn after_damage(dir: &Path, now: Timestamp) -> Result<Restored> {
    let file = dir.join(DATABASE_FILE);
    let aside = Some(format!("{DATABASE_FILE}.damaged-{}", now.0));
    let mut found = None;
    for backup in candidates(dir, now) {
        let ready = Ready { made_at: Some(backup.name.at), foreign: false, now, floors: None };
        match stage(dir, &backup.path, &ready) {
            Ok(unsure) => {
                found = Some((RestoreOutcome::Backup { made_at: Some(backup.name.at) }, unsure));
                break;
            }
            Err(error @ (StoreError::Full | StoreError::ReadOnly)) => return Err(error),
            Err(error) => tracing::warn!(%error, "a backup is not good: the next older one is tried"),
        }
    }
    let (outcome, unsure) = match found {
        Some(found) => found,
        None => rescued(dir, &file, now)?,
    };
    let restored = Restored { at: now, cause: RestoreCause::Damaged, outcome, aside, unsure };
    swap::begin(dir, &restored)?;
    swap::finish(dir)?;
    Ok(restored)
}

fn rescued(dir: &Path, file: &Path, now: Timestamp) -> Result<(RestoreOutcome, u32)> {
    match rescue::rescue(dir, file, &swap::staged(dir), now) {
        Ok(rescued) if rescued.messages > 0 || rescued.accounts > 0 => {
            return Ok((RestoreOutcome::Rescued { messages: rescued.messages }, rescued.unsure));
        }
        Err(error @ (StoreError::Full | StoreError::ReadOnly)) => return Err(error),
        Err(error) => tracing::warn!(%error, "nothing can be read of the damaged database"),
        Ok(_) => {}
    }
    swap::forget_staged(dir);
    let staged = swap::staged(dir);
    open::private_file(&staged)?;
    let mut connection = open_staged(&staged)?;
    schema::migrate(&mut connection)?;
    finish_staged(connection, &staged)?;
    Ok((RestoreOutcome::Empty, 0))
}

/// Backups of this data folder, the newest first. Its own folder may hold some of an earlier life; in one that the user
/// chose there may be others'. What claims to be of the future comes last: a clock was wrong.
fn candidates(dir: &Path, now: Timestamp) -> Vec<Backup> {
    let book = Book::read(dir);
    let mut all = list(&dir.join(FOLDER)).unwrap_or_default();
    if let Place::Chosen(folder) = book.place() {
        let own = list(&folder).unwrap_or_default().into_iter();
        all.extend(own.filter(|backup| Some(backup.name.origin) == book.known_origin()));
    }
    all.sort_by_key(|backup| (backup.name.at > now, std::cmp::Reverse(backup.name.at)));
    all
}

/// How a backup is made ready.
struct Ready<'a> {
    made_at: Option<Timestamp>,
    foreign: bool,
    now: Timestamp,
    /// The largest ids that were given by now; `None`: that cannot be read.
    floors: Option<&'a [(&'static str, i64)]>,
}

/// Copies a backup, looks at every page of the copy, migrates it, and takes from it the right to send. Answers how many
/// messages may have been sent since.
fn stage(dir: &Path, backup: &Path, ready: &Ready<'_>) -> Result<u32> {
    swap::forget_staged(dir);
    prepare(&swap::staged(dir), backup, ready).inspect_err(|_| swap::forget_staged(dir))
}

fn prepare(staged: &Path, backup: &Path, ready: &Ready<'_>) -> Result<u32> {
    copy_private(backup, staged)?;
    // Not one of our backups then, but a database that was in use.
    let log = open::with_suffix(backup, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        copy_private(&log, &open::with_suffix(staged, "-wal"))?;
    }
    open::refuse_newer_header(staged)?;
    let mut connection = open_staged(staged)?;
    schema::check_exactly(&connection)?;
    open::look_everywhere(&connection)?;
    schema::migrate(&mut connection)?;
    let tx = connection.transaction()?;
    let unsure = outbox::restored(&tx, ready.made_at, ready.now, ready.now.plus(READ_BACK))?;
    if ready.foreign {
        tx.execute("UPDATE account SET connection = NULL", [])?;
        tx.execute("DELETE FROM connection", [])?;
    }
    if ready.floors.is_none() {
        tx.execute("UPDATE sqlite_sequence SET seq = seq + ?1", [IDS_OF_A_DAY])?;
    }
    for (table, floor) in ready.floors.unwrap_or_default() {
        tx.execute("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1", (table, floor))?;
        tx.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
            (table, floor),
        )?;
    }
    tx.commit()?;
    finish_staged(connection, staged)?;
    Ok(unsure)
}

fn floors(connection: &Connection) -> Result<Vec<(&'static str, i64)>> {
    let mut statement = connection.prepare("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = ?1")?;
    NEVER_REUSED.iter().map(|table| Ok((*table, statement.query_row([table], |row| row.get(0))?))).collect()
}

fn copy_private(from: &Path, to: &Path) -> Result<()> {
    open::private_file(to)?;
    fs::copy(from, to).map_err(StoreError::of_file)?;
    // The copy takes over the permissions of what it was made of.
    open::private_file(to)
}

/// A file from anywhere: nothing in it is trusted before its schema was looked at.
pub(super) fn open_staged(staged: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(staged, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    open::configure(&connection)?;
    schema::refuse_newer(schema::version(&connection)?)?;
    // Its log, if it has one, is folded in.
    connection.pragma_update(None, "journal_mode", "delete")?;
    // Thrown away if anything goes wrong, and put on the disk once, at the end.
    connection.pragma_update(None, "journal_mode", "memory")?;
    connection.pragma_update(None, "synchronous", "off")?;
    Ok(connection)
}

pub(super) fn finish_staged(connection: Connection, staged: &Path) -> Result<()> {
    connection.close().map_err(|(_, error)| error)?;
    fs::File::open(staged).and_then(|file| file.sync_all()).map_err(StoreError::of_file)
}

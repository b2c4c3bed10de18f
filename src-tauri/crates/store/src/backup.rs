//! Backups: verified copies of the database, in files that stand alone, and the way back.
//!
//! Promises: a file under its final name was checked page by page and is on the disk; it belongs to its owner alone and
//! holds no key (those are in the keychain or in `secrets.json`, which is not copied). A backup is put in the place of the
//! history in steps that each can be interrupted and are finished at the next start ([`swap`]); what stood there is
//! renamed, never deleted. What a backup says is waiting may have been sent since it was made, so nothing of it is sent
//! without asking ([`crate::outbox::restored`]).
//!
//! **Why the online backup and not `VACUUM INTO`.** 200,000 messages (252 MB, two busy cores, warm, SQLite 3.40): online
//! backup 0.40 to 0.44 s and 0.20 s of processor time, `VACUUM INTO` 0.60 s and 0.31 s, for a file that is 6 % smaller.
//! SQLite begins an online backup anew when another connection commits between two steps
//! (<https://www.sqlite.org/backup.html>), which a sync does all the time: it would never end. So one reading transaction
//! is held over all steps: it sees one moment, nothing begins anew, and in WAL mode the writer waits for nothing; only its
//! log grows meanwhile.
//!
//! **What checking costs.** `quick_check` of that copy takes 0.33 s with the file mapped, 0.42 s without. It runs while the
//! disk still takes the copy in (`fsync`), which would only be waited for.
//!
//! Refuses: to choose when ([`crate::Store`]'s user does), to create a folder that the user chose (an unplugged drive would be
//! filled where it is mounted), clocks.

mod book;
mod check;
mod copy;
mod keep;
mod name;
mod rescue;
mod restore;
mod swap;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use backscroll_model::Timestamp;

pub use book::Book;
pub use keep::superfluous;
pub use name::{Name, Origin};
pub(crate) use restore::after_damage;
pub use restore::restore;
pub(crate) use swap::finish;

use crate::{DATABASE_FILE, Result, StoreError, open, schema};

/// Where backups go if the user chose nothing: a folder of the data folder.
pub const FOLDER: &str = "backups";
/// The end of the name of a file that is being written.
const PART: &str = ".part";

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Its file.
    pub path: PathBuf,
    /// What its name says.
    pub name: Name,
    /// Bytes.
    pub bytes: u64,
}

/// Where the backups of a data folder go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into the data folder.
    Own,
    /// Into a folder of the user.
    Chosen(PathBuf),
    /// Into a folder of the user, this time: nothing there is thinned out.
    Once(PathBuf),
}

impl Place {
    /// The folder.
    pub fn folder(&self, dir: &Path) -> PathBuf {
        match self {
            Self::Own => dir.join(FOLDER),
            Self::Chosen(folder) | Self::Once(folder) => folder.clone(),
        }
    }
}

/// Makes a backup of the data folder `dir`, beside a writer or alone, and removes what is superfluous. `step` hears how
/// much is done, in percent, and answers whether to go on; [`StoreError::Closed`] if not. Blocks for as long as writing and
/// reading that much takes.
pub fn make(
    dir: &Path,
    place: &Place,
    origin: Origin,
    now: Timestamp,
    step: &mut dyn FnMut(u8) -> bool,
) -> Result<Backup> {
    let source = open::open_reader(&dir.join(DATABASE_FILE), open::Folder::Live)?;
    make_of(&source, dir, place, origin, now, step)
}

/// [`make`] through a connection that is open.
pub(crate) fn make_of(
    source: &rusqlite::Connection,
    dir: &Path,
    place: &Place,
    origin: Origin,
    now: Timestamp,
    step: &mut dyn FnMut(u8) -> bool,
) -> Result<Backup> {
    let folder = place.folder(dir);
    match place {
        Place::Own => open::private_folder(&folder)?,
        _ if !folder.is_dir() => return Err(StoreError::NotFound("folder for backups")),
        _ => {}
    }
    sweep(&folder, origin);
    let name = Name { origin, at: now, schema: schema::version(source)? };
    let path = folder.join(name.to_string());
    let part = open::with_suffix(&path, PART);
    let written: Result<u64> = (|| {
        copy::copy(source, &part, step)?;
        check::checked_and_on_disk(&part)?;
        fs::rename(&part, &path).map_err(StoreError::of_file)?;
        sync_folder(&folder)?;
        Ok(fs::metadata(&path).map_err(StoreError::of_file)?.len())
    })();
    let bytes = written.inspect_err(|_| drop(fs::remove_file(&part)))?;
    let made = Backup { path, name, bytes };
    // Room that cannot be had is a matter of the next time, not of this good backup.
    if !matches!(place, Place::Once(_))
        && let Err(error) = thin_out(&folder, &made)
    {
        tracing::warn!(%error, "old backups could not be removed");
    }
    Ok(made)
}

/// The backups in a folder, newest first. A folder that is not there has none.
pub fn list(folder: &Path) -> Result<Vec<Backup>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(StoreError::of_file)?,
    };
    let mut found: Vec<Backup> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = Name::parse(entry.file_name().to_str()?)?;
            let file = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(Backup { path: entry.path(), name, bytes: file.len() })
        })
        .collect();
    found.sort_by_key(|backup| std::cmp::Reverse((backup.name.at, backup.name.origin)));
    Ok(found)
}

/// How many messages a backup holds; `None`: it cannot be told. Reads a page or two.
pub fn messages_in(backup: &Path) -> Option<u64> {
    let found = check::alone(backup).and_then(|connection| {
        Ok(connection.query_row("SELECT ifnull(sum(messages), 0) FROM counter", [], |row| row.get::<_, i64>(0))?)
    });
    u64::try_from(found.ok()?).ok()
}

/// What an interrupted backup of this data folder left behind.
fn sweep(folder: &Path, origin: Origin) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let named = name.to_str().and_then(|name| Name::parse(name.strip_suffix(PART)?));
        if named.is_some_and(|name| name.origin == origin) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// Removes what is superfluous beside the one that was just made, which is good and stays.
fn thin_out(folder: &Path, made: &Backup) -> Result<()> {
    let own: Vec<Backup> = list(folder)?.into_iter().filter(|backup| backup.name.origin == made.name.origin).collect();
    let names: Vec<Name> = own.iter().map(|backup| backup.name).collect();
    let superfluous = superfluous(&names, made.name);
    for backup in own.iter().filter(|backup| superfluous.contains(&backup.name)) {
        fs::remove_file(&backup.path).map_err(StoreError::of_file)?;
    }
    Ok(())
}

/// A rename is on the disk only when its folder is.
fn sync_folder(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::of_file)?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

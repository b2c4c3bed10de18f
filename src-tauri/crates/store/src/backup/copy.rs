//! Writing the copy: SQLite's online backup under one reading transaction (see [`super`]).

use std::{
    fs::OpenOptions,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::{Result, StoreError, open};

/// Pages of one step: 4 MB, some milliseconds. Between two it can be stopped.
const STEP_PAGES: i32 = 1_024;
/// How long a step waits that met a lock.
const PAUSE: Duration = Duration::from_millis(20);
/// So often in a row at most.
const PAUSES: u32 = 250;
/// Where the header says how the file is to be written and read (<https://www.sqlite.org/fileformat.html>).
const FORMAT_VERSIONS: u64 = 18;

/// Copies what `source` sees now. Whatever stood in `part` is gone.
pub(super) fn copy(source: &Connection, part: &Path, step: &mut dyn FnMut(u8) -> bool) -> Result<()> {
    if part.exists() {
        std::fs::remove_file(part).map_err(StoreError::of_file)?;
    }
    open::private_file(part)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(part, flags)?;
    // A file that is thrown away when anything goes wrong needs no journal; it is put on the disk once, at the end.
    target.pragma_update(None, "journal_mode", "off")?;
    target.pragma_update(None, "synchronous", "off")?;
    // One moment for all steps.
    let moment = source.unchecked_transaction()?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let backup = Backup::new(source, &mut target)?;
    let mut paused = 0;
    loop {
        match backup.step(STEP_PAGES)? {
            StepResult::Done => break,
            StepResult::More => {
                paused = 0;
                let progress = backup.progress();
                let (all, left) = (i64::from(progress.pagecount).max(1), i64::from(progress.remaining));
                if !step(u8::try_from((all - left) * 100 / all).unwrap_or(100)) {
                    return Err(StoreError::Closed);
                }
            }
            _ if paused < PAUSES => {
                paused += 1;
                std::thread::sleep(PAUSE);
            }
            _ => return Err(StoreError::Busy),
        }
    }
    drop(backup);
    moment.finish()?;
    target.close().map_err(|(_, error)| error)?;
    stand_alone(part)
}

/// The copy has no log beside it: says so in its header, so that it can be read where nothing can be written.
fn stand_alone(part: &Path) -> Result<()> {
    let rollback = [1_u8, 1];
    let mut file = OpenOptions::new().write(true).open(part).map_err(StoreError::of_file)?;
    file.seek(SeekFrom::Start(FORMAT_VERSIONS)).map_err(StoreError::of_file)?;
    file.write_all(&rollback).map_err(StoreError::of_file)
}

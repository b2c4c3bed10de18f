//! Putting a prepared database in the place of the history, so that a crash at any point is finished at the next start.
//!
//! 1. The new one is prepared under a name of its own, checked, and on the disk.
//! 2. The journal is written: from here on the swap will happen.
//! 3. The old one is renamed, its log before itself.
//! 4. The new one takes its name.
//! 5. The book says so, and the journal goes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use backscroll_model::Restored;

use super::{Book, book::write_whole, sync_folder};
use crate::{DATABASE_FILE, Result, StoreError, open};

const JOURNAL: &str = "restore.json";

/// The name under which a new database is prepared.
pub(super) fn staged(dir: &Path) -> PathBuf {
    open::with_suffix(&dir.join(DATABASE_FILE), ".restoring")
}

/// Forgets a new database that was not finished.
pub(super) fn forget_staged(dir: &Path) {
    for side in open::SIDES {
        drop(fs::remove_file(open::with_suffix(&staged(dir), side)));
    }
}

/// Step 2. The next opening does the rest.
pub(super) fn begin(dir: &Path, restored: &Restored) -> Result<()> {
    let json = serde_json::to_vec(restored)
        .map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))?;
    write_whole(&dir.join(JOURNAL), &json)
}

/// Finishes a swap that was begun. Call it under the lock, before anything is opened.
pub(crate) fn finish(dir: &Path) -> Result<Option<Restored>> {
    let journal = dir.join(JOURNAL);
    let Some(restored) = fs::read(&journal).ok().and_then(|json| serde_json::from_slice::<Restored>(&json).ok()) else {
        forget_staged(dir);
        return Ok(None);
    };
    let (file, staged) = (dir.join(DATABASE_FILE), staged(dir));
    // Without it all was done but the last step.
    if staged.exists() {
        if let Some(aside) = &restored.aside {
            put_aside(&file, &dir.join(aside))?;
        }
        fs::rename(&staged, &file).map_err(StoreError::of_file)?;
        sync_folder(dir)?;
    }
    Book::update(dir, |book| book.restored = Some(restored.clone()))?;
    fs::remove_file(&journal).map_err(StoreError::of_file)?;
    sync_folder(dir)?;
    Ok(Some(restored))
}

/// Renames a database and its side files, so that they belong together and none is taken for the new one's. The file
/// itself goes last: once it is there, all are.
fn put_aside(file: &Path, aside: &Path) -> Result<()> {
    if aside.exists() {
        return Ok(());
    }
    for side in open::SIDES.iter().rev() {
        match fs::rename(open::with_suffix(file, side), open::with_suffix(aside, side)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(StoreError::of_file)?,
        }
    }
    Ok(())
}

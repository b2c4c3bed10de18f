//! Backups: one a day, by itself, and when the user wants one; and the way back.
//!
//! Promises: a backup that fails disturbs nothing: it is told in the settings and tried again within the hour. What is
//! running ends soon after the engine is stopped. Restoring stops reading and sending first, so that nothing is sent by a
//! history that is about to go.
//!
//! Refuses: backups of the demo, whose people are invented anew at each start, and of a folder without an account.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use backscroll_model::{
    BackupEntry, BackupFailure, Backups, Change, DAY, ErrorCode, HOUR, Restored, SECOND, Timestamp, UserError,
};
use backscroll_store::{
    StoreError,
    backup::{self, Backup, Book, FOLDER, Origin, Place},
};
use tokio_util::sync::CancellationToken;

use crate::{
    errors::{store_error, user_error},
    inner::{Inner, Result},
    quiet::{Quiet, Wake},
};

/// Not while the app starts.
const AFTER_START: i64 = 30 * SECOND;
/// One that failed is tried again, and a clock that was set looked at, this often.
const AGAIN: i64 = HOUR;
/// The page hears of every so many percent.
const HEARD: u8 = 5;

/// The backups of a data folder, as far as the running engine knows of them.
pub(crate) struct Vault {
    dir: PathBuf,
    is_demo: bool,
    /// How far the one is that is being made, in percent.
    running: Mutex<Option<u8>>,
    /// One at a time.
    turn: tokio::sync::Mutex<()>,
    /// Wakes the task that makes them.
    pub(crate) keeper: Wake,
}

impl Vault {
    pub(crate) fn new(dir: &Path, is_demo: bool, quiet: &Quiet) -> Self {
        Self {
            dir: dir.to_owned(),
            is_demo,
            running: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            keeper: Wake::new(quiet),
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<u8>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one a day until it is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut next = inner.now().plus(AFTER_START);
    loop {
        let busy = tokio::select! {
            () = cancel.cancelled() => return,
            woken = inner.vault.keeper.called() => woken,
            () = inner.sleep_until(next) => inner.quiet.busy(),
        };
        let now = inner.now();
        if next <= now || inner.vault.is_demo || inner.all_live().is_empty() {
            next = now.plus(AGAIN);
        }
        if is_due(&inner).await && make(&inner, None, &cancel).await.is_err() {
            next = inner.now().plus(AGAIN);
        }
        drop(busy);
    }
}

async fn is_due(inner: &Inner) -> bool {
    if inner.vault.is_demo || inner.all_live().is_empty() {
        return false;
    }
    let (now, book) = (inner.now(), book(inner).await);
    let waited = |at: Option<Timestamp>, span| at.is_none_or(|at| now.since(at) >= span || at > now);
    let failed = book.failed.map(|failed| failed.at);
    waited(book.made_at, DAY) && waited(failed, AGAIN)
}

async fn book(inner: &Inner) -> Book {
    let dir = inner.vault.dir.clone();
    tokio::task::spawn_blocking(move || Book::read(&dir)).await.unwrap_or_default()
}

/// Makes one now: where they go, or once into a folder that is named.
pub(crate) async fn make(inner: &Arc<Inner>, once: Option<PathBuf>, cancel: &CancellationToken) -> Result<Backup> {
    let _turn = inner.vault.turn.lock().await;
    let (now, dir, read_only) = (inner.now(), inner.vault.dir.clone(), inner.read_only);
    let kept = once.is_none() && !read_only;
    *inner.vault.running() = Some(0);
    inner.publish(vec![Change::Backups]);
    let (teller, cancel) = (Arc::clone(inner), cancel.clone());
    let made = tokio::task::spawn_blocking(move || {
        let origin =
            if read_only { Book::read(&dir).known_origin().unwrap_or(Origin(0)) } else { Book::origin(&dir, now)? };
        let place = once.map_or_else(|| Book::read(&dir).place(), Place::Once);
        backup::make(&dir, &place, origin, now, &mut |percent| {
            tell(&teller, percent);
            !cancel.is_cancelled()
        })
    })
    .await
    .unwrap_or(Err(StoreError::Panicked));
    *inner.vault.running() = None;
    if kept {
        remember(inner, now, made.as_ref().err()).await;
    }
    inner.publish(vec![Change::Backups]);
    made.map_err(|error| told(&error))
}

fn tell(inner: &Inner, percent: u8) {
    let mut running = inner.vault.running();
    if running.is_none_or(|told| percent >= told.saturating_add(HEARD)) {
        *running = Some(percent);
        drop(running);
        inner.publish(vec![Change::Backups]);
    }
}

async fn remember(inner: &Inner, now: Timestamp, failure: Option<&StoreError>) {
    // It was stopped: nothing failed, and it is due at the next start.
    if matches!(failure, Some(StoreError::Closed)) {
        return;
    }
    let failed = failure.map(|error| BackupFailure { at: now, code: told(error).code });
    if let Some(error) = failure {
        tracing::warn!(%error, "the backup failed");
    }
    let changed = change(inner, move |book| {
        book.failed = failed;
        book.made_at = if failed.is_none() { Some(now) } else { book.made_at };
    });
    if let Err(error) = changed.await {
        tracing::warn!(code = ?error.code, "what became of the backup could not be kept");
    }
}

async fn change(inner: &Inner, change: impl FnOnce(&mut Book) + Send + 'static) -> Result<Book> {
    let dir = inner.vault.dir.clone();
    blocking(move || Book::update(&dir, change)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> backscroll_store::Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Panicked)).map_err(|error| told(&error))
}

/// What the user is told of an error here.
fn told(error: &StoreError) -> UserError {
    match error {
        StoreError::NotFound(_) => user_error(ErrorCode::FolderGone, error.to_string()),
        error => store_error(error),
    }
}

/// What the settings show.
pub(crate) async fn state(inner: &Inner) -> Result<Backups> {
    let (dir, now) = (inner.vault.dir.clone(), inner.now());
    let running = *inner.vault.running();
    blocking(move || {
        let book = Book::read(&dir);
        let folder = book.folder.as_deref().map(last_part);
        let list = found(&dir, &book).into_iter().map(|backup| entry(&backup, &book)).collect();
        let made_at = book.made_at.filter(|at| *at <= now);
        let folder_gone = book.folder.as_deref().is_some_and(|folder| !folder.is_dir());
        Ok(Backups { folder, folder_gone, running, made_at, failed: book.failed, list })
    })
    .await
}

/// The page hears no path of this computer.
fn last_part(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    backscroll_model::text::clean_line(&name.to_string_lossy(), 80).unwrap_or_default()
}

fn entry(backup: &Backup, book: &Book) -> BackupEntry {
    BackupEntry {
        name: backup.name.to_string(),
        at: backup.name.at,
        bytes: backup.bytes,
        messages: backup::messages_in(&backup.path),
        foreign: Some(backup.name.origin) != book.known_origin(),
        newer: backup.name.schema > backscroll_store::SCHEMA_VERSION,
    }
}

/// All backups in the folders that are known, newest first.
fn found(dir: &Path, book: &Book) -> Vec<Backup> {
    let mut all = backup::list(&dir.join(FOLDER)).unwrap_or_default();
    if let Some(chosen) = &book.folder {
        all.extend(backup::list(chosen).unwrap_or_default());
    }
    all.sort_by_key(|backup| std::cmp::Reverse(backup.name.at));
    all
}

/// From now on they go there; `None`: into the data folder. One is made at once.
pub(crate) async fn choose(inner: &Inner, folder: Option<PathBuf>) -> Result<()> {
    if let Some(folder) = &folder {
        if folder.to_str().is_none() {
            return Err(user_error(ErrorCode::BadInput, "the name of this folder is not text"));
        }
        if !folder.is_dir() {
            return Err(user_error(ErrorCode::FolderGone, "no such folder"));
        }
    }
    change(inner, |book| {
        book.folder = folder;
        book.made_at = None;
        book.failed = None;
    })
    .await?;
    inner.publish(vec![Change::Backups]);
    inner.vault.keeper.call();
    Ok(())
}

/// The file of a backup that [`state`] listed.
pub(crate) async fn named(inner: &Inner, name: String) -> Result<PathBuf> {
    let dir = inner.vault.dir.clone();
    let file = blocking(move || {
        let all = found(&dir, &Book::read(&dir));
        Ok(all.into_iter().find(|backup| backup.name.to_string() == name).map(|backup| backup.path))
    });
    file.await?.ok_or_else(|| user_error(ErrorCode::NotFound, "no such backup"))
}

/// Makes a file ready to be the history at the next opening.
pub(crate) async fn restore(inner: &Inner, file: PathBuf) -> Result<Restored> {
    let _turn = inner.vault.turn.lock().await;
    let (dir, now) = (inner.vault.dir.clone(), inner.now());
    let restored = tokio::task::spawn_blocking(move || backup::restore(&dir, &file, now)).await;
    restored.unwrap_or(Err(StoreError::Panicked)).map_err(|error| match error {
        StoreError::Corrupt(reason) => user_error(ErrorCode::NotABackup, reason),
        error => told(&error),
    })
}

/// What took the place of the history, until the user has read it.
pub(crate) async fn restored(inner: &Inner) -> Option<Restored> {
    book(inner).await.restored
}

/// The user has read it.
pub(crate) async fn forget_restored(inner: &Inner) -> Result<()> {
    change(inner, |book| book.restored = None).await.map(drop)
}

//! Bringing in what a person downloaded from a platform ([`Inbox::import`](crate::Inbox::import)).
//!
//! One thread reads the files, the store takes what it read in batches, so that what the user does goes between two of
//! them. Two batches wait at most: a download of any size takes the same memory. With each batch its place is written, so
//! that an import that was cancelled or cut off goes on there.
//!
//! Nothing of it is ever announced or unread (`architecture.md`, invariant 8).

use std::{ops::ControlFlow, path::PathBuf, sync::Arc};

use backscroll_archive::{ArchiveError, Batch, Download, FileRef, Files, Owner, Place, ReadReport};
use backscroll_model::{
    Account, AccountId, Change, ErrorCode, IMPORTED, ImportProgress, ImportReport, Platform, UserError,
};
use backscroll_store::{self as db, ApplyContext, Arrival, ImportAccount, Importer};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    errors::{io_error, store_error, user_error},
    inner::{Inner, Result},
    media_cache, tend,
};

/// Batches that wait for the store.
const AHEAD: usize = 2;
/// The largest file of a message that is taken in.
const FILE_BYTES: u64 = 100 << 20;

/// What to bring in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportRequest {
    /// Folders, zips and files that belong together.
    pub files: Vec<PathBuf>,
    /// Into which account; `None`: into the one that it is of, which is made if there is none.
    pub account: Option<AccountId>,
    /// Who "we" are in it; `None`: as it tells itself.
    pub owner: Option<String>,
}

/// What [`Inbox::import`](crate::Inbox::import) does.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    request: ImportRequest,
    mut progress: impl FnMut(ImportProgress) + Send,
    cancel: CancellationToken,
) -> Result<ImportReport> {
    inner.may_write()?;
    let _busy = inner.quiet.busy();
    let opened = open(inner, &request).await?;
    let (account, account_created) = account_of(inner, &request, &opened).await?;
    let Opened { download, owner, files, platform } = opened;
    let name = format!("import/{}", download.fingerprint());
    let from = {
        let name = name.clone();
        inner.read(move |c| db::cursor(c, account, &name)).await?.as_deref().and_then(Place::parse)
    };
    let (send, mut batches) = mpsc::channel::<Batch>(AHEAD);
    let shown = owner.shown.clone();
    let reader = {
        let (cancel, owner) = (cancel.clone(), owner.clone());
        tokio::task::spawn_blocking(move || read(download, &owner, from, &cancel, &send))
    };
    let mut taking = Taking {
        inner,
        account,
        name,
        importer: Some(Importer::new(account)),
        files: Some(files),
        report: Taken::default(),
    };
    let mut failed = None;
    while let Some(batch) = batches.recv().await {
        match taking.take(batch).await {
            Ok(done) => progress(done),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    // Ends the reader, if it still reads.
    drop(batches);
    let read = reader.await.map_err(|_| user_error(ErrorCode::Internal, "the reading of the download ended"))?;
    if let Some(error) = failed {
        return Err(error);
    }
    let read = read.map_err(|error| archive_error(&error))?;
    let taken = taking.end(read.cancelled).await?;
    if !inner.is_running() {
        tend::merge_before_end(inner).await;
    }
    Ok(ImportReport {
        account,
        account_created,
        platform,
        owner: shown,
        threads: read.threads,
        messages: read.messages,
        new: taken.new,
        known: read.messages.saturating_sub(taken.new),
        files: taken.files,
        skipped: read.skipped,
        reasons: read.reasons,
        cancelled: read.cancelled,
    })
}

/// A download whose owner is known.
struct Opened {
    download: Download,
    files: Files,
    owner: Owner,
    platform: Platform,
}

async fn open(inner: &Inner, request: &ImportRequest) -> Result<Opened> {
    let (said, accounts) = match request.account {
        Some(id) => {
            let account = inner.account(id).await?;
            (Some(account.platform), vec![account])
        }
        None => (None, inner.accounts().await?),
    };
    let names = |account: Account| [Some(account.name), account.username].into_iter().flatten();
    let hints: Vec<String> = accounts.into_iter().flat_map(names).collect();
    let (paths, named) = (request.files.clone(), request.owner.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let download = Download::open(&paths, said)?;
        let owner = download.owner(named.as_deref(), &hints)?;
        let files = download.files(&paths)?;
        let platform = download.platform();
        Ok(Opened { download, files, owner, platform })
    });
    let opened = opened.await.map_err(|_| user_error(ErrorCode::Internal, "the download was not opened"))?;
    let opened = opened.map_err(|error: ArchiveError| archive_error(&error))?;
    if said.is_some_and(|said| said != opened.platform) {
        return Err(user_error(ErrorCode::OtherPlatform, format!("a download of {}", opened.platform.as_str())));
    }
    Ok(opened)
}

async fn account_of(inner: &Arc<Inner>, request: &ImportRequest, opened: &Opened) -> Result<(AccountId, bool)> {
    if let Some(id) = request.account {
        return Ok((id, false));
    }
    let Owner { id, username, shown, .. } = &opened.owner;
    let remote_id = id.clone().unwrap_or_else(|| {
        let hash = hex::encode(Sha256::digest(shown.as_bytes()));
        format!("{IMPORTED}{}", hash.get(..16).unwrap_or_default())
    });
    let new = ImportAccount {
        platform: opened.platform,
        remote_id: remote_id.as_str().into(),
        name: shown.clone(),
        username: username.clone(),
    };
    let now = inner.now();
    let made = inner.store.write_user(move |tx| db::import_account(tx, &new, now)).await;
    let (id, created) = made.map_err(|error| store_error(&error))?;
    if created {
        let account = inner.account(id).await?;
        inner.live_of(&account);
        inner.publish(vec![Change::Account { id }]);
    }
    Ok((id, created))
}

/// Reads to the end, or until nobody takes the batches any more.
fn read(
    mut download: Download,
    owner: &Owner,
    from: Option<Place>,
    cancel: &CancellationToken,
    to: &mpsc::Sender<Batch>,
) -> backscroll_archive::Result<ReadReport> {
    download.read(owner, from, &mut |batch| {
        // What was read is not thrown away: a cancelled import holds whole batches.
        if to.blocking_send(batch).is_err() || cancel.is_cancelled() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
}

#[derive(Debug, Default)]
struct Taken {
    messages: u32,
    new: u32,
    files: u32,
}

/// Takes batches in.
struct Taking<'i> {
    inner: &'i Arc<Inner>,
    account: AccountId,
    /// Of the cursor.
    name: String,
    /// Away while the store has it.
    importer: Option<Importer>,
    /// Away while a thread reads from it.
    files: Option<Files>,
    report: Taken,
}

impl Taking<'_> {
    async fn take(&mut self, batch: Batch) -> Result<ImportProgress> {
        let inner = self.inner;
        let context = ApplyContext { now: inner.now(), arrival: Arrival::Import, auto_response: None };
        let mut importer = self.importer.take().unwrap_or_else(|| Importer::new(self.account));
        let cursor = (self.name.clone(), Some(batch.place.to_text()));
        let Batch { pages, files, bytes, total, messages, .. } = batch;
        let written = inner.store.write_sync(move |tx| {
            let applied = importer.import(tx, pages, cursor, &context)?;
            Ok((importer, applied))
        });
        let (importer, applied) = written.await.map_err(|error| store_error(&error))?;
        self.importer = Some(importer);
        self.report.messages += messages;
        self.report.new += applied.new;
        inner.publish(applied.changes);
        for file in files {
            self.report.files += u32::from(self.bring(file).await?);
        }
        Ok(ImportProgress {
            read_kib: kib(bytes),
            total_kib: kib(total),
            messages: self.report.messages,
            new: self.report.new,
        })
    }

    /// Takes in a file of a message, if it has none yet. One that cannot be read is not there: the message says so.
    async fn bring(&mut self, wanted: FileRef) -> Result<bool> {
        let (account, kind, path) = (self.account, wanted.kind, wanted.path);
        let (thread, message, ordinal) = (wanted.thread, wanted.message, wanted.ordinal);
        let found = self.inner.read(move |c| db::imported_file(c, account, &thread, &message, ordinal)).await?;
        let (Some(found), Some(mut files)) = (found, self.files.take()) else { return Ok(false) };
        let read = tokio::task::spawn_blocking(move || {
            let bytes = files.read(&path, FILE_BYTES);
            (files, bytes)
        });
        let (files, bytes) = read.await.map_err(|_| user_error(ErrorCode::Internal, "a file was not read"))?;
        self.files = Some(files);
        let Ok(Some(bytes)) = bytes else { return Ok(false) };
        media_cache::bring(self.inner, found.id, kind, bytes, found.at).await
    }

    /// The place is forgotten when all is read: the next import of these files looks at all of it again.
    async fn end(self, cancelled: bool) -> Result<Taken> {
        let (account, name) = (self.account, self.name);
        if !cancelled {
            let forgotten = self.inner.store.write_sync(move |tx| db::forget_cursor(tx, account, &name)).await;
            forgotten.map_err(|error| store_error(&error))?;
        }
        self.inner.publish(vec![Change::Account { id: account }, Change::Counts]);
        Ok(self.report)
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// An error of a download or an export, told by what the user can do about it.
pub(crate) fn archive_error(error: &ArchiveError) -> UserError {
    let code = match error {
        ArchiveError::Missing => ErrorCode::NotFound,
        ArchiveError::NotADownload => ErrorCode::NotADownload,
        ArchiveError::Html => ErrorCode::HtmlDownload,
        ArchiveError::Damaged(_) | ArchiveError::Bomb => ErrorCode::DamagedDownload,
        ArchiveError::Mixed => ErrorCode::OtherPlatform,
        ArchiveError::OwnerUnknown { people } => {
            return user_error(ErrorCode::OwnerUnknown, people.join(", "));
        }
        ArchiveError::Io(error) => return io_error("the files", error),
        ArchiveError::Cancelled => ErrorCode::Cancelled,
    };
    user_error(code, error.to_string())
}

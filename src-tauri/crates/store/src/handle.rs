//! [`Store`]: the async front. A closure goes to the thread of a connection and its result comes back.
//!
//! Promises: what a person does overtakes a running sync after at most one batch; a read never waits for a write, and
//! sees one moment of the database; a write is one transaction, committed before its result is handed back, so whatever
//! is published from the result is already true (`architecture.md`, invariant 7).
//!
//! Refuses: to hold a transaction across an await.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use backscroll_model::{AccountId, Page, Restored, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Notify, Semaphore};

use crate::{
    Access, Applied, ApplyContext, Result, StoreError, apply,
    open::{self, Opened},
    search,
};

/// Reading connections: the list, a thread, a media request and a count at once. More would wait for the two cores.
const READERS: usize = 4;

/// The history. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Option<tokio_rusqlite::Connection>,
    gate: Gate,
    /// The search index may have something to merge.
    merge_due: AtomicBool,
    readers: Mutex<Vec<tokio_rusqlite::Connection>>,
    free: Semaphore,
    readers_made: u32,
    quarantined: Option<PathBuf>,
    restored: Option<Restored>,
    dir: PathBuf,
    lock: Mutex<Option<std::fs::File>>,
}

/// How safe a commit must be (`performance.md`, rule 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// A power cut may take the last commits: the API gives them again.
    Normal,
    /// On the disk before the call returns: nobody could give it again.
    Full,
}

impl Store {
    /// Opens the data folder `dir`, creating it if `access` is [`Access::Write`]. `now` names a quarantined file.
    /// Blocks for some milliseconds; call it before the first window, or on a blocking thread.
    pub fn open(dir: &Path, access: Access, now: Timestamp) -> Result<Self> {
        let Opened { writer, readers, quarantined, restored, lock } = open::open(dir, access, READERS, now)?;
        let readers: Vec<_> = readers.into_iter().map(tokio_rusqlite::Connection::from).collect();
        Ok(Self {
            inner: Arc::new(Inner {
                // What an earlier process left is looked at once.
                merge_due: AtomicBool::new(writer.is_some()),
                writer: writer.map(tokio_rusqlite::Connection::from),
                gate: Gate::default(),
                free: Semaphore::new(readers.len()),
                readers_made: u32::try_from(readers.len()).unwrap_or(u32::MAX),
                readers: Mutex::new(readers),
                quarantined,
                restored,
                dir: dir.to_owned(),
                lock: Mutex::new(lock),
            }),
        })
    }

    /// Where a damaged database was moved to when this store was opened.
    pub fn quarantined(&self) -> Option<&Path> {
        self.inner.quarantined.as_deref()
    }

    /// What took the place of the former history when this store was opened.
    pub fn restored(&self) -> Option<&Restored> {
        self.inner.restored.as_ref()
    }

    /// Whether this store may write.
    pub fn is_writer(&self) -> bool {
        self.inner.writer.is_some()
    }

    /// Finishes what runs, folds the log into the file and gives the data folder back. Other clones answer
    /// [`StoreError::Closed`] from then on. A store that is only dropped does the same, a moment later.
    pub async fn close(self) -> Result<()> {
        let readers = self.inner.free.acquire_many(self.inner.readers_made).await.map_err(|_| StoreError::Closed)?;
        self.inner.free.close();
        let idle = std::mem::take(&mut *self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner));
        for reader in idle {
            closed(reader.close().await)?;
        }
        readers.forget();
        if let Some(writer) = &self.inner.writer {
            let _turn = self.inner.gate.user().await;
            closed(writer.clone().close().await)?;
        }
        self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }

    /// Something a person did: goes before any waiting batch of a sync.
    pub async fn write_user<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let _turn = self.inner.gate.user().await;
        self.write(Sync::Normal, work).await
    }

    /// Like [`Self::write_user`], for intents and attempts: on the disk before it returns.
    pub async fn write_durable<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let _turn = self.inner.gate.user().await;
        self.write(Sync::Full, work).await
    }

    /// One batch of a sync. Keep it below 25 ms, a person may be waiting behind it.
    pub async fn write_sync<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let _turn = self.inner.gate.sync().await;
        self.write(Sync::Normal, work).await
    }

    /// Applies what a provider said, in transactions of at most [`crate::BATCH_MESSAGES`] messages. `committed` hears of
    /// each transaction after its commit: publish there.
    pub async fn apply(
        &self,
        account: AccountId,
        pages: Vec<Page>,
        context: ApplyContext,
        mut committed: impl FnMut(&Applied),
    ) -> Result<Applied> {
        let mut total = Applied::default();
        let context = Arc::new(context);
        for batch in apply::batches(pages) {
            let context = Arc::clone(&context);
            let applied = self.write_sync(move |tx| apply::apply(tx, account, &batch, &context)).await?;
            if applied.new > 0 || applied.changed > 0 {
                self.inner.merge_due.store(true, Ordering::Release);
            }
            committed(&applied);
            total.add(applied);
        }
        Ok(total)
    }

    /// One small step of what the search index has to merge, a millisecond or two in a transaction of its own: for when
    /// nobody waits. Answers whether more may be left. Where nothing was applied since the last one that found nothing
    /// to do, it does not even look.
    pub async fn merge_index(&self) -> Result<bool> {
        if !self.inner.merge_due.swap(false, Ordering::AcqRel) {
            return Ok(false);
        }
        let more = self.write_sync(|tx| search::merge(tx)).await;
        if !matches!(more, Ok(false)) {
            self.inner.merge_due.store(true, Ordering::Release);
        }
        more
    }

    /// Reads one moment of the history.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let _permit = self.inner.free.acquire().await.map_err(|_| StoreError::Closed)?;
        let reader = Lent::take(&self.inner.readers).ok_or(StoreError::Closed)?;
        let done = reader
            .connection
            .call(move |connection| {
                survive(|| {
                    let tx = connection.transaction()?;
                    work(&tx)
                })
            })
            .await;
        self.heed(flatten(done))
    }

    async fn write<T, F>(&self, sync: Sync, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let writer = self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        let done = writer
            .call(move |connection| {
                if sync == Sync::Full {
                    connection.pragma_update(None, "synchronous", "full")?;
                }
                let done = survive(|| in_transaction(connection, work));
                if sync == Sync::Full {
                    connection.pragma_update(None, "synchronous", "normal")?;
                }
                done
            })
            .await;
        self.heed(flatten(done))
    }

    /// Damage that is met leaves a mark for the next start. A store that only reads leaves nothing in the folder.
    fn heed<T>(&self, result: Result<T>) -> Result<T> {
        if matches!(result, Err(StoreError::Corrupt(_))) && self.is_writer() {
            open::suspect_damage(&self.inner.dir);
        }
        result
    }
}

fn closed(result: std::result::Result<(), tokio_rusqlite::Error>) -> Result<()> {
    match result {
        Ok(()) | Err(tokio_rusqlite::Error::ConnectionClosed) => Ok(()),
        Err(tokio_rusqlite::Error::Close((_, error)) | tokio_rusqlite::Error::Error(error)) => Err(error.into()),
        Err(_) => Err(StoreError::Closed),
    }
}

fn in_transaction<T>(connection: &mut Connection, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
    // Immediate: the lock is taken before anything is read, so a transaction never fails half-way for want of it.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&tx)?;
    tx.commit()?;
    Ok(done)
}

/// A panic would end the connection's thread, and with it every later call. Unwinding drops the transaction, which rolls
/// it back, so nothing half-done can be seen: that makes the assertion true.
fn survive<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        tracing::error!("work on the database panicked and was undone");
        Err(StoreError::Panicked)
    })
}

fn flatten<T>(result: std::result::Result<T, tokio_rusqlite::Error<StoreError>>) -> Result<T> {
    result.map_err(|error| match error {
        tokio_rusqlite::Error::Error(error) => error,
        _ => StoreError::Closed,
    })
}

/// A reader that goes back by itself, also when the waiting future is dropped.
struct Lent<'a> {
    connection: tokio_rusqlite::Connection,
    home: &'a Mutex<Vec<tokio_rusqlite::Connection>>,
}

impl<'a> Lent<'a> {
    fn take(home: &'a Mutex<Vec<tokio_rusqlite::Connection>>) -> Option<Self> {
        let connection = home.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self { connection, home })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(self.connection.clone());
    }
}

/// The turn to write: one at a time, persons before syncs.
#[derive(Debug, Default)]
struct Gate {
    turn: tokio::sync::Mutex<()>,
    /// Persons who wait or write.
    users: AtomicUsize,
    users_left: Notify,
}

struct UserTurn<'a> {
    gate: &'a Gate,
    _turn: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Drop for UserTurn<'_> {
    fn drop(&mut self) {
        self.gate.users.fetch_sub(1, Ordering::AcqRel);
        self.gate.users_left.notify_waiters();
    }
}

impl Gate {
    async fn user(&self) -> UserTurn<'_> {
        self.users.fetch_add(1, Ordering::AcqRel);
        // Built before the wait, so that giving up takes the announcement back.
        let mut turn = UserTurn { gate: self, _turn: None };
        turn._turn = Some(self.turn.lock().await);
        turn
    }

    async fn sync(&self) -> tokio::sync::MutexGuard<'_, ()> {
        loop {
            let turn = self.turn.lock().await;
            let left = self.users_left.notified();
            tokio::pin!(left);
            // Registered before the count is read: a person who leaves in between is not missed.
            left.as_mut().enable();
            if self.users.load(Ordering::Acquire) == 0 {
                return turn;
            }
            drop(turn);
            left.await;
        }
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;

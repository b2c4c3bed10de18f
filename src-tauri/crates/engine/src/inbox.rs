//! The facade. Each command of the desktop and of the command line is one method here, in one file per area.

mod accounts;
mod acting;
mod attach;
mod ayrshare;
mod backups;
mod canned;
mod importing;
mod media;
mod meta;
mod outgoing;
mod reading;
mod search;
mod sending;
mod settings;
mod syncing;
mod webhooks;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use backscroll_model::AccountId;
use backscroll_model::{BackfillProgress, BackfillSummary, Change, NoticeAction};
use backscroll_store::{self as db, Access, Store};
use tokio::sync::broadcast;

use crate::{
    InboxOptions, Limits, SecretsPlace, account_task, backup,
    errors::{store_error, user_error},
    inner::{Inner, Result},
    live::Live,
    media_cache, outbox,
    secrets::Secrets,
    supervise::Tasks,
    tend, webhooks as receiver,
};

/// The inbox: history, synchronisation, outbox and notifications of one data folder. Cheap to clone.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("running", &self.0.is_running()).finish_non_exhaustive()
    }
}

impl Inbox {
    /// Opens the data folder. Makes no network call and starts no task.
    ///
    /// # Errors
    ///
    /// `InUse`, `ReadOnly`, `DiskFull`, `NewerData`, `Damaged`, `Keychain`.
    pub async fn open(options: InboxOptions) -> Result<Self> {
        Self::open_with(options, Limits::default()).await
    }

    /// [`Self::open`] with other deadlines and caps of the network.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    #[doc(hidden)]
    pub async fn open_with(options: InboxOptions, limits: Limits) -> Result<Self> {
        let now = options.clock.now();
        let access = if options.read_only { Access::Read } else { Access::Write };
        let dir = options.data_dir.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&dir, access, now)).await;
        let store = match opened {
            Ok(store) => store.map_err(|e| store_error(&e))?,
            Err(_) => return Err(user_error(backscroll_model::ErrorCode::Internal, "the store did not open")),
        };
        let secrets = Secrets::open(&options.data_dir, options.secrets, options.read_only).await?;
        let settings = store.read(db::settings).await.map_err(|e| store_error(&e))?;
        let inner = Arc::new(Inner::new(options, limits, store, secrets, settings));
        if !inner.read_only {
            outbox::recover(&inner).await?;
        }
        for account in inner.accounts().await? {
            inner.live_of(&account);
        }
        Ok(Self(inner))
    }

    /// Starts reading and sending: one task per account, one outbox task per account.
    pub async fn start(&self) {
        let inner = &self.0;
        let mut tasks = inner.tasks.lock().await;
        if inner.read_only || tasks.is_some() {
            return;
        }
        let mut group = Tasks::new(Arc::clone(&inner.clock));
        inner.running.store(true, Ordering::SeqCst);
        for live in inner.all_live() {
            {
                let mut state = live.state();
                let read_at = state.read_at.filter(|_| state.connection.is_some());
                state.absent(read_at);
            }
            spawn_account(inner, &mut group, &live);
        }
        let tending = Arc::clone(inner);
        inner.tender.call();
        group.spawn("tender", move |cancel| tend::run(Arc::clone(&tending), cancel));
        let fetching = Arc::clone(inner);
        inner.fetcher.call();
        group.spawn("media", move |cancel| media_cache::run(Arc::clone(&fetching), cancel));
        let keeping = Arc::clone(inner);
        group.spawn("backups", move |cancel| backup::run(Arc::clone(&keeping), cancel));
        receiver::spawn(inner, &mut group);
        *tasks = Some(group);
    }

    /// Stops all tasks: cancels, waits up to 5 s, aborts. What was on the wire becomes `Unknown` at the next start.
    pub async fn stop(&self) {
        let inner = &self.0;
        let Some(tasks) = inner.tasks.lock().await.take() else { return };
        inner.running.store(false, Ordering::SeqCst);
        tasks.stop().await;
        receiver::stopped(inner).await;
        inner.tender.forget();
        inner.fetcher.forget();
        inner.vault.keeper.forget();
        let mut read: Vec<(AccountId, backscroll_model::Timestamp)> = Vec::new();
        for live in inner.all_live() {
            live.reader.forget();
            live.sender.forget();
            read.extend(live.state().read_at.map(|at| (live.id, at)));
        }
        // What a poll with nothing new did not write: since when nothing was missed.
        let kept = inner
            .store
            .write_user(move |tx| read.into_iter().try_for_each(|(id, at)| db::set_last_read(tx, id, at)))
            .await;
        if let Err(error) = kept {
            tracing::warn!(%error, "the time of the last read could not be kept");
        }
    }

    /// [`Self::stop`], then finishes what runs and gives the data folder back: from here on nothing touches its files. An
    /// inbox that is only dropped does the same, a moment later; clones of this one answer with errors.
    ///
    /// # Errors
    ///
    /// Those of the history: its log could not be folded into the file, and is by the next start.
    pub async fn close(self) -> Result<()> {
        self.stop().await;
        self.0.store.clone().close().await.map_err(|e| store_error(&e))
    }

    /// Changes from now on, coalesced per commit. A receiver that lags must treat it as `Change::Resync`
    /// ([`crate::next_changes`] does).
    pub fn changes(&self) -> broadcast::Receiver<Vec<Change>> {
        self.0.bus.subscribe()
    }

    /// What the desktop shall show or close, from now on.
    pub fn notices(&self) -> broadcast::Receiver<NoticeAction> {
        self.0.notices.subscribe()
    }

    /// Where secrets rest.
    pub fn secrets_place(&self) -> SecretsPlace {
        self.0.secrets.place()
    }

    /// The history was damaged when it was opened, and was set aside: the name of its file in the data folder.
    pub fn damaged_history(&self) -> Option<String> {
        let name = self.0.store.quarantined()?.file_name()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// Sync progress of running first back-fills.
    pub fn backfills(&self) -> Vec<BackfillProgress> {
        self.0.all_live().iter().filter_map(|live| live.state().progress).collect()
    }

    /// The numbers for the sentence after a first back-fill, over these accounts (all if empty).
    ///
    /// # Errors
    ///
    /// `NotFound` and those of the history.
    pub async fn backfill_summary(&self, accounts: Vec<AccountId>) -> Result<BackfillSummary> {
        let now = self.0.now();
        self.0
            .read(move |c| {
                let ids = if accounts.is_empty() {
                    db::accounts(c, now)?.into_iter().map(|a| a.id).collect()
                } else {
                    accounts
                };
                let mut sum = BackfillSummary { messages: 0, people: 0, waiting: 0, closing_today: 0 };
                for id in ids {
                    let one = db::backfill_summary(c, id, now)?;
                    sum.messages += one.messages;
                    sum.people += one.people;
                    sum.waiting += one.waiting;
                    sum.closing_today += one.closing_today;
                }
                Ok(sum)
            })
            .await
    }

    /// From now on every account at Graph that is connected is walked this often, whatever its pace; `None`: as its pace
    /// asks. Not kept. For measuring what the pace is worth.
    #[doc(hidden)]
    pub fn walk_graph_every(&self, interval: Option<Duration>) {
        let fixed = interval.and_then(|pause| i64::try_from(pause.as_millis()).ok());
        for live in self.0.all_live() {
            live.graph().fixed = fixed;
        }
    }

    /// Resolves when nothing is being worked on: every task waits for the clock or for someone. For tests that drive
    /// the clock.
    #[doc(hidden)]
    pub async fn quiet(&self) {
        self.0.quiet.wait().await;
    }
}

/// The two tasks of one account.
fn spawn_account(inner: &Arc<Inner>, group: &mut Tasks, live: &Arc<Live>) {
    let (id, reading, sending) = (live.id, Arc::clone(inner), Arc::clone(inner));
    live.reader.call();
    group.spawn("reader", move |cancel| account_task::run(Arc::clone(&reading), id, cancel));
    live.sender.call();
    group.spawn("sender", move |cancel| outbox::run(Arc::clone(&sending), id, cancel));
}

//! What all clones of an [`Inbox`](crate::Inbox) share, and the few ways in which its parts reach each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use backscroll_model::{
    Account, AccountId, Change, Connection, ConnectionId, ConversationId, ErrorCode, Health, Notice, NoticeAction,
    Platform, Provider, RemoteId, Settings, Timestamp, UserError,
};
use backscroll_store::{self as db, Store};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rusqlite::Connection as Sqlite;
use tokio::sync::broadcast;

use crate::{
    Clock, InboxOptions, Limits,
    backup::Vault,
    bus::Bus,
    errors::{store_error, user_error},
    link::{CheckPace, Identity, Link, Links, PageLanes},
    live::Live,
    media_cache::Shelf,
    notify::Announcer,
    outgoing::Outgoing,
    quiet::{Quiet, Wake},
    secrets::Secrets,
    supervise::Tasks,
    webhooks::Receiver,
};

pub(crate) type Result<T> = std::result::Result<T, UserError>;

/// Setting: fields that the version of Graph in use is known to lack.
pub(crate) const MISSING_FIELDS: &str = concat!("graph_missing_fields/", "v25.0");
/// Notices that a slow desktop may be behind.
const NOTICES: usize = 256;

/// The shared state of an inbox.
pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) decoder: (PathBuf, Vec<String>),
    pub(crate) read_only: bool,
    pub(crate) limits: Limits,
    pub(crate) store: Store,
    pub(crate) secrets: Secrets,
    pub(crate) bus: Bus,
    pub(crate) notices: broadcast::Sender<NoticeAction>,
    pub(crate) announcer: Announcer,
    pub(crate) quiet: Quiet,
    /// Wakes the task that looks after snoozes, clock steps and the cache.
    pub(crate) tender: Wake,
    /// Wakes the task that fetches files.
    pub(crate) fetcher: Wake,
    /// The copies of files.
    pub(crate) shelf: Shelf,
    /// Files on their way out.
    pub(crate) outgoing: Outgoing,
    /// Takes webhooks.
    pub(crate) webhooks: Receiver,
    /// Backups.
    pub(crate) vault: Vault,
    pub(crate) tasks: tokio::sync::Mutex<Option<Tasks>>,
    pub(crate) running: AtomicBool,
    /// Ends the search that runs.
    pub(crate) searching: Mutex<db::Cancel>,
    /// One change of the set of accounts at a time.
    pub(crate) accounts_turn: tokio::sync::Mutex<()>,
    links: Links,
    /// What is counted of each Page at Graph.
    pages: Arc<PageLanes>,
    live: Mutex<BTreeMap<AccountId, Arc<Live>>>,
    settings: Mutex<Settings>,
    view: Mutex<View>,
    rng: Mutex<StdRng>,
}

/// What the user looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The thread on screen in a focused window.
    pub(crate) conversation: Option<ConversationId>,
    /// Its account, once looked up.
    pub(crate) account: Option<AccountId>,
    /// The window is hidden.
    pub(crate) background: bool,
}

impl Inner {
    pub(crate) fn new(
        options: InboxOptions,
        limits: Limits,
        store: Store,
        secrets: Secrets,
        settings: Settings,
    ) -> Self {
        let quiet = Quiet::new();
        Self {
            clock: options.clock,
            shelf: Shelf::new(&options.data_dir),
            outgoing: Outgoing::new(&options.data_dir),
            decoder: options.decoder,
            read_only: options.read_only,
            limits,
            store,
            secrets,
            bus: Bus::new(),
            notices: broadcast::channel(NOTICES).0,
            announcer: Announcer::new(options.demo),
            tender: Wake::new(&quiet),
            fetcher: Wake::new(&quiet),
            webhooks: Receiver::new(&quiet),
            vault: Vault::new(&options.data_dir, options.demo, &quiet),
            quiet,
            tasks: tokio::sync::Mutex::new(None),
            running: AtomicBool::new(false),
            searching: Mutex::default(),
            accounts_turn: tokio::sync::Mutex::new(()),
            links: Links::default(),
            pages: Arc::default(),
            live: Mutex::default(),
            settings: Mutex::new(settings),
            view: Mutex::default(),
            rng: Mutex::new(StdRng::seed_from_u64(options.seed)),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits until the wall clock shows `at`.
    pub(crate) async fn sleep_until(&self, at: Timestamp) {
        let ms = at.since(self.now());
        if ms > 0 {
            self.clock.sleep(Duration::from_millis(ms.unsigned_abs())).await;
        }
    }

    /// In 0..1.
    pub(crate) fn jitter(&self) -> f64 {
        lock(&self.rng).random_range(0.0..1.0)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::SeqCst)
    }

    pub(crate) fn publish(&self, changes: Vec<Change>) {
        self.bus.publish(changes);
    }

    pub(crate) fn show(&self, notice: Notice) {
        // Nobody listens on the command line.
        let _ = self.notices.send(NoticeAction::Show(notice));
    }

    pub(crate) fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    pub(crate) fn keep_settings(&self, settings: Settings) {
        *lock(&self.settings) = settings;
    }

    pub(crate) fn view(&self) -> View {
        *lock(&self.view)
    }

    pub(crate) fn change_view(&self, change: impl FnOnce(&mut View)) {
        change(&mut lock(&self.view));
    }

    /// Refuses what would write, where another process may own the data folder.
    pub(crate) fn may_write(&self) -> Result<()> {
        if self.read_only {
            return Err(user_error(ErrorCode::InUse, "opened for reading only"));
        }
        Ok(())
    }

    // --- the running side of accounts

    pub(crate) fn all_live(&self) -> Vec<Arc<Live>> {
        lock(&self.live).values().cloned().collect()
    }

    pub(crate) fn live(&self, id: AccountId) -> Option<Arc<Live>> {
        lock(&self.live).get(&id).cloned()
    }

    /// The running side of an account, made when it is first needed.
    pub(crate) fn live_of(&self, account: &Account) -> Arc<Live> {
        let mut all = lock(&self.live);
        let live = all.entry(account.id).or_insert_with(|| {
            Arc::new(Live::new(account.id, account.platform, account.connection, account.last_read_at, &self.quiet))
        });
        Arc::clone(live)
    }

    pub(crate) fn forget_live(&self, id: AccountId) {
        lock(&self.live).remove(&id);
    }

    /// Puts in what the store cannot know: health, capabilities, the age of what is shown.
    pub(crate) fn complete(&self, mut account: Account) -> Account {
        let link = account.connection.and_then(|connection| self.open_link(connection));
        account.capabilities = match link {
            Some(link) => link.adapter.capabilities(account.platform),
            None => {
                let provider = account.provider.unwrap_or(Provider::Ayrshare);
                crate::link::capabilities(provider, account.platform)
            }
        };
        if account.connection.is_none() {
            account.health = Health::Disconnected;
            return account;
        }
        if let Some(live) = self.live(account.id) {
            let state = live.state();
            account.health = state.health.clone();
            account.last_read_at = account.last_read_at.max(state.read_at);
        }
        account
    }

    // --- the store, with its errors told to people

    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Sqlite) -> db::Result<T> + Send + 'static,
    {
        self.store.read(work).await.map_err(|e| store_error(&e))
    }

    pub(crate) async fn account(&self, id: AccountId) -> Result<Account> {
        let now = self.now();
        self.read(move |c| db::account(c, id, now)).await
    }

    pub(crate) async fn accounts(&self) -> Result<Vec<Account>> {
        let now = self.now();
        self.read(move |c| db::accounts(c, now)).await
    }

    pub(crate) async fn connection(&self, id: ConnectionId) -> Result<Connection> {
        let all = self.read(db::connections).await?;
        all.into_iter().find(|c| c.id == id).ok_or_else(|| user_error(ErrorCode::NotFound, "no such connection"))
    }

    // --- connections

    /// The live connection, opened with its secrets when it is first needed.
    pub(crate) async fn link(&self, id: ConnectionId) -> Result<Arc<Link>> {
        if let Some(link) = self.open_link(id) {
            return Ok(link);
        }
        let connection = self.connection(id).await?;
        let credentials = self
            .secrets
            .load(id)
            .await?
            .ok_or_else(|| user_error(ErrorCode::Keychain, "the keychain holds no key for this connection"))?;
        let identity = self.identity(&connection).await?;
        let (base, pace) = (&connection.api_base, self.check_pace());
        let link = Arc::new(Link::new(base, &credentials, identity, self.limits, &self.pages, pace)?);
        Ok(Arc::clone(lock(&self.links).entry(id).or_insert(link)))
    }

    /// What a check at Graph waits for.
    pub(crate) fn check_pace(&self) -> CheckPace {
        CheckPace::new(Arc::clone(&self.clock), Arc::clone(&self.pages))
    }

    /// What the adapter of this connection must know beside its secrets.
    async fn identity(&self, connection: &Connection) -> Result<Identity> {
        if connection.provider != Provider::Meta {
            return Ok(Identity::default());
        }
        let accounts = self.accounts().await?;
        let instagram =
            accounts.into_iter().find(|a| a.connection == Some(connection.id) && a.platform == Platform::Instagram);
        let known_missing = self.read(|c| db::value::<BTreeSet<String>>(c, MISSING_FIELDS)).await?;
        Ok(Identity {
            page: connection.remote_ref.clone().map(RemoteId),
            instagram: instagram.map(|a| a.remote_id),
            known_missing: known_missing.unwrap_or_default(),
        })
    }

    /// The live connection, if it is open.
    pub(crate) fn open_link(&self, id: ConnectionId) -> Option<Arc<Link>> {
        lock(&self.links).get(&id).cloned()
    }

    /// The next use opens it with the secrets of then.
    pub(crate) fn close_link(&self, id: ConnectionId) {
        lock(&self.links).remove(&id);
        // Its webhooks are verified with the same secrets.
        if self.is_running() {
            self.webhooks.door.call();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

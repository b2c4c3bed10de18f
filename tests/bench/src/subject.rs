//! What is measured: the app's own store and adapter, called as the engine calls them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use backscroll_adapters::ayrshare;
use backscroll_model::{
    AccountId, Backfill, Conversation, ConversationId, ConversationQuery, Page, Platform, Provider, RemoteId,
    StateFilter, ThreadPosition, Timestamp,
};
use backscroll_store::{Access, Applied, ApplyContext, Arrival, NewAccount, Store};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::corpus::{Body, Corpus, NEWEST_MS, Size, THREAD, conversation_id};

/// "Now" of every measurement: a minute after the newest message.
pub const NOW: Timestamp = Timestamp(NEWEST_MS + 60_000);

/// A store with one business on three platforms.
pub struct Subject {
    store: Store,
    accounts: BTreeMap<Platform, AccountId>,
    runtime: Runtime,
    dir: PathBuf,
    /// Only of the first of several on one folder.
    _closes: Option<Closes>,
}

/// Waits for the end of the store: one that is only dropped folds its log a moment later, into the file that the next
/// measurement has begun in the same folder.
struct Closes(Store);

impl Drop for Closes {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
        if let Err(error) = runtime.block_on(self.0.clone().close()) {
            eprintln!("a history was not closed: {error}");
        }
    }
}

impl Subject {
    /// A new, empty one in `dir`, whatever was there before.
    pub fn create(dir: &Path) -> Result<Self> {
        Self::create_at(dir, Provider::Ayrshare)
    }

    /// The same, read through this provider.
    pub fn create_at(dir: &Path, provider: Provider) -> Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir)?;
        let subject = Self::open(dir)?;
        let accounts = subject.write(move |db| {
            let connection =
                backscroll_store::add_connection(db, provider, "Corner Bakery", "http://127.0.0.1:9", None, NOW)?;
            let business = backscroll_store::add_business(db, "Corner Bakery")?;
            let mut accounts = BTreeMap::new();
            for platform in Platform::ALL {
                let new = NewAccount {
                    business,
                    platform,
                    remote_id: RemoteId("9001000000000001".to_owned()),
                    name: "Corner Bakery".to_owned(),
                    username: None,
                    connection,
                    backfill: Backfill::Done,
                };
                accounts.insert(platform, backscroll_store::upsert_account(db, &new, NOW)?.id);
            }
            Ok(accounts)
        })?;
        Ok(Self { accounts, ..subject })
    }

    /// One that was created before.
    pub fn open(dir: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let store = Store::open(dir, Access::Write, NOW)?;
        let closes = Some(Closes(store.clone()));
        let subject = Self { store, accounts: BTreeMap::new(), runtime, dir: dir.to_owned(), _closes: closes };
        let accounts = subject.read(|db| Ok(backscroll_store::accounts(db, NOW)?))?;
        Ok(Self { accounts: accounts.into_iter().map(|a| (a.platform, a.id)).collect(), ..subject })
    }

    /// The same store for another thread.
    pub fn again(&self) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (store, accounts, dir) = (self.store.clone(), self.accounts.clone(), self.dir.clone());
        Ok(Self { store, accounts, runtime, dir, _closes: None })
    }

    /// A corpus of `size`, applied.
    pub fn filled(dir: &Path, size: Size) -> Result<Self> {
        let subject = Self::create(dir)?;
        for body in Corpus::new(1, size, 2_000) {
            subject.ingest(&body)?;
        }
        subject.checkpoint()?;
        Ok(subject)
    }

    /// Decodes, normalises and applies an answer of the provider, as a first back-fill.
    pub fn ingest(&self, body: &Body) -> Result<Applied> {
        self.apply(body.platform, decode(body)?, Arrival::Backfill)
    }

    /// Applies pages as the engine does: in transactions of the store's own size.
    pub fn apply(&self, platform: Platform, pages: Vec<Page>, arrival: Arrival) -> Result<Applied> {
        let account = *self.accounts.get(&platform).context("no account of this platform")?;
        let context = ApplyContext { now: NOW, arrival, auto_response: None };
        Ok(self.runtime.block_on(self.store.apply(account, pages, context, |_| {}))?)
    }

    /// Merges the search index to its end, as the engine does when nobody waits. Answers in how many steps.
    pub fn merge(&self) -> Result<usize> {
        let mut steps = 0;
        while self.runtime.block_on(self.store.merge_index())? {
            steps += 1;
        }
        Ok(steps)
    }

    /// Works on a reading connection, on its own thread.
    pub fn read<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        self.runtime.block_on(self.store.read(move |db| Ok(work(db))))?
    }

    /// Works on the writing connection, in one transaction.
    pub fn write<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        self.runtime.block_on(self.store.write_sync(move |db| Ok(work(db))))?
    }

    /// Rows changed through the writing connection since it was opened.
    pub fn rows_changed(&self) -> Result<i64> {
        self.write(|db| Ok(db.query_row("SELECT total_changes()", [], |row| row.get(0))?))
    }

    /// Moves the write-ahead log into the database and empties it.
    pub fn checkpoint(&self) -> Result<()> {
        let outside = Connection::open(self.file(""))?;
        outside.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Bytes in the write-ahead log.
    pub fn wal_bytes(&self) -> u64 {
        fs::metadata(self.file("-wal")).map(|found| found.len()).unwrap_or_default()
    }

    /// Bytes of the tables and indexes of which `wanted` is true, by name.
    pub fn bytes_of(&self, wanted: impl Fn(&str) -> bool) -> Result<i64> {
        let db = Connection::open(self.file(""))?;
        let mut select = db.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")?;
        let sizes = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let mut sum = 0;
        for size in sizes {
            let (name, bytes) = size?;
            sum += if wanted(&name) { bytes } else { 0 };
        }
        Ok(sum)
    }

    /// The long thread.
    pub fn thread(&self) -> Result<ConversationId> {
        self.read(|db| {
            let remote = conversation_id(Platform::Messenger, THREAD);
            Ok(db.query_row("SELECT id FROM conversation WHERE remote_id = ?1", [remote], |row| {
                Ok(ConversationId(row.get(0)?))
            })?)
        })
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.dir.join(format!("{}{suffix}", backscroll_store::DATABASE_FILE))
    }
}

/// Decodes and normalises an answer.
///
/// The bodies of a corpus follow each other without overlap, and would leave a gap between each two; the answers to
/// polls overlap. So each listing is made to reach back to the beginning of time, and a conversation has one stretch.
pub fn decode(body: &Body) -> Result<Vec<Page>> {
    let mut pages = decode_only(body)?;
    for listing in pages.iter_mut().flat_map(|page| &mut page.conversations).filter_map(|c| c.listing.as_mut()) {
        listing.from = Some(Timestamp(0));
    }
    Ok(pages)
}

fn decode_only(body: &Body) -> Result<Vec<Page>> {
    ayrshare::pages_of(body.platform, &body.json).map_err(|kind| anyhow!("the adapter refused a body: {kind:?}"))
}

/// A page of a thread, as the thread view asks for it.
pub fn thread_page(
    db: &Connection,
    thread: ConversationId,
    position: &ThreadPosition,
) -> Result<backscroll_model::ThreadPage> {
    Ok(backscroll_store::thread_page(db, thread, position, 50)?)
}

/// A page of the inbox, as the list asks for it.
pub fn list_page(
    db: &Connection,
    state: Option<StateFilter>,
    after: Option<&backscroll_model::Place>,
) -> Result<backscroll_model::ConversationPage> {
    let query = ConversationQuery { state, ..ConversationQuery::default() };
    Ok(backscroll_store::conversations(db, &query, after, 50, NOW)?)
}

/// All rows of the list in its order.
pub fn whole_list(
    db: &Connection,
    state: Option<StateFilter>,
) -> Result<(Vec<Conversation>, Vec<backscroll_model::Place>)> {
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let page = list_page(db, state, after.as_ref())?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => {
                places.push(next.clone());
                after = Some(next);
            }
            None => return Ok((rows, places)),
        }
    }
}

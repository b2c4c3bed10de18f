//! One round of reading an account, whoever asked for it: the account's task or *Sync now*.
//!
//! Messenger and Instagram cost at most two calls, whatever changed: the mixed GET of all active conversations, and in
//! turn the list of conversations (names, pictures, read marks) or the archived ones. X has its own rules ([`x`]).
//!
//! Promises: pages are applied while the answer is still being read; a change is published after its commit; a round
//! that fails half-way has lost nothing, because the next one reads the same again; nothing new writes nothing.

mod apart;
mod call;
mod conclude;
pub(crate) mod graph;
pub(crate) mod x;

use std::sync::Arc;

use backscroll_adapters::{AdapterError, Read};
use backscroll_model::{Account, Backfill, HOUR, Health, MINUTE, Page, Platform, SyncReport, Timestamp, UserError};
use backscroll_store::{self as db, Arrival};

pub(crate) use apart::{Told, read_back, read_told};
use conclude::conclude;

use crate::{
    account_task::may_read,
    auto_response,
    inner::{Inner, Result},
    link::Link,
    live::Live,
};

/// The list of conversations is read every so many rounds.
const LIST_EVERY: u32 = 3;
/// Archived conversations are read this rarely.
const ARCHIVED_EVERY: i64 = 6 * HOUR;
/// When archived conversations were last read, by our clock in ms.
const ARCHIVED: &str = "archived_read";

/// Why a round ended early.
pub(crate) enum Stop {
    /// The provider, or the way to it.
    Adapter(AdapterError),
    /// The rate bucket: not before this.
    Wait(Timestamp),
    /// The connection was refused before and nothing has changed since.
    Refused(Health),
    /// X: the month's money is spent.
    Budget,
    /// There is no key, or no keychain.
    Secrets(UserError),
    /// What was read could not be kept.
    Storage(UserError),
}

/// What a round did.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: u32,
    new_messages: u32,
    changed_messages: u32,
    conversations: u32,
    skipped: u32,
    wrote: bool,
    fresh_at: Option<Timestamp>,
    next_update: Option<Timestamp>,
}

/// A round in progress.
pub(crate) struct Round<'a> {
    inner: &'a Arc<Inner>,
    live: &'a Arc<Live>,
    link: Arc<Link>,
    account: Account,
    arrival: Arrival,
    tally: Tally,
}

/// One round at a time. The one that is waited for may itself wait for the clock.
async fn turn<'a>(inner: &Inner, live: &'a Live) -> tokio::sync::MutexGuard<'a, ()> {
    if let Ok(turn) = live.round.try_lock() {
        return turn;
    }
    let _rest = inner.quiet.rest();
    live.round.lock().await
}

/// Reads the account once. An error is only what prevented even trying: an account that is gone or disconnected.
pub(crate) async fn round(inner: &Arc<Inner>, live: &Arc<Live>) -> Result<SyncReport> {
    let _one_at_a_time = turn(inner, live).await;
    let began = inner.now();
    let hurried = {
        let mut state = live.state();
        state.last_round = Some(began);
        std::mem::take(&mut state.hurry)
    };
    let account = inner.account(live.id).await?;
    let mut tally = Tally::default();
    let stopped = match open(inner, &account, hurried).await {
        Ok(Some(link)) => {
            let arrival = match account.backfill {
                Backfill::Done => Arrival::Live,
                Backfill::AwaitingChoice | Backfill::Pending => Arrival::Backfill,
            };
            let mut round = Round { inner, live, link, account: account.clone(), arrival, tally };
            let stopped = round.run(hurried).await.err();
            tally = round.tally;
            stopped
        }
        Ok(None) => None,
        Err(stop) => Some(stop),
    };
    Ok(conclude(inner, live, &account, tally, stopped).await)
}

/// Reads what is archived, and at Graph what lies further back, after a round that no running task follows: the command
/// line makes one round and ends, and would never come to it.
pub(crate) async fn further_back(inner: &Arc<Inner>, live: &Arc<Live>, mut report: SyncReport) -> Result<SyncReport> {
    let _one_at_a_time = turn(inner, live).await;
    let account = inner.account(live.id).await?;
    if account.platform == Platform::X || report.health != Health::Ok {
        return Ok(report);
    }
    // What stops it stops the next round too, and is said there.
    let Ok(Some(link)) = open(inner, &account, false).await else { return Ok(report) };
    let mut round = Round { inner, live, link, account, arrival: Arrival::Backfill, tally: Tally::default() };
    let read =
        if round.link.meta().is_some() { round.read_graph_to_its_end().await } else { round.read_archived().await };
    if read.is_err() {
        tracing::info!("what lies further back could not be read to its end yet");
    }
    live.state().calls += round.tally.calls;
    report.calls += round.tally.calls;
    report.new_messages += round.tally.new_messages;
    report.changed_messages += round.tally.changed_messages;
    report.conversations += round.tally.conversations;
    report.skipped += round.tally.skipped;
    Ok(report)
}

/// The link to read over; `None`: there is nothing to read yet.
async fn open(inner: &Inner, account: &Account, hurried: bool) -> std::result::Result<Option<Arc<Link>>, Stop> {
    let Some(connection) = account.connection else { return Err(Stop::Refused(Health::Disconnected)) };
    if !may_read(account.backfill) {
        return Ok(None);
    }
    let link = inner.link(connection).await.map_err(Stop::Secrets)?;
    if hurried {
        link.try_again(account.platform);
    }
    match link.refused(account.platform) {
        Some(health) => Err(Stop::Refused(health)),
        None => Ok(Some(link)),
    }
}

impl Round<'_> {
    /// `hurried`: somebody asked for it.
    async fn run(&mut self, hurried: bool) -> std::result::Result<(), Stop> {
        if self.link.meta().is_some() {
            return self.read_graph(hurried).await;
        }
        self.ask_for_auto_response().await?;
        if self.account.platform == Platform::X {
            return self.read_x().await;
        }
        let platform = self.account.platform;
        let messages = Read::Messages { platform, archived: false, conversation: None, limit: None, next: None };
        let done = self.read(&messages).await?;
        self.tally.fresh_at = done.fresh_at;
        self.tally.next_update = done.next_update;
        let second = if self.archived_is_due().await? { Second::Archived } else { self.second_call() };
        match second {
            Second::List { archived } => {
                self.read(&Read::Conversations { platform, archived }).await?;
            }
            Second::Archived => self.read_archived().await?,
            Second::None => {}
        }
        Ok(())
    }

    /// Before anything is applied: an automatic reply is no answer of ours.
    async fn ask_for_auto_response(&mut self) -> std::result::Result<(), Stop> {
        let Some(connection) = self.account.connection else { return Ok(()) };
        self.tally.calls += auto_response::ask(self.inner, &self.link, connection).await;
        match self.link.refused(self.account.platform) {
            Some(health) => Err(Stop::Refused(health)),
            None => Ok(()),
        }
    }

    /// What is archived. The first time it is history, however young: nobody wants to be told of it.
    async fn read_archived(&mut self) -> std::result::Result<(), Stop> {
        let (id, platform) = (self.account.id, self.account.platform);
        let seen = self.inner.read(move |c| db::cursor(c, id, ARCHIVED)).await.map_err(Stop::Storage)?;
        let arrival = self.arrival;
        if seen.is_none() {
            self.arrival = Arrival::Backfill;
        }
        let archived = Read::Messages { platform, archived: true, conversation: None, limit: None, next: None };
        let read = self.read(&archived).await;
        self.arrival = arrival;
        read?;
        let now = self.inner.now();
        let cursors = vec![(ARCHIVED.to_owned(), Some(now.0.to_string()))];
        self.apply(vec![Page { cursors, ..Page::default() }]).await.map_err(Stop::Storage)?;
        self.live.state().archived_at = Some(now);
        Ok(())
    }

    /// For a reader that makes one round and ends: when archived conversations were last read is in the history only.
    async fn archived_is_due(&self) -> std::result::Result<bool, Stop> {
        if self.inner.is_running() || self.account.backfill != Backfill::Done {
            return Ok(false);
        }
        let id = self.account.id;
        let read_at = self.inner.read(move |c| db::cursor(c, id, ARCHIVED)).await.map_err(Stop::Storage)?;
        let read_at = read_at.and_then(|at| at.parse().ok()).map_or(Timestamp(0), Timestamp);
        Ok(self.inner.now().since(read_at) >= ARCHIVED_EVERY)
    }

    /// What the second call of this round is for.
    fn second_call(&self) -> Second {
        let settings = self.inner.settings();
        let view = self.inner.view();
        let now = self.inner.now();
        let state = self.live.state();
        let list_due = state.rounds.is_multiple_of(LIST_EVERY) || view.account == Some(self.live.id);
        let archived_due = match state.archived_at {
            // Never in the first round: the first screen wants names.
            None => state.rounds > 0 && self.account.backfill == Backfill::Done,
            Some(at) if settings.archive_at_provider => now.since(at) >= 2 * MINUTE,
            Some(at) => now.since(at) >= ARCHIVED_EVERY,
        };
        match (list_due, archived_due) {
            (_, true) if !state.rounds.is_multiple_of(LIST_EVERY) => Second::Archived,
            (true, _) => Second::List { archived: false },
            (false, _) => Second::None,
        }
    }
}

/// What the second call of a round is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    List { archived: bool },
    Archived,
    None,
}

//! One round of reading an account, whoever asked for it: the account's task or *Sync now*.
//!
//! Messenger and Instagram cost at most two calls, whatever changed: the mixed GET of all active conversations, and in
//! turn the list of conversations (names, pictures, read marks) or the archived ones. X has its own rules ([`x`]).
//!
//! Promises: pages are applied while the answer is still being read; a change is published after its commit; a round
//! that fails half-way has lost nothing, because the next one reads the same again; nothing new writes nothing.

pub(crate) mod graph;
pub(crate) mod x;

use std::sync::Arc;

use backscroll_adapters::{AdapterError, Kind, Read, ReadDone};
use backscroll_model::{
    Account, Backfill, Change, ErrorCode, HOUR, Health, MINUTE, Page, Platform, RemoteId, SyncReport, Timestamp,
    UserError,
};
use backscroll_store::{self as db, Applied, ApplyContext, Arrival};
use tokio::sync::mpsc;

use crate::{
    account_task::{look_again, may_read},
    auto_response,
    errors::{health_after, store_error},
    inner::{Inner, Result},
    link::Link,
    live::Live,
    notify,
    rate::Urgency,
};

/// Pages that may wait while one is being written: a slow disk slows down the network, not memory.
const PAGES_AHEAD: usize = 4;
/// The list of conversations is read every so many rounds.
const LIST_EVERY: u32 = 3;
/// Archived conversations are read this rarely.
const ARCHIVED_EVERY: i64 = 6 * HOUR;
/// When archived conversations were last read, by our clock in ms.
const ARCHIVED: &str = "archived_read";
/// After a write failed.
const STORAGE_PAUSE: i64 = MINUTE;

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

/// Reads one conversation, to find out whether a message of ours is in it. `None`: it could not be read now.
pub(crate) async fn read_back(
    inner: &Arc<Inner>,
    live: &Arc<Live>,
    conversation: &RemoteId,
    archived: bool,
) -> Option<ReadDone> {
    let _one_at_a_time = turn(inner, live).await;
    let account = inner.account(live.id).await.ok()?;
    let link = open(inner, &account, false).await.ok()??;
    let mut round = Round { inner, live, link, account, arrival: Arrival::Live, tally: Tally::default() };
    if round.link.meta().is_none() {
        round.ask_for_auto_response().await.ok()?;
    }
    let read = round.read_conversation(conversation.clone(), archived).await;
    let calls = round.tally.calls;
    live.state().calls += calls;
    match read {
        Ok(done) => Some(done),
        Err(Stop::Adapter(error)) => {
            tracing::info!(kind = ?error.kind, "reading back failed");
            None
        }
        Err(_) => None,
    }
}

/// Reads what a webhook is about, at Graph: the conversation, or that of a person whose conversation is not known yet.
/// Returns whether it could be read now.
pub(crate) async fn read_told(inner: &Arc<Inner>, live: &Arc<Live>, told: Told) -> bool {
    let _one_at_a_time = turn(inner, live).await;
    let Ok(account) = inner.account(live.id).await else { return false };
    let Ok(Some(link)) = open(inner, &account, false).await else { return false };
    if link.meta().is_none() {
        return false;
    }
    let mut round = Round { inner, live, link, account, arrival: Arrival::Live, tally: Tally::default() };
    let read = match told {
        Told::Conversation(conversation) => round.read_newest(conversation).await.map(drop),
        Told::Person(person) => round.read_person(person).await,
    };
    live.state().calls += round.tally.calls;
    if let Err(Stop::Adapter(error)) = &read {
        tracing::info!(kind = ?error.kind, "what a webhook told could not be read");
    }
    read.is_ok()
}

/// Whom a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// A conversation that is held.
    Conversation(RemoteId),
    /// Somebody whose conversation is not known.
    Person(RemoteId),
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

    async fn read_conversation(
        &mut self,
        conversation: RemoteId,
        archived: bool,
    ) -> std::result::Result<ReadDone, Stop> {
        let platform = self.account.platform;
        if platform == Platform::X {
            return self.read_x_conversation(conversation).await;
        }
        if self.link.meta().is_some() {
            return self.read_newest(conversation).await;
        }
        let read = Read::Messages { platform, archived, conversation: Some(conversation), limit: None, next: None };
        self.read(&read).await
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

    /// One read, applied as it arrives.
    async fn read(&mut self, read: &Read) -> std::result::Result<ReadDone, Stop> {
        let (pages, arrived) = mpsc::channel(PAGES_AHEAD);
        self.may_call()?;
        let link = Arc::clone(&self.link);
        let (done, applied) = tokio::join!(link.adapter.read(read, pages), self.apply_all(arrived));
        let heard = self.heard(done);
        // A store that refused is why the read broke off, so it speaks first.
        applied.map_err(Stop::Storage)?;
        heard
    }

    /// One read, held in memory until it is complete: only for what is small.
    async fn read_whole(&mut self, read: &Read) -> std::result::Result<(ReadDone, Vec<Page>), Stop> {
        let (pages, mut arrived) = mpsc::channel(PAGES_AHEAD);
        self.may_call()?;
        let link = Arc::clone(&self.link);
        let (done, pages) = tokio::join!(link.adapter.read(read, pages), async {
            let mut held = Vec::new();
            while let Some(page) = arrived.recv().await {
                held.push(page);
            }
            held
        });
        Ok((self.heard(done)?, pages))
    }

    fn may_call(&mut self) -> std::result::Result<(), Stop> {
        let now = self.inner.now();
        let at = self.link.allowed_at(self.account.platform, now, Urgency::Read);
        if at > now {
            return Err(Stop::Wait(at));
        }
        self.link.record(self.account.platform, now);
        Ok(())
    }

    fn heard(&mut self, done: std::result::Result<ReadDone, AdapterError>) -> std::result::Result<ReadDone, Stop> {
        let now = self.inner.now();
        match done {
            Ok(done) => {
                self.tally.calls += done.calls;
                self.link.heard(self.account.platform, now, &done);
                if done.unfinished {
                    let at = self.link.allowed_at(self.account.platform, now, Urgency::Read);
                    return Err(Stop::Wait(at));
                }
                Ok(done)
            }
            Err(error) => {
                self.tally.calls += 1;
                self.link.heard_error(self.account.platform, now, &error);
                Err(Stop::Adapter(error))
            }
        }
    }

    async fn apply_all(&mut self, mut arrived: mpsc::Receiver<Page>) -> Result<()> {
        while let Some(page) = arrived.recv().await {
            self.apply(vec![page]).await?;
        }
        Ok(())
    }

    /// Writes pages, publishes what changed, announces what is new.
    async fn apply(&mut self, pages: Vec<Page>) -> Result<Applied> {
        for skipped in pages.iter().flat_map(|p| &p.skipped) {
            tracing::warn!(what = skipped.what, why = skipped.why, "an item could not be read and is left out");
        }
        if self.account.backfill == Backfill::Pending
            && let Some(total) = pages.iter().filter_map(|page| page.listed).max()
        {
            let id = self.account.id;
            let write = self.inner.store.write_sync(move |tx| db::set_backfill_total(tx, id, Some(total)));
            write.await.map_err(|e| store_error(&e))?;
        }
        let now = self.inner.now();
        let context = ApplyContext {
            now: self.link.corrected(now),
            arrival: self.arrival,
            auto_response: self.link.auto_response_text(),
        };
        let bus = &self.inner.bus;
        let applied = self
            .inner
            .store
            .apply(self.account.id, pages, context, |batch| bus.publish(batch.changes.clone()))
            .await
            .map_err(|e| store_error(&e))?;
        self.tally.new_messages += applied.new;
        self.tally.changed_messages += applied.changed;
        self.tally.conversations += applied.conversations;
        self.tally.skipped += applied.skipped;
        self.tally.wrote |= !applied.changes.is_empty();
        // Without tasks nobody would take these wake-ups; a start wakes everybody.
        if self.inner.is_running() {
            if applied.new > 0 || applied.changed > 0 {
                self.live.sender.call();
            }
            self.inner.fetcher.call();
        }
        if self.account.backfill == Backfill::Done {
            notify::after_apply(self.inner, self.live, &applied.changes).await?;
        } else {
            self.progress().await?;
        }
        Ok(applied)
    }

    async fn progress(&self) -> Result<()> {
        let id = self.account.id;
        let progress = self.inner.read(move |c| db::backfill_progress(c, id)).await?;
        self.live.state().progress = Some(progress);
        self.inner.publish(vec![Change::Account { id }]);
        Ok(())
    }
}

/// What the second call of a round is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    List { archived: bool },
    Archived,
    None,
}

/// Draws the conclusions of a round: health, pace, the end of a back-fill.
async fn conclude(
    inner: &Arc<Inner>,
    live: &Arc<Live>,
    account: &Account,
    tally: Tally,
    stopped: Option<Stop>,
) -> SyncReport {
    let now = inner.now();
    let link = account.connection.and_then(|id| inner.open_link(id));
    let mut changes = Vec::new();
    let mut stopped = stopped;
    if stopped.is_none() && may_read(account.backfill) {
        match finish(inner, account, &tally, &mut changes).await {
            Ok(()) => {}
            Err(error) => stopped = Some(Stop::Storage(error)),
        }
    }
    let was_offline = matches!(live.state().health, Health::Offline { .. });
    let health = {
        let mut state = live.state();
        state.calls += tally.calls;
        let before = (state.health.clone(), state.read_at);
        state.awaiting_choice = !may_read(account.backfill);
        match stopped {
            None => {
                state.retry_sends |= !matches!(state.health, Health::Ok | Health::ClockOff { .. });
                state.failing_since = None;
                state.failures = 0;
                state.look_again = None;
                state.last_success = Some(now);
                state.absent_since = None;
                state.rounds = state.rounds.saturating_add(1);
                state.next_update = tally.next_update.map(|at| link.as_ref().map_or(at, |l| l.to_local(at)));
                state.read_at = state.read_at.max(tally.fresh_at);
                state.progress = None;
                let off = link.as_ref().and_then(|l| l.clock_off());
                state.health = off.map_or(Health::Ok, |by_ms| Health::ClockOff { by_ms });
            }
            Some(stop) => {
                let since = *state.failing_since.get_or_insert(now);
                let last_success = state.last_success;
                state.absent(last_success);
                state.health = health_of(stop, &mut state, link.as_deref(), live.platform, since, now);
                state.look_again = look_again(&state.health, now);
            }
        }
        state.catching_up = false;
        if (state.health.clone(), state.read_at) != before {
            changes.push(Change::Account { id: live.id });
        }
        state.health.clone()
    };
    if was_offline && health.heals_itself() && !matches!(health, Health::Offline { .. }) {
        network_is_back(inner, live);
    }
    // What waits to be sent may have waited for this reading.
    if inner.is_running() {
        live.sender.call();
    }
    inner.publish(changes);
    notify::round_ended(inner).await;
    SyncReport {
        account: live.id,
        calls: tally.calls,
        new_messages: tally.new_messages,
        changed_messages: tally.changed_messages,
        conversations: tally.conversations,
        skipped: tally.skipped,
        health,
        next_update: tally.next_update,
    }
}

/// One account got through: the others that were offline need not wait out their pauses, and what they missed belongs
/// into the same summary.
fn network_is_back(inner: &Inner, first: &Live) {
    for live in inner.all_live().iter().filter(|live| live.id != first.id) {
        let offline = {
            let mut state = live.state();
            let offline = matches!(state.health, Health::Offline { .. });
            if offline {
                state.failures = 0;
                state.catching_up = state.absent_since.is_some();
            }
            offline
        };
        if offline && inner.is_running() {
            live.hurry();
        }
    }
}

/// What a successful round leaves in the store: only what must survive a restart, and only if something changed.
async fn finish(inner: &Inner, account: &Account, tally: &Tally, changes: &mut Vec<Change>) -> Result<()> {
    let id = account.id;
    if account.backfill == Backfill::Pending {
        let fresh_at = tally.fresh_at;
        let write = inner.store.write_sync(move |tx| {
            if let Some(at) = fresh_at {
                db::set_last_read(tx, id, at)?;
            }
            db::set_backfill(tx, id, Backfill::Done)
        });
        write.await.map_err(|e| store_error(&e))?;
        changes.push(Change::Account { id });
        changes.push(Change::BackfillDone { account: id });
    } else if tally.wrote
        && let Some(at) = tally.fresh_at
    {
        let write = inner.store.write_sync(move |tx| db::set_last_read(tx, id, at));
        write.await.map_err(|e| store_error(&e))?;
    }
    Ok(())
}

fn health_of(
    stop: Stop,
    state: &mut crate::live::State,
    link: Option<&Link>,
    platform: Platform,
    since: Timestamp,
    now: Timestamp,
) -> Health {
    match stop {
        Stop::Wait(until) => match link.and_then(|l| l.blocked_until(platform, now)) {
            // Our own restraint is no trouble worth telling.
            None => state.health.clone(),
            Some(_) => Health::RateLimited { until },
        },
        Stop::Adapter(error) => {
            state.failures = state.failures.saturating_add(1);
            let next_try = match (&error.kind, link.and_then(|l| l.blocked_until(platform, now))) {
                (Kind::RateLimited { .. }, Some(until)) => until,
                _ => now.plus(crate::pace::pause(state.failures, 0.5)),
            };
            tracing::info!(kind = ?error.kind, status = ?error.http_status, "a round failed");
            health_after(&error, since, next_try)
        }
        Stop::Refused(health) => health,
        Stop::Budget => Health::BudgetUsed,
        Stop::Secrets(error) => {
            tracing::warn!(code = ?error.code, "no secrets for a connection");
            Health::SecretsMissing
        }
        Stop::Storage(error) => {
            state.failures = state.failures.saturating_add(1);
            tracing::error!(code = ?error.code, detail = error.detail, "what was read could not be kept");
            let code = match error.code {
                ErrorCode::NotFound => ErrorCode::Internal,
                other => other,
            };
            Health::Storage { code, next_try: now.plus(STORAGE_PAUSE) }
        }
    }
}

//! The read after a webhook, which is what counts: a webhook is never trusted alone.
//!
//! Promises: however many deliveries tell of a conversation, it is read once for all that came before the read; two
//! reads of it are [`APART`]; the rate bucket has the last word; nobody knocks at a connection that was refused. A
//! conversation that cannot be read is tried [`TRIES`] times; after that the next walk meets it.
//!
//! What is told about a person whose conversation is not known waits ([`waiting`]) until a read has brought the
//! conversation. For that it is tried, ever more rarely, until it is given up there; also at the next start.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use backscroll_model::{Account, AccountId, Backfill, Event, HOUR, RemoteId, SECOND, Timestamp};
use backscroll_store as db;
use tokio_util::sync::CancellationToken;

use super::{Place, intake, waiting};
use crate::{
    errors::store_error,
    inner::Inner,
    rate::Urgency,
    round::{self, Told},
};

/// From the first word to the read: a person writes in bursts, and an edit follows its message closely.
const SETTLE: i64 = SECOND;
/// Between two reads of one conversation. At 30 messages a minute that is 3 new ones, of which 20 are given.
const APART: i64 = 5 * SECOND;
/// After a read that failed.
const AGAIN: i64 = 20 * SECOND;
const TRIES: u32 = 3;
/// The longest pause for somebody something waits for.
const RARELY: i64 = HOUR;
/// A round is at work on the account.
const OCCUPIED: i64 = SECOND;

/// What is to be read.
#[derive(Debug, Default)]
pub(super) struct Due {
    wanted: BTreeMap<(AccountId, Told), Wanted>,
    /// When a conversation was last read for a webhook.
    read: BTreeMap<Place, Timestamp>,
}

#[derive(Debug)]
struct Wanted {
    at: Timestamp,
    tries: u32,
}

/// Ayrshare: its answers are of a cache, so the account is read when that is fresh.
pub(super) fn hurry(inner: &Inner, account: &Account) {
    let live = inner.live_of(account);
    let is_well = {
        let state = live.state();
        // What fails has its own pauses, which a stream of webhooks must not undo.
        state.failures == 0 && state.health.heals_itself() && !state.hurry
    };
    let link = account.connection.and_then(|connection| inner.open_link(connection));
    let is_refused = link.is_some_and(|link| link.refused(account.platform).is_some());
    if is_well && !is_refused && inner.is_running() {
        live.hurry();
    }
}

/// Has these read.
pub(super) fn want(inner: &Inner, all: Vec<(AccountId, Told)>) {
    if all.is_empty() || !inner.is_running() {
        return;
    }
    let now = inner.now();
    {
        let mut state = inner.webhooks.state();
        let due = &mut state.follow;
        due.read.retain(|_, at| now.since(*at).abs() < APART);
        for (account, told) in all {
            let earliest = match &told {
                Told::Conversation(id) => due.read.get(&(account, id.clone())).map(|at| at.plus(APART)),
                Told::Person(_) => None,
            };
            let at = now.plus(SETTLE).max(earliest.unwrap_or(now));
            match due.wanted.entry((account, told)) {
                // Whoever is tried rarely by now may be found this time.
                Entry::Occupied(mut held) if held.get().tries >= TRIES => drop(held.insert(Wanted { at, tries: 0 })),
                Entry::Occupied(_) => {}
                Entry::Vacant(free) => drop(free.insert(Wanted { at, tries: 0 })),
            }
        }
    }
    inner.webhooks.follow.call();
}

/// Reads what is due, until it is cancelled.
pub(super) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut busy = inner.quiet.busy();
    resume(&inner).await;
    loop {
        let next = loop {
            match next(&inner) {
                Next::Now(account, told, wanted) => {
                    // The read may wait for the clock, and what is called for meanwhile is looked at right after it.
                    let _rest = inner.webhooks.follow.rest();
                    tokio::select! {
                        () = cancel.cancelled() => return,
                        () = read(&inner, account, told, wanted) => {}
                    }
                }
                Next::At(at) => break at,
            }
        };
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => return,
            woken = inner.webhooks.follow.called() => woken,
            () = wait(&inner, next) => inner.quiet.busy(),
        };
    }
}

async fn wait(inner: &Inner, until: Option<Timestamp>) {
    match until {
        Some(at) => inner.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

enum Next {
    Now(AccountId, Told, Wanted),
    /// Not before this; `None`: nothing is due.
    At(Option<Timestamp>),
}

/// The first that is due and may be read.
fn next(inner: &Inner) -> Next {
    let now = inner.now();
    let mut state = inner.webhooks.state();
    let mut order: Vec<(Timestamp, (AccountId, Told))> =
        state.follow.wanted.iter().map(|(key, wanted)| (wanted.at, key.clone())).collect();
    order.sort();
    let mut earliest: Option<Timestamp> = None;
    for (at, key) in order {
        let at = at.max(may_read(inner, key.0, now));
        if at <= now
            && let Some(wanted) = state.follow.wanted.remove(&key)
        {
            return Next::Now(key.0, key.1, wanted);
        }
        earliest = Some(earliest.map_or(at, |held| held.min(at)));
    }
    Next::At(earliest)
}

/// When an account may be read: `now` or later.
fn may_read(inner: &Inner, account: AccountId, now: Timestamp) -> Timestamp {
    let Some(live) = inner.live(account) else { return now };
    // One account's long round must not hold up the others.
    if live.round.try_lock().is_err() {
        return now.plus(OCCUPIED);
    }
    let link = live.state().connection.and_then(|connection| inner.open_link(connection));
    link.map_or(now, |link| link.allowed_at(live.platform, now, Urgency::Read))
}

/// What waited when the program ended.
async fn resume(inner: &Inner) {
    give_up(inner).await;
    let people = match inner.read(db::waiting_people).await {
        Ok(people) => people,
        Err(error) => return tracing::warn!(code = ?error.code, "what webhooks told before could not be looked up"),
    };
    let at = inner.now().plus(SETTLE);
    let wanted = &mut inner.webhooks.state().follow.wanted;
    for (account, person) in people {
        wanted.entry((account, Told::Person(person))).or_insert(Wanted { at, tries: 0 });
    }
}

async fn give_up(inner: &Inner) {
    if let Err(error) = waiting::give_up(inner).await {
        tracing::warn!(code = ?error.code, "what waits for too long could not be looked up");
    }
}

async fn read(inner: &Arc<Inner>, id: AccountId, told: Told, mut wanted: Wanted) {
    let events = match &told {
        Told::Conversation(_) => Ok(Vec::new()),
        Told::Person(person) => {
            give_up(inner).await;
            let person = person.clone();
            inner.read(move |c| db::waiting_of(c, id, &person)).await
        }
    };
    let is_waited_for = !matches!(&events, Ok(events) if events.is_empty());
    if !is_waited_for && wanted.tries >= TRIES {
        return;
    }
    let tried = match events {
        Ok(events) => attempt(inner, id, &told, events).await,
        Err(_) => Tried::Failed,
    };
    wanted.tries = wanted.tries.saturating_add(1);
    match tried {
        Tried::Done => return,
        Tried::Useless if !is_waited_for => return,
        Tried::Failed if !is_waited_for && wanted.tries >= TRIES => {
            tracing::warn!(account = id.0, "what a webhook told could not be read; the next walk meets it");
            return;
        }
        Tried::Useless | Tried::Failed => {}
    }
    let doublings = wanted.tries.saturating_sub(TRIES - 1).min(8);
    wanted.at = inner.now().plus((AGAIN << doublings).min(RARELY));
    // Newer ones may have come meanwhile.
    inner.webhooks.state().follow.wanted.entry((id, told)).or_insert(wanted);
}

/// What waits of a person, with its row.
type Waits = (i64, Vec<Event>);

/// What came of a read.
enum Tried {
    /// It was read, and what waited for it is in the history.
    Done,
    /// It could not be.
    Failed,
    /// It was not tried: there is nobody to ask, or it is read anyway.
    Useless,
}

async fn attempt(inner: &Arc<Inner>, id: AccountId, told: &Told, events: Vec<Waits>) -> Tried {
    let (Ok(account), Some(live)) = (inner.account(id).await, inner.live(id)) else { return Tried::Useless };
    let link = account.connection.and_then(|connection| inner.open_link(connection));
    let is_refused = link.is_some_and(|link| link.refused(account.platform).is_some());
    if account.connection.is_none() || is_refused {
        return Tried::Useless;
    }
    // What is being read for the first time needs no read of one conversation beside it, unless something waits for it.
    if account.backfill != Backfill::Done && events.is_empty() {
        return Tried::Useless;
    }
    if let Told::Conversation(conversation) = told {
        let now = inner.now();
        inner.webhooks.state().follow.read.insert((id, conversation.clone()), now);
    }
    if !round::read_told(inner, &live, told.clone()).await {
        return Tried::Failed;
    }
    match told {
        Told::Person(person) => deliver(inner, &account, person, events).await,
        Told::Conversation(_) => Tried::Done,
    }
}

/// What waited for a conversation, now that it should be known.
async fn deliver(inner: &Arc<Inner>, account: &Account, person: &RemoteId, events: Vec<Waits>) -> Tried {
    let (id, whose) = (account.id, person.clone());
    let Ok(Some(conversation)) = inner.read(move |c| db::conversation_of_person(c, id, &whose)).await else {
        return Tried::Failed;
    };
    if events.is_empty() {
        return Tried::Done;
    }
    let (rows, events): (Vec<i64>, Vec<Vec<Event>>) = events.into_iter().unzip();
    let pages = events.into_iter().map(|events| intake::page(&conversation, events)).collect();
    let kept = match intake::apply(inner, account, pages).await {
        Ok(()) => {
            let done = inner.store.write_sync(move |tx| db::waiting_done(tx, &rows)).await;
            done.map_err(|error| store_error(&error))
        }
        Err(error) => Err(error),
    };
    match kept {
        Ok(()) => Tried::Done,
        Err(error) => {
            tracing::error!(code = ?error.code, detail = error.detail, "what a webhook told could not be kept yet");
            Tried::Failed
        }
    }
}

//! The read after a webhook, which is what counts: a webhook is never trusted alone.
//!
//! Promises: however many deliveries tell of a conversation, it is read once for all that came before the read; two
//! reads of it are [`APART`]; the rate bucket has the last word; nobody knocks at a connection that was refused. A
//! conversation that cannot be read is tried again [`TRIES`] times; after that the next walk meets it.
//!
//! What is told about a person whose conversation is not known waits here until the read has brought the conversation.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use backscroll_model::{Account, AccountId, Backfill, Event, MINUTE, SECOND, Timestamp};
use backscroll_store as db;
use tokio_util::sync::CancellationToken;

use super::{Place, intake};
use crate::{
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
    /// What waits for a conversation to be known.
    events: Vec<Vec<Event>>,
}

/// Ayrshare: its answers are of a cache, so the account is read when that is fresh.
pub(super) fn hurry(inner: &Inner, account: &Account) {
    let live = inner.live_of(account);
    let is_well = {
        let state = live.state();
        // What fails has its own pauses, which a stream of webhooks must not undo.
        state.failures == 0 && state.health.heals_itself() && !state.hurry
    };
    let is_refused =
        account.connection.and_then(|connection| inner.open_link(connection)).is_some_and(|l| l.refused().is_some());
    if is_well && !is_refused && inner.is_running() {
        live.hurry();
    }
}

/// Has these read.
pub(super) fn want(inner: &Inner, all: Vec<(AccountId, Told, Vec<Event>)>) {
    if all.is_empty() || !inner.is_running() {
        return;
    }
    let now = inner.now();
    {
        let mut state = inner.webhooks.state();
        let due = &mut state.follow;
        due.read.retain(|_, at| now.since(*at).abs() < APART);
        for (account, told, events) in all {
            let earliest = match &told {
                Told::Conversation(id) => due.read.get(&(account, id.clone())).map(|at| at.plus(APART)),
                Told::Person(_) => None,
            };
            let events = Some(events).filter(|events| !events.is_empty());
            match due.wanted.entry((account, told)) {
                Entry::Occupied(mut held) => held.get_mut().events.extend(events),
                Entry::Vacant(free) => {
                    let at = now.plus(SETTLE).max(earliest.unwrap_or(now));
                    free.insert(Wanted { at, tries: 0, events: events.into_iter().collect() });
                }
            }
        }
    }
    inner.webhooks.follow.call();
}

/// Reads what is due, until it is cancelled.
pub(super) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut busy = inner.quiet.busy();
    loop {
        let next = loop {
            match next(&inner) {
                Next::Now(account, told, wanted) => {
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

async fn read(inner: &Arc<Inner>, id: AccountId, told: Told, mut wanted: Wanted) {
    let Ok(account) = inner.account(id).await else { return };
    let Some(live) = inner.live(id) else { return };
    let is_refused =
        account.connection.and_then(|connection| inner.open_link(connection)).is_some_and(|l| l.refused().is_some());
    if account.connection.is_none() || is_refused {
        return;
    }
    // What is being read for the first time needs no read of one conversation beside it, unless something waits for it.
    if account.backfill != Backfill::Done && wanted.events.is_empty() {
        return;
    }
    if let Told::Conversation(conversation) = &told {
        let now = inner.now();
        inner.webhooks.state().follow.read.insert((id, conversation.clone()), now);
    }
    let is_read = round::read_told(inner, &live, told.clone()).await;
    let is_done = is_read && deliver(inner, &account, &told, &mut wanted).await;
    wanted.tries += 1;
    if is_done || wanted.tries >= TRIES {
        if !is_done {
            tracing::warn!(account = id.0, "what a webhook told could not be read; the next walk meets it");
        }
        return;
    }
    wanted.at = inner.now().plus(AGAIN.min(MINUTE));
    let mut state = inner.webhooks.state();
    match state.follow.wanted.entry((id, told)) {
        Entry::Occupied(mut held) => {
            // Newer ones came meanwhile.
            let newer = std::mem::take(&mut held.get_mut().events);
            wanted.events.extend(newer);
            held.insert(wanted);
        }
        Entry::Vacant(free) => {
            free.insert(wanted);
        }
    }
}

/// What waited for a conversation, now that it is known. `false`: it is not.
async fn deliver(inner: &Arc<Inner>, account: &Account, told: &Told, wanted: &mut Wanted) -> bool {
    let Told::Person(person) = told else { return true };
    let (id, person) = (account.id, person.clone());
    let Ok(Some(conversation)) = inner.read(move |c| db::conversation_of_person(c, id, &person)).await else {
        return false;
    };
    let pages = wanted.events.drain(..).map(|events| intake::page(&conversation, events)).collect();
    match intake::apply(inner, account, pages).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(code = ?error.code, detail = error.detail, "what a webhook told could not be kept");
            // Its read is in the history; what only the webhook told is not.
            true
        }
    }
}

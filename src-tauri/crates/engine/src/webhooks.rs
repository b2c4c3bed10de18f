//! The webhook receiver: a small HTTP server behind a tunnel or relay of the user's (`reliability.md`, network).
//!
//! ```text
//! door ── verified bytes ──▶ intake ── pages ──▶ store.apply ──▶ follow ── a read of that conversation
//! (HTTP, answers at once)    (decodes, finds the account, knows what came before)
//! ```
//!
//! Promises:
//! - Off by default, 127.0.0.1 by default, one address a connection that nobody can guess.
//! - An answer is given as soon as the signature is known to be right; the work comes after it, from a bounded queue. A
//!   full queue answers 503, so that the sender comes again.
//! - What a delivery tells goes the one way in, and each is followed by a read, so that afterwards the messages are those
//!   that polling alone would have brought; nothing that a delivery says proves anything complete.
//! - Whatever is refused is counted and named, and nothing else happens.
//!
//! Refuses: to tell anything in an answer but its status. What is forged is answered like an address that does not exist;
//! what came before, is too old, or is about an account that was disconnected is answered 200, because it is of no use to
//! send it again.
//!
//! What was answered 200 and not yet written when the process is killed is known by the next read, but for what only
//! webhooks tell: receipts and edits of those few milliseconds. What waits for a conversation is kept ([`waiting`]).

mod again;
mod door;
mod echo;
mod follow;
mod gate;
mod intake;
mod routes;
mod waiting;

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use backscroll_model::{
    AccountId, Change, Delivery, DeliveryCount, DeliveryOutcome, RemoteId, Timestamp, WebhookProblem, WebhookSettings,
};
use backscroll_store as db;

use crate::{
    errors::store_error,
    inner::{Inner, Result},
    quiet::{Quiet, Wake},
    supervise::Tasks,
};

pub(crate) use echo::test;
pub(crate) use routes::{Address, Route, Routes, all as all_routes};

/// Setting: what the user chose.
const SETTINGS: &str = "webhooks";
/// Deliveries that may wait to be read.
const QUEUE: usize = 512;
/// Bytes of them.
const QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Refusals that may wait to be written; the count is kept of all of them.
const NOTED: usize = 50;

/// The running side of the receiver.
pub(crate) struct Receiver {
    /// Wakes the task that listens: settings, or secrets of a connection, have changed.
    pub(crate) door: Wake,
    intake: Wake,
    follow: Wake,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    listening: Option<SocketAddr>,
    problem: Option<WebhookProblem>,
    routes: Arc<Routes>,
    queue: VecDeque<intake::Arrived>,
    /// What was refused at the door and is not written yet.
    noted: VecDeque<Delivery>,
    counts: BTreeMap<DeliveryOutcome, (u32, Timestamp)>,
    /// By the provider's clock, the newest delivery of each account.
    newest: BTreeMap<AccountId, Timestamp>,
    follow: follow::Due,
    /// Deliveries to ourselves, the newest last.
    echoes: VecDeque<echo::Echo>,
}

impl Receiver {
    pub(crate) fn new(quiet: &Quiet) -> Self {
        Self { door: Wake::new(quiet), intake: Wake::new(quiet), follow: Wake::new(quiet), state: Mutex::default() }
    }

    /// Held for a moment, never over an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it listens, or why it does not.
    pub(crate) fn standing(&self) -> (Option<SocketAddr>, Option<WebhookProblem>) {
        let state = self.state();
        (state.listening, state.problem)
    }

    /// The addresses of the connections; empty while it is off.
    pub(crate) fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.state().routes)
    }

    /// Takes in a delivery that was verified; `false`: too many wait already.
    fn push(&self, arrived: intake::Arrived) -> bool {
        {
            let queue = &mut self.state().queue;
            let waiting: usize = queue.iter().map(|one| one.body.len()).sum();
            if queue.len() >= QUEUE || waiting + arrived.body.len() > QUEUE_BYTES {
                return false;
            }
            queue.push_back(arrived);
        }
        self.intake.call();
        true
    }

    /// Takes note of what was settled at the door. Strangers who guess addresses, or know one of a connection that is gone,
    /// are counted only: they must not be able to make us write.
    fn note(&self, delivery: Delivery) {
        let is_stranger = delivery.connection.is_none();
        {
            let mut state = self.state();
            let count = state.counts.entry(delivery.outcome).or_insert((0, delivery.at));
            *count = (count.0.saturating_add(1), delivery.at);
            if is_stranger {
                return;
            }
            if state.noted.len() >= NOTED {
                state.noted.pop_front();
            }
            state.noted.push_back(delivery);
        }
        self.intake.call();
    }
}

/// What the user chose.
pub(crate) async fn settings(inner: &Inner) -> Result<WebhookSettings> {
    Ok(inner.read(|c| db::value(c, SETTINGS)).await?.unwrap_or_default())
}

/// Changes it and has it done.
pub(crate) async fn change_settings(
    inner: &Inner,
    change: impl FnOnce(&mut WebhookSettings) + Send + 'static,
) -> Result<()> {
    let write = inner.store.write_user(move |tx| {
        let mut settings = db::value(tx, SETTINGS)?.unwrap_or_default();
        change(&mut settings);
        db::set_value(tx, SETTINGS, &settings)
    });
    write.await.map_err(|e| store_error(&e))?;
    inner.publish(vec![Change::Webhooks]);
    if inner.is_running() {
        inner.webhooks.door.call();
    }
    Ok(())
}

/// Writes what was noted at the door.
pub(crate) async fn flush(inner: &Inner) -> Result<()> {
    let (rows, counts) = {
        let mut state = inner.webhooks.state();
        (std::mem::take(&mut state.noted), std::mem::take(&mut state.counts))
    };
    if counts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Delivery> = rows.into();
    let counts: Vec<DeliveryCount> =
        counts.into_iter().map(|(outcome, (count, last_at))| DeliveryCount { outcome, count, last_at }).collect();
    keep(inner, rows, counts, Vec::new(), None).await
}

/// `now`: by the provider's clock, for the digests, of which the old ones are forgotten then; `None`: there are none, and
/// none is forgotten.
async fn keep(
    inner: &Inner,
    rows: Vec<Delivery>,
    counts: Vec<DeliveryCount>,
    digests: Vec<db::DeliveryDigest>,
    now: Option<Timestamp>,
) -> Result<()> {
    let now = now.unwrap_or(Timestamp(0));
    let write = inner.store.write_sync(move |tx| db::keep_deliveries(tx, &rows, &counts, &digests, now));
    write.await.map_err(|e| store_error(&e))?;
    inner.publish(vec![Change::Webhooks]);
    Ok(())
}

/// Starts the three tasks.
pub(crate) fn spawn(inner: &Arc<Inner>, group: &mut Tasks) {
    let (listening, taking, following) = (Arc::clone(inner), Arc::clone(inner), Arc::clone(inner));
    inner.webhooks.door.call();
    group.spawn("webhook door", move |cancel| door::run(Arc::clone(&listening), cancel));
    group.spawn("webhook intake", move |cancel| intake::run(Arc::clone(&taking), cancel));
    group.spawn("webhook follow", move |cancel| follow::run(Arc::clone(&following), cancel));
}

/// The tasks have ended: what was answered 200 and still waits is taken in.
pub(crate) async fn stopped(inner: &Arc<Inner>) {
    let receiver = &inner.webhooks;
    intake::take_all(inner).await;
    receiver.door.forget();
    receiver.intake.forget();
    receiver.follow.forget();
    *receiver.state() = State::default();
}

/// A conversation by the account that it belongs to.
type Place = (AccountId, RemoteId);

//! Sending: one task per account takes what the store says is next, and nothing else ever sends.
//!
//! ```text
//!                      ┌────────────── waits: Offline, RateLimited, Paused, Stale, BehindEarlier ─┐
//!                      ▼                                                                          │
//!   send ───────▶  Queued ── attempt committed ──▶ Sending ── provider gave an id ──▶ Accepted    │
//!                      ▲                              │ ├───── refused for good ─────▶ Failed     │
//!                      └────── proven not sent ───────┘ │                                         │
//!                                                       └── no answer, or an unclear one,         │
//!                                                           or found at start ──▶ Unknown         │
//!   Unknown ── its echo was read ──▶ Accepted            (also later: NeedsReview ──▶ Accepted)   │
//!   Unknown ── two fresh reads without it and 5 minutes ──▶ NeedsReview                           │
//!   NeedsReview ── the user: sent again ──▶ Queued ───────────────────────────────────────────────┘
//!                  the user: it arrived ──▶ Settled
//! ```
//!
//! A message with files goes *Queued → Uploading → Queued* first, until the provider has them all ([`crate::outgoing`]); what must
//! hold before a message leaves (its window, its turn, whether the conversation moved on) is looked at after that.
//!
//! Promises (`reliability.md`, the life of a sent message): the attempt is on the disk before its first byte leaves, and
//! its outcome is written until it is written, so a crash can only leave *Sending*, which is *Unknown* at the next
//! start; so is what a job leaves behind that panicked. What is not known is never sent again by us. Order is kept within a conversation; conversations go side by
//! side, so that a slow or stuck one blocks no other. What the user waits for goes before reading ([`Urgency::User`]).
//!
//! Why no retry loop around a send: each attempt is a row, and the row decides. Why dedicated reads of the one
//! conversation prove absence and the mixed GET does not: whether its 20 messages count per conversation or over all is
//! not known (`reference/ayrshare.md` 2.5).

mod attempt;
mod read_back;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use backscroll_model::{
    Account, AccountId, ConversationId, Health, MINUTE, MessageId, Platform, SECOND, SendReason, SendState, Timestamp,
};
use backscroll_store::{
    self as db,
    outbox::{Turn, Unsettled},
};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    errors::store_error,
    inner::{Inner, Result},
    link::Link,
    live::Live,
    quiet::Busy,
    rate::Urgency,
    round::x,
};
pub(crate) use attempt::client_ref;
use attempt::{send, upload};
use read_back::look;

/// Conversations that are sent to, or read back, at the same time.
const SIDE_BY_SIDE: usize = 4;
/// Of these, none is an upload: those have places of their own, so that a film holds up no text.
const UPLOADS_SIDE_BY_SIDE: usize = 2;
/// Reading back goes on for this long before the user is asked.
const READ_BACK: i64 = 5 * MINUTE;
/// The first look: an answer that was lost on its way back usually means that the message is there already.
const FIRST_LOOK: i64 = 5 * SECOND;
/// Between two looks at least, and after one that failed.
const LOOK_AGAIN: i64 = 30 * SECOND;
/// An outcome that could not be written is tried again after this.
const WRITE_AGAIN: i64 = 2 * SECOND;
/// A message that waited longer than this leaves only after its account was read that recently.
const FRESH: i64 = MINUTE;
/// Queued messages are looked at for having become stale this often.
const LOOK_FOR_STALE: i64 = MINUTE;

/// Conversations being sent to or read back, each in a task of its own. Not futures polled by the outbox's own task:
/// one of them may hold the turn to write while that task waits for it.
type Jobs = JoinSet<Ended>;

struct Ended {
    conversation: ConversationId,
    /// After reading back: when to look again.
    look_at: Option<Timestamp>,
    /// An attempt could not be written down: no other one before this.
    not_before: Option<Timestamp>,
    /// What became of a message could not be written down.
    is_lost: bool,
    /// Until the outbox has drawn its conclusions.
    busy: Busy,
}

impl Ended {
    fn of(conversation: ConversationId, busy: Busy) -> Self {
        Self { conversation, look_at: None, not_before: None, is_lost: false, busy }
    }
}

/// At the start nothing can be on the wire: what was is not known.
pub(crate) async fn recover(inner: &Inner) -> Result<()> {
    let now = inner.now();
    inner
        .store
        .write_durable(move |tx| {
            db::outgoing::preparing_found_at_start(tx)?;
            db::outbox::sending_found_at_start(tx, now, now.plus(READ_BACK))
        })
        .await
        .map(drop)
        .map_err(|e| store_error(&e))
}

/// Sends for one account until it is cancelled; what is on the wire then is waited for.
pub(crate) async fn run(inner: Arc<Inner>, id: AccountId, cancel: CancellationToken) {
    let Some(live) = inner.live(id) else { return };
    let mut sender = Sender {
        inner: Arc::clone(&inner),
        live,
        at_work: BTreeMap::new(),
        looks: BTreeMap::new(),
        not_before: BTreeMap::new(),
        // This task may be the second one, after a panic: the jobs of the first have gone with it.
        find_lost: true,
        cancel: cancel.child_token(),
    };
    let mut jobs = Jobs::new();
    let mut busy = inner.quiet.busy();
    loop {
        let next = match sender.take_turn(&mut jobs).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(code = ?error.code, detail = error.detail, "the outbox could not be read or written");
                Some(inner.now().plus(WRITE_AGAIN))
            }
        };
        // Work on the wire keeps the engine busy through its jobs' own guards.
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => break,
            busy = sender.live.sender.called() => busy,
            Some(ended) = jobs.join_next_with_id(), if !jobs.is_empty() => sender.ended(ended),
            () = sleep_until(&inner, next) => inner.quiet.busy(),
        };
    }
    while jobs.join_next().await.is_some() {}
}

async fn sleep_until(inner: &Inner, at: Option<Timestamp>) {
    match at {
        Some(at) => inner.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Sender {
    inner: Arc<Inner>,
    live: Arc<Live>,
    /// Conversations with a job.
    at_work: BTreeMap<tokio::task::Id, (ConversationId, Task)>,
    /// When each unknown conversation is read back next, by our clock.
    looks: BTreeMap<ConversationId, Timestamp>,
    /// Conversations that wait because an attempt could not be written down.
    not_before: BTreeMap<ConversationId, Timestamp>,
    /// A message may be *Sending* although no job sends it.
    find_lost: bool,
    /// Ends the uploads.
    cancel: CancellationToken,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Sends or reads back.
    Exchange,
    Upload,
}

impl Sender {
    fn ended(&mut self, ended: std::result::Result<(tokio::task::Id, Ended), JoinError>) -> Busy {
        match ended {
            Ok((job, ended)) => {
                self.at_work.remove(&job);
                if let Some(at) = ended.look_at {
                    self.looks.insert(ended.conversation, at);
                }
                if let Some(at) = ended.not_before {
                    self.not_before.insert(ended.conversation, at);
                }
                self.find_lost |= ended.is_lost;
                ended.busy
            }
            // What it was sending is not known: nothing is guessed.
            Err(error) => {
                tracing::error!("a job of the outbox panicked");
                self.find_lost = true;
                self.at_work.remove(&error.id());
                self.inner.quiet.busy()
            }
        }
    }

    fn is_at_work(&self, conversation: ConversationId) -> bool {
        self.at_work.values().any(|(held, _)| *held == conversation)
    }

    /// Whether one more of these would be too many.
    fn is_full(&self, task: Task) -> bool {
        let places = match task {
            Task::Exchange => SIDE_BY_SIDE,
            Task::Upload => UPLOADS_SIDE_BY_SIDE,
        };
        self.at_work.values().filter(|(_, held)| *held == task).count() >= places
    }

    /// Starts what is due; answers when to look again by itself.
    async fn take_turn(&mut self, jobs: &mut Jobs) -> Result<Option<Timestamp>> {
        let id = self.live.id;
        if self.find_lost {
            self.find_lost().await?;
        }
        let now = self.inner.now();
        let (turn, unsettled) = self
            .inner
            .read(move |c| Ok((db::outbox::next_sendable(c, id, now)?, db::outbox::unsettled(c, id)?)))
            .await?;
        if turn == Turn::default() && unsettled.is_empty() {
            self.looks.clear();
            self.live.state().check_now.clear();
            return Ok(None);
        }
        let account = self.inner.account(id).await?;
        let link = match self.gate(&account).await {
            Ok(link) => link,
            Err(Closed { reason, until }) => {
                self.live.state().retry_sends = true;
                self.say_why(Some(reason), until).await?;
                return Ok(until);
            }
        };
        if std::mem::take(&mut self.live.state().retry_sends) {
            self.say_why(None, None).await?;
        }
        let mut next = self.start_sends(jobs, &account, &link).await?;
        let look = self.start_looks(jobs, unsettled).await?;
        next = [next, look].into_iter().flatten().min();
        Ok(next)
    }

    /// What is *Sending* without a job is *Unknown*, as after a start.
    async fn find_lost(&mut self) -> Result<()> {
        let (id, now) = (self.live.id, self.inner.now());
        let at_work: BTreeSet<ConversationId> = self.at_work.values().map(|(held, _)| *held).collect();
        let changes = self
            .inner
            .store
            .write_durable(move |tx| db::outbox::sending_lost(tx, id, &at_work, now, now.plus(READ_BACK)))
            .await
            .map_err(|e| store_error(&e))?;
        self.find_lost = false;
        self.inner.publish(changes);
        Ok(())
    }

    /// Whether anything may leave, and over which link.
    async fn gate(&self, account: &Account) -> std::result::Result<Arc<Link>, Closed> {
        let paused = |until| Closed { reason: SendReason::Paused, until };
        let Some(connection) = account.connection else { return Err(paused(None)) };
        let now = self.inner.now();
        let link = self.inner.link(connection).await.map_err(|_| paused(None))?;
        let health = self.live.state().health.clone();
        if link.refused(account.platform).is_some() || !health.heals_itself() {
            return Err(paused(None));
        }
        if account.platform == Platform::X && x::messages_left(account.x_budget) == 0 {
            return Err(paused(None));
        }
        let at = link.allowed_at(account.platform, now, Urgency::User);
        if at > now {
            return Err(Closed { reason: SendReason::RateLimited, until: Some(at) });
        }
        Ok(link)
    }

    /// Keeps on each waiting message why it waits.
    async fn say_why(&self, reason: Option<SendReason>, until: Option<Timestamp>) -> Result<()> {
        let id = self.live.id;
        let write = move |tx: &rusqlite::Transaction<'_>| db::outbox::set_waiting(tx, id, reason.as_ref(), until);
        let changes = self.inner.store.write_durable(write).await.map_err(|e| store_error(&e))?;
        self.inner.publish(changes);
        Ok(())
    }

    async fn start_sends(&mut self, jobs: &mut Jobs, account: &Account, link: &Arc<Link>) -> Result<Option<Timestamp>> {
        let id = account.id;
        let now = self.inner.now();
        let corrected = link.corrected(now);
        let (turn, changes) = self
            .inner
            .store
            .write_durable(move |tx| {
                let changes = db::outbox::hold_back_old(tx, id, corrected)?;
                Ok((db::outbox::next_sendable_at(tx, id, now, corrected)?, changes))
            })
            .await
            .map_err(|e| store_error(&e))?;
        self.inner.publish(changes);
        let mut waiting = turn.next_at.is_some();
        let mut unread = false;
        // A pause that is longer than it can be was planned before the clock was set back.
        self.not_before.retain(|_, at| *at > now && at.since(now) <= WRITE_AGAIN);
        for sendable in turn.ready {
            // What waited is not sent blindly into a conversation that may have moved on.
            if sendable.message < MessageId::first_of_span(corrected.plus(-FRESH)) && !self.has_read_since(now) {
                unread = true;
                continue;
            }
            let missing = sendable.files.iter().any(|file| file.reference.is_none());
            let task = if missing { Task::Upload } else { Task::Exchange };
            if self.is_full(task) || self.is_at_work(sendable.conversation) {
                waiting = true;
                continue;
            }
            let conversation = sendable.conversation;
            if self.not_before.contains_key(&conversation) {
                continue;
            }
            let busy = self.inner.quiet.busy();
            let (inner, live, link) = (Arc::clone(&self.inner), Arc::clone(&self.live), Arc::clone(link));
            let job = match (task, account.connection) {
                (Task::Upload, Some(connection)) => {
                    let cancel = self.cancel.child_token();
                    jobs.spawn(upload(inner, live, link, connection, sendable, cancel, busy))
                }
                (Task::Exchange, connection) => jobs.spawn(send(inner, live, link, connection, sendable, busy)),
                // Nothing leaves without a connection.
                (Task::Upload, None) => continue,
            };
            self.at_work.insert(job.id(), (conversation, task));
        }
        if unread {
            self.ask_for_a_reading(now);
            let write_again = self.not_before.values().copied();
            return Ok(write_again.chain([now.plus(LOOK_AGAIN)]).min());
        }
        let stale_look = waiting.then(|| now.plus(LOOK_FOR_STALE));
        let write_again = self.not_before.values().copied().min();
        Ok([turn.next_at, stale_look, write_again].into_iter().flatten().min())
    }

    /// Not more often than every [`LOOK_AGAIN`]: a round that fails wakes this task, which would ask for the next one.
    fn ask_for_a_reading(&self, now: Timestamp) {
        let mut state = self.live.state();
        if state.last_round.is_none_or(|at| now.since(at) >= LOOK_AGAIN) {
            state.hurry = true;
            drop(state);
            self.live.reader.call();
        }
    }

    /// Whether the account was read just now, or cannot be read although it can be reached.
    fn has_read_since(&self, now: Timestamp) -> bool {
        let state = self.live.state();
        let is_down = matches!(state.health, Health::ProviderDown { .. }) && state.failures >= 3;
        is_down || state.last_success.is_some_and(|at| now.since(at) <= FRESH + 5 * SECOND)
    }

    async fn start_looks(&mut self, jobs: &mut Jobs, unsettled: Vec<Unsettled>) -> Result<Option<Timestamp>> {
        let now = self.inner.now();
        // Kept until it is begun: it may have to wait for a free place.
        let wanted = {
            let mut state = self.live.state();
            state.check_now.retain(|wanted| unsettled.iter().any(|u| u.conversation == *wanted));
            state.check_now.clone()
        };
        let unknown: BTreeSet<ConversationId> = unsettled
            .iter()
            .filter(|u| u.state == SendState::Unknown || wanted.contains(&u.conversation))
            .map(|u| u.conversation)
            .collect();
        self.looks.retain(|conversation, _| unknown.contains(conversation));
        let mut next: Option<Timestamp> = None;
        for one in unsettled {
            let conversation = one.conversation;
            if !unknown.contains(&conversation) || self.is_at_work(conversation) {
                continue;
            }
            let due = if wanted.contains(&conversation) {
                now
            } else {
                *self.looks.entry(conversation).or_insert(now.plus(FIRST_LOOK))
            };
            if due > now || self.is_full(Task::Exchange) {
                let at = due.max(now.plus(SECOND));
                next = Some(next.map_or(at, |held| held.min(at)));
                continue;
            }
            self.live.state().check_now.remove(&conversation);
            let busy = self.inner.quiet.busy();
            let job = look(Arc::clone(&self.inner), Arc::clone(&self.live), one, busy);
            self.at_work.insert(jobs.spawn(job).id(), (conversation, Task::Exchange));
        }
        Ok(next)
    }
}

/// Why nothing may leave.
struct Closed {
    reason: SendReason,
    until: Option<Timestamp>,
}

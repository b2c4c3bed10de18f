//! Reading an account at Graph (`reference/meta-graph.md` 11).
//!
//! A walk asks for the conversations in which something happened last, newest first, each with its newest messages, and
//! goes on until it meets one in which nothing happened since the last complete walk began: one call when nothing is new,
//! and one more for each ten conversations that have news. When that was is written in the transaction of the last page,
//! so a walk that broke off is walked again and never skipped (`architecture.md`, invariant 2).
//!
//! What lies further back is fetched afterwards, a few calls at a time, so that the next walk is never late: Messenger
//! gives older messages by pages, Instagram only their ids, which is enough to count and date a gap.
//!
//! A conversation that moves to the front while a walk turns its pages is met by the next walk, because it begins again
//! at the front and ends where this one began.

mod further;
mod single;

use std::collections::{BTreeMap, BTreeSet};

use backscroll_adapters::{AdapterError, Kind, Read, ReadDone};
use backscroll_model::{Backfill, ConversationEvents, DAY, Event, HOUR, Page, Platform, RemoteId, SECOND, Timestamp};
use backscroll_store as db;

use super::{Round, Stop};
use crate::{
    account_task::{attention, walk_interval},
    inner::MISSING_FIELDS,
    link::Link,
    pace::graph,
    rate::Urgency,
};

/// Conversations of a page: many while everything is new, few while one call must be cheap.
const BACKFILL_PAGE: u32 = 20;
const POLL_PAGE: u32 = 10;
/// Pages of one walk; at 20 conversations a page more than any inbox that Graph lists.
const MAX_PAGES: u32 = 5_000;
/// What happened before this, in ms, the complete walks have seen.
const WALKED: &str = "graph_walked";
/// How late a listing may be: what happened in the seconds before it is looked at once more by the next walk.
const DELAY: i64 = 5 * SECOND;
/// Older history and persons wait while a meter is this full, in percent: the rest is for what is new.
const SPARE_UP_TO: u32 = 50;
/// The whole list is walked this often, for what appears late with an old time: requests, people after a review.
const FULL_EVERY: i64 = DAY;
/// When that was last done, in ms.
const FULL: &str = "graph_full";
/// A list that broke off is walked to its end again after this.
const BROKEN_AGAIN: i64 = HOUR;
/// Our own restraint is waited for within a round up to this long; longer ends the round.
const PATIENCE: i64 = 10 * SECOND;

/// What is remembered between the rounds of an account, while the program runs.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Milliseconds a message in the fastest conversation of the last walk.
    pub(crate) fastest: Option<i64>,
    /// When the last walk began, by our clock.
    pub(crate) walked_at: Option<Timestamp>,
    /// There may be older history, or persons, to ask for.
    pub(crate) more: bool,
    /// The pause between two walks in milliseconds, whatever the pace: for measuring what the pace is worth.
    pub(crate) fixed: Option<i64>,
    /// Conversations whose older history could not be had since the start, or since something happened in them.
    unreadable: BTreeSet<RemoteId>,
    /// Conversations in which something happened since, and when by the provider's clock: what was listed to its end before
    /// is listed again, once it is quiet.
    stirred: BTreeMap<RemoteId, Timestamp>,
    /// Some are not quiet yet.
    young: bool,
    /// The pause after which the risky conversations were read: where reading had ended.
    caught_up: Option<Timestamp>,
    /// The list broke off before its end: when, and what was seen all the same.
    broken: Option<(Timestamp, Timestamp)>,
    /// When the thread on screen was last read for its edits and reactions.
    viewed_at: Option<Timestamp>,
    /// Conversations whose news the list announced and did not show.
    owed: BTreeMap<RemoteId, single::Owed>,
}

impl Default for Memory {
    /// What an earlier run of the program left to be done is not known.
    fn default() -> Self {
        Self {
            fastest: None,
            walked_at: None,
            more: true,
            fixed: None,
            unreadable: BTreeSet::new(),
            stirred: BTreeMap::new(),
            young: false,
            caught_up: None,
            broken: None,
            viewed_at: None,
            owed: BTreeMap::new(),
        }
    }
}

impl Memory {
    /// Up to when a walk goes down: what earlier ones have seen, and for an hour what a list that breaks off showed.
    fn seen(&self, kept: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let broken = self.broken.filter(|(at, _)| (0..BROKEN_AGAIN).contains(&now.since(*at)));
        kept.max(broken.map(|(_, seen)| seen))
    }
}

impl Round<'_> {
    /// One round: the walk if it is due, then a few calls for what lies further back.
    pub(super) async fn read_graph(&mut self, hurried: bool) -> Result<(), Stop> {
        let attention = attention(self.inner, self.live);
        if hurried {
            // Whoever asks for it wants the whole list tried again.
            self.live.graph().broken = None;
        }
        let is_due = hurried || {
            let memory = self.live.graph();
            let interval = walk_interval(&memory, &self.link, self.account.platform, attention);
            is_due(&memory, interval, self.inner.now())
        };
        if hurried {
            let mut memory = self.live.graph();
            memory.unreadable.clear();
            memory.more = true;
        }
        if is_due {
            self.walk_recent().await?;
            self.keep_missing_fields().await;
        }
        if self.account.backfill == Backfill::Done {
            match self.read_further().await {
                // It has time: what is new was read, and that is what counts.
                Ok(_) | Err(Stop::Wait(_)) => {}
                Err(Stop::Adapter(error)) if is_of_one(&error.kind) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    async fn walk_recent(&mut self) -> Result<(), Stop> {
        let id = self.account.id;
        let began = self.inner.now();
        let walked = self.inner.read(move |c| db::cursor(c, id, WALKED)).await.map_err(Stop::Storage)?;
        let kept: Option<Timestamp> = walked.and_then(|at| at.parse().ok()).map(Timestamp);
        if kept.is_some() {
            self.read_risky(began).await?;
        }
        let walked = self.live.graph().seen(kept, began);
        let is_full = walked.is_none() || self.is_full_due(began).await?;
        let arrival = self.arrival;
        if kept.is_none() {
            // The account may be old and its history held through another provider: none of this is news.
            self.arrival = db::Arrival::Backfill;
        }
        let done = self.walk_pages(kept, walked, is_full, began).await;
        self.arrival = arrival;
        done?;
        self.read_owed().await?;
        self.read_viewed(began).await
    }

    /// Whether the whole list is to be walked. Not while somebody writes fast: it takes up to half a minute.
    async fn is_full_due(&self, now: Timestamp) -> Result<bool, Stop> {
        if self.live.graph().fastest.is_some() {
            return Ok(false);
        }
        let id = self.account.id;
        let held = self.inner.read(move |c| db::cursor(c, id, FULL)).await.map_err(Stop::Storage)?;
        let full: Option<Timestamp> = held.and_then(|at| at.parse().ok()).map(Timestamp);
        Ok(full.is_none_or(|at| at > now || now.since(at) >= FULL_EVERY))
    }

    /// `kept`: what earlier walks have seen, as it is kept; `walked`: with what a list that breaks off showed since.
    async fn walk_pages(
        &mut self,
        kept: Option<Timestamp>,
        walked: Option<Timestamp>,
        is_full: bool,
        began: Timestamp,
    ) -> Result<(), Stop> {
        let platform = self.account.platform;
        let limit = if is_full { BACKFILL_PAGE } else { POLL_PAGE };
        let mut first: Option<Option<Timestamp>> = None;
        let mut front: Option<Timestamp> = None;
        let mut fastest: Option<i64> = None;
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let read = Read::Recent { platform, limit, next };
            let (done, mut pages) = self.ask(&read).await?;
            let read_at = done.server_time.unwrap_or_else(|| self.link.corrected(self.inner.now()));
            self.tally.fresh_at = self.tally.fresh_at.or(Some(read_at));
            let answered = *first.get_or_insert(done.server_time);
            front = front.or_else(|| updates(&pages).max());
            fastest = fastest.into_iter().chain(fastest_of(&pages, platform, read_at)).min();
            let is_met =
                !is_full && walked.is_some_and(|walked| updates(&pages).last().is_some_and(|last| last < walked));
            self.note_what_stirred(&pages, walked);
            next = done.next;
            let is_last = next.is_none() || is_met;
            let now_walked = front.map(|front| walked_to(front, answered));
            if is_last && is_broken(&pages) {
                self.live.graph().broken = now_walked.map(|seen| (began, seen));
            }
            let mut cursors = Vec::new();
            if let Some(now_walked) = now_walked.filter(|at| is_last && !is_broken(&pages) && Some(*at) > kept) {
                cursors.push((WALKED.to_owned(), Some(now_walked.0.to_string())));
            }
            if is_last && is_full && !is_broken(&pages) {
                cursors.push((FULL.to_owned(), Some(began.0.to_string())));
            }
            if !cursors.is_empty() {
                match pages.last_mut() {
                    Some(page) => page.cursors.extend(cursors),
                    None => pages.push(Page { cursors, ..Page::default() }),
                }
            }
            self.apply(pages).await.map_err(Stop::Storage)?;
            if is_last {
                break;
            }
        }
        let mut memory = self.live.graph();
        memory.fastest = fastest;
        memory.walked_at = Some(began);
        // Something new may have opened a gap, or be of somebody new.
        memory.more |= self.tally.wrote || memory.young;
        Ok(())
    }

    /// Puts a question when the rate bucket lets it out. A refusal for being too fast is waited for once, if the wait is
    /// short: another program may have used up this very second.
    async fn ask(&mut self, read: &Read) -> Result<(ReadDone, Vec<Page>), Stop> {
        self.wait_turn().await?;
        match self.read_whole(read).await {
            Err(Stop::Adapter(AdapterError { kind: Kind::RateLimited { .. }, .. })) => {
                self.wait_turn().await?;
                self.read_whole(read).await
            }
            answer => answer,
        }
    }

    /// Waits for the rate bucket; a wait that is longer than a round should take ends the round.
    async fn wait_turn(&self) -> Result<(), Stop> {
        let now = self.inner.now();
        let at = self.link.allowed_at(self.account.platform, now, Urgency::Read);
        if at.since(now) > PATIENCE {
            return Err(Stop::Wait(at));
        }
        if at > now {
            let _rest = (self.inner.quiet.rest(), self.live.reader.rest());
            self.inner.sleep_until(at).await;
        }
        Ok(())
    }

    /// Fields that this version of Graph lacks are not asked for again after a restart.
    async fn keep_missing_fields(&self) {
        let Some(missing) = self.link.meta().map(backscroll_adapters::meta::Meta::dropped_fields) else { return };
        if missing.is_empty() {
            return;
        }
        let kept = self.inner.store.write_sync(move |tx| {
            // Of all Pages together: each would else forget what the others found out.
            let held = db::value::<BTreeSet<String>>(tx, MISSING_FIELDS)?.unwrap_or_default();
            if missing.is_subset(&held) {
                return Ok(());
            }
            let all: BTreeSet<&String> = held.union(&missing).collect();
            db::set_value(tx, MISSING_FIELDS, &all)
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "what Graph lacks could not be kept");
        }
    }
}

fn times(conversation: &ConversationEvents) -> impl Iterator<Item = Timestamp> {
    conversation.events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(message.at),
        _ => None,
    })
}

fn updates(pages: &[Page]) -> impl Iterator<Item = Timestamp> {
    pages.iter().flat_map(|page| &page.conversations).filter_map(|conversation| conversation.updated_at)
}

/// Before when a walk has seen everything whose first conversation was updated at `front` and whose first answer was made
/// at `answered`. Whole seconds: what happens later may bear the time of `front`, unless that is long past.
///
/// Never further from `front` than that: a wrong `Date` must not make the next walk end too early.
fn walked_to(front: Timestamp, answered: Option<Timestamp>) -> Timestamp {
    answered.map_or(front, |at| at.plus(-DELAY)).clamp(front.plus(-DELAY), front.plus(1))
}

/// The list broke off: it leads in a circle, or to no next page. What lies behind has not been seen.
fn is_broken(pages: &[Page]) -> bool {
    pages.iter().flat_map(|page| &page.skipped).any(|skipped| skipped.what == "page")
}

/// The fastest pace, as if each conversation came with all that is given of it: Messenger's come with half.
fn fastest_of(pages: &[Page], platform: Platform, now: Timestamp) -> Option<i64> {
    let given = if platform == Platform::Messenger { 2 } else { 1 };
    pages
        .iter()
        .flat_map(|page| &page.conversations)
        .filter_map(|conversation| {
            let times: Vec<Timestamp> = times(conversation).collect();
            graph::pace(&times, now).map(|pace| pace / given)
        })
        .min()
}

/// Whether a failure may concern the one conversation or person that was asked about: everything but the way there, the
/// limits and the token. Code 2 hides a block by the person, 230 a missing consent (reference 9.2).
fn is_of_one(kind: &Kind) -> bool {
    match kind {
        Kind::NotFound
        | Kind::Rejected
        | Kind::UploadGone
        | Kind::OneByOne
        | Kind::Recipient
        | Kind::Permission { .. }
        | Kind::NotOwner
        | Kind::Server
        | Kind::Decode
        | Kind::TooLarge
        | Kind::Network
        | Kind::WindowClosed
        | Kind::TitleTaken
        | Kind::Unsupported => true,
        Kind::Connect
        | Kind::RateLimited { .. }
        | Kind::KeyRefused
        | Kind::ProfileKeyAsApiKey
        | Kind::ProfileKeyRefused
        | Kind::Suspended
        | Kind::PlanRequired
        | Kind::MessagingOff
        | Kind::LinkAgain
        | Kind::NotLinked
        | Kind::XKeysMissing
        | Kind::TokenExpired
        | Kind::TokenRevoked
        | Kind::PasswordChanged
        | Kind::Checkpoint
        | Kind::RoleLost
        | Kind::AppSecret
        | Kind::MessageAccessOff
        | Kind::Restricted => false,
    }
}

/// What an account at Graph never shows to apps (2.6).
pub(crate) fn left_out(platform: Platform) -> Vec<backscroll_model::LeftOut> {
    use backscroll_model::LeftOut::{IdleRequests, LinkedAccounts, OlderThanTwenty, PeopleWithoutRole};
    match platform {
        Platform::Instagram => vec![IdleRequests, PeopleWithoutRole, OlderThanTwenty],
        Platform::Messenger | Platform::X => vec![PeopleWithoutRole, LinkedAccounts],
    }
}

/// Whether the meters leave room for what is not urgent.
pub(crate) fn has_spare(link: &Link, platform: Platform) -> bool {
    link.quota(platform).is_none_or(|quota| quota.used < SPARE_UP_TO)
}

/// Whether a walk is due, or only what lies further back is left to fetch.
pub(crate) fn is_due(memory: &Memory, interval: i64, now: Timestamp) -> bool {
    memory.walked_at.is_none_or(|at| at > now || now.since(at) >= interval)
}

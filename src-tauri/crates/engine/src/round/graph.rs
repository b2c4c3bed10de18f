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

use std::collections::BTreeSet;

use backscroll_adapters::{AdapterError, Kind, Read, ReadDone};
use backscroll_model::{Backfill, DAY, Event, HOUR, Page, Platform, RemoteId, SECOND, Timestamp};
use backscroll_store::{self as db, IdsWalk};

use super::{Round, Stop};
use crate::{
    account_task::{attention, walk_interval},
    inner::MISSING_FIELDS,
    pace::graph::{self, PAUSE, Thread},
    rate::Urgency,
};

/// Conversations of a page: many while everything is new, few while one call must be cheap.
const BACKFILL_PAGE: u32 = 20;
const POLL_PAGE: u32 = 10;
/// Pages of one walk; at 20 conversations a page more than any inbox that Graph lists.
const MAX_PAGES: u32 = 5_000;
/// Detailed messages of one conversation; Instagram never gives more (4.4).
const DETAILS: u32 = 20;
/// In front of a cursor of Messenger: ids are listed, not messages.
const BY_IDS: &str = "ids ";
/// Messenger's older messages, by pages of this size.
const OLDER_PAGE: u32 = 50;
/// What happened before this, in ms, the complete walks have seen.
const WALKED: &str = "graph_walked";
/// How late a listing may be, and by how much times of one second may differ.
const DELAY: i64 = 5 * SECOND;
/// Conversations read singly before the walk, after a pause.
const RISKY: usize = 10;
/// Calls between two walks, for older history and for persons.
const OLDER_CALLS: u32 = 2;
const PERSON_CALLS: u32 = 2;
/// Our own restraint is waited for within a round up to this long; longer ends the round.
const PATIENCE: i64 = 10 * SECOND;
/// Up to which person profiles were asked for, and since when, in ms: `12@1790000000000`.
const ASKED: &str = "graph_asked";
/// Who had no picture is asked about again this rarely.
const ASK_AGAIN: i64 = 7 * DAY;

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
    /// Conversations whose older history could not be had since the start, or since the last news of a gap.
    unreadable: BTreeSet<RemoteId>,
}

impl Default for Memory {
    /// What an earlier run of the program left to be done is not known.
    fn default() -> Self {
        Self { fastest: None, walked_at: None, more: true, fixed: None, unreadable: BTreeSet::new() }
    }
}

impl Round<'_> {
    /// One round: the walk if it is due, then a few calls for what lies further back.
    pub(super) async fn read_graph(&mut self, hurried: bool) -> Result<(), Stop> {
        let attention = attention(self.inner, self.live);
        let is_due = hurried || {
            let memory = self.live.graph();
            let interval = walk_interval(&memory, &self.link, self.account.platform, attention);
            is_due(&memory, interval, self.inner.now())
        };
        if is_due {
            self.walk_recent().await?;
            self.keep_missing_fields().await;
        }
        if self.account.backfill == Backfill::Done {
            self.read_further().await?;
        }
        Ok(())
    }

    /// All that lies further back, for a reader that makes one round and ends.
    pub(super) async fn read_graph_to_its_end(&mut self) -> Result<(), Stop> {
        while self.read_further().await? {}
        Ok(())
    }

    async fn walk_recent(&mut self) -> Result<(), Stop> {
        let id = self.account.id;
        let platform = self.account.platform;
        let began = self.inner.now();
        let walked = self.inner.read(move |c| db::cursor(c, id, WALKED)).await.map_err(Stop::Storage)?;
        let walked: Option<Timestamp> = walked.and_then(|at| at.parse().ok()).map(Timestamp);
        if walked.is_some() {
            self.read_risky(began).await?;
        }
        let limit = if walked.is_none() { BACKFILL_PAGE } else { POLL_PAGE };
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
            let is_met = walked.is_some_and(|walked| updates(&pages).last().is_some_and(|last| last < walked));
            next = done.next;
            let is_last = next.is_none() || is_met;
            let now_walked = front.map(|front| walked_to(front, answered));
            if let Some(now_walked) = now_walked.filter(|at| is_last && !is_broken(&pages) && Some(*at) > walked) {
                let cursors = vec![(WALKED.to_owned(), Some(now_walked.0.to_string()))];
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
        memory.more |= self.tally.wrote;
        if self.tally.new_messages > 0 {
            memory.unreadable.clear();
        }
        Ok(())
    }

    /// After a pause: whoever is about to pass the 20 messages that are given, before everybody else.
    async fn read_risky(&mut self, now: Timestamp) -> Result<(), Stop> {
        let now = self.link.corrected(now);
        let before = self.live.state().last_success.map(|at| self.link.corrected(at)).or(self.account.last_read_at);
        let Some(before) = before.filter(|before| now.since(*before) >= PAUSE) else { return Ok(()) };
        let id = self.account.id;
        let paces = self.inner.read(move |c| db::pace_of(c, id, before.plus(-HOUR), before)).await;
        let threads = paces.map_err(Stop::Storage)?.into_iter().filter_map(|held| {
            let pace = graph::pace(&held.last_hour, before)?;
            Some(Thread { remote_id: held.remote_id, pace, newest: held.newest })
        });
        for conversation in graph::by_risk(threads.collect(), now).into_iter().take(RISKY) {
            match self.read_newest(conversation).await {
                // One conversation that cannot be read must not hold up the rest.
                Ok(_) | Err(Stop::Adapter(AdapterError { kind: Kind::NotFound | Kind::Rejected, .. })) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// The newest messages of one conversation.
    pub(super) async fn read_newest(&mut self, conversation: RemoteId) -> Result<ReadDone, Stop> {
        let platform = self.account.platform;
        let conversation = Some(conversation);
        let read = Read::Messages { platform, archived: false, conversation, limit: Some(DETAILS), next: None };
        let (mut done, pages) = self.ask(&read).await?;
        self.apply(pages).await.map_err(Stop::Storage)?;
        // Graph has no cache: what it answers is what there is.
        done.fresh_at = done.fresh_at.or(done.server_time).or_else(|| Some(self.link.corrected(self.inner.now())));
        Ok(done)
    }

    /// The conversation with one person, with its newest messages.
    pub(super) async fn read_person(&mut self, person: RemoteId) -> Result<(), Stop> {
        let read = Read::Person { platform: self.account.platform, person };
        let (_, pages) = self.ask(&read).await?;
        self.apply(pages).await.map_err(Stop::Storage).map(drop)
    }

    /// Older history and persons, a few calls of each. Returns whether there is more.
    async fn read_further(&mut self) -> Result<bool, Stop> {
        if !self.live.graph().more {
            return Ok(false);
        }
        let more = self.fetch_older().await? | self.ask_for_persons().await?;
        self.live.graph().more = more;
        Ok(more)
    }

    async fn fetch_older(&mut self) -> Result<bool, Stop> {
        for _ in 0..OLDER_CALLS {
            let Some(work) = self.next_older().await? else { return Ok(false) };
            self.read_older(work).await?;
        }
        Ok(true)
    }

    /// A conversation in which something is missing that is not counted yet.
    async fn next_older(&self) -> Result<Option<IdsWalk>, Stop> {
        let id = self.account.id;
        let limit = u32::try_from(self.live.graph().unreadable.len()).unwrap_or(u32::MAX).saturating_add(1);
        let found = self.inner.read(move |c| db::ids_to_walk(c, id, limit)).await.map_err(Stop::Storage)?;
        let memory = self.live.graph();
        Ok(found.into_iter().find(|walk| !memory.unreadable.contains(&walk.remote_id)))
    }

    /// One page further back. Where it goes on is kept in its transaction.
    ///
    /// Messenger gives pages of messages; where they end before the beginning does, its ids are listed as Instagram's are.
    async fn read_older(&mut self, work: IdsWalk) -> Result<(), Stop> {
        let platform = self.account.platform;
        let ids = work.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(BY_IDS));
        let by_ids = ids.is_some() || platform != Platform::Messenger;
        let next = ids.or(work.cursor.as_deref()).filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let conversation = work.remote_id.clone();
        let read = if by_ids {
            Read::Ids { platform, conversation, next }
        } else {
            let (conversation, limit) = (Some(conversation), Some(OLDER_PAGE));
            Read::Messages { platform, archived: false, conversation, limit, next }
        };
        let (next, mut pages) = match self.ask(&read).await {
            Ok((done, pages)) => (done.next, pages),
            // It cannot be read, or its cursor died: the next start begins anew.
            Err(Stop::Adapter(error)) if matches!(error.kind, Kind::NotFound | Kind::Rejected) => {
                tracing::info!(kind = ?error.kind, "older messages could not be read");
                (None, Vec::new())
            }
            Err(stop) => return Err(stop),
        };
        let name = db::ids_cursor(&work.remote_id);
        let goes_on = next.map(|next| if ids.is_some() { format!("{BY_IDS}{next}") } else { next });
        let is_through = goes_on.is_none();
        self.apply_history(&mut pages, (name.clone(), goes_on)).await?;
        let is_missing = self.next_older().await?.is_some_and(|next| next.remote_id == work.remote_id);
        match (is_missing, is_through) {
            (true, true) if !by_ids => {
                self.apply_history(&mut Vec::new(), (name, Some(BY_IDS.to_owned()))).await?;
            }
            // Listed to its beginning and still something is not counted: what is new since is met by a later walk.
            (true, true) => {
                self.live.graph().unreadable.insert(work.remote_id);
            }
            // Nothing is missing any more: a gap that opens later is walked from the front.
            (false, false) => self.apply_history(&mut Vec::new(), (name, None)).await?,
            (true, false) | (false, true) => {}
        }
        Ok(())
    }

    /// What is fetched from further back is history, however young the account.
    async fn apply_history(&mut self, pages: &mut Vec<Page>, cursor: (String, Option<String>)) -> Result<(), Stop> {
        match pages.last_mut() {
            Some(page) => page.cursors.push(cursor),
            None => pages.push(Page { cursors: vec![cursor], ..Page::default() }),
        }
        let arrival = std::mem::replace(&mut self.arrival, db::Arrival::Backfill);
        let applied = self.apply(std::mem::take(pages)).await;
        self.arrival = arrival;
        applied.map(|_| ()).map_err(Stop::Storage)
    }

    /// Names and pictures of persons who have none, each asked about once, those who write later after them.
    async fn ask_for_persons(&mut self) -> Result<bool, Stop> {
        let (id, platform) = (self.account.id, self.account.platform);
        for _ in 0..PERSON_CALLS {
            let now = self.inner.now();
            let held = self.inner.read(move |c| db::cursor(c, id, ASKED)).await.map_err(Stop::Storage)?;
            let (after, since) = held.as_deref().and_then(asked).unwrap_or((0, now));
            let found =
                self.inner.read(move |c| db::next_without_picture(c, id, after)).await.map_err(Stop::Storage)?;
            let (Some(found), since) = (match found {
                None if after > 0 && now.since(since) >= ASK_AGAIN => {
                    let again = self.inner.read(move |c| db::next_without_picture(c, id, 0)).await;
                    (again.map_err(Stop::Storage)?, now)
                }
                found => (found, since),
            }) else {
                return Ok(false);
            };
            let read = Read::Profile { platform, conversation: found.conversation, person: found.person };
            let mut pages = match self.ask(&read).await {
                Ok((_, pages)) => pages,
                Err(Stop::Adapter(error)) if is_of_one_person(&error.kind) => Vec::new(),
                Err(stop) => return Err(stop),
            };
            let cursor = (ASKED.to_owned(), Some(format!("{}@{}", found.place, since.0)));
            self.apply_history(&mut pages, cursor).await?;
        }
        Ok(true)
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
            let _rest = self.inner.quiet.rest();
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
            let held = db::value::<BTreeSet<String>>(tx, MISSING_FIELDS)?;
            if held.as_ref() == Some(&missing) { Ok(()) } else { db::set_value(tx, MISSING_FIELDS, &missing) }
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "what Graph lacks could not be kept");
        }
    }
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
            let times: Vec<Timestamp> = conversation
                .events
                .iter()
                .filter_map(|event| match event {
                    Event::Message(message) => Some(message.at),
                    _ => None,
                })
                .collect();
            graph::pace(&times, now).map(|pace| pace / given)
        })
        .min()
}

/// Reads back what [`ASKED`] holds.
fn asked(held: &str) -> Option<(i64, Timestamp)> {
    let (place, since) = held.split_once('@')?;
    Some((place.parse().ok()?, Timestamp(since.parse().ok()?)))
}

/// Refusals that speak of one person: no consent, no profile, nobody (reference 8).
fn is_of_one_person(kind: &Kind) -> bool {
    matches!(kind, Kind::NotFound | Kind::Rejected | Kind::Recipient | Kind::Permission { .. })
}

/// What an account at Graph never shows to apps (2.6).
pub(crate) fn left_out(platform: Platform) -> Vec<backscroll_model::LeftOut> {
    use backscroll_model::LeftOut::{IdleRequests, LinkedAccounts, OlderThanTwenty, PeopleWithoutRole};
    match platform {
        Platform::Instagram => vec![IdleRequests, PeopleWithoutRole, OlderThanTwenty],
        Platform::Messenger | Platform::X => vec![PeopleWithoutRole, LinkedAccounts],
    }
}

/// Whether a walk is due, or only what lies further back is left to fetch.
pub(crate) fn is_due(memory: &Memory, interval: i64, now: Timestamp) -> bool {
    memory.walked_at.is_none_or(|at| at > now || now.since(at) >= interval)
}

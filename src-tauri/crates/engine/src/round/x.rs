//! Reading X, which may bill the user's own developer app for each message of an answer ($0.010, once per message and
//! UTC day; `reference/x-dm.md` 7.1).
//!
//! Rules: no read before the user chose how much history (the caller's), never without `limit` (without it Ayrshare
//! fetches the full history), a probe of one message every minute at most, and a walk only if that message is not
//! where the last walk began. X lists a message up to three minutes late, beneath newer ones: so a walk goes down to what
//! was certain then, and the top is read again until nothing can come beneath it any more. The list of conversations is not read at all: it has no `limit`. What a page costs is checked before it is asked for.
//!
//! A walk survives a crash: its cursor is written in the transaction of the page before (`architecture.md`,
//! invariant 2), so the next round goes on with it. A cursor that the provider no longer takes ends the walk; what is
//! missing then is a gap that the history shows.

use std::collections::BTreeSet;

use backscroll_adapters::{Kind, Read, ReadDone};
use backscroll_model::{Backfill, DAY, Event, MINUTE, Page, Platform, RemoteId, Timestamp, XBudget, XHistory};
use backscroll_store as db;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Round, Stop};
use crate::errors::store_error;

/// What X bills for one message read, in thousandths of a US cent.
const READ_MILLICENTS: u32 = 1_000;
/// What it bills for one send.
pub(crate) const SEND_MILLICENTS: u32 = 1_500;
/// The first page of a walk: a single new message must not cost fifty.
const FIRST_PAGE: u32 = 6;
/// The following pages.
const PAGE: u32 = 50;
/// Messages of a conversation that are read to find one of ours.
const READ_BACK: u32 = 5;
/// Pages of one walk: 20,000 messages, $200. No inbox is larger within the 30 days that X gives.
const MAX_PAGES: u32 = 400;
/// Where a walk goes on, and how many messages of the chosen history are still wanted.
const WALK: &str = "x_walk";
/// What the last walk that came to its end knew. That a message is held says less, because our own sends and reading
/// back hold messages with unread ones below them.
const TOP: &str = "x_top";
/// X shows a message this late at most (`reference/ayrshare.md` 2.6).
const LATE: i64 = 3 * MINUTE;

/// Which messages were billed today, so that reading one again is not counted again.
#[derive(Debug, Default)]
pub(crate) struct Billed {
    day: i64,
    ids: BTreeSet<RemoteId>,
}

impl Billed {
    /// How many of a page are billed now.
    fn count(&mut self, now: Timestamp, pages: &[Page], listed: u32) -> u32 {
        let day = now.0.div_euclid(DAY);
        if day != self.day {
            *self = Self { day, ids: BTreeSet::new() };
        }
        let mut known = 0;
        for id in message_ids(pages) {
            if !self.ids.insert(id.clone()) {
                known += 1;
            }
        }
        listed.saturating_sub(known)
    }
}

fn messages(pages: &[Page]) -> impl Iterator<Item = (&RemoteId, Timestamp)> {
    pages.iter().flat_map(|p| &p.conversations).flat_map(|c| &c.events).filter_map(|event| match event {
        Event::Message(message) => Some((&message.remote_id, message.at)),
        _ => None,
    })
}

fn message_ids(pages: &[Page]) -> impl Iterator<Item = &RemoteId> {
    messages(pages).map(|(id, _)| id)
}

/// What a walk saw when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Top {
    /// The newest message.
    id: RemoteId,
    at: Timestamp,
    /// Every message up to then is listed; younger ones may still appear.
    settled: Timestamp,
}

impl Top {
    /// `read_at`: what the pages are as fresh as, by the provider's clock.
    fn of(pages: &[Page], read_at: Timestamp) -> Option<Self> {
        let (id, at) = messages(pages).max_by_key(|(_, at)| *at)?;
        Some(Self { id: id.clone(), at, settled: read_at.plus(-LATE) })
    }

    /// Nothing can appear beneath the newest message any more.
    fn is_settled(&self) -> bool {
        self.at <= self.settled
    }

    /// Whether a page comes down to what was certain.
    fn is_reached(&self, pages: &[Page]) -> bool {
        messages(pages).any(|(_, at)| at <= self.settled)
    }
}

/// A walk that has not reached its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Walk {
    /// Where the next page begins; `None`: at the newest message.
    next: Option<String>,
    /// Messages still wanted by the choice of history; `None`: down to the top of the walk before.
    wanted: Option<u32>,
    /// Where it began.
    top: Option<Top>,
}

/// What is kept between rounds. A text that is none of ours counts as nothing.
fn parse<T: DeserializeOwned>(written: Option<String>) -> Option<T> {
    serde_json::from_str(&written?).ok()
}

fn write(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

impl Round<'_> {
    pub(super) async fn read_x(&mut self) -> Result<(), Stop> {
        let id = self.account.id;
        let read = self.inner.read(move |c| Ok((db::cursor(c, id, WALK)?, db::cursor(c, id, TOP)?))).await;
        let (walk, before) = read.map_err(Stop::Storage)?;
        let before: Option<Top> = parse(before);
        if let Some(walk) = parse::<Walk>(walk) {
            return self.walk(walk, before.as_ref(), PAGE).await;
        }
        if self.account.backfill == Backfill::Pending {
            let wanted = match self.account.x_budget.map(|b| b.history) {
                // One message tells where "from now on" begins.
                Some(XHistory::None) | None => 1,
                Some(XHistory::Newest { count }) => count.max(1),
                Some(XHistory::All) => u32::MAX,
            };
            return self.walk(Walk { next: None, wanted: Some(wanted), top: None }, None, PAGE).await;
        }
        if before.as_ref().is_some_and(|before| !before.is_settled()) {
            return self.walk(Walk { next: None, wanted: None, top: None }, before.as_ref(), FIRST_PAGE).await;
        }
        let (done, pages) = self.page(1, None).await?;
        self.fresh(&done);
        let Some(top) = Top::of(&pages, self.read_at(&done)) else { return Ok(()) };
        if before.as_ref().is_some_and(|before| before.id == top.id) {
            return Ok(());
        }
        // From the top again, the probe's message included: a page knows the order of equal instants, a message alone
        // does not, and reading it twice on one day is billed once.
        self.walk(Walk { next: None, wanted: None, top: Some(top) }, before.as_ref(), FIRST_PAGE).await
    }

    /// Reads page after page until the walk is at its end: the history that was chosen, or the top of the walk before.
    async fn walk(&mut self, mut walk: Walk, before: Option<&Top>, first_page: u32) -> Result<(), Stop> {
        let mut limit = first_page;
        for _ in 0..MAX_PAGES {
            let size = walk.wanted.map_or(limit, |wanted| limit.min(wanted));
            let (done, pages) = match self.page(size, walk.next.clone()).await {
                Ok(read) => read,
                // The cursor is too old. What it stood for stays a gap.
                Err(Stop::Adapter(error))
                    if walk.next.is_some() && matches!(error.kind, Kind::Rejected | Kind::NotFound) =>
                {
                    tracing::warn!("a walk through X could not go on: its cursor is not taken any more");
                    return self.keep(Vec::new(), None, walk.top.as_ref()).await;
                }
                Err(stop) => return Err(stop),
            };
            self.fresh(&done);
            let reached = walk.wanted.is_none() && before.is_some_and(|top| top.is_reached(&pages));
            let wanted = walk.wanted.map(|n| if n == u32::MAX { n } else { n.saturating_sub(done.messages) });
            let ended = reached || wanted == Some(0) || done.next.is_none();
            let read_at = self.read_at(&done);
            walk = Walk { next: done.next, wanted, top: walk.top.or_else(|| Top::of(&pages, read_at)) };
            if ended {
                // The same message on top, and younger ones may still appear beneath it: nothing to write yet.
                let same = |top: &&Top| before.is_some_and(|before| before.id == top.id && !top.is_settled());
                return self.keep(pages, None, walk.top.as_ref().filter(|top| !same(top))).await;
            }
            self.keep(pages, Some(&walk), None).await?;
            limit = PAGE;
        }
        Ok(())
    }

    /// The newest messages of one conversation, to find a message of ours among them.
    pub(super) async fn read_x_conversation(&mut self, conversation: RemoteId) -> Result<ReadDone, Stop> {
        let (done, pages) = self.page_of(Some(conversation), READ_BACK, None).await?;
        self.apply(pages).await.map_err(Stop::Storage)?;
        Ok(done)
    }

    async fn page(&mut self, limit: u32, next: Option<String>) -> Result<(ReadDone, Vec<Page>), Stop> {
        self.page_of(None, limit, next).await
    }

    /// One page, if the month's money allows it.
    async fn page_of(
        &mut self,
        conversation: Option<RemoteId>,
        limit: u32,
        next: Option<String>,
    ) -> Result<(ReadDone, Vec<Page>), Stop> {
        let limit = self.affordable(limit).await?;
        let read = Read::Messages { platform: Platform::X, archived: false, conversation, limit: Some(limit), next };
        let (done, pages) = self.read_whole(&read).await?;
        self.pay(&pages, done.messages).await?;
        Ok((done, pages))
    }

    /// How many messages may still be read this month, at most `limit`.
    async fn affordable(&self, limit: u32) -> Result<u32, Stop> {
        let account = self.inner.account(self.account.id).await.map_err(Stop::Storage)?;
        match messages_left(account.x_budget) {
            0 => Err(Stop::Budget),
            left => Ok(limit.min(left)),
        }
    }

    /// Counts what a page cost. Written before the page is: money that was spent must not be forgotten.
    async fn pay(&self, pages: &[Page], listed: u32) -> Result<(), Stop> {
        let now = self.link.corrected(self.inner.now());
        let billed = self.live.billed().count(now, pages, listed);
        if billed == 0 {
            return Ok(());
        }
        let id = self.account.id;
        let cost = billed.saturating_mul(READ_MILLICENTS);
        let spent = self.inner.store.write_sync(move |tx| db::add_x_spend(tx, id, now, cost)).await;
        spent.map(drop).map_err(|e| Stop::Storage(store_error(&e)))
    }

    /// Writes a page together with where the walk goes on, or from where on everything is read once it has ended.
    async fn keep(&mut self, mut pages: Vec<Page>, walk: Option<&Walk>, top: Option<&Top>) -> Result<(), Stop> {
        let mut cursors = vec![(WALK.to_owned(), walk.and_then(write))];
        cursors.extend(top.map(|top| (TOP.to_owned(), write(top))));
        match pages.last_mut() {
            Some(last) => last.cursors.extend(cursors),
            None => pages.push(Page { cursors, ..Page::default() }),
        }
        self.apply(pages).await.map(drop).map_err(Stop::Storage)
    }

    /// The provider's word for how fresh an answer is, never later than now: a wrong one must not hide messages.
    fn read_at(&self, done: &ReadDone) -> Timestamp {
        let now = self.link.corrected(self.inner.now());
        done.fresh_at.map_or(now, |at| at.min(now))
    }

    fn fresh(&mut self, done: &ReadDone) {
        self.tally.fresh_at = self.tally.fresh_at.or(done.fresh_at);
        self.tally.next_update = done.next_update.or(self.tally.next_update);
    }
}

/// Messages that the month's limit still pays for.
pub(crate) fn messages_left(budget: Option<XBudget>) -> u32 {
    match budget {
        None => 0,
        Some(XBudget { monthly_limit_cents: 0, .. }) => u32::MAX,
        Some(budget) => {
            let limit = u64::from(budget.monthly_limit_cents) * 1_000;
            let left = limit.saturating_sub(u64::from(budget.used_millicents)) / u64::from(READ_MILLICENTS);
            u32::try_from(left).unwrap_or(u32::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_remembered_as_it_stood() {
        let top = Top { id: RemoteId::from("18 ~"), at: Timestamp(7), settled: Timestamp(-3) };
        for walk in [
            Walk { next: None, wanted: Some(70), top: None },
            Walk { next: Some("17~a b".to_owned()), wanted: None, top: Some(top.clone()) },
            Walk { next: Some("x".to_owned()), wanted: Some(u32::MAX), top: Some(top) },
        ] {
            assert_eq!(parse(write(&walk)), Some(walk));
        }
        assert_eq!(parse::<Walk>(Some("70 an older form".to_owned())), None);
    }

    #[test]
    fn the_limit_pays_for_whole_messages_and_nothing_chosen_pays_for_none() {
        let budget =
            |cents, used| Some(XBudget { history: XHistory::None, monthly_limit_cents: cents, used_millicents: used });
        assert_eq!(messages_left(None), 0);
        assert_eq!(messages_left(budget(0, 9_999_999)), u32::MAX);
        assert_eq!(messages_left(budget(500, 0)), 500);
        assert_eq!(messages_left(budget(5, 4_500)), 0);
        assert_eq!(messages_left(budget(5, 9_000)), 0);
    }
}

//! Reading X, which may bill the user's own developer app for each message of an answer ($0.010, once per message and
//! UTC day; `reference/x-dm.md` 7.1).
//!
//! Rules: no read before the user chose how much history (the caller's), never without `limit` (without it Ayrshare
//! fetches the full history), a probe of one message every minute at most, and a walk only past an id that is not held.
//! The list of conversations is not read at all: it has no `limit`. What a page costs is checked before it is asked for.
//!
//! A walk survives a crash: its cursor is written in the transaction of the page before (`architecture.md`,
//! invariant 2), so the next round goes on with it. A cursor that the provider no longer takes ends the walk; what is
//! missing then is a gap that the history shows.

use std::collections::BTreeSet;

use backscroll_adapters::{Kind, Read, ReadDone};
use backscroll_model::{Backfill, DAY, Event, Page, Platform, RemoteId, Timestamp, XBudget, XHistory};
use backscroll_store as db;

use super::{Round, Stop};
use crate::errors::store_error;

/// What X bills for one message read, in thousandths of a US cent.
const READ_MILLICENTS: u32 = 1_000;
/// What it bills for one send.
pub(crate) const SEND_MILLICENTS: u32 = 1_500;
/// The first page past an id that is not held: a single new message must not cost fifty.
const FIRST_PAGE: u32 = 6;
/// The following pages.
const PAGE: u32 = 50;
/// Messages of a conversation that are read to find one of ours.
const READ_BACK: u32 = 5;
/// Pages of one walk: 20,000 messages, $200. No inbox is larger within the 30 days that X gives.
const MAX_PAGES: u32 = 400;
/// Where a walk goes on, and how many messages of the chosen history are still wanted.
const WALK: &str = "x_walk";

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

fn message_ids(pages: &[Page]) -> impl Iterator<Item = &RemoteId> {
    pages.iter().flat_map(|p| &p.conversations).flat_map(|c| &c.events).filter_map(|event| match event {
        Event::Message(message) => Some(&message.remote_id),
        Event::Participant(_) | Event::ReadUpTo(_) | Event::Archived(_) | Event::Unsent { .. } => None,
    })
}

/// A walk that has not reached its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Walk {
    /// Where the next page begins; `None`: at the newest message.
    next: Option<String>,
    /// Messages still wanted by the choice of history; `None`: until a held message appears.
    wanted: Option<u32>,
}

impl Walk {
    fn write(&self) -> String {
        let wanted = self.wanted.map(|n| n.to_string()).unwrap_or_default();
        format!("{wanted} {}", self.next.as_deref().unwrap_or_default())
    }

    fn parse(written: &str) -> Option<Self> {
        let (wanted, next) = written.split_once(' ')?;
        let wanted = if wanted.is_empty() { None } else { Some(wanted.parse().ok()?) };
        Some(Self { next: Some(next).filter(|n| !n.is_empty()).map(str::to_owned), wanted })
    }
}

impl Round<'_> {
    pub(super) async fn read_x(&mut self) -> Result<(), Stop> {
        let id = self.account.id;
        let written = self.inner.read(move |c| db::cursor(c, id, WALK)).await.map_err(Stop::Storage)?;
        if let Some(walk) = written.as_deref().and_then(Walk::parse) {
            return self.walk(walk, PAGE).await;
        }
        if self.account.backfill == Backfill::Pending {
            let wanted = match self.account.x_budget.map(|b| b.history) {
                // One message tells where "from now on" begins.
                Some(XHistory::None) | None => 1,
                Some(XHistory::Newest { count }) => count.max(1),
                Some(XHistory::All) => u32::MAX,
            };
            return self.walk(Walk { next: None, wanted: Some(wanted) }, PAGE).await;
        }
        let (done, pages) = self.page(1, None).await?;
        self.fresh(&done);
        let Some(newest) = message_ids(&pages).next().cloned() else { return Ok(()) };
        if self.is_held(newest).await? {
            return Ok(());
        }
        // From the top again, the probe's message included: a page knows the order of equal instants, a message alone
        // does not, and reading it twice on one day is billed once.
        self.walk(Walk { next: None, wanted: None }, FIRST_PAGE).await
    }

    /// Reads page after page until the walk is at its end.
    async fn walk(&mut self, mut walk: Walk, first_page: u32) -> Result<(), Stop> {
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
                    return self.keep(Vec::new(), None).await;
                }
                Err(stop) => return Err(stop),
            };
            self.fresh(&done);
            let reached = match walk.wanted {
                Some(_) => false,
                None => self.any_held(&pages).await?,
            };
            let wanted = walk.wanted.map(|n| if n == u32::MAX { n } else { n.saturating_sub(done.messages) });
            let ended = reached || wanted == Some(0) || done.next.is_none();
            walk = Walk { next: done.next, wanted };
            self.keep(pages, (!ended).then_some(&walk)).await?;
            if ended {
                return Ok(());
            }
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

    /// Writes a page together with where the walk goes on.
    async fn keep(&mut self, mut pages: Vec<Page>, walk: Option<&Walk>) -> Result<(), Stop> {
        let cursor = (WALK.to_owned(), walk.map(Walk::write));
        match pages.last_mut() {
            Some(last) => last.cursors.push(cursor),
            None => pages.push(Page { cursors: vec![cursor], ..Page::default() }),
        }
        self.apply(pages).await.map(drop).map_err(Stop::Storage)
    }

    async fn any_held(&self, pages: &[Page]) -> Result<bool, Stop> {
        for id in message_ids(pages) {
            if self.is_held(id.clone()).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_held(&self, remote_id: RemoteId) -> Result<bool, Stop> {
        let id = self.account.id;
        let held = self.inner.read(move |c| db::message_of(c, id, &remote_id)).await;
        held.map(|found| found.is_some()).map_err(Stop::Storage)
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
        for walk in [
            Walk { next: None, wanted: Some(70) },
            Walk { next: Some("17~a b".to_owned()), wanted: None },
            Walk { next: Some("x".to_owned()), wanted: Some(u32::MAX) },
        ] {
            assert_eq!(Walk::parse(&walk.write()), Some(walk));
        }
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

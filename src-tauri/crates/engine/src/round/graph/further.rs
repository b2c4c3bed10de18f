//! What lies further back: older messages where Graph gives them, else their ids, and the pictures of people.
//!
//! Promises: a few calls at a time, never in the way of what is new; where it goes on is kept in the transaction of each
//! page; what cannot be had is asked for again only when something happens in that conversation.

use backscroll_adapters::{Kind, Read};
use backscroll_model::{DAY, Page, Platform, SECOND, Timestamp};
use backscroll_store::{self as db, IdsWalk};

use super::{has_spare, is_of_one};
use crate::round::{Round, Stop};

/// In front of a cursor of Messenger: ids are listed, not messages.
const BY_IDS: &str = "ids ";
/// Messenger's older messages, by pages of this size.
const OLDER_PAGE: u32 = 50;
/// In place of a cursor: the conversation was listed to its end, and more cannot be had.
const END: &str = "end";
/// A conversation in which nothing happened for so long is quiet: the margin of a listing, and whole seconds.
const QUIET: i64 = 7 * SECOND;
/// A reader that makes one round and ends waits so often for what is still being written.
const WAITS: u32 = 2;
/// Conversations with something uncounted that are looked at to find one that can be listed.
const UNLISTED: u32 = 1_000;
/// Calls of a reader that makes one round and ends: more than half a day at two a second is a list without an end.
const CALLS_TO_THE_END: u32 = 100_000;
/// Calls between two walks, for older history and for persons.
const OLDER_CALLS: u32 = 2;
const PERSON_CALLS: u32 = 2;
/// Up to which person profiles were asked for, and since when, in ms: `12@1790000000000`.
const ASKED: &str = "graph_asked";
/// Who had no picture is asked about again this rarely.
const ASK_AGAIN: i64 = 7 * DAY;

impl Round<'_> {
    /// All that lies further back, for a reader that makes one round and ends.
    pub(in crate::round) async fn read_graph_to_its_end(&mut self) -> Result<(), Stop> {
        let mut waited = 0;
        for _ in 0..CALLS_TO_THE_END {
            if self.read_further().await? {
                continue;
            }
            if !std::mem::take(&mut self.live.graph().young) || waited == WAITS {
                break;
            }
            waited += 1;
            self.live.graph().more = true;
            let _rest = self.inner.quiet.rest();
            self.inner.sleep_until(self.inner.now().plus(QUIET)).await;
        }
        Ok(())
    }

    /// Older history and persons, a few calls of each. Returns whether there is more.
    pub(super) async fn read_further(&mut self) -> Result<bool, Stop> {
        if !self.live.graph().more || !has_spare(&self.link, self.account.platform) {
            return Ok(false);
        }
        let more = self.fetch_older().await? | self.ask_for_persons().await?;
        self.live.graph().more = more;
        Ok(more)
    }

    pub(super) async fn fetch_older(&mut self) -> Result<bool, Stop> {
        for _ in 0..OLDER_CALLS {
            let Some(work) = self.next_older().await? else { return Ok(false) };
            self.read_older(work).await?;
        }
        Ok(true)
    }

    /// A conversation in which something is missing that is not counted yet.
    pub(super) async fn next_older(&self) -> Result<Option<IdsWalk>, Stop> {
        let id = self.account.id;
        let found = self.inner.read(move |c| db::ids_to_walk(c, id, UNLISTED)).await.map_err(Stop::Storage)?;
        // A listing proves nothing of the last seconds before it: what is still being written is listed afterwards.
        let quiet = self.link.corrected(self.inner.now()).plus(-QUIET);
        let mut memory = self.live.graph();
        let (ready, young): (Vec<_>, Vec<_>) = found
            .into_iter()
            .filter(|walk| !memory.unreadable.contains(&walk.remote_id))
            .filter(|walk| walk.cursor.as_deref() != Some(END) || memory.stirred.contains_key(&walk.remote_id))
            .partition(|walk| memory.stirred.get(&walk.remote_id).is_none_or(|at| *at < quiet));
        memory.young = !young.is_empty();
        let found = ready.into_iter().next();
        Ok(found.map(|walk| IdsWalk { cursor: walk.cursor.filter(|cursor| cursor != END), ..walk }))
    }

    /// One page further back. Where it goes on is kept in its transaction.
    ///
    /// Messenger gives pages of messages; where they end before the beginning does, its ids are listed as Instagram's are.
    pub(super) async fn read_older(&mut self, work: IdsWalk) -> Result<(), Stop> {
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
            // It cannot be read now, or its cursor died: whoever asks for a reading, and the next start, try again. That is
            // no end of its list.
            Err(Stop::Adapter(error)) if is_of_one(&error.kind) => {
                tracing::info!(kind = ?error.kind, "older messages could not be read");
                let name = db::ids_cursor(&work.remote_id);
                let refused = matches!(error.kind, Kind::NotFound | Kind::Rejected);
                if refused && !by_ids && work.cursor.is_none() {
                    // More details than are given: the ids are.
                    return self.apply_history(&mut Vec::new(), (name, Some(BY_IDS.to_owned()))).await;
                }
                self.live.graph().unreadable.insert(work.remote_id.clone());
                if refused {
                    self.apply_history(&mut Vec::new(), (name, None)).await?;
                }
                return Ok(());
            }
            Err(stop) => return Err(stop),
        };
        let name = db::ids_cursor(&work.remote_id);
        let goes_on = next.map(|next| if ids.is_some() { format!("{BY_IDS}{next}") } else { next });
        let is_through = goes_on.is_none();
        self.apply_history(&mut pages, (name.clone(), goes_on)).await?;
        let id = self.account.id;
        let open = self.inner.read(move |c| db::ids_to_walk(c, id, UNLISTED)).await.map_err(Stop::Storage)?;
        let is_missing = open.iter().any(|walk| walk.remote_id == work.remote_id);
        match (is_missing, is_through) {
            (true, true) if !by_ids => {
                self.apply_history(&mut Vec::new(), (name, Some(BY_IDS.to_owned()))).await?;
            }
            // It began before the last news, further back than they are: from the front, once more.
            (true, true) if work.cursor.is_some() && self.live.graph().stirred.contains_key(&work.remote_id) => {
                self.live.graph().stirred.remove(&work.remote_id);
                self.apply_history(&mut Vec::new(), (name, None)).await?;
            }
            // Listed to its end and something is still not counted: kept, so that no start asks for it again before
            // something happens in it.
            (true, true) => {
                self.live.graph().stirred.remove(&work.remote_id);
                self.apply_history(&mut Vec::new(), (name, Some(END.to_owned()))).await?;
            }
            // Nothing is missing any more: a gap that opens later is walked from the front.
            (false, false) => self.apply_history(&mut Vec::new(), (name, None)).await?,
            (true, false) | (false, true) => {}
        }
        Ok(())
    }

    /// What is fetched from further back is history, however young the account.
    pub(super) async fn apply_history(
        &mut self,
        pages: &mut Vec<Page>,
        cursor: (String, Option<String>),
    ) -> Result<(), Stop> {
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
    pub(super) async fn ask_for_persons(&mut self) -> Result<bool, Stop> {
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
                Err(Stop::Adapter(error)) if is_of_one(&error.kind) => Vec::new(),
                Err(stop) => return Err(stop),
            };
            let cursor = (ASKED.to_owned(), Some(format!("{}@{}", found.place, since.0)));
            self.apply_history(&mut pages, cursor).await?;
        }
        Ok(true)
    }
}

/// Reads back what [`ASKED`] holds.
fn asked(held: &str) -> Option<(i64, Timestamp)> {
    let (place, since) = held.split_once('@')?;
    Some((place.parse().ok()?, Timestamp(since.parse().ok()?)))
}

//! The local copies of files: pictures, films, sounds and files of messages, because the platforms' links die within
//! days, and pictures of people.
//!
//! Promises (`reliability.md`, media): fetched by Rust alone, through the guard of `adapters`; pictures decoded in a
//! child process and re-encoded before they are shown, everything else kept as it came and never decoded by us, its type
//! told by its bytes; three at a time, the newest first, at most two of them films or files, so that neither a back-fill
//! of thousands nor a long film stands in the way of what the user looks at. Trouble that may pass is tried again, later
//! and later. Nothing is fetched unasked for an account that its provider refuses. Of a story nothing is kept: the store
//! never lists one as waiting.
//!
//! A path is the shelf (`a/` pictures, `p/` people, `f/` films, sounds and files) and the content's address.

mod adopt;
mod bring;
mod copy;
mod fetch;
mod room;
mod shelf;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use backscroll_adapters::media_fetch::MediaFetcher;
use backscroll_model::{AccountId, AttachmentId, ConversationId, DAY, ErrorCode, HOUR, MINUTE, Provider, Timestamp};
use backscroll_store as db;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio_util::sync::CancellationToken;

use crate::{
    errors::user_error,
    inner::{Inner, Result},
    quiet::Busy,
    round,
};
pub(crate) use fetch::loopback_base;
use fetch::{Outcome, Wanted, What, fetch_one, fetcher};

pub(crate) use adopt::adopt;
pub(crate) use bring::bring;
pub use copy::MediaCopy;
pub(crate) use copy::{copy, known_file, read, save};
pub(crate) use shelf::Shelf;

/// Files that are fetched at the same time.
const SIDE_BY_SIDE: usize = 3;
/// Of these, films, sounds and files: a picture never waits for them.
const FILES_SIDE_BY_SIDE: usize = 2;
/// Files taken from the store at a time.
const BATCH: u32 = 20;
/// After trouble that may pass, a file waits for this long, each time twice as long.
const PAUSE: i64 = 5 * MINUTE;
const LONGEST_PAUSE: i64 = 6 * HOUR;
/// After so many troubles in a row it is the network: nothing is tried for a while.
const IN_A_ROW: u32 = 6;
const REST: i64 = MINUTE;
/// A dead link of a message younger than this may come alive with a read of its conversation: Graph gives the details of
/// the newest 20 messages only.
const READ_AGAIN: i64 = 14 * DAY;

/// Files that could not be had: when to try again, and how often it failed.
type Later = BTreeMap<What, (Timestamp, u32)>;

/// Fetches what waits, until it is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut plan = Plan::default();
    let mut work = FuturesUnordered::new();
    let mut busy = inner.quiet.busy();
    loop {
        let more = tokio::select! {
            () = cancel.cancelled() => return,
            more = plan.next(&inner) => more,
        };
        match more {
            Ok(more) => work.extend(more.into_iter().map(|(fetcher, one)| start(Arc::clone(&inner), fetcher, one))),
            Err(error) => {
                tracing::warn!(code = ?error.code, detail = error.detail, "files cannot be fetched");
                plan.rest_until = Some(inner.now().plus(PAUSE));
            }
        }
        if work.is_empty() {
            let wake = plan.wake(inner.now());
            drop(busy);
            busy = tokio::select! {
                () = cancel.cancelled() => return,
                busy = inner.fetcher.called() => busy,
                () = sleep_until(&inner, wake) => inner.quiet.busy(),
            };
            plan.queue.clear();
            continue;
        }
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => return,
            Some((what, outcome, busy)) = work.next() => {
                plan.note(what, outcome, inner.now());
                busy
            }
            // Something newer came: it goes first.
            busy = inner.fetcher.called() => {
                plan.queue.clear();
                busy
            }
        };
    }
}

async fn sleep_until(inner: &Inner, at: Option<Timestamp>) {
    match at {
        Some(at) => inner.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Each is work of its own: a read that waits for the provider's bucket is at rest while others work.
fn start(inner: Arc<Inner>, fetcher: MediaFetcher, wanted: Wanted) -> impl Future<Output = (What, Outcome, Busy)> {
    let busy = inner.quiet.busy();
    async move {
        let outcome = fetch_one(&inner, &fetcher, &wanted, false).await;
        if has_new_link(&inner, &wanted, outcome).await {
            inner.fetcher.call();
        }
        (wanted.what, outcome, busy)
    }
}

/// What is fetched next, and what is known of what could not be had.
#[derive(Debug, Default)]
struct Plan {
    queue: VecDeque<Wanted>,
    /// What is being fetched, and whether it is a file.
    under_way: BTreeMap<What, bool>,
    later: Later,
    rest_until: Option<Timestamp>,
    troubles: u32,
    /// Something waits for an account that is refused.
    held_back: bool,
}

impl Plan {
    /// What to start now.
    async fn next(&mut self, inner: &Arc<Inner>) -> Result<Vec<(MediaFetcher, Wanted)>> {
        let now = inner.now();
        if self.rest_until.is_some_and(|until| until > now) {
            return Ok(Vec::new());
        }
        self.rest_until = None;
        let mut chosen = Vec::new();
        while self.under_way.len() < SIDE_BY_SIDE {
            if self.queue.is_empty() {
                self.refill(inner, now).await?;
            }
            let files = self.under_way.values().filter(|is_file| **is_file).count();
            let fits = |one: &Wanted| !one.is_file() || files < FILES_SIDE_BY_SIDE;
            let Some(place) = self.queue.iter().position(fits) else { break };
            let Some(one) = self.queue.remove(place) else { break };
            self.under_way.insert(one.what, one.is_file());
            chosen.push(one);
        }
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let fetcher = fetcher(inner)?;
        Ok(chosen.into_iter().map(|one| (fetcher.clone(), one)).collect())
    }

    async fn refill(&mut self, inner: &Arc<Inner>, now: Timestamp) -> Result<()> {
        let known = self.later.len() + self.under_way.len();
        let mut limit = BATCH.saturating_add(u32::try_from(known).unwrap_or(u32::MAX));
        loop {
            let (waiting, all) = waiting(inner, limit).await?;
            forget_gone(&mut self.later, &waiting.iter().map(|one| one.what).collect(), now);
            let refused = |one: &Wanted| inner.live(one.account).is_some_and(|l| !l.state().health.heals_itself());
            self.held_back = waiting.iter().any(&refused);
            let due = |one: &Wanted| self.later.get(&one.what).is_none_or(|(at, _)| *at <= now);
            let free = |one: &Wanted| !self.under_way.contains_key(&one.what);
            self.queue = waiting.into_iter().filter(|one| due(one) && free(one) && !refused(one)).collect();
            if !self.queue.is_empty() || all {
                return Ok(());
            }
            // What is held back stood in front of everything else.
            limit = limit.saturating_mul(4);
        }
    }

    fn note(&mut self, what: What, outcome: Outcome, now: Timestamp) {
        self.under_way.remove(&what);
        if outcome != Outcome::NotNow {
            self.later.remove(&what);
            self.troubles = 0;
            return;
        }
        let failures = self.later.get(&what).map_or(0, |(_, failures)| *failures) + 1;
        let pause = PAUSE.saturating_mul(1 << (failures - 1).min(7)).min(LONGEST_PAUSE);
        self.later.insert(what, (now.plus(pause), failures));
        self.troubles += 1;
        if self.troubles >= IN_A_ROW {
            self.troubles = 0;
            self.queue.clear();
            self.rest_until = Some(now.plus(REST));
        }
    }

    /// When there is something to do by itself.
    fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let later = self.later.values().map(|(at, _)| *at).filter(|at| *at > now).min();
        let held_back = self.held_back.then(|| now.plus(PAUSE));
        let first = later.into_iter().chain(held_back).min();
        // A rest ends for those who were never tried.
        self.rest_until.or(first)
    }
}

/// Whose time has come and who waits no more was fetched at the user's wish, taken back or deleted. Kept, it would be
/// carried for ever.
fn forget_gone(later: &mut Later, waiting: &BTreeSet<What>, now: Timestamp) {
    later.retain(|what, (at, _)| *at > now || waiting.contains(what));
}

/// What waits, at most `limit` of each, and whether that is all.
async fn waiting(inner: &Inner, limit: u32) -> Result<(Vec<Wanted>, bool)> {
    let (pictures, files, people) = inner
        .read(move |c| {
            Ok((db::attachments_waiting(c, limit)?, db::files_waiting(c, limit)?, db::avatars_waiting(c, limit)?))
        })
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let all = [pictures.len(), files.len(), people.len()].iter().all(|n| *n < limit);
    let attachments = pictures.into_iter().chain(files).map(Wanted::attachment);
    let mut wanted: Vec<Wanted> = attachments.chain(people.into_iter().map(Wanted::person)).collect();
    // The newest first; faces last, for their links live longer.
    wanted.sort_by_key(|one| std::cmp::Reverse(one.at()));
    Ok((wanted, all))
}

/// Fetches one now, whatever waits: the user asked for it.
pub(crate) async fn fetch_now(inner: &Arc<Inner>, id: AttachmentId) -> Result<()> {
    let _busy = inner.quiet.busy();
    let fetcher = fetcher(inner)?;
    let mut tried: Option<String> = None;
    // Twice: a dead link may come alive with a read of its conversation.
    for _ in 0..2 {
        let Some(one) = inner.read(move |c| db::attachment_to_fetch(c, id)).await? else { return Ok(()) };
        if tried.as_ref() == Some(&one.url) {
            return Ok(());
        }
        tried = Some(one.url.clone());
        let wanted = Wanted::attachment(one);
        let outcome = fetch_one(inner, &fetcher, &wanted, true).await;
        if outcome == Outcome::NotNow {
            return Err(user_error(ErrorCode::Offline, "the file cannot be had now"));
        }
        if !has_new_link(inner, &wanted, outcome).await {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether there may be a new link in the place of a dead one. Reads its conversation once more where only that brings a live one. Ayrshare's next poll reads all
/// conversations anyway ([`db::set_media_failed`] has made it look twice), and X would bill the read.
async fn has_new_link(inner: &Arc<Inner>, wanted: &Wanted, outcome: Outcome) -> bool {
    let (conversation, id) = match (outcome, wanted.what) {
        (Outcome::NewLink, _) => return true,
        (Outcome::Gone(Some(conversation)), What::Attachment(id)) => (conversation, id),
        _ => return false,
    };
    if inner.now().since(wanted.at()) > READ_AGAIN || !inner.shelf.first_time_gone(id) {
        return false;
    }
    match read_again(inner, wanted.account, conversation).await {
        Ok(read) => read,
        Err(error) => {
            tracing::info!(code = ?error.code, "the conversation of a dead link could not be read again");
            false
        }
    }
}

async fn read_again(inner: &Arc<Inner>, account: AccountId, conversation: ConversationId) -> Result<bool> {
    if inner.account(account).await?.provider != Some(Provider::Meta) {
        return Ok(false);
    }
    let Some(live) = inner.live(account) else { return Ok(false) };
    let (_, remote) = inner.read(move |c| db::remote_of(c, conversation)).await?;
    Ok(round::read_back(inner, &live, &remote, false).await.is_some())
}

/// Removes files that nobody knows.
pub(crate) async fn tidy(inner: &Arc<Inner>) {
    // Since before the rows are read: no file gets its name in between.
    let _turn = inner.shelf.turn().await;
    let known = match inner.read(db::media_paths).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(code = ?error.code, "the media cache cannot be looked after");
            return;
        }
    };
    let holder = Arc::clone(inner);
    let removed = tokio::task::spawn_blocking(move || holder.shelf.remove_orphans(&known)).await;
    if let Ok(removed @ 1..) = removed {
        tracing::info!(removed, "orphans of the media cache are removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_770_000_000_000);

    fn what(id: i64) -> What {
        What::Attachment(AttachmentId(id))
    }

    #[test]
    fn no_instant_of_the_past_is_left_to_wake_the_task() {
        let later = Later::from([(what(1), (NOW, 1)), (what(2), (NOW, 2)), (what(3), (NOW.plus(PAUSE), 3))]);
        let mut plan = Plan { later, ..Plan::default() };
        forget_gone(&mut plan.later, &BTreeSet::from([what(2)]), NOW);
        assert_eq!(plan.later.keys().copied().collect::<Vec<_>>(), [what(2), what(3)]);
        assert_eq!(plan.wake(NOW), Some(NOW.plus(PAUSE)));
    }

    #[test]
    fn a_file_waits_longer_and_longer_and_a_dead_network_rests() {
        let mut plan = Plan::default();
        for failures in 0..4 {
            plan.note(what(1), Outcome::NotNow, NOW);
            assert_eq!(plan.later.get(&what(1)).map(|(at, _)| at.since(NOW)), Some(PAUSE << failures));
        }
        assert_eq!(plan.rest_until, None);
        plan.note(what(2), Outcome::NotNow, NOW);
        plan.note(what(3), Outcome::NotNow, NOW);
        assert_eq!(plan.wake(NOW), Some(NOW.plus(REST)));
        plan.note(what(1), Outcome::Settled, NOW);
        assert!(!plan.later.contains_key(&what(1)));
    }
}

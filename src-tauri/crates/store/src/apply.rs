//! The one way into the history: pages of events become rows, in one transaction.
//!
//! Promises (`architecture.md`, invariants 1 to 5, 7 and 8):
//! - Applying anything twice, or pages in another order, ends in the same rows, local ids aside. Nothing here adds to a
//!   number that was read from somewhere else: counters follow from the messages held and from marks that only move
//!   one way.
//! - A page that says nothing new writes nothing: one query compares the digests of all its conversations.
//! - What a page does not mention stays, unless [`absence`] proves that it was taken back.
//! - Cursors are written in the same transaction. Changes are returned, never published: the caller commits first.
//!
//! Refuses: to read a clock, and to decide what to show. [`derive`] holds the rules for unread, unanswered and state.
//!
//! In steps: compare digests → sort out what is new, held, absent or an echo → insert the new ones in ascending order of id →
//! merge the held ones → tombstones → coverage → derive each conversation's row and write it once.

mod absence;
mod derive;
mod digest;
mod echo;
mod files;
mod held;
mod merge;
mod person;
#[cfg(test)]
mod properties;
pub(crate) mod row;
mod sort_out;
mod stitch;
mod unsent;
mod webhook;

use std::collections::{BTreeSet, HashMap};

use backscroll_model::{
    AccountId, Change, ConversationEvents, ConversationId, DAY, Listing, MessageId, Page, Platform, Provider, RemoteId,
    Timestamp,
};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Result, StoreError,
    account::{platform_of, provider_of},
    cursor,
    gaps::{self, Covered, Proof},
    import,
};
pub(crate) use derive::rederive;
pub(crate) use merge::INSERT_REACTION;
use row::Row;
pub(crate) use sort_out::import_key;

/// Messages that one transaction takes: some 16 ms. Beyond 200 the disk gains nothing, and the user's own writes wait
/// behind it (`performance.md`, rule 3).
pub const BATCH_MESSAGES: usize = 500;
/// A change names at most this many messages.
const NAMED_MESSAGES: usize = 100;
/// Older than this before an account was connected, a message is history and never news.
const NEWS_BEFORE_CONNECTING: i64 = 7 * DAY;

/// How events came, which decides whether they are news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first back-fill: history, sorted by its rule (`ux.md`, the first back-fill).
    Backfill,
    /// A poll after it: news.
    Live,
    /// A webhook: news, one message at a time, in milliseconds, and not always in order ([`webhook`]).
    Webhook,
    /// An import: history.
    Import,
}

impl Arrival {
    /// Whether it brings news.
    fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::Webhook)
    }
}

/// What `apply` must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyContext {
    /// Our clock, corrected by the provider's.
    pub now: Timestamp,
    /// How the pages came.
    pub arrival: Arrival,
    /// The text of the profile's automatic reply, while it is switched on and known.
    pub auto_response: Option<String>,
}

/// What `apply` did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// What to read again. Publish after the commit.
    pub changes: Vec<Change>,
    /// Messages that are new.
    pub new: u32,
    /// Messages that were held and changed.
    pub changed: u32,
    /// Conversations touched.
    pub conversations: u32,
    /// Items that could not be taken in, the adapter's own included.
    pub skipped: u32,
}

impl Applied {
    /// Adds what another batch did.
    pub fn add(&mut self, other: Self) {
        self.changes.extend(other.changes);
        self.new += other.new;
        self.changed += other.changed;
        self.conversations += other.conversations;
        self.skipped += other.skipped;
    }
}

/// Cuts pages into pieces for one transaction each, of at most [`BATCH_MESSAGES`] events. A cursor goes with the last
/// piece of its page, a listing with the last piece of its conversation: neither ever runs ahead of its events.
pub fn batches(pages: Vec<Page>) -> Vec<Vec<Page>> {
    let mut done = Vec::new();
    let mut batch: Vec<Page> = Vec::new();
    let mut size = 0;
    for page in pages {
        let mut piece = Page { skipped: page.skipped, ..Page::default() };
        for conversation in page.conversations {
            for part in pieces(conversation) {
                if size > 0 && size + part.events.len() > BATCH_MESSAGES {
                    batch.push(std::mem::take(&mut piece));
                    done.push(std::mem::take(&mut batch));
                    size = 0;
                }
                size += part.events.len();
                piece.conversations.push(part);
            }
        }
        piece.cursors = page.cursors;
        batch.push(piece);
    }
    if !batch.is_empty() {
        done.push(batch);
    }
    done
}

fn pieces(conversation: ConversationEvents) -> Vec<ConversationEvents> {
    if conversation.events.len() <= BATCH_MESSAGES {
        return vec![conversation];
    }
    let ConversationEvents { remote_id, events, listing, ids, updated_at } = conversation;
    let mut parts: Vec<ConversationEvents> = events
        .chunks(BATCH_MESSAGES)
        .map(|events| ConversationEvents {
            remote_id: remote_id.clone(),
            events: events.to_vec(),
            ..ConversationEvents::default()
        })
        .collect();
    if let Some(last) = parts.last_mut() {
        last.listing = listing;
        last.ids = ids;
        last.updated_at = updated_at;
    }
    parts
}

/// What the account brings to each conversation.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) account: i64,
    platform: Platform,
    provider: Option<Provider>,
    /// When another provider took over; `None`: it is the first.
    switched_at: Option<i64>,
    /// Messages up to then are history whichever way they come.
    news_floor: i64,
    /// A download was brought into it.
    has_imports: bool,
}

impl Facts {
    fn load(connection: &Connection, account: AccountId) -> Result<Self> {
        type Columns = (String, i64, Option<String>, Option<i64>, bool);
        let (platform, created_at, provider, switched_at, has_imports): Columns = connection
            .prepare_cached(
                "SELECT platform, created_at, provider, switched_at,
                    EXISTS (SELECT 1 FROM import_thread WHERE account = ?1) FROM account WHERE id = ?1",
            )?
            .query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
            .optional()?
            .ok_or(StoreError::NotFound("account"))?;
        Ok(Self {
            account: account.0,
            platform: platform_of(&platform)?,
            provider: provider_of(provider.as_deref())?,
            switched_at,
            news_floor: Timestamp(created_at).plus(-NEWS_BEFORE_CONNECTING).0,
            has_imports,
        })
    }
}

/// A conversation of this batch: its row, what the pages say, what came of it.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) row: Row,
    pub(crate) delta: derive::Delta,
    listings: Vec<(Proof, Listing)>,
    /// Messages that are new or changed.
    pub(crate) touched: BTreeSet<i64>,
    added: bool,
    covered: Covered,
    /// It is of a download, and no provider has told it yet.
    downloaded: bool,
    /// From here to there webhooks told something.
    hooked: Option<(i64, i64)>,
    /// The next page is looked at, even if it is the one that was seen last.
    pub(crate) look_again: bool,
    /// What [`absence`] has to remember.
    absences: absence::Absences,
}

impl Work {
    fn new(row: Row) -> Self {
        Self {
            absences: absence::Absences::new(&row),
            row,
            delta: derive::Delta::default(),
            listings: Vec::new(),
            touched: BTreeSet::new(),
            added: false,
            covered: Covered::Unchanged,
            hooked: None,
            downloaded: false,
            look_again: false,
        }
    }
}

/// Applies pages of one account. Call it inside a transaction; see [`batches`] for how much at a time.
pub fn apply(connection: &Connection, account: AccountId, pages: &[Page], context: &ApplyContext) -> Result<Applied> {
    let facts = Facts::load(connection, account)?;
    let mut applied = Applied::default();
    let mut works: Vec<Work> = Vec::new();
    let entries = digest::entries(pages);
    let heads = digest::heads(connection, &facts, &entries)?;
    let news = digest::news(&entries, &heads);
    if !news.is_empty() {
        take_in(connection, &facts, context, &news, &mut works, &mut applied)?;
    }
    for page in pages {
        applied.skipped += count(page.skipped.len());
        for (name, value) in &page.cursors {
            cursor::set(connection, account, name, value.as_deref())?;
        }
    }
    publishable(works, &mut applied);
    Ok(applied)
}

fn take_in(
    connection: &Connection,
    facts: &Facts,
    context: &ApplyContext,
    entries: &[&digest::Entry<'_>],
    works: &mut Vec<Work>,
    applied: &mut Applied,
) -> Result<()> {
    let mut found: HashMap<&RemoteId, usize> = HashMap::new();
    let mut people = person::People::default();
    let mut sorted = sort_out::Sorted::default();
    let mut echoes = echo::Echoes::load(connection, facts)?;
    for entry in entries {
        let remote_id = &entry.events.remote_id;
        let number = match found.get(remote_id) {
            Some(number) => *number,
            None => {
                stitch::conversation(connection, facts, entry.events)?;
                if facts.has_imports && context.arrival != Arrival::Import {
                    import::adopt(connection, facts.account, entry.events)?;
                }
                let row = Row::load_or_create(connection, facts, remote_id)?;
                works.push(Work { downloaded: remote_id.is_imported(), ..Work::new(row) });
                found.insert(remote_id, works.len() - 1);
                works.len() - 1
            }
        };
        let Some(work) = works.get_mut(number) else { continue };
        sorted.entry(connection, facts, context, number, work, entry, &mut echoes, &mut people)?;
        work.listings.extend(entry.events.listing.map(|listing| (Proof::Read, listing)));
        work.listings.extend(entry.events.ids.map(|listing| (Proof::Ids, listing)));
    }
    sorted.insert_new(connection, facts, context, works, applied)?;
    sorted.merge_held(connection, facts, context, works, applied)?;
    sorted.take_back(connection, facts, context, works, applied)?;
    sorted.hear(connection, facts, context, works, applied)?;
    for work in works.iter_mut() {
        webhook::keep_listing(connection, work)?;
    }
    let moved = sorted.placeholders(connection, facts, works)?;
    for work in works.iter_mut().filter(|work| moved.contains(&work.row.id)) {
        work.covered = Covered::Reshaped;
    }
    for entry in entries {
        if let Some(work) = found.get(&entry.events.remote_id).and_then(|number| works.get_mut(*number)) {
            entry.remember(&mut work.row, !work.touched.is_empty());
        }
    }
    for work in works {
        for (proof, listing) in std::mem::take(&mut work.listings) {
            work.covered = work.covered.max(gaps::cover(connection, work.row.id, proof, listing)?);
        }
        if let Some(text) = context.auto_response.as_deref() {
            derive::find_automatic(connection, work, text)?;
        }
        derive::derive(connection, facts, context, work)?;
        work.absences.remember(&mut work.row);
        if work.look_again {
            work.row.now.page_digest = None;
        }
        work.row.save(connection)?;
    }
    Ok(())
}

fn publishable(works: Vec<Work>, applied: &mut Applied) {
    let mut counts = false;
    for work in works {
        let id = ConversationId(work.row.id);
        let shown = work.row.shows_change() || work.covered == Covered::Reshaped;
        if shown {
            applied.changes.push(Change::Conversation { id });
        }
        if !work.touched.is_empty() {
            let ids = if work.touched.len() > NAMED_MESSAGES {
                Vec::new()
            } else {
                work.touched.iter().map(|id| MessageId(*id)).collect()
            };
            applied.changes.push(Change::Messages { conversation: id, ids, added: work.added });
        }
        if shown || !work.touched.is_empty() {
            applied.conversations += 1;
        }
        counts |= work.row.moves_a_counter();
    }
    if counts {
        applied.changes.push(Change::Counts);
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;

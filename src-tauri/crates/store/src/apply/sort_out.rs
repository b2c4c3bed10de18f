//! What of a batch is new, what is held, and in which order it is written.
//!
//! New messages of all conversations are inserted together in ascending order of id: FTS5 flushes its buffer whenever a
//! rowid is not larger than the last, and platforms answer newest first (`performance.md`, rule 3).

mod imported;
mod insert;

pub(crate) use imported::key as import_key;

use std::collections::{BTreeMap, HashSet};

use backscroll_model::{Direction, Event, MessageSeen, RemoteId, Timestamp};
use rusqlite::Connection;

use super::{
    Applied, ApplyContext, Arrival, Facts, Work, absence,
    digest::Entry,
    echo::Echoes,
    held::{self, HeldMessages},
    merge::{self, How},
    person::People,
    stitch, unsent, webhook,
};
use crate::{
    Result,
    codes::flag,
    parked::{self, Word},
    placeholder,
};

/// The messages of a batch, sorted out.
#[derive(Debug, Default)]
pub(super) struct Sorted<'p> {
    new: Vec<New<'p>>,
    held: Vec<Again<'p>>,
    unsent: Vec<(usize, &'p RemoteId)>,
    /// What webhooks say beside messages, oldest first.
    words: Vec<(usize, &'p RemoteId, Word<'p>)>,
    listed: Vec<(usize, &'p RemoteId, Timestamp)>,
    /// Ids of messages that became rows, while placeholders or words may wait for them.
    came: Vec<&'p RemoteId>,
    named: HashSet<(usize, &'p str)>,
    /// From the oldest to the newest of what a download or a listing of ids told.
    spans: BTreeMap<usize, (i64, i64)>,
    /// Messages that became tombstones by their absence.
    gone: u32,
}

/// A message that is held.
#[derive(Debug, Clone, Copy)]
struct Again<'p> {
    work: usize,
    seen: &'p MessageSeen,
    digest: i64,
    read_at: i64,
}

/// A message that is not held, as far as is known before the insert.
#[derive(Debug)]
struct New<'p> {
    work: usize,
    seen: &'p MessageSeen,
    digest: i64,
    read_at: i64,
    /// Place in the provider's listing, newest first.
    rank: usize,
}

impl<'p> Sorted<'p> {
    /// Sorts out what one page says of one conversation.
    #[expect(clippy::too_many_arguments, reason = "the parts of one batch, each with its own owner")]
    pub(super) fn entry(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        context: &ApplyContext,
        number: usize,
        work: &mut Work,
        entry: &Entry<'p>,
        echoes: &mut Echoes,
        people: &mut People,
    ) -> Result<()> {
        if context.arrival == Arrival::Import {
            return self.imported(connection, facts, number, work, entry, people);
        }
        let events: &'p [Event] = &entry.events.events;
        let is_webhook = context.arrival == Arrival::Webhook;
        let read_at = entry.events.listing.map_or(context.now, |listing| listing.to).0;
        let mut held =
            if work.row.created { HeldMessages::default() } else { held::held(connection, work.row.id, events)? };
        if is_webhook || held.by_id.values().any(|held| held.flags & flag::HOOKED != 0) {
            work.hooked = held::span(events)
                .into_iter()
                .chain(work.hooked)
                .reduce(|(from, to), (other, until)| (from.min(other), to.max(until)));
        }
        let mut imports = imported::Imported::load(connection, facts, work, events)?;
        // Oldest first, so that identical texts bind to their echoes in order.
        for (rank, (event, digest)) in events.iter().zip(&entry.digests).enumerate().rev() {
            match event {
                Event::Participant(seen) => people.seen(connection, facts, work, seen)?,
                Event::ReadUpTo(at) => {
                    work.row.now.read_up_to = work.row.now.read_up_to.max(Some(at.0));
                }
                Event::Archived(archived) => work.row.now.archived = *archived,
                Event::Unsent { message } => self.unsent.push((number, message)),
                Event::Listed { message, at } => {
                    if facts.has_imports {
                        let span = self.spans.entry(number).or_insert((at.0, at.0));
                        *span = (span.0.min(at.0), span.1.max(at.0));
                    }
                    self.listed.push((number, message, *at));
                }
                Event::Edited { message, text, edition } => {
                    self.words.push((number, message, Word::Edited(text, *edition)));
                }
                Event::Reacted { message, by, emoji, at } => {
                    self.words.push((number, message, Word::Reacted(by, emoji.as_deref(), *at)));
                }
                Event::ReadMessage { message } => self.words.push((number, message, Word::Read)),
                Event::Link(link) => work.row.now.link = Some(link.clone()),
                Event::Message(seen) => {
                    let again = Again { work: number, seen, digest: *digest, read_at };
                    if let Some(held) = held.by_id.get_mut(seen.remote_id.as_str()) {
                        held.shown = true;
                        let first_read = !is_webhook && held.flags & flag::WEBHOOK != 0;
                        let unnamed = held.flags & (flag::FORMER | flag::IMPORTED) != 0;
                        if first_read || unnamed || !held.is_what_was(seen, *digest) {
                            self.held.push(again);
                        }
                        continue;
                    }
                    if !self.named.insert((number, seen.remote_id.as_str())) {
                        // Named twice in this batch: whatever the first becomes, the second meets it as held.
                        self.held.push(again);
                    } else if (seen.direction == Direction::Out && echoes.bind(connection, facts, work, seen)?)
                        || stitch::stitched(connection, facts, seen, &held, events)?
                        || imports.stitched(connection, facts, work, seen)?
                        || webhook::twin(connection, facts, work, seen, is_webhook, &held, events)?
                    {
                        self.came.push(&seen.remote_id);
                        self.held.push(again);
                    } else {
                        self.new.push(New { work: number, seen, digest: *digest, read_at, rank });
                    }
                }
            }
        }
        self.gone += absence::judge(connection, facts, work, entry.events, &held)?;
        Ok(())
    }

    /// Merges what is held.
    pub(super) fn merge_held(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        context: &ApplyContext,
        works: &mut [Work],
        applied: &mut Applied,
    ) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let is_webhook = context.arrival == Arrival::Webhook;
        let parked = parked::any(connection, facts.account)?;
        for again in std::mem::take(&mut self.held) {
            let Some(work) = works.get_mut(again.work) else { continue };
            let how = How { webhook: is_webhook, read_at: again.read_at, parked };
            match merge::merge(connection, facts, work, again.seen, again.digest, how)? {
                merge::Merged::Unchanged => {}
                merge::Merged::Changed => applied.changed += 1,
                merge::Merged::NotOurs => applied.skipped += 1,
            }
        }
        Ok(())
    }

    /// Takes in what webhooks say beside messages.
    pub(super) fn hear(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        context: &ApplyContext,
        works: &mut [Work],
        applied: &mut Applied,
    ) -> Result<()> {
        for (number, message, word) in std::mem::take(&mut self.words) {
            let Some(work) = works.get_mut(number) else { continue };
            let found = webhook::target(connection, facts, work, message)?;
            let (message, held) = match &found {
                Some((goes_by, target)) => (goes_by, Some(*target)),
                None => (message, None),
            };
            if parked::say(connection, facts, work, message, held, word, context.now)? {
                applied.changed += 1;
            }
        }
        Ok(())
    }

    /// Notes what was listed by its id alone, and forgets what came; answers the conversations whose gaps moved.
    pub(super) fn placeholders(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        works: &[Work],
    ) -> Result<HashSet<i64>> {
        let mut moved: HashSet<i64> =
            placeholder::came(connection, facts.account, std::mem::take(&mut self.came).into_iter())?
                .into_iter()
                .collect();
        let listed: Vec<placeholder::Listed<'_>> = std::mem::take(&mut self.listed)
            .into_iter()
            .filter_map(|(number, message, at)| works.get(number).map(|work| (work.row.id, message, at)))
            .collect();
        for work in works {
            moved.extend(stitch::listed(connection, facts, work, &listed)?);
        }
        moved.extend(placeholder::list(connection, facts.account, &listed)?);
        moved.extend(self.name_imported(connection, facts, works)?);
        Ok(moved)
    }

    /// Turns what was taken back into tombstones.
    pub(super) fn take_back(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        context: &ApplyContext,
        works: &mut [Work],
        applied: &mut Applied,
    ) -> Result<()> {
        applied.changed += std::mem::take(&mut self.gone);
        for (number, message) in std::mem::take(&mut self.unsent) {
            let Some(work) = works.get_mut(number) else { continue };
            if unsent::take_back(connection, facts, work, message, context.now)? {
                applied.changed += 1;
            }
        }
        Ok(())
    }
}

//! What of a batch is new, what is held, and in which order it is written.
//!
//! New messages of all conversations are inserted together in ascending order of id: FTS5 flushes its buffer whenever a
//! rowid is not larger than the last, and platforms answer newest first (`performance.md`, rule 3).

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use backscroll_model::{Direction, Event, MessageKind, MessageSeen, RemoteId, Timestamp};
use rusqlite::Connection;

use super::{
    Applied, ApplyContext, Arrival, Facts, Work, absence,
    digest::Entry,
    echo::Echoes,
    merge::{self, How},
    person::People,
    row::Last,
    stitch, webhook,
};
use crate::{
    Result, codes,
    codes::flag,
    ids::Ids,
    parked::{self, Came, Target, Word},
    placeholder, raw, search,
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

/// What a held message looks like, as far as deciding needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) at: i64,
    pub(super) kind: i64,
    pub(super) digest: i64,
    tie: u16,
    pub(super) flags: i64,
    /// This page shows it.
    pub(super) shown: bool,
}

/// The held messages of a conversation in the span of time of one page.
#[derive(Debug, Default)]
pub(super) struct HeldMessages {
    pub(super) by_id: HashMap<String, Held>,
    /// From the oldest message of the page to its newest.
    pub(super) span: Option<(i64, i64)>,
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
        let events: &'p [Event] = &entry.events.events;
        let is_webhook = context.arrival == Arrival::Webhook;
        let read_at = entry.events.listing.map_or(context.now, |listing| listing.to).0;
        let mut held = if work.row.created { HeldMessages::default() } else { held(connection, work.row.id, events)? };
        // Oldest first, so that identical texts bind to their echoes in order.
        for (rank, (event, digest)) in events.iter().zip(&entry.digests).enumerate().rev() {
            match event {
                Event::Participant(seen) => people.seen(connection, facts, work, seen)?,
                Event::ReadUpTo(at) => {
                    work.row.now.read_up_to = work.row.now.read_up_to.max(Some(at.0));
                }
                Event::Archived(archived) => work.row.now.archived = *archived,
                Event::Unsent { message } => self.unsent.push((number, message)),
                Event::Listed { message, at } => self.listed.push((number, message, *at)),
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
                        if first_read || held.flags & flag::FORMER != 0 || !held.is_what_was(seen, *digest) {
                            self.held.push(again);
                        }
                        continue;
                    }
                    if !self.named.insert((number, seen.remote_id.as_str())) {
                        // Named twice in this batch: whatever the first becomes, the second meets it as held.
                        self.held.push(again);
                    } else if (seen.direction == Direction::Out && echoes.bind(connection, facts, work, seen)?)
                        || stitch::stitched(connection, facts, seen, &held, events)?
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

    /// Inserts what is new. What turns out to be held (an own message that the answer to its sending named) goes to
    /// the held ones.
    pub(super) fn insert_new(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        context: &ApplyContext,
        works: &mut [Work],
        applied: &mut Applied,
    ) -> Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        self.new.sort_by_key(|new| (new.seen.at, new.work, new.seen.tie, Reverse(new.rank)));
        let mut ids = Ids::default();
        let mut writer = Writer::new(connection)?;
        let is_webhook = context.arrival == Arrival::Webhook;
        let unsent = merge::any_unsent(connection, facts)?;
        let (listed, parked) = (placeholder::any(connection, facts.account)?, parked::any(connection, facts.account)?);
        let mut waiting: Vec<(usize, &RemoteId, Target, Came)> = Vec::new();
        let mut oldest = i64::MAX;
        let mut newest: HashMap<usize, &MessageSeen> = HashMap::new();
        for new in std::mem::take(&mut self.new) {
            let Some(work) = works.get_mut(new.work) else { continue };
            let seen = new.seen;
            let id = ids.take(connection, seen.at)?.0;
            let taken_back =
                (unsent && merge::was_unsent(connection, facts, &seen.remote_id)?) || seen.kind == MessageKind::Unsent;
            // One that was taken back opens the conversation as it would have by coming earlier, but nobody is told.
            let is_news = context.arrival.is_live() && seen.direction == Direction::In && seen.at.0 > facts.news_floor;
            let Some(flags) = writer.insert(facts, work.row.id, id, &new, taken_back, is_news, is_webhook)? else {
                self.held.push(Again { work: new.work, seen, digest: new.digest, read_at: new.read_at });
                continue;
            };
            if listed {
                self.came.push(&seen.remote_id);
            }
            if parked {
                let kind = if taken_back { codes::UNSENT } else { codes::kind(seen.kind) };
                let how = match is_webhook {
                    true => Came::Told,
                    false => Came::Read { at: new.read_at, reactions: seen.reactions.is_some() },
                };
                waiting.push((new.work, &seen.remote_id, Target { id, at: seen.at.0, kind, flags }, how));
            }
            // To the second: a webhook and a reading tell the same one.
            oldest = oldest.min(seen.at.0 - seen.at.0.rem_euclid(1_000));
            work.added = true;
            work.touched.insert(id);
            work.delta.inserted(seen, taken_back, is_news);
            if work.delta.last.as_ref().is_none_or(|last| last.key() < (seen.at.0, i64::from(seen.tie), id)) {
                work.delta.last = Some(last(seen, id, taken_back));
                newest.insert(new.work, seen);
            }
            applied.new += 1;
        }
        for (number, seen) in newest {
            let last = works.get_mut(number).and_then(|work| work.delta.last.as_mut());
            if let Some(last) = last.filter(|last| last.kind != codes::UNSENT) {
                last.text = seen.text.as_deref().and_then(crate::preview);
            }
        }
        for (number, message, row, how) in waiting {
            if let Some(work) = works.get_mut(number) {
                parked::came(connection, facts, work, message, row, how)?;
            }
        }
        connection
            .prepare_cached(
                "UPDATE counter SET oldest_at = ?2 WHERE account = ?1 AND (oldest_at IS NULL OR oldest_at > ?2)",
            )?
            .execute((facts.account, oldest))?;
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
            if merge::take_back(connection, facts, work, message, context.now)? {
                applied.changed += 1;
            }
        }
        Ok(())
    }
}

/// The held messages of a conversation in the span of time of these events, by one query; a little more on both sides,
/// where rows are that webhooks told of in milliseconds.
fn held(connection: &Connection, conversation: i64, events: &[Event]) -> Result<HeldMessages> {
    let mut span: Option<(i64, i64)> = None;
    for event in events {
        if let Event::Message(seen) = event {
            let (from, to) = span.unwrap_or((seen.at.0, seen.at.0));
            span = Some((from.min(seen.at.0), to.max(seen.at.0)));
        }
    }
    let Some((from, to)) = span else { return Ok(HeldMessages::default()) };
    let mut statement = connection.prepare_cached(HELD)?;
    let rows = statement.query_map((conversation, from - webhook::NEAR, to + webhook::NEAR), |row| {
        let held = Held {
            id: row.get(1)?,
            at: row.get(2)?,
            kind: row.get(3)?,
            digest: row.get(4)?,
            tie: row.get(5)?,
            flags: row.get(6)?,
            shown: false,
        };
        Ok((row.get(0)?, held))
    })?;
    Ok(HeldMessages { by_id: rows.collect::<rusqlite::Result<_>>()?, span })
}

pub(super) const HELD: &str =
    "SELECT remote_id, id, at, kind, digest, tie, flags FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND remote_id IS NOT NULL";

impl Held {
    /// Whether what is seen says nothing new. One with files is looked at: a dead link may have been signed anew.
    fn is_what_was(&self, seen: &MessageSeen, digest: i64) -> bool {
        self.digest == digest && self.tie >= seen.tie && self.flags & flag::ATTACHMENTS == 0
    }
}

/// Without its text: that costs more than the rest of a message, and only the newest one's is kept.
fn last(seen: &MessageSeen, id: i64, taken_back: bool) -> Last {
    Last {
        at: seen.at.0,
        tie: i64::from(seen.tie),
        id,
        direction: codes::direction(seen.direction),
        kind: if taken_back { codes::UNSENT } else { codes::kind(seen.kind) },
        send_state: None,
        text: None,
    }
}

/// The statements of an insert, prepared once per batch.
struct Writer<'c> {
    message: rusqlite::CachedStatement<'c>,
    held: rusqlite::CachedStatement<'c>,
    attachment: rusqlite::CachedStatement<'c>,
    reaction: rusqlite::CachedStatement<'c>,
    raw: rusqlite::CachedStatement<'c>,
    index: search::Index<'c>,
    packer: raw::Packer,
}

impl<'c> Writer<'c> {
    fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            message: connection.prepare_cached(
                "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, announce, text,
                    remote_id, account, digest, reply_to, remote_hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, id_hash(?11))",
            )?,
            held: connection.prepare_cached(merge::HOLDS)?,
            attachment: connection.prepare_cached(merge::INSERT_ATTACHMENT)?,
            reaction: connection.prepare_cached(merge::INSERT_REACTION)?,
            raw: connection.prepare_cached(raw::INSERT)?,
            index: search::Index::new(connection)?,
            packer: raw::Packer::new()?,
        })
    }

    /// Answers the row's flags; `None`: the platform's message is held.
    #[expect(clippy::too_many_arguments, reason = "one row, and how it came")]
    fn insert(
        &mut self,
        facts: &Facts,
        conversation: i64,
        id: i64,
        new: &New<'_>,
        taken_back: bool,
        is_news: bool,
        is_webhook: bool,
    ) -> Result<Option<i64>> {
        let seen = new.seen;
        if self.held.exists((facts.account, seen.remote_id.as_str()))? {
            return Ok(None);
        }
        let text = seen.text.as_deref().filter(|_| !taken_back);
        let attachments = if taken_back { &[][..] } else { &seen.attachments };
        let reactions = if taken_back { &[][..] } else { seen.reactions.as_deref().unwrap_or(&[]) };
        let reply_to = seen.reply_to.as_ref().filter(|_| !taken_back);
        let mut flags = if is_webhook { flag::WEBHOOK } else { 0 };
        if reply_to.is_some() {
            flags |= flag::QUOTES;
        }
        if !attachments.is_empty() {
            flags |= flag::ATTACHMENTS;
        }
        if !reactions.is_empty() {
            flags |= flag::REACTIONS;
        }
        // A payload would give back what was taken back, unless it says so itself.
        let raw = if taken_back && seen.kind != MessageKind::Unsent { "" } else { &seen.raw };
        if !raw.is_empty() {
            flags |= flag::RAW;
        }
        let origin = match seen.direction {
            Direction::In => codes::REMOTE,
            Direction::Out => codes::ELSEWHERE,
        };
        self.message.execute((
            id,
            conversation,
            seen.at.0,
            seen.tie,
            codes::direction(seen.direction),
            if taken_back { codes::UNSENT } else { codes::kind(seen.kind) },
            origin,
            flags,
            (is_news && !taken_back).then_some(1),
            text,
            seen.remote_id.as_str(),
            facts.account,
            new.digest,
            reply_to.map(RemoteId::as_str),
        ))?;
        if let Some(text) = text {
            self.index.add(id, text)?;
        }
        for (ordinal, attachment) in attachments.iter().enumerate() {
            merge::insert_attachment(&mut self.attachment, id, seen.kind.is_story(), ordinal, attachment)?;
        }
        for reaction in reactions {
            self.reaction.execute((id, reaction.by.as_str(), &reaction.emoji))?;
        }
        if !raw.is_empty() {
            self.packer.store(&mut self.raw, id, raw)?;
        }
        Ok(Some(flags))
    }
}

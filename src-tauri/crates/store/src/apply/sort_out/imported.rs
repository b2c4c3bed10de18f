//! Messages of downloads, which have no id, meet those of providers, which do (`architecture.md`, invariants 1 and 3).
//!
//! A message of a download is, in this order: the row that came from a download before, by its key; the row that the
//! provider told, by direction, text and ± 2 s, one to one, those of the same second first; a new row. And the other way
//! round, a message that a provider tells is the row of a download that says the same. Then the provider's word counts for
//! everything, the time too, so that it does not matter which of the two came first.
//!
//! - Two rows of downloads never become one by guessing: who writes *ok* twice within two seconds has said it twice.
//! - A row that only a download told has [`flag::IMPORTED`]. It is never unread and never announced; that ends when a
//!   provider tells it.
//! - Ids that a provider lists without a text go to such rows by their time, beside them, so that they are not counted as
//!   missing. When the text comes and it is another one, the guess is given up.

use std::collections::{HashMap, HashSet};

use backscroll_model::{Event, IMPORTED, MessageKind, MessageSeen, RemoteId, SECOND};
use rusqlite::{Connection, OptionalExtension};

use super::{
    super::{Facts, INSERT_REACTION, Work, digest::Entry, files, held, unsent, webhook::NEAR},
    New, People, Sorted,
};
use crate::{Result, codes, codes::flag, placeholder};

/// What is unique of a message of a download: its conversation, and what the reader of downloads made of it.
pub(crate) fn key(conversation: i64, remote_id: &RemoteId) -> Option<Vec<u8>> {
    let hash = remote_id.as_str().strip_prefix(IMPORTED)?;
    Some([&conversation.to_be_bytes()[..], hash.as_bytes()].concat())
}

pub(super) const HOLDS_KEY: &str = "SELECT 1 FROM message WHERE account = ?1 AND import_key = ?2";

/// A held message that one of a download may be.
struct Row {
    id: i64,
    at: i64,
    direction: i64,
    kind: i64,
    flags: i64,
    text: Option<String>,
    remote_id: Option<String>,
    key: Option<Vec<u8>>,
    taken: bool,
}

pub(super) const ROWS: &str =
    "SELECT id, at, direction, kind, flags, text, remote_id, import_key FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 ORDER BY at, tie";

/// Only those of downloads that no provider has told.
pub(super) const IMPORTED_ROWS: &str =
    "SELECT id, at, direction, kind, flags, text, remote_id, import_key FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND flags & 256 ORDER BY at, tie";

fn rows(connection: &Connection, sql: &'static str, conversation: i64, span: (i64, i64)) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((conversation, span.0 - NEAR, span.1 + NEAR), |row| {
        Ok(Row {
            id: row.get(0)?,
            at: row.get(1)?,
            direction: row.get(2)?,
            kind: row.get(3)?,
            flags: row.get(4)?,
            text: row.get(5)?,
            remote_id: row.get(6)?,
            key: row.get(7)?,
            taken: false,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl Row {
    /// Whether they may be the same, time aside.
    fn says(&self, seen: &MessageSeen) -> bool {
        let text = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
        !self.taken
            && self.kind != codes::UNSENT
            && self.direction == codes::direction(seen.direction)
            && text(&self.text) == text(&seen.text)
            && (self.text.is_some() || self.kind == codes::kind(seen.kind))
    }

    /// How far apart they are, those of the same second first; `None`: too far.
    fn distance(&self, seen: &MessageSeen) -> Option<(bool, i64)> {
        let apart = (self.at - seen.at.0).abs();
        (apart <= NEAR).then_some((self.at.div_euclid(SECOND) != seen.at.0.div_euclid(SECOND), apart))
    }
}

fn nearest<'r>(rows: &'r mut [Row], seen: &MessageSeen, fits: impl Fn(&Row) -> bool) -> Option<&'r mut Row> {
    let near = rows.iter_mut().filter(|row| fits(row)).filter_map(|row| Some((row.distance(seen)?, row)));
    near.min_by_key(|(distance, row)| (*distance, row.at, row.id)).map(|(_, row)| row)
}

impl<'p> Sorted<'p> {
    /// Sorts out what one page of a download says of one conversation.
    pub(super) fn imported(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        number: usize,
        work: &mut Work,
        entry: &Entry<'p>,
        people: &mut People,
    ) -> Result<()> {
        let events: &'p [Event] = &entry.events.events;
        let span = held::span(events);
        let mut rows = match span {
            Some(span) if !work.row.created => rows(connection, ROWS, work.row.id, span)?,
            _ => Vec::new(),
        };
        let mut by_key: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            by_key.extend(row.key.clone().map(|key| (key, place)));
            by_id.extend(row.remote_id.clone().map(|id| (id, place)));
        }
        let mut open: Vec<New<'p>> = Vec::new();
        // Oldest first, so that identical texts meet in their order.
        for (rank, (event, digest)) in events.iter().zip(&entry.digests).enumerate().rev() {
            match event {
                Event::Participant(seen) => people.seen(connection, facts, work, seen)?,
                Event::Message(seen) => {
                    if !self.named.insert((number, seen.remote_id.as_str())) {
                        continue;
                    }
                    let key = key(work.row.id, &seen.remote_id);
                    let found = match &key {
                        Some(key) => by_key.get(key),
                        None => by_id.get(seen.remote_id.as_str()),
                    };
                    match found.and_then(|place| rows.get_mut(*place)) {
                        Some(row) => self.gone += again(connection, work, row, seen, key)?,
                        None => open.push(New { work: number, seen, digest: *digest, read_at: 0, rank }),
                    }
                }
                // A download tells nothing else.
                _ => {}
            }
        }
        // One that waits to be sent, or was, has an id when it is there.
        let told = |row: &Row, seen: &MessageSeen| row.key.is_none() && row.remote_id.is_some() && row.says(seen);
        for pass in 0..3 {
            let mut left = Vec::new();
            for new in open {
                let seen = new.seen;
                let fits = |row: &Row| match pass {
                    0 => row.at.div_euclid(SECOND) == seen.at.0.div_euclid(SECOND) && told(row, seen),
                    1 => told(row, seen),
                    // What nothing else is.
                    _ => row.is_taken_back_as(seen),
                };
                match nearest(&mut rows, seen, fits) {
                    Some(row) => self.gone += again(connection, work, row, seen, key(work.row.id, &seen.remote_id))?,
                    None => left.push(new),
                }
            }
            open = left;
        }
        self.new.extend(open);
        self.spans.extend(span.map(|span| (number, span)));
        Ok(())
    }

    /// Gives ids that are listed without a text to rows of downloads; answers the conversations that lost a placeholder.
    pub(super) fn name_imported(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        works: &[Work],
    ) -> Result<HashSet<i64>> {
        let mut moved = HashSet::new();
        for (number, span) in std::mem::take(&mut self.spans) {
            let Some(work) = works.get(number) else { continue };
            if name(connection, facts, work.row.id, span)? {
                moved.insert(work.row.id);
            }
        }
        Ok(moved)
    }
}

impl Row {
    /// The same message, of which one of the two is a tombstone: there is nothing but its time to know it by.
    fn is_taken_back_as(&self, seen: &MessageSeen) -> bool {
        let is_one = (self.kind == codes::UNSENT) != (seen.kind == MessageKind::Unsent);
        let both = self.kind == codes::UNSENT && seen.kind == MessageKind::Unsent;
        // What a provider told is of whole seconds.
        let same =
            self.at == seen.at.0 || (self.at % SECOND == 0 && self.at == seen.at.0 - seen.at.0.rem_euclid(SECOND));
        !self.taken && (is_one || both) && same && self.direction == codes::direction(seen.direction)
    }
}

/// A message that is held comes in a download. Answers 1 if a person sees a difference.
fn again(
    connection: &Connection,
    work: &mut Work,
    row: &mut Row,
    seen: &MessageSeen,
    key: Option<Vec<u8>>,
) -> Result<u32> {
    row.taken = true;
    if row.key.is_none() && key.is_some() {
        connection.prepare_cached("UPDATE message SET import_key = ?2 WHERE id = ?1")?.execute((row.id, key))?;
    }
    let mut changed = false;
    if row.kind == codes::UNSENT {
        return Ok(0);
    }
    if seen.kind == MessageKind::Unsent {
        unsent::tombstone(connection, row.id)?;
        work.delta.recompute = true;
        changed = true;
    } else {
        let before = row.flags;
        if row.flags & flag::ATTACHMENTS == 0 && !seen.attachments.is_empty() {
            let mut insert = connection.prepare_cached(files::INSERT)?;
            for (ordinal, file) in seen.attachments.iter().enumerate() {
                files::insert(&mut insert, row.id, seen.kind.is_story(), ordinal, file)?;
            }
            row.flags |= flag::ATTACHMENTS;
        }
        // A provider's reading tells the whole set as it is now, a download an older one.
        if row.flags & flag::IMPORTED != 0 {
            let mut insert = connection.prepare_cached(INSERT_REACTION)?;
            for reaction in seen.reactions.iter().flatten() {
                let added = insert.execute((row.id, reaction.by.as_str(), &reaction.emoji, None::<i64>, false))?;
                changed |= added > 0;
                row.flags |= flag::REACTIONS;
            }
        }
        if row.flags != before {
            connection.prepare_cached("UPDATE message SET flags = ?2 WHERE id = ?1")?.execute((row.id, row.flags))?;
            changed = true;
        }
    }
    if changed {
        work.touched.insert(row.id);
    }
    Ok(u32::from(changed))
}

/// Rows of downloads that a page of a provider may tell.
#[derive(Default)]
pub(super) struct Imported {
    rows: Vec<Row>,
}

impl Imported {
    /// Usually finds nothing, by no look at all.
    pub(super) fn load(connection: &Connection, facts: &Facts, work: &Work, events: &[Event]) -> Result<Self> {
        match held::span(events) {
            Some(span) if facts.has_imports && !work.row.created => {
                Ok(Self { rows: rows(connection, IMPORTED_ROWS, work.row.id, span)? })
            }
            _ => Ok(Self::default()),
        }
    }

    /// Gives a message that is not held by its id the row of a download that says the same, if there is one; it can be
    /// found by its id afterwards. Call it for the messages of a page oldest first.
    pub(super) fn stitched(
        &mut self,
        connection: &Connection,
        facts: &Facts,
        work: &mut Work,
        seen: &MessageSeen,
    ) -> Result<bool> {
        if self.rows.is_empty() || held::is_held(connection, facts, &seen.remote_id)? {
            return Ok(false);
        }
        let named: Option<i64> = connection
            .prepare_cached("SELECT message FROM alias WHERE account = ?1 AND remote_id = ?2")?
            .query_row((facts.account, seen.remote_id.as_str()), |row| row.get(0))
            .optional()?;
        let by_name = self.rows.iter_mut().find(|row| Some(row.id) == named);
        if named.is_some() && by_name.is_none() {
            return Ok(false);
        }
        let by_name = by_name.filter(|row| row.says(seen) || row.is_taken_back_as(seen)).map(|row| row.id);
        let found = match by_name {
            Some(id) => self.rows.iter_mut().find(|row| row.id == id),
            None => nearest(&mut self.rows, seen, |row| row.says(seen) || row.is_taken_back_as(seen)),
        };
        if named.is_some() {
            connection
                .prepare_cached("DELETE FROM alias WHERE account = ?1 AND remote_id = ?2")?
                .execute((facts.account, seen.remote_id.as_str()))?;
        }
        let Some(row) = found else { return Ok(false) };
        row.taken = true;
        // The id that it was thought to have belongs to another one.
        connection.prepare_cached("DELETE FROM alias WHERE message = ?1")?.execute([row.id])?;
        connection
            .prepare_cached(
                "UPDATE message SET remote_id = ?2, remote_hash = id_hash(?2), at = ?3, tie = ?4 WHERE id = ?1",
            )?
            .execute((row.id, seen.remote_id.as_str(), seen.at.0, seen.tie))?;
        work.touched.insert(row.id);
        work.delta.recompute = true;
        Ok(true)
    }
}

/// Gives the placeholders in a span of time to the rows of downloads beside them, one to one. Answers whether one went.
fn name(connection: &Connection, facts: &Facts, conversation: i64, (from, to): (i64, i64)) -> Result<bool> {
    let listed: Vec<(i64, String)> = connection
        .prepare_cached(PLACED)?
        .query_map((conversation, from - NEAR, to + NEAR), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if listed.is_empty() {
        return Ok(false);
    }
    let mut free: Vec<(i64, i64)> = connection
        .prepare_cached(FREE)?
        .query_map((conversation, from - 2 * NEAR, to + 2 * NEAR), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    let mut open = listed;
    for same_second in [true, false] {
        let mut left = Vec::new();
        for (at, id) in open {
            let near = free.iter().position(|(row_at, _)| match same_second {
                true => row_at.div_euclid(SECOND) == at.div_euclid(SECOND),
                false => (row_at - at).abs() <= NEAR,
            });
            match near {
                Some(place) => {
                    let (_, row) = free.remove(place);
                    super::super::webhook::also_known_as(connection, facts, &id, row)?;
                    found.push(RemoteId(id));
                }
                None => left.push((at, id)),
            }
        }
        open = left;
    }
    Ok(!placeholder::came(connection, facts.account, found.iter())?.is_empty())
}

pub(super) const PLACED: &str = "SELECT at, remote_id FROM placeholder INDEXED BY placeholder_conversation
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 ORDER BY at";
pub(super) const FREE: &str = "SELECT at, id FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND flags & 256 AND remote_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM alias INDEXED BY alias_message WHERE message = message.id)
    ORDER BY at, tie";

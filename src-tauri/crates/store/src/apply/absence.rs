//! Messages that were taken back without a word (`architecture.md`, invariant 4).
//!
//! No platform that is polled says so: the message is missing from the next answer. So is one that an answer was cut
//! before, that a cache has not got yet, or that the platform no longer gives details of. A tombstone cannot be undone,
//! so it needs two complete readings in a row, each later than the one before, that show an older and a newer message
//! and not this one, while it is among the newest 20.
//!
//! Refuses:
//! - What was never in a listing: an own message whose id came with the answer to its sending, and what only a webhook
//!   or the provider before told.
//! - X: its pages are cut by a number of events, and deleting there hides a message from one side only.
//! - A reading that is not later than the last one that was judged: an answer from a cache, or a page told again. So
//!   repeating pages never adds a tombstone. The order of readings does matter here, as it must for *in a row*; out of
//!   order they prove nothing, and the next two decide.

use backscroll_model::{ConversationEvents, Event, Platform};
use rusqlite::Connection;

use super::{Facts, Work, held::HeldMessages, row::Row, unsent};
use crate::{Result, codes, codes::flag};

/// Messages of a conversation that Graph gives details of.
const SHOWN_BY_THE_PLATFORM: usize = 20;

/// What is known of the readings of one conversation.
#[derive(Debug, Default)]
pub(super) struct Absences {
    /// The newest reading that was judged.
    listed_to: Option<i64>,
    /// Something hangs on that.
    must_remember: bool,
    /// A message is absent for now: the next page is looked at, even if it is the one that was seen last.
    look_again: bool,
}

impl Absences {
    pub(super) fn new(row: &Row) -> Self {
        Self { listed_to: row.now.listed_to, ..Self::default() }
    }

    /// Notes it in the row. A reading that said nothing new is not worth a write.
    pub(super) fn remember(&self, row: &mut Row) {
        if self.look_again {
            row.now.page_digest = None;
        }
        if self.must_remember || row.now != row.before {
            row.now.listed_to = self.listed_to;
        }
    }
}

/// Judges one page of a conversation after each held message of its span was marked as shown or not. Answers how many
/// messages became tombstones.
pub(super) fn judge(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    page: &ConversationEvents,
    held: &HeldMessages,
) -> Result<u32> {
    let later = page.listing.is_none_or(|listing| Some(listing.to.0) > work.absences.listed_to);
    for message in held.by_id.values().filter(|m| m.shown && m.flags & flag::ABSENT != 0) {
        if later {
            mark(connection, message.id, false)?;
            work.absences.must_remember = true;
        } else {
            work.absences.look_again = true;
        }
    }
    let (Some(listing), Some((oldest, newest))) = (page.listing, held.span) else { return Ok(0) };
    if facts.platform == Platform::X {
        return Ok(0);
    }
    let from = listing.from.map_or(oldest, |from| from.0.max(oldest));
    let mut gone = 0;
    for message in held.by_id.values().filter(|m| !m.shown && m.at > from && m.at < newest.min(listing.to.0)) {
        let listed_before =
            message.digest != 0 && message.flags & (flag::WEBHOOK | flag::FORMER) == 0 && message.kind != codes::UNSENT;
        if !listed_before || newer(connection, work.row.id, message.at, page, held)? >= SHOWN_BY_THE_PLATFORM {
            continue;
        }
        if !later {
            work.absences.look_again = true;
        } else if message.flags & flag::ABSENT == 0 {
            mark(connection, message.id, true)?;
            work.absences.must_remember = true;
            work.absences.look_again = true;
        } else {
            unsent::tombstone(connection, message.id)?;
            work.touched.insert(message.id);
            work.delta.recompute = true;
            gone += 1;
        }
    }
    if later {
        work.absences.listed_to = Some(listing.to.0);
    }
    Ok(gone)
}

fn mark(connection: &Connection, message: i64, absent: bool) -> Result<()> {
    connection.prepare_cached("UPDATE message SET flags = (flags & ~?2) | ?3 WHERE id = ?1")?.execute((
        message,
        flag::ABSENT,
        if absent { flag::ABSENT } else { 0 },
    ))?;
    Ok(())
}

/// How many of the platform's messages are newer: those held, and those that this page brings.
fn newer(
    connection: &Connection,
    conversation: i64,
    at: i64,
    page: &ConversationEvents,
    held: &HeldMessages,
) -> Result<usize> {
    let count: usize = connection
        .prepare_cached(
            "SELECT count(*) FROM message INDEXED BY message_thread
             WHERE conversation = ?1 AND at > ?2 AND remote_id IS NOT NULL",
        )?
        .query_row((conversation, at), |row| row.get::<_, i64>(0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))?;
    let brought = page.events.iter().filter(|event| match event {
        Event::Message(seen) => seen.at.0 > at && !held.by_id.contains_key(seen.remote_id.as_str()),
        _ => false,
    });
    Ok(count.saturating_add(brought.count()))
}

//! Coverage: what of a conversation is proven to be held, and the gaps that are left (`architecture.md`, invariant 5).
//!
//! Two kinds of proof are kept, each as stretches of time: readings ("every message is held") and listings of ids
//! ("every message is held, or a placeholder"). A gap is never a row. It follows from the stretches, the placeholders and
//! the messages themselves, so none can be forgotten when a stretch grows over it, and the order in which proofs are
//! applied cannot matter:
//! - time that neither kind covers is an **estimated** gap, without a number;
//! - placeholders are **counted** gaps, from the time of the first one to the time of the last, where a proof covers them,
//!   and estimated ones elsewhere;
//! - both are cut at each message that is held, so no gap ever covers one. A gap whose proof finds nothing missing has no
//!   placeholder and is therefore none.
//!
//! **Edges.** A listing includes both its instants. Its first one is complete: a page that may be cut inside an instant
//! (Graph's are whole seconds, with several messages in one) begins with the next one. Its last one may be incomplete: a
//! message may come in the very instant of the reading. So two stretches that share an instant are one, for the later of
//! them has all of it. A gap includes its ends: each message that is missing has its time, as reads tell it, within
//! `[from, to]`, and no held message has its time strictly inside. A placeholder of the same instant as a held message
//! belongs to the gap before that message, and so does what a page that was cut inside a second lacks of it. Webhooks tell
//! milliseconds: a held message of 5.4 s may be the edge of a gap that holds others of second 5.
//!
//! After the newest proof nothing is claimed: a read is due. A conversation that was never read or listed claims nothing
//! either.

mod coverage;

use std::collections::BTreeSet;

use backscroll_model::{AccountId, ConversationId, Gap, GapReason, Platform, Timestamp, XHistory};
use rusqlite::Connection;

pub(crate) use coverage::{Covered, Proof, cover};
use coverage::{Span, covered, joined, uncovered};

use crate::{Result, account::platform_of};

/// What a conversation's row repeats of its coverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Messages may be missing after the customer's newest one.
    pub(crate) gap_after: bool,
    /// There is time of which neither messages nor ids were listed.
    pub(crate) unlisted: bool,
}

/// How a conversation stands whose newest inbound message is of `inbound_at`.
pub(crate) fn standing(connection: &Connection, conversation: i64, inbound_at: Option<i64>) -> Result<Standing> {
    let covered = covered(connection, conversation)?;
    let open = uncovered(&covered);
    let is_open_after = |at: i64| -> Result<bool> {
        let Some(newest) = open.last().filter(|span| span.to > at) else { return Ok(false) };
        if !newest.is_cut_at(at) {
            return Ok(true);
        }
        // What a webhook told of the same second parts the gap.
        let mut between = BTreeSet::new();
        present_in(connection, conversation, Some(at), newest.to, &mut between)?;
        Ok(!between.is_empty())
    };
    let gap_after = match inbound_at {
        None => false,
        Some(at) if is_open_after(at)? => true,
        Some(at) => connection.prepare_cached(MISSING_AFTER)?.query_row((conversation, at), |row| row.get(0))?,
    };
    Ok(Standing { gap_after, unlisted: covered.is_empty() || !open.is_empty() })
}

pub(crate) const MISSING_AFTER: &str =
    "SELECT EXISTS (SELECT 1 FROM placeholder INDEXED BY placeholder_conversation WHERE conversation = ?1 AND at > ?2)";

/// A part of a thread whose messages are known: strictly after `after` and up to `until`, two instants of held messages.
/// `None`: to the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) after: Option<i64>,
    pub(crate) until: Option<i64>,
}

/// The gaps of a part of a conversation, oldest first. `present`: the instants of all messages held in it, and of those
/// at its ends.
pub(crate) fn gaps_in(
    connection: &Connection,
    conversation: ConversationId,
    part: Part,
    present: &BTreeSet<i64>,
) -> Result<Vec<Gap>> {
    let known = Known::load(connection, conversation.0, part)?;
    named(connection, conversation, &known, part, present)
}

/// The gaps of a conversation, oldest first.
pub fn gaps(connection: &Connection, conversation: ConversationId) -> Result<Vec<Gap>> {
    let part = Part { after: None, until: None };
    let known = Known::load(connection, conversation.0, part)?;
    let mut present = BTreeSet::new();
    for span in &known.open {
        present_in(connection, conversation.0, span.from, span.to, &mut present)?;
    }
    if let (Some(first), Some(last)) = (known.listed.first(), known.listed.last()) {
        present_in(connection, conversation.0, first.checked_sub(1), *last, &mut present)?;
        let before: Option<i64> = connection
            .prepare_cached(
                "SELECT max(at) FROM message INDEXED BY message_thread WHERE conversation = ?1 AND at < ?2",
            )?
            .query_row((conversation.0, first), |row| row.get(0))?;
        present.extend(before);
    }
    named(connection, conversation, &known, part, &present)
}

/// The instants strictly between these two at which a message is held.
fn present_in(
    connection: &Connection,
    conversation: i64,
    from: Option<i64>,
    to: i64,
    present: &mut BTreeSet<i64>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(PRESENT)?;
    let mut rows = statement.query((conversation, from.unwrap_or(i64::MIN), to))?;
    while let Some(row) = rows.next()? {
        present.insert(row.get(0)?);
    }
    Ok(())
}

pub(crate) const PRESENT: &str = "SELECT DISTINCT at FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at > ?2 AND at < ?3 ORDER BY at";

/// The times of the placeholders of a part, oldest first.
fn placeholders(connection: &Connection, conversation: i64, part: Part) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(PLACEHOLDERS)?;
    let ends = (conversation, part.after.unwrap_or(i64::MIN), part.until.unwrap_or(i64::MAX));
    let rows = statement.query_map(ends, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) const PLACEHOLDERS: &str = "SELECT at FROM placeholder INDEXED BY placeholder_conversation
    WHERE conversation = ?1 AND at > ?2 AND at <= ?3 ORDER BY at";

/// What is known of a part of a conversation, beside its messages.
#[derive(Debug)]
struct Known {
    /// Time that nothing covers.
    open: Vec<Span>,
    /// The newest instant that something covers.
    end: Option<i64>,
    /// Times of the placeholders.
    listed: Vec<i64>,
}

impl Known {
    fn load(connection: &Connection, conversation: i64, part: Part) -> Result<Self> {
        let covered = covered(connection, conversation)?;
        Ok(Self {
            open: uncovered(&covered),
            end: covered.last().map(|span| span.to),
            listed: placeholders(connection, conversation, part)?,
        })
    }
}

/// A gap without its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    from: Option<i64>,
    to: i64,
    count: Option<u32>,
}

fn pieces(known: &Known, part: Part, present: &BTreeSet<i64>) -> Vec<Piece> {
    let Known { open, end, listed } = known;
    let mut found = Vec::new();
    for span in open {
        let mut from = span.from;
        let after = span.from.and_then(|from| from.checked_add(1)).unwrap_or(i64::MIN);
        let inside = if after < span.to { present.range(after..span.to) } else { present.range(0..0) };
        for to in inside.copied().chain([span.to]) {
            // A page that was cut inside a second: what it lacks of that second is of the gap before its oldest message.
            if !from.is_some_and(|from| to == span.to && span.is_cut_at(from)) {
                found.push(Piece { from, to, count: None });
            }
            from = Some(to);
        }
    }
    found.retain(|piece| {
        part.after.is_none_or(|after| piece.to > after) && part.until.is_none_or(|until| piece.to <= until)
    });
    // One that lies in an estimated gap says nothing more; held messages and estimated gaps part the others.
    // So does the end of the proofs: of what is listed there nobody said that it is all.
    let mut run = None;
    let mut counted: Vec<Piece> = Vec::new();
    for at in listed {
        let after = open.partition_point(|span| span.to <= *at);
        if open.get(after).is_some_and(|span| span.from <= Some(*at)) {
            continue;
        }
        let is_proven = end.is_some_and(|end| *at < end);
        let place = Some((present.range(..at).next_back().copied(), after, is_proven));
        match counted.last_mut() {
            Some(piece) if run == place => {
                piece.to = *at;
                piece.count = piece.count.map(|count| count.saturating_add(1));
            }
            _ => counted.push(Piece { from: Some(*at), to: *at, count: is_proven.then_some(1) }),
        }
        run = place;
    }
    found.append(&mut counted);
    found.sort_unstable_by_key(|piece| (piece.to, piece.from));
    found
}

/// The pieces as gaps, with their reasons.
fn named(
    connection: &Connection,
    conversation: ConversationId,
    known: &Known,
    part: Part,
    present: &BTreeSet<i64>,
) -> Result<Vec<Gap>> {
    let pieces = pieces(known, part, present);
    if pieces.is_empty() {
        return Ok(Vec::new());
    }
    let (platform, history): (String, Option<String>) = connection
        .prepare_cached(
            "SELECT a.platform, a.x_history FROM conversation c JOIN account a ON a.id = c.account WHERE c.id = ?1",
        )?
        .query_row([conversation.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let chosen_away = platform_of(&platform)? == Platform::X
        && !history.is_some_and(|json| matches!(serde_json::from_str(&json), Ok(XHistory::All)));
    let oldest = part.after.or_else(|| present.first().copied());
    let gaps = pieces.into_iter().enumerate().map(|(number, piece)| {
        let before_all = number == 0 && oldest.is_none_or(|oldest| piece.from <= Some(oldest));
        let first = piece.from.is_none() || (piece.count.is_some() && before_all);
        Gap {
            conversation,
            from: piece.from.map(Timestamp),
            to: Some(Timestamp(piece.to)),
            count: piece.count,
            next_try: None,
            reason: match first {
                false => GapReason::NoOverlap,
                true if chosen_away => GapReason::NotChosen,
                true => GapReason::Beginning,
            },
        }
    });
    Ok(gaps.collect())
}

/// All gaps of an account, by conversation, oldest first.
pub fn gaps_of_account(connection: &Connection, account: AccountId) -> Result<Vec<Gap>> {
    let conversations: Vec<i64> = connection
        .prepare_cached(WITH_GAPS)?
        .query_map([account.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for id in conversations {
        found.extend(gaps(connection, ConversationId(id))?);
    }
    Ok(found)
}

/// Conversations of an account that may have gaps.
pub(crate) const WITH_GAPS: &str = "SELECT id FROM conversation c WHERE account = ?1 AND (unlisted = 1 OR EXISTS (
        SELECT 1 FROM placeholder p INDEXED BY placeholder_conversation WHERE p.conversation = c.id)) ORDER BY id";

/// How many gaps an account has. For a page that somebody looks at, not for a list: each conversation that has one is
/// asked, which takes a tenth of a second at 20,000.
pub(crate) fn count(connection: &Connection, account: AccountId) -> Result<u32> {
    let with_placeholders: BTreeSet<i64> = connection
        .prepare_cached("SELECT DISTINCT conversation FROM placeholder WHERE account = ?1")?
        .query_map([account.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut count = 0;
    for id in &with_placeholders {
        count += gaps(connection, ConversationId(*id))?.len();
    }
    // The others have only estimated ones: time that nothing covers, cut at each message held.
    let mut spans: Vec<(i64, Span)> = connection
        .prepare_cached(SPANS_OF_ACCOUNT)?
        .query_map([account.0], |row| Ok((row.get(0)?, Span { from: row.get(1)?, to: row.get(2)? })))?
        .collect::<rusqlite::Result<_>>()?;
    spans.sort_unstable();
    for spans in spans.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((id, _)) = spans.first().filter(|(id, _)| !with_placeholders.contains(id)) else { continue };
        let covered = joined(spans.iter().map(|(_, span)| *span));
        let known = Known { open: uncovered(&covered), end: covered.last().map(|span| span.to), listed: Vec::new() };
        let mut present = BTreeSet::new();
        for span in &known.open {
            present_in(connection, *id, span.from, span.to, &mut present)?;
        }
        count += pieces(&known, Part { after: None, until: None }, &present).len();
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(crate) const SPANS_OF_ACCOUNT: &str = "SELECT c.id, s.from_at, s.to_at
    FROM conversation c INDEXED BY conversation_unlisted
    CROSS JOIN stretch s INDEXED BY stretch_conversation ON s.conversation = c.id
    WHERE c.account = ?1 AND c.unlisted = 1
    UNION ALL SELECT c.id, l.from_at, l.to_at
    FROM conversation c INDEXED BY conversation_unlisted
    CROSS JOIN listed l INDEXED BY listed_conversation ON l.conversation = c.id
    WHERE c.account = ?1 AND c.unlisted = 1";

#[cfg(test)]
#[path = "gaps_tests.rs"]
mod tests;

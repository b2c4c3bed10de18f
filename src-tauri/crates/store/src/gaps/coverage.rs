//! The stretches of time that are proven, and what lies between them. What the proofs are and how their edges are meant is
//! said in [`super`].
//!
//! Promises: stretches of one kind never touch, for those that do are one; the order in which proofs come does not matter.

use backscroll_model::{Listing, SECOND};
use rusqlite::Connection;

use crate::Result;

/// What a listing proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Every message is held.
    Read,
    /// Every message is held, or a placeholder.
    Ids,
}

macro_rules! statements {
    ($table:literal) => {
        [
            concat!("SELECT id, from_at, to_at FROM ", $table, " WHERE conversation = ?1"),
            concat!("UPDATE ", $table, " SET from_at = ?2, to_at = ?3 WHERE id = ?1"),
            concat!("DELETE FROM ", $table, " WHERE id = ?1"),
            concat!("INSERT INTO ", $table, " (conversation, from_at, to_at) VALUES (?1, ?2, ?3)"),
        ]
    };
}

impl Proof {
    /// Select, update, delete, insert.
    fn sql(self) -> [&'static str; 4] {
        match self {
            Self::Read => statements!("stretch"),
            Self::Ids => statements!("listed"),
        }
    }
}

/// What became of the stretches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Covered {
    /// Nothing.
    Unchanged,
    /// The last one reaches further: no gap opened or closed.
    Later,
    /// Gaps may have opened, closed or moved.
    Reshaped,
}

/// A stretch of time. `None`: from the beginning on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) from: Option<i64>,
    pub(super) to: i64,
}

impl Span {
    /// Whether they have an instant in common. `None` sorts first, as the beginning does.
    fn touches(self, other: Self) -> bool {
        self.from <= Some(other.to) && other.from <= Some(self.to)
    }

    /// Whether what it has above this message is only the rest of a second inside which a page was cut.
    pub(super) fn is_cut_at(self, oldest: i64) -> bool {
        // What reads tell in whole seconds, a webhook may have told more precisely.
        let second = self.to.saturating_sub(SECOND)..self.to;
        self.from < Some(oldest) && self.to % SECOND == 0 && second.contains(&oldest)
    }

    /// Whether the other says nothing more.
    fn contains(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }
}

/// Takes in what a listing proves: it grows the stretches that it touches into one, or stands alone.
pub(crate) fn cover(connection: &Connection, conversation: i64, proof: Proof, listing: Listing) -> Result<Covered> {
    let mut whole = Span { from: listing.from.map(|t| t.0), to: listing.to.0 };
    if whole.from > Some(whole.to) {
        return Ok(Covered::Unchanged);
    }
    let [select, update, delete, insert] = proof.sql();
    let held: Vec<(i64, Span)> = connection
        .prepare_cached(select)?
        .query_map([conversation], |row| Ok((row.get(0)?, Span { from: row.get(1)?, to: row.get(2)? })))?
        .collect::<rusqlite::Result<_>>()?;
    if held.iter().any(|(_, span)| span.contains(whole)) {
        return Ok(Covered::Unchanged);
    }
    let newest = held.iter().map(|(_, span)| span.to).max().unwrap_or(whole.to);
    let touched: Vec<(i64, Span)> = held.into_iter().filter(|(_, span)| span.touches(whole)).collect();
    for (_, span) in &touched {
        whole = Span { from: whole.from.min(span.from), to: whole.to.max(span.to) };
    }
    if let [(id, before)] = touched.as_slice() {
        connection.prepare_cached(update)?.execute((id, whole.from, whole.to))?;
        let later = before.from == whole.from && before.to == newest;
        return Ok(if later { Covered::Later } else { Covered::Reshaped });
    }
    for (id, _) in &touched {
        connection.prepare_cached(delete)?.execute([id])?;
    }
    connection.prepare_cached(insert)?.execute((conversation, whole.from, whole.to))?;
    Ok(Covered::Reshaped)
}

pub(crate) const SPANS: &str = "SELECT from_at, to_at FROM stretch WHERE conversation = ?1
    UNION ALL SELECT from_at, to_at FROM listed WHERE conversation = ?1";

/// What both kinds of proof cover together, oldest first.
pub(super) fn covered(connection: &Connection, conversation: i64) -> Result<Vec<Span>> {
    let mut spans: Vec<Span> = connection
        .prepare_cached(SPANS)?
        .query_map([conversation], |row| Ok(Span { from: row.get(0)?, to: row.get(1)? }))?
        .collect::<rusqlite::Result<_>>()?;
    spans.sort_unstable();
    Ok(joined(spans.into_iter()))
}

/// Spans in ascending order, those that touch made one.
pub(super) fn joined(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut whole: Vec<Span> = Vec::new();
    for span in spans {
        match whole.last_mut() {
            Some(last) if last.touches(span) => last.to = last.to.max(span.to),
            _ => whole.push(span),
        }
    }
    whole
}

/// What nothing covers, between the proofs and before the first, oldest first.
pub(super) fn uncovered(covered: &[Span]) -> Vec<Span> {
    let mut before = None;
    let mut found = Vec::new();
    for span in covered {
        if let Some(from) = span.from {
            found.push(Span { from: before, to: from });
        }
        before = Some(span.to);
    }
    found
}

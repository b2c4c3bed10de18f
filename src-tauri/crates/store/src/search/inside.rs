//! The second phase: the inside of words (`deliver` in `undeliverable`, the parts of a German compound), by looking at
//! every text under the folding of the index.
//!
//! Promises: newest first; never a hit of the first phase; each call looks at a bounded number of messages and says
//! where to go on, so it holds a reader for some milliseconds, stops between two calls, and needs no index of its own (a
//! trigram index would cost three times the space; `performance.md`, rule 2).
//!
//! Of a query with several words each may stand inside of one, if it is long enough; quoted ones and shorter ones stand
//! as they do in the first phase.

use backscroll_model::{Place, SearchInside, SearchQuery, Timestamp};
use memchr::memmem;
use rusqlite::Connection;

use super::{
    Cancel,
    find::{SCANNED, conversations_of, held, hit, ids_of, message_sql, three},
    query::{Midnight, parse},
    scope::{Row, Scope},
    words::{Clause, Ends, all_stand_in},
};
use crate::{
    Result,
    segment::{fold_over, squeeze},
};

/// The next `looks` messages after `after`, and what of them has a word inside of another.
pub fn search_inside(
    connection: &Connection,
    query: &SearchQuery,
    after: Option<&Place>,
    looks: u32,
    now: Timestamp,
    midnight: Midnight<'_>,
    cancel: &Cancel,
) -> Result<SearchInside> {
    let parsed = parse(&query.text, midnight);
    let mut found = SearchInside::default();
    let Some(mut sieve) = Sieve::new(&parsed.clauses) else { return Ok(found) };
    let (scope, _) = Scope::of(connection, query.conversation, &parsed.filters)?;
    if scope.is_nothing() {
        return Ok(found);
    }
    let mut one = connection.prepare_cached(&message_sql())?;
    let mut hits = Vec::new();
    let look = &mut |id: i64, text: Option<&str>| -> Result<()> {
        if !text.is_some_and(|text| sieve.lets(text)) {
            return Ok(());
        }
        let mut rows = one.query([id])?;
        if let Some(row) = rows.next()? {
            let row = Row::of(row)?;
            if scope.lets(connection, &row)? {
                hits.push(hit(&row, &parsed.clauses, Ends::Anywhere)?);
            }
        }
        Ok(())
    };
    let after = after.map(At::parse).transpose()?.unwrap_or(At::NEWEST);
    let mut walk = Walk { connection, looks: looks.max(1), looked_at: 0, cancel };
    let next = match scope.conversations.as_deref() {
        Some([one]) => walk.thread(*one, after, look)?,
        Some(few) if held(connection, few, SCANNED)? <= SCANNED => walk.few(few, after, look)?,
        _ => walk.messages(after, look)?,
    };
    found.looked_at = walk.looked_at;
    found.next = next.map(At::place);
    found.hits = hits;
    found.conversations = conversations_of(connection, &found.hits, now)?;
    Ok(found)
}

/// The last message that was looked at. Beyond one thread the order is that of ids.
#[derive(Debug, Clone, Copy)]
struct At {
    at: i64,
    tie: i64,
    id: i64,
}

impl At {
    const NEWEST: Self = Self { at: i64::MAX, tie: i64::MAX, id: i64::MAX };

    fn parse(place: &Place) -> Result<Self> {
        let [at, tie, id] = three(place)?;
        Ok(Self { at, tie, id })
    }

    fn place(self) -> Place {
        Place(format!("{}:{}:{}", self.at, self.tie, self.id))
    }
}

/// `?1` the id below which to begin. Of a row only what the sieve wants: most are not looked at again.
pub(crate) const TEXTS: &str = "SELECT id, text FROM message WHERE id < ?1 ORDER BY id DESC";
/// `?1` the conversation, `?2` to `?4` the last message that was looked at.
pub(crate) const THREAD_TEXTS: &str = "SELECT id, text, at, tie FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND (at, tie, id) < (?2, ?3, ?4) ORDER BY at DESC, tie DESC, id DESC";

type Look<'a> = &'a mut dyn FnMut(i64, Option<&str>) -> Result<()>;

/// One walk from new to old; each answers where to go on.
struct Walk<'a> {
    connection: &'a Connection,
    looks: u32,
    looked_at: u32,
    cancel: &'a Cancel,
}

impl Walk<'_> {
    fn is_over(&self) -> bool {
        self.looked_at >= self.looks || self.cancel.is_cancelled()
    }

    fn messages(&mut self, after: At, look: Look<'_>) -> Result<Option<At>> {
        let mut statement = self.connection.prepare_cached(TEXTS)?;
        let mut rows = statement.query([after.id])?;
        let mut last = after;
        while let Some(row) = rows.next()? {
            if self.is_over() {
                return Ok(Some(last));
            }
            last.id = row.get(0)?;
            look(last.id, row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
            self.looked_at += 1;
        }
        Ok(None)
    }

    fn thread(&mut self, conversation: i64, after: At, look: Look<'_>) -> Result<Option<At>> {
        let mut statement = self.connection.prepare_cached(THREAD_TEXTS)?;
        let mut rows = statement.query((conversation, after.at, after.tie, after.id))?;
        let mut last = after;
        while let Some(row) = rows.next()? {
            if self.is_over() {
                return Ok(Some(last));
            }
            last = At { id: row.get(0)?, at: row.get(2)?, tie: row.get(3)? };
            look(last.id, row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
            self.looked_at += 1;
        }
        Ok(None)
    }

    fn few(&mut self, conversations: &[i64], after: At, look: Look<'_>) -> Result<Option<At>> {
        let mut one = self.connection.prepare_cached("SELECT text FROM message WHERE id = ?1")?;
        let mut last = after;
        for id in ids_of(self.connection, conversations, after.id)? {
            if self.is_over() {
                return Ok(Some(last));
            }
            last.id = id;
            let mut rows = one.query([id])?;
            if let Some(row) = rows.next()? {
                look(id, row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
            }
            self.looked_at += 1;
        }
        Ok(None)
    }
}

/// Finds the texts that have a word inside of another. Nearly all have not, so the first question is a search for the
/// longest of the words in memory that is used again.
struct Sieve<'a> {
    clauses: &'a [Clause],
    longest: memmem::Finder<'a>,
    needle: &'a str,
    squeezed: Vec<u8>,
    folded: String,
}

impl<'a> Sieve<'a> {
    /// `None`: no word may stand inside of another.
    fn new(clauses: &'a [Clause]) -> Option<Self> {
        let longest = clauses.iter().filter(|c| c.may_be_inside()).max_by_key(|c| c.needle().len())?;
        let needle = longest.needle();
        Some(Self {
            clauses,
            longest: memmem::Finder::new(needle),
            needle,
            squeezed: Vec::new(),
            folded: String::new(),
        })
    }

    fn lets(&mut self, text: &str) -> bool {
        if text.is_ascii() && !self.needle.is_ascii() {
            return false;
        }
        if !self.needle.contains(' ') {
            squeeze(text, &mut self.squeezed);
            if self.longest.find(&self.squeezed).is_none() {
                return false;
            }
        }
        fold_over(text, &mut self.folded);
        self.longest.find(self.folded.as_bytes()).is_some()
            && self.clauses.iter().all(|clause| clause.places(&self.folded, Ends::Anywhere).next().is_some())
            && !all_stand_in(self.clauses, &self.folded)
    }
}

#[cfg(test)]
#[path = "inside_tests.rs"]
mod tests;

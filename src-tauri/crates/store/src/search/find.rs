//! The first phase: what the index brings, newest first or best first.
//!
//! Newest first is the order of the index itself: a page reads the rows that it shows and few more (`performance.md`,
//! rule 4). Best first ranks the newest [`RANKED`] hits here, in Rust: FTS5's own bm25 first visits every row of every
//! word, which takes up to 1.5 seconds on common ones.
//!
//! A page looks at no more than [`LOOKS`] messages. Where a filter lets few through it may be short, or empty, and still
//! have a next one: whoever asks decides whether to go on, and can stop between any two.

use std::{cmp::Reverse, collections::BTreeSet};

use backscroll_model::{
    ConversationId, MessageId, Place, SearchFilterPart, SearchHas, SearchHit, SearchPage, SearchQuery, SearchSort,
    SearchUnderstood, Timestamp,
};
use rusqlite::Connection;

use super::{
    Cancel,
    query::{Midnight, Parsed, parse},
    scope::{COLUMNS, Row, Scope, attachment_kind},
    snippet::snippet,
    words::{Clause, Ends, all_stand_in, for_index},
};
use crate::{Result, StoreError, codes, conversations_by_ids, segment::fold_over};

/// Hits that *best first* ranks.
pub(crate) const RANKED: usize = 2_000;
/// Messages that one page looks at.
const LOOKS: usize = 30_000;
/// Conversations with fewer messages than this, together, are read without the index.
pub(crate) const SCANNED: i64 = 3_000;
/// Without words to look for: conversations with at most this many messages, together, are read by their own index, not
/// by walking through all messages.
const LISTED: i64 = 200_000;

/// A page of at most `limit` hits after `after`. `now` is for the windows of the conversations, `midnight` for dates in
/// the query.
pub fn search(
    connection: &Connection,
    query: &SearchQuery,
    after: Option<&Place>,
    limit: u32,
    now: Timestamp,
    midnight: Midnight<'_>,
    cancel: &Cancel,
) -> Result<SearchPage> {
    let parsed = parse(&query.text, midnight);
    let (scope, known) = Scope::of(connection, query.conversation, &parsed.filters)?;
    let mut page = SearchPage { understood: understood(&parsed, known), ..SearchPage::default() };
    if (parsed.clauses.is_empty() && parsed.filters.is_empty()) || scope.is_nothing() {
        return Ok(page);
    }
    let finder = Finder { connection, clauses: &parsed.clauses, scope: &scope, cancel };
    let limit = (limit as usize).max(1);
    // Without words all hits are as good.
    (page.hits, page.next) = match query.sort {
        SearchSort::Best if !parsed.clauses.is_empty() => finder.best(after.map(Ranked::parse).transpose()?, limit)?,
        SearchSort::Newest | SearchSort::Best => finder.newest(after.map(below).transpose()?, limit)?,
    };
    page.conversations = conversations_of(connection, &page.hits, now)?;
    Ok(page)
}

/// The ids of all hits, newest first, by a look at every text: what the index is measured against.
#[doc(hidden)]
pub fn search_by_scan(connection: &Connection, query: &SearchQuery, midnight: Midnight<'_>) -> Result<Vec<MessageId>> {
    let parsed = parse(&query.text, midnight);
    let (scope, _) = Scope::of(connection, query.conversation, &parsed.filters)?;
    let finder = Finder { connection, clauses: &parsed.clauses, scope: &scope, cancel: &Cancel::default() };
    let mut statement = connection.prepare_cached(&messages_sql())?;
    let mut rows = statement.query([i64::MAX])?;
    let (mut found, mut folded) = (Vec::new(), String::new());
    while let Some(row) = rows.next()? {
        let row = Row::of(row)?;
        if finder.is_hit(&row, &mut folded)? {
            found.push(MessageId(row.id));
        }
    }
    Ok(found)
}

fn understood(parsed: &Parsed, known: Vec<bool>) -> SearchUnderstood {
    let part = |(part, known): (&super::query::Part, bool)| SearchFilterPart {
        start: part.start,
        end: part.end,
        filter: part.filter.clone(),
        known,
    };
    SearchUnderstood {
        words: parsed.words.clone(),
        filters: parsed.filters.iter().zip(known).map(part).collect(),
        inside: parsed.clauses.iter().any(Clause::may_be_inside),
    }
}

/// The conversations of hits, each once, in the order of their first hit.
pub(crate) fn conversations_of(
    connection: &Connection,
    hits: &[SearchHit],
    now: Timestamp,
) -> Result<Vec<backscroll_model::Conversation>> {
    let mut seen = BTreeSet::new();
    let ids: Vec<ConversationId> = hits.iter().map(|hit| hit.conversation).filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() { Ok(Vec::new()) } else { conversations_by_ids(connection, &ids, now) }
}

/// A hit as it is shown.
pub(crate) fn hit(row: &Row<'_>, clauses: &[Clause], ends: Ends) -> Result<SearchHit> {
    Ok(SearchHit {
        message: MessageId(row.id),
        conversation: ConversationId(row.conversation),
        at: Timestamp(row.at),
        direction: codes::direction_of(row.direction)?,
        kind: codes::kind_of(row.kind)?,
        snippet: row.text.map(|text| snippet(text, clauses, ends)),
    })
}

/// The id below which a page begins.
pub(crate) fn below(place: &Place) -> Result<i64> {
    place.0.parse().map_err(|_| StoreError::BadPlace)
}

/// The three numbers of a place.
pub(crate) fn three(place: &Place) -> Result<[i64; 3]> {
    let numbers: Option<Vec<i64>> = place.0.split(':').map(|part| part.parse().ok()).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or(StoreError::BadPlace)
}

/// Where a page of the best begins: after this rank, among hits up to that id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ranked {
    newest: i64,
    score: i64,
    id: i64,
}

impl Ranked {
    fn parse(place: &Place) -> Result<Self> {
        let [newest, score, id] = three(place)?;
        Ok(Self { newest, score, id })
    }

    fn place(self) -> Place {
        Place(format!("{}:{}:{}", self.newest, self.score, self.id))
    }
}

/// Where candidates come from, newest first.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// The index, with this query.
    Index(String),
    /// All messages of these conversations, read at once and sorted.
    Conversations(Vec<i64>),
    /// Messages with an attachment of this kind.
    Attachments(i64),
    /// All messages.
    Messages,
}

/// `?1` the query, `?2` the id below which to begin.
pub(crate) fn index_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM message_search s CROSS JOIN message m ON m.id = s.rowid
         WHERE s.message_search MATCH ?1 AND s.rowid < ?2 ORDER BY s.rowid DESC"
    )
}

/// `?1` the id below which to begin, `?2` the kind.
pub(crate) fn attachments_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM attachment a INDEXED BY attachment_message CROSS JOIN message m ON m.id = a.message
         WHERE a.message < ?1 AND a.kind = ?2 ORDER BY a.message DESC"
    )
}

/// `?1` the id below which to begin.
pub(crate) fn messages_sql() -> String {
    format!("SELECT {COLUMNS} FROM message m WHERE m.id < ?1 ORDER BY m.id DESC")
}

/// The ids of a conversation: the index alone.
pub(crate) const IDS: &str = "SELECT id FROM message INDEXED BY message_thread WHERE conversation = ?1 AND id < ?2";

/// One message.
pub(crate) fn message_sql() -> String {
    format!("SELECT {COLUMNS} FROM message m WHERE m.id = ?1")
}

/// What a look at a candidate decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Next,
    Enough,
}

/// One search.
struct Finder<'a> {
    connection: &'a Connection,
    clauses: &'a [Clause],
    scope: &'a Scope,
    cancel: &'a Cancel,
}

impl Finder<'_> {
    fn source(&self) -> Result<Source> {
        let most = if self.clauses.is_empty() { LISTED } else { SCANNED - 1 };
        if let Some(few) = &self.scope.conversations
            && held(self.connection, few, most)? <= most
        {
            return Ok(Source::Conversations(few.clone()));
        }
        let query = for_index(self.clauses);
        if !query.is_empty() {
            return Ok(Source::Index(query));
        }
        // A link may stand in the text alone.
        let kind = self.scope.has.iter().find(|what| **what != SearchHas::Link);
        Ok(kind.map_or(Source::Messages, |what| Source::Attachments(attachment_kind(*what))))
    }

    fn newest(&self, below: Option<i64>, limit: usize) -> Result<(Vec<SearchHit>, Option<Place>)> {
        let mut hits = Vec::new();
        let mut folded = String::new();
        let stopped = self.walk(below.unwrap_or(i64::MAX), &mut |row| {
            if self.is_hit(row, &mut folded)? {
                hits.push(hit(row, self.clauses, Ends::Words)?);
            }
            Ok(if hits.len() < limit { Then::Next } else { Then::Enough })
        })?;
        Ok((hits, stopped.map(|id| Place(id.to_string()))))
    }

    fn best(&self, after: Option<Ranked>, limit: usize) -> Result<(Vec<SearchHit>, Option<Place>)> {
        let mut ranks = Ranks::default();
        let mut folded = String::new();
        let newest = after.map_or(i64::MAX, |after| after.newest);
        self.walk(newest.saturating_add(1), &mut |row| {
            if self.is_hit(row, &mut folded)? {
                ranks.add(row.id, self.clauses, &folded);
            }
            Ok(if ranks.len() < RANKED { Then::Next } else { Then::Enough })
        })?;
        let newest = ranks.newest().unwrap_or(newest).min(newest);
        let from = after.map(|after| Reverse((after.score, after.id)));
        let mut sorted = ranks.sorted();
        sorted.retain(|(score, id)| from.is_none_or(|from| Reverse((*score, *id)) > from));
        let more = sorted.len() > limit;
        sorted.truncate(limit);
        let next = sorted.last().filter(|_| more).map(|(score, id)| Ranked { newest, score: *score, id: *id }.place());
        let mut one = self.connection.prepare_cached(&message_sql())?;
        let mut hits = Vec::with_capacity(sorted.len());
        for (_, id) in sorted {
            let mut rows = one.query([id])?;
            if let Some(row) = rows.next()? {
                hits.push(hit(&Row::of(row)?, self.clauses, Ends::Words)?);
            }
        }
        Ok((hits, next))
    }

    /// Whether a candidate is a hit; leaves its folded text.
    fn is_hit(&self, row: &Row<'_>, folded: &mut String) -> Result<bool> {
        if !self.scope.lets(self.connection, row)? {
            return Ok(false);
        }
        fold_over(row.text.unwrap_or_default(), folded);
        Ok(all_stand_in(self.clauses, folded))
    }

    /// Shows candidates below an id to `look`, newest first, until it has enough, enough were looked at, or nobody wants
    /// the answer any more. Answers below which id to go on, unless that was all.
    fn walk(&self, below: i64, look: &mut dyn FnMut(&Row<'_>) -> Result<Then>) -> Result<Option<i64>> {
        let db = self.connection;
        match self.source()? {
            Source::Index(query) => self.rows(&mut *db.prepare_cached(&index_sql())?, (query, below), look),
            Source::Attachments(kind) => {
                // A message with two pictures comes twice.
                let mut last = None;
                let mut once = |row: &Row<'_>| {
                    if last.replace(row.id) == Some(row.id) { Ok(Then::Next) } else { look(row) }
                };
                self.rows(&mut *db.prepare_cached(&attachments_sql())?, (below, kind), &mut once)
            }
            Source::Messages => self.rows(&mut *db.prepare_cached(&messages_sql())?, [below], look),
            Source::Conversations(few) => {
                let ids = ids_of(db, &few, below)?;
                let mut one = db.prepare_cached(&message_sql())?;
                for (number, id) in ids.iter().enumerate() {
                    let mut rows = one.query([id])?;
                    let Some(row) = rows.next()? else { continue };
                    let enough = look(&Row::of(row)?)? == Then::Enough;
                    if enough || number >= LOOKS || self.cancel.is_cancelled() {
                        return Ok((number + 1 < ids.len()).then_some(*id));
                    }
                }
                Ok(None)
            }
        }
    }

    fn rows(
        &self,
        statement: &mut rusqlite::Statement<'_>,
        values: impl rusqlite::Params,
        look: &mut dyn FnMut(&Row<'_>) -> Result<Then>,
    ) -> Result<Option<i64>> {
        let mut rows = statement.query(values)?;
        let mut stopped = None;
        let mut looks = 0;
        while let Some(row) = rows.next()? {
            // There is one more: a next page makes sense.
            if stopped.is_some() {
                return Ok(stopped);
            }
            let row = Row::of(row)?;
            looks += 1;
            if look(&row)? == Then::Enough {
                stopped = Some(row.id);
            } else if looks >= LOOKS || self.cancel.is_cancelled() {
                return Ok(Some(row.id));
            }
        }
        Ok(None)
    }
}

/// How many messages these conversations hold together; counts no further than beyond `most`.
pub(crate) fn held(connection: &Connection, conversations: &[i64], most: i64) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT messages FROM conversation WHERE id = ?1")?;
    let mut sum = 0;
    for id in conversations {
        let mut rows = statement.query([id])?;
        sum += rows.next()?.map_or(Ok(0), |row| row.get::<_, i64>(0))?;
        if sum > most {
            break;
        }
    }
    Ok(sum)
}

/// The ids of all messages of these conversations below one, newest first.
pub(crate) fn ids_of(connection: &Connection, conversations: &[i64], below: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(IDS)?;
    let mut ids = Vec::new();
    for id in conversations {
        let mut rows = statement.query((id, below))?;
        while let Some(row) = rows.next()? {
            ids.push(row.get(0)?);
        }
    }
    ids.sort_unstable_by_key(|id| Reverse(*id));
    Ok(ids)
}

/// How good hits are, by BM25 without the part that needs all rows: what weighs rare words. All hits have all words.
#[derive(Debug, Default)]
struct Ranks {
    ids: Vec<i64>,
    lengths: Vec<f32>,
    /// How often each hit has each clause, hit by hit.
    counts: Vec<f32>,
    /// How near to each other its clauses stand.
    nearness: Vec<f32>,
    clauses: usize,
}

impl Ranks {
    /// The usual constants of BM25.
    const K: f32 = 1.2;
    const B: f32 = 0.75;
    /// What a word counts of which only the beginning was typed.
    const BEGUN: f32 = 0.6;

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn newest(&self) -> Option<i64> {
        self.ids.first().copied()
    }

    fn add(&mut self, id: i64, clauses: &[Clause], folded: &str) {
        self.ids.push(id);
        self.lengths.push(folded.len() as f32);
        self.clauses = clauses.len();
        let (mut before, mut near): (Option<usize>, f32) = (None, 0.0);
        for clause in clauses {
            let (mut count, mut first) = (0.0, None);
            for (start, end) in clause.places(folded, Ends::Words) {
                let whole = end == folded.len() || folded.as_bytes().get(end) == Some(&b' ');
                count += if whole || !clause.prefix { 1.0 } else { Self::BEGUN };
                first = first.or(Some((start, end)));
            }
            self.counts.push(count);
            if let (Some(before), Some((start, _))) = (before, first) {
                near += 1.0 / (1.0 + before.abs_diff(start) as f32 / 8.0);
            }
            before = first.map(|(_, end)| end);
        }
        self.nearness.push(near);
    }

    /// Best first, of equals the newest.
    fn sorted(self) -> Vec<(i64, i64)> {
        let mean = (self.lengths.iter().sum::<f32>() / self.ids.len().max(1) as f32).max(1.0);
        let hits = self.ids.iter().zip(&self.lengths).zip(self.counts.chunks(self.clauses.max(1))).zip(&self.nearness);
        let mut sorted: Vec<(i64, i64)> = hits
            .map(|(((id, length), counts), near)| {
                let damp = Self::K * (1.0 - Self::B + Self::B * length / mean);
                let score: f32 = counts.iter().map(|count| count * (Self::K + 1.0) / (count + damp)).sum();
                ((f64::from(score + near) * 1e6) as i64, *id)
            })
            .collect();
        sorted.sort_unstable_by_key(|rank| Reverse(*rank));
        sorted
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;

//! Searching the history.
//!
//! Promises: one search at a time. A new one, asked without a place to go on from, ends the one before it within some
//! milliseconds, in both phases, so that each keystroke may ask; the page before gets what was found until then. Nothing
//! here waits for a write, and the second phase gives its reader back after each piece of the history.

use std::sync::PoisonError;

use backscroll_model::{Place, SearchInside, SearchPage, SearchQuery, Timestamp};
use backscroll_store::{self as db, Cancel};
use jiff::{civil::Date, tz::TimeZone};

use super::Inbox;
use crate::inner::Result;

/// Hits of a page, at most.
const MAX_HITS: u32 = 200;
/// Messages that the second phase looks at before it gives its reader back: some milliseconds.
const PIECE: u32 = 4_096;
/// Messages that one call of the second phase looks at: then whoever asked hears how far it is.
const CALL: u32 = 16 * PIECE;

impl Inbox {
    /// A page of hits; `limit` at most 200. Any text is a query. Without `after` it is a new search, which ends the one
    /// before.
    ///
    /// # Errors
    ///
    /// `BadInput` for a place that is none, and those of the history.
    pub async fn search(&self, query: SearchQuery, after: Option<Place>, limit: u32) -> Result<SearchPage> {
        let cancel = if after.is_none() { self.begin_search() } else { self.running_search() };
        let (now, limit) = (self.0.now(), limit.clamp(1, MAX_HITS));
        self.0.read(move |c| db::search(c, &query, after.as_ref(), limit, now, &midnight, &cancel)).await
    }

    /// The second phase of the same search, which looks inside of words: returns with about `limit` hits (at most 200),
    /// or after 65,536 messages, or when the search was stopped. It goes on from the answer's `next`.
    ///
    /// # Errors
    ///
    /// As [`Self::search`].
    pub async fn search_inside(&self, query: SearchQuery, after: Option<Place>, limit: u32) -> Result<SearchInside> {
        let cancel = self.running_search();
        let (now, limit) = (self.0.now(), limit.clamp(1, MAX_HITS) as usize);
        let mut found = SearchInside { next: after, ..SearchInside::default() };
        loop {
            let (query, after, cancel_piece) = (query.clone(), found.next.take(), cancel.clone());
            let piece = move |c: &_| db::search_inside(c, &query, after.as_ref(), PIECE, now, &midnight, &cancel_piece);
            let piece = self.0.read(piece).await?;
            found.looked_at += piece.looked_at;
            found.hits.extend(piece.hits);
            for conversation in piece.conversations {
                if found.conversations.iter().all(|held| held.id != conversation.id) {
                    found.conversations.push(conversation);
                }
            }
            found.next = piece.next;
            if found.next.is_none() || found.hits.len() >= limit || found.looked_at >= CALL || cancel.is_cancelled() {
                return Ok(found);
            }
        }
    }

    /// Ends the search that runs, if one does.
    pub fn stop_search(&self) {
        self.begin_search();
    }

    fn begin_search(&self) -> Cancel {
        let mut running = self.0.searching.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Cancel::default();
        std::mem::replace(&mut *running, next.clone()).cancel();
        next
    }

    fn running_search(&self) -> Cancel {
        self.0.searching.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The first instant of a day where the user is.
fn midnight(year: i16, month: i8, day: i8) -> Option<Timestamp> {
    let date = Date::new(year, month, day).ok()?;
    let start = date.to_zoned(TimeZone::system()).ok()?;
    Some(Timestamp(start.timestamp().as_millisecond()))
}

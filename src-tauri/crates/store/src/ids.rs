//! Ids of messages: time-ordered, dense, cheap in batches (`model::MessageId`).

use std::{collections::HashMap, ops::Range};

use backscroll_model::{MESSAGE_IDS_PER_SPAN, MessageId, Timestamp};
use rusqlite::Connection;

use crate::Result;

/// Gives out ids during one transaction. Asks the database only where held messages may be near: a history that grows
/// at its newest or oldest end asks once per batch, not once per message.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// First id of a span → next free id, which lies in a later span when it is full.
    next: HashMap<i64, i64>,
    /// Ids that were free when this transaction began, as far as they were asked for; what it took itself is in `next`.
    free: Range<i64>,
}

impl Ids {
    /// The next free id for a message of `at`. A span of 16 seconds holds 16 ids; the 17th message takes one of the next
    /// span, so order by id is roughly that of time and never a promise (threads sort by time).
    pub(crate) fn take(&mut self, connection: &Connection, at: Timestamp) -> Result<MessageId> {
        let mut span = MessageId::first_of_span(at).0;
        let mut full = Vec::new();
        loop {
            let next = match self.next.get(&span) {
                Some(next) => *next,
                None => self.first_free(connection, span)?,
            };
            if next < span + MESSAGE_IDS_PER_SPAN {
                // Thousands of the same instant (an import that knows only the day) do not walk the same way each.
                self.next.extend(full.into_iter().map(|span| (span, next)));
                self.next.insert(span, next + 1);
                return Ok(MessageId(next));
            }
            full.push(span);
            span = MessageId(next).span().0;
        }
    }

    fn first_free(&mut self, connection: &Connection, span: i64) -> Result<i64> {
        let end = span + MESSAGE_IDS_PER_SPAN;
        if self.free.contains(&span) && end <= self.free.end {
            return Ok(span);
        }
        let held: Option<i64> = connection
            .prepare_cached("SELECT max(id) FROM message WHERE id BETWEEN ?1 AND ?2")?
            .query_row((span, end - 1), |row| row.get(0))?;
        let from = held.map_or(span, |id| id + 1);
        // Ids that this transaction inserted end the range too soon, never too late.
        let until: Option<i64> = connection
            .prepare_cached("SELECT min(id) FROM message WHERE id >= ?1")?
            .query_row([from], |row| row.get(0))?;
        self.free = from..until.unwrap_or(i64::MAX);
        Ok(from)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;
    use crate::test_support;

    const SPAN_MS: i64 = 16_000;

    #[test]
    fn full_spans_spill_into_the_next() {
        let connection = test_support::memory();
        let at = Timestamp(1_770_000_000_500);
        let first = MessageId::first_of_span(at).0;
        let mut ids = Ids::default();
        for i in 0..5 * MESSAGE_IDS_PER_SPAN {
            assert_eq!(ids.take(&connection, at).unwrap().0, first + i);
        }
        let later = at.plus(3 * SPAN_MS);
        assert_eq!(ids.take(&connection, later).unwrap().0, first + 5 * MESSAGE_IDS_PER_SPAN);
        assert_eq!(ids.take(&connection, at).unwrap().0, first + 5 * MESSAGE_IDS_PER_SPAN + 1);
    }

    #[test]
    fn ids_that_are_held_are_never_given_again_in_whichever_order_times_come() {
        let connection = test_support::memory();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let start = Timestamp(1_770_000_000_000);
        let span = |n: i64| MessageId::first_of_span(start.plus(n * SPAN_MS)).0;
        let mut held: BTreeSet<i64> = [span(3), span(3) + 1, span(7), span(50) + 9].into();
        for id in &held {
            connection
                .execute(
                    "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, account, digest)
                     VALUES (?1, 1, 0, 0, 0, 0, 0, 0, 1, 0)",
                    [id],
                )
                .unwrap();
        }
        let mut ids = Ids::default();
        for n in [5, 3, 7, 4, 6, 2, 50, 49, 51, 3, 100, 0, 7, 5] {
            let id = ids.take(&connection, start.plus(n * SPAN_MS)).unwrap().0;
            assert!(id >= span(n) && id < span(n + 1) && held.insert(id), "{n}: {id}");
        }
    }
}

//! Ids of messages: time-ordered, dense within a second, cheap in batches (`model::MessageId`).

use std::{collections::HashMap, ops::Range};

use backscroll_model::{MESSAGE_IDS_PER_SECOND, MessageId, Timestamp};
use rusqlite::Connection;

use crate::Result;

/// Gives out ids during one transaction. Asks the database only where held messages may be near: a history that grows
/// at its newest or oldest end asks once per batch, not once per message.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// First id of a second → next free id, which may lie in a later second when one is full.
    next: HashMap<i64, i64>,
    /// Ids that were free when this transaction began, as far as they were asked for; what it took itself is in `next`.
    free: Range<i64>,
}

impl Ids {
    /// The next free id for a message of `at`. A second holds 4,096 ids; the 4,097th message takes one of the next
    /// second, so order by id is exact to the second and never a promise (threads sort by time).
    pub(crate) fn take(&mut self, connection: &Connection, at: Timestamp) -> Result<MessageId> {
        let mut second = MessageId::first_of_second(at).0;
        loop {
            let next = match self.next.get(&second) {
                Some(next) => *next,
                None => self.first_free(connection, second)?,
            };
            if next < second + MESSAGE_IDS_PER_SECOND {
                self.next.insert(second, next + 1);
                return Ok(MessageId(next));
            }
            self.next.insert(second, next);
            second += MESSAGE_IDS_PER_SECOND;
        }
    }

    fn first_free(&mut self, connection: &Connection, second: i64) -> Result<i64> {
        let end = second + MESSAGE_IDS_PER_SECOND;
        if self.free.contains(&second) && end <= self.free.end {
            return Ok(second);
        }
        let held: Option<i64> = connection
            .prepare_cached("SELECT max(id) FROM message WHERE id BETWEEN ?1 AND ?2")?
            .query_row((second, end - 1), |row| row.get(0))?;
        let from = held.map_or(second, |id| id + 1);
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

    #[test]
    fn a_full_second_spills_into_the_next() {
        let connection = test_support::memory();
        let at = Timestamp(1_770_000_000_500);
        let first = MessageId::first_of_second(at).0;
        let mut ids = Ids::default();
        for i in 0..MESSAGE_IDS_PER_SECOND {
            assert_eq!(ids.take(&connection, at).unwrap().0, first + i);
        }
        assert_eq!(ids.take(&connection, at).unwrap().0, first + MESSAGE_IDS_PER_SECOND);
        assert_eq!(ids.take(&connection, at.plus(1_000)).unwrap().0, first + MESSAGE_IDS_PER_SECOND + 1);
    }

    #[test]
    fn ids_that_are_held_are_never_given_again_in_whichever_order_times_come() {
        let connection = test_support::memory();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let start = Timestamp(1_770_000_000_000);
        let second = |n: i64| MessageId::first_of_second(start.plus(n * 1_000)).0;
        let mut held: BTreeSet<i64> = [second(3), second(3) + 1, second(7), second(50) + 9].into();
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
            let id = ids.take(&connection, start.plus(n * 1_000)).unwrap().0;
            assert!(id >= second(n) && id < second(n + 1) && held.insert(id), "{n}: {id}");
        }
    }
}

//! Ids of messages: time-ordered, dense within a second, cheap in batches (`model::MessageId`).

use std::collections::HashMap;

use backscroll_model::{MESSAGE_IDS_PER_SECOND, MessageId, Timestamp};
use rusqlite::Connection;

use crate::Result;

/// Gives out ids during one transaction. Asks the database once per second of message time, not once per message.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// First id of a second → next free id, which may lie in a later second when one is full.
    next: HashMap<i64, i64>,
}

impl Ids {
    /// The next free id for a message of `at`. A second holds 4,096 ids; the 4,097th message takes one of the next
    /// second, so order by id is exact to the second and never a promise (threads sort by time).
    pub(crate) fn take(&mut self, connection: &Connection, at: Timestamp) -> Result<MessageId> {
        let mut second = MessageId::first_of_second(at).0;
        loop {
            let next = match self.next.get(&second) {
                Some(next) => *next,
                None => first_free(connection, second)?,
            };
            if next < second + MESSAGE_IDS_PER_SECOND {
                self.next.insert(second, next + 1);
                return Ok(MessageId(next));
            }
            self.next.insert(second, next);
            second += MESSAGE_IDS_PER_SECOND;
        }
    }
}

fn first_free(connection: &Connection, second: i64) -> Result<i64> {
    let held: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM message WHERE id BETWEEN ?1 AND ?2")?
        .query_row((second, second + MESSAGE_IDS_PER_SECOND - 1), |row| row.get(0))?;
    Ok(held.map_or(second, |id| id + 1))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
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
}

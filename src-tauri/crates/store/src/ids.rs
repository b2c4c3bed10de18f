//! Ids of messages: time-ordered, dense, cheap in batches (`model::MessageId`); and how the platform's own are found.
//!
//! An id is never given twice. A page that is open, a notification and a decision on its way may still name a message
//! that was discarded: they must miss, not meet another one. What is taken away is therefore kept in `spent_id` until
//! its account goes.

use std::{collections::HashMap, ops::Range};

use backscroll_model::{MESSAGE_IDS_PER_SPAN, MessageId, Timestamp};
use rusqlite::{Connection, functions::FunctionFlags, types::ValueRef};
use twox_hash::XxHash3_64;

use crate::{Result, search};

/// The hash by which a platform's id is found. Stored: it never changes. 32 bits: a second candidate costs one more row,
/// and at ten million messages one look in 400 meets one.
fn id_hash(remote_id: &[u8]) -> i32 {
    let [a, b, c, d, ..] = XxHash3_64::oneshot(remote_id).to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// Gives SQL the function `id_hash`: of a text its hash, of NULL NULL.
pub(crate) fn add_functions(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("id_hash", 1, flags, |context| match context.get_raw(0) {
        ValueRef::Text(remote_id) => Ok(Some(id_hash(remote_id))),
        _ => Ok(None),
    })?;
    Ok(())
}

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
            .prepare_cached(
                "SELECT max(id) FROM (SELECT max(id) AS id FROM message WHERE id BETWEEN ?1 AND ?2
                    UNION ALL SELECT max(id) FROM spent_id WHERE id BETWEEN ?1 AND ?2)",
            )?
            .query_row((span, end - 1), |row| row.get(0))?;
        let from = held.map_or(span, |id| id + 1);
        // Ids that this transaction inserted end the range too soon, never too late.
        let until: Option<i64> = connection
            .prepare_cached(
                "SELECT min(id) FROM (SELECT min(id) AS id FROM message WHERE id >= ?1
                    UNION ALL SELECT min(id) FROM spent_id WHERE id >= ?1)",
            )?
            .query_row([from], |row| row.get(0))?;
        self.free = from..until.unwrap_or(i64::MAX);
        Ok(from)
    }
}

/// Takes one message away for good, out of the index too. Its conversation's row is the caller's.
pub(crate) fn remove(connection: &Connection, message: i64) -> Result<()> {
    search::remove(connection, message)?;
    connection
        .prepare_cached("INSERT INTO spent_id (id, account) SELECT id, account FROM message WHERE id = ?1")?
        .execute([message])?;
    connection.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([message])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use backscroll_model::{DAY, Direction, Event, MessageKind, MessageSeen, Platform, RemoteId};

    use super::*;
    use crate::{apply::apply, message_of, messages_by_ids, test_support};

    const SPAN_MS: i64 = 16_000;

    /// Two ids of one hash.
    fn alike() -> [String; 2] {
        let mut seen: HashMap<i32, String> = HashMap::new();
        (0..)
            .find_map(|n| {
                let id = format!("m_{n}");
                let other = seen.insert(id_hash(id.as_bytes()), id.clone())?;
                Some([other, id])
            })
            .unwrap()
    }

    #[test]
    fn the_hash_of_an_id_never_changes() {
        // The published value of XXH3 for nothing: 2D06800538D394C2.
        assert_eq!(id_hash(b""), 0x38D3_94C2);
    }

    #[test]
    fn two_ids_of_one_hash_are_two_messages_wherever_one_is_looked_up() {
        let (connection, account) = test_support::with_account(Platform::Messenger);
        let [a, b] = alike();
        let say = |events: Vec<Event>| {
            let page = test_support::page("t_1", events, None);
            apply(&connection, account, &[page], &test_support::live()).unwrap()
        };
        let message = |id: &str, text: &str, ago: i64, quotes: Option<&str>| {
            let seen = test_support::seen(id, Direction::In, test_support::NOW.plus(-ago * 60_000), text);
            Event::Message(Box::new(MessageSeen { reply_to: quotes.map(RemoteId::from), ..seen }))
        };
        assert_eq!(say(vec![message(&a, "first", 9, None)]).new, 1);
        // One is held, the other only listed.
        say(vec![Event::Listed { message: b.as_str().into(), at: test_support::NOW.plus(-8 * 60_000) }]);
        let placeholders =
            || -> i64 { connection.query_row("SELECT count(*) FROM placeholder", [], |row| row.get(0)).unwrap() };
        assert_eq!(placeholders(), 1);
        assert_eq!(say(vec![message(&b, "second", 8, None)]).new, 1);
        assert_eq!(placeholders(), 0);
        let both = || {
            vec![
                message("m_quotes", "both", 7, Some(&b)),
                message(&b, "second", 8, None),
                message(&a, "edited", 9, None),
            ]
        };
        let again = say(both());
        assert_eq!((again.new, again.changed), (1, 1));
        assert!(say(both()).changes.is_empty());

        let row = |id: &str| {
            let id = message_of(&connection, account, &id.into()).unwrap().unwrap();
            messages_by_ids(&connection, &[id]).unwrap().remove(0)
        };
        assert_eq!(row(&a).text.as_deref(), Some("edited"));
        assert_eq!(row(&b).text.as_deref(), Some("second"));
        assert_eq!(row("m_quotes").reply_to.unwrap().text.as_deref(), Some("second"));
        say(vec![Event::Unsent { message: b.as_str().into() }]);
        assert_eq!((row(&a).kind, row(&b).kind), (MessageKind::Text, MessageKind::Unsent));
        test_support::check(&connection);
    }

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
    fn an_id_is_not_given_again_after_its_message_was_taken_away() {
        let (connection, account) = test_support::with_account(Platform::Messenger);
        let at = test_support::NOW;
        let hello = test_support::inbound("hello", at.plus(-DAY), "Hello");
        apply(&connection, account, &[test_support::page("t_1", vec![hello], None)], &test_support::live()).unwrap();
        let mut given = BTreeSet::new();
        for _ in 0..3 * MESSAGE_IDS_PER_SPAN {
            let id = Ids::default().take(&connection, at).unwrap().0;
            assert!(given.insert(id), "{id} was given before");
            let sql = "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, account, digest)
                SELECT ?1, conversation, ?2, 0, 0, 0, 0, 0, account, 0 FROM message LIMIT 1";
            connection.execute(sql, (id, at.0)).unwrap();
            remove(&connection, id).unwrap();
        }
        // One transaction that goes through the spans in any order meets them, too.
        let mut ids = Ids::default();
        for n in [2, 0, 1, 0, 2, 3] {
            assert!(given.insert(ids.take(&connection, at.plus(n * SPAN_MS)).unwrap().0), "{n}");
        }
        let kept = |table: &str| -> i64 {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!((kept("message"), kept("spent_id")), (1, 3 * MESSAGE_IDS_PER_SPAN));
        connection.execute("DELETE FROM account", []).unwrap();
        assert_eq!(kept("spent_id"), 0, "nothing is left of an account");
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

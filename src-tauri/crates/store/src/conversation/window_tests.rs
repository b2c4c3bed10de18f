#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{
    AccountId, Change, ConversationId, Event, HOUR, MINUTE, MessageId, ReplyWindow, SECOND, SendReason,
};
use rusqlite::Connection;

use super::*;
use crate::{
    apply::apply,
    conversation,
    outbox::{self, Answer, Outcome, Start},
    test_support::{NOW, check, dump, inbound, live, page, with_account},
};

fn ago(ms: i64) -> Timestamp {
    NOW.plus(-ms)
}

fn told(connection: &Connection, account: AccountId, event: Event) {
    apply(connection, account, &[page("t", vec![event], None)], &live()).unwrap();
}

fn the_one(connection: &Connection) -> ConversationId {
    connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap()
}

fn window(connection: &Connection, now: Timestamp) -> ReplyWindow {
    conversation(connection, the_one(connection), now).unwrap().window
}

fn stored(connection: &Connection) -> Option<i64> {
    connection.query_row("SELECT window_until FROM conversation", [], |row| row.get(0)).unwrap()
}

fn enqueue(connection: &Connection, now: Timestamp, start: Start) -> MessageId {
    let id = the_one(connection);
    outbox::enqueue_text(connection, id, "Yes", &format!("ref{}", now.0), now, start).unwrap().message
}

/// A message that leaves at `at` and is refused half a minute later.
fn refused(connection: &Connection, at: Timestamp) -> Vec<Change> {
    let message = enqueue(connection, at, Start::Now);
    let (attempt, _) = outbox::begin_attempt(connection, message, 7, at).unwrap();
    let outcome = Outcome::Refused { reason: SendReason::WindowClosed };
    let answer = Answer::default();
    outbox::finish_attempt(connection, message, attempt, &outcome, &answer, at.plus(30 * SECOND)).unwrap()
}

#[test]
fn a_refusal_closes_the_window_and_the_next_message_of_the_customer_opens_it() {
    for platform in [Platform::Messenger, Platform::Instagram] {
        let (connection, account) = with_account(platform);
        told(&connection, account, inbound("1", ago(2 * HOUR), "Hello?"));
        assert!(stored(&connection).is_some());
        let changes = refused(&connection, ago(HOUR));
        assert!(changes.contains(&Change::Conversation { id: the_one(&connection) }), "{changes:?}");
        let closed = ReplyWindow::Closed { since: ago(HOUR), refused: true };
        assert_eq!((window(&connection, NOW), stored(&connection)), (closed, None));
        // What had been written before, and is told only now, opens nothing.
        told(&connection, account, inbound("0", ago(3 * HOUR), "Hi"));
        told(&connection, account, inbound("2", ago(HOUR + MINUTE), "Still there?"));
        assert_eq!((window(&connection, NOW), stored(&connection)), (closed, None));
        // What waits behind it does not leave either.
        let behind = enqueue(&connection, NOW, Start::Now);
        outbox::hold_back_old(&connection, account, NOW).unwrap();
        let progress = outbox::progress(&connection, behind).unwrap().unwrap();
        assert_eq!(progress.reason, Some(SendReason::WindowClosed));
        // Written while the refusal was on its way.
        told(&connection, account, inbound("3", ago(HOUR - SECOND), "Me again"));
        assert!(matches!(window(&connection, NOW), ReplyWindow::Open { .. }));
        assert!(stored(&connection).is_some());
        check(&connection);
    }
}

#[test]
fn another_refusal_closes_nothing() {
    let (connection, account) = with_account(Platform::Instagram);
    told(&connection, account, inbound("1", ago(2 * HOUR), "Hello?"));
    let message = enqueue(&connection, ago(HOUR), Start::Now);
    let (attempt, _) = outbox::begin_attempt(&connection, message, 7, ago(HOUR)).unwrap();
    let outcome = Outcome::Refused { reason: SendReason::Recipient };
    outbox::finish_attempt(&connection, message, attempt, &outcome, &Answer::default(), ago(HOUR)).unwrap();
    assert!(matches!(window(&connection, NOW), ReplyWindow::Open { .. }));
}

#[test]
fn it_does_not_matter_whether_a_message_or_a_refusal_is_told_first() {
    let ways = |first: i64, second: i64| {
        let (connection, account) = with_account(Platform::Messenger);
        told(&connection, account, inbound("1", ago(5 * HOUR), "Hello?"));
        for step in [first, second] {
            if step == 0 {
                window_refused(&connection, the_one(&connection).0, ago(2 * HOUR)).unwrap();
                // Derived anew, as the outbox does.
                told(&connection, account, inbound("x", ago(6 * HOUR), "Before"));
            } else {
                told(&connection, account, inbound("2", ago(2 * HOUR - step), "And now?"));
            }
        }
        dump(&connection)
    };
    for step in [MINUTE, -MINUTE] {
        assert_eq!(ways(0, step), ways(step, 0), "{step}");
    }
    let (connection, account) = with_account(Platform::Messenger);
    told(&connection, account, inbound("1", ago(5 * HOUR), "Hello?"));
    for hours in [1, 3, 2] {
        window_refused(&connection, the_one(&connection).0, ago(hours * HOUR)).unwrap();
    }
    assert_eq!(window(&connection, NOW), ReplyWindow::Closed { since: ago(HOUR), refused: true }, "the newest counts");
}

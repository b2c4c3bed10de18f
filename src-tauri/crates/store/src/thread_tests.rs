#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{AccountId, HOUR, Platform, SECOND};

use super::*;
use crate::{
    apply::apply,
    message::{ATTACHMENTS, REACTIONS},
    message_of,
    test_support::{NOW, assert_walks, backfill, inbound, page, remote, with_account},
};

/// A thread of 100 messages, three to an instant, told newest first.
fn thread() -> (Connection, AccountId, ConversationId) {
    let (connection, account) = with_account(Platform::Instagram);
    for n in 0..100 {
        let mut event = inbound(&n.to_string(), NOW.plus(-HOUR).plus(n / 3 * SECOND), &n.to_string());
        if let backscroll_model::Event::Message(message) = &mut event {
            message.tie = u16::try_from(n % 3).unwrap();
        }
        apply(&connection, account, &[page("t", vec![event], None)], &backfill()).unwrap();
    }
    let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap();
    (connection, account, id)
}

fn numbers(page: &ThreadPage) -> Vec<i64> {
    page.messages.iter().map(|m| m.text.as_ref().unwrap().parse().unwrap()).collect()
}

#[test]
fn walking_back_and_forth_meets_each_message_once() {
    let (connection, _, id) = thread();
    let mut page = thread_page(&connection, id, &ThreadPosition::Newest, 7).unwrap();
    assert_eq!(page.after, None);
    let mut back = numbers(&page);
    while let Some(place) = page.before.clone() {
        page = thread_page(&connection, id, &ThreadPosition::Before { place }, 7).unwrap();
        assert!(page.after.is_some());
        back.splice(0..0, numbers(&page));
    }
    assert_eq!(back, (0..100).collect::<Vec<_>>());
    let mut forth = numbers(&page);
    while let Some(place) = page.after.clone() {
        page = thread_page(&connection, id, &ThreadPosition::After { place }, 7).unwrap();
        forth.extend(numbers(&page));
    }
    assert_eq!(forth, back);
}

#[test]
fn a_thread_opens_around_a_message_and_at_the_first_unread_one() {
    let (connection, account, id) = thread();
    let message = |n: i64| message_of(&connection, account, &remote(&n.to_string())).unwrap().unwrap();
    let around = thread_page(&connection, id, &ThreadPosition::Around { message: message(50) }, 9).unwrap();
    assert_eq!(numbers(&around), (47..56).collect::<Vec<_>>());
    assert!(around.before.is_some() && around.after.is_some());
    let near_the_end = thread_page(&connection, id, &ThreadPosition::Around { message: message(98) }, 9).unwrap();
    assert_eq!(numbers(&near_the_end), (91..100).collect::<Vec<_>>());

    crate::mark_read(&connection, id, message(89)).unwrap();
    let unread = thread_page(&connection, id, &ThreadPosition::FirstUnread, 6).unwrap();
    assert_eq!(unread.first_unread, Some(message(90)));
    assert_eq!(numbers(&unread), (88..94).collect::<Vec<_>>());
    crate::mark_read(&connection, id, message(99)).unwrap();
    let read = thread_page(&connection, id, &ThreadPosition::FirstUnread, 6).unwrap();
    assert_eq!((read.first_unread, numbers(&read)), (None, (94..100).collect()));
}

#[test]
fn a_place_that_is_none_is_refused() {
    let (connection, _, id) = thread();
    for place in ["", "1:2", "1:2:3:4", "a:b:c"] {
        let position = ThreadPosition::Before { place: Place(place.into()) };
        assert!(matches!(thread_page(&connection, id, &position, 5), Err(StoreError::BadPlace)));
    }
    let gone = thread_page(&connection, ConversationId(id.0 + 1), &ThreadPosition::Newest, 5);
    assert!(matches!(gone, Err(StoreError::NotFound("conversation"))));
}

#[test]
fn a_page_is_one_walk_along_its_index() {
    let (connection, ..) = thread();
    for sql in [OLDER, NEWER, NEWER_FROM] {
        assert_walks(&connection, sql, "SEARCH message USING INDEX message_thread (conversation=? AND (at,tie");
    }
    for (sql, index) in [(ATTACHMENTS, "attachment_message"), (REACTIONS, "SEARCH r USING PRIMARY KEY")] {
        let plan = crate::test_support::plan(&connection, sql);
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("SCAN a") && !plan.contains("SCAN r"), "{plan}");
    }
}

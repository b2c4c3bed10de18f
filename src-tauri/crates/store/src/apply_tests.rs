#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use backscroll_model::{
    AttachmentSeen, Change, Conversation, ConversationId, ConversationState, DAY, Direction, Event, GapReason, HOUR,
    Listing, MINUTE, MessageKind, Origin, Page, ParticipantSeen, Platform, ReactionSeen, ReadUpTo, SECOND,
    ThreadPosition, Timestamp,
};
use proptest::prelude::*;
use rusqlite::{Connection, hooks::Action};

use super::*;
use crate::{
    conversation_of, conversations_by_ids, cursor, cursors, gaps, mark_all_read, mark_read, mark_unread,
    message_details, message_of, set_state, take_announcements,
    test_support::{NOW, backfill, check, inbound, live, outbound, page, remote, seen, with_account},
    thread_page, undo_read,
};

#[path = "apply_tests/absence.rs"]
mod absence;
#[path = "apply_tests/files.rs"]
mod files;
#[path = "apply_tests/unread.rs"]
mod unread;

fn the_conversation(connection: &Connection) -> Conversation {
    let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0)).unwrap();
    conversations_by_ids(connection, &[ConversationId(id)], NOW).unwrap().remove(0)
}

fn ago(ms: i64) -> Timestamp {
    NOW.plus(-ms)
}

fn texts(connection: &Connection, conversation: ConversationId) -> Vec<String> {
    let page = thread_page(connection, conversation, &ThreadPosition::Newest, 100).unwrap();
    page.messages.into_iter().map(|m| m.text.unwrap_or_default()).collect()
}

#[test]
fn a_poll_with_nothing_new_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let opened = crate::open::open(folder.path(), crate::Access::Write, 0, NOW).unwrap();
    let mut connection = opened.writer.unwrap();
    let account = crate::test_support::add_account(&connection, Platform::Instagram, "9001");
    let pages: Vec<Page> = (0..40)
        .flat_map(|c| {
            let events = (0..20).map(|m| inbound(&format!("m{c}_{m}"), ago(HOUR * (m + 1)), "Is it ready?")).collect();
            let listing = Some(Listing { from: Some(ago(20 * HOUR)), to: NOW });
            let name = format!("t_{c}");
            let person = Event::Participant(ParticipantSeen {
                remote_id: format!("p{c}").as_str().into(),
                name: Some("Ada Park".into()),
                username: None,
                avatar_url: Some("https://img.test/a.jpg?sig=1".into()),
            });
            [page(&name, events, listing), page(&name, vec![person, Event::ReadUpTo(ago(HOUR))], None)]
        })
        .collect();
    let poll = |connection: &mut Connection, pages: &[Page]| {
        let tx = connection.transaction().unwrap();
        let applied = apply(&tx, account, pages, &live()).unwrap();
        tx.commit().unwrap();
        applied
    };
    assert_eq!(poll(&mut connection, &pages).new, 800);
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let changes = connection.total_changes();

    // The same said again: read later, links signed anew, other bytes around it.
    let mut again = pages;
    for conversation in again.iter_mut().flat_map(|page| &mut page.conversations) {
        if let Some(listing) = &mut conversation.listing {
            listing.to = listing.to.plus(MINUTE);
        }
        for event in &mut conversation.events {
            match event {
                Event::Message(message) => message.raw.push(' '),
                Event::Participant(person) => person.avatar_url = Some("https://img.test/a.jpg?sig=2".into()),
                _ => {}
            }
        }
    }
    assert_eq!(poll(&mut connection, &again), Applied::default());
    assert_eq!(connection.total_changes(), changes);
    let wal = std::fs::metadata(folder.path().join("backscroll.db-wal")).unwrap().len();
    assert_eq!(wal, 0, "bytes in the write-ahead log");
}

#[test]
fn new_messages_write_the_row_of_their_conversation_once() {
    let (connection, account) = with_account(Platform::Messenger);
    let events = |n: i64| (0..n).rev().map(|m| inbound(&format!("m{m}"), ago(HOUR - m * SECOND), "x")).collect();
    apply(&connection, account, &[page("t", events(5), None)], &live()).unwrap();
    let writes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&writes);
    connection
        .update_hook(Some(move |_: Action, _: &str, table: &str, _| {
            if table == "conversation" {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }))
        .unwrap();
    let applied = apply(&connection, account, &[page("t", events(8), None)], &live()).unwrap();
    connection.update_hook(None::<fn(Action, &str, &str, i64)>).unwrap();
    assert_eq!((applied.new, applied.changed, applied.conversations), (3, 0, 1));
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    check(&connection);
}

#[test]
fn equal_instants_keep_the_order_of_the_listing() {
    let (connection, account) = with_account(Platform::Instagram);
    let tied = |name: &str, tie| {
        let mut message = seen(name, Direction::In, ago(HOUR), name);
        message.tie = tie;
        Event::Message(Box::new(message))
    };
    // A listing that was cut inside the instant knows less.
    apply(&connection, account, &[page("t", vec![tied("c", 1), tied("b", 0)], None)], &live()).unwrap();
    let whole = page("t", vec![tied("c", 2), tied("b", 1), tied("a", 0)], None);
    apply(&connection, account, &[whole], &live()).unwrap();
    let row = the_conversation(&connection);
    assert_eq!(texts(&connection, row.id), ["a", "b", "c"]);
    assert_eq!(row.last.unwrap().text.as_deref(), Some("c"));
}

#[test]
fn nothing_is_lost_by_not_being_mentioned() {
    let (connection, account) = with_account(Platform::Instagram);
    let mut full = seen("1", Direction::In, ago(HOUR), "Look");
    full.kind = MessageKind::Image;
    full.attachments = vec![AttachmentSeen {
        kind: MessageKind::Image,
        type_name: "image".into(),
        url: Some("https://cdn.test/1.jpg".into()),
        ..AttachmentSeen::default()
    }];
    full.reactions = Some(vec![ReactionSeen { by: "7001".into(), emoji: "😋".into() }]);
    let mut bare = seen("1", Direction::In, ago(HOUR), "");
    bare.kind = MessageKind::Image;
    let say = |message: &MessageSeenBox| {
        apply(&connection, account, &[page("t", vec![Event::Message(message.clone())], None)], &live()).unwrap()
    };
    say(&Box::new(full));
    assert_eq!(say(&Box::new(bare.clone())).changed, 0);
    let held =
        || message_details(&connection, message_of(&connection, account, &remote("1")).unwrap().unwrap()).unwrap();
    assert_eq!(held().message.text.as_deref(), Some("Look"));
    assert_eq!((held().message.attachments.len(), held().message.reactions.len()), (1, 1));
    // The whole set of reactions, empty, is a statement.
    bare.reactions = Some(Vec::new());
    assert_eq!(say(&Box::new(bare)).changed, 1);
    assert!(held().message.reactions.is_empty());
    check(&connection);
}

type MessageSeenBox = Box<backscroll_model::MessageSeen>;

#[test]
fn an_edit_replaces_text_and_index() {
    let (connection, account) = with_account(Platform::Instagram);
    apply(&connection, account, &[page("t", vec![inbound("1", ago(HOUR), "Tuesday")], None)], &live()).unwrap();
    let applied =
        apply(&connection, account, &[page("t", vec![inbound("1", ago(HOUR), "Wednesday")], None)], &live()).unwrap();
    assert_eq!((applied.new, applied.changed), (0, 1));
    assert_eq!(the_conversation(&connection).last.unwrap().text.as_deref(), Some("Wednesday"));
    check(&connection);
}

#[test]
fn what_is_taken_back_leaves_a_tombstone_and_nothing_of_its_text() {
    let unsent = || page("t", vec![Event::Unsent { message: "1".into() }], None);
    let said = || page("t", vec![inbound("1", ago(HOUR), "secret cake")], None);
    for order in [[said(), unsent(), said()], [unsent(), said(), said()]] {
        let (connection, account) = with_account(Platform::Instagram);
        for page in order {
            apply(&connection, account, &[page], &live()).unwrap();
        }
        let row = the_conversation(&connection);
        assert_eq!((row.unread, row.unanswered, row.messages), (0, false, 1));
        let details =
            message_details(&connection, message_of(&connection, account, &remote("1")).unwrap().unwrap()).unwrap();
        assert_eq!((details.message.kind, details.message.text, details.raw), (MessageKind::Unsent, None, None));
        let hits: i64 = connection
            .query_row("SELECT count(*) FROM message_search WHERE message_search MATCH 'cake'", [], |r| r.get(0))
            .unwrap();
        assert_eq!(hits, 0);
        assert!(take_announcements(&connection).unwrap().is_empty());
        check(&connection);
    }
}

#[test]
fn the_index_finds_every_script() {
    let (connection, account) = with_account(Platform::X);
    for (n, text) in ["Crème brûlée", "山本柚子さん", "great👍👍", "Привет, мир"].into_iter().enumerate()
    {
        let event = inbound(&n.to_string(), ago(HOUR).plus(n as i64), text);
        apply(&connection, account, &[page("t", vec![event], None)], &live()).unwrap();
    }
    for query in ["creme", "\"本柚\"", "山*", "\"山本 本柚\"", "\"👍\"", "прив*", "br*"] {
        let hits: i64 = connection
            .query_row("SELECT count(*) FROM message_search WHERE message_search MATCH ?1", [query], |r| r.get(0))
            .unwrap();
        assert_eq!(hits, 1, "{query}");
    }
}

#[test]
fn cursors_move_with_their_events() {
    let (mut connection, account) = with_account(Platform::X);
    let mut first = page("t", vec![inbound("1", ago(HOUR), "x")], None);
    first.cursors = vec![("walk".into(), Some("p2".into()))];
    {
        let tx = connection.transaction().unwrap();
        apply(&tx, account, std::slice::from_ref(&first), &live()).unwrap();
    }
    assert!(cursors(&connection, account).unwrap().is_empty(), "rolled back together");
    apply(&connection, account, &[first.clone()], &live()).unwrap();
    assert_eq!(cursor(&connection, account, "walk").unwrap().as_deref(), Some("p2"));
    first.cursors = vec![("walk".into(), None)];
    apply(&connection, account, &[first], &live()).unwrap();
    assert!(cursors(&connection, account).unwrap().is_empty());
}

#[test]
fn batches_never_let_a_cursor_or_a_listing_run_ahead() {
    let events = |n: i64| (0..n).map(|m| inbound(&m.to_string(), ago(m), "x")).collect::<Vec<_>>();
    let listing = Some(Listing { from: None, to: NOW });
    let mut big = page("a", events(1_200), listing);
    big.conversations.extend(page("b", events(300), listing).conversations);
    big.cursors = vec![("walk".into(), Some("p2".into()))];
    let done = batches(vec![big, page("c", events(10), None)]);
    let sizes: Vec<usize> =
        done.iter().map(|b| b.iter().flat_map(|p| &p.conversations).map(|c| c.events.len()).sum()).collect();
    assert_eq!(sizes, [500, 500, 500, 10]);
    let with = |f: fn(&Page) -> bool| -> Vec<bool> { done.iter().map(|b| b.iter().any(f)).collect() };
    assert_eq!(with(|p| !p.cursors.is_empty()), [false, false, true, false]);
    assert_eq!(
        with(|p| p.conversations.iter().any(|c| c.remote_id.0 == "a" && c.listing.is_some())),
        [false, false, true, false]
    );
}

#[test]
fn a_listing_that_overlaps_grows_a_stretch_and_one_that_does_not_leaves_a_gap() {
    let (connection, account) = with_account(Platform::Instagram);
    let read = |name: &str, at: Timestamp, from: Option<Timestamp>, to: Timestamp| {
        let listing = Some(Listing { from, to });
        apply(&connection, account, &[page("t", vec![inbound(name, at, "x")], listing)], &live()).unwrap();
    };
    read("1", ago(10 * HOUR), Some(ago(10 * HOUR)), ago(9 * HOUR));
    let id = the_conversation(&connection).id;
    let reasons = || gaps(&connection, id).unwrap().into_iter().map(|g| g.reason).collect::<Vec<_>>();
    assert_eq!(reasons(), [GapReason::Beginning]);
    read("2", ago(5 * HOUR), Some(ago(5 * HOUR)), ago(4 * HOUR));
    assert_eq!(reasons(), [GapReason::Beginning, GapReason::NoOverlap]);
    let gap = gaps(&connection, id).unwrap().remove(1);
    assert_eq!((gap.from, gap.to), (Some(ago(9 * HOUR)), Some(ago(5 * HOUR))));
    let thread = thread_page(&connection, id, &ThreadPosition::Newest, 1).unwrap();
    assert_eq!(thread.gaps.len(), 1, "the beginning is not on this page");
    read("3", ago(7 * HOUR), Some(ago(9 * HOUR)), ago(5 * HOUR));
    assert_eq!(reasons(), [GapReason::Beginning]);
    read("0", ago(11 * HOUR), None, ago(10 * HOUR));
    assert!(reasons().is_empty());
    check(&connection);
}

#[test]
fn a_window_with_a_gap_after_the_last_inbound_message_is_uncertain() {
    let (connection, account) = with_account(Platform::Instagram);
    let old = page("t", vec![inbound("1", ago(9 * DAY), "x")], Some(Listing { from: None, to: ago(9 * DAY) }));
    apply(&connection, account, &[old], &backfill()).unwrap();
    assert!(matches!(the_conversation(&connection).window, backscroll_model::ReplyWindow::Closed { .. }));
    let listing = Some(Listing { from: Some(ago(HOUR)), to: NOW });
    let later = page("t", vec![outbound("2", ago(HOUR), "Still there?")], listing);
    apply(&connection, account, &[later], &live()).unwrap();
    assert_eq!(the_conversation(&connection).window, backscroll_model::ReplyWindow::Uncertain);
    check(&connection);
}

#[test]
fn what_is_not_known_of_a_person_erases_nothing() {
    let (connection, account) = with_account(Platform::Instagram);
    let person = |name: Option<&str>| {
        Event::Participant(ParticipantSeen {
            remote_id: "7001".into(),
            name: name.map(str::to_owned),
            username: None,
            avatar_url: None,
        })
    };
    apply(&connection, account, &[page("t", vec![person(None)], None)], &live()).unwrap();
    assert_eq!(the_conversation(&connection).name, None);
    assert_eq!(the_conversation(&connection).participant, Some(remote("7001")));
    apply(&connection, account, &[page("t", vec![person(Some("Ada\u{202E} Park"))], None)], &live()).unwrap();
    apply(&connection, account, &[page("t", vec![person(None)], None)], &live()).unwrap();
    assert_eq!(the_conversation(&connection).name.as_deref(), Some("Ada Park"));
}

#[test]
fn one_bad_item_never_loses_its_page() {
    let (connection, account) = with_account(Platform::Instagram);
    apply(&connection, account, &[page("a", vec![inbound("1", ago(HOUR), "x")], None)], &live()).unwrap();
    // The same id in another conversation cannot be: it is left out, counted, and the rest stays.
    let events = vec![inbound("2", ago(MINUTE), "y"), inbound("1", ago(HOUR), "x")];
    let applied = apply(&connection, account, &[page("b", events, None)], &live()).unwrap();
    assert_eq!((applied.new, applied.skipped), (1, 1));
    check(&connection);
}

#[test]
fn what_was_taken_back_before_it_was_seen_is_waited_for_thirty_days() {
    let (connection, account) = with_account(Platform::Instagram);
    let take_back = |id: &str, now: Timestamp| {
        let unsent = page("t", vec![Event::Unsent { message: remote(id) }], None);
        apply(&connection, account, &[unsent], &ApplyContext { now, ..live() }).unwrap();
    };
    let waiting = || -> String {
        connection.query_row("SELECT ifnull(group_concat(remote_id), '') FROM unsent", [], |row| row.get(0)).unwrap()
    };
    take_back("1", ago(31 * DAY));
    take_back("2", ago(HOUR));
    take_back("3", NOW);
    assert_eq!(waiting(), "2,3");
    apply(&connection, account, &[page("t", vec![inbound("2", ago(HOUR), "x")], None)], &live()).unwrap();
    assert_eq!(waiting(), "3");
    for (sql, index) in [(unsent::WAS_UNSENT, "PRIMARY KEY"), (unsent::FORGET_UNSENT, "unsent_age")] {
        crate::test_support::assert_walks(&connection, sql, index);
    }
    check(&connection);
}

#[test]
fn deleting_a_history_leaves_the_other_accounts() {
    let (connection, account) = with_account(Platform::Instagram);
    let other = crate::test_support::add_account(&connection, Platform::X, "9002");
    for account in [account, other] {
        let events = (0..20).map(|m| inbound(&m.to_string(), ago(MINUTE * (m + 1)), "cake")).collect();
        apply(&connection, account, &[page("t", events, Some(Listing { from: None, to: NOW }))], &live()).unwrap();
    }
    let mut deleted = 0;
    loop {
        let step = crate::delete_history(&connection, account).unwrap();
        deleted += step.messages;
        check_terms(&connection);
        if step.done {
            break;
        }
    }
    assert_eq!(deleted, 20);
    assert_eq!(crate::accounts(&connection, NOW).unwrap().len(), 1);
    assert_eq!(crate::badge(&connection).unwrap(), (1, 1));
    check(&connection);
}

fn check_terms(connection: &Connection) {
    let (indexed, held): (i64, i64) = connection
        .query_row("SELECT (SELECT count(*) FROM message_search), (SELECT count(*) FROM message)", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(indexed, held);
}

#[test]
fn the_hot_queries_of_apply_walk_their_indexes() {
    let (connection, _) = with_account(Platform::X);
    for (sql, index) in [
        (held::HELD, "message_thread"),
        ("SELECT max(id) FROM message WHERE id BETWEEN ?1 AND ?2", "PRIMARY KEY"),
        (held::HOLDS, "message_remote"),
        ("SELECT id FROM message INDEXED BY message_announce WHERE announce = 1 ORDER BY id", "message_announce"),
    ] {
        let plan = crate::test_support::plan(&connection, sql);
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

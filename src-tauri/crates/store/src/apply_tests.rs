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
fn the_first_back_fill_opens_only_who_still_waits() {
    let cases = [
        (vec![inbound("1", ago(DAY), "Hello?")], ConversationState::Open, 1),
        (vec![inbound("1", ago(8 * DAY), "Hello?")], ConversationState::Done, 0),
        (vec![outbound("2", ago(HOUR), "Yes"), inbound("1", ago(DAY), "Hello?")], ConversationState::Done, 0),
        (
            vec![
                inbound("4", ago(HOUR), "And?"),
                inbound("3", ago(9 * DAY), "Hm"),
                outbound("2", ago(10 * DAY), "Yes"),
                inbound("1", ago(11 * DAY), "Hello?"),
            ],
            ConversationState::Open,
            2,
        ),
        (Vec::new(), ConversationState::Done, 0),
    ];
    for (events, state, unread) in cases {
        let (connection, account) = with_account(Platform::Instagram);
        apply(&connection, account, &[page("t", events.clone(), None)], &backfill()).unwrap();
        let row = the_conversation(&connection);
        assert_eq!((row.state, row.unread), (state, unread), "{events:?}");
        assert!(take_announcements(&connection).unwrap().is_empty(), "a back-fill is never announced");
        check(&connection);
    }
}

#[test]
fn news_open_a_conversation_and_only_they_are_unread() {
    let (connection, account) = with_account(Platform::Instagram);
    let old = vec![inbound("2", ago(60 * DAY), "Hello?"), inbound("1", ago(61 * DAY), "Anyone?")];
    apply(&connection, account, &[page("t", old, None)], &backfill()).unwrap();
    let applied = apply(&connection, account, &[page("t", vec![inbound("3", NOW, "Now?")], None)], &live()).unwrap();
    let row = the_conversation(&connection);
    assert_eq!((row.state, row.unread, row.unanswered), (ConversationState::Open, 1, true));
    assert_eq!(row.waiting_since, Some(ago(61 * DAY)));
    assert!(applied.changes.contains(&Change::Counts));
    assert_eq!(crate::badge(&connection).unwrap(), (1, 1));

    let (before, _) = set_state(&connection, row.id, ConversationState::Done).unwrap();
    assert_eq!(before, ConversationState::Open);
    assert_eq!(crate::badge(&connection).unwrap(), (0, 0));
    apply(&connection, account, &[page("t", vec![inbound("4", NOW.plus(1), "!")], None)], &live()).unwrap();
    assert_eq!(the_conversation(&connection).state, ConversationState::Open);
    check(&connection);
}

#[test]
fn an_old_conversation_first_seen_in_a_poll_is_history() {
    let (connection, account) = with_account(Platform::Instagram);
    apply(&connection, account, &[page("t", vec![inbound("1", ago(60 * DAY), "Hello?")], None)], &live()).unwrap();
    let row = the_conversation(&connection);
    assert_eq!((row.state, row.unread), (ConversationState::Done, 0));
    assert!(take_announcements(&connection).unwrap().is_empty());
}

#[test]
fn a_message_is_announced_once_and_not_after_it_was_read_or_answered_elsewhere() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |events| apply(&connection, account, &[page("t", events, None)], &live()).unwrap();
    say(vec![inbound("1", ago(3 * MINUTE), "Hello?")]);
    assert_eq!(take_announcements(&connection).unwrap().len(), 1);
    assert!(take_announcements(&connection).unwrap().is_empty());

    say(vec![inbound("2", ago(2 * MINUTE), "Are you there?")]);
    let row = the_conversation(&connection);
    mark_read(&connection, row.id, row.last.unwrap().id).unwrap();
    assert!(take_announcements(&connection).unwrap().is_empty(), "read before it was announced");

    say(vec![outbound("4", ago(30 * SECOND), "Yes!"), inbound("3", ago(MINUTE), "Hm")]);
    assert!(take_announcements(&connection).unwrap().is_empty(), "answered elsewhere");
    let row = the_conversation(&connection);
    assert_eq!((row.unread, row.unanswered), (0, false));
}

#[test]
fn reading_marks_move_forward_and_marking_unread_is_undone_by_reading() {
    let (connection, account) = with_account(Platform::Instagram);
    let events = (1..=4).rev().map(|m| inbound(&m.to_string(), ago(HOUR).plus(m), "x")).collect();
    apply(&connection, account, &[page("t", events, None)], &live()).unwrap();
    let id = the_conversation(&connection).id;
    let message = |name: &str| message_of(&connection, account, &remote(name)).unwrap().unwrap();
    assert!(!mark_read(&connection, id, message("3")).unwrap().is_empty());
    assert!(mark_read(&connection, id, message("2")).unwrap().is_empty(), "not backwards");
    assert_eq!(the_conversation(&connection).unread, 1);
    mark_read(&connection, id, message("4")).unwrap();
    assert_eq!(the_conversation(&connection).unread, 0);
    mark_unread(&connection, id).unwrap();
    assert_eq!(the_conversation(&connection).unread, 1);
    let page = thread_page(&connection, id, &ThreadPosition::FirstUnread, 10).unwrap();
    assert_eq!(page.first_unread, Some(message("4")));
    mark_read(&connection, id, message("4")).unwrap();
    assert_eq!(the_conversation(&connection).unread, 0);
    check(&connection);
}

#[test]
fn undo_of_mark_all_read_brings_back_what_was_unread_and_keeps_what_came_meanwhile() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |thread: &str, names: &[(&str, i64)]| {
        let events = names.iter().rev().map(|(name, at)| inbound(name, ago(HOUR).plus(*at), "x")).collect();
        apply(&connection, account, &[page(thread, events, None)], &live()).unwrap();
    };
    say("read in part", &[("1", 1), ("2", 2), ("3", 3)]);
    say("never read", &[("11", 1), ("12", 2)]);
    say("marked", &[("21", 1)]);
    say("read on", &[("31", 1), ("32", 2)]);
    let id = |thread: &str| conversation_of(&connection, account, &remote(thread)).unwrap().unwrap();
    let message = |name: &str| message_of(&connection, account, &remote(name)).unwrap().unwrap();
    let threads = ["read in part", "never read", "marked", "read on"];
    let unread = || threads.map(|t| conversations_by_ids(&connection, &[id(t)], NOW).unwrap()[0].unread);
    mark_read(&connection, id("read in part"), message("1")).unwrap();
    mark_read(&connection, id("marked"), message("21")).unwrap();
    mark_unread(&connection, id("marked")).unwrap();
    assert_eq!(unread(), [2, 2, 1, 2]);

    let gone = ReadUpTo { conversation: ConversationId(999), message: message("1") };
    let newest = [("read in part", "3"), ("never read", "12"), ("marked", "21"), ("read on", "32")];
    let seen = newest.map(|(thread, m)| ReadUpTo { conversation: id(thread), message: message(m) });
    let (marks, changes) = mark_all_read(&connection, &[seen.as_slice(), &[gone]].concat()).unwrap();
    assert_eq!(unread(), [0; 4]);
    assert_eq!(changes.len(), 5, "four rows and the counters once: {changes:?}");
    assert_eq!(mark_all_read(&connection, &seen).unwrap(), (vec![], vec![]), "nothing is left to undo twice");

    say("never read", &[("13", 3)]);
    say("read on", &[("33", 3)]);
    mark_read(&connection, id("read on"), message("33")).unwrap();
    undo_read(&connection, &marks).unwrap();
    assert_eq!(unread(), [2, 3, 1, 0]);
    let page = thread_page(&connection, id("read in part"), &ThreadPosition::FirstUnread, 10).unwrap();
    assert_eq!(page.first_unread, Some(message("2")));
    assert!(undo_read(&connection, &marks).unwrap().is_empty());
    check(&connection);
}

#[test]
fn an_automatic_reply_is_no_answer() {
    let context = ApplyContext { auto_response: Some("We answer soon.".into()), ..live() };
    let question = || page("t", vec![inbound("1", ago(HOUR), "Is it ready?")], None);
    let reply = || page("t", vec![outbound("2", ago(HOUR).plus(3 * SECOND), "We answer soon.")], None);
    for order in [[question(), reply()], [reply(), question()]] {
        let (connection, account) = with_account(Platform::Instagram);
        for said in order {
            apply(&connection, account, &[said], &context).unwrap();
        }
        let row = the_conversation(&connection);
        assert_eq!((row.unread, row.unanswered), (1, true));
        let thread = thread_page(&connection, row.id, &ThreadPosition::Newest, 10).unwrap();
        assert_eq!(thread.messages[1].origin, Origin::Automatic);
        check(&connection);
    }
    // The same words an hour later were typed by a person.
    let (connection, account) = with_account(Platform::Instagram);
    let typed = page("t", vec![outbound("2", NOW, "We answer soon.")], None);
    apply(&connection, account, &[question(), typed], &context).unwrap();
    assert!(!the_conversation(&connection).unanswered);
}

#[test]
fn an_automatic_reply_in_the_providers_own_words_is_known_by_its_haste() {
    let context = ApplyContext { auto_response: Some(String::new()), ..live() };
    let question = || page("t", vec![inbound("1", ago(HOUR), "Is it ready?")], None);
    for (after, unanswered) in [(9, true), (11, false)] {
        let reply = || page("t", vec![outbound("2", ago(HOUR).plus(after * SECOND), "Whatever it says")], None);
        for order in [[question(), reply()], [reply(), question()]] {
            let (connection, account) = with_account(Platform::Instagram);
            for said in order {
                apply(&connection, account, &[said], &context).unwrap();
            }
            assert_eq!(the_conversation(&connection).unanswered, unanswered);
            check(&connection);
        }
    }
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

/// Complete readings of one thread: `shown` of the messages 0 to 29, a minute apart, read at `to`.
struct Readings {
    connection: Connection,
    account: AccountId,
}

impl Readings {
    fn new(platform: Platform) -> Self {
        let (connection, account) = with_account(platform);
        Self { connection, account }
    }

    fn sent_at(n: i64) -> Timestamp {
        ago(HOUR).plus(n * MINUTE)
    }

    fn page(shown: impl Iterator<Item = i64>, to: Timestamp) -> Page {
        let mut events: Vec<Event> =
            shown.map(|n| inbound(&n.to_string(), Self::sent_at(n), &format!("cake {n}"))).collect();
        events.reverse();
        let from = match events.last() {
            Some(Event::Message(oldest)) => Some(oldest.at),
            _ => None,
        };
        page("t", events, Some(Listing { from, to }))
    }

    fn without(n: i64, to: i64) -> Page {
        Self::page((0..10).filter(|m| *m != n), NOW.plus(to))
    }

    fn read(&self, page: &Page) -> Applied {
        apply(&self.connection, self.account, std::slice::from_ref(page), &live()).unwrap()
    }

    fn is_tombstone(&self, n: i64) -> bool {
        let id = message_of(&self.connection, self.account, &remote(&n.to_string())).unwrap().unwrap();
        message_details(&self.connection, id).unwrap().message.kind == MessageKind::Unsent
    }
}

#[test]
fn absent_from_two_complete_readings_in_a_row_is_taken_back() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..10, NOW));
    assert_eq!(desk.read(&Readings::without(4, 1)), Applied::default());
    assert!(!desk.is_tombstone(4));
    let applied = desk.read(&Readings::without(4, 2));
    assert_eq!((applied.new, applied.changed), (0, 1));
    assert!(desk.is_tombstone(4));
    let row = the_conversation(&desk.connection);
    assert_eq!((row.unread, row.messages), (9, 10));
    assert!(applied.changes.contains(&Change::Conversation { id: row.id }));
    check(&desk.connection);
    // From then on an unchanged reading writes nothing again.
    let changes = desk.connection.total_changes();
    assert_eq!(desk.read(&Readings::without(4, 3)), Applied::default());
    assert_eq!(desk.connection.total_changes(), changes);
}

#[test]
fn an_absence_that_another_reading_ends_is_none() {
    let desk = Readings::new(Platform::Messenger);
    desk.read(&Readings::page(0..10, NOW));
    for to in [1, 3, 5] {
        desk.read(&Readings::without(4, to));
        desk.read(&Readings::page(0..10, NOW.plus(to + 1)));
    }
    assert!(!desk.is_tombstone(4));
}

#[test]
fn the_same_reading_again_and_earlier_ones_prove_no_absence() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..10, NOW));
    let missing = Readings::without(4, 2);
    desk.read(&missing);
    let changes = desk.connection.total_changes();
    desk.read(&missing);
    desk.read(&Readings::without(4, 1));
    desk.read(&missing);
    assert_eq!(desk.connection.total_changes(), changes, "from the provider's cache");
    assert!(!desk.is_tombstone(4));
    desk.read(&Readings::page(0..10, NOW.plus(3)));
    desk.read(&missing);
    desk.read(&Readings::without(4, 4));
    assert!(!desk.is_tombstone(4), "read again after it was there");
    desk.read(&Readings::without(4, 5));
    assert!(desk.is_tombstone(4));
}

#[test]
fn an_absence_outside_of_what_is_proven_is_none() {
    let absent = |platform, shown: fn() -> Vec<i64>, listing: fn(Listing) -> Option<Listing>, n| {
        let desk = Readings::new(platform);
        desk.read(&Readings::page(0..30, NOW));
        for to in 1..5 {
            let mut page = Readings::page(shown().into_iter(), NOW.plus(to));
            let said = &mut page.conversations[0];
            said.listing = said.listing.and_then(listing);
            desk.read(&page);
        }
        desk.is_tombstone(n)
    };
    let all_but = || (0..30).filter(|n| *n != 15).collect();
    assert!(absent(Platform::Messenger, all_but, Some, 15));
    assert!(!absent(Platform::X, all_but, Some, 15), "X pages are cut anywhere");
    assert!(!absent(Platform::Messenger, all_but, |_| None, 15), "no claim to be complete");
    let later = |l: Listing| Some(Listing { from: Some(Readings::sent_at(20)), ..l });
    assert!(!absent(Platform::Messenger, all_but, later, 15), "before what is covered");
    let older = || (0..30).filter(|n| *n != 5).collect();
    assert!(!absent(Platform::Messenger, older, Some, 5), "older than the newest 20");
    assert!(!absent(Platform::Messenger, || (0..29).collect(), Some, 29), "no newer neighbour is there");
    assert!(!absent(Platform::Messenger, || (16..30).collect(), Some, 15), "no older neighbour is there");
}

#[test]
fn a_reading_in_which_nothing_is_absent_is_not_worth_a_write_of_its_own() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..10, NOW));
    let writes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&writes);
    desk.connection
        .update_hook(Some(move |_: Action, _: &str, table: &str, _| {
            if table == "conversation" || table == "message" {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }))
        .unwrap();
    // Not the newest page, so its digest is not remembered and it is looked at each time.
    for to in 1..4 {
        desk.read(&Readings::page(0..9, NOW.plus(to)));
    }
    assert_eq!(writes.load(Ordering::Relaxed), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However often readings are told again meanwhile, and in however many transactions.
    #[test]
    fn two_absences_in_a_row_and_nothing_else_make_a_tombstone(
        readings in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..8),
        size in 1..4_usize,
    ) {
        let desk = Readings::new(Platform::Instagram);
        desk.read(&Readings::page(0..10, NOW));
        let mut said: Vec<Page> = Vec::new();
        let mut told = Vec::new();
        for (to, (shown, again)) in (1..).zip(&readings) {
            let page = if *shown { Readings::page(0..10, NOW.plus(to)) } else { Readings::without(4, to) };
            said.push(page.clone());
            told.push(page);
            told.extend(again.iter().map(|index| said[index.index(said.len())].clone()));
        }
        for batch in told.chunks(size) {
            apply(&desk.connection, desk.account, batch, &live()).unwrap();
        }
        let twice = readings.windows(2).any(|two| !two[0].0 && !two[1].0);
        prop_assert_eq!(desk.is_tombstone(4), twice);
        check(&desk.connection);
    }
}

#[test]
fn an_own_message_that_no_reading_has_shown_yet_is_not_absent() {
    let desk = Readings::new(Platform::Instagram);
    desk.read(&Readings::page(0..4, NOW));
    let conversation = the_conversation(&desk.connection).id;
    let at = Readings::sent_at(4);
    let sent = crate::outbox::enqueue_text(&desk.connection, conversation, "Yes", "ref", at, crate::outbox::Start::Now).unwrap().message;
    let (attempt, _) = crate::outbox::begin_attempt(&desk.connection, sent, 0, at).unwrap();
    let outcome = crate::outbox::Outcome::Accepted { remote_id: remote("4") };
    crate::outbox::finish_attempt(&desk.connection, sent, attempt, &outcome, &Default::default(), at).unwrap();
    for to in 1..4 {
        desk.read(&Readings::without(4, to));
    }
    assert!(!desk.is_tombstone(4));
    check(&desk.connection);
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
fn a_dead_link_is_fetched_again_once_it_is_signed_anew() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |signature: u32| {
        let mut message = seen("1", Direction::In, ago(HOUR), "Look");
        message.kind = MessageKind::Image;
        message.attachments = vec![AttachmentSeen {
            kind: MessageKind::Image,
            type_name: "image".into(),
            url: Some(format!("https://cdn.test/1.jpg?sig={signature}")),
            ..AttachmentSeen::default()
        }];
        apply(&connection, account, &[page("t", vec![Event::Message(Box::new(message))], None)], &live()).unwrap()
    };
    say(1);
    let waiting = crate::attachments_waiting(&connection, 10).unwrap();
    assert_eq!(waiting.len(), 1);
    crate::set_media_failed(&connection, waiting[0].id, backscroll_model::MediaFailure::Gone).unwrap();
    assert!(crate::attachments_waiting(&connection, 10).unwrap().is_empty());
    say(1);
    assert!(crate::attachments_waiting(&connection, 10).unwrap().is_empty(), "the same dead link");
    crate::set_media_failed(&connection, waiting[0].id, backscroll_model::MediaFailure::Gone).unwrap();
    say(2);
    assert_eq!(crate::attachments_waiting(&connection, 10).unwrap()[0].url, "https://cdn.test/1.jpg?sig=2");
}

#[test]
fn a_copy_stays_whatever_host_and_path_the_cdn_names_and_that_alone_is_no_news() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |url: &str, remote_id: Option<&str>, text: &str| {
        let mut message = seen("1", Direction::In, ago(HOUR), text);
        message.kind = MessageKind::Image;
        message.attachments = vec![AttachmentSeen {
            kind: MessageKind::Image,
            type_name: "image".into(),
            url: Some(url.into()),
            remote_id: remote_id.map(Into::into),
            ..AttachmentSeen::default()
        }];
        apply(&connection, account, &[page("t", vec![Event::Message(Box::new(message))], None)], &live()).unwrap()
    };
    let held = || -> (i64, i64, String) {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.query_row("SELECT id, state, url FROM attachment", [], row).unwrap()
    };
    say("https://scontent.xx.fbcdn.net/v/t1/a_n.jpg?oe=1", None, "Look");
    let file = crate::MediaFile {
        path: "a/1".into(),
        size: 1,
        sha256: [0; 32],
        mime: "image/jpeg".into(),
        width: None,
        height: None,
    };
    crate::set_media_ready(&connection, backscroll_model::AttachmentId(held().0), &file).unwrap();
    let (id, ready, _) = held();
    let before = connection.total_changes();
    say("https://scontent-fra5.xx.fbcdn.net/v/t39/a_n.jpg?oe=2", None, "Look");
    assert_eq!(connection.total_changes(), before, "a poll without news");

    say("https://scontent-ham3.xx.fbcdn.net/o1/v/t2/f2/other.jpg?oe=3", Some("f_1"), "Look again");
    assert_eq!(held(), (id, ready, "https://scontent-ham3.xx.fbcdn.net/o1/v/t2/f2/other.jpg?oe=3".to_owned()));
    let before = connection.total_changes();
    say("https://lookaside.fbsbx.com/one_more/name.jpg", Some("f_1"), "Look again");
    assert_eq!(connection.total_changes(), before, "known by its id");
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

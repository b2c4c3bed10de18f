//! Which conversations are open, what is unread and announced, and what counts as an answer.

use super::*;

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

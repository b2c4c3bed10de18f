#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{
    AttachmentSeen, ConversationId, Direction, HOUR, Listing, MINUTE, Message, Page, ReactionSeen, ThreadPosition,
    Timestamp,
};
use proptest::prelude::*;

use super::*;
use crate::{
    ApplyContext, Arrival,
    apply::apply,
    test_support::{NOW, assert_walks, check, dump, live, outbound, page, seen, with_account},
    thread_page,
};

const AT: Timestamp = Timestamp(NOW.0 - HOUR);

fn webhook() -> ApplyContext {
    ApplyContext { arrival: Arrival::Webhook, ..live() }
}

fn message(seen: MessageSeen) -> Event {
    Event::Message(Box::new(seen))
}

fn told(event: Event) -> (Page, ApplyContext) {
    (page("t", vec![event], None), webhook())
}

fn read(events: Vec<Event>, to: Timestamp) -> (Page, ApplyContext) {
    (page("t", events, Some(Listing { from: None, to })), live())
}

fn rows(pages: &[(Page, ApplyContext)]) -> Connection {
    let (connection, account) = with_account(Platform::Instagram);
    for (page, context) in pages {
        apply(&connection, account, std::slice::from_ref(page), context).unwrap();
    }
    check(&connection);
    connection
}

fn thread(connection: &Connection) -> Vec<Message> {
    let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap();
    thread_page(connection, id, &ThreadPosition::Newest, 100).unwrap().messages
}

fn text(id: &str, at: Timestamp, text: &str) -> MessageSeen {
    seen(id, Direction::In, at, text)
}

fn photo(id: &str, at: Timestamp, url: &str) -> MessageSeen {
    MessageSeen {
        kind: MessageKind::Image,
        attachments: vec![AttachmentSeen {
            kind: MessageKind::Image,
            type_name: "image".into(),
            url: Some(url.into()),
            ..AttachmentSeen::default()
        }],
        raw: format!("{{\"{url}\":1}}"),
        ..text(id, at, "")
    }
}

fn edited(edition: u32) -> Event {
    Event::Edited { message: "1".into(), text: format!("edition {edition}"), edition }
}

fn reacted(by: &str, emoji: Option<&str>, at: i64) -> Event {
    Event::Reacted { message: "1".into(), by: by.into(), emoji: emoji.map(Into::into), at: AT.plus(at) }
}

#[test]
fn a_webhook_and_its_reading_are_one_row_whichever_comes_first() {
    let share =
        MessageSeen { kind: MessageKind::Reel, raw: "{\"reel\":1}".into(), ..photo("1", AT.plus(400), "https://r") };
    let nothing = MessageSeen { kind: MessageKind::Unknown, raw: "{\"nothing\":1}".into(), ..text("1", AT, "") };
    for (by_webhook, by_reading) in [
        (text("1", AT.plus(400), "Is it ready?"), text("1", AT, "Is it ready?")),
        (photo("1", AT.plus(400), "https://webhook/1.jpg"), photo("1", AT, "https://read/1.jpg")),
        (share, nothing),
        (MessageSeen { reply_to: Some("0".into()), ..text("1", AT.plus(1), "x") }, text("1", AT, "x")),
    ] {
        let one = told(message(by_webhook));
        let other = read(vec![message(by_reading)], NOW);
        let first = rows(&[one.clone(), other.clone()]);
        assert_eq!(dump(&first), dump(&rows(&[other.clone(), one.clone()])));
        assert_eq!(dump(&first), dump(&rows(&[other.clone(), one.clone(), other, one])));
        let thread = thread(&first);
        assert_eq!(thread.len(), 1);
        assert_ne!(thread[0].at, AT, "the milliseconds are kept");
    }
}

#[test]
fn a_copy_that_was_fetched_stays_when_the_reading_names_another_link() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |(page, context): (Page, ApplyContext)| apply(&connection, account, &[page], &context).unwrap();
    say(told(message(photo("1", AT.plus(9), "https://webhook/1.jpg"))));
    let waiting = crate::attachments_waiting(&connection, 9).unwrap();
    let file = crate::MediaFile {
        path: "a/1".into(),
        size: 1,
        sha256: [0; 32],
        mime: "image/png".into(),
        width: None,
        height: None,
    };
    crate::set_media_ready(&connection, waiting[0].id, &file).unwrap();
    say(read(vec![message(photo("1", AT, "https://read/1.jpg"))], NOW));
    let attachment = thread(&connection).remove(0).attachments.remove(0);
    assert_eq!(attachment.file, backscroll_model::MediaState::Ready { path: "a/1".into() });
    assert_eq!(attachment.url.as_deref(), Some("https://read/1.jpg"));
}

#[test]
fn a_message_that_is_held_under_its_other_id_is_not_counted_as_missing() {
    let ids = |id: &str| {
        let (mut ids, context) = read(vec![Event::Listed { message: id.into(), at: AT }], NOW);
        let listing = ids.conversations[0].listing.take();
        ids.conversations[0].ids = listing;
        (ids, context)
    };
    let placeholders = |connection: &Connection| -> i64 {
        connection.query_row("SELECT count(*) FROM placeholder", [], |row| row.get(0)).unwrap()
    };
    let hook = told(message(text("w", AT.plus(400), "x")));
    let reading = read(vec![message(text("r", AT, "x"))], NOW);
    for order in [[&hook, &ids("r"), &reading], [&ids("r"), &hook, &reading], [&hook, &reading, &ids("r")]] {
        let connection = rows(&order.map(Clone::clone));
        assert_eq!((placeholders(&connection), thread(&connection).len()), (0, 1));
    }
    let connection = rows(&[hook.clone(), ids("r")]);
    assert_eq!(placeholders(&connection), 0, "listed under the id of readings");
    let other = rows(&[hook, ids("r"), told(Event::Listed { message: "q".into(), at: AT })]);
    assert_eq!(placeholders(&other), 1, "one row is one message");
}

#[test]
fn a_message_that_is_known_to_the_millisecond_is_not_unread_again() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |(page, context): (Page, ApplyContext)| apply(&connection, account, &[page], &context).unwrap();
    say(read(vec![message(text("1", AT, "x"))], NOW));
    let shown = thread(&connection).remove(0);
    crate::mark_read(&connection, shown.conversation, shown.id).unwrap();
    say(told(message(text("1", AT.plus(400), "x"))));
    assert_eq!(crate::conversation(&connection, shown.conversation, NOW).unwrap().unread, 0);
    check(&connection);
}

#[test]
fn a_webhook_is_news_and_absence_from_readings_takes_nothing_back_that_only_it_told() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |(page, context): (Page, ApplyContext)| apply(&connection, account, &[page], &context).unwrap();
    say(told(message(text("2", AT.plus(MINUTE), "x"))));
    assert_eq!(crate::take_announcements(&connection).unwrap().len(), 1);
    for n in 0..3 {
        say(read(vec![message(text("3", AT.plus(2 * MINUTE), "y")), message(text("1", AT, "z"))], NOW.plus(n)));
    }
    assert_eq!(thread(&connection).iter().map(|m| m.kind).collect::<Vec<_>>(), [MessageKind::Text; 3]);
}

#[test]
fn words_wait_for_their_message_and_count_by_edition_and_time() {
    let words =
        [told(edited(1)), told(edited(3)), told(reacted("p", Some("❤️"), 10)), told(reacted("p", Some("😮"), 20))];
    let read_by_them = told(Event::ReadMessage { message: "1".into() });
    let it = told(message(text("1", AT.plus(400), "first")));
    let mut before: Vec<_> = words.to_vec();
    before.extend([read_by_them.clone(), it.clone()]);
    let mut after = vec![it, read_by_them];
    after.extend(words.into_iter().rev());
    let (before, after) = (rows(&before), rows(&after));
    assert_eq!(dump(&before), dump(&after));
    let shown = thread(&before).remove(0);
    assert_eq!(shown.text.as_deref(), Some("edition 3"));
    assert_eq!(shown.reactions.iter().map(|r| r.emoji.as_str()).collect::<Vec<_>>(), ["😮"]);
    let read_up_to = crate::conversation(&before, shown.conversation, NOW).unwrap().read_up_to;
    assert_eq!(read_up_to, Some(AT.plus(999)), "the end of its second");
}

#[test]
fn a_reaction_taken_back_stays_taken_back_when_an_older_one_comes_late() {
    let it = told(message(text("1", AT, "x")));
    let connection = rows(&[it, told(reacted("p", None, 20)), told(reacted("p", Some("❤️"), 10))]);
    assert!(thread(&connection)[0].reactions.is_empty());
}

#[test]
fn a_reading_is_newer_than_words_before_it_and_older_than_those_after() {
    let at = |ms| MessageSeen {
        reactions: Some(vec![ReactionSeen { by: "q".into(), emoji: "👍".into() }]),
        ..text("1", AT, if ms == 0 { "as read" } else { "as read later" })
    };
    let reading = read(vec![message(at(0))], AT.plus(50));
    for words in [
        [told(reacted("p", Some("❤️"), 10)), told(reacted("r", Some("😮"), 90)), told(edited(1))],
        [told(edited(1)), told(reacted("r", Some("😮"), 90)), told(reacted("p", Some("❤️"), 10))],
    ] {
        let mut pages = words.to_vec();
        pages.push(reading.clone());
        let shown = thread(&rows(&pages)).remove(0);
        let reactions: Vec<_> = shown.reactions.iter().map(|r| (r.by.as_str(), r.emoji.as_str())).collect();
        assert_eq!(reactions, [("q", "👍"), ("r", "😮")]);
        assert_eq!(shown.text.as_deref(), Some("as read"));
    }
    // An edit that comes late is undone by the next reading, even if that says what the last one said.
    let connection = rows(&[reading.clone(), told(edited(1)), read(vec![message(at(0))], NOW)]);
    assert_eq!(thread(&connection)[0].text.as_deref(), Some("as read"));
}

#[test]
fn what_is_taken_back_leaves_no_word_behind() {
    for pages in [
        [told(edited(1)), told(Event::Unsent { message: "1".into() })],
        [told(message(text("1", AT, "x"))), told(Event::Unsent { message: "1".into() })],
    ] {
        let connection = rows(&[pages[0].clone(), told(edited(2)), pages[1].clone(), told(edited(3))]);
        let texts: i64 = connection
            .query_row("SELECT count(*) FROM parked WHERE text LIKE '%edition 1%'", [], |r| r.get(0))
            .unwrap();
        assert_eq!(texts, 0);
        assert!(thread(&connection).iter().all(|m| m.text.is_none()));
    }
}

#[test]
fn words_that_nobody_came_for_are_dropped_after_thirty_days() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |event, now| {
        apply(&connection, account, &[page("t", vec![event], None)], &ApplyContext { now, ..webhook() }).unwrap()
    };
    say(edited(1), NOW);
    let other = Event::Edited { message: "2".into(), text: "x".into(), edition: 1 };
    say(other, NOW.plus(31 * 24 * HOUR));
    let left: String = connection.query_row("SELECT group_concat(message) FROM parked", [], |r| r.get(0)).unwrap();
    assert_eq!(left, "2");
}

#[test]
fn two_ids_of_one_message_are_brought_together_once() {
    let by_webhook = told(message(text("w", AT.plus(400), "ok")));
    let by_reading = read(vec![message(text("r", AT.plus(1_000), "ok"))], NOW);
    for pages in [[by_webhook.clone(), by_reading.clone()], [by_reading.clone(), by_webhook.clone()]] {
        let mut pages = pages.to_vec();
        pages.push(by_webhook.clone());
        pages.push(told(Event::Edited { message: "w".into(), text: "edited".into(), edition: 1 }));
        let shown = thread(&rows(&pages));
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].remote_id.as_ref().unwrap().as_str(), "r");
        assert_eq!((shown[0].at, shown[0].text.as_deref()), (AT.plus(1_000), Some("edited")));
    }
}

#[test]
fn equal_texts_that_are_two_messages_stay_two() {
    let one = read(vec![message(text("1", AT, "ok"))], NOW);
    let two = read(vec![message(text("2", AT.plus(1_000), "ok")), message(text("1", AT, "ok"))], NOW.plus(1));
    for pages in [
        vec![one.clone(), told(message(text("2", AT.plus(1_200), "ok"))), two.clone()],
        vec![told(message(text("2", AT.plus(1_200), "ok"))), one, two.clone()],
        vec![told(message(text("2", AT.plus(1_200), "ok"))), two],
    ] {
        let shown = thread(&rows(&pages));
        assert_eq!(shown.iter().map(|m| m.remote_id.as_ref().unwrap().as_str()).collect::<Vec<_>>(), ["1", "2"]);
    }
}

#[test]
fn within_one_second_messages_stand_as_the_reading_lists_them_whatever_webhooks_told_when() {
    let ids = ["1", "2", "3"];
    let by_webhook = |n: usize| told(message(text(ids[n], AT.plus(300 + 300 * i64::try_from(n).unwrap()), ids[n])));
    let listed = |n: usize| message(MessageSeen { tie: u16::try_from(n).unwrap(), ..text(ids[n], AT, ids[n]) });
    let reading = read((0..3).rev().map(listed).collect(), NOW);
    // Of some no webhook ever comes, and any of them may come before the reading or after it.
    for which in 0..27 {
        let when = [which % 3, which / 3 % 3, which / 9];
        let hooks = |wanted: i32| (0..3).filter(move |n| when[*n] == wanted).map(by_webhook);
        let mut pages: Vec<_> = hooks(1).collect();
        pages.push(reading.clone());
        pages.extend(hooks(2));
        let shown = thread(&rows(&pages));
        let order: Vec<_> = shown.iter().map(|m| m.remote_id.as_ref().unwrap().as_str()).collect();
        assert_eq!(order, ids, "{when:?}");
        pages.reverse();
        assert_eq!(dump(&rows(&pages)), dump(&rows(&pages.iter().rev().cloned().collect::<Vec<_>>())), "{when:?}");
    }
}

#[test]
fn elsewhere_than_at_instagram_two_ids_are_two_messages() {
    let (connection, account) = with_account(Platform::Messenger);
    for (page, context) in [told(message(text("w", AT.plus(400), "ok"))), read(vec![message(text("r", AT, "ok"))], NOW)]
    {
        apply(&connection, account, &[page], &context).unwrap();
    }
    assert_eq!(thread(&connection).len(), 2);
}

#[test]
fn a_quote_is_shown_as_far_as_it_is_known() {
    let answer = MessageSeen { reply_to: Some("1".into()), ..text("2", AT.plus(MINUTE), "yes") };
    let connection = rows(&[read(vec![message(answer.clone())], NOW)]);
    let quote = thread(&connection).remove(0).reply_to.unwrap();
    assert_eq!((quote.remote_id.as_str(), quote.message, quote.text), ("1", None, None));
    let connection = rows(&[read(vec![message(answer), outbound("1", AT, &"long\n".repeat(90))], NOW)]);
    let shown = thread(&connection);
    let quote = shown[1].reply_to.clone().unwrap();
    assert_eq!((quote.message, quote.direction), (Some(shown[0].id), Some(Direction::Out)));
    assert!((190..=200).contains(&quote.text.unwrap().chars().count()));
}

#[test]
fn the_queries_walk_their_indexes() {
    let (connection, _) = with_account(Platform::Instagram);
    for (sql, index) in [
        (crate::apply::merge::FIND, "message_remote"),
        (crate::apply::merge::FIND_BY_ALIAS, "SEARCH alias"),
        (crate::placeholder::CAME, "PRIMARY KEY"),
    ] {
        let plan = crate::test_support::plan(&connection, sql);
        assert!(plan.contains(index) && !plan.contains("SCAN message"), "{plan}");
    }
    let plan = crate::test_support::plan(&connection, crate::placeholder::LIST);
    assert!(plan.contains("message_remote") && plan.contains("alias USING") && plan.contains("unsent USING"), "{plan}");
    let plan = crate::test_support::plan(&connection, crate::message::QUOTES);
    assert!(plan.contains("message_remote") && !plan.contains("SCAN m"), "{plan}");
    let plan = crate::test_support::plan(&connection, TWIN);
    assert!(plan.contains("message_thread"), "{plan}");
    assert_walks(&connection, crate::gaps::PRESENT, "message_thread");
    assert_walks(&connection, LISTED, "message_thread");
}

#[test]
fn within_one_second_the_milliseconds_are_kept() {
    assert_eq!(precise(5_000, 5_400), 5_400);
    assert_eq!(precise(5_400, 5_000), 5_400);
    assert_eq!(precise(5_400, 6_000), 6_000);
    assert_eq!(precise(-600, -1_000), -600, "before 1970 too");
}

/// Anything that a webhook can say.
fn words() -> impl Strategy<Value = Vec<Event>> {
    let ids = prop::sample::select(vec!["1", "2", "3"]);
    let word = (ids, 0..5_u8, 0..4_i64, prop::bool::ANY).prop_map(|(id, what, number, other)| {
        let message = RemoteId::from(id);
        match what {
            0 => Event::Edited { message, text: format!("edition {number}"), edition: u32::try_from(number).unwrap() },
            1 | 2 => Event::Reacted {
                message,
                by: if other { "p" } else { "q" }.into(),
                emoji: (number != 3).then(|| ["❤️", "😮", "👍"][usize::try_from(number).unwrap()].into()),
                at: AT.plus(number),
            },
            3 => Event::ReadMessage { message },
            _ => {
                let number: i64 = id.parse().unwrap();
                let at = AT.plus(number * 1_000 + 300 + number);
                Event::Message(Box::new(seen(id, Direction::In, at, &format!("first {number}"))))
            }
        }
    });
    prop::collection::vec(word, 1..14)
}

/// What the platform says in the end.
fn in_the_end() -> (Page, ApplyContext) {
    let events = (1..=3).rev().map(|number: i64| {
        Event::Message(Box::new(MessageSeen {
            reactions: Some(vec![ReactionSeen { by: "p".into(), emoji: "🎂".into() }]),
            ..seen(&number.to_string(), Direction::In, AT.plus(number * 1_000), &format!("last {number}"))
        }))
    });
    read(events.collect(), NOW)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn webhooks_in_any_order_end_in_the_same_rows(
        (one, other) in words().prop_flat_map(|words| (Just(words.clone()), Just(words).prop_shuffle())),
    ) {
        let all = |words: Vec<Event>| rows(&words.into_iter().map(told).collect::<Vec<_>>());
        prop_assert_eq!(dump(&all(one)), dump(&all(other)));
    }

    #[test]
    fn after_a_reading_messages_are_what_they_would_be_without_webhooks(words in words(), more in words()) {
        let mut pages: Vec<_> = words.into_iter().map(told).collect();
        pages.push(in_the_end());
        pages.extend(more.into_iter().map(told));
        pages.push(in_the_end());
        let said = |connection: &Connection| -> Vec<_> {
            let shown = thread(connection).into_iter();
            shown.map(|m| (m.remote_id, m.at.0 / 1_000, m.kind, m.text, m.reactions.len(), m.reply_to)).collect()
        };
        prop_assert_eq!(said(&rows(&pages)), said(&rows(&[in_the_end()])));
    }
}

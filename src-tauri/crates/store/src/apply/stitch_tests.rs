#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{
    AccountId, Backfill, BusinessId, HOUR, Listing, Page, ParticipantSeen, Platform, Provider, SECOND, Timestamp,
};

use super::*;
use crate::{
    NewAccount, account,
    apply::apply,
    test_support::{NOW, assert_walks, check, inbound, live, outbound, page, with_account},
};

const AT: Timestamp = Timestamp(NOW.0 - HOUR);

fn switch(connection: &Connection, to: Provider) {
    let link = account::add_connection(connection, to, "Bakery", "https://other.test", None, NOW).unwrap();
    let new = NewAccount {
        business: BusinessId(1),
        platform: Platform::Messenger,
        remote_id: "9001".into(),
        name: "Corner Bakery".into(),
        username: None,
        connection: link,
        backfill: Backfill::Pending,
    };
    assert!(!account::upsert_account(connection, &new, NOW).unwrap().created);
}

fn person(id: &str) -> Event {
    Event::Participant(ParticipantSeen { remote_id: id.into(), name: None, username: None, avatar_url: None })
}

/// A complete reading of one conversation, newest first.
fn reading(conversation: &str, who: &str, messages: Vec<Event>, number: i64) -> Page {
    let mut events = vec![person(who)];
    events.extend(messages.into_iter().rev());
    page(conversation, events, Some(Listing { from: None, to: NOW.plus(number) }))
}

fn say(connection: &Connection, account: AccountId, page: &Page) {
    apply(connection, account, std::slice::from_ref(page), &live()).unwrap();
    check(connection);
}

/// Id and text of each message, by time.
fn held(connection: &Connection) -> Vec<String> {
    connection
        .prepare(
            "SELECT c.remote_id || ' ' || m.remote_id || ' ' || m.text || iif(m.kind = 7, ' gone', '')
             FROM message m JOIN conversation c ON c.id = m.conversation ORDER BY m.at, m.tie, m.id",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

/// What was said, with the ids of one provider; Ayrshare tells milliseconds.
fn said(prefix: &str, precise: bool) -> Vec<Event> {
    let id = |n: i64| format!("{prefix}{n}");
    let at = |n: i64, ms: i64| AT.plus(n * SECOND + if precise { ms } else { 0 });
    vec![
        inbound(&id(1), at(0, 120), "Is it ready?"),
        outbound(&id(2), at(60, 999), "Yes"),
        inbound(&id(3), at(90, 10), "ok"),
        inbound(&id(4), at(91, 10), "ok"),
        outbound(&id(5), at(91, 500), "ok"),
    ]
}

fn expected(conversation: &str, prefix: &str) -> Vec<String> {
    let texts = ["Is it ready?", "Yes", "ok", "ok", "ok"];
    texts.iter().zip(1..).map(|(text, n)| format!("{conversation} {prefix}{n} {text}")).collect()
}

#[test]
fn a_history_goes_on_with_another_provider_and_back_and_nothing_doubles() {
    for (first_precise, conversations, prefixes) in [
        (true, ["t", "t"], ["a", "a"]),
        (true, ["t", "t"], ["a", "g"]),
        (true, ["t", "u"], ["a", "g"]),
        (true, ["t", "u"], ["a", "a"]),
        (false, ["t", "u"], ["g", "a"]),
        (false, ["t", "t"], ["g", "a"]),
    ] {
        let (connection, account) = with_account(Platform::Messenger);
        if !first_precise {
            switch(&connection, Provider::Meta);
        }
        say(&connection, account, &reading(conversations[0], "7", said(prefixes[0], first_precise), 0));
        let (one, other) = match first_precise {
            true => (Provider::Ayrshare, Provider::Meta),
            false => (Provider::Meta, Provider::Ayrshare),
        };
        for round in 0..2 {
            switch(&connection, other);
            for n in 1..4 {
                say(
                    &connection,
                    account,
                    &reading(conversations[1], "7", said(prefixes[1], !first_precise), 10 * round + n),
                );
            }
            assert_eq!(held(&connection), expected(conversations[1], prefixes[1]), "{conversations:?} {prefixes:?}");
            switch(&connection, one);
            for n in 4..7 {
                say(
                    &connection,
                    account,
                    &reading(conversations[0], "7", said(prefixes[0], first_precise), 10 * round + n),
                );
            }
            assert_eq!(held(&connection), expected(conversations[0], prefixes[0]), "{conversations:?} {prefixes:?}");
        }
    }
}

#[test]
fn pages_that_part_what_was_repeated_match_it_one_to_one_all_the_same() {
    let (connection, account) = with_account(Platform::Messenger);
    say(&connection, account, &reading("t", "7", said("a", true), 0));
    switch(&connection, Provider::Meta);
    let mut older = said("g", false);
    let newer = older.split_off(3);
    say(&connection, account, &page("t", newer.into_iter().rev().collect(), None));
    say(&connection, account, &page("t", older.into_iter().rev().collect(), None));
    assert_eq!(held(&connection), expected("t", "g"));
}

#[test]
fn nothing_becomes_one_that_was_never_the_same() {
    let (connection, account) = with_account(Platform::Messenger);
    say(&connection, account, &reading("t", "7", vec![inbound("a1", AT, "ok")], 0));
    say(&connection, account, &reading("v", "8", vec![inbound("a9", AT, "ok")], 0));
    switch(&connection, Provider::Meta);
    let news = vec![
        inbound("g1", AT, "ok"),
        inbound("g2", AT.plus(SECOND), "ok"),
        outbound("g3", AT.plus(SECOND), "ok"),
        inbound("g4", AT.plus(SECOND), "OK"),
        inbound("g5", AT.plus(10 * SECOND), "ok"),
    ];
    say(&connection, account, &reading("u", "7", news.clone(), 1));
    say(&connection, account, &reading("u", "7", news, 2));
    assert_eq!(held(&connection).len(), 6, "{:?}", held(&connection));
    say(&connection, account, &reading("w", "6", vec![inbound("g9", AT, "ok")], 3));
    assert_eq!(held(&connection).len(), 7, "of somebody else");
}

#[test]
fn where_the_ids_are_the_same_nothing_is_guessed() {
    let (connection, account) = with_account(Platform::Messenger);
    say(&connection, account, &reading("t", "7", vec![inbound("m1", AT, "ok")], 0));
    switch(&connection, Provider::Meta);
    let both = vec![inbound("m0", AT, "ok"), inbound("m1", AT, "ok")];
    say(&connection, account, &reading("t", "7", both, 1));
    assert_eq!(held(&connection).len(), 2);
}

#[test]
fn what_the_provider_before_told_alone_is_neither_absent_nor_counted_as_missing() {
    let (connection, account) = with_account(Platform::Messenger);
    say(&connection, account, &reading("t", "7", said("a", true), 0));
    switch(&connection, Provider::Meta);
    let mut few = said("g", false);
    few.remove(1);
    for n in 1..5 {
        say(&connection, account, &reading("t", "7", few.clone(), n));
    }
    assert_eq!(held(&connection).len(), 5);
    assert!(held(&connection).contains(&"t a2 Yes".to_owned()));
    let mut ids = page("t", vec![Event::Listed { message: "g2".into(), at: AT.plus(60 * SECOND) }], None);
    ids.conversations.first_mut().unwrap().ids = Some(Listing { from: None, to: NOW });
    say(&connection, account, &ids);
    let counted: i64 = connection.query_row("SELECT count(*) FROM placeholder", [], |row| row.get(0)).unwrap();
    assert_eq!(counted, 0);
}

#[test]
fn a_webhook_of_the_present_provider_finds_the_row_that_the_one_before_told_of() {
    let (connection, account) = with_account(Platform::Messenger);
    say(&connection, account, &reading("t", "7", vec![inbound("a1", AT, "Is it ready?")], 0));
    switch(&connection, Provider::Meta);
    let context = crate::ApplyContext { arrival: crate::Arrival::Webhook, ..live() };
    let told = page("t", vec![inbound("g1", AT.plus(300), "Is it ready?")], None);
    apply(&connection, account, &[told], &context).unwrap();
    say(&connection, account, &reading("t", "7", vec![inbound("g1", AT, "Is it ready?")], 1));
    assert_eq!(held(&connection), ["t g1 Is it ready?"]);
}

#[test]
fn stitching_walks_indexes() {
    let (connection, _) = with_account(Platform::Messenger);
    assert_walks(&connection, UNNAMED, "message_thread");
    let plan = crate::test_support::plan(&connection, BY_PERSON);
    assert!(plan.contains("participant_remote") && !plan.contains("SCAN"), "{plan}");
}

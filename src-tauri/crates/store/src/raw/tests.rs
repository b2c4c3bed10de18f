//! Payloads through the one way in: what comes back, what it costs, what is left behind.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{
    AccountId, Direction, Event, MessageId, MessageSeen, Page, ParticipantSeen, Platform, RemoteId,
};

use super::*;
use crate::{
    account,
    apply::apply,
    message::message_of,
    test_support::{NOW, check, live, page, remote, seen, with_account},
};

const CONVERSATION: &str = "t_58981423575298811";
const PERSON: &str = "6003036372765190";
const PICTURE: &str = "https://img.example.test/333/messages/facebook-eTZzhE2b.jpeg";

fn person() -> Event {
    Event::Participant(ParticipantSeen {
        remote_id: PERSON.into(),
        name: Some("Zoë Duarte".into()),
        username: None,
        avatar_url: Some(PICTURE.into()),
    })
}

/// As random and as long as the platform's.
fn id_of(number: usize) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = number as u64 + 1;
    let id = (0..64).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[usize::try_from(state >> 58).unwrap()])
    });
    format!("m_{}", id.collect::<String>())
}

fn ayrshare(id: &str, text: &str) -> String {
    format!(
        r#"{{"id":"{id}","conversationId":"{CONVERSATION}","platform":"facebook","action":"received","message":"{text}","created":"2026-02-03T09:59:40.001Z","senderId":"{PERSON}","recipientId":"9001","senderDetails":{{"name":"Zoë Duarte","profileImage":"{PICTURE}"}}}}"#
    )
}

fn graph(id: &str, text: &str) -> String {
    format!(
        r#"{{"id":"{id}","created_time":"2026-08-31T23:00:00+0000","from":{{"name":"Zo\u00eb Duarte","id":"{PERSON}"}},"to":{{"data":[{{"id":"9001"}}]}},"message":"{text}"}}"#
    )
}

fn message(number: usize, raw: &str) -> Event {
    let at = NOW.plus(-1_000_000 + i64::try_from(number).unwrap() * 1_000);
    Event::Message(Box::new(MessageSeen { raw: raw.to_owned(), ..seen(&id_of(number), Direction::In, at, "hello") }))
}

fn take_in(connection: &Connection, account: AccountId, raws: &[String]) {
    let messages = raws.iter().enumerate().map(|(number, raw)| message(number, raw));
    let pages: [Page; 1] = [page(CONVERSATION, std::iter::once(person()).chain(messages).collect(), None)];
    apply(connection, account, &pages, &live()).unwrap();
}

fn of(connection: &Connection, account: AccountId, number: usize) -> MessageId {
    message_of(connection, account, &remote(&id_of(number))).unwrap().unwrap()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn payloads_come_back_byte_for_byte_and_cost_little_beside_their_text() {
    for payload in [ayrshare, graph] {
        let (connection, account) = with_account(Platform::Messenger);
        let raws: Vec<String> =
            (0..40).map(|number| payload(&id_of(number), "Ten loaves then, please \\ud83e\\udd56")).collect();
        take_in(&connection, account, &raws);
        for (number, raw) in raws.iter().enumerate() {
            assert_eq!(get(&connection, of(&connection, account, number).0).unwrap().as_ref(), Some(raw));
        }
        let plain: usize = raws.iter().map(String::len).sum();
        let stored =
            number(&connection, "SELECT sum(length(bytes)) + (SELECT sum(length(word)) FROM raw_word) FROM raw");
        assert!((stored as f64) < 0.3 * plain as f64, "{stored} of {plain}");
        check(&connection);
    }
}

#[test]
fn a_payload_of_any_shape_comes_back() {
    let id = id_of(0);
    let odd = [
        String::new(),
        "x".to_owned(),
        "\"".to_owned(),
        format!("\"{id}\"{id}\"{id}"),
        format!(r#"{{"id":"{id}","id":"{id}","again":"\"{id}\"","url":"https://a.test/{id}?p={PERSON}"}}"#),
        format!(r#"{{"{PERSON}":"9001","9001":"{CONVERSATION}","torn":"{PICTURE}"#),
        "\u{0}\u{7f}\u{80}\u{ff}\u{10ffff}".repeat(300),
    ];
    for raw in odd {
        let (connection, account) = with_account(Platform::Messenger);
        take_in(&connection, account, std::slice::from_ref(&raw));
        let expected = (!raw.is_empty()).then_some(raw);
        assert_eq!(get(&connection, of(&connection, account, 0).0).unwrap(), expected);
    }
}

#[test]
fn a_payload_outlives_the_id_name_and_address_that_were_cut_out_of_it() {
    let (connection, account) = with_account(Platform::Messenger);
    let raw = ayrshare(&id_of(0), "Hello");
    take_in(&connection, account, std::slice::from_ref(&raw));
    let id = of(&connection, account, 0).0;
    for rename in [Some("m_another_one"), None, Some("m_a_third"), Some("m_another_one")] {
        connection.execute("UPDATE message SET remote_id = ?2 WHERE id = ?1", (id, rename)).unwrap();
        assert_eq!(get(&connection, id).unwrap().as_ref(), Some(&raw), "{rename:?}");
    }
    connection.execute("UPDATE conversation SET remote_id = 'another'", []).unwrap();
    connection.execute("UPDATE participant SET name = 'Else', avatar_url = NULL", []).unwrap();
    connection.execute("UPDATE account SET remote_id = '9002', name = 'Other'", []).unwrap();
    assert_eq!(get(&connection, id).unwrap().as_ref(), Some(&raw));
    // What is said anew is packed with the id of now.
    let anew = raw.replace(&id_of(0), "m_another_one");
    replace(&connection, id, None, &anew).unwrap();
    assert_eq!(get(&connection, id).unwrap(), Some(anew));
}

#[test]
fn the_same_again_writes_nothing_and_no_word_twice() {
    let (connection, account) = with_account(Platform::Messenger);
    let raws: Vec<String> = (0..3).map(|number| ayrshare(&id_of(number), "Hello")).collect();
    take_in(&connection, account, &raws);
    let words = number(&connection, "SELECT count(*) FROM raw_word");
    let changes = connection.total_changes();
    take_in(&connection, account, &raws);
    assert_eq!(connection.total_changes(), changes);
    take_in(&connection, account, &(0..5).map(|number| ayrshare(&id_of(number), "Hello")).collect::<Vec<_>>());
    assert_eq!(number(&connection, "SELECT count(*) FROM raw_word"), words);
    assert_eq!(number(&connection, "SELECT count(*) FROM (SELECT DISTINCT conversation, word FROM raw_word)"), words);
}

#[test]
fn nothing_that_was_written_is_a_word_and_what_is_taken_back_is_gone() {
    let (connection, account) = with_account(Platform::Messenger);
    take_in(&connection, account, &(0..5).map(|number| ayrshare(&id_of(number), "a secret")).collect::<Vec<_>>());
    let unsent = (0..5).map(|number| Event::Unsent { message: RemoteId(id_of(number)) }).collect();
    apply(&connection, account, &[page(CONVERSATION, unsent, None)], &live()).unwrap();
    assert_eq!(number(&connection, "SELECT count(*) FROM raw"), 0);
    assert_eq!(number(&connection, "SELECT count(*) FROM raw_word WHERE word LIKE '%secret%'"), 0);
}

#[test]
fn deleting_a_history_leaves_no_payload_and_no_word() {
    let (connection, account) = with_account(Platform::Messenger);
    take_in(&connection, account, &(0..5).map(|number| ayrshare(&id_of(number), "Hello")).collect::<Vec<_>>());
    assert!(number(&connection, "SELECT count(*) FROM raw_word") > 0);
    while !account::delete_history(&connection, account).unwrap().done {}
    assert_eq!(number(&connection, "SELECT (SELECT count(*) FROM raw) + (SELECT count(*) FROM raw_word)"), 0);
}

#[test]
fn a_codec_of_tomorrow_is_refused_and_a_lost_word_is_damage() {
    let (connection, account) = with_account(Platform::Messenger);
    take_in(&connection, account, &[ayrshare(&id_of(0), "Hello")]);
    let id = of(&connection, account, 0).0;
    connection.execute("DELETE FROM raw_word", []).unwrap();
    assert!(matches!(get(&connection, id), Err(StoreError::Corrupt(_))));
    connection.execute("UPDATE raw SET codec = 9", []).unwrap();
    assert!(matches!(get(&connection, id), Err(StoreError::Value { column: "codec", .. })));
    assert_eq!(get(&connection, 0).unwrap(), None);
}

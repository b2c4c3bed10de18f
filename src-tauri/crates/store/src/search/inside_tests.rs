#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{Direction, Event, Platform, SearchHit};
use proptest::prelude::*;

use super::*;
use crate::{
    apply::apply,
    search::{find::search, query::tests::midnight},
    segment::folded,
    test_support::{NOW, live, page, seen, with_account},
};

fn history(texts: &[&str]) -> Connection {
    let (db, account) = with_account(Platform::Messenger);
    for (n, text) in (1..).zip(texts) {
        let at = Timestamp(NOW.0 - 86_400_000 + n * 60_000);
        let message = Event::Message(Box::new(seen(&format!("m{n}"), Direction::In, at, text)));
        apply(&db, account, &[page(if n % 3 == 0 { "t_1" } else { "t_2" }, vec![message], None)], &live()).unwrap();
    }
    db
}

fn conversations(db: &Connection) -> Vec<backscroll_model::ConversationId> {
    let mut select = db.prepare("SELECT id FROM conversation").unwrap();
    let rows = select.query_map([], |row| row.get(0).map(backscroll_model::ConversationId)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn text(query: &str) -> SearchQuery {
    SearchQuery { text: query.into(), ..SearchQuery::default() }
}

fn chunk(db: &Connection, query: &SearchQuery, after: Option<&Place>, looks: u32) -> SearchInside {
    search_inside(db, query, after, looks, NOW, &midnight, &Cancel::default()).unwrap()
}

fn all(db: &Connection, query: &SearchQuery, looks: u32) -> Vec<SearchHit> {
    let (mut hits, mut after) = (Vec::new(), None);
    loop {
        let found = chunk(db, query, after.as_ref(), looks);
        assert!(found.looked_at <= looks);
        hits.extend(found.hits);
        match found.next {
            Some(next) => after = Some(next),
            None => return hits,
        }
    }
}

fn texts(db: &Connection, query: &str) -> Vec<String> {
    all(db, &text(query), 2).into_iter().map(|hit| hit.snippet.unwrap().text).collect()
}

#[test]
fn the_inside_of_words_is_found_under_the_folding_of_the_index() {
    let db = history(&[
        "It was undeliverable",
        "Deliver it, please",
        "UNDELIVERED, deliver again",
        "Die Geburtstagstörtchen und die Torte",
        "Überraschungs-gäste",
        "недоставленный заказ",
        "Größenänderung",
        "ok",
    ]);
    assert_eq!(texts(&db, "deliver"), ["It was undeliverable"]);
    assert_eq!(texts(&db, "tort"), Vec::<String>::new());
    assert_eq!(texts(&db, "tört"), Vec::<String>::new());
    assert_eq!(texts(&db, "stort"), ["Die Geburtstagstörtchen und die Torte"]);
    assert_eq!(texts(&db, "raschungs-g"), ["Überraschungs-gäste"]);
    assert_eq!(texts(&db, "доставлен"), ["недоставленный заказ"]);
    assert_eq!(texts(&db, "ander"), ["Größenänderung"]);
    assert_eq!(texts(&db, "liver was"), ["It was undeliverable"]);
    assert_eq!(texts(&db, "\"liver\""), Vec::<String>::new());
    assert_eq!(texts(&db, "li"), Vec::<String>::new());
    assert_eq!(texts(&db, "from:nobody liver"), Vec::<String>::new());
}

#[test]
fn each_call_looks_at_so_many_and_says_where_to_go_on() {
    let db = history(&["xcake"; 10]);
    for conversation in conversations(&db).into_iter().map(Some).chain([None]) {
        let query = SearchQuery { conversation, ..text("cake") };
        let whole = all(&db, &query, 1_000);
        for looks in [1, 3, 7] {
            assert_eq!(all(&db, &query, looks), whole);
        }
    }
    let first = chunk(&db, &text("cake"), None, 4);
    assert_eq!((first.looked_at, first.hits.len(), first.conversations.len()), (4, 4, 2));
    assert!(
        search_inside(&db, &text("cake"), Some(&Place("1:2".into())), 4, NOW, &midnight, &Cancel::default()).is_err()
    );
}

#[test]
fn a_cancelled_one_looks_at_nothing_more_and_can_go_on_later() {
    let db = history(&["xcake"; 10]);
    let cancel = Cancel::default();
    let other = cancel.clone();
    std::thread::spawn(move || other.cancel()).join().unwrap();
    let found = search_inside(&db, &text("cake"), None, 1_000, NOW, &midnight, &cancel).unwrap();
    assert_eq!((found.looked_at, found.hits.len()), (0, 0));
    assert_eq!(chunk(&db, &text("cake"), found.next.as_ref(), 1_000).hits.len(), 10);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn both_phases_together_are_a_plain_search_for_parts_and_neither_repeats_the_other(
        texts in proptest::collection::vec("([a-cA-C]{1,7}[- éÀ山]{0,2}){1,3}|[абв]{4,9}", 1..20),
        words in proptest::collection::vec("[a-cé]{3,4}|[абв]{3}", 1..3),
    ) {
        let held: Vec<&str> = texts.iter().map(String::as_str).collect();
        let db = history(&held);
        let query = text(&words.join(" "));
        let first = search(&db, &query, None, 200, NOW, &midnight, &Cancel::default()).unwrap().hits;
        let second = all(&db, &query, 3);
        let mut ids: Vec<i64> = first.iter().chain(&second).map(|hit| hit.message.0).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "none twice");
        let expected = held.iter().filter(|text| words.iter().all(|word| folded(text).contains(&folded(word)))).count();
        prop_assert_eq!(count, expected);
    }
}

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{AccountId, AttachmentSeen, Direction, Event, MessageKind, MessageSeen, Platform, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    apply::apply,
    mark_read,
    search::query::tests::midnight,
    segment::folded,
    test_support::{self, NOW, assert_walks, live, page, plan, seen, with_account},
};

/// Texts of one shop in the scripts of its customers.
const TEXTS: [&str; 24] = [
    "Do you still have the blue vase? I would pick it up on Thursday",
    "Vielen Dank für die Geburtstagstorte, der Überraschungsgast war begeistert",
    "The parcel came back as undeliverable, can you deliver it again?",
    "Crème brûlée for two, s'il vous plaît 🎂",
    "CREME or cream, I do not mind",
    "Добрый день, когда придёт мой заказ?",
    "Ёлка уже стоит, спасибо за ёлочные игрушки",
    "وصل الطلب اليوم، شكراً جزيلاً",
    "أين طلبي؟",
    "山本柚子です。注文した蛋糕はまだですか？",
    "我想订一个生日蛋糕，明天可以取吗",
    "糕点很好吃 👍🏽👍🏽",
    "안녕하세요, 케이크 주문하고 싶어요",
    "สวัสดีค่ะ เค้กวันเกิดราคาเท่าไหร่คะ",
    "great👍great 👍",
    "🇫🇷 ❤️ 👨‍👩‍👧",
    "e-mail me at ines@example.org or call +49 30 1234",
    "It costs $25 + shipping = $31",
    "https://shop.example/vase?id=7 is the one",
    "ok",
    "OK!",
    "k",
    "cake cake cake cake",
    "a cake, and another thing altogether with many more words in it, and a cake at the end of a long text",
];

struct Shop {
    db: Connection,
    account: AccountId,
    said: usize,
}

impl Shop {
    fn new() -> Self {
        let (db, account) = with_account(Platform::Instagram);
        Self { db, account, said: 0 }
    }

    fn with(texts: &[&str]) -> Self {
        let mut shop = Self::new();
        for text in texts {
            shop.say("t_1", Direction::In, text);
        }
        shop
    }

    /// A minute after the message before it.
    fn message(&mut self, direction: Direction, text: &str) -> MessageSeen {
        self.said += 1;
        let at = Timestamp(NOW.0 - 2 * 86_400_000 + self.said as i64 * 60_000);
        seen(&format!("m{}", self.said), direction, at, text)
    }

    fn say(&mut self, thread: &str, direction: Direction, text: &str) -> MessageId {
        let message = self.message(direction, text);
        self.bring(thread, message)
    }

    fn bring(&mut self, thread: &str, message: MessageSeen) -> MessageId {
        let remote = message.remote_id.clone();
        let page = page(thread, vec![Event::Message(Box::new(message))], None);
        apply(&self.db, self.account, &[page], &live()).unwrap();
        crate::message_of(&self.db, self.account, &remote).unwrap().unwrap()
    }

    fn name(&self, thread: &str, name: &str, username: &str) {
        self.db
            .execute(
                "INSERT INTO participant (account, remote_id, name, username) VALUES (?1, ?2, ?3, ?4)",
                (self.account.0, thread, name, username),
            )
            .unwrap();
        let person = self.db.last_insert_rowid();
        let named = self
            .db
            .execute(
                "UPDATE conversation SET participant = ?1, name = ?2, username = ?3 WHERE remote_id = ?4",
                (person, name, username, thread),
            )
            .unwrap();
        assert_eq!(named, 1);
    }

    fn conversation(&self, thread: &str) -> ConversationId {
        self.db
            .query_row("SELECT id FROM conversation WHERE remote_id = ?1", [thread], |row| {
                row.get(0).map(ConversationId)
            })
            .unwrap()
    }

    fn page(&self, query: &SearchQuery, after: Option<&Place>, limit: u32) -> SearchPage {
        search(&self.db, query, after, limit, NOW, &midnight, &Cancel::default()).unwrap()
    }

    fn all(&self, query: &SearchQuery, limit: u32) -> Vec<SearchHit> {
        let (mut hits, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(query, after.as_ref(), limit);
            hits.extend(page.hits);
            match page.next {
                Some(next) => after = Some(next),
                None => return hits,
            }
        }
    }

    fn texts(&self, query: &str) -> Vec<String> {
        let query = SearchQuery { text: query.into(), ..SearchQuery::default() };
        self.all(&query, 3).into_iter().map(|hit| hit.snippet.unwrap().text).collect()
    }
}

fn text(query: &str) -> SearchQuery {
    SearchQuery { text: query.into(), ..SearchQuery::default() }
}

/// What a scan of these texts finds under the rule, newest first.
fn scan<'t>(texts: &[&'t str], query: &str) -> Vec<&'t str> {
    let parsed = parse(query, &midnight);
    let mut found: Vec<&str> =
        texts.iter().copied().filter(|text| all_stand_in(&parsed.clauses, &folded(text))).collect();
    found.reverse();
    found
}

#[test]
fn what_is_found_is_what_a_scan_finds_in_every_script() {
    let shop = Shop::with(&TEXTS);
    for (query, expected) in [
        ("vase", 2),
        ("creme", 2),
        ("Crème", 2),
        ("cr", 2),
        ("заказ", 1),
        ("ЗАКАЗ", 1),
        ("елка", 1),
        ("ё", 1),
        ("الطلب", 1),
        ("اين", 1),
        ("شكرا", 1),
        ("ط", 1),
        ("山本柚子", 1),
        ("糕", 3),
        ("蛋糕", 2),
        ("生日蛋糕", 1),
        ("케이크", 1),
        ("วันเกิด", 1),
        ("👍", 2),
        ("👍👍", 0),
        ("👍🏽", 1),
        ("🇫🇷", 1),
        ("❤", 1),
        ("great", 1),
        ("e-mail", 1),
        ("$25", 1),
        ("+", 2),
        ("ok", 2),
        ("k", 1),
        ("\"k\"", 1),
        ("\"pick it up\"", 1),
        ("\"it pick\"", 0),
        ("cake end", 1),
        ("deliver", 1),
        ("torte", 0),
    ] {
        let found = shop.texts(query);
        assert_eq!(found, scan(&TEXTS, query), "{query}");
        assert_eq!(found.len(), expected, "{query}: {found:?}");
    }
}

#[test]
fn a_thread_is_scanned_and_everything_is_asked_of_the_index_with_the_same_answer() {
    let shop = Shop::with(&TEXTS);
    let thread = shop.conversation("t_1");
    for query in ["cake", "c", "蛋糕", "👍", "ок", "the", "\"a cake\"", "delive", "zzz", "has:link"] {
        let inside = SearchQuery { conversation: Some(thread), ..text(query) };
        let ids = |hits: Vec<SearchHit>| hits.into_iter().map(|hit| hit.message).collect::<Vec<_>>();
        assert_eq!(ids(shop.all(&inside, 2)), ids(shop.all(&text(query), 2)), "{query}");
    }
    let nowhere = SearchQuery { conversation: Some(ConversationId(9_999)), ..text("cake") };
    assert!(shop.page(&nowhere, None, 10).hits.is_empty());
}

#[test]
fn hits_come_newest_first_or_best_first_and_pages_repeat_none() {
    let mut shop = Shop::with(&TEXTS);
    for n in 0..40 {
        shop.say("t_2", Direction::Out, &format!("number {n} of the cakes{}", " and more".repeat(n % 7)));
    }
    for sort in [SearchSort::Newest, SearchSort::Best] {
        let query = SearchQuery { sort, ..text("cake") };
        let whole = shop.page(&query, None, 200).hits;
        assert_eq!(whole.len(), 42);
        assert_eq!(shop.all(&query, 5), whole, "{sort:?}");
        assert!(sort == SearchSort::Best || whole.is_sorted_by_key(|hit| Reverse(hit.message)));
    }
    let best = shop.page(&SearchQuery { sort: SearchSort::Best, ..text("cake") }, None, 1).hits.remove(0);
    assert_eq!(best.snippet.unwrap().text, "cake cake cake cake");
}

#[test]
fn a_message_that_comes_between_two_pages_of_the_best_moves_none() {
    let mut shop = Shop::with(&["cake", "cake cake", "a cake of cake", "no cake"]);
    let query = SearchQuery { sort: SearchSort::Best, ..text("cake") };
    let whole = shop.page(&query, None, 200).hits;
    let first = shop.page(&query, None, 2);
    shop.say("t_1", Direction::In, "cake cake cake cake cake");
    let second = shop.page(&query, first.next.as_ref(), 2);
    assert_eq!([first.hits, second.hits].concat(), whole);
    assert_eq!(second.next, None);
}

#[test]
fn words_near_each_other_are_better() {
    let shop =
        Shop::with(&["blue vase", "blue is what I call the colour of this one vase", "vase in blue, or not at all?"]);
    let query = SearchQuery { sort: SearchSort::Best, ..text("blue vase ") };
    assert_eq!(shop.page(&query, None, 1).hits.remove(0).snippet.unwrap().text, "blue vase");
}

#[test]
fn filters_let_through_what_they_name() {
    let mut shop = Shop::new();
    let at = |shop: &Shop, n: usize| Timestamp(NOW.0 - 2 * 86_400_000 + (shop.said + n) as i64 * 60_000);
    shop.say("t_ines", Direction::In, "red cake");
    shop.say("t_ines", Direction::Out, "blue cake");
    shop.say("t_omar", Direction::In, "green cake https://a.example");
    let photo = MessageSeen {
        kind: MessageKind::Image,
        attachments: vec![AttachmentSeen { kind: MessageKind::Image, ..AttachmentSeen::default() }],
        ..shop.message(Direction::In, "")
    };
    let photo = shop.bring("t_omar", photo);
    shop.name("t_ines", "Inès Moreau", "ines.bakes");
    shop.name("t_omar", "Omar K", "omar");
    let last = shop.say("t_omar", Direction::In, "the last cake");
    let ids = |query: &str| shop.all(&text(query), 2).into_iter().map(|hit| hit.message).collect::<Vec<_>>();
    let found = |query: &str| shop.texts(query);
    assert_eq!(found("cake from:me"), ["blue cake"]);
    assert_eq!(found("cake from:ines"), ["red cake"]);
    assert_eq!(found("from:ines"), ["red cake"]);
    assert_eq!(found("cake in:ines"), ["blue cake", "red cake"]);
    assert_eq!(found("cake in:\"ines mor\""), ["blue cake", "red cake"]);
    assert_eq!(found("in:@ines.bakes blue"), ["blue cake"]);
    assert_eq!(found("cake from:me from:ines"), ["blue cake", "red cake"]);
    assert_eq!(found("cake in:omar from:me"), Vec::<String>::new());
    assert_eq!(found("cake account:instagram"), found("cake"));
    assert_eq!(found("cake account:corner"), found("cake"));
    assert_eq!(found("cake account:messenger"), Vec::<String>::new());
    assert_eq!(found("has:link"), ["green cake https://a.example"]);
    assert_eq!(ids("has:image"), [photo]);
    assert_eq!(ids("has:image in:omar"), [photo]);
    assert!(ids("has:image cake").is_empty() && ids("has:video").is_empty());
    assert_eq!(ids("in:omar").len(), 3);

    let query = text("from:nobody cake");
    let page = shop.page(&query, None, 5);
    assert!(page.hits.is_empty() && !page.understood.filters[0].known);
    assert_eq!(page.understood.words, ["cake"]);

    let omar = shop.conversation("t_omar");
    assert_eq!(ids("is:unread").len(), 3, "an answer from elsewhere was read there");
    mark_read(&shop.db, omar, photo).unwrap();
    assert_eq!(ids("is:unread in:omar"), [last]);
    assert_eq!(ids("is:unread cake in:omar"), [last]);

    // Days of the calendar of these tests.
    let days = |at: Timestamp| at.0 / 86_400_000;
    let day = days(at(&shop, 0));
    let name = |day: i64| format!("{:04}-{:02}-{:02}", day / 372, day / 31 % 12 + 1, day % 31 + 1);
    assert_eq!(found(&format!("cake after:{}", name(day))).len(), 4);
    assert_eq!(found(&format!("cake after:{}", name(day + 1))).len(), 0);
    assert_eq!(found(&format!("cake before:{}", name(day + 1))).len(), 4);
    assert_eq!(found(&format!("cake before:{}", name(day))).len(), 0);
}

#[test]
fn a_text_that_was_taken_back_or_edited_is_found_no_more() {
    let mut shop = Shop::with(&["first secret", "second secret"]);
    shop.bring("t_1", seen("m2", Direction::In, Timestamp(NOW.0 - 2 * 86_400_000 + 120_000), "second word"));
    let unsent = page("t_1", vec![Event::Unsent { message: "m1".into() }], None);
    apply(&shop.db, shop.account, &[unsent], &live()).unwrap();
    assert!(shop.texts("secret").is_empty());
    assert_eq!(shop.texts("second"), ["second word"]);
    assert_eq!(shop.all(&text("in:x is:unread has:link"), 3), []);
}

#[test]
fn no_hostile_text_is_an_error() {
    let shop = Shop::with(&TEXTS);
    let long = "cake ".repeat(2_000);
    let quotes = "\"".repeat(10_000);
    let stars = "a* ".repeat(3_334);
    for hostile in [
        "",
        " ",
        "\"",
        "\"\"",
        "\"unbalanced",
        "cake\"",
        "(",
        ")",
        "*",
        "^cake",
        "-cake",
        "cake*",
        "NEAR(cake end, 2)",
        "cake AND",
        "OR",
        "NOT cake",
        "AND OR NOT",
        "text:cake",
        "{text}:cake",
        "message_search:cake",
        "cake\0end",
        "\0",
        "'; DROP TABLE message; --",
        "%",
        "_",
        "\\",
        "«c",
        "«",
        "\u{202E}ekac",
        "from:\"",
        "from:\"\"",
        "before:9999-99-99",
        "after:-1",
        "after:2026-00-00",
        "before:99999999999999999999",
        "has:",
        "is:",
        ":",
        "::",
        "$",
        "+",
        "\u{FFFF}",
        "\u{1F468}\u{200D}",
        "\u{301}",
        &long,
        &quotes,
        &stars,
    ] {
        for sort in [SearchSort::Newest, SearchSort::Best] {
            for conversation in [None, Some(shop.conversation("t_1"))] {
                let query = SearchQuery { text: hostile.into(), conversation, sort };
                let page = shop.page(&query, None, 20);
                let found: Vec<_> = page.hits.iter().map(|hit| hit.message).collect();
                let expected = if page.understood.words.is_empty() { 0 } else { scan(&TEXTS, hostile).len() };
                assert_eq!(found.len(), expected, "{hostile:?}");
            }
        }
    }
    let bad = |sort, place: &str| {
        let query = SearchQuery { sort, ..text("cake") };
        search(&shop.db, &query, Some(&Place(place.into())), 5, NOW, &midnight, &Cancel::default())
    };
    for place in ["", "x", "1:2", "1:2:3:4", "99999999999999999999"] {
        assert!(matches!(bad(SearchSort::Newest, place), Err(StoreError::BadPlace)), "{place}");
        assert!(matches!(bad(SearchSort::Best, place), Err(StoreError::BadPlace)), "{place}");
    }
}

#[test]
fn a_search_that_nobody_wants_stops_at_once_and_says_where_it_was() {
    let shop = Shop::with(&["cake"; 50]);
    let cancel = Cancel::default();
    cancel.cancel();
    let page = search(&shop.db, &text("cake"), None, 20, NOW, &midnight, &cancel).unwrap();
    assert_eq!(page.hits.len(), 1);
    let rest = shop.page(&text("cake"), page.next.as_ref(), 200);
    assert_eq!(rest.hits.len(), 49);
}

#[test]
fn a_filter_that_lets_few_through_ends_a_page_before_it_is_full() {
    let mut shop = Shop::new();
    shop.say("t_1", Direction::Out, "the one");
    let first = shop.said;
    // Straight into the tables: 30,000 messages through the door would take long.
    let conversation = shop.conversation("t_1").0;
    let mut index = crate::search::Index::new(&shop.db).unwrap();
    let mut insert = shop
        .db
        .prepare(
            "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, account, digest, text)
             VALUES (?1, ?2, ?3, 0, 0, 0, 0, 0, ?4, 0, 'the other')",
        )
        .unwrap();
    for n in 0..LOOKS as i64 {
        insert.execute((900_000_000 + n, conversation, NOW.0 + n, shop.account.0)).unwrap();
        index.add(900_000_000 + n, "the other").unwrap();
    }
    drop((insert, index));
    shop.db.execute("UPDATE conversation SET messages = ?1", [LOOKS as i64 + first as i64]).unwrap();
    for query in ["the from:me", "from:me"] {
        let page = shop.page(&text(query), None, 5);
        assert!(page.hits.is_empty());
        let next = shop.page(&text(query), page.next.as_ref(), 5);
        assert_eq!((next.hits.len(), next.next), (1, None), "{query}");
    }
    assert_eq!(shop.all(&text("from:me one"), 5).len(), 1);
}

#[test]
fn plans_walk_an_index_and_sort_nothing() {
    let db = test_support::memory();
    // The index of the texts by its own order, from a rowid on ("<"), and each message by its id.
    assert_walks(&db, &index_sql(), "SCAN s VIRTUAL TABLE INDEX 192:M1<\nSEARCH m USING INTEGER PRIMARY KEY");
    assert_walks(&db, &attachments_sql(), "attachment_message");
    assert_walks(&db, &messages_sql(), "INTEGER PRIMARY KEY");
    assert_walks(&db, &message_sql(), "INTEGER PRIMARY KEY");
    assert_walks(&db, IDS, "COVERING INDEX message_thread");
    assert!(plan(&db, crate::search::scope::HAS).contains("attachment_message"));
    assert_walks(&db, crate::search::inside::TEXTS, "INTEGER PRIMARY KEY");
    assert_walks(&db, crate::search::inside::THREAD_TEXTS, "message_thread");
    assert_walks(&db, crate::search::scope::UNREAD, "COVERING INDEX conversation_newest");
    assert!(plan(&db, crate::search::scope::PEOPLE).contains("conversation_participant"));
}

fn any_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-c]{1,4}",
        "[éèB]{1,2}",
        "[а-в]{1,3}",
        "[ابت]{1,3}",
        "[山本柚子]{1,4}",
        "[かが한]{1,3}",
        "[👍🎂🏽]{1,2}",
        "[-.,! ]",
    ];
    proptest::collection::vec((word, prop_oneof![Just(""), Just(" ")]), 0..6)
        .prop_map(|words| words.into_iter().map(|(word, space)| format!("{word}{space}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn hits_are_those_of_a_plain_scan(
        texts in proptest::collection::vec(any_text(), 1..25),
        queries in proptest::collection::vec((any_text(), any::<bool>()), 1..12),
    ) {
        let held: Vec<&str> = texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        prop_assume!(!held.is_empty());
        let shop = Shop::with(&held);
        for (query, quoted) in queries {
            let query = if quoted { format!("\"{query}\"") } else { query };
            if parse(&query, &midnight).clauses.is_empty() {
                continue;
            }
            let expected = scan(&held, &query);
            prop_assert_eq!(&shop.texts(&query), &expected, "{}", query);
            let thread = SearchQuery { conversation: Some(shop.conversation("t_1")), ..text(&query) };
            prop_assert_eq!(shop.page(&thread, None, 100).hits.len(), expected.len());
            let best = SearchQuery { sort: SearchSort::Best, ..text(&query) };
            prop_assert_eq!(shop.page(&best, None, 100).hits.len(), expected.len());
        }
    }
}

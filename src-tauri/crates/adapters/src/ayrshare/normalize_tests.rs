#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use proptest::prelude::*;

use super::*;

fn item(conversation: &str, id: &str, second: i64) -> Box<RawValue> {
    let json = serde_json::json!({
        "id": id, "conversationId": conversation, "action": "received", "created": 1_770_000_000 + second,
        "message": "x", "senderId": "7", "recipientId": "9",
    });
    RawValue::from_string(json.to_string()).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp((1_770_000_000 + second) * 1000)
}

fn asked(platform: Platform, limited: bool) -> Asked {
    Asked { platform: Some(platform), limited, ..Asked::default() }
}

fn listing(messages: &Messages, conversation: &str) -> Listing {
    messages.conversations.iter().find(|c| c.remote_id.as_str() == conversation).unwrap().listing.unwrap()
}

#[test]
fn without_limit_each_conversation_is_proven_from_its_own_oldest_message() {
    let items = vec![item("a", "1", 30), item("b", "2", 20), item("a", "3", 10)];
    let read = messages(items, &asked(Platform::Messenger, false), Some(at(60)), false);
    assert_eq!(listing(&read, "a"), Listing { from: Some(at(10)), to: at(55) });
    assert_eq!(listing(&read, "b"), Listing { from: Some(at(20)), to: at(55) });
}

#[test]
fn the_last_seconds_before_last_updated_are_not_proven_beyond_what_is_shown() {
    let items = vec![item("a", "1", 58), item("b", "2", 20)];
    let read = messages(items, &asked(Platform::Instagram, false), Some(at(60)), false);
    assert_eq!(listing(&read, "a"), Listing { from: Some(at(58)), to: at(58) }, "its newest message is held");
    assert_eq!(listing(&read, "b"), Listing { from: Some(at(20)), to: at(55) });
}

#[test]
fn without_last_updated_nothing_is_proven_beyond_the_newest_message() {
    let read = messages(vec![item("a", "1", 30)], &asked(Platform::Messenger, false), None, false);
    assert_eq!(listing(&read, "a"), Listing { from: Some(at(30)), to: at(30) });
}

#[test]
fn a_page_of_x_proves_every_conversation_in_it_down_to_its_own_end() {
    let items = vec![item("a", "1", 900), item("b", "2", 800), item("b", "3", 700)];
    let read = messages(items, &asked(Platform::X, true), Some(at(1000)), true);
    // 1000 s less the three minutes that X may be late is before the newest message.
    assert_eq!(listing(&read, "a"), Listing { from: Some(at(700)), to: at(900) });
    assert_eq!(listing(&read, "b"), Listing { from: Some(at(700)), to: at(820) });
    assert_eq!(read.top, Some(at(820)));
}

#[test]
fn a_later_page_of_x_proves_up_to_where_the_walk_began() {
    let mut asked = asked(Platform::X, true);
    asked.cursor = Some(Cursor { top: Some(at(820)), next: "n".to_owned() });
    let read = messages(vec![item("a", "4", 600)], &asked, Some(at(2000)), true);
    assert_eq!(listing(&read, "a"), Listing { from: Some(at(600)), to: at(820) });
    assert_eq!(read.top, Some(at(820)), "the walk still began there");
}

#[test]
fn a_page_that_is_not_newest_first_proves_only_what_it_shows() {
    let items = vec![item("a", "1", 100), item("b", "2", 500), item("a", "3", 50)];
    let read = messages(items, &asked(Platform::X, true), Some(at(1000)), true);
    assert_eq!(listing(&read, "b"), Listing { from: Some(at(500)), to: at(820) });
    assert_eq!(read.top, None);
}

#[test]
fn an_unreadable_item_ends_what_later_pages_may_claim() {
    let bad = RawValue::from_string("7".to_owned()).unwrap();
    let read = messages(vec![item("a", "1", 500), bad], &asked(Platform::X, true), Some(at(1000)), true);
    assert_eq!((read.skipped.len(), read.top), (1, Some(at(500))));
}

#[test]
fn ids_that_only_look_like_numbers_derive_no_conversation() {
    let derive = |a: &str, b: &str| derived(Some(Platform::X), &(a.into(), b.into())).map(|id| id.0);
    assert_eq!(derive("9", "10").as_deref(), Some("9-10"));
    assert_eq!(derive("10", "9").as_deref(), Some("9-10"));
    assert_eq!(derive("m_1", "9"), None);
    assert_eq!(derived(Some(Platform::Messenger), &("9".into(), "10".into())), None);
}

#[test]
fn a_conversation_larger_than_a_page_lists_only_on_its_last_piece() {
    let items: Vec<_> = (0..25).rev().map(|n| item("a", &n.to_string(), n)).collect();
    let read = messages(items, &asked(Platform::Messenger, false), Some(at(60)), false);
    let pages = pages(read.conversations, read.skipped, 10);
    assert_eq!(pages.len(), 3);
    let listings: Vec<bool> = pages.iter().map(|p| p.conversations[0].listing.is_some()).collect();
    assert_eq!(listings, [false, false, true]);
}

proptest! {
    #[test]
    fn cutting_loses_nothing_and_keeps_the_order(sizes in prop::collection::vec(1usize..40, 0..30), max in 1usize..50) {
        let mut items = Vec::new();
        for (conversation, size) in sizes.iter().enumerate() {
            for n in 0..*size {
                let n = i64::try_from(n).unwrap();
                items.push(item(&format!("c{conversation}"), &format!("{conversation}-{n}"), 1000 - n));
            }
        }
        let whole = messages(items, &asked(Platform::Messenger, false), Some(at(2000)), false).conversations;
        let pages = pages(whole.clone(), Vec::new(), max);
        let mut joined: Vec<ConversationEvents> = Vec::new();
        for piece in pages.into_iter().flat_map(|p| p.conversations) {
            match joined.last_mut().filter(|last| last.remote_id == piece.remote_id) {
                Some(last) => {
                    last.events.extend(piece.events);
                    last.listing = piece.listing;
                }
                None => joined.push(piece),
            }
        }
        prop_assert_eq!(joined, whole);
    }

    #[test]
    fn no_json_whatever_panics_and_every_item_is_accounted_for(json in prop::collection::vec(arbitrary_json(), 0..10)) {
        let items: Vec<_> = json.iter().map(|j| RawValue::from_string(j.to_string()).unwrap()).collect();
        let count = items.len();
        let read = messages(items, &asked(Platform::X, true), None, true);
        let kept: usize = read.conversations.iter().map(|c| c.events.iter().filter(|e| matches!(e, Event::Message(_))).count()).sum();
        prop_assert!(kept + read.skipped.len() <= count);
    }
}

/// Objects with the names that matter and values of every type.
fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9\u{1F600}]{0,8}".prop_map(Value::from),
        Just(Value::from("2026-02-03T10:00:00Z")),
    ];
    let names = prop::sample::select(vec![
        "id",
        "conversationId",
        "action",
        "message",
        "created",
        "senderId",
        "recipientId",
        "senderDetails",
        "recipientDetails",
        "attachments",
        "reactions",
        "type",
        "url",
        "name",
        "utc",
        "_seconds",
    ]);
    leaf.prop_recursive(3, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

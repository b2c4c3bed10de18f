#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::test_support::raw;

#[test]
fn an_instant_is_read_in_every_form_that_has_been_seen() {
    let expected = Some(Timestamp(1_795_190_671_000));
    for json in [
        r#""2026-11-20T16:04:31+0000""#,
        r#""2026-11-20T16:04:31+00:00""#,
        r#""2026-11-20T16:04:31Z""#,
        r#""2026-11-20T17:04:31+0100""#,
        "1795190671",
        r#""1795190671""#,
        "1795190671000",
    ] {
        assert_eq!(time(Some(&raw(json))), expected, "{json}");
    }
    for json in ["true", r#""soon""#, r#""""#, "{}", "[]", "9e300", "92233720368547758"] {
        assert_eq!(time(Some(&raw(json))), None, "{json}");
    }
}

#[test]
fn what_only_looks_like_the_usual_instant_is_none() {
    for json in [
        r#""2026-02-29T10:00:05+0000""#,
        r#""2026-13-01T10:00:05+0000""#,
        r#""2026-11-20T24:00:00+0000""#,
        r#""2026-11-20T16:60:00+0000""#,
        r#""+026-11-20T16:04:31+0000""#,
        r#""2026-11-20T16:04:-1+0000""#,
        r#""2026-11-20T16:04:3+0000""#,
        r#""２026-11-20T16:04:31+0000""#,
    ] {
        assert_eq!(usual_time(json), None, "{json}");
        assert_eq!(time(Some(&raw(json))), None, "{json}");
    }
    let leap = raw(r#""2016-12-31T23:59:60+0000""#);
    assert_eq!(time(Some(&leap)), Some(Timestamp(1_483_228_799_000)), "a leap second is the one before it");
}

#[test]
fn a_list_is_a_list_in_each_of_its_shapes() {
    let count = |json: &str| list(Some(&raw(json))).len();
    assert_eq!(count(r#"{"data": [{"a": 1}, {"b": 2}]}"#), 2);
    assert_eq!(count(r#"[{"a": 1}]"#), 1);
    assert_eq!(count(r#"{"reaction": "love"}"#), 1, "a single object is a list of one");
    assert_eq!(count(r#"{"data": {"a": 1}}"#), 1);
    for empty in ["{}", "[]", r#"{"data": []}"#, r#"{"data": null}"#, r#"{"paging": {}}"#, "7", r#""x""#, "null"] {
        assert_eq!(count(empty), 0, "{empty}");
    }
    assert_eq!(list(None).len(), 0);
}

#[test]
fn a_page_ends_where_next_is_absent_and_only_its_cursor_is_kept() {
    let read = |json: &str| {
        let raw = raw(json);
        Paged::of(Some(&raw)).map(|page| (page.items.len(), page.after, page.torn))
    };
    let next = "https://graph.facebook.com/v25.0/1/conversations?access_token=EAA&limit=2&after=QVFI%3D";
    let both = format!(r#"{{"data": [1], "paging": {{"cursors": {{"after": "c"}}, "next": "{next}"}}}}"#);
    assert_eq!(read(&both), Some((1, Some("c".to_owned()), false)));
    let bare = format!(r#"{{"data": [], "paging": {{"next": "{next}"}}}}"#);
    assert_eq!(read(&bare), Some((0, Some("QVFI=".to_owned()), false)), "an empty page with a next goes on");
    assert_eq!(read(r#"{"data": [1], "paging": {"cursors": {"after": "c"}}}"#), Some((1, None, false)));
    assert_eq!(read(r#"{"data": [], "paging": {"next": "nowhere"}}"#), Some((0, None, true)));
    assert_eq!(read(r#"{"data": []}"#), Some((0, None, false)));
    assert_eq!(read(r#"{"data": 7}"#), None);
    assert_eq!(read("{}"), None);
}

#[test]
fn a_null_member_is_no_member() {
    let raw = raw(r#"{"a": null, "b": "", "c": 7, "c": 8}"#);
    let object = Object::of(Some(&raw));
    assert!(object.get("a").is_none() && object.text("b").is_none());
    assert_eq!(object.text("c").as_deref(), Some("8"), "the last of two counts");
}

#[test]
fn a_name_is_found_however_it_is_spelled() {
    let raw = raw(r#"{"a\ud83d": 1, "\u0069d": "7", "a\/b": 3}"#);
    let object = Object::read(Some(&raw)).unwrap();
    assert_eq!(object.text("id").as_deref(), Some("7"), "beside a name with a lone surrogate");
    assert_eq!(object.text("a/b").as_deref(), Some("3"));
}

#[test]
fn the_last_of_two_lists_counts() {
    for json in [r#"{"data": [1], "data": [2, 3]}"#, r#"{"data": null, "data": [2, 3]}"#] {
        assert_eq!(list(Some(&raw(json))).len(), 2, "{json}");
        assert_eq!(Paged::read(json).unwrap().items.len(), 2, "{json}");
    }
    assert!(Paged::read(r#"{"data": [1], "data": null}"#).is_none());
}

/// Id, and how many messages.
fn told(json: &str) -> Option<Vec<(Option<String>, usize)>> {
    let page = Conversation::list(json)?;
    Some(page.items.iter().map(|item| (item.members.text("id"), item.messages.items.len())).collect())
}

#[test]
fn an_odd_conversation_costs_nothing_but_itself() {
    let whole = r#"{"id": "t", "messages": {"data": [1, {"a": 2}], "paging": {"cursors": {"after": "A"}}}}"#;
    let good = (Some("t".to_owned()), 2);
    assert_eq!(told(&format!(r#"{{"data": [{whole}]}}"#)), Some(vec![good.clone()]));
    for (odd, read) in [
        ("7", (None, 0)),
        ("null", (None, 0)),
        ("1e999", (None, 0)),
        (r#""\ud83d""#, (None, 0)),
        (r#"[["id"]]"#, (None, 0)),
        (r#"{"id": "u"}"#, (Some("u".to_owned()), 0)),
        (r#"{"id": "u", "messages": null}"#, (Some("u".to_owned()), 0)),
        (r#"{"id": "u", "messages": 1e999}"#, (Some("u".to_owned()), 0)),
        (r#"{"id": "u", "messages": "\ud83d"}"#, (Some("u".to_owned()), 0)),
        (r#"{"id": "u", "messages": [1, 2, 3]}"#, (Some("u".to_owned()), 3)),
        (r#"{"id": "u", "messages": {"data": {"id": 1}}}"#, (Some("u".to_owned()), 0)),
        (r#"{"id": "u", "id": "v", "messages": 7, "messages": {"data": [1]}}"#, (Some("v".to_owned()), 1)),
    ] {
        let both = format!(r#"{{"data": [{whole}, {odd}]}}"#);
        assert_eq!(told(&both), Some(vec![good.clone(), read.clone()]), "{odd}");
        assert_eq!(told(&format!("[{odd}, {whole}]")), Some(vec![read, good.clone()]), "{odd}");
    }
    for none in ["{}", "7", r#"{"data": 7}"#, r#"{"data": [1]"#, r#"{"data": [1]} x"#, ""] {
        assert_eq!(told(none), None, "{none}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{0,2}|.{0,4}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// As Meta spells it: `/` and everything that is not ASCII is escaped.
fn spelled(json: &str) -> String {
    let unit = |unit: u16| format!("\\u{unit:04x}");
    let one = |c: char| match c {
        '/' => "\\/".to_owned(),
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().copied().map(unit).collect(),
    };
    json.chars().map(one).collect()
}

proptest! {
    #[test]
    fn an_object_is_read_as_any_other_reader_reads_it(
        members in prop::collection::vec(("[a-c]{0,2}|.{0,4}", any_json()), 0..12),
        escaped in any::<bool>(),
    ) {
        let members = members.iter().map(|(name, value)| format!("{} :\t{value}", json!(name)));
        let json = format!("{{{}}}", members.collect::<Vec<_>>().join(" ,\n"));
        let json = if escaped { spelled(&json) } else { json };
        // Of doubled names it keeps the last as well.
        let expected: Value = serde_json::from_str(&json).unwrap();
        let expected = expected.as_object().unwrap();
        let raw = raw(&json);
        let object = Object::read(Some(&raw)).unwrap();
        prop_assert_eq!(object.is_empty(), expected.is_empty());
        prop_assert!(object.0.iter().all(|(name, _)| expected.contains_key(&**name)));
        for (name, value) in expected {
            let found: Value = serde_json::from_str(object.member(name).unwrap().get()).unwrap();
            prop_assert_eq!(&found, value);
            prop_assert_eq!(object.get(name).is_none(), value.is_null());
        }
    }

    #[test]
    fn nothing_but_an_object_is_read_as_one(value in any_json()) {
        let raw = raw(&value.to_string());
        prop_assert_eq!(Object::read(Some(&raw)).is_some(), value.is_object());
    }

    #[test]
    fn the_short_way_reads_every_second_as_the_long_one(second in -62_000_000_000i64..=253_402_207_200) {
        let at = jiff::Timestamp::from_second(second).unwrap();
        let written = at.strftime("\"%Y-%m-%dT%H:%M:%S+0000\"").to_string();
        prop_assert_eq!(usual_time(&written), Some(Timestamp(second * 1000)), "{}", written);
    }

    #[test]
    fn whatever_the_short_way_reads_the_long_one_reads_as_well(
        written in "\"[0-9]{4}-[0-3][0-9]-[0-4][0-9]T[0-3][0-9]:[0-7][0-9]:[0-7][0-9][+]0000\"",
    ) {
        if let Some(at) = usual_time(&written) {
            let long: jiff::Timestamp = written.trim_matches('"').parse().unwrap();
            prop_assert_eq!(at, Timestamp(long.as_millisecond()));
        }
    }
}

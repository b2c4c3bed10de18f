#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

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

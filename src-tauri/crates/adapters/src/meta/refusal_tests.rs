#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
//! The table of `reference/meta-graph.md` 9.2 with 1.5, 5.5 and 6.5, row by row.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

const WAIT: Option<Duration> = Some(Duration::from_secs(300));

fn error(code: i64, subcode: Option<i64>, message: &str) -> Refusal {
    let mut error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AxExample"});
    if let Some(subcode) = subcode {
        error["error_subcode"] = json!(subcode);
    }
    Refusal::of(&json!({ "error": error }).to_string()).unwrap()
}

fn limited() -> Kind {
    Kind::RateLimited { wait: WAIT }
}

fn permission() -> Kind {
    Kind::Permission { name: None }
}

fn app_roles() -> Kind {
    Kind::Permission { name: Some("pages_messaging".to_owned()) }
}

/// Code, subcode, what it is.
#[rustfmt::skip]
fn table() -> Vec<(i64, Option<i64>, Kind)> {
    let mut table = vec![
        (-1, None, Kind::Server),
        (1, None, Kind::Server),
        (1, Some(99), permission()),
        (1, Some(1_357_046), Kind::Server),
        (2, None, Kind::Server),
        (2, Some(2_018_344), permission()),
        (3, None, permission()),
        (4, None, limited()),
        (17, None, limited()),
        (32, None, limited()),
        (341, None, limited()),
        (9, Some(2_018_352), limited()),
        (10, None, permission()),
        (10, Some(2_018_278), Kind::WindowClosed),
        (10, Some(2_534_022), Kind::WindowClosed),
        (10, Some(2_018_065), Kind::WindowClosed),
        (10, Some(2_018_108), Kind::Recipient),
        (10, Some(1_893_063), Kind::Restricted),
        (10, Some(1_404_170), Kind::Restricted),
        (10, Some(1_893_015), Kind::WindowClosed),
        (10, Some(2_018_336), permission()),
        (10, Some(2_534_077), Kind::Checkpoint),
        (100, None, Kind::Rejected),
        (100, Some(33), Kind::NotFound),
        (100, Some(2_018_001), Kind::Recipient),
        (100, Some(2_534_014), Kind::Recipient),
        (100, Some(2_018_008), Kind::Server),
        (100, Some(2_018_294), Kind::Server),
        (100, Some(2_018_047), Kind::Rejected),
        (100, Some(2_018_074), Kind::UploadGone),
        (100, Some(2_018_109), Kind::Rejected),
        (100, Some(2_534_015), Kind::Rejected),
        (100, Some(2_534_080), Kind::Rejected),
        (100, Some(2_018_014), Kind::Rejected),
        (100, Some(2_018_034), Kind::Rejected),
        (100, Some(2_018_164), Kind::Rejected),
        (100, Some(2_534_013), Kind::NotLinked),
        (100, Some(2_534_025), Kind::Rejected),
        (100, Some(2_534_029), Kind::Restricted),
        (100, Some(2_534_037), Kind::NotOwner),
        (100, Some(2_534_068), permission()),
        (102, None, Kind::TokenRevoked),
        (104, None, Kind::TokenRevoked),
        (190, None, Kind::TokenRevoked),
        (190, Some(458), Kind::TokenRevoked),
        (190, Some(459), Kind::Checkpoint),
        (190, Some(460), Kind::PasswordChanged),
        (190, Some(463), Kind::TokenExpired),
        (190, Some(464), Kind::Checkpoint),
        (190, Some(467), Kind::TokenRevoked),
        (190, Some(492), Kind::RoleLost),
        (190, Some(999), Kind::TokenRevoked),
        (200, None, permission()),
        (200, Some(1_545_041), Kind::Recipient),
        (200, Some(2_018_021), permission()),
        (200, Some(2_018_027), permission()),
        (200, Some(2_018_028), app_roles()),
        (200, Some(2_534_041), Kind::MessageAccessOff),
        (201, None, permission()),
        (230, None, permission()),
        (299, None, permission()),
        (368, None, Kind::Restricted),
        (551, None, Kind::Recipient),
        (551, Some(1_545_041), Kind::Recipient),
        (613, None, limited()),
        (613, Some(2_534_040), limited()),
        (613, Some(1996), limited()),
        (613, Some(1_893_016), Kind::Restricted),
        (613, Some(2_018_338), Kind::Restricted),
        (1200, None, Kind::Server),
        (2022, None, Kind::Restricted),
        (2500, None, Kind::Rejected),
        (9010, None, Kind::NotFound),
        (36_000, None, Kind::Rejected),
        (36_103, None, Kind::MessageAccessOff),
        (2_018_218, None, permission()),
        (2_018_247, None, permission()),
        (2_018_300, None, Kind::NotOwner),
        (2_018_321, None, Kind::NotOwner),
        (9_000_001, None, Kind::NotFound),
        (5, None, Kind::Rejected),
        (12_345, Some(67), Kind::Rejected),
    ];
    table.extend((80_000..=80_014).map(|code| (code, None, limited())));
    table.push((80_004, Some(2_446_079), limited()));
    table
}

#[test]
fn every_row_means_what_the_table_says_under_any_status_and_in_any_language() {
    let table = table();
    let rows: BTreeSet<_> = table.iter().map(|(code, subcode, _)| (*code, *subcode)).collect();
    assert_eq!(rows.len(), table.len(), "a row stands twice");
    for (code, subcode, expected) in table {
        for message in ["", "(#10) words", "（#551）此人目前不在线。", "Сообщение отправлено вне окна"]
        {
            // An undocumented number leaves only the status, so those rows hold under a plain refusal.
            let statuses: &[u16] =
                if matches!(code, 5 | 12_345) { &[400, 403, 200] } else { &[200, 400, 401, 403, 500] };
            for status in statuses {
                let found = kind(*status, Some(&error(code, subcode, message)), WAIT);
                assert_eq!(found, expected, "{code}/{subcode:?} under {status}: {message}");
            }
        }
    }
}

#[test]
fn a_long_number_means_the_same_as_code_and_as_subcode() {
    for (code, subcode, expected) in table() {
        let Some(subcode) = subcode.filter(|n| *n > 1_000_000) else { continue };
        for other in [error(subcode, None, ""), error(10, Some(subcode), ""), error(100, Some(subcode), "")] {
            assert_eq!(kind(400, Some(&other), WAIT), expected, "{code}/{subcode} as {}", other.numbers());
        }
    }
    for number in [2_018_300, 2_018_321, 2_018_218, 2_018_247, 9_000_001] {
        let as_code = kind(400, Some(&error(number, None, "")), None);
        assert_eq!(kind(400, Some(&error(100, Some(number), "")), None), as_code, "{number}");
    }
}

#[test]
fn the_number_inside_the_words_is_not_the_number() {
    let seen = error(200, Some(1_545_041), "(#551) This person isn't available right now.");
    assert_eq!((kind(400, Some(&seen), None), seen.numbers().as_str()), (Kind::Recipient, "200/1545041"));
    let other = error(200, None, "(#551) This person isn't available right now.");
    assert_eq!(kind(403, Some(&other), None), permission());
}

#[test]
fn the_three_things_that_only_words_tell() {
    let too_much = "Please reduce the amount of data you're asking for, then retry your request";
    assert_eq!(kind(500, Some(&error(1, None, too_much)), None), Kind::TooLarge);
    assert!(error(1, None, too_much).is_too_much_data() && !error(2, None, too_much).is_too_much_data());
    assert_eq!(kind(400, Some(&error(100, None, too_much)), None), Kind::Rejected);
    let deleted = "This Message has been deleted by the user or the business.";
    assert_eq!(kind(400, Some(&error(77, None, deleted)), None), Kind::NotFound);
    for words in [
        "API calls from the server require an appsecret_proof argument",
        "Invalid appsecret_proof provided in the API argument",
    ] {
        assert_eq!(kind(400, Some(&error(100, None, words)), None), Kind::AppSecret, "{words}");
    }
}

#[test]
fn a_permission_is_named_where_the_error_names_it() {
    let name = |code, words| match kind(403, Some(&error(code, None, words)), None) {
        Kind::Permission { name } => name,
        other => Some(format!("{other:?}")),
    };
    assert_eq!(name(200, "需要 pages_manage_metadata 权限").as_deref(), Some("pages_manage_metadata"));
    assert_eq!(
        name(230, "Requires pages_messaging permission to manage the object").as_deref(),
        Some("pages_messaging")
    );
    assert_eq!(name(10, "(#10) instagram_manage_messages").as_deref(), Some("instagram_manage_messages"));
    assert_eq!(name(10, "Application does not have permission for this action"), None);
}

#[test]
fn every_shape_of_an_error_is_read_and_no_strangers() {
    let plain = Refusal::of(r#"{"error":{"message":"m","code":10,"error_subcode":2018278}}"#).unwrap();
    assert_eq!((plain.code, plain.subcode, plain.message.as_str()), (10, Some(2_018_278), "m"));
    for json in [
        r#"{"error":{"message":"m","code":"10","error_subcode":"2018278"},"data":[]}"#,
        r#"{"id":"1","error":{"error_user_msg":{},"message":"m","error_data":7,"code":10.0,"error_subcode":2018278}}"#,
        r#"{"error":{"message":"m","code":10,"subcode":2018278}}"#,
    ] {
        assert_eq!(Refusal::of(json).unwrap(), plain, "{json}");
    }
    let bare =
        Refusal::of(r#"{"error":{"message":"caf\ud83d","code":1,"error_subcode":0,"is_transient":true}}"#).unwrap();
    assert_eq!((bare.code, bare.subcode, bare.transient), (1, None, true));
    for json in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"error":null}"#,
        r#"{"error":"no"}"#,
        r#"{"error":{"message":"bad gateway"}}"#,
        r#"{"error":[1]}"#,
    ] {
        assert_eq!(Refusal::of(json), None, "{json}");
    }
}

#[test]
fn the_status_speaks_only_where_nothing_else_does() {
    for (status, expected) in [
        (401, Kind::TokenRevoked),
        (429, limited()),
        (302, Kind::Server),
        (408, Kind::Server),
        (500, Kind::Server),
        (503, Kind::Server),
        (200, Kind::Decode),
        (400, Kind::Decode),
        (403, Kind::Decode),
        (404, Kind::Decode),
    ] {
        assert_eq!(kind(status, None, WAIT), expected, "{status}");
    }
    // A number that nobody has documented.
    assert_eq!(kind(503, Some(&error(5, None, "")), None), Kind::Server);
    assert_eq!(kind(429, Some(&error(5, None, "")), WAIT), limited());
    let transient = Refusal { transient: true, ..error(5, None, "") };
    assert_eq!(kind(400, Some(&transient), None), Kind::Server);
}

#[test]
fn an_error_keeps_its_numbers_its_trace_and_the_clock() {
    let facts =
        Facts { server_time: Some(backscroll_model::Timestamp(1_770_112_800_000)), wait: WAIT, ..Facts::default() };
    let body = r#"{"error":{"message":"(#80006) Too many","code":80006,"fbtrace_id":"AmFk"}}"#;
    let error = classify(400, body.as_bytes(), &facts);
    assert_eq!((error.kind, error.code.as_deref()), (limited(), Some("80006")));
    assert_eq!(error.said, "(#80006) Too many (trace AmFk)");
    assert_eq!((error.http_status, error.server_time), (Some(400), facts.server_time));
    let html = classify(502, b"<html>", &facts);
    assert_eq!((html.kind, html.code), (Kind::Server, None));
}

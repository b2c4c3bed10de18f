#![expect(clippy::panic, reason = "tests")]
//! The table: what came back, what it must mean. A new answer seen in the wild becomes a new row.

use std::time::Duration;

use super::*;
use crate::test_support::Is::{Accepted, Ambiguous, NotSent, Refused};
use crate::test_support::{HTML, Row, WINDOW, assert_is, assert_table};

fn answer(status: u16, body: &str) -> Reply {
    Reply::Answered { status, facts: Facts::default(), body: Some(body.as_bytes().to_vec()) }
}

fn flat(status: u16, code: i64, message: &str) -> Reply {
    let body = serde_json::json!({"action": "send", "status": "error", "code": code, "message": message});
    answer(status, &body.to_string())
}

fn broken_off(status: u16) -> Reply {
    Reply::Answered { status, facts: Facts::default(), body: None }
}

fn failed(kind: Kind) -> Reply {
    Reply::Failed { kind, said: "words".to_owned() }
}

fn waiting(seconds: u64) -> Reply {
    let facts = Facts { wait: Some(Duration::from_secs(seconds)), ..Facts::default() };
    Reply::Answered { status: 429, facts, body: None }
}

const RECIPIENT: &str = "(#100) Param recipient[id] must be a valid ID string";

#[rustfmt::skip]
fn table() -> Vec<Row<Reply>> {
    let limited = |wait| Kind::RateLimited { wait };
    vec![
        // The transport.
        ("connection refused", failed(Kind::Connect), NotSent(Kind::Connect)),
        ("reset after the first byte", failed(Kind::Network), Ambiguous(Kind::Network)),
        ("garbled answer", failed(Kind::Decode), Ambiguous(Kind::Decode)),
        // Success, in all shapes of 3.2.
        ("documented", answer(200, r#"{"status":"success","recipientId":"7001","messageId":"m_c3","message":"hi"}"#), Accepted("m_c3")),
        ("without status", answer(200, r#"{"messageId":"m_c3"}"#), Accepted("m_c3")),
        ("upper-case status", answer(200, r#"{"status":"SUCCESS","messageId":"m_c3"}"#), Accepted("m_c3")),
        ("201", answer(201, r#"{"status":"success","messageId":"m_c3"}"#), Accepted("m_c3")),
        ("numeric id", answer(200, r#"{"status":"success","messageId":1234567890123456789}"#), Accepted("1234567890123456789")),
        ("list of ids", answer(200, r#"{"status":"success","messageIds":["m_1","m_2"]}"#), Accepted("m_1")),
        ("list of messages", answer(200, r#"{"status":"success","messages":[{"messageId":"m_1"},{"messageId":"m_2"}]}"#), Accepted("m_1")),
        ("list of messages with id", answer(200, r#"{"status":"success","messages":[{"id":"m_1"}]}"#), Accepted("m_1")),
        ("array", answer(200, r#"[{"status":"success","messageId":"m_1"}]"#), Accepted("m_1")),
        ("array of two", answer(200, r#"[{"status":"success","messageId":"m_1"},{"status":"success","messageId":"m_2"}]"#), Accepted("m_1")),
        ("null errors", answer(200, r#"{"status":"success","messageId":"m_1","errors":[]}"#), Accepted("m_1")),
        ("white space around", answer(200, " \r\n{\"status\":\"success\",\"messageId\":\"m_1\"}\n "), Accepted("m_1")),
        // Success without proof.
        ("no id", answer(200, r#"{"status":"success"}"#), Ambiguous(Kind::Decode)),
        ("no id of a file", answer(200, r#"{"status":"success","recipientId":"7001"}"#), Ambiguous(Kind::Decode)),
        ("no id of a text", answer(200, r#"{"status":"success","recipientId":"7001","message":"hi"}"#), Ambiguous(Kind::Decode)),
        ("list of nameless messages", answer(200, r#"{"status":"success","messages":[{}]}"#), Ambiguous(Kind::Decode)),
        ("list of null ids", answer(200, r#"{"status":"success","messageIds":[null,""]}"#), Ambiguous(Kind::Decode)),
        ("array without ids", answer(200, r#"[{"status":"success"}]"#), Ambiguous(Kind::Decode)),
        ("id is null", answer(200, r#"{"status":"success","messageId":null}"#), Ambiguous(Kind::Decode)),
        ("id is empty", answer(200, r#"{"status":"success","messageId":""}"#), Ambiguous(Kind::Decode)),
        ("id is an object", answer(200, r#"{"status":"success","messageId":{}}"#), Ambiguous(Kind::Decode)),
        ("no ids", answer(200, r#"{"status":"success","messageIds":[]}"#), Ambiguous(Kind::Decode)),
        ("only an echo", answer(200, r#"{"message":"hi"}"#), Ambiguous(Kind::Decode)),
        ("only a code", answer(200, r#"{"code":200}"#), Ambiguous(Kind::Decode)),
        ("post id instead of message id", answer(200, r#"{"status":"success","id":"6AbC"}"#), Ambiguous(Kind::Decode)),
        ("partial", answer(200, r#"{"status":"partial"}"#), Ambiguous(Kind::Decode)),
        ("partial with id", answer(200, r#"{"status":"partial","messageId":"m_1"}"#), Ambiguous(Kind::Decode)),
        ("pending", answer(200, r#"{"status":"pending"}"#), Ambiguous(Kind::Decode)),
        ("error with id", answer(200, r#"{"status":"error","messageId":"m_1"}"#), Ambiguous(Kind::Decode)),
        ("success with errors", answer(200, r#"{"status":"success","messageId":"m_1","errors":[{"code":107}]}"#), Ambiguous(Kind::Decode)),
        ("array of both", answer(200, r#"[{"status":"success","messageId":"m_1"},{"status":"error","code":107}]"#), Ambiguous(Kind::Decode)),
        ("empty array", answer(200, "[]"), Ambiguous(Kind::Decode)),
        ("empty object", answer(200, "{}"), Ambiguous(Kind::Decode)),
        ("empty body", answer(200, ""), Ambiguous(Kind::Decode)),
        ("no content", answer(204, ""), Ambiguous(Kind::Decode)),
        ("accepted for later", answer(202, r#"{"status":"scheduled"}"#), Ambiguous(Kind::Decode)),
        ("html", answer(200, HTML), Ambiguous(Kind::Decode)),
        ("truncated", answer(200, r#"{"status":"success","messageId":"m_"#), Ambiguous(Kind::Decode)),
        ("more after it", answer(200, r#"{"status":"success","messageId":"m_1"}{"#), Ambiguous(Kind::Decode)),
        ("a string", answer(200, r#""success""#), Ambiguous(Kind::Decode)),
        ("not utf-8", Reply::Answered { status: 200, facts: Facts::default(), body: Some(vec![b'{', 0xff]) }, Ambiguous(Kind::Decode)),
        ("body broke off", broken_off(200), Ambiguous(Kind::Decode)),
        // The status alone proves it.
        ("401 flat", flat(401, 102, "Invalid API key"), NotSent(Kind::KeyRefused)),
        ("401 html", answer(401, HTML), NotSent(Kind::KeyRefused)),
        ("401 empty", answer(401, ""), NotSent(Kind::KeyRefused)),
        ("401 broke off", broken_off(401), NotSent(Kind::KeyRefused)),
        ("401 naming the profile key", flat(401, 102, "That is a Profile Key"), NotSent(Kind::ProfileKeyAsApiKey)),
        ("429 flat", flat(429, 429, "Too many requests"), NotSent(limited(None))),
        ("429 html", answer(429, HTML), NotSent(limited(None))),
        ("429 with a wait", waiting(7), NotSent(limited(Some(Duration::from_secs(7))))),
        // Refusals that the user can mend: nothing is lost meanwhile.
        ("402", flat(402, 169, "Upgrade"), NotSent(Kind::PlanRequired)),
        ("403 suspended", flat(403, 349, "Profile is suspended"), NotSent(Kind::Suspended)),
        ("403 permission", flat(403, 107, "(#10) Application does not have permission for this action"), NotSent(Kind::Permission { name: None })),
        ("403 and nothing more", flat(403, 103, "No"), NotSent(Kind::Permission { name: None })),
        ("419", flat(419, 419, "x"), NotSent(Kind::XKeysMissing)),
        ("400 with code 419", answer(400, r#"{"action":"x_credentials_required","status":"error","code":419,"message":"…"}"#), NotSent(Kind::XKeysMissing)),
        ("400 naming an X header", flat(400, 101, "Missing X-Twitter-OAuth1-Api-Secret"), NotSent(Kind::XKeysMissing)),
        ("156", flat(400, 156, "Facebook is not linked"), NotSent(Kind::NotLinked)),
        ("161", flat(400, 161, "Authorization lost"), NotSent(Kind::LinkAgain)),
        ("272", flat(400, 272, "X authorization"), NotSent(Kind::LinkAgain)),
        ("361", flat(400, 361, "Messaging"), NotSent(Kind::MessagingOff)),
        ("362", flat(400, 362, "Link"), NotSent(Kind::LinkAgain)),
        ("Meta 190", flat(400, 107, "(#190) Error validating access token"), NotSent(Kind::LinkAgain)),
        ("200 with 161", flat(200, 161, "Authorization lost"), NotSent(Kind::LinkAgain)),
        // Meta's rate limits, passed on.
        ("Meta 4", flat(400, 107, "(#4) Application request limit reached"), NotSent(limited(None))),
        ("X's rate", flat(400, 272, "Too Many Requests"), NotSent(limited(None))),
        ("Meta 613", flat(400, 107, "(#613) Calls to this api have exceeded the rate limit."), NotSent(limited(None))),
        // Refusals for good.
        ("window, Facebook", flat(400, 107, WINDOW), Refused(Kind::WindowClosed)),
        ("window, Instagram", flat(400, 138, WINDOW), Refused(Kind::WindowClosed)),
        ("window, unknown code", flat(400, 999, WINDOW), Refused(Kind::WindowClosed)),
        ("window, 403", flat(403, 107, WINDOW), Refused(Kind::WindowClosed)),
        ("window, in a 200", flat(200, 107, WINDOW), Refused(Kind::WindowClosed)),
        ("recipient", flat(400, 107, RECIPIENT), Refused(Kind::Recipient)),
        ("recipient, 403", flat(403, 138, RECIPIENT), Refused(Kind::Recipient)),
        ("recipient gone", flat(400, 107, "(#551) This person isn't available right now."), Refused(Kind::Recipient)),
        ("parameter", flat(400, 101, "Missing or incorrect parameter"), Refused(Kind::Rejected)),
        ("media not downloaded", flat(400, 479, "The media could not be downloaded."), Refused(Kind::UploadGone)),
        ("media not downloaded, in a 200", flat(200, 479, "The media could not be downloaded."), Refused(Kind::UploadGone)),
        ("media refused by Meta", flat(400, 107, "(#100) Attachment size exceeds allowable limit"), Refused(Kind::Rejected)),
        ("media refused by X", flat(400, 272, "(#100) Upload attachment failure."), Refused(Kind::Rejected)),
        ("several media on X", flat(400, 101, "X takes one media URL."), Refused(Kind::Rejected)),
        ("media check's shape", answer(400, r#"{"status":"error","statusCode":404,"statusText":"Not Found"}"#), Refused(Kind::Rejected)),
        ("duplicate on X", flat(400, 110, "Duplicate"), Refused(Kind::Rejected)),
        ("404", flat(404, 100, "Unknown"), Refused(Kind::NotFound)),
        ("405", flat(405, 100, "Method"), Refused(Kind::Rejected)),
        ("413", flat(413, 100, "Large"), Refused(Kind::Rejected)),
        ("code without status", answer(400, r#"{"code":101,"message":"x"}"#), Refused(Kind::Rejected)),
        ("code as text", answer(400, r#"{"status":"error","code":"101","message":"x"}"#), Refused(Kind::Rejected)),
        ("wrapped", answer(400, r#"{"status":"error","errors":[{"status":"error","code":107,"message":"(#10) sent outside of allowed window"}],"postIds":[],"id":"6"}"#), Refused(Kind::WindowClosed)),
        ("wrapped in a 200", answer(200, r#"{"status":"error","errors":[{"code":101,"message":"x"}]}"#), Refused(Kind::Rejected)),
        ("array of one error", answer(400, r#"[{"status":"error","code":101,"message":"x"}]"#), Refused(Kind::Rejected)),
        ("error without anything", answer(200, r#"{"status":"error"}"#), Ambiguous(Kind::Decode)),
        // Whoever answered this is not known to be the platform, or does not know itself.
        ("400 html", answer(400, HTML), Ambiguous(Kind::Decode)),
        ("403 html", answer(403, HTML), Ambiguous(Kind::Decode)),
        ("404 empty", answer(404, ""), Ambiguous(Kind::Decode)),
        ("400 of a gateway", answer(400, r#"{"message":"Bad Request"}"#), Ambiguous(Kind::Decode)),
        ("400 broke off", broken_off(400), Ambiguous(Kind::Decode)),
        ("400 with an id", answer(400, r#"{"messageId":"m_1"}"#), Ambiguous(Kind::Decode)),
        ("Meta 1 in a 400", flat(400, 107, "(#1) An unknown error occurred"), Ambiguous(Kind::Server)),
        ("Meta 2 in a 200", flat(200, 107, "(#2) Service temporarily unavailable"), Ambiguous(Kind::Server)),
        ("Meta -1 in a 400", flat(400, 107, "(#-1) Unknown"), Ambiguous(Kind::Server)),
        ("Meta 1200 in a 403", flat(403, 107, "(#1200) Temporary send failure"), Ambiguous(Kind::Server)),
        ("408", flat(408, 100, "Timeout"), Ambiguous(Kind::Server)),
        ("301", answer(301, ""), Ambiguous(Kind::Server)),
        ("307", answer(307, ""), Ambiguous(Kind::Server)),
        ("308", answer(308, HTML), Ambiguous(Kind::Server)),
        ("500 flat", flat(500, 101, "x"), Ambiguous(Kind::Server)),
        ("500 that denies everything", flat(500, 107, WINDOW), Ambiguous(Kind::Server)),
        ("500 with an id", answer(500, r#"{"status":"success","messageId":"m_1"}"#), Ambiguous(Kind::Server)),
        ("502 html", answer(502, HTML), Ambiguous(Kind::Server)),
        ("503", answer(503, ""), Ambiguous(Kind::Server)),
        ("504", broken_off(504), Ambiguous(Kind::Server)),
        ("529", answer(529, ""), Ambiguous(Kind::Server)),
        ("101", answer(101, ""), Ambiguous(Kind::Server)),
    ]
}

#[test]
fn every_answer_means_what_the_table_says() {
    assert_table(table(), |reply| classify(reply, Asker::default()));
}

#[test]
fn a_403_without_words_blames_the_profile_key_if_one_was_sent() {
    let outcome = classify(flat(403, 103, "Forbidden"), Asker { as_profile: true });
    assert_is("403", &NotSent(Kind::ProfileKeyRefused), &outcome);
}

#[test]
fn the_providers_clock_and_code_are_handed_on() {
    let at = backscroll_model::Timestamp(1_770_112_800_000);
    let facts = Facts { server_time: Some(at), ..Facts::default() };
    let body = Some(br#"{"status":"success","messageId":"m"}"#.to_vec());
    let SendOutcome::Accepted { server_time, .. } =
        classify(Reply::Answered { status: 200, facts, body }, Asker::default())
    else {
        panic!("not accepted");
    };
    assert_eq!(server_time, Some(at));
    let SendOutcome::Refused(error) = classify(flat(400, 107, WINDOW), Asker::default()) else { panic!("not refused") };
    assert_eq!((error.http_status, error.code.as_deref()), (Some(400), Some("107")));
    assert!(error.said.contains("outside of allowed window"));
}

proptest::proptest! {
    #[test]
    fn no_answer_whatever_is_accepted_without_an_id_in_it(status in 0u16..1000, body in ".{0,80}") {
        if let SendOutcome::Accepted { remote_id, .. } = classify(answer(status, &body), Asker::default()) {
            proptest::prop_assert!(body.contains(remote_id.as_str()));
            proptest::prop_assert!((200..300).contains(&status));
        }
    }

    #[test]
    fn a_server_error_is_never_proof_of_anything(status in 500u16..1000, body in r#"\{("status":"(error|success)",)?"(code|messageId)":"[0-9]{1,4}"\}"#) {
        let ambiguous = matches!(classify(answer(status, &body), Asker::default()), SendOutcome::Ambiguous(_));
        proptest::prop_assert!(ambiguous);
    }
}

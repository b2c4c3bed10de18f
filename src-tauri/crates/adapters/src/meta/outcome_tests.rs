#![expect(clippy::panic, clippy::indexing_slicing, reason = "tests")]
//! The table: what came back, what it must mean. A new answer seen in the wild becomes a new row.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::test_support::Is::{Accepted, Ambiguous, NotSent, Refused};
use crate::test_support::{HTML, Row, WINDOW, assert_is, assert_table};

fn answer(status: u16, body: &str) -> Reply {
    Reply::Answered { status, facts: Facts::default(), body: Ok(body.as_bytes().to_vec()) }
}

/// An error of Graph's; subcode 0: none.
fn error(status: u16, code: i64, subcode: i64, message: &str) -> Reply {
    let mut error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"});
    if subcode != 0 {
        error["error_subcode"] = json!(subcode);
    }
    answer(status, &json!({ "error": error }).to_string())
}

fn broken_off(status: u16) -> Reply {
    Reply::Answered { status, facts: Facts::default(), body: Err((Kind::Network, "broke off".to_owned())) }
}

fn failed(kind: Kind) -> Reply {
    Reply::Failed { kind, said: "words".to_owned() }
}

fn waiting(status: u16, body: &str) -> Reply {
    let facts = Facts { wait: Some(Duration::from_secs(300)), ..Facts::default() };
    Reply::Answered { status, facts, body: Ok(body.as_bytes().to_vec()) }
}

const HUMAN: Sent = Sent { human_agent: true, several: false, by_address: false };

#[rustfmt::skip]
fn table() -> Vec<Row<Reply>> {
    let limited = |wait| Kind::RateLimited { wait };
    let five = Some(Duration::from_secs(300));
    let permission = |name: &str| Kind::Permission { name: (!name.is_empty()).then(|| name.to_owned()) };
    vec![
        // The transport.
        ("connection refused", failed(Kind::Connect), NotSent(Kind::Connect)),
        ("reset after the first byte", failed(Kind::Network), Ambiguous(Kind::Network)),
        ("garbled answer", failed(Kind::Decode), Ambiguous(Kind::Decode)),
        ("an id that cannot stand in a path", failed(Kind::NotFound), Refused(Kind::NotFound)),
        // Success.
        ("documented", answer(200, r#"{"recipient_id":"7301","message_id":"m_SentReply01"}"#), Accepted("m_SentReply01")),
        ("without recipient", answer(200, r#"{"message_id":"m_1"}"#), Accepted("m_1")),
        ("instagram", answer(200, r#"{"recipient_id":"6120","message_id":"aWdfZAG1faXRlbToxOklH"}"#), Accepted("aWdfZAG1faXRlbToxOklH")),
        ("with an attachment id", answer(200, r#"{"recipient_id":"7301","message_id":"m_1","attachment_id":"687"}"#), Accepted("m_1")),
        ("numeric id", answer(200, r#"{"message_id":1234567890123456789012}"#), Accepted("1234567890123456789012")),
        ("null error", answer(200, r#"{"message_id":"m_1","error":null}"#), Accepted("m_1")),
        ("201", answer(201, r#"{"message_id":"m_1"}"#), Accepted("m_1")),
        ("white space around", answer(200, " \r\n{\"message_id\":\"m_1\"}\n "), Accepted("m_1")),
        // Success without proof.
        ("no id", answer(200, r#"{"recipient_id":"7301"}"#), Ambiguous(Kind::Decode)),
        ("id is null", answer(200, r#"{"message_id":null}"#), Ambiguous(Kind::Decode)),
        ("id is empty", answer(200, r#"{"message_id":""}"#), Ambiguous(Kind::Decode)),
        ("id is an object", answer(200, r#"{"message_id":{}}"#), Ambiguous(Kind::Decode)),
        ("another id", answer(200, r#"{"id":"m_1"}"#), Ambiguous(Kind::Decode)),
        ("bare success", answer(200, r#"{"success":true}"#), Ambiguous(Kind::Decode)),
        ("an id and an error", answer(200, r#"{"message_id":"m_1","error":{"code":10,"message":"x"}}"#), Ambiguous(Kind::Decode)),
        ("an error of a stranger", answer(200, r#"{"error":"no"}"#), Ambiguous(Kind::Decode)),
        ("empty object", answer(200, "{}"), Ambiguous(Kind::Decode)),
        ("array", answer(200, r#"[{"message_id":"m_1"}]"#), Ambiguous(Kind::Decode)),
        ("empty body", answer(200, ""), Ambiguous(Kind::Decode)),
        ("no content", answer(204, ""), Ambiguous(Kind::Decode)),
        ("html", answer(200, HTML), Ambiguous(Kind::Decode)),
        ("truncated", answer(200, r#"{"message_id":"m_"#), Ambiguous(Kind::Decode)),
        ("more after it", answer(200, r#"{"message_id":"m_1"}{"#), Ambiguous(Kind::Decode)),
        ("not utf-8", Reply::Answered { status: 200, facts: Facts::default(), body: Ok(vec![b'{', 0xff]) }, Ambiguous(Kind::Decode)),
        ("body broke off", broken_off(200), Ambiguous(Kind::Decode)),
        // The window (W).
        ("window, Messenger", error(400, 10, 2_018_278, WINDOW), Refused(Kind::WindowClosed)),
        ("window, Instagram", error(400, 10, 2_534_022, WINDOW), Refused(Kind::WindowClosed)),
        ("window, localised", error(400, 10, 2_018_278, "此消息是在允许的时间范围之外发送的"), Refused(Kind::WindowClosed)),
        ("window, news", error(403, 10, 2_018_065, WINDOW), Refused(Kind::WindowClosed)),
        ("window, in a 200", error(200, 10, 2_018_278, WINDOW), Refused(Kind::WindowClosed)),
        // The person (U), whatever the text says.
        ("unavailable", error(400, 551, 1_545_041, "(#551) This person isn't available right now."), Refused(Kind::Recipient)),
        ("unavailable without subcode", error(400, 551, 0, "x"), Refused(Kind::Recipient)),
        ("(#551) but code 200", error(403, 200, 1_545_041, "(#551) This person isn't available right now."), Refused(Kind::Recipient)),
        ("cannot receive", error(400, 10, 2_018_108, "x"), Refused(Kind::Recipient)),
        ("no matching user", error(400, 100, 2_018_001, "(#100) No matching user found"), Refused(Kind::Recipient)),
        ("no matching user, Instagram", error(400, 100, 2_534_014, "x"), Refused(Kind::Recipient)),
        // Bad requests (B).
        ("too long", error(400, 100, 0, "(#100) Length of param message[text] must be less than or equal to 2000"), Refused(Kind::Rejected)),
        ("invalid tag", error(400, 100, 0, "(#100) Invalid tag."), Refused(Kind::Rejected)),
        ("message and action", error(400, 100, 2_018_014, "x"), Refused(Kind::Rejected)),
        ("empty message", error(400, 100, 2_018_034, "x"), Refused(Kind::Rejected)),
        ("path", error(400, 2500, 0, "Unknown path components: /x"), Refused(Kind::Rejected)),
        ("object gone", error(400, 100, 33, "Unsupported post request."), Refused(Kind::NotFound)),
        ("a number of tomorrow", error(400, 987_654, 0, "x"), Refused(Kind::Rejected)),
        // Files (B), on either platform: an id that ended or is another Page's, a type that does not fit, too large.
        ("attachment id ended", error(400, 100, 2_018_074, "x"), Refused(Kind::UploadGone)),
        ("type of the file", error(400, 100, 2_018_047, "x"), Refused(Kind::Rejected)),
        ("too large", error(400, 100, 2_018_109, "x"), Refused(Kind::Rejected)),
        ("picture too large", error(400, 36_000, 0, "The image size is too large."), Refused(Kind::Rejected)),
        ("media, Instagram", error(400, 100, 2_534_015, "x"), Refused(Kind::Rejected)),
        ("HEIC, Instagram", error(400, 100, 2_534_080, "x"), Refused(Kind::Rejected)),
        ("too many bytes, Instagram", error(400, 100, 0, "(#100) Length of param message[text] must be less than or equal to 1000"), Refused(Kind::Rejected)),
        ("private reply, Instagram", error(400, 100, 2_534_025, "x"), Refused(Kind::Rejected)),
        ("window, Instagram, localised", error(403, 10, 2_534_022, "此消息是在允许的时间范围之外发送的"), Refused(Kind::WindowClosed)),
        ("window, Instagram, in a 200", error(200, 10, 2_534_022, WINDOW), Refused(Kind::WindowClosed)),
        ("gone, Instagram", error(400, 9010, 0, "x"), Refused(Kind::NotFound)),
        ("Instagram's node", error(400, 3, 2_534_022, "x"), Refused(Kind::WindowClosed)),
        // Another app (O).
        ("not owner, 2018300", error(400, 2_018_300, 0, "x"), Refused(Kind::NotOwner)),
        ("not owner, as subcode", error(400, 100, 2_018_300, "x"), Refused(Kind::NotOwner)),
        ("not owner, Instagram", error(400, 100, 2_534_037, "x"), Refused(Kind::NotOwner)),
        ("lead flow", error(400, 2_018_321, 0, "x"), Refused(Kind::NotOwner)),
        // Policy (X): nothing tries again by itself.
        ("blocked", error(400, 368, 0, "x"), Refused(Kind::Restricted)),
        ("page restricted", error(403, 10, 1_893_063, "x"), Refused(Kind::Restricted)),
        ("business blocked", error(400, 100, 2_534_029, "x"), Refused(Kind::Restricted)),
        ("policy, 2022", error(400, 2022, 0, "x"), Refused(Kind::Restricted)),
        // The token (A): nothing is lost meanwhile.
        ("expired", error(400, 190, 463, "Session has expired"), NotSent(Kind::TokenExpired)),
        ("expired, 401", error(401, 190, 463, "x"), NotSent(Kind::TokenExpired)),
        ("revoked", error(400, 190, 458, "x"), NotSent(Kind::TokenRevoked)),
        ("invalid", error(401, 190, 0, "x"), NotSent(Kind::TokenRevoked)),
        ("password", error(400, 190, 460, "x"), NotSent(Kind::PasswordChanged)),
        ("checkpoint", error(400, 190, 459, "x"), NotSent(Kind::Checkpoint)),
        ("Instagram login", error(400, 10, 2_534_077, "x"), NotSent(Kind::Checkpoint)),
        ("role", error(400, 190, 492, "x"), NotSent(Kind::RoleLost)),
        ("session", error(400, 102, 0, "x"), NotSent(Kind::TokenRevoked)),
        ("signature", error(400, 104, 0, "x"), NotSent(Kind::TokenRevoked)),
        ("proof", error(400, 100, 0, "API calls from the server require an appsecret_proof argument"), NotSent(Kind::AppSecret)),
        // Permissions and set-up (P).
        ("permission", error(403, 10, 0, "(#10) Application does not have permission for this action"), NotSent(permission(""))),
        ("permission, named", error(403, 200, 0, "(#200) Requires pages_messaging"), NotSent(permission("pages_messaging"))),
        ("app roles only", error(403, 200, 2_018_028, "x"), NotSent(permission("pages_messaging"))),
        ("capability", error(400, 3, 0, "(#3) Application does not have the capability"), NotSent(permission(""))),
        ("access off", error(403, 200, 2_534_041, "x"), NotSent(Kind::MessageAccessOff)),
        ("not eligible", error(400, 36_103, 0, "x"), NotSent(Kind::MessageAccessOff)),
        ("not linked", error(400, 100, 2_534_013, "x"), NotSent(Kind::NotLinked)),
        // The rate (T).
        ("4", error(400, 4, 0, "x"), NotSent(limited(None))),
        ("613", error(400, 613, 0, "x"), NotSent(limited(None))),
        ("80006 with five minutes", waiting(400, r#"{"error":{"code":80006,"message":"x"}}"#), NotSent(limited(five))),
        ("80002, 403", error(403, 80_002, 0, "x"), NotSent(limited(None))),
        ("throttled, 429", error(429, 80_006, 2_446_079, "x"), NotSent(limited(None))),
        ("429 html", answer(429, HTML), NotSent(limited(None))),
        ("429 broke off", broken_off(429), NotSent(limited(None))),
        ("401 html", answer(401, HTML), NotSent(Kind::TokenRevoked)),
        ("401 broke off", broken_off(401), NotSent(Kind::TokenRevoked)),
        ("Instagram's rate", error(400, 613, 2_534_040, "x"), NotSent(limited(None))),
        ("several pictures nobody sent", error(400, 100, 2_534_068, "x"), NotSent(permission(""))),
        // A file that Meta could not fetch was not sent.
        ("video url", error(400, 100, 2_018_294, "x"), NotSent(Kind::Server)),
        ("media url", error(400, 100, 2_018_008, "x"), NotSent(Kind::Server)),
        // It may have been delivered.
        ("code 1", error(500, 1, 0, "An unknown error occurred"), Ambiguous(Kind::Server)),
        ("code 1 in a 400", error(400, 1, 0, "An unknown error occurred"), Ambiguous(Kind::Server)),
        ("code 1 in a 200", error(200, 1, 0, "x"), Ambiguous(Kind::Server)),
        ("1/1357046", error(200, 1, 1_357_046, "Received invalid JSON reply"), Ambiguous(Kind::Server)),
        ("1357046 elsewhere", error(400, 100, 1_357_046, "x"), Ambiguous(Kind::Server)),
        ("1/99", error(400, 1, 99, "x"), Ambiguous(permission(""))),
        ("too much data", error(400, 1, 0, "Please reduce the amount of data you're asking for"), Ambiguous(Kind::TooLarge)),
        ("code 2", error(400, 2, 0, "Service temporarily unavailable"), Ambiguous(Kind::Server)),
        ("code -1", error(400, -1, 0, "x"), Ambiguous(Kind::Server)),
        ("code 1200", error(403, 1200, 0, "x"), Ambiguous(Kind::Server)),
        ("a transient number of tomorrow", answer(400, r#"{"error":{"code":987654,"message":"x","is_transient":true}}"#), Ambiguous(Kind::Server)),
        ("500 that denies everything", error(500, 10, 2_018_278, WINDOW), Ambiguous(Kind::Server)),
        ("500 with a token error", error(500, 190, 463, "x"), Ambiguous(Kind::Server)),
        ("500 with an id", answer(500, r#"{"message_id":"m_1"}"#), Ambiguous(Kind::Server)),
        ("502 html", answer(502, HTML), Ambiguous(Kind::Server)),
        ("503", answer(503, ""), Ambiguous(Kind::Server)),
        ("504 broke off", broken_off(504), Ambiguous(Kind::Server)),
        ("408", error(408, 100, 0, "x"), Ambiguous(Kind::Server)),
        ("301", answer(301, ""), Ambiguous(Kind::Server)),
        ("307", answer(307, ""), Ambiguous(Kind::Server)),
        ("308", answer(308, r#"{"message_id":"m_1"}"#), Ambiguous(Kind::Server)),
        ("101", answer(101, ""), Ambiguous(Kind::Server)),
        // Whoever answered this is not known to be Graph.
        ("400 html", answer(400, HTML), Ambiguous(Kind::Decode)),
        ("403 html", answer(403, HTML), Ambiguous(Kind::Decode)),
        ("404 empty", answer(404, ""), Ambiguous(Kind::Decode)),
        ("400 of a gateway", answer(400, r#"{"error":{"message":"Bad Request"}}"#), Ambiguous(Kind::Decode)),
        ("400 with an id", answer(400, r#"{"message_id":"m_1"}"#), Ambiguous(Kind::Decode)),
        ("400 broke off", broken_off(400), Ambiguous(Kind::Decode)),
        ("429 with an id", answer(429, r#"{"message_id":"m_1"}"#), Ambiguous(Kind::Decode)),
    ]
}

#[test]
fn every_answer_means_what_the_table_says() {
    assert_table(table(), |reply| classify(reply, Sent::default()));
}

#[test]
fn a_refused_tag_fails_its_message_and_not_the_account() {
    let human = || Kind::Permission { name: Some("human_agent".to_owned()) };
    for reply in [error(403, 10, 0, "x"), error(400, 200, 0, "x")] {
        assert_is("the tag", &Refused(human()), &classify(reply, HUMAN));
    }
    let named = classify(error(403, 200, 0, "(#200) Requires pages_messaging"), HUMAN);
    assert_is("named", &NotSent(Kind::Permission { name: Some("pages_messaging".to_owned()) }), &named);
    assert_is("closed", &Refused(Kind::WindowClosed), &classify(error(400, 10, 2_018_278, WINDOW), HUMAN));
}

#[test]
fn several_pictures_where_the_account_may_not_fail_their_message_and_not_the_account() {
    let several = Sent { several: true, ..Sent::default() };
    for reply in [error(400, 100, 2_534_068, "x"), error(403, 2_534_068, 0, "x"), error(400, 10, 2_534_068, "x")] {
        assert_is("several", &Refused(Kind::OneByOne), &classify(reply, several));
    }
    assert_is("one", &NotSent(Kind::Permission { name: None }), &classify(error(403, 10, 0, "x"), several));
}

#[test]
fn a_file_that_meta_cannot_have_from_its_address_is_refused_for_good_and_can_be_uploaded() {
    let by_address = Sent { by_address: true, ..Sent::default() };
    for number in [2_018_008, 2_018_047, 2_018_109, 2_018_294] {
        assert_is("address", &Refused(Kind::UploadGone), &classify(error(400, 100, number, "x"), by_address));
    }
    assert_is("uploaded", &NotSent(Kind::Server), &classify(error(400, 100, 2_018_008, "x"), Sent::default()));
    assert_is("server", &Ambiguous(Kind::Server), &classify(error(500, 100, 2_018_008, "x"), by_address));
}

#[test]
fn the_providers_clock_and_numbers_are_handed_on() {
    let at = Some(backscroll_model::Timestamp(1_770_112_800_000));
    let facts = Facts { server_time: at, ..Facts::default() };
    let body = Ok(br#"{"message_id":"m"}"#.to_vec());
    let SendOutcome::Accepted { server_time, .. } =
        classify(Reply::Answered { status: 200, facts, body }, Sent::default())
    else {
        panic!("not accepted");
    };
    assert_eq!(server_time, at);
    let SendOutcome::Refused(error) = classify(error(400, 10, 2_018_278, WINDOW), Sent::default()) else {
        panic!("not refused")
    };
    assert_eq!((error.http_status, error.code.as_deref()), (Some(400), Some("10/2018278")));
    assert!(error.said.contains("outside of allowed window"));
}

proptest::proptest! {
    #[test]
    fn no_answer_whatever_is_accepted_without_an_id_in_it(status in 0u16..1000, body in ".{0,80}") {
        if let SendOutcome::Accepted { remote_id, .. } = classify(answer(status, &body), Sent::default()) {
            proptest::prop_assert!(body.contains(remote_id.as_str()));
            proptest::prop_assert!((200..300).contains(&status));
        }
    }

    #[test]
    fn a_server_error_is_never_proof_of_anything(
        status in 500u16..1000, code in -5i64..700, subcode in 0i64..3_000_000, human in proptest::bool::ANY,
    ) {
        let ambiguous = matches!(classify(error(status, code, subcode, "x"), Sent { human_agent: human, several: false, by_address: false }), SendOutcome::Ambiguous(_));
        proptest::prop_assert!(ambiguous);
    }

    #[test]
    fn codes_that_may_hide_a_delivery_are_never_proof(
        status in 200u16..500, code in proptest::sample::select(vec![-1i64, 1, 2, 1200]), subcode in 0i64..100_000,
    ) {
        let ambiguous = matches!(classify(error(status, code, subcode, "x"), Sent::default()), SendOutcome::Ambiguous(_));
        proptest::prop_assert!(ambiguous);
    }
}

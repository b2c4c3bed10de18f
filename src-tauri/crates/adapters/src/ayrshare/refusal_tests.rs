#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

fn flat(code: u32, message: &str) -> Option<Refusal> {
    Refusal::of(&serde_json::json!({"status": "error", "code": code, "message": message}).to_string())
}

fn at(status: u16, refusal: Option<Refusal>) -> Kind {
    kind(status, refusal.as_ref(), None, Asker::default())
}

#[test]
fn the_three_shapes_say_the_same() {
    let flat = Refusal::of(r#"{"action": "a", "status": "error", "code": 161, "message": "m"}"#).unwrap();
    let wrapped =
        Refusal::of(r#"{"status": "error", "errors": [{"action": "a", "code": "161", "message": "m"}], "id": "6A"}"#);
    assert_eq!(Some(flat), wrapped);
    let media = Refusal::of(r#"{"status": "error", "statusCode": 404, "statusText": "Not Found"}"#).unwrap();
    assert_eq!((media.code.as_deref(), media.message.as_deref()), (Some("404"), Some("Not Found")));
}

#[test]
fn a_success_or_a_stranger_is_no_refusal() {
    for json in [r#"{"status": "success", "message": "hi"}"#, "{}", "[]", "7", r#"{"a": 1}"#, "<html>", ""] {
        assert_eq!(Refusal::of(json), None, "{json}");
    }
}

#[test]
fn the_status_decides_before_the_code() {
    assert_eq!(at(401, flat(156, "not linked")), Kind::KeyRefused);
    assert_eq!(at(500, flat(156, "not linked")), Kind::Server);
    assert_eq!(at(402, None), Kind::PlanRequired);
    assert_eq!(at(404, None), Kind::NotFound);
    assert_eq!(at(302, None), Kind::Server);
    assert_eq!(at(200, None), Kind::Decode);
}

#[test]
fn a_closed_window_is_known_by_its_words_whatever_the_code() {
    for code in [107, 138, 101, 156, 999] {
        let words = "(#10) This message is sent outside of allowed window.";
        assert_eq!(at(400, flat(code, words)), Kind::WindowClosed, "{code}");
    }
}

#[test]
fn codes_and_words_find_what_the_user_can_do() {
    for (status, code, message, expected) in [
        (400, 156, "", Kind::NotLinked),
        (400, 161, "", Kind::LinkAgain),
        (400, 272, "", Kind::LinkAgain),
        (400, 361, "", Kind::MessagingOff),
        (400, 362, "", Kind::LinkAgain),
        (403, 361, "", Kind::MessagingOff),
        (400, 146, "", Kind::TitleTaken),
        (419, 419, "", Kind::XKeysMissing),
        (400, 419, "", Kind::XKeysMissing),
        (400, 101, "Missing header X-Twitter-OAuth1-Api-Secret", Kind::XKeysMissing),
        (400, 107, "(#100) Param recipient[id] must be a valid ID string", Kind::Recipient),
        (400, 107, "(#551) This person isn't available right now.", Kind::Recipient),
        (400, 107, "(#190) Error validating access token", Kind::LinkAgain),
        (400, 107, "(#613) Calls to this api have exceeded the rate limit.", Kind::RateLimited { wait: None }),
        (400, 107, "(#2) Service temporarily unavailable", Kind::Server),
        (400, 272, "(#100) Attachment size exceeds allowable limit", Kind::Rejected),
        (400, 272, "Too Many Requests: the rate limit of the account is exceeded.", Kind::RateLimited { wait: None }),
        (400, 161, "(#100) Link the Page again", Kind::LinkAgain),
        (400, 138, "(#200) Requires permission", Kind::Permission { name: None }),
        (400, 999, "Facebook is not linked to this profile", Kind::NotLinked),
        (400, 999, "Please unlink and re-link Instagram", Kind::LinkAgain),
        (403, 999, "Profile suspended", Kind::Suspended),
        (400, 101, "Missing parameter", Kind::Rejected),
        (405, 101, "", Kind::Rejected),
    ] {
        assert_eq!(at(status, flat(code, message)), expected, "{status} {code} {message}");
    }
}

#[test]
fn a_403_depends_on_who_asked() {
    let as_profile = Asker { as_profile: true };
    let refusal = flat(999, "Profile Key not found");
    assert_eq!(kind(403, refusal.as_ref(), None, as_profile), Kind::ProfileKeyRefused);
    assert_eq!(kind(403, refusal.as_ref(), None, Asker::default()), Kind::ProfileKeyAsApiKey);
    assert_eq!(kind(403, flat(1, "No").as_ref(), None, as_profile), Kind::ProfileKeyRefused);
    assert_eq!(kind(403, flat(1, "No").as_ref(), None, Asker::default()), Kind::Permission { name: None });
    assert_eq!(kind(403, flat(1, "Upgrade your plan").as_ref(), None, as_profile), Kind::PlanRequired);
    let profile_key_in_the_wrong_place = flat(102, "Authorization holds a Profile Key");
    assert_eq!(at(401, profile_key_in_the_wrong_place), Kind::ProfileKeyAsApiKey);
}

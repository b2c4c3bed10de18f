//! `POST /{page}/messages`: forms, order of refusals, limits, tags, windows, actions.

use std::time::Duration;

use backscroll_simulator::{Direction, Origin, PersonFlags, Platform, TokenState};
use serde_json::{Value, json};

use crate::{Api, HOUR, P, START, numbers, read, response, tagged};

#[tokio::test]
async fn json_form_and_multipart_send_the_same_by_page_id_and_by_me() {
    let api = Api::start().await;
    let ada = api.ada();
    let recipient = json!({ "id": ada.person }).to_string();
    let message = json!({ "text": "Yes, baked this morning. 🍞", "metadata": "c-01" }).to_string();
    let pairs = [("recipient", recipient), ("messaging_type", "RESPONSE".to_owned()), ("message", message)];
    let form = pairs.iter().fold(reqwest::multipart::Form::new(), |f, (k, v)| f.text(*k, v.clone()));
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let path = format!("/{}/messages", api.page());
    let requests = [
        api.call("POST", "/me/messages").json(&response(&ada, json!({ "text": "Yes, baked this morning. 🍞" }))),
        api.call("POST", &path).header("content-type", "application/x-www-form-urlencoded").body(encoded),
        api.call("POST", &path).multipart(form),
    ];
    for request in requests {
        let (status, body) = read(request).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["recipient_id"], ada.person);
        assert!(body["message_id"].as_str().unwrap().starts_with("m_"));
    }
    assert_eq!(api.delivered(), ["Yes, baked this morning. 🍞"; 3]);
    let sent = api.sim.delivered();
    assert_eq!((sent[0].direction, sent[0].at_ms), (Direction::Sent, START));
    assert!(matches!(sent[2].origin, Origin::Request(_)));
}

#[tokio::test]
async fn the_answered_id_is_the_one_that_reads_show() {
    let api = Api::start().await;
    for chat in [api.ada(), api.noor()] {
        let id = api.send(&chat, json!({ "text": "Hello" })).await;
        let path = format!(
            "/{}?fields=message,from",
            percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC)
        );
        let (status, read) = read(api.call("GET", &path)).await;
        assert_eq!((status, &read["message"], &read["id"]), (200, &json!("Hello"), &json!(id)));
        let own = if chat.platform == Platform::Facebook { api.page() } else { api.igid() };
        assert_eq!(read["from"]["id"], own);
        if chat.platform == Platform::Instagram {
            assert!(id.starts_with("aWdf"));
        }
    }
}

#[tokio::test]
async fn refusals_come_in_the_documented_order() {
    let api = Api::start().await;
    let ada = api.ada();
    api.sim.graph().set_flags(&ada, PersonFlags { unreachable: true, ..PersonFlags::default() }).unwrap();
    api.pass(30 * 24 * HOUR).await;
    // Everything is wrong at once; each step mends the first thing.
    let mut body = json!({
        "recipient": { "id": "1" }, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE", "sender_action": "typing_on",
        "message": { "text": "x".repeat(2_001) },
    });
    let (_, answer) = read(api.bare("POST", "/nobody/messages").bearer_auth("stale").json(&body)).await;
    assert_eq!(numbers(&answer), (190, 0), "the token");
    let (_, answer) = read(api.call("POST", "/123456/messages").json(&body)).await;
    assert_eq!(numbers(&answer), (100, 33), "the Page");
    assert_eq!(api.refused(body.clone()).await, (100, 2_018_001), "the recipient");
    body["recipient"]["id"] = json!(ada.person);
    assert_eq!(api.refused(body.clone()).await, (100, 2_018_014), "message and action");
    body.as_object_mut().unwrap().remove("sender_action");
    let (_, answer) = api.post("/me/messages", body.clone()).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("2000"), "the length: {answer}");
    body["message"] =
        json!({ "attachment": { "type": "image", "payload": { "url": "https://nowhere.invalid/a.png" } } });
    let (_, answer) = api.post("/me/messages", body.clone()).await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("ACCOUNT_UPDATE"), "the tag: {answer}");
    body["tag"] = json!("HUMAN_AGENT");
    assert_eq!(api.refused(body.clone()).await, (10, 2_018_278), "the window");
    api.sim.inbound(&ada, "Still there?").unwrap();
    assert_eq!(api.refused(body.clone()).await, (551, 1_545_041), "the person");
    api.sim.graph().set_flags(&ada, PersonFlags::default()).unwrap();
    assert_eq!(api.refused(body.clone()).await, (100, 2_018_008), "the file");
    body["message"] = json!({ "text": "Now." });
    assert_eq!(api.post("/me/messages", body).await.0, 200);
    assert_eq!(api.delivered(), ["Now."]);
}

#[tokio::test]
async fn texts_are_measured_in_characters_on_messenger_and_in_bytes_on_instagram() {
    let api = Api::start().await;
    let (ada, noor) = (api.ada(), api.noor());
    api.send(&ada, json!({ "text": "я".repeat(2_000) })).await;
    assert_eq!(api.refused(response(&ada, json!({ "text": "a".repeat(2_001) }))).await, (100, 0));
    api.send(&noor, json!({ "text": "я".repeat(500) })).await;
    api.send(&noor, json!({ "text": "a".repeat(1_000) })).await;
    assert_eq!(api.refused(response(&noor, json!({ "text": "я".repeat(500) + "!" }))).await, (100, 0));
    assert_eq!(api.delivered().len(), 3);
    assert_eq!(api.refused(response(&ada, json!({}))).await, (100, 2_018_034));
    let long = json!({ "text": "x", "metadata": "m".repeat(1_000) });
    assert_eq!(api.refused(response(&ada, long)).await, (100, 0));
}

#[tokio::test]
async fn the_window_closes_after_a_day_and_a_human_may_answer_for_seven() {
    let api = Api::start().await;
    for (chat, closed) in [(api.ada(), 2_018_278), (api.noor(), 2_534_022)] {
        api.sim.inbound(&chat, "Are you open?").unwrap();
        api.pass(24 * HOUR - 1).await;
        api.send(&chat, json!({ "text": "Yes" })).await;
        api.pass(1).await;
        assert_eq!(api.refused(response(&chat, json!({ "text": "Too late" }))).await, (10, closed));
        let (status, body) = api.post("/me/messages", tagged(&chat, "HUMAN_AGENT")).await;
        assert_eq!(status, 200, "{body}");
        api.pass(6 * 24 * HOUR).await;
        assert_eq!(api.refused(tagged(&chat, "HUMAN_AGENT")).await, (10, closed));
        api.sim.inbound(&chat, "Me again").unwrap();
        api.send(&chat, json!({ "text": "Welcome back" })).await;
    }
}

#[tokio::test]
async fn a_tapped_button_opens_the_window_again() {
    let api = Api::start().await;
    let ada = api.ada();
    api.pass(30 * 24 * HOUR).await;
    assert_eq!(api.refused(response(&ada, json!({ "text": "?" }))).await.0, 10);
    api.sim.graph().postback(&ada, "Opening hours", "HOURS").unwrap();
    api.send(&ada, json!({ "text": "From eight." })).await;
}

#[tokio::test]
async fn tags_that_are_unknown_retired_or_not_approved_are_refused() {
    let api = Api::start().await;
    let ada = api.ada();
    for tag in ["ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE", "CUSTOMER_FEEDBACK", "FRIEND"] {
        assert_eq!(api.refused(tagged(&ada, tag)).await, (100, 0), "{tag}");
    }
    api.sim.graph().set_send_knobs(|k| k.human_agent = false);
    assert_eq!(api.refused(tagged(&ada, "HUMAN_AGENT")).await, (10, 0));
    let mut body = response(&ada, json!({ "text": "x" }));
    body["tag"] = json!("HUMAN_AGENT");
    assert_eq!(api.refused(body.clone()).await, (100, 0), "a tag needs its type");
    body.as_object_mut().unwrap().remove("tag");
    body["messaging_type"] = json!("SHOUT");
    assert_eq!(api.refused(body.clone()).await, (100, 0));
    body.as_object_mut().unwrap().remove("messaging_type");
    assert_eq!(api.refused(body).await, (100, 0), "Messenger wants the type");
    let noor = api.noor();
    let bare = json!({ "recipient": { "id": noor.person }, "message": { "text": "Instagram does not" } });
    assert_eq!(api.post("/me/messages", bare).await.0, 200);
    assert_eq!(api.delivered().len(), 1);
}

#[tokio::test]
async fn a_reply_names_the_message_it_quotes() {
    let api = Api::start().await;
    let ada = api.ada();
    let asked = api.sim.inbound(&ada, "Is the rye loaf back?").unwrap();
    let mut body = response(&ada, json!({ "text": "Yes" }));
    body["reply_to"] = json!({ "mid": asked });
    let (_, sent) = api.post("/me/messages", body.clone()).await;
    let (_, read) = read(api.call("GET", &format!("/{}?fields=reply_to", sent["message_id"].as_str().unwrap()))).await;
    assert_eq!(read["reply_to"], json!({ "mid": asked, "is_self_reply": false }));
    body["reply_to"] = json!({ "mid": "m_never" });
    assert_eq!(api.refused(body).await, (100, 0));
}

#[tokio::test]
async fn typing_seen_and_reactions_answer_with_the_recipient_alone() {
    let api = Api::start().await;
    let ada = api.ada();
    let asked = api.sim.inbound(&ada, "Thank you!").unwrap();
    let act = |action: &str, payload: Value| {
        let mut body = json!({ "recipient": { "id": ada.person }, "sender_action": action });
        if !payload.is_null() {
            body["payload"] = payload;
        }
        api.post("/me/messages", body)
    };
    for action in ["typing_on", "TYPING_OFF", "mark_seen"] {
        assert_eq!(act(action, Value::Null).await, (200, json!({ "recipient_id": ada.person })));
    }
    let reactions = || api.sim.ledger().into_iter().find(|e| e.id == asked).unwrap().reactions;
    for emoji in ["👍", "❤️"] {
        let payload = json!({ "message_id": asked, "reaction": emoji });
        assert_eq!(act("react", payload).await, (200, json!({ "recipient_id": ada.person })));
        assert_eq!(reactions().get(&api.page()).map(String::as_str), Some(emoji), "one reaction, changed");
    }
    assert_eq!(act("unreact", json!({ "message_id": asked })).await.0, 200);
    assert!(reactions().is_empty());
    assert_eq!(numbers(&act("react", json!({ "message_id": "m_never", "reaction": "👍" })).await.1), (100, 0));
    assert_eq!(numbers(&act("dance", Value::Null).await.1), (100, 0));
    let seen: Vec<_> = api.sim.graph().sender_actions().into_iter().map(|a| a.action).collect();
    assert_eq!(seen, ["typing_on", "typing_off", "mark_seen", "react", "react", "unreact"]);
    assert!(api.delivered().is_empty());
}

#[tokio::test]
async fn instagram_is_written_to_through_the_page_only() {
    let api = Api::start().await;
    let noor = api.noor();
    let path = format!("/{}/messages", api.igid());
    let (_, answer) = api.post(&path, response(&noor, json!({ "text": "x" }))).await;
    assert_eq!(numbers(&answer), (3, 0));
    api.sim.graph().set_instagram_access(P, false).unwrap();
    assert_eq!(api.refused(response(&noor, json!({ "text": "x" }))).await, (200, 2_534_041));
    assert!(api.delivered().is_empty());
}

#[tokio::test]
async fn a_dead_token_and_a_block_that_hides_behind_code_two_send_nothing() {
    let api = Api::start().await;
    let ada = api.ada();
    api.sim.graph().set_flags(&ada, PersonFlags { hidden_block: true, ..PersonFlags::default() }).unwrap();
    assert_eq!(api.refused(response(&ada, json!({ "text": "x" }))).await, (2, 0));
    let token = api.sim.graph().page_token(P);
    api.sim.graph().set_token_state(&token, TokenState::PasswordChanged).unwrap();
    assert_eq!(api.refused(response(&ada, json!({ "text": "x" }))).await, (190, 460));
    assert!(api.delivered().is_empty());
}

#[tokio::test]
async fn people_read_and_answer_what_they_are_sent() {
    let api = Api::start().await;
    api.sim.set_people_answer(true);
    let ada = api.ada();
    api.send(&ada, json!({ "text": "See you at eight?" })).await;
    let before = api.sim.ledger().len();
    api.sim.advance(Duration::from_secs(20)).await;
    let answer = api.sim.ledger().last().cloned().unwrap();
    assert_eq!((api.sim.ledger().len(), answer.direction), (before + 1, Direction::Received));
}

//! Sends whose outcome the client cannot know, and echoes that are faster than the answer.

use backscroll_simulator::{Echo, Fault, Hold, Meanwhile, Meter, Platform};
use serde_json::json;

use crate::receiver::Receiver;
use crate::{Api, numbers, read, response};

#[tokio::test]
async fn sent_and_the_connection_drops() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    api.sim.on("POST", "/graph").within("/messages").fail(Fault::apply_then_drop());
    let body = response(&ada, json!({ "text": "Is it there?", "metadata": "c-7" }));
    assert!(api.call("POST", "/me/messages").json(&body).send().await.is_err());
    assert_eq!(api.delivered(), ["Is it there?"]);
    api.sim.settle().await;
    assert_eq!(receiver.last()["message"]["metadata"], "c-7", "the echo decides");
}

#[tokio::test]
async fn sent_and_the_answer_is_an_error() {
    let api = Api::start().await;
    let ada = api.ada();
    for (code, subcode) in [(1, Some(1_357_046)), (2, None)] {
        let error = Fault::graph(code, subcode);
        api.sim.on("POST", "/graph").within("/messages").fail(Fault::Applied(Box::new(error)));
        let (_, answer) = api.post("/me/messages", response(&ada, json!({ "text": "there" }))).await;
        assert_eq!(numbers(&answer), (u64::from(code), subcode.map_or(0, u64::from)));
    }
    assert_eq!(api.delivered(), ["there", "there"]);
}

#[tokio::test]
async fn an_error_without_applying_sends_nothing() {
    let api = Api::start().await;
    api.sim.on("POST", "/graph").fail(Fault::graph(2, None));
    assert_eq!(api.refused(response(&api.ada(), json!({ "text": "x" }))).await, (2, 0));
    assert!(api.delivered().is_empty());
}

#[tokio::test]
async fn the_echo_can_come_before_the_answer() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let hold = Hold::new();
    api.sim.on("POST", "/graph").fail(Fault::Applied(Box::new(Fault::Hold(hold.clone()))));
    let body = response(&ada, json!({ "text": "fast" }));
    let sending = tokio::spawn(read(api.call("POST", "/me/messages").json(&body)));
    receiver.next().await;
    let echo = receiver.last();
    assert!(!sending.is_finished());
    hold.open();
    assert_eq!(sending.await.unwrap().1["message_id"], echo["message"]["mid"]);
}

#[tokio::test]
async fn a_throttled_page_sends_nothing() {
    let api = Api::start().await;
    let ada = api.ada();
    api.sim.graph().set_usage(crate::P, Platform::Facebook, Meter::percent(100));
    assert_eq!(api.refused(response(&ada, json!({ "text": "x" }))).await.0, 80_006);
    assert!(api.delivered().is_empty());
}

#[tokio::test]
async fn errors_in_another_language_keep_their_numbers() {
    let api = Api::start().await;
    api.sim.graph().set_knobs(|k| k.foreign_errors = true);
    api.pass(30 * 24 * crate::HOUR).await;
    let (status, answer) = api.post("/me/messages", response(&api.ada(), json!({ "text": "x" }))).await;
    assert_eq!((status, numbers(&answer)), (400, (10, 2_018_278)));
    assert!(!answer["error"]["message"].as_str().unwrap().is_ascii());
}

#[tokio::test]
async fn every_item_of_a_batch_sends_and_fails_for_itself() {
    let api = Api::start().await;
    let ada = api.ada();
    let item = |text: &str| {
        let recipient = json!({ "id": ada.person }).to_string();
        let message = json!({ "text": text }).to_string();
        let pairs = [("recipient", recipient.as_str()), ("messaging_type", "RESPONSE"), ("message", message.as_str())];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        json!({ "method": "POST", "relative_url": "me/messages", "body": body })
    };
    let batch = json!([item("one"), item(""), item("three")]).to_string();
    let (status, answer) = read(api.call("POST", "/").json(&json!({ "batch": batch }))).await;
    assert_eq!(status, 200, "{answer}");
    let codes: Vec<_> = answer.as_array().unwrap().iter().map(|a| a["code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [200, 400, 200]);
    assert_eq!(api.delivered(), ["one", "three"]);
}

#[tokio::test]
async fn a_token_without_the_permission_sends_nothing() {
    let api = Api::start().await;
    let noor = api.noor();
    let token = api.sim.graph().page_token(crate::P);
    api.sim.graph().set_scopes(&token, &["pages_messaging"]).unwrap();
    assert_eq!(api.refused(response(&noor, json!({ "text": "x" }))).await.0, 200);
    api.send(&api.ada(), json!({ "text": "Messenger may" })).await;
    let (_, answer) = api.post("/me/subscribed_apps?subscribed_fields=messages", json!({})).await;
    assert_eq!(numbers(&answer).0, 200, "pages_manage_metadata is missing");
    assert_eq!(api.delivered(), ["Messenger may"]);
}

#[tokio::test]
async fn a_success_can_be_without_an_id_or_be_no_json() {
    let api = Api::start().await;
    let ada = api.ada();
    let body = response(&ada, json!({ "text": "there" }));
    api.sim.graph().on("POST", "/messages").fail(Fault::without_id());
    let (status, answer) = api.post("/me/messages", body.clone()).await;
    assert_eq!((status, answer), (200, json!({ "recipient_id": ada.person })));
    for fault in [Fault::Html { http: 200 }, Fault::Garbage { bytes: 300 }, Fault::Empty] {
        api.sim.graph().on("POST", "/messages").fail(Fault::applied(fault));
        let answer = api.call("POST", "/me/messages").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(api.delivered().len(), 4);
}

#[tokio::test]
async fn echoes_get_lost_come_late_or_twice() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    api.sim.graph().echoes(1, Echo::Lost);
    api.sim.graph().echoes(1, Echo::Late { ms: 600_000 });
    api.sim.graph().echoes(1, Echo::Twice);
    let mut told = Vec::new();
    for n in 0..4 {
        api.send(&ada, json!({ "text": "x", "metadata": format!("c-{n}") })).await;
        api.sim.settle().await;
        told.push(receiver.mail().len());
    }
    assert_eq!(told, [0, 0, 2, 3]);
    let mail = receiver.mail();
    assert_eq!(mail[0], mail[1], "byte for byte");
    api.pass(600).await;
    assert_eq!(receiver.last()["message"]["metadata"], "c-1");
    api.sim.inbound(&ada, "People are heard").unwrap();
    api.sim.graph().echoes(u32::MAX, Echo::Lost);
    api.send(&ada, json!({ "text": "never heard of" })).await;
    api.sim.settle().await;
    assert_eq!(receiver.last()["message"]["text"], "People are heard");
}

#[tokio::test]
async fn the_window_closes_between_the_upload_and_the_send() {
    let api = Api::start().await;
    for (chat, closed) in [(api.ada(), 2_018_278), (api.noor(), 2_534_022)] {
        api.sim.inbound(&chat, "Hello").unwrap();
        api.sim.graph().on("POST", "/messages").fail(Fault::Before(Meanwhile::WindowsClose));
        assert_eq!(api.refused(response(&chat, json!({ "text": "x" }))).await, (10, closed));
        assert_eq!(api.refused(response(&chat, json!({ "text": "x" }))).await, (10, closed), "it stays closed");
        api.sim.inbound(&chat, "Me again").unwrap();
        api.send(&chat, json!({ "text": "Yes?" })).await;
    }
}

#[tokio::test]
async fn sends_have_a_limit_of_their_own_and_sound_a_smaller_one() {
    let api = Api::start().await;
    let (ada, noor) = (api.ada(), api.noor());
    api.sim.graph().set_send_knobs(|k| k.per_second = Some(5));
    let text = || response(&ada, json!({ "text": "x" }));
    for _ in 0..5 {
        assert_eq!(api.post("/me/messages", text()).await.0, 200);
    }
    assert_eq!(api.refused(text()).await, (613, 2_534_040));
    let word = json!({ "attachment": { "type": "audio", "payload": { "url": "https://cdn.example.test/a.mp3" } } });
    for _ in 0..10 {
        api.send(&ada, word.clone()).await;
    }
    assert_eq!(api.refused(response(&ada, word)).await, (613, 2_534_040));
    api.send(&noor, json!({ "text": "another account" })).await;
    let (status, _) = read(api.call("GET", "/me/conversations?fields=id")).await;
    assert_eq!(status, 200, "reads are counted for themselves");
    api.pass(1).await;
    assert_eq!(api.post("/me/messages", text()).await.0, 200);
    assert_eq!(api.sim.chats(crate::P, Platform::Facebook).len(), 2);
}

#[tokio::test]
async fn instagram_may_refuse_reactions() {
    let api = Api::start().await;
    let noor = api.noor();
    let asked = api.sim.inbound(&noor, "Thanks!").unwrap();
    let react = json!({
        "recipient": { "id": noor.person }, "sender_action": "react",
        "payload": { "message_id": asked, "reaction": "love" },
    });
    assert_eq!(api.post("/me/messages", react.clone()).await.0, 200);
    let (_, node) = read(api.call("GET", &format!("/{asked}?fields=reactions"))).await;
    assert!(node.to_string().contains("\u{2764}"), "{node}");
    api.sim.graph().set_send_knobs(|k| k.instagram_reactions = false);
    assert_eq!(api.refused(react).await, (2, 0));
}

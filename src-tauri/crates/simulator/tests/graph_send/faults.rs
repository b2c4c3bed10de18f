//! Sends whose outcome the client cannot know, and echoes that are faster than the answer.

use backscroll_simulator::{Fault, Hold};
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
    api.sim.graph().set_usage(
        crate::P,
        backscroll_simulator::Platform::Facebook,
        backscroll_simulator::Meter::percent(100),
    );
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

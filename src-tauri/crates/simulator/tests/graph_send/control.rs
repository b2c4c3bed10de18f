//! The same from another process: `/__control/graph/…`.

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::{Api, read};

async fn control(api: &Api, method: &str, path: &str, body: Value) -> Value {
    let base = api.sim.graph().api_base().replace("/graph", "/__control");
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let (status, answer) = read(api.http.request(method, format!("{base}{path}")).json(&body)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn another_process_can_subscribe_act_hold_and_forge() {
    let api = Api::start().await;
    let (receiver, url) = Receiver::open(&[]).await;
    let post = |path: &'static str, body| control(&api, "POST", path, body);
    post("/graph/webhooks/subscribe", json!({ "url": url })).await;
    let ada = json!({ "platform": "facebook", "person": "Ada Park" });
    let act = |act: Value| {
        let mut body = ada.clone();
        body.as_object_mut().unwrap().extend(act.as_object().unwrap().clone());
        post("/graph/act", body)
    };
    let tapped = act(json!({ "act": "postback", "title": "Hours", "payload": "H" })).await;
    act(json!({ "act": "edit", "message": tapped["id"], "text": "Hours?" })).await;
    act(json!({ "act": "react", "message": tapped["id"], "emoji": "👍" })).await;
    api.sim.settle().await;
    assert_eq!(receiver.events().len(), 3);
    post("/graph/webhooks/knobs", json!({ "hold": true, "signing": "wrong" })).await;
    act(json!({ "act": "unreact", "message": tapped["id"] })).await;
    act(json!({ "act": "unsend", "message": tapped["id"] })).await;
    act(json!({ "act": "read" })).await;
    post("/graph/webhooks/release", json!({ "newest_first": true })).await;
    post("/graph/webhooks/redeliver", json!({ "number": 1 })).await;
    post("/graph/webhooks/post", json!({ "object": "page", "body": "{}", "signing": "missing", "length": 9_000 }))
        .await;
    api.sim.settle().await;
    let events = receiver.events();
    assert!(events[3].get("read").is_some() && events[4]["message"]["is_deleted"] == true);
    assert_eq!(receiver.mail()[6].1, receiver.mail()[0].1);
    assert_eq!(receiver.mail()[7].1.len(), 9_000);
    let log = control(&api, "GET", "/graph/webhooks", json!({})).await;
    assert_eq!(log.as_array().unwrap().len(), 8);
    assert_eq!((&log[0]["field"], &log[0]["status"]), (&json!("messaging_postbacks"), &json!(200)));
    post("/graph/send-knobs", json!({ "human_agent": false })).await;
    assert_eq!(control(&api, "GET", "/graph/sender-actions", json!({})).await, json!([]));
}

#[tokio::test]
async fn another_process_can_hold_and_repeat_ayrshares_webhooks() {
    let api = Api::start().await;
    let (receiver, url) = Receiver::open(&[]).await;
    let register = json!({ "action": "messages", "url": url, "secret": "s" });
    let request = api.http.post(format!("{}/hook/webhook", api.sim.base_url())).bearer_auth(api.sim.api_key());
    assert_eq!(read(request.json(&register)).await.0, 200);
    control(&api, "POST", "/webhooks/knobs", json!({ "hold": true, "digest": "base64", "time_off_s": -900 })).await;
    api.sim.inbound(&api.ada(), "x").unwrap();
    api.sim.settle().await;
    assert!(receiver.mail().is_empty());
    control(&api, "POST", "/webhooks/release", json!({})).await;
    api.sim.settle().await;
    let hook_id = receiver.bodies()[0]["hookId"].clone();
    control(&api, "POST", "/webhooks/redeliver", json!({ "hook_id": hook_id })).await;
    api.sim.settle().await;
    assert_eq!(receiver.mail()[0].1, receiver.mail()[1].1);
}

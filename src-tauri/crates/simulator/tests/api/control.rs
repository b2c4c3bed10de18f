//! The control surface over HTTP, for tests in other languages.

use backscroll_simulator::WorldKind;
use serde_json::{Value, json};

use crate::{Api, START};

async fn control(api: &Api, path: &str, body: Option<Value>) -> Value {
    let url = format!("http://{}/__control/{path}", api.sim.addr());
    let request = match body {
        Some(body) => api.http.post(url).json(&body),
        None => api.http.get(url),
    };
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_test_in_another_language_can_do_and_see_the_same() {
    let api = Api::start(WorldKind::Small).await;
    let chats = control(&api, "chats", None).await;
    assert!(chats.as_array().unwrap().iter().any(|c| c["name"] == "Ada Park" && c["platform"] == "facebook"));
    let who = json!({ "platform": "facebook", "person": "Ada Park" });
    let with = |extra: Value| {
        let mut all = who.clone();
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Some(all)
    };
    let id = control(&api, "inbound", with(json!({ "text": "From Node" }))).await["id"].clone();
    control(&api, "react", with(json!({ "message": id, "emoji": "❤️" }))).await;
    control(&api, "read", with(json!({}))).await;
    assert_eq!(control(&api, "advance", Some(json!({ "ms": 5_000 }))).await["now_ms"], START + 5_000);
    let fault = json!({ "method": "GET", "path": "/user", "fault": { "kind": "status", "http": 503 } });
    control(&api, "fail", Some(fault)).await;
    assert_eq!(api.call("GET", "/user").send().await.unwrap().status(), 503);

    let ledger = control(&api, "ledger", None).await;
    let entry = ledger.as_array().unwrap().iter().find(|e| e["id"] == id).unwrap().clone();
    assert_eq!(
        (&entry["text"], &entry["direction"], &entry["origin"]),
        (&json!("From Node"), &json!("in"), &json!("person"))
    );
    assert_eq!(entry["reactions"].as_object().unwrap().len(), 1);
    let requests = control(&api, "requests", None).await;
    assert_eq!(requests.as_array().unwrap().len(), 1, "control calls are not recorded");
    assert_eq!((&requests[0]["path"], &requests[0]["status"]), (&json!("/user"), &json!(503)));

    let url = format!("http://{}/__control/inbound", api.sim.addr());
    let nobody = api.http.post(url).json(&json!({ "platform": "facebook", "person": "Nobody" })).send().await.unwrap();
    assert_eq!(nobody.status(), 404);
}

#[tokio::test]
async fn every_fault_of_the_send_path_can_be_named_from_another_process() {
    let api = Api::start(WorldKind::Small).await;
    let faults = json!([
        { "kind": "status", "http": 503 }, { "kind": "error", "http": 400, "code": 161, "message": "x" },
        { "kind": "graph", "code": 10, "subcode": 2_018_278 }, { "kind": "html", "http": 200 }, { "kind": "empty" },
        { "kind": "body", "http": 200, "body": "[" }, { "kind": "ok-but-error" },
        { "kind": "rate-limited", "retry_after_s": 3 }, { "kind": "garbage", "bytes": 9 }, { "kind": "huge", "bytes": 9 },
        { "kind": "redirect", "http": 307, "to": "http://127.0.0.1:9/" }, { "kind": "reset" }, { "kind": "half-open" },
        { "kind": "delay", "ms": 1 }, { "kind": "cut-body", "after": 9 }, { "kind": "cut-upload", "after": 9 },
        { "kind": "slow-upload", "bytes_per_second": 9 }, { "kind": "lost-upload" },
        { "kind": "slow", "bytes_per_second": 9 }, { "kind": "without-id" },
        { "kind": "applied", "then": { "kind": "applied", "then": { "kind": "html", "http": 502 } } },
        { "kind": "before", "what": "windows-close" }, { "kind": "after", "what": "tokens-revoked" },
        { "kind": "after", "what": "password-changed" }, { "kind": "before", "what": "tokens-garbage" },
        { "kind": "before", "what": "key-dies" }, { "kind": "before", "what": "profiles-suspended" },
        { "kind": "apply-then-drop" }, { "kind": "apply-then-status", "http": 500 }, { "kind": "clock-off", "ms": 1 },
        { "kind": "unknown-enums" }, { "kind": "missing-fields" },
    ]);
    let all = faults.as_array().unwrap();
    for fault in all {
        control(&api, "fail", Some(json!({ "path": "/nowhere", "fault": fault }))).await;
    }
    assert_eq!(api.sim.faults_waiting(), all.len());
    control(&api, "clear-faults", Some(json!({}))).await;
    assert_eq!(api.sim.faults_waiting(), 0);

    let rule = json!({
        "method": "POST", "path": "/messages", "within": "facebook", "skip": 1, "times": 1,
        "fault": { "kind": "applied", "then": { "kind": "html", "http": 502 } },
    });
    control(&api, "fail", Some(rule)).await;
    control(&api, "echoes", Some(json!({ "face": "ayrshare", "times": 2, "echo": "late", "ms": 5 }))).await;
    control(&api, "echoes", Some(json!({ "face": "meta", "echo": "lost" }))).await;
    control(&api, "knobs", Some(json!({ "answer": "nameless", "people_answer": false, "access_url": "query" }))).await;
    let ada = api.chat(backscroll_simulator::Platform::Facebook, "Ada Park");
    let body = json!({ "recipientId": ada.person, "message": "From afar" });
    let send = || async { api.call("POST", "/messages/facebook").json(&body).send().await.unwrap().status().as_u16() };
    assert_eq!((send().await, send().await), (200, 502));
    let who = json!({ "platform": "facebook", "person": "Ada Park" });
    control(&api, "close-window", Some(who)).await;
    assert_eq!(send().await, 400);
    control(&api, "meanwhile", Some(json!({ "what": "key-dies" }))).await;
    let delivered = control(&api, "delivered", None).await;
    assert_eq!(delivered.as_array().unwrap().len(), 2);
    assert_eq!((&delivered[1]["files"], &delivered[1]["metadata"]), (&json!([]), &Value::Null));
    assert_eq!(delivered[1]["request"], 2);
}

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

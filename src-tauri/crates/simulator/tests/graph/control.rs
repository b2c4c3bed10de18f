//! The control surface over HTTP, for tests in other languages.

use backscroll_simulator::WorldKind;
use serde_json::{Value, json};

use crate::{Api, FB, P};

async fn control(api: &Api, path: &str, body: Option<Value>) -> Value {
    let url = format!("http://{}/__control/graph/{path}", api.sim.addr());
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
    let secrets = control(&api, "secrets", None).await;
    assert_eq!(secrets, api.graph().announcement());
    assert_eq!(secrets["secrets"]["page_token"], json!(api.graph().page_token(P)));
    let with = |extra: Value| {
        let mut all = json!({ "platform": "facebook", "person": "Ada Park" });
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Some(all)
    };
    let id = control(&api, "receive", with(json!({ "text": "Look", "content": ["Image"] }))).await["id"].clone();
    control(&api, "open", with(json!({}))).await;
    let answer = control(&api, "typed", with(json!({ "text": "Nice", "reply_to": id }))).await["id"].clone();
    let truth = control(&api, "truth", with(json!({}))).await;
    let [first, second] = truth.as_array().unwrap().last_chunk().unwrap();
    assert_eq!((&first["id"], &second["id"], &second["direction"]), (&id, &answer, &json!("out")));

    control(&api, "usage", Some(json!({ "platform": "facebook", "percent": 100, "regain_minutes": 5 }))).await;
    assert_eq!(api.code("/me/conversations").await.0, 80_006);
    control(&api, "usage", Some(json!({ "platform": "facebook", "percent": 1 }))).await;
    control(&api, "knobs", Some(json!({ "reads_per_second": 1, "unknown_fields": ["snippet"] }))).await;
    assert_eq!(api.code("/me/conversations?fields=snippet").await, (100, None));
    assert_eq!(api.code("/me/conversations").await.0, 613);
    control(&api, "knobs", Some(json!({ "reads_per_second": 0 }))).await;
    control(&api, "fail", Some(json!({ "method": "GET", "part": "/me", "code": 368, "http": 403 }))).await;
    assert_eq!(api.fails("/me").await.0, 403);
    control(&api, "flags", with(json!({ "phone_account": true }))).await;
    assert_eq!(api.code(&format!("/{}", api.chat(FB, "Ada Park").person)).await.0, 2_018_218);
    control(&api, "token", Some(json!({ "state": "no_role" }))).await;
    assert_eq!(api.code("/me").await, (190, Some(492)));
    assert!(!control(&api, "calls", None).await.as_array().unwrap().is_empty());
    assert_eq!(control(&api, "chats", None).await.as_array().unwrap().len(), 4);
}

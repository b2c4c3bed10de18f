//! Several at once (reference 5.1, 5.2), and a POST that is a GET.

use backscroll_simulator::WorldKind;
use serde_json::{Value, json};

use crate::{Api, FB, IG, P, encode, failure, numbers, ok};

async fn batch(api: &Api, items: Value, more: &[(&str, &str)]) -> Vec<Value> {
    let token = api.graph().page_token(P);
    let items = items.to_string();
    let mut form = vec![("access_token", token.as_str()), ("batch", items.as_str())];
    form.extend(more);
    let body = url_encode(&form);
    let request = api.bare("POST", "/").header("content-type", "application/x-www-form-urlencoded").body(body);
    ok(request.send().await.unwrap()).await.as_array().unwrap().clone()
}

fn url_encode(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect::<Vec<_>>().join("&")
}

fn body(item: &Value) -> Value {
    serde_json::from_str(item["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn many_ids_come_as_one_object() {
    let api = Api::start(WorldKind::Small).await;
    let (ada, noor) = (api.chat(FB, "Ada Park"), api.chat(IG, "Noor Vale"));
    let list = format!("{},{}", ada.conversation, noor.conversation);
    let both = api.get(&format!("/?ids={}&fields=id,messages.limit(1){{message}}", encode(&list))).await;
    assert_eq!(both[&ada.conversation]["messages"]["data"][0]["message"], "Great, waiting outside");
    assert_eq!(both[&noor.conversation]["id"], json!(noor.conversation));

    let broken = format!("/?ids={},t_404", ada.conversation);
    assert_eq!(api.code(&broken).await, (100, Some(33)));
    api.graph().set_knobs(|k| k.ids_partial = true);
    assert_eq!(api.get(&broken).await.as_object().unwrap().keys().collect::<Vec<_>>(), [&ada.conversation]);
    let many = vec![ada.conversation.as_str(); 54].join(",");
    assert_eq!(
        api.fails(&format!("/?ids={many}")).await.1["message"],
        "(#100) Too many IDs. Maximum: 50. Provided: 54."
    );
    api.graph().set_knobs(|k| k.reads_per_second = Some(2));
    let three = [ada.conversation.as_str(); 3].join(",");
    assert_eq!(api.code(&format!("/?ids={three}")).await, (613, None), "each id is a call");
}

#[tokio::test]
async fn a_batch_answers_each_item_for_itself() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let items = json!([
        { "method": "GET", "relative_url": format!("{}/messages?limit=1&fields=id,message", ada.conversation) },
        { "method": "GET", "relative_url": format!("v24.0/{}?fields=first_name", ada.person) },
        { "method": "GET", "relative_url": "m_404" },
    ]);
    let answers = batch(&api, items.clone(), &[]).await;
    assert_eq!(answers.iter().map(|a| a["code"].as_u64().unwrap()).collect::<Vec<_>>(), [200, 200, 400]);
    assert_eq!(body(&answers[0])["data"][0]["message"], "Great, waiting outside");
    assert_eq!(body(&answers[1])["first_name"], "Ada");
    assert_eq!(numbers(&body(&answers[2])["error"]), (100, Some(33)));
    assert!(
        answers[1]["headers"]
            .as_array()
            .unwrap()
            .contains(&json!({ "name": "facebook-api-version", "value": "v24.0" }))
    );
    assert!(batch(&api, items, &[("include_headers", "false")]).await[0].get("headers").is_none());
}

#[tokio::test]
async fn a_later_item_uses_what_an_earlier_one_found() {
    let api = Api::start(WorldKind::Small).await;
    let items = json!([
        { "method": "GET", "name": "list", "relative_url": "me/conversations?limit=2" },
        { "method": "GET", "relative_url": "?ids={result=list:$.data.*.id}&fields=snippet" },
    ]);
    let answers = batch(&api, items, &[]).await;
    assert_eq!(answers[0], Value::Null, "a named item that others need is left out");
    assert_eq!(body(&answers[1]).as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn items_count_one_by_one_and_fifty_is_the_most() {
    let api = Api::start(WorldKind::Small).await;
    api.graph().set_knobs(|k| k.reads_per_second = Some(2));
    let item = json!({ "method": "GET", "relative_url": "me/conversations" });
    let codes: Vec<u64> =
        batch(&api, json!([item, item, item]), &[]).await.iter().map(|a| a["code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [200, 200, 400]);
    let token = api.graph().page_token(P);
    let too_many = json!({ "access_token": token, "batch": vec![item; 51] });
    let answer = api.bare("POST", "/").json(&too_many).send().await.unwrap();
    assert_eq!(failure(answer).await.1["code"], 100);
    let nobody = api.bare("POST", "/").json(&json!({ "batch": [] })).send().await.unwrap();
    assert_eq!(failure(nobody).await.1["code"], 104, "the whole fails with a plain error");
}

#[tokio::test]
async fn a_post_with_a_method_is_that_method() {
    let api = Api::start(WorldKind::Small).await;
    let token = api.graph().page_token(P);
    let form = url_encode(&[("method", "GET"), ("access_token", &token), ("fields", "name")]);
    let request = api.bare("POST", "/me").header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(ok(request.send().await.unwrap()).await["name"], "Corner Bakery");
    let posted = api.bare("POST", "/me/nothing").bearer_auth(token).send().await.unwrap();
    assert_eq!(failure(posted).await.1["message"], "Unknown path components: /me/nothing");
}

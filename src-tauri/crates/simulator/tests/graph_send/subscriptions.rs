//! Subscribing an app and a Page: the handshake, the fields, and who hears what.

use backscroll_simulator::Platform;
use serde_json::{Value, json};

use crate::receiver::{Receiver, WORD};
use crate::{Api, P, numbers, read};

/// Subscribes the app to one kind of object, with an app token.
async fn app(api: &Api, object: &str, url: &str, word: &str, fields: &str) -> (u16, Value) {
    let graph = api.sim.graph();
    let token = graph.app_token();
    let body = json!({ "object": object, "callback_url": url, "verify_token": word, "fields": fields });
    read(api.bare("POST", &format!("/{}/subscriptions", graph.app().0)).bearer_auth(token).json(&body)).await
}

async fn page(api: &Api, fields: &str) -> (u16, Value) {
    api.post(&format!("/me/subscribed_apps?subscribed_fields={fields}"), json!({})).await
}

#[tokio::test]
async fn the_address_must_answer_the_challenge_with_the_chosen_word() {
    let api = Api::start().await;
    let (_, url) = Receiver::open(&[]).await;
    assert_eq!(app(&api, "page", &url, WORD, "messages").await, (200, json!({ "success": true })));
    assert_eq!(numbers(&app(&api, "page", &url, "wrong", "messages").await.1), (2200, 0));
    assert_eq!(numbers(&app(&api, "page", "http://127.0.0.1:9/hook", WORD, "messages").await.1), (2200, 0));
    assert_eq!(numbers(&app(&api, "page", "https://hook.example.test/", WORD, "messages").await.1), (2200, 0));
    assert_eq!(numbers(&app(&api, "user", &url, WORD, "messages").await.1), (100, 0));
    assert_eq!(numbers(&app(&api, "page", &url, WORD, "gossip").await.1), (100, 0));
    let path = format!("/{}/subscriptions", api.sim.graph().app().0);
    let (_, answer) = read(api.call("GET", &path)).await;
    assert_eq!(numbers(&answer), (15, 0), "a Page token is not an app token");
}

#[tokio::test]
async fn a_page_subscribes_lists_and_leaves() {
    let api = Api::start().await;
    let path = format!("/{}/subscribed_apps", api.page());
    assert_eq!(read(api.call("GET", &path)).await, (200, json!({ "data": [] })));
    assert_eq!(numbers(&api.post(&path, json!({})).await.1), (100, 0), "the fields are required");
    assert_eq!(numbers(&page(&api, "messages,gossip").await.1), (100, 0));
    assert_eq!(page(&api, "messages,message_echoes").await, (200, json!({ "success": "true" })));
    let (_, list) = read(api.call("GET", &path)).await;
    assert_eq!(list["data"][0]["id"], api.sim.graph().app().0);
    assert_eq!(list["data"][0]["subscribed_fields"], json!(["message_echoes", "messages"]));
    assert_eq!(numbers(&page(&api, "").await.1), (100, 0), "nothing changed");
    let (status, _) = read(api.call("POST", &path).json(&json!({ "method": "DELETE" }))).await;
    assert_eq!((status, read(api.call("GET", &path)).await.1), (200, json!({ "data": [] })));
}

#[tokio::test]
async fn only_what_app_and_page_both_name_is_told() {
    let api = Api::start().await;
    let (receiver, url) = Receiver::open(&[]).await;
    let ada = api.ada();
    let mid = api.sim.inbound(&ada, "before").unwrap();
    app(&api, "page", &url, WORD, "messages,message_reactions").await;
    api.sim.inbound(&ada, "the Page has not subscribed").unwrap();
    page(&api, "messages,message_echoes").await;
    api.sim.inbound(&ada, "now").unwrap();
    api.sim.react(&ada, &mid, "👍").unwrap();
    api.sim.sent_elsewhere(&ada, "the app does not want echoes").unwrap();
    api.sim.settle().await;
    let texts: Vec<_> = receiver.events().iter().map(|e| e["message"]["text"].clone()).collect();
    assert_eq!(texts, [json!("now")]);
}

#[tokio::test]
async fn instagram_hears_by_the_apps_fields_alone_and_has_echoes_in_messages() {
    let api = Api::start().await;
    let (receiver, url) = Receiver::open(&[]).await;
    app(&api, "instagram", &url, WORD, "messages").await;
    page(&api, "message_reads").await;
    let noor = api.noor();
    let mid = api.send(&noor, json!({ "text": "Hello" })).await;
    api.sim.react(&noor, &mid, "👍").unwrap();
    api.sim.settle().await;
    let events = receiver.events();
    assert_eq!((events.len(), &events[1]["message"]["is_echo"]), (2, &json!(true)));
    api.sim.graph().subscribe_all(P, &url);
    let other = api.sim.chats(P, Platform::Facebook)[0].clone();
    api.sim.inbound(&other, "page too").unwrap();
    api.sim.settle().await;
    assert_eq!(receiver.bodies()[2]["object"], "page");
}

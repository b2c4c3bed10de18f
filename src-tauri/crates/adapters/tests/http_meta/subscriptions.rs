//! Where webhooks are sent, at both providers.

use axum::response::Response;
use backscroll_adapters::ayrshare::Webhook;
use backscroll_adapters::meta::{AppAddress, INSTAGRAM_FIELDS, Meta, PAGE_FIELDS};
use backscroll_adapters::{Kind, Secret};
use serde_json::json;

use crate::server::{self, Asked, Server};
use crate::{APP_SECRET, PAGE, TOKEN, config, meta, query, refusal};

const URL: &str = "https://hook.example.test/meta";

fn signed(server: &Server) -> Meta {
    let mut config = config(&format!("http://{}", server.addr));
    config.app_secret = Some(Secret::new(APP_SECRET));
    Meta::new(config).unwrap()
}

fn graph(asked: &Asked) -> Response {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/v25.0/debug_token") => server::json(200, &json!({"data": {"app_id": "550011", "is_valid": true}})),
        ("GET", "/v25.0/550011/subscriptions") => server::json(
            200,
            &json!({"data": [
                {"object": "page", "callback_url": URL, "active": true, "fields": [{"name": "messages", "version": "v25.0"}]},
                {"object": "instagram", "callback_url": URL, "active": "false", "fields": ["messages"]},
            ]}),
        ),
        ("GET", _) => server::json(
            200,
            &json!({"data": [
                {"category": "Business", "name": "Harbour Inbox", "id": "550011", "subscribed_fields": ["messages", "standby"]},
            ]}),
        ),
        // A word in the documented sample.
        _ => server::json(200, &json!({"success": "true"})),
    }
}

#[tokio::test]
async fn without_the_apps_secret_only_the_page_is_subscribed() {
    let server = Server::start(graph).await;
    assert_eq!(meta(&server).set_app_address(URL, &Secret::new("word")).await.unwrap(), AppAddress::InDashboard);
    meta(&server).subscribe().await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path.as_str()),
        ("POST", &*format!("/v25.0/{PAGE}/subscribed_apps"))
    );
    assert_eq!(asked[0].json(), json!({"subscribed_fields": PAGE_FIELDS.join(",")}));
    assert_eq!(meta(&server).app_subscriptions().await.unwrap(), None);
    assert!(!meta(&server).remove_app_subscriptions(&["page"]).await.unwrap());
}

#[tokio::test]
async fn with_it_the_app_gets_its_address_first() {
    let server = Server::start(graph).await;
    assert_eq!(signed(&server).set_app_address(URL, &Secret::new("word")).await.unwrap(), AppAddress::Set);
    signed(&server).subscribe().await.unwrap();
    let asked = server.asked();
    let paths: Vec<_> = asked.iter().map(|a| a.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(paths, ["debug_token", "subscriptions", "subscriptions", "subscribed_apps"]);
    for (asked, object, fields) in
        [(&asked[1], "page", &PAGE_FIELDS[..]), (&asked[2], "instagram", &INSTAGRAM_FIELDS[..])]
    {
        assert_eq!(asked.header("authorization"), Some(&*format!("Bearer 550011|{APP_SECRET}")));
        let body = asked.json();
        assert_eq!((&body["object"], &body["callback_url"]), (&json!(object), &json!(URL)));
        assert_eq!((&body["verify_token"], &body["fields"]), (&json!("word"), &json!(fields.join(","))));
    }
    assert_eq!(asked[3].header("authorization"), Some(&*format!("Bearer {TOKEN}")));
}

#[tokio::test]
async fn what_is_subscribed_is_listed_and_ended() {
    let server = Server::start(graph).await;
    let adapter = signed(&server);
    let [subscription] = &adapter.subscriptions().await.unwrap()[..] else { panic!("one app") };
    assert_eq!((subscription.app.as_deref(), subscription.name.as_deref()), (Some("550011"), Some("Harbour Inbox")));
    assert_eq!(subscription.fields, ["messages", "standby"]);
    let apps = adapter.app_subscriptions().await.unwrap().unwrap();
    let told: Vec<_> = apps.iter().map(|a| (a.object.as_str(), a.url.as_deref(), a.active)).collect();
    assert_eq!(told, [("page", Some(URL), true), ("instagram", Some(URL), false)]);
    assert!(apps.iter().all(|a| a.fields == ["messages"]));
    adapter.unsubscribe().await.unwrap();
    assert!(adapter.remove_app_subscriptions(&["instagram"]).await.unwrap());
    let ended: Vec<_> = server.asked().into_iter().filter(|a| a.method == "DELETE").collect();
    assert_eq!(ended.len(), 2, "and no more than was asked for");
    assert_eq!(query(&ended[1])["object"].as_str(), "instagram");
}

#[tokio::test]
async fn a_missing_permission_and_a_failed_handshake_are_told() {
    let server = Server::start(|_| refusal(403, 200, 0, "(#200) pages_manage_metadata")).await;
    let error = meta(&server).subscribe().await.unwrap_err();
    assert_eq!(error.kind, Kind::Permission { name: Some("pages_manage_metadata".to_owned()) });
    let server = Server::start(|asked| match asked.method.as_str() {
        "GET" => graph(asked),
        _ => refusal(400, 2200, 0, &format!("(#2200) Callback verification failed of 550011|{APP_SECRET}")),
    })
    .await;
    let error = signed(&server).set_app_address(URL, &Secret::new("word")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Rejected);
    assert!(!error.said.contains(APP_SECRET), "{}", error.said);
}

#[tokio::test]
async fn at_ayrshare_an_action_has_one_address() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "GET" => server::json(200, &json!({
            "status": "success", "messages": "https://hook.example.test/in", "messagesUpdated": "2026-02-01T08:00:00Z",
            "updated": "2026-02-01T08:00:00Z", "feed": "https://hook.example.test/feed",
        })),
        _ => server::json(200, &json!({"status": "success", "action": "messages"})),
    })
    .await;
    let adapter = server.adapter();
    adapter.register_webhook("messages", "https://hook.example.test/in", &Secret::new("s3cret")).await.unwrap();
    let all = adapter.webhooks().await.unwrap();
    let webhook = |action: &str, url: &str| Webhook { action: action.to_owned(), url: url.to_owned() };
    assert_eq!(
        all,
        [webhook("feed", "https://hook.example.test/feed"), webhook("messages", "https://hook.example.test/in")]
    );
    adapter.remove_webhook("messages").await.unwrap();
    let asked = server.asked();
    assert!(asked.iter().all(|a| a.path == "/api/hook/webhook"));
    let body = json!({"action": "messages", "url": "https://hook.example.test/in", "secret": "s3cret"});
    assert_eq!((asked[0].method.as_str(), asked[0].json()), ("POST", body));
    assert_eq!((asked[2].method.as_str(), asked[2].json()), ("DELETE", json!({"action": "messages"})));
}

//! The cases of Ayrshare's own public API tests (github.com/ayrshare/hurl-scripts: messages, user, hook, profile),
//! restated. Since they were published X asks for two headers more, which every call here carries.

use backscroll_simulator::{Platform, WorldKind};
use serde_json::json;

use crate::{Api, P, encode};

/// What all three networks have in common: send, wait three seconds, and the send is the newest message.
async fn a_sent_message_is_the_newest(platform: Platform) {
    let api = Api::start(WorldKind::Demo).await;
    api.sim.set_people_answer(false);
    let base = format!("/messages/{}", platform.wire());
    let recipient = api.sim.chats(P, platform).into_iter().next().unwrap().person;
    // The cache is warm, as in an inbox that polls.
    api.get(&base).await;

    let sent = api.send("POST", &base, json!({ "message": "test", "recipientId": recipient })).await;
    assert_eq!(sent["status"], "success");
    assert!(sent["messageId"].is_string());
    if platform != Platform::Twitter {
        assert_eq!(sent["recipientId"], json!(recipient));
        assert_eq!(sent["message"], "test");
    }

    api.pass(3).await;
    let all = api.get(&base).await;
    assert_eq!(all["status"], "success");
    let newest = &all["messages"][0];
    assert_eq!(newest["action"], "sent");
    assert_eq!(newest["message"], "test");
    for field in ["id", "created", "conversationId", "senderId", "recipientId"] {
        assert!(newest[field].is_string(), "{field}");
    }
    assert!(newest["senderDetails"].is_object());
    if platform != Platform::Facebook {
        assert!(all["messagesCount"].as_u64().unwrap() > 0);
    }
    assert!(all["lastUpdated"].is_string() && all["nextUpdate"].is_string());

    let list = api.get(&format!("{base}?conversationsOnly=true")).await;
    assert_eq!(list["status"], "success");
    assert!(list["conversationIds"][0].is_string());
    assert!(list["lastUpdated"].is_string() && list["nextUpdate"].is_string());

    let id = newest["conversationId"].as_str().unwrap();
    let one = api.get(&format!("{base}?conversationId={}", encode(id))).await;
    assert_eq!(one["messages"][0]["action"], "sent");
    assert_eq!(one["messages"][0]["conversationId"], id);
    assert!(one["messages"].as_array().unwrap().iter().all(|m| m["conversationId"] == id));
}

#[tokio::test]
async fn facebook_shows_a_sent_message_first() {
    a_sent_message_is_the_newest(Platform::Facebook).await;
}

#[tokio::test]
async fn instagram_shows_a_sent_message_first() {
    a_sent_message_is_the_newest(Platform::Instagram).await;
}

#[tokio::test]
async fn x_shows_a_sent_message_first() {
    a_sent_message_is_the_newest(Platform::Twitter).await;
}

#[tokio::test]
async fn the_user_has_thirteen_networks_in_alphabetical_order_with_their_fields() {
    let api = Api::start(WorldKind::Demo).await;
    let user = api.get("/user?instagramQuota=true").await;
    assert_eq!(user["activeSocialAccounts"].as_array().unwrap().len(), 13);
    assert!(user["ayrlinkUrl"].is_string());
    assert!(user["created"]["_seconds"].is_i64() && user["created"]["utc"].is_string());
    let expected: [(&str, &[&str]); 13] = [
        ("bluesky", &["id", "profileUrl", "userImage", "username"]),
        ("facebook", &["id", "profileUrl", "userImage"]),
        ("gmb", &[]),
        ("instagram", &["id", "profileUrl", "usedQuota", "userImage", "username"]),
        ("linkedin", &["id", "profileUrl", "refreshDaysRemaining", "type", "userImage"]),
        ("pinterest", &["id", "profileUrl", "userImage", "username"]),
        ("reddit", &["profileUrl", "userImage", "username"]),
        ("snapchat", &["id", "profileUrl", "userImage"]),
        ("telegram", &["id", "profileUrl", "type"]),
        ("threads", &["id", "profileUrl", "userImage", "username"]),
        ("tiktok", &["id", "profileUrl", "userImage", "username"]),
        ("twitter", &["id", "profileUrl", "userImage", "username"]),
        ("youtube", &["id", "profileUrl", "userImage", "username"]),
    ];
    for (place, (platform, fields)) in expected.into_iter().enumerate() {
        let account = &user["displayNames"][place];
        assert_eq!(account["platform"], platform);
        for field in ["created", "displayName"].iter().chain(fields) {
            assert!(!account[*field].is_null(), "{platform} {field}");
        }
    }
    assert!(user["email"].is_string() && user["refId"].is_string());
    assert!(user["monthlyApiCalls"].as_u64().is_some());
    assert_eq!(user["title"], "Primary Profile");
}

#[tokio::test]
async fn a_webhook_is_registered_listed_and_removed() {
    let api = Api::start(WorldKind::Empty).await;
    let url = "https://hook.example.test/in";
    let made = api.send("POST", "/hook/webhook", json!({ "action": "feed", "url": url, "secret": "secret" })).await;
    assert_eq!((&made["status"], &made["action"], &made["url"]), (&json!("success"), &json!("feed"), &json!(url)));
    let listed = api.get("/hook/webhook").await;
    assert_eq!((&listed["status"], &listed["feed"]), (&json!("success"), &json!(url)));
    assert!(listed["updated"].is_string());
    let removed = api.send("DELETE", "/hook/webhook", json!({ "action": "feed" })).await;
    assert_eq!((&removed["status"], &removed["action"]), (&json!("success"), &json!("feed")));
    assert!(api.get("/hook/webhook").await["feed"].is_null());
}

#[tokio::test]
async fn a_profile_is_created_found_by_its_key_changed_and_deleted() {
    let api = Api::start(WorldKind::Empty).await;
    let made = api.send("POST", "/profiles", json!({ "title": "Tuesday" })).await;
    assert_eq!(made["status"], "success");
    assert_eq!(made["title"], "Tuesday");
    let (key, ref_id) = (made["profileKey"].as_str().unwrap(), &made["refId"]);

    let found = api.get(&format!("/profiles?profileKeys[0]={key}")).await;
    let row = &found["profiles"][0];
    assert_eq!(&row["refId"], ref_id);
    assert!(row["title"].is_string() && row["createdUTC"].is_string() && row["created"].is_object());

    let body = json!({
        "profileKey": key, "disableSocial": ["facebook", "instagram"], "title": "Tuesday updated",
        "hideTitle": true, "displayTitle": "Tuesday updated",
    });
    let changed = api.send("PATCH", "/profiles", body).await;
    assert_eq!((&changed["status"], &changed["refId"]), (&json!("success"), ref_id));
    let gone = api.send("DELETE", "/profiles", json!({ "profileKey": key })).await;
    assert_eq!((&gone["status"], &gone["refId"]), (&json!("success"), ref_id));
    assert_eq!(api.get("/profiles").await["count"], 0);
}

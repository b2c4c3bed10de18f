//! Webhooks to a receiver on loopback: payloads, signatures, retries.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use backscroll_simulator::{Digest, Platform, Signing, WebhookKnobs, WorldKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Api, P, START};

#[derive(Clone, Default)]
struct Inbox(Arc<Mutex<Vec<(HeaderMap, Bytes)>>>, Arc<Mutex<Vec<u16>>>);

impl Inbox {
    /// Listens, and answers with these statuses in turn, then 200.
    async fn open(statuses: &[u16]) -> (Self, String) {
        let inbox = Self::default();
        inbox.1.lock().unwrap().extend(statuses.iter().rev());
        let app = Router::new().route("/in", post(Self::take)).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (inbox, url)
    }

    async fn take(State(inbox): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        inbox.0.lock().unwrap().push((headers, body));
        StatusCode::from_u16(inbox.1.lock().unwrap().pop().unwrap_or(200)).unwrap()
    }

    fn bodies(&self) -> Vec<Value> {
        self.0.lock().unwrap().iter().map(|(_, b)| serde_json::from_slice(b).unwrap()).collect()
    }

    fn header(&self, place: usize, name: &str) -> Option<String> {
        self.0.lock().unwrap()[place].0.get(name).map(|v| v.to_str().unwrap().to_owned())
    }
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

async fn listening(statuses: &[u16], action: &str) -> (Api, Inbox) {
    let api = Api::start(WorldKind::Small).await;
    let (inbox, url) = Inbox::open(statuses).await;
    api.send("POST", "/hook/webhook", json!({ "action": action, "url": url, "secret": "s3cret" })).await;
    (api, inbox)
}

#[tokio::test]
async fn messages_reads_reactions_edits_and_own_sends_are_told_with_their_fields() {
    let (api, inbox) = listening(&[], "messages").await;
    api.sim.set_people_answer(false);
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let id = api.sim.inbound(&ada, "Hello").unwrap();
    api.sim.read(&ada, START).unwrap();
    api.sim.react(&ada, &id, "❤️").unwrap();
    api.sim.unreact(&ada, &id).unwrap();
    api.sim.edit(&ada, &id, "Hello!").unwrap();
    api.sim.unsend(&ada, &id).unwrap();
    api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "message": "Hi" })).await;
    api.sim.settle().await;
    let told = inbox.bodies();
    let kinds: Vec<_> = told.iter().map(|b| (b["subAction"].as_str().unwrap(), b["type"].as_str().unwrap())).collect();
    assert_eq!(
        kinds,
        [
            ("messageCreated", "received"),
            ("messageRead", "read"),
            ("reactionCreated", "reaction"),
            ("reactionDeleted", "reaction"),
            ("messageEdited", "edit"),
            ("messageDeleted", "delete"),
            ("messageCreated", "sent"),
        ]
    );
    let created = &told[0];
    assert_eq!((&created["id"], &created["senderId"]), (&json!(id), &json!(ada.person)));
    assert_eq!((&created["code"], &created["title"]), (&json!(200), &json!("Primary Profile")));
    assert_eq!(created["timeStamp"], START / 1_000);
    assert_eq!(created["created"], created["scheduleDate"]);
    assert_eq!(told[1]["read"], START);
    assert_eq!(told[1]["readerDetails"]["name"], "Ada Park");
    assert_eq!(told[6]["recipientId"], json!(ada.person));
}

#[tokio::test]
async fn deliveries_are_signed_over_the_raw_body_and_twice_while_a_secret_is_rotated() {
    let (api, inbox) = listening(&[], "messages").await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let deliver = || async {
        api.sim.inbound(&ada, "x").unwrap();
        api.sim.settle().await;
        let place = inbox.0.lock().unwrap().len() - 1;
        let body = inbox.0.lock().unwrap()[place].1.clone();
        let header = |name| inbox.header(place, name);
        (
            body,
            header("x-authorization-content-sha256"),
            header("x-authorization-content-sha256-v2"),
            header("x-authorization-timestamp"),
        )
    };
    let (body, first, second, at) = deliver().await;
    assert_eq!((first.unwrap(), second), (signature("s3cret", &body), None));
    assert_eq!(at.unwrap(), (START / 1_000).to_string());

    assert_eq!(api.fails("POST", "/hook/webhook/secret", json!({ "secret": "" })).await.1["code"], 101);
    api.send("POST", "/hook/webhook/secret", json!({ "secret": "n3w" })).await;
    let (body, first, second, _) = deliver().await;
    assert_eq!((first.unwrap(), second.unwrap()), (signature("n3w", &body), signature("s3cret", &body)));
    api.pass(86_400).await;
    let (body, first, second, _) = deliver().await;
    assert_eq!((first.unwrap(), second), (signature("n3w", &body), None));
}

#[tokio::test]
async fn a_failing_receiver_is_tried_again_with_the_same_hook_id_until_it_answers() {
    let (api, inbox) = listening(&[500, 429, 408], "messages").await;
    api.sim.inbound(&api.chat(Platform::Facebook, "Ada Park"), "x").unwrap();
    api.sim.settle().await;
    assert_eq!(inbox.bodies().len(), 1);
    api.sim.advance(Duration::from_secs(5)).await;
    assert_eq!(inbox.bodies().len(), 2, "after five seconds");
    api.sim.advance(Duration::from_secs(7_200)).await;
    let told = inbox.bodies();
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|b| b["hookId"] == told[0]["hookId"]));
    assert_eq!(inbox.header(3, "x-ayrshare-delivery-attempt").as_deref(), Some("4"));
    let log = api.sim.webhook_log();
    assert_eq!(log.iter().map(|a| a.status).collect::<Vec<_>>(), [Some(500), Some(429), Some(408), Some(200)]);
    assert!(log[3].at_ms - log[0].at_ms < 3_600_000);
}

#[tokio::test]
async fn a_refusing_receiver_is_left_alone_and_a_hopeless_one_gets_nine_tries() {
    let (api, inbox) = listening(&[404], "messages").await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.sim.inbound(&ada, "x").unwrap();
    api.pass(7_200).await;
    assert_eq!(inbox.bodies().len(), 1);
    let (api, inbox) = listening(&[503; 20], "messages").await;
    api.sim.inbound(&api.chat(Platform::Facebook, "Ada Park"), "x").unwrap();
    api.pass(7_200).await;
    assert_eq!(inbox.bodies().len(), 9);
}

#[tokio::test]
async fn a_notification_can_arrive_twice_with_the_same_or_a_new_hook_id() {
    let (api, inbox) = listening(&[], "messages").await;
    api.sim.inbound(&api.chat(Platform::Facebook, "Ada Park"), "x").unwrap();
    api.sim.settle().await;
    let first = api.sim.webhook_log()[0].clone();
    api.sim.redeliver(&first, false);
    api.sim.redeliver(&first, true);
    api.sim.settle().await;
    let told = inbox.bodies();
    assert_eq!(told[1], told[0]);
    assert_ne!(told[2]["hookId"], told[0]["hookId"]);
    assert_eq!(told[2]["id"], told[0]["id"]);
}

#[tokio::test]
async fn signatures_can_be_wrong_old_missing_and_spelt_otherwise() {
    let (api, inbox) = listening(&[], "messages").await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let deliver = |change: fn(&mut WebhookKnobs)| {
        api.sim.set_webhook_knobs(|k| *k = WebhookKnobs::default());
        api.sim.set_webhook_knobs(change);
        api.sim.inbound(&ada, "x").unwrap();
        let (api, inbox) = (&api, &inbox);
        async move {
            api.sim.settle().await;
            let place = inbox.0.lock().unwrap().len() - 1;
            let body = inbox.0.lock().unwrap()[place].1.clone();
            let right = signature("s3cret", &body);
            (
                inbox.header(place, "x-authorization-content-sha256"),
                right,
                inbox.header(place, "x-authorization-timestamp"),
            )
        }
    };
    let (told, right, _) = deliver(|k| k.digest = Digest::UpperHex).await;
    assert_eq!(told.unwrap(), right.to_uppercase());
    let (told, right, _) = deliver(|k| k.digest = Digest::Prefixed).await;
    assert_eq!(told.unwrap(), format!("sha256={right}"));
    let (told, right, _) = deliver(|k| k.digest = Digest::Base64).await;
    assert_eq!(STANDARD.decode(told.unwrap()).unwrap(), hex::decode(right).unwrap());
    let (told, right, _) = deliver(|k| k.signing = Signing::Wrong).await;
    assert!(told.is_some_and(|t| t.len() == right.len() && t != right));
    assert_eq!(deliver(|k| k.signing = Signing::Missing).await.0, None);
    let (told, right, at) = deliver(|k| k.time_off_s = -600).await;
    assert_eq!((told.unwrap(), at.unwrap()), (right, (START / 1_000 - 600).to_string()));
}

#[tokio::test]
async fn notifications_can_be_held_reordered_and_doubled() {
    let (api, inbox) = listening(&[], "messages").await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.sim.set_webhook_knobs(|k| (k.hold, k.twice) = (true, true));
    for text in ["one", "two"] {
        api.sim.inbound(&ada, text).unwrap();
    }
    api.pass(60).await;
    assert!(inbox.bodies().is_empty());
    api.sim.release_webhooks(true);
    api.sim.settle().await;
    let texts: Vec<_> = inbox.bodies().iter().map(|b| b["message"].clone()).collect();
    assert_eq!(texts, ["two", "two", "one", "one"]);
    assert_eq!(inbox.bodies()[0]["hookId"], inbox.bodies()[1]["hookId"]);
}

#[tokio::test]
async fn hooks_are_listed_and_removed_by_profile_and_action() {
    let (api, inbox) = listening(&[], "messages").await;
    let list = api.get("/hook/webhook").await;
    assert!(list["messages"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(list["messagesUpdated"].is_string() && list["updated"].is_string());
    let gone = api.send("DELETE", "/hook/webhook", json!({ "action": "messages" })).await;
    assert_eq!(gone, json!({ "status": "success", "action": "messages" }));
    assert_eq!(api.fails("DELETE", "/hook/webhook", json!({ "action": "messages" })).await.0, 404);
    assert_eq!(api.get("/hook/webhook").await, json!({ "status": "success" }));
    api.sim.inbound(&api.chat(Platform::Facebook, "Ada Park"), "x").unwrap();
    api.sim.settle().await;
    assert!(inbox.bodies().is_empty());
}

#[tokio::test]
async fn a_profile_inherits_the_primary_hook_until_it_has_its_own() {
    let api = Api::start(WorldKind::Demo).await;
    let ((primary, primary_url), (own, own_url)) = (Inbox::open(&[]).await, Inbox::open(&[]).await);
    let pier = api.sim.profile("North Pier").unwrap();
    let chat = api.sim.chats(pier, Platform::Instagram)[0].clone();
    api.send("POST", "/hook/webhook", json!({ "action": "messages", "url": primary_url })).await;
    api.sim.inbound(&chat, "one").unwrap();
    api.sim.settle().await;
    assert_eq!(primary.bodies()[0]["title"], "North Pier");
    assert!(primary.header(0, "x-authorization-content-sha256").is_none(), "no secret, no signature");

    let key = api.sim.profiles()[pier.index()].key.clone().unwrap();
    let body = json!({ "action": "messages", "url": own_url });
    api.call("POST", "/hook/webhook").header("profile-key", key).json(&body).send().await.unwrap();
    api.sim.inbound(&chat, "two").unwrap();
    api.sim.settle().await;
    assert_eq!((primary.bodies().len(), own.bodies().len()), (1, 1));
}

#[tokio::test]
async fn x_speaks_only_as_account_activity_and_links_as_social() {
    let (api, inbox) = listening(&[], "accountActivity").await;
    let kenji = api.chat(Platform::Twitter, "Kenji Mori");
    let id = api.sim.inbound(&kenji, "こんにちは").unwrap();
    api.sim.settle().await;
    let event = &inbox.bodies()[0]["directMessageEvents"];
    assert_eq!(event["id"], id);
    assert_eq!(event["messageCreate"]["senderId"], kenji.person);
    assert_eq!(event["messageCreate"]["messageData"]["text"], "こんにちは");

    let (api, inbox) = listening(&[], "social").await;
    api.sim.unlink(P, Platform::Instagram).unwrap();
    api.sim.link(P, Platform::Instagram).unwrap();
    api.sim.settle().await;
    let types: Vec<_> = inbox.bodies().iter().map(|b| (b["type"].clone(), b["source"].clone())).collect();
    assert_eq!(types, [(json!("unlink"), json!("system")), (json!("link"), json!("user"))]);
}

#[tokio::test]
async fn only_https_and_loopback_can_be_registered_and_only_loopback_is_called() {
    let api = Api::start(WorldKind::Small).await;
    for body in [
        json!({ "action": "messages", "url": "http://hook.example.test/in" }),
        json!({ "action": "messages" }),
        json!({ "action": "gossip", "url": "https://hook.example.test/in" }),
    ] {
        assert_eq!(api.fails("POST", "/hook/webhook", body).await.1["code"], 101);
    }
    api.send("POST", "/hook", json!({ "action": "messages", "url": "https://hook.example.test/in" })).await;
    api.sim.inbound(&api.chat(Platform::Facebook, "Ada Park"), "x").unwrap();
    api.pass(7_200).await;
    let log = api.sim.webhook_log();
    assert_eq!((log.len(), log[0].status), (1, None));
}

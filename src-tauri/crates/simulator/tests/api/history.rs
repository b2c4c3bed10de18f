//! What GET shows: cache, the twenty-message history, order, X's pages, archived conversations.

use backscroll_simulator::{Inbound, Platform, SimOptions, Synthetic, WorldKind};
use serde_json::{Value, json};

use crate::{Api, P, START, encode, ok, texts};

fn synthetic(conversations: usize, messages: usize, platform: Platform) -> WorldKind {
    WorldKind::Synthetic(Synthetic { conversations, messages_per_conversation: messages, platforms: vec![platform] })
}

async fn raw(api: &Api, path: &str) -> String {
    api.call("GET", path).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn within_the_cache_window_the_same_bytes_come_back_and_after_it_fresh_ones() {
    let api = Api::start(WorldKind::Small).await;
    for (platform, path, who, seconds) in [
        (Platform::Facebook, "/messages/facebook", "Ada Park", 60),
        (Platform::Twitter, "/messages/twitter", "Kenji Mori", 15),
    ] {
        let first = raw(&api, path).await;
        let answer: Value = serde_json::from_str(&first).unwrap();
        let times: Vec<jiff::Timestamp> =
            ["lastUpdated", "nextUpdate"].map(|f| answer[f].as_str().unwrap().parse().unwrap()).into();
        assert_eq!(times[1].as_millisecond() - times[0].as_millisecond(), seconds * 1_000);
        api.sim.inbound(&api.chat(platform, who), "still in the cache").unwrap();
        api.pass(seconds.unsigned_abs() - 1).await;
        assert_eq!(raw(&api, path).await, first);
        assert_eq!(raw(&api, &format!("{path}?source=test&status=active")).await, first, "unknown fields do not count");
        api.pass(1).await;
        assert_eq!(texts(&serde_json::from_str(&raw(&api, path).await).unwrap())[0], "still in the cache");
    }
}

#[tokio::test]
async fn a_send_and_an_archiving_drop_the_cache_of_their_platform_only() {
    let api = Api::start(WorldKind::Small).await;
    let (ada, noor) = (api.chat(Platform::Facebook, "Ada Park"), api.chat(Platform::Instagram, "Noor Vale"));
    let instagram = raw(&api, "/messages/instagram").await;
    raw(&api, "/messages/facebook").await;
    api.sim.inbound(&noor, "later").unwrap();
    api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "message": "now" })).await;
    assert_eq!(texts(&api.get("/messages/facebook").await)[0], "now");
    assert_eq!(raw(&api, "/messages/instagram").await, instagram);
    let path = format!("/messages/instagram/{}", encode(&noor.conversation));
    api.send("PUT", &path, json!({ "status": "archived" })).await;
    assert!(!texts(&api.get("/messages/instagram").await).contains(&"later"));
}

#[tokio::test]
async fn a_seeded_conversation_shows_its_newest_twenty_and_whatever_comes_later() {
    for platform in [Platform::Facebook, Platform::Instagram] {
        let api = Api::start(synthetic(2, 45, platform)).await;
        let path = format!("/messages/{}", platform.wire());
        assert_eq!(api.get(&path).await["messages"].as_array().unwrap().len(), 40, "twenty each");
        let chat = api.sim.chats(P, platform)[0].clone();
        for n in 0..3 {
            api.sim.inbound(&chat, format!("new {n}").as_str()).unwrap();
        }
        api.pass(60).await;
        let one = api.get(&format!("{path}?conversationId={}", encode(&chat.conversation))).await;
        assert_eq!(one["messages"].as_array().unwrap().len(), 23);
        assert_eq!(&texts(&one)[..3], ["new 2", "new 1", "new 0"]);
        let readable = api.sim.ledger().iter().filter(|e| e.readable).count();
        assert_eq!(readable, 43, "the ledger knows what can be read");
    }
    let api = Api::start(synthetic(2, 45, Platform::Twitter)).await;
    assert_eq!(api.get("/messages/twitter").await["messages"].as_array().unwrap().len(), 90, "X has no such limit");
}

#[tokio::test]
async fn messages_are_newest_first_and_equal_instants_last_inserted_first() {
    let api = Api::start(WorldKind::Demo).await;
    let chat = api.sim.chats(P, Platform::Facebook)[0].clone();
    for text in ["one", "two", "three"] {
        api.sim.inbound(&chat, Inbound::text(text).at(START - 5)).unwrap();
    }
    let all = api.get("/messages/facebook").await;
    let created: Vec<&str> =
        all["messages"].as_array().unwrap().iter().map(|m| m["created"].as_str().unwrap()).collect();
    assert!(created.is_sorted_by(|a, b| a >= b));
    assert_eq!(&texts(&all)[..3], ["three", "two", "one"]);
}

#[tokio::test]
async fn x_pages_walk_through_everything_once() {
    let api = Api::start(synthetic(3, 40, Platform::Twitter)).await;
    let mut seen = Vec::new();
    let mut next = String::new();
    let mut pages = 0;
    loop {
        let page = api.get(&format!("/messages/twitter?limit=50{next}")).await;
        seen.extend(page["messages"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["meta"]["pagination"]["next"].as_str() {
            Some(cursor) => next = format!("&next={cursor}"),
            None => {
                assert!(page["meta"].is_null(), "the last page says nothing about a next one");
                break;
            }
        }
    }
    assert_eq!((pages, seen.len()), (3, 120));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 120);
}

#[tokio::test]
async fn x_refuses_a_damaged_or_expired_cursor_and_a_limit_out_of_range() {
    let api = Api::start(synthetic(1, 40, Platform::Twitter)).await;
    let page = api.get("/messages/twitter?limit=1").await;
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    let cursor = page["meta"]["pagination"]["next"].as_str().unwrap().to_owned();
    let mut wrong: Vec<String> = ["limit=0", "limit=101", "limit=x", "limit=5&next=AAAA"].map(str::to_owned).into();
    wrong.push(format!("limit=5&next={}", &cursor[..cursor.len() - 4]));
    wrong.push(format!("next={cursor}"));
    api.sim.expire_cursors();
    wrong.push(format!("limit=5&next={cursor}"));
    for query in wrong {
        let (status, body) = api.fails("GET", &format!("/messages/twitter?{query}"), json!({})).await;
        assert_eq!((status, &body["code"]), (400, &json!(101)), "{query}");
    }
}

#[tokio::test]
async fn the_other_networks_ignore_paging() {
    let api = Api::start(WorldKind::Small).await;
    let all = api.get("/messages/facebook").await;
    assert_eq!(api.get("/messages/facebook?limit=1&next=zzz").await["messages"], all["messages"]);
}

#[tokio::test]
async fn the_list_is_spelt_as_the_real_one_and_carries_watermark_and_participant() {
    let api = Api::start(WorldKind::Small).await;
    let list = api.get("/messages/facebook?conversationsOnly=true").await;
    let (ids, rows) = (&list["conversationIds"], &list["converstationsDetails"]);
    assert_eq!(rows[0]["id"], ids[0]);
    assert_eq!(rows[0]["participant"]["name"], "Ada Park");
    assert!(rows[0]["participant"]["picture"].as_str().unwrap().starts_with(api.sim.base_url()));
    assert!(rows[0].get("watermark").is_none(), "nothing read yet");
    assert!(rows[1]["watermark"].as_i64().unwrap() > 1_000_000_000_000, "milliseconds");
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.sim.read(&ada, START).unwrap();
    api.pass(60).await;
    let list = api.get("/messages/facebook?conversationsOnly=1").await;
    assert_eq!(list["converstationsDetails"][0]["watermark"], START);
}

#[tokio::test]
async fn archived_conversations_move_between_the_lists_and_an_inbound_message_brings_them_back() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Instagram, "Noor Vale");
    let path = format!("/messages/instagram/{}", encode(&ada.conversation));
    assert_eq!(api.send("PUT", &path, json!({ "status": "archived" })).await, json!({ "status": "success" }));
    let archived = api.get("/messages/instagram?status=archived&conversationsOnly=true").await;
    assert_eq!(archived["conversationIds"], json!([ada.conversation]));
    assert_eq!(archived["converstationsDetails"][0]["status"], "archived");
    assert_eq!(texts(&api.get("/messages/instagram?status=archived").await), ["Still open?"]);
    api.sim.inbound(&ada, "Hello?").unwrap();
    api.pass(60).await;
    assert_eq!(texts(&api.get("/messages/instagram").await)[0], "Hello?");
    assert_eq!(texts(&api.get("/messages/instagram?status=archived").await), [""; 0]);
}

#[tokio::test]
async fn what_is_absent_is_left_out_or_null_as_switched() {
    let api = Api::start(WorldKind::Small).await;
    let chat = api.chat(Platform::Instagram, "Ines Moreau");
    let path = format!("/messages/instagram?conversationId={}", encode(&chat.conversation));
    let photo = api.get(&path).await["messages"][0].clone();
    assert!(photo.get("message").is_none());
    assert_eq!(photo["attachments"][0]["type"], "image");
    api.sim.set_knobs(|k| k.nulls = true);
    api.sim.drop_cache();
    let photo = api.get(&path).await["messages"][0].clone();
    assert!(photo.get("message").unwrap().is_null());
    assert!(photo.get("reactions").unwrap().is_null());
}

#[tokio::test]
async fn x_may_be_late_by_the_configured_lag() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.set_knobs(|k| k.x_lag_ms = 180_000);
    api.sim.inbound(&api.chat(Platform::Twitter, "Kenji Mori"), "late").unwrap();
    api.pass(179).await;
    assert_ne!(texts(&api.get("/messages/twitter").await)[0], "late");
    api.pass(15).await;
    assert_eq!(texts(&api.get("/messages/twitter").await)[0], "late");
}

#[tokio::test]
async fn edits_reactions_and_unsending_show_in_the_next_fresh_answer() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let path = format!("/messages/facebook?conversationId={}", encode(&ada.conversation));
    let id = api.sim.inbound(&ada, "helo").unwrap();
    let other = api.sim.inbound(&ada, "oops").unwrap();
    api.sim.edit(&ada, &id, "hello").unwrap();
    api.sim.react(&ada, &id, "😆").unwrap();
    api.sim.react_as(&ada, &id, "7101149746568522", "❤️").unwrap();
    api.sim.unsend(&ada, &other).unwrap();
    let first = api.get(&path).await["messages"][0].clone();
    assert_eq!((&first["id"], &first["message"]), (&json!(id), &json!("hello")));
    assert!(first["updated"].is_string());
    assert_eq!(first["reactions"], json!({ &ada.person: "😆", "7101149746568522": "❤️" }));
    api.sim.unreact(&ada, &id).unwrap();
    api.pass(60).await;
    assert_eq!(api.get(&path).await["messages"][0]["reactions"], json!({ "7101149746568522": "❤️" }));
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_ask_and_dated_by_the_simulator() {
    let api = Api::start(WorldKind::Demo).await;
    let plain = crate::client().get(format!("{}/messages/facebook", api.sim.base_url())).bearer_auth(api.sim.api_key());
    let answer = plain.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(answer.headers()["date"], "Mon, 21 Sep 2026 14:13:20 GMT");
    assert_eq!(ok(answer).await, api.get("/messages/facebook").await);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers_on_any_port_and_run() {
    let digest = |seed| async move {
        let options =
            SimOptions { seed, ..SimOptions::new(WorldKind::Demo, backscroll_simulator::Clock::manual(START)) };
        let api = Api::with(options).await;
        let chat = api.sim.chats(P, Platform::Instagram)[0].clone();
        api.send("POST", "/messages/instagram", json!({ "recipientId": chat.person, "message": "Hello?" })).await;
        api.pass(120).await;
        let base = api.sim.base_url().to_owned();
        (api.sim.world_digest(), raw(&api, "/messages/instagram").await.replace(&base, ""))
    };
    assert_eq!(digest(3).await, digest(3).await);
    assert_ne!(digest(3).await.0, digest(4).await.0);
}

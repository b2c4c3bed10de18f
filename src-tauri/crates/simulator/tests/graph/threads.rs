//! Conversation nodes and their messages (reference 3, 4.4).

use std::collections::BTreeSet;

use backscroll_simulator::{OlderRows, WorldKind};
use serde_json::{Value, json};

use crate::{Api, FB, IG, P, encode, ids};

#[tokio::test]
async fn a_long_instagram_thread_lists_every_id_and_details_of_the_newest_twenty() {
    let api = Api::start(WorldKind::Demo).await;
    let chat = api.chat(IG, "Lido Canteen");
    let path = format!("/{}/messages?fields=id,created_time,from,message&limit=20", encode(&chat.conversation));
    let pages = api.walk(&path).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
    let rows = pages.concat();
    let truth = api.graph().truth(&chat).unwrap();
    assert_eq!(ids(&rows), truth.iter().rev().map(|m| m.id.as_str()).collect::<Vec<_>>(), "newest first, all of them");
    for (place, row) in rows.iter().enumerate() {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        let expected: &[&str] =
            if place < 20 { &["created_time", "from", "id", "message"] } else { &["created_time", "id"] };
        assert_eq!(keys, expected, "{place}");
        assert_eq!(truth[44 - place].readable, place < 20);
    }
    let (status, error) = api.fails(&format!("/{}?fields=message", encode(rows[20]["id"].as_str().unwrap()))).await;
    assert_eq!((status, &error["code"]), (400, &json!(9_000_001)));
    assert_eq!(error["message"], "This Message has been deleted by the user or the business.");
    api.get(&format!("/{}?fields=message", encode(rows[19]["id"].as_str().unwrap()))).await;

    api.graph().receive(&chat, "One more pushes one out").unwrap();
    assert_eq!(api.code(&format!("/{}", encode(rows[19]["id"].as_str().unwrap()))).await, (9_000_001, None));
}

#[tokio::test]
async fn a_listing_past_twenty_can_refuse_as_a_whole() {
    let api = Api::start(WorldKind::Demo).await;
    api.graph().set_knobs(|k| k.older_rows = OlderRows::Refuse);
    let chat = api.chat(IG, "Lido Canteen");
    let at =
        |limit: u32, fields: &str| format!("/{}/messages?limit={limit}&fields={fields}", encode(&chat.conversation));
    assert_eq!(api.code(&at(21, "id,message")).await, (9_000_001, None));
    api.get(&at(20, "id,message")).await;
    assert_eq!(api.get(&at(45, "id,created_time")).await["data"].as_array().unwrap().len(), 45, "ids are always told");
}

#[tokio::test]
async fn messenger_goes_all_the_way_back_unless_switched() {
    let api = Api::start(WorldKind::Demo).await;
    let chat = api.chat(FB, "Rosie & Dan");
    let path = format!("/{}/messages?fields=message&limit=100", chat.conversation);
    let rows = api.walk(&path).await.concat();
    assert!(rows.len() > 260 && rows.iter().all(|r| r.get("message").is_some()));
    api.graph().set_knobs(|k| k.messenger_details = Some(20));
    let rows = api.walk(&path).await.concat();
    assert_eq!(rows.iter().filter(|r| r.get("message").is_some()).count(), 20);
    assert_eq!(api.code(&format!("/{}", encode(rows[20]["id"].as_str().unwrap()))).await, (9_000_001, None));
}

#[tokio::test]
async fn a_conversation_is_a_node_with_an_edge() {
    let api = Api::start(WorldKind::Small).await;
    let chat = api.chat(FB, "Ada Park");
    let node = api.get(&format!("/{}", chat.conversation)).await;
    assert_eq!(node.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "updated_time"]);
    let nested = api.get(&format!("/{}?fields=messages", chat.conversation)).await;
    let edge = api.get(&format!("/{}/messages", chat.conversation)).await;
    assert_eq!(nested["messages"]["data"], edge["data"]);
    assert_eq!(edge["data"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["created_time", "id"]);
    assert_eq!(api.code("/t_1/messages").await, (100, Some(33)));
    assert_eq!(api.code(&format!("/{}/participants", chat.conversation)).await, (2500, None));
    assert_eq!(api.code(&format!("/{}/messages", chat.person)).await, (2500, None));
}

#[tokio::test]
async fn messages_of_the_same_second_keep_their_order_over_pages() {
    let api = Api::start(WorldKind::Empty).await;
    let chat = api.sim.add_person(P, IG, "Ida").unwrap();
    let written: Vec<String> = (0..9).map(|n| api.graph().receive(&chat, format!("{n}").as_str()).unwrap()).collect();
    let rows = api.walk(&format!("/{}/messages?limit=4", encode(&chat.conversation))).await.concat();
    assert_eq!(ids(&rows), written.iter().rev().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(rows.iter().map(|r| r["created_time"].as_str().unwrap()).collect::<BTreeSet<_>>().len(), 1);
}

#[tokio::test]
async fn unsent_messages_leave_the_listing_or_stay_as_empty_rows() {
    let api = Api::start(WorldKind::Small).await;
    let chat = api.chat(IG, "Noor Vale");
    let id = api.graph().receive(&chat, "Never mind").unwrap();
    let edge = format!("/{}/messages?fields=id,created_time,message", encode(&chat.conversation));
    assert_eq!(api.get(&edge).await["data"][0]["id"], json!(id));
    api.sim.unsend(&chat, &id).unwrap();
    assert!(!ids(api.get(&edge).await["data"].as_array().unwrap()).contains(&id.as_str()));
    assert_eq!(api.code(&format!("/{}", encode(&id))).await, (9_000_001, None));
    api.graph().set_knobs(|k| k.unsent_rows = true);
    let row = api.get(&edge).await["data"][0].clone();
    assert_eq!((&row["id"], row.get("message")), (&json!(id), None));
}

#[tokio::test]
async fn what_arrives_late_stands_at_its_place_in_time() {
    let api = Api::start(WorldKind::Small).await;
    let chat = api.chat(FB, "Ada Park");
    let now = api.sim.clock().now_ms();
    let late =
        api.graph().receive(&chat, backscroll_simulator::Inbound::text("Sent yesterday").at(now - 86_400_000)).unwrap();
    let rows = api.get(&format!("/{}/messages", chat.conversation)).await;
    let order: Vec<Value> = rows["data"].as_array().unwrap().clone();
    assert_eq!(order.last().unwrap()["id"], json!(late));
}

#[tokio::test]
async fn threads_is_another_name_of_conversations_and_tags_are_messengers() {
    let api = Api::start(WorldKind::Small).await;
    assert_eq!(api.get("/me/threads").await["data"], api.get("/me/conversations").await["data"]);
    let (ada, noor) = (api.chat(FB, "Ada Park"), api.chat(IG, "Noor Vale"));
    let tags = async |id: &str| api.get(&format!("/{}/messages?fields=tags", encode(id))).await["data"][0].clone();
    assert_eq!(tags(&ada.conversation).await["tags"]["data"][0], json!({ "name": "inbox" }));
    assert!(tags(&noor.conversation).await.get("tags").is_none());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(12))]

    /// Whatever is written, back-dated and taken back, in whatever page size it is read: the ids are the truth's.
    #[test]
    fn a_walk_of_any_page_size_lists_the_truth(
        acts in proptest::collection::vec((0_u8..5, 0_i64..4_000), 0..60),
        limit in 1_usize..30,
        instagram: bool,
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let api = Api::start(WorldKind::Empty).await;
            let chat = api.sim.add_person(P, if instagram { IG } else { FB }, "Ida").unwrap();
            let now = api.sim.clock().now_ms();
            for (kind, back) in acts {
                if kind == 0 {
                    if let Some(first) = api.graph().truth(&chat).unwrap().iter().find(|m| !m.unsent) {
                        api.sim.unsend(&chat, &first.id).unwrap();
                    }
                } else if kind == 1 {
                    api.graph().typed_in_inbox(&chat, "typed").unwrap();
                } else {
                    let message = backscroll_simulator::Inbound::text("written").at(now - back);
                    api.graph().receive(&chat, message).unwrap();
                }
            }
            let path = format!("/{}/messages?limit={limit}&fields=id,message", encode(&chat.conversation));
            let rows = api.walk(&path).await.concat();
            let truth = api.graph().truth(&chat).unwrap();
            let alive: Vec<_> = truth.iter().rev().filter(|m| !m.unsent).collect();
            assert_eq!(ids(&rows), alive.iter().map(|m| m.id.as_str()).collect::<Vec<_>>());
            for (row, message) in rows.iter().zip(alive) {
                assert_eq!(row.get("message").is_some(), message.readable);
            }
            api.sim.shutdown().await;
        });
    }
}

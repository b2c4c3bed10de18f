//! What a receiver hears of each act: envelope, names, directions, numbers.

use std::time::Duration;

use backscroll_simulator::Platform;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::{Api, P, START, read};

async fn told(api: &Api, receiver: &Receiver) -> Value {
    api.sim.settle().await;
    receiver.last()
}

#[tokio::test]
async fn a_message_comes_in_the_envelope_of_its_platform() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let mid = api.sim.inbound(&ada, "Is the rye loaf back?").unwrap();
    api.sim.settle().await;
    let body = receiver.bodies().remove(0);
    let event = json!({
        "sender": { "id": ada.person }, "recipient": { "id": api.page() }, "timestamp": START,
        "message": { "mid": mid, "text": "Is the rye loaf back?" },
    });
    assert_eq!(body, json!({ "object": "page", "entry": [{ "id": api.page(), "time": START, "messaging": [event] }] }));
    let noor = api.noor();
    api.sim.settle().await;
    let body = receiver.bodies().remove(1);
    assert_eq!((&body["object"], &body["entry"][0]["id"]), (&json!("instagram"), &json!(api.igid())));
    assert_eq!(body["entry"][0]["messaging"][0]["sender"]["id"], noor.person);
}

#[tokio::test]
async fn the_thread_of_a_page_is_told_like_the_one_that_is_read() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let mid = api.sim.inbound(&ada, "Hello").unwrap();
    let event = told(&api, &receiver).await;
    let (_, node) = read(api.call("GET", &format!("/{mid}?fields=message,from"))).await;
    assert_eq!((&node["id"], &node["message"]), (&event["message"]["mid"], &event["message"]["text"]));
    assert_eq!(node["from"]["id"], event["sender"]["id"]);
}

#[tokio::test]
async fn own_sends_come_back_as_echoes_with_app_and_metadata() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let (ada, noor) = (api.ada(), api.noor());
    let mid = api.send(&ada, json!({ "text": "Yes", "metadata": "c-01J9Z2" })).await;
    let echo = told(&api, &receiver).await;
    assert_eq!((&echo["sender"]["id"], &echo["recipient"]["id"]), (&json!(api.page()), &json!(ada.person)));
    let app: u64 = api.sim.graph().app().0.parse().unwrap();
    assert_eq!(
        echo["message"],
        json!({ "mid": mid, "text": "Yes", "is_echo": true, "app_id": app, "metadata": "c-01J9Z2" })
    );
    let mid = api.send(&noor, json!({ "text": "Yes" })).await;
    let echo = told(&api, &receiver).await;
    assert_eq!(echo["message"], json!({ "mid": mid, "text": "Yes", "is_echo": true }));
    assert_eq!(echo["sender"]["id"], api.igid());
    api.sim.sent_elsewhere(&ada, "typed in the inbox").unwrap();
    let echo = told(&api, &receiver).await;
    assert_eq!(echo["message"]["app_id"], 263_902_037_430_900_u64);
    assert_eq!(echo["message"]["text"], "typed in the inbox");
}

#[tokio::test]
async fn what_another_provider_sends_for_the_page_is_an_echo_of_its_app() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let request = api.http.post(format!("{}/messages/facebook", api.sim.base_url())).bearer_auth(api.sim.api_key());
    let body = json!({ "recipientId": ada.person, "message": "through Ayrshare" });
    let (status, answer) = read(request.json(&body)).await;
    assert_eq!(status, 200, "{answer}");
    let echo = told(&api, &receiver).await["message"].clone();
    assert_eq!((&echo["mid"], &echo["is_echo"]), (&answer["messageId"], &json!(true)));
    let own: u64 = api.sim.graph().app().0.parse().unwrap();
    assert!(echo["app_id"].as_u64().is_some_and(|app| app != own));
}

#[tokio::test]
async fn a_conversation_that_only_graph_shows_is_told_by_graph_alone() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let (other, url) = Receiver::open(&[]).await;
    let request = api.http.post(format!("{}/hook/webhook", api.sim.base_url())).bearer_auth(api.sim.api_key());
    assert_eq!(read(request.json(&json!({ "action": "messages", "url": url }))).await.0, 200);
    api.sim.inbound(&ada, "both").unwrap();
    api.sim.graph().set_graph_only(&ada, true).unwrap();
    api.sim.inbound(&ada, "one").unwrap();
    api.sim.settle().await;
    assert_eq!((receiver.mail().len(), other.mail().len()), (2, 1));
}

#[tokio::test]
async fn a_quoted_message_is_named_by_both_sides() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let mid = api.send(&ada, json!({ "text": "Rye or wheat?" })).await;
    api.sim.inbound(&ada, backscroll_simulator::Inbound::text("Rye").reply_to(&mid)).unwrap();
    let event = told(&api, &receiver).await;
    assert_eq!(event["message"]["reply_to"], json!({ "mid": mid, "is_self_reply": false }));
}

#[tokio::test]
async fn a_reaction_has_a_word_and_an_emoji_and_its_end_has_neither() {
    let (api, receiver) = Receiver::listening(&[]).await;
    for chat in [api.ada(), api.noor()] {
        let mid = api.send(&chat, json!({ "text": "See you!" })).await;
        api.sim.react(&chat, &mid, "❤️").unwrap();
        let event = told(&api, &receiver).await;
        assert_eq!(event["sender"]["id"], chat.person);
        assert_eq!(event["reaction"], json!({ "mid": mid, "action": "react", "reaction": "love", "emoji": "❤️" }));
        api.sim.react(&chat, &mid, "🧁").unwrap();
        assert_eq!(told(&api, &receiver).await["reaction"]["reaction"], "other");
        api.sim.unreact(&chat, &mid).unwrap();
        assert_eq!(told(&api, &receiver).await["reaction"], json!({ "mid": mid, "action": "unreact" }));
    }
    api.sim.graph().set_hook_knobs(|k| k.instagram_unreact = false);
    let noor = api.noor();
    let mid = api.send(&noor, json!({ "text": "Bye" })).await;
    api.sim.react(&noor, &mid, "👍").unwrap();
    api.sim.unreact(&noor, &mid).unwrap();
    assert_eq!(told(&api, &receiver).await["reaction"]["action"], "react", "the end was never told");
}

#[tokio::test]
async fn a_reaction_of_the_business_has_no_echo() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let mid = api.sim.inbound(&ada, "Thanks").unwrap();
    api.sim.settle().await;
    let payload = json!({ "message_id": mid, "reaction": "👍" });
    let body = json!({ "recipient": { "id": ada.person }, "sender_action": "react", "payload": payload });
    assert_eq!(api.post("/me/messages", body).await.0, 200);
    api.sim.settle().await;
    assert_eq!(receiver.events().len(), 1);
}

#[tokio::test]
async fn reads_are_a_watermark_on_messenger_and_a_message_on_instagram() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let (ada, noor) = (api.ada(), api.noor());
    api.send(&ada, json!({ "text": "x" })).await;
    let mid = api.send(&noor, json!({ "text": "x" })).await;
    api.sim.read(&ada, START).unwrap();
    let event = told(&api, &receiver).await;
    assert_eq!((&event["read"], &event["timestamp"]), (&json!({ "watermark": START }), &json!(START)));
    api.sim.read(&noor, START).unwrap();
    assert_eq!(told(&api, &receiver).await["read"], json!({ "mid": mid }));
}

#[tokio::test]
async fn a_delivery_names_its_messages_or_only_a_watermark() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let mid = api.send(&ada, json!({ "text": "x" })).await;
    api.sim.graph().delivered(&ada, &mid);
    let event = told(&api, &receiver).await;
    assert_eq!(event["delivery"], json!({ "mids": [mid], "watermark": START }));
    assert!(event.get("timestamp").is_none());
    api.sim.graph().set_hook_knobs(|k| k.delivery_mids = false);
    api.sim.graph().delivered(&ada, &mid);
    assert_eq!(told(&api, &receiver).await["delivery"], json!({ "watermark": START }));
}

#[tokio::test]
async fn people_who_answer_are_heard_receiving_reading_and_writing() {
    let (api, receiver) = Receiver::listening(&[]).await;
    api.sim.set_people_answer(true);
    api.send(&api.ada(), json!({ "text": "See you at eight?" })).await;
    api.sim.advance(Duration::from_secs(20)).await;
    let kinds: Vec<&str> = receiver.events().iter().map(kind).collect();
    let without_reactions: Vec<_> = kinds.into_iter().filter(|k| *k != "reaction").collect();
    assert_eq!(without_reactions, ["echo", "delivery", "read", "message"]);
}

fn kind(event: &Value) -> &'static str {
    match event {
        e if e["message"]["is_echo"] == true => "echo",
        e if e.get("message").is_some() => "message",
        e if e.get("delivery").is_some() => "delivery",
        e if e.get("read").is_some() => "read",
        e if e.get("reaction").is_some() => "reaction",
        _ => "other",
    }
}

#[tokio::test]
async fn edits_are_counted_and_unsends_say_only_which_message() {
    let (api, receiver) = Receiver::listening(&[]).await;
    for chat in [api.ada(), api.noor()] {
        let mid = api.sim.inbound(&chat, "Too loaves").unwrap();
        api.sim.edit(&chat, &mid, "Two loaves").unwrap();
        let event = told(&api, &receiver).await;
        assert_eq!(event["message_edit"], json!({ "mid": mid, "text": "Two loaves", "num_edit": 1 }));
        api.sim.graph().set_hook_knobs(|k| k.num_edit_text = true);
        api.sim.edit(&chat, &mid, "Two loaves!").unwrap();
        assert_eq!(told(&api, &receiver).await["message_edit"]["num_edit"], "2");
        api.sim.graph().set_hook_knobs(|k| k.num_edit_text = false);
        api.sim.unsend(&chat, &mid).unwrap();
        assert_eq!(told(&api, &receiver).await["message"], json!({ "mid": mid, "is_deleted": true }));
        let own = api.sim.sent_elsewhere(&chat, "oops").unwrap();
        api.sim.unsend(&chat, &own).unwrap();
        let event = told(&api, &receiver).await;
        assert_eq!(event["message"], json!({ "mid": own, "is_deleted": true, "is_echo": true }));
        assert_eq!(event["recipient"]["id"], chat.person);
    }
}

#[tokio::test]
async fn an_edit_can_overtake_its_message() {
    let (api, receiver) = Receiver::listening(&[]).await;
    api.sim.graph().set_hook_knobs(|k| k.message_lag_ms = 2_000);
    let ada = api.ada();
    let mid = api.sim.inbound(&ada, "Too loaves").unwrap();
    api.sim.edit(&ada, &mid, "Two loaves").unwrap();
    api.pass(2).await;
    let events = receiver.events();
    assert_eq!(events[0]["message_edit"]["mid"], mid);
    assert_eq!((&events[1]["message"]["mid"], &events[1]["message"]["text"]), (&json!(mid), &json!("Too loaves")));
}

#[tokio::test]
async fn a_postback_has_its_title_and_payload_and_is_a_message_of_the_thread() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let mid = api.sim.graph().postback(&ada, "Opening hours", "HOURS").unwrap();
    let event = told(&api, &receiver).await;
    assert_eq!(event["postback"], json!({ "mid": mid, "title": "Opening hours", "payload": "HOURS" }));
    assert_eq!(receiver.events().len(), 1);
    let (_, node) = read(api.call("GET", &format!("/{mid}?fields=message"))).await;
    assert_eq!(node["message"], "Opening hours");
    api.sim.graph().referral(&ada, "poster");
    assert_eq!(told(&api, &receiver).await["referral"]["ref"], "poster");
}

#[tokio::test]
async fn another_apps_conversations_come_as_standby_without_payload() {
    let (api, receiver) = Receiver::listening(&[]).await;
    api.sim.graph().set_standby(P, true);
    api.sim.graph().postback(&api.ada(), "Opening hours", "HOURS").unwrap();
    api.sim.settle().await;
    let entry = receiver.bodies().remove(0)["entry"][0].clone();
    assert!(entry.get("messaging").is_none());
    assert_eq!(entry["standby"][0]["postback"]["title"], "Opening hours");
    assert!(entry["standby"][0]["postback"].get("payload").is_none());
}

#[tokio::test]
async fn any_other_event_can_be_told() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let handover = json!({ "pass_thread_control": { "new_owner_app_id": 1, "metadata": "x" } });
    api.sim.graph().event(&api.ada(), "messaging_handovers", handover.clone());
    assert_eq!(told(&api, &receiver).await["pass_thread_control"], handover["pass_thread_control"]);
}

#[tokio::test]
async fn x_is_not_metas() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let kenji = api.sim.chat(P, Platform::Twitter, "Kenji Mori").unwrap();
    api.sim.inbound(&kenji, "Hello").unwrap();
    api.sim.settle().await;
    assert!(receiver.events().is_empty());
}

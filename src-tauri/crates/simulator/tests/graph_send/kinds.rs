//! Every kind of attachment of reference 7.6, in the words of a webhook.

use backscroll_simulator::{Chat, Content, Inbound};
use serde_json::{Value, json};

use crate::Api;
use crate::receiver::Receiver;

/// What a receiver hears of a message with this content: the whole `message`.
async fn heard(api: &Api, receiver: &Receiver, chat: &Chat, message: impl Into<Inbound>) -> Value {
    let mid = api.sim.graph().receive(chat, message).unwrap();
    api.sim.settle().await;
    let told = receiver.last()["message"].clone();
    assert_eq!(told["mid"], mid);
    told
}

async fn attachment(api: &Api, receiver: &Receiver, chat: &Chat, content: Content) -> Value {
    let message = heard(api, receiver, chat, Inbound::content(content)).await;
    assert!(message.get("text").is_none());
    message["attachments"][0].clone()
}

#[tokio::test]
async fn files_have_a_type_and_an_address_that_answers() {
    let (api, receiver) = Receiver::listening(&[]).await;
    for chat in [api.ada(), api.noor()] {
        for (content, kind) in
            [(Content::Image, "image"), (Content::Video, "video"), (Content::Audio, "audio"), (Content::File, "file")]
        {
            let told = attachment(&api, &receiver, &chat, content).await;
            assert_eq!(told["type"], kind);
            let file = api.http.get(told["payload"]["url"].as_str().unwrap()).send().await.unwrap();
            assert_eq!(file.status(), 200, "{told}");
        }
    }
}

#[tokio::test]
async fn a_sticker_has_a_number_and_was_once_an_image() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let told = attachment(&api, &receiver, &ada, Content::Sticker).await;
    assert_eq!((&told["type"], &told["payload"]["sticker_id"]), (&json!("sticker"), &json!(369_239_263_222_822_u64)));
    api.sim.graph().set_hook_knobs(|k| k.sticker_as_image = true);
    let told = attachment(&api, &receiver, &ada, Content::Sticker).await;
    assert_eq!((&told["type"], told["payload"]["sticker_id"].is_u64()), (&json!("image"), true));
}

#[tokio::test]
async fn shares_name_their_object_under_the_key_of_their_kind() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let (ada, noor) = (api.ada(), api.noor());
    for (chat, content, kind, key) in [
        (&ada, Content::Post, "post", "id"),
        (&ada, Content::IgPost, "ig_post", "id"),
        (&noor, Content::IgPost, "ig_post", "ig_post_media_id"),
        (&ada, Content::Reel, "reel", "reel_video_id"),
        (&noor, Content::IgReel, "ig_reel", "reel_video_id"),
    ] {
        let told = attachment(&api, &receiver, chat, content).await;
        assert_eq!(told["type"], kind);
        let payload = told["payload"].as_object().unwrap();
        let keys: Vec<_> = payload.keys().map(String::as_str).collect();
        let mut wanted = ["title", "url", key];
        wanted.sort_unstable();
        assert_eq!(keys, wanted, "{kind}");
        assert_eq!(payload[key].is_u64(), key == "reel_video_id", "{kind}");
    }
    let link = attachment(&api, &receiver, &ada, Content::Link).await;
    assert_eq!((&link["type"], link["payload"]["title"].is_string()), (&json!("fallback"), true));
    let link = attachment(&api, &receiver, &noor, Content::Link).await;
    assert_eq!((&link["type"], link["payload"]["url"].is_string()), (&json!("share"), true));
}

#[tokio::test]
async fn cards_and_products_are_templates() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let card = attachment(&api, &receiver, &ada, Content::Template).await;
    assert_eq!((&card["type"], &card["payload"]["template_type"]), (&json!("template"), &json!("generic")));
    let product = attachment(&api, &receiver, &ada, Content::Product).await;
    assert_eq!(product["payload"]["product"]["elements"][0]["title"], "Rye loaf, 800 g");
}

#[tokio::test]
async fn an_answer_to_a_story_quotes_it_and_a_mention_is_an_attachment() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let noor = api.noor();
    let reply = Inbound::text("That crust!").with(Content::StoryReply);
    let told = heard(&api, &receiver, &noor, reply).await;
    assert_eq!(told["text"], "That crust!");
    assert!(told["reply_to"]["story"]["url"].is_string() && told["reply_to"]["story"]["id"].is_string());
    assert!(told.get("attachments").is_none());
    let mention = attachment(&api, &receiver, &noor, Content::StoryMention).await;
    assert_eq!((&mention["type"], mention["payload"]["url"].is_string()), (&json!("story_mention"), true));
    let shared = heard(&api, &receiver, &noor, Inbound::attachment("story", "https://cdn.example.test/s.jpg")).await;
    let payload = &shared["attachments"][0]["payload"];
    assert!(payload.get("url").is_none());
    assert_eq!(payload["story_media_url"], "https://cdn.example.test/s.jpg");
}

#[tokio::test]
async fn what_cannot_be_shown_says_only_that() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let noor = api.noor();
    assert_eq!(attachment(&api, &receiver, &noor, Content::ViewOnce).await, json!({ "type": "ephemeral" }));
    let heart = heard(&api, &receiver, &noor, Inbound::attachment("like_heart", "")).await;
    assert_eq!(heart["attachments"], json!([{ "type": "like_heart" }]));
    let told = heard(&api, &receiver, &noor, Inbound::text("secret").unsupported()).await;
    assert_eq!((&told["is_unsupported"], told.get("text")), (&json!(true), None));
    let unheard = attachment(&api, &receiver, &noor, Content::Unheard).await;
    assert_eq!(unheard["type"], "hologram");
    let empty = heard(&api, &receiver, &noor, Inbound::default()).await;
    assert_eq!(empty.as_object().unwrap().len(), 1, "only its id");
}

#[tokio::test]
async fn places_bookings_and_unsupported_types_have_their_payloads() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let ada = api.ada();
    let told = heard(&api, &receiver, &ada, Inbound::attachment("location", "")).await;
    assert!(told["attachments"][0]["payload"]["coordinates"]["lat"].is_f64());
    let told = heard(&api, &receiver, &ada, Inbound::attachment("appointment_booking", "")).await;
    let booking = &told["attachments"][0]["payload"];
    assert!(booking["start_time"].is_i64() && booking["end_time"].is_i64() && booking["timezone"] == "Europe/Berlin");
    let noor = api.noor();
    let told =
        heard(&api, &receiver, &noor, Inbound::attachment("unsupported_type", "https://cdn.example.test/x")).await;
    assert_eq!(told["attachments"][0]["payload"]["url"], "https://cdn.example.test/x");
}

#[tokio::test]
async fn several_images_come_in_one_message() {
    let (api, receiver) = Receiver::listening(&[]).await;
    let noor = api.noor();
    let message =
        Inbound::attachment("image", "https://cdn.example.test/1.jpg").and("image", "https://cdn.example.test/2.jpg");
    assert_eq!(heard(&api, &receiver, &noor, message).await["attachments"].as_array().unwrap().len(), 2);
}

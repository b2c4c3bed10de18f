//! POST: targets, texts, media, windows, and what a send leaves behind.

use backscroll_simulator::{Direction, Origin, Platform, WorldKind};
use serde_json::{Value, json};

use crate::{Api, START, encode, texts};

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_send_is_in_the_ledger_once_with_the_returned_id_and_its_request() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let sent = api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "message": "Yes 🎂" })).await;
    let delivered = api.sim.delivered();
    assert_eq!(delivered.len(), 1);
    assert_eq!(json!(delivered[0].id), sent["messageId"]);
    assert_eq!(delivered[0].text.as_deref(), Some("Yes 🎂"));
    assert_eq!((delivered[0].direction, delivered[0].at_ms), (Direction::Sent, START));
    assert_eq!(delivered[0].origin, Origin::Request(api.sim.requests().last().unwrap().number));
}

#[tokio::test]
async fn x_takes_a_conversation_as_target_and_the_others_do_not() {
    let api = Api::start(WorldKind::Small).await;
    let kenji = api.chat(Platform::Twitter, "Kenji Mori");
    let sent =
        api.send("POST", "/messages/twitter", json!({ "conversationId": kenji.conversation, "message": "はい" })).await;
    assert!(sent.get("recipientId").is_none());
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let body = json!({ "conversationId": ada.conversation, "message": "x" });
    let (status, refused) = api.fails("POST", "/messages/facebook", body).await;
    assert_eq!((status, &refused["code"]), (400, &json!(101)));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_leaves_no_trace() {
    let api = Api::start(WorldKind::Small).await;
    let to = |platform, who: &str| api.chat(platform, who).person;
    let (fb, ig, x) =
        (to(Platform::Facebook, "Ada Park"), to(Platform::Instagram, "Noor Vale"), to(Platform::Twitter, "Kenji Mori"));
    let image = "https://cdn.example.test/a.jpg";
    let cases: Vec<(&str, Value, u64)> = vec![
        ("facebook", json!({ "recipientId": fb }), 101),
        ("facebook", json!({ "recipientId": fb, "message": "" }), 101),
        ("facebook", json!({ "recipientId": 7, "message": "x" }), 101),
        ("facebook", json!({ "message": "x" }), 101),
        ("facebook", json!({ "recipientId": "1", "message": "x" }), 107),
        ("facebook", json!({ "recipientId": fb, "message": "x".repeat(2_001) }), 107),
        ("instagram", json!({ "recipientId": ig, "message": "é".repeat(501) }), 138),
        ("twitter", json!({ "recipientId": x, "mediaUrls": [image] }), 101),
        ("twitter", json!({ "recipientId": x, "message": "x", "mediaUrls": [image, image] }), 101),
        ("facebook", json!({ "recipientId": fb, "mediaUrls": "https://cdn.example.test/a.jpg" }), 101),
        ("facebook", json!({ "recipientId": fb, "mediaUrls": ["img.host/a.jpg"] }), 101),
        ("facebook", json!({ "recipientId": fb, "mediaUrls": ["http://cdn.example.test/a.jpg"] }), 101),
        ("facebook", json!({ "recipientId": fb, "mediaUrls": ["https://cdn.example.test/a.jpg?x=1"] }), 101),
        ("facebook", json!({ "recipientId": fb, "mediaUrls": ["https://cdn.example.test/a.exe"] }), 101),
        ("facebook", json!({ "recipientId": fb, "mediaUrl": [image] }), 101),
        (
            "facebook",
            json!({ "recipientId": fb, "mediaUrls": [format!("{}/files/none.jpg", api.sim.base_url())] }),
            479,
        ),
    ];
    for (platform, body, code) in cases {
        let (status, refused) = api.fails("POST", &format!("/messages/{platform}"), body.clone()).await;
        assert_eq!((status, &refused["code"]), (400, &json!(code)), "{platform} {body}");
    }
    let broken = api.call("POST", "/messages/facebook").body("{").send().await.unwrap();
    assert_eq!(broken.status(), 400);
    assert_eq!(api.sim.delivered(), []);
}

#[tokio::test]
async fn text_and_media_become_one_message_each_with_the_text_first() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let body = json!({
        "recipientId": ada.person, "message": "Two photos", "source": "test",
        "mediaUrls": ["https://cdn.example.test/a.jpg", "https://cdn.example.test/b.PNG"],
    });
    let sent = api.send("POST", "/messages/facebook", body.clone()).await;
    let delivered = api.sim.delivered();
    assert_eq!(delivered.len(), 3);
    assert_eq!(json!(delivered[0].id), sent["messageId"]);
    assert_eq!(delivered[2].attachments, [("image".to_owned(), "https://cdn.example.test/b.PNG".to_owned())]);
    api.sim.set_knobs(|k| k.one_message_per_send = true);
    api.send("POST", "/messages/facebook", body).await;
    assert_eq!(api.sim.delivered().len(), 4);
}

#[tokio::test]
async fn the_window_closes_by_the_network_and_reopens_when_the_person_writes() {
    let api = Api::start(WorldKind::Small).await;
    for (platform, who, open_days, code) in
        [(Platform::Facebook, "Ada Park", 1, 107), (Platform::Instagram, "Noor Vale", 7, 138)]
    {
        let chat = api.chat(platform, who);
        let path = format!("/messages/{}", platform.wire());
        let body = json!({ "recipientId": chat.person, "message": "Hello" });
        api.sim.set_people_answer(false);
        api.sim.inbound(&chat, "hi").unwrap();
        api.pass(open_days * DAY - 1).await;
        api.send("POST", &path, body.clone()).await;
        api.pass(1).await;
        let (status, refused) = api.fails("POST", &path, body.clone()).await;
        assert_eq!((status, &refused["code"]), (400, &json!(code)));
        assert!(refused["message"].as_str().unwrap().contains("(#10)"));
        api.sim.inbound(&chat, "I am back").unwrap();
        api.send("POST", &path, body).await;
    }
    let kenji = api.chat(Platform::Twitter, "Kenji Mori");
    api.pass(30 * DAY).await;
    api.send("POST", "/messages/twitter", json!({ "recipientId": kenji.person, "message": "X has no window" })).await;
}

#[tokio::test]
async fn ids_with_every_awkward_character_work_in_path_and_query() {
    let api = Api::start(WorldKind::Demo).await;
    let chats = api.sim.chats(crate::P, Platform::Instagram);
    assert!(chats.iter().any(|c| c.conversation.ends_with('=')));
    assert!(chats.iter().any(|c| c.conversation.contains(['/', '+'])));
    for chat in chats {
        let id = encode(&chat.conversation);
        api.send("PUT", &format!("/messages/instagram/{id}"), json!({ "status": "archived" })).await;
        let one = api.get(&format!("/messages/instagram?status=archived&conversationId={id}")).await;
        assert!(!texts(&one).is_empty());
    }
}

#[tokio::test]
async fn auto_response_is_kept_per_profile_and_greets_each_person_once_per_pause() {
    let api = Api::start(WorldKind::Small).await;
    assert_eq!(api.get("/messages/autoresponse").await, json!({ "status": "success" }));
    let set =
        json!({ "autoResponseActive": true, "autoResponseWaitSeconds": 3600, "autoResponseMessage": "Back soon." });
    let answer = api.send("POST", "/messages/autoresponse", set.clone()).await;
    assert_eq!(answer["updated"], set);
    assert_eq!(api.get("/messages/autoresponse").await["autoResponseMessage"], "Back soon.");
    assert_eq!(api.fails("POST", "/messages/autoresponse", json!({})).await.0, 400);
    assert_eq!(api.fails("POST", "/messages/autoresponse", json!({ "autoResponseActive": "yes" })).await.0, 400);

    let ada = api.chat(Platform::Facebook, "Ada Park");
    let greetings = || api.sim.ledger().iter().filter(|e| e.origin == Origin::AutoReply).count();
    api.sim.inbound(&ada, "one").unwrap();
    api.sim.inbound(&ada, "two").unwrap();
    assert_eq!(greetings(), 1);
    api.pass(3_600).await;
    api.sim.inbound(&ada, "three").unwrap();
    assert_eq!(greetings(), 2);
    let reset = api.send("POST", "/messages/autoresponse", json!({ "autoResponseMessage": "" })).await;
    assert!(reset["updated"]["autoResponseMessage"].as_str().unwrap().len() > 10, "the built-in text is back");
    assert_eq!(reset["updated"]["autoResponseActive"], true);
}

#[tokio::test]
async fn a_late_echo_is_delivered_but_not_yet_shown() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.set_people_answer(false);
    api.sim.set_knobs(|k| k.echo_lag_ms = 90_000);
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "message": "late" })).await;
    assert_eq!(api.sim.delivered().len(), 1);
    assert_ne!(texts(&api.get("/messages/facebook").await)[0], "late");
    api.pass(90).await;
    assert_eq!(texts(&api.get("/messages/facebook").await)[0], "late");
}

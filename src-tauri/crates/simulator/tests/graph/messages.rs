//! Every kind of message (reference 4).

use backscroll_simulator::{Content, Inbound, ReactionsForm, StickerForm, WorldKind};
use serde_json::{Value, json};

use crate::{Api, FB, IG, P, encode, ids};

const FIELDS: &str = "id,created_time,from,to,message,attachments,shares{id,name,link,description,type,url,title,template,picture},\
                      story,reactions,reply_to,is_unsupported,sticker";

async fn read(api: &Api, id: &str) -> Value {
    api.get(&format!("/{}?fields={FIELDS}", encode(id))).await
}

async fn said(api: &Api, chat: &backscroll_simulator::Chat, message: impl Into<Inbound>) -> Value {
    let id = api.graph().receive(chat, message).unwrap();
    read(api, &id).await
}

#[tokio::test]
async fn files_carry_what_their_kind_has() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let all = Inbound::content(Content::Image).with(Content::Video).with(Content::Audio).with(Content::File);
    let message = said(&api, &ada, all).await;
    assert_eq!(message["message"], "", "text is empty, not absent");
    let [image, video, audio, file] = message["attachments"]["data"].as_array().unwrap().first_chunk().unwrap();
    assert_eq!((&image["mime_type"], &image["size"]), (&json!("image/jpeg"), &Value::Null));
    assert_eq!(
        (&image["image_data"]["width"], &image["image_data"]["render_as_sticker"]),
        (&json!(640), &json!(false))
    );
    assert_eq!((&video["mime_type"], &video["video_data"]["length"]), (&json!("video/mp4"), &json!(3)));
    assert!(video.get("file_url").is_none() && audio.get("video_data").is_none());
    for (row, mime, magic) in [(audio, "audio/wav", &b"RIFF"[..]), (file, "application/pdf", &b"%PDF"[..])] {
        assert_eq!(row["mime_type"], mime);
        let answer = api.http.get(row["file_url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], mime);
        let bytes = answer.bytes().await.unwrap();
        assert!(bytes.starts_with(magic) && json!(bytes.len()) == row["size"]);
    }
    let film = api.http.get(video["video_data"]["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&film[4..8], b"ftyp");
    let other: Vec<&Value> = [image, video, audio, file].iter().map(|a| &a["id"]).collect();
    assert!(other.iter().all(|id| id.is_string()));
    let edge = api.get(&format!("/{}/attachments", encode(message["id"].as_str().unwrap()))).await;
    assert_eq!(edge["data"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn stickers_have_three_forms() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let id = api.graph().receive(&ada, Inbound::content(Content::Sticker)).unwrap();
    let url = read(&api, &id).await;
    assert!(url["sticker"].as_str().unwrap().starts_with("http") && url.get("attachments").is_none());
    api.graph().set_knobs(|k| k.sticker_form = StickerForm::Attachment);
    let attached = read(&api, &id).await["attachments"]["data"][0].clone();
    assert_eq!((&attached["type"], &attached["sticker_id"]), (&json!("sticker"), &json!("369239263222822")));
    api.graph().set_knobs(|k| k.sticker_form = StickerForm::Rendered);
    let drawn = read(&api, &id).await;
    assert_eq!(drawn["attachments"]["data"][0]["image_data"]["render_as_sticker"], true);
    assert!(drawn.get("sticker").is_none());
}

#[tokio::test]
async fn shares_name_their_type_and_need_named_fields() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let link = said(&api, &ada, Inbound::content(Content::Link)).await["shares"]["data"][0].clone();
    assert_eq!(link["link"], "https://example.org/rye/milling");
    assert!(link["name"].is_string() && link["description"].is_string() && link.get("type").is_none());
    for (content, word) in
        [(Content::Post, "post"), (Content::Reel, "reel"), (Content::IgPost, "ig_post"), (Content::IgReel, "ig_reel")]
    {
        let message = said(&api, &ada, Inbound::content(content)).await;
        let share = &message["shares"]["data"][0];
        assert_eq!(share["type"], word);
        assert!(share["title"].is_string() && share["id"].is_string() && message.get("attachments").is_none());
        assert_eq!(api.http.get(share["url"].as_str().unwrap()).send().await.unwrap().status(), 200);
    }
    let product = said(&api, &ada, Inbound::content(Content::Product)).await;
    let element = &product["shares"]["data"][0]["template"]["payload"]["product"]["elements"]["data"][0];
    assert_eq!((&element["name"], &element["price"]), (&json!("Rye loaf, 800 g"), &json!("€5.20")));
    let unnamed = api.get(&format!("/{}?fields=shares", encode(product["id"].as_str().unwrap()))).await;
    assert!(unnamed.get("shares").is_none());
}

#[tokio::test]
async fn a_card_an_unheard_kind_and_a_message_with_nothing() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let card = said(&api, &ada, Inbound::content(Content::Template)).await["attachments"]["data"][0].clone();
    assert_eq!(card["generic_template"]["title"], "Your table is booked");
    assert_eq!(card["generic_template"]["cta"]["url"], "https://example.org/bookings/2041");
    let strange = said(&api, &ada, Inbound::content(Content::Unheard)).await["attachments"]["data"][0].clone();
    assert_eq!(strange["type"], "hologram");
    let nothing = said(&api, &ada, Inbound::default()).await;
    assert_eq!(
        nothing.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["created_time", "from", "id", "message", "to"]
    );
    assert_eq!(nothing["message"], "");
}

#[tokio::test]
async fn what_is_not_supported_says_only_that() {
    let api = Api::start(WorldKind::Small).await;
    let noor = api.chat(IG, "Noor Vale");
    for message in [Inbound::default().unsupported(), Inbound::content(Content::ViewOnce)] {
        let seen = said(&api, &noor, message).await;
        assert_eq!(
            (&seen["is_unsupported"], &seen["message"], seen.get("attachments")),
            (&json!(true), &json!(""), None)
        );
    }
    assert!(said(&api, &noor, "Plain").await.get("is_unsupported").is_none());
}

#[tokio::test]
async fn a_quote_names_the_message_it_answers() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let question = api.graph().typed_in_inbox(&ada, "How many?").unwrap();
    let answer = said(&api, &ada, Inbound::text("Two").reply_to(&question)).await;
    assert_eq!(answer["reply_to"], json!({ "mid": question, "is_self_reply": false }));
    let second = said(&api, &ada, Inbound::text("No, three").reply_to(answer["id"].as_str().unwrap())).await;
    assert_eq!(second["reply_to"]["is_self_reply"], true);
}

#[tokio::test]
async fn reactions_come_in_three_shapes_and_go_again() {
    let api = Api::start(WorldKind::Small).await;
    let noor = api.chat(IG, "Noor Vale");
    let id = api.graph().receive(&noor, "Look").unwrap();
    assert!(read(&api, &id).await.get("reactions").is_none());
    api.sim.react_as(&noor, &id, &api.graph().instagram_id(P).unwrap(), "❤️").unwrap();
    let one = json!({ "reaction": "❤️", "users": [{ "id": api.graph().instagram_id(P).unwrap(), "username": "corner.bakery" }] });
    assert_eq!(read(&api, &id).await["reactions"], json!({ "data": [one] }));
    api.graph().set_knobs(|k| k.reactions_form = ReactionsForm::Array);
    assert_eq!(read(&api, &id).await["reactions"], json!([one]));
    api.graph().set_knobs(|k| k.reactions_form = ReactionsForm::Bare);
    assert_eq!(read(&api, &id).await["reactions"], one);
    api.sim.react(&noor, &id, "love").unwrap();
    api.sim.unreact(&noor, &id).unwrap();
    assert_eq!(read(&api, &id).await["reactions"], one);
}

#[tokio::test]
async fn a_story_loses_its_link_when_it_ends() {
    let api = Api::start(WorldKind::Small).await;
    let noor = api.chat(IG, "Noor Vale");
    let answer = said(&api, &noor, Inbound::text("That crust!").with(Content::StoryReply)).await;
    let mention = said(&api, &noor, Inbound::content(Content::StoryMention)).await;
    assert_eq!((&answer["message"], answer.get("attachments")), (&json!("That crust!"), None));
    assert_eq!((&mention["message"], mention.get("attachments")), (&json!(""), None));
    let link = answer["story"]["reply_to"]["link"].as_str().unwrap();
    assert!(!link.contains("oe="), "lookaside links carry no hour of death");
    assert_eq!(api.http.get(link).send().await.unwrap().status(), 200);
    assert!(mention["story"]["mention"]["id"].is_string());
    api.pass(86_400).await;
    let later = read(&api, answer["id"].as_str().unwrap()).await;
    assert_eq!((&later["story"]["reply_to"]["link"], &later["message"]), (&json!(""), &json!("That crust!")));
    assert_eq!(api.http.get(link).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_business_side_is_the_page_or_the_instagram_account_and_may_wear_a_persons_name() {
    let api = Api::start(WorldKind::Small).await;
    api.graph().set_knobs(|k| k.agent_name = Some("Sam at the counter".to_owned()));
    let ada = api.chat(FB, "Ada Park");
    let id = api.graph().typed_in_inbox(&ada, "Yes").unwrap();
    let sent = read(&api, &id).await;
    assert_eq!(
        (&sent["from"]["id"], &sent["from"]["name"]),
        (&json!(api.graph().page_id(P).unwrap()), &json!("Sam at the counter"))
    );
    assert_eq!(sent["to"]["data"][0]["id"], json!(ada.person));
}

#[tokio::test]
async fn ids_of_long_ago_have_signs_that_must_be_escaped() {
    let api = Api::start(WorldKind::Demo).await;
    let priya = api.chat(FB, "Priya Nair");
    let rows = api.walk(&format!("/{}/messages?limit=100", priya.conversation)).await.concat();
    let old: Vec<&str> = ids(&rows).into_iter().filter(|id| id.contains('$')).collect();
    assert_eq!(old, ["mid.$cAADq0", "mid.1457:a$b=c/1"]);
    for id in old {
        assert_eq!(read(&api, id).await["id"], json!(id));
    }
    let instagram = api.graph().chats(P, IG);
    let signs = instagram.iter().find(|c| c.conversation.contains('=') || c.conversation.contains('/')).unwrap();
    assert_eq!(api.get(&format!("/{}", encode(&signs.conversation))).await["id"], json!(signs.conversation));
}

#[tokio::test]
async fn the_demo_shows_every_kind() {
    let api = Api::start(WorldKind::Demo).await;
    let mut seen = std::collections::BTreeSet::new();
    for (platform, who) in [(FB, "Priya Nair"), (IG, "Ottoline Frey")] {
        let chat = api.chat(platform, who);
        let path = format!("/{}/messages?limit=100&fields={FIELDS}", encode(&chat.conversation));
        for row in api.walk(&path).await.concat() {
            for key in ["sticker", "reactions", "reply_to", "is_unsupported"] {
                seen.extend(row.get(key).map(|_| key.to_owned()));
            }
            seen.extend(row["story"].as_object().into_iter().flat_map(|s| s.keys().cloned()));
            for file in row["attachments"]["data"].as_array().into_iter().flatten() {
                seen.extend(
                    file.as_object()
                        .unwrap()
                        .keys()
                        .filter(|k| k.ends_with("_data") || *k == "generic_template")
                        .cloned(),
                );
                seen.extend(file.get("file_url").map(|_| file["mime_type"].as_str().unwrap().to_owned()));
            }
            for share in row["shares"]["data"].as_array().into_iter().flatten() {
                seen.insert(format!(
                    "share {}",
                    share["type"].as_str().unwrap_or(if share["template"].is_null() { "link" } else { "product" })
                ));
            }
        }
        assert!(api.graph().truth(&chat).unwrap().iter().any(|m| m.unsent));
    }
    let all = [
        "application/pdf",
        "audio/wav",
        "generic_template",
        "image_data",
        "is_unsupported",
        "mention",
        "reactions",
        "reply_to",
        "share ig_post",
        "share ig_reel",
        "share link",
        "share post",
        "share product",
        "share reel",
        "sticker",
        "video_data",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn an_unknown_id_is_100_33() {
    let api = Api::start(WorldKind::Small).await;
    let (status, error) = api.fails("/m_nobody?fields=message").await;
    assert_eq!((status, &error["code"], &error["error_subcode"]), (400, &json!(100), &json!(33)));
    assert!(error["message"].as_str().unwrap().starts_with("Unsupported get request. Object with ID 'm_nobody'"));
}

#[tokio::test]
async fn bodies_are_ascii_with_escaped_slashes() {
    let api = Api::start(WorldKind::Small).await;
    let id = api.graph().receive(&api.chat(FB, "Ada Park"), "Café/🎂").unwrap();
    let text = api.call(&format!("/{}?fields=message", encode(&id))).send().await.unwrap().text().await.unwrap();
    assert!(text.is_ascii() && text.contains(r#""Caf\u00e9\/\ud83c\udf82""#), "{text}");
}

//! Files: in one request with the message, uploaded first, by address; limits and mismatches of each platform.

use axum::Router;
use axum::routing::get;
use backscroll_simulator::{Chat, Fault, Platform, TokenKind, TokenState};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Api, HOUR, numbers, read, response};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and some pixels";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0 and some pixels";
const HEIC: &[u8] = b"\0\0\0\x18ftypheic and some pixels";
const MP4: &[u8] = b"\0\0\0\x18ftypisom....moov....hdlrvide....hdlrsoun";
const VOICE: &[u8] = b"\0\0\0\x18ftypM4A ....moov....hdlrsoun";
const VOICE_AS_MP4: &[u8] = b"\0\0\0\x18ftypisom....moov....hdlrsoun";
const PDF: &[u8] = b"%PDF-1.4 order";

fn by_url(kind: &str, url: &str) -> Value {
    json!({ "attachment": { "type": kind, "payload": { "url": url } } })
}

fn by_id(kind: &str, id: &Value) -> Value {
    json!({ "attachment": { "type": kind, "payload": { "attachment_id": id } } })
}

/// A message with its bytes beside it.
fn with_bytes(chat: &Chat, kind: &str, mime: Option<&str>, bytes: &[u8]) -> Form {
    let part = Part::bytes(bytes.to_vec()).file_name("file");
    let part = match mime {
        Some(mime) => part.mime_str(mime).unwrap(),
        None => part,
    };
    Form::new()
        .text("recipient", json!({ "id": chat.person }).to_string())
        .text("messaging_type", "RESPONSE")
        .text("message", json!({ "attachment": { "type": kind, "payload": { "is_reusable": false } } }).to_string())
        .part("filedata", part)
}

async fn upload(api: &Api, platform: &str, kind: &str, mime: &str, bytes: &[u8]) -> (u16, Value) {
    let message = json!({ "attachment": { "type": kind, "payload": { "is_reusable": true } } });
    let part = Part::bytes(bytes.to_vec()).file_name("file").mime_str(mime).unwrap();
    let form = Form::new().text("message", message.to_string()).text("platform", platform.to_owned());
    read(api.call("POST", "/me/message_attachments").multipart(form.part("filedata", part))).await
}

#[tokio::test]
async fn bytes_travel_with_their_message_and_can_be_read_back() {
    let api = Api::start().await;
    for (chat, kind, mime, bytes) in [
        (api.ada(), "image", "image/png", PNG),
        (api.ada(), "video", "video/mp4", MP4),
        (api.ada(), "audio", "audio/mp4", VOICE),
        (api.ada(), "file", "text/plain", b"a list of loaves".as_slice()),
        (api.noor(), "image", "image/jpeg", JPEG),
        (api.noor(), "file", "application/pdf", PDF),
    ] {
        let form = with_bytes(&chat, kind, Some(mime), bytes);
        let (status, answer) = read(api.call("POST", "/me/messages").multipart(form)).await;
        assert_eq!(status, 200, "{kind}: {answer}");
        assert!(answer.get("attachment_id").is_none());
        let sent = api.sim.delivered().into_iter().find(|e| json!(e.id) == answer["message_id"]).unwrap();
        assert_eq!((sent.text, sent.attachments[0].0.as_str()), (None, kind));
        let kept = api.http.get(&sent.attachments[0].1).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(kept, bytes);
        let file = &sent.files[0];
        assert_eq!(file.sha256.as_deref(), Some(hex::encode(Sha256::digest(bytes)).as_str()));
        assert_eq!((file.size, file.content_type.as_deref()), (Some(bytes.len() as u64), Some(mime)));
    }
}

#[tokio::test]
async fn a_part_must_say_what_it_is_and_be_it() {
    let api = Api::start().await;
    let (ada, noor) = (api.ada(), api.noor());
    for (chat, kind, mime, bytes, subcode) in [
        (&ada, "image", None, PNG, 2_018_047),
        (&ada, "image", Some("video/mp4"), PNG, 2_018_047),
        (&ada, "image", Some("image/png"), PDF, 2_018_047),
        (&ada, "audio", Some("application/octet-stream"), VOICE, 2_018_047),
        (&noor, "video", Some("video/mp4"), VOICE_AS_MP4, 2_018_047),
        (&noor, "image", Some("image/heic"), HEIC, 2_534_080),
        (&noor, "file", Some("text/plain"), b"plain".as_slice(), 2_018_047),
    ] {
        let form = with_bytes(chat, kind, mime, bytes);
        let (_, answer) = read(api.call("POST", "/me/messages").multipart(form)).await;
        assert_eq!(numbers(&answer), (100, subcode), "{kind} {mime:?}");
    }
    let heic = with_bytes(&ada, "image", Some("image/heic"), HEIC);
    assert_eq!(read(api.call("POST", "/me/messages").multipart(heic)).await.0, 200, "Messenger takes it");
    assert_eq!(api.delivered().len(), 1);
}

#[tokio::test]
async fn sizes_are_limited_by_way_and_platform() {
    let api = Api::start().await;
    let big = |bytes: &[u8], megabytes: usize| {
        let mut out = bytes.to_vec();
        out.resize(megabytes * 1_000_000 + 1, 0);
        out
    };
    let (nine, twenty_five) = (big(PNG, 8), big(PNG, 25));
    assert_eq!(upload(&api, "messenger", "image", "image/png", &nine).await.0, 200);
    for (platform, bytes) in [("messenger", &twenty_five), ("INSTAGRAM", &nine)] {
        let (_, answer) = upload(&api, platform, "image", "image/png", bytes).await;
        assert_eq!(numbers(&answer), (100, 2_018_109), "{platform}");
    }
    let app = Router::new().route("/big.png", get(move || async move { nine }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/big.png", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    assert_eq!(api.refused(response(&api.ada(), by_url("image", &url))).await, (100, 2_018_109), "8 MB by address");
}

#[tokio::test]
async fn an_upload_is_sent_by_its_id_until_it_expires() {
    let api = Api::start().await;
    let (ada, noor) = (api.ada(), api.noor());
    let (status, answer) = upload(&api, "messenger", "image", "image/png", PNG).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["attachment_id"].clone();
    assert!(id.as_str().unwrap().bytes().all(|b| b.is_ascii_digit()));
    api.send(&ada, by_id("image", &id)).await;
    api.send(&ada, by_id("image", &id)).await;
    assert_eq!(api.refused(response(&ada, by_id("video", &id))).await, (100, 2_018_047));
    assert_eq!(api.refused(response(&noor, by_id("image", &id))).await, (100, 2_018_074), "uploaded for Messenger");
    assert_eq!(api.refused(response(&ada, by_id("image", &json!("1")))).await, (100, 2_018_074));
    let (_, instagram) = upload(&api, "instagram", "image", "image/png", PNG).await;
    api.send(&noor, by_id("image", &instagram["attachment_id"])).await;
    api.pass(90 * 24 * HOUR).await;
    api.sim.inbound(&ada, "?").unwrap();
    assert_eq!(api.refused(response(&ada, by_id("image", &id))).await, (100, 2_018_074));
    assert_eq!(api.delivered().len(), 3);
}

#[tokio::test]
async fn an_upload_by_address_must_be_reusable_and_of_a_known_platform() {
    let api = Api::start().await;
    let message = |reusable| json!({ "attachment": { "type": "image", "payload": { "url": "https://cdn.example.test/rye.jpg", "is_reusable": reusable } } });
    let post = |body| api.post("/me/message_attachments", body);
    let (status, answer) = post(json!({ "message": message(true) })).await;
    assert!(status == 200 && answer["attachment_id"].is_string(), "{answer}");
    assert_eq!(numbers(&post(json!({ "message": message(false) })).await.1), (100, 0));
    assert_eq!(numbers(&post(json!({ "message": message(true), "platform": "whatsapp" })).await.1), (100, 0));
    assert_eq!(numbers(&post(json!({})).await.1), (100, 0));
}

#[tokio::test]
async fn a_reusable_send_answers_an_id_for_the_next_one() {
    let api = Api::start().await;
    let ada = api.ada();
    let mut message = by_url("image", "https://cdn.example.test/rye.jpg");
    message["attachment"]["payload"]["is_reusable"] = json!(true);
    let (_, answer) = api.post("/me/messages", response(&ada, message)).await;
    api.send(&ada, by_id("image", &answer["attachment_id"])).await;
}

#[tokio::test]
async fn addresses_that_do_not_answer_cannot_be_fetched() {
    let api = Api::start().await;
    let ada = api.ada();
    for (kind, url, subcode) in [
        ("image", "https://nowhere.invalid/a.png", 2_018_008),
        ("image", "http://127.0.0.1:9/a.png", 2_018_008),
        ("image", "ftp://cdn.example.test/a.png", 2_018_008),
        ("image", "no address", 2_018_008),
        ("video", "https://nowhere.invalid/a.mp4", 2_018_294),
        ("image", "https://cdn.example.test/order.pdf", 2_018_047),
    ] {
        assert_eq!(api.refused(response(&ada, by_url(kind, url))).await, (100, subcode), "{url}");
    }
}

#[tokio::test]
async fn instagram_drops_the_attachment_when_there_is_text() {
    let api = Api::start().await;
    let noor = api.noor();
    let mut message = by_url("image", "https://cdn.example.test/rye.jpg");
    message["text"] = json!("Look!");
    api.send(&noor, message.clone()).await;
    let sent = api.sim.delivered();
    assert_eq!((sent.len(), sent[0].text.as_deref(), sent[0].attachments.len()), (1, Some("Look!"), 0));
    assert_eq!(api.refused(response(&api.ada(), message)).await, (100, 0), "Messenger wants one of them");
}

#[tokio::test]
async fn instagram_takes_ten_images_in_one_message_where_the_account_may() {
    let api = Api::start().await;
    let noor = api.noor();
    let images = |n: usize| {
        let one = json!({ "type": "image", "payload": { "url": "https://cdn.example.test/rye.jpg" } });
        json!({ "attachments": vec![one; n] })
    };
    api.send(&noor, images(10)).await;
    assert_eq!(api.sim.delivered()[0].attachments.len(), 10);
    assert_eq!(api.refused(response(&noor, images(11))).await, (100, 0));
    assert_eq!(api.refused(response(&api.ada(), images(2))).await, (100, 0), "not on Messenger");
    api.sim.graph().set_send_knobs(|k| k.many_images = false);
    assert_eq!(api.refused(response(&noor, images(2))).await, (100, 2_534_068));
}

#[tokio::test]
async fn hearts_stickers_and_own_posts_carry_no_file() {
    let api = Api::start().await;
    let (ada, noor) = (api.ada(), api.noor());
    api.send(&noor, json!({ "attachment": { "type": "like_heart" } })).await;
    api.send(&noor, json!({ "attachment": { "type": "MEDIA_SHARE", "payload": { "id": "1801" } } })).await;
    api.send(&ada, json!({ "sticker_id": 369_239_263_222_822_u64 })).await;
    let kinds: Vec<_> = api.sim.delivered().into_iter().map(|e| e.attachments[0].0.clone()).collect();
    assert_eq!(kinds, ["like_heart", "ig_post", "sticker"]);
    assert_eq!(api.refused(response(&ada, json!({ "attachment": { "type": "like_heart" } }))).await.0, 100);
    assert_eq!(api.sim.chats(crate::P, Platform::Facebook).len(), 2);
}

#[tokio::test]
async fn what_was_fetched_stays_when_its_source_is_gone_and_shows_at_both_faces() {
    let api = Api::start().await;
    let ada = api.ada();
    let app = Router::new().route("/rye.png", get(|| async { PNG }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/rye.png", listener.local_addr().unwrap());
    let host = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut message = by_url("image", &url);
    message["metadata"] = json!("c-9");
    let id = api.send(&ada, message).await;
    host.abort();
    let row = api.sim.delivered().remove(0);
    assert_eq!((row.metadata.as_deref(), row.files[0].name.as_deref()), (Some("c-9"), Some("rye.png")));
    let (_, node) = read(api.call("GET", &format!("/{id}?fields=message,attachments"))).await;
    assert!(!node.to_string().contains("c-9"), "only the echo tells the metadata");
    let told = node["attachments"]["data"][0]["image_data"]["url"].as_str().unwrap();
    assert_eq!(api.http.get(told).send().await.unwrap().bytes().await.unwrap(), PNG);
    let list = api.http.get(format!("{}/messages/facebook", api.sim.base_url())).bearer_auth(api.sim.api_key());
    let (_, list) = read(list).await;
    assert!(!list.to_string().contains("c-9"));
    let seen = list["messages"].as_array().unwrap().iter().find(|m| m["id"] == json!(id)).unwrap();
    let other = seen["attachments"][0]["url"].as_str().unwrap();
    assert_eq!(api.http.get(other).send().await.unwrap().bytes().await.unwrap(), PNG);
}

#[tokio::test]
async fn an_upload_belongs_to_its_page() {
    let api = Api::start().await;
    let (_, answer) = upload(&api, "messenger", "image", "image/png", PNG).await;
    let other = api.sim.graph().add_token(TokenKind::Page(crate::P), TokenState::Valid);
    let by_other_token = api.bare("POST", "/me/messages").bearer_auth(other);
    let body = response(&api.ada(), by_id("image", &answer["attachment_id"]));
    assert_eq!(read(by_other_token.json(&body)).await.0, 200, "the Page's, not the token's");
}

#[tokio::test]
async fn an_upload_can_be_answered_and_lost() {
    let api = Api::start().await;
    let ada = api.ada();
    api.sim.graph().on("POST", "/message_attachments").fail(Fault::LostUpload);
    let (status, lost) = upload(&api, "messenger", "image", "image/png", PNG).await;
    assert_eq!(status, 200, "{lost}");
    assert_eq!(api.refused(response(&ada, by_id("image", &lost["attachment_id"]))).await, (100, 2_018_074));
    let (_, whole) = upload(&api, "messenger", "image", "image/png", PNG).await;
    api.send(&ada, by_id("image", &whole["attachment_id"])).await;
    // The same of a send that answers an id: the message itself is there.
    let mut message = by_url("image", "https://cdn.example.test/rye.jpg");
    message["attachment"]["payload"]["is_reusable"] = json!(true);
    api.sim.graph().on("POST", "/messages").fail(Fault::LostUpload);
    let (_, sent) = api.post("/me/messages", response(&ada, message)).await;
    assert_eq!(api.refused(response(&ada, by_id("image", &sent["attachment_id"]))).await, (100, 2_018_074));
    assert_eq!(api.delivered().len(), 2);
}

#[tokio::test]
async fn an_upload_can_break_in_the_middle() {
    let api = Api::start().await;
    api.sim.graph().on("POST", "/message").times(2).fail(Fault::CutUpload { after: 500_000 });
    let mut bytes = PNG.to_vec();
    bytes.resize(20_000_000, 0);
    let form = with_bytes(&api.ada(), "image", Some("image/png"), &bytes);
    assert!(api.call("POST", "/me/messages").multipart(form).send().await.is_err());
    let message = json!({ "attachment": { "type": "image", "payload": { "is_reusable": true } } });
    let part = Part::bytes(bytes).file_name("file").mime_str("image/png").unwrap();
    let form = Form::new().text("message", message.to_string()).part("filedata", part);
    assert!(api.call("POST", "/me/message_attachments").multipart(form).send().await.is_err());
    assert!(api.delivered().is_empty());
}

#[tokio::test]
async fn names_outside_ascii_and_empty_files_are_refused() {
    let api = Api::start().await;
    let form = |name: &'static str, bytes: &[u8]| {
        let part = Part::bytes(bytes.to_vec()).file_name(name).mime_str("image/png").unwrap();
        Form::new()
            .text("recipient", json!({ "id": api.ada().person }).to_string())
            .text("messaging_type", "RESPONSE")
            .text("message", json!({ "attachment": { "type": "image", "payload": {} } }).to_string())
            .part("filedata", part)
    };
    let post = async |form| read(api.call("POST", "/me/messages").multipart(form)).await;
    assert_eq!(numbers(&post(form("Grüße.png", PNG)).await.1), (100, 0));
    assert_eq!(numbers(&post(form("a.png", b"")).await.1), (100, 2_018_047));
    assert_eq!(post(form("a.png", PNG)).await.0, 200);
}

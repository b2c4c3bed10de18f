//! Sends with media: the download, the rules of each network, what becomes of several files, uploads at their limits.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use backscroll_simulator::{AccessUrl, Fault, Platform, SendAnswer, WorldKind};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Api, ok};

pub(crate) const JPEG: &[u8] = b"\xff\xd8\xff\xe0 and some pixels";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and some pixels";
const WEBP: &[u8] = b"RIFF....WEBPVP8 and some pixels";
const MP4: &[u8] = b"\0\0\0\x18ftypisom....moov....hdlrvide....hdlrsoun";
const WAV: &[u8] = b"RIFF....WAVEfmt and a word";
const PDF: &[u8] = b"%PDF-1.4 order";

/// A host of files on this machine, by name. Gives its origin.
async fn host(files: Vec<(&'static str, Vec<u8>)>) -> String {
    let mut app = Router::new();
    for (name, bytes) in files {
        app = app.route(&format!("/{name}"), get(move || async move { ([(header::CONTENT_TYPE, "x/y")], bytes) }));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    origin
}

pub(crate) async fn upload(api: &Api, name: &str, bytes: &[u8]) -> String {
    let form = Form::new().part("file", Part::bytes(bytes.to_vec()).file_name(name.to_owned()));
    let made = ok(api.call("POST", "/media/upload").multipart(form).send().await.unwrap()).await;
    made["url"].as_str().unwrap().to_owned()
}

fn to(api: &Api, platform: Platform) -> (String, String) {
    let who = match platform {
        Platform::Facebook => "Ada Park",
        Platform::Instagram => "Noor Vale",
        Platform::Twitter => "Kenji Mori",
    };
    let chat = api.chat(platform, who);
    api.sim.inbound(&chat, "Hello?").unwrap();
    (format!("/messages/{}", platform.wire()), chat.person)
}

fn bigger(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(size, 0);
    out
}

#[tokio::test]
async fn what_was_sent_is_in_the_ledger_with_its_hash_size_and_type() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Facebook);
    let url = upload(&api, "cake.png", PNG).await;
    let sent = api.send("POST", &path, json!({ "recipientId": person, "mediaUrls": [url] })).await;
    let row = api.sim.delivered().remove(0);
    assert_eq!(json!(row.id), sent["messageId"]);
    let file = &row.files[0];
    assert_eq!(file.sha256.as_deref(), Some(hex::encode(Sha256::digest(PNG)).as_str()));
    assert_eq!((file.size, file.content_type.as_deref()), (Some(PNG.len() as u64), Some("image/png")));
    let read = api.get(&path).await["messages"][0].clone();
    assert_eq!(read["attachments"], json!([{ "type": "image", "url": file.url }]));
    let kept = api.http.get(&file.url).send().await.unwrap();
    assert_eq!(kept.bytes().await.unwrap(), PNG);
    let graph = api.sim.graph();
    let chat = api.chat(Platform::Facebook, "Ada Park");
    assert_eq!(graph.truth(&chat).unwrap().last().unwrap().files, row.files, "both faces have it");
}

#[tokio::test]
async fn a_download_that_fails_is_479_and_nothing_is_sent() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Facebook);
    let url = upload(&api, "a.jpg", JPEG).await;
    let send = async |url: &str| {
        let body = json!({ "recipientId": person, "message": "Look", "mediaUrls": [url] });
        let (status, refused) = api.fails("POST", &path, body).await;
        (status, refused["code"].as_u64().unwrap())
    };
    assert_eq!(send("http://127.0.0.1:9/a.jpg").await, (400, 479), "nobody listens");
    assert_eq!(send("https://nowhere.invalid/a.jpg").await, (400, 479));
    for fault in [Fault::http(503), Fault::Reset, Fault::Redirect { http: 302, to: url.clone() }] {
        api.sim.on("GET", "/files/").fail(fault);
        assert_eq!(send(&url).await, (400, 479));
    }
    assert!(api.sim.delivered().is_empty());
    api.send("POST", &path, json!({ "recipientId": person, "mediaUrls": [url] })).await;
    let looked = api.sim.requests().iter().filter(|r| r.method == "GET" && r.path.starts_with("/files/")).count();
    assert_eq!(looked, 4, "each send truly downloads");
}

#[tokio::test]
async fn each_network_judges_type_and_size_by_the_bytes() {
    let api = Api::start(WorldKind::Small).await;
    let files = vec![
        ("ok.jpg", JPEG.to_vec()),
        ("ok.webp", WEBP.to_vec()),
        ("ok.mp4", MP4.to_vec()),
        ("ok.wav", WAV.to_vec()),
        ("ok.pdf", PDF.to_vec()),
        ("empty.jpg", Vec::new()),
        ("lie.jpg", PDF.to_vec()),
        ("lie.mp4", JPEG.to_vec()),
        ("five.png", bigger(PNG, 5_000_001)),
        ("eight.png", bigger(PNG, 8_000_001)),
        ("film.mp4", bigger(MP4, 25_000_001)),
    ];
    let origin = host(files).await;
    let platforms = [Platform::Facebook, Platform::Instagram, Platform::Twitter];
    let targets: Vec<_> = platforms.iter().map(|p| to(&api, *p)).collect();
    // 0: taken; else the code of the network, or 101 of Ayrshare itself.
    let cases: [(&str, [u64; 3]); 11] = [
        ("ok.jpg", [0, 0, 0]),
        ("ok.webp", [0, 138, 0]),
        ("ok.mp4", [0, 0, 0]),
        ("ok.wav", [0, 0, 101]),
        ("ok.pdf", [0, 0, 101]),
        ("empty.jpg", [107, 138, 272]),
        ("lie.jpg", [107, 138, 272]),
        ("lie.mp4", [107, 138, 272]),
        ("five.png", [0, 0, 272]),
        ("eight.png", [107, 138, 272]),
        ("film.mp4", [107, 138, 0]),
    ];
    let mut taken = 0;
    for (name, codes) in cases {
        for ((path, person), code) in targets.iter().zip(codes) {
            let url = format!("{origin}/{name}");
            let body = json!({ "recipientId": person, "conversationId": null, "message": "x", "mediaUrls": [url] });
            let answer = api.call("POST", path).json(&body).send().await.unwrap();
            let (status, answer) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
            assert_eq!(
                (status, answer["code"].as_u64().unwrap_or(0)),
                (if code == 0 { 200 } else { 400 }, code),
                "{path} {name}"
            );
            taken += if code > 0 {
                0
            } else if path.ends_with("twitter") {
                1
            } else {
                2
            };
        }
    }
    assert_eq!(api.sim.delivered().len(), taken);
}

#[tokio::test]
async fn names_and_numbers_of_files_have_their_rules() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Facebook);
    let origin = host(vec![("a.jpg", JPEG.to_vec())]).await;
    let urls = |urls: Value| json!({ "recipientId": person, "mediaUrls": urls });
    let film = "https://cdn.example.test/a.mp4";
    for (body, code) in [
        (urls(json!(["https://cdn.example.test/gr%C3%BC%C3%9Fe.jpg"])), 107),
        (urls(json!([film, film])), 101),
        (urls(json!([format!("{origin}/a.jpg?x=1")])), 101),
        (urls(json!([format!("{origin}/a.jpg#x")])), 101),
        (urls(json!([format!("{origin}/a")])), 101),
    ] {
        assert_eq!(api.fails("POST", &path, body.clone()).await.1["code"], code, "{body}");
    }
    api.send("POST", &path, urls(json!([format!("{origin}/a.jpg"), film]))).await;
    assert_eq!(api.sim.delivered().len(), 2);
}

#[tokio::test]
async fn several_images_can_be_one_instagram_message_and_text_can_displace_them() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Instagram);
    let url = upload(&api, "a.jpg", JPEG).await;
    let body = |text: Option<&str>, n: usize| {
        let mut body = json!({ "recipientId": person, "mediaUrls": vec![url.clone(); n] });
        if let Some(text) = text {
            body["message"] = json!(text);
        }
        body
    };
    let sizes = || api.sim.delivered().iter().map(|e| e.files.len()).collect::<Vec<_>>();
    api.send("POST", &path, body(None, 3)).await;
    assert_eq!(sizes(), [1, 1, 1]);
    api.pass(1).await;
    api.sim.set_knobs(|k| k.instagram_album = true);
    api.send("POST", &path, body(Some("Three"), 12)).await;
    assert_eq!(sizes()[3..], [0, 10, 2]);
    api.pass(1).await;
    api.sim.set_knobs(|k| k.instagram_drops_media = true);
    let answer = api.send("POST", &path, body(Some("Only me"), 2)).await;
    assert_eq!(answer["status"], "success");
    assert_eq!(sizes()[6..], [0], "the pictures are gone without a word");
}

#[tokio::test]
async fn media_in_turn_leave_the_text_behind_when_one_of_them_fails() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Facebook);
    let good = upload(&api, "a.jpg", JPEG).await;
    let bad = "http://127.0.0.1:9/b.jpg";
    api.sim.set_knobs(|k| k.media_in_turn = true);
    let body = json!({ "recipientId": person, "message": "Two", "mediaUrls": [good, bad, good] });
    assert_eq!(api.fails("POST", &path, body).await.1["code"], 479);
    let delivered = api.sim.delivered();
    assert_eq!((delivered.len(), delivered[0].text.as_deref(), delivered[1].files.len()), (2, Some("Two"), 1));
    assert_eq!(api.fails("POST", &path, json!({ "recipientId": person, "mediaUrls": [bad] })).await.1["code"], 479);
    assert_eq!(api.sim.delivered().len(), 2);
}

#[tokio::test]
async fn several_messages_are_answered_in_every_thinkable_way() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Facebook);
    let url = upload(&api, "a.jpg", JPEG).await;
    let body = json!({ "recipientId": person, "message": "Look", "mediaUrls": [url] });
    for form in [SendAnswer::First, SendAnswer::Ids, SendAnswer::Messages, SendAnswer::List, SendAnswer::Nameless] {
        api.sim.set_knobs(|k| k.answer = form);
        // The parts of a send are dated a millisecond apart.
        api.pass(1).await;
        let answer = api.send("POST", &path, body.clone()).await;
        let sent = api.sim.delivered();
        let ids: Vec<&str> = sent[sent.len() - 2..].iter().map(|e| e.id.as_str()).collect();
        let told = match form {
            SendAnswer::First => json!([answer["messageId"], ids[1]]),
            SendAnswer::Ids => answer["messageIds"].clone(),
            SendAnswer::Messages => json!([answer["messages"][0]["messageId"], answer["messages"][1]["messageId"]]),
            SendAnswer::List => json!([answer[0]["messageId"], answer[1]["messageId"]]),
            SendAnswer::Nameless => {
                assert!(!answer.to_string().contains(ids[0]));
                json!(ids)
            }
        };
        assert_eq!(told, json!(ids), "{form:?}");
    }
}

#[tokio::test]
async fn the_quotas_of_conversations_and_of_x_stop_new_sends() {
    let api = Api::start(WorldKind::Empty).await;
    api.sim.set_knobs(|k| (k.conversation_quota, k.x_sends) = (Some(2), Some(3)));
    let people: Vec<_> = ["Ann", "Ben", "Cem"]
        .map(|name| api.sim.add_person(crate::P, Platform::Twitter, name).unwrap().person)
        .into_iter()
        .collect();
    let body = |person: &str| json!({ "recipientId": person, "message": "Hi" });
    for person in [&people[0], &people[1], &people[1]] {
        api.send("POST", "/messages/twitter", body(person)).await;
    }
    assert_eq!(api.fails("POST", "/messages/twitter", body(&people[1])).await.1["code"], 272, "three in 15 minutes");
    api.pass(900).await;
    let (status, refused) = api.fails("POST", "/messages/twitter", body(&people[2])).await;
    assert_eq!((status, &refused["code"]), (400, &json!(363)), "a third conversation");
    assert_eq!(api.get("/user").await["messagingConversationMonthlyCount"], 2);
    api.send("POST", "/messages/twitter", body(&people[0])).await;
    api.pass(31 * 86_400).await;
    api.send("POST", "/messages/twitter", body(&people[2])).await;
}

#[tokio::test]
async fn the_form_takes_thirty_megabytes_and_the_upload_address_the_rest() {
    let api = Api::start(WorldKind::Small).await;
    let size = 30_000_000;
    let form = |bytes: Vec<u8>| Form::new().part("file", Part::bytes(bytes).file_name("a.mp4"));
    let large = bigger(MP4, size + 1);
    let refused = api.call("POST", "/media/upload").multipart(form(large.clone())).send().await.unwrap();
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], 101);
    let made =
        ok(api.call("POST", "/media/upload").multipart(form(large[..size].to_vec())).send().await.unwrap()).await;
    assert!(made["url"].as_str().unwrap().ends_with(".mp4"));

    let ticket = api.get("/media/uploadUrl?fileName=a.mp4&contentType=mp4").await;
    let put = api.http.put(ticket["uploadUrl"].as_str().unwrap()).header("content-type", "video/mp4");
    assert_eq!(put.body(large.clone()).send().await.unwrap().status(), 200);
    let access = ticket["accessUrl"].as_str().unwrap();
    let served = api.http.get(access).send().await.unwrap();
    assert_eq!(served.headers()["content-length"].to_str().unwrap(), large.len().to_string());
    assert_eq!(served.bytes().await.unwrap(), large);
    let (path, person) = to(&api, Platform::Twitter);
    api.send("POST", &path, json!({ "recipientId": person, "message": "A film", "mediaUrls": [access] })).await;
    assert_eq!(api.sim.delivered()[0].files[0].size, Some(large.len() as u64));
    api.pass(30 * 86_400).await;
    assert_eq!(api.http.get(access).send().await.unwrap().status(), 404, "30 days");
}

#[tokio::test]
async fn an_upload_address_wants_its_type_and_keeps_its_limit() {
    let api = Api::start(WorldKind::Small).await;
    let put = async |kind: Option<&str>, bytes: &[u8]| {
        let ticket = api.get("/media/uploadUrl?fileName=a.png&contentType=png").await;
        let mut put = api.http.put(ticket["uploadUrl"].as_str().unwrap()).body(bytes.to_vec());
        if let Some(kind) = kind {
            put = put.header("content-type", kind);
        }
        let status = put.send().await.unwrap().status().as_u16();
        let look = api.send("POST", "/media/urlExists", json!({ "mediaUrl": ticket["accessUrl"] })).await;
        (status, look["statusCode"].as_u64().unwrap())
    };
    assert_eq!(put(Some("image/jpeg"), PNG).await, (403, 404));
    assert_eq!(put(None, PNG).await, (403, 404));
    assert_eq!(put(Some("image/png"), PNG).await, (200, 200));
    api.sim.set_knobs(|k| k.upload_url_limit = PNG.len() as u64 - 1);
    assert_eq!(put(Some("image/png"), PNG).await, (400, 404));
}

#[tokio::test]
async fn an_access_address_may_be_one_that_cannot_be_sent() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Facebook);
    for form in [AccessUrl::NoExtension, AccessUrl::Query] {
        api.sim.set_knobs(|k| k.access_url = form);
        let ticket = api.get("/media/uploadUrl?fileName=a.png&contentType=png").await;
        let put = api.http.put(ticket["uploadUrl"].as_str().unwrap()).header("content-type", "image/png").body(PNG);
        assert_eq!(put.send().await.unwrap().status(), 200);
        let look = api.send("POST", "/media/urlExists", json!({ "mediaUrl": ticket["accessUrl"] })).await;
        assert_eq!(look["contentType"], "image/png", "it is there, {form:?}");
        let body = json!({ "recipientId": person, "mediaUrls": [ticket["accessUrl"]] });
        assert_eq!(api.fails("POST", &path, body).await.1["code"], 101);
    }
}

#[tokio::test]
async fn people_answer_a_picture_too() {
    let api = Api::start(WorldKind::Small).await;
    let (path, person) = to(&api, Platform::Instagram);
    let url = upload(&api, "a.jpg", JPEG).await;
    api.send("POST", &path, json!({ "recipientId": person, "mediaUrls": [url] })).await;
    let before = api.sim.ledger().len();
    api.pass(20).await;
    assert_eq!(api.sim.ledger().len(), before + 1);
}

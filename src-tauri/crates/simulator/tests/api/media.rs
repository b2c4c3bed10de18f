//! Uploads in all three ways, the files themselves, and the look at an address.

use backscroll_simulator::{Platform, WorldKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::{Api, encode, ok};

const BYTES: &[u8] = b"\xff\xd8\xff\xe0 not really a photo";

async fn fetch(api: &Api, url: &str) -> (u16, String, Vec<u8>) {
    let answer = api.http.get(url).send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (answer.status().as_u16(), kind, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_form_upload_is_served_and_can_be_sent() {
    let api = Api::start(WorldKind::Small).await;
    let part = Part::bytes(BYTES).file_name("cake.jpg").mime_str("image/jpeg").unwrap();
    let form = Form::new().part("file", part).text("fileName", "cake.jpg").text("description", "order 17");
    let made = ok(api.call("POST", "/media/upload").multipart(form).send().await.unwrap()).await;
    assert!(made.get("status").is_none());
    assert_eq!((&made["fileName"], &made["description"]), (&json!("cake.jpg"), &json!("order 17")));
    assert!(made["id"].as_str().unwrap().ends_with("-jpg"));
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with(api.sim.base_url()) && url.ends_with(".jpg"));
    assert_eq!(fetch(&api, url).await, (200, "image/jpeg".to_owned(), BYTES.to_vec()));
    let head = api.http.head(url).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "23"));

    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "mediaUrls": [url] })).await;
    let sent = api.sim.delivered().remove(0);
    assert_eq!((sent.files[0].kind.as_str(), sent.files[0].size), ("image", Some(23)));
    assert_ne!(sent.files[0].url, url, "the network keeps a copy of its own");
    api.pass(90 * 86_400).await;
    assert_eq!(fetch(&api, url).await.0, 404, "an upload is kept for 90 days");
    assert_eq!(fetch(&api, &sent.files[0].url).await.2, BYTES);
}

#[tokio::test]
async fn a_data_uri_upload_works_and_a_broken_one_is_refused() {
    let api = Api::start(WorldKind::Small).await;
    let body = json!({ "file": format!("data:image/png;base64,{}", STANDARD.encode(BYTES)) });
    let made = api.send("POST", "/media/upload", body).await;
    let (status, kind, bytes) = fetch(&api, made["url"].as_str().unwrap()).await;
    assert_eq!((status, kind.as_str(), bytes.as_slice()), (200, "image/png", BYTES));
    for body in [json!({}), json!({ "file": "hello" }), json!({ "file": "data:image/png;base64,!!" })] {
        assert_eq!(api.fails("POST", "/media/upload", body).await.1["code"], 101);
    }
    let large = Form::new().part("file", Part::bytes(vec![0; 30 * 1024 * 1024 + 1]).file_name("a.mp4"));
    let refused = api.call("POST", "/media/upload").multipart(large).send().await.unwrap();
    assert_eq!(refused.status(), 400);
}

#[tokio::test]
async fn an_upload_address_takes_one_put_within_half_an_hour() {
    let api = Api::start(WorldKind::Small).await;
    let ask = || api.get("/media/uploadUrl?fileName=tour.mov&contentType=mov");
    let put = |url: &Value| api.http.put(url.as_str().unwrap()).header("content-type", "video/quicktime").body(BYTES);
    let ticket = ask().await;
    assert_eq!(ticket["contentType"], "video/quicktime");
    let access = ticket["accessUrl"].as_str().unwrap();
    assert_eq!(fetch(&api, access).await.0, 404, "nothing there yet");
    assert_eq!(put(&ticket["uploadUrl"]).send().await.unwrap().status(), 200);
    assert_eq!(fetch(&api, access).await, (200, "video/quicktime".to_owned(), BYTES.to_vec()));
    assert_eq!(put(&ticket["uploadUrl"]).send().await.unwrap().status(), 403, "used");
    let late = ask().await;
    api.pass(1_800).await;
    assert_eq!(put(&late["uploadUrl"]).send().await.unwrap().status(), 403, "expired");
    assert_eq!(api.fails("GET", "/media/uploadUrl", json!({})).await.1["code"], 101);
}

#[tokio::test]
async fn a_look_at_an_address_has_its_own_error_shape() {
    let api = Api::start(WorldKind::Demo).await;
    let chat = api.chat(Platform::Instagram, "Sophie Hartley");
    let thread = api.get(&format!("/messages/instagram?conversationId={}", encode(&chat.conversation))).await;
    let photo =
        thread["messages"].as_array().unwrap().iter().find_map(|m| m["attachments"][0]["url"].as_str()).unwrap();
    let api = &api;
    let look = |url: String| async move { api.send("POST", "/media/urlExists", json!({ "mediaUrl": url })).await };
    let found = look(photo.to_owned()).await;
    assert_eq!(found, json!({ "status": "success", "statusCode": 200, "contentType": "image/jpeg" }));
    let lost = look(format!("{}/files/none.jpg", api.sim.base_url())).await;
    assert_eq!(lost, json!({ "status": "error", "statusCode": 404, "statusText": "Not Found" }));
    let head = api.sim.requests().into_iter().find(|r| r.method == "HEAD").unwrap();
    assert!(photo.ends_with(&head.path), "it truly looks");
    let elsewhere = look("https://cdn.example.test/a.jpg".to_owned()).await;
    assert_eq!(elsewhere["status"], "error", "it never looks outside this machine");
}

#[tokio::test]
async fn pictures_of_the_world_are_real_images() {
    let api = Api::start(WorldKind::Demo).await;
    let list = api.get("/messages/facebook?conversationsOnly=true").await;
    let face = list["converstationsDetails"][0]["participant"]["picture"].as_str().unwrap();
    let (status, kind, bytes) = fetch(&api, face).await;
    assert_eq!((status, kind.as_str()), (200, "image/jpeg"));
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 128);
    let user = api.get("/user").await;
    let (_, kind, bytes) = fetch(&api, user["displayNames"][1]["userImage"].as_str().unwrap()).await;
    assert_eq!(kind, "image/png");
    image::load_from_memory(&bytes).unwrap();
}

//! Everything that can go wrong between Enter and the answer, each with what is truly delivered.

use backscroll_simulator::{Echo, Fault, Hold, Meanwhile, Platform, TokenState, WorldKind};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::media_sends::{JPEG, upload};
use crate::{Api, P};

const SEND: &str = "/messages/facebook";

fn text(api: &Api) -> Value {
    json!({ "recipientId": api.chat(Platform::Facebook, "Ada Park").person, "message": "Is it there?" })
}

#[tokio::test]
async fn an_applied_send_answers_what_was_asked_for() {
    let api = Api::start(WorldKind::Small).await;
    let elsewhere = |http| Fault::Redirect { http, to: format!("{}{SEND}", api.sim.base_url()) };
    let answers = [
        (Fault::http(500), 500),
        (Fault::http(504), 504),
        (Fault::Garbage { bytes: 900 }, 200),
        (Fault::Html { http: 200 }, 200),
        (Fault::Empty, 200),
        (elsewhere(301), 301),
        (elsewhere(307), 307),
        (elsewhere(308), 308),
    ];
    let all = answers.len();
    for (n, (answer, status)) in answers.into_iter().enumerate() {
        api.sim.on("POST", SEND).fail(Fault::applied(answer));
        let got = api.call("POST", SEND).json(&text(&api)).send().await.unwrap();
        assert_eq!((got.status().as_u16(), api.sim.delivered().len()), (status, n + 1));
    }
    for http in [301, 307, 308] {
        api.sim.on("POST", SEND).fail(elsewhere(http));
        assert_eq!(api.call("POST", SEND).json(&text(&api)).send().await.unwrap().status().as_u16(), http);
    }
    assert_eq!(api.sim.delivered().len(), all, "a redirect alone sends nothing");
}

#[tokio::test]
async fn a_success_can_be_without_an_id() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.on("POST", SEND).fail(Fault::without_id());
    let answer = api.send("POST", SEND, text(&api)).await;
    assert!(answer["status"] == "success" && answer.get("messageId").is_none(), "{answer}");
    assert_eq!(api.sim.delivered().len(), 1);
}

#[tokio::test]
async fn an_applied_send_may_answer_as_late_as_it_likes() {
    let api = Api::start(WorldKind::Small).await;
    let hold = Hold::new();
    api.sim.on("POST", SEND).fail(Fault::applied(Fault::Hold(hold.clone())));
    let sending = tokio::spawn(api.call("POST", SEND).json(&text(&api)).send());
    while api.sim.delivered().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!sending.is_finished());
    hold.open();
    assert_eq!(sending.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn an_upload_can_break_in_the_middle_and_leaves_nothing() {
    let api = Api::start(WorldKind::Small).await;
    let body = vec![7_u8; 20_000_000];
    api.sim.on("POST", "/media/upload").times(2).fail(Fault::CutUpload { after: 1_000_000 });
    for _ in 0..2 {
        let form = Form::new().part("file", Part::bytes(body.clone()).file_name("a.mp4"));
        assert!(api.call("POST", "/media/upload").multipart(form).send().await.is_err());
    }
    let ticket = api.get("/media/uploadUrl?fileName=a.mp4&contentType=mp4").await;
    api.sim.on("PUT", "/upload/").fail(Fault::CutUpload { after: 1_000_000 });
    let url = ticket["uploadUrl"].as_str().unwrap();
    let put = || api.http.put(url).header("content-type", "video/mp4").body(body.clone());
    assert!(put().send().await.is_err());
    assert_eq!(api.http.get(ticket["accessUrl"].as_str().unwrap()).send().await.unwrap().status(), 404);
    assert_eq!(api.sim.requests().iter().filter(|r| r.fault == Some("cut-upload")).count(), 3);
    assert_eq!(put().send().await.unwrap().status(), 200, "the server never saw the first one");
}

#[tokio::test]
async fn an_upload_that_the_client_gives_up_uses_its_address_up() {
    let api = Api::start(WorldKind::Small).await;
    let ticket = api.get("/media/uploadUrl?fileName=a.mp4&contentType=mp4").await;
    let url = ticket["uploadUrl"].as_str().unwrap();
    let path = &url[url.find("/api/").unwrap()..];
    let mut line = tokio::net::TcpStream::connect(api.sim.addr()).await.unwrap();
    let half = format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-type: video/mp4\r\ncontent-length: 100\r\n\r\nhalf");
    line.write_all(half.as_bytes()).await.unwrap();
    while api.sim.requests().last().unwrap().method != "PUT" {
        tokio::task::yield_now().await;
    }
    drop(line);
    let again = api.http.put(url).header("content-type", "video/mp4").body("whole").send().await.unwrap();
    assert_eq!(again.status(), 403);
    assert_eq!(api.http.get(ticket["accessUrl"].as_str().unwrap()).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_slow_upload_arrives_whole() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.on("POST", "/media/upload").fail(Fault::SlowUpload { bytes_per_second: 100_000 });
    let url = upload(&api, "a.jpg", JPEG).await;
    assert_eq!(api.http.get(url).send().await.unwrap().bytes().await.unwrap(), JPEG);
}

#[tokio::test]
async fn an_upload_can_say_yes_and_be_lost() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.on("POST", "/media/upload").fail(Fault::LostUpload);
    let url = upload(&api, "a.jpg", JPEG).await;
    let look = api.send("POST", "/media/urlExists", json!({ "mediaUrl": url })).await;
    assert_eq!(look["statusCode"], 404);
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let body = json!({ "recipientId": ada.person, "mediaUrls": [url] });
    assert_eq!(api.fails("POST", SEND, body).await.1["code"], 479);

    let ticket = api.get("/media/uploadUrl?fileName=a.jpg&contentType=jpg").await;
    api.sim.on("PUT", "/upload/").fail(Fault::LostUpload);
    let put = api.http.put(ticket["uploadUrl"].as_str().unwrap()).header("content-type", "image/jpeg").body(JPEG);
    assert_eq!(put.send().await.unwrap().status(), 200);
    assert_eq!(api.http.get(ticket["accessUrl"].as_str().unwrap()).send().await.unwrap().status(), 404);
    let whole = upload(&api, "a.jpg", JPEG).await;
    assert_eq!(api.http.get(whole).send().await.unwrap().status(), 200, "only the one that was asked for");
}

#[tokio::test]
async fn the_window_closes_between_the_look_and_the_send() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.sim.on("POST", "/media/upload").fail(Fault::After(Meanwhile::WindowsClose));
    let url = upload(&api, "a.jpg", JPEG).await;
    let body = json!({ "recipientId": ada.person, "mediaUrls": [url] });
    let (_, refused) = api.fails("POST", SEND, body.clone()).await;
    assert!(refused["message"].as_str().unwrap().contains("(#10)"), "{refused}");
    api.sim.inbound(&ada, "Still here").unwrap();
    api.send("POST", SEND, body.clone()).await;
    // The download is under way when it closes.
    api.sim.on("GET", "/files/").fail(Fault::After(Meanwhile::WindowsClose));
    assert_eq!(api.fails("POST", SEND, body.clone()).await.1["code"], 107);
    api.sim.inbound(&ada, "Hello").unwrap();
    api.sim.close_window(&ada).unwrap();
    assert_eq!(api.fails("POST", SEND, body).await.1["code"], 107);
    assert_eq!(api.sim.delivered().len(), 1);
}

#[tokio::test]
async fn a_key_and_a_token_die_in_between() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let old = api.sim.api_key();
    api.sim.on("POST", SEND).fail(Fault::Before(Meanwhile::KeyDies));
    let refused = api.bare("POST", SEND).bearer_auth(&old).json(&text(&api)).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    api.send("POST", SEND, text(&api)).await;
    api.sim.on("POST", SEND).fail(Fault::Before(Meanwhile::ProfilesSuspended));
    assert_eq!(api.fails("POST", SEND, text(&api)).await.0, 403);

    let graph = api.sim.graph();
    graph.on("POST", "/messages").fail(Fault::Before(Meanwhile::TokensBecome(TokenState::PasswordChanged)));
    let body = json!({ "recipient": { "id": ada.person }, "messaging_type": "RESPONSE", "message": { "text": "x" } });
    let call = api.http.post(format!("{}/v25.0/me/messages", graph.api_base())).bearer_auth(graph.page_token(P));
    let answer: Value = call.json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!((&answer["error"]["code"], &answer["error"]["error_subcode"]), (&json!(190), &json!(460)));
    assert_eq!(api.sim.delivered().len(), 1);
}

#[tokio::test]
async fn echoes_of_own_messages_get_lost_come_late_or_twice_and_nothing_else_does() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.set_people_answer(false);
    let hook = json!({ "action": "messages", "url": "https://hook.example.test/in" });
    api.send("POST", "/hook/webhook", hook).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.sim.echoes(1, Echo::Lost);
    api.sim.echoes(1, Echo::Late { ms: 600_000 });
    api.sim.echoes(1, Echo::Twice);
    let mut told = Vec::new();
    for _ in 0..4 {
        api.sim.inbound(&ada, "People are heard as ever").unwrap();
        api.send("POST", SEND, text(&api)).await;
        api.sim.settle().await;
        told.push(api.sim.webhook_log().iter().filter(|w| w.body["type"] == "sent").count());
    }
    assert_eq!(told, [0, 0, 2, 3]);
    assert_eq!(api.sim.webhook_log().iter().filter(|w| w.body["type"] == "received").count(), 4);
    api.pass(600).await;
    let log = api.sim.webhook_log();
    assert_eq!(log.last().unwrap().body["id"], json!(api.sim.delivered()[1].id), "ten minutes late");
}

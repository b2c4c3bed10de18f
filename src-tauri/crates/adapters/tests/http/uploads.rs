//! Files: how they leave, to which addresses, and what of an answer is believed.

use std::io::Write as _;

use axum::response::{IntoResponse, Redirect, Response};
use backscroll_adapters::ayrshare::{Ayrshare, XKeys};
use backscroll_adapters::{
    Adapter, AdapterError, Content, Kind, Outgoing, SendOutcome, UploadFile, UploadRef, Uploaded,
};
use backscroll_model::{OutgoingKind, Platform, RemoteId};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::sync::watch;

use crate::server::{self, Asked, Server, assert_clean, json};

const WORDS: &str = "not really a picture";

fn file(platform: Platform, name: &str, mime: &str) -> (UploadFile, NamedTempFile) {
    let mut disk = NamedTempFile::new().unwrap();
    disk.write_all(WORDS.as_bytes()).unwrap();
    let file = UploadFile {
        platform,
        path: disk.path().to_owned(),
        name: name.to_owned(),
        mime: mime.to_owned(),
        bytes: WORDS.len() as u64,
        kind: OutgoingKind::Image,
    };
    (file, disk)
}

async fn upload(server: &Server, name: &str, mime: &str) -> Result<Uploaded, AdapterError> {
    let (file, _disk) = file(Platform::X, name, mime);
    server.adapter().upload(&file, &watch::Sender::default()).await
}

fn there() -> Response {
    json(200, &json!({"status": "success", "statusCode": 200, "contentType": "image/png"}))
}

/// A server that answers the form with this address, and `uploadUrl` with the other.
async fn server(form: &'static str, address: impl Fn(&Asked) -> Value + Send + Sync + 'static) -> Server {
    Server::start(move |asked| match asked.path.as_str() {
        "/api/media/upload" => json(200, &json!({"id": "1f0c-png", "url": form})),
        "/api/media/uploadUrl" => json(200, &address(asked)),
        "/api/media/urlExists" => there(),
        "/put" => "".into_response(),
        _ => json(404, &json!({"status": "error", "code": 404, "message": "x"})),
    })
    .await
}

/// What `uploadUrl` answers when it can be used: a place at this very server.
fn place(asked: &Asked) -> Value {
    let host = asked.header("host").unwrap();
    json!({"accessUrl": "https://cdn.example.test/2.png", "contentType": "image/png",
        "uploadUrl": format!("http://{host}/put?sig=PUT-SECRET-5555")})
}

#[tokio::test]
async fn a_form_carries_the_file_with_its_name_and_type_and_the_look_names_its_address() {
    let server = server("https://images.example.test/1.png", place).await;
    let uploaded = upload(&server, "cake.png", "image/png").await.unwrap();
    assert_eq!(uploaded.reference, UploadRef("https://images.example.test/1.png".to_owned()));
    let asked = server.asked();
    let form = &asked[0];
    assert_eq!((form.method.as_str(), form.path.as_str()), ("POST", "/api/media/upload"));
    assert!(form.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert_eq!(form.header("content-length"), Some(form.body.len().to_string().as_str()), "not in chunks");
    assert_eq!(form.header("authorization"), Some("Bearer API-KEY-1111"));
    assert_eq!(form.header("profile-key"), Some("PROFILE-KEY-2222"));
    assert_eq!(form.header("x-twitter-oauth1-api-key"), None, "X is not touched");
    assert!(form.body.contains("name=\"file\"; filename=\"cake.png\"\r\nContent-Type: image/png\r\n\r\nnot really"));
    assert!(form.body.contains("name=\"fileName\"\r\n\r\ncake.png"));
    assert_eq!(asked[1].path, "/api/media/urlExists");
    assert_eq!(asked[1].json(), json!({"mediaUrl": "https://images.example.test/1.png"}));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn an_address_that_no_send_takes_is_tried_the_other_way() {
    for form in
        ["https://images.example.test/1.png?v=2", "https://images.example.test/1", "http://images.example.test/1.png"]
    {
        let server = server(form, place).await;
        let uploaded = upload(&server, "cake.png", "image/png").await.unwrap();
        assert_eq!(uploaded.reference.0, "https://cdn.example.test/2.png");
        assert_eq!(uploaded.lasts, Some(std::time::Duration::from_secs(30 * 86_400)));
        let asked = server.asked();
        assert_eq!(asked[1].query, "fileName=cake.png&contentType=png");
        let put = &asked[2];
        assert_eq!((put.method.as_str(), put.path.as_str(), put.body.as_str()), ("PUT", "/put", WORDS));
        assert_eq!((put.header("content-type"), put.header("content-length")), (Some("image/png"), Some("20")));
        assert!(["authorization", "profile-key", "transfer-encoding"].iter().all(|name| put.header(name).is_none()));
        assert_eq!(asked[3].json()["mediaUrl"], "https://cdn.example.test/2.png");
    }
}

#[tokio::test]
async fn only_documented_words_are_sent_as_a_type() {
    for (name, query) in [
        ("a.mov", "fileName=a.mov&contentType=mov"),
        ("a.JPG", "fileName=a.JPG&contentType=jpg"),
        ("a.gif", "fileName=a.gif"),
        ("a.webm", "fileName=a.webm"),
    ] {
        let server = server("https://images.example.test/1", place).await;
        upload(&server, name, "image/png").await.unwrap();
        assert_eq!(server.asked()[1].query, query);
    }
}

#[tokio::test]
async fn an_upload_address_is_complete_and_safe_or_gets_nothing() {
    let with = |name: &'static str, value: Value| {
        move |asked: &Asked| {
            let mut place = place(asked);
            place[name] = value.clone();
            place
        }
    };
    for (address, kind) in [
        (with("accessUrl", json!("https://cdn.example.test/2.png?x=1")), Kind::Rejected),
        (with("accessUrl", json!("https://cdn.example.test/2")), Kind::Rejected),
        (with("accessUrl", json!("http://cdn.example.test/2.png")), Kind::Rejected),
        (with("accessUrl", Value::Null), Kind::Decode),
        (with("uploadUrl", json!("http://storage.example.test/put")), Kind::Decode),
        (with("uploadUrl", json!("http://127.0.0.1:1/put")), Kind::Decode),
        (with("uploadUrl", json!("ftp://storage.example.test/put")), Kind::Decode),
        (with("uploadUrl", json!("put")), Kind::Decode),
        (with("uploadUrl", Value::Null), Kind::Decode),
        (with("contentType", Value::Null), Kind::Decode),
        (with("contentType", json!("image/\npng")), Kind::Decode),
    ] {
        let server = server("https://images.example.test/1", address).await;
        let error = upload(&server, "cake.png", "image/png").await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(server.asked().len(), 2, "no PUT");
        assert!(!error.to_string().contains("PUT-SECRET"));
    }
}

#[tokio::test]
async fn a_storage_host_is_heard_by_its_status_and_never_followed_or_repeated() {
    for (status, kind) in [
        (307, Kind::Server),
        (400, Kind::Rejected),
        (403, Kind::Server),
        (413, Kind::TooLarge),
        (429, Kind::Server),
        (500, Kind::Server),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/api/media/upload" => json(200, &json!({"url": "https://images.example.test/1"})),
            "/api/media/uploadUrl" => json(200, &place(asked)),
            "/put" if status == 307 => Redirect::temporary("/elsewhere").into_response(),
            "/put" => json(status, &json!({"Message": format!("SignatureDoesNotMatch {}", asked.query)})),
            _ => there(),
        })
        .await;
        let error = upload(&server, "cake.png", "image/png").await.unwrap_err();
        assert_eq!((&error.kind, error.http_status), (&kind, Some(status)));
        assert!(!error.to_string().contains("PUT-SECRET"), "{error}");
        assert_eq!(server.asked().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_refused_form_says_why_and_nothing_secret() {
    let server = Server::start(|asked| {
        let said = format!("The file is larger than 30 MB. {}", asked.header("authorization").unwrap());
        json(400, &json!({"status": "error", "code": 101, "message": said}))
    })
    .await;
    let error = upload(&server, "cake.png", "image/png").await.unwrap_err();
    assert_eq!(error.kind, Kind::Rejected);
    assert!(error.said.contains("larger than 30 MB"));
    assert_clean(&error.to_string());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_without_an_address_is_no_upload() {
    for body in [json!({}), json!({"url": null}), json!({"url": ""}), json!({"id": "1f0c-png"}), json!([])] {
        let server = Server::start(move |_| json(200, &body)).await;
        assert_eq!(upload(&server, "cake.png", "image/png").await.unwrap_err().kind, Kind::Decode);
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_file_whose_ending_no_network_knows_never_leaves() {
    let server = server("https://images.example.test/1.png", place).await;
    for name in ["cake", "cake.heic", "cake.", "cake.png.exe"] {
        let error = upload(&server, name, "image/png").await.unwrap_err();
        assert_eq!(error.kind, Kind::Rejected, "{name}");
    }
    let (mut file, _disk) = file(Platform::X, "cake.png", "image/png");
    file.bytes = 5_000_000_001;
    let error = server.adapter().upload(&file, &watch::Sender::default()).await.unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn nothing_is_uploaded_for_a_send_that_could_not_follow() {
    let server = server("https://images.example.test/1.png", place).await;
    let mut config = server::config(&server.base());
    config.x_keys = XKeys::Missing;
    let adapter = Ayrshare::new(config).unwrap();
    let (x, _disk) = file(Platform::X, "cake.png", "image/png");
    let error = adapter.upload(&x, &watch::Sender::default()).await.unwrap_err();
    assert_eq!(error.kind, Kind::XKeysMissing);
    assert!(server.asked().is_empty());
    let (other, _disk) = file(Platform::Messenger, "cake.png", "image/png");
    assert!(adapter.upload(&other, &watch::Sender::default()).await.is_ok());
}

fn with_file(platform: Platform, text: Option<&str>, address: &str) -> Outgoing {
    Outgoing {
        platform,
        conversation: RemoteId::from("111-222"),
        recipient: Some(RemoteId::from("7001")),
        content: Content::Files {
            refs: vec![UploadRef(address.to_owned())],
            kind: OutgoingKind::Image,
            text: text.map(str::to_owned),
        },
        reply_to: None,
        client_ref: "c-1".to_owned(),
        human_agent: false,
    }
}

#[tokio::test]
async fn a_send_names_its_file_and_text_only_where_it_takes_both() {
    let server = Server::start(|_| json(200, &json!({"status": "success", "messageId": "m_1"}))).await;
    let (adapter, address) = (server.adapter(), "https://images.example.test/1.png");
    for (platform, text) in [(Platform::Messenger, None), (Platform::Instagram, Some("")), (Platform::X, Some("Look"))]
    {
        let outcome = adapter.send(&with_file(platform, text, address)).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    }
    let asked = server.asked();
    let alone = json!({"recipientId": "7001", "mediaUrls": [address]});
    assert_eq!((asked[0].json(), asked[1].json()), (alone.clone(), alone));
    let x = json!({"recipientId": "7001", "conversationId": "111-222", "message": "Look", "mediaUrls": [address]});
    assert_eq!(asked[2].json(), x);
    for address in ["https://images.example.test/1.png?x=1", "http://images.example.test/1.png", "1.png"] {
        let outcome = adapter.send(&with_file(Platform::Messenger, None, address)).await;
        assert!(matches!(outcome, SendOutcome::Refused(error) if error.kind == Kind::Rejected), "{address}");
    }
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_refusal_does_not_repeat_the_address_of_a_file() {
    let server = Server::start(|asked| {
        let said = format!("The media could not be downloaded: {}", asked.json()["mediaUrls"][0]);
        json(400, &json!({"status": "error", "code": 479, "message": said}))
    })
    .await;
    let send = with_file(Platform::Messenger, None, "https://images.example.test/a1b2c3.png");
    let SendOutcome::Refused(error) = server.adapter().send(&send).await else { panic!("not refused") };
    assert!(error.said.contains("could not be downloaded") && !error.said.contains("a1b2c3"), "{}", error.said);
}

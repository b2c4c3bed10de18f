//! Sending and changing: exactly once, and classified.

use axum::response::{IntoResponse, Redirect};
use backscroll_adapters::ayrshare::Ayrshare;
use backscroll_adapters::{Adapter, Content, Kind, Outgoing, SendOutcome};
use backscroll_model::{AutoResponse, Platform, RemoteId};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{self, Server, assert_clean, nobody, raw};

fn text(platform: Platform) -> Outgoing {
    Outgoing {
        platform,
        conversation: RemoteId::from("t_500"),
        recipient: Some(RemoteId::from("7001")),
        content: Content::Text("Ready at five. 🍰".to_owned()),
        reply_to: None,
        client_ref: "c-1".to_owned(),
        human_agent: false,
    }
}

fn adapter_at(addr: std::net::SocketAddr) -> Ayrshare {
    Ayrshare::new(server::config(&format!("http://{addr}"))).unwrap()
}

#[tokio::test]
async fn a_text_goes_to_its_recipient_and_on_x_also_names_the_thread() {
    let server = Server::start(|_| server::json(200, &json!({"status": "success", "messageId": "m_c3"}))).await;
    let adapter = server.adapter();
    for platform in Platform::ALL {
        let SendOutcome::Accepted { remote_id, .. } = adapter.send(&text(platform)).await else {
            panic!("not accepted")
        };
        assert_eq!(remote_id.as_str(), "m_c3");
    }
    let asked = server.asked();
    assert_eq!(asked[0].path, "/api/messages/facebook");
    assert_eq!(asked[0].json(), json!({"recipientId": "7001", "message": "Ready at five. 🍰"}));
    let x = json!({"recipientId": "7001", "conversationId": "t_500", "message": "Ready at five. 🍰"});
    assert_eq!((asked[2].path.as_str(), asked[2].json()), ("/api/messages/twitter", x));
    assert_eq!(asked[2].header("x-twitter-oauth1-api-key"), Some("X-KEY-3333"));
    assert_eq!(asked[0].header("x-twitter-oauth1-api-key"), None);
}

#[tokio::test]
async fn without_a_recipient_only_x_is_asked() {
    let server = Server::start(|_| server::json(200, &json!({"status": "success", "messageId": "m"}))).await;
    let nobody = |platform| Outgoing { recipient: None, ..text(platform) };
    let adapter = server.adapter();
    assert!(matches!(adapter.send(&nobody(Platform::X)).await, SendOutcome::Accepted { .. }));
    let SendOutcome::Refused(error) = adapter.send(&nobody(Platform::Messenger)).await else { panic!("not refused") };
    assert_eq!(error.kind, Kind::Recipient);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn x_without_keys_is_held_back_and_not_sent() {
    let server = Server::start(|_| server::json(200, &json!({}))).await;
    let mut config = server::config(&server.base());
    config.x_keys = backscroll_adapters::ayrshare::XKeys::SecretMissing;
    let outcome = Ayrshare::new(config).unwrap().send(&text(Platform::X)).await;
    assert!(matches!(outcome, SendOutcome::NotSent(error) if error.kind == Kind::XKeysMissing));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_refused_connection_is_proof_and_a_lost_answer_is_not() {
    let outcome = adapter_at(nobody().await).send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::NotSent(error) if error.kind == Kind::Connect));

    for cut in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":\"success\",\"messageId\":\"m\"}",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{\"status\":\"error\",\"code\":101}",
        b"\x00\x01 not http at all \r\n\r\n",
    ] {
        let outcome = adapter_at(raw(vec![cut]).await).send(&text(Platform::Messenger)).await;
        assert!(matches!(outcome, SendOutcome::Ambiguous(_)), "{:?}: {outcome:?}", String::from_utf8_lossy(cut));
    }
    let outcome = adapter_at(raw(vec![b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 100\r\n\r\n{"]).await)
        .send(&text(Platform::Messenger))
        .await;
    assert!(matches!(outcome, SendOutcome::NotSent(error) if error.kind == Kind::KeyRefused));
}

#[tokio::test]
async fn a_silent_server_leaves_the_outcome_open() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let adapter = server::with_limits(&base, |limits| limits.send = std::time::Duration::from_millis(50));
    let outcome = adapter.send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::Ambiguous(error) if error.kind == Kind::Network));
}

#[tokio::test]
async fn a_redirected_send_is_not_replayed() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/elsewhere" => server::json(200, &json!({"status": "success", "messageId": "m"})),
        _ => Redirect::permanent("/elsewhere").into_response(),
    })
    .await;
    let outcome = server.adapter().send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::Ambiguous(_)));
    assert_eq!(server.asked().len(), 1);
}

/// On a kept connection the second send would meet the server's close and be repeated by the HTTP library. This server
/// answers once on each connection and leaves it open: a reused one would stay silent.
#[tokio::test]
async fn every_send_has_a_connection_of_its_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adapter = server::with_limits(&format!("http://{}", listener.local_addr().unwrap()), |limits| {
        limits.send = std::time::Duration::from_secs(5);
    });
    let answering = tokio::spawn(async move {
        let mut kept = Vec::new();
        while kept.len() < 3 {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 16 * 1024]).await;
            let answer =
                b"HTTP/1.1 200 OK\r\ncontent-length: 38\r\n\r\n{\"status\":\"success\",\"messageId\":\"m_1\"} ";
            socket.write_all(answer).await.unwrap();
            kept.push(socket);
        }
        kept
    });
    for _ in 0..3 {
        let outcome = adapter.send(&text(Platform::Messenger)).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    }
    assert_eq!(answering.await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_refusal_repeats_neither_our_secrets_nor_the_persons_words() {
    let server = Server::start(|asked| {
        let echo = format!("{} refused: {}", asked.header("authorization").unwrap(), asked.json()["message"]);
        server::json(400, &json!({"status": "error", "code": 101, "message": echo}))
    })
    .await;
    let SendOutcome::Refused(error) = server.adapter().send(&text(Platform::Messenger)).await else {
        panic!("not refused")
    };
    assert_clean(&error.to_string());
    assert!(error.said.contains("refused") && !error.said.contains("Ready at five"), "{}", error.said);
}

#[tokio::test]
async fn archiving_names_the_conversation_whatever_is_in_its_id() {
    let server = Server::start(|_| server::json(200, &json!({"status": "success"}))).await;
    let adapter = server.adapter();
    let id = RemoteId::from("aWdf/+=:?#% ü");
    adapter.set_archived(Platform::Instagram, &id, true).await.unwrap();
    adapter.set_archived(Platform::X, &RemoteId::from("111-222"), false).await.unwrap();
    let asked = server.asked();
    let segment = asked[0].path.strip_prefix("/api/messages/instagram/").unwrap();
    assert!(!segment.contains('/'));
    assert_eq!(percent_encoding::percent_decode_str(segment).decode_utf8().unwrap(), id.as_str());
    assert_eq!((asked[0].method.as_str(), asked[0].json()), ("PUT", json!({"status": "archived"})));
    assert_eq!(
        (asked[1].path.as_str(), asked[1].json()),
        ("/api/messages/twitter/111-222", json!({"status": "active"}))
    );
    for steps in [".", ".."] {
        let refused = adapter.set_archived(Platform::Messenger, &RemoteId::from(steps), true).await;
        assert_eq!(refused.unwrap_err().kind, Kind::NotFound);
    }
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_change_that_is_refused_inside_a_200_is_refused() {
    let server = Server::start(|_| server::json(200, &json!({"status": "error", "code": 156, "message": "x"}))).await;
    let refused = server.adapter().set_archived(Platform::Messenger, &RemoteId::from("t"), true).await;
    assert_eq!(refused.unwrap_err().kind, Kind::NotLinked);
}

#[tokio::test]
async fn the_automatic_reply_is_always_written_whole() {
    let server = Server::start(|asked| match asked.method.as_str() {
        "POST" => server::json(200, &json!({"status": "success", "updated": {"autoResponseActive": true}})),
        _ => server::json(200, &json!({"status": "success"})),
    })
    .await;
    let adapter = server.adapter();
    let defaults = AutoResponse { active: false, wait_seconds: 86_400, message: String::new() };
    assert_eq!(adapter.auto_response().await.unwrap(), defaults);
    let wanted = AutoResponse { active: true, wait_seconds: 3600, message: "Soon!".to_owned() };
    assert_eq!(adapter.set_auto_response(&wanted).await.unwrap(), wanted);
    let asked = server.asked();
    assert!(asked.iter().all(|a| a.path == "/api/messages/autoresponse"));
    let whole = json!({"autoResponseActive": true, "autoResponseWaitSeconds": 3600, "autoResponseMessage": "Soon!"});
    assert_eq!(asked[1].json(), whole);
}

//! Sending: exactly once, in the right words, and classified.

use axum::response::{IntoResponse, Redirect};
use backscroll_adapters::meta::Meta;
use backscroll_adapters::{Adapter, Content, Kind, Outgoing, SendOutcome};
use backscroll_model::{Platform, RemoteId};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{self, Server, nobody, raw};
use crate::{APP_SECRET, IGSID, PAGE, PSID, TOKEN, config, meta, query, refusal};

fn text(platform: Platform) -> Outgoing {
    let person = if platform == Platform::Instagram { IGSID } else { PSID };
    Outgoing {
        platform,
        conversation: RemoteId::from("t_500"),
        recipient: Some(RemoteId::from(person)),
        content: Content::Text("Ready at five. 🍰".to_owned()),
        reply_to: None,
        client_ref: "c-01J9Z2".to_owned(),
        human_agent: false,
    }
}

fn accepted() -> axum::response::Response {
    server::json(200, &json!({"recipient_id": PSID, "message_id": "m_Sent"}))
}

fn at(addr: std::net::SocketAddr) -> Meta {
    Meta::new(config(&format!("http://{addr}"))).unwrap()
}

#[tokio::test]
async fn a_text_goes_through_the_page_on_both_platforms() {
    let server = Server::start(|_| accepted()).await;
    let adapter = meta(&server);
    for platform in [Platform::Messenger, Platform::Instagram] {
        let SendOutcome::Accepted { remote_id, server_time } = adapter.send(&text(platform)).await else {
            panic!("not accepted")
        };
        assert_eq!(remote_id.as_str(), "m_Sent");
        assert!(server_time.is_some());
    }
    let asked = server.asked();
    let path = format!("/v25.0/{PAGE}/messages");
    assert!(asked.iter().all(|a| a.method == "POST" && a.path == path && a.query.is_empty()));
    assert!(asked.iter().all(|a| a.header("authorization") == Some(&format!("Bearer {TOKEN}"))));
    // Our reference comes back in Messenger's echo; Instagram has none.
    let message = json!({"text": "Ready at five. 🍰", "metadata": "c-01J9Z2"});
    assert_eq!(asked[0].json(), json!({"recipient": {"id": PSID}, "messaging_type": "RESPONSE", "message": message}));
    let message = json!({"text": "Ready at five. 🍰"});
    assert_eq!(asked[1].json(), json!({"recipient": {"id": IGSID}, "messaging_type": "RESPONSE", "message": message}));
}

#[tokio::test]
async fn a_human_answer_after_the_window_carries_its_tag() {
    let server = Server::start(|_| accepted()).await;
    for platform in [Platform::Messenger, Platform::Instagram] {
        meta(&server).send(&Outgoing { human_agent: true, ..text(platform) }).await;
    }
    for asked in server.asked() {
        assert_eq!(
            (&asked.json()["messaging_type"], &asked.json()["tag"]),
            (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
        );
    }
}

#[tokio::test]
async fn a_call_is_signed_where_the_app_demands_it() {
    let server = Server::start(|_| accepted()).await;
    let mut config = config(&format!("http://{}", server.addr));
    config.app_secret = Some(backscroll_adapters::Secret::new(APP_SECRET));
    Meta::new(config).unwrap().send(&text(Platform::Messenger)).await;
    assert_eq!(query(&server.asked()[0])["appsecret_proof"].len(), 64);
}

#[tokio::test]
async fn what_cannot_fit_or_has_no_recipient_never_leaves() {
    let server = Server::start(|_| accepted()).await;
    let adapter = meta(&server);
    let sized = |platform, text: String| Outgoing { content: Content::Text(text), ..self::text(platform) };
    for (send, kind) in [
        (sized(Platform::Messenger, "ü".repeat(2001)), Kind::Rejected),
        (sized(Platform::Instagram, "ü".repeat(501)), Kind::Rejected),
        (sized(Platform::Messenger, String::new()), Kind::Rejected),
        (Outgoing { recipient: None, ..text(Platform::Messenger) }, Kind::Recipient),
        (Outgoing { recipient: Some(RemoteId::from("")), ..text(Platform::Instagram) }, Kind::Recipient),
        (text(Platform::X), Kind::Unsupported),
    ] {
        let SendOutcome::Refused(error) = adapter.send(&send).await else { panic!("{send:?} was not refused") };
        assert_eq!(error.kind, kind);
    }
    assert!(server.asked().is_empty());
    for send in [sized(Platform::Messenger, "ü".repeat(2000)), sized(Platform::Instagram, "ü".repeat(500))] {
        assert!(matches!(adapter.send(&send).await, SendOutcome::Accepted { .. }));
    }
    let mut unknown = config(&format!("http://{}", server.addr));
    unknown.page = None;
    let outcome = Meta::new(unknown).unwrap().send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::NotSent(error) if error.kind == Kind::NotLinked));
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_reference_that_is_too_long_does_not_cost_the_message() {
    let server = Server::start(|_| accepted()).await;
    meta(&server).send(&Outgoing { client_ref: "x".repeat(1000), ..text(Platform::Messenger) }).await;
    assert_eq!(server.asked()[0].json()["message"], json!({"text": "Ready at five. 🍰"}));
}

#[tokio::test]
async fn a_refused_connection_is_proof_and_a_lost_answer_is_not() {
    let outcome = at(nobody().await).send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::NotSent(error) if error.kind == Kind::Connect));

    for cut in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"recipient_id\":\"7\",\"message_id\":\"m_Sent\"}",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\n{\"error\":{\"code\":100,\"message\":\"x\"}}",
        b"\x00\x01 not http at all \r\n\r\n",
    ] {
        let outcome = at(raw(vec![cut]).await).send(&text(Platform::Messenger)).await;
        assert!(matches!(outcome, SendOutcome::Ambiguous(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_silent_server_leaves_the_outcome_open() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(&format!("http://{}", silent.local_addr().unwrap()));
    config.limits.send = std::time::Duration::from_millis(50);
    let outcome = Meta::new(config).unwrap().send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::Ambiguous(error) if error.kind == Kind::Network));
}

#[tokio::test]
async fn a_redirected_send_is_not_replayed() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/elsewhere" => accepted(),
        _ => Redirect::permanent("/elsewhere").into_response(),
    })
    .await;
    let outcome = meta(&server).send(&text(Platform::Messenger)).await;
    assert!(matches!(outcome, SendOutcome::Ambiguous(_)));
    assert_eq!(server.asked().len(), 1);
}

/// This server answers once on each connection and leaves it open: a reused one would stay silent.
#[tokio::test]
async fn every_send_has_a_connection_of_its_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adapter = at(listener.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        let mut kept = Vec::new();
        while kept.len() < 3 {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 16 * 1024]).await;
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"message_id\":\"m_1\"}").await.unwrap();
            kept.push(socket);
        }
        kept
    });
    for _ in 0..3 {
        let outcome = adapter.send(&text(Platform::Instagram)).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
    }
    assert_eq!(answering.await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_told_by_its_numbers_and_repeats_no_secret_and_no_text() {
    let server = Server::start(|asked| {
        let echo = format!("{} 拒绝了: {}", asked.header("authorization").unwrap(), asked.json()["message"]["text"]);
        refusal(400, 10, 2_018_278, &echo)
    })
    .await;
    let SendOutcome::Refused(error) = meta(&server).send(&text(Platform::Messenger)).await else {
        panic!("not refused")
    };
    assert_eq!((error.kind, error.code.as_deref()), (Kind::WindowClosed, Some("10/2018278")));
    assert!(error.said.contains("拒绝了") && !error.said.contains("Ready at five") && !error.said.contains(TOKEN));
}

#[tokio::test]
async fn a_throttled_send_waits_as_long_as_the_meter_says() {
    let server = Server::start(|_| {
        let usage =
            format!(r#"{{"{PAGE}":[{{"type":"messenger","call_count":100,"estimated_time_to_regain_access":5}}]}}"#);
        let mut answer = refusal(400, 80_006, 0, "x");
        answer.headers_mut().insert("x-business-use-case-usage", usage.parse().unwrap());
        answer
    })
    .await;
    let SendOutcome::NotSent(error) = meta(&server).send(&text(Platform::Messenger)).await else {
        panic!("not held back")
    };
    assert_eq!(error.kind, Kind::RateLimited { wait: Some(std::time::Duration::from_secs(300)) });
}

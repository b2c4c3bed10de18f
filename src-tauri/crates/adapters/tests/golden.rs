//! Payloads in the shape of the official documentation, and the events they must become: through the whole way, bytes
//! on a socket in, pages out.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/goldens.rs"]
mod goldens;

use backscroll_adapters::ayrshare::{Ayrshare, AyrshareConfig, XKeys};
use backscroll_adapters::{Adapter, Read, Secret};
use backscroll_model::{Platform, RemoteId};
use serde_json::json;

use goldens::{Goldens, drain};

const GOLDENS: Goldens = Goldens("ayrshare");

fn messages(platform: Platform) -> Read {
    Read::Messages { platform, archived: false, conversation: None, limit: None, next: None }
}

/// Every payload with the question that it answers.
fn questions() -> Vec<(&'static str, Read)> {
    let x = |next: Option<&str>| Read::Messages {
        platform: Platform::X,
        archived: false,
        conversation: None,
        limit: Some(3),
        next: next.map(str::to_owned),
    };
    let archived = Read::Messages {
        platform: Platform::Instagram,
        archived: true,
        conversation: Some(RemoteId::from("aWdfY29udg==")),
        limit: None,
        next: None,
    };
    vec![
        ("messages-facebook-documented", messages(Platform::Messenger)),
        ("messages-facebook-odd", messages(Platform::Messenger)),
        ("messages-instagram", archived),
        ("messages-none", messages(Platform::Instagram)),
        ("messages-x-page-1", x(None)),
        // As the page before said: it began at 10:07, three minutes before it was read.
        ("messages-x-page-2", x(Some("1770113220000~enc~abc="))),
        ("conversations-documented", Read::Conversations { platform: Platform::Messenger, archived: false }),
        ("conversations-odd", Read::Conversations { platform: Platform::Messenger, archived: false }),
    ]
}

async fn becomes(payload: String, read: &Read) -> serde_json::Value {
    let answer = axum::routing::get(move || async move { ([("content-type", "application/json")], payload) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = AyrshareConfig::new(Secret::new("KEY-1"));
    config.api_base = format!("http://{}", listener.local_addr().unwrap());
    config.x_keys = XKeys::from_parts(Some(Secret::new("K")), Some(Secret::new("S")));
    let server =
        tokio::spawn(async { axum::serve(listener, axum::Router::new().route("/messages/{p}", answer)).await });
    let (out, pages) = tokio::sync::mpsc::channel(100);
    let done = Ayrshare::new(config).unwrap().read(read, out).await.unwrap();
    server.abort();
    json!({
        "pages": drain(pages),
        "done": {
            "fresh_at": done.fresh_at, "next_update": done.next_update, "next": done.next, "messages": done.messages,
        },
    })
}

#[tokio::test]
async fn every_payload_becomes_the_events_beside_it() {
    for (name, read) in questions() {
        GOLDENS.assert_beside(name, &becomes(GOLDENS.payload(name), &read).await);
    }
}

#[test]
fn every_payload_is_asked_for() {
    GOLDENS.assert_all_asked(&questions().iter().map(|q| q.0).collect::<Vec<_>>());
}

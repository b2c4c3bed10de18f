//! A delivery to ourselves: whether the tunnel leads here.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, http::Uri, routing::post};

use super::*;
use crate::world::comes_true;

/// What a tunnel does with what it gets.
#[derive(Clone, Copy)]
enum Tunnel {
    /// Passes it on as it is.
    Open,
    /// Passes it on in other bytes.
    Rewrites,
    /// Passes it on without what it does not know.
    Strips,
    /// Says yes and passes nothing on.
    Swallows,
    /// Leads nowhere.
    Broken,
}

#[derive(Clone)]
struct Way {
    tunnel: Tunnel,
    local: String,
    seen: Arc<AtomicUsize>,
}

async fn pass(State(way): State<Way>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    way.seen.fetch_add(1, Ordering::SeqCst);
    let mut body = body.to_vec();
    match way.tunnel {
        Tunnel::Swallows => return StatusCode::ACCEPTED,
        Tunnel::Broken => return StatusCode::BAD_GATEWAY,
        Tunnel::Rewrites => body.push(b'\n'),
        Tunnel::Open | Tunnel::Strips => {}
    }
    let mut request = reqwest::Client::new().post(format!("{}{}", way.local, uri.path())).body(body);
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
        if !matches!(way.tunnel, Tunnel::Strips) {
            request = request.header(name, value);
        }
    }
    StatusCode::from_u16(request.send().await.unwrap().status().as_u16()).unwrap()
}

/// Behind such a tunnel; and how many deliveries it saw.
async fn behind(hooked: &Hooked, tunnel: Tunnel) -> Arc<AtomicUsize> {
    let seen = Arc::new(AtomicUsize::new(0));
    let way = Way { tunnel, local: hooked.local().await, seen: Arc::clone(&seen) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let public_url = Some(format!("http://{}", listener.local_addr().unwrap()));
    let router = Router::new().route("/hook/{path}", post(pass)).with_state(way);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = hooked.page().await.settings;
    hooked.inbox().set_webhooks(WebhookSettings { public_url, ..settings }).await.unwrap();
    hooked.settle().await;
    seen
}

#[tokio::test]
async fn through_an_open_tunnel_it_comes_back_and_leaves_no_trace() {
    for hooked in [Hooked::at_graph(WorldKind::Small).await, Hooked::at_ayrshare().await] {
        behind(&hooked, Tunnel::Open).await;
        let before = (hooked.page().await, hooked.sim.requests().len());
        let came = hooked.inbox().test_webhook(hooked.connection).await.unwrap();
        assert!(matches!(came, WebhookTest::CameBack { .. }), "{came:?}");
        assert_eq!((hooked.page().await, hooked.sim.requests().len()), before, "nothing is kept, nothing is read");
    }
}

#[tokio::test]
async fn a_tunnel_that_changes_what_passes_is_told_by_the_signature() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    for tunnel in [Tunnel::Rewrites, Tunnel::Strips] {
        behind(&hooked, tunnel).await;
        let came = hooked.inbox().test_webhook(hooked.connection).await.unwrap();
        assert_eq!(came, WebhookTest::WrongSignature);
        assert_eq!(hooked.count(DeliveryOutcome::Forged).await, 0);
    }
}

#[tokio::test]
async fn what_is_swallowed_is_waited_for_ten_seconds() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let seen = behind(&hooked, Tunnel::Swallows).await;
    let meanwhile = async {
        comes_true("the tunnel has it", async || seen.load(Ordering::SeqCst) > 0).await;
        hooked.advance(11).await;
    };
    let (came, ()) = tokio::join!(hooked.inbox().test_webhook(hooked.connection), meanwhile);
    assert_eq!(came.unwrap(), WebhookTest::TimedOut { within_s: 10 });
}

#[tokio::test]
async fn an_address_that_refuses_or_does_not_answer_is_said_at_once() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    behind(&hooked, Tunnel::Broken).await;
    let test = || hooked.inbox().test_webhook(hooked.connection);
    assert_eq!(test().await.unwrap(), WebhookTest::Refused { status: 502 });
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let settings = hooked.page().await.settings;
    let nowhere = WebhookSettings { public_url: Some(format!("http://{free}")), ..settings.clone() };
    hooked.inbox().set_webhooks(nowhere).await.unwrap();
    assert_eq!(test().await.unwrap(), WebhookTest::Unreachable);
    hooked.inbox().set_webhooks(WebhookSettings { public_url: None, ..settings.clone() }).await.unwrap();
    assert_eq!(test().await.unwrap_err().code, ErrorCode::BadApiBase);
    hooked.inbox().set_webhooks(WebhookSettings { on: false, ..settings }).await.unwrap();
    hooked.settle().await;
    assert_eq!(test().await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test]
async fn without_the_apps_secret_nothing_can_be_signed() {
    let shop = Shop::new(WorldKind::Small).await;
    shop.connect().await;
    shop.sync().await;
    let hooked = Hooked::running(shop).await;
    behind(&hooked, Tunnel::Open).await;
    let refused = hooked.inbox().test_webhook(hooked.connection).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::AppSecretNeeded);
}

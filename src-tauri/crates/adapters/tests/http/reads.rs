//! Reading: what is asked, and what comes of answers good and bad.

use std::io::Write;
use std::time::Duration;

use axum::response::{IntoResponse, Redirect, Response};
use backscroll_adapters::ayrshare::{Ayrshare, XKeys};
use backscroll_adapters::{Adapter, Kind, Read};
use backscroll_model::{Platform, Quota, RemoteId};
use serde_json::{Value, json};

use crate::server::{self, Asked, Server, assert_clean, ids, nobody, raw, read, with_limits};

fn mixed(platform: Platform) -> Read {
    Read::Messages { platform, archived: false, conversation: None, limit: None, next: None }
}

fn message(conversation: &str, id: &str, text: &str) -> Value {
    json!({
        "id": id, "conversationId": conversation, "platform": "facebook", "action": "received", "message": text,
        "created": "2026-02-03T10:00:00.000Z", "senderId": "7", "recipientId": "9",
    })
}

fn listing(messages: &[Value]) -> Value {
    json!({
        "status": "success", "messages": messages,
        "lastUpdated": "2026-02-03T10:00:10.000Z", "nextUpdate": "2026-02-03T10:01:10.000Z",
    })
}

fn error(code: u32, message: &str) -> Value {
    json!({"action": "x", "status": "error", "code": code, "message": message})
}

async fn kind_of(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Kind {
    let server = Server::start(answer).await;
    let (done, pages) = read(&server.adapter(), &mixed(Platform::Messenger)).await;
    assert!(pages.is_empty(), "nothing of a failed read is handed on");
    let error = done.unwrap_err();
    assert_clean(&format!("{error} {error:?}"));
    error.kind
}

#[tokio::test]
async fn secrets_travel_in_headers_only_and_the_x_keys_only_to_x() {
    let server = Server::start(|_| server::json(200, &listing(&[]))).await;
    let adapter = server.adapter();
    for platform in Platform::ALL {
        read(&adapter, &mixed(platform)).await.0.unwrap();
    }
    let asked = server.asked();
    for (request, path) in asked.iter().zip(["facebook", "instagram", "twitter"]) {
        assert_eq!(request.path, format!("/api/messages/{path}"));
        assert_eq!(request.query, "status=active");
        assert_eq!(request.header("authorization"), Some("Bearer API-KEY-1111"));
        assert_eq!(request.header("profile-key"), Some("PROFILE-KEY-2222"));
        let is_x = path == "twitter";
        assert_eq!(request.header("x-twitter-oauth1-api-key"), is_x.then_some("X-KEY-3333"));
        assert_eq!(request.header("x-twitter-oauth1-api-secret"), is_x.then_some("X-SECRET-4444"));
        assert_clean(&format!("{}?{}", request.path, request.query));
    }
    assert_clean(&format!("{adapter:?}"));
}

#[tokio::test]
async fn ids_and_cursors_survive_the_query() {
    let server = Server::start(|_| server::json(200, &listing(&[]))).await;
    let question = Read::Messages {
        platform: Platform::X,
        archived: true,
        conversation: Some(RemoteId::from("a=b+c/d:e&f")),
        limit: Some(1000),
        next: Some("17~n=+/~".to_owned()),
    };
    read(&server.adapter(), &question).await.0.unwrap();
    let query = &server.asked()[0].query;
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let expected = [("status", "archived"), ("conversationId", "a=b+c/d:e&f"), ("limit", "100"), ("next", "n=+/~")];
    assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[tokio::test]
async fn limit_and_cursor_are_for_x_alone() {
    let server = Server::start(|_| server::json(200, &listing(&[]))).await;
    let platform = Platform::Instagram;
    let question =
        Read::Messages { platform, archived: false, conversation: None, limit: Some(5), next: Some("n".to_owned()) };
    read(&server.adapter(), &question).await.0.unwrap();
    assert_eq!(server.asked()[0].query, "status=active");
}

#[tokio::test]
async fn without_both_x_keys_nothing_is_asked() {
    let server = Server::start(|_| server::json(200, &listing(&[]))).await;
    for (keys, missing) in [(XKeys::Missing, "Key"), (XKeys::SecretMissing, "Secret"), (XKeys::KeyMissing, "Key")] {
        let mut config = server::config(&server.base());
        config.x_keys = keys;
        let (done, _) = read(&Ayrshare::new(config).unwrap(), &mixed(Platform::X)).await;
        let error = done.unwrap_err();
        assert_eq!(error.kind, Kind::XKeysMissing);
        assert!(error.said.contains(missing));
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn what_the_headers_tell_is_handed_on() {
    let server = Server::start(|_| {
        let headers =
            [("x-ratelimit-max", "300"), ("x-ratelimit-count", "17"), ("date", "Tue, 03 Feb 2026 10:00:00 GMT")];
        (headers, listing(&[]).to_string()).into_response()
    })
    .await;
    let done = read(&server.adapter(), &mixed(Platform::Messenger)).await.0.unwrap();
    assert_eq!(done.quota, Some(Quota { used: 17, max: 300 }));
    assert_eq!(done.server_time.unwrap().0, 1_770_112_800_000);
    assert_eq!((done.calls, done.messages), (1, 0));
}

#[tokio::test]
async fn refusals_become_what_the_user_can_do() {
    let echo = |_: &Asked| server::json(401, &error(102, "Bad key: Bearer API-KEY-1111"));
    assert_eq!(kind_of(echo).await, Kind::KeyRefused);
    assert_eq!(kind_of(|_| server::json(403, &error(103, "Unknown Profile Key"))).await, Kind::ProfileKeyRefused);
    assert_eq!(kind_of(|_| server::json(403, &error(103, "Profile suspended"))).await, Kind::Suspended);
    assert_eq!(kind_of(|_| server::json(400, &error(361, "x"))).await, Kind::MessagingOff);
    assert_eq!(kind_of(|_| server::json(200, &error(156, "x"))).await, Kind::NotLinked);
    let wrapped = |_: &Asked| server::json(200, &json!({"status": "error", "errors": [error(362, "x")]}));
    assert_eq!(kind_of(wrapped).await, Kind::LinkAgain);
    let limited = |_: &Asked| {
        let status = axum::http::StatusCode::TOO_MANY_REQUESTS;
        (status, [("retry-after", "9")], "<html>").into_response()
    };
    assert_eq!(kind_of(limited).await, Kind::RateLimited { wait: Some(Duration::from_secs(9)) });
    assert_eq!(kind_of(|_| server::json(429, &Value::Null)).await, Kind::RateLimited { wait: None });
}

#[tokio::test]
async fn nonsense_is_nonsense_and_not_an_empty_inbox() {
    for body in ["<!doctype html><p>hello", "", "{}", "[]", "null", r#"{"messages": 7}"#, r#"{"messages": [{"id""#] {
        let kind = kind_of(move |_| body.into_response()).await;
        assert_eq!(kind, Kind::Decode, "{body}");
    }
    assert_eq!(kind_of(|_| (axum::http::StatusCode::BAD_GATEWAY, "<html>").into_response()).await, Kind::Server);
    assert_eq!(kind_of(|_| axum::http::StatusCode::NO_CONTENT.into_response()).await, Kind::Decode);
}

#[tokio::test]
async fn ten_megabytes_of_garbage_are_not_waited_for() {
    assert_eq!(kind_of(|_| "garbage ".repeat(1_310_720).into_response()).await, Kind::Decode);
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/elsewhere" => server::json(200, &listing(&[])),
        _ => Redirect::temporary("/elsewhere").into_response(),
    })
    .await;
    let (done, _) = read(&server.adapter(), &mixed(Platform::Messenger)).await;
    assert_eq!(done.unwrap_err().kind, Kind::Server);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_compressed_answer_is_read_and_a_damaged_one_is_nonsense() {
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }
    let server = Server::start(|_| {
        let body = listing(&[message("t", "m", "packed")]).to_string();
        ([("content-encoding", "gzip")], gzip(body.as_bytes())).into_response()
    })
    .await;
    let (done, pages) = read(&server.adapter(), &mixed(Platform::Messenger)).await;
    assert_eq!((done.unwrap().messages, ids(&pages)), (1, vec!["m".to_owned()]));

    let damaged = |_: &Asked| ([("content-encoding", "gzip")], "no gzip at all, but long enough").into_response();
    assert_eq!(kind_of(damaged).await, Kind::Decode);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_network_failure() {
    let addr =
        raw(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"status\":\"success\",\"messages\":["]).await;
    let adapter = Ayrshare::new(server::config(&format!("http://{addr}"))).unwrap();
    let (done, pages) = read(&adapter, &mixed(Platform::Messenger)).await;
    assert_eq!((done.unwrap_err().kind, pages.len()), (Kind::Network, 0));
}

#[tokio::test]
async fn nobody_there_and_nobody_answering_are_told_apart() {
    let adapter = Ayrshare::new(server::config(&format!("http://{}", nobody().await))).unwrap();
    assert_eq!(read(&adapter, &mixed(Platform::Messenger)).await.0.unwrap_err().kind, Kind::Connect);

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let adapter = with_limits(&base, |limits| limits.idle = Duration::from_millis(50));
    assert_eq!(read(&adapter, &mixed(Platform::Messenger)).await.0.unwrap_err().kind, Kind::Network);
}

#[tokio::test]
async fn one_byte_at_a_time_ends_at_the_deadline() {
    let server = Server::start(|_| {
        let drops = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, std::convert::Infallible>(" "), ()))
        });
        axum::body::Body::from_stream(drops).into_response()
    })
    .await;
    let adapter = with_limits(&server.base(), |limits| limits.read = Duration::from_millis(100));
    assert_eq!(read(&adapter, &mixed(Platform::Messenger)).await.0.unwrap_err().kind, Kind::Network);
}

/// Three conversations, the second too large even alone; the mixed list is larger than the cap.
fn large_inbox(asked: &Asked) -> Response {
    let small = |c: &str| vec![message(c, &format!("{c}-1"), "x"), message(c, &format!("{c}-2"), "x")];
    let large = |c: &str| vec![message(c, &format!("{c}-1"), &"x".repeat(5_000))];
    let body = match asked.query.as_str() {
        q if q.contains("conversationsOnly=true") => json!({
            "status": "success", "conversationIds": ["t_1", "t_2", "t_3"], "converstationsDetails": [],
            "lastUpdated": "2026-02-03T10:00:10.000Z", "nextUpdate": "2026-02-03T10:01:10.000Z",
        }),
        q if q.contains("conversationId=t_2") => listing(&large("t_2")),
        q if q.contains("conversationId=t_1") => listing(&small("t_1")),
        q if q.contains("conversationId=t_3") => listing(&small("t_3")),
        _ => listing(&large("t_2")),
    };
    server::json(200, &body)
}

#[tokio::test]
async fn a_list_above_the_cap_is_read_by_conversation() {
    let server = Server::start(large_inbox).await;
    let adapter = with_limits(&server.base(), |limits| limits.list_bytes = 2_000);
    let (done, pages) = read(&adapter, &mixed(Platform::Messenger)).await;
    let done = done.unwrap();
    assert_eq!((done.calls, done.messages), (5, 4));
    assert_eq!(done.fresh_at.unwrap().0, 1_770_112_810_000);
    assert_eq!(ids(&pages), ["t_1-1", "t_1-2", "t_3-1", "t_3-2"]);
    let skipped: Vec<_> = pages.iter().flat_map(|p| &p.skipped).collect();
    assert_eq!((skipped.len(), skipped[0].what.as_str()), (1, "conversation"));
}

#[tokio::test]
async fn a_packed_list_counts_unpacked() {
    let server = Server::start(|asked| {
        if asked.query.contains("conversationsOnly") {
            return server::json(200, &json!({"status": "success", "conversationIds": []}));
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b' '; 3_000_000]).unwrap();
        ([("content-encoding", "gzip")], gzip.finish().unwrap()).into_response()
    })
    .await;
    let adapter = with_limits(&server.base(), |limits| limits.list_bytes = 1_000_000);
    assert_eq!(read(&adapter, &mixed(Platform::Messenger)).await.0.unwrap().calls, 2);
}

#[tokio::test]
async fn a_walk_by_conversation_goes_on_where_the_rate_limit_stopped_it() {
    let full = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |asked| {
        if asked.query.contains("conversationId=t_3") && full.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return server::json(429, &error(429, "x"));
        }
        large_inbox(asked)
    })
    .await;
    let adapter = with_limits(&server.base(), |limits| limits.list_bytes = 2_000);
    let (done, pages) = read(&adapter, &mixed(Platform::Messenger)).await;
    assert_eq!(done.unwrap_err().kind, Kind::RateLimited { wait: None });
    assert_eq!(ids(&pages), ["t_1-1", "t_1-2"], "what was read is kept");

    let before = server.asked().len();
    let (done, pages) = read(&adapter, &mixed(Platform::Messenger)).await;
    assert_eq!((done.unwrap().calls, ids(&pages)), (1, vec!["t_3-1".to_owned(), "t_3-2".to_owned()]));
    assert_eq!(server.asked().len(), before + 1);
}

#[tokio::test]
async fn a_walk_leaves_a_fifth_of_the_period_to_sending() {
    let server = Server::start(|asked| {
        let mut answer = large_inbox(asked);
        answer.headers_mut().insert("x-ratelimit-max", "300".parse().unwrap());
        answer.headers_mut().insert("x-ratelimit-count", "240".parse().unwrap());
        answer
    })
    .await;
    let adapter = with_limits(&server.base(), |limits| limits.list_bytes = 2_000);
    let (done, _) = read(&adapter, &mixed(Platform::Messenger)).await;
    let done = done.unwrap();
    assert_eq!((done.unfinished, done.calls, done.fresh_at), (true, 2, None), "nobody refused anything");
    assert_eq!(server.asked().len(), 2, "the list of messages and the list of conversations");
}

#[tokio::test]
async fn a_receiver_that_leaves_ends_the_read() {
    let server = Server::start(|_| server::json(200, &listing(&[message("t", "m", "x")]))).await;
    let (out, pages) = tokio::sync::mpsc::channel(1);
    drop(pages);
    assert_eq!(server.adapter().read(&mixed(Platform::Messenger), out).await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_large_inbox_comes_in_pages_with_each_conversation_in_one_piece() {
    let server = Server::start(|_| {
        let messages: Vec<Value> =
            (0..1200).map(|n| message(&format!("t_{}", n / 100), &format!("m_{n}"), "x")).collect();
        server::json(200, &listing(&messages))
    })
    .await;
    let (done, pages) = read(&server.adapter(), &mixed(Platform::Messenger)).await;
    assert_eq!((done.unwrap().messages, ids(&pages).len(), pages.len()), (1200, 1200, 3));
    assert!(pages.iter().flat_map(|p| &p.conversations).all(|c| c.listing.is_some()));
}

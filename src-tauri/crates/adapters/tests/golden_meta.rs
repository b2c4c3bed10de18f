//! Payloads of Graph in the shape of the documentation, and hostile ones, and the events that they must become: through
//! the whole way, bytes on a socket in, pages out. And what is asked, when Graph turns a question away.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "support/goldens.rs"]
mod goldens;

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use backscroll_adapters::meta::{Meta, MetaConfig};
use backscroll_adapters::{Adapter, AdapterError, Kind, Read, ReadDone, Secret};
use backscroll_model::{Page, Platform, Quota};
use serde_json::{Value, json};

use goldens::{Goldens, drain};

const GOLDENS: Goldens = Goldens("meta");
const TOKEN: &str = "EAA-TOKEN-1111";
const APP_SECRET: &str = "APP-SECRET-2222";
const PAGE: &str = "104455667788990";
const INSTAGRAM: &str = "17841400099887766";
/// 2026-11-20T16:30:00Z in every answer.
const DATE: &str = "Fri, 20 Nov 2026 16:30:00 GMT";

fn recent(platform: Platform) -> Read {
    Read::Recent { platform, limit: 20, next: None }
}

fn messages(platform: Platform, next: Option<&str>) -> Read {
    let (conversation, next) = (Some("t_1".into()), next.map(str::to_owned));
    Read::Messages { platform, archived: false, conversation, limit: Some(4), next }
}

fn ids(next: Option<&str>) -> Read {
    Read::Ids { platform: Platform::Instagram, conversation: "aWdfY29udg==".into(), next: next.map(str::to_owned) }
}

/// Every payload with the question that it answers. A `next` is one that the page before gave: it began at 16:04:32.
fn questions() -> Vec<(&'static str, Read)> {
    vec![
        ("recent-messenger-documented", recent(Platform::Messenger)),
        ("recent-messenger-odd", recent(Platform::Messenger)),
        ("recent-instagram", recent(Platform::Instagram)),
        ("recent-none", recent(Platform::Instagram)),
        ("recent-empty-page", recent(Platform::Messenger)),
        ("messages-messenger-page-2", messages(Platform::Messenger, Some("1795190672000~1~~QVFIafter"))),
        ("messages-messenger-circle", messages(Platform::Messenger, Some("1795190672000~1~~QVFIafter"))),
        ("messages-instagram-beyond", messages(Platform::Instagram, None)),
        ("ids-page-1", ids(None)),
        ("ids-last-page", ids(Some("1795190401000~1~~c"))),
    ]
}

/// A request as it came.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
}

impl Asked {
    fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Answers what a test says and remembers what it was asked.
struct Server {
    config: MetaConfig,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    async fn start(answer: impl Fn(&Asked) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = MetaConfig::new(Secret::new(TOKEN));
        config.api_base = format!("http://{}", listener.local_addr().unwrap());
        config.app_secret = Some(Secret::new(APP_SECRET));
        (config.page, config.instagram) = (Some(PAGE.into()), Some(INSTAGRAM.into()));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let respond = move |uri: Uri, headers: HeaderMap| {
            let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
            let asked = Asked { path: uri.path().to_owned(), query, headers };
            log.lock().unwrap().push(asked.clone());
            let mut response = answer(&asked);
            response.headers_mut().insert("date", DATE.parse().unwrap());
            async move { response }
        };
        tokio::spawn(async { axum::serve(listener, axum::Router::new().fallback(respond)).await });
        Self { config, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn adapter(&self) -> Meta {
        Meta::new(self.config.clone()).unwrap()
    }
}

fn answer(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body.to_string()).into_response()
}

fn error(code: i64, message: &str) -> Value {
    json!({ "error": { "message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbC1dEf2GhI" } })
}

async fn read(adapter: &Meta, read: &Read) -> (Result<ReadDone, AdapterError>, Vec<Page>) {
    let (out, pages) = tokio::sync::mpsc::channel(1_000);
    let done = adapter.read(read, out).await;
    (done, drain(pages))
}

fn assert_clean(words: &str) {
    for secret in [TOKEN, APP_SECRET] {
        assert!(!words.contains(secret), "{secret} in: {words}");
    }
}

#[tokio::test]
async fn every_payload_becomes_the_events_beside_it() {
    for (name, question) in questions() {
        let payload = GOLDENS.payload(name);
        let server = Server::start(move |_| payload.clone().into_response()).await;
        let (done, pages) = read(&server.adapter(), &question).await;
        let done = done.unwrap();
        let events =
            json!({ "pages": pages, "done": { "next": done.next, "messages": done.messages, "calls": done.calls } });
        assert_clean(&events.to_string());
        GOLDENS.assert_beside(name, &events);
    }
}

#[test]
fn every_payload_is_asked_for() {
    GOLDENS.assert_all_asked(&questions().iter().map(|q| q.0).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_token_travels_in_a_header_and_ids_survive_the_path() {
    let server = Server::start(|_| answer(200, &json!({ "data": [] }))).await;
    let adapter = server.adapter();
    let odd = "mid.$cAA:x=/?#";
    read(&adapter, &Read::Ids { platform: Platform::Messenger, conversation: odd.into(), next: None }).await.0.unwrap();
    read(&adapter, &Read::Person { platform: Platform::Instagram, person: "6120&x=1".into() }).await.0.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].path, "/v25.0/mid.%24cAA%3Ax%3D%2F%3F%23/messages");
    assert_eq!(asked[1].path, format!("/v25.0/{PAGE}/conversations"));
    assert_eq!((asked[1].param("user_id"), asked[1].param("platform")), (Some("6120&x=1"), Some("instagram")));
    for request in asked {
        assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(request.param("appsecret_proof").map(str::len), Some(64));
        assert_clean(&format!("{}{:?}", request.path, request.query));
    }
    assert_clean(&format!("{adapter:?}"));
    for up in [".", "..", ""] {
        let question = Read::Ids { platform: Platform::Messenger, conversation: up.into(), next: None };
        assert_eq!(read(&adapter, &question).await.0.unwrap_err().kind, Kind::NotFound);
    }
    assert_eq!(server.asked().len(), 2, "a path that leads elsewhere is never asked for");
}

#[tokio::test]
async fn one_request_asks_for_conversations_messages_and_details() {
    let server = Server::start(|_| answer(200, &json!({ "data": [] }))).await;
    let adapter = server.adapter();
    for platform in [Platform::Messenger, Platform::Instagram] {
        assert_eq!(read(&adapter, &recent(platform)).await.0.unwrap().calls, 1);
    }
    let asked = server.asked();
    assert!(asked[0].param("fields").unwrap().contains("messages.limit(10){id,created_time"));
    assert!(asked[1].param("fields").unwrap().contains("messages.limit(20){id,created_time"));
    assert_eq!((asked[0].param("limit"), asked[0].param("after")), (Some("20"), None));
    let greedy = Read::Messages {
        platform: Platform::Instagram,
        archived: false,
        conversation: Some("c".into()),
        limit: Some(100),
        next: None,
    };
    read(&adapter, &greedy).await.0.unwrap();
    assert_eq!(server.asked()[2].param("limit"), Some("20"), "never more than 20 with details at Instagram");
}

#[tokio::test]
async fn what_graph_does_not_have_is_not_asked_for() {
    let server = Server::start(|_| answer(200, &json!({ "data": [] }))).await;
    let adapter = server.adapter();
    let all = |archived, conversation: Option<&str>| Read::Messages {
        platform: Platform::Messenger,
        archived,
        conversation: conversation.map(Into::into),
        limit: None,
        next: None,
    };
    let x = recent(Platform::X);
    let list = Read::Conversations { platform: Platform::Messenger, archived: false };
    for question in [all(false, None), all(true, Some("t_1")), list, x] {
        assert_eq!(read(&adapter, &question).await.0.unwrap_err().kind, Kind::Unsupported, "{question:?}");
    }
    let mut unlinked = server.config.clone();
    unlinked.instagram = None;
    let error = read(&Meta::new(unlinked).unwrap(), &recent(Platform::Instagram)).await.0.unwrap_err();
    assert_eq!(error.kind, Kind::NotLinked);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_field_that_this_version_lacks_is_left_out_once_and_for_all() {
    let server = Server::start(|asked| {
        let fields = asked.param("fields").unwrap_or_default();
        match ["sticker_id", "reply_to"].into_iter().find(|name| fields.contains(name)) {
            Some(name) => answer(
                400,
                &error(100, &format!("(#100) Tried accessing nonexisting field ({name}) on node type (Message)")),
            ),
            None => answer(200, &json!({ "data": [] })),
        }
    })
    .await;
    let adapter = server.adapter();
    assert_eq!(read(&adapter, &recent(Platform::Messenger)).await.0.unwrap().calls, 3);
    assert_eq!(read(&adapter, &recent(Platform::Instagram)).await.0.unwrap().calls, 1);
    assert_eq!(adapter.dropped_fields().into_iter().collect::<Vec<_>>(), ["attachments.sticker_id", "reply_to"]);
    let mut config = server.config.clone();
    config.known_missing = adapter.dropped_fields();
    assert_eq!(read(&Meta::new(config).unwrap(), &recent(Platform::Messenger)).await.0.unwrap().calls, 1);
}

#[tokio::test]
async fn what_identifies_is_never_left_out() {
    let server = Server::start(|_| {
        answer(400, &error(100, "(#100) Tried accessing nonexisting field (created_time) on node type (Message)"))
    })
    .await;
    let adapter = server.adapter();
    let error = read(&adapter, &recent(Platform::Messenger)).await.0.unwrap_err();
    assert_eq!((error.code.as_deref(), server.asked().len()), (Some("100"), 1));
    assert!(adapter.dropped_fields().is_empty());
}

#[tokio::test]
async fn too_much_data_is_asked_for_in_smaller_pieces() {
    let server = Server::start(|asked| {
        let limit: u32 = asked.param("limit").unwrap().parse().unwrap();
        let heavy = asked.param("fields").unwrap().contains("shares");
        if limit > 5 || heavy {
            let text = "Please reduce the amount of data you're asking for, then retry your request";
            return answer(500, &error(1, text));
        }
        answer(
            200,
            &json!({ "data": [{ "id": "t_1", "messages": { "data": [
            { "id": "m_1", "created_time": 1_795_190_400, "from": { "id": "7" }, "message": "Hello" },
            { "id": "m_0", "created_time": 1_795_190_300, "from": { "id": "7" }, "message": "" } ] } }] }),
        )
    })
    .await;
    let adapter = server.adapter();
    let (done, pages) = read(&adapter, &recent(Platform::Messenger)).await;
    assert_eq!(done.unwrap().calls, 4);
    let listing = pages[0].conversations[0].listing.unwrap();
    assert_eq!(listing.from.unwrap().0, 1_795_190_401_000, "what may have a share is not proven without it");
    assert_eq!(read(&adapter, &recent(Platform::Messenger)).await.0.unwrap().calls, 1, "remembered");
    assert_eq!(server.asked()[4].param("limit"), Some("5"));
}

#[tokio::test]
async fn what_never_fits_is_an_error_after_few_tries() {
    let server = Server::start(|_| answer(500, &error(1, "Please reduce the amount of data you're asking for"))).await;
    assert_eq!(read(&server.adapter(), &recent(Platform::Messenger)).await.0.unwrap_err().kind, Kind::TooLarge);
    assert!(server.asked().len() < 10, "{}", server.asked().len());
}

#[tokio::test]
async fn older_messages_that_are_no_longer_given_end_the_list_without_a_proof() {
    let deleted = || error(9_000_001, "This Message has been deleted by the user or the business.");
    let server = Server::start(move |_| answer(400, &deleted())).await;
    let adapter = server.adapter();
    let (done, pages) = read(&adapter, &messages(Platform::Messenger, Some("5~1~~c"))).await;
    let done = done.unwrap();
    assert_eq!((done.next, done.calls, pages.len()), (None, 1, 0));
    assert_eq!(read(&adapter, &messages(Platform::Messenger, None)).await.0.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn meters_and_the_clock_are_told() {
    let server = Server::start(|_| {
        let usage = r#"{"1":[{"type":"messenger","call_count":12,"total_cputime":80,"total_time":5,"estimated_time_to_regain_access":0}]}"#;
        let mut response = answer(200, &json!({ "data": [] }));
        response.headers_mut().insert("x-business-use-case-usage", usage.parse().unwrap());
        response
    })
    .await;
    let done = read(&server.adapter(), &recent(Platform::Messenger)).await.0.unwrap();
    assert_eq!(done.quota, Some(Quota { used: 80, max: 100 }));
    assert_eq!(done.server_time.unwrap().0, 1_795_192_200_000);
}

#[tokio::test]
async fn an_error_is_an_error_under_any_status_and_says_no_secret() {
    let said = format!("Error validating access token {TOKEN} with {APP_SECRET}");
    for status in [200, 400, 401, 500] {
        let body = error(190, &said);
        let server = Server::start(move |_| answer(status, &body)).await;
        let (done, pages) = read(&server.adapter(), &recent(Platform::Messenger)).await;
        let error = done.unwrap_err();
        assert_eq!((error.kind.clone(), pages.len()), (Kind::TokenRevoked, 0), "{status}");
        assert_clean(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn what_is_no_answer_of_graph_is_none() {
    for body in ["<html>502</html>", "", "{", "{}", "[]", "true", r#"{"data": 7}"#, "{\"data\": [\"\u{1}\"]}"] {
        let server = Server::start(move |_| body.into_response()).await;
        let (done, pages) = read(&server.adapter(), &recent(Platform::Messenger)).await;
        match done {
            // An array stands for a list (10), and an empty one is an empty list.
            Ok(done) => assert_eq!((body, done.next, pages.len()), ("[]", None, 0)),
            Err(error) => assert_eq!((error.kind, pages.len()), (Kind::Decode, 0), "{body}"),
        }
    }
    let server = Server::start(|_| vec![b' '; 20 * 1024 * 1024].into_response()).await;
    let error = read(&server.adapter(), &recent(Platform::Messenger)).await.0.unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
}

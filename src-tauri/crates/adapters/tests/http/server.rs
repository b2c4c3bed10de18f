//! A server that answers what a test says and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use backscroll_adapters::ayrshare::{Ayrshare, AyrshareConfig, XKeys};
use backscroll_adapters::{Adapter, AdapterError, Limits, Read, ReadDone, Secret};
use backscroll_model::{Event, Page};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The secrets of every test, so that each can look for them.
pub const SECRETS: [&str; 4] = ["API-KEY-1111", "PROFILE-KEY-2222", "X-KEY-3333", "X-SECRET-4444"];

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Answer = dyn Fn(&Asked) -> Response + Send + Sync;

#[derive(Clone)]
struct Inner {
    answer: Arc<Answer>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub struct Server {
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::default();
        let inner = Inner { answer: Arc::new(answer), asked: Arc::clone(&asked) };
        let router = axum::Router::new().fallback(respond).with_state(inner);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { addr, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn base(&self) -> String {
        format!("http://{}/api", self.addr)
    }

    /// An adapter that points here, with all four secrets.
    pub fn adapter(&self) -> Ayrshare {
        Ayrshare::new(config(&self.base())).unwrap()
    }
}

async fn respond(State(inner): State<Inner>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    inner.asked.lock().unwrap().push(asked.clone());
    (inner.answer)(&asked)
}

pub fn config(base: &str) -> AyrshareConfig {
    let secret = |n: usize| Some(Secret::new(SECRETS[n]));
    let mut config = AyrshareConfig::new(Secret::new(SECRETS[0]));
    config.api_base = base.to_owned();
    config.profile_key = secret(1);
    config.x_keys = XKeys::from_parts(secret(2), secret(3));
    config
}

pub fn with_limits(base: &str, change: impl FnOnce(&mut Limits)) -> Ayrshare {
    let mut config = config(base);
    change(&mut config.limits);
    Ayrshare::new(config).unwrap()
}

pub fn json(status: u16, body: &serde_json::Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body.to_string()).into_response()
}

/// Answers each connection with the next of `answers`, byte for byte, and closes it. An empty answer closes without one.
pub async fn raw(answers: Vec<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 16 * 1024];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer).await;
        }
    });
    addr
}

/// An address where nobody listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Reads everything.
pub async fn read(adapter: &Ayrshare, read: &Read) -> (Result<ReadDone, AdapterError>, Vec<Page>) {
    let (out, mut pages) = tokio::sync::mpsc::channel(10_000);
    let done = adapter.read(read, out).await;
    let mut all = Vec::new();
    while let Ok(page) = pages.try_recv() {
        all.push(page);
    }
    (done, all)
}

/// Ids of all messages, in order.
pub fn ids(pages: &[Page]) -> Vec<String> {
    let events = pages.iter().flat_map(|p| &p.conversations).flat_map(|c| &c.events);
    events
        .filter_map(|event| match event {
            Event::Message(message) => Some(message.remote_id.0.clone()),
            _ => None,
        })
        .collect()
}

/// No secret is in these words.
pub fn assert_clean(words: &str) {
    for secret in SECRETS {
        assert!(!words.contains(secret), "{secret} in: {words}");
    }
}

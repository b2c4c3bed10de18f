//! The writing side of the Graph API and its webhooks, seen from outside: what a client may send, and what a receiver hears.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod attachments;
#[cfg(all(feature = "control", debug_assertions))]
mod control;
mod events;
mod faults;
mod kinds;
mod messages;
mod receiver;
mod subscriptions;
mod transport;

use std::time::Duration;

use backscroll_simulator::{Chat, Clock, Platform, ProfileId, SimOptions, Simulator, WorldKind};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const START: i64 = 1_790_000_000_000;
pub(crate) const P: ProfileId = ProfileId::PRIMARY;
pub(crate) const HOUR: u64 = 3_600;

/// A simulator whose people are silent, and a client with the Page's token.
pub(crate) struct Api {
    pub(crate) sim: Simulator,
    pub(crate) http: reqwest::Client,
}

pub(crate) fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

impl Api {
    pub(crate) async fn start() -> Self {
        let options = SimOptions { people_answer: false, ..SimOptions::new(WorldKind::Small, Clock::manual(START)) };
        Self { sim: Simulator::start(options).await.unwrap(), http: client() }
    }

    pub(crate) fn page(&self) -> String {
        self.sim.graph().page_id(P).unwrap()
    }

    pub(crate) fn igid(&self) -> String {
        self.sim.graph().instagram_id(P).unwrap()
    }

    pub(crate) fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}/v25.0{path}", self.sim.graph().api_base()))
    }

    /// With the Page's token.
    pub(crate) fn call(&self, method: &str, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(self.sim.graph().page_token(P))
    }

    /// Posts JSON to `/me/…`; gives status and body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.call("POST", path).json(&body)).await
    }

    /// Sends a message that must be taken; gives its id.
    pub(crate) async fn send(&self, chat: &Chat, message: Value) -> String {
        let (status, body) = self.post("/me/messages", response(chat, message)).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["recipient_id"], chat.person);
        body["message_id"].as_str().unwrap().to_owned()
    }

    /// A call that must be refused; gives code and subcode.
    pub(crate) async fn refused(&self, body: Value) -> (u64, u64) {
        let (status, answer) = self.post("/me/messages", body).await;
        assert!(status >= 400, "{answer}");
        numbers(&answer)
    }

    pub(crate) fn ada(&self) -> Chat {
        self.sim.chat(P, Platform::Facebook, "Ada Park").unwrap()
    }

    /// Somebody on Instagram who wrote just now.
    pub(crate) fn noor(&self) -> Chat {
        let chat = self.sim.chats(P, Platform::Instagram)[0].clone();
        self.sim.inbound(&chat, "Hello?").unwrap();
        chat
    }

    pub(crate) async fn pass(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds)).await;
    }

    /// The texts that clients have sent.
    pub(crate) fn delivered(&self) -> Vec<String> {
        self.sim.delivered().into_iter().map(|e| e.text.unwrap_or_default()).collect()
    }
}

/// Code and subcode of an error body.
pub(crate) fn numbers(answer: &Value) -> (u64, u64) {
    let error = &answer["error"];
    assert!(error["message"].is_string() && error["type"].is_string() && error["fbtrace_id"].is_string(), "{answer}");
    (error["code"].as_u64().unwrap(), error["error_subcode"].as_u64().unwrap_or(0))
}

pub(crate) async fn read(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// An answer within the window.
pub(crate) fn response(chat: &Chat, message: Value) -> Value {
    json!({ "recipient": { "id": chat.person }, "messaging_type": "RESPONSE", "message": message })
}

pub(crate) fn tagged(chat: &Chat, tag: &str) -> Value {
    json!({
        "recipient": { "id": chat.person }, "messaging_type": "MESSAGE_TAG", "tag": tag, "message": { "text": "late" },
    })
}

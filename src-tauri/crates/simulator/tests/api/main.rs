//! The simulator seen from outside, over HTTP, as a client sees it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[cfg(all(feature = "control", debug_assertions))]
mod control;
mod faults;
mod history;
mod media;
mod media_sends;
mod official;
mod people;
mod profiles;
mod refusals;
mod send_faults;
mod sending;
mod webhooks;

use std::time::Duration;

use backscroll_simulator::{Chat, Clock, Platform, ProfileId, SimOptions, Simulator, WorldKind};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

pub(crate) const START: i64 = 1_790_000_000_000;
pub(crate) const P: ProfileId = ProfileId::PRIMARY;

/// A simulator and a client with its keys.
pub(crate) struct Api {
    pub(crate) sim: Simulator,
    pub(crate) http: reqwest::Client,
}

pub(crate) fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

impl Api {
    pub(crate) async fn start(world: WorldKind) -> Self {
        Self::with(SimOptions::new(world, Clock::manual(START))).await
    }

    pub(crate) async fn with(options: SimOptions) -> Self {
        Self { sim: Simulator::start(options).await.unwrap(), http: client() }
    }

    /// Without any key.
    pub(crate) fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{path}", self.sim.base_url()))
    }

    /// With the API key and the X keys.
    pub(crate) fn call(&self, method: &str, path: &str) -> RequestBuilder {
        let (key, secret) = self.sim.x_keys();
        self.bare(method, path)
            .bearer_auth(self.sim.api_key())
            .header("x-twitter-oauth1-api-key", key)
            .header("x-twitter-oauth1-api-secret", secret)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        ok(self.call("GET", path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        ok(self.call(method, path).json(&body).send().await.unwrap()).await
    }

    /// HTTP status and body of a call that fails.
    pub(crate) async fn fails(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.call(method, path).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) fn chat(&self, platform: Platform, who: &str) -> Chat {
        self.sim.chat(P, platform, who).unwrap()
    }

    pub(crate) async fn pass(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds)).await;
    }
}

/// The body of a good answer, which always has Ayrshare's content type.
pub(crate) async fn ok(answer: Response) -> Value {
    let (status, kind) = (answer.status(), answer.headers()["content-type"].clone());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert_eq!(kind, "application/json; charset=utf-8");
    body
}

pub(crate) fn texts(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().unwrap().iter().map(|m| m["message"].as_str().unwrap_or("")).collect()
}

/// Percent-encodes an id for a path or a query.
pub(crate) fn encode(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

//! The reading side of the Graph API, seen from outside, as a client with a Page token sees it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod batch;
#[cfg(all(feature = "control", debug_assertions))]
mod control;
mod faults;
mod files;
mod limits;
mod listing;
mod messages;
mod people;
mod threads;
mod tokens;

use std::time::Duration;

use backscroll_simulator::{Chat, Clock, Graph, Platform, ProfileId, SimOptions, Simulator, WorldKind};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

pub(crate) const START: i64 = 1_790_000_000_000;
pub(crate) const P: ProfileId = ProfileId::PRIMARY;
pub(crate) const FB: Platform = Platform::Facebook;
pub(crate) const IG: Platform = Platform::Instagram;

/// A simulator whose people are silent and whose pace is not limited, and a client with the first Page's token.
pub(crate) struct Api {
    pub(crate) sim: Simulator,
    pub(crate) http: reqwest::Client,
}

impl Api {
    pub(crate) async fn start(world: WorldKind) -> Self {
        let options = SimOptions { people_answer: false, ..SimOptions::new(world, Clock::manual(START)) };
        let sim = Simulator::start(options).await.unwrap();
        sim.graph().set_knobs(|k| k.reads_per_second = None);
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            // Encodings are looked at, not undone.
            .no_gzip()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { sim, http }
    }

    pub(crate) fn graph(&self) -> Graph<'_> {
        self.sim.graph()
    }

    pub(crate) fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}/v25.0{path}", self.graph().api_base()))
    }

    /// With the Page's token in the header.
    pub(crate) fn call(&self, path: &str) -> RequestBuilder {
        self.bare("GET", path).bearer_auth(self.graph().page_token(P))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        ok(self.call(path).send().await.unwrap()).await
    }

    /// HTTP status and the `error` object of a call that fails.
    pub(crate) async fn fails(&self, path: &str) -> (u16, Value) {
        failure(self.call(path).send().await.unwrap()).await
    }

    /// Code and subcode of a call that fails.
    pub(crate) async fn code(&self, path: &str) -> (u64, Option<u64>) {
        numbers(&self.fails(path).await.1)
    }

    /// Follows an absolute address, as `paging.next` is.
    pub(crate) async fn follow(&self, url: &str) -> Value {
        ok(self.http.get(url).send().await.unwrap()).await
    }

    /// All rows of a list, page by page.
    pub(crate) async fn walk(&self, path: &str) -> Vec<Vec<Value>> {
        let mut page = self.get(path).await;
        let mut pages = Vec::new();
        loop {
            pages.push(page["data"].as_array().unwrap().clone());
            let Some(next) = page["paging"]["next"].as_str().map(str::to_owned) else { return pages };
            page = self.follow(&next).await;
        }
    }

    pub(crate) fn chat(&self, platform: Platform, who: &str) -> Chat {
        self.graph().chat(P, platform, who).unwrap()
    }

    pub(crate) async fn pass(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds)).await;
    }
}

/// The body of a good answer, which always has Meta's content type.
pub(crate) async fn ok(answer: Response) -> Value {
    let (status, kind) = (answer.status(), answer.headers()["content-type"].clone());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert_eq!(kind, "application/json; charset=UTF-8");
    body
}

pub(crate) async fn failure(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(body["error"]["fbtrace_id"].as_str().unwrap().len() >= 11, "{body}");
    (status, body["error"].clone())
}

pub(crate) fn numbers(error: &Value) -> (u64, Option<u64>) {
    (error["code"].as_u64().unwrap(), error["error_subcode"].as_u64())
}

pub(crate) fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|r| r["id"].as_str().unwrap()).collect()
}

/// Percent-encodes an id for a path or a query.
pub(crate) fn encode(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The fields of an adapter's one nested request (reference 2.4).
pub(crate) const EVERYTHING: &str = "id,updated_time,unread_count,message_count,snippet,can_reply,participants{id,name,email,username},\
     messages.limit(20){id,created_time,from{id,name,username},to{data{id,username}},message,sticker,\
     attachments{id,name,mime_type,size,file_url,image_data,video_data,generic_template},\
     shares{id,name,link,description,type,url,title,template},story,reactions,reply_to,is_unsupported}";

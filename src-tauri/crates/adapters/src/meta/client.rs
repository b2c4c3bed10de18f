//! One request to Graph, and what came of it.
//!
//! Promises: what a call is made with travels in a header marked sensitive. Two secrets a query must carry: the proof of
//! the app's secret, and the token that `debug_token` is asked about (`input_token`, documented so, 1.4). Therefore no
//! address of a request is ever logged or kept: errors of the network library lose theirs
//! ([`transport`](crate::http::transport)), and what is said in an error has been scrubbed of token, secret and proof.
//! Changes and sends go out on a connection of their own and exactly once.
//!
//! Refuses: `paging.next` as an address. It carries the token, and could name any host (2.5).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backscroll_model::{Quota, RemoteId, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use url::Url;

use super::config::{ConfigError, MetaConfig, is_version};
use super::fields::Memory;
use super::refusal;
use super::wire::{Object, Paged};
pub(super) use crate::error::local;
use crate::http::{self, Scrubber};
use crate::upload::Escort;
use crate::{AdapterError, Kind, Secret};

/// More than any page needs: 50 conversations of 20 messages are about 2 MB.
const BODY: usize = 16 * 1024 * 1024;
/// Why a request without a path was not made.
const NOWHERE: &str = "nothing has such an id";
/// All but the characters that no URL treats specially: old ids hold `$`, `:` and `=` (1.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One Page, with its linked Instagram account.
pub struct Meta {
    /// Address with the version.
    base: String,
    headers: HeaderMap,
    /// `appsecret_proof`, if the app's secret was given.
    proof: Option<Secret>,
    reads: Client,
    sends: Client,
    uploads: Client,
    pub(super) scrubber: Scrubber,
    pub(super) config: MetaConfig,
    pub(super) memory: Memory,
    /// Another version than the one asked for has answered, and this has been said.
    told_version: AtomicBool,
}

impl std::fmt::Debug for Meta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meta").field("base", &self.base).field("page", &self.config.page).finish_non_exhaustive()
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    /// `GET` may reuse a connection; everything else gets one of its own.
    pub method: Method,
    /// Path below the version, segment by segment, not encoded.
    pub path: &'a [&'a str],
    /// Query, not encoded, without token and proof.
    pub query: &'a [(&'a str, &'a str)],
    /// JSON to send along.
    pub json: Option<&'a serde_json::Value>,
}

impl<'a> Ask<'a> {
    /// A read.
    pub fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, query, json: None }
    }
}

/// What came of a request, not judged yet.
#[derive(Debug)]
pub(super) enum Reply {
    /// There was an answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// What its headers tell.
        facts: Facts,
        /// Its body; or why there is none, although the head came.
        body: Result<Vec<u8>, (Kind, String)>,
    },
    /// There was none; `said` is not scrubbed.
    Failed { kind: Kind, said: String },
}

/// A success with its body, which is one JSON value without an `error`.
#[derive(Debug)]
pub(super) struct Answer {
    pub body: Vec<u8>,
    pub facts: Facts,
}

impl Answer {
    /// The object that it is; `None`: it is something else.
    pub fn object(&self) -> Option<Object<'_>> {
        serde_json::from_str(std::str::from_utf8(&self.body).ok()?).ok()
    }

    /// The list that it is; `None`: it is none.
    pub fn list(&self) -> Option<Paged<&RawValue>> {
        Paged::read(std::str::from_utf8(&self.body).ok()?)
    }
}

/// A failure, with the body of the refusal for who must look closer (a field to drop, a page to halve).
#[derive(Debug)]
pub(super) struct Refused {
    pub error: AdapterError,
    pub body: Vec<u8>,
}

impl From<Refused> for AdapterError {
    fn from(refused: Refused) -> Self {
        refused.error
    }
}

impl Meta {
    /// Builds the clients. Makes no request.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn new(mut config: MetaConfig) -> Result<Self, ConfigError> {
        let base = http::validate_api_base(&config.api_base)?;
        if !is_version(&config.version) {
            return Err(ConfigError::BadVersion);
        }
        if config.page_token.is_empty() {
            return Err(ConfigError::NoToken);
        }
        config.app_secret = config.app_secret.filter(|secret| !secret.is_empty());
        let loopback = Url::parse(&base).is_ok_and(|url| http::is_loopback_http(&url));
        let bearer = format!("Bearer {}", config.page_token.expose());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| ConfigError::BadSecret("the Page token"))?;
        bearer.set_sensitive(true);
        let proof = config.app_secret.as_ref().map(|secret| proof(secret, &config.page_token)).transpose()?;
        let secrets = [Some(config.page_token.clone()), config.app_secret.clone(), proof.clone()];
        Ok(Self {
            base: format!("{base}/{}", config.version),
            headers: HeaderMap::from_iter([(AUTHORIZATION, bearer)]),
            proof,
            reads: http::read_client(&config.limits, loopback).map_err(|_| ConfigError::Client)?,
            sends: http::send_client(&config.limits, loopback).map_err(|_| ConfigError::Client)?,
            uploads: http::upload_client(&config.limits, loopback).map_err(|_| ConfigError::Client)?,
            scrubber: Scrubber::new(secrets.into_iter().flatten()),
            memory: Memory::new(config.known_missing.clone()),
            told_version: AtomicBool::new(false),
            config,
        })
    }

    /// The Page's id.
    pub(super) fn page(&self) -> Result<&RemoteId, AdapterError> {
        self.config.page.as_ref().ok_or_else(|| local(Kind::NotLinked, "the Page is not known yet"))
    }

    /// Sends one request, once, and judges nothing.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Reply {
        let client = if ask.method == Method::GET { &self.reads } else { &self.sends };
        let Some(request) = self.request(client, ask.method.clone(), ask.path) else { return nowhere() };
        let mut request = request.query(ask.query);
        if let Some(json) = ask.json {
            request = request.json(json);
        }
        self.hear(request.send().await.map_err(http::transport)).await
    }

    /// A request to a path below the version, with token and proof. `None`: there is no such path.
    fn request(&self, client: &Client, method: Method, path: &[&str]) -> Option<RequestBuilder> {
        // A URL treats these two as steps up the path, however they are encoded.
        if path.iter().any(|segment| [".", "..", ""].contains(segment)) {
            return None;
        }
        let mut url = self.base.clone();
        for segment in path {
            url.push('/');
            url.extend(utf8_percent_encode(segment, SEGMENT));
        }
        let request = client.request(method, url).headers(self.headers.clone());
        Some(match &self.proof {
            Some(proof) => request.query(&[("appsecret_proof", proof.expose())]),
            None => request,
        })
    }

    async fn hear(&self, came: Result<Response, (Kind, String)>) -> Reply {
        let response = match came {
            Ok(response) => response,
            Err((kind, said)) => return Reply::Failed { kind, said },
        };
        let status = response.status().as_u16();
        let facts = Facts::of(response.headers());
        self.note_version(response.headers());
        Reply::Answered { status, facts, body: self.body(response).await }
    }

    /// [`Self::ask`], judged: a 200 that is JSON and no error, or an error.
    pub(super) async fn call(&self, ask: &Ask<'_>) -> Result<Answer, Refused> {
        self.judge(self.ask(ask).await)
    }

    /// Posts a form with a file in it, judged like [`Self::call`].
    pub(super) async fn call_with_file(
        &self,
        path: &[&str],
        form: Form,
        escort: Escort,
    ) -> Result<Answer, AdapterError> {
        let Some(request) = self.request(&self.uploads, Method::POST, path) else {
            return Err(local(Kind::NotFound, NOWHERE));
        };
        let came = escort.answer(request.multipart(form).send()).await;
        let heard = tokio::time::timeout(self.config.limits.send, self.hear(came)).await;
        let reply = heard
            .unwrap_or_else(|_| Reply::Failed { kind: Kind::Network, said: "an answer that does not end".to_owned() });
        Ok(self.judge(reply)?)
    }

    fn judge(&self, reply: Reply) -> Result<Answer, Refused> {
        let (status, facts, body) = match reply {
            Reply::Answered { status, facts, body } => (status, facts, body),
            Reply::Failed { kind, said } => {
                return Err(Refused { error: self.scrubbed(local(kind, &said)), body: Vec::new() });
            }
        };
        let body = match body {
            Ok(body) => body,
            Err((kind, said)) => {
                let error = AdapterError { http_status: Some(status), ..local(kind, &said) };
                let error = AdapterError { server_time: facts.server_time, ..error };
                return Err(Refused { error: self.scrubbed(error), body: Vec::new() });
            }
        };
        match shape(&body) {
            Shape::Plain if (200..300).contains(&status) => Ok(Answer { body, facts }),
            Shape::Plain | Shape::Error | Shape::NoJson => {
                let error = self.scrubbed(refusal::classify(status, &body, &facts));
                Err(Refused { error, body })
            }
        }
    }

    /// An error found in an answer that was a success.
    pub(super) fn nonsense(&self, said: &str, facts: Facts) -> AdapterError {
        let error = local(Kind::Decode, said);
        self.scrubbed(AdapterError { http_status: Some(200), server_time: facts.server_time, ..error })
    }

    /// `error` without our secrets.
    pub(super) fn scrubbed(&self, error: AdapterError) -> AdapterError {
        self.scrubber.error(error)
    }

    /// An answer without our secrets: `paging.next` of every list in it holds the token (2.5).
    pub(super) fn without_secrets(&self, body: Vec<u8>) -> Vec<u8> {
        let secrets = [Some(&self.config.page_token), self.config.app_secret.as_ref(), self.proof.as_ref()];
        let Ok(mut text) = String::from_utf8(body) else { return Vec::new() };
        for secret in secrets.into_iter().flatten().map(Secret::expose) {
            let encoded = utf8_percent_encode(secret, SEGMENT).to_string();
            for needle in [secret, encoded.as_str()] {
                if text.contains(needle) {
                    text = text.replace(needle, "***");
                }
            }
        }
        text.into_bytes()
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, (Kind, String)> {
        let cap = BODY.min(self.config.limits.list_bytes);
        match http::small_body(response, cap).await {
            Ok(Some(body)) => Ok(body),
            Ok(None) => Err((Kind::TooLarge, format!("more than {cap} bytes"))),
            Err(error) => Err(http::transport(error)),
        }
    }

    /// An expired version is answered by an older one (1.1), which may lack fields.
    fn note_version(&self, headers: &HeaderMap) {
        let Some(answered) = headers.get("facebook-api-version").and_then(|v| v.to_str().ok()) else { return };
        let asked = self.config.version.as_str();
        if answered == asked || self.told_version.swap(true, Ordering::Relaxed) {
            tracing::debug!(version = self.scrubber.clean(answered), "Graph answered");
        } else {
            tracing::warn!(asked, answered = self.scrubber.clean(answered), "another version of Graph answered");
        }
    }
}

/// What the headers tell of time and limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// `Date`.
    pub server_time: Option<Timestamp>,
    /// The fullest of all meters, in percent of 100 (5.3). `None`: not told, which is not zero.
    pub quota: Option<Quota>,
    /// `estimated_time_to_regain_access`, else `Retry-After`; `None`: not told, or not blocked.
    pub wait: Option<Duration>,
}

/// One meter, under `x-business-use-case-usage`, `x-app-usage` or `x-page-usage`. Percent, and minutes.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Meter {
    call_count: f64,
    total_cputime: f64,
    total_time: f64,
    estimated_time_to_regain_access: f64,
}

impl Facts {
    /// Reads them; one that cannot be read counts as absent.
    pub fn of(headers: &HeaderMap) -> Self {
        let common = http::Facts::of(headers);
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let by_use = text("x-business-use-case-usage").map(meters_by_use).unwrap_or_default();
        // Where both are told, the Business Use Case is the one that counts (5.3).
        let meters = if by_use.is_empty() {
            let whole = ["x-app-usage", "x-page-usage"].into_iter().filter_map(text);
            whole.filter_map(|json| serde_json::from_str(json).ok()).collect()
        } else {
            by_use
        };
        let used = meters.iter().flat_map(|m| [m.call_count, m.total_cputime, m.total_time]).map(whole).max();
        let minutes = meters.iter().map(|m| whole(m.estimated_time_to_regain_access)).max().filter(|m| *m > 0);
        let regain = minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
        Self {
            server_time: common.server_time,
            quota: used.map(|used| Quota { used, max: 100 }),
            wait: regain.or(common.wait),
        }
    }
}

/// Rounded up: 99.1 % is nearly all, and 0.2 minutes are not none.
fn whole(number: f64) -> u32 {
    // `as` saturates and turns NaN into 0, which is what is wanted of nonsense.
    number.ceil() as u32
}

fn meters_by_use(json: &str) -> Vec<Meter> {
    let by_object: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let lists = by_object.into_values().filter_map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok());
    lists.flatten().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
}

fn nowhere() -> Reply {
    Reply::Failed { kind: Kind::NotFound, said: NOWHERE.to_owned() }
}

enum Shape {
    Plain,
    Error,
    NoJson,
}

/// Graph's rule: an `error` is an error, whatever the status beside it (9.1).
fn shape(body: &[u8]) -> Shape {
    let Ok(body) = std::str::from_utf8(body) else { return Shape::NoJson };
    match serde_json::from_str::<Object<'_>>(body) {
        Ok(outer) if outer.get("error").is_some() => Shape::Error,
        Ok(_) => Shape::Plain,
        Err(_) if serde_json::from_str::<&RawValue>(body).is_ok() => Shape::Plain,
        Err(_) => Shape::NoJson,
    }
}

/// Lowercase hex of HMAC-SHA256 over the token, keyed by the app's secret (1.4).
fn proof(app_secret: &Secret, token: &Secret) -> Result<Secret, ConfigError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes())
        .map_err(|_| ConfigError::BadSecret("the app secret"))?;
    mac.update(token.expose().as_bytes());
    Ok(Secret::new(hex::encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

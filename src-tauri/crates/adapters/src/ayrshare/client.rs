//! One request to Ayrshare, and what came of it.
//!
//! Promises: secrets travel in headers marked sensitive and nowhere else; the X keys only where X is touched; what is
//! said in an error has been scrubbed of them. Changes and sends go out on a connection of their own and exactly once.

use backscroll_model::{Platform, RemoteId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Body, Method, Response};
use serde::Serialize;
use url::Url;

use super::config::{AyrshareConfig, ConfigError, XKeys};
use super::outcome::Reply;
use super::read::Walks;
use super::refusal::{self, Asker, Refusal};
pub(super) use crate::error::local;
use crate::http::{self, Facts, Limits, Scrubber};
use crate::upload::Escort;
use crate::{AdapterError, Kind, Secret};

const PROFILE_KEY: HeaderName = HeaderName::from_static("profile-key");
const X_KEY: HeaderName = HeaderName::from_static("x-twitter-oauth1-api-key");
const X_SECRET: HeaderName = HeaderName::from_static("x-twitter-oauth1-api-secret");

/// More than any answer but a list needs; `GET /profiles` with 5,000 profiles is about 2 MB.
const SMALL_BODY: usize = 8 * 1024 * 1024;
/// Of an error page, no more than this is looked at.
const ERROR_BODY: usize = 64 * 1024;
/// All but the characters that no URL treats specially.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One profile at Ayrshare.
pub struct Ayrshare {
    base: String,
    /// What every request carries, and what requests for X carry besides.
    headers: HeaderMap,
    x_headers: Option<HeaderMap>,
    x_keys: XKeys,
    profile_key: Option<Secret>,
    reads: reqwest::Client,
    sends: reqwest::Client,
    uploads: reqwest::Client,
    pub(super) scrubber: Scrubber,
    pub(super) limits: Limits,
    pub(super) walks: Walks,
}

impl std::fmt::Debug for Ayrshare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ayrshare").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Who a request acts as.
#[derive(Debug, Clone, Copy)]
pub(super) enum As<'a> {
    /// The profile of this connection.
    Connection,
    /// The Primary Profile, whatever the connection is for.
    Primary,
    /// A profile whose key is at hand.
    Profile(&'a Secret),
}

/// An answer whose body has been read.
pub(super) struct Answer {
    pub body: Vec<u8>,
    pub facts: Facts,
}

impl Ayrshare {
    /// Builds the clients. Makes no request.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`].
    pub fn new(config: AyrshareConfig) -> Result<Self, ConfigError> {
        let base = http::validate_api_base(&config.api_base)?;
        if config.api_key.is_empty() {
            return Err(ConfigError::NoApiKey);
        }
        let loopback = Url::parse(&base).is_ok_and(|url| http::is_loopback_http(&url));
        let profile_key = config.profile_key.filter(|key| !key.is_empty());

        let bearer = Secret::new(format!("Bearer {}", config.api_key.expose()));
        let mut headers = HeaderMap::from_iter([(AUTHORIZATION, header(&bearer, "the API key")?)]);
        if let Some(key) = &profile_key {
            headers.insert(PROFILE_KEY, header(key, "the Profile Key")?);
        }
        let mut secrets = vec![config.api_key];
        secrets.extend(profile_key.clone());
        let x_headers = match &config.x_keys {
            XKeys::Given { key, secret } => {
                secrets.extend([key.clone(), secret.clone()]);
                let pair = [(X_KEY, header(key, "the X key")?), (X_SECRET, header(secret, "the X secret")?)];
                Some(HeaderMap::from_iter(pair))
            }
            XKeys::Missing | XKeys::SecretMissing | XKeys::KeyMissing => None,
        };
        Ok(Self {
            base,
            headers,
            x_headers,
            x_keys: config.x_keys,
            profile_key,
            reads: http::read_client(&config.limits, loopback).map_err(|_| ConfigError::Client)?,
            sends: http::send_client(&config.limits, loopback).map_err(|_| ConfigError::Client)?,
            uploads: http::upload_client(&config.limits, loopback).map_err(|_| ConfigError::Client)?,
            scrubber: Scrubber::new(secrets),
            limits: config.limits,
            walks: Walks::default(),
        })
    }

    /// Whether this connection is for a User Profile.
    pub(super) fn acts_as_profile(&self) -> bool {
        self.profile_key.is_some()
    }

    /// What the X keys lack.
    pub(super) fn x_lacks(&self) -> Option<&'static str> {
        self.x_keys.lacking()
    }

    /// Sends a read. The answer is a 200, or an error.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        platform: Option<Platform>,
        who: As<'_>,
    ) -> Result<(Response, Facts), AdapterError> {
        self.refuse_x_without_keys(platform)?;
        let request = self.reads.get(self.url(path)).query(query).headers(self.headers_for(platform, who)?);
        let sent = request.send().await.map_err(|error| self.transport_error(error))?;
        self.require_ok(sent, who).await
    }

    /// [`Self::get`] with a small body.
    pub(super) async fn get_small(
        &self,
        path: &str,
        query: &[(&str, &str)],
        who: As<'_>,
    ) -> Result<Answer, AdapterError> {
        let (response, facts) = self.get(path, query, None, who).await?;
        self.answer(response, facts, who).await
    }

    /// Sends a change, once.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
        platform: Option<Platform>,
        who: As<'_>,
    ) -> Result<Answer, AdapterError> {
        self.refuse_x_without_keys(platform)?;
        let request = self.sends.request(method, self.url(path)).headers(self.headers_for(platform, who)?).json(body);
        let sent = request.send().await.map_err(|error| self.transport_error(error))?;
        let (response, facts) = self.require_ok(sent, who).await?;
        self.answer(response, facts, who).await
    }

    /// Posts `body`, once, on a connection of its own, and judges nothing. `Err`: nobody was asked.
    pub(super) async fn post_once(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        platform: Option<Platform>,
    ) -> Result<Reply, AdapterError> {
        self.refuse_x_without_keys(platform)?;
        let headers = self.headers_for(platform, As::Connection)?;
        Ok(match self.sends.post(self.url(path)).headers(headers).json(body).send().await {
            Err(error) => {
                let (kind, said) = http::transport(error);
                Reply::Failed { kind, said }
            }
            Ok(response) => Reply::Answered {
                status: response.status().as_u16(),
                facts: Facts::of(response.headers()),
                // A body that breaks off is no body: the status alone may still prove something.
                body: http::small_body(response, ERROR_BODY).await.ok().flatten(),
            },
        })
    }

    /// Posts a form with a file in it.
    pub(super) async fn post_form(&self, path: &str, form: Form, escort: Escort) -> Result<Answer, AdapterError> {
        let headers = self.headers_for(None, As::Connection)?;
        let request = self.uploads.post(self.url(path)).headers(headers).multipart(form);
        let sent = escort.answer(request.send()).await;
        let sent = sent.map_err(|(kind, said)| self.error(kind, None, &said, Facts::default()))?;
        let answer = async {
            let (response, facts) = self.require_ok(sent, As::Connection).await?;
            self.answer(response, facts, As::Connection).await
        };
        let slow = |_| self.error(Kind::Network, None, "an answer that does not end", Facts::default());
        tokio::time::timeout(self.limits.send, answer).await.map_err(slow)?
    }

    /// Puts a file where an upload address says, without any of our headers: the address is the permission. Its answer
    /// is no JSON of Ayrshare's, and may repeat the address: only the status is looked at.
    pub(super) async fn put_file(
        &self,
        address: Url,
        headers: HeaderMap,
        body: Body,
        escort: Escort,
    ) -> Result<u16, AdapterError> {
        let request = self.uploads.put(address).headers(headers).body(body);
        let sent = escort.answer(request.send()).await;
        let sent = sent.map_err(|(kind, said)| self.error(kind, None, &said, Facts::default()))?;
        Ok(sent.status().as_u16())
    }

    /// Whether a network, or a file of ours, may go to this address: https, or the very origin of an API on loopback.
    pub(super) fn is_reachable(&self, address: &Url) -> bool {
        http::is_reachable(&self.base, address)
    }

    /// Archives or re-activates (4).
    pub(super) async fn put_status(
        &self,
        platform: Platform,
        conversation: &RemoteId,
        archived: bool,
    ) -> Result<(), AdapterError> {
        // A URL treats these two as steps up the path, however they are encoded.
        if [".", ".."].contains(&conversation.as_str()) {
            return Err(local(Kind::NotFound, "no conversation has such an id"));
        }
        let id = utf8_percent_encode(conversation.as_str(), SEGMENT);
        let path = format!("/messages/{}/{id}", path_word(platform));
        let body = serde_json::json!({ "status": status_word(archived) });
        self.change(Method::PUT, &path, &body, Some(platform), As::Connection).await.map(drop)
    }

    /// Turns the `Err` of a body into an error of ours.
    pub(super) fn error(&self, kind: Kind, http_status: Option<u16>, said: &str, facts: Facts) -> AdapterError {
        AdapterError { kind, http_status, code: None, said: self.scrubber.clean(said), server_time: facts.server_time }
    }

    /// The error of a well-formed refusal.
    pub(super) fn refusal(
        &self,
        status: u16,
        refusal: Option<&Refusal>,
        said: &str,
        facts: Facts,
        who: As<'_>,
    ) -> AdapterError {
        let kind = refusal::kind(status, refusal, facts.wait, self.asker(who));
        let words = refusal.map(Refusal::said).filter(|words| !words.is_empty());
        let mut error = self.error(kind, Some(status), words.as_deref().unwrap_or(said), facts);
        error.code = refusal.and_then(|r| r.code.as_deref()).map(|code| self.scrubber.clean(code));
        error
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(super) fn asker(&self, who: As<'_>) -> Asker {
        let as_profile = match who {
            As::Connection => self.acts_as_profile(),
            As::Primary => false,
            As::Profile(_) => true,
        };
        Asker { as_profile }
    }

    fn headers_for(&self, platform: Option<Platform>, who: As<'_>) -> Result<HeaderMap, AdapterError> {
        let mut headers = self.headers.clone();
        match who {
            As::Connection => {}
            As::Primary => drop(headers.remove(PROFILE_KEY)),
            As::Profile(key) => {
                let value =
                    header(key, "the Profile Key").map_err(|bad| local(Kind::ProfileKeyRefused, &bad.to_string()))?;
                headers.insert(PROFILE_KEY, value);
            }
        }
        if platform == Some(Platform::X) {
            headers.extend(self.x_headers.clone().unwrap_or_default());
        }
        Ok(headers)
    }

    pub(super) fn refuse_x_without_keys(&self, platform: Option<Platform>) -> Result<(), AdapterError> {
        match self.x_lacks() {
            Some(lacking) if platform == Some(Platform::X) => Err(local(Kind::XKeysMissing, lacking)),
            Some(_) | None => Ok(()),
        }
    }

    fn transport_error(&self, error: reqwest::Error) -> AdapterError {
        let (kind, said) = http::transport(error);
        self.error(kind, None, &said, Facts::default())
    }

    async fn require_ok(&self, response: Response, who: As<'_>) -> Result<(Response, Facts), AdapterError> {
        let status = response.status().as_u16();
        let facts = Facts::of(response.headers());
        if status == 200 {
            return Ok((response, facts));
        }
        let body = http::small_body(response, ERROR_BODY).await.ok().flatten();
        let refusal = body.as_deref().and_then(|b| std::str::from_utf8(b).ok()).and_then(Refusal::of);
        Err(self.refusal(status, refusal.as_ref(), "an answer that is no JSON of Ayrshare's", facts, who))
    }

    /// Reads a small body; `status: "error"` inside a 200 is an error (9.1).
    async fn answer(&self, response: Response, facts: Facts, who: As<'_>) -> Result<Answer, AdapterError> {
        let body = http::small_body(response, SMALL_BODY).await.map_err(|error| self.transport_error(error))?;
        let body = body.ok_or_else(|| self.error(Kind::TooLarge, Some(200), "an answer without end", facts))?;
        let json = std::str::from_utf8(&body).ok();
        if let Some(refusal) = json.and_then(Refusal::of) {
            return Err(self.refusal(200, Some(&refusal), "", facts, who));
        }
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(self.error(Kind::Decode, Some(200), "an answer that is no JSON object", facts));
        }
        Ok(Answer { body, facts })
    }
}

/// X is always spelt `twitter` (2.1).
pub(super) fn path_word(platform: Platform) -> &'static str {
    match platform {
        Platform::Messenger => "facebook",
        Platform::Instagram => "instagram",
        Platform::X => "twitter",
    }
}

/// The two lists of 2.1.
pub(super) fn status_word(archived: bool) -> &'static str {
    if archived { "archived" } else { "active" }
}

fn header(secret: &Secret, what: &'static str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| ConfigError::BadSecret(what))?;
    value.set_sensitive(true);
    Ok(value)
}

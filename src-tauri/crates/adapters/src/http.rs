//! What every provider's HTTP has in common: accepted addresses, TLS, the two kinds of client, headers, and words fit to be shown.
//!
//! Promises: TLS 1.2 or newer by rustls with the trust store of the system; no redirect is ever followed; a wait always
//! has a deadline; what a network library or a provider said is cut, cleaned and free of our secrets before it is kept.
//!
//! Why two clients: a read may reuse a connection, a send must not. On a reused connection a server's idle close is
//! indistinguishable from an answer that was lost, and both hyper and reqwest repeat requests on such connections.

use std::error::Error as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use backscroll_model::{Quota, Timestamp, text::clean_line};
use reqwest::header::HeaderMap;
use rustls_platform_verifier::BuilderVerifierExt;
use url::{Host, Url};

use crate::{AdapterError, Content, Kind, Secret, SendOutcome};

/// Ayrshare's newest documented limit per 5 minutes; used only where a header names the rest but not the whole.
const DOCUMENTED_QUOTA: u32 = 300;
/// Most characters of a foreign sentence that are kept.
const SAID_CHARS: usize = 300;

/// How long and how much, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message list, in bytes after decompression.
    pub list_bytes: usize,
    /// Messages of one [`backscroll_model::Page`], roughly: a conversation is not torn for it unless it alone is larger.
    pub page_messages: usize,
    /// For DNS, TCP and TLS together.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// For a whole read, body included.
    pub read: Duration,
    /// For a whole send or change, body included.
    pub send: Duration,
    /// Without a byte of an upload leaving, and for its answer. Longer than one would wait for either: what a slow line
    /// has not taken yet (the system buffers up to 4 MB) counts as left.
    pub upload: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            list_bytes: 64 * 1024 * 1024,
            page_messages: 500,
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            // 64 MB in this time is 4.3 Mbit/s: slower lines go by conversation after the first try.
            read: Duration::from_secs(120),
            send: Duration::from_secs(60),
            upload: Duration::from_secs(180),
        }
    }
}

/// The address is neither https, nor http on loopback, or has parts that no base has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address must begin with https://, or with http:// on this very computer")]
pub struct BadApiBase;

/// Accepts https, and http on loopback only; answers the base without a trailing slash.
///
/// ```
/// use backscroll_adapters::validate_api_base;
/// assert_eq!(validate_api_base(" https://api.ayrshare.com/api/ ").as_deref(), Ok("https://api.ayrshare.com/api"));
/// assert!(validate_api_base("http://127.0.0.1:8080/api").is_ok());
/// assert!(validate_api_base("http://api.ayrshare.com/api").is_err());
/// ```
///
/// # Errors
///
/// [`BadApiBase`] for everything else, and for an address with a user name, a query or a fragment.
pub fn validate_api_base(raw: &str) -> Result<String, BadApiBase> {
    let url = Url::parse(raw.trim()).map_err(|_| BadApiBase)?;
    let scheme_fits = url.scheme() == "https" && url.has_host() || is_loopback_http(&url);
    let plain =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !scheme_fits || !plain {
        return Err(BadApiBase);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether a network, or a file of ours, may go to `address`: https, or the very origin of an API on loopback.
pub(crate) fn is_reachable(base: &str, address: &Url) -> bool {
    let own = || Url::parse(base).is_ok_and(|base| is_loopback_http(&base) && base.origin() == address.origin());
    address.username().is_empty() && address.password().is_none() && (address.scheme() == "https" || own())
}

/// Whether `url` is plain http to this very computer.
pub(crate) fn is_loopback_http(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}

/// A client for reads: keeps connections, follows nothing, repeats nothing.
pub(crate) fn read_client(limits: &Limits, loopback: bool) -> reqwest::Result<reqwest::Client> {
    base(limits.connect, loopback).read_timeout(limits.idle).timeout(limits.read).build()
}

/// A client for sends (`reliability.md`, the life of a sent message, 7): a new connection each time.
pub(crate) fn send_client(limits: &Limits, loopback: bool) -> reqwest::Result<reqwest::Client> {
    base(limits.connect, loopback).timeout(limits.send).pool_max_idle_per_host(0).build()
}

/// A client for uploads: as long as bytes leave there is no deadline ([`crate::upload`] looks after that), and a file that
/// is half on its way cannot be repeated on another connection.
pub(crate) fn upload_client(limits: &Limits, loopback: bool) -> reqwest::Result<reqwest::Client> {
    base(limits.connect, loopback).pool_max_idle_per_host(0).build()
}

/// What all clients share. `direct`: past the system's proxy, which cannot reach our loopback and would resolve names
/// in our place.
pub(crate) fn base(connect: Duration, direct: bool) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls())
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect)
        .user_agent(concat!("Backscroll/", env!("CARGO_PKG_VERSION")));
    if direct { builder.no_proxy() } else { builder }
}

/// One configuration for the whole process: reading some 150 certificates takes longer than a poll.
fn tls() -> rustls::ClientConfig {
    static CONFIG: OnceLock<rustls::ClientConfig> = OnceLock::new();
    CONFIG.get_or_init(build_tls).clone()
}

/// A system without any certificates gets a store that trusts nobody: loopback works, and every handshake fails closed.
fn build_tls() -> rustls::ClientConfig {
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusting = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions)
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map(|builder| builder.with_no_client_auth());
    let mut config = trusting.unwrap_or_else(|error| {
        tracing::warn!(%error, "no trusted certificates on this system: no https address can be reached");
        trusting_nobody(provider)
    });
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

#[expect(clippy::expect_used, reason = "ring carries both versions: a failure is a broken build, seen by every test")]
fn trusting_nobody(provider: Arc<rustls::crypto::CryptoProvider>) -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// The headers that tell of time and limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// `Date`.
    pub server_time: Option<Timestamp>,
    /// `x-ratelimit-max` with `-count`, or the older `-remaining`.
    pub quota: Option<Quota>,
    /// `Retry-After`, else `x-ratelimit-reset` (milliseconds left).
    pub wait: Option<Duration>,
}

impl Facts {
    /// Reads them; one that cannot be read counts as absent.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
        let number = |name: &str| text(name).and_then(|v| v.parse::<u32>().ok());
        let server_time = text("date").and_then(http_date);
        let max = number("x-ratelimit-max").or_else(|| number("x-ratelimit-limit"));
        let quota = match (max, number("x-ratelimit-count"), number("x-ratelimit-remaining")) {
            (Some(max), Some(used), _) => Some(Quota { used, max }),
            (max, None, Some(left)) => {
                let max = max.unwrap_or(DOCUMENTED_QUOTA.max(left));
                Some(Quota { used: max.saturating_sub(left), max })
            }
            (Some(_) | None, _, None) | (None, Some(_), Some(_)) => None,
        };
        let wait = text("retry-after")
            .and_then(|v| retry_after(v, server_time))
            .or_else(|| text("x-ratelimit-reset")?.parse().ok().map(Duration::from_millis));
        Self { server_time, quota, wait }
    }
}

/// Seconds, or an HTTP date measured against the answer's own `Date`.
fn retry_after(value: &str, now: Option<Timestamp>) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let ms = http_date(value)?.since(now?);
    Some(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

fn http_date(value: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(value).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

/// Takes our secrets, and what the user wrote, out of foreign words.
#[derive(Clone, Default)]
pub(crate) struct Scrubber {
    secrets: Vec<Secret>,
}

impl Scrubber {
    /// Scrubs these.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self { secrets: secrets.into_iter().filter(|s| !s.is_empty()).collect() }
    }

    /// Also scrubs what is being sent, text and files, which a provider may echo in its refusal.
    pub fn and(&self, content: &Content) -> Self {
        let (text, refs) = match content {
            Content::Text(text) => (Some(text), [].as_slice()),
            Content::Files { refs, text, .. } => (text.as_ref(), refs.as_slice()),
        };
        let mut all = self.clone();
        // A short text such as "ok" would tear the refusal apart and gives nothing away.
        let text = text.filter(|text| text.trim().chars().count() >= 8);
        all.secrets.extend(text.into_iter().chain(refs.iter().map(|file| &file.0)).map(Secret::new));
        all
    }

    /// `error`, clean.
    pub fn error(&self, mut error: AdapterError) -> AdapterError {
        error.said = self.clean(&error.said);
        error.code = error.code.map(|code| self.clean(&code));
        error
    }

    /// The same of what came of a send.
    pub fn outcome(&self, outcome: SendOutcome) -> SendOutcome {
        match outcome {
            SendOutcome::NotSent(error) => SendOutcome::NotSent(self.error(error)),
            SendOutcome::Refused(error) => SendOutcome::Refused(self.error(error)),
            SendOutcome::Ambiguous(error) => SendOutcome::Ambiguous(self.error(error)),
            accepted @ SendOutcome::Accepted { .. } => accepted,
        }
    }

    /// One clean line without secrets, at most 300 characters. Invisible characters go first, so that none of them can
    /// hide a secret from the search.
    pub fn clean(&self, raw: &str) -> String {
        let bounded: String = raw.chars().take(16 * 1024).collect();
        let mut line = clean_line(&bounded, bounded.len()).unwrap_or_default();
        for secret in &self.secrets {
            for needle in [Some(secret.expose().to_owned()), clean_line(secret.expose(), secret.expose().len())] {
                if let Some(needle) = needle.filter(|n| !n.is_empty()) {
                    line = line.replace(&needle, "***");
                }
            }
        }
        line.chars().take(SAID_CHARS).collect()
    }
}

/// What a failed transport means, and what was said, without the URL.
pub(crate) fn transport(error: reqwest::Error) -> (Kind, String) {
    let kind = if error.is_connect() {
        Kind::Connect
    } else if is_garbled(&error) {
        Kind::Decode
    } else {
        Kind::Network
    };
    let error = error.without_url();
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said.push_str(": ");
        said.push_str(&cause.to_string());
        source = cause.source();
    }
    (kind, said)
}

/// Whether the bytes came but their compression is broken.
fn is_garbled(error: &reqwest::Error) -> bool {
    if !error.is_decode() || error.is_timeout() {
        return false;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput);
        }
        source = cause.source();
    }
    false
}

/// Reads at most `cap` bytes. `Ok(None)`: there were more.
pub(crate) async fn small_body(mut response: reqwest::Response, cap: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > cap {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;

//! Fetches a file from an address that a stranger chose (`reliability.md`, media).
//!
//! Promises: https only; only public addresses, checked on what DNS answered, and the connection goes to exactly the
//! checked addresses (the resolver is the check); each redirect is checked again, at most five of them; a limit of size,
//! and of time (a host may be slow, but must stay above [`FetchLimits::slowest`]); nothing is unpacked; no cookie, no
//! referrer, no credential, no proxy (which would resolve names in our place).
//!
//! One exemption: a connection whose `api_base` is on loopback (the demo, tests) may fetch from that very origin.
//!
//! Refuses: looking inside. What the bytes are is found out by `media`, and whether a picture is one by its decoding
//! child process.

mod address;

use std::net::SocketAddr;
use std::time::Duration;

use backscroll_model::MediaFailure;
use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Response, StatusCode, header};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;
use url::{Host, Url};

use crate::http::{self, is_loopback_http};

pub use address::is_public;

/// The name of the file that an address leads to: the last step of its path, with `%20` and the like read.
///
/// ```
/// use backscroll_adapters::media_fetch::name_in;
/// assert_eq!(name_in("https://bakery.example/menus/rye%20loaf.pdf?v=2").as_deref(), Some("rye loaf.pdf"));
/// assert_eq!(name_in("https://bakery.example/"), None);
/// ```
pub fn name_in(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let last = url.path_segments()?.next_back().filter(|last| !last.is_empty())?;
    Some(percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned())
}

/// Limits of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Largest file, in bytes.
    pub bytes: u64,
    /// For everything up to the first byte, redirects included, and for a file that could have come in this time.
    pub patience: Duration,
    /// Bytes a second that a longer file must keep up on the average: a drip is not waited for.
    pub slowest: u32,
    /// For DNS, TCP and TLS of one hop.
    pub connect: Duration,
    /// Redirects followed.
    pub redirects: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            // The most that Messenger takes for an image (`reference/ayrshare.md` 3.3).
            bytes: 25 * 1024 * 1024,
            patience: Duration::from_secs(60),
            // Half a megabit: below it a video of 100 MB would keep others waiting for an hour.
            slowest: 64 * 1024,
            connect: Duration::from_secs(10),
            redirects: 5,
        }
    }
}

impl FetchLimits {
    /// How long a fetch may have taken after so many bytes.
    fn allowance(&self, received: u64) -> Duration {
        self.patience + Duration::from_millis(received.saturating_mul(1_000) / u64::from(self.slowest.max(1)))
    }
}

/// What is known of a file that was written where it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Bytes that came.
    pub size: u64,
    /// What the server called it, in lower case and without parameters. Not to be trusted.
    pub content_type: Option<String>,
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The file.
    pub bytes: Bytes,
    /// What the server called it, in lower case and without parameters. Not to be trusted.
    pub content_type: Option<String>,
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address that we fetch from.
    #[error("not fetched from there: {0}")]
    Refused(&'static str),
    /// The link is dead.
    #[error("the link is dead (HTTP {0})")]
    Gone(u16),
    /// Larger than we fetch.
    #[error("the file is too large")]
    TooLarge,
    /// An answer without a file.
    #[error("an answer without content")]
    Empty,
    /// Packed although nobody asked for it: what it is packed in may be a bomb.
    #[error("a packed answer")]
    Packed,
    /// It could not be written here.
    #[error("the file could not be written: {0}")]
    Write(std::io::ErrorKind),
    /// Network or server trouble that may pass: 429, 5xx, broken connections, time-outs.
    #[error("not now: {0}")]
    NotNow(String),
}

impl FetchError {
    /// For good, or `None`: worth another try later.
    pub fn failure(&self) -> Option<MediaFailure> {
        match self {
            Self::Refused(_) => Some(MediaFailure::Refused),
            Self::Gone(_) => Some(MediaFailure::Gone),
            Self::TooLarge => Some(MediaFailure::TooLarge),
            Self::Empty | Self::Packed => Some(MediaFailure::Unreadable),
            Self::Write(_) | Self::NotNow(_) => None,
        }
    }
}

/// Fetches files. One for the whole program.
#[derive(Debug, Clone)]
pub struct MediaFetcher {
    public: reqwest::Client,
    loopback: reqwest::Client,
    limits: FetchLimits,
}

impl MediaFetcher {
    /// Builds the clients. Makes no request.
    ///
    /// # Errors
    ///
    /// If the HTTP client cannot be started on this system.
    pub fn new(limits: FetchLimits) -> Result<Self, FetchError> {
        let client = |only| {
            http::base(limits.connect, true)
                .dns_resolver(Checked { only })
                // Refused instead ([`FetchError::Packed`]): the size limit is meant for what is written.
                .no_gzip()
                .no_brotli()
                .no_deflate()
                .pool_max_idle_per_host(2)
                .build()
                .map_err(|_| FetchError::Refused("the HTTP client cannot be started on this system"))
        };
        Ok(Self { public: client(Reach::Public)?, loopback: client(Reach::Loopback)?, limits })
    }

    /// The same clients with another limit of size.
    #[must_use]
    pub fn up_to(&self, bytes: u64) -> Self {
        Self { limits: FetchLimits { bytes, ..self.limits }, ..self.clone() }
    }

    /// Fetches `url` into memory. `allow_origin`: the loopback origin that is exempt, if the connection has one; anything
    /// but plain http on loopback exempts nothing.
    ///
    /// # Errors
    ///
    /// See [`FetchError`].
    pub async fn fetch(&self, url: &str, allow_origin: Option<&Url>) -> Result<Fetched, FetchError> {
        let mut bytes = Vec::new();
        let told = self.fetch_into(url, allow_origin, &mut bytes).await?;
        Ok(Fetched { bytes: bytes.into(), content_type: told.content_type })
    }

    /// [`Self::fetch`], piece by piece into `out`. After an error `out` holds some of it.
    ///
    /// # Errors
    ///
    /// See [`FetchError`].
    pub async fn fetch_into<W>(&self, url: &str, allow_origin: Option<&Url>, out: &mut W) -> Result<Told, FetchError>
    where
        W: AsyncWrite + Unpin + Send,
    {
        let began = Instant::now();
        let url = Url::parse(url).map_err(|_| FetchError::Refused("not an address"))?;
        let response = self.in_time(began, 0, self.follow(url, allow_origin)).await??;
        self.file(began, response, out).await
    }

    /// `work`, if it is done within what is allowed after `received` bytes.
    async fn in_time<T>(&self, began: Instant, received: u64, work: impl Future<Output = T>) -> Result<T, FetchError> {
        let until = began + self.limits.allowance(received);
        tokio::time::timeout_at(until, work).await.map_err(|_| FetchError::NotNow("it took too long".to_owned()))
    }

    async fn follow(&self, mut url: Url, allow_origin: Option<&Url>) -> Result<Response, FetchError> {
        for _ in 0..=self.limits.redirects {
            let client = match reach(&url, allow_origin)? {
                Reach::Public => &self.public,
                Reach::Loopback => &self.loopback,
            };
            let request = client.get(url.clone()).header(header::ACCEPT_ENCODING, "identity");
            let response = request.send().await.map_err(sending)?;
            match redirect(&response, &url)? {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(FetchError::Refused("too many redirects"))
    }

    async fn file<W>(&self, began: Instant, mut response: Response, out: &mut W) -> Result<Told, FetchError>
    where
        W: AsyncWrite + Unpin + Send,
    {
        found(&response)?;
        if response.content_length().is_some_and(|announced| announced > self.limits.bytes) {
            return Err(FetchError::TooLarge);
        }
        let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let content_type = content_type.and_then(|v| v.split(';').next()).map(|v| v.trim().to_ascii_lowercase());
        let mut size = 0;
        while let Some(piece) = self.in_time(began, size, response.chunk()).await?.map_err(sending)? {
            size += piece.len() as u64;
            if size > self.limits.bytes {
                return Err(FetchError::TooLarge);
            }
            out.write_all(&piece).await.map_err(|e| FetchError::Write(e.kind()))?;
        }
        out.flush().await.map_err(|e| FetchError::Write(e.kind()))?;
        if size == 0 { Err(FetchError::Empty) } else { Ok(Told { size, content_type }) }
    }
}

/// Whether the answer holds the file, as it is.
fn found(response: &Response) -> Result<(), FetchError> {
    match response.status() {
        StatusCode::OK => {}
        status if matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error() => {
            return Err(FetchError::NotNow(format!("HTTP {}", status.as_u16())));
        }
        status => return Err(FetchError::Gone(status.as_u16())),
    }
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    if encoding.is_none_or(|e| e.as_bytes().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(FetchError::Packed)
    }
}

/// Where a redirect leads; `None`: it is none.
fn redirect(response: &Response, from: &Url) -> Result<Option<Url>, FetchError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    next.map(Some).ok_or(FetchError::Refused("a redirect to nowhere"))
}

/// Which addresses a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    Loopback,
}

/// Decides by the address alone; names are decided on once more by [`Checked`], on what they resolve to.
fn reach(url: &Url, allow_origin: Option<&Url>) -> Result<Reach, FetchError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Refused("a name and password in the address"));
    }
    let exempt = allow_origin.is_some_and(|allowed| is_loopback_http(allowed) && allowed.origin() == url.origin());
    if exempt {
        return Ok(Reach::Loopback);
    }
    if url.scheme() != "https" {
        return Err(FetchError::Refused("not https"));
    }
    // Literal addresses never meet the resolver.
    let public = match url.host() {
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    };
    if public { Ok(Reach::Public) } else { Err(FetchError::Refused("not a public address")) }
}

/// Resolves names and passes on only the addresses that may be reached: what is connected to is what was checked.
#[derive(Debug, Clone, Copy)]
struct Checked {
    only: Reach,
}

/// Travels inside the error of the HTTP library, so that a refusal is told from a failed look-up.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no public address")]
struct NotPublic;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let only = self.only;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(permitted(only, found)?.into_iter()) as Addrs)
        })
    }
}

fn permitted(only: Reach, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    let fits = |addr: &SocketAddr| match only {
        Reach::Public => is_public(addr.ip()),
        Reach::Loopback => addr.ip().is_loopback(),
    };
    let fitting: Vec<SocketAddr> = found.into_iter().filter(fits).collect();
    if fitting.is_empty() { Err(NotPublic) } else { Ok(fitting) }
}

fn sending(error: reqwest::Error) -> FetchError {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if cause.is::<NotPublic>() {
            return FetchError::Refused("not a public address");
        }
        source = cause.source();
    }
    FetchError::NotNow(http::transport(error).1)
}

#[cfg(test)]
#[path = "media_fetch_tests.rs"]
mod tests;

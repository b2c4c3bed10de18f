//! Films and sounds for the page's players, over HTTP on loopback: WebKitGTK plays nothing from a custom scheme.
//!
//! Promises: 127.0.0.1 only, on a port that the system chose; nothing listens to requests before the first player wants
//! something; an address holds a token of this run, 128 random bits, without which every answer is the same 404; the
//! `Host` header must be our own address, so that no page of a browser reaches us under a name of its own; only copies
//! of attachments and of files in drafts that the history knows, only films and sounds, by their id, never by a path;
//! read-only, one range at a
//! time, nothing that a web view would run, nothing that it would keep. Closed at quit.
//!
//! The page may play from exactly this origin: the port is taken before the window exists and written into its
//! content security policy ([`policy`]). A wildcard for the port would let a hostile page ask every server on this
//! computer for "media".
//!
//! Refuses: cross-origin reading. Players load without asking; a script of any page gets no permission to read.

use std::{
    fmt,
    io::SeekFrom,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::RangeInclusive,
    sync::{Mutex, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use backscroll_engine::{Inbox, MediaCopy};
use backscroll_model::{AttachmentId, OutgoingFileId};
use rand::Rng as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncSeekExt as _},
    sync::OnceCell,
};
use tokio_util::{io::ReaderStream, sync::CancellationToken};

/// What an address is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// A file of a message: `/TOKEN/12`.
    Attachment(AttachmentId),
    /// A file of a draft, before it leaves: `/TOKEN/d12`.
    Outgoing(OutgoingFileId),
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attachment(id) => write!(f, "{}", id.0),
            Self::Outgoing(id) => write!(f, "d{}", id.0),
        }
    }
}

/// The server of one run.
#[derive(Debug, Default)]
pub struct MediaServer {
    /// Taken at the start, or with the first use.
    port: Mutex<Option<TcpListener>>,
    running: OnceCell<Running>,
    closed: CancellationToken,
}

#[derive(Debug, Clone)]
struct Running {
    host: String,
    token: String,
}

#[derive(Clone)]
struct Serving {
    inbox: Inbox,
    running: Running,
    closed: CancellationToken,
}

impl MediaServer {
    /// Takes a port and does not listen to it yet. Without one (a computer without loopback) films and sounds stay silent.
    pub fn take_port() -> Self {
        let port = bind().inspect_err(|error| tracing::warn!(%error, "no port for films and sounds")).ok();
        Self { port: Mutex::new(port), running: OnceCell::new(), closed: CancellationToken::new() }
    }

    /// The origin of its addresses, if a port is taken.
    pub fn origin(&self) -> Option<String> {
        let port = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        let address = port.as_ref()?.local_addr().ok()?;
        Some(format!("http://{address}"))
    }

    /// Where a copy is played from. Starts the server with its first call; whether there is a copy is seen by whoever asks
    /// for it.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn address(&self, inbox: Inbox, played: Played) -> std::io::Result<String> {
        let running = self.running.get_or_try_init(|| async { self.start(inbox) }).await?;
        Ok(format!("http://{}/{}/{played}", running.host, running.token))
    }

    fn start(&self, inbox: Inbox) -> std::io::Result<Running> {
        let taken = self.port.lock().unwrap_or_else(PoisonError::into_inner).take();
        let port = match taken {
            Some(port) => port,
            None => bind()?,
        };
        let running = Running { host: port.local_addr()?.to_string(), token: token() };
        let listener = tokio::net::TcpListener::from_std(port)?;
        let serving = Serving { inbox, running: running.clone(), closed: self.closed.clone() };
        let app = Router::new().fallback(answer).with_state(serving);
        let closed = self.closed.clone();
        tokio::spawn(async move {
            tokio::select! {
                // A player that is still loading does not hold the end up.
                () = closed.cancelled() => {}
                _ = axum::serve(listener, app).into_future() => {}
            }
        });
        Ok(running)
    }

    /// No more answers.
    pub fn close(&self) {
        self.closed.cancel();
    }
}

impl Drop for MediaServer {
    fn drop(&mut self) {
        self.close();
    }
}

/// `csp` with this origin as the only one that media may come from.
pub fn policy(csp: &str, origin: Option<&str>) -> String {
    match origin {
        Some(origin) => format!("{}; media-src {origin}", csp.trim_end_matches([';', ' '])),
        None => csp.to_owned(),
    }
}

fn bind() -> std::io::Result<TcpListener> {
    let port = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    port.set_nonblocking(true)?;
    Ok(port)
}

fn token() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn answer(State(serving): State<Serving>, request: Request) -> Response {
    // A connection that was kept alive outlives the port.
    if serving.closed.is_cancelled() {
        return refusal(StatusCode::SERVICE_UNAVAILABLE);
    }
    let headers = request.headers();
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    if host != Some(serving.running.host.as_bytes()) {
        return refusal(StatusCode::NOT_FOUND);
    }
    let Some(played) = asked_for(request.uri().path(), &serving.running.token) else {
        return refusal(StatusCode::NOT_FOUND);
    };
    let is_head = match *request.method() {
        Method::GET => false,
        Method::HEAD => true,
        _ => return refusal(StatusCode::METHOD_NOT_ALLOWED),
    };
    let copy = match played {
        Played::Attachment(id) => serving.inbox.media_copy(id).await,
        Played::Outgoing(id) => serving.inbox.outgoing_copy(id).await,
    };
    let copy = match copy {
        Ok(Some(copy)) if is_played(&copy.mime) => copy,
        Ok(_) => return refusal(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::warn!(code = ?error.code, "a film or sound cannot be read");
            return refusal(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    // A range is for GET only (RFC 9110, 14.2); what `If-Range` names we never gave out.
    let range =
        if is_head || headers.contains_key(header::IF_RANGE) { Asked::Whole } else { range(headers, copy.size) };
    match send(&copy, range, is_head).await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "a film or sound cannot be read");
            refusal(StatusCode::NOT_FOUND)
        }
    }
}

/// What `/TOKEN/ID` is of, if the token is ours.
fn asked_for(path: &str, token: &str) -> Option<Played> {
    let (given, id) = path.strip_prefix('/')?.split_once('/')?;
    // Without an early end: how long it takes tells nothing of how much was right.
    let differ = given.len() ^ token.len();
    let differ = given.bytes().zip(token.bytes()).fold(differ, |sum, (a, b)| sum | usize::from(a ^ b));
    let (number, in_draft) = id.strip_prefix('d').map_or((id, false), |number| (number, true));
    let plain = (1..=16).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let number = (differ == 0 && plain).then(|| number.parse().ok())??;
    Some(if in_draft { Played::Outgoing(OutgoingFileId(number)) } else { Played::Attachment(AttachmentId(number)) })
}

fn is_played(mime: &str) -> bool {
    mime.starts_with("video/") || mime.starts_with("audio/")
}

/// Which part of a file is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(RangeInclusive<u64>),
    /// Nothing that is there.
    Nowhere,
}

/// One range of bytes. Several, other units and nonsense count as none (RFC 9110, 14.2): the whole file answers them.
fn range(headers: &HeaderMap, size: u64) -> Asked {
    let value = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let Some((first, last)) = value.and_then(|v| v.strip_prefix("bytes=")).and_then(|v| v.trim().split_once('-'))
    else {
        return Asked::Whole;
    };
    let end = size.saturating_sub(1);
    let part = match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => first..=end,
        (Some(first), Some(last)) if first <= last => first..=last.min(end),
        (None, Some(count)) if first.is_empty() => {
            if count == 0 {
                return Asked::Nowhere;
            }
            size.saturating_sub(count)..=end
        }
        _ => return Asked::Whole,
    };
    if *part.start() < size { Asked::Part(part) } else { Asked::Nowhere }
}

/// Digits only: `+1` and a number that no file is long enough for are none.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

async fn send(copy: &MediaCopy, asked: Asked, is_head: bool) -> std::io::Result<Response> {
    let (status, part) = match asked {
        Asked::Whole => (StatusCode::OK, 0..=copy.size.saturating_sub(1)),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Asked::Nowhere => {
            let mut response = refusal(StatusCode::RANGE_NOT_SATISFIABLE);
            put(&mut response, header::CONTENT_RANGE, &format!("bytes */{}", copy.size));
            return Ok(response);
        }
    };
    let length = (part.end() - part.start()).saturating_add(1).min(copy.size);
    let body = if is_head {
        Body::empty()
    } else {
        let mut file = tokio::fs::File::open(&copy.file).await?;
        file.seek(SeekFrom::Start(*part.start())).await?;
        Body::from_stream(ReaderStream::new(file.take(length)))
    };
    let mut response = refusal(status);
    *response.body_mut() = body;
    put(&mut response, header::CONTENT_TYPE, &copy.mime);
    put(&mut response, header::CONTENT_LENGTH, &length.to_string());
    put(&mut response, header::ACCEPT_RANGES, "bytes");
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{}", part.start(), part.end(), copy.size);
        put(&mut response, header::CONTENT_RANGE, &range);
    }
    Ok(response)
}

/// An answer without content, with what every answer says.
fn refusal(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    put(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(&mut response, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    put(&mut response, header::CACHE_CONTROL, "no-store");
    put(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

fn put(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &'static str) -> Asked {
        let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(value))]);
        range(&headers, 10)
    }

    #[test]
    fn one_range_is_understood_and_nonsense_means_everything() {
        for (value, part) in [
            ("bytes=0-", 0..=9),
            ("bytes=3-4", 3..=4),
            ("bytes=9-99", 9..=9),
            ("bytes=-3", 7..=9),
            ("bytes=-99", 0..=9),
        ] {
            assert_eq!(asked(value), Asked::Part(part), "{value}");
        }
        for value in ["bytes=10-", "bytes=11-12", "bytes=-0"] {
            assert_eq!(asked(value), Asked::Nowhere, "{value}");
        }
        for value in [
            "bytes=4-3",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(asked(value), Asked::Whole, "{value}");
        }
        assert_eq!(range(&HeaderMap::new(), 10), Asked::Whole);
    }

    #[test]
    fn only_the_token_and_a_number_are_an_address() {
        assert_eq!(asked_for("/secret/12", "secret"), Some(Played::Attachment(AttachmentId(12))));
        assert_eq!(asked_for("/secret/d12", "secret"), Some(Played::Outgoing(OutgoingFileId(12))));
        for path in [
            "",
            "/secret/d",
            "/secret/dd1",
            "/secret/1d",
            "/d12",
            "/",
            "/12",
            "/secret",
            "/secret/",
            "/Secret/12",
            "/secre/12",
            "/secretx/12",
            "//12",
            "/secret/-1",
            "/secret/+1",
            "/secret/12/",
            "/secret/1/2",
            "/secret/../12",
            "/secret/%31",
            "/secret/../../etc/passwd",
            "/secret/99999999999999999",
        ] {
            assert_eq!(asked_for(path, "secret"), None, "{path}");
        }
    }

    #[test]
    fn the_policy_names_one_origin_and_nothing_without_one() {
        assert_eq!(
            policy("default-src 'none'", Some("http://127.0.0.1:4")),
            "default-src 'none'; media-src http://127.0.0.1:4"
        );
        assert_eq!(policy("default-src 'none'", None), "default-src 'none'");
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        assert_eq!(token().len(), 32);
        assert_ne!(token(), token());
    }
}

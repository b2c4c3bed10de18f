//! Where deliveries come in: HTTP/1.1 on 127.0.0.1, unless the user wants it otherwise.
//!
//! Promises: bounds for everything a stranger could spend: connections, headers, bodies, time. A connection carries one
//! request. An answer has a status and, for a handshake, the challenge; nothing else.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::any,
};
use backscroll_model::{Change, Delivery, DeliveryKind, DeliveryOutcome, ErrorCode, SECOND, Timestamp, WebhookProblem};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{Route, change_settings, gate, intake::Arrived, routes, settings};
use crate::inner::Inner;

/// Connections at a time. A tunnel opens a few; more than that waits at its end.
const CONNECTIONS: usize = 32;
/// Largest body: Meta batches up to 1,000 updates, of which each is some 500 bytes.
const BODY_BYTES: usize = 1024 * 1024;
/// Buffer of a connection, which bounds its headers.
const HEAD_BYTES: usize = 16 * 1024;
/// Listening is tried again after this, in case whoever had the port goes.
const AGAIN: i64 = 30 * SECOND;

/// How long a sender may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    head: Duration,
    body: Duration,
    whole: Duration,
}

impl Patience {
    /// No longer than an answer of a provider is waited for, which tests make short.
    fn of(inner: &Inner) -> Self {
        let idle = inner.limits.idle;
        Self { head: idle.min(Duration::from_secs(5)), body: idle.min(Duration::from_secs(10)), whole: idle * 2 }
    }
}

/// Listens as long as the user wants it.
pub(super) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut busy = inner.quiet.busy();
    let mut open: Option<Open> = None;
    loop {
        let problem = match look(&inner, &mut open).await {
            Ok(()) => None,
            Err(problem) => {
                tracing::warn!(?problem, "webhooks cannot be taken");
                Some(problem)
            }
        };
        let again = problem.map(|_| inner.now().plus(AGAIN));
        {
            let mut state = inner.webhooks.state();
            state.listening = open.as_ref().map(|open| open.at);
            state.problem = problem;
        }
        inner.publish(vec![Change::Webhooks]);
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => {
                close(&mut open).await;
                return;
            }
            woken = inner.webhooks.door.called() => woken,
            () = wait(&inner, again) => inner.quiet.busy(),
        };
    }
}

async fn wait(inner: &Inner, until: Option<Timestamp>) {
    match until {
        Some(at) => inner.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Does what the settings say.
async fn look(inner: &Arc<Inner>, open: &mut Option<Open>) -> Result<(), WebhookProblem> {
    // Not knowing what is wanted is no reason to close: senders would lose heart for nothing.
    let wanted = settings(inner).await.map_err(|error| {
        tracing::warn!(code = ?error.code, "the settings of webhooks could not be read");
        WebhookProblem::History
    })?;
    if !wanted.on {
        close(open).await;
        inner.webhooks.state().routes = Arc::default();
        return Ok(());
    }
    let routes = routes::build(inner).await.map_err(|error| {
        tracing::warn!(code = ?error.code, "the addresses for webhooks could not be made");
        if error.code == ErrorCode::Keychain { WebhookProblem::Keychain } else { WebhookProblem::History }
    });
    match routes {
        Ok(routes) => inner.webhooks.state().routes = Arc::new(routes),
        // The addresses that are known are still right.
        Err(WebhookProblem::History) if open.is_some() => return Err(WebhookProblem::History),
        // Without secrets nothing can be believed: better not to listen, so that the senders keep what they have.
        Err(problem) => {
            close(open).await;
            return Err(problem);
        }
    }
    let ip = if wanted.everywhere { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
    let at = SocketAddr::from((ip, wanted.port.unwrap_or(0)));
    if open.as_ref().is_some_and(|open| open.at == at) {
        return Ok(());
    }
    // First let go: only one of two can have the port.
    close(open).await;
    let listener = TcpListener::bind(at).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => WebhookProblem::PortRefused,
        _ => WebhookProblem::PortTaken,
    })?;
    let at = listener.local_addr().unwrap_or(at);
    if wanted.port.is_none() {
        // A tunnel must find it there again.
        let port = Some(at.port());
        if let Err(error) = change_settings(inner, move |settings| settings.port = port).await {
            tracing::warn!(code = ?error.code, "the port could not be kept");
        }
    }
    let cancel = CancellationToken::new();
    let task = tokio::spawn(accept(Arc::clone(inner), listener, cancel.clone()));
    *open = Some(Open { at, cancel, task });
    Ok(())
}

/// A port that is listened on.
struct Open {
    at: SocketAddr,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Open {
    /// Lets go of the port, and of all that its connections hold; their senders come again.
    async fn close(mut self) {
        self.cancel.cancel();
        if (&mut self.task).await.is_err() {
            tracing::error!("the task that accepts webhooks panicked");
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Lets go of what is open, if anything is.
async fn close(open: &mut Option<Open>) {
    if let Some(open) = open.take() {
        open.close().await;
    }
}

async fn accept(inner: Arc<Inner>, listener: TcpListener, cancel: CancellationToken) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let patience = Patience::of(&inner);
    let router = Router::new().route("/hook/{path}", any(receive)).fallback(stranger).with_state(Arc::clone(&inner));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            // Beyond the last slot the system's own queue holds a connection back.
            let slot = Arc::clone(&slots).acquire_owned().await.ok();
            (listener.accept().await, slot)
        };
        let (accepted, slot) = tokio::select! {
            () = cancel.cancelled() => break,
            next = next => next,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, or a peer that left already.
                tracing::warn!(kind = ?error.kind(), "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let router = router.clone();
        connections.spawn(async move {
            serve(stream, router, patience).await;
            drop(slot);
        });
    }
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, router: Router, patience: Patience) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // What a stranger did wrong on the wire is of no interest.
    let _ = tokio::time::timeout(patience.whole, connection).await;
}

async fn stranger(State(inner): State<Arc<Inner>>) -> Result<Response, Infallible> {
    Ok(Seen::at(&inner, None).refuse(DeliveryOutcome::UnknownAddress))
}

/// One request to an address of the right form.
async fn receive(
    State(inner): State<Arc<Inner>>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, Infallible> {
    let routes = inner.webhooks.routes();
    let route = match routes.find(&path) {
        routes::Address::Of(route) => route,
        routes::Address::Former => return Ok(Seen::at(&inner, None).refuse(DeliveryOutcome::Disconnected)),
        routes::Address::Unknown => return Ok(Seen::at(&inner, None).refuse(DeliveryOutcome::UnknownAddress)),
    };
    let seen = Seen::at(&inner, Some(&route));
    if request.method() == Method::GET {
        return Ok(match gate::handshake(&route, request.uri().query().unwrap_or_default()) {
            Some(challenge) => {
                seen.note(DeliveryOutcome::ShookHands);
                ([(header::CONTENT_TYPE, "text/plain")], challenge).into_response()
            }
            None => seen.refuse(DeliveryOutcome::WrongWord),
        });
    }
    if request.method() != Method::POST {
        return Ok(seen.refuse(DeliveryOutcome::UnknownAddress));
    }
    let (head, body) = request.into_parts();
    let body = match read(&inner, &head.headers, body).await {
        Ok(body) => body,
        Err(outcome) => return Ok(seen.refuse(outcome)),
    };
    let link = inner.open_link(route.connection);
    let now = link.as_ref().map_or(seen.at, |link| link.corrected(seen.at));
    if inner.webhooks.is_echo(&body) {
        let is_right = gate::admit(&route, &head.headers, &body, now, true).is_ok();
        inner.webhooks.echoed(&body, is_right);
        return Ok(if is_right { StatusCode::OK } else { StatusCode::NOT_FOUND }.into_response());
    }
    let is_sure = link.is_some_and(|link| link.knows_time());
    if let Err(outcome) = gate::admit(&route, &head.headers, &body, now, is_sure) {
        return Ok(seen.refuse(outcome));
    }
    let arrived = Arrived { route: Arc::clone(&route), body, at: seen.at };
    Ok(if inner.webhooks.push(arrived) { StatusCode::OK.into_response() } else { seen.refuse(DeliveryOutcome::Busy) })
}

/// The bytes as they came.
async fn read(inner: &Inner, headers: &HeaderMap, body: Body) -> Result<Bytes, DeliveryOutcome> {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > BODY_BYTES) {
        return Err(DeliveryOutcome::Oversized);
    }
    match tokio::time::timeout(Patience::of(inner).body, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            // The only other failure is a connection that broke off.
            let is_long = error.into_inner().is::<http_body_util::LengthLimitError>();
            Err(if is_long { DeliveryOutcome::Oversized } else { DeliveryOutcome::Slow })
        }
        Err(_) => Err(DeliveryOutcome::Slow),
    }
}

/// A request, as far as it is noted.
struct Seen<'a> {
    inner: &'a Inner,
    route: Option<&'a Route>,
    at: Timestamp,
}

impl<'a> Seen<'a> {
    fn at(inner: &'a Inner, route: Option<&'a Arc<Route>>) -> Self {
        Self { inner, route: route.map(|route| &**route), at: inner.now() }
    }

    fn note(&self, outcome: DeliveryOutcome) {
        let is_handshake = matches!(outcome, DeliveryOutcome::ShookHands | DeliveryOutcome::WrongWord);
        self.inner.webhooks.note(Delivery {
            at: self.at,
            connection: self.route.map(|route| route.connection),
            account: None,
            what: is_handshake.then_some(DeliveryKind::Handshake),
            items: 0,
            outcome,
            took_ms: u32::try_from(self.inner.now().since(self.at)).unwrap_or(0),
        });
    }

    /// Counts it, and tells no more than a status. What would be of no use to send again is answered 200.
    fn refuse(&self, outcome: DeliveryOutcome) -> Response {
        self.note(outcome);
        let status = match outcome {
            DeliveryOutcome::Disconnected | DeliveryOutcome::Replayed => StatusCode::OK,
            DeliveryOutcome::Oversized => StatusCode::PAYLOAD_TOO_LARGE,
            DeliveryOutcome::Slow => StatusCode::REQUEST_TIMEOUT,
            DeliveryOutcome::Busy | DeliveryOutcome::ClockUnsure => StatusCode::SERVICE_UNAVAILABLE,
            DeliveryOutcome::WrongWord => StatusCode::FORBIDDEN,
            _ => StatusCode::NOT_FOUND,
        };
        status.into_response()
    }
}

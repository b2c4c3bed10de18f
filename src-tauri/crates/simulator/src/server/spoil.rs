//! Carries out a [`Fault`] on one request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream;
use rand::Rng as _;
use serde_json::{Value, json};

use crate::clock::iso_ms;
use crate::fault::{Fault, Hold};
use crate::graph;
use crate::ids;
use crate::net::Line;
use crate::server::answer;
use crate::state::Core;

/// How wrong this fault makes the clock.
pub(crate) fn skew_of(fault: &Fault) -> i64 {
    match fault {
        Fault::ClockOff { ms } => *ms,
        Fault::Applied(inner) => skew_of(inner),
        _ => 0,
    }
}

/// The fault of one request.
pub(crate) struct Struck {
    pub fault: Option<Fault>,
    /// The request's number.
    pub number: u64,
    /// Its body, when the fault is about it alone.
    pub upload: Option<Body>,
}

/// Takes the body away from a request that will not be obeyed for it, or slows it down.
pub(crate) fn take_upload(fault: &Option<Fault>, request: &mut Request) -> Option<Body> {
    match fault {
        Some(Fault::CutUpload { .. }) => Some(std::mem::take(request.body_mut())),
        Some(Fault::SlowUpload { bytes_per_second }) => {
            let chunks = std::mem::take(request.body_mut()).into_data_stream();
            let rate = (*bytes_per_second).max(1);
            *request.body_mut() = Body::from_stream(chunks.then(move |chunk| async move {
                let length = chunk.as_ref().map_or(0, |c| c.len() as u64);
                tokio::time::sleep(Duration::from_millis(length.saturating_mul(1_000) / rate)).await;
                chunk
            }));
            None
        }
        _ => None,
    }
}

/// Answers a request with or without its handler, as the fault says.
pub(crate) async fn answer(
    core: &Arc<Core>,
    line: &Arc<Line>,
    struck: Struck,
    handler: impl Future<Output = Response>,
) -> Response {
    let Some(fault) = struck.fault else { return handler.await };
    match fault {
        Fault::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            handler.await
        }
        Fault::Hold(hold) => {
            held(core, &hold).await;
            handler.await
        }
        Fault::CutUpload { after } => {
            let mut left = after;
            let mut chunks = struck.upload.unwrap_or_default().into_data_stream();
            while let (Some(Ok(chunk)), true) = (chunks.next().await, left > 0) {
                left = left.saturating_sub(chunk.len() as u64);
            }
            line.reset();
            Response::new(Body::empty())
        }
        Fault::SlowUpload { .. } | Fault::Before(_) => handler.await,
        Fault::After(what) => {
            let real = handler.await;
            core.lock().meanwhile(what);
            real
        }
        Fault::LostUpload => {
            let real = handler.await;
            let mut state = core.lock();
            state.media.lose(struck.number);
            state.graph.uploads.lose(struck.number);
            drop(state);
            real
        }
        Fault::Applied(inner) => spoil(core, line, *inner, handler.await).await,
        fault @ (Fault::CutBody { .. }
        | Fault::Slow { .. }
        | Fault::ClockOff { .. }
        | Fault::UnknownEnums
        | Fault::MissingFields
        | Fault::Edit(_)) => spoil(core, line, fault, handler.await).await,
        instead => spoil(core, line, instead, Response::new(Body::empty())).await,
    }
}

async fn held(core: &Core, hold: &Hold) {
    tokio::select! {
        () = hold.passed() => {}
        () = core.stop.cancelled() => {}
    }
}

async fn spoil(core: &Arc<Core>, line: &Arc<Line>, fault: Fault, real: Response) -> Response {
    match fault {
        Fault::Status { http, code, message } => answer::flat(http, code, "request", &message),
        Fault::Graph(error) => graph::serve::refusal(core, &error),
        Fault::Bytes { http, content_type, encoding, bytes } => {
            let mut response = answer::with_type(http, HeaderValue::from_static(content_type), Body::from(bytes));
            if let Some(encoding) = encoding {
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            response
        }
        Fault::Endless { content_type } => {
            answer::with_type(200, HeaderValue::from_static(content_type), garbage(core.lock().world.seed, u64::MAX))
        }
        Fault::Wrapped { code, message } => answer::wrapped(400, code, &message),
        Fault::MediaShape => {
            answer::raw(400, json!({ "status": "error", "statusCode": 404, "statusText": "Not Found" }).to_string())
        }
        Fault::OkButError => answer::flat(200, 400, "request", "Simulated failure with HTTP 200."),
        Fault::RateLimited { retry_after_s } => {
            let code = core.lock().knobs.codes.rate_limit;
            let mut response = answer::flat(429, code, "rate_limit", "Too many requests. Wait before you try again.");
            if let Some(seconds) = retry_after_s {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Fault::Html { http } => answer::with_type(
            http,
            HeaderValue::from_static("text/html; charset=utf-8"),
            Body::from(
                "<!doctype html><html><head><title>Gateway</title></head><body><h1>Something went wrong</h1></body></html>",
            ),
        ),
        Fault::Empty => answer::raw(200, Bytes::new()),
        Fault::Body { http, body } => answer::raw(http, body),
        Fault::Garbage { bytes } => answer::with_type(200, answer::JSON, garbage(core.lock().world.seed, bytes)),
        Fault::Huge { bytes } => answer::with_type(200, answer::JSON, huge(core.clock.now_ms(), bytes)),
        Fault::Redirect { http, to } => {
            let mut response = answer::raw(http, Bytes::new());
            if let Ok(to) = HeaderValue::from_str(&to) {
                response.headers_mut().insert(header::LOCATION, to);
            }
            response
        }
        Fault::Reset => {
            line.reset();
            real
        }
        Fault::HalfOpen => {
            core.stop.cancelled().await;
            real
        }
        Fault::CutBody { after, how } => {
            line.cut_after(after, how);
            real
        }
        Fault::Slow { bytes_per_second } => slow(real, bytes_per_second).await,
        Fault::ClockOff { ms } => edit(real, |v| shift(v, ms)).await,
        Fault::UnknownEnums => edit(real, unknown_enums).await,
        Fault::MissingFields => edit(real, missing_fields).await,
        Fault::Edit(change) => edit(real, |v| change.apply(v)).await,
        // Under `Applied`: the request has been obeyed, and its answer waits.
        Fault::Delay { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            real
        }
        Fault::Hold(hold) => {
            held(core, &hold).await;
            real
        }
        Fault::After(what) => {
            core.lock().meanwhile(what);
            real
        }
        // About the request, which has been obeyed by now.
        Fault::Applied(_)
        | Fault::CutUpload { .. }
        | Fault::SlowUpload { .. }
        | Fault::LostUpload
        | Fault::Before(_) => real,
    }
}

async fn edit(response: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut value);
    Response::from_parts(parts, Body::from(value.to_string()))
}

fn shift(value: &mut Value, ms: i64) {
    for field in ["lastUpdated", "nextUpdate"] {
        let Some(Value::String(text)) = value.get_mut(field) else { continue };
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            *text = iso_ms(at.as_millisecond() + ms);
        }
    }
}

fn unknown_enums(value: &mut Value) {
    set(value, "brandNew", json!({ "deep": [1, null, "x"] }));
    for (n, message) in list(value, "messages").enumerate() {
        set(message, "brandNew", json!([{ "a": null }]));
        match n % 4 {
            0 => set(message, "action", json!("whispered")),
            1 => set(message, "platform", json!("minitel")),
            2 => set(
                message,
                "attachments",
                json!([{ "type": "hologram", "url": "https://cdn.example.test/h.holo" }, { "type": 7 }]),
            ),
            _ => set(message, "message", Value::Null),
        }
    }
    for conversation in list(value, "converstationsDetails") {
        set(conversation, "status", json!("muted"));
    }
    for account in list(value, "displayNames") {
        set(account, "brandNew", json!(true));
    }
}

fn missing_fields(value: &mut Value) {
    const OPTIONAL: [&str; 7] =
        ["senderDetails", "recipientDetails", "message", "attachments", "reactions", "updated", "platform"];
    for field in ["messagesCount", "converstationsDetails", "nextUpdate"] {
        remove(value, field);
    }
    for (n, message) in list(value, "messages").enumerate() {
        OPTIONAL.iter().for_each(|field| remove(message, field));
        if n == 2 {
            remove(message, "id");
        }
    }
    for account in list(value, "displayNames") {
        for field in ["username", "userImage", "profileUrl", "created"] {
            remove(account, field);
        }
    }
}

fn list<'a>(value: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

fn set(value: &mut Value, name: &str, to: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), to);
    }
}

fn remove(value: &mut Value, name: &str) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove(name);
    }
}

/// The body at so many bytes a second; the length is announced, so a client knows what it waits for.
async fn slow(response: Response, bytes_per_second: u64) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let rate = bytes_per_second.max(1);
    // Twenty steps a second, or one byte a step when that is still too fast.
    let step = usize::try_from(rate / 20).unwrap_or(usize::MAX).max(1);
    let pause = Duration::from_millis(step as u64 * 1_000 / rate);
    let chunks = stream::unfold(bytes, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let chunk = rest.split_to(step.min(rest.len()));
        Some((Ok::<_, std::io::Error>(chunk), rest))
    });
    Response::from_parts(parts, Body::from_stream(chunks))
}

fn garbage(seed: u64, bytes: u64) -> Body {
    const CHUNK: u64 = 65_536;
    let rng = ids::rng(seed, "garbage");
    let chunks = stream::unfold((rng, bytes), |(mut rng, left)| async move {
        if left == 0 {
            return None;
        }
        let length = left.min(CHUNK);
        let mut chunk = BytesMut::zeroed(usize::try_from(length).unwrap_or(0));
        rng.fill_bytes(&mut chunk);
        Some((Ok::<_, std::io::Error>(chunk.freeze()), (rng, left - length)))
    });
    Body::from_stream(chunks)
}

/// Valid messages of one conversation, newest first, a second apart, until the body is long enough.
fn huge(now: i64, bytes: u64) -> Body {
    const PER_CHUNK: u64 = 256;
    let next_update = iso_ms(now + 60_000);
    let head =
        format!(r#"{{"status":"success","lastUpdated":"{}","nextUpdate":"{next_update}","messages":["#, iso_ms(now));
    let rows = stream::unfold((0_u64, 0_u64), move |(written, n)| async move {
        if written >= bytes {
            return None;
        }
        let mut chunk = String::new();
        for n in n..n + PER_CHUNK {
            let at = iso_ms(now - i64::try_from(n).unwrap_or(0) * 1_000);
            let comma = if n == 0 { "" } else { "," };
            chunk.push_str(comma);
            chunk.push_str(&format!(
                r#"{{"id":"m_huge{n}","conversationId":"t_1000000000000001","platform":"facebook","action":"received","senderId":"7000000000000001","senderDetails":{{"name":"Hugo Long"}},"recipientId":"9000000000000001","created":"{at}","message":"One of very many messages, number {n}, long enough to be a sentence that a person could have written on a slow afternoon."}}"#
            ));
        }
        Some((Bytes::from(chunk.clone()), (written + chunk.len() as u64, n + PER_CHUNK)))
    });
    let body = stream::once(async move { Bytes::from(head) })
        .chain(rows)
        .chain(stream::once(async { Bytes::from_static(b"]}") }))
        .map(Ok::<_, std::io::Error>);
    Body::from_stream(body)
}

//! The HTTP side of the Graph view: from a request to calls, and from results to answers (reference 1.1, 5.1, 12).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Extension, FromRequest as _, Multipart, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::Response;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::blob::{Beyond, Blob};
use crate::graph::call::{Call, Caller, Part};
use crate::graph::error::GraphError;
use crate::graph::route::dispatch;
use crate::graph::{tokens, wire};
use crate::networks;
use crate::platform::Platform;
use crate::server::answer::{pairs, query};
use crate::state::{Core, State};

/// Versions that answer for themselves; an older one is answered by the first (reference 1.1).
const VERSIONS: [&str; 6] = ["v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0"];

/// The number of a request, for its handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub u64);

pub(crate) async fn serve(
    Shared(core): Shared<Arc<Core>>,
    Extension(Number(number)): Extension<Number>,
    request: Request,
) -> Response {
    let latency = core.lock().graph.knobs.latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let token = bearer(request.headers());
    let mut meter = None;
    let (call, read) = match read(request, number).await {
        Ok(call) => (call, Ok(())),
        Err((call, error)) => (call, Err(error)),
    };
    let result = answer(&core, &call, token.as_deref(), read, &mut meter).await;
    let caller = {
        let token = token.as_deref().or(call.param("access_token"));
        tokens::identify(&core.lock(), core.clock.now_ms(), token, &call).ok()
    };
    finish(&core, &call, caller.as_ref(), meter, result)
}

async fn answer(
    core: &Arc<Core>,
    call: &Call,
    token: Option<&str>,
    read: Result<(), GraphError>,
    meter: &mut Option<Platform>,
) -> Result<Value, GraphError> {
    if call.method == "GET" && call.path == ["oauth", "access_token"] {
        return core.act(|state, now| tokens::exchange(state, now, call));
    }
    // The token comes before everything else that may be wrong (reference 1.6).
    let token = token.or(call.param("access_token"));
    let caller = core.act(|state, now| tokens::identify(state, now, token, call))?;
    read?;
    match call.param("batch") {
        Some(items) if call.method == "POST" && call.path.is_empty() => batch(core, call, &caller, items).await,
        _ => dispatch(core, &plain(call), &caller, meter).await,
    }
}

/// The call without what only says who asks: it is repeated in `paging.next`.
fn plain(call: &Call) -> Call {
    let mut call = call.clone();
    for name in ["access_token", "appsecret_proof", "method"] {
        call.params.remove(name);
    }
    call
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("OAuth "))?;
    Some(token.trim().to_owned())
}

/// Puts the answer's headers on: usage, version, trace.
fn finish(
    core: &Core,
    call: &Call,
    caller: Option<&Caller>,
    meter: Option<Platform>,
    result: Result<Value, GraphError>,
) -> Response {
    let mut state = core.lock();
    let trace = wire::trace(&mut state);
    let (mut response, error) = match result {
        Ok(body) => (wire::answer(200, &body), None),
        Err(error) => (wire::answer(error.http, &error.body(state.graph.knobs.foreign_errors, &trace)), Some(error)),
    };
    let headers = response.headers_mut();
    if let Some((name, value)) = wire::usage(&state, caller, meter) {
        wire::put(headers, name, &value);
    }
    wire::put(headers, HeaderName::from_static("facebook-api-version"), &call.version);
    wire::put(headers, HeaderName::from_static("x-fb-trace-id"), &trace);
    if let Some(error) = error {
        let kind = if error.code == 190 { "invalid_token" } else { "invalid_request" };
        let text: String =
            error.message.chars().filter(|c| c.is_ascii() && !c.is_ascii_control() && *c != '"').collect();
        let value = format!("OAuth \"Facebook Platform\" \"{kind}\" \"{text}\"");
        wire::put(headers, header::WWW_AUTHENTICATE, &value);
    }
    response
}

/// What is known of a caller before the call is read: enough for the usage header of an answer that no handler gave.
#[derive(Debug)]
pub(crate) struct Asked {
    token: Option<String>,
    platform: Option<Platform>,
}

impl Asked {
    pub(crate) fn of(headers: &HeaderMap, raw_query: Option<&str>) -> Self {
        let pairs = pairs(raw_query);
        let token = bearer(headers).or_else(|| query(&pairs, "access_token").map(str::to_owned));
        let platform = match query(&pairs, "platform").map(str::to_ascii_lowercase).as_deref() {
            Some("instagram") => Some(Platform::Instagram),
            Some("messenger") => Some(Platform::Facebook),
            _ => None,
        };
        Self { token, platform }
    }

    /// Adds the meter where it is missing: Graph's refusals show it too, a gateway's page does not.
    pub(crate) fn stamp(&self, core: &Core, headers: &mut HeaderMap) {
        let graphs_own = headers.get(header::CONTENT_TYPE) == Some(&wire::JSON);
        if !graphs_own || headers.keys().any(|name| name.as_str().ends_with("-usage")) {
            return;
        }
        let state = core.lock();
        let call = Call::default();
        let Ok(caller) = tokens::identify(&state, core.clock.now_ms(), self.token.as_deref(), &call) else { return };
        if let Some((name, value)) = wire::usage(&state, Some(&caller), self.platform) {
            wire::put(headers, name, &value);
        }
    }
}

/// An error as a whole answer, for a fault that was asked for.
pub(crate) fn refusal(core: &Core, error: &GraphError) -> Response {
    let call = Call { version: "v25.0".to_owned(), ..Call::default() };
    finish(core, &call, None, None, Err(error.clone()))
}

/// Version and path segments.
fn split(path: &str) -> (String, Vec<String>) {
    let decode = |s: &str| percent_decode_str(s).decode_utf8_lossy().into_owned();
    let path = path.strip_prefix("/graph").unwrap_or(path);
    let mut segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
    let number = segments.first().and_then(|s| s.strip_prefix('v')?.strip_suffix(".0")?.parse::<u32>().ok());
    let oldest = VERSIONS.first().copied().unwrap_or_default().to_owned();
    match (segments.first().cloned(), number) {
        (Some(named), Some(_)) if VERSIONS.contains(&named.as_str()) => {
            segments.remove(0);
            (named, segments)
        }
        (Some(_), Some(number)) if number < 21 => {
            segments.remove(0);
            (oldest, segments)
        }
        // A version that does not exist yet is a path that does not exist.
        _ => (oldest, segments),
    }
}

/// Reads a request into a call. What cannot be read is told only after the token was looked at.
async fn read(request: Request, number: u64) -> Result<Call, (Call, GraphError)> {
    let (version, path) = split(request.uri().path());
    let params: BTreeMap<String, String> = pairs(request.uri().query()).into_iter().collect();
    let mut call = Call {
        method: request.method().as_str().to_owned(),
        version,
        path,
        params,
        files: Vec::new(),
        request: number,
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let done = if kind.starts_with("multipart/form-data") {
        form(request, &mut call).await
    } else {
        let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
        body(&kind, &bytes, &mut call)
    };
    if call.method == "POST"
        && matches!(call.param("method").map(str::to_ascii_uppercase).as_deref(), Some("GET" | "DELETE"))
    {
        call.method = call.param("method").unwrap_or_default().to_ascii_uppercase();
    }
    match done {
        Ok(()) => Ok(call),
        Err(error) => Err((call, error)),
    }
}

fn body(kind: &str, bytes: &Bytes, call: &mut Call) -> Result<(), GraphError> {
    if bytes.is_empty() {
        return Ok(());
    }
    if kind.starts_with("application/json") {
        let broken = || GraphError::parameter("The request body is not a JSON object");
        let Value::Object(fields) = serde_json::from_slice(bytes).map_err(|_| broken())? else { return Err(broken()) };
        for (key, value) in fields {
            let text = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            call.params.insert(key, text);
        }
    } else {
        call.params.extend(url::form_urlencoded::parse(bytes).into_owned());
    }
    Ok(())
}

async fn form(request: Request, call: &mut Call) -> Result<(), GraphError> {
    let broken = || GraphError::parameter("The form could not be read");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let content_type = field.content_type().unwrap_or_default().to_owned();
        if let Some(file_name) = file_name {
            // Nothing larger is taken for anything; the rest is only counted.
            let most = networks::most(Platform::Facebook);
            let blob = Blob::collect(field, most, Beyond::Count).await.map_err(|_| broken())?;
            call.files.push(Part { name, file_name, content_type, blob });
        } else {
            call.params.insert(name, field.text().await.map_err(|_| broken())?);
        }
    }
    Ok(())
}

/// So many items in one batch (reference 5.1).
const MOST_ITEMS: usize = 50;

/// `POST /` with `batch`: each item is a call of its own, answered in order.
async fn batch(core: &Arc<Core>, call: &Call, caller: &Caller, items: &str) -> Result<Value, GraphError> {
    let broken = || GraphError::parameter("The batch must be a JSON array of objects");
    let items: Vec<Value> = serde_json::from_str(items).map_err(|_| broken())?;
    if items.len() > MOST_ITEMS {
        return Err(GraphError::parameter(&format!(
            "Too many requests in batch message. Maximum batch size is {MOST_ITEMS}"
        )));
    }
    let with_headers = call.param("include_headers") != Some("false");
    let mut named: BTreeMap<String, Value> = BTreeMap::new();
    let mut out = Vec::new();
    for item in &items {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let relative = insert_results(text("relative_url"), &named);
        let (path, query) = relative.split_once('?').unwrap_or((&relative, ""));
        let (version, path) = split(&format!("/{}", path.trim_start_matches('/')));
        let mut params: BTreeMap<String, String> = pairs(Some(query)).into_iter().collect();
        params.extend(pairs(Some(&insert_results(text("body"), &named))));
        let method = Some(text("method")).filter(|m| !m.is_empty()).unwrap_or("GET").to_ascii_uppercase();
        let attached = text("attached_files");
        let files = call.files.iter().filter(|p| attached.split(',').any(|n| n.trim() == p.name)).cloned().collect();
        let version =
            if text("relative_url").trim_start_matches('/').starts_with('v') { version } else { call.version.clone() };
        let sub = Call { method, version, path, params, files, request: call.request };
        let own = sub.param("access_token").or_else(|| item.get("access_token").and_then(Value::as_str));
        let mut meter = None;
        let who = match own {
            Some(token) => core.act(|state, now| tokens::identify(state, now, Some(token), &sub)),
            None => Ok(caller.clone()),
        };
        let result = match &who {
            Ok(who) => dispatch(core, &plain(&sub), who, &mut meter).await,
            Err(error) => Err(error.clone()),
        };
        let name = text("name");
        let needed = !name.is_empty() && items.iter().any(|i| i.to_string().contains(&format!("{{result={name}:")));
        let omit = item.get("omit_response_on_success").and_then(Value::as_bool).unwrap_or(needed);
        if let Ok(value) = &result {
            named.insert(name.to_owned(), value.clone());
        }
        if omit && result.is_ok() {
            out.push(Value::Null);
            continue;
        }
        out.push(item_json(&mut core.lock(), &sub, who.ok().as_ref(), meter, result, with_headers));
    }
    Ok(Value::Array(out))
}

fn item_json(
    state: &mut State,
    call: &Call,
    caller: Option<&Caller>,
    meter: Option<Platform>,
    result: Result<Value, GraphError>,
    with_headers: bool,
) -> Value {
    let (code, body) = match result {
        Ok(body) => (200, body),
        Err(error) => {
            let trace = wire::trace(state);
            (error.http, error.body(state.graph.knobs.foreign_errors, &trace))
        }
    };
    let mut out = json!({ "code": code, "body": String::from_utf8_lossy(&wire::json_bytes(&body)) });
    if let (true, Some(object)) = (with_headers, out.as_object_mut()) {
        let mut headers = vec![
            json!({ "name": "Content-Type", "value": "application/json; charset=UTF-8" }),
            json!({ "name": "facebook-api-version", "value": call.version }),
        ];
        if let Some((name, value)) = wire::usage(state, caller, meter) {
            headers.push(json!({ "name": name.as_str(), "value": value }));
        }
        object.insert("headers".to_owned(), Value::Array(headers));
    }
    out
}

/// Fills in `{result=NAME:$.data.0.id}`; `*` joins what a list has with commas. What is not there becomes nothing.
fn insert_results(text: &str, named: &BTreeMap<String, Value>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{result=") {
        let Some((expression, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        if let Some((name, path)) = expression.split_once(':') {
            let start: Vec<&Value> = named.get(name).into_iter().collect();
            let found = path.trim_start_matches('$').split('.').filter(|s| !s.is_empty()).fold(start, |now, step| {
                now.into_iter()
                    .flat_map(|value| match (step, value) {
                        ("*", Value::Array(items)) => items.iter().collect(),
                        (_, Value::Array(items)) => {
                            step.parse::<usize>().ok().and_then(|n| items.get(n)).into_iter().collect()
                        }
                        _ => value.get(step).into_iter().collect::<Vec<_>>(),
                    })
                    .collect()
            });
            let texts = found.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            out.push_str(&texts.collect::<Vec<_>>().join(","));
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_split_off_and_old_ones_are_answered_by_the_oldest() {
        let seen = |path: &str| {
            let (version, rest) = split(path);
            format!("{version} {}", rest.join("|"))
        };
        assert_eq!(seen("/graph/v25.0/me/accounts"), "v25.0 me|accounts");
        assert_eq!(seen("/graph/v3.0/t_1"), "v21.0 t_1");
        assert_eq!(seen("/graph/t_1/messages"), "v21.0 t_1|messages");
        assert_eq!(seen("/graph/v27.0/me"), "v21.0 v27.0|me");
        assert_eq!(seen("/graph/v25.0/mid.%241%3A2%2F3"), "v25.0 mid.$1:2/3");
        assert_eq!(seen("/graph"), "v21.0 ");
    }

    #[test]
    fn results_of_earlier_items_are_filled_in() {
        let named = BTreeMap::from([("a".to_owned(), json!({ "data": [{ "id": "1" }, { "id": "2" }] }))]);
        assert_eq!(insert_results("{result=a:$.data.0.id}/messages", &named), "1/messages");
        assert_eq!(insert_results("?ids={result=a:$.data.*.id}&x=1", &named), "?ids=1,2&x=1");
        assert_eq!(insert_results("{result=b:$.x}y{result=", &named), "y{result=");
    }
}

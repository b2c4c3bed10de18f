//! The shapes of answers: JSON with Ayrshare's content type, and the three kinds of error (reference 9.1).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The exact content type of every JSON answer (reference 1.3).
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A body that is JSON already.
pub(crate) fn raw(http: u16, body: impl Into<Bytes>) -> Response {
    with_type(http, JSON, Body::from(body.into()))
}

pub(crate) fn with_type(http: u16, content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

pub(crate) fn ok(body: &impl Serialize) -> Response {
    raw(200, serde_json::to_vec(body).unwrap_or_default())
}

/// The flat error shape of most endpoints.
pub(crate) fn flat(http: u16, code: u32, action: &str, message: &str) -> Response {
    let body = json!({ "action": action, "status": "error", "code": code, "message": message });
    raw(http, body.to_string())
}

/// The wrapped error shape of posting.
pub(crate) fn wrapped(http: u16, code: u32, message: &str) -> Response {
    let error = json!({ "action": "post", "status": "error", "code": code, "message": message });
    raw(http, json!({ "status": "error", "errors": [error], "postIds": [], "id": "sim" }).to_string())
}

/// A missing or wrong parameter (code 101).
pub(crate) fn bad(message: &str) -> Response {
    flat(400, 101, "request", message)
}

/// The body as a JSON object. An empty body is an empty object, so that a missing field is reported as such.
pub(crate) fn object(body: &Bytes) -> Result<Map<String, Value>, Box<Response>> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|_| Box::new(bad("The body must be a JSON object.")))
}

/// The value of a query parameter; the last one wins.
pub(crate) fn query<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// `key[0]=a&key[1]=b` (reference 1.3).
pub(crate) fn query_list<'a>(pairs: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    pairs
        .iter()
        .filter(|(key, _)| key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('[')))
        .map(|(_, value)| value.as_str())
        .collect()
}

pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// `true`, `false`, `1`, `0`; anything else is a bad parameter.
pub(crate) fn boolean(value: Option<&str>) -> Result<bool, Box<Response>> {
    match value {
        None | Some("" | "false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Box::new(bad("A boolean must be true or false."))),
    }
}

//! What an error of Graph means, by its number first (`reference/meta-graph.md` 9). A stand-in that tells only the
//! coarsest apart: the full table replaces it.

use serde::Deserialize;
use serde_json::Value;

use super::client::Facts;
use crate::{AdapterError, Kind};

#[derive(Deserialize)]
struct Shape {
    error: Value,
}

/// Classifies an answer that is a refusal: not a 200, or a 200 with an `error`. What it says is not scrubbed yet.
pub(super) fn classify(status: u16, body: &[u8], facts: &Facts) -> AdapterError {
    let error = serde_json::from_slice::<Shape>(body).map(|shape| shape.error).unwrap_or_default();
    let number = |name: &str| error.get(name).and_then(Value::as_i64);
    let said = error.get("message").and_then(Value::as_str).unwrap_or("an answer that is no JSON of Graph's");
    let kind = match (number("code"), number("error_subcode")) {
        (Some(190), Some(463)) => Kind::TokenExpired,
        (Some(190 | 102), _) => Kind::TokenRevoked,
        (Some(4 | 17 | 32 | 341 | 613 | 80_000..=80_014), _) => Kind::RateLimited { wait: facts.wait },
        (Some(1 | 2), _) => Kind::Server,
        (Some(100), Some(33)) | (Some(9_000_001), _) => Kind::NotFound,
        (Some(10 | 200..=299), _) => Kind::Permission { name: None },
        (Some(_), _) => Kind::Rejected,
        (None, _) if status == 429 => Kind::RateLimited { wait: facts.wait },
        (None, _) if (500..600).contains(&status) => Kind::Server,
        (None, _) => Kind::Decode,
    };
    AdapterError {
        kind,
        http_status: Some(status),
        code: number("code").map(|code| code.to_string()),
        said: said.to_owned(),
        server_time: facts.server_time,
    }
}

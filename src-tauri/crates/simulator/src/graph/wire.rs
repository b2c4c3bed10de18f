//! How Graph writes: escapes, times, cursors, and the headers of every answer (reference 2.5, 5.3, 12).

use std::io;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::cursor;
use crate::graph::call::Caller;
use crate::graph::error::GraphError;
use crate::graph::state::{Meter, TokenKind};
use crate::ids;
use crate::platform::Platform;
use crate::server::answer;
use crate::state::State;

/// The content type of every JSON answer.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// Non-ASCII as `\uXXXX` and `/` as `\/`, as Meta sends it.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (place, c) in fragment.char_indices() {
            if c.is_ascii() && c != '/' {
                continue;
            }
            writer.write_all(fragment.get(plain..place).unwrap_or_default().as_bytes())?;
            if c == '/' {
                writer.write_all(b"\\/")?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            plain = place + c.len_utf8();
        }
        CompactFormatter.write_string_fragment(writer, fragment.get(plain..).unwrap_or_default())
    }
}

/// The bytes of a JSON body in Meta's spelling. Webhook bodies are signed over exactly these.
pub(crate) fn json_bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing a value into a vector has no way to fail.
    drop(value.serialize(&mut Serializer::with_formatter(&mut out, Ascii)));
    out
}

/// `2026-11-20T16:04:31+0000`.
pub(crate) fn time(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// A place in a list. `Z` is an escape: `ZD` stands for `=`, `ZA` for itself (`MAZDZD` is base64 of `0`).
pub(crate) fn cursor(state: &State, at: i64, seq: u64) -> String {
    let plain = cursor::encode(at, seq, state.world.seed, state.cursor_epoch);
    let padded = format!("{plain}{}", "=".repeat((4 - plain.len() % 4) % 4));
    padded.replace('Z', "ZA").replace('=', "ZD")
}

pub(crate) fn read_cursor(state: &State, text: &str) -> Result<(i64, u64), GraphError> {
    let plain = text.replace("ZD", "").replace("ZA", "Z");
    cursor::decode(&plain, state.world.seed, state.cursor_epoch)
        .ok_or_else(|| GraphError::parameter("The cursor specified is not valid"))
}

/// A trace id that no other answer has.
pub(crate) fn trace(state: &mut State) -> String {
    state.graph.issued += 1;
    let word = ids::hex(state.world.seed, &format!("trace/{}", state.graph.issued), 9);
    format!("A{}", word.get(..14).unwrap_or_default())
}

/// An answer with the status and the body in Meta's spelling.
pub(crate) fn answer(http: u16, body: &Value) -> Response {
    answer::with_type(http, JSON, Body::from(json_bytes(body)))
}

/// Which meter an answer shows.
pub(crate) fn usage(
    state: &State,
    caller: Option<&Caller>,
    platform: Option<Platform>,
) -> Option<(HeaderName, String)> {
    let caller = caller?;
    let TokenKind::Page(profile) = caller.kind else {
        return Some((HeaderName::from_static("x-app-usage"), meter_json(state.graph.app_meter).to_string()));
    };
    let meter = state.graph.meters.get(&(profile, platform.unwrap_or(Platform::Facebook))).copied().unwrap_or_default();
    let (account, kind) = match platform {
        Some(Platform::Instagram) => (Platform::Instagram, "instagram"),
        Some(_) => (Platform::Facebook, "messenger"),
        None => (Platform::Facebook, "pages"),
    };
    let id = state.world.account(profile, account)?.id.clone();
    let mut figures = meter_json(meter);
    if let Some(object) = figures.as_object_mut() {
        object.insert("type".to_owned(), kind.into());
        object.insert("estimated_time_to_regain_access".to_owned(), meter.regain_minutes.into());
    }
    Some((HeaderName::from_static("x-business-use-case-usage"), serde_json::json!({ id: [figures] }).to_string()))
}

fn meter_json(meter: Meter) -> Value {
    serde_json::json!({
        "call_count": meter.call_count, "total_cputime": meter.total_cputime, "total_time": meter.total_time,
    })
}

/// Puts a header whose value may come from outside; what cannot be a header is left out.
pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_ascii_and_slashes_are_escaped() {
        let bytes = json_bytes(&serde_json::json!({ "a": "é/🎂\n\"" }));
        assert_eq!(String::from_utf8_lossy(&bytes), r#"{"a":"\u00e9\/\ud83c\udf82\n\""}"#);
    }

    #[test]
    fn times_have_no_colon_in_the_offset() {
        assert_eq!(time(1_795_190_671_482), "2026-11-20T16:04:31+0000");
    }
}

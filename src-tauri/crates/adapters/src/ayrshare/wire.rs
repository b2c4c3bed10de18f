//! The shapes of Ayrshare's items, read so that no single odd field can cost an item (`reference/ayrshare.md` 12.1).
//!
//! Every field is first held as the JSON it came as and then read by a lenient function of its own: a number where a
//! string should be is taken, `null` counts as absent, and what cannot be read at all is absent. Fields with several
//! spellings have one member each, because serde's `alias` refuses an item that carries two of them.

use backscroll_model::{RemoteId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longer ids do not exist; one of a megabyte must not become a key.
const ID_BYTES: usize = 1024;
/// Above this a number is milliseconds, below it seconds (quirk 17).
const SMALLEST_MS: u64 = 100_000_000_000;

/// An element as it came, not read yet.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// A message of variant A (2.2).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    pub id: Raw<'a>,
    #[serde(borrow, default)]
    pub conversation_id: Raw<'a>,
    #[serde(borrow, default)]
    pub action: Raw<'a>,
    #[serde(borrow, default)]
    pub message: Raw<'a>,
    #[serde(borrow, default)]
    pub created: Raw<'a>,
    #[serde(borrow, default)]
    pub sender_id: Raw<'a>,
    #[serde(borrow, default)]
    pub recipient_id: Raw<'a>,
    #[serde(borrow, default)]
    pub sender_details: Raw<'a>,
    #[serde(borrow, default)]
    pub recipient_details: Raw<'a>,
    #[serde(borrow, default)]
    pub attachments: Raw<'a>,
    #[serde(borrow, default)]
    pub reactions: Raw<'a>,
}

/// `senderDetails`, `recipientDetails`, `participant`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Person<'a> {
    #[serde(borrow)]
    pub id: Raw<'a>,
    #[serde(borrow)]
    pub name: Raw<'a>,
    #[serde(borrow)]
    pub username: Raw<'a>,
    #[serde(borrow)]
    profile_image: Raw<'a>,
    #[serde(borrow)]
    picture: Raw<'a>,
    #[serde(borrow)]
    user_image: Raw<'a>,
    #[serde(borrow)]
    profile_image_url: Raw<'a>,
}

impl<'a> Person<'a> {
    /// Reads one; anything but an object is nobody.
    pub fn of(raw: Raw<'a>) -> Self {
        raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
    }

    /// The picture, by whichever of its four names (quirk 9).
    pub fn avatar(&self) -> Option<String> {
        [self.profile_image, self.picture, self.user_image, self.profile_image_url].into_iter().find_map(text)
    }
}

/// An entry of `attachments`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Raw<'a>,
    #[serde(borrow)]
    pub url: Raw<'a>,
}

/// An entry of `converstationsDetails` (2.3).
#[derive(Debug, Deserialize)]
pub(super) struct Conversation<'a> {
    #[serde(borrow, default)]
    pub id: Raw<'a>,
    #[serde(borrow, default)]
    pub participant: Raw<'a>,
    #[serde(borrow, default)]
    pub status: Raw<'a>,
    #[serde(borrow, default)]
    pub watermark: Raw<'a>,
}

/// A string that is not empty, or the digits of a number.
pub(super) fn text(raw: Raw<'_>) -> Option<String> {
    let json = raw?.get();
    match json.as_bytes().first()? {
        b'"' => string(json).filter(|s| !s.is_empty()),
        b'0'..=b'9' | b'-' => Some(json.to_owned()),
        _ => None,
    }
}

/// An id: a string, or an integer kept digit by digit (it may be wider than 64 bits).
pub(super) fn id(raw: Raw<'_>) -> Option<RemoteId> {
    text(raw).filter(|id| id.len() <= ID_BYTES).map(RemoteId)
}

/// `true`, `"true"`, `1`, and their opposites.
pub(super) fn boolean(raw: Raw<'_>) -> Option<bool> {
    match raw?.get() {
        "true" | "\"true\"" | "1" => Some(true),
        "false" | "\"false\"" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number, also as a string; fractions are cut.
pub(super) fn integer(raw: Raw<'_>) -> Option<i64> {
    let digits = text(raw)?;
    let digits = digits.trim();
    digits.parse().ok().or_else(|| {
        let float: f64 = digits.parse().ok()?;
        // `as` saturates and turns NaN into 0, which is what is wanted of nonsense.
        float.is_finite().then_some(float as i64)
    })
}

/// An instant: RFC 3339, else seconds or milliseconds, else an object with `utc` or `_seconds` (quirks 17, 21).
pub(super) fn time(raw: Raw<'_>) -> Option<Timestamp> {
    let json = raw?.get();
    if json.starts_with('{') {
        let parts: TimeParts<'_> = serde_json::from_str(json).ok()?;
        let seconds = || in_range(integer(parts.seconds)?.checked_mul(1000)?.checked_add(nanos(parts.nanoseconds))?);
        return time(parts.utc).or_else(seconds);
    }
    let written = text(raw)?;
    if let Ok(at) = written.trim().parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    let number = integer(raw)?;
    in_range(if number.unsigned_abs() > SMALLEST_MS { number } else { number.checked_mul(1000)? })
}

#[derive(Deserialize)]
struct TimeParts<'a> {
    #[serde(borrow, default)]
    utc: Raw<'a>,
    #[serde(borrow, default, rename = "_seconds")]
    seconds: Raw<'a>,
    #[serde(borrow, default, rename = "_nanoseconds")]
    nanoseconds: Raw<'a>,
}

fn nanos(raw: Raw<'_>) -> i64 {
    integer(raw).unwrap_or(0).clamp(0, 999_999_999) / 1_000_000
}

/// Milliseconds that a calendar has: years -9999 to 9999.
fn in_range(ms: i64) -> Option<Timestamp> {
    jiff::Timestamp::from_millisecond(ms).ok().map(|_| Timestamp(ms))
}

/// The elements of an array; anything else has none.
pub(super) fn list<'a>(raw: Raw<'a>) -> Vec<&'a RawValue> {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
}

/// A JSON string. Lone surrogates, which JavaScript lets through and Rust does not, become U+FFFD.
fn string(json: &str) -> Option<String> {
    serde_json::from_str::<String>(json).ok().or_else(|| {
        let mut parser = serde_json::Deserializer::from_str(json);
        serde::Deserializer::deserialize_bytes(&mut parser, Lossy).ok()
    })
}

struct Lossy;

impl serde::de::Visitor<'_> for Lossy {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<String, E> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn an_instant_is_read_in_every_form_that_has_been_seen() {
        let expected = Some(Timestamp(1_770_112_805_120));
        for json in [
            r#""2026-02-03T10:00:05.120Z""#,
            r#""2026-02-03T10:00:05.120+00:00""#,
            r#""2026-02-03T10:00:05.120+0000""#,
            "1770112805120",
            r#""1770112805120""#,
            r#"{"utc": "2026-02-03T10:00:05.120Z"}"#,
            r#"{"_seconds": 1770112805, "_nanoseconds": 120000000}"#,
        ] {
            assert_eq!(time(Some(&raw(json))), expected, "{json}");
        }
        assert_eq!(time(Some(&raw("1770112805"))), Some(Timestamp(1_770_112_805_000)));
        for json in ["true", r#""soon""#, r#""""#, "{}", "[]", "9e300", "92233720368547758"] {
            assert_eq!(time(Some(&raw(json))), None, "{json}");
        }
    }

    #[test]
    fn ids_are_kept_digit_by_digit() {
        assert_eq!(id(Some(&raw("123456789012345678901234567890"))).unwrap().0, "123456789012345678901234567890");
        assert_eq!(id(Some(&raw(r#""aWdf=""#))).unwrap().0, "aWdf=");
        assert_eq!(id(Some(&raw(&format!("\"{}\"", "x".repeat(2000))))), None);
        assert_eq!(id(Some(&raw("{}"))), None);
    }

    #[test]
    fn a_lone_surrogate_costs_one_character_and_not_the_text() {
        assert_eq!(text(Some(&raw(r#""a\ud83d b""#))).unwrap().chars().next(), Some('a'));
        assert!(text(Some(&raw(r#""a\ud83d b""#))).unwrap().ends_with(" b"));
    }

    #[test]
    fn two_spellings_of_the_avatar_do_not_cost_the_person() {
        let json = raw(r#"{"name": "Ada", "picture": null, "profileImage": "https://a.test/1", "userImage": 7}"#);
        assert_eq!(Person::of(Some(&json)).avatar().as_deref(), Some("https://a.test/1"));
    }
}

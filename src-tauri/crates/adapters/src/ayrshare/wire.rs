//! The shapes of Ayrshare's items, read so that no single odd field can cost an item (`reference/ayrshare.md` 12.1).
//!
//! Every field is first held as the JSON it came as and then read by a lenient function of its own: a number where a
//! string should be is taken, `null` counts as absent, and what cannot be read at all is absent. Fields with several
//! spellings have one member each, because serde's `alias` refuses an item that carries two of them.

use backscroll_model::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::loose::{Raw, in_range, integer, seconds_or_ms, text};

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
    seconds_or_ms(integer(raw)?)
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

/// The elements of an array; anything else has none.
pub(super) fn list<'a>(raw: Raw<'a>) -> Vec<&'a RawValue> {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::raw;

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
    fn two_spellings_of_the_avatar_do_not_cost_the_person() {
        let json = raw(r#"{"name": "Ada", "picture": null, "profileImage": "https://a.test/1", "userImage": 7}"#);
        assert_eq!(Person::of(Some(&json)).avatar().as_deref(), Some("https://a.test/1"));
    }
}

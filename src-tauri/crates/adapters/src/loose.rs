//! JSON as strangers write it: values held as they came, and read one by one without insisting on their type.
//!
//! Promises: no function fails; what cannot be read is absent, and so is `null`. A number where a string should be is
//! taken, digit by digit, and a number that came as a string is one. A lone surrogate costs one character and not the
//! text. Nothing grows without bound where it becomes a key.
//!
//! Refuses: to know any provider. Their instants and their lists differ, so `time` and `list` stand in the `wire` of each.

use backscroll_model::{RemoteId, Timestamp};
use serde_json::value::RawValue;

/// Longer ids do not exist; one of a megabyte must not become a key.
const ID_BYTES: usize = 1024;
/// Above this a number is milliseconds, below it seconds (`reference/ayrshare.md` quirk 17, `reference/meta-graph.md` 7.5).
const SMALLEST_MS: u64 = 100_000_000_000;

/// An element as it came, not read yet.
pub(crate) type Raw<'a> = Option<&'a RawValue>;

/// A string that is not empty, or the digits of a number.
pub(crate) fn text(raw: Raw<'_>) -> Option<String> {
    let json = raw?.get();
    match json.as_bytes().first()? {
        b'"' => string(json).filter(|s| !s.is_empty()),
        b'0'..=b'9' | b'-' => Some(json.to_owned()),
        _ => None,
    }
}

/// An id: a string, or an integer kept digit by digit (it may be wider than 64 bits).
pub(crate) fn id(raw: Raw<'_>) -> Option<RemoteId> {
    text(raw).filter(|id| id.len() <= ID_BYTES).map(RemoteId)
}

/// `true`, `"true"`, `1`, and their opposites.
pub(crate) fn boolean(raw: Raw<'_>) -> Option<bool> {
    match raw?.get() {
        "true" | "\"true\"" | "1" => Some(true),
        "false" | "\"false\"" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number, also as a string; fractions are cut.
pub(crate) fn integer(raw: Raw<'_>) -> Option<i64> {
    let digits = text(raw)?;
    let digits = digits.trim();
    digits.parse().ok().or_else(|| {
        let float: f64 = digits.parse().ok()?;
        // `as` saturates and turns NaN into 0, which is what is wanted of nonsense.
        float.is_finite().then_some(float as i64)
    })
}

/// An instant given as a number: seconds or milliseconds since 1970, by magnitude.
pub(crate) fn seconds_or_ms(number: i64) -> Option<Timestamp> {
    in_range(if number.unsigned_abs() > SMALLEST_MS { number } else { number.checked_mul(1000)? })
}

/// Milliseconds that a calendar has: years -9999 to 9999.
pub(crate) fn in_range(ms: i64) -> Option<Timestamp> {
    jiff::Timestamp::from_millisecond(ms).ok().map(|_| Timestamp(ms))
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
    use crate::test_support::raw;

    #[test]
    fn ids_are_kept_digit_by_digit_and_never_grow_without_bound() {
        assert_eq!(id(Some(&raw("123456789012345678901234567890"))).unwrap().0, "123456789012345678901234567890");
        assert_eq!(id(Some(&raw(r#""aWdf=""#))).unwrap().0, "aWdf=");
        assert_eq!(id(Some(&raw(r#""mid.$cAA:x=""#))).unwrap().0, "mid.$cAA:x=");
        assert_eq!(id(Some(&raw(&format!("\"{}\"", "x".repeat(2000))))), None);
        assert_eq!(id(Some(&raw("{}"))), None);
    }

    #[test]
    fn a_lone_surrogate_costs_one_character_and_not_the_text() {
        let read = text(Some(&raw(r#""a\ud83d b""#))).unwrap();
        assert!(read.starts_with('a') && read.ends_with(" b"), "{read}");
        assert_eq!(text(Some(&raw(r#""M\u00fcller \/ S\u00f6hne""#))).unwrap(), "Müller / Söhne");
    }

    #[test]
    fn a_flag_and_a_number_are_read_from_either_type() {
        for (json, flag, number) in [
            ("true", Some(true), None),
            (r#""false""#, Some(false), None),
            ("1", Some(true), Some(1)),
            (r#"" 12 ""#, None, Some(12)),
            ("-7.9", None, Some(-7)),
            ("9e300", None, Some(i64::MAX)),
            (r#""""#, None, None),
            ("null", None, None),
            ("[1]", None, None),
        ] {
            assert_eq!((boolean(Some(&raw(json))), integer(Some(&raw(json)))), (flag, number), "{json}");
        }
        assert_eq!((text(None), integer(None), boolean(None)), (None, None, None));
    }

    #[test]
    fn a_number_is_seconds_or_milliseconds_by_its_magnitude() {
        assert_eq!(seconds_or_ms(1_770_112_805), Some(Timestamp(1_770_112_805_000)));
        assert_eq!(seconds_or_ms(1_770_112_805_120), Some(Timestamp(1_770_112_805_120)));
        assert_eq!(seconds_or_ms(i64::MAX), None, "no calendar has it");
    }
}

//! What an error answer of Graph means: by its numbers (`reference/meta-graph.md` 1.5, 5.5, 6.5, 9.2).
//!
//! Promises: `code` and `error_subcode` decide, an unmistakable number in either position (9.2, last lines); an `error`
//! key counts under any HTTP status; the status decides only where there is no error to read, or one with a number that
//! nobody has documented.
//!
//! Refuses words, because Graph localises them, with three exceptions that have no number of their own: code 1 with
//! "reduce the amount of data" (2.4), the English text of 9000001 (4.4), and the name of the parameter
//! `appsecret_proof` (1.4). The names of permissions in a text are identifiers and stay what they are in any language.

use std::time::Duration;

use serde_json::value::RawValue;

use super::client::Facts;
use super::wire::Object;
use crate::loose;
use crate::{AdapterError, Kind};

/// Permissions of Meta that an error may name (1.6).
const PERMISSIONS: [&str; 8] = [
    "instagram_manage_messages",
    "instagram_manage_comments",
    "instagram_basic",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_show_list",
    "pages_messaging",
    "business_management",
];
/// The one thing that code 1 says in words only (2.4).
const TOO_MUCH_DATA: &str = "reduce the amount of data";
/// The documented text of 9000001 (4.4).
const DELETED: &str = "has been deleted by the user or the business";
/// The parameter that signs a call (1.4).
const PROOF: &str = "appsecret_proof";

/// A well-formed error of Graph (9.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `code`.
    pub code: i64,
    /// `error_subcode`.
    pub subcode: Option<i64>,
    /// `message`, perhaps localised.
    pub message: String,
    /// `is_transient`.
    pub transient: bool,
    /// `fbtrace_id`: what Meta's support asks for.
    pub trace: Option<String>,
}

impl Refusal {
    /// The `error` of an answer; `None`: there is none, or not one of Graph's.
    pub fn of(json: &str) -> Option<Self> {
        let outer: Object<'_> = serde_json::from_str(json).ok()?;
        Self::inner(outer.get("error")?)
    }

    /// An `error` object itself. Without a code it is not Graph's: gateways say `error` too.
    pub fn inner(error: &RawValue) -> Option<Self> {
        let error = Object::read(Some(error))?;
        // `subcode` is its name inside the `data` of `debug_token` (1.4).
        let subcode = [error.get("error_subcode"), error.get("subcode")].into_iter().find_map(loose::integer);
        Some(Self {
            code: loose::integer(error.get("code"))?,
            subcode: subcode.filter(|number| *number != 0),
            message: error.text("message").unwrap_or_default(),
            transient: error.is("is_transient"),
            trace: error.text("fbtrace_id"),
        })
    }

    /// `10/2018278`, or `10`: for *Details* and for logs.
    pub fn numbers(&self) -> String {
        match self.subcode {
            Some(subcode) => format!("{}/{subcode}", self.code),
            None => self.code.to_string(),
        }
    }

    /// For a person who looks at *Details*.
    pub fn said(&self) -> String {
        match &self.trace {
            Some(trace) => format!("{} (trace {trace})", self.message),
            None => self.message.clone(),
        }
    }

    /// The query must shrink (2.4). The same text can come from an unlucky combination of fields.
    pub fn is_too_much_data(&self) -> bool {
        self.code == 1 && self.has(TOO_MUCH_DATA)
    }

    /// Whether a number stands in either position.
    pub fn is(&self, number: i64) -> bool {
        self.code == number || self.subcode == Some(number)
    }

    fn has(&self, needle: &str) -> bool {
        self.message.to_ascii_lowercase().contains(needle)
    }

    fn permission(&self) -> Kind {
        let words = self.message.to_ascii_lowercase();
        // 2018028: only people with a role, until `pages_messaging` has Advanced Access (6.5).
        let known = self.is(2_018_028).then_some("pages_messaging");
        let name = PERMISSIONS.into_iter().find(|name| words.contains(name)).or(known);
        Kind::Permission { name: name.map(str::to_owned) }
    }
}

/// The error of an answer that is no success, its words not scrubbed yet. A wait for the rate is what the usage headers
/// say, else `None`: the caller counts strikes (5.5: 1, 2, 5, 15, 60 minutes).
pub(super) fn classify(http_status: u16, body: &[u8], facts: &Facts) -> AdapterError {
    let refusal = std::str::from_utf8(body).ok().and_then(Refusal::of);
    AdapterError {
        kind: kind(http_status, refusal.as_ref(), facts.wait),
        http_status: Some(http_status),
        code: refusal.as_ref().map(Refusal::numbers),
        said: refusal.map_or_else(|| "an answer that is no JSON of Graph's".to_owned(), |refusal| refusal.said()),
        server_time: facts.server_time,
    }
}

/// What an answer means that is no success. `refusal`: its error, if there was one to read; `wait`: what the usage
/// headers ask for, where the error is about haste.
pub(super) fn kind(http_status: u16, refusal: Option<&Refusal>, wait: Option<Duration>) -> Kind {
    let Some(refusal) = refusal else { return by_status(http_status, wait).unwrap_or(Kind::Decode) };
    let numbers = [refusal.subcode, Some(refusal.code)];
    numbers
        .into_iter()
        .flatten()
        .find_map(|number| unmistakable(number, refusal, wait))
        .or_else(|| by_code(refusal, wait))
        .or_else(|| refusal.transient.then_some(Kind::Server))
        .or_else(|| by_status(http_status, wait))
        .unwrap_or(Kind::Rejected)
}

/// Numbers that mean one thing wherever they stand.
fn unmistakable(number: i64, refusal: &Refusal, wait: Option<Duration>) -> Option<Kind> {
    Some(match number {
        2_018_278 | 2_534_022 | 2_018_065 | 1_893_015 => Kind::WindowClosed,
        // Nobody to write to, or nobody any more.
        2_018_108 | 1_545_041 | 2_018_001 | 2_534_014 => Kind::Recipient,
        1_893_063 | 1_404_170 | 2_534_029 | 1_893_016 | 2_018_338 => Kind::Restricted,
        2_018_300 | 2_018_321 | 2_534_037 => Kind::NotOwner,
        2_534_041 | 36_103 => Kind::MessageAccessOff,
        2_534_077 => Kind::Checkpoint,
        2_534_013 => Kind::NotLinked,
        2_018_344 | 2_018_336 | 2_534_068 | 2_018_021 | 2_018_027 | 2_018_028 | 2_018_218 | 2_018_247 => {
            refusal.permission()
        }
        80_000..=80_014 | 2_446_079 | 2_534_040 | 2_018_352 => Kind::RateLimited { wait },
        // Meta could not fetch a file, or could not read its own answer: nothing is wrong with the call.
        2_018_008 | 2_018_294 | 1_357_046 => Kind::Server,
        9_000_001 | 9_010 => Kind::NotFound,
        2_018_074 => Kind::UploadGone,
        2_018_047 | 2_018_109 | 2_534_015 | 2_534_080 | 2_018_014 | 2_018_034 | 2_018_164 | 2_534_025 => Kind::Rejected,
        _ => return None,
    })
}

/// The rows of 9.2 whose numbers are too small to mean anything alone.
fn by_code(refusal: &Refusal, wait: Option<Duration>) -> Option<Kind> {
    Some(match (refusal.code, refusal.subcode) {
        _ if refusal.has(DELETED) => Kind::NotFound,
        (100 | 104, _) if refusal.has(PROOF) => Kind::AppSecret,
        (190 | 102, subcode) => token(subcode),
        (104, _) => Kind::TokenRevoked,
        (1, Some(99)) => refusal.permission(),
        (1, _) if refusal.is_too_much_data() => Kind::TooLarge,
        (-1 | 1 | 2 | 1200, _) => Kind::Server,
        (4 | 17 | 32 | 341 | 613, _) => Kind::RateLimited { wait },
        (100, Some(33)) => Kind::NotFound,
        (100 | 2500 | 36_000, _) => Kind::Rejected,
        (368 | 2022, _) => Kind::Restricted,
        (551, _) => Kind::Recipient,
        (3 | 10 | 200..=299, _) => refusal.permission(),
        _ => return None,
    })
}

/// What became of a token (1.5). With a subcode that nobody has documented it must be had anew.
fn token(subcode: Option<i64>) -> Kind {
    match subcode {
        Some(463) => Kind::TokenExpired,
        Some(460) => Kind::PasswordChanged,
        Some(459 | 464) => Kind::Checkpoint,
        Some(492) => Kind::RoleLost,
        _ => Kind::TokenRevoked,
    }
}

/// What the status says, if it says anything (9.1: only where nothing better is known).
fn by_status(http_status: u16, wait: Option<Duration>) -> Option<Kind> {
    match http_status {
        401 => Some(Kind::TokenRevoked),
        429 => Some(Kind::RateLimited { wait }),
        100..=199 | 300..=399 | 408 | 500.. => Some(Kind::Server),
        _ => None,
    }
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;

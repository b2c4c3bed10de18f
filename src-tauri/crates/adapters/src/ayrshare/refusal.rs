//! What an error answer means: HTTP status first, then the words that are unmistakable, then the code, then other words.
//!
//! Ayrshare's numbers are ambiguous (349 is "account locked" in one place and "review not found" in another) and its
//! messages embed the network's own text, so a code alone never decides (`reference/ayrshare.md` 9.3). The three error
//! shapes are read alike: flat, wrapped in `errors`, and `statusCode`/`statusText` (7.3).

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire;
use crate::Kind;
use crate::loose::{self, Raw};

/// A well-formed error of Ayrshare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Refusal {
    /// Ayrshare's number, as text.
    pub code: Option<String>,
    /// Kind of error in free text.
    pub action: Option<String>,
    /// Words, often the network's.
    pub message: Option<String>,
}

/// Who asked: the same words mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Asker {
    /// A Profile Key was sent.
    pub as_profile: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow, default)]
    status: Raw<'a>,
    #[serde(borrow, default)]
    code: Raw<'a>,
    #[serde(borrow, default)]
    action: Raw<'a>,
    #[serde(borrow, default)]
    message: Raw<'a>,
    #[serde(borrow, default)]
    errors: Raw<'a>,
    #[serde(borrow, default)]
    error: Raw<'a>,
    #[serde(borrow, default)]
    status_code: Raw<'a>,
    #[serde(borrow, default)]
    status_text: Raw<'a>,
}

impl Refusal {
    /// Reads any of the three shapes; `None`: this is no error of Ayrshare's.
    pub fn of(json: &str) -> Option<Self> {
        let shape: Shape<'_> = match serde_json::from_str(json) {
            Ok(shape) => shape,
            // Some endpoints answer an array; its first error speaks.
            Err(_) => {
                return serde_json::from_str::<Vec<&RawValue>>(json).ok()?.into_iter().find_map(|r| Self::of(r.get()));
            }
        };
        if let Some(first) = wire::list(shape.errors).into_iter().find_map(|inner| Self::of(inner.get())) {
            return Some(first);
        }
        let refusal = Self {
            code: loose::text(shape.code).or_else(|| loose::text(shape.status_code)),
            action: loose::text(shape.action),
            message: [shape.message, shape.error, shape.status_text].into_iter().find_map(loose::text),
        };
        let says_error = loose::text(shape.status).is_some_and(|s| s.eq_ignore_ascii_case("error"));
        let says_success = loose::text(shape.status).is_some_and(|s| s.eq_ignore_ascii_case("success"));
        (says_error || !says_success && (refusal.code.is_some() || refusal.message.is_some())).then_some(refusal)
    }

    /// For a person who looks at *Details*.
    pub fn said(&self) -> String {
        let parts = [self.action.as_deref(), self.message.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    }
}

/// The network's own code, as Meta prints it in front of its words: `(#10) This message …`.
pub(super) fn meta_code(message: &str) -> Option<i32> {
    let (_, after) = message.split_once("(#")?;
    let (digits, _) = after.split_once(')')?;
    digits.trim().parse().ok()
}

/// What an answer means that is no success. `refusal`: its body, if that was well-formed.
pub(super) fn kind(http_status: u16, refusal: Option<&Refusal>, wait: Option<Duration>, asker: Asker) -> Kind {
    let words = refusal.map(|r| r.said().to_lowercase()).unwrap_or_default();
    match http_status {
        401 if speaks_of_profile_key(&words) => return Kind::ProfileKeyAsApiKey,
        401 => return Kind::KeyRefused,
        402 => return Kind::PlanRequired,
        404 => return Kind::NotFound,
        429 => return Kind::RateLimited { wait },
        300..=399 | 408 | 500..=599 => return Kind::Server,
        _ => {}
    }
    let Some(refusal) = refusal else {
        return match http_status {
            200..=299 => Kind::Decode,
            403 if asker.as_profile => Kind::ProfileKeyRefused,
            403 => Kind::Permission { name: None },
            419 => Kind::XKeysMissing,
            _ => Kind::Rejected,
        };
    };
    unmistakable(&words, http_status)
        .or_else(|| of_this_message(&words, wait))
        .or_else(|| by_code(refusal.code.as_deref(), http_status))
        .or_else(|| by_network_code(&words, wait))
        .or_else(|| by_words(&words))
        .unwrap_or_else(|| if http_status == 403 { forbidden(&words, asker) } else { Kind::Rejected })
}

/// Phrases that mean one thing wherever they stand, whatever the number beside them.
fn unmistakable(words: &str, http_status: u16) -> Option<Kind> {
    let has = |needle: &str| words.contains(needle);
    if has("outside of allowed window") || has("outside of the allowed window") || has("outside the allowed window") {
        Some(Kind::WindowClosed)
    } else if has("x_credentials_required") || has("x-twitter-oauth1") {
        Some(Kind::XKeysMissing)
    } else if has("suspended") && (has("profile") || http_status == 403 && !has("recipient") && !has("user")) {
        // Not the other side's suspension, which X also reports in these words.
        Some(Kind::Suspended)
    } else {
        None
    }
}

/// What a network said of this very message, or of haste, is not about the account, whatever number Ayrshare put in
/// front of it (272 and 161 stand for anything that X and Facebook refuse, in one place or another).
fn of_this_message(words: &str, wait: Option<Duration>) -> Option<Kind> {
    let has = |needle: &str| words.contains(needle);
    if has("too many requests") || has("rate limit") {
        Some(Kind::RateLimited { wait })
    } else if meta_code(words) == Some(100) && !has("recipient") && !has("link") && !has("authoriz") {
        Some(Kind::Rejected)
    } else {
        None
    }
}

fn by_code(code: Option<&str>, http_status: u16) -> Option<Kind> {
    match (code?, http_status) {
        ("419", _) | (_, 419) => Some(Kind::XKeysMissing),
        ("156", _) => Some(Kind::NotLinked),
        ("161" | "272" | "362", _) => Some(Kind::LinkAgain),
        ("361", _) => Some(Kind::MessagingOff),
        ("146", _) => Some(Kind::TitleTaken),
        ("479", _) => Some(Kind::UploadGone),
        _ => None,
    }
}

/// Meta's numbers, where Ayrshare passes its words on (`reference/meta-graph.md`, errors).
fn by_network_code(words: &str, wait: Option<Duration>) -> Option<Kind> {
    match meta_code(words)? {
        -1 | 1 | 2 | 1200 => Some(Kind::Server),
        4 | 17 | 32 | 613 => Some(Kind::RateLimited { wait }),
        190 => Some(Kind::LinkAgain),
        100 if words.contains("recipient") => Some(Kind::Recipient),
        551 => Some(Kind::Recipient),
        3 | 10 | 200..=299 => Some(Kind::Permission { name: None }),
        _ => None,
    }
}

fn by_words(words: &str) -> Option<Kind> {
    let has = |needle: &str| words.contains(needle);
    if has("not linked") {
        Some(Kind::NotLinked)
    } else if has("re-link") || has("relink") || has("unlink") || has("link again") || has("linked again") {
        Some(Kind::LinkAgain)
    } else if has("messaging") && (has("not enabled") || has("not active") || has("enable messaging")) {
        Some(Kind::MessagingOff)
    } else if has("recipient") || has("does not accept messages") || has("cannot send messages to this user") {
        Some(Kind::Recipient)
    } else if has("permission") {
        Some(Kind::Permission { name: None })
    } else {
        None
    }
}

fn forbidden(words: &str, asker: Asker) -> Kind {
    if speaks_of_profile_key(words) {
        return if asker.as_profile { Kind::ProfileKeyRefused } else { Kind::ProfileKeyAsApiKey };
    }
    if ["business plan", "your plan", "upgrade", "subscription"].iter().any(|word| words.contains(word)) {
        return Kind::PlanRequired;
    }
    if asker.as_profile { Kind::ProfileKeyRefused } else { Kind::Permission { name: None } }
}

fn speaks_of_profile_key(words: &str) -> bool {
    ["profile key", "profile-key", "profilekey", "profile_key"].iter().any(|name| words.contains(name))
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;

//! The shapes of Graph's answers, read so that no single odd field can cost an item (`reference/meta-graph.md` 10).
//!
//! Every field is first held as the JSON it came as and then read by a lenient function of its own: a number where a
//! string should be is taken, `null` counts as absent, and what cannot be read at all is absent. Lists come as
//! `{data: […]}`, as an array, or as a single object: [`list`] reads all three.

mod decode;

use std::borrow::Cow;

use backscroll_model::{RemoteId, Timestamp};
use jiff::{civil::DateTime, tz::Offset};
use serde_json::value::RawValue;

use decode::Envelope;

use crate::loose::{self, Raw, boolean, integer, seconds_or_ms};

/// Members of an object, at first: most of Graph's have fewer.
const MEMBERS: usize = 8;

/// The members of an object, not read yet; anything else has none. A name that stands twice counts as it stands last.
///
/// A list, because Graph's objects are small: to make and drop a map of them costs more than to look through them.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads one.
    pub fn of(raw: Raw<'a>) -> Self {
        Self::read(raw).unwrap_or_default()
    }

    /// Reads one; `None`: this is no object.
    pub fn read(raw: Raw<'a>) -> Option<Self> {
        serde_json::from_str(raw?.get()).ok()
    }

    /// A member; `null` is absent.
    pub fn get(&self, name: &str) -> Raw<'a> {
        self.member(name).filter(|raw| raw.get() != "null")
    }

    /// A member, also if it is `null`.
    fn member(&self, name: &str) -> Raw<'a> {
        self.0.iter().rev().find(|(own, _)| own == name).map(|(_, raw)| *raw)
    }

    fn push(&mut self, name: Cow<'a, str>, raw: &'a RawValue) {
        if self.0.is_empty() {
            self.0.reserve(MEMBERS);
        }
        self.0.push((name, raw));
    }

    /// The object under a name; empty if there is none.
    pub fn object(&self, name: &str) -> Self {
        Self::of(self.get(name))
    }

    /// The string or number under a name, if it is not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        loose::text(self.get(name))
    }

    /// The first of several names that holds a text.
    pub fn first_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// The id under a name.
    pub fn id(&self, name: &str) -> Option<RemoteId> {
        loose::id(self.get(name))
    }

    /// The instant under a name.
    pub fn time(&self, name: &str) -> Option<Timestamp> {
        time(self.get(name))
    }

    /// The list under a name, in any of its shapes.
    pub fn list(&self, name: &str) -> Vec<&'a RawValue> {
        list(self.get(name))
    }

    /// Whether the member is `true`.
    pub fn is(&self, name: &str) -> bool {
        boolean(self.get(name)) == Some(true)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A page of a list: its items, and where the next one begins.
#[derive(Debug)]
pub(super) struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// The `after` cursor, if there is a next page. The end is where `next` is absent (2.5).
    pub after: Option<String>,
    /// There is a next page, but no cursor to it.
    pub torn: bool,
    /// The page names its cursors: where it also names no next page, there is none.
    pub cursors: bool,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self { items: Vec::new(), after: None, torn: false, cursors: false }
    }
}

impl<T> Paged<T> {
    fn new(items: Vec<T>, paging: Raw<'_>) -> Self {
        let paging = Object::of(paging);
        let next = paging.text("next");
        let own = paging.object("cursors").text("after");
        let cursors = own.is_some();
        let after = own.or_else(|| after_in(next.as_deref()?)).filter(|_| next.is_some());
        Self { items, torn: next.is_some() && after.is_none(), cursors, after }
    }
}

impl<'a> Paged<&'a RawValue> {
    /// Reads `{data: […], paging: {…}}`, or an array; `None`: there is no list.
    pub fn of(raw: Raw<'a>) -> Option<Self> {
        Self::read(raw?.get())
    }

    /// Reads a document.
    pub fn read(json: &'a str) -> Option<Self> {
        if json.trim_start().starts_with('[') {
            return Some(Self { items: serde_json::from_str(json).ok()?, ..Self::default() });
        }
        if let Ok(Envelope { data, paging }) = serde_json::from_str(json) {
            return Some(Self::new(data?, paging));
        }
        let object: Object<'_> = serde_json::from_str(json).ok()?;
        let data = object.get("data").filter(|data| data.get().starts_with('['))?;
        Some(Self::new(list(Some(data)), object.get("paging")))
    }
}

/// A conversation (2.4).
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// What it has beside its messages.
    pub members: Object<'a>,
    /// Its newest messages, as they came.
    pub messages: Paged<&'a RawValue>,
}

impl<'a> Conversation<'a> {
    /// Reads a document that lists conversations; `None`: there is no list.
    ///
    /// Where all have the documented shape this takes one pass over the document, down to the single message. Where one
    /// has not, everything is held as it came and opened level by level, so that only the odd one is lost.
    pub fn list(json: &'a str) -> Option<Paged<Self>> {
        if let Ok(Envelope { data: Some(items), paging }) = serde_json::from_str(json) {
            return Some(Paged::new(items, paging));
        }
        let Paged { items, after, torn, cursors } = Paged::read(json)?;
        Some(Paged { items: items.into_iter().map(Self::of).collect(), after, torn, cursors })
    }

    fn of(raw: &'a RawValue) -> Self {
        let members = Object::of(Some(raw));
        let messages = Paged::of(members.get("messages")).unwrap_or_default();
        Self { members, messages }
    }
}

/// The `after` of a `next` whose cursors were left out. Nothing else of that URL is read: it carries the token.
fn after_in(next: &str) -> Option<String> {
    let url = url::Url::parse(next).ok()?;
    url.query_pairs().find(|(name, value)| name == "after" && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// An instant: `+0000`, `+00:00` or `Z`, else seconds or milliseconds by magnitude (10).
pub(super) fn time(raw: Raw<'_>) -> Option<Timestamp> {
    if let Some(at) = raw.and_then(|raw| usual_time(raw.get())) {
        return Some(at);
    }
    let written = loose::text(raw)?;
    if let Ok(at) = written.trim().parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    seconds_or_ms(integer(raw)?)
}

/// `"2026-11-20T16:04:31+0000"`, as nearly all of them are; `None`: this one is not, or there is no such instant.
fn usual_time(json: &str) -> Option<Timestamp> {
    let written = json.strip_prefix('"')?.strip_suffix("+0000\"")?.as_bytes();
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] = written else {
        return None;
    };
    let two = |tens: &u8, ones: &u8| Some(digit(*tens)? * 10 + digit(*ones)?);
    let year = i16::from(two(y1, y2)?) * 100 + i16::from(two(y3, y4)?);
    let at = DateTime::new(year, two(m1, m2)?, two(d1, d2)?, two(h1, h2)?, two(n1, n2)?, two(s1, s2)?, 0).ok()?;
    Some(Timestamp(Offset::UTC.to_timestamp(at).ok()?.as_millisecond()))
}

fn digit(ascii: u8) -> Option<i8> {
    ascii.is_ascii_digit().then(|| (ascii - b'0').cast_signed())
}

/// The entries of `{data: […]}`, of an array, or of a single object that stands for a list of one; anything else has
/// none.
pub(super) fn list<'a>(raw: Raw<'a>) -> Vec<&'a RawValue> {
    let Some(raw) = raw else { return Vec::new() };
    match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).unwrap_or_default(),
        Some(b'{') => match serde_json::from_str(raw.get()) {
            Ok(Envelope { data: Some(items), .. }) => items,
            Ok(Envelope { data: None, .. }) | Err(_) => unusual_list(raw),
        },
        _ => Vec::new(),
    }
}

fn unusual_list(raw: &RawValue) -> Vec<&RawValue> {
    let object = Object::of(Some(raw));
    match object.member("data") {
        Some(data) if data.get().starts_with('[') => list(Some(data)),
        Some(data) if data.get().starts_with('{') => vec![data],
        Some(_) => Vec::new(),
        None if object.is_empty() || object.member("paging").is_some() => Vec::new(),
        None => vec![raw],
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

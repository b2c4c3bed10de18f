//! The shapes of Graph's answers, read so that no single odd field can cost an item (`reference/meta-graph.md` 10).
//!
//! Every field is first held as the JSON it came as and then read by a lenient function of its own: a number where a
//! string should be is taken, `null` counts as absent, and what cannot be read at all is absent. Lists come as
//! `{data: […]}`, as an array, or as a single object: [`list`] reads all three.

use std::collections::BTreeMap;

use backscroll_model::{RemoteId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::loose::{self, Raw, boolean, integer, seconds_or_ms};

/// The members of an object, not read yet; anything else has none. A name that stands twice counts as it stands last.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// Reads one.
    pub fn of(raw: Raw<'a>) -> Self {
        Self::read(raw).unwrap_or_default()
    }

    /// Reads one; `None`: this is no object.
    pub fn read(raw: Raw<'a>) -> Option<Self> {
        serde_json::from_str(raw?.get()).ok().map(Self)
    }

    /// A member; `null` is absent.
    pub fn get(&self, name: &str) -> Raw<'a> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
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
#[derive(Debug, Default)]
pub(super) struct Paged<'a> {
    /// The items, as they came.
    pub items: Vec<&'a RawValue>,
    /// The `after` cursor, if there is a next page. The end is where `next` is absent (2.5).
    pub after: Option<String>,
    /// There is a next page, but no cursor to it.
    pub torn: bool,
    /// The page names its cursors: where it also names no next page, there is none.
    pub cursors: bool,
}

impl<'a> Paged<'a> {
    /// Reads `{data: […], paging: {…}}`; `None`: there is no list.
    pub fn of(raw: Raw<'a>) -> Option<Self> {
        let json = raw?;
        if json.get().starts_with('[') {
            return Some(Self { items: list(raw), ..Self::default() });
        }
        let object = Object::read(raw)?;
        let data = object.get("data")?;
        if !data.get().starts_with('[') {
            return None;
        }
        let paging = object.object("paging");
        let next = paging.text("next");
        let own = paging.object("cursors").text("after");
        let cursors = own.is_some();
        let after = own.or_else(|| after_in(next.as_deref()?)).filter(|_| next.is_some());
        Some(Self { items: list(Some(data)), torn: next.is_some() && after.is_none(), cursors, after })
    }
}

/// The `after` of a `next` whose cursors were left out. Nothing else of that URL is read: it carries the token.
fn after_in(next: &str) -> Option<String> {
    let url = url::Url::parse(next).ok()?;
    url.query_pairs().find(|(name, value)| name == "after" && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// An instant: `+0000`, `+00:00` or `Z`, else seconds or milliseconds by magnitude (10).
pub(super) fn time(raw: Raw<'_>) -> Option<Timestamp> {
    let written = loose::text(raw)?;
    if let Ok(at) = written.trim().parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    seconds_or_ms(integer(raw)?)
}

/// The entries of `{data: […]}`, of an array, or of a single object that stands for a list of one; anything else has
/// none.
pub(super) fn list<'a>(raw: Raw<'a>) -> Vec<&'a RawValue> {
    let Some(raw) = raw else { return Vec::new() };
    match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).unwrap_or_default(),
        Some(b'{') => {
            let object = Object::of(Some(raw));
            match object.0.get("data") {
                Some(data) if data.get().starts_with('[') => list(Some(data)),
                Some(data) if data.get().starts_with('{') => vec![data],
                Some(_) => Vec::new(),
                None if object.is_empty() || object.0.contains_key("paging") => Vec::new(),
                None => vec![raw],
            }
        }
        _ => Vec::new(),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

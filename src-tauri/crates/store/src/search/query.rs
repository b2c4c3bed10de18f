//! The grammar of a query. Any text is one; what is not a filter below is words.
//!
//! ```text
//! query  = { item }                       items are separated by white space
//! item   = filter | phrase | word
//! phrase = '"' text '"'                   these words, whole and one after the other
//! word   = any characters without white space and quotes
//! filter = 'from:' who                    written by a person of this name or handle; 'from:me': by the business
//!        | 'in:' who                      in a conversation with such a person
//!        | 'account:' name                on an account of this name, handle, shop or platform
//!        | 'before:' date                 before that day, month or year began
//!        | 'after:' date                  since that day, month or year began
//!        | 'has:' ( 'image' | 'video' | 'audio' | 'file' | 'link' )
//!        | 'is:unread'
//! who, name = word | phrase
//! date   = year [ '-' month [ '-' day ] ]
//! ```
//!
//! A message is found if it has every word and phrase. Case and accents are folded. The last word is a prefix unless it
//! is quoted, because it may not be typed to its end. A word that the index cuts into several terms (`e-mail`, `👍👍`) is
//! a phrase of them. Two filters of one kind: either for `from`, `in` and `account`, both for the others.
//!
//! Refuses to refuse: a quote without its partner separates words, a filter without a value or with one that is none
//! (`before:soon`) is a word, and so is every operator of FTS5, NUL included. Of a text that is longer than
//! [`MAX_CHARS`] only the beginning is looked for.

use backscroll_model::{SearchFilter, SearchHas, Timestamp};

use super::words::Clause;

/// Characters of a query that count. A pasted message is found by its beginning.
pub(crate) const MAX_CHARS: usize = 1_000;
/// Words and phrases that count; more would all be of one pasted text.
const MAX_CLAUSES: usize = 40;

/// The first instant of a day in the user's time zone: year, month, day. `None`: there is no such day.
pub type Midnight<'a> = &'a dyn Fn(i16, i8, i8) -> Option<Timestamp>;

/// A query, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parsed {
    /// Every hit has all of them.
    pub(crate) clauses: Vec<Clause>,
    /// What was typed for each of them.
    pub(crate) words: Vec<String>,
    pub(crate) filters: Vec<Part>,
}

/// A filter and where it stands, in UTF-16 code units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) filter: SearchFilter,
}

/// Takes a query apart.
pub(crate) fn parse(text: &str, midnight: Midnight<'_>) -> Parsed {
    let text = text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let mut parsed = Parsed::default();
    let mut last_is_word = false;
    let mut rest = Rest { text, at: 0 };
    while let Some(item) = rest.next() {
        if let Item::Word { key: Some((key, value)), .. } = &item
            && let Some(filter) = filter(key, value, midnight)
        {
            let units = |bytes: usize| {
                let before = text.get(..bytes).unwrap_or_default();
                u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX)
            };
            let (start, end) = item.span();
            parsed.filters.push(Part { start: units(start), end: units(end), filter });
            continue;
        }
        let typed = text.get(item.span().0..item.span().1).unwrap_or_default();
        last_is_word = matches!(item, Item::Word { .. });
        let inner = if let Item::Phrase { inner, .. } = item { inner } else { typed };
        let quoted = !last_is_word;
        if parsed.clauses.len() < MAX_CLAUSES
            && let Some(clause) = Clause::new(inner, quoted)
        {
            parsed.clauses.push(clause);
            parsed.words.push(inner.trim().to_owned());
        }
    }
    if last_is_word && let Some(last) = parsed.clauses.last_mut().filter(|last| !last.quoted) {
        last.prefix = true;
    }
    parsed
}

/// The filter that a key and a value are, if they are one.
fn filter(key: &str, value: &str, midnight: Midnight<'_>) -> Option<SearchFilter> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    let named = || Clause::new(value, false).map(|_| value.to_owned());
    Some(match key.to_ascii_lowercase().as_str() {
        "from" if value.eq_ignore_ascii_case("me") => SearchFilter::FromMe,
        "from" => SearchFilter::From { who: named()? },
        "in" => SearchFilter::In { who: named()? },
        "account" => SearchFilter::Account { name: named()? },
        "before" => SearchFilter::Before { at: date(value, midnight)? },
        "after" => SearchFilter::After { at: date(value, midnight)? },
        "has" => SearchFilter::Has {
            what: match value.to_ascii_lowercase().as_str() {
                "image" | "photo" | "picture" => SearchHas::Image,
                "video" => SearchHas::Video,
                "audio" | "voice" => SearchHas::Audio,
                "file" => SearchHas::File,
                "link" => SearchHas::Link,
                _ => return None,
            },
        },
        "is" if value.eq_ignore_ascii_case("unread") => SearchFilter::Unread,
        _ => return None,
    })
}

/// The first instant of `2026`, `2026-09` or `2026-09-01`; a slash does as well.
fn date(value: &str, midnight: Midnight<'_>) -> Option<Timestamp> {
    let mut parts = value.split(['-', '/']);
    let year: i16 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut small = || match parts.next() {
        None => Some(1),
        Some(part) if part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()) => part.parse::<i8>().ok(),
        Some(_) => None,
    };
    let (month, day) = (small()?, small()?);
    if parts.next().is_some() { None } else { midnight(year, month, day) }
}

/// What stands between white space.
#[derive(Debug)]
enum Item<'a> {
    Phrase { inner: &'a str, start: usize, end: usize },
    Word { key: Option<(&'a str, &'a str)>, start: usize, end: usize },
}

impl Item<'_> {
    fn span(&self) -> (usize, usize) {
        match self {
            Self::Phrase { start, end, .. } | Self::Word { start, end, .. } => (*start, *end),
        }
    }
}

/// What is not read yet.
#[derive(Debug)]
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn ahead(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Up to the partner of a quote that is just ahead, without either.
    fn quoted(ahead: &'a str) -> Option<&'a str> {
        let inner = ahead.strip_prefix('"')?;
        inner.get(..inner.find('"')?)
    }

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            let ahead = self.ahead();
            let c = ahead.chars().next()?;
            if let Some(inner) = Self::quoted(ahead) {
                let start = self.at;
                self.at += inner.len() + 2;
                return Some(Item::Phrase { inner, start, end: self.at });
            }
            if c.is_whitespace() || c == '"' {
                self.at += c.len_utf8();
                continue;
            }
            let start = self.at;
            let length = ahead.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(ahead.len());
            let word = ahead.get(..length).unwrap_or_default();
            self.at += length;
            let key = match word.split_once(':') {
                Some((key, "")) => Self::quoted(self.ahead()).map(|value| {
                    self.at += value.len() + 2;
                    (key, value)
                }),
                whole => whole,
            };
            return Some(Item::Word { key, start, end: self.at });
        }
    }
}

#[cfg(test)]
#[path = "query_tests.rs"]
pub(crate) mod tests;

//! A text as it is compared: what [`Terms`](super::Terms) makes of it, but with runs of scripts without spaces in one
//! piece: `Élan 山本柚子👍👍` → `elan 山本柚子 👍 👍`.
//!
//! Promises: its words are the terms of the index and its spaces are where a term ends, so whether a message has a phrase
//! is a search for a part of a string and a look at its two ends. A property test compares that with the terms
//! themselves.

use super::{
    fold::{Kind, fold},
    is_symbol, is_unspaced,
};

/// What was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing, or what ends a term.
    Gap,
    Word,
    Run,
    Symbol,
}

/// Appends the folded `text` to `out`. `part` hears of each character that is written: where it stands in `out` and in
/// `text`, in bytes.
fn fold_into(text: &str, out: &mut String, mut part: impl FnMut(usize, usize)) {
    let begin = out.len();
    let mut last = Last::Gap;
    for (at, c) in text.char_indices() {
        let now = if is_unspaced(c) {
            Last::Run
        } else if is_symbol(c) {
            Last::Symbol
        } else {
            Last::Word
        };
        match fold(c) {
            Kind::Part(folded) => {
                let goes_on = now == last && now != Last::Symbol;
                if !goes_on && out.len() > begin {
                    out.push(' ');
                }
                part(out.len(), at);
                out.push(folded);
                last = now;
            }
            // Between two characters of a run it ends it, as anything does that is not of the run.
            Kind::Mark if last == Last::Word && now == Last::Word => {}
            Kind::Mark | Kind::Separator => last = Last::Gap,
        }
    }
}

/// The folded text.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out, |_, _| {});
    out
}

/// The folded text in memory that is used again.
pub(crate) fn fold_over(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        fold_ascii(text.as_bytes(), out);
    } else {
        fold_into(text, out, |_, _| {});
    }
}

/// The same for the texts that are the most common and the fastest.
fn fold_ascii(text: &[u8], out: &mut String) {
    let mut last = Last::Gap;
    for byte in text {
        let now = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => Last::Word,
            b'$' | b'+' | b'<' | b'=' | b'>' | b'^' | b'`' | b'|' | b'~' => Last::Symbol,
            _ => {
                last = Last::Gap;
                continue;
            }
        };
        if (now != last || now == Last::Symbol) && !out.is_empty() {
            out.push(' ');
        }
        out.push(char::from(byte.to_ascii_lowercase()));
        last = now;
    }
}

/// The folded characters without the spaces that stand between terms: whatever is one piece in the folded text is one here,
/// and more. Some bytes at a time, for whoever looks at a million texts and finds nothing in most.
pub(crate) fn squeeze(text: &str, out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (ascii, others) = rest.split_at(plain);
        let begin = out.len();
        out.extend_from_slice(ascii.as_bytes());
        if let Some(written) = out.get_mut(begin..) {
            written.make_ascii_lowercase();
        }
        let mut characters = others.chars();
        let Some(c) = characters.next() else { return };
        match fold(c) {
            Kind::Part(folded) => out.extend_from_slice(folded.encode_utf8(&mut [0; 4]).as_bytes()),
            Kind::Mark => {}
            Kind::Separator => out.push(b' '),
        }
        rest = characters.as_str();
    }
}

/// A folded text that knows where its characters come from.
#[derive(Debug)]
pub(crate) struct Mapped {
    /// The folded text.
    pub(crate) text: String,
    /// Of each byte of it: where in the original its character begins.
    from: Vec<u32>,
    /// Bytes of the original.
    end: u32,
}

impl Mapped {
    pub(crate) fn of(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut from: Vec<u32> = Vec::with_capacity(original.len());
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        fold_into(original, &mut text, |at, source| {
            // Up to here: the rest of the character before, and a space.
            from.resize(at, from.last().copied().unwrap_or_default());
            from.push(offset(source));
        });
        from.resize(text.len(), from.last().copied().unwrap_or_default());
        Self { text, from, end: offset(original.len()) }
    }

    /// Where in the original the part of the folded text between two bytes begins, and where its last character begins.
    pub(crate) fn source(&self, start: usize, end: usize) -> (usize, usize) {
        let at = |n: usize| self.from.get(n).copied().unwrap_or(self.end) as usize;
        (at(start), at(end.saturating_sub(1)))
    }
}

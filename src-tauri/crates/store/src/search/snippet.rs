//! The part of a text that a hit shows, and the marks in it.
//!
//! Marks are places of the very rule that found the message, brought back to the original text and widened to what a
//! reader sees as one character: no mark begins or ends inside of an emoji with a skin tone or a letter with its accents.

use backscroll_model::Snippet;
use unicode_segmentation::GraphemeCursor;

use super::words::{Clause, Ends};
use crate::segment::Mapped;

/// Characters of a snippet, at most.
const CHARS: usize = 200;
/// Characters before the first mark.
const BEFORE: usize = 50;
/// How far a cut looks for the end of a word.
const WORD: usize = 20;

/// What to show of a text.
pub(crate) fn snippet(text: &str, clauses: &[Clause], ends: Ends) -> Snippet {
    let marks = marks(text, clauses, ends);
    let (start, end) = window(text, marks.first().map_or(0, |(start, _)| *start));
    let shown = text.get(start..end).unwrap_or_default();
    let mut units = Units { text: shown, at: 0, units: 0 };
    let marks = marks
        .into_iter()
        .filter(|(from, to)| *from >= start && *from < end && *to > start)
        .map(|(from, to)| (units.at(from - start), units.at(to.min(end) - start)))
        .collect();
    Snippet {
        // Each of them is one code unit, as a space is.
        text: shown
            .chars()
            .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
            .collect(),
        marks,
        cut_before: start > 0,
        cut_after: end < text.len(),
    }
}

/// The places of all clauses in the original, in bytes, in order, not touching.
fn marks(text: &str, clauses: &[Clause], ends: Ends) -> Vec<(usize, usize)> {
    let mapped = Mapped::of(text);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for clause in clauses {
        for (start, end) in clause.places(&mapped.text, ends) {
            let (from, last) = mapped.source(start, end);
            let after = text.get(last..).and_then(|rest| rest.chars().next()).map_or(last, |c| last + c.len_utf8());
            found.push((boundary_before(text, from), boundary_after(text, after)));
        }
    }
    found.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (from, to) in found {
        match merged.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => merged.push((from, to)),
        }
    }
    merged
}

fn boundary_before(text: &str, at: usize) -> usize {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(false) => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(at),
        _ => at,
    }
}

fn boundary_after(text: &str, at: usize) -> usize {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(false) => cursor.next_boundary(text, 0).ok().flatten().unwrap_or(at),
        _ => at,
    }
}

/// Around a byte: from where to where. Short texts are shown whole; a cut is made between words where there are any.
fn window(text: &str, around: usize) -> (usize, usize) {
    let back = |from: usize, chars: usize| -> usize {
        let before = text.get(..from).unwrap_or_default();
        before.char_indices().rev().nth(chars).map_or(0, |(at, c)| at + c.len_utf8())
    };
    let forth = |from: usize, chars: usize| -> usize {
        let after = text.get(from..).unwrap_or_default();
        after.char_indices().nth(chars).map_or(text.len(), |(at, _)| from + at)
    };
    if forth(0, CHARS) == text.len() {
        return (0, text.len());
    }
    let mut start = back(around, BEFORE);
    if start > 0 {
        let near = text.get(start..forth(start, WORD).min(around)).unwrap_or_default();
        start = near.find(char::is_whitespace).map_or(start, |at| forth(start + at, 1));
    }
    // Near its end the text fills the window from the other side.
    if forth(start, CHARS) == text.len() {
        start = start.min(back(text.len(), CHARS));
    }
    start = boundary_before(text, start);
    let mut end = forth(start, CHARS);
    if end < text.len() {
        let from = back(end, WORD);
        let near = text.get(from..end).unwrap_or_default();
        end = near.rfind(char::is_whitespace).map_or(end, |at| from + at);
        end = boundary_before(text, end).max(start);
    }
    (start, end)
}

/// Counts UTF-16 code units while it goes forward.
struct Units<'a> {
    text: &'a str,
    at: usize,
    units: u32,
}

impl Units<'_> {
    fn at(&mut self, byte: usize) -> u32 {
        let more = self.text.get(self.at..byte).unwrap_or_default();
        self.units += u32::try_from(more.encode_utf16().count()).unwrap_or(u32::MAX);
        self.at = self.at.max(byte);
        self.units
    }
}

#[cfg(test)]
#[path = "snippet_tests.rs"]
mod tests;

//! What one word or phrase asks for: of the index, and of a text.
//!
//! The rule that decides is the one about texts ([`Clause::stands_in`]): the folded phrase is a part of the folded text,
//! and where it begins or ends with a word, that word begins or ends there too. The index only brings candidates: at
//! least all that the rule accepts, seldom more ([`Clause::for_index`]). So hits and their marks come from one rule, and
//! a scan without the index finds the same.

use std::fmt::Write as _;

use memchr::memmem;

use crate::segment::{PREFIX, folded, is_unspaced};

/// Terms of one query that the index is asked for. Each more costs a walk; the texts are looked at anyway.
const INDEX_TERMS: usize = 16;
/// Shortest word that is looked for inside of words, in characters: two are in nearly every message.
const INSIDE_CHARS: usize = 3;

/// One word or phrase of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Folded, without a space at its ends; never empty.
    folded: String,
    /// The last word may go on.
    pub(crate) prefix: bool,
    /// Between quotes: whole words only, in both phases.
    pub(crate) quoted: bool,
}

impl Clause {
    /// `None`: nothing in it is a letter, a number or a symbol.
    pub(crate) fn new(text: &str, quoted: bool) -> Option<Self> {
        let folded = folded(text);
        (!folded.is_empty()).then_some(Self { folded, prefix: false, quoted })
    }

    /// The same with its last word as a prefix.
    pub(crate) fn open(text: &str) -> Option<Self> {
        Self::new(text, false).map(|clause| Self { prefix: true, ..clause })
    }

    /// The folded phrase.
    pub(crate) fn needle(&self) -> &str {
        &self.folded
    }

    /// Whether it may be found inside of words: where words are written without spaces it is found everywhere already.
    pub(crate) fn may_be_inside(&self) -> bool {
        !self.quoted && self.folded.chars().filter(|c| !is_unspaced(*c) && c.is_alphanumeric()).count() >= INSIDE_CHARS
    }

    /// Whether a folded text has it.
    pub(crate) fn stands_in(&self, text: &str) -> bool {
        self.places(text, Ends::Words).next().is_some()
    }

    /// Where a folded text has it, as bytes from and to.
    pub(crate) fn places<'a>(&'a self, text: &'a str, ends: Ends) -> impl Iterator<Item = (usize, usize)> + 'a {
        let length = self.folded.len();
        let loose = ends == Ends::Anywhere && self.may_be_inside();
        memmem::find_iter(text.as_bytes(), self.folded.as_bytes())
            .map(move |at| (at, at + length))
            .filter(move |(start, end)| loose || (self.begins(text, *start) && self.ends(text, *end)))
    }

    fn begins(&self, text: &str, start: usize) -> bool {
        start == 0
            || text.as_bytes().get(start - 1) == Some(&b' ')
            || self.folded.chars().next().is_some_and(is_unspaced)
    }

    fn ends(&self, text: &str, end: usize) -> bool {
        self.prefix
            || end == text.len()
            || text.as_bytes().get(end) == Some(&b' ')
            || self.folded.chars().next_back().is_some_and(is_unspaced)
    }

    /// Adds to an FTS5 query what a message with this clause has in the index, for as long as `left` terms are.
    fn for_index(&self, left: &mut usize, out: &mut String) {
        let words: Vec<&str> = self.folded.split(' ').collect();
        let mut terms = Vec::new();
        for (number, word) in words.iter().enumerate() {
            let last = number + 1 == words.len();
            if word.starts_with(is_unspaced) {
                // A mark inside of a run takes a place of its own, so no phrase of the index goes into a run.
                phrase(&mut terms, left, out);
                let run: Vec<char> = word.chars().collect();
                match run.as_slice() {
                    [one] if last => return prefix(*one, None, left, out),
                    [one] => terms.push(one.to_string()),
                    more => {
                        terms.extend(more.windows(2).map(|pair| pair.iter().collect()));
                        // Only where the run ends does its last character stand alone.
                        terms.extend(more.last().filter(|_| !last).map(char::to_string));
                    }
                }
                continue;
            }
            if !(last && self.prefix) {
                terms.push((*word).to_owned());
                continue;
            }
            let mut characters = word.chars();
            match (characters.next(), characters.next(), characters.next()) {
                (Some(first), second, None) => {
                    phrase(&mut terms, left, out);
                    return prefix(first, second, left, out);
                }
                _ => {
                    terms.push((*word).to_owned());
                    if *left >= terms.len() {
                        phrase(&mut terms, left, out);
                        out.push_str(" *");
                        return;
                    }
                }
            }
        }
        phrase(&mut terms, left, out);
    }
}

/// Where a phrase may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Where words do.
    Words,
    /// Inside of words too, if it is long enough.
    Anywhere,
}

/// Writes the terms as one phrase of FTS5 and takes them away.
fn phrase(terms: &mut Vec<String>, left: &mut usize, out: &mut String) {
    terms.truncate(*left);
    if terms.is_empty() {
        return;
    }
    *left -= terms.len();
    and(out);
    // Terms are letters, numbers and symbols: none is a quote. Writing to a string cannot fail.
    let _ = write!(out, "\"{}\"", terms.join(" "));
    terms.clear();
}

/// Writes a prefix of one or two characters: the word itself, or the prefix that longer ones leave in the index.
fn prefix(first: char, second: Option<char>, left: &mut usize, out: &mut String) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    and(out);
    let word: String = [Some(first), second].into_iter().flatten().collect();
    let _ = write!(out, "(\"{word}\" OR \"{PREFIX}{word}\")");
}

fn and(out: &mut String) {
    if !out.is_empty() {
        out.push_str(" AND ");
    }
}

/// The query of FTS5 that brings every message with all of these clauses. Empty without clauses.
pub(crate) fn for_index(clauses: &[Clause]) -> String {
    let mut out = String::new();
    let mut left = INDEX_TERMS;
    for clause in clauses {
        clause.for_index(&mut left, &mut out);
    }
    out
}

/// Whether a folded text has all of them.
pub(crate) fn all_stand_in(clauses: &[Clause], text: &str) -> bool {
    clauses.iter().all(|clause| clause.stands_in(text))
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;

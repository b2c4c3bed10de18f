//! Text cut into terms for the search index (`performance.md`, rule 2).
//!
//! Promises: what [`Terms::of`] gives is what `unicode61 remove_diacritics 2 categories 'L* N* S* Co'` would make of the
//! same text, folded and cut, so that the index itself needs only the `ascii` tokenizer, which takes a quarter of the
//! instructions. [`fold`] holds what each character becomes, ё and Arabic a little further than there; a property test
//! compares the two on any text.
//!
//! Three things are added to that tokenizer's own:
//! - It takes a run of Han, Kana, Hangul or Thai for one word, so a search for two of its characters finds nothing. Here
//!   such a run becomes its bigrams and its last character: 山本柚子 → `山本 本柚 柚子 子`. A query of one character is
//!   then a prefix, of two a term, of more a phrase.
//! - Emoji and other symbols stand apart, so that `great👍👍` is found by `great` and by `👍`.
//! - Prefixes of one and two characters are terms of their own behind [`PREFIX`], each once per message, after the text:
//!   `cake` adds `«c «ca`. A query for the prefix `ca` is `ca OR «ca`: two steps into the index, as fast as with
//!   `prefix = '1 2'`, which would write each bigram three times (half of all that is written, and 100 bytes a message).
//!   Longer prefixes are ranges of the index itself.
//!
//! Whoever asks the index must cut the query the same way; changing this means indexing anew.

mod fold;
mod folded;

use fold::{Kind, fold};

pub(crate) use folded::{Mapped, fold_over, folded, squeeze};

/// What the terms that are prefixes begin with. It separates words, so no word of a text holds it.
pub(crate) const PREFIX: char = '«';

/// The terms of one text after the other, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    out: String,
    /// First and second character of what is a prefix here; the second is 0 where there is only one.
    prefixes: Vec<(u32, u32)>,
    /// Characters of the term that is being written, 3 for more.
    length: u8,
    first: char,
    second: char,
}

impl Terms {
    /// The text as the index gets it: terms with a space after each.
    pub(crate) fn of(&mut self, text: &str) -> &str {
        self.out.clear();
        self.prefixes.clear();
        self.length = 0;
        // The last character of a run without spaces.
        let mut run: Option<Kind> = None;
        for c in text.chars() {
            let kind = fold(c);
            if is_unspaced(c) {
                if let Some(previous) = run {
                    self.push(previous);
                    self.push(kind);
                }
                self.end();
                run = Some(kind);
                continue;
            }
            self.end_run(&mut run);
            if is_symbol(c) {
                self.end();
                self.push(kind);
                self.end();
            } else {
                self.push(kind);
            }
        }
        self.end_run(&mut run);
        self.end();
        self.write_prefixes();
        &self.out
    }

    fn end_run(&mut self, run: &mut Option<Kind>) {
        if let Some(last) = run.take() {
            self.push(last);
            self.end();
        }
    }

    fn push(&mut self, kind: Kind) {
        match kind {
            Kind::Part(c) => {
                match self.length {
                    0 => self.first = c,
                    1 => self.second = c,
                    _ => {}
                }
                self.length = (self.length + 1).min(3);
                self.out.push(c);
            }
            Kind::Mark => {}
            Kind::Separator => self.end(),
        }
    }

    fn end(&mut self) {
        match self.length {
            0 => return,
            1 => {}
            2 => self.prefixes.push((self.first.into(), 0)),
            _ => self.prefixes.extend([(self.first.into(), 0), (self.first.into(), self.second.into())]),
        }
        self.out.push(' ');
        self.length = 0;
    }

    fn write_prefixes(&mut self) {
        self.prefixes.sort_unstable();
        self.prefixes.dedup();
        for (first, second) in &self.prefixes {
            self.out.push(PREFIX);
            self.out.extend(char::from_u32(*first));
            self.out.extend(char::from_u32(*second).filter(|c| *c != '\0'));
            self.out.push(' ');
        }
    }
}

/// Scripts that are written without spaces between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    c >= '\u{0E00}'
        && matches!(c,
            '\u{4E00}'..='\u{9FFF}'        // Han
            | '\u{0E00}'..='\u{0EFF}'      // Thai, Lao
            | '\u{1000}'..='\u{109F}'      // Myanmar
            | '\u{1100}'..='\u{11FF}'      // Hangul Jamo
            | '\u{1780}'..='\u{17FF}'      // Khmer
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{30FF}'      // Kana
            | '\u{3105}'..='\u{312F}'      // Bopomofo
            | '\u{3130}'..='\u{318F}'      // Hangul compatibility Jamo
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{AC00}'..='\u{D7A3}'      // Hangul syllables
            | '\u{F900}'..='\u{FAFF}'
            | '\u{FF66}'..='\u{FF9D}'      // half-width Kana
            | '\u{20000}'..='\u{3FFFF}'    // Han extensions
        )
}

/// Characters of the categories S* that are common in messages: each is a term of its own. Skin tones and joiners are
/// left to [`fold`], so 👍🏽 is found by 👍.
fn is_symbol(c: char) -> bool {
    matches!(c,
        '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~'
        | '\u{20A0}'..='\u{20CF}'        // currencies
        | '\u{2100}'..='\u{214F}'        // letter-like
        | '\u{2190}'..='\u{2BFF}'        // arrows, dingbats, symbols
        | '\u{1F000}'..='\u{1FAFF}'      // emoji
    )
}

#[cfg(test)]
#[path = "segment/tests.rs"]
mod tests;

//! Invented text with the statistics of `performance.md`: mean 73 characters, 60 % Latin, 12 % Cyrillic, 8 % Arabic,
//! 20 % Chinese, an emoji in 18 %.
//!
//! The vocabularies are large and Zipf-distributed, because the size of a full-text index depends on how many different
//! words there are: a corpus of thirty words would flatter it. The words mean nothing.

use rand::{Rng, RngExt as _};

use super::Zipf;

const EMOJI: &[&str] = &[
    "😀",
    "😂",
    "❤️",
    "🙏",
    "👍",
    "👍🏽",
    "🎂",
    "🥐",
    "🚲",
    "🎉",
    "😍",
    "🔥",
    "😭",
    "😊",
    "👏",
    "🤔",
    "💐",
    "☕",
    "🇫🇷",
    "👨‍👩‍👧",
    "✅",
    "📦",
    "🐈",
    "🌧️",
    "⏰",
];

/// Makes texts.
pub struct Texts {
    latin: Words,
    cyrillic: Words,
    arabic: Words,
    han: Zipf,
}

struct Words {
    words: Vec<String>,
    frequency: Zipf,
}

impl Words {
    fn new(rng: &mut impl Rng, count: usize, onsets: &[&str], rest: &[&str]) -> Self {
        let words = (0..count)
            .map(|rank| {
                // Frequent words are short ones, in every language.
                let syllables = 1 + rng.random_range(0..=(1 + rank.ilog10_or_zero()));
                let mut word = String::new();
                for _ in 0..syllables {
                    word.push_str(pick(rng, onsets));
                    word.push_str(pick(rng, rest));
                }
                word
            })
            .collect();
        Self { words, frequency: Zipf::new(count) }
    }

    fn word(&self, rng: &mut impl Rng) -> &str {
        self.words.get(self.frequency.pick(rng)).map(String::as_str).unwrap_or_default()
    }
}

trait Log10 {
    fn ilog10_or_zero(self) -> u32;
}

impl Log10 for usize {
    fn ilog10_or_zero(self) -> u32 {
        self.checked_ilog10().unwrap_or(0)
    }
}

fn pick<'a>(rng: &mut impl Rng, from: &[&'a str]) -> &'a str {
    from.get(rng.random_range(0..from.len())).copied().unwrap_or_default()
}

impl Texts {
    /// The vocabularies are drawn from `rng`.
    pub fn new(rng: &mut impl Rng) -> Self {
        Self {
            latin: Words::new(
                rng,
                30_000,
                &["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "st", "th", "ch", "", ""],
                &["a", "e", "i", "o", "u", "en", "er", "an", "on", "é", "ü", "y", "es", "at"],
            ),
            cyrillic: Words::new(
                rng,
                15_000,
                &["б", "в", "г", "д", "з", "к", "л", "м", "н", "п", "р", "с", "т", "х", "ч", "ш"],
                &["а", "е", "и", "о", "у", "ы", "я", "ой", "ал", "ен"],
            ),
            arabic: Words::new(
                rng,
                10_000,
                &["ب", "ت", "ج", "ح", "د", "ر", "س", "ش", "ع", "ف", "ق", "ك", "ل", "م", "ن", "ه"],
                &["ا", "و", "ي", "ة", "ار", "ين", ""],
            ),
            han: Zipf::new(3_000),
        }
    }

    /// One message.
    pub fn text(&self, rng: &mut impl Rng) -> String {
        let length = length(rng);
        let mut text = match rng.random_range(0..100) {
            0..60 => spaced(&self.latin, rng, length),
            60..72 => spaced(&self.cyrillic, rng, length),
            72..80 => spaced(&self.arabic, rng, length),
            _ => self.unspaced(rng, length),
        };
        if rng.random_bool(0.18) {
            text.push(' ');
            text.push_str(pick(rng, EMOJI));
        }
        text
    }

    fn unspaced(&self, rng: &mut impl Rng, length: usize) -> String {
        (0..length)
            .map(|at| match at % 11 {
                10 => '，',
                _ => char::from_u32(0x4E00 + self.han.pick(rng) as u32 * 6).unwrap_or('一'),
            })
            .collect()
    }
}

fn spaced(words: &Words, rng: &mut impl Rng, length: usize) -> String {
    let mut text = String::new();
    let mut characters = 0;
    while characters < length {
        if characters > 0 {
            text.push(' ');
            characters += 1;
        }
        let word = words.word(rng);
        characters += word.chars().count();
        text.push_str(word);
    }
    text
}

/// Lognormal lengths with a mean of 73: many short messages, a few long ones; at most 900.
fn length(rng: &mut impl Rng) -> usize {
    // The sum of twelve uniform numbers, less six, is a normal one to within what matters here.
    let normal: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let length = (3.94 + 0.8 * normal).exp();
    (length as usize).clamp(1, 900)
}

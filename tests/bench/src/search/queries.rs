//! Queries of every class, drawn from the texts that are searched, so that each finds something.

use std::collections::BTreeMap;

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;

/// Queries of a class.
const EACH: usize = 40;
/// Messages that words are drawn from.
const SAMPLE: i64 = 20_000;

/// What a query is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A word of a few messages.
    Rare,
    /// A word of many.
    Common,
    /// Two words of many.
    Both,
    /// The first two letters of a word.
    Prefix2,
    /// Four letters.
    Prefix4,
    /// A Cyrillic word.
    Cyrillic,
    /// One Han character.
    Han1,
    /// Two.
    Han2,
    /// Three.
    Han3,
    /// An emoji.
    Emoji,
}

impl Class {
    /// All of P5.
    pub const ALL: [Self; 10] = [
        Self::Rare,
        Self::Common,
        Self::Both,
        Self::Prefix2,
        Self::Prefix4,
        Self::Cyrillic,
        Self::Han1,
        Self::Han2,
        Self::Han3,
        Self::Emoji,
    ];

    /// In the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rare => "rare",
            Self::Common => "common",
            Self::Both => "and",
            Self::Prefix2 => "prefix-2",
            Self::Prefix4 => "prefix-4",
            Self::Cyrillic => "cyrillic",
            Self::Han1 => "han-1",
            Self::Han2 => "han-2",
            Self::Han3 => "han-3",
            Self::Emoji => "emoji",
        }
    }
}

/// Queries of each class.
pub fn queries(db: &Connection, seed: u64) -> Result<Vec<(Class, Vec<String>)>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut runs: Vec<Vec<char>> = Vec::new();
    // Every so manieth message, so that the sample is of all times.
    let total: i64 = db.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?;
    let step = (total / SAMPLE).max(1);
    let mut select = db.prepare("SELECT text FROM message WHERE text IS NOT NULL AND id % ?1 = 0")?;
    let mut rows = select.query([step])?;
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str()?;
        for word in text.split_whitespace() {
            if word.chars().all(char::is_alphabetic) && !word.chars().any(is_han) {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        runs.extend(
            text.split(|c| !is_han(c)).map(|run| run.chars().collect()).filter(|run: &Vec<char>| run.len() > 3),
        );
    }
    let mut words: Vec<(usize, String)> = counts.into_iter().map(|(word, count)| (count, word)).collect();
    words.sort_unstable_by(|a, b| b.cmp(a));
    let latin = |word: &str| word.is_ascii();
    let mut of = |wanted: &dyn Fn(usize, &str) -> bool, most: usize| -> Vec<String> {
        let mut found: Vec<String> = words
            .iter()
            .filter(|(count, word)| wanted(*count, word))
            .take(most)
            .map(|(_, word)| word.clone())
            .collect();
        found.shuffle(&mut rng);
        found
    };
    let common = of(&|_, word| latin(word) && word.len() > 2, EACH);
    let rare = of(&|count, word| count <= 3 && latin(word) && word.len() > 5, usize::MAX);
    let long = of(&|_, word| latin(word) && word.len() > 4, 4_000);
    let cyrillic = of(&|_, word| word.starts_with(|c| ('а'..='я').contains(&c)), 2_000);
    let both = common.iter().zip(common.iter().rev()).map(|(a, b)| format!("{a} {b}")).collect();
    let begin = |n: usize| long.iter().map(|word| word.chars().take(n).collect::<String>()).collect::<Vec<_>>();
    let mut han = |n: usize| -> Vec<String> {
        (0..EACH)
            .filter_map(|_| {
                let run = runs.get(rng.random_range(0..runs.len().max(1)))?;
                let at = rng.random_range(0..=run.len() - n);
                Some(run.iter().skip(at).take(n).collect())
            })
            .collect()
    };
    let (han1, han2, han3) = (han(1), han(2), han(3));
    let emoji = ["❤️", "👍", "👍🏽", "🎂", "🇫🇷", "☕", "🐈", "⏰", "🙏", "📦"].map(str::to_owned).to_vec();
    let mut all = vec![
        (Class::Rare, rare),
        (Class::Common, common),
        (Class::Both, both),
        (Class::Prefix2, begin(2)),
        (Class::Prefix4, begin(4)),
        (Class::Cyrillic, cyrillic),
        (Class::Han1, han1),
        (Class::Han2, han2),
        (Class::Han3, han3),
        (Class::Emoji, emoji),
    ];
    for (_, queries) in &mut all {
        queries.truncate(EACH);
    }
    Ok(all)
}

fn is_han(c: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&c)
}

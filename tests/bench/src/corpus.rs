//! The invented history that everything is measured on (`performance.md`): 20,000 conversations of Zipf sizes per
//! 100,000 messages, one long thread beside them, attachments on 8 %, reactions on 10 %, all from one seed.
//!
//! It comes as the provider's answers, [`Body`], byte for byte as `GET /messages/:platform` gives them
//! (`reference/ayrshare.md` 2.2), and as [`Item`]s for the bare references. Ids have the shape and length of the real
//! ones. It is made anew in each run and streams: a million messages never lie in memory together.

mod text;
mod wire;

use std::{collections::BTreeMap, ops::Range};

use backscroll_model::Platform;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

pub use wire::{Body, conversation_id};

use text::Texts;

/// When the newest message of a corpus was written: 2026-09-01T12:00:00Z. Fixed, so that two runs store the same rows.
pub const NEWEST_MS: i64 = 1_788_264_000_000;
/// Mean time between two messages of a corpus.
const STEP_MS: i64 = 60_000;

/// How large a history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Messages, the long thread aside.
    pub messages: usize,
    /// Conversations that share them.
    pub conversations: usize,
    /// Messages of the long thread.
    pub thread: usize,
}

impl Size {
    /// `messages` in a fifth as many conversations (20,000 at most), and a thread of the same length (100,000 at most).
    pub fn of(messages: usize) -> Self {
        Self { messages, conversations: (messages / 5).clamp(1, 20_000), thread: messages.min(100_000) }
    }

    /// All messages.
    pub fn total(self) -> usize {
        self.messages + self.thread
    }
}

/// One message, as the bare references store it.
#[derive(Debug, Clone)]
pub struct Item {
    /// The platform's id.
    pub id: String,
    /// Which conversation of its platform; [`THREAD`] is the long one.
    pub conversation: usize,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Sent by the business.
    pub out: bool,
    /// The text.
    pub text: String,
    /// It has a picture.
    pub image: bool,
    /// The other side's reaction.
    pub reaction: Option<&'static str>,
}

/// The conversation number of the long thread, on Messenger.
pub const THREAD: usize = usize::MAX;

/// Makes bodies, oldest messages first; inside a body the newest is first, as the provider lists them.
pub struct Corpus {
    rng: ChaCha8Rng,
    texts: Texts,
    size: Size,
    per_body: usize,
    sizes: Zipf,
    opened: BTreeMap<Platform, usize>,
    made: usize,
    at_ms: i64,
}

impl Corpus {
    /// A corpus of `size` in bodies of `per_body` messages.
    pub fn new(seed: u64, size: Size, per_body: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let texts = Texts::new(&mut rng);
        // Early enough that random steps do not pile messages up at the end: six standard deviations.
        let drift = 6.0 * (size.total() as f64).sqrt() * STEP_MS as f64 / 3.0_f64.sqrt();
        let oldest = NEWEST_MS - size.total() as i64 * STEP_MS - drift as i64;
        let per_platform = size.conversations.div_ceil(Platform::ALL.len()).max(1);
        Self {
            rng,
            texts,
            size,
            per_body,
            sizes: Zipf::new(per_platform),
            opened: BTreeMap::new(),
            made: 0,
            at_ms: oldest,
        }
    }

    /// The same messages newest first: bodies that walk back in time, as the pages of X do.
    pub fn backwards(self) -> impl Iterator<Item = Body> {
        let mut bodies: Vec<Body> = self.collect();
        bodies.reverse();
        bodies.into_iter()
    }

    fn item(&mut self, platform: Platform) -> Item {
        self.made += 1;
        self.at_ms += self.rng.random_range(1..2 * STEP_MS);
        let conversation = self.conversation(platform);
        item(&mut self.rng, &self.texts, platform, conversation, self.at_ms.min(NEWEST_MS))
    }

    fn conversation(&mut self, platform: Platform) -> usize {
        if platform == Platform::Messenger && self.rng.random_bool(self.thread_share() / self.messenger_share()) {
            return THREAD;
        }
        // The first messages open each conversation once: a real list has many with one or two messages.
        let opened = self.opened.entry(platform).or_default();
        *opened += 1;
        if *opened <= self.sizes.count() { *opened - 1 } else { self.sizes.pick(&mut self.rng) }
    }

    fn thread_share(&self) -> f64 {
        self.size.thread as f64 / self.size.total().max(1) as f64
    }

    /// The thread, and a third of the rest.
    fn messenger_share(&self) -> f64 {
        self.thread_share() + (1.0 - self.thread_share()) / Platform::ALL.len() as f64
    }

    fn platform(&mut self) -> Platform {
        if self.rng.random_bool(self.messenger_share()) {
            return Platform::Messenger;
        }
        if self.rng.random() { Platform::Instagram } else { Platform::X }
    }
}

impl Iterator for Corpus {
    type Item = Body;

    fn next(&mut self) -> Option<Body> {
        let left = self.size.total().saturating_sub(self.made);
        if left == 0 {
            return None;
        }
        let platform = self.platform();
        let mut items: Vec<Item> = (0..self.per_body.min(left)).map(|_| self.item(platform)).collect();
        items.reverse();
        Some(Body::new(platform, items, self.at_ms.min(NEWEST_MS)))
    }
}

/// One more message of the long thread, newer than all others.
pub fn newest_of_thread() -> Body {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let texts = Texts::new(&mut rng);
    let newest = item(&mut rng, &texts, Platform::Messenger, THREAD, NEWEST_MS + 1_000);
    Body::new(Platform::Messenger, vec![Item { out: false, ..newest }], NEWEST_MS + 1_000)
}

/// `conversations` × `each` messages in one body: what a poll of everything answers. The first `changed` conversations
/// have one more, newer message; called with another number, the rest is the same to the byte. `fresh_ms` moves with
/// each poll, also when nothing else does.
pub fn listing(seed: u64, conversations: usize, each: usize, changed: Range<usize>, fresh_ms: i64) -> Body {
    listing_of(seed, 0..conversations, each, changed, fresh_ms)
}

/// The same messages in answers of `per_answer` conversations, one after the other: what several rounds bring.
pub fn answers(seed: u64, conversations: usize, each: usize, per_answer: usize) -> Vec<Body> {
    let firsts = (0..conversations).step_by(per_answer);
    firsts.map(|first| listing_of(seed, first..conversations.min(first + per_answer), each, 0..0, NEWEST_MS)).collect()
}

fn listing_of(seed: u64, conversations: Range<usize>, each: usize, changed: Range<usize>, fresh_ms: i64) -> Body {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let texts = Texts::new(&mut rng);
    let platform = Platform::Messenger;
    let mut items = Vec::with_capacity(conversations.len() * (each + 1));
    for conversation in conversations {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (conversation as u64 + 1));
        let mut at = NEWEST_MS - 86_400_000 - conversation as i64 * 60_000;
        let mut own: Vec<Item> = (0..each)
            .map(|_| {
                at -= rng.random_range(1_000..600_000);
                item(&mut rng, &texts, platform, conversation, at)
            })
            .collect();
        if changed.contains(&conversation) {
            let at = NEWEST_MS - 3_600_000 + conversation as i64;
            own.insert(0, item(&mut rng, &texts, platform, conversation, at));
        }
        items.append(&mut own);
    }
    items.sort_by_key(|item| std::cmp::Reverse(item.at_ms));
    Body::new(platform, items, fresh_ms)
}

fn item(rng: &mut impl Rng, texts: &Texts, platform: Platform, conversation: usize, at_ms: i64) -> Item {
    Item {
        id: wire::message_id(rng, platform, at_ms),
        conversation,
        at_ms,
        out: rng.random_bool(0.45),
        text: texts.text(rng),
        image: rng.random_bool(0.08),
        reaction: rng.random_bool(0.1).then_some("❤️"),
    }
}

/// Ranks with the frequency of 1/rank.
pub struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    /// Ranks 0 to `count` − 1.
    pub fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let cumulative = (1..=count)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// How many ranks there are.
    pub fn count(&self) -> usize {
        self.cumulative.len()
    }

    /// A rank.
    pub fn pick(&self, rng: &mut impl Rng) -> usize {
        let sum = self.cumulative.last().copied().unwrap_or_default();
        let at = rng.random::<f64>() * sum;
        self.cumulative.partition_point(|c| *c < at).min(self.cumulative.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn all(seed: u64) -> Vec<Body> {
        Corpus::new(seed, Size::of(6_000), 500).collect()
    }

    #[test]
    fn the_mix_is_the_one_that_is_promised() {
        let bodies = all(1);
        let items: Vec<&Item> = bodies.iter().flat_map(|b| &b.items).collect();
        assert_eq!(items.len(), 12_000);
        let share = |n: usize| n as f64 / items.len() as f64;
        let mean = items.iter().map(|i| i.text.chars().count()).sum::<usize>() as f64 / items.len() as f64;
        assert!((65.0..81.0).contains(&mean), "{mean} characters");
        let han = share(items.iter().filter(|i| i.text.chars().any(|c| ('一'..'龥').contains(&c))).count());
        assert!((0.17..0.23).contains(&han), "{han} Chinese");
        let cyrillic = share(items.iter().filter(|i| i.text.chars().any(|c| ('а'..'я').contains(&c))).count());
        assert!((0.10..0.14).contains(&cyrillic), "{cyrillic} Cyrillic");
        assert!((0.07..0.09).contains(&share(items.iter().filter(|i| i.image).count())));
        let thread = items.iter().filter(|i| i.conversation == THREAD).count();
        assert!((5_300..6_700).contains(&thread), "{thread} in the thread");
    }

    #[test]
    fn one_seed_gives_the_same_bytes_and_no_id_twice() {
        let (first, again) = (all(7), all(7));
        assert!(first.iter().zip(&again).all(|(a, b)| a.json == b.json));
        let ids: BTreeSet<&str> = first.iter().flat_map(|b| &b.items).map(|i| i.id.as_str()).collect();
        assert_eq!(ids.len(), 12_000);
    }

    #[test]
    fn bodies_go_forward_and_their_messages_backward() {
        let bodies = all(3);
        assert!(bodies.iter().all(|b| b.items.is_sorted_by(|a, b| a.at_ms >= b.at_ms)));
        assert!(bodies.is_sorted_by(|a, b| a.items.last().map(|i| i.at_ms) <= b.items.last().map(|i| i.at_ms)));
    }

    #[test]
    fn a_changed_listing_differs_only_by_its_new_messages() {
        let (before, after) = (listing(5, 20, 4, 0..0, NEWEST_MS), listing(5, 20, 4, 0..3, NEWEST_MS));
        assert_eq!(after.items.len(), before.items.len() + 3);
        let held: BTreeSet<&str> = before.items.iter().map(|i| i.id.as_str()).collect();
        assert_eq!(after.items.iter().filter(|i| !held.contains(i.id.as_str())).count(), 3);
    }
}

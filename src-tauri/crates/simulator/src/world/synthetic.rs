//! Worlds of any size for benches and load tests: the mix of scripts of the performance notes, no meaning.

use rand::{Rng, RngExt as _};

use crate::graph::state::PersonFlags;
use crate::ids;
use crate::world::pictures::{Picture, Scene};
use crate::world::scenery::CORNER_BAKERY;
use crate::world::{Attachment, Direction, FileRef, NewMessage, Person, Synthetic, World};

const LATIN: &[&str] = &[
    "bread", "order", "tomorrow", "morning", "please", "table", "window", "cake", "seeds", "delivery", "thanks",
    "eight", "could", "we", "have", "the", "a", "with", "without", "sugar", "café", "crème", "größe", "señora",
    "invoice", "again",
];
const CYRILLIC: &[&str] = &["хлеб", "заказ", "завтра", "спасибо", "утром", "торт", "можно", "без", "сахара", "окно"];
const ARABIC: &[&str] = &["خبز", "طلب", "غدا", "شكرا", "صباح", "كعكة", "بدون", "سكر", "نافذة", "من"];
const HAN: &[&str] = &["面包", "订单", "明天", "谢谢", "早上", "蛋糕", "可以", "没有", "糖", "窗口", "请", "我们"];
const EMOJI: &[&str] = &["😀", "🥐", "❤️", "🙏", "👍🏽", "🎂", "🚲", "👨‍👩‍👧"];

pub(crate) fn build(size: &Synthetic, seed: u64, start_ms: i64) -> World {
    let mut world = World::bare(seed, start_ms);
    let profile = world.add_business(&CORNER_BAKERY, None);
    let photo = "synthetic.jpg".to_owned();
    world.pictures.insert(photo.clone(), Picture::new(Scene::Loaf, seed, &photo));
    for n in 0..size.conversations {
        let Some(platform) = size.platforms.get(n % size.platforms.len().max(1)).copied() else { break };
        let mut rng = ids::rng(seed, &format!("synthetic/{n}"));
        let person = |id, _: &mut _| Person {
            id,
            name: Some(format!("Person {n}")),
            username: Some(format!("person{n}")),
            picture: None,
            language: "en",
            flags: PersonFlags::default(),
        };
        let Some(conversation) = world.add_person(profile, platform, &format!("synthetic/{n}"), person) else { break };
        // The newest message of the first conversation is a minute old, of each later one a few minutes older.
        let mut at = start_ms - 60_000 - i64::try_from(n).unwrap_or(0) * 240_000;
        let mut times: Vec<i64> = (0..size.messages_per_conversation)
            .map(|_| {
                let this = at;
                at -= rng.random_range(5_000..5_400_000);
                this
            })
            .collect();
        times.reverse();
        for at in times {
            let direction = if rng.random_bool(0.55) { Direction::Received } else { Direction::Sent };
            let mut message = NewMessage::seeded(direction, at, Some(sentence(&mut rng)));
            if rng.random_bool(0.08) {
                message.attachments.push(Attachment::new("image", FileRef::Own(photo.clone())));
            }
            let react = rng.random_bool(0.1);
            let Some(id) = world.add_message(profile, platform, &conversation, message) else { break };
            if react
                && let Some(chat) = world.account_mut(profile, platform).and_then(|a| a.conversation_mut(&conversation))
            {
                let who = chat.person.id.clone();
                if let Some(message) = chat.messages.iter_mut().rev().find(|m| m.id == id) {
                    message.reactions.insert(who, "❤️".to_owned());
                }
            }
        }
    }
    world
}

/// About 73 characters: 60 % Latin, 12 % Cyrillic, 8 % Arabic, 20 % Chinese, an emoji in 18 %.
fn sentence(rng: &mut impl Rng) -> String {
    let (words, gap) = match rng.random_range(0..100) {
        0..60 => (LATIN, " "),
        60..72 => (CYRILLIC, " "),
        72..80 => (ARABIC, " "),
        _ => (HAN, ""),
    };
    let length = rng.random_range(10..136);
    let mut text = String::new();
    let mut characters = 0;
    while characters < length {
        let word = words.get(rng.random_range(0..words.len())).copied().unwrap_or_default();
        if !text.is_empty() {
            text.push_str(gap);
        }
        text.push_str(word);
        characters += word.chars().count() + gap.len();
    }
    if rng.random_bool(0.18) {
        text.push(' ');
        text.push_str(EMOJI.get(rng.random_range(0..EMOJI.len())).copied().unwrap_or_default());
    }
    text
}

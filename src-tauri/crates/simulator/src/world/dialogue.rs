//! Reads the notation in which the world's conversations are written.
//!
//! ```text
//! @ instagram | Ines Moreau | ines.moreau | fr | 3h | read     a conversation; its last message is 3 h old
//! < text          the person          > text          the business
//! <img cake       a photo, no text    >img cake
//! <att story_mention harbour          any attachment kind, with a picture
//! + ❤️            the person reacts to the line above;  ++ 👍  the business does
//! ~ 2d            so long until the next line (else a few minutes)
//! ```
//!
//! Flags: `read` (the person has read everything), `archived`, `recorded` (no 20-message limit), `nopic`,
//! `silent` (listed, but nothing was ever said), `long:300` (that many older messages of a standing order come first). A name `-` is a person without a name.
//! A line that cannot be read is an error of the file, found by the test below.

use rand::RngExt as _;

use crate::graph::state::PersonFlags;
use crate::ids;
use crate::platform::Platform;
use crate::world::pictures::{Picture, Scene};
use crate::world::scenery::{Business, DAYS, ITEMS, STANDING_ORDERS};
use crate::world::{Attachment, Direction, FileRef, NewMessage, Person, ProfileId, Shelf, World};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One written conversation.
#[derive(Debug)]
pub(crate) struct Dialogue<'a> {
    pub platform: Platform,
    pub name: Option<&'a str>,
    pub username: &'a str,
    pub language: &'a str,
    pub ends_ago_ms: i64,
    pub flags: Vec<&'a str>,
    pub lines: Vec<Line<'a>>,
}

#[derive(Debug)]
pub(crate) enum Line<'a> {
    Text(Direction, &'a str),
    Attachment(Direction, &'a str, Scene),
    Reaction(Direction, &'a str),
    Pause(i64),
}

/// Where a file breaks the notation.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub(crate) struct Unreadable {
    pub line: usize,
    pub why: &'static str,
}

pub(crate) fn parse(text: &str) -> Result<Vec<Dialogue<'_>>, Unreadable> {
    let mut all: Vec<Dialogue<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let fail = |why| Unreadable { line: number + 1, why };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix("@ ") {
            all.push(parse_head(head).ok_or_else(|| fail("head"))?);
            continue;
        }
        let read = parse_line(line).ok_or_else(|| fail("line"))?;
        all.last_mut().ok_or_else(|| fail("no head"))?.lines.push(read);
    }
    Ok(all)
}

fn parse_head(head: &str) -> Option<Dialogue<'_>> {
    let mut parts = head.split('|').map(str::trim);
    Some(Dialogue {
        platform: Platform::parse(parts.next()?)?,
        name: Some(parts.next()?).filter(|n| *n != "-"),
        username: parts.next()?,
        language: parts.next()?,
        ends_ago_ms: duration(parts.next()?)?,
        flags: parts.next().unwrap_or_default().split_whitespace().collect(),
        lines: Vec::new(),
    })
}

fn parse_line(line: &str) -> Option<Line<'_>> {
    if let Some(rest) = line.strip_prefix("~ ") {
        return duration(rest).map(Line::Pause);
    }
    if let Some(rest) = line.strip_prefix("++ ") {
        return Some(Line::Reaction(Direction::Sent, rest));
    }
    if let Some(rest) = line.strip_prefix("+ ") {
        return Some(Line::Reaction(Direction::Received, rest));
    }
    let (direction, rest) = if let Some(rest) = line.strip_prefix('<') {
        (Direction::Received, rest)
    } else {
        (Direction::Sent, line.strip_prefix('>')?)
    };
    if let Some(scene) = rest.strip_prefix("img ") {
        return Some(Line::Attachment(direction, "image", Scene::parse(scene)?));
    }
    if let Some(rest) = rest.strip_prefix("att ") {
        let (kind, scene) = rest.split_once(' ')?;
        return Some(Line::Attachment(direction, kind, Scene::parse(scene)?));
    }
    rest.strip_prefix(' ').map(|text| Line::Text(direction, text))
}

/// `3h`, `22h30m`, `6d`, `45s`.
fn duration(text: &str) -> Option<i64> {
    let mut total = 0;
    let mut digits = 0_i64;
    for c in text.chars() {
        if let Some(d) = c.to_digit(10) {
            digits = digits * 10 + i64::from(d);
            continue;
        }
        let unit = match c {
            's' => 1_000,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => return None,
        };
        total += digits * unit;
        digits = 0;
    }
    (digits == 0 && total > 0).then_some(total)
}

/// Puts a business's written conversations into the world.
pub(crate) fn stage(world: &mut World, profile: ProfileId, business: &Business) {
    // The files are compiled in and checked by a test; what cannot be read is left out rather than stopping the app.
    for dialogue in parse(business.dialogues).unwrap_or_default() {
        stage_one(world, profile, &dialogue);
    }
}

fn stage_one(world: &mut World, profile: ProfileId, dialogue: &Dialogue<'_>) -> Option<()> {
    let (seed, platform) = (world.seed, dialogue.platform);
    let label = format!("{}/{}", dialogue.username, platform.wire());
    let with_picture = !dialogue.flags.contains(&"nopic");
    let conversation = world.add_person(profile, platform, &label, |id, pictures| {
        let picture = with_picture.then(|| format!("face-{}.jpeg", ids::hex(seed, &format!("face/{label}"), 6)));
        if let Some(name) = &picture {
            pictures.insert(name.clone(), Picture::new(Scene::Face, seed, &label));
        }
        Person {
            id,
            name: dialogue.name.map(str::to_owned),
            username: Some(dialogue.username.to_owned()).filter(|u| *u != "-"),
            picture,
            language: super::replies::language(dialogue.language),
            flags: PersonFlags::default(),
        }
    })?;
    let recorded = dialogue.flags.contains(&"recorded");
    let mut played = play(world, dialogue, &label);
    let older = dialogue.flags.iter().find_map(|f| f.strip_prefix("long:")).and_then(|n| n.parse().ok()).unwrap_or(0);
    if older > 0 {
        let first = played.first().map_or(world.start_ms - dialogue.ends_ago_ms, |p| p.message.at);
        let mut all = standing_orders(seed, &label, older, first);
        all.append(&mut played);
        played = all;
    }
    let mut last_sent = None;
    for Played { mut message, reactions } in played {
        message.recorded = recorded;
        if message.direction == Direction::Sent {
            last_sent = Some(message.at);
        }
        let id = world.add_message(profile, platform, &conversation, message)?;
        let account = world.account_mut(profile, platform)?;
        let own = account.id.clone();
        let chat = account.conversation_mut(&conversation)?;
        let person = chat.person.id.clone();
        let message = chat.messages.iter_mut().find(|m| m.id == id)?;
        for (by, emoji) in reactions {
            let who = if by == Direction::Sent { own.clone() } else { person.clone() };
            message.reactions.insert(who, emoji);
        }
    }
    let start = world.start_ms;
    let chat = world.account_mut(profile, platform)?.conversation_mut(&conversation)?;
    if dialogue.flags.contains(&"read") {
        chat.watermark = last_sent.map(|at| (at + 90_000).min(start - 1_000));
    }
    if dialogue.flags.contains(&"archived") {
        chat.shelf = Shelf::Archived;
    }
    Some(())
}

struct Played {
    message: NewMessage,
    reactions: Vec<(Direction, String)>,
}

/// Gives every line its instant, counted back from the end.
fn play(world: &mut World, dialogue: &Dialogue<'_>, label: &str) -> Vec<Played> {
    let seed = world.seed;
    let mut rng = ids::rng(seed, &format!("pace/{label}"));
    let mut offset = 0;
    let mut pause = None;
    let mut previous = None;
    let mut out: Vec<Played> = Vec::new();
    for (place, line) in dialogue.lines.iter().enumerate() {
        let (direction, text, attachment) = match line {
            Line::Pause(ms) => {
                pause = Some(*ms);
                continue;
            }
            Line::Reaction(by, emoji) => {
                if let Some(last) = out.last_mut() {
                    last.reactions.push((*by, (*emoji).to_owned()));
                }
                continue;
            }
            Line::Text(direction, text) => (*direction, Some(text.replace("\\n", "\n")), None),
            Line::Attachment(direction, kind, scene) => (*direction, None, Some((*kind, *scene))),
        };
        if previous.is_some() {
            // The same person goes on typing; the other one has to notice first.
            let quick = previous == Some(direction);
            let usual = if quick { rng.random_range(8_000..50_000) } else { rng.random_range(40_000..14 * MINUTE) };
            offset += pause.take().unwrap_or(usual);
        }
        previous = Some(direction);
        let mut message = NewMessage::seeded(direction, offset, text);
        if let Some((kind, scene)) = attachment {
            let extension = if scene == Scene::Receipt || scene == Scene::Map { "png" } else { "jpg" };
            let name = format!("{}.{extension}", ids::hex(seed, &format!("photo/{label}/{place}"), 8));
            world.pictures.insert(name.clone(), Picture::new(scene, seed, &name));
            message.attachments.push(Attachment::new(kind, FileRef::Own(name)));
        }
        out.push(Played { message, reactions: Vec::new() });
    }
    let start = world.start_ms - dialogue.ends_ago_ms - offset;
    for played in &mut out {
        played.message.at += start;
    }
    out
}

/// `wanted` messages of a customer with a standing order, the last a day or two before `until`.
fn standing_orders(seed: u64, label: &str, wanted: usize, until: i64) -> Vec<Played> {
    let mut rng = ids::rng(seed, &format!("orders/{label}"));
    let mut out: Vec<Played> = Vec::new();
    let mut at = 0;
    let pick = |list: &[&'static str], n: usize| list.get(n % list.len().max(1)).copied().unwrap_or_default();
    while out.len() < wanted {
        let exchange = STANDING_ORDERS.get(rng.random_range(0..STANDING_ORDERS.len())).copied().unwrap_or_default();
        let (item, day) = (pick(ITEMS, rng.random_range(0..64)), pick(DAYS, rng.random_range(0..64)));
        let n = rng.random_range(4..48).to_string();
        at += rng.random_range(14 * HOUR..60 * HOUR);
        for line in exchange {
            let Some(Line::Text(direction, text)) = parse_line(line) else { continue };
            at += rng.random_range(20_000..25 * MINUTE);
            let text = text.replace("{n}", &n).replace("{day}", day).replace("{item}", item);
            out.push(Played { message: NewMessage::seeded(direction, at, Some(text)), reactions: Vec::new() });
        }
    }
    out.truncate(wanted);
    let end = out.last().map_or(0, |p| p.message.at);
    let shift = until - rng.random_range(20 * HOUR..40 * HOUR) - end;
    for played in &mut out {
        played.message.at += shift;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scenery::{CORNER_BAKERY, NORTH_PIER, SPOKE_STREET};

    #[test]
    fn every_dialogue_file_can_be_read_and_has_something_to_say() -> Result<(), Unreadable> {
        for business in [&CORNER_BAKERY, &NORTH_PIER, &SPOKE_STREET] {
            for dialogue in parse(business.dialogues)? {
                assert_eq!(dialogue.lines.is_empty(), dialogue.flags.contains(&"silent"), "{dialogue:?}");
                assert!(super::super::replies::known(dialogue.language), "{}", dialogue.language);
            }
        }
        Ok(())
    }

    #[test]
    fn durations_are_read_and_nonsense_is_refused() {
        assert_eq!(duration("22h30m"), Some(22 * HOUR + 30 * MINUTE));
        assert_eq!(duration("6d"), Some(6 * DAY));
        assert_eq!(duration("6"), None);
        assert_eq!(duration("h"), None);
        assert_eq!(parse("< no head").map(|_| ()), Err(Unreadable { line: 1, why: "no head" }));
    }
}

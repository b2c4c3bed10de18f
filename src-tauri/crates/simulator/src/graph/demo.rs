//! What the demo shows through Graph alone: one of every kind of message, an Instagram thread that is longer than Graph's
//! memory, requests that are hidden, people whose profile cannot be read.
//!
//! These conversations are no dialogue files, because they show what a platform does rather than what people say. Their
//! times are counted back from the start, like the others'.

use crate::graph::content::Content;
use crate::graph::state::PersonFlags;
use crate::ids;
use crate::platform::Platform;
use crate::world::pictures::{Picture, Scene};
use crate::world::scenery::{DAYS, ITEMS, STANDING_ORDERS};
use crate::world::{Direction, NewMessage, Person, ProfileId, World};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A person of this part of the demo.
struct Guest {
    name: &'static str,
    username: &'static str,
    flags: PersonFlags,
}

/// A conversation in the making.
struct Stage<'a> {
    world: &'a mut World,
    profile: ProfileId,
    platform: Platform,
    conversation: String,
    label: String,
    lines: u32,
}

impl<'a> Stage<'a> {
    fn open(world: &'a mut World, profile: ProfileId, platform: Platform, guest: &Guest) -> Option<Self> {
        let label = format!("graph/{}/{}", guest.username, platform.wire());
        let seed = world.seed;
        let conversation = world.add_person(profile, platform, &label, |id, pictures| {
            let name = format!("face-{}.jpeg", ids::hex(seed, &format!("face/{label}"), 6));
            pictures.insert(name.clone(), Picture::new(Scene::Face, seed, &label));
            Person {
                id,
                name: Some(guest.name.to_owned()),
                username: Some(guest.username.to_owned()),
                picture: Some(name),
                language: "en",
                flags: guest.flags,
            }
        })?;
        world.account_mut(profile, platform)?.conversation_mut(&conversation)?.graph_only = true;
        Some(Self { world, profile, platform, conversation, label, lines: 0 })
    }

    /// A line so long before the start; gives its id.
    fn say(&mut self, ago: i64, direction: Direction, text: &str, content: &[Content]) -> Option<String> {
        self.put(ago, direction, text, content, |_| {})
    }

    fn put(
        &mut self,
        ago: i64,
        direction: Direction,
        text: &str,
        content: &[Content],
        change: impl FnOnce(&mut NewMessage),
    ) -> Option<String> {
        self.lines += 1;
        let label = format!("{}/{}", self.label, self.lines);
        let text = Some(text.to_owned()).filter(|t| !t.is_empty());
        let mut message = NewMessage::seeded(direction, self.world.start_ms - ago, text);
        for (place, content) in content.iter().enumerate() {
            message.attachments.push(content.attachment(self.world, &format!("{label}/{place}")));
        }
        change(&mut message);
        self.world.add_message(self.profile, self.platform, &self.conversation, message)
    }

    fn message_mut(&mut self, id: &str) -> Option<&mut crate::world::Message> {
        let chat = self.world.account_mut(self.profile, self.platform)?.conversation_mut(&self.conversation)?;
        chat.messages.iter_mut().find(|m| m.id == id)
    }

    /// `None` as who: the business.
    fn react(&mut self, id: &str, by_person: bool, emoji: &str) -> Option<()> {
        let account = self.world.account(self.profile, self.platform)?;
        let who = if by_person { &account.conversation(&self.conversation)?.person.id } else { &account.id }.clone();
        self.message_mut(id)?.reactions.insert(who, emoji.to_owned());
        Some(())
    }
}

/// Adds it all to the first profile.
pub(crate) fn stage(world: &mut World, profile: ProfileId) {
    // Each part stands for itself; a part that cannot be staged is found missing by the test below.
    let _parts = [
        every_kind_on_messenger(world, profile),
        every_kind_on_instagram(world, profile),
        forty_five(world, profile),
        requests(world, profile),
        people_in_the_dark(world, profile),
    ];
}

const IN: Direction = Direction::Received;
const OUT: Direction = Direction::Sent;

fn every_kind_on_messenger(world: &mut World, profile: ProfileId) -> Option<()> {
    let guest = Guest { name: "Priya Nair", username: "priya.nair", flags: PersonFlags::default() };
    let mut stage = Stage::open(world, profile, Platform::Facebook, &guest)?;
    // Ids of long ago have signs that must be escaped in a path.
    stage.put(400 * DAY, IN, "Do you bake for weddings?", &[], |m| m.id = Some("mid.1457:a$b=c/1".to_owned()))?;
    stage
        .put(400 * DAY - 4 * MINUTE, OUT, "We do! Up to 120 guests.", &[], |m| m.id = Some("mid.$cAADq0".to_owned()))?;
    let photo = stage.say(30 * HOUR, IN, "", &[Content::Image])?;
    stage.react(&photo, false, "❤️")?;
    stage.say(29 * HOUR, IN, "This is the crumb I mean", &[])?;
    stage.say(28 * HOUR, IN, "", &[Content::Video])?;
    stage.say(27 * HOUR, IN, "", &[Content::Audio])?;
    stage.say(26 * HOUR, OUT, "", &[Content::File])?;
    let question = stage.say(25 * HOUR, IN, "Is the price per loaf?", &[])?;
    stage.put(24 * HOUR, OUT, "Per loaf, yes.", &[], |m| m.reply_to = Some(question))?;
    stage.say(23 * HOUR, IN, "", &[Content::Sticker])?;
    stage.say(22 * HOUR, IN, "", &[Content::Link])?;
    stage.say(21 * HOUR, IN, "", &[Content::Post])?;
    stage.say(20 * HOUR, IN, "", &[Content::Reel])?;
    stage.say(19 * HOUR, OUT, "", &[Content::Product])?;
    stage.say(18 * HOUR, OUT, "", &[Content::Template])?;
    stage.put(17 * HOUR, IN, "", &[], |m| m.unsupported = true)?;
    stage.say(16 * HOUR, IN, "", &[])?;
    stage.say(15 * HOUR, IN, "", &[Content::Unheard])?;
    let regretted = stage.say(14 * HOUR, IN, "Oops, wrong chat", &[])?;
    stage.message_mut(&regretted)?.unsent = true;
    let last = stage.say(13 * HOUR, IN, "Ten loaves then, please", &[Content::Image, Content::Image])?;
    stage.react(&last, false, "👍")?;
    stage.react(&last, true, "😆")
}

fn every_kind_on_instagram(world: &mut World, profile: ProfileId) -> Option<()> {
    let guest = Guest { name: "Ottoline Frey", username: "ottoline.frey", flags: PersonFlags::default() };
    let mut stage = Stage::open(world, profile, Platform::Instagram, &guest)?;
    // Of a story that has ended: its link is empty.
    stage.say(50 * HOUR, IN, "That crust!", &[Content::StoryReply])?;
    let answer = stage.say(49 * HOUR, OUT, "Baked at four in the morning", &[])?;
    stage.react(&answer, true, "❤️")?;
    stage.say(12 * HOUR, IN, "Can I have this one?", &[Content::StoryReply])?;
    stage.say(11 * HOUR, IN, "", &[Content::StoryMention])?;
    stage.put(10 * HOUR, OUT, "Thank you for the mention!", &[], |m| m.reply_to = Some(answer))?;
    stage.say(9 * HOUR, IN, "", &[Content::IgPost])?;
    stage.say(8 * HOUR, IN, "", &[Content::IgReel])?;
    stage.say(7 * HOUR, IN, "", &[Content::Audio])?;
    stage.say(6 * HOUR, IN, "", &[Content::Video])?;
    stage.say(5 * HOUR, IN, "", &[Content::ViewOnce])?;
    stage.put(4 * HOUR, IN, "", &[], |m| m.unsupported = true)?;
    let regretted = stage.say(3 * HOUR, IN, "Never mind", &[])?;
    stage.message_mut(&regretted)?.unsent = true;
    stage.say(2 * HOUR, IN, "", &[Content::Image])?;
    stage.say(100 * MINUTE, IN, "Something like this, for Friday?", &[]).map(drop)
}

/// More than twice of what Graph tells.
fn forty_five(world: &mut World, profile: ProfileId) -> Option<()> {
    let guest = Guest { name: "Lido Canteen", username: "lido.canteen", flags: PersonFlags::default() };
    let mut stage = Stage::open(world, profile, Platform::Instagram, &guest)?;
    let script: Vec<&str> = STANDING_ORDERS.iter().flat_map(|exchange| exchange.iter().copied()).collect();
    for n in 0..45_usize {
        let line = script.get(n % script.len().max(1)).copied().unwrap_or_default();
        let (sign, text) = line.split_once(' ')?;
        let text = text
            .replace("{n}", &(6 + n % 20).to_string())
            .replace("{day}", DAYS.get(n % DAYS.len().max(1)).copied().unwrap_or_default())
            .replace("{item}", ITEMS.get(n % ITEMS.len().max(1)).copied().unwrap_or_default());
        let ago = 9 * HOUR + (44 - i64::try_from(n).unwrap_or(0)) * 11 * HOUR;
        stage.say(ago, if sign == "<" { IN } else { OUT }, &text, &[])?;
    }
    Some(())
}

fn requests(world: &mut World, profile: ProfileId) -> Option<()> {
    for (name, username, days) in [("Nadia Kerr", "nadia.kerr", 3), ("Old Friend", "old.friend", 41)] {
        let guest = Guest { name, username, flags: PersonFlags::default() };
        let mut stage = Stage::open(world, profile, Platform::Instagram, &guest)?;
        stage.say(days * DAY, IN, "Hello, do you take on apprentices?", &[])?;
        let account = stage.world.account_mut(profile, Platform::Instagram)?;
        account.conversation_mut(&stage.conversation)?.requests = true;
    }
    Some(())
}

/// Whose name must come from the conversation, because the profile answers an error.
fn people_in_the_dark(world: &mut World, profile: ProfileId) -> Option<()> {
    let none = PersonFlags::default();
    let guests = [
        (Platform::Facebook, "Walt Ames", "walt.ames", PersonFlags { profile_denied: true, ..none }, 8 * DAY),
        (Platform::Facebook, "Freda Holm", "freda.holm", PersonFlags { phone_account: true, ..none }, 10 * DAY),
        (
            Platform::Facebook,
            "Tove Aune",
            "tove.aune",
            PersonFlags { no_picture: true, unreachable: true, ..none },
            11 * DAY,
        ),
        (Platform::Instagram, "Rafa Quint", "rafa.quint", PersonFlags { no_consent: true, ..none }, 13 * DAY),
    ];
    for (platform, name, username, flags, ago) in guests {
        let guest = Guest { name, username, flags };
        let mut stage = Stage::open(world, profile, platform, &guest)?;
        stage.say(ago, IN, "Are you open on Sunday?", &[])?;
        stage.say(ago - 9 * MINUTE, OUT, "From eight to one.", &[])?;
    }
    Some(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_message_is_there() {
        let mut world = crate::world::demo::build(7, 1_790_000_000_000);
        let account = |p| world.account(ProfileId::PRIMARY, p).unwrap();
        let guests = [Platform::Facebook, Platform::Instagram]
            .map(|p| account(p).conversations.iter().filter(|c| c.graph_only).count());
        assert_eq!(guests, [4, 5]);
        let messages: Vec<_> = [Platform::Facebook, Platform::Instagram]
            .into_iter()
            .flat_map(|p| &account(p).conversations)
            .flat_map(|c| c.messages.clone())
            .collect();
        let seen: BTreeSet<String> = messages.iter().flat_map(|m| &m.attachments).map(|a| a.kind.clone()).collect();
        let told = BTreeSet::from_iter(Content::ALL.map(|c| c.attachment(&mut world, "x").kind));
        assert_eq!(told.difference(&seen).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(messages.iter().any(|m| m.unsupported) && messages.iter().any(|m| m.unsent));
        assert!(messages.iter().any(|m| m.reply_to.is_some()) && messages.iter().any(|m| !m.reactions.is_empty()));
    }
}

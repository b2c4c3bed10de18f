//! The worlds that are written by hand: the demo's three businesses, and the small one of most tests.

use crate::graph;
use crate::world::scenery::{Business, CORNER_BAKERY, NORTH_PIER, SPOKE_STREET};
use crate::world::{ProfileId, World, dialogue};

pub(crate) fn build(seed: u64, start_ms: i64) -> World {
    let mut world = World::bare(seed, start_ms);
    for (business, title) in
        [(&CORNER_BAKERY, None), (&NORTH_PIER, Some("North Pier")), (&SPOKE_STREET, Some("Spoke Street Cycles"))]
    {
        let profile = world.add_business(business, title);
        dialogue::stage(&mut world, profile, business);
    }
    graph::demo::stage(&mut world, ProfileId::PRIMARY);
    world
}

/// Two people on each platform: one who waits for an answer, one who got it and has read it.
const SMALL: Business = Business {
    name: "Corner Bakery",
    username: "corner.bakery",
    dialogues: "
@ facebook | Ada Park | ada.park | en | 10m |
< Is it ready?
> Five more minutes.
< Great, waiting outside
@ facebook | Lin Moe | lin.moe | en | 2d | read
< Do you have rye today?
> We do, until noon.
+ 👍
@ instagram | Noor Vale | noor.vale | en | 20m |
< Still open?
@ instagram | Ines Moreau | ines.moreau | fr | 3d | read
< Bonjour, un gâteau pour huit, c'est possible ?
> Bien sûr. Pour quel jour ?
<img cake
@ twitter | Kenji Mori | kenji_mori | ja | 30m |
< 明日は営業していますか？
@ twitter | Olga Berg | olga_berg | ru | 4d | read
< Спасибо за хлеб!
> Приходите ещё.
",
};

pub(crate) fn build_small(seed: u64, start_ms: i64) -> World {
    let mut world = World::bare(seed, start_ms);
    let profile = world.add_business(&SMALL, None);
    dialogue::stage(&mut world, profile, &SMALL);
    world
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::platform::Platform;
    use crate::world::{Direction, Shelf};

    const START: i64 = 1_790_000_000_000;

    #[test]
    fn the_same_seed_gives_the_same_world_and_another_seed_another() {
        assert_eq!(build(7, START), build(7, START));
        assert_ne!(build(7, START), build(8, START));
    }

    #[test]
    fn the_demo_has_what_the_product_must_show() {
        let world = build(7, START);
        assert_eq!(world.profiles.len(), 3);
        let chats: Vec<_> = world
            .profiles
            .iter()
            .flat_map(|p| p.accounts.values())
            .flat_map(|a| a.conversations.iter().map(move |c| (a.platform, c)))
            .collect();
        assert!(chats.len() >= 60, "{} people", chats.len());
        for profile in &world.profiles {
            for platform in Platform::ALL {
                let n = profile.accounts.get(&platform).map_or(0, |a| a.conversations.len());
                assert!(n >= 5, "{} has {n} on {platform:?}", profile.title);
            }
        }
        let languages: BTreeSet<_> = chats.iter().map(|(_, c)| c.person.language).collect();
        assert!(languages.len() >= 15, "{languages:?}");
        assert!(chats.iter().any(|(_, c)| c.person.name.is_none()), "a person without a name");
        assert!(chats.iter().filter(|(_, c)| c.messages.len() >= 200).count() >= 3, "long threads");
        assert!(chats.iter().filter(|(_, c)| c.shelf == Shelf::Archived).count() >= 3, "archived ones");
        assert!(chats.iter().filter(|(_, c)| c.watermark.is_some()).count() >= 10, "read ones");
        let closing = chats.iter().filter(|(platform, c)| {
            *platform == Platform::Facebook
                && c.last_received().is_some_and(|at| (20..24).contains(&((START - at) / 3_600_000)))
        });
        assert!(closing.count() >= 3, "windows that close within four hours");
        let waiting =
            chats.iter().filter(|(_, c)| c.messages.last().is_some_and(|m| m.direction == Direction::Received));
        assert!(waiting.count() >= 15, "unanswered ones");
        let messages = || chats.iter().flat_map(|(_, c)| &c.messages);
        assert!(messages().any(|m| m.text.is_none() && !m.attachments.is_empty()), "a message of only a picture");
        assert!(messages().filter(|m| !m.reactions.is_empty()).count() >= 12, "reactions");
        for (_, chat) in &chats {
            for message in chat.messages.iter().filter(|m| m.reactions.len() == 1) {
                let by_customer = message.reactions.contains_key(&chat.person.id);
                assert_eq!(by_customer, message.direction == Direction::Sent, "reacts to himself: {message:?}");
            }
        }
        assert!(messages().all(|m| m.at < START), "nothing is dated in the future");
        let ids: BTreeSet<_> = messages().map(|m| &m.id).collect();
        assert_eq!(ids.len(), messages().count(), "ids are unique");
    }
}

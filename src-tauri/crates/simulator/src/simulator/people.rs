//! Acting as the people of the world, and as the business in the platform's own app.

use crate::acts::{Inbound, Outbound};
use crate::graph::state::PersonFlags;
use crate::platform::Platform;
use crate::simulator::Simulator;
use crate::state::{Chat, SimError};
use crate::world::{Origin, Person, ProfileId, Shelf};

impl Simulator {
    /// Handles on all conversations of a profile's linked account.
    #[must_use]
    pub fn chats(&self, profile: ProfileId, platform: Platform) -> Vec<Chat> {
        self.core.lock().chats(Some(profile), Some(platform))
    }

    /// The conversation with the person of this name, user name or id, or with this conversation id.
    ///
    /// # Errors
    /// When there is none on a linked account.
    pub fn chat(&self, profile: ProfileId, platform: Platform, who: &str) -> Result<Chat, SimError> {
        self.core.lock().find_chat(profile, platform, who)
    }

    /// A new person, who has not written yet. The same name gives the same ids.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn add_person(&self, profile: ProfileId, platform: Platform, name: &str) -> Result<Chat, SimError> {
        self.core.act(|state, _| {
            let named = |id, _: &mut _| Person {
                id,
                name: Some(name.to_owned()).filter(|n| !n.is_empty()),
                username: None,
                picture: None,
                language: "en",
                flags: PersonFlags::default(),
            };
            let place = state.world.account(profile, platform).map_or(0, |a| a.conversations.len());
            let label = format!("added/{place}/{name}");
            let conversation = state.world.add_person(profile, platform, &label, named).ok_or(SimError::NoProfile)?;
            let account = state.world.account(profile, platform).ok_or(SimError::NoProfile)?;
            let person = account.conversation(&conversation).map(|c| c.person.id.clone()).ok_or(SimError::NoChat)?;
            Ok(Chat { profile, platform, conversation, person })
        })
    }

    /// The person writes. Gives the message's id.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn inbound(&self, chat: &Chat, message: impl Into<Inbound>) -> Result<String, SimError> {
        self.core.act(|state, now| state.receive(now, chat, message.into()))
    }

    /// The business writes in the platform's own app. Gives the message's id.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn sent_elsewhere(&self, chat: &Chat, text: &str) -> Result<String, SimError> {
        let new = Outbound::new(Some(text.to_owned()), Vec::new(), Origin::Elsewhere);
        self.core.act(|state, now| state.send(now, chat, new))
    }

    /// The person reacts to a message.
    ///
    /// # Errors
    /// When the message is gone.
    pub fn react(&self, chat: &Chat, message: &str, emoji: &str) -> Result<(), SimError> {
        self.core.act(|state, now| state.react(now, chat, message, None, Some(emoji)))
    }

    /// Somebody who need not be a party of the conversation reacts (reference 10, quirk 8).
    ///
    /// # Errors
    /// When the message is gone.
    pub fn react_as(&self, chat: &Chat, message: &str, by: &str, emoji: &str) -> Result<(), SimError> {
        self.core.act(|state, now| state.react(now, chat, message, Some(by), Some(emoji)))
    }

    /// The person takes the reaction back.
    ///
    /// # Errors
    /// When the message is gone.
    pub fn unreact(&self, chat: &Chat, message: &str) -> Result<(), SimError> {
        self.core.act(|state, now| state.react(now, chat, message, None, None))
    }

    /// The person has read everything sent up to `at_ms`.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn read(&self, chat: &Chat, at_ms: i64) -> Result<(), SimError> {
        self.core.act(|state, now| state.read(now, chat, at_ms))
    }

    /// The text of a message changes.
    ///
    /// # Errors
    /// When the message is gone.
    pub fn edit(&self, chat: &Chat, message: &str, text: &str) -> Result<(), SimError> {
        self.core.act(|state, now| state.edit(now, chat, message, text))
    }

    /// A message is taken back: no GET shows it any more.
    ///
    /// # Errors
    /// When the message is gone.
    pub fn unsend(&self, chat: &Chat, message: &str) -> Result<(), SimError> {
        self.core.act(|state, now| state.unsend(now, chat, message))
    }

    /// Moves the conversation to the archived list, or back.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn archive(&self, chat: &Chat, archived: bool) -> Result<(), SimError> {
        let shelf = if archived { Shelf::Archived } else { Shelf::Active };
        self.core.act(|state, _| state.shelve(chat, shelf))
    }
}

//! Everything the simulated networks know: businesses, the people who write to them, and what was said.
//!
//! A `World` is plain data without time or network; acts on it take the instant as an argument. Built from a seed, it is
//! the same on every machine: files are named, not yet drawn, and no address is stored, because the port differs per run.

mod conversation;
pub(crate) mod demo;
pub(crate) mod dialogue;
mod message;
pub(crate) mod pictures;
mod profile;
pub(crate) mod replies;
pub(crate) mod scenery;
pub(crate) mod synthetic;

use std::collections::BTreeMap;

pub(crate) use conversation::{Conversation, Person, Shelf};
pub(crate) use message::{Attachment, FileRef, Message, NewMessage};
pub use message::{Direction, Origin};
pub use profile::ProfileId;
pub(crate) use profile::{Account, Profile};

use crate::ids;
use crate::platform::Platform;
use crate::world::pictures::Picture;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    pub seed: u64,
    pub start_ms: i64,
    pub profiles: Vec<Profile>,
    /// Files by name, drawn when first asked for.
    pub pictures: BTreeMap<String, Picture>,
    /// Raised when a key is revoked.
    pub key_generation: u32,
    pub x_key_generation: u32,
    next_seq: u64,
}

/// Which world a simulator starts with.
#[derive(Clone, Debug, PartialEq)]
pub enum WorldKind {
    /// Three businesses on three platforms with over sixty people; what a new user sees.
    Demo,
    /// One business, three platforms, two short conversations on each.
    Small,
    /// One business with three linked accounts and nobody.
    Empty,
    /// One business and as many generated messages as wanted.
    Synthetic(Synthetic),
}

/// The size of a generated world.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// Conversations over all platforms together.
    pub conversations: usize,
    /// Messages in each.
    pub messages_per_conversation: usize,
    /// The platforms that get them in turn.
    pub platforms: Vec<Platform>,
}

impl World {
    pub(crate) fn build(kind: &WorldKind, seed: u64, start_ms: i64) -> Self {
        match kind {
            WorldKind::Demo => demo::build(seed, start_ms),
            WorldKind::Small => demo::build_small(seed, start_ms),
            WorldKind::Empty => {
                let mut world = Self::bare(seed, start_ms);
                world.add_business(&scenery::CORNER_BAKERY, None);
                world
            }
            WorldKind::Synthetic(size) => synthetic::build(size, seed, start_ms),
        }
    }

    pub(crate) fn bare(seed: u64, start_ms: i64) -> Self {
        Self {
            seed,
            start_ms,
            profiles: Vec::new(),
            pictures: BTreeMap::new(),
            key_generation: 0,
            x_key_generation: 0,
            next_seq: 0,
        }
    }

    pub(crate) fn api_key(&self) -> String {
        ids::key(self.seed, &format!("api/{}", self.key_generation))
    }

    pub(crate) fn x_keys(&self) -> (String, String) {
        let n = self.x_key_generation;
        (ids::hex(self.seed, &format!("x-api-key/{n}"), 12), ids::hex(self.seed, &format!("x-api-secret/{n}"), 25))
    }

    pub(crate) fn account(&self, profile: ProfileId, platform: Platform) -> Option<&Account> {
        self.profiles.get(profile.0).and_then(|p| p.accounts.get(&platform))
    }

    pub(crate) fn account_mut(&mut self, profile: ProfileId, platform: Platform) -> Option<&mut Account> {
        self.profiles.get_mut(profile.0).and_then(|p| p.accounts.get_mut(&platform))
    }

    /// Adds a profile; `title` is `None` for the primary one, which must come first.
    pub(crate) fn add_business(&mut self, business: &scenery::Business, title: Option<&str>) -> ProfileId {
        let index = self.profiles.len();
        let created_ms = self.start_ms - 400 * 86_400_000;
        let mut accounts = BTreeMap::new();
        for platform in Platform::ALL {
            let label = format!("business/{}", business.name);
            let picture = format!("logo-{}-{}.png", ids::hex(self.seed, &label, 4), platform.wire());
            self.pictures.insert(picture.clone(), Picture::logo(self.seed, business.name));
            accounts.insert(
                platform,
                Account {
                    platform,
                    id: ids::business(self.seed, platform, &label),
                    name: business.name.to_owned(),
                    username: business.username.to_owned(),
                    picture,
                    linked: true,
                    messaging_active: true,
                    linked_ms: created_ms + 3_600_000,
                    conversations: Vec::new(),
                    by_id: BTreeMap::new(),
                    by_person: BTreeMap::new(),
                },
            );
        }
        self.profiles.push(Profile {
            title: title.unwrap_or("Primary Profile").to_owned(),
            key: title.map(|t| ids::key(self.seed, &format!("profile/{t}"))),
            ref_id: ids::hex(self.seed, &format!("ref/{index}"), 20),
            created_ms,
            messaging_enabled: true,
            suspended: false,
            deleted: false,
            api_calls: 0,
            accounts,
            other_networks: if title.is_none() { scenery::OTHER_NETWORKS.to_vec() } else { Vec::new() },
        });
        ProfileId(index)
    }

    /// Adds a conversation with a new person; the same label gives the same ids.
    pub(crate) fn add_person(
        &mut self,
        profile: ProfileId,
        platform: Platform,
        label: &str,
        person: impl FnOnce(String, &mut BTreeMap<String, Picture>) -> Person,
    ) -> Option<String> {
        let seed = self.seed;
        let id = ids::user(seed, platform, &format!("person/{}/{label}", profile.0));
        let person = person(id, &mut self.pictures);
        let account = self.profiles.get_mut(profile.0)?.accounts.get_mut(&platform)?;
        let conversation = ids::conversation(seed, platform, &account.id, &person.id);
        let place = account.conversations.len();
        account.by_id.insert(conversation.clone(), place);
        account.by_person.insert(person.id.clone(), place);
        account.conversations.push(Conversation {
            id: conversation.clone(),
            person,
            shelf: Shelf::Active,
            watermark: None,
            messages: Vec::new(),
            last_auto_reply: None,
            answering: false,
            graph_only: false,
            requests: false,
            opened_ms: i64::MIN,
            window_shut: false,
        });
        Some(conversation)
    }

    /// Appends a message at its place in time and returns its id.
    pub(crate) fn add_message(
        &mut self,
        profile: ProfileId,
        platform: Platform,
        conversation: &str,
        new: NewMessage,
    ) -> Option<String> {
        let seq = self.next_seq;
        let seed = self.seed;
        let chat = self.account_mut(profile, platform)?.conversation_mut(conversation)?;
        let id = new.id.unwrap_or_else(|| ids::message(seed, platform, conversation, chat.messages.len(), new.at));
        if new.direction == Direction::Sent && matches!(new.origin, Origin::Seed | Origin::Elsewhere) {
            chat.opened_ms = chat.opened_ms.max(new.at);
        }
        if new.direction == Direction::Received {
            chat.window_shut = false;
        }
        let message = Message {
            id: id.clone(),
            seq,
            direction: new.direction,
            at: new.at,
            updated: None,
            text: new.text,
            attachments: new.attachments,
            reactions: BTreeMap::new(),
            origin: new.origin,
            visible_from: new.visible_from,
            recorded: new.recorded,
            unsent: false,
            reply_to: new.reply_to,
            unsupported: new.unsupported,
            metadata: new.metadata,
        };
        // A late message goes to its place in time, so "oldest first" stays true.
        let place = chat.messages.partition_point(|m| m.at <= message.at);
        chat.messages.insert(place, message);
        self.next_seq = seq + 1;
        Some(id)
    }
}

//! Everything the simulated networks know: businesses, the people who write to them, and what was said.
//!
//! A `World` is plain data without time or network; acts on it take the instant as an argument. Built from a seed, it is
//! the same on every machine: files are named, not yet drawn, and no address is stored, because the port differs per run.

pub(crate) mod demo;
pub(crate) mod dialogue;
pub(crate) mod pictures;
pub(crate) mod replies;
pub(crate) mod scenery;
pub(crate) mod synthetic;

use std::collections::BTreeMap;

use crate::graph::state::{Detail, PersonFlags};
use crate::ids;
use crate::platform::Platform;
use crate::world::pictures::Picture;

/// A business of the world, by its place; the first is the Primary Profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileId(pub(crate) usize);

impl ProfileId {
    /// The Ayrshare account itself (no Profile Key).
    pub const PRIMARY: Self = Self(0);

    /// The place in the list of profiles.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// Which way a message went, seen from the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The person wrote it.
    Received,
    /// The business wrote it.
    Sent,
}

/// Who caused a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there when the simulator started.
    Seed,
    /// The person wrote it while the simulator ran.
    Person,
    /// This request of the API client sent it (its number in [`crate::Simulator::requests`]).
    Request(u64),
    /// The auto-response.
    AutoReply,
    /// The business typed it in the platform's own app.
    Elsewhere,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FileRef {
    /// Served by the simulator under `<base>/files/`.
    Own(String),
    /// Anywhere else.
    Url(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attachment {
    pub kind: String,
    pub file: FileRef,
    /// What only Graph tells.
    pub detail: Detail,
}

impl Attachment {
    pub(crate) fn new(kind: &str, file: FileRef) -> Self {
        Self { kind: kind.to_owned(), file, detail: Detail::default() }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub id: String,
    /// Order of insertion over the whole world; breaks ties of `at`.
    pub seq: u64,
    pub direction: Direction,
    pub at: i64,
    pub updated: Option<i64>,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    /// Reactor id to emoji.
    pub reactions: BTreeMap<String, String>,
    pub origin: Origin,
    /// Nobody may read it before this instant (the lag of X).
    pub visible_from: i64,
    /// Recorded by the provider since messaging was activated: exempt from the 20-message history.
    pub recorded: bool,
    pub unsent: bool,
    /// The message that this one quotes (Graph).
    pub reply_to: Option<String>,
    /// Graph says no more of it than that (`is_unsupported`).
    pub unsupported: bool,
    /// What a sender put beside it; comes back in the echo (Graph).
    pub metadata: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf {
    Active,
    Archived,
}

impl Shelf {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Archived].into_iter().find(|s| s.wire() == text)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    pub id: String,
    pub name: Option<String>,
    pub username: Option<String>,
    pub picture: Option<String>,
    pub language: &'static str,
    /// What is special about them, seen through Graph.
    pub flags: PersonFlags,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conversation {
    pub id: String,
    pub person: Person,
    pub shelf: Shelf,
    pub watermark: Option<i64>,
    /// Oldest first.
    pub messages: Vec<Message>,
    pub last_auto_reply: Option<i64>,
    /// A scripted answer is on its way, so a second send does not ask for another.
    pub answering: bool,
    /// Only Graph shows it.
    pub graph_only: bool,
    /// In the *Requests* folder of Instagram; Graph hides it after 30 idle days.
    pub requests: bool,
    /// When somebody last opened it in Meta's own inbox: what came later is unread there.
    pub opened_ms: i64,
    /// The network has closed the reply window before its time; the person's next message opens it.
    pub window_shut: bool,
}

impl Conversation {
    pub(crate) fn last_received(&self) -> Option<i64> {
        self.messages.iter().rev().find(|m| m.direction == Direction::Received && !m.unsent).map(|m| m.at)
    }

    /// Since when the reply window runs: the person's last message, unless the window was shut after it.
    pub(crate) fn window_since(&self) -> Option<i64> {
        self.last_received().filter(|_| !self.window_shut)
    }

    /// Whether the business wrote after this instant.
    pub(crate) fn sent_since(&self, after_ms: i64) -> bool {
        self.messages.iter().rev().any(|m| m.direction == Direction::Sent && m.at > after_ms)
    }

    /// What a GET may show at `now`: a seeded Facebook or Instagram thread only its newest `cap` messages (reference 2.5).
    pub(crate) fn visible(&self, platform: Platform, cap: usize, now: i64) -> impl Iterator<Item = &Message> {
        let seeded = self.messages.iter().filter(|m| m.origin == Origin::Seed && !m.recorded).count();
        let hidden = match platform {
            Platform::Facebook | Platform::Instagram => seeded.saturating_sub(cap),
            Platform::Twitter => 0,
        };
        let mut skipped = 0;
        self.messages.iter().filter(move |m| {
            if m.origin == Origin::Seed && !m.recorded && skipped < hidden {
                skipped += 1;
                return false;
            }
            !m.unsent && m.visible_from <= now
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    pub platform: Platform,
    pub id: String,
    pub name: String,
    pub username: String,
    pub picture: String,
    pub linked: bool,
    pub messaging_active: bool,
    pub linked_ms: i64,
    pub conversations: Vec<Conversation>,
    pub by_id: BTreeMap<String, usize>,
    pub by_person: BTreeMap<String, usize>,
}

impl Account {
    pub(crate) fn conversation(&self, id: &str) -> Option<&Conversation> {
        self.by_id.get(id).and_then(|i| self.conversations.get(*i))
    }

    pub(crate) fn conversation_mut(&mut self, id: &str) -> Option<&mut Conversation> {
        self.by_id.get(id).and_then(|i| self.conversations.get_mut(*i))
    }

    pub(crate) fn with_person(&self, person: &str) -> Option<&Conversation> {
        self.by_person.get(person).and_then(|i| self.conversations.get(*i))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profile {
    pub title: String,
    /// `None`: the Primary Profile.
    pub key: Option<String>,
    pub ref_id: String,
    pub created_ms: i64,
    pub messaging_enabled: bool,
    pub suspended: bool,
    pub deleted: bool,
    pub api_calls: u64,
    pub accounts: BTreeMap<Platform, Account>,
    /// Networks without messages that are linked too, in the order of `/user`.
    pub other_networks: Vec<&'static str>,
}

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

#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    /// The platform's id, when it is not to be made up.
    pub id: Option<String>,
    pub direction: Direction,
    pub at: i64,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    pub origin: Origin,
    pub visible_from: i64,
    pub recorded: bool,
    pub reply_to: Option<String>,
    pub unsupported: bool,
    pub metadata: Option<String>,
}

impl NewMessage {
    pub(crate) fn seeded(direction: Direction, at: i64, text: Option<String>) -> Self {
        Self {
            id: None,
            direction,
            at,
            text,
            attachments: Vec::new(),
            origin: Origin::Seed,
            visible_from: i64::MIN,
            recorded: false,
            reply_to: None,
            unsupported: false,
            metadata: None,
        }
    }
}

//! A business of the world, and its accounts on the platforms.
//!
//! Promises: every conversation of an account is found by its own id and by its person's.

use std::collections::BTreeMap;

use crate::platform::Platform;
use crate::world::Conversation;

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

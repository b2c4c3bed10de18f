//! A person, and what they and a business said to each other.
//!
//! Promises: messages stand oldest first; what an API may not show yet, or shows no more, is left out in one place
//! ([`Conversation::visible`]).

use crate::graph::state::PersonFlags;
use crate::platform::Platform;
use crate::world::{Direction, Message, Origin};

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

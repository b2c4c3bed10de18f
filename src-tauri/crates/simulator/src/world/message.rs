//! What was said: a message with its files, who caused it, and since when it may be read.
//!
//! It holds what any of the simulated APIs can tell; what one of them keeps to itself is left out by that one.

use std::collections::BTreeMap;

use crate::graph::state::Detail;

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

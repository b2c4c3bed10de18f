//! The held messages that a page is compared with: those of its conversation in its span of time, by one query.

use std::collections::{HashMap, HashSet};

use backscroll_model::{Event, MessageSeen, RemoteId};
use rusqlite::Connection;

use super::{Facts, webhook};
use crate::{Result, codes::flag};

/// What a held message looks like, as far as deciding needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) at: i64,
    pub(super) kind: i64,
    pub(super) digest: i64,
    tie: u16,
    pub(super) flags: i64,
    /// This page shows it.
    pub(super) shown: bool,
}

/// The held messages of a conversation in the span of time of one page.
#[derive(Debug, Default)]
pub(super) struct HeldMessages {
    pub(super) by_id: HashMap<String, Held>,
    /// From the oldest message of the page to its newest.
    pub(super) span: Option<(i64, i64)>,
}

impl HeldMessages {
    /// Those of a flag that stand near this time and may be the same as a message that is not held by its id: this page
    /// does not name them. Time, row, the id that it goes by; in no order.
    pub(super) fn unnamed(&self, flag: i64, at: i64, page: &[Event]) -> Vec<(i64, i64, &str)> {
        let near = self.by_id.iter().filter(|(_, message)| {
            message.flags & flag != 0 && !message.shown && (message.at - at).abs() <= webhook::NEAR
        });
        let mut near: Vec<(i64, i64, &str)> = near.map(|(id, message)| (message.at, message.id, id.as_str())).collect();
        if near.is_empty() {
            return near;
        }
        let named: HashSet<&str> = page
            .iter()
            .filter_map(|event| match event {
                Event::Message(seen) => Some(seen.remote_id.as_str()),
                _ => None,
            })
            .collect();
        near.retain(|(_, _, id)| !named.contains(id));
        near
    }
}

/// From the oldest message of these events to the newest.
pub(super) fn span(events: &[Event]) -> Option<(i64, i64)> {
    events.iter().fold(None, |span, event| match event {
        Event::Message(seen) => {
            let (from, to) = span.unwrap_or((seen.at.0, seen.at.0));
            Some((from.min(seen.at.0), to.max(seen.at.0)))
        }
        _ => span,
    })
}

/// The held messages of a conversation in the span of time of these events, by one query; a little more on both sides,
/// where rows are that webhooks told of in milliseconds.
pub(super) fn held(connection: &Connection, conversation: i64, events: &[Event]) -> Result<HeldMessages> {
    let span = span(events);
    let Some((from, to)) = span else { return Ok(HeldMessages::default()) };
    let mut statement = connection.prepare_cached(HELD)?;
    let rows = statement.query_map((conversation, from - webhook::NEAR, to + webhook::NEAR), |row| {
        let held = Held {
            id: row.get(1)?,
            at: row.get(2)?,
            kind: row.get(3)?,
            digest: row.get(4)?,
            tie: row.get(5)?,
            flags: row.get(6)?,
            shown: false,
        };
        Ok((row.get(0)?, held))
    })?;
    Ok(HeldMessages { by_id: rows.collect::<rusqlite::Result<_>>()?, span })
}

pub(super) const HELD: &str =
    "SELECT remote_id, id, at, kind, digest, tie, flags FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND remote_id IS NOT NULL";

impl Held {
    /// Whether what is seen says nothing new. One with files is looked at: a dead link may have been signed anew.
    pub(super) fn is_what_was(&self, seen: &MessageSeen, digest: i64) -> bool {
        self.digest == digest && self.tie >= seen.tie && self.flags & flag::ATTACHMENTS == 0
    }
}

/// Whether a message of an account is held.
pub(super) fn is_held(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<bool> {
    Ok(connection.prepare_cached(HOLDS)?.exists((facts.account, remote_id.as_str()))?)
}

pub(super) const HOLDS: &str =
    "SELECT 1 FROM message WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2";

//! Digests: how a page that says nothing new is recognised without looking at its messages (`performance.md`, rule 5).
//!
//! A digest covers what `apply` would store and nothing that changes by itself: not the time of the reading, and of the
//! address of a file nothing but its last segment, because the platforms sign it anew for every answer and name other
//! hosts and paths of their CDNs. The raw payload is left out for the same
//! reason; it is replaced whenever something else of its message changes.
//!
//! Two digests per conversation, because two kinds of answers alternate: messages, and the list of conversations. The
//! first is kept only of the page that holds the newest message, the one that every poll brings again.

use std::collections::{HashMap, HashSet};

use backscroll_model::{ConversationEvents, Event, MessageSeen, Page, RemoteId};
use rusqlite::Connection;
use twox_hash::XxHash3_64;

use super::{Facts, row::Row};
use crate::{Result, codes};

/// What one page says of one conversation.
#[derive(Debug)]
pub(super) struct Entry<'p> {
    pub(super) events: &'p ConversationEvents,
    /// Of each event in turn; 0 for those that are no message.
    pub(super) digests: Vec<i64>,
    digest: i64,
    /// Time of the newest message; `None`: an entry of the list of conversations, or one that is passing.
    newest: Option<i64>,
    /// Says nothing that is told again and again: ids of a walk, words of a webhook. Looked at each time.
    passing: bool,
}

/// The digests of a held conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    page: Option<i64>,
    list: Option<i64>,
}

pub(super) fn entries(pages: &[Page]) -> Vec<Entry<'_>> {
    let mut bytes = Vec::with_capacity(1024);
    pages.iter().flat_map(|page| &page.conversations).map(|events| Entry::new(events, &mut bytes)).collect()
}

/// The digests of all conversations that the entries name, by one set query.
pub(super) fn heads<'p>(
    connection: &Connection,
    facts: &Facts,
    entries: &[Entry<'p>],
) -> Result<HashMap<&'p RemoteId, Head>> {
    let names: Vec<&str> = entries.iter().map(|entry| entry.events.remote_id.as_str()).collect();
    let names = serde_json::Value::from(names).to_string();
    let mut statement = connection.prepare_cached(
        "SELECT wanted.key, c.page_digest, c.list_digest FROM json_each(?2) wanted
         CROSS JOIN conversation c INDEXED BY conversation_remote ON c.account = ?1 AND c.remote_id = wanted.value",
    )?;
    let mut rows = statement.query((facts.account, names))?;
    let mut found = HashMap::with_capacity(entries.len());
    while let Some(row) = rows.next()? {
        if let Some(entry) = usize::try_from(row.get::<_, i64>(0)?).ok().and_then(|key| entries.get(key)) {
            found.insert(&entry.events.remote_id, Head { page: row.get(1)?, list: row.get(2)? });
        }
    }
    Ok(found)
}

/// The entries that say something new. Of a conversation with such a page, all pages: one that was known before the
/// batch may undo what another of the batch says.
pub(super) fn news<'e, 'p>(entries: &'e [Entry<'p>], heads: &HashMap<&RemoteId, Head>) -> Vec<&'e Entry<'p>> {
    let is_new: Vec<bool> = entries.iter().map(|entry| !entry.is_known(heads)).collect();
    let changed: HashSet<&RemoteId> = entries
        .iter()
        .zip(&is_new)
        .filter(|(entry, is_new)| **is_new && entry.newest.is_some())
        .map(|(entry, _)| &entry.events.remote_id)
        .collect();
    let told_anew = |entry: &Entry<'_>| entry.newest.is_some() && changed.contains(&entry.events.remote_id);
    entries.iter().zip(is_new).filter(|(entry, is_new)| *is_new || told_anew(entry)).map(|(entry, _)| entry).collect()
}

impl<'p> Entry<'p> {
    fn new(events: &'p ConversationEvents, bytes: &mut Vec<u8>) -> Self {
        let digests: Vec<i64> = events
            .events
            .iter()
            .map(|event| match event {
                Event::Message(seen) => message(seen, bytes),
                _ => 0,
            })
            .collect();
        let mut newest = None;
        bytes.clear();
        for (event, digest) in events.events.iter().zip(&digests) {
            match event {
                Event::Message(seen) => {
                    newest = newest.max(Some(seen.at.0));
                    bytes.push(b'm');
                    bytes.extend(digest.to_le_bytes());
                    bytes.extend(seen.tie.to_le_bytes());
                }
                Event::Participant(person) => {
                    bytes.push(b'p');
                    text(bytes, Some(person.remote_id.as_str()));
                    text(bytes, person.name.as_deref());
                    text(bytes, person.username.as_deref());
                    text(bytes, person.avatar_url.as_deref().map(file_name));
                }
                Event::ReadUpTo(at) => {
                    bytes.push(b'r');
                    bytes.extend(at.0.to_le_bytes());
                }
                Event::Archived(archived) => bytes.extend([b'a', u8::from(*archived)]),
                Event::Unsent { message } => {
                    bytes.push(b'u');
                    text(bytes, Some(message.as_str()));
                }
                Event::Listed { message, at } => {
                    bytes.push(b'i');
                    text(bytes, Some(message.as_str()));
                    bytes.extend(at.0.to_le_bytes());
                }
                Event::Link(link) => {
                    bytes.push(b'k');
                    text(bytes, Some(link));
                }
                Event::Edited { message, edition, .. } => {
                    bytes.push(b'e');
                    text(bytes, Some(message.as_str()));
                    bytes.extend(edition.to_le_bytes());
                }
                Event::Reacted { message, by, emoji, at } => {
                    bytes.push(b'R');
                    text(bytes, Some(message.as_str()));
                    text(bytes, Some(by.as_str()));
                    text(bytes, emoji.as_deref());
                    bytes.extend(at.0.to_le_bytes());
                }
                Event::ReadMessage { message } => {
                    bytes.push(b's');
                    text(bytes, Some(message.as_str()));
                }
            }
        }
        for listing in [events.listing, events.ids] {
            match listing {
                // The newest instant covered is the time of the reading, another one each time: beside messages it
                // says nothing new, alone it is all that is said.
                Some(listing) => {
                    bytes.push(b'l');
                    bytes.extend(listing.from.map_or(i64::MIN, |t| t.0).to_le_bytes());
                    if newest.is_none() {
                        bytes.extend(listing.to.0.to_le_bytes());
                    }
                }
                None => bytes.push(b'-'),
            }
        }
        let digest = hash(bytes);
        let is_passing = |event: &Event| {
            matches!(
                event,
                Event::Listed { .. }
                    | Event::Edited { .. }
                    | Event::Reacted { .. }
                    | Event::ReadMessage { .. }
                    | Event::Unsent { .. }
            )
        };
        let passing = newest.is_none() && (events.ids.is_some() || events.events.iter().any(is_passing));
        Self { events, digests, digest, newest, passing }
    }

    /// Whether this was the last thing said of the conversation in this kind of answer.
    fn is_known(&self, heads: &HashMap<&RemoteId, Head>) -> bool {
        !self.passing
            && heads.get(&self.events.remote_id).is_some_and(|head| match self.newest {
                Some(_) => head.page == Some(self.digest),
                None => head.list == Some(self.digest),
            })
    }

    /// Remembers the digest after the entry was taken in. `touched`: whether messages changed.
    pub(super) fn remember(&self, row: &mut Row, touched: bool) {
        match self.newest {
            None if self.passing => {}
            None => row.now.list_digest = Some(self.digest),
            Some(at) => {
                // The row's own last message is not derived yet: compare with the newest of before and of this batch.
                if Some(at) >= row.newest_seen {
                    row.now.page_digest = Some(self.digest);
                    row.newest_seen = Some(at);
                } else if touched {
                    // What the newest page said may no longer be what is held: look at it again.
                    row.now.page_digest = None;
                }
            }
        }
    }
}

/// Digest of a message as seen.
pub(super) fn message(seen: &MessageSeen, bytes: &mut Vec<u8>) -> i64 {
    bytes.clear();
    bytes.extend(seen.at.0.to_le_bytes());
    bytes.extend([code(codes::direction(seen.direction)), code(codes::kind(seen.kind))]);
    text(bytes, seen.text.as_deref());
    for attachment in &seen.attachments {
        bytes.extend([b'a', code(codes::kind(attachment.kind))]);
        text(bytes, Some(&attachment.type_name));
        // The provider's own id of the file says best whether it is the same one.
        bytes.push(u8::from(attachment.url.is_some()));
        text(bytes, attachment.remote_id.as_deref().or(attachment.url.as_deref().map(file_name)));
        text(bytes, attachment.size.map(|size| size.to_string()).as_deref());
        text(bytes, attachment.name.as_deref());
        text(bytes, attachment.detail.as_deref());
    }
    if let Some(reactions) = &seen.reactions {
        bytes.push(b'r');
        let mut sorted: Vec<_> = reactions.iter().collect();
        sorted.sort_unstable();
        for reaction in sorted {
            text(bytes, Some(reaction.by.as_str()));
            text(bytes, Some(&reaction.emoji));
        }
    }
    text(bytes, seen.client_ref.as_deref());
    text(bytes, seen.reply_to.as_ref().map(RemoteId::as_str));
    hash(bytes)
}

fn code(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// A text and its end: the length comes first, so two texts never read as one.
fn text(bytes: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => bytes.push(0),
        Some(text) => {
            bytes.push(1);
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
}

fn hash(bytes: &[u8]) -> i64 {
    XxHash3_64::oneshot(bytes).cast_signed()
}

/// What stays of the address of a file whichever host answers: its last segment that is not empty.
pub(super) fn file_name(url: &str) -> &str {
    let path = without_query(url).trim_end_matches('/');
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A link without what is signed anew each time.
pub(super) fn without_query(url: &str) -> &str {
    url.split_once(['?', '#']).map_or(url, |(path, _)| path)
}

//! Graph's answers become [`ConversationEvents`]: a pure function from a body and the question asked.
//!
//! Promises: one bad item is counted and named, and costs nothing but itself; direction is decided by ids, never by
//! names (10); who the person is, to whom answers go, is told by `participants` alone, never by a message, which may be
//! from somebody who answers for the business; equal instants keep the order of the listing; unknown kinds are kept with their raw JSON, from which only
//! tokens are taken out.
//!
//! What a listing proves (`architecture.md`, coverage):
//! - It ends 5 seconds before the answer was made, or with its newest message. A later page of a walk ends where the page
//!   before began.
//! - Times are whole seconds (10), so a page may be cut inside its oldest second: it begins with the next one. Where the
//!   order of a page is not that of its times, it begins later by as much.
//! - Only a listing that was seen to its end begins with the very first message: there is no next page, and fewer items
//!   came than were asked for. A full page of Messenger that has cursors and no next one is as good; on Instagram it is
//!   not, because nobody knows what stands behind the newest 20 (3).
//! - A message that cannot be read, or comes as a bare id and time, leaves a hole: the listing begins above it. A bare row
//!   between detailed ones is not of age: it is a message with nothing in it (4.4).

pub(super) mod attachments;
mod people;
mod rows;

use std::collections::BTreeSet;

use backscroll_model::{ConversationEvents, Event, Page, Platform, RemoteId, SECOND, Skipped, Timestamp};
use people::{Person, Sides};
use rows::Rows;

use super::wire::{Conversation, Object, Paged};

/// How late a listing may be: as at Ayrshare, which reads the same platforms.
const DELAY_MS: i64 = 5 * SECOND;

/// The question that a listing answers.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Where.
    pub platform: Platform,
    /// The ids of the business: the Page's and the Instagram account's.
    pub ours: Vec<RemoteId>,
    /// Messages of a conversation that were asked for.
    pub limit: u32,
    /// Shares were not asked for.
    pub lean: bool,
    /// Reactions were asked for.
    pub reactions: bool,
    /// The `Date` of the answer.
    pub server_time: Option<Timestamp>,
    /// A later page of a walk: where the page before began. `Some(None)`: not known.
    pub top: Option<Option<Timestamp>>,
}

/// What an answer said.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub conversations: Vec<ConversationEvents>,
    pub skipped: Vec<Skipped>,
    /// Messages listed, the skipped ones included.
    pub messages: u32,
    /// Graph's cursor of the next page.
    pub after: Option<String>,
    /// How far the next page of the same walk may claim coverage upwards.
    pub top: Option<Timestamp>,
}

impl Listed {
    /// Counts and names what was left out.
    pub fn skip(&mut self, what: &str, why: &str) {
        self.skipped.push(Skipped { what: what.to_owned(), why: why.to_owned() });
    }

    fn count(&mut self, messages: usize) {
        self.messages = self.messages.saturating_add(u32::try_from(messages).unwrap_or(u32::MAX));
    }

    /// Takes over the cursor of a page.
    fn paged<T>(&mut self, page: &Paged<T>) {
        self.after.clone_from(&page.after);
        if page.torn {
            self.skip("page", "there is a next page, but no cursor to it");
        }
    }
}

/// Normalises a page of conversations, each with its newest messages (2.4). `None`: there is no list in it.
pub(super) fn conversations(body: &str, asked: &Asked) -> Option<Listed> {
    let page = Conversation::list(body)?;
    let mut listed = Listed::default();
    listed.paged(&page);
    let mut seen = BTreeSet::new();
    for Conversation { members: item, messages } in &page.items {
        let Some(remote_id) = item.id("id") else {
            listed.skip("conversation", "no id");
            continue;
        };
        if !seen.insert(remote_id.clone()) {
            continue;
        }
        let people: Vec<_> = item.list("participants").into_iter().filter_map(Person::of).collect();
        let mut sides = Sides::of(&asked.ours);
        let other = people.iter().find(|person| !sides.is_ours(person));
        match other {
            Some(other) => sides.other = Some(other.id.clone()),
            None => sides = Sides::among(&asked.ours, &messages.items),
        }
        let mut events = Vec::new();
        events.extend(other.map(|person| Event::Participant(person.seen())));
        events.extend(item.text("link").map(Event::Link));
        let read = Rows::read(&messages.items, &sides, asked, &mut listed);
        let listing = read.listing(messages, asked);
        events.extend(read.events);
        let updated_at = item.time("updated_time");
        listed.conversations.push(ConversationEvents { remote_id, events, listing, ids: None, updated_at });
    }
    Some(listed)
}

/// Normalises a page of one conversation's messages (3). `None`: there is no list in it.
pub(super) fn messages(body: &str, conversation: &RemoteId, asked: &Asked) -> Option<Listed> {
    let page = Paged::read(body)?;
    let mut listed = Listed::default();
    listed.paged(&page);
    let rows = Rows::read(&page.items, &Sides::among(&asked.ours, &page.items), asked, &mut listed);
    let listing = rows.listing(&page, asked);
    listed.top = rows.next_top(&page, asked, listing);
    let events = rows.events;
    if !events.is_empty() || listing.is_some() {
        let remote_id = conversation.clone();
        listed.conversations.push(ConversationEvents { remote_id, events, listing, ..ConversationEvents::default() });
    }
    Some(listed)
}

/// Normalises a page of ids and times of one conversation's messages (3). `None`: there is no list in it.
pub(super) fn ids(body: &str, conversation: &RemoteId, asked: &Asked) -> Option<Listed> {
    let page = Paged::read(body)?;
    let mut listed = Listed::default();
    listed.paged(&page);
    listed.count(page.items.len());
    let mut rows = Rows::default();
    let mut seen = BTreeSet::new();
    for raw in &page.items {
        let item = Object::of(Some(raw));
        match (item.id("id"), item.time("created_time")) {
            (Some(message), Some(at)) => {
                rows.span.add(at, rows.hole);
                if seen.insert(message.clone()) {
                    rows.events.push(Event::Listed { message, at });
                }
            }
            (id, _) => {
                listed.skip("message", if id.is_none() { "no id" } else { "no readable time" });
                rows.hole = true;
            }
        }
    }
    // Ids are listed to the end on both platforms: where there is no next page, this is it.
    let complete = page.after.is_none() && !page.torn && !rows.hole;
    let ids = rows.span.listing(complete, asked);
    listed.top = rows.next_top(&page, asked, ids);
    if !rows.events.is_empty() || ids.is_some() {
        let remote_id = conversation.clone();
        let seen = ConversationEvents { remote_id, events: rows.events, ids, ..ConversationEvents::default() };
        listed.conversations.push(seen);
    }
    Some(listed)
}

/// Cuts a list into pages of about `max` messages. No conversation of one answer is larger than that.
pub(super) fn pages(listed: &mut Listed, max: usize) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut page = Page { skipped: std::mem::take(&mut listed.skipped), ..Page::default() };
    let mut room = max.max(1);
    for conversation in std::mem::take(&mut listed.conversations) {
        if conversation.events.len() > room && !page.conversations.is_empty() {
            pages.push(std::mem::take(&mut page));
            room = max.max(1);
        }
        room = room.saturating_sub(conversation.events.len());
        page.conversations.push(conversation);
    }
    if !page.conversations.is_empty() || !page.skipped.is_empty() {
        pages.push(page);
    }
    pages
}

impl Asked {
    /// The instant up to which this answer knows everything, its newest messages aside.
    fn end(&self) -> Option<Timestamp> {
        self.top.unwrap_or_else(|| self.server_time.map(|at| at.plus(-DELAY_MS)))
    }
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;

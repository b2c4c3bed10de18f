//! Graph's answers become [`ConversationEvents`]: a pure function from a body and the question asked.
//!
//! Promises: one bad item is counted and named, and costs nothing but itself; direction is decided by ids, never by
//! names (10); equal instants keep the order of the listing; unknown kinds are kept with their raw JSON, from which only
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

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::{
    ConversationEvents, Direction, Event, Listing, MessageKind, MessageSeen, Page, ParticipantSeen, Platform,
    ReactionSeen, RemoteId, SECOND, Skipped, Timestamp,
};
use serde_json::value::RawValue;

use super::wire::{self, Object, Paged};

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
    fn paged(&mut self, page: &Paged<'_>) {
        self.after.clone_from(&page.after);
        if page.torn {
            self.skip("page", "there is a next page, but no cursor to it");
        }
    }
}

/// Normalises a page of conversations, each with its newest messages (2.4). `None`: there is no list in it.
pub(super) fn conversations(body: &RawValue, asked: &Asked) -> Option<Listed> {
    let page = Paged::of(Some(body))?;
    let mut listed = Listed::default();
    listed.paged(&page);
    let mut seen = BTreeSet::new();
    for raw in &page.items {
        let item = Object::of(Some(raw));
        let Some(remote_id) = item.id("id") else {
            listed.skip("conversation", "no id");
            continue;
        };
        if !seen.insert(remote_id.clone()) {
            continue;
        }
        let mut sides = Sides::new(&asked.ours);
        let people: Vec<_> = item.list("participants").into_iter().filter_map(Person::of).collect();
        let other = people.iter().find(|person| !sides.is_ours(person));
        sides.other = other.map(|person| person.id.clone());
        let mut events = Vec::new();
        events.extend(other.map(|person| Event::Participant(person.seen())));
        events.extend(item.text("link").map(Event::Link));
        let messages = Paged::of(item.get("messages")).unwrap_or_default();
        let read = Rows::read(&messages.items, &sides, asked, &mut listed);
        let listing = read.listing(&messages, asked);
        if other.is_none() {
            events.extend(read.other_side());
        }
        events.extend(read.events);
        let updated_at = item.time("updated_time");
        listed.conversations.push(ConversationEvents { remote_id, events, listing, ids: None, updated_at });
    }
    Some(listed)
}

/// Normalises a page of one conversation's messages (3). `None`: there is no list in it.
pub(super) fn messages(body: &RawValue, conversation: &RemoteId, asked: &Asked) -> Option<Listed> {
    let page = Paged::of(Some(body))?;
    let mut listed = Listed::default();
    listed.paged(&page);
    let rows = Rows::read(&page.items, &Sides::new(&asked.ours), asked, &mut listed);
    let listing = rows.listing(&page, asked);
    listed.top = rows.next_top(&page, asked, listing);
    let mut events: Vec<Event> = rows.other_side().into_iter().collect();
    events.extend(rows.events);
    if !events.is_empty() || listing.is_some() {
        let remote_id = conversation.clone();
        listed.conversations.push(ConversationEvents { remote_id, events, listing, ..ConversationEvents::default() });
    }
    Some(listed)
}

/// Normalises a page of ids and times of one conversation's messages (3). `None`: there is no list in it.
pub(super) fn ids(body: &RawValue, conversation: &RemoteId, asked: &Asked) -> Option<Listed> {
    let page = Paged::of(Some(body))?;
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

/// Someone, as `participants`, `from` and `to` have them.
#[derive(Debug, Clone)]
struct Person {
    id: RemoteId,
    /// Instagram's second id, on some calls (2.3).
    user_id: Option<RemoteId>,
    name: Option<String>,
    username: Option<String>,
}

impl Person {
    fn of(raw: &RawValue) -> Option<Self> {
        let item = Object::of(Some(raw));
        let visible = |text: &String| !text.trim().is_empty();
        Some(Self {
            id: item.id("id")?,
            user_id: item.id("user_id"),
            name: item.text("name").filter(visible),
            username: item.text("username").filter(visible).map(|name| name.trim_start_matches('@').to_owned()),
        })
    }

    fn seen(&self) -> ParticipantSeen {
        ParticipantSeen {
            remote_id: self.id.clone(),
            name: self.name.clone(),
            username: self.username.clone(),
            avatar_url: None,
        }
    }
}

/// Who is who in a conversation.
struct Sides<'a> {
    ours: &'a [RemoteId],
    other: Option<RemoteId>,
}

impl<'a> Sides<'a> {
    fn new(ours: &'a [RemoteId]) -> Self {
        Self { ours, other: None }
    }

    fn is_ours(&self, person: &Person) -> bool {
        self.ours.contains(&person.id) || person.user_id.as_ref().is_some_and(|id| self.ours.contains(id))
    }

    fn is_other(&self, person: &Person) -> bool {
        self.other.as_ref() == Some(&person.id)
    }

    /// By `from.id`. A sender that is neither side is a person who answers for the business (10), unless `to` says
    /// that it wrote to the business.
    fn direction(&self, from: Option<&Person>, to: &[Person]) -> Direction {
        let to_us = to.iter().any(|person| self.is_ours(person));
        match from {
            Some(from) if self.is_ours(from) => Direction::Out,
            Some(from) if self.is_other(from) || to_us => Direction::In,
            Some(_) if self.other.is_some() => Direction::Out,
            Some(_) | None if to_us || to.is_empty() => Direction::In,
            Some(_) | None => Direction::Out,
        }
    }
}

/// The messages of one page of a conversation.
#[derive(Default)]
struct Rows {
    events: Vec<Event>,
    span: Span,
    /// A row could not be read, or shows no more than id and time.
    hole: bool,
    /// Who wrote to the business.
    writer: Option<ParticipantSeen>,
}

/// A row that was read.
enum Row {
    Message(Box<MessageSeen>),
    /// Id and time, no more.
    Bare(Box<MessageSeen>),
}

impl Rows {
    fn read(items: &[&RawValue], sides: &Sides<'_>, asked: &Asked, listed: &mut Listed) -> Self {
        listed.count(items.len());
        let mut rows = Self::default();
        let mut seen = BTreeSet::new();
        let mut read: Vec<Option<Row>> = Vec::with_capacity(items.len());
        for raw in items {
            match row(raw, sides, asked, &mut rows.writer) {
                Ok(Row::Message(message) | Row::Bare(message)) if !seen.insert(message.remote_id.clone()) => {}
                Ok(row) => read.push(Some(row)),
                Err(why) => {
                    listed.skip("message", why);
                    read.push(None);
                }
            }
        }
        let detailed = read.iter().rposition(|row| matches!(row, Some(Row::Message(_))));
        let mut messages = Vec::new();
        for (place, row) in read.into_iter().enumerate() {
            match row {
                None => rows.hole = true,
                Some(Row::Bare(message)) if asked.lean || detailed.is_none_or(|last| place > last) => {
                    rows.hole = true;
                    rows.events.push(Event::Listed { message: message.remote_id, at: message.at });
                }
                Some(Row::Message(message) | Row::Bare(message)) => {
                    rows.span.add(message.at, rows.hole);
                    messages.push(message);
                }
            }
        }
        rank_equal_instants(&mut messages);
        // Bare rows are the oldest: behind the messages, whose order is that of the listing.
        rows.events.splice(0..0, messages.into_iter().map(Event::Message));
        rows
    }

    fn listing(&self, page: &Paged<'_>, asked: &Asked) -> Option<Listing> {
        let ends = page.after.is_none() && !page.torn && !self.hole;
        let short = page.items.len() < asked.limit as usize;
        self.span.listing(ends && (short || page.cursors && asked.platform == Platform::Messenger), asked)
    }

    /// Where the next page may claim to end: where this one began, if it began where it ends.
    fn next_top(&self, page: &Paged<'_>, asked: &Asked, listing: Option<Listing>) -> Option<Timestamp> {
        match listing {
            Some(listing) => listing.from.filter(|_| !self.hole),
            None if page.items.is_empty() => asked.end(),
            // One second fills the whole page: with the next page it ends where it would have ended alone.
            None if !self.hole => asked.top.flatten().or(self.span.newest),
            None => None,
        }
    }

    fn other_side(&self) -> Option<Event> {
        self.writer.clone().map(Event::Participant)
    }
}

impl Asked {
    /// The instant up to which this answer knows everything, its newest messages aside.
    fn end(&self) -> Option<Timestamp> {
        self.top.unwrap_or_else(|| self.server_time.map(|at| at.plus(-DELAY_MS)))
    }
}

/// What the rows above the first hole span.
#[derive(Default)]
struct Span {
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    /// By how much a row was newer than one above it.
    disorder: i64,
}

impl Span {
    fn add(&mut self, at: Timestamp, behind_a_hole: bool) {
        // What stands behind a hole is newer than the hole if the page is in disorder.
        if let Some(oldest) = self.oldest {
            self.disorder = self.disorder.max(at.since(oldest));
        }
        if behind_a_hole {
            return;
        }
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
    }

    fn listing(&self, complete: bool, asked: &Asked) -> Option<Listing> {
        let end = asked.end();
        let to = match (asked.top, self.newest) {
            // The page before has what is newer.
            (Some(Some(top)), _) => top,
            (_, newest) => newest.into_iter().chain(end).max()?,
        };
        if complete {
            // An empty list proves nothing: no conversation is without messages.
            return self.newest.or(asked.top.flatten()).map(|_| Listing { from: None, to });
        }
        let from = next_second(self.oldest?).plus(self.disorder);
        (from <= to).then_some(Listing { from: Some(from), to })
    }
}

/// The first instant of the second after `at`.
fn next_second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(SECOND).saturating_add(1).saturating_mul(SECOND))
}

fn row(
    raw: &RawValue,
    sides: &Sides<'_>,
    asked: &Asked,
    writer: &mut Option<ParticipantSeen>,
) -> Result<Row, &'static str> {
    let item = Object::read(Some(raw)).ok_or("not an object")?;
    let remote_id = item.id("id").ok_or("no id")?;
    let at = item.time("created_time").ok_or("no readable time")?;
    let from = item.get("from").and_then(Person::of);
    let to: Vec<Person> = item.list("to").into_iter().filter_map(Person::of).collect();
    let direction = sides.direction(from.as_ref(), &to);
    if let (Direction::In, Some(from), None) = (direction, &from, &writer) {
        *writer = Some(from.seen());
    }
    let mut message = MessageSeen {
        remote_id,
        direction,
        at,
        tie: 0,
        kind: MessageKind::Unknown,
        text: item.text("message"),
        attachments: attachments::of(&item),
        reactions: asked.reactions.then(|| reactions(&item)),
        reply_to: item.object("reply_to").id("mid").or_else(|| item.id("reply_to")),
        client_ref: None,
        raw: without_tokens(raw.get()),
    };
    if ["is_deleted", "is_unsent"].into_iter().any(|name| item.is(name)) {
        message.kind = MessageKind::Unsent;
        (message.text, message.reactions) = (None, asked.reactions.then(Vec::new));
        message.attachments.clear();
        return Ok(Row::Message(Box::new(message)));
    }
    let story = message.attachments.iter().find(|attachment| attachment.kind.is_story());
    message.kind = match (item.is("is_unsupported"), story.or(message.attachments.first()), &message.text) {
        (true, _, None) => MessageKind::Unknown,
        (_, Some(attachment), _) => attachment.kind,
        (_, None, Some(_)) => MessageKind::Text,
        (_, None, None) => MessageKind::Unknown,
    };
    let has_nothing = message.attachments.is_empty() && message.text.is_none() && !item.is("is_unsupported");
    let is_bare = has_nothing && (asked.lean || from.is_none() && item.get("message").is_none());
    let message = Box::new(message);
    Ok(if is_bare { Row::Bare(message) } else { Row::Message(message) })
}

/// The whole set. Each entry is a reaction with those who gave it; both lists come in three shapes (4.3). One of whom
/// nobody is named cannot be kept: a set is by person.
fn reactions(item: &Object<'_>) -> Vec<ReactionSeen> {
    let mut all = BTreeSet::new();
    for raw in item.list("reactions") {
        let entry = Object::of(Some(raw));
        let Some(emoji) = entry.first_text(&["reaction", "emoji"]) else { continue };
        for user in entry.list("users") {
            if let Some(by) = Object::of(Some(user)).id("id").or_else(|| wire::id(Some(user))) {
                all.insert(ReactionSeen { by, emoji: emoji.clone() });
            }
        }
    }
    all.into_iter().collect()
}

/// The listing is newest first, so the last of equal instants is the oldest and gets 0.
fn rank_equal_instants(messages: &mut [Box<MessageSeen>]) {
    let mut used: BTreeMap<Timestamp, u16> = BTreeMap::new();
    for message in messages.iter_mut().rev() {
        let next = used.entry(message.at).or_default();
        message.tie = *next;
        *next = next.saturating_add(1);
    }
}

/// A nested list carries `paging.next` with the token in clear (2.5).
fn without_tokens(raw: &str) -> String {
    let mut clean = raw.to_owned();
    for name in ["access_token=", "appsecret_proof="] {
        let mut from = 0;
        while let Some(found) = clean.get(from..).and_then(|rest| rest.find(name)) {
            let start = from + found + name.len();
            let rest = clean.get(start..).unwrap_or_default();
            let length = rest.find(['&', '"', '\\', ' ']).unwrap_or(rest.len());
            clean.replace_range(start..start + length, "***");
            from = start;
        }
    }
    clean
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;

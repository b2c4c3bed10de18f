//! The rows of one page of a conversation: what each of them is, and what they prove together.

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::{Event, Listing, MessageKind, MessageSeen, Platform, ReactionSeen, SECOND, Timestamp};
use serde_json::value::RawValue;

use super::people::{Person, Sides};
use super::{Asked, Listed, attachments};
use crate::loose;
use crate::meta::wire::{Object, Paged};

/// The messages of one page of a conversation.
#[derive(Default)]
pub(super) struct Rows {
    pub events: Vec<Event>,
    pub span: Span,
    /// A row could not be read, or shows no more than id and time.
    pub hole: bool,
}

/// A row that was read.
enum Row {
    Message(Box<MessageSeen>),
    /// Id and time, no more.
    Bare(Box<MessageSeen>),
}

impl Rows {
    pub fn read(items: &[&RawValue], sides: &Sides<'_>, asked: &Asked, listed: &mut Listed) -> Self {
        listed.count(items.len());
        let mut rows = Self::default();
        let mut seen = BTreeSet::new();
        let mut read: Vec<Option<Row>> = Vec::with_capacity(items.len());
        for raw in items {
            match row(raw, sides, asked) {
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

    pub fn listing(&self, page: &Paged<&RawValue>, asked: &Asked) -> Option<Listing> {
        let ends = page.after.is_none() && !page.torn && !self.hole;
        let short = page.items.len() < asked.limit as usize;
        self.span.listing(ends && (short || page.cursors && asked.platform == Platform::Messenger), asked)
    }

    /// Where the next page may claim to end: where this one began, if it began where it ends.
    pub fn next_top(&self, page: &Paged<&RawValue>, asked: &Asked, listing: Option<Listing>) -> Option<Timestamp> {
        match listing {
            Some(listing) => listing.from.filter(|_| !self.hole),
            None if page.items.is_empty() => asked.end(),
            // One second fills the whole page: with the next page it ends where it would have ended alone.
            None if !self.hole => asked.top.flatten().or(self.span.newest),
            None => None,
        }
    }
}

/// What the rows above the first hole span.
#[derive(Default)]
pub(super) struct Span {
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    /// By how much a row was newer than one above it.
    disorder: i64,
}

impl Span {
    pub fn add(&mut self, at: Timestamp, behind_a_hole: bool) {
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

    pub fn listing(&self, complete: bool, asked: &Asked) -> Option<Listing> {
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
        // One second fills the whole page: what it leaves out of that second must show as missing, so the next instant is
        // proven, and what is older is not. (The last instant of a listing may be incomplete.)
        (from <= to || self.disorder == 0).then_some(Listing { from: Some(from), to: to.max(from) })
    }
}

/// The first instant of the second after `at`.
fn next_second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(SECOND).saturating_add(1).saturating_mul(SECOND))
}

fn row(raw: &RawValue, sides: &Sides<'_>, asked: &Asked) -> Result<Row, &'static str> {
    let item = Object::read(Some(raw)).ok_or("not an object")?;
    let remote_id = item.id("id").ok_or("no id")?;
    let at = item.time("created_time").ok_or("no readable time")?;
    let from = item.get("from").and_then(Person::of);
    let to: Vec<_> = item.list("to").into_iter().filter_map(Person::of).collect();
    let direction = sides.direction(from.as_ref(), &to);
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
            if let Some(by) = Object::of(Some(user)).id("id").or_else(|| loose::id(Some(user))) {
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
    let mut clean = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, value)) = rest.split_once('=') {
        clean.push_str(before);
        clean.push('=');
        rest = value;
        if ["access_token", "appsecret_proof"].into_iter().any(|name| before.ends_with(name)) {
            clean.push_str("***");
            let end = value.find(['&', '"', '\\', ' ']).unwrap_or(value.len());
            rest = value.get(end..).unwrap_or_default();
        }
    }
    clean.push_str(rest);
    clean
}

//! Items of Ayrshare become [`ConversationEvents`]: a pure function from a decoded body and the question asked.
//!
//! Promises: one bad item is counted and named, and costs nothing but itself; unknown actions, attachment types and
//! fields are kept (the raw JSON of each message goes along); equal instants keep the order of the listing.
//!
//! What a listing proves (`architecture.md`, coverage):
//! - Without `limit` each conversation is listed in one piece from its oldest listed message to 5 seconds before
//!   `lastUpdated`, or to its newest message: "real time" (2.4) is a message that needs up to 3 seconds to be listed.
//! - X with `limit` lists all conversations mixed, newest first, so a page proves every conversation back to the
//!   oldest instant of the *page*. A later page of the same walk proves from there up to where the walk began, because
//!   the pages before it were applied; that instant travels in front of the cursor ([`Cursor`]).
//! - X is up to 3 minutes late (2.4), so a listing of X ends 3 minutes before `lastUpdated`, or with its newest message.
//! - A message that cannot be read leaves a hole: the listing of its conversation ends above it.
//! - Never "back to the very first message": every platform stops somewhere (2.5).

mod attachments;
mod conversations;
mod item;
mod pages;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::{
    ConversationEvents, Direction, Event, Listing, MINUTE, ParticipantSeen, Platform, RemoteId, SECOND, Skipped,
    Timestamp,
};
use serde_json::value::RawValue;

use super::cursor::Cursor;

pub(super) use attachments::attachments;
pub(super) use conversations::conversations;
use item::{Bad, Draft};
pub(super) use pages::pages;
pub(super) use people::person;

/// How late X may be (2.4).
const X_DELAY_MS: i64 = 3 * MINUTE;
/// How late Messenger and Instagram may be: the official tests send, wait 3 seconds, and require the message in the list
/// (2.4); Meta's times are whole seconds, cut off, and two servers' clocks agree to about a second.
const REAL_TIME_DELAY_MS: i64 = 5 * SECOND;

/// The question that a listing answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub platform: Option<Platform>,
    pub archived: bool,
    /// Only this conversation was asked for.
    pub conversation: Option<RemoteId>,
    /// X: a page size was given.
    pub limited: bool,
    /// X: the page before.
    pub cursor: Option<Cursor>,
}

/// What a listing of messages said.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub conversations: Vec<ConversationEvents>,
    pub skipped: Vec<Skipped>,
    /// Items listed, the skipped ones included.
    pub listed: u32,
    /// How far the next page of the same walk may claim coverage upwards.
    pub top: Option<Timestamp>,
}

/// Normalises variant A. `fresh_at` is `lastUpdated`; `more`: another page follows.
pub(super) fn messages(items: Vec<Box<RawValue>>, asked: &Asked, fresh_at: Option<Timestamp>, more: bool) -> Messages {
    let listed = u32::try_from(items.len()).unwrap_or(u32::MAX);
    let drafts: Vec<Result<Draft, Bad>> = items.into_iter().map(|raw| Draft::of(raw, asked)).collect();
    let pairs = conversation_of_pair(&drafts);

    let mut groups: Vec<Group> = Vec::new();
    let mut group_of: BTreeMap<RemoteId, usize> = BTreeMap::new();
    let mut seen: BTreeSet<RemoteId> = BTreeSet::new();
    let mut skipped = Vec::new();
    let mut page = Span::default();
    for draft in drafts {
        let (conversation, outcome) = match draft {
            Ok(mut draft) => {
                page.add(draft.message.at);
                if !seen.insert(draft.message.remote_id.clone()) {
                    continue;
                }
                let found = draft.conversation.take().or_else(|| asked.conversation.clone()).or_else(|| {
                    let pair = draft.pair()?;
                    pairs.get(&pair).cloned().or_else(|| derived(asked.platform, &pair))
                });
                match found {
                    Some(conversation) => (Some(conversation), Ok(draft)),
                    None => (None, Err("no conversation id")),
                }
            }
            Err(bad) => (bad.conversation.or_else(|| asked.conversation.clone()), Err(bad.why)),
        };
        let group = conversation.map(|id| {
            *group_of.entry(id.clone()).or_insert_with(|| {
                groups.push(Group::new(id));
                groups.len() - 1
            })
        });
        let group = group.and_then(|index| groups.get_mut(index));
        match (outcome, group) {
            (Ok(draft), Some(group)) => group.drafts.push(draft),
            (Err(why), group) => {
                skipped.push(Skipped { what: "message".to_owned(), why: why.to_owned() });
                if let Some(group) = group {
                    group.hole.get_or_insert(group.drafts.len());
                }
            }
            // A conversation always has its group.
            (Ok(_), None) => {}
        }
    }

    let to = listing_end(asked, fresh_at);
    // Only a sorted page proves anything about the conversations in it beyond what it shows of them.
    let floor = if asked.limited && page.sorted { page.oldest } else { None };
    let next_top = match (more, floor) {
        (true, Some(floor)) if skipped.is_empty() => to.or(page.newest).or(Some(floor)),
        (true, Some(floor)) => Some(floor),
        _ => None,
    };
    let conversations = groups.into_iter().map(|group| group.into_events(asked, to, floor)).collect();
    Messages { conversations, skipped, listed, top: next_top }
}

/// The instant up to which this answer knows everything, its newest messages aside.
fn listing_end(asked: &Asked, fresh_at: Option<Timestamp>) -> Option<Timestamp> {
    match (&asked.cursor, asked.platform) {
        (Some(cursor), _) => cursor.top,
        (None, Some(Platform::X)) => fresh_at.map(|at| at.plus(-X_DELAY_MS)),
        (None, _) => fresh_at.map(|at| at.plus(-REAL_TIME_DELAY_MS)),
    }
}

/// Oldest and newest instant of a page, and whether it was newest first.
struct Span {
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    sorted: bool,
}

impl Default for Span {
    fn default() -> Self {
        Self { oldest: None, newest: None, sorted: true }
    }
}

impl Span {
    fn add(&mut self, at: Timestamp) {
        self.sorted &= self.oldest.is_none_or(|oldest| at <= oldest);
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
        self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
    }
}

/// Which conversation two people have, by the items that say so.
fn conversation_of_pair(drafts: &[Result<Draft, Bad>]) -> BTreeMap<(RemoteId, RemoteId), RemoteId> {
    let drafts = || drafts.iter().flatten();
    if drafts().all(|draft| draft.conversation.is_some()) {
        return BTreeMap::new();
    }
    drafts().filter_map(|draft| Some((draft.pair()?, draft.conversation.clone()?))).collect()
}

/// X names a conversation of two by both ids, the smaller number first (`reference/x-dm.md`).
pub(super) fn derived(platform: Option<Platform>, (a, b): &(RemoteId, RemoteId)) -> Option<RemoteId> {
    if platform != Some(Platform::X) {
        return None;
    }
    let number = |id: &RemoteId| id.as_str().parse::<u64>().ok();
    let (small, large) = if number(a)? <= number(b)? { (a, b) } else { (b, a) };
    Some(RemoteId(format!("{small}-{large}")))
}

struct Group {
    id: RemoteId,
    drafts: Vec<Draft>,
    /// How many messages stand above the first one that could not be read.
    hole: Option<usize>,
}

impl Group {
    fn new(id: RemoteId) -> Self {
        Self { id, drafts: Vec::new(), hole: None }
    }

    fn into_events(self, asked: &Asked, to: Option<Timestamp>, floor: Option<Timestamp>) -> ConversationEvents {
        let participant = participant(&self.drafts);
        let listing = self.listing(to, floor);
        let other = participant.as_ref().map(|p| p.remote_id.clone());
        let mut drafts = self.drafts;
        rank_equal_instants(&mut drafts);

        let mut events = Vec::with_capacity(drafts.len() + 2);
        events.extend(participant.map(Event::Participant));
        // The answer for one conversation says nothing of its status: the filter may have been ignored.
        if asked.conversation.is_none() {
            events.push(Event::Archived(asked.archived));
        }
        for mut draft in drafts {
            if draft.direction.is_none() && draft.recipient.is_some() && draft.recipient == other {
                draft.message.direction = Direction::Out;
            }
            events.push(Event::Message(Box::new(draft.message)));
        }
        ConversationEvents { remote_id: self.id, events, listing, ..ConversationEvents::default() }
    }

    fn listing(&self, to: Option<Timestamp>, floor: Option<Timestamp>) -> Option<Listing> {
        let proven = self.drafts.get(..self.hole.unwrap_or(self.drafts.len()))?;
        let newest = proven.iter().map(|d| d.message.at).max()?;
        let oldest = proven.iter().map(|d| d.message.at).min()?;
        let from = if self.hole.is_none() { floor.unwrap_or(oldest) } else { oldest };
        Some(Listing { from: Some(from), to: to.map_or(newest, |to| to.max(newest)) })
    }
}

/// The other side: as the newest received message shows it, else the newest sent one; what that lacks is filled from
/// the others about the same person. Ids of the own side differ between messages (quirk 8), so the action decides.
fn participant(drafts: &[Draft]) -> Option<ParticipantSeen> {
    let inbound = drafts.iter().filter(|d| d.direction == Some(Direction::In));
    let outbound = drafts.iter().filter(|d| d.direction == Some(Direction::Out));
    let mut seen = inbound.chain(outbound).filter_map(Draft::other_side);
    let mut person = seen.next()?.clone();
    for other in seen.filter(|p| p.remote_id == person.remote_id).collect::<Vec<_>>() {
        person.name = person.name.or_else(|| other.name.clone());
        person.username = person.username.or_else(|| other.username.clone());
        person.avatar_url = person.avatar_url.or_else(|| other.avatar_url.clone());
    }
    Some(person)
}

/// The listing is newest first, so the last of equal instants is the oldest and gets 0.
fn rank_equal_instants(drafts: &mut [Draft]) {
    let mut used: BTreeMap<Timestamp, u16> = BTreeMap::new();
    for draft in drafts.iter_mut().rev() {
        let next = used.entry(draft.message.at).or_default();
        draft.message.tie = *next;
        *next = next.saturating_add(1);
    }
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;

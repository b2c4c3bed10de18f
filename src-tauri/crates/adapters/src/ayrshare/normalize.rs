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

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::{
    AttachmentSeen, ConversationEvents, Direction, Event, Listing, MINUTE, MessageKind, MessageSeen, Page,
    ParticipantSeen, Platform, ReactionSeen, RemoteId, SECOND, Skipped, Timestamp,
};
use serde_json::value::RawValue;

use super::{cursor::Cursor, wire};
use crate::loose::{self, Raw};

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

/// An item that cannot be read, and where it belongs if that much could be read.
struct Bad {
    why: &'static str,
    conversation: Option<RemoteId>,
}

/// A message on its way to its conversation.
struct Draft {
    conversation: Option<RemoteId>,
    /// `None`: an action that we do not know.
    direction: Option<Direction>,
    sender: Option<RemoteId>,
    recipient: Option<RemoteId>,
    sender_seen: Option<ParticipantSeen>,
    recipient_seen: Option<ParticipantSeen>,
    message: MessageSeen,
}

impl Draft {
    fn of(raw: Box<RawValue>, asked: &Asked) -> Result<Self, Bad> {
        let bad = |why, conversation| Bad { why, conversation };
        let item: wire::Message<'_> =
            serde_json::from_str(raw.get()).map_err(|_| bad("not an object with the documented fields", None))?;
        let conversation = loose::id(item.conversation_id);
        let remote_id = loose::id(item.id).ok_or_else(|| bad("no id", conversation.clone()))?;
        let at = wire::time(item.created).ok_or_else(|| bad("no readable time", conversation.clone()))?;
        let direction = match loose::text(item.action).as_deref() {
            Some("sent") => Some(Direction::Out),
            Some("received") => Some(Direction::In),
            _ => None,
        };
        let text = loose::text(item.message);
        let attachments = attachments(item.attachments);
        let kind = match (direction, attachments.first(), &text) {
            (None, _, _) => MessageKind::Unknown,
            (Some(_), Some(attachment), _) => attachment.kind,
            (Some(_), None, Some(_)) => MessageKind::Text,
            (Some(_), None, None) => MessageKind::Unknown,
        };
        let sender = loose::id(item.sender_id);
        let recipient = loose::id(item.recipient_id);
        let sender_seen = person(&wire::Person::of(item.sender_details), sender.clone());
        let recipient_seen = person(&wire::Person::of(item.recipient_details), recipient.clone());
        let reactions = reactions(item.reactions, asked.platform);
        let message = MessageSeen {
            reply_to: None,
            remote_id,
            direction: direction.unwrap_or(Direction::In),
            at,
            tie: 0,
            kind,
            text,
            attachments,
            reactions,
            client_ref: None,
            raw: Box::<str>::from(raw).into(),
        };
        Ok(Self { conversation, direction, sender, recipient, sender_seen, recipient_seen, message })
    }

    /// Sender and recipient, whichever is smaller first.
    fn pair(&self) -> Option<(RemoteId, RemoteId)> {
        let (a, b) = (self.sender.clone()?, self.recipient.clone()?);
        Some(if a <= b { (a, b) } else { (b, a) })
    }

    /// The other side, if the direction is known.
    fn other_side(&self) -> Option<&ParticipantSeen> {
        match self.direction? {
            Direction::In => self.sender_seen.as_ref(),
            Direction::Out => self.recipient_seen.as_ref(),
        }
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

pub(super) fn person(details: &wire::Person<'_>, id: Option<RemoteId>) -> Option<ParticipantSeen> {
    Some(ParticipantSeen {
        remote_id: id.or_else(|| loose::id(details.id))?,
        name: loose::text(details.name).filter(|name| is_visible(name)),
        username: loose::text(details.username)
            .filter(|name| is_visible(name))
            .map(|name| name.trim_start_matches('@').to_owned()),
        avatar_url: details.avatar(),
    })
}

fn is_visible(name: &str) -> bool {
    !name.trim().is_empty()
}

pub(super) fn attachments(raw: Raw<'_>) -> Vec<AttachmentSeen> {
    let one = |raw: &RawValue| {
        let item = match serde_json::from_str::<wire::Attachment<'_>>(raw.get()) {
            Ok(item) => item,
            // A bare address.
            Err(_) => wire::Attachment { kind: None, url: raw.get().starts_with('"').then_some(raw) },
        };
        let (type_name, url) = (loose::text(item.kind), loose::text(item.url));
        if type_name.is_none() && url.is_none() {
            return None;
        }
        let type_name = type_name.unwrap_or_default();
        Some(AttachmentSeen { kind: attachment_kind(&type_name), type_name, url, ..AttachmentSeen::default() })
    };
    wire::list(raw).into_iter().filter_map(one).collect()
}

/// The documented types, the draft's, and Meta's and X's own (2.2); anything else is a card with a link.
fn attachment_kind(type_name: &str) -> MessageKind {
    match type_name.to_ascii_lowercase().as_str() {
        "image" | "photo" | "gif" | "animated_gif" | "animated_image" => MessageKind::Image,
        "video" => MessageKind::Video,
        "audio" | "voice" => MessageKind::Audio,
        "file" => MessageKind::File,
        "sticker" => MessageKind::Sticker,
        "share" | "post" | "ig_post" | "reel" | "ig_reel" | "story" | "ig_story" | "story_mention" | "story_reply"
        | "template" | "fallback" | "link" => MessageKind::Share,
        _ => MessageKind::Unknown,
    }
}

/// Reactor → emoji. Absent on Facebook and Instagram means that there are none (11.4, 4); on X it says nothing (12.4).
fn reactions(raw: Raw<'_>, platform: Option<Platform>) -> Option<Vec<ReactionSeen>> {
    let Some(raw) = raw else { return (platform != Some(Platform::X)).then(Vec::new) };
    let by_reactor: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    let one =
        |(by, emoji): (String, &RawValue)| Some(ReactionSeen { by: RemoteId(by), emoji: loose::text(Some(emoji))? });
    Some(by_reactor.into_iter().filter_map(one).collect())
}

/// Normalises variant B: the union of ids and details, in the order of the ids.
pub(super) fn conversations(
    ids: &[Box<RawValue>],
    details: &[Box<RawValue>],
    archived: bool,
) -> (Vec<ConversationEvents>, Vec<Skipped>) {
    let mut skipped = Vec::new();
    let mut order: Vec<RemoteId> = Vec::new();
    let mut known: BTreeMap<RemoteId, Vec<Event>> = BTreeMap::new();
    for raw in ids {
        match loose::id(Some(raw)) {
            Some(id) if !known.contains_key(&id) => {
                known.insert(id.clone(), vec![Event::Archived(archived)]);
                order.push(id);
            }
            Some(_) => {}
            None => skipped.push(Skipped { what: "conversation".to_owned(), why: "no id".to_owned() }),
        }
    }
    for raw in details {
        let item: Option<wire::Conversation<'_>> = serde_json::from_str(raw.get()).ok();
        let Some((item, id)) = item.and_then(|item| loose::id(item.id).map(|id| (item, id))) else {
            skipped.push(Skipped { what: "conversation".to_owned(), why: "details without an id".to_owned() });
            continue;
        };
        if !known.contains_key(&id) {
            order.push(id.clone());
        }
        known.insert(id, facts(&item, archived));
    }
    let events = order.into_iter().filter_map(|remote_id| {
        let events = known.remove(&remote_id)?;
        Some(ConversationEvents { remote_id, events, ..ConversationEvents::default() })
    });
    (events.collect(), skipped)
}

fn facts(item: &wire::Conversation<'_>, archived: bool) -> Vec<Event> {
    let mut events = Vec::new();
    events.extend(person(&wire::Person::of(item.participant), None).map(Event::Participant));
    events.push(Event::Archived(match loose::text(item.status).as_deref() {
        Some("archived") => true,
        Some("active") => false,
        _ => archived,
    }));
    let watermark = wire::time(item.watermark).filter(|at| at.0 > 0);
    events.extend(watermark.map(Event::ReadUpTo));
    events
}

/// Cuts a listing into pages of about `max` messages. A conversation stays in one piece unless it alone is larger; then
/// only its last piece carries the listing, because only then all of it has been applied.
pub(super) fn pages(conversations: Vec<ConversationEvents>, skipped: Vec<Skipped>, max: usize) -> Vec<Page> {
    let max = max.max(1);
    let mut pages = Vec::new();
    let mut page = Page { skipped, ..Page::default() };
    let mut room = max;
    for mut conversation in conversations {
        if conversation.events.len() > room && !page.conversations.is_empty() {
            pages.push(std::mem::take(&mut page));
            room = max;
        }
        while conversation.events.len() > max {
            let rest = conversation.events.split_off(max);
            let remote_id = conversation.remote_id.clone();
            let first = std::mem::replace(&mut conversation.events, rest);
            page.conversations.push(ConversationEvents { remote_id, events: first, ..ConversationEvents::default() });
            pages.push(std::mem::take(&mut page));
            room = max;
        }
        room = room.saturating_sub(conversation.events.len());
        page.conversations.push(conversation);
    }
    if !page.conversations.is_empty() || !page.skipped.is_empty() {
        pages.push(page);
    }
    pages
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;

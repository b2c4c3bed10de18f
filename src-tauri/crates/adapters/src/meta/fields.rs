//! Which fields are asked for, which of them this version of Graph lacks, and how much is asked at once (2.4).
//!
//! Promises: a name that Graph does not know is left out from then on and told to who keeps such things; after "too
//! much data" less is asked for a while: half, a quarter, then without shares and reactions, down to one item.
//!
//! Refuses: leaving out what identifies a message or a conversation. Without it an answer would be read wrongly, so
//! that stays an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use backscroll_model::Platform;

/// Never left out, wherever they stand.
const IDENTIFYING: [&str; 8] =
    ["id", "created_time", "updated_time", "from", "message", "messages", "participants", "data"];
/// What is left out when Graph says that it is too much (2.4).
const HEAVY: [&str; 2] = ["shares", "reactions"];
/// Reads of a kind that go well before more is asked again.
const A_WHILE: u32 = 20;

/// A field and what is asked of it.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    sub: &'static [Field],
    /// Announced, but its name in reads is unconfirmed (13): the first to go when Graph does not know the name.
    unsure: bool,
}

const fn leaf(name: &'static str) -> Field {
    Field { name, sub: &[], unsure: false }
}

const fn unsure(name: &'static str) -> Field {
    Field { name, sub: &[], unsure: true }
}

const fn node(name: &'static str, sub: &'static [Field]) -> Field {
    Field { name, sub, unsure: false }
}

const ATTACHMENT: &[Field] = &[
    leaf("id"),
    leaf("name"),
    leaf("mime_type"),
    leaf("size"),
    leaf("file_url"),
    leaf("image_data"),
    leaf("video_data"),
    leaf("generic_template"),
    leaf("appointment_booking"),
    unsure("type"),
    unsure("sticker_id"),
    unsure("url"),
];
const SHARE: &[Field] = &[
    leaf("id"),
    leaf("name"),
    leaf("link"),
    leaf("description"),
    leaf("type"),
    leaf("url"),
    leaf("title"),
    leaf("template"),
];
const TO: &[Field] = &[node("data", &[leaf("id")])];

const MESSENGER_MESSAGE: &[Field] = &[
    leaf("id"),
    leaf("created_time"),
    node("from", &[leaf("id"), leaf("name")]),
    node("to", TO),
    leaf("message"),
    leaf("sticker"),
    node("attachments", ATTACHMENT),
    node("shares", SHARE),
    leaf("reactions"),
    leaf("reply_to"),
    leaf("is_unsupported"),
];
const INSTAGRAM_MESSAGE: &[Field] = &[
    leaf("id"),
    leaf("created_time"),
    node("from", &[leaf("id"), leaf("username")]),
    node("to", TO),
    leaf("message"),
    node("attachments", ATTACHMENT),
    node("shares", SHARE),
    leaf("story"),
    leaf("reactions"),
    leaf("reply_to"),
    leaf("is_unsupported"),
];
const MESSENGER_CONVERSATION: &[Field] = &[
    leaf("id"),
    leaf("updated_time"),
    leaf("link"),
    node("participants", &[leaf("id"), leaf("name")]),
    node("messages", MESSENGER_MESSAGE),
];
/// No `link`: only these four are documented for Instagram (2.2).
const INSTAGRAM_CONVERSATION: &[Field] = &[
    leaf("id"),
    leaf("updated_time"),
    node("participants", &[leaf("id"), leaf("username")]),
    node("messages", INSTAGRAM_MESSAGE),
];
const LISTED: &[Field] = &[leaf("id"), leaf("created_time")];

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    /// Conversations with so many messages each.
    Conversations,
    /// Messages of one conversation.
    Messages,
    /// Ids and times of messages of one conversation.
    Ids,
}

impl List {
    fn fields(self, platform: Platform) -> &'static [Field] {
        match (self, platform) {
            (Self::Ids, _) => LISTED,
            (Self::Conversations, Platform::Instagram) => INSTAGRAM_CONVERSATION,
            (Self::Conversations, _) => MESSENGER_CONVERSATION,
            (Self::Messages, Platform::Instagram) => INSTAGRAM_MESSAGE,
            (Self::Messages, _) => MESSENGER_MESSAGE,
        }
    }
}

/// How one request asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// The value of `fields`.
    pub fields: String,
    /// The value of `limit`.
    pub limit: u32,
    /// Shares are left out for now: a message without anything may have one.
    pub lean: bool,
    /// Reactions are asked for: their absence means that there are none.
    pub reactions: bool,
}

/// What was learned about this version of Graph, and about how much it gives at once.
#[derive(Debug, Default)]
pub(super) struct Memory {
    missing: Mutex<BTreeSet<String>>,
    shrunk: Mutex<BTreeMap<(Platform, List), Shrunk>>,
}

/// How far a kind of read has been cut down.
#[derive(Debug, Clone, Copy, Default)]
struct Shrunk {
    step: usize,
    /// Reads that went well since.
    good: u32,
}

/// By which number the page is divided, and whether the heavy fields are left out.
const STEPS: [(u32, bool); 7] =
    [(1, false), (2, false), (4, false), (4, true), (8, true), (16, true), (u32::MAX, true)];

fn cut(step: usize, limit: u32) -> (u32, bool) {
    let (divisor, lean) = STEPS.get(step).copied().unwrap_or((u32::MAX, true));
    ((limit / divisor).max(1), lean)
}

impl Memory {
    /// Begins with what an earlier run learned.
    pub fn new(known_missing: BTreeSet<String>) -> Self {
        Self { missing: Mutex::new(known_missing), shrunk: Mutex::default() }
    }

    /// Fields that this version of Graph lacks, each below the node that it belongs to (`shares.title`).
    pub fn missing(&self) -> BTreeSet<String> {
        self.locked_missing().clone()
    }

    /// How to ask for at most `limit` items; `nested`: messages per conversation.
    pub fn plan(&self, list: List, platform: Platform, limit: u32, nested: u32) -> Plan {
        let step = self.locked_shrunk().get(&(platform, list)).map_or(0, |shrunk| shrunk.step);
        let (limit, lean) = cut(step, limit);
        let missing = self.locked_missing();
        let mut fields = String::new();
        write(&mut fields, list.fields(platform), "", &missing, lean, nested);
        Plan { fields, limit, lean, reactions: !lean && !missing.contains("reactions") }
    }

    /// The read went well: after a while more is asked again.
    pub fn went_well(&self, list: List, platform: Platform) {
        let mut all = self.locked_shrunk();
        let Some(shrunk) = all.get_mut(&(platform, list)) else { return };
        shrunk.good += 1;
        if shrunk.good >= A_WHILE {
            shrunk.step = shrunk.step.saturating_sub(1);
            shrunk.good = 0;
        }
        if shrunk.step == 0 {
            all.remove(&(platform, list));
        }
    }

    /// Asks less from now on; `false`: less than this cannot be asked.
    pub fn shrink(&self, list: List, platform: Platform, limit: u32) -> bool {
        let mut all = self.locked_shrunk();
        let shrunk = all.entry((platform, list)).or_default();
        let now = cut(shrunk.step, limit);
        // The ids alone have nothing heavy in them.
        let differs = |step: usize| match (cut(step, limit), now) {
            ((limit, _), (limit_now, _)) if list == List::Ids => limit != limit_now,
            (then, now) => then != now,
        };
        let Some(step) = (shrunk.step + 1..STEPS.len()).find(|step| differs(*step)) else { return false };
        *shrunk = Shrunk { step, good: 0 };
        tracing::info!(
            platform = platform.as_str(),
            ?list,
            step,
            "Graph says that this is too much data: less is asked"
        );
        true
    }

    /// Leaves out the field that Graph's words name in brackets: `… nonexisting field (x) on node type (y)`. Whatever
    /// language the words are in, names stay what they are. `false`: it names none that may be left out.
    pub fn drop_named(&self, list: List, platform: Platform, lean: bool, words: &str) -> bool {
        let mut missing = self.locked_missing();
        let mut asked = Vec::new();
        paths(&mut asked, list.fields(platform), "", &missing, lean);
        let named = words.split('(').skip(1).filter_map(|rest| rest.split_once(')')).map(|(name, _)| name);
        let is_asked = |name: &&str| asked.iter().any(|(path, _)| last(path) == *name);
        let Some(name) = named.into_iter().find(is_asked) else { return false };
        if IDENTIFYING.contains(&name) {
            return false;
        }
        let weight = |(path, unsure): &&(String, bool)| (*unsure, path.starts_with("shares."), path.contains('.'));
        let Some((path, _)) = asked.iter().filter(|(path, _)| last(path) == name).max_by_key(weight) else {
            return false;
        };
        tracing::warn!(field = path, "this version of Graph lacks a field: it is left out");
        missing.insert(path.clone())
    }

    fn locked_missing(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked_shrunk(&self) -> MutexGuard<'_, BTreeMap<(Platform, List), Shrunk>> {
        self.shrunk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The path of `field` below its message or conversation.
fn path_of(above: &str, field: &Field) -> String {
    if above.is_empty() { field.name.to_owned() } else { format!("{above}.{}", field.name) }
}

fn is_left_out(field: &Field, path: &str, missing: &BTreeSet<String>, lean: bool) -> bool {
    let heavy = lean && HEAVY.contains(&path);
    // What identifies is asked for even if somebody's settings say that it is missing.
    heavy || missing.contains(path) && !IDENTIFYING.contains(&field.name)
}

/// The fields of a message are named without the `messages.` above them: they are the same in every read.
fn below(path: String) -> String {
    if path == "messages" { String::new() } else { path }
}

fn write(out: &mut String, fields: &[Field], above: &str, missing: &BTreeSet<String>, lean: bool, nested: u32) {
    for field in fields {
        let path = path_of(above, field);
        if is_left_out(field, &path, missing, lean) {
            continue;
        }
        if !out.is_empty() && !out.ends_with('{') {
            out.push(',');
        }
        out.push_str(field.name);
        if path == "messages" {
            out.push_str(&format!(".limit({nested})"));
        }
        if !field.sub.is_empty() {
            out.push('{');
            write(out, field.sub, &below(path), missing, lean, nested);
            out.push('}');
        }
    }
}

fn paths(out: &mut Vec<(String, bool)>, fields: &[Field], above: &str, missing: &BTreeSet<String>, lean: bool) {
    for field in fields {
        let path = path_of(above, field);
        if !is_left_out(field, &path, missing, lean) {
            out.push((path.clone(), field.unsure));
            paths(out, field.sub, &below(path), missing, lean);
        }
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;

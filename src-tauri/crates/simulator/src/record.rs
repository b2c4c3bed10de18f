//! What the simulator remembers of its callers, and the truth they are checked against.
//!
//! No secret is kept: the headers that carry keys are recorded as `***`.

use std::collections::{BTreeMap, VecDeque};

use axum::http::{HeaderMap, Method, Uri};

use crate::platform::Platform;
use crate::state::{Chat, Core, State};
use crate::world::{Attachment, Direction, FileRef, Message, Origin, ProfileId};

/// The newest entries of a log that a demo may fill for days.
#[derive(Debug)]
pub(crate) struct Recent<T>(VecDeque<T>);

impl<T> Recent<T> {
    const KEPT: usize = 50_000;

    pub(crate) fn push(&mut self, entry: T) {
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.0.iter_mut()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// One request, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Its number, from 1.
    pub number: u64,
    /// `GET`, `POST`, …
    pub method: String,
    /// The path under the base URL, still percent-encoded.
    pub path: String,
    /// The query as sent, without `?`.
    pub query: String,
    /// Headers with lower-case names; keys are masked.
    pub headers: BTreeMap<String, String>,
    /// The simulator's time, UTC milliseconds.
    pub at_ms: i64,
    /// Who asked, when the keys were good.
    pub profile: Option<ProfileId>,
    /// The platform in the path.
    pub platform: Option<Platform>,
    /// The status of the answer; `None` while it is under way or when there was none.
    pub status: Option<u16>,
    /// The fault that struck it.
    pub fault: Option<&'static str>,
}

const SECRET_HEADERS: [&str; 4] =
    ["authorization", "profile-key", "x-twitter-oauth1-api-key", "x-twitter-oauth1-api-secret"];

const SECRET_PARAMETERS: [&str; 6] =
    ["access_token", "appsecret_proof", "client_secret", "fb_exchange_token", "input_token", "hub.verify_token"];

impl RequestRecord {
    pub(crate) fn new(number: u64, method: &Method, uri: &Uri, path: &str, headers: &HeaderMap, at_ms: i64) -> Self {
        let mut seen = BTreeMap::new();
        for (name, value) in headers {
            let secret = SECRET_HEADERS.contains(&name.as_str());
            let shown = if secret { "***".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
            seen.insert(name.as_str().to_owned(), shown);
        }
        let platform =
            path.strip_prefix("/messages/").and_then(|p| Platform::parse(p.split('/').next().unwrap_or_default()));
        Self {
            number,
            method: method.as_str().to_owned(),
            path: path.to_owned(),
            query: masked(uri.query().unwrap_or_default()),
            headers: seen,
            at_ms,
            profile: None,
            platform,
            status: None,
            fault: None,
        }
    }
}

/// The query without the values of its secrets.
fn masked(query: &str) -> String {
    let mask = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SECRET_PARAMETERS.contains(&name) => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    query.split('&').map(mask).collect::<Vec<_>>().join("&")
}

/// One message as it truly is, whatever any answer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The platform's id.
    pub id: String,
    /// Whose account.
    pub profile: ProfileId,
    /// Where.
    pub platform: Platform,
    /// The conversation's id.
    pub conversation: String,
    /// Which way.
    pub direction: Direction,
    /// The text, after edits.
    pub text: Option<String>,
    /// Kind and address of each attachment.
    pub attachments: Vec<(String, String)>,
    /// What is known of each attachment's file, in the same order.
    pub files: Vec<LedgerFile>,
    /// What the client put beside the message (`metadata` of Graph): told in the echo, and here.
    pub metadata: Option<String>,
    /// The message that it quotes.
    pub reply_to: Option<String>,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// Who caused it.
    pub origin: Origin,
    /// Reactor id to emoji.
    pub reactions: BTreeMap<String, String>,
    /// Taken back by its writer; no GET shows it.
    pub unsent: bool,
    /// Whether a GET of its conversation can show it now (not behind the 20-message history, not delayed, not unsent).
    pub readable: bool,
}

/// The file of an attachment, as the network has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFile {
    /// `image`, `video`, …
    pub kind: String,
    /// Where it can be had.
    pub url: String,
    /// What it was called when it came.
    pub name: Option<String>,
    /// The type under which the network serves it.
    pub content_type: Option<String>,
    /// Bytes. `None`, like the hash, of what never came through this server: seeded pictures, and addresses elsewhere that
    /// are believed.
    pub size: Option<u64>,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: Option<String>,
}

impl State {
    /// One message as the ledger tells it.
    pub(crate) fn entry(&self, chat: &Chat, m: &Message, readable: bool) -> LedgerEntry {
        let file = |a: &Attachment| {
            let stored = match &a.file {
                FileRef::Own(name) => self.media.stored(name),
                FileRef::Url(_) => None,
            };
            LedgerFile {
                kind: a.kind.clone(),
                url: self.media.address(&a.file),
                name: a.detail.name.clone(),
                content_type: stored.map(|s| s.mime.clone()),
                size: stored.map(|s| s.blob.size),
                sha256: stored.map(|s| s.blob.sha256().to_owned()),
            }
        };
        LedgerEntry {
            id: m.id.clone(),
            profile: chat.profile,
            platform: chat.platform,
            conversation: chat.conversation.clone(),
            direction: m.direction,
            text: m.text.clone(),
            attachments: m.attachments.iter().map(|a| (a.kind.clone(), self.media.address(&a.file))).collect(),
            files: m.attachments.iter().map(file).collect(),
            metadata: m.metadata.clone(),
            reply_to: m.reply_to.clone(),
            at_ms: m.at,
            origin: m.origin,
            reactions: m.reactions.clone(),
            unsent: m.unsent,
            readable,
        }
    }
}

impl Core {
    /// Every message; those of conversations that only Graph shows on request.
    pub(crate) fn ledger(&self, graph_only: bool) -> Vec<LedgerEntry> {
        let now = self.clock.now_ms();
        let state = self.lock();
        let mut out = Vec::new();
        for (index, profile) in state.world.profiles.iter().enumerate() {
            for account in profile.accounts.values() {
                for conversation in account.conversations.iter().filter(|c| graph_only || !c.graph_only) {
                    let chat = Chat {
                        profile: ProfileId(index),
                        platform: account.platform,
                        conversation: conversation.id.clone(),
                        person: conversation.person.id.clone(),
                    };
                    let visible = conversation.visible(account.platform, state.knobs.history_cap, now);
                    let mut visible = visible.map(|m| m.seq).peekable();
                    for m in &conversation.messages {
                        // Both run in the same order, so one look ahead tells whether this one is visible.
                        let readable = visible.next_if_eq(&m.seq).is_some();
                        let entry = state.entry(&chat, m, readable);
                        out.push((m.at, m.seq, entry));
                    }
                }
            }
        }
        out.sort_by_key(|(at, seq, _)| (*at, *seq));
        out.into_iter().map(|(_, _, entry)| entry).collect()
    }
}

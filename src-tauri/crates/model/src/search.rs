//! Searching the history: what is asked, and what is answered.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Conversation, ConversationId, Direction, MessageId, MessageKind, Place, Timestamp};

/// What to look for. `text` is what the user typed; its grammar stands in `store/src/search/query.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct SearchQuery {
    /// Words, phrases and filters, as typed. Any text is a query, none is an error.
    pub text: String,
    /// Only in this conversation: find in thread.
    pub conversation: Option<ConversationId>,
    /// The order.
    pub sort: SearchSort,
}

/// The order of hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SearchSort {
    /// Newest message first.
    #[default]
    Newest,
    /// Best first, of the newest 2,000 hits.
    Best,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct SearchPage {
    /// In order.
    pub hits: Vec<SearchHit>,
    /// The conversations of the hits, each once.
    pub conversations: Vec<Conversation>,
    /// Where the next page begins; `None`: that was all. A page may be short, even empty, and have a next one: so much
    /// was looked at in vain.
    pub next: Option<Place>,
    /// How the query was understood.
    pub understood: SearchUnderstood,
}

/// How a query was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct SearchUnderstood {
    /// The words and phrases that every hit has, as typed.
    pub words: Vec<String>,
    /// The filters, in the order typed.
    pub filters: Vec<SearchFilterPart>,
    /// Some word is long enough to be looked for inside of words, too: the second phase may find more.
    pub inside: bool,
}

/// A filter and where it stands in the query's text, so that a chip can take it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SearchFilterPart {
    /// Where it begins, in UTF-16 code units.
    pub start: u32,
    /// Where it ends, likewise.
    pub end: u32,
    /// What it asks for.
    pub filter: SearchFilter,
    /// False: no person, conversation or account is called that, so nothing is found.
    pub known: bool,
}

/// What a filter asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SearchFilter {
    /// Written by the business.
    FromMe,
    /// Written by a person of this name or handle.
    From {
        /// As typed.
        who: String,
    },
    /// In a conversation with a person of this name or handle.
    In {
        /// As typed.
        who: String,
    },
    /// On an account of this name, handle, shop or platform.
    Account {
        /// As typed.
        name: String,
    },
    /// Written before this instant.
    Before {
        /// The beginning of the day, month or year that was named.
        at: Timestamp,
    },
    /// Written at this instant or later.
    After {
        /// The beginning of the day, month or year that was named.
        at: Timestamp,
    },
    /// With something in it.
    Has {
        /// What.
        what: SearchHas,
    },
    /// Of the other side, and not read yet.
    Unread,
}

/// What a message may have in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SearchHas {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A voice message or another sound.
    Audio,
    /// A file.
    File,
    /// An address of the web, or a shared post.
    Link,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SearchHit {
    /// Which.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// Whose.
    pub direction: Direction,
    /// What it is, for words such as *Photo* where there is no text.
    pub kind: MessageKind,
    /// What the message says around the first hit; `None`: it has no text.
    pub snippet: Option<Snippet>,
}

/// A part of a text, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct Snippet {
    /// The text. Line breaks and other control characters are spaces.
    pub text: String,
    /// What was looked for in it: pairs of UTF-16 offsets, in order, not touching.
    pub marks: Vec<(u32, u32)>,
    /// The message goes on before it.
    pub cut_before: bool,
    /// The message goes on after it.
    pub cut_after: bool,
}

/// Hits inside of words: what the second phase found so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct SearchInside {
    /// Newest first; none of them is a hit of the first phase.
    pub hits: Vec<SearchHit>,
    /// The conversations of the hits, each once.
    pub conversations: Vec<Conversation>,
    /// Where to go on; `None`: everything was looked at.
    pub next: Option<Place>,
    /// Messages that were looked at for this answer.
    pub looked_at: u32,
}

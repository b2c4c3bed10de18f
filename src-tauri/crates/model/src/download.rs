//! What a platform let a person download, on its way in, and what becomes of it.
//!
//! A download knows no ids of most things: messages and conversations of Meta's have none at all. They carry an
//! [`RemoteId`] of ours that begins with [`IMPORTED`], which never reaches a provider: the store finds the row that it
//! stands for, or makes one without an id.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AccountId, ConversationEvents, Platform, RemoteId};

/// How an id of ours begins that stands for something of a download. No platform's id does.
pub const IMPORTED: &str = "import:";
/// In [`crate::ReactionSeen::by`]: whose download it is.
pub const IMPORTED_ME: &str = "import:me";
/// In [`crate::ReactionSeen::by`]: the person on the other side.
pub const IMPORTED_THEM: &str = "import:them";

impl RemoteId {
    /// Whether it is no id of the platform but stands for something of a download.
    pub fn is_imported(&self) -> bool {
        self.0.starts_with(IMPORTED)
    }
}

/// A part of one thread of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPage {
    /// Which thread.
    pub thread: ImportedThread,
    /// What it says.
    pub events: ConversationEvents,
}

/// A thread of a download, as far as it tells which conversation it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedThread {
    /// What the download calls it.
    pub key: String,
    /// Ids by which the platform may know the conversation.
    pub conversations: Vec<RemoteId>,
    /// Ids by which it may know the person on the other side.
    pub people: Vec<RemoteId>,
    /// The person on the other side, or the title of a group; raw.
    pub name: Option<String>,
    /// No other thread of the download has that name.
    pub name_is_unique: bool,
}

/// What was left out of an import, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ImportSkip {
    /// It is HTML: the download has to be asked for as JSON.
    Html,
    /// It is not JSON, or ends in its middle: what stands before is taken in.
    Broken,
    /// It cannot be read from the disk or from the zip.
    Unreadable,
    /// Its name leads out of the download, or it is a link.
    Outside,
    /// It unpacks to far more than a file of messages does.
    Bomb,
    /// One message is larger than 8 MB.
    TooLarge,
    /// A message without a time or a sender.
    Incomplete,
    /// Somebody joined, left or renamed the group: no message.
    Notice,
    /// The thread names nobody.
    Nobody,
    /// The same message stands in it twice.
    Twice,
}

/// One reason in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ImportSkipped {
    /// The file, as the download names it; cleaned.
    pub file: String,
    /// Why.
    pub reason: ImportSkip,
    /// How many items; 1 for the file itself.
    pub count: u32,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, Type)]
pub struct ImportProgress {
    /// Messages read, in KiB, unpacked.
    pub read_kib: u32,
    /// Of so many.
    pub total_kib: u32,
    /// Messages read.
    pub messages: u32,
    /// Of which so many are new.
    pub new: u32,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ImportReport {
    /// Into which account.
    pub account: AccountId,
    /// The account was made for it.
    pub account_created: bool,
    /// Of which platform the download is.
    pub platform: Platform,
    /// Who "we" are in it.
    pub owner: String,
    /// Threads read.
    pub threads: u32,
    /// Messages read.
    pub messages: u32,
    /// Of which so many were not held yet.
    pub new: u32,
    /// Of which so many were held already, from the provider or from an earlier import.
    pub known: u32,
    /// Pictures, films, sounds and files taken in.
    pub files: u32,
    /// Items left out.
    pub skipped: u32,
    /// What they were, by file; the first 200.
    pub reasons: Vec<ImportSkipped>,
    /// It was cancelled; the next import of the same files goes on there.
    pub cancelled: bool,
}

/// What an export is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Pages to read, without a script and without the network.
    Html,
    /// One JSON object a line.
    Jsonl,
    /// A table for spreadsheets.
    Csv,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct ExportProgress {
    /// Messages written.
    pub messages: u32,
    /// Of so many, as the conversations counted them at the start.
    pub of: u32,
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ExportReport {
    /// Conversations in it.
    pub conversations: u32,
    /// Messages in it.
    pub messages: u32,
    /// Files of messages that were copied.
    pub files: u32,
    /// Files of messages of which there is no copy here.
    pub missing: u32,
    /// All bytes, in KiB.
    pub kib: u32,
    /// The name of the file with the SHA-256 sum of each other one.
    pub manifest: String,
}

//! Backups, and what a restored one says of itself.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{ErrorCode, Timestamp};

/// The section *Backups* of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Backups {
    /// The folder that the user chose: the last part of its name. `None`: the data folder's own.
    pub folder: Option<String>,
    /// The chosen folder cannot be found: a drive that is not plugged in.
    pub folder_gone: bool,
    /// One is being made: how much of it is there, in percent.
    pub running: Option<u8>,
    /// When the last good one was made.
    pub made_at: Option<Timestamp>,
    /// Why the last one failed, if it did.
    pub failed: Option<BackupFailure>,
    /// What can be restored, newest first.
    pub list: Vec<BackupEntry>,
}

/// A backup that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct BackupFailure {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub code: ErrorCode,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct BackupEntry {
    /// The name of its file: what it is restored by.
    pub name: String,
    /// When it was made.
    pub at: Timestamp,
    /// Bytes.
    pub bytes: u64,
    /// Messages in it; `None`: it cannot be read.
    pub messages: Option<u64>,
    /// Of another data folder: its accounts ask for their keys again.
    pub foreign: bool,
    /// Made by a newer Backscroll, which alone can read it.
    pub newer: bool,
}

/// The history is not the one that was there before: said until the user has read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Restored {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: RestoreCause,
    /// What it is now.
    pub outcome: RestoreOutcome,
    /// The file in the data folder that the former history was put into; `None`: there was none.
    pub aside: Option<String>,
    /// Messages that may have been sent since, and are looked for.
    pub unsure: u32,
}

/// Why a history was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum RestoreCause {
    /// It was damaged.
    Damaged,
    /// The user asked for it.
    Asked,
}

/// What took the place of the former history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RestoreOutcome {
    /// A backup.
    Backup {
        /// When it was made; `None`: its name does not say.
        made_at: Option<Timestamp>,
    },
    /// What could still be read of the damaged file.
    Rescued {
        /// Messages.
        messages: u64,
    },
    /// Nothing: it begins anew.
    Empty,
}

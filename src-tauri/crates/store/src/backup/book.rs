//! What must be known of backups although the database cannot be read: where they are, and what was told of the last one.
//! A small JSON file beside the database.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use backscroll_model::{BackupFailure, Restored, Timestamp};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::{Origin, PART, Place, sync_folder};
use crate::{Result, StoreError, open};

const FILE: &str = "backups.json";

/// See the module. What cannot be read counts as not there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Book {
    origin: Option<String>,
    /// The folder that the user chose.
    pub folder: Option<PathBuf>,
    /// When the last good one was made.
    pub made_at: Option<Timestamp>,
    /// Why the last one failed.
    pub failed: Option<BackupFailure>,
    /// What the user has not read yet.
    pub restored: Option<Restored>,
}

impl Book {
    /// Reads the book of a data folder.
    pub fn read(dir: &Path) -> Self {
        let Ok(json) = fs::read(dir.join(FILE)) else { return Self::default() };
        serde_json::from_slice(&json).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was known of backups cannot be read");
            Self::default()
        })
    }

    /// Writes it: the old one or the new one survives a crash.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self)
            .map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))?;
        write_whole(&dir.join(FILE), &json)
    }

    /// Changes it.
    pub fn update(dir: &Path, change: impl FnOnce(&mut Self)) -> Result<Self> {
        let mut book = Self::read(dir);
        change(&mut book);
        book.write(dir)?;
        Ok(book)
    }

    /// Who makes the backups of this data folder; chosen at the first one, from where and when that is.
    pub fn origin(dir: &Path, now: Timestamp) -> Result<Origin> {
        let known = |book: &Self| book.origin.as_deref().and_then(Origin::parse);
        let book = Self::read(dir);
        if let Some(origin) = known(&book) {
            return Ok(origin);
        }
        let mut seed = dir.as_os_str().as_encoded_bytes().to_vec();
        seed.extend(now.0.to_le_bytes());
        let [a, b, c, d, ..] = XxHash3_64::oneshot(&seed).to_le_bytes();
        let origin = Origin(u32::from_le_bytes([a, b, c, d]));
        Self { origin: Some(origin.to_string()), ..book }.write(dir)?;
        Ok(origin)
    }

    /// The same, if it was chosen.
    pub fn known_origin(&self) -> Option<Origin> {
        self.origin.as_deref().and_then(Origin::parse)
    }

    /// Where backups go.
    pub fn place(&self) -> Place {
        self.folder.clone().map_or(Place::Own, Place::Chosen)
    }
}

/// Writes a private file so that a crash leaves the old one or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = open::with_suffix(path, PART);
    open::private_file(&part)?;
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(&part).map_err(StoreError::of_file)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&part, path));
    written.inspect_err(|_| drop(fs::remove_file(&part))).map_err(StoreError::of_file)?;
    path.parent().map_or(Ok(()), sync_folder)
}

//! Copies of files: shown, played, saved, fetched when asked for.

use std::path::PathBuf;

use backscroll_model::{AccountId, AttachmentId, MediaSummary};
use backscroll_store as db;

use super::Inbox;
use crate::{MediaCopy, inner::Result, media_cache};

impl Inbox {
    /// The cached picture behind a `media:` path: bytes and MIME type. `None`: unknown path, or no picture.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn media(&self, path: String) -> Result<Option<(Vec<u8>, String)>> {
        media_cache::read(&self.0, &path).await
    }

    /// The file of the cache behind a `media:` path and its MIME type, for those who read files and not bytes. `None`:
    /// unknown path, or it made room for others.
    pub fn media_file(&self, path: &str) -> Option<(PathBuf, &'static str)> {
        media_cache::known_file(&self.0, path)
    }

    /// The copy of an attachment, for those who serve it piece by piece. `None`: there is none.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn media_copy(&self, attachment: AttachmentId) -> Result<Option<MediaCopy>> {
        media_cache::copy(&self.0, attachment).await
    }

    /// Saves a copy into a folder of the user, under the name that it came with, made safe; never over another file.
    /// Answers where it is.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is no copy. `DiskFull`, `ReadOnly` and those of the history.
    pub async fn save_media(&self, attachment: AttachmentId, folder: PathBuf) -> Result<PathBuf> {
        media_cache::save(&self.0, attachment, folder).await
    }

    /// The user wants an attachment that waits, failed, was too large or made room for others: fetch it now.
    ///
    /// # Errors
    ///
    /// `Offline` if it cannot be had now, and those of the history. A link that is dead for good is no error: the
    /// attachment says so.
    pub async fn fetch_media(&self, attachment: AttachmentId) -> Result<()> {
        self.0.may_write()?;
        media_cache::fetch_now(&self.0, attachment).await
    }

    /// How many files of an account, or of all, stand where: what is kept, and what was skipped and why.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn media_summary(&self, account: Option<AccountId>) -> Result<MediaSummary> {
        self.0.read(move |c| db::media_summary(c, account)).await
    }

    /// What the copies of messages' files may take together, in bytes (5 GB unless told otherwise). What is beyond makes
    /// room with the next file that comes.
    pub fn set_media_quota(&self, bytes: u64) {
        self.0.shelf.set_quota(bytes);
    }
}

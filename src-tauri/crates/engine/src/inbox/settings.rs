//! The settings.

use backscroll_model::{Change, RECENT_EMOJI, Settings};
use backscroll_store as db;

use super::Inbox;
use crate::{errors::store_error, inner::Result};

/// Widths of the conversation list, CSS pixels (`ux.md`, layout).
const LIST_WIDTHS: (u16, u16) = (280, 420);

impl Inbox {
    /// The settings.
    ///
    /// # Errors
    ///
    /// None today; a command answers a result.
    pub async fn settings(&self) -> Result<Settings> {
        Ok(self.0.settings())
    }

    /// Replaces them.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn set_settings(&self, mut settings: Settings) -> Result<()> {
        self.0.may_write()?;
        settings.list_width = settings.list_width.clamp(LIST_WIDTHS.0, LIST_WIDTHS.1);
        settings.recent_emoji.truncate(RECENT_EMOJI);
        if settings == self.0.settings() {
            return Ok(());
        }
        let kept = settings.clone();
        self.0.store.write_user(move |tx| db::set_settings(tx, &kept)).await.map_err(|e| store_error(&e))?;
        self.0.keep_settings(settings);
        self.0.publish(vec![Change::Settings]);
        Ok(())
    }
}

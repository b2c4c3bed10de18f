//! Drafts: one per conversation, kept across restarts; the beginning is repeated on the conversation's row.

use backscroll_model::{ConversationId, Timestamp, text};
use rusqlite::{Connection, OptionalExtension};

use crate::{PREVIEW_CHARS, Result};

/// The draft of a conversation.
pub fn draft(connection: &Connection, conversation: ConversationId) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT text FROM draft WHERE conversation = ?1")?
        .query_row([conversation.0], |row| row.get(0))
        .optional()?)
}

/// Keeps or, if empty, forgets a draft. Returns whether anything changed.
pub fn set_draft(connection: &Connection, conversation: ConversationId, draft: &str, now: Timestamp) -> Result<bool> {
    let changed = if draft.is_empty() {
        connection.prepare_cached("DELETE FROM draft WHERE conversation = ?1")?.execute([conversation.0])?
    } else {
        connection
            .prepare_cached(
                "INSERT INTO draft (conversation, text, changed_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (conversation) DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at
                 WHERE text <> excluded.text",
            )?
            .execute((conversation.0, draft, now.0))?
    };
    if changed > 0 {
        connection
            .prepare_cached("UPDATE conversation SET draft = ?2 WHERE id = ?1")?
            .execute((conversation.0, text::preview(draft, PREVIEW_CHARS)))?;
    }
    Ok(changed > 0)
}

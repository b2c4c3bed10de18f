//! Drafts: one per conversation, kept across restarts; the beginning is repeated on the conversation's row. Its files are
//! [`crate::outgoing`]'s.

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
        repeat(connection, conversation)?;
    }
    Ok(changed > 0)
}

/// Repeats the draft's beginning on the conversation's row; a draft of files alone is an empty beginning. Returns whether
/// that changed.
pub(crate) fn repeat(connection: &Connection, conversation: ConversationId) -> Result<bool> {
    let has_files: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outgoing_file INDEXED BY outgoing_file_draft
                WHERE conversation = ?1 AND part IS NULL)",
        )?
        .query_row([conversation.0], |row| row.get(0))?;
    let text = draft(connection, conversation)?;
    let beginning = text.and_then(|text| text::preview(&text, PREVIEW_CHARS));
    let changed = connection
        .prepare_cached("UPDATE conversation SET draft = ?2 WHERE id = ?1 AND draft IS NOT ?2")?
        .execute((conversation.0, beginning.or(has_files.then(String::new))))?;
    Ok(changed > 0)
}

//! Drafts: one per conversation, text and the message that it quotes, kept across restarts; the beginning is repeated on
//! the conversation's row. Its files are [`crate::outgoing`]'s.

use backscroll_model::{ConversationId, MessageId, Timestamp, text};
use rusqlite::{Connection, OptionalExtension};

use crate::{PREVIEW_CHARS, Result};

/// The text of a conversation's draft.
pub fn draft(connection: &Connection, conversation: ConversationId) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT text FROM draft WHERE conversation = ?1 AND text <> ''")?
        .query_row([conversation.0], |row| row.get(0))
        .optional()?)
}

/// The message that the draft of a conversation quotes.
pub fn draft_quote(connection: &Connection, conversation: ConversationId) -> Result<Option<MessageId>> {
    Ok(connection
        .prepare_cached("SELECT reply_to FROM draft WHERE conversation = ?1 AND reply_to IS NOT NULL")?
        .query_row([conversation.0], |row| row.get(0).map(MessageId))
        .optional()?)
}

/// Keeps or, if empty, forgets the text of a draft. Returns whether anything changed.
pub fn set_draft(connection: &Connection, conversation: ConversationId, draft: &str, now: Timestamp) -> Result<bool> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO draft (conversation, text, changed_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (conversation) DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at
             WHERE text <> excluded.text",
        )?
        .execute((conversation.0, draft, now.0))?;
    settle(connection, conversation, changed)
}

/// Keeps the message that a draft quotes; `None` forgets it. Returns whether anything changed.
pub fn set_draft_quote(
    connection: &Connection,
    conversation: ConversationId,
    message: Option<MessageId>,
    now: Timestamp,
) -> Result<bool> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO draft (conversation, text, reply_to, changed_at) VALUES (?1, '', ?2, ?3)
             ON CONFLICT (conversation) DO UPDATE SET reply_to = excluded.reply_to, changed_at = excluded.changed_at
             WHERE reply_to IS NOT excluded.reply_to",
        )?
        .execute((conversation.0, message.map(|id| id.0), now.0))?;
    settle(connection, conversation, changed)
}

/// What holds nothing is no draft.
fn settle(connection: &Connection, conversation: ConversationId, changed: usize) -> Result<bool> {
    let emptied = connection
        .prepare_cached("DELETE FROM draft WHERE conversation = ?1 AND text = '' AND reply_to IS NULL")?
        .execute([conversation.0])?;
    // An empty row that comes and goes in one call is no change.
    let told = if changed + emptied > 0 { repeat(connection, conversation)? } else { false };
    Ok(told || changed > emptied)
}

/// Repeats the draft's beginning on the conversation's row; a draft of files or a quote alone is an empty beginning.
/// Returns whether that changed.
pub(crate) fn repeat(connection: &Connection, conversation: ConversationId) -> Result<bool> {
    let has_more: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outgoing_file INDEXED BY outgoing_file_draft
                WHERE conversation = ?1 AND part IS NULL)
                OR EXISTS (SELECT 1 FROM draft WHERE conversation = ?1 AND reply_to IS NOT NULL)",
        )?
        .query_row([conversation.0], |row| row.get(0))?;
    let text = draft(connection, conversation)?;
    let beginning = text.and_then(|text| text::preview(&text, PREVIEW_CHARS));
    let changed = connection
        .prepare_cached("UPDATE conversation SET draft = ?2 WHERE id = ?1 AND draft IS NOT ?2")?
        .execute((conversation.0, beginning.or(has_more.then(String::new))))?;
    Ok(changed > 0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::{AccountId, Platform};

    use super::*;
    use crate::{
        apply::apply,
        conversation_of, conversations_by_ids, message_of,
        test_support::{NOW, check, inbound, live, page, remote, with_account},
    };

    fn thread() -> (Connection, AccountId, ConversationId, MessageId) {
        let (connection, account) = with_account(Platform::Messenger);
        apply(&connection, account, &[page("t0", vec![inbound("m1", NOW, "Hello?")], None)], &live()).unwrap();
        let conversation = conversation_of(&connection, account, &remote("t0")).unwrap().unwrap();
        let message = message_of(&connection, account, &remote("m1")).unwrap().unwrap();
        (connection, account, conversation, message)
    }

    #[test]
    fn a_quote_is_a_draft_of_its_own_and_outlives_the_text() {
        let (connection, _, conversation, message) = thread();
        let row = || conversations_by_ids(&connection, &[conversation], NOW).unwrap().pop().unwrap().draft;
        assert!(!set_draft(&connection, conversation, "", NOW).unwrap(), "nothing was there");
        assert!(set_draft_quote(&connection, conversation, Some(message), NOW).unwrap());
        assert!(!set_draft_quote(&connection, conversation, Some(message), NOW).unwrap());
        assert_eq!((row().as_deref(), draft(&connection, conversation).unwrap()), (Some(""), None));
        assert!(set_draft(&connection, conversation, "Yes", NOW).unwrap());
        assert!(set_draft(&connection, conversation, "", NOW).unwrap());
        assert_eq!(draft_quote(&connection, conversation).unwrap(), Some(message));
        assert!(set_draft_quote(&connection, conversation, None, NOW).unwrap());
        assert_eq!((row(), draft_quote(&connection, conversation).unwrap()), (None, None));
        let rows: i64 = connection.query_row("SELECT count(*) FROM draft", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
        check(&connection);
    }

    #[test]
    fn a_quoted_message_that_goes_leaves_the_text() {
        let (connection, _, conversation, message) = thread();
        set_draft(&connection, conversation, "Yes", NOW).unwrap();
        set_draft_quote(&connection, conversation, Some(message), NOW).unwrap();
        connection.execute("DELETE FROM message WHERE id = ?1", [message.0]).unwrap();
        assert_eq!(draft_quote(&connection, conversation).unwrap(), None);
        assert_eq!(draft(&connection, conversation).unwrap().as_deref(), Some("Yes"));
    }
}

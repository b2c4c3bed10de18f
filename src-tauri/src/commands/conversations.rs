//! The conversation list, and what the user does to a conversation.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// A page of the conversation list; `limit` at most 200.
#[tauri::command]
#[specta::specta]
pub async fn conversations(
    shell: State<'_, Shell>,
    query: ConversationQuery,
    after: Option<Place>,
    limit: u32,
) -> Result<ConversationPage> {
    let (after, limit) = (check::maybe_place(after)?, check::limit(limit)?);
    check::maybe_id(query.account)?;
    shell.inbox().await?.conversations(query, after, limit).await
}

/// Rows by id, for re-reading after a change. Unknown ids are left out.
#[tauri::command]
#[specta::specta]
pub async fn conversations_by_id(shell: State<'_, Shell>, ids: Vec<ConversationId>) -> Result<Vec<Conversation>> {
    shell.inbox().await?.conversations_by_id(check::ids(ids)?).await
}

/// The counters of rail, chips and tray.
#[tauri::command]
#[specta::specta]
pub async fn counts(shell: State<'_, Shell>) -> Result<Counts> {
    shell.inbox().await?.counts().await
}

/// The thread that is on screen in a focused window, if any.
#[tauri::command]
#[specta::specta]
pub async fn set_viewing(shell: State<'_, Shell>, conversation: Option<ConversationId>) -> Result<()> {
    shell.inbox().await?.set_viewing(check::maybe_id(conversation)?);
    Ok(())
}

/// Marks everything up to `up_to` as read.
#[tauri::command]
#[specta::specta]
pub async fn mark_read(shell: State<'_, Shell>, conversation: ConversationId, up_to: MessageId) -> Result<()> {
    shell.inbox().await?.mark_read(check::id(conversation)?, check::id(up_to)?).await
}

/// Marks several conversations as read; answers what `undo_read` takes back. At most 200.
#[tauri::command]
#[specta::specta]
pub async fn mark_all_read(shell: State<'_, Shell>, seen: Vec<ReadUpTo>) -> Result<Vec<ReadMark>> {
    check::ids(seen.iter().map(|one| one.conversation).collect())?;
    check::ids(seen.iter().map(|one| one.message).collect())?;
    shell.inbox().await?.mark_all_read(seen).await
}

/// Makes unread again what `mark_all_read` marked.
#[tauri::command]
#[specta::specta]
pub async fn undo_read(shell: State<'_, Shell>, marks: Vec<ReadMark>) -> Result<()> {
    check::ids(marks.iter().map(|mark| mark.conversation).collect())?;
    shell.inbox().await?.undo_read(marks).await
}

/// Marks the newest inbound message as unread again.
#[tauri::command]
#[specta::specta]
pub async fn mark_unread(shell: State<'_, Shell>, conversation: ConversationId) -> Result<()> {
    shell.inbox().await?.mark_unread(check::id(conversation)?).await
}

/// Puts it into a state; answers the state before, for *Undo*.
#[tauri::command]
#[specta::specta]
pub async fn set_state(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    state: ConversationState,
) -> Result<ConversationState> {
    shell.inbox().await?.set_state(check::id(conversation)?, state).await
}

/// Keeps the text of a draft; empty text removes it.
#[tauri::command]
#[specta::specta]
pub async fn save_draft(shell: State<'_, Shell>, conversation: ConversationId, text: String) -> Result<()> {
    shell.inbox().await?.save_draft(check::id(conversation)?, check::text(text)?).await
}

/// Keeps the message that a draft quotes; `null` forgets it.
#[tauri::command]
#[specta::specta]
pub async fn save_draft_quote(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    message: Option<MessageId>,
) -> Result<()> {
    shell.inbox().await?.save_draft_quote(check::id(conversation)?, check::maybe_id(message)?).await
}

/// The message that a draft quotes.
#[tauri::command]
#[specta::specta]
pub async fn draft_quote(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Option<Message>> {
    shell.inbox().await?.draft_quote(check::id(conversation)?).await
}

/// The text of a draft.
#[tauri::command]
#[specta::specta]
pub async fn draft(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Option<String>> {
    shell.inbox().await?.draft(check::id(conversation)?).await
}

/// What the contact panel shows.
#[tauri::command]
#[specta::specta]
pub async fn contact_page(shell: State<'_, Shell>, conversation: ConversationId) -> Result<ContactPage> {
    shell.inbox().await?.contact_page(check::id(conversation)?).await
}

/// Pictures, videos, sounds and files of a conversation, newest first; `limit` at most 200.
#[tauri::command]
#[specta::specta]
pub async fn media_of(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    before: Option<Place>,
    limit: u32,
) -> Result<Vec<MediaItem>> {
    let (before, limit) = (check::maybe_place(before)?, check::limit(limit)?);
    shell.inbox().await?.media_of(check::id(conversation)?, before, limit).await
}

/// *Jump to date*: the first message at that time or later, else the newest before it.
#[tauri::command]
#[specta::specta]
pub async fn message_at(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    at: Timestamp,
) -> Result<Option<MessageId>> {
    shell.inbox().await?.message_at(check::id(conversation)?, at).await
}

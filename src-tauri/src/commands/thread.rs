//! The thread: pages of messages, gaps, details, pictures.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// A page of a thread, oldest first; `limit` at most 200.
#[tauri::command]
#[specta::specta]
pub async fn thread(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    position: ThreadPosition,
    limit: u32,
) -> Result<ThreadPage> {
    let (conversation, position, limit) = (check::id(conversation)?, check::position(position)?, check::limit(limit)?);
    shell.inbox().await?.thread(conversation, position, limit).await
}

/// Messages by id, with their relations. Unknown ids are left out.
#[tauri::command]
#[specta::specta]
pub async fn messages_by_id(shell: State<'_, Shell>, ids: Vec<MessageId>) -> Result<Vec<Message>> {
    shell.inbox().await?.messages_by_id(check::ids(ids)?).await
}

/// Everything known about one message.
#[tauri::command]
#[specta::specta]
pub async fn message_details(shell: State<'_, Shell>, id: MessageId) -> Result<MessageDetails> {
    shell.inbox().await?.message_details(check::id(id)?).await
}

/// Gaps of one conversation, or of all.
#[tauri::command]
#[specta::specta]
pub async fn gaps(shell: State<'_, Shell>, conversation: Option<ConversationId>) -> Result<Vec<Gap>> {
    shell.inbox().await?.gaps(check::maybe_id(conversation)?).await
}

/// Gaps of one account, by conversation.
#[tauri::command]
#[specta::specta]
pub async fn account_gaps(shell: State<'_, Shell>, account: AccountId) -> Result<Vec<Gap>> {
    shell.inbox().await?.gaps_of_account(check::id(account)?).await
}

/// The user wants a picture that waits or failed: fetch it now.
#[tauri::command]
#[specta::specta]
pub async fn fetch_media(shell: State<'_, Shell>, attachment: AttachmentId) -> Result<()> {
    shell.inbox().await?.fetch_media(check::id(attachment)?).await
}

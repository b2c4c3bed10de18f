//! The composer.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// Queues a text. Answers the message as soon as it is committed.
#[tauri::command]
#[specta::specta]
pub async fn send_text(shell: State<'_, Shell>, conversation: ConversationId, text: String) -> Result<Message> {
    shell.inbox().await?.send_text(check::id(conversation)?, check::text(text)?).await
}

/// The user's decision about an own message that is stuck.
#[tauri::command]
#[specta::specta]
pub async fn decide(shell: State<'_, Shell>, message: MessageId, decision: SendDecision) -> Result<()> {
    shell.inbox().await?.decide(check::id(message)?, decision).await
}

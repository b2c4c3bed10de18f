//! Canned replies.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// All of them, in the user's order.
#[tauri::command]
#[specta::specta]
pub async fn canned_replies(shell: State<'_, Shell>) -> Result<Vec<CannedReply>> {
    shell.inbox().await?.canned_replies().await
}

/// Keeps a new one as the last, or changes that of `id`.
#[tauri::command]
#[specta::specta]
pub async fn save_canned_reply(
    shell: State<'_, Shell>,
    id: Option<CannedReplyId>,
    form: CannedReplyForm,
) -> Result<CannedReply> {
    let form = CannedReplyForm {
        title: check::line(form.title)?,
        word: check::line(form.word)?,
        text: check::text(form.text)?,
    };
    shell.inbox().await?.save_canned_reply(check::maybe_id(id)?, form).await
}

/// Deletes one.
#[tauri::command]
#[specta::specta]
pub async fn delete_canned_reply(shell: State<'_, Shell>, id: CannedReplyId) -> Result<()> {
    shell.inbox().await?.delete_canned_reply(check::id(id)?).await
}

/// Puts them into this order.
#[tauri::command]
#[specta::specta]
pub async fn order_canned_replies(shell: State<'_, Shell>, ids: Vec<CannedReplyId>) -> Result<()> {
    shell.inbox().await?.order_canned_replies(check::ids(ids)?).await
}

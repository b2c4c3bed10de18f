//! Settings.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// The widths that the conversation list may have, in CSS pixels (`ux.md`, layout).
const LIST_WIDTH: std::ops::RangeInclusive<u16> = 280..=420;

/// The settings.
#[tauri::command]
#[specta::specta]
pub async fn settings(shell: State<'_, Shell>) -> Result<Settings> {
    shell.inbox().await?.settings().await
}

/// Replaces them.
#[tauri::command]
#[specta::specta]
pub async fn set_settings(shell: State<'_, Shell>, settings: Settings) -> Result<()> {
    if !LIST_WIDTH.contains(&settings.list_width) {
        return Err(check::refused(ErrorCode::BadInput, "list_width"));
    }
    if !settings.recent_emoji.iter().all(|emoji| check::is_emoji(emoji)) {
        return Err(check::refused(ErrorCode::BadInput, "recent_emoji"));
    }
    shell.inbox().await?.set_settings(settings).await
}

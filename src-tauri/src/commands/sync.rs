//! Reading from the providers, as far as the page asks for it.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// Reads this account (or all) now, once, to its end, and says what came of it.
#[tauri::command]
#[specta::specta]
pub async fn sync_once(shell: State<'_, Shell>, account: Option<AccountId>) -> Result<Vec<SyncReport>> {
    shell.inbox().await?.sync_once(check::maybe_id(account)?).await
}

/// Read as soon as the provider's waits allow.
#[tauri::command]
#[specta::specta]
pub async fn sync_soon(shell: State<'_, Shell>) -> Result<()> {
    shell.inbox().await?.sync_soon();
    Ok(())
}

/// The network came back, says the page: catch up.
#[tauri::command]
#[specta::specta]
pub async fn woke_up(shell: State<'_, Shell>) -> Result<()> {
    shell.inbox().await?.woke_up();
    Ok(())
}

/// Progress of running first back-fills.
#[tauri::command]
#[specta::specta]
pub async fn backfills(shell: State<'_, Shell>) -> Result<Vec<BackfillProgress>> {
    Ok(shell.inbox().await?.backfills())
}

/// The numbers for the sentence after a first back-fill, over these accounts (all if empty).
#[tauri::command]
#[specta::specta]
pub async fn backfill_summary(shell: State<'_, Shell>, accounts: Vec<AccountId>) -> Result<BackfillSummary> {
    shell.inbox().await?.backfill_summary(check::ids(accounts)?).await
}

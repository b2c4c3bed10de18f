//! Backups. The page names a backup by the name of its file, never by its path; folders and other files are chosen in
//! the desktop's own dialog.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{
    check,
    picker::Wanted,
    shell::{Restart, Shell, Wish},
};

/// The longest name of a backup, in bytes.
const NAME: usize = 100;

/// The backups, where they go, and what became of the last one.
#[tauri::command]
#[specta::specta]
pub async fn backups(shell: State<'_, Shell>) -> Result<Backups> {
    shell.inbox().await?.backups().await
}

/// Makes a backup now.
#[tauri::command]
#[specta::specta]
pub async fn back_up(shell: State<'_, Shell>) -> Result<()> {
    shell.inbox().await?.back_up(None).await.map(drop)
}

/// Lets the user choose the folder for backups; `false`: the dialog was closed.
#[tauri::command]
#[specta::specta]
pub async fn choose_backup_folder(shell: State<'_, Shell>) -> Result<bool> {
    let Some(folder) = shell.picked(Wanted::BackupFolder).await.into_iter().next() else { return Ok(false) };
    shell.inbox().await?.choose_backup_folder(Some(folder)).await?;
    Ok(true)
}

/// Backups go into the data folder again.
#[tauri::command]
#[specta::specta]
pub async fn reset_backup_folder(shell: State<'_, Shell>) -> Result<()> {
    shell.inbox().await?.choose_backup_folder(None).await
}

/// Restarts on a backup that `backups` listed. What is held now is put aside and kept.
#[tauri::command]
#[specta::specta]
pub async fn restore_backup(shell: State<'_, Shell>, name: String) -> Result<()> {
    if name.len() > NAME {
        return Err(check::refused(ErrorCode::BadInput, "name"));
    }
    refuse_in_demo(&shell)?;
    shell.inbox().await?.restore_backup(name).await?;
    shell.wish(Wish::Restart(Restart::Again));
    Ok(())
}

/// The same of a file that the user chooses; `false`: the dialog was closed.
#[tauri::command]
#[specta::specta]
pub async fn restore_picked(shell: State<'_, Shell>) -> Result<bool> {
    refuse_in_demo(&shell)?;
    let Some(file) = shell.picked(Wanted::Backup).await.into_iter().next() else { return Ok(false) };
    shell.inbox().await?.restore_file(file).await?;
    shell.wish(Wish::Restart(Restart::Again));
    Ok(true)
}

/// The user has read that another history is in the place of the former one.
#[tauri::command]
#[specta::specta]
pub async fn forget_restored(shell: State<'_, Shell>) -> Result<()> {
    shell.inbox().await?.forget_restored().await
}

/// The demo begins anew at each start.
fn refuse_in_demo(shell: &Shell) -> Result<()> {
    if shell.facts().demo { Err(check::refused(ErrorCode::Unsupported, "the demo")) } else { Ok(()) }
}

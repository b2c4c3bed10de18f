//! Films, sounds and files: where to play them from, saving a copy, what is kept.

use backscroll_model::*;
use directories::UserDirs;
use tauri::State;

use super::Result;
use crate::{check, media::server::Played, shell::Shell};

/// Where a film or sound is played from: an address on loopback, good until the program ends. Ask for it when the player
/// is shown; if there is no copy, the address answers 404.
#[tauri::command]
#[specta::specta]
pub async fn media_address(shell: State<'_, Shell>, attachment: AttachmentId) -> Result<String> {
    let (attachment, inbox) = (check::id(attachment)?, shell.inbox().await?);
    shell.media().address(inbox, Played::Attachment(attachment)).await.map_err(no_port)
}

/// The same for a film or sound of a draft, before it leaves.
#[tauri::command]
#[specta::specta]
pub async fn outgoing_address(shell: State<'_, Shell>, file: OutgoingFileId) -> Result<String> {
    let (file, inbox) = (check::id(file)?, shell.inbox().await?);
    shell.media().address(inbox, Played::Outgoing(file)).await.map_err(no_port)
}

fn no_port(error: std::io::Error) -> UserError {
    let detail = format!("no port for films and sounds: {}", error.kind());
    UserError { code: ErrorCode::Internal, retry_at: None, detail }
}

/// Saves a copy into the Downloads folder, under the name that it came with, made safe; never over another file. Answers
/// the file's name there.
#[tauri::command]
#[specta::specta]
pub async fn save_media(shell: State<'_, Shell>, attachment: AttachmentId) -> Result<String> {
    let (attachment, inbox) = (check::id(attachment)?, shell.inbox().await?);
    let home = UserDirs::new().ok_or_else(|| check::refused(ErrorCode::ReadOnly, "this user has no home folder"))?;
    let folder = home.download_dir().map_or_else(|| home.home_dir().join("Downloads"), ToOwned::to_owned);
    let saved = inbox.save_media(attachment, folder).await?;
    Ok(saved.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

/// How many files of an account, or of all, are kept, and how many were skipped and why.
#[tauri::command]
#[specta::specta]
pub async fn media_summary(shell: State<'_, Shell>, account: Option<AccountId>) -> Result<MediaSummary> {
    shell.inbox().await?.media_summary(check::maybe_id(account)?).await
}

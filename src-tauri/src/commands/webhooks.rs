//! The page of the webhook receiver.

use backscroll_model::*;
use tauri::State;

use super::Result;
use crate::{check, shell::Shell};

/// Where the receiver listens, what came and what was refused.
#[tauri::command]
#[specta::specta]
pub async fn webhooks(shell: State<'_, Shell>) -> Result<WebhookPage> {
    shell.inbox().await?.webhooks().await
}

/// Switches it on or off, and says where it listens.
#[tauri::command]
#[specta::specta]
pub async fn set_webhooks(shell: State<'_, Shell>, settings: WebhookSettings) -> Result<()> {
    let public_url = check::maybe_line(settings.public_url)?;
    shell.inbox().await?.set_webhooks(WebhookSettings { public_url, ..settings }).await
}

/// The word that Graph's App Dashboard asks for beside the address. Only when the user asks for it.
#[tauri::command]
#[specta::specta]
pub async fn webhook_verify_word(shell: State<'_, Shell>, connection: ConnectionId) -> Result<String> {
    shell.inbox().await?.webhook_verify_word(check::id(connection)?).await
}

/// Has the provider send to the public address.
#[tauri::command]
#[specta::specta]
pub async fn register_webhook(
    shell: State<'_, Shell>,
    connection: ConnectionId,
    public_url: String,
) -> Result<WebhookRegistration> {
    let public_url = check::line(public_url)?;
    shell.inbox().await?.register_webhook(check::id(connection)?, public_url).await
}

/// What the provider has registered.
#[tauri::command]
#[specta::specta]
pub async fn registered_webhooks(shell: State<'_, Shell>, connection: ConnectionId) -> Result<Vec<RegisteredWebhook>> {
    shell.inbox().await?.registered_webhooks(check::id(connection)?).await
}

/// Ends what is registered to our address.
#[tauri::command]
#[specta::specta]
pub async fn remove_webhook(shell: State<'_, Shell>, connection: ConnectionId) -> Result<()> {
    shell.inbox().await?.remove_webhook(check::id(connection)?).await
}

/// Sends a signed delivery to ourselves over the public address, to see whether it comes back.
#[tauri::command]
#[specta::specta]
pub async fn test_webhook(shell: State<'_, Shell>, connection: ConnectionId) -> Result<WebhookTest> {
    shell.inbox().await?.test_webhook(check::id(connection)?).await
}

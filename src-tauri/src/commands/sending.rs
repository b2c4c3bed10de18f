//! The composer.

use backscroll_model::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tauri::State;

use super::Result;
use crate::{check, clipboard::Copied, picker::Wanted, shell::Shell};

/// The most that may be pasted, in characters of base64: 60 MB. What is dropped never passes through the page.
const PASTED: usize = 80_000_000;

/// Queues a text. Answers the message as soon as it is committed.
#[tauri::command]
#[specta::specta]
pub async fn send_text(shell: State<'_, Shell>, conversation: ConversationId, text: String) -> Result<Message> {
    shell.inbox().await?.send_text(check::id(conversation)?, check::text(text)?).await
}

/// Queues text and files of the draft, now or for later. Answers the messages that they become, as soon as these are
/// committed.
#[tauri::command]
#[specta::specta]
pub async fn send(shell: State<'_, Shell>, conversation: ConversationId, request: SendRequest) -> Result<Vec<Message>> {
    let request = SendRequest {
        text: check::text(request.text)?,
        files: check::ids(request.files)?,
        reply_to: request.reply_to.map(|id| check::line(id.0).map(RemoteId)).transpose()?,
        send_at: request.send_at,
    };
    shell.inbox().await?.send(check::id(conversation)?, request).await
}

/// Puts what is scheduled, or was missed, to another time.
#[tauri::command]
#[specta::specta]
pub async fn reschedule(shell: State<'_, Shell>, message: MessageId, send_at: Timestamp) -> Result<()> {
    shell.inbox().await?.reschedule(check::id(message)?, send_at).await
}

/// The user's decision about an own message that is stuck, held or for later.
#[tauri::command]
#[specta::specta]
pub async fn decide(shell: State<'_, Shell>, message: MessageId, decision: SendDecision) -> Result<()> {
    shell.inbox().await?.decide(check::id(message)?, decision).await
}

/// Reacts to a message, or takes that back. Shown at once; an error means that it was undone.
#[tauri::command]
#[specta::specta]
pub async fn react(shell: State<'_, Shell>, message: MessageId, emoji: Option<String>) -> Result<()> {
    if emoji.as_ref().is_some_and(|emoji| !check::is_emoji(emoji)) {
        return Err(check::refused(ErrorCode::BadInput, "emoji"));
    }
    shell.inbox().await?.react(check::id(message)?, emoji).await
}

/// Everything that was sent or shall be, newest first, of one conversation or of all.
#[tauri::command]
#[specta::specta]
pub async fn ledger(
    shell: State<'_, Shell>,
    conversation: Option<ConversationId>,
    after: Option<Place>,
    limit: u32,
) -> Result<LedgerPage> {
    let (conversation, after) = (check::maybe_id(conversation)?, check::maybe_place(after)?);
    shell.inbox().await?.ledger(conversation, after, check::limit(limit)?).await
}

/// What a conversation has for later and what missed its time, soonest first.
#[tauri::command]
#[specta::specta]
pub async fn planned(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Vec<LedgerEntry>> {
    shell.inbox().await?.planned(check::id(conversation)?).await
}

/// Attaches what was pasted, or picked in a browser: its name and its bytes in base64.
#[tauri::command]
#[specta::specta]
pub async fn attach_bytes(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    name: String,
    bytes: String,
) -> Result<OutgoingFileId> {
    let (conversation, name) = (check::id(conversation)?, check::line(name)?);
    if bytes.len() > PASTED {
        return Err(check::refused(ErrorCode::BadFile, "too many bytes"));
    }
    let bytes = STANDARD.decode(bytes).map_err(|_| check::refused(ErrorCode::BadInput, "bytes"))?;
    shell.inbox().await?.attach_bytes(conversation, name, bytes).await
}

/// Attaches what was dropped on the window last. The page names no paths: what it could name, it could send.
#[tauri::command]
#[specta::specta]
pub async fn attach_dropped(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Vec<OutgoingFileId>> {
    let (conversation, inbox) = (check::id(conversation)?, shell.inbox().await?);
    let mut attached = Vec::new();
    for path in shell.take_dropped() {
        attached.push(inbox.attach_file(conversation, path).await?);
    }
    Ok(attached)
}

/// Opens the desktop's dialog and attaches what the user chooses there: files of any size, read from where they lie. The
/// page learns no path. Answers nothing if the user chose nothing, or while such a dialog is open.
#[tauri::command]
#[specta::specta]
pub async fn attach_picked(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Vec<OutgoingFileId>> {
    let (conversation, inbox) = (check::id(conversation)?, shell.inbox().await?);
    let mut attached = Vec::new();
    for path in shell.picked(Wanted::Attachments).await {
        attached.push(inbox.attach_file(conversation, path).await?);
    }
    Ok(attached)
}

/// Attaches the files or the picture that another program copied: for a paste that tells the page of neither. Answers
/// nothing where there is neither.
#[tauri::command]
#[specta::specta]
pub async fn attach_copied(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Vec<OutgoingFileId>> {
    let (conversation, inbox) = (check::id(conversation)?, shell.inbox().await?);
    let mut attached = Vec::new();
    match shell.copied().await? {
        Copied::Nothing => {}
        Copied::Files(paths) => {
            for path in paths {
                attached.push(inbox.attach_file(conversation, path).await?);
            }
        }
        Copied::Picture(name, bytes) => {
            attached.push(inbox.attach_bytes(conversation, name.to_owned(), bytes).await?);
        }
    }
    Ok(attached)
}

/// Attaches the file at an address of the web, after a look at it.
#[tauri::command]
#[specta::specta]
pub async fn attach_address(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    address: String,
) -> Result<OutgoingFileId> {
    shell.inbox().await?.attach_address(check::id(conversation)?, &check::text(address)?).await
}

/// The files of a draft, in order.
#[tauri::command]
#[specta::specta]
pub async fn outgoing_files(shell: State<'_, Shell>, conversation: ConversationId) -> Result<Vec<OutgoingFile>> {
    shell.inbox().await?.outgoing_files(check::id(conversation)?).await
}

/// Puts the files of a draft into this order.
#[tauri::command]
#[specta::specta]
pub async fn order_files(
    shell: State<'_, Shell>,
    conversation: ConversationId,
    files: Vec<OutgoingFileId>,
) -> Result<()> {
    shell.inbox().await?.order_files(check::id(conversation)?, check::ids(files)?).await
}

/// Takes a file out of its draft.
#[tauri::command]
#[specta::specta]
pub async fn remove_file(shell: State<'_, Shell>, file: OutgoingFileId) -> Result<()> {
    shell.inbox().await?.remove_file(check::id(file)?).await
}

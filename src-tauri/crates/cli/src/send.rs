//! `backscroll send`: queue a text and files, wait for their outcome, say it.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use backscroll_engine::{Inbox, next_changes};
use backscroll_model::*;
use tokio::{sync::broadcast, time::timeout};

use crate::{
    folder::Folder,
    output::Output,
    read::print_message,
    texts::{text, word},
};

type Changes = broadcast::Receiver<Vec<Change>>;

/// Sends text and files, and prints the messages that they became as they stand when their outcome is known, or when
/// `wait` is over.
pub async fn run(
    folder: &Folder,
    conversation: ConversationId,
    body: String,
    media: Vec<PathBuf>,
    wait: Duration,
    out: &mut Output,
) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    // Before anything is queued: no change of it can be missed.
    let mut changes = inbox.changes();
    let files = attach(&inbox, &mut changes, conversation, media).await?;
    let request = SendRequest { text: body, files: files.clone(), ..SendRequest::default() };
    let queued = match inbox.send(conversation, request).await {
        Ok(queued) => queued,
        Err(error) => {
            remove(&inbox, &files).await;
            return Err(error.into());
        }
    };
    inbox.start().await;
    let ids: Vec<MessageId> = queued.iter().map(|message| message.id).collect();
    let outcome = timeout(wait, async {
        loop {
            let messages = inbox.messages_by_id(ids.clone()).await?;
            if messages.len() == ids.len() && messages.iter().all(settled) {
                return anyhow::Ok(messages);
            }
            next(&mut changes).await?;
        }
    })
    .await;
    let messages = match outcome {
        Ok(messages) => messages?,
        Err(_) => inbox.messages_by_id(ids).await?,
    };
    let thread = inbox.conversations_by_id(vec![conversation]).await?.into_iter().next();
    inbox.stop().await;
    for message in &messages {
        if let Some(thread) = &thread {
            print_message(&inbox, message, thread, None, out)?;
        }
    }
    let accepted = |m: &Message| m.send.as_ref().is_some_and(|send| send.state == SendState::Accepted);
    if !messages.iter().all(settled) {
        eprintln!("{}", text("cli_still_waiting", &[]));
    }
    Ok(if messages.iter().all(accepted) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Attaches files and waits until all of them are ready. One that cannot be sent ends it: nothing stays attached.
async fn attach(
    inbox: &Inbox,
    changes: &mut Changes,
    conversation: ConversationId,
    media: Vec<PathBuf>,
) -> anyhow::Result<Vec<OutgoingFileId>> {
    let mut ids = Vec::new();
    for path in media {
        ids.push(inbox.attach_file(conversation, path).await?);
    }
    while !ids.is_empty() {
        let held = inbox.outgoing_files(conversation).await?;
        let ours: Vec<&OutgoingFile> = held.iter().filter(|file| ids.contains(&file.id)).collect();
        if let Some((file, reason)) = ours.iter().find_map(|file| match &file.state {
            FileState::Refused { reason } => Some((file, reason)),
            FileState::Preparing | FileState::Ready => None,
        }) {
            let said = text("cli_file_refused", &[("name", &file.name), ("reason", &word(reason))]);
            remove(inbox, &ids).await;
            anyhow::bail!(said);
        }
        if ours.iter().all(|file| file.state == FileState::Ready) {
            break;
        }
        next(changes).await?;
    }
    Ok(ids)
}

/// What is gone already is gone.
async fn remove(inbox: &Inbox, files: &[OutgoingFileId]) {
    for file in files {
        let _ = inbox.remove_file(*file).await;
    }
}

async fn next(changes: &mut Changes) -> anyhow::Result<()> {
    match next_changes(changes).await {
        Some(_) => Ok(()),
        None => anyhow::bail!(text("cli_engine_stopped", &[])),
    }
}

/// Accepted, failed, unknown or needs review: there is something to say.
fn settled(message: &Message) -> bool {
    message.send.as_ref().is_none_or(|send| send.state.is_final() || send.state == SendState::Unknown)
}

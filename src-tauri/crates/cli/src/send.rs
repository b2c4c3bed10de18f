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
        let address = path.to_str().filter(|text| text.starts_with("https://") || text.starts_with("http://"));
        ids.push(match address {
            Some(address) => inbox.attach_address(conversation, address).await?,
            None => inbox.attach_file(conversation, path).await?,
        });
    }
    while !ids.is_empty() {
        let held = inbox.outgoing_files(conversation).await?;
        let ours: Vec<&OutgoingFile> = held.iter().filter(|file| ids.contains(&file.id)).collect();
        if let Some((file, reason)) = ours.iter().find_map(|file| match &file.state {
            FileState::Refused { reason } => Some((file, reason)),
            FileState::Preparing | FileState::Ready => None,
        }) {
            let thread = inbox.conversations_by_id(vec![conversation]).await?.into_iter().next();
            let platform = thread.map_or("", |thread| thread.platform.brand());
            let said = text("cli_file_refused", &[("name", &file.name), ("reason", &sentence(reason, platform))]);
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

/// Why a file cannot be sent, in the words of the window.
fn sentence(reason: &FileRefusal, platform: &str) -> String {
    let told = |key: &str, values: &[(&str, &str)]| text(key, &[&[("platform", platform)], values].concat());
    match reason {
        FileRefusal::WrongType { mime: None } => told("refused_unknown_type", &[]),
        FileRefusal::WrongType { mime: Some(mime) } => told("refused_wrong_type", &[("type", mime)]),
        FileRefusal::TooLarge { bytes, limit } => {
            told("refused_too_large", &[("size", &megabytes(*bytes)), ("limit", &megabytes(*limit))])
        }
        FileRefusal::LargerThan { limit } => told("refused_larger_than", &[("limit", &megabytes(*limit))]),
        FileRefusal::TooManyPixels { width, height } => {
            told("refused_too_many_pixels", &[("width", &width.to_string()), ("height", &height.to_string())])
        }
        FileRefusal::TooManyFrames { frames, limit } => {
            told("refused_too_many_frames", &[("frames", &frames.to_string()), ("limit", &limit.to_string())])
        }
        FileRefusal::Length { ms, shortest_ms, longest_ms } => {
            let seconds = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
            let key = if ms < shortest_ms { "refused_too_short" } else { "refused_too_long" };
            let (length, shortest, longest) = (seconds(*ms), seconds(*shortest_ms), seconds(*longest_ms));
            told(key, &[("length", &length), ("shortest", &shortest), ("longest", &longest)])
        }
        FileRefusal::Unreadable
        | FileRefusal::Empty
        | FileRefusal::Damaged
        | FileRefusal::SaveAsJpeg
        | FileRefusal::TookTooLong
        | FileRefusal::Interrupted
        | FileRefusal::DiskFull
        | FileRefusal::NotPublic
        | FileRefusal::AddressGone
        | FileRefusal::AddressSilent => told(&format!("refused_{}", word(reason)), &[]),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_against_a_file_is_a_sentence_without_gaps() {
        for reason in [
            FileRefusal::Unreadable,
            FileRefusal::Empty,
            FileRefusal::Damaged,
            FileRefusal::WrongType { mime: None },
            FileRefusal::WrongType { mime: Some("image/tiff".to_owned()) },
            FileRefusal::SaveAsJpeg,
            FileRefusal::TooLarge { bytes: 30_000_000, limit: 25_000_000 },
            FileRefusal::TooManyPixels { width: 50_000, height: 50_000 },
            FileRefusal::TooManyFrames { frames: 400, limit: 350 },
            FileRefusal::Length { ms: 200, shortest_ms: 500, longest_ms: 140_000 },
            FileRefusal::Length { ms: 200_000, shortest_ms: 500, longest_ms: 140_000 },
            FileRefusal::TookTooLong,
            FileRefusal::Interrupted,
            FileRefusal::DiskFull,
            FileRefusal::NotPublic,
            FileRefusal::AddressGone,
            FileRefusal::AddressSilent,
            FileRefusal::LargerThan { limit: 25_000_000 },
        ] {
            let said = sentence(&reason, "Messenger");
            assert!(said.ends_with('.') && said.contains(' ') && !said.contains(['{', '_']), "{reason:?}: {said}");
        }
    }
}

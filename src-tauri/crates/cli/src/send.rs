//! `backscroll send`: queue a text, wait for its outcome, say it.

use std::{process::ExitCode, time::Duration};

use backscroll_engine::{Inbox, next_changes};
use backscroll_model::*;
use tokio::time::timeout;

use crate::{folder::Folder, output::Output, read::print_message, texts::text};

/// Sends `text` and prints the message as it stands when its outcome is known, or when `wait` is over.
pub async fn run(
    folder: &Folder,
    conversation: ConversationId,
    body: String,
    wait: Duration,
    out: &mut Output,
) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    // Before the text is queued: no change of it can be missed.
    let mut changes = inbox.changes();
    let queued = inbox.send_text(conversation, body).await?;
    inbox.start().await;
    let id = queued.id;
    let outcome = timeout(wait, async {
        loop {
            if let Some(message) = message(&inbox, id).await?
                && settled(&message)
            {
                return anyhow::Ok(message);
            }
            if next_changes(&mut changes).await.is_none() {
                anyhow::bail!(text("cli_engine_stopped", &[]));
            }
        }
    })
    .await;
    let message = match outcome {
        Ok(message) => message?,
        Err(_) => message(&inbox, id).await?.unwrap_or(queued),
    };
    let thread = inbox.conversations_by_id(vec![conversation]).await?.into_iter().next();
    inbox.stop().await;
    if let Some(thread) = &thread {
        print_message(&inbox, &message, thread, None, out)?;
    }
    let accepted = message.send.as_ref().is_some_and(|send| send.state == SendState::Accepted);
    if !accepted && !settled(&message) {
        eprintln!("{}", text("cli_still_waiting", &[]));
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Accepted, failed, unknown or needs review: there is something to say.
fn settled(message: &Message) -> bool {
    message.send.as_ref().is_none_or(|send| send.state.is_final() || send.state == SendState::Unknown)
}

async fn message(inbox: &Inbox, id: MessageId) -> anyhow::Result<Option<Message>> {
    Ok(inbox.messages_by_id(vec![id]).await?.into_iter().next())
}

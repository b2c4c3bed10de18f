//! One JSON object a line, in the words of the command line (`architecture.md`, without a window).

use std::io::{self, Write};

use backscroll_model::{Direction, MessageKind, SendState};
use serde::Serialize;

use super::{Line, Thread, person};

#[derive(Serialize)]
struct Row<'r> {
    id: String,
    conversation: String,
    account: &'r str,
    platform: &'static str,
    person: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_id: Option<&'r str>,
    direction: Direction,
    at: i64,
    kind: MessageKind,
    text: Option<&'r str>,
    attachments: Vec<File<'r>>,
    reactions: Vec<Reaction<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_state: Option<SendState>,
}

#[derive(Serialize)]
struct File<'r> {
    kind: MessageKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime: Option<&'r str>,
}

#[derive(Serialize)]
struct Reaction<'r> {
    by: &'r str,
    emoji: &'r str,
}

pub(super) fn message(out: &mut impl Write, thread: &Thread<'_>, line: &Line<'_>) -> io::Result<()> {
    let message = line.message;
    let files = message.attachments.iter().zip(line.files).map(|(attachment, path)| File {
        kind: attachment.kind,
        path: path.as_deref(),
        url: attachment.url.as_deref(),
        name: attachment.name.as_deref(),
        detail: attachment.detail.as_deref(),
        mime: attachment.mime.as_deref(),
    });
    let row = Row {
        id: message.id.to_string(),
        conversation: message.conversation.to_string(),
        account: thread.account,
        platform: thread.conversation.platform.as_str(),
        person: person(thread.conversation),
        remote_id: message.remote_id.as_ref().map(backscroll_model::RemoteId::as_str),
        direction: message.direction,
        at: message.at.0,
        kind: message.kind,
        text: message.text.as_deref(),
        attachments: files.collect(),
        reactions: message.reactions.iter().map(|r| Reaction { by: r.by.as_str(), emoji: &r.emoji }).collect(),
        reply_to: message.reply_to.as_ref().map(|quote| quote.remote_id.as_str()),
        send_state: message.send.as_ref().map(|send| send.state),
    };
    serde_json::to_writer(&mut *out, &row)?;
    out.write_all(b"\n")
}

//! `backscroll conversations`, `messages` and `gaps`: what the history holds. No network.

use std::process::ExitCode;

use backscroll_engine::Inbox;
use backscroll_model::*;
use serde::Serialize;

use crate::{
    folder::Folder,
    output::{Output, local_time, readable},
    texts::{text, word},
};

/// The largest page that the inbox gives.
const PAGE: u32 = 200;

#[derive(Serialize)]
struct ConversationRow<'a> {
    id: String,
    account: String,
    platform: &'static str,
    remote_id: &'a str,
    name: Option<&'a str>,
    username: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<i64>,
    unread: u32,
    unanswered: bool,
    messages: u32,
    last_at: Option<i64>,
}

/// Prints conversations, newest first.
pub async fn conversations(
    folder: &Folder,
    platform: Option<Platform>,
    state: Option<StateFilter>,
    out: &mut Output,
) -> anyhow::Result<ExitCode> {
    let inbox = folder.read().await?;
    let query = ConversationQuery { platforms: platform.into_iter().collect(), state, ..ConversationQuery::default() };
    let mut after = None;
    loop {
        let page = inbox.conversations(query.clone(), after, PAGE).await?;
        for conversation in &page.rows {
            print_conversation(conversation, out)?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn print_conversation(conversation: &Conversation, out: &mut Output) -> anyhow::Result<()> {
    let (state, snoozed_until) = match conversation.state {
        ConversationState::Open => ("open", None),
        ConversationState::Snoozed { until } => ("snoozed", Some(until.0)),
        ConversationState::Done => ("done", None),
    };
    let row = ConversationRow {
        id: conversation.id.to_string(),
        account: conversation.account.to_string(),
        platform: conversation.platform.as_str(),
        remote_id: conversation.remote_id.as_str(),
        name: conversation.name.as_deref(),
        username: conversation.username.as_deref(),
        state,
        snoozed_until,
        unread: conversation.unread,
        unanswered: conversation.unanswered,
        messages: conversation.messages,
        last_at: conversation.last.as_ref().map(|last| last.at.0),
    };
    out.object(&row, || {
        let last = conversation.last.as_ref();
        let unread = if conversation.unread > 0 { conversation.unread.to_string() } else { String::new() };
        vec![
            row.id.clone(),
            conversation.platform.brand().to_owned(),
            person(conversation),
            state.to_owned(),
            unread,
            last.map(|last| local_time(last.at)).unwrap_or_default(),
            last.map(last_line).unwrap_or_default(),
        ]
    })
}

fn last_line(last: &LastMessage) -> String {
    let line = last.text.as_deref().map_or_else(|| format!("[{}]", word(&last.kind)), readable);
    line.replace('\n', " ")
}

/// The person's name, or *Instagram user …4444*.
pub fn person(conversation: &Conversation) -> String {
    if let Some(name) = &conversation.name {
        return name.clone();
    }
    let id = conversation.participant.as_ref().unwrap_or(&conversation.remote_id).as_str();
    let tail: String = id.chars().skip(id.chars().count().saturating_sub(4)).collect();
    text("cli_unnamed", &[("platform", conversation.platform.brand()), ("tail", &readable(&tail))])
}

#[derive(Serialize)]
struct MessageRow<'a> {
    id: String,
    conversation: String,
    remote_id: Option<&'a str>,
    direction: Direction,
    at: i64,
    kind: MessageKind,
    text: Option<&'a str>,
    attachments: Vec<AttachmentRow<'a>>,
    reactions: Vec<ReactionRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_state: Option<SendState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_reason: Option<String>,
    /// On the first one printed, if there are older ones: what `--before` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
}

#[derive(Serialize)]
struct AttachmentRow<'a> {
    kind: MessageKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// Our copy, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The type of our copy, else as the provider told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mime: Option<&'a str>,
}

impl<'a> AttachmentRow<'a> {
    fn of(attachment: &'a Attachment, inbox: &Inbox) -> Self {
        let copy = match &attachment.file {
            MediaState::Ready { path } => inbox.media_file(path),
            MediaState::Link | MediaState::Waiting | MediaState::Evicted | MediaState::Failed { .. } => None,
        };
        let mime = copy.as_ref().map(|(_, mime)| *mime).or(attachment.mime.as_deref());
        // Whoever reads this may stand in another folder.
        let path = copy.map(|(file, _)| std::path::absolute(&file).unwrap_or(file).to_string_lossy().into_owned());
        Self { kind: attachment.kind, url: attachment.url.as_deref(), path, mime }
    }
}

#[derive(Serialize)]
struct ReactionRow<'a> {
    by: &'a str,
    emoji: &'a str,
}

/// Prints messages of a conversation, oldest first.
pub async fn messages(
    folder: &Folder,
    conversation: ConversationId,
    before: Option<Place>,
    limit: u32,
    out: &mut Output,
) -> anyhow::Result<ExitCode> {
    let inbox = folder.read().await?;
    let Some(thread) = inbox.conversations_by_id(vec![conversation]).await?.into_iter().next() else {
        return Err(UserError { code: ErrorCode::NotFound, retry_at: None, detail: String::new() }.into());
    };
    // Pages come newest first, each oldest first.
    let mut pages = Vec::new();
    let mut position = before.map_or(ThreadPosition::Newest, |place| ThreadPosition::Before { place });
    let mut wanted = limit;
    let mut older = None;
    while wanted > 0 {
        let page = inbox.thread(conversation, position, wanted.min(PAGE)).await?;
        let got = u32::try_from(page.messages.len()).unwrap_or(u32::MAX);
        pages.push(page.messages);
        older = page.before;
        wanted = wanted.saturating_sub(got);
        match &older {
            Some(place) if got > 0 => position = ThreadPosition::Before { place: place.clone() },
            _ => break,
        }
    }
    let mut cursor = older.as_ref().map(|place| place.0.as_str());
    if let (Some(cursor), false) = (cursor, out.is_json()) {
        eprintln!("{}", text("cli_older", &[("id", &conversation.to_string()), ("cursor", cursor)]));
    }
    for message in pages.iter().rev().flatten() {
        print_message(&inbox, message, &thread, cursor.take(), out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints one message.
pub fn print_message(
    inbox: &Inbox,
    message: &Message,
    thread: &Conversation,
    before: Option<&str>,
    out: &mut Output,
) -> anyhow::Result<()> {
    let row = MessageRow {
        id: message.id.to_string(),
        conversation: message.conversation.to_string(),
        remote_id: message.remote_id.as_ref().map(RemoteId::as_str),
        direction: message.direction,
        at: message.at.0,
        kind: message.kind,
        text: message.text.as_deref(),
        attachments: message.attachments.iter().map(|attachment| AttachmentRow::of(attachment, inbox)).collect(),
        reactions: message
            .reactions
            .iter()
            .map(|reaction| ReactionRow { by: reaction.by.as_str(), emoji: &reaction.emoji })
            .collect(),
        send_state: message.send.as_ref().map(|send| send.state),
        send_reason: message.send.as_ref().and_then(|send| send.reason.as_ref()).map(word),
        before,
    };
    out.object(&row, || {
        let who = match message.direction {
            Direction::In => person(thread),
            Direction::Out => text("cli_you", &[]),
        };
        vec![local_time(message.at), who, body(message)]
    })
}

/// Text, attachments, reactions and the state of sending, a line each.
fn body(message: &Message) -> String {
    let mut lines: Vec<String> = message.text.iter().map(|text| readable(text)).collect();
    for attachment in &message.attachments {
        let url = attachment.url.as_deref().unwrap_or_default();
        lines.push(readable(&format!("[{}] {url}", word(&attachment.kind))).trim_end().to_owned());
    }
    if lines.is_empty() {
        lines.push(format!("[{}]", word(&message.kind)));
    }
    for reaction in &message.reactions {
        let by = reaction.name.as_deref().unwrap_or(reaction.by.as_str());
        lines.push(readable(&format!("{} {by}", reaction.emoji)));
    }
    if let Some(send) = message.send.as_ref().filter(|send| send.state != SendState::Accepted) {
        let reason = send.reason.as_ref().map(|reason| format!(": {}", word(reason))).unwrap_or_default();
        lines.push(format!("[{}{reason}]", send.state.as_str()));
    }
    lines.join("\n")
}

#[derive(Serialize)]
struct GapRow {
    conversation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    reason: GapReason,
}

/// Prints gaps.
pub async fn gaps(folder: &Folder, conversation: Option<ConversationId>, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.read().await?;
    for gap in inbox.gaps(conversation).await? {
        let row = GapRow {
            conversation: gap.conversation.to_string(),
            from: gap.from.map(|at| at.0),
            to: gap.to.map(|at| at.0),
            count: gap.count,
            reason: gap.reason,
        };
        out.object(&row, || {
            vec![
                row.conversation.clone(),
                gap.from.map(local_time).unwrap_or_else(|| "…".to_owned()),
                gap.to.map(local_time).unwrap_or_else(|| "…".to_owned()),
                gap.count.map(|count| count.to_string()).unwrap_or_default(),
                word(&gap.reason),
            ]
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

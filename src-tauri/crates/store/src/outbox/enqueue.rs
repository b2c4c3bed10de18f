//! Keeping what the user asked to send: intent, parts and message rows together, in one transaction.

use backscroll_model::{
    Change, ConversationId, IntentId, MessageId, MessageKind, OutgoingFileId, OutgoingKind, RemoteId, SendReason,
    Timestamp,
};
use rusqlite::{Connection, OptionalExtension};

use super::{changes, part, reason_json};
use crate::{Result, StoreError, codes, codes::flag, ids::Ids, outgoing, search};

/// What [`enqueue`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// The intent.
    pub intent: IntentId,
    /// The message row of its first part.
    pub message: MessageId,
    /// The message rows of its parts, in order.
    pub messages: Vec<MessageId>,
    /// What to read again.
    pub changes: Vec<Change>,
}

/// One message of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPart {
    /// The text, byte for byte.
    pub text: Option<String>,
    /// Files of the draft, all of one kind.
    pub files: Vec<OutgoingFileId>,
    /// What they are.
    pub kind: Option<OutgoingKind>,
    /// What is planted in the request.
    pub client_ref: String,
}

/// When it may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At once.
    Now,
    /// Held until then, so that it can be taken back.
    Held(Timestamp),
    /// By itself at that time.
    At(Timestamp),
}

/// Keeps one text.
pub fn enqueue_text(
    connection: &Connection,
    conversation: ConversationId,
    text: &str,
    client_ref: &str,
    now: Timestamp,
    start: Start,
) -> Result<Enqueued> {
    let part =
        NewPart { text: Some(text.to_owned()), files: Vec::new(), kind: None, client_ref: client_ref.to_owned() };
    enqueue(connection, conversation, &[part], None, now, start)
}

/// Keeps what the user asked to send. The first part quotes `reply_to`; `now` is our clock, corrected by the provider's.
/// `NotFound`: no such conversation, or a file that is not ready in its draft.
pub fn enqueue(
    connection: &Connection,
    conversation: ConversationId,
    parts: &[NewPart],
    reply_to: Option<&RemoteId>,
    now: Timestamp,
    start: Start,
) -> Result<Enqueued> {
    let account: i64 = connection
        .prepare_cached("SELECT account FROM conversation WHERE id = ?1")?
        .query_row([conversation.0], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    let (hold_until, send_at, reason) = match start {
        Start::Now => (None, None, None),
        Start::Held(until) => (Some(until), None, Some(SendReason::Held)),
        Start::At(at) => (None, Some(at), Some(SendReason::Scheduled)),
    };
    connection
        .prepare_cached(
            "INSERT INTO intent (account, conversation, created_at, hold_until, send_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((account, conversation.0, now.0, hold_until.map(|t| t.0), send_at.map(|t| t.0)))?;
    let intent = IntentId(connection.last_insert_rowid());
    let reason = reason_json(reason.as_ref())?;
    let (mut messages, mut all) = (Vec::new(), Vec::new());
    let mut ids = Ids::default();
    for (ordinal, new) in (0_i64..).zip(parts) {
        let message = ids.take(connection, now)?;
        let quoted = reply_to.filter(|_| ordinal == 0);
        let kind = new.kind.map_or(MessageKind::Text, OutgoingKind::message_kind);
        let flags =
            if new.files.is_empty() { 0 } else { flag::ATTACHMENTS } | if quoted.is_some() { flag::QUOTES } else { 0 };
        connection
            .prepare_cached(
                "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, send_state, text,
                    account, digest, reply_to)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5, 1, ?6, 0, ?7, ?8, 0, ?9)",
            )?
            .execute((
                message.0,
                conversation.0,
                now.0,
                ordinal,
                codes::kind(kind),
                flags,
                &new.text,
                account,
                quoted.map(RemoteId::as_str),
            ))?;
        if let Some(text) = &new.text {
            search::Index::new(connection)?.add(message.0, text)?;
        }
        connection
            .prepare_cached(
                "INSERT INTO part (intent, ordinal, account, conversation, message, state, reason, since, wanted_at,
                    next_at, client_ref)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                intent.0,
                ordinal,
                account,
                conversation.0,
                message.0,
                &reason,
                now.0,
                send_at.unwrap_or(now).0,
                hold_until.or(send_at).map(|t| t.0),
                &new.client_ref,
            ))?;
        let part = part(connection, message)?;
        outgoing::give(connection, conversation, part.id, message.0, &new.files)?;
        all.extend(changes(connection, &part, true)?);
        messages.push(message);
    }
    if parts.iter().any(|part| !part.files.is_empty()) {
        all.push(Change::Draft { conversation });
    }
    let message = messages.first().copied().ok_or(StoreError::NotFound("part"))?;
    Ok(Enqueued { intent, message, messages, changes: all })
}

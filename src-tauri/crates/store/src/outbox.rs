//! The outbox: what the user asked to send, and how far each part of it came.
//!
//! An **intent** is one press of Send. It has **parts**, each a message row of its own with a state of its own; a part
//! has **attempts**. The intent's state is derived from its parts. A part is addressed by its message.
//!
//! ```text
//!              upload                 uploaded, queue again, found at start
//!   Queued ───────────▶ Uploading ──────────────────────────▶ Queued             (refuse ──▶ Failed)
//!
//!              begin                accept, echo
//!   Queued ───────────▶ Sending ─────────────────▶ Accepted ◀── echo ── Unknown, NeedsReview, Settled,
//!     ▲ ▲                │ │ │                        │                 Queued (sent again after an unclear attempt)
//!     │ │                │ │ │                        └── mistaken ──▶ Unknown (the echo was that of the same words
//!     │ │                │ │ │                                         in another part, says the answer to that one)
//!     │ └─ queue again ──┘ │ └─ refuse ──▶ Failed ── retry ──▶ Queued
//!     │                    └─ lose track, found at start ──▶ Unknown
//!     │                                                        │ not found
//!     └──────────── send again ──────────── NeedsReview ◀──────┘
//!                                                └─ it arrived ──▶ Settled
//!   discard: Queued, Uploading, Failed, NeedsReview ──▶ Failed (discarded), the bubble goes      expire: Queued ──▶ Failed
//!   restored: Queued, Uploading, Sending, Failed ──▶ Unknown, in a backup that takes the place of the history
//!   doubt: Sending, Uploading, Queued ──▶ NeedsReview, instead of refuse and expire, once an attempt of the part was unclear
//! ```
//!
//! Promises (`reliability.md`, the life of a sent message): a step that is not in the picture is an error and changes
//! nothing; nothing leaves [`SendState::Unknown`] for the wire without the user; `Accepted` always has the platform's
//! id; `Failed` means that no attempt can have been delivered, unless the user discarded it, so only there *Retry* is
//! safe, and a late echo finds every part that had an unclear attempt; a discarded intent stays in the database, in
//! exactly one state, and its echo is a message of its own, for its bubble is gone.
//!
//! Call the steps through [`crate::Store::write_durable`].

mod decide;
mod enqueue;
mod files;
mod identity;
mod ledger;
mod lost;
mod machine;
mod one_by_one;
mod order;
mod progress;
mod queue;
mod read_back;
mod restored;

use backscroll_model::{
    AccountId, AttemptOutcome, Change, ConversationId, MessageId, RemoteId, SendReason, SendState, Timestamp,
};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Result, StoreError,
    account::{platform_of, provider_of},
    apply::{rederive, row::Row},
    codes,
    conversation::window_refused,
};

use identity::take_remote_id;
use machine::{Step, next_state};
use one_by_one::take_apart;

pub use decide::{Decided, decide, reschedule};
pub use enqueue::{Enqueued, NewPart, Start, enqueue, enqueue_text};
pub use files::{UploadOutcome, begin_upload, finish_upload};
pub(crate) use identity::echoed;
pub use ledger::{ledger, planned};
pub use lost::sending_lost;
pub(crate) use order::keep_order;
use progress::attempts_of;

pub use progress::{attempts, intent_state, progress};
pub use queue::{Sendable, Turn, hold_back_old, next_sendable, next_sendable_at, set_waiting};
pub use read_back::{Unsettled, fresh_read, unsettled};
pub(crate) use restored::restored;

/// A row of `attempt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptId(pub i64);

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider gave an id.
    Accepted {
        /// The platform's id.
        remote_id: RemoteId,
    },
    /// Proven not sent; goes again at `next_at`.
    NotSent {
        /// Why it waits.
        reason: SendReason,
        /// When it may go again.
        next_at: Option<Timestamp>,
    },
    /// Proven not sent, for the provider has its files no more: they are uploaded again, and it goes at once.
    FilesGone,
    /// Proven not sent, for the account takes several files in one message not at all: each becomes a message of its own,
    /// and they go at once.
    OneByOne {
        /// What the new ones plant in their requests.
        client_refs: Vec<String>,
    },
    /// Proven not sent, for good.
    Refused {
        /// Why.
        reason: SendReason,
    },
    /// Not known: read back.
    Ambiguous {
        /// What happened.
        reason: SendReason,
        /// The end of reading back.
        next_at: Option<Timestamp>,
    },
}

/// What is kept of an answer, for *Details*.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// HTTP status, if there was an answer.
    pub http_status: Option<u16>,
    /// The provider's code and text; never a secret.
    pub detail: Option<String>,
}

/// A part, as far as a step needs it.
#[derive(Debug, Clone)]
struct Part {
    id: i64,
    intent: i64,
    message: i64,
    account: i64,
    conversation: i64,
    state: SendState,
    reason: Option<SendReason>,
}

fn part(connection: &Connection, message: MessageId) -> Result<Part> {
    let (id, account, conversation, state, reason, intent) = connection
        .prepare_cached("SELECT id, account, conversation, state, reason, intent FROM part WHERE message = ?1")?
        .query_row([message.0], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, Option<String>>(4)?,
                row.get(5)?,
            ))
        })
        .optional()?
        .ok_or(StoreError::NotFound("sent message"))?;
    let state = codes::send_state_of(state)?;
    Ok(Part { id, intent, message: message.0, account, conversation, state, reason: reason_of(reason)? })
}

fn reason_of(json: Option<String>) -> Result<Option<SendReason>> {
    json.map(|json| serde_json::from_str(&json).map_err(|_| StoreError::Value { column: "reason", value: json }))
        .transpose()
}

fn reason_json(reason: Option<&SendReason>) -> Result<Option<String>> {
    reason
        .map(|reason| {
            serde_json::to_string(reason)
                .map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))
        })
        .transpose()
}

/// Takes a step, or refuses it. The message row repeats the state.
fn step(
    connection: &Connection,
    part: &Part,
    step: Step,
    reason: Option<&SendReason>,
    next_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<SendState> {
    let to = next_state(part.state, step).ok_or(StoreError::Transition { from: part.state, step: step.name() })?;
    connection
        .prepare_cached("UPDATE part SET state = ?2, reason = ?3, since = ?4, next_at = ?5 WHERE id = ?1")?
        .execute((part.id, codes::send_state(to), reason_json(reason)?, now.0, next_at.map(|t| t.0)))?;
    connection
        .prepare_cached("UPDATE message SET send_state = ?2 WHERE id = ?1")?
        .execute((part.message, codes::send_state(to)))?;
    Ok(to)
}

/// Ends a part that was proven not sent this time. The proof says nothing of an earlier attempt whose outcome was never
/// known: then the user decides (`reliability.md`, I4).
fn fail(connection: &Connection, part: &Part, proven: Step, reason: &SendReason, now: Timestamp) -> Result<SendState> {
    let unclear: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM attempt WHERE part = ?1 AND (outcome IS NULL OR outcome NOT IN (1, 2)))",
        )?
        .query_row([part.id], |row| row.get(0))?;
    if unclear {
        return step(connection, part, Step::Doubt, Some(&SendReason::NotFound), None, now);
    }
    step(connection, part, proven, Some(reason), None, now)
}

/// Brings the conversation's row up to date with a part and says what to read again: of an intent with several parts all
/// of them, for each shows how many are sent.
fn changes(connection: &Connection, part: &Part, added: bool) -> Result<Vec<Change>> {
    let id = ConversationId(part.conversation);
    let ids = connection
        .prepare_cached(
            "SELECT message FROM part INDEXED BY part_intent WHERE intent = ?1 AND message IS NOT NULL ORDER BY ordinal",
        )?
        .query_map([part.intent], |row| row.get(0).map(MessageId))?
        .collect::<rusqlite::Result<_>>()?;
    let mut changes = vec![Change::Messages { conversation: id, ids, added }];
    let Some(mut row) = Row::load(connection, part.conversation)? else { return Ok(changes) };
    if added {
        row.now.messages += 1;
    }
    save(connection, part.account, &mut row, &mut changes)?;
    Ok(changes)
}

fn save(connection: &Connection, account: i64, row: &mut Row, changes: &mut Vec<Change>) -> Result<()> {
    let (platform, provider): (String, Option<String>) = connection
        .prepare_cached("SELECT platform, provider FROM account WHERE id = ?1")?
        .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rederive(connection, row, provider_of(provider.as_deref())?, platform_of(&platform)?)?;
    row.save(connection)?;
    if row.shows_change() {
        changes.push(Change::Conversation { id: ConversationId(row.id) });
    }
    if row.moves_a_counter() {
        changes.push(Change::Counts);
    }
    Ok(())
}

/// Commits an attempt before its first byte leaves. `body_hash` is the hash of the request's body.
pub fn begin_attempt(
    connection: &Connection,
    message: MessageId,
    body_hash: u64,
    now: Timestamp,
) -> Result<(AttemptId, Vec<Change>)> {
    let part = part(connection, message)?;
    step(connection, &part, Step::Begin, None, None, now)?;
    connection
        .prepare_cached("UPDATE part SET fresh_reads = 0, read_at = NULL, released = 0 WHERE id = ?1")?
        .execute([part.id])?;
    connection.prepare_cached("INSERT INTO attempt (part, started_at, body_hash) VALUES (?1, ?2, ?3)")?.execute((
        part.id,
        now.0,
        body_hash.cast_signed(),
    ))?;
    let attempt = AttemptId(connection.last_insert_rowid());
    Ok((attempt, changes(connection, &part, false)?))
}

/// Records how an attempt ended and takes the step that follows. If its echo was there first, the part is accepted
/// already, and no outcome undoes that.
pub fn finish_attempt(
    connection: &Connection,
    message: MessageId,
    attempt: AttemptId,
    outcome: &Outcome,
    answer: &Answer,
    now: Timestamp,
) -> Result<Vec<Change>> {
    let part = part(connection, message)?;
    let word = match outcome {
        Outcome::Accepted { .. } => AttemptOutcome::Accepted,
        Outcome::NotSent { .. } | Outcome::FilesGone | Outcome::OneByOne { .. } => AttemptOutcome::NotSent,
        Outcome::Refused { .. } => AttemptOutcome::Refused,
        Outcome::Ambiguous { .. } => AttemptOutcome::Ambiguous,
    };
    let ended = connection
        .prepare_cached(
            "UPDATE attempt SET ended_at = ?3, outcome = ?4, http_status = ?5, detail = ?6
             WHERE id = ?1 AND part = ?2 AND ended_at IS NULL",
        )?
        .execute((attempt.0, part.id, now.0, codes::outcome(word), answer.http_status, &answer.detail))?;
    if ended == 0 {
        return Err(StoreError::NotFound("attempt"));
    }
    if matches!(outcome, Outcome::Refused { reason: SendReason::WindowClosed }) {
        let asked_at: i64 = connection
            .prepare_cached("SELECT started_at FROM attempt WHERE id = ?1")?
            .query_row([attempt.0], |row| row.get(0))?;
        window_refused(connection, part.conversation, Timestamp(asked_at))?;
    }
    if part.state != SendState::Accepted {
        match outcome {
            Outcome::Accepted { .. } => step(connection, &part, Step::Accept, None, None, now)?,
            Outcome::NotSent { reason, next_at } => {
                step(connection, &part, Step::QueueAgain, Some(reason), *next_at, now)?
            }
            Outcome::FilesGone | Outcome::OneByOne { .. } => {
                step(connection, &part, Step::QueueAgain, None, None, now)?
            }
            Outcome::Refused { reason } => fail(connection, &part, Step::Refuse, reason, now)?,
            Outcome::Ambiguous { reason, next_at } => {
                step(connection, &part, Step::LoseTrack, Some(reason), *next_at, now)?
            }
        };
    }
    let mut all = Vec::new();
    match outcome {
        Outcome::Accepted { remote_id } => take_remote_id(connection, &part, remote_id, now, &mut all)?,
        // With an echo there already they have arrived together.
        Outcome::OneByOne { client_refs } if part.state != SendState::Accepted => {
            for message in take_apart(connection, &part, client_refs, now)? {
                all.extend(changes(connection, &self::part(connection, message)?, true)?);
            }
        }
        _ => {}
    }
    all.extend(changes(connection, &part, false)?);
    Ok(all)
}

/// At start, nothing is on the wire: what was sending is unknown, what was uploading is queued.
pub fn sending_found_at_start(
    connection: &Connection,
    now: Timestamp,
    read_back_until: Timestamp,
) -> Result<Vec<Change>> {
    let found: Vec<i64> = connection
        .prepare_cached("SELECT message FROM part WHERE state IN (1, 2) AND message IS NOT NULL ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut all = Vec::new();
    for message in found {
        let part = part(connection, MessageId(message))?;
        let (reason, next_at) = match part.state {
            SendState::Sending => (Some(&SendReason::Interrupted), Some(read_back_until)),
            _ => (None, None),
        };
        step(connection, &part, Step::FoundAtStart, reason, next_at, now)?;
        all.extend(changes(connection, &part, false)?);
    }
    Ok(all)
}

/// The account whose outbox a message is in.
pub fn account_of(connection: &Connection, message: MessageId) -> Result<AccountId> {
    Ok(AccountId(part(connection, message)?.account))
}

/// A text as it is compared with its echo: platforms trim and join white space.
pub(crate) fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod traces;

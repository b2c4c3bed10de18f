//! The outbox: what the user asked to send, and how far each part of it came.
//!
//! An **intent** is one press of Send. It has **parts**, each a message row of its own with a state of its own; a part
//! has **attempts**. The intent's state is derived from its parts. A part is addressed by its message.
//!
//! ```text
//!              begin                accept, echo
//!   Queued ───────────▶ Sending ─────────────────▶ Accepted ◀── echo ── Unknown, NeedsReview, Settled,
//!     ▲ ▲                │ │ │                                          Queued (sent again after an unclear attempt)
//!     │ └─ queue again ──┘ │ └─ refuse ──▶ Failed ── retry ──▶ Queued
//!     │                    └─ lose track, found at start ──▶ Unknown
//!     │                                                        │ not found
//!     └──────────── send again ──────────── NeedsReview ◀──────┘
//!                                                └─ it arrived ──▶ Settled
//!   discard: Queued, Failed, NeedsReview ──▶ Failed (discarded), the bubble goes      expire: Queued ──▶ Failed
//! ```
//!
//! Promises (`reliability.md`, the life of a sent message): a step that is not in the picture is an error and changes
//! nothing; nothing leaves [`SendState::Unknown`] for the wire without the user; `Accepted` always has the platform's
//! id; a discarded intent stays in the database, in exactly one state.
//!
//! Call the steps through [`crate::Store::write_durable`].

mod decide;
mod queue;
mod read_back;

use backscroll_model::{
    AccountId, Attempt, AttemptOutcome, Change, ConversationId, IntentId, MessageId, RemoteId, SendProgress,
    SendReason, SendState, Timestamp,
};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Result, StoreError,
    account::platform_of,
    apply::{rederive, row::Row},
    codes,
    ids::Ids,
    search,
};

pub use decide::{Decided, decide};
pub use queue::{Sendable, Turn, hold_back_old, next_sendable, set_waiting};
pub use read_back::{Unsettled, fresh_read, unsettled};

/// A row of `attempt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptId(pub i64);

/// What [`enqueue_text`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    /// The intent.
    pub intent: IntentId,
    /// The message row of its part.
    pub message: MessageId,
    /// What to read again.
    pub changes: Vec<Change>,
}

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

/// A step in the life of a part. The names are those of the picture above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Begin,
    Accept,
    QueueAgain,
    Refuse,
    LoseTrack,
    FoundAtStart,
    Echo,
    NotFound,
    Retry,
    SendAgain,
    Arrived,
    Discard,
    Expire,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Begin => "begun",
            Self::Accept => "accepted",
            Self::QueueAgain => "queued again",
            Self::Refuse => "refused",
            Self::LoseTrack => "lost track of",
            Self::FoundAtStart => "found at start",
            Self::Echo => "echoed",
            Self::NotFound => "not found",
            Self::Retry => "retried",
            Self::SendAgain => "sent again",
            Self::Arrived => "marked as arrived",
            Self::Discard => "discarded",
            Self::Expire => "expired",
        }
    }
}

/// The state machine: where a step leads, if it exists.
fn next_state(from: SendState, step: Step) -> Option<SendState> {
    use SendState::{Accepted, Failed, NeedsReview, Queued, Sending, Settled, Unknown, Uploading};
    match (from, step) {
        (Queued, Step::Begin) => Some(Sending),
        (Sending, Step::Accept) => Some(Accepted),
        (Sending, Step::QueueAgain) => Some(Queued),
        (Sending, Step::Refuse) => Some(Failed),
        (Sending, Step::LoseTrack | Step::FoundAtStart) => Some(Unknown),
        // Files on the way are no message yet.
        (Uploading, Step::FoundAtStart) => Some(Queued),
        (Queued | Sending | Unknown | NeedsReview | Settled | Accepted, Step::Echo) => Some(Accepted),
        (Unknown, Step::NotFound) => Some(NeedsReview),
        (Failed, Step::Retry) => Some(Queued),
        (NeedsReview, Step::SendAgain) => Some(Queued),
        (NeedsReview, Step::Arrived) => Some(Settled),
        (Queued | Failed | NeedsReview, Step::Discard) | (Queued, Step::Expire) => Some(Failed),
        _ => None,
    }
}

/// A part, as far as a step needs it.
#[derive(Debug, Clone)]
struct Part {
    id: i64,
    message: i64,
    account: i64,
    conversation: i64,
    state: SendState,
    reason: Option<SendReason>,
}

fn part(connection: &Connection, message: MessageId) -> Result<Part> {
    let (id, account, conversation, state, reason) = connection
        .prepare_cached("SELECT id, account, conversation, state, reason FROM part WHERE message = ?1")?
        .query_row([message.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?, row.get::<_, Option<String>>(4)?))
        })
        .optional()?
        .ok_or(StoreError::NotFound("sent message"))?;
    let state = codes::send_state_of(state)?;
    Ok(Part { id, message: message.0, account, conversation, state, reason: reason_of(reason)? })
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

/// Brings the conversation's row up to date with a part and says what to read again.
fn changes(connection: &Connection, part: &Part, added: bool) -> Result<Vec<Change>> {
    let id = ConversationId(part.conversation);
    let mut changes = vec![Change::Messages { conversation: id, ids: vec![MessageId(part.message)], added }];
    let Some(mut row) = Row::load(connection, part.conversation)? else { return Ok(changes) };
    if added {
        row.now.messages += 1;
    }
    save(connection, part.account, &mut row, &mut changes)?;
    Ok(changes)
}

fn save(connection: &Connection, account: i64, row: &mut Row, changes: &mut Vec<Change>) -> Result<()> {
    let platform: String = connection
        .prepare_cached("SELECT platform FROM account WHERE id = ?1")?
        .query_row([account], |row| row.get(0))?;
    rederive(connection, row, platform_of(&platform)?)?;
    row.save(connection)?;
    if row.shows_change() {
        changes.push(Change::Conversation { id: ConversationId(row.id) });
    }
    if row.moves_a_counter() {
        changes.push(Change::Counts);
    }
    Ok(())
}

/// Keeps what the user asked to send: intent, part and message row together. `client_ref` is what we plant in the
/// request; `now` is our clock, corrected by the provider's.
pub fn enqueue_text(
    connection: &Connection,
    conversation: ConversationId,
    text: &str,
    client_ref: &str,
    now: Timestamp,
    hold_until: Option<Timestamp>,
) -> Result<Enqueued> {
    let account: i64 = connection
        .prepare_cached("SELECT account FROM conversation WHERE id = ?1")?
        .query_row([conversation.0], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    let message = Ids::default().take(connection, now)?;
    connection
        .prepare_cached(
            "INSERT INTO message (id, conversation, at, tie, direction, kind, origin, flags, send_state, text, account,
                digest)
             VALUES (?1, ?2, ?3, 0, 1, 0, 1, 0, 0, ?4, ?5, 0)",
        )?
        .execute((message.0, conversation.0, now.0, text, account))?;
    search::Index::new(connection)?.add(message.0, text)?;
    connection
        .prepare_cached("INSERT INTO intent (account, conversation, created_at, hold_until) VALUES (?1, ?2, ?3, ?4)")?
        .execute((account, conversation.0, now.0, hold_until.map(|t| t.0)))?;
    let intent = IntentId(connection.last_insert_rowid());
    connection
        .prepare_cached(
            "INSERT INTO part (intent, ordinal, account, conversation, message, state, since, wanted_at, next_at,
                client_ref)
             VALUES (?1, 0, ?2, ?3, ?4, 0, ?5, ?5, ?6, ?7)",
        )?
        .execute((intent.0, account, conversation.0, message.0, now.0, hold_until.map(|t| t.0), client_ref))?;
    let part = part(connection, message)?;
    Ok(Enqueued { intent, message, changes: changes(connection, &part, true)? })
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
        Outcome::NotSent { .. } => AttemptOutcome::NotSent,
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
    if part.state != SendState::Accepted {
        match outcome {
            Outcome::Accepted { .. } => step(connection, &part, Step::Accept, None, None, now)?,
            Outcome::NotSent { reason, next_at } => {
                step(connection, &part, Step::QueueAgain, Some(reason), *next_at, now)?
            }
            Outcome::Refused { reason } => step(connection, &part, Step::Refuse, Some(reason), None, now)?,
            Outcome::Ambiguous { reason, next_at } => {
                step(connection, &part, Step::LoseTrack, Some(reason), *next_at, now)?
            }
        };
    }
    let mut all = Vec::new();
    if let Outcome::Accepted { remote_id } = outcome {
        take_remote_id(connection, &part, remote_id, &mut all)?;
    }
    all.extend(changes(connection, &part, false)?);
    Ok(all)
}

/// The answer named the message: the row gets the id. Where its echo is a row already, the two become one; where the
/// echo of a twin was taken for it, the twins change places.
fn take_remote_id(connection: &Connection, part: &Part, remote_id: &RemoteId, all: &mut Vec<Change>) -> Result<()> {
    let place = |id: i64| -> Result<(Option<String>, i64, i64)> {
        Ok(connection
            .prepare_cached("SELECT remote_id, at, tie FROM message WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
    };
    let put = |id: i64, (remote_id, at, tie): (Option<&str>, i64, i64)| -> Result<()> {
        connection
            .prepare_cached("UPDATE message SET remote_id = ?2, at = ?3, tie = ?4, digest = 0 WHERE id = ?1")?
            .execute((id, remote_id, at, tie))?;
        Ok(())
    };
    let (mine, at, tie) = place(part.message)?;
    if mine.as_deref() == Some(remote_id.as_str()) {
        return Ok(());
    }
    let other: Option<i64> = connection
        .prepare_cached("SELECT id FROM message WHERE account = ?1 AND remote_id = ?2")?
        .query_row((part.account, remote_id.as_str()), |row| row.get(0))
        .optional()?;
    let Some(other) = other else {
        if mine.is_some() {
            look_again(connection, part.conversation)?;
        }
        return put(part.message, (Some(remote_id.as_str()), at, tie));
    };
    let (theirs, their_at, their_tie) = place(other)?;
    match mine {
        None => {
            search::remove(connection, other)?;
            connection.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([other])?;
            connection
                .prepare_cached("UPDATE conversation SET messages = max(messages - 1, 0) WHERE id = ?1")?
                .execute([part.conversation])?;
        }
        Some(mine) => {
            put(part.message, (None, at, tie))?;
            put(other, (Some(&mine), at, tie))?;
        }
    }
    put(part.message, (theirs.as_deref(), their_at, their_tie))?;
    look_again(connection, part.conversation)?;
    all.push(Change::Messages {
        conversation: ConversationId(part.conversation),
        ids: vec![MessageId(other)],
        added: false,
    });
    Ok(())
}

/// The next page is compared message by message, even if it is the one that was seen last.
fn look_again(connection: &Connection, conversation: i64) -> Result<()> {
    connection.prepare_cached("UPDATE conversation SET page_digest = NULL WHERE id = ?1")?.execute([conversation])?;
    Ok(())
}

/// The echo of a part was read: it is accepted, whatever was thought of it. `apply` derives the conversation's row.
pub(crate) fn echoed(
    connection: &Connection,
    part: i64,
    message: i64,
    remote_id: &RemoteId,
    at: Timestamp,
) -> Result<()> {
    let part = Part { id: part, ..self::part(connection, MessageId(message))? };
    step(connection, &part, Step::Echo, None, None, at)?;
    connection
        .prepare_cached("UPDATE message SET remote_id = ?2 WHERE id = ?1")?
        .execute((message, remote_id.as_str()))?;
    Ok(())
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

/// Where a message of ours stands; `None`: it was not sent by us, or it is gone.
pub fn progress(connection: &Connection, message: MessageId) -> Result<Option<SendProgress>> {
    let found = connection
        .prepare_cached(
            "SELECT p.state, p.reason, p.since, p.next_at,
                (SELECT count(*) FROM part l WHERE l.account = p.account AND l.conversation = p.conversation
                    AND l.state NOT IN (3, 4) AND l.state = 0 AND p.released = 0
                    AND (l.intent, l.ordinal) > (p.intent, p.ordinal)),
                EXISTS (SELECT 1 FROM part e WHERE e.account = p.account AND e.conversation = p.conversation
                    AND e.state NOT IN (3, 4) AND e.state <> 7 AND e.released = 0
                    AND (e.intent, e.ordinal) < (p.intent, p.ordinal))
             FROM part p WHERE p.message = ?1",
        )?
        .query_row([message.0], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, Option<String>>(1)?,
                Timestamp(row.get(2)?),
                row.get::<_, Option<i64>>(3)?.map(Timestamp),
                row.get::<_, u32>(4)?,
                row.get::<_, bool>(5)?,
            ))
        })
        .optional()?;
    let Some((state, reason, since, next_at, behind, blocked)) = found else { return Ok(None) };
    let state = codes::send_state_of(state)?;
    let mut reason = reason_of(reason)?;
    if state == SendState::Queued && blocked && reason.is_none() {
        reason = Some(SendReason::BehindEarlier);
    }
    let waiting_behind = if matches!(state, SendState::Unknown | SendState::NeedsReview) { behind } else { 0 };
    Ok(Some(SendProgress { state, reason, since, next_at, waiting_behind }))
}

/// The state of an intent: that of its part that is furthest from done.
pub fn intent_state(connection: &Connection, intent: IntentId) -> Result<SendState> {
    let states: Vec<i64> = connection
        .prepare_cached("SELECT state FROM part WHERE intent = ?1")?
        .query_map([intent.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for state in states {
        found.push(codes::send_state_of(state)?);
    }
    // What the user must know first comes first.
    let order = [
        SendState::NeedsReview,
        SendState::Unknown,
        SendState::Failed,
        SendState::Sending,
        SendState::Uploading,
        SendState::Queued,
        SendState::Settled,
        SendState::Accepted,
    ];
    order.into_iter().find(|state| found.contains(state)).ok_or(StoreError::NotFound("intent"))
}

/// Each attempt to send a message, oldest first.
pub fn attempts(connection: &Connection, message: MessageId) -> Result<Vec<Attempt>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.started_at, a.ended_at, a.outcome, a.http_status, a.detail
         FROM part p JOIN attempt a ON a.part = p.id WHERE p.message = ?1 ORDER BY a.id",
    )?;
    let mut rows = statement.query([message.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Attempt {
            started_at: Timestamp(row.get(0)?),
            ended_at: row.get::<_, Option<i64>>(1)?.map(Timestamp),
            outcome: row.get::<_, Option<i64>>(2)?.map(codes::outcome_of).transpose()?,
            http_status: row.get(3)?,
            detail: row.get(4)?,
        });
    }
    Ok(found)
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
#[path = "outbox_tests.rs"]
mod tests;

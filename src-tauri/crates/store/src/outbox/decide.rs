//! What the user decides about a message that is stuck. A decision that no longer fits is an error: an echo or an
//! answer was faster.

use backscroll_model::{Change, ConversationId, MessageId, SendDecision, SendReason, SendState, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{Part, Row, Step, changes, part, save, step};
use crate::{
    Result, StoreError,
    draft::{draft, draft_quote, set_draft, set_draft_quote},
    ids, outgoing,
};

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// What to read again.
    pub changes: Vec<Change>,
    /// Of a discarded message: its text, for the draft if the user wants to edit it.
    pub text: Option<String>,
}

/// Carries out a decision. [`SendDecision::CheckAgain`] changes no row: reading is the engine's.
pub fn decide(connection: &Connection, message: MessageId, decision: SendDecision, now: Timestamp) -> Result<Decided> {
    let part = part(connection, message)?;
    let changes = match decision {
        SendDecision::Retry => retry(connection, &part, now)?,
        SendDecision::CheckAgain => check_again(&part)?,
        SendDecision::SendAgain => send_again(connection, &part, now)?,
        SendDecision::ItArrived => it_arrived(connection, &part, now)?,
        SendDecision::Discard => return discard_waiting(connection, &part, now),
        SendDecision::SendNow => send_now(connection, &part, now)?,
        SendDecision::Edit => return edit(connection, &part, now),
        SendDecision::ReleaseWaiting => release_waiting(connection, &part)?,
    };
    Ok(Decided { changes, text: None })
}

fn refuse<T>(part: &Part, step: Step) -> Result<T> {
    Err(StoreError::Transition { from: part.state, step: step.name() })
}

/// Only after a proven failure.
fn retry(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    step(connection, part, Step::Retry, None, None, now)?;
    want(connection, part, now)?;
    changes(connection, part, false)
}

fn check_again(part: &Part) -> Result<Vec<Change>> {
    match part.state {
        SendState::Unknown | SendState::NeedsReview => Ok(Vec::new()),
        _ => refuse(part, Step::NotFound),
    }
}

/// At the user's risk: the one way in which a message may be delivered twice.
fn send_again(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    step(connection, part, Step::SendAgain, None, None, now)?;
    want(connection, part, now)?;
    changes(connection, part, false)
}

fn it_arrived(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    step(connection, part, Step::Arrived, None, None, now)?;
    changes(connection, part, false)
}

/// What is held or for later is offered as one, so it goes with the other parts of its intent: else these would leave by
/// themselves.
fn discard_waiting(connection: &Connection, part: &Part, now: Timestamp) -> Result<Decided> {
    let mut all = discard(connection, part, now)?;
    if can_wait_no_longer(part) {
        for other in siblings(connection, part)?.iter().filter(|other| can_wait_no_longer(other)) {
            all.changes.extend(discard(connection, other, now)?.changes);
        }
    }
    Ok(all)
}

/// The bubble goes; intent, part and attempts stay.
fn discard(connection: &Connection, part: &Part, now: Timestamp) -> Result<Decided> {
    step(connection, part, Step::Discard, Some(&SendReason::Discarded), None, now)?;
    let text: Option<String> = connection
        .prepare_cached("SELECT text FROM message WHERE id = ?1")?
        .query_row([part.message], |row| row.get(0))?;
    ids::remove(connection, part.message)?;
    let conversation = ConversationId(part.conversation);
    let mut changes = vec![Change::Messages { conversation, ids: vec![MessageId(part.message)], added: false }];
    if let Some(mut row) = Row::load(connection, part.conversation)? {
        row.now.messages = row.now.messages.saturating_sub(1);
        save(connection, part.account, &mut row, &mut changes)?;
    }
    Ok(Decided { changes, text })
}

/// All parts of its intent that are not sent go back into the draft: files behind its files, text behind its text, and
/// what they quote, unless it quotes something else by now. What is on the wire, or may have been delivered, stays where
/// it is.
fn edit(connection: &Connection, part: &Part, now: Timestamp) -> Result<Decided> {
    let may = |state| matches!(state, SendState::Queued | SendState::Uploading | SendState::Failed);
    if !may(part.state) && part.state != SendState::NeedsReview {
        return refuse(part, Step::Discard);
    }
    let conversation = ConversationId(part.conversation);
    let mut all = Decided::default();
    let mut texts: Vec<String> = draft(connection, conversation)?.into_iter().collect();
    for other in siblings(connection, part)? {
        if other.id != part.id && !may(other.state) {
            continue;
        }
        outgoing::take_back(connection, conversation, other.id)?;
        if let Some(quoted) = quoted(connection, &other)?
            && draft_quote(connection, conversation)?.is_none()
        {
            set_draft_quote(connection, conversation, Some(quoted), now)?;
        }
        let decided = discard(connection, &other, now)?;
        texts.extend(decided.text);
        all.changes.extend(decided.changes);
    }
    let text = texts.join("\n");
    set_draft(connection, conversation, &text, now)?;
    all.changes.extend([Change::Draft { conversation }, Change::Conversation { id: conversation }]);
    all.text = Some(text);
    Ok(all)
}

/// The message that a part quotes, if it is held.
fn quoted(connection: &Connection, part: &Part) -> Result<Option<MessageId>> {
    Ok(connection
        .prepare_cached(
            "SELECT q.id FROM message m JOIN message q INDEXED BY message_remote ON q.account = m.account
                AND q.remote_hash = id_hash(m.reply_to) AND q.remote_id = m.reply_to AND q.conversation = m.conversation
             WHERE m.id = ?1",
        )?
        .query_row([part.message], |row| row.get(0).map(MessageId))
        .optional()?)
}

/// The parts of its intent that have a message, itself included, in order.
fn siblings(connection: &Connection, part: &Part) -> Result<Vec<Part>> {
    let messages: Vec<i64> = connection
        .prepare_cached("SELECT message FROM part WHERE intent = ?1 AND message IS NOT NULL ORDER BY ordinal")?
        .query_map([part.intent], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    messages.into_iter().map(|message| super::part(connection, MessageId(message))).collect()
}

/// Whether it waits for a moment, a time, or a word of the user.
fn can_wait_no_longer(part: &Part) -> bool {
    part.state == SendState::Queued
        && matches!(part.reason, Some(SendReason::Stale { .. } | SendReason::Held | SendReason::Scheduled))
}

fn send_now(connection: &Connection, part: &Part, now: Timestamp) -> Result<Vec<Change>> {
    if !can_wait_no_longer(part) {
        return refuse(part, Step::Begin);
    }
    let mut all = Vec::new();
    for other in siblings(connection, part)?.iter().filter(|other| can_wait_no_longer(other)) {
        connection
            .prepare_cached("UPDATE part SET reason = NULL, next_at = NULL WHERE id = ?1")?
            .execute([other.id])?;
        want(connection, other, now)?;
        all.extend(changes(connection, other, false)?);
    }
    Ok(all)
}

/// Puts what is scheduled, or was missed, to another time, with the other parts of its intent.
pub fn reschedule(connection: &Connection, message: MessageId, send_at: Timestamp) -> Result<Vec<Change>> {
    let part = part(connection, message)?;
    if !can_wait_no_longer(&part) {
        return refuse(&part, Step::Begin);
    }
    let reason = super::reason_json(Some(&SendReason::Scheduled))?;
    let mut all = Vec::new();
    for other in siblings(connection, &part)?.iter().filter(|other| can_wait_no_longer(other)) {
        connection
            .prepare_cached("UPDATE part SET reason = ?2, next_at = ?3, wanted_at = ?3 WHERE id = ?1")?
            .execute((other.id, &reason, send_at.0))?;
        all.extend(changes(connection, other, false)?);
    }
    connection
        .prepare_cached("UPDATE intent SET send_at = ?2, hold_until = NULL WHERE id = ?1")?
        .execute((part.intent, send_at.0))?;
    Ok(all)
}

/// The part itself stays where it is; it no longer holds up those behind it.
fn release_waiting(connection: &Connection, part: &Part) -> Result<Vec<Change>> {
    if !matches!(part.state, SendState::Unknown | SendState::NeedsReview) {
        return refuse(part, Step::NotFound);
    }
    connection.prepare_cached("UPDATE part SET released = 1 WHERE id = ?1")?.execute([part.id])?;
    changes(connection, part, false)
}

fn want(connection: &Connection, part: &Part, now: Timestamp) -> Result<()> {
    connection.prepare_cached("UPDATE part SET wanted_at = ?2 WHERE id = ?1")?.execute((part.id, now.0))?;
    // From now on it is a person's own act, whatever was planned.
    connection
        .prepare_cached("UPDATE intent SET send_at = NULL WHERE id = ?1 AND send_at IS NOT NULL")?
        .execute([part.intent])?;
    Ok(())
}

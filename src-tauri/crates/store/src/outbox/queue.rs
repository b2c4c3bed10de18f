//! Whose turn it is: order is kept within a conversation, and one stuck conversation never blocks another.

use backscroll_model::{
    AccountId, Change, ConversationId, HOUR, IntentId, MINUTE, MessageId, Platform, RemoteId, ReplyWindow, SendReason,
    SendState, Timestamp,
};
use rusqlite::Connection;

use super::{Part, Step, changes, fail, part, reason_json, reason_of};
use crate::{
    Result,
    account::{platform_of, provider_of},
    codes,
};

/// Older than this, a message is not sent without asking (`ux.md`, composer).
const STALE_AFTER: i64 = 30 * MINUTE;
/// A message that was tried and never sent is given up after this.
const EXPIRES_AFTER: i64 = 24 * HOUR;

/// A part whose turn it is, with all that an adapter needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sendable {
    /// Its message row.
    pub message: MessageId,
    /// Its intent.
    pub intent: IntentId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The platform's id of the conversation.
    pub conversation_remote: RemoteId,
    /// Where.
    pub platform: Platform,
    /// The platform's id of the person, where known.
    pub recipient: Option<RemoteId>,
    /// The text, byte for byte.
    pub text: String,
    /// What to plant in the request.
    pub client_ref: String,
    /// Attempts made so far.
    pub attempts: u32,
    /// Whether the platform lets the business answer now.
    pub window: ReplyWindow,
}

/// Who may be sent now, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// At most one part per conversation, in the order of sending.
    pub ready: Vec<Sendable>,
    /// The earliest time at which another becomes ready by itself.
    pub next_at: Option<Timestamp>,
}

struct Open {
    message: i64,
    conversation: i64,
    state: SendState,
    reason: Option<SendReason>,
    next_at: Option<i64>,
    released: bool,
}

fn unfinished(connection: &Connection, account: AccountId) -> Result<Vec<Open>> {
    let mut statement = connection.prepare_cached(
        "SELECT message, conversation, state, reason, next_at, released FROM part INDEXED BY part_unfinished
         WHERE account = ?1 AND state NOT IN (3, 4) AND message IS NOT NULL ORDER BY conversation, intent, ordinal",
    )?;
    let mut rows = statement.query([account.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Open {
            message: row.get(0)?,
            conversation: row.get(1)?,
            state: codes::send_state_of(row.get(2)?)?,
            reason: reason_of(row.get(3)?)?,
            next_at: row.get(4)?,
            released: row.get(5)?,
        });
    }
    Ok(found)
}

/// The parts of an account that may be sent now: the first of each conversation that waits for nothing.
pub fn next_sendable(connection: &Connection, account: AccountId, now: Timestamp) -> Result<Turn> {
    let mut turn = Turn::default();
    let mut closed: Option<i64> = None;
    for open in unfinished(connection, account)? {
        if closed == Some(open.conversation) || !open.state.holds_the_queue() {
            continue;
        }
        if open.state != SendState::Queued {
            if !open.released {
                closed = Some(open.conversation);
            }
            continue;
        }
        // Whatever becomes of it, those behind it wait for it.
        closed = Some(open.conversation);
        if open.reason == Some(SendReason::Stale) {
            continue;
        }
        match open.next_at.map(Timestamp).filter(|at| *at > now) {
            Some(at) => turn.next_at = Some(turn.next_at.map_or(at, |earlier| earlier.min(at))),
            None => turn.ready.push(sendable(connection, open.message, now)?),
        }
    }
    turn.ready.sort_by_key(|sendable| sendable.intent);
    Ok(turn)
}

fn sendable(connection: &Connection, message: i64, now: Timestamp) -> Result<Sendable> {
    let (sendable, platform, provider, inbound_at, gap_after) = connection
        .prepare_cached(
            "SELECT p.intent, p.conversation, c.remote_id, a.platform, c.person, m.text, p.client_ref,
                (SELECT count(*) FROM attempt t WHERE t.part = p.id), a.provider, c.inbound_at, c.gap_after
             FROM part p JOIN message m ON m.id = p.message JOIN conversation c ON c.id = p.conversation
             JOIN account a ON a.id = p.account WHERE p.message = ?1",
        )?
        .query_row([message], |row| {
            let platform: String = row.get(3)?;
            Ok((
                Sendable {
                    message: MessageId(message),
                    intent: IntentId(row.get(0)?),
                    conversation: ConversationId(row.get(1)?),
                    conversation_remote: RemoteId(row.get(2)?),
                    platform: Platform::X,
                    recipient: row.get::<_, Option<String>>(4)?.map(RemoteId),
                    text: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
                    client_ref: row.get(6)?,
                    attempts: row.get(7)?,
                    window: ReplyWindow::Uncertain,
                },
                platform,
                row.get::<_, Option<String>>(8)?,
                row.get::<_, Option<i64>>(9)?.map(Timestamp),
                row.get::<_, bool>(10)?,
            ))
        })?;
    let (platform, provider) = (platform_of(&platform)?, provider_of(provider.as_deref())?);
    let window = ReplyWindow::through(provider, platform, inbound_at, gap_after, now);
    Ok(Sendable { platform, window, ..sendable })
}

/// Holds back what should not go without asking: queued for more than 30 minutes, or the customer wrote meanwhile. What
/// was tried for a day is given up. Call it before [`next_sendable`].
pub fn hold_back_old(connection: &Connection, account: AccountId, now: Timestamp) -> Result<Vec<Change>> {
    let old: Vec<(i64, bool)> = connection
        .prepare_cached(
            "SELECT p.message, p.wanted_at <= ?2 AND EXISTS (SELECT 1 FROM attempt t WHERE t.part = p.id)
             FROM part p INDEXED BY part_unfinished JOIN conversation c ON c.id = p.conversation
             WHERE p.account = ?1 AND p.state NOT IN (3, 4) AND p.state = 0 AND p.message IS NOT NULL
                AND (p.reason IS NULL OR p.reason <> ?4)
                AND (p.wanted_at <= ?3 OR c.inbound_at > p.wanted_at)
             ORDER BY p.conversation, p.intent, p.ordinal",
        )?
        .query_map(
            (account.0, now.plus(-EXPIRES_AFTER).0, now.plus(-STALE_AFTER).0, reason_json(Some(&SendReason::Stale))?),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut all = Vec::new();
    for (message, expired) in old {
        let part = part(connection, MessageId(message))?;
        if expired {
            fail(connection, &part, Step::Expire, &SendReason::Expired, now)?;
        } else {
            wait(connection, &part, Some(&SendReason::Stale), None)?;
        }
        all.extend(changes(connection, &part, false)?);
    }
    Ok(all)
}

/// Says why the queued parts of an account wait, and until when; `None`: they do not. Writes only what is not said yet.
/// What waits for the user's word goes on waiting for that.
pub fn set_waiting(
    connection: &Connection,
    account: AccountId,
    reason: Option<&SendReason>,
    next_at: Option<Timestamp>,
) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for open in unfinished(connection, account)? {
        let same = open.reason.as_ref() == reason && open.next_at == next_at.map(|t| t.0);
        // A hold before sending has a time and no reason: only its end lifts it.
        let held = open.reason.is_none() && open.next_at.is_some();
        if open.state != SendState::Queued || open.reason == Some(SendReason::Stale) || same || held {
            continue;
        }
        let part = part(connection, MessageId(open.message))?;
        wait(connection, &part, reason, next_at)?;
        all.extend(changes(connection, &part, false)?);
    }
    Ok(all)
}

fn wait(connection: &Connection, part: &Part, reason: Option<&SendReason>, next_at: Option<Timestamp>) -> Result<()> {
    connection.prepare_cached("UPDATE part SET reason = ?2, next_at = ?3 WHERE id = ?1")?.execute((
        part.id,
        reason_json(reason)?,
        next_at.map(|t| t.0),
    ))?;
    Ok(())
}

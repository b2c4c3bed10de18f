//! Whose turn it is: order is kept within a conversation, and one stuck conversation never blocks another.

use backscroll_model::{
    AccountId, Change, ConnectionId, ConversationId, HOUR, IntentId, MINUTE, MessageId, Platform, RemoteId,
    ReplyWindow, SendReason, SendState, StaleCause, Timestamp, WindowFacts,
};
use rusqlite::Connection;

use super::{Part, Step, changes, fail, part, reason_json, reason_of};
use crate::{
    Result,
    account::{platform_of, provider_of},
    codes,
    outgoing::{self, SendFile},
};

/// Older than this, a message is not sent without asking (`ux.md`, composer).
const STALE_AFTER: i64 = 30 * MINUTE;
/// What was for later is sent so much after its time at most; then the user is asked.
const MISSED_AFTER: i64 = 5 * MINUTE;
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
    pub text: Option<String>,
    /// Its files, in order.
    pub files: Vec<SendFile>,
    /// The message that it quotes.
    pub reply_to: Option<RemoteId>,
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
    next_sendable_at(connection, account, now, now)
}

/// [`next_sendable`] where the provider's clock says another time than ours: reply windows are the provider's.
pub fn next_sendable_at(
    connection: &Connection,
    account: AccountId,
    now: Timestamp,
    provider_now: Timestamp,
) -> Result<Turn> {
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
        let at = open.next_at.map(Timestamp).filter(|at| *at > now);
        // What is for later holds nobody up before its time.
        if let (Some(SendReason::Scheduled), Some(at)) = (&open.reason, at) {
            turn.next_at = Some(turn.next_at.map_or(at, |earlier| earlier.min(at)));
            continue;
        }
        // Whatever becomes of it, those behind it wait for it.
        closed = Some(open.conversation);
        if matches!(open.reason, Some(SendReason::Stale { .. })) {
            continue;
        }
        match at {
            Some(at) => turn.next_at = Some(turn.next_at.map_or(at, |earlier| earlier.min(at))),
            None => turn.ready.push(sendable(connection, open.message, now, provider_now)?),
        }
    }
    turn.ready.sort_by_key(|sendable| sendable.intent);
    Ok(turn)
}

fn sendable(connection: &Connection, message: i64, now: Timestamp, provider_now: Timestamp) -> Result<Sendable> {
    let (sendable, platform, provider, facts, part, account) = connection
        .prepare_cached(
            "SELECT p.intent, p.conversation, c.remote_id, a.platform, c.person, m.text, p.client_ref,
                (SELECT count(*) FROM attempt t WHERE t.part = p.id), a.provider, c.inbound_at, c.gap_after,
                p.id, a.connection, m.reply_to, c.refused_at
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
                    text: row.get(5)?,
                    files: Vec::new(),
                    reply_to: row.get::<_, Option<String>>(13)?.map(RemoteId),
                    client_ref: row.get(6)?,
                    attempts: row.get(7)?,
                    window: ReplyWindow::Uncertain,
                },
                platform,
                row.get::<_, Option<String>>(8)?,
                WindowFacts {
                    inbound_at: row.get::<_, Option<i64>>(9)?.map(Timestamp),
                    gap_after: row.get(10)?,
                    refused_at: row.get::<_, Option<i64>>(14)?.map(Timestamp),
                },
                row.get::<_, i64>(11)?,
                row.get::<_, Option<i64>>(12)?.map(ConnectionId),
            ))
        })?;
    let (platform, provider) = (platform_of(&platform)?, provider_of(provider.as_deref())?);
    let window = ReplyWindow::through(provider, platform, &facts, provider_now);
    let files = outgoing::of_part(connection, part, account, platform, now)?;
    Ok(Sendable { platform, window, files, ..sendable })
}

/// Holds back what should not go without asking: queued for more than 30 minutes, or the customer wrote meanwhile, or
/// meant for a time that has passed. What was tried for a day is given up, and so is what no window is open for: of what
/// leaves by itself, any but an open one; of what a person sends, one that is closed for certain. Call it before
/// [`next_sendable`].
pub fn hold_back_old(connection: &Connection, account: AccountId, now: Timestamp) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for due in due(connection, account, now)? {
        let part = part(connection, due.message)?;
        match due.verdict(now) {
            Verdict::Go => continue,
            Verdict::Ask(why) => wait(connection, &part, Some(&SendReason::Stale { why }), None)?,
            Verdict::GiveUp(reason) => {
                fail(connection, &part, Step::Expire, &reason, now)?;
            }
        }
        all.extend(changes(connection, &part, false)?);
    }
    Ok(all)
}

/// A queued part that waits for no time and no word of the user.
struct Due {
    message: MessageId,
    wanted_at: Timestamp,
    was_tried: bool,
    /// By itself, at this time.
    send_at: Option<Timestamp>,
    created_at: Timestamp,
    /// Another part of its intent is with the customer already.
    has_begun: bool,
    facts: WindowFacts,
    window: ReplyWindow,
}

enum Verdict {
    Go,
    Ask(StaleCause),
    GiveUp(SendReason),
}

impl Due {
    fn verdict(&self, now: Timestamp) -> Verdict {
        if self.was_tried && now.since(self.wanted_at) >= EXPIRES_AFTER {
            return Verdict::GiveUp(SendReason::Expired);
        }
        let late = match self.send_at {
            Some(at) => (now.since(at) > MISSED_AFTER).then_some(StaleCause::Missed),
            None => (now.since(self.wanted_at) >= STALE_AFTER).then_some(StaleCause::Offline),
        };
        let asked_at = if self.send_at.is_some() { self.created_at } else { self.wanted_at };
        let moved_on = !self.has_begun && self.facts.inbound_at.is_some_and(|at| at > asked_at);
        // What the customer wrote is the better reason to look again, if there are two.
        if let Some(why) = moved_on.then_some(StaleCause::MovedOn).or(late) {
            return Verdict::Ask(why);
        }
        let is_shut = match self.send_at {
            Some(_) => !self.window.is_open_at(now),
            None => matches!(self.window, ReplyWindow::Closed { .. }),
        };
        if is_shut { Verdict::GiveUp(SendReason::WindowClosed) } else { Verdict::Go }
    }
}

fn due(connection: &Connection, account: AccountId, now: Timestamp) -> Result<Vec<Due>> {
    let mut statement = connection.prepare_cached(
        "SELECT p.message, p.wanted_at, EXISTS (SELECT 1 FROM attempt t WHERE t.part = p.id), i.send_at, i.created_at,
            EXISTS (SELECT 1 FROM part s WHERE s.intent = p.intent AND s.state IN (3, 7)),
            c.inbound_at, c.gap_after, a.platform, a.provider, c.refused_at
         FROM part p INDEXED BY part_unfinished JOIN conversation c ON c.id = p.conversation
         JOIN intent i ON i.id = p.intent JOIN account a ON a.id = p.account
         WHERE p.account = ?1 AND p.state NOT IN (3, 4) AND p.state = 0 AND p.message IS NOT NULL
            AND (p.reason IS NULL OR (p.reason ->> 'kind' <> 'stale' AND (p.reason NOT IN (?2, ?3) OR p.next_at <= ?4)))
         ORDER BY p.conversation, p.intent, p.ordinal",
    )?;
    let json = |reason| reason_json(Some(&reason));
    let mut rows = statement.query((account.0, json(SendReason::Held)?, json(SendReason::Scheduled)?, now.0))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let platform = platform_of(&row.get::<_, String>(8)?)?;
        let provider = provider_of(row.get::<_, Option<String>>(9)?.as_deref())?;
        let facts = WindowFacts {
            inbound_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
            gap_after: row.get(7)?,
            refused_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
        };
        found.push(Due {
            message: MessageId(row.get(0)?),
            wanted_at: Timestamp(row.get(1)?),
            was_tried: row.get(2)?,
            send_at: row.get::<_, Option<i64>>(3)?.map(Timestamp),
            created_at: Timestamp(row.get(4)?),
            has_begun: row.get(5)?,
            facts,
            window: ReplyWindow::through(provider, platform, &facts, now),
        });
    }
    Ok(found)
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
        // Only its own time lifts what is held or for later, and only the user's word what is stale.
        let held = matches!(open.reason, Some(SendReason::Held | SendReason::Scheduled | SendReason::Stale { .. }));
        if open.state != SendState::Queued || same || held {
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

//! Whose reply window closes soon while they wait for an answer: 4 hours and 1 hour before each of its ends.
//!
//! Promises: each reminder is handed out at most once, marked in the same transaction, whatever the clock does
//! afterwards: what was given up to an instant is kept, and no reminder of an earlier one follows. One that is late by an
//! hour or more is dropped. A look costs a few steps into the index of the ends, whatever the number of conversations.
//!
//! Refuses to remind of conversations that are done, answered, or closed by the platform.

use backscroll_model::{AccountId, ConversationId, DAY, HOUR, ReplyWindow, Timestamp, WindowFacts};
use rusqlite::{Connection, OptionalExtension};

use super::{OPEN, SNOOZED};
use crate::{
    Result,
    account::{platform_of, provider_of},
};

/// So long before an end, in ms.
const LEADS: [i64; 2] = [4 * HOUR, HOUR];
/// From then on a late reminder is dropped. No longer than the shorter lead: the window would be closed.
const DROPPED_AFTER: i64 = HOUR;

/// A window that is about to close on somebody who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    /// Whose.
    pub conversation: ConversationId,
    /// When, by the provider's clock.
    pub closes_at: Timestamp,
    /// What becomes of the window then.
    pub then: ReplyWindow,
    /// It is the last one: after a week nobody may answer any more.
    pub is_last: bool,
    /// When the reminder fell due.
    due_at: Timestamp,
}

/// The reminders of an account that are due and were not given; `now` by its provider's clock.
pub fn reminders(connection: &Connection, account: AccountId, now: Timestamp) -> Result<Vec<Reminder>> {
    let held: Option<(String, Option<String>)> = connection
        .prepare_cached("SELECT platform, provider FROM account WHERE id = ?1")?
        .query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((platform, provider)) = held else { return Ok(Vec::new()) };
    let (platform, provider) = (platform_of(&platform)?, provider_of(provider.as_deref())?);
    let ends = ReplyWindow::ends(provider, platform);
    let Some(first) = ends.first() else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut found = Vec::new();
    for (end, lead) in ends.iter().flat_map(|end| LEADS.map(|lead| (end, lead))) {
        // From the end that is stored to the instant at which this reminder falls due.
        let to_due = end - first - lead;
        let due_to = now.0 - to_due;
        for state in [OPEN, SNOOZED] {
            let mut rows = statement.query((state, due_to - DROPPED_AFTER, due_to, account.0, to_due))?;
            while let Some(row) = rows.next()? {
                let inbound = Timestamp(row.get(2)?);
                let closes_at = inbound.plus(*end);
                let facts = WindowFacts { inbound_at: Some(inbound), ..WindowFacts::default() };
                found.push(Reminder {
                    conversation: ConversationId(row.get(0)?),
                    closes_at,
                    is_last: *end >= 7 * DAY,
                    then: ReplyWindow::through(provider, platform, &facts, closes_at),
                    due_at: Timestamp(row.get::<_, i64>(1)? + to_due),
                });
            }
        }
    }
    Ok(found)
}

/// `?1` state, `?2` and `?3` between which stored ends, `?4` account, `?5` from the end to when it falls due.
pub(super) const SELECT: &str = "SELECT id, window_until, inbound_at FROM conversation INDEXED BY conversation_closing
    WHERE state = ?1 AND window_until > ?2 AND window_until <= ?3 AND account = ?4
        AND waiting_since IS NOT NULL AND inbound_at IS NOT NULL
        AND (reminded_to IS NULL OR reminded_to < window_until + ?5)
    ORDER BY window_until, id";

/// Hands the due reminders of these accounts out, once.
pub fn take_reminders(connection: &Connection, accounts: &[(AccountId, Timestamp)]) -> Result<Vec<Reminder>> {
    let mut all = Vec::new();
    for (account, now) in accounts {
        all.extend(reminders(connection, *account, *now)?);
    }
    let mut given = connection.prepare_cached("UPDATE conversation SET reminded_to = ?2 WHERE id = ?1")?;
    for reminder in &all {
        given.execute((reminder.conversation.0, reminder.due_at.0))?;
    }
    all.sort_by_key(|reminder| (reminder.closes_at, reminder.conversation));
    Ok(all)
}

#[cfg(test)]
#[path = "reminders_tests.rs"]
mod tests;

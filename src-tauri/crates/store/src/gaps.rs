//! Coverage: the history of a conversation as stretches in which nothing is missing, and the gaps between them
//! (`architecture.md`, invariant 5).
//!
//! A gap is not a row. Before each stretch that does not reach the beginning there is exactly one, so a gap can never
//! be forgotten when a stretch grows over it, and the order in which reads are applied cannot matter.

use backscroll_model::{AccountId, ConversationId, Gap, GapReason, Listing, Platform, Timestamp, XHistory};
use rusqlite::Connection;

use crate::{Result, account::platform_of};

/// A stretch as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    id: i64,
    from: Option<i64>,
    to: i64,
    missing: Option<u32>,
}

fn stretches(connection: &Connection, conversation: i64) -> Result<Vec<Stretch>> {
    let mut statement = connection
        .prepare_cached("SELECT id, from_at, to_at, missing FROM stretch WHERE conversation = ?1 ORDER BY to_at")?;
    let rows = statement.query_map([conversation], |row| {
        Ok(Stretch { id: row.get(0)?, from: row.get(1)?, to: row.get(2)?, missing: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes in what a listing proves: it grows the stretches that it touches into one, or stands alone and leaves a gap.
/// Returns whether anything changed.
pub(crate) fn cover(connection: &Connection, conversation: i64, listing: Listing) -> Result<bool> {
    let mut from = listing.from.map(|t| t.0);
    let mut to = listing.to.0;
    if from.is_some_and(|f| f > to) {
        return Ok(false);
    }
    let held = stretches(connection, conversation)?;
    let touched: Vec<Stretch> =
        held.into_iter().filter(|s| from.is_none_or(|f| f <= s.to) && s.from.is_none_or(|f| f <= to)).collect();
    let mut missing = None;
    for stretch in &touched {
        if stretch.from <= from {
            // `None` sorts first, as the beginning does.
            missing = stretch.missing;
        }
        from = from.min(stretch.from);
        to = to.max(stretch.to);
    }
    if let [one] = touched.as_slice() {
        if (one.from, one.to) == (from, to) {
            return Ok(false);
        }
        connection
            .prepare_cached("UPDATE stretch SET from_at = ?2, to_at = ?3, missing = ?4 WHERE id = ?1")?
            .execute((one.id, from, to, missing))?;
        return Ok(true);
    }
    for stretch in &touched {
        connection.prepare_cached("DELETE FROM stretch WHERE id = ?1")?.execute([stretch.id])?;
    }
    connection
        .prepare_cached("INSERT INTO stretch (conversation, from_at, to_at, missing) VALUES (?1, ?2, ?3, ?4)")?
        .execute((conversation, from, to, missing))?;
    Ok(true)
}

/// Whether messages may be missing after `inbound_at`.
pub(crate) fn any_after(connection: &Connection, conversation: i64, inbound_at: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM stretch WHERE conversation = ?1 AND from_at > ?2)")?
        .query_row((conversation, inbound_at), |row| row.get(0))?)
}

/// The gaps of a conversation, oldest first.
pub fn gaps(connection: &Connection, conversation: ConversationId) -> Result<Vec<Gap>> {
    let held = stretches(connection, conversation.0)?;
    if held.iter().all(|s| s.from.is_none()) {
        return Ok(Vec::new());
    }
    let (platform, history): (String, Option<String>) = connection
        .prepare_cached(
            "SELECT a.platform, a.x_history FROM conversation c JOIN account a ON a.id = c.account WHERE c.id = ?1",
        )?
        .query_row([conversation.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let chosen_away = platform_of(&platform)? == Platform::X
        && !history.is_some_and(|json| matches!(serde_json::from_str(&json), Ok(XHistory::All)));
    let mut before: Option<Timestamp> = None;
    let mut found = Vec::new();
    for stretch in held {
        if let Some(from) = stretch.from {
            found.push(Gap {
                conversation,
                from: before,
                to: Some(Timestamp(from)),
                count: stretch.missing,
                next_try: None,
                reason: match before {
                    Some(_) => GapReason::NoOverlap,
                    None if chosen_away => GapReason::NotChosen,
                    None => GapReason::Beginning,
                },
            });
        }
        before = Some(Timestamp(stretch.to));
    }
    Ok(found)
}

/// All gaps of an account, by conversation, oldest first.
pub fn gaps_of_account(connection: &Connection, account: AccountId) -> Result<Vec<Gap>> {
    let conversations: Vec<i64> = connection
        .prepare_cached(
            "SELECT DISTINCT c.id FROM conversation c JOIN stretch s ON s.conversation = c.id
             WHERE c.account = ?1 AND s.from_at IS NOT NULL ORDER BY c.id",
        )?
        .query_map([account.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for id in conversations {
        found.extend(gaps(connection, ConversationId(id))?);
    }
    Ok(found)
}

/// How many gaps an account has.
pub(crate) fn count(connection: &Connection, account: AccountId) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM conversation c JOIN stretch s ON s.conversation = c.id
             WHERE c.account = ?1 AND s.from_at IS NOT NULL",
        )?
        .query_row([account.0], |row| row.get(0))?)
}

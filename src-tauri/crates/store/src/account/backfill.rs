//! How far the first back-fill is, and its summary.

use backscroll_model::{AccountId, BackfillProgress, BackfillSummary, DAY, Timestamp};
use rusqlite::Connection;

use crate::Result;

/// How many conversations the provider has, once it said so.
pub fn set_backfill_total(connection: &Connection, id: AccountId, conversations: Option<u32>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO backfill (account, conversations) VALUES (?1, ?2)
             ON CONFLICT (account) DO UPDATE SET conversations = excluded.conversations
             WHERE conversations IS NOT excluded.conversations",
        )?
        .execute((id.0, conversations))?;
    Ok(())
}

/// Progress of the first back-fill.
pub fn backfill_progress(connection: &Connection, id: AccountId) -> Result<BackfillProgress> {
    Ok(connection
        .prepare_cached(
            "SELECT c.conversations, b.conversations, c.messages
             FROM counter c LEFT JOIN backfill b ON b.account = c.account WHERE c.account = ?1",
        )?
        .query_row([id.0], |row| {
            Ok(BackfillProgress { account: id, conversations: row.get(0)?, of: row.get(1)?, messages: row.get(2)? })
        })?)
}

/// The summary after the first back-fill. Walks the account's conversations once; for the end of a back-fill only.
pub fn backfill_summary(connection: &Connection, id: AccountId, now: Timestamp) -> Result<BackfillSummary> {
    Ok(connection
        .prepare_cached(
            "SELECT
                (SELECT messages FROM counter WHERE account = ?1),
                count(*) FILTER (WHERE inbound_at IS NOT NULL),
                count(*) FILTER (WHERE state = 0 AND waiting_since IS NOT NULL),
                count(*) FILTER (WHERE window_until > ?2 AND window_until <= ?3 AND waiting_since IS NOT NULL)
             FROM conversation WHERE account = ?1",
        )?
        .query_row((id.0, now.0, now.plus(DAY).0), |row| {
            Ok(BackfillSummary {
                messages: row.get(0)?,
                people: row.get(1)?,
                waiting: row.get(2)?,
                closing_today: row.get(3)?,
            })
        })?)
}

//! Reading back what is unknown (`reliability.md`, the life of a sent message, 5 and 6). Finding an echo is `apply`'s;
//! here is counted how often it was looked for in vain.

use backscroll_model::{
    AccountId, Change, ConversationId, MINUTE, MessageId, Platform, RemoteId, SECOND, SendReason, SendState, Timestamp,
};
use rusqlite::Connection;

use super::{Step, changes, part, step};
use crate::{Result, account::platform_of, codes};

/// *Not there* needs so many successful fresh reads …
const READS: u32 = 2;
/// … and this much time.
const WAIT: i64 = 5 * MINUTE;

/// How long after an attempt a read must be to count: the provider's cache, and how late its data may be.
fn lag(platform: Platform) -> i64 {
    match platform {
        Platform::Messenger | Platform::Instagram => 65 * SECOND,
        Platform::X => 195 * SECOND,
    }
}

/// A part whose outcome is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// Its message row.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The platform's id of the conversation, to read it.
    pub conversation_remote: RemoteId,
    /// Unknown or NeedsReview.
    pub state: SendState,
    /// Since when.
    pub since: Timestamp,
    /// From when on a read counts.
    pub fresh_from: Timestamp,
    /// Reads that counted so far.
    pub fresh_reads: u32,
}

/// The parts of an account that wait to be read back, or for the user's word, in the order of sending.
pub fn unsettled(connection: &Connection, account: AccountId) -> Result<Vec<Unsettled>> {
    let mut statement = connection.prepare_cached(
        "SELECT p.message, p.conversation, c.remote_id, p.state, p.since, p.fresh_reads, a.platform,
            (SELECT max(ifnull(t.ended_at, t.started_at)) FROM attempt t WHERE t.part = p.id)
         FROM part p INDEXED BY part_unfinished JOIN conversation c ON c.id = p.conversation
         JOIN account a ON a.id = p.account
         WHERE p.account = ?1 AND p.state NOT IN (3, 4) AND p.state IN (5, 6) AND p.message IS NOT NULL
         ORDER BY p.intent, p.ordinal",
    )?;
    let mut rows = statement.query([account.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let platform = platform_of(&row.get::<_, String>(6)?)?;
        let since = Timestamp(row.get(4)?);
        let ended = row.get::<_, Option<i64>>(7)?.map_or(since, Timestamp);
        found.push(Unsettled {
            message: MessageId(row.get(0)?),
            conversation: ConversationId(row.get(1)?),
            conversation_remote: RemoteId(row.get(2)?),
            state: codes::send_state_of(row.get(3)?)?,
            since,
            fresh_from: ended.plus(lag(platform)),
            fresh_reads: row.get(5)?,
        });
    }
    Ok(found)
}

/// A successful read of the account, or of one conversation, was applied; `fresh_at` is the provider's clock of its
/// data (`lastUpdated`). What is still unknown after two of them and five minutes needs the user's review. A cached
/// answer, told by its `fresh_at`, counts once.
pub fn fresh_read(
    connection: &Connection,
    account: AccountId,
    conversation: Option<ConversationId>,
    fresh_at: Timestamp,
    now: Timestamp,
) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for unsettled in unsettled(connection, account)? {
        let elsewhere = conversation.is_some_and(|wanted| wanted != unsettled.conversation);
        if elsewhere || unsettled.state != SendState::Unknown || fresh_at < unsettled.fresh_from {
            continue;
        }
        let reads: u32 = connection
            .prepare_cached(
                "UPDATE part SET
                    fresh_reads = min(fresh_reads + (read_at IS NULL OR read_at < ?2), ?3),
                    read_at = max(ifnull(read_at, ?2), ?2)
                 WHERE message = ?1 RETURNING fresh_reads",
            )?
            .query_row((unsettled.message.0, fresh_at.0, READS), |row| row.get(0))?;
        if reads >= READS && now.since(unsettled.since) >= WAIT {
            let part = part(connection, unsettled.message)?;
            step(connection, &part, Step::NotFound, Some(&SendReason::NotFound), None, now)?;
            all.extend(changes(connection, &part, false)?);
        }
    }
    Ok(all)
}

//! Everything that was sent, or shall be: each press of Send, newest first.

use std::collections::BTreeMap;

use backscroll_model::{
    AccountId, ConversationId, IntentId, LedgerEntry, LedgerPage, LedgerPart, MessageId, Place, RemoteId, SendState,
    Timestamp,
};
use rusqlite::Connection;

use super::{attempts_of, progress::derived, reason_of};
use crate::{Result, StoreError, account::platform_of, codes, message::id_list, preview};

/// A page of the ledger, of one conversation or of all.
pub fn ledger(
    connection: &Connection,
    conversation: Option<ConversationId>,
    after: Option<&Place>,
    limit: u32,
) -> Result<LedgerPage> {
    let before = match after {
        None => i64::MAX,
        Some(place) => place.0.parse().map_err(|_| StoreError::BadPlace)?,
    };
    let sql = if conversation.is_some() { OF_ONE } else { OF_ALL };
    let mut rows = entries(connection, sql, (before, i64::from(limit) + 1, conversation.map(|id| id.0)))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    fill(connection, &mut rows)?;
    let next = rows.last().filter(|_| more).map(|row| Place(row.intent.to_string()));
    Ok(LedgerPage { rows, next })
}

/// What a conversation has for later and what missed its time, soonest first; at most [`PLANNED_AT_ONCE`].
pub fn planned(connection: &Connection, conversation: ConversationId) -> Result<Vec<LedgerEntry>> {
    let mut rows = entries(connection, PLANNED, (PLANNED_AT_ONCE, conversation.0))?;
    fill(connection, &mut rows)?;
    Ok(rows)
}

/// More than anybody plans in one conversation.
const PLANNED_AT_ONCE: i64 = 200;

fn entries(connection: &Connection, sql: &'static str, parameters: impl rusqlite::Params) -> Result<Vec<LedgerEntry>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(LedgerEntry {
            intent: IntentId(row.get(0)?),
            account: AccountId(row.get(1)?),
            platform: platform_of(&row.get::<_, String>(2)?)?,
            conversation: ConversationId(row.get(3)?),
            person: row.get(4)?,
            created_at: Timestamp(row.get(5)?),
            send_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
            state: SendState::Queued,
            parts: Vec::new(),
        });
    }
    Ok(rows)
}

fn fill(connection: &Connection, rows: &mut [LedgerEntry]) -> Result<()> {
    let mut parts = parts(connection, rows)?;
    for row in rows {
        row.parts = parts.remove(&row.intent).unwrap_or_default();
        let states: Vec<SendState> = row.parts.iter().map(|part| part.state).collect();
        row.state = derived(&states).unwrap_or(SendState::Failed);
    }
    Ok(())
}

pub(crate) const OF_ALL: &str = "SELECT i.id, i.account, a.platform, i.conversation, c.name, i.created_at, i.send_at
    FROM intent i CROSS JOIN account a ON a.id = i.account CROSS JOIN conversation c ON c.id = i.conversation
    WHERE i.id < ?1 AND ?3 IS NULL ORDER BY i.id DESC LIMIT ?2";
pub(crate) const OF_ONE: &str = "SELECT i.id, i.account, a.platform, i.conversation, c.name, i.created_at, i.send_at
    FROM intent i INDEXED BY intent_conversation CROSS JOIN account a ON a.id = i.account
    CROSS JOIN conversation c ON c.id = i.conversation
    WHERE i.conversation = ?3 AND i.id < ?1 ORDER BY i.id DESC LIMIT ?2";
pub(crate) const PLANNED: &str = "SELECT i.id, i.account, a.platform, i.conversation, c.name, i.created_at, i.send_at
    FROM conversation c CROSS JOIN account a ON a.id = c.account CROSS JOIN intent i ON i.id IN (
        SELECT p.intent FROM part p INDEXED BY part_unfinished
        WHERE p.account = c.account AND p.conversation = c.id AND p.state NOT IN (3, 4) AND p.state = 0)
    WHERE c.id = ?2 AND i.send_at IS NOT NULL ORDER BY i.send_at, i.id LIMIT ?1";

fn parts(connection: &Connection, rows: &[LedgerEntry]) -> Result<BTreeMap<IntentId, Vec<LedgerPart>>> {
    let mut statement = connection.prepare_cached(
        "SELECT p.intent, p.id, p.message, p.state, p.reason, p.since, m.kind, m.text, m.remote_id,
            (SELECT json_group_array(f.name ORDER BY f.ordinal) FROM outgoing_file f WHERE f.part = p.id)
         FROM json_each(?1) wanted CROSS JOIN part p INDEXED BY part_intent ON p.intent = wanted.value
         LEFT JOIN message m ON m.id = p.message ORDER BY p.intent, p.ordinal",
    )?;
    let mut found = statement.query([id_list(rows.iter().map(|row| row.intent.0))])?;
    let mut parts: BTreeMap<IntentId, Vec<LedgerPart>> = BTreeMap::new();
    while let Some(row) = found.next()? {
        let files: String = row.get(9)?;
        parts.entry(IntentId(row.get(0)?)).or_default().push(LedgerPart {
            message: row.get::<_, Option<i64>>(2)?.map(MessageId),
            kind: row.get::<_, Option<i64>>(6)?.map(codes::kind_of).transpose()?,
            text: row.get::<_, Option<String>>(7)?.as_deref().and_then(preview),
            remote_id: row.get::<_, Option<String>>(8)?.map(RemoteId),
            state: codes::send_state_of(row.get(3)?)?,
            reason: reason_of(row.get(4)?)?,
            since: Timestamp(row.get(5)?),
            files: serde_json::from_str(&files).unwrap_or_default(),
            attempts: attempts_of(connection, row.get(1)?)?,
        });
    }
    Ok(parts)
}

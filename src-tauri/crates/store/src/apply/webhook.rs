//! What webhooks and readings tell of the same message becomes one row, whichever comes first
//! (`reference/meta-graph.md` 7 and 10).
//!
//! - **By the platform's id.** The reading's word stands for kind, text, files and payload; a webhook only fills in what
//!   the reading does not say (Instagram's shared posts and stories are readable in the live webhook alone).
//! - **Time.** Readings tell whole seconds, webhooks milliseconds. Within one second the more precise one is kept, of two
//!   seconds the reading's. So a message never changes its second, and the order by (at, tie) is the same whichever came
//!   first. Among messages of one second the reading's order stands: one that it lists behind another has at least that
//!   one's milliseconds ([`keep_listing`]).
//! - **Twins.** Should Instagram know a message by one id in webhooks and by another in readings, the two are brought
//!   together once by conversation, direction, text and ± 2 s. The row takes the reading's id, and the webhook's is kept
//!   beside it, because edits, reactions and unsends name it. A wrong guess heals with the next reading, which brings
//!   the message whose place was taken.

use backscroll_model::{Event, MessageKind, MessageSeen, Platform, RemoteId, SECOND};
use rusqlite::{Connection, OptionalExtension};

use super::{Facts, Work, held::HeldMessages, merge::stays_read};
use crate::{Result, codes, codes::flag, parked::Target};

/// Clocks of webhooks and readings differ by less than this, in ms.
pub(super) const NEAR: i64 = 2 * SECOND;

/// The time of a message of which two are told, the reading's given second where they do not differ by precision alone.
pub(super) fn precise(one: i64, other: i64) -> i64 {
    let same_second = one.div_euclid(SECOND) == other.div_euclid(SECOND);
    if same_second && other.rem_euclid(SECOND) == 0 { one } else { other }
}

/// Gives what readings list behind a message that a webhook told, within the same second, at least that one's milliseconds.
/// A message that only a webhook told has no place in a listing yet; one that its own webhook or reading told to the
/// millisecond keeps its time.
pub(super) fn keep_listing(connection: &Connection, work: &mut Work) -> Result<()> {
    let Some((from, to)) = work.hooked else { return Ok(()) };
    let start = |at: i64| at - at.rem_euclid(SECOND);
    let mut rows: Vec<Listed> = connection
        .prepare_cached(LISTED)?
        .query_map((work.row.id, start(from), start(to) + SECOND - 1), |row| {
            Ok(Listed { tie: row.get(0)?, at: row.get(1)?, id: row.get(2)?, hooked: row.get(3)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    for second in rows.chunk_by_mut(|one, next| start(one.at) == start(next.at)) {
        second.sort_unstable_by_key(|row| row.tie);
        // What was moved before stands exactly where a webhook told another one.
        let told: Vec<i64> = second.iter().filter(|row| row.hooked).map(|row| row.at).collect();
        let mut least = i64::MIN;
        for rank in second.chunk_by(|one, next| one.tie == next.tie) {
            let may_move = |row: &&Listed| !row.hooked && (start(row.at) == row.at || told.contains(&row.at));
            for row in rank.iter().filter(may_move).filter(|row| row.at < least) {
                connection.prepare_cached("UPDATE message SET at = ?2 WHERE id = ?1")?.execute((row.id, least))?;
                stays_read(work, row.at, least);
                work.touched.insert(row.id);
                work.delta.recompute = true;
            }
            least = rank.iter().filter(|row| row.hooked).map(|row| row.at).fold(least, i64::max);
        }
    }
    Ok(())
}

/// A message in a reading's listing.
struct Listed {
    tie: i64,
    at: i64,
    id: i64,
    /// A webhook told it, too.
    hooked: bool,
}

pub(super) const LISTED: &str = "SELECT tie, at, id, flags & 128 <> 0 FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND flags & 32 = 0 AND digest <> 0 AND remote_id IS NOT NULL
    ORDER BY at";

/// Whether a reading says nothing of a message's content.
pub(super) fn is_empty(seen: &MessageSeen) -> bool {
    seen.text.is_none() && seen.attachments.is_empty() && matches!(seen.kind, MessageKind::Text | MessageKind::Unknown)
}

/// The same of a row.
pub(super) fn row_is_empty(kind: i64, flags: i64, text: Option<&str>) -> bool {
    text.is_none()
        && flags & flag::ATTACHMENTS == 0
        && (kind == codes::kind(MessageKind::Text) || kind == codes::kind(MessageKind::Unknown))
}

/// The row of a message that a webhook speaks about, with the id that the row goes by.
pub(super) fn target(
    connection: &Connection,
    facts: &Facts,
    work: &Work,
    message: &RemoteId,
) -> Result<Option<(RemoteId, Target)>> {
    let row = |row: &rusqlite::Row<'_>| {
        let target = Target { id: row.get(1)?, at: row.get(2)?, kind: row.get(3)?, flags: row.get(4)? };
        Ok((RemoteId(row.get(0)?), target, row.get::<_, i64>(5)?))
    };
    let mut found = connection
        .prepare_cached(
            "SELECT remote_id, id, at, kind, flags, conversation FROM message
             WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2",
        )?
        .query_row((facts.account, message.as_str()), row)
        .optional()?;
    if found.is_none() {
        found = connection
            .prepare_cached(
                "SELECT m.remote_id, m.id, m.at, m.kind, m.flags, m.conversation FROM alias a
                 JOIN message m ON m.id = a.message WHERE a.account = ?1 AND a.remote_id = ?2",
            )?
            .query_row((facts.account, message.as_str()), row)
            .optional()?;
    }
    Ok(found.filter(|(_, _, conversation)| *conversation == work.row.id).map(|(id, target, _)| (id, target)))
}

/// The row of a message that is not held by its id but may be under another one; it can be found by its id afterwards.
pub(super) fn twin(
    connection: &Connection,
    facts: &Facts,
    work: &Work,
    seen: &MessageSeen,
    is_webhook: bool,
    held: &HeldMessages,
    page: &[Event],
) -> Result<bool> {
    if facts.platform != Platform::Instagram {
        return Ok(false);
    }
    if is_webhook {
        return webhooks_twin(connection, facts, work, seen);
    }
    let mut near = held.unnamed(flag::WEBHOOK, seen.at.0, page);
    near.sort_unstable_by_key(|(_, id, _)| *id);
    for (_, id, other) in near {
        let adopted = connection
            .prepare_cached(
                "UPDATE message SET remote_id = ?2, remote_hash = id_hash(?2)
                 WHERE id = ?1 AND remote_id = ?3 AND direction = ?4 AND text IS ?5
                    AND (text IS NOT NULL OR kind = ?6) AND kind <> 7 AND NOT EXISTS (
                        SELECT 1 FROM message WHERE account = ?7 AND remote_hash = id_hash(?2) AND remote_id = ?2)",
            )?
            .execute((
                id,
                seen.remote_id.as_str(),
                other,
                codes::direction(seen.direction),
                &seen.text,
                codes::kind(seen.kind),
                facts.account,
            ))?;
        if adopted > 0 {
            also_known_as(connection, facts, other, id)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// A webhook that comes after the reading: a row that no webhook has told the milliseconds of.
fn webhooks_twin(connection: &Connection, facts: &Facts, work: &Work, seen: &MessageSeen) -> Result<bool> {
    if target(connection, facts, work, &seen.remote_id)?.is_some() {
        return Ok(true);
    }
    let found: Option<i64> = connection
        .prepare_cached(TWIN)?
        .query_row(
            (
                work.row.id,
                seen.at.0 - NEAR,
                seen.at.0 + NEAR,
                codes::direction(seen.direction),
                &seen.text,
                codes::kind(seen.kind),
                seen.at.0,
            ),
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = found else { return Ok(false) };
    also_known_as(connection, facts, seen.remote_id.as_str(), id)?;
    Ok(true)
}

pub(super) const TWIN: &str = "SELECT id FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 AND flags & 128 = 0 AND direction = ?4 AND text IS ?5
        AND (text IS NOT NULL OR kind = ?6) AND kind <> 7 AND remote_id IS NOT NULL AND digest <> 0 AND flags & 32 = 0
        AND NOT EXISTS (SELECT 1 FROM alias INDEXED BY alias_message WHERE message = message.id)
    ORDER BY abs(at - ?7), id LIMIT 1";

pub(super) fn also_known_as(connection: &Connection, facts: &Facts, remote_id: &str, message: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO alias (account, remote_id, message) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute((facts.account, remote_id, message))?;
    Ok(())
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;

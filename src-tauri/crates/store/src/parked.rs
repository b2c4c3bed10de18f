//! What webhooks say about a message beside the message itself: it was edited, somebody reacted, the other side has read
//! it. Such a word may come before its message, late, or twice (`reference/meta-graph.md` 7.6, 10).
//!
//! Promises:
//! - It is applied to a message that is held, and otherwise waits here until the message comes. What was waiting when a
//!   *reading* brings the message is dropped where that reading is the newer truth: its text, and its reactions up to the
//!   time of the reading.
//! - Order among webhooks does not matter: the largest edition counts, and of each person the latest reaction. For that
//!   the last word stays here for 30 days after it was applied, the text of an edit not.
//! - Order between webhooks and readings heals itself: whatever is applied here has the next reading compared in full, and
//!   that reading is what stays. So after it the messages are what they would be without webhooks.
//! - What is taken back leaves nothing here.

use backscroll_model::{DAY, RemoteId, Timestamp};
use rusqlite::Connection;

use crate::{
    Result,
    apply::{Facts, Work},
    codes,
    codes::flag,
    search,
};

/// A message that does not come in this time is not waited for any longer.
const WAITS: i64 = 30 * DAY;

const EDITED: i64 = 0;
const REACTED: i64 = 1;
const READ: i64 = 2;

/// A digest that no message has: the next reading is compared in full. Not 0, which says that no reading showed it yet.
const LOOK_AGAIN: i64 = 1;

/// Whether the account has anything here: the usual case costs one look.
pub(crate) fn any(connection: &Connection, account: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM parked WHERE account = ?1)")?
        .query_row([account], |row| row.get(0))?)
}

/// One word about a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word<'p> {
    /// Its text now, and how often it was edited.
    Edited(&'p str, u32),
    /// Who reacted, with what, when.
    Reacted(&'p RemoteId, Option<&'p str>, Timestamp),
    /// The other side has read it.
    Read,
}

/// A message as far as this module needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) id: i64,
    pub(crate) at: i64,
    pub(crate) kind: i64,
    pub(crate) flags: i64,
}

/// Takes in one word; `held`: the message that it is about, if it is here. Returns whether that changed.
pub(crate) fn say(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    message: &RemoteId,
    held: Option<Target>,
    word: Word<'_>,
    now: Timestamp,
) -> Result<bool> {
    if held.is_some_and(|held| held.kind == codes::UNSENT) {
        return Ok(false);
    }
    if let (Word::Read, Some(held)) = (word, held) {
        read(work, held.at);
        return Ok(false);
    }
    let (what, by, number, text) = match word {
        Word::Edited(text, edition) => (EDITED, "", i64::from(edition), Some(text)),
        Word::Reacted(by, emoji, at) => (REACTED, by.as_str(), at.0, emoji),
        Word::Read => (READ, "", 0, None),
    };
    let is_news =
        connection.prepare_cached(SAY)?.execute((facts.account, message.as_str(), what, by, number, text, now.0))? > 0;
    if is_news {
        connection.prepare_cached("DELETE FROM parked WHERE parked_at < ?1")?.execute([now.plus(-WAITS).0])?;
    }
    match held {
        Some(mut held) if is_news => apply(connection, facts, work, message, &mut held, word),
        _ => Ok(false),
    }
}

/// The larger number counts; of equal ones any, as long as it is always the same.
const SAY: &str = "INSERT INTO parked (account, message, what, by, number, text, parked_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (account, message, what, by) DO UPDATE SET
        number = excluded.number, text = excluded.text, parked_at = excluded.parked_at
    WHERE excluded.number > number OR excluded.number = number AND what = 1
        AND ifnull(excluded.text, '') > ifnull(text, '')";

fn apply(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    message: &RemoteId,
    held: &mut Target,
    word: Word<'_>,
) -> Result<bool> {
    match word {
        Word::Read => {
            read(work, held.at);
            return Ok(false);
        }
        Word::Edited(text, _) => {
            search::replace(connection, held.id, Some(text))?;
            connection.prepare_cached("UPDATE message SET text = ?2 WHERE id = ?1")?.execute((held.id, text))?;
            work.delta.recompute = true;
            spent(connection, facts, message)?;
        }
        Word::Reacted(by, emoji, at) => {
            connection
                .prepare_cached("DELETE FROM reaction WHERE message = ?1 AND by = ?2")?
                .execute((held.id, by.as_str()))?;
            if let Some(emoji) = emoji {
                connection.prepare_cached(crate::apply::INSERT_REACTION)?.execute((
                    held.id,
                    by.as_str(),
                    emoji,
                    at.0,
                    true,
                ))?;
            }
            let any: bool = connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM reaction WHERE message = ?1)")?
                .query_row([held.id], |row| row.get(0))?;
            held.flags = if any { held.flags | flag::REACTIONS } else { held.flags & !flag::REACTIONS };
        }
    }
    connection
        .prepare_cached("UPDATE message SET flags = ?2, digest = iif(digest = 0, 0, ?3) WHERE id = ?1")?
        .execute((held.id, held.flags, LOOK_AGAIN))?;
    work.touched.insert(held.id);
    work.look_again = true;
    Ok(true)
}

/// Up to the end of the message's second: readings tell whole seconds, webhooks tell when within it.
fn read(work: &mut Work, at: i64) {
    let columns = &mut work.row.now;
    columns.read_up_to = columns.read_up_to.max(Some(at - at.rem_euclid(1_000) + 999));
}

/// The text of an edit is not kept twice.
fn spent(connection: &Connection, facts: &Facts, message: &RemoteId) -> Result<()> {
    connection
        .prepare_cached("UPDATE parked SET text = NULL WHERE account = ?1 AND message = ?2 AND what = 0")?
        .execute((facts.account, message.as_str()))?;
    Ok(())
}

/// How a message came that something may be waiting for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Came {
    /// By a webhook.
    Told,
    /// By a reading of this time; whether it says who reacted.
    Read { at: i64, reactions: bool },
}

/// The message is a row now: what waits for it is applied, or dropped where the reading is newer.
pub(crate) fn came(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    message: &RemoteId,
    mut row: Target,
    how: Came,
) -> Result<()> {
    if row.kind == codes::UNSENT {
        return forget(connection, facts, message);
    }
    let waiting: Vec<(i64, String, i64, Option<String>)> = connection
        .prepare_cached("SELECT what, by, number, text FROM parked WHERE account = ?1 AND message = ?2")?
        .query_map((facts.account, message.as_str()), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (what, by, number, text) in waiting {
        let older = match how {
            Came::Told => false,
            Came::Read { at, reactions } => what == EDITED || (what == REACTED && reactions && number <= at),
        };
        match (what, text) {
            (READ, _) => {
                read(work, row.at);
                connection
                    .prepare_cached("DELETE FROM parked WHERE account = ?1 AND message = ?2 AND what = 2")?
                    .execute((facts.account, message.as_str()))?;
            }
            (EDITED, _) if older => spent(connection, facts, message)?,
            (EDITED, Some(text)) => {
                let edition = u32::try_from(number).unwrap_or(u32::MAX);
                apply(connection, facts, work, message, &mut row, Word::Edited(&text, edition))?;
            }
            (REACTED, text) if !older => {
                let by = RemoteId(by);
                let word = Word::Reacted(&by, text.as_deref(), Timestamp(number));
                apply(connection, facts, work, message, &mut row, word)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Who reacted, or took a reaction back, later than this: a reading of that time says nothing of them.
pub(crate) fn reacted_after(
    connection: &Connection,
    facts: &Facts,
    message: &RemoteId,
    at: i64,
) -> Result<Vec<RemoteId>> {
    Ok(connection
        .prepare_cached(
            "SELECT by FROM parked WHERE account = ?1 AND message = ?2 AND what = 1 AND number > ?3 ORDER BY by",
        )?
        .query_map((facts.account, message.as_str(), at), |row| row.get(0).map(RemoteId))?
        .collect::<rusqlite::Result<_>>()?)
}

/// The message was taken back.
pub(crate) fn forget(connection: &Connection, facts: &Facts, message: &RemoteId) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM parked WHERE account = ?1 AND message = ?2")?
        .execute((facts.account, message.as_str()))?;
    Ok(())
}

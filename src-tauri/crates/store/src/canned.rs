//! Canned replies, in the user's own order.
//!
//! Promises: a shortcut word finds one reply; an order holds every reply once, whatever a caller names.
//!
//! Refuses: cleaning what it is given ([`CannedReplyForm`]), and filling in variables, which is the page's part.

use backscroll_model::{CannedReply, CannedReplyForm, CannedReplyId};
use rusqlite::{Connection, Row};

use crate::{Result, StoreError};

/// How many there are at most: more than one finds again by typing, and all are read at once.
pub const MOST: usize = 200;

/// What became of a reply that was to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is kept.
    Kept(CannedReply),
    /// Another reply has the word.
    WordTaken,
    /// There are [`MOST`] already.
    Full,
}

fn read(row: &Row<'_>) -> rusqlite::Result<CannedReply> {
    Ok(CannedReply { id: CannedReplyId(row.get(0)?), title: row.get(1)?, word: row.get(2)?, text: row.get(3)? })
}

/// All of them, in the user's order.
pub fn replies(connection: &Connection) -> Result<Vec<CannedReply>> {
    let mut statement =
        connection.prepare_cached("SELECT id, title, word, text FROM canned_reply ORDER BY position, id")?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a new reply, as the last one, or changes that of `id`. `form` is cleaned already.
pub fn save(connection: &Connection, id: Option<CannedReplyId>, form: &CannedReplyForm) -> Result<Saved> {
    let word = Some(form.word.as_str()).filter(|word| !word.is_empty());
    let taken: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM canned_reply WHERE word = ?1 AND id IS NOT ?2)")?
        .query_row((word, id.map(|id| id.0)), |row| row.get(0))?;
    if taken {
        return Ok(Saved::WordTaken);
    }
    let Some(id) = id else {
        let held: i64 =
            connection.prepare_cached("SELECT count(*) FROM canned_reply")?.query_row([], |row| row.get(0))?;
        if usize::try_from(held).is_ok_and(|held| held >= MOST) {
            return Ok(Saved::Full);
        }
        let kept = connection
            .prepare_cached(
                "INSERT INTO canned_reply (position, title, word, text)
                 VALUES ((SELECT ifnull(max(position), 0) + 1 FROM canned_reply), ?1, ?2, ?3)
                 RETURNING id, title, word, text",
            )?
            .query_row((&form.title, word, &form.text), read)?;
        return Ok(Saved::Kept(kept));
    };
    let kept = connection
        .prepare_cached(
            "UPDATE canned_reply SET title = ?2, word = ?3, text = ?4 WHERE id = ?1 RETURNING id, title, word, text",
        )?
        .query_row((id.0, &form.title, word, &form.text), read);
    match kept {
        Err(rusqlite::Error::QueryReturnedNoRows) => Err(StoreError::NotFound("canned reply")),
        kept => Ok(Saved::Kept(kept?)),
    }
}

/// Deletes one.
pub fn delete(connection: &Connection, id: CannedReplyId) -> Result<()> {
    match connection.prepare_cached("DELETE FROM canned_reply WHERE id = ?1")?.execute([id.0])? {
        0 => Err(StoreError::NotFound("canned reply")),
        _ => Ok(()),
    }
}

/// Puts them into this order; what is not named comes after it as it stood, what does not exist is passed over.
pub fn order(connection: &Connection, ids: &[CannedReplyId]) -> Result<()> {
    let place = |id: CannedReplyId| ids.iter().position(|wanted| *wanted == id).unwrap_or(usize::MAX);
    let mut sorted: Vec<CannedReplyId> = replies(connection)?.into_iter().map(|reply| reply.id).collect();
    sorted.sort_by_key(|id| place(*id));
    for (position, id) in (1_i64..).zip(sorted) {
        connection
            .prepare_cached("UPDATE canned_reply SET position = ?2 WHERE id = ?1 AND position <> ?2")?
            .execute((id.0, position))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "canned_tests.rs"]
mod tests;

//! New facts about held messages: edits, reactions, files, and what was taken back.
//!
//! Nothing is lost by not being mentioned: an absent text, an empty list of files and unknown reactions leave what is
//! held. A tombstone is final, whatever a stale page says later.

use std::collections::HashSet;

use backscroll_model::{AttachmentSeen, MessageKind, MessageSeen, ReactionSeen, RemoteId, text::clean_line};
use rusqlite::{Connection, OptionalExtension, Statement};

use super::{Facts, Work, digest::without_query};
use crate::{Result, codes, codes::flag, outbox, raw, search};

pub(super) const INSERT_ATTACHMENT: &str =
    "INSERT INTO attachment (message, ordinal, kind, type_name, url, state, name, detail, mime, told_size)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(super) const INSERT_REACTION: &str =
    "INSERT INTO reaction (message, by, emoji) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

/// What came of a message that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merged {
    Unchanged,
    Changed,
    /// The platform's id belongs to another conversation here.
    NotOurs,
}

struct Held {
    id: i64,
    conversation: i64,
    at: i64,
    tie: u16,
    kind: i64,
    origin: i64,
    flags: i64,
    text: Option<String>,
    digest: i64,
}

fn find(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<Option<Held>> {
    Ok(connection
        .prepare_cached(
            "SELECT id, conversation, at, tie, kind, origin, flags, text, digest FROM message
             WHERE account = ?1 AND remote_id = ?2",
        )?
        .query_row((facts.account, remote_id.as_str()), |row| {
            Ok(Held {
                id: row.get(0)?,
                conversation: row.get(1)?,
                at: row.get(2)?,
                tie: row.get(3)?,
                kind: row.get(4)?,
                origin: row.get(5)?,
                flags: row.get(6)?,
                text: row.get(7)?,
                digest: row.get(8)?,
            })
        })
        .optional()?)
}

/// Merges what is seen of a held message.
pub(super) fn merge(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    seen: &MessageSeen,
    digest: i64,
) -> Result<Merged> {
    let Some(mut held) = find(connection, facts, &seen.remote_id)? else { return Ok(Merged::NotOurs) };
    if held.conversation != work.row.id {
        return Ok(Merged::NotOurs);
    }
    let tie = held.tie.max(seen.tie);
    let moved = (held.at, held.tie) != (seen.at.0, tie);
    let said_anew = held.digest != digest;
    let mut changed = moved;
    if held.kind != codes::UNSENT && said_anew {
        if seen.kind == MessageKind::Unsent {
            tombstone(connection, held.id)?;
            (held.kind, held.text, held.flags) = (codes::UNSENT, None, 0);
            changed = true;
        } else {
            changed |= content(connection, &mut held, seen)?;
        }
        work.delta.recompute |= changed;
        if let Some(reactions) = seen.reactions.as_deref().filter(|_| held.kind != codes::UNSENT) {
            changed |= react(connection, &mut held, reactions)?;
        }
    }
    if held.kind != codes::UNSENT {
        changed |= files(connection, &mut held, &seen.attachments, said_anew)?;
    }
    if !changed {
        return Ok(Merged::Unchanged);
    }
    work.delta.recompute |= moved;
    // A tombstone keeps no payload but the one that says so itself.
    if said_anew && !seen.raw.is_empty() && (held.kind != codes::UNSENT || seen.kind == MessageKind::Unsent) {
        raw::Packer::new()?.store(&mut *connection.prepare_cached(raw::INSERT)?, held.id, &seen.raw)?;
        held.flags |= flag::RAW;
    }
    connection
        .prepare_cached(
            "UPDATE message SET at = ?2, tie = ?3, kind = ?4, flags = ?5, text = ?6, digest = ?7 WHERE id = ?1",
        )?
        .execute((held.id, seen.at.0, tie, held.kind, held.flags, &held.text, digest))?;
    work.touched.insert(held.id);
    Ok(Merged::Changed)
}

/// Text and kind.
fn content(connection: &Connection, held: &mut Held, seen: &MessageSeen) -> Result<bool> {
    let mut changed = false;
    let kind = codes::kind(seen.kind);
    if kind != held.kind && seen.kind != MessageKind::Unknown {
        held.kind = kind;
        changed = true;
    }
    let Some(text) = seen.text.as_deref() else { return Ok(changed) };
    // A platform trims what we sent: that is not an edit.
    let ours = held.origin == codes::BACKSCROLL
        && held.text.as_deref().is_some_and(|held| outbox::normalised(held) == outbox::normalised(text));
    if held.text.as_deref() != Some(text) && !ours {
        search::replace(connection, held.id, Some(text))?;
        held.text = Some(text.to_owned());
        changed = true;
    }
    Ok(changed)
}

/// The whole set of reactions.
fn react(connection: &Connection, held: &mut Held, seen: &[ReactionSeen]) -> Result<bool> {
    let before: HashSet<(String, String)> = if held.flags & flag::REACTIONS == 0 {
        HashSet::new()
    } else {
        connection
            .prepare_cached("SELECT by, emoji FROM reaction WHERE message = ?1")?
            .query_map([held.id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?
    };
    let now: HashSet<(String, String)> = seen.iter().map(|r| (r.by.0.clone(), r.emoji.clone())).collect();
    if before == now {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM reaction WHERE message = ?1")?.execute([held.id])?;
    let mut insert = connection.prepare_cached(INSERT_REACTION)?;
    for (by, emoji) in &now {
        insert.execute((held.id, by, emoji))?;
    }
    held.flags = if now.is_empty() { held.flags & !flag::REACTIONS } else { held.flags | flag::REACTIONS };
    Ok(true)
}

/// Files and links, one by one. A link that was signed anew replaces one that waits or died; that is not a change.
fn files(connection: &Connection, held: &mut Held, seen: &[AttachmentSeen], said_anew: bool) -> Result<bool> {
    if seen.is_empty() || (held.flags & flag::ATTACHMENTS == 0 && !said_anew) {
        return Ok(false);
    }
    let before = {
        let mut statement = connection.prepare_cached(
            "SELECT id, kind, type_name, url, state FROM attachment WHERE message = ?1 ORDER BY ordinal",
        )?;
        let rows = statement.query_map([held.id], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, i64>(4)?,
            ))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    let mut changed = false;
    for (ordinal, file) in seen.iter().enumerate() {
        if let Some((id, kind, type_name, url, state)) = before.get(ordinal) {
            let same = *kind == codes::kind(file.kind)
                && *type_name == foreign_word(file)
                && url.as_deref().map(without_query) == file.url.as_deref().map(without_query);
            if same {
                if matches!(*state, codes::MEDIA_WAITING | codes::MEDIA_GONE) && *url != file.url {
                    connection
                        .prepare_cached("UPDATE attachment SET url = ?2, state = ?3 WHERE id = ?1")?
                        .execute((id, &file.url, codes::MEDIA_WAITING))?;
                }
                continue;
            }
            connection.prepare_cached("DELETE FROM attachment WHERE id = ?1")?.execute([id])?;
        }
        insert_attachment(&mut *connection.prepare_cached(INSERT_ATTACHMENT)?, held.id, ordinal, file)?;
        held.flags |= flag::ATTACHMENTS;
        changed = true;
    }
    Ok(changed)
}

/// Names and second lines are cut here.
const LINE_CHARS: usize = 300;

/// Stores one file or link through `insert`, the statement of [`INSERT_ATTACHMENT`].
pub(super) fn insert_attachment(
    insert: &mut Statement<'_>,
    message: i64,
    ordinal: usize,
    file: &AttachmentSeen,
) -> Result<()> {
    let shown = matches!(file.kind, MessageKind::Image | MessageKind::Sticker) && file.url.is_some();
    let state = if shown { codes::MEDIA_WAITING } else { codes::MEDIA_LINK };
    let ordinal = i64::try_from(ordinal).unwrap_or(i64::MAX);
    insert.execute((
        message,
        ordinal,
        codes::kind(file.kind),
        foreign_word(file),
        &file.url,
        state,
        file.name.as_deref().and_then(|name| clean_line(name, LINE_CHARS)),
        file.detail.as_deref().and_then(|detail| clean_line(detail, LINE_CHARS)),
        file.mime.as_deref().and_then(|mime| clean_line(mime, LINE_CHARS)),
        file.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
    ))?;
    Ok(())
}

/// The provider's own word, kept where our kind does not say it.
fn foreign_word(file: &AttachmentSeen) -> Option<String> {
    matches!(file.kind, MessageKind::Unknown | MessageKind::Share)
        .then(|| file.type_name.clone())
        .filter(|word| !word.is_empty())
}

/// Turns a message into a tombstone; one that is not held yet becomes one when it comes. Returns whether a row changed.
pub(super) fn take_back(connection: &Connection, facts: &Facts, work: &mut Work, remote_id: &RemoteId) -> Result<bool> {
    let Some(held) = find(connection, facts, remote_id)? else {
        connection
            .prepare_cached("INSERT INTO unsent (account, remote_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute((facts.account, remote_id.as_str()))?;
        return Ok(false);
    };
    if held.kind == codes::UNSENT || held.conversation != work.row.id {
        return Ok(false);
    }
    tombstone(connection, held.id)?;
    work.touched.insert(held.id);
    work.delta.recompute = true;
    Ok(true)
}

/// The text goes, with all that would give it back: files, reactions, payload, index.
pub(super) fn tombstone(connection: &Connection, id: i64) -> Result<()> {
    for sql in [
        "DELETE FROM attachment WHERE message = ?1",
        "DELETE FROM reaction WHERE message = ?1",
        "DELETE FROM raw WHERE id = ?1",
        "UPDATE message SET kind = 7, text = NULL, flags = 0, announce = nullif(announce, 1) WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    search::remove(connection, id)
}

/// Messages that were taken back before they were seen.
pub(super) fn unsent_before_seen(connection: &Connection, facts: &Facts) -> Result<HashSet<String>> {
    Ok(connection
        .prepare_cached("SELECT remote_id FROM unsent WHERE account = ?1")?
        .query_map([facts.account], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Forgets those that are tombstones now: what is left in `unsent` still waits.
pub(super) fn forget_unsent(connection: &Connection, facts: &Facts, unsent: &HashSet<String>) -> Result<()> {
    for remote_id in unsent_before_seen(connection, facts)? {
        if !unsent.contains(&remote_id) {
            connection
                .prepare_cached("DELETE FROM unsent WHERE account = ?1 AND remote_id = ?2")?
                .execute((facts.account, remote_id))?;
        }
    }
    Ok(())
}

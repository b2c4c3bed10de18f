//! New facts about held messages: edits, reactions, files.
//!
//! Nothing is lost by not being mentioned: an absent text, an empty list of files and unknown reactions leave what is
//! held. A tombstone is final, whatever a stale page says later.

use std::collections::HashSet;

use backscroll_model::{MessageKind, MessageSeen, ReactionSeen, RemoteId};
use rusqlite::{Connection, OptionalExtension};

use super::{Facts, Work, files, unsent, webhook};
use crate::{Result, codes, codes::flag, outbox, parked, raw, search};

pub(crate) const INSERT_REACTION: &str =
    "INSERT INTO reaction (message, by, emoji, at, told) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";

/// What came of a message that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merged {
    Unchanged,
    Changed,
    /// The platform's id belongs to another conversation here.
    NotOurs,
}

/// A message as it is held.
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) conversation: i64,
    pub(super) at: i64,
    pub(super) tie: u16,
    pub(super) kind: i64,
    pub(super) origin: i64,
    pub(super) flags: i64,
    pub(super) text: Option<String>,
    pub(super) digest: i64,
    pub(super) reply_to: Option<String>,
}

/// How a message was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct How {
    /// By a webhook.
    pub(super) webhook: bool,
    /// When it was read.
    pub(super) read_at: i64,
    /// Words of webhooks are kept that may be newer.
    pub(super) parked: bool,
}

pub(super) fn find(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<Option<Held>> {
    let found = one(connection, FIND, facts, remote_id)?;
    if found.is_some() {
        return Ok(found);
    }
    one(connection, FIND_BY_ALIAS, facts, remote_id)
}

pub(super) const FIND: &str = "SELECT id, conversation, at, tie, kind, origin, flags, text, digest, reply_to
    FROM message WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2";
pub(super) const FIND_BY_ALIAS: &str = "SELECT id, conversation, at, tie, kind, origin, flags, text, digest, reply_to
    FROM message WHERE id = (SELECT message FROM alias WHERE account = ?1 AND remote_id = ?2)";

fn one(connection: &Connection, sql: &'static str, facts: &Facts, remote_id: &RemoteId) -> Result<Option<Held>> {
    Ok(connection
        .prepare_cached(sql)?
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
                reply_to: row.get(9)?,
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
    how: How,
) -> Result<Merged> {
    let Some(mut held) = find(connection, facts, &seen.remote_id)? else { return Ok(Merged::NotOurs) };
    if held.conversation != work.row.id {
        return Ok(Merged::NotOurs);
    }
    // What the platform told before, a webhook only completes: it may come again, and after an edit.
    let completes = how.webhook && held.digest != 0;
    let first_read = !how.webhook && held.flags & flag::WEBHOOK != 0;
    // From here on it can be unread, and the provider's word counts for everything.
    let was_imported = held.flags & flag::IMPORTED != 0;
    work.delta.recompute |= was_imported;
    let named_by_the_present = held.flags & (flag::FORMER | flag::IMPORTED) != 0;
    let first_hook = how.webhook && held.flags & flag::HOOKED == 0;
    held.flags &= !(flag::FORMER | flag::IMPORTED);
    if how.webhook {
        held.flags |= flag::HOOKED;
    }
    let at = match held.digest {
        0 => seen.at.0,
        _ if completes && held.at.div_euclid(1_000) != seen.at.0.div_euclid(1_000) => held.at,
        _ => webhook::precise(held.at, seen.at.0),
    };
    let tie = held.tie.max(seen.tie);
    let moved = (held.at, held.tie) != (at, tie);
    let said_anew = held.digest != digest || was_imported;
    let mut changed = moved;
    let mut keeps_raw = false;
    if held.kind != codes::UNSENT && said_anew {
        if seen.kind == MessageKind::Unsent {
            unsent::tombstone(connection, held.id)?;
            (held.kind, held.text, held.flags) = (codes::UNSENT, None, held.flags & flag::HOOKED);
            held.reply_to = None;
            changed = true;
        } else if completes {
            keeps_raw = !webhook::row_is_empty(held.kind, held.flags, held.text.as_deref());
            changed |= complete(connection, &mut held, seen, keeps_raw)?;
        } else if first_read && webhook::is_empty(seen) {
            keeps_raw = true;
        } else {
            changed |= content(connection, &mut held, seen)?;
        }
        changed |= quote(&mut held, seen, completes);
        work.delta.recompute |= changed;
        if let Some(reactions) = seen.reactions.as_deref().filter(|_| held.kind != codes::UNSENT) {
            let newer = match how.parked {
                true => parked::reacted_after(connection, facts, &seen.remote_id, how.read_at)?,
                false => Vec::new(),
            };
            changed |= react(connection, &mut held, reactions, &newer, how.read_at)?;
        }
    }
    if held.kind != codes::UNSENT && !completes {
        changed |= files::merge(connection, &mut held, seen, said_anew)?;
    }
    if first_read {
        held.flags &= !flag::WEBHOOK;
    } else if how.webhook && held.digest == 0 {
        held.flags |= flag::WEBHOOK;
    } else if !changed && !named_by_the_present && !first_hook {
        return Ok(Merged::Unchanged);
    }
    work.delta.recompute |= moved;
    if moved {
        stays_read(work, held.at, at);
        if held.origin == codes::BACKSCROLL {
            let (from, to) = ((held.at, held.tie.into()), (at, tie.into()));
            work.touched.extend(outbox::keep_order(connection, held.conversation, held.id, from, to)?);
        }
    }
    // A tombstone keeps no payload but the one that says so itself.
    let says_more = said_anew && !keeps_raw && !seen.raw.is_empty();
    if says_more && (held.kind != codes::UNSENT || seen.kind == MessageKind::Unsent) {
        raw::replace(connection, held.id, work.row.now.participant, &seen.raw)?;
        held.flags |= flag::RAW;
    }
    connection
        .prepare_cached(
            "UPDATE message SET at = ?2, tie = ?3, kind = ?4, flags = ?5, text = ?6, digest = ?7, reply_to = ?8
             WHERE id = ?1",
        )?
        .execute((
            held.id,
            at,
            tie,
            held.kind,
            held.flags,
            &held.text,
            if completes { held.digest } else { digest },
            &held.reply_to,
        ))?;
    if !changed {
        return Ok(Merged::Unchanged);
    }
    work.touched.insert(held.id);
    Ok(Merged::Changed)
}

/// A message that is known to the millisecond now is not unread again.
pub(super) fn stays_read(work: &mut Work, before: i64, now: i64) {
    if before.div_euclid(1_000) != now.div_euclid(1_000) {
        return;
    }
    let columns = &mut work.row.now;
    for mark in [&mut columns.read_mark, &mut columns.history_mark] {
        *mark = mark.map(|mark| if (before..now).contains(&mark) { now } else { mark });
    }
}

/// What a webhook says beyond the reading.
fn complete(connection: &Connection, held: &mut Held, seen: &MessageSeen, has_content: bool) -> Result<bool> {
    let mut changed = false;
    let kind = codes::kind(seen.kind);
    let says_kind = seen.kind != MessageKind::Unknown && held.kind != kind;
    if says_kind && (!has_content || held.kind == codes::kind(MessageKind::Unknown)) {
        held.kind = kind;
        changed = true;
    }
    if let (None, Some(text)) = (&held.text, &seen.text) {
        search::replace(connection, held.id, Some(text))?;
        held.text = Some(text.clone());
        changed = true;
    }
    if held.flags & flag::ATTACHMENTS == 0 {
        changed |= files::merge(connection, held, seen, true)?;
    }
    Ok(changed)
}

/// The message that it quotes; never forgotten.
fn quote(held: &mut Held, seen: &MessageSeen, completes: bool) -> bool {
    let Some(other) = seen.reply_to.as_ref().filter(|_| held.kind != codes::UNSENT) else { return false };
    if held.reply_to.as_deref() == Some(other.as_str()) || (completes && held.reply_to.is_some()) {
        return false;
    }
    held.reply_to = Some(other.0.clone());
    held.flags |= flag::QUOTES;
    true
}

/// Text and kind.
fn content(connection: &Connection, held: &mut Held, seen: &MessageSeen) -> Result<bool> {
    let mut changed = false;
    let kind = codes::kind(seen.kind);
    let sent_files = held.origin == codes::BACKSCROLL && held.flags & flag::ATTACHMENTS != 0;
    if kind != held.kind && seen.kind != MessageKind::Unknown && !sent_files {
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

/// The whole set of reactions, but for the people of whom something `newer` is known. What is held keeps its time; what is
/// new is known since this reading.
fn react(
    connection: &Connection,
    held: &mut Held,
    seen: &[ReactionSeen],
    newer: &[RemoteId],
    read_at: i64,
) -> Result<bool> {
    let before: HashSet<(String, String)> = if held.flags & flag::REACTIONS == 0 {
        HashSet::new()
    } else {
        connection
            .prepare_cached("SELECT by, emoji FROM reaction WHERE message = ?1")?
            .query_map([held.id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?
    };
    let is_newer = |by: &str| newer.iter().any(|newer| newer.as_str() == by);
    let mut now: HashSet<(String, String)> =
        seen.iter().filter(|r| !is_newer(r.by.as_str())).map(|r| (r.by.0.clone(), r.emoji.clone())).collect();
    now.extend(before.iter().filter(|(by, _)| is_newer(by)).cloned());
    if before == now {
        return Ok(false);
    }
    let mut delete = connection.prepare_cached("DELETE FROM reaction WHERE message = ?1 AND by = ?2 AND emoji = ?3")?;
    for (by, emoji) in before.difference(&now) {
        delete.execute((held.id, by, emoji))?;
    }
    let mut insert = connection.prepare_cached(INSERT_REACTION)?;
    for (by, emoji) in now.difference(&before) {
        insert.execute((held.id, by, emoji, read_at, false))?;
    }
    held.flags = if now.is_empty() { held.flags & !flag::REACTIONS } else { held.flags | flag::REACTIONS };
    Ok(true)
}

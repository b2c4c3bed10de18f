//! New facts about held messages: edits, reactions, files, and what was taken back.
//!
//! Nothing is lost by not being mentioned: an absent text, an empty list of files and unknown reactions leave what is
//! held. A tombstone is final, whatever a stale page says later.

use std::collections::HashSet;

use backscroll_model::{
    AttachmentSeen, DAY, MessageKind, MessageSeen, ReactionSeen, RemoteId, Timestamp, text::clean_line,
};
use rusqlite::{Connection, OptionalExtension, Statement};

use super::{Facts, Work, digest::without_query, webhook};
use crate::{Result, codes, codes::flag, gaps::Covered, outbox, parked, placeholder, raw, search};

pub(super) const INSERT_ATTACHMENT: &str =
    "INSERT INTO attachment (message, ordinal, kind, type_name, url, state, name, detail, mime, told_size)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(crate) const INSERT_REACTION: &str =
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
    reply_to: Option<String>,
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

fn find(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<Option<Held>> {
    let found = one(connection, FIND, facts, remote_id)?;
    if found.is_some() {
        return Ok(found);
    }
    one(connection, FIND_BY_ALIAS, facts, remote_id)
}

pub(super) const FIND: &str = "SELECT id, conversation, at, tie, kind, origin, flags, text, digest, reply_to
    FROM message WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2";
/// Whether a message of an account is held.
pub(super) const HOLDS: &str =
    "SELECT 1 FROM message WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2";
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
    let named_by_the_present = held.flags & flag::FORMER != 0;
    held.flags &= !flag::FORMER;
    let at = match held.digest {
        0 => seen.at.0,
        _ if completes && held.at.div_euclid(1_000) != seen.at.0.div_euclid(1_000) => held.at,
        _ => webhook::precise(held.at, seen.at.0),
    };
    let tie = held.tie.max(seen.tie);
    let moved = (held.at, held.tie) != (at, tie);
    let said_anew = held.digest != digest;
    let mut changed = moved;
    let mut keeps_raw = false;
    if held.kind != codes::UNSENT && said_anew {
        if seen.kind == MessageKind::Unsent {
            tombstone(connection, held.id)?;
            (held.kind, held.text, held.flags) = (codes::UNSENT, None, 0);
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
            changed |= react(connection, &mut held, reactions, &newer)?;
        }
    }
    if held.kind != codes::UNSENT && !completes {
        changed |= files(connection, &mut held, seen, said_anew)?;
    }
    if first_read {
        held.flags &= !flag::WEBHOOK;
    } else if how.webhook && held.digest == 0 {
        held.flags |= flag::WEBHOOK;
    } else if !changed && !named_by_the_present {
        return Ok(Merged::Unchanged);
    }
    work.delta.recompute |= moved;
    if moved {
        stays_read(work, held.at, at);
    }
    // A tombstone keeps no payload but the one that says so itself.
    let says_more = said_anew && !keeps_raw && !seen.raw.is_empty();
    if says_more && (held.kind != codes::UNSENT || seen.kind == MessageKind::Unsent) {
        raw::Packer::new()?.store(&mut *connection.prepare_cached(raw::INSERT)?, held.id, &seen.raw)?;
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
fn stays_read(work: &mut Work, before: i64, now: i64) {
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
        changed |= files(connection, held, seen, true)?;
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

/// The whole set of reactions, but for the people of whom something `newer` is known.
fn react(connection: &Connection, held: &mut Held, seen: &[ReactionSeen], newer: &[RemoteId]) -> Result<bool> {
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
    connection.prepare_cached("DELETE FROM reaction WHERE message = ?1")?.execute([held.id])?;
    let mut insert = connection.prepare_cached(INSERT_REACTION)?;
    for (by, emoji) in &now {
        insert.execute((held.id, by, emoji))?;
    }
    held.flags = if now.is_empty() { held.flags & !flag::REACTIONS } else { held.flags | flag::REACTIONS };
    Ok(true)
}

/// Files and links, one by one. No platform exchanges a file of a message, so one of the same place and kind is the same
/// one, whatever its address: hosts and paths of the CDNs differ from answer to answer. Its copy is kept. An address that
/// was signed anew replaces one that waits or died; that is not a change.
fn files(connection: &Connection, held: &mut Held, message: &MessageSeen, said_anew: bool) -> Result<bool> {
    let seen = message.attachments.as_slice();
    if seen.is_empty() || (held.flags & flag::ATTACHMENTS == 0 && !said_anew) {
        return Ok(false);
    }
    let before = {
        let mut statement = connection.prepare_cached(
            "SELECT id, kind, type_name, name, detail, url, state FROM attachment WHERE message = ?1 ORDER BY ordinal",
        )?;
        let rows = statement.query_map([held.id], |row| {
            Ok(HeldFile {
                id: row.get(0)?,
                kind: row.get(1)?,
                words: (row.get(2)?, row.get(3)?, row.get(4)?),
                url: row.get(5)?,
                state: row.get(6)?,
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    let is_story = codes::kind_of(held.kind)?.is_story();
    let mut changed = false;
    for (ordinal, file) in seen.iter().enumerate() {
        if let Some(before) = before.get(ordinal) {
            if before.kind == codes::kind(file.kind) {
                changed |= retold(connection, before, file, is_story)?;
                continue;
            }
            connection.prepare_cached("DELETE FROM attachment WHERE id = ?1")?.execute([before.id])?;
        }
        insert_attachment(&mut *connection.prepare_cached(INSERT_ATTACHMENT)?, held.id, is_story, ordinal, file)?;
        held.flags |= flag::ATTACHMENTS;
        changed = true;
    }
    Ok(changed)
}

/// A file of a message, as it is held.
struct HeldFile {
    id: i64,
    kind: i64,
    /// The provider's word for it, its name, its second line.
    words: (Option<String>, Option<String>, Option<String>),
    url: Option<String>,
    state: i64,
}

/// The same file as another answer names it. Returns whether a person would see a difference.
fn retold(connection: &Connection, held: &HeldFile, file: &AttachmentSeen, is_story: bool) -> Result<bool> {
    let fetched = is_fetched(is_story, file);
    let state = match held.state {
        codes::MEDIA_GONE if held.url != file.url && fetched => codes::MEDIA_WAITING,
        codes::MEDIA_LINK if held.url.is_none() && fetched => codes::MEDIA_WAITING,
        state => state,
    };
    // A link that ended is shown as ended; an address from which a copy was or will be made is not forgotten.
    let url = file.url.as_ref().or(if held.state == codes::MEDIA_LINK { None } else { held.url.as_ref() });
    let (word, name, detail) = held.words.clone();
    let words =
        (foreign_word(file).or(word), line(file.name.as_deref()).or(name), line(file.detail.as_deref()).or(detail));
    // Only what will be fetched hangs on the signature; what is evicted is fetched when somebody asks for it.
    let is_fetchable = matches!(held.state, codes::MEDIA_WAITING | codes::MEDIA_GONE | codes::MEDIA_EVICTED);
    let moved = held.url.as_deref().map(without_query) != url.map(|url| without_query(url));
    if words == held.words && !moved && !(is_fetchable && url != held.url.as_ref()) {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE attachment SET url = ?2, state = ?3, type_name = ?4, name = ?5, detail = ?6,
                mime = iif(state = 2, mime, ifnull(?7, mime)), told_size = ifnull(?8, told_size) WHERE id = ?1",
        )?
        .execute((
            held.id,
            url,
            state,
            &words.0,
            &words.1,
            &words.2,
            line(file.mime.as_deref()),
            file.size.map(|size| i64::try_from(size).unwrap_or(i64::MAX)),
        ))?;
    Ok(words != held.words || (held.state == codes::MEDIA_LINK && moved))
}

/// Names and second lines are cut here.
const LINE_CHARS: usize = 300;

fn line(text: Option<&str>) -> Option<String> {
    text.and_then(|text| clean_line(text, LINE_CHARS))
}

/// What is fetched: files of people. Cards are links, and of a story no copy may be kept (`reference/meta-graph.md` 10).
fn is_fetched(is_story: bool, file: &AttachmentSeen) -> bool {
    use MessageKind::{Audio, File, Image, Sticker, Video};
    !is_story && file.url.is_some() && matches!(file.kind, Image | Sticker | Video | Audio | File)
}

/// Stores one file or link through `insert`, the statement of [`INSERT_ATTACHMENT`]. `is_story`: of the message.
pub(super) fn insert_attachment(
    insert: &mut Statement<'_>,
    message: i64,
    is_story: bool,
    ordinal: usize,
    file: &AttachmentSeen,
) -> Result<()> {
    let state = if is_fetched(is_story, file) { codes::MEDIA_WAITING } else { codes::MEDIA_LINK };
    let ordinal = i64::try_from(ordinal).unwrap_or(i64::MAX);
    insert.execute((
        message,
        ordinal,
        codes::kind(file.kind),
        foreign_word(file),
        &file.url,
        state,
        line(file.name.as_deref()),
        line(file.detail.as_deref()),
        line(file.mime.as_deref()),
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
pub(super) fn take_back(
    connection: &Connection,
    facts: &Facts,
    work: &mut Work,
    remote_id: &RemoteId,
    now: Timestamp,
) -> Result<bool> {
    let Some(held) = find(connection, facts, remote_id)? else {
        connection
            .prepare_cached(
                "INSERT INTO unsent (account, remote_id, unsent_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute((facts.account, remote_id.as_str(), now.0))?;
        connection.prepare_cached(FORGET_UNSENT)?.execute([now.plus(-UNSENT_WAITS).0])?;
        parked::forget(connection, facts, remote_id)?;
        let counted = placeholder::came(connection, facts.account, std::iter::once(remote_id))?;
        if counted.contains(&work.row.id) {
            work.covered = Covered::Reshaped;
        }
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
        "DELETE FROM parked WHERE (account, message) = (SELECT account, remote_id FROM message WHERE id = ?1)",
        "UPDATE message SET kind = 7, text = NULL, reply_to = NULL, flags = flags & 96,
            announce = nullif(announce, 1) WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    search::remove(connection, id)
}

/// Whether the message was taken back before it was seen; it becomes a tombstone now, and no longer waits for that.
pub(super) fn was_unsent(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<bool> {
    Ok(connection.prepare_cached(WAS_UNSENT)?.execute((facts.account, remote_id.as_str()))? > 0)
}

/// Whether the account waits for any such: the usual case costs one look.
pub(super) fn any_unsent(connection: &Connection, facts: &Facts) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unsent WHERE account = ?1)")?
        .query_row([facts.account], |row| row.get(0))?)
}

pub(super) const WAS_UNSENT: &str = "DELETE FROM unsent WHERE account = ?1 AND remote_id = ?2";
pub(super) const FORGET_UNSENT: &str = "DELETE FROM unsent WHERE unsent_at < ?1";
/// A message that does not come in this time never will, in ms.
const UNSENT_WAITS: i64 = 30 * DAY;

//! Attachments and where their local copies stand. The bytes are the media cache's; here is what is known of them.

use std::collections::BTreeSet;

use backscroll_model::{
    AccountId, AttachmentId, Change, ConversationId, MediaFailure, MediaSummary, MessageId, MessageKind, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{Result, StoreError, codes};

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingAttachment {
    /// Which.
    pub id: AttachmentId,
    /// The account that it came through.
    pub account: AccountId,
    /// What it is.
    pub kind: MessageKind,
    /// Where it is: signed, and dead soon.
    pub url: String,
    /// Its size in bytes, where the provider told one.
    pub told_size: Option<u64>,
    /// The conversation that it is in.
    pub conversation: ConversationId,
    /// When its message was, by the platform's clock.
    pub at: Timestamp,
}

impl WaitingAttachment {
    fn read(row: &Row<'_>) -> Result<Self> {
        let told: Option<i64> = row.get(4)?;
        Ok(Self {
            id: AttachmentId(row.get(0)?),
            account: AccountId(row.get(1)?),
            kind: codes::kind_of(row.get(2)?)?,
            url: row.get(3)?,
            told_size: told.and_then(|size| u64::try_from(size).ok()),
            conversation: ConversationId(row.get(5)?),
            at: Timestamp(row.get(6)?),
        })
    }
}

/// What is known of a file once it is in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Path behind `media://localhost/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of the bytes.
    pub sha256: [u8; 32],
    /// Its type, told by its bytes.
    pub mime: String,
    /// Pixels, of a picture.
    pub width: Option<u32>,
    /// See `width`.
    pub height: Option<u32>,
}

/// Pictures that wait to be fetched, those of the newest messages first: their links die soonest unseen.
pub fn attachments_waiting(connection: &Connection, limit: u32) -> Result<Vec<WaitingAttachment>> {
    waiting(connection, WAITING, limit)
}

/// Videos, sounds and files that wait to be fetched, likewise.
pub fn files_waiting(connection: &Connection, limit: u32) -> Result<Vec<WaitingAttachment>> {
    waiting(connection, FILES_WAITING, limit)
}

fn waiting(connection: &Connection, sql: &'static str, limit: u32) -> Result<Vec<WaitingAttachment>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(WaitingAttachment::read(row)?);
    }
    Ok(found)
}

pub(crate) const WAITING: &str = "SELECT a.id, m.account, a.kind, a.url, a.told_size, m.conversation, m.at
    FROM attachment a INDEXED BY attachment_waiting CROSS JOIN message m ON m.id = a.message
    WHERE a.state = 1 AND a.kind IN (1, 5) ORDER BY a.message DESC LIMIT ?1";
pub(crate) const FILES_WAITING: &str = "SELECT a.id, m.account, a.kind, a.url, a.told_size, m.conversation, m.at
    FROM attachment a INDEXED BY attachment_waiting CROSS JOIN message m ON m.id = a.message
    WHERE a.state = 1 AND a.kind NOT IN (1, 5) ORDER BY a.message DESC LIMIT ?1";

/// Bytes of all copies of attachments; the same content in several messages counts once. A walk along an index of the
/// copies, for housekeeping.
pub fn media_bytes(connection: &Connection) -> Result<u64> {
    let bytes: i64 = connection.prepare_cached(BYTES)?.query_row([], |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

pub(crate) const BYTES: &str = "SELECT ifnull(sum(size), 0) FROM (
    SELECT max(size) AS size FROM attachment INDEXED BY attachment_path WHERE state = 2 GROUP BY path)";

/// A copy that could make room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMedia {
    /// Which attachment.
    pub id: AttachmentId,
    /// Where the copy is.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Of the `limit` copies that were kept longest, those that could make room: those of the oldest messages first. What a
/// draft or a message that has not arrived still needs is not among them: nobody else has it, and nothing fetches it again.
pub fn oldest_media(connection: &Connection, limit: u32) -> Result<Vec<KeptMedia>> {
    let mut needed = attached(connection)?;
    let mut unsent = connection.prepare_cached(
        "SELECT a.path FROM part p CROSS JOIN attachment a INDEXED BY attachment_message ON a.message = p.message
         WHERE p.state NOT IN (3, 7) AND a.path IS NOT NULL",
    )?;
    for path in unsent.query_map([], |row| row.get(0))? {
        needed.insert(path?);
    }
    let mut statement = connection.prepare_cached(OLDEST)?;
    let rows = statement.query_map([limit], |row| {
        let size: Option<i64> = row.get(2)?;
        Ok(KeptMedia {
            id: AttachmentId(row.get(0)?),
            path: row.get(1)?,
            size: size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        })
    })?;
    let all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(all.into_iter().filter(|kept| !needed.contains(&kept.path)).collect())
}

pub(crate) const OLDEST: &str = "SELECT id, path, size FROM attachment INDEXED BY attachment_kept
    WHERE state = 2 AND path IS NOT NULL ORDER BY message, id LIMIT ?1";

/// These copies make room: fetched again only when somebody asks. Answers the paths that nothing refers to any more,
/// drafts included; remove the files after the commit.
pub fn evict_media(connection: &Connection, ids: &[AttachmentId]) -> Result<(Vec<String>, Vec<Change>)> {
    let (mut free, mut changes) = (BTreeSet::new(), Vec::new());
    for id in ids {
        let path: Option<String> = connection
            .prepare_cached("SELECT path FROM attachment WHERE id = ?1 AND state = 2")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .flatten();
        let Some(path) = path else { continue };
        connection
            .prepare_cached("UPDATE attachment SET state = ?2, path = NULL WHERE id = ?1")?
            .execute((id.0, codes::MEDIA_EVICTED))?;
        free.insert(path);
        changes.extend(changed(connection, *id)?);
    }
    let mut is_used = connection.prepare_cached(IS_USED)?;
    let mut paths = Vec::new();
    let attached = if free.is_empty() { BTreeSet::new() } else { attached(connection)? };
    for path in free {
        if !attached.contains(&path) && !is_used.query_row([&path], |row| row.get::<_, bool>(0))? {
            paths.push(path);
        }
    }
    Ok((paths, changes))
}

pub(crate) const IS_USED: &str =
    "SELECT EXISTS (SELECT 1 FROM attachment INDEXED BY attachment_path WHERE path = ?1 AND state = 2)";

/// What drafts show, which no attachment names yet, and the small pictures of what has not arrived. A walk through all
/// files on their way out, past and present.
fn attached(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT f.thumbnail FROM outgoing_file f LEFT JOIN part p ON p.id = f.part
            WHERE f.thumbnail IS NOT NULL AND (f.part IS NULL OR p.state NOT IN (3, 7))
         UNION SELECT json_extract(copy, '$.path') FROM outgoing_file WHERE copy IS NOT NULL AND part IS NULL",
    )?;
    let paths = statement.query_map([], |row| row.get(0))?;
    Ok(paths.collect::<rusqlite::Result<_>>()?)
}

/// The copy is in the cache.
pub fn set_media_ready(connection: &Connection, id: AttachmentId, file: &MediaFile) -> Result<Vec<Change>> {
    connection
        .prepare_cached(
            "UPDATE attachment SET state = 2, path = ?2, size = ?3, sha256 = ?4, width = ifnull(?5, width),
                height = ifnull(?6, height), mime = ?7 WHERE id = ?1",
        )?
        .execute((
            id.0,
            &file.path,
            i64::try_from(file.size).unwrap_or(i64::MAX),
            file.sha256,
            file.width,
            file.height,
            &file.mime,
        ))?;
    changed(connection, id)
}

/// The copy could not be had. A dead link may come alive with the next read, so the page that holds it is looked at
/// again even if nothing else on it changed.
pub fn set_media_failed(connection: &Connection, id: AttachmentId, reason: MediaFailure) -> Result<Vec<Change>> {
    connection
        .prepare_cached("UPDATE attachment SET state = ?2, path = NULL WHERE id = ?1")?
        .execute((id.0, codes::media_failure(reason)))?;
    if reason == MediaFailure::Gone {
        connection
            .prepare_cached(
                "UPDATE conversation SET page_digest = NULL
                 WHERE id = (SELECT m.conversation FROM attachment a JOIN message m ON m.id = a.message WHERE a.id = ?1)",
            )?
            .execute([id.0])?;
    }
    changed(connection, id)
}

/// Path of a cached copy that the media scheme may serve; `None`: there is none.
pub fn media_path(connection: &Connection, id: AttachmentId) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT path FROM attachment WHERE id = ?1 AND state = 2")?
        .query_row([id.0], |row| row.get(0))
        .optional()?)
}

/// An attachment to fetch now, whatever came of earlier tries; `None`: it has no address, or a copy already.
pub fn attachment_to_fetch(connection: &Connection, id: AttachmentId) -> Result<Option<WaitingAttachment>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.id, m.account, a.kind, a.url, a.told_size, m.conversation, m.at
         FROM attachment a JOIN message m ON m.id = a.message
         WHERE a.id = ?1 AND a.url IS NOT NULL AND a.state NOT IN (0, 2)",
    )?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(WaitingAttachment::read).transpose()
}

/// There is no room for a copy of it: fetched only when somebody asks for it.
pub fn leave_media(connection: &Connection, id: AttachmentId) -> Result<Vec<Change>> {
    connection.prepare_cached("UPDATE attachment SET state = ?2 WHERE id = ?1 AND state = ?3")?.execute((
        id.0,
        codes::MEDIA_EVICTED,
        codes::MEDIA_WAITING,
    ))?;
    changed(connection, id)
}

/// A copy, for those who serve or save it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaCopy {
    /// Where the copy is.
    pub path: String,
    /// Its type, told by its bytes; `None`: it came before types were kept.
    pub mime: Option<String>,
    /// The name that it came with, cleaned.
    pub name: Option<String>,
    /// What it is.
    pub kind: MessageKind,
    /// When its message was, by the platform's clock.
    pub at: Timestamp,
}

/// The copy of an attachment; `None`: there is none.
pub fn media_copy(connection: &Connection, id: AttachmentId) -> Result<Option<MediaCopy>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.path, a.mime, a.name, a.kind, m.at FROM attachment a JOIN message m ON m.id = a.message
         WHERE a.id = ?1 AND a.state = 2 AND a.path IS NOT NULL",
    )?;
    let mut rows = statement.query([id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(MediaCopy {
        path: row.get(0)?,
        mime: row.get(1)?,
        name: row.get(2)?,
        kind: codes::kind_of(row.get(3)?)?,
        at: Timestamp(row.get(4)?),
    }))
}

/// The paths of the copies that a conversation shows.
pub fn media_paths_in(connection: &Connection, conversation: ConversationId) -> Result<BTreeSet<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.path FROM message m INDEXED BY message_media
         CROSS JOIN attachment a INDEXED BY attachment_message ON a.message = m.id
         WHERE m.conversation = ?1 AND m.flags & 1 AND a.state = 2 AND a.path IS NOT NULL",
    )?;
    let paths = statement.query_map([conversation.0], |row| row.get(0))?;
    Ok(paths.collect::<rusqlite::Result<_>>()?)
}

/// How many files of an account, or of all, stand where. A walk through all attachments.
pub fn media_summary(connection: &Connection, account: Option<AccountId>) -> Result<MediaSummary> {
    let mut statement = connection.prepare_cached(
        "SELECT a.state, m.kind IN (9, 10), count(*), ifnull(sum(a.size), 0)
         FROM attachment a CROSS JOIN message m ON m.id = a.message
         WHERE m.account = ifnull(?1, m.account) GROUP BY 1, 2",
    )?;
    let mut rows = statement.query([account.map(|id| id.0)])?;
    let mut summary = MediaSummary::default();
    while let Some(row) = rows.next()? {
        let (state, is_story, count): (i64, bool, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let counter = match state {
            codes::MEDIA_LINK if is_story => &mut summary.stories,
            codes::MEDIA_LINK => continue,
            codes::MEDIA_WAITING => &mut summary.waiting,
            codes::MEDIA_READY => {
                summary.bytes += row.get::<_, i64>(3)?.unsigned_abs();
                &mut summary.kept
            }
            codes::MEDIA_EVICTED => &mut summary.evicted,
            codes::MEDIA_GONE => &mut summary.gone,
            4 => &mut summary.too_large,
            5 => &mut summary.unreadable,
            _ => &mut summary.refused,
        };
        *counter += count;
    }
    Ok(summary)
}

/// The paths of all copies, of attachments and of persons: any other file in the cache is an orphan. A walk through
/// both tables, for housekeeping.
pub fn media_paths(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT path FROM attachment WHERE path IS NOT NULL
         UNION SELECT avatar_path FROM participant WHERE avatar_path IS NOT NULL",
    )?;
    let mut all = attached(connection)?;
    for path in statement.query_map([], |row| row.get(0))? {
        all.insert(path?);
    }
    Ok(all)
}

fn changed(connection: &Connection, id: AttachmentId) -> Result<Vec<Change>> {
    let (conversation, message) = connection
        .prepare_cached(
            "SELECT m.conversation, m.id FROM attachment a JOIN message m ON m.id = a.message WHERE a.id = ?1",
        )?
        .query_row([id.0], |row| Ok((ConversationId(row.get(0)?), MessageId(row.get(1)?))))
        .optional()?
        .ok_or(StoreError::NotFound("attachment"))?;
    Ok(vec![Change::Messages { conversation, ids: vec![message], added: false }])
}

#[cfg(test)]
#[path = "attachment_tests.rs"]
mod tests;

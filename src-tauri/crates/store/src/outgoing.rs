//! Files on their way out: attached to a draft, then carried by a part of an intent; and what a provider has of them
//! already.
//!
//! Promises: a file is in a draft or in one part, never in both and never in two; the files of a part are those of one
//! kind, in order; a file of which the bytes are needed is named by [`needed`], so that housekeeping removes no other.
//!
//! Refuses: bytes. They lie in the folder `outgoing/`, by their hash; what is shown of them is the media cache's.

use std::collections::BTreeSet;

use backscroll_model::{
    Change, ConnectionId, ConversationId, FileChange, FileRefusal, FileState, OutgoingFile, OutgoingFileId,
    OutgoingKind, Platform, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use crate::{MediaFile, Result, StoreError, codes, draft};

const PREPARING: i64 = 0;
const READY: i64 = 1;
const REFUSED: i64 = 2;

/// A file that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The name to show, with the extension of its type.
    pub name: String,
    /// What it is.
    pub kind: OutgoingKind,
    /// Its type.
    pub mime: String,
    /// Of the bytes that will be sent.
    pub sha256: [u8; 32],
    /// So many.
    pub bytes: u64,
    /// Pixels.
    pub size: Option<(u32, u32)>,
    /// How long it plays, in milliseconds.
    pub duration_ms: Option<u32>,
    /// A small picture, in the media cache.
    pub thumbnail: Option<String>,
    /// ThumbHash in base64.
    pub blur: Option<String>,
    /// What was changed.
    pub changes: Vec<FileChange>,
    /// What its message will show, in the media cache.
    pub copy: MediaFile,
}

/// [`MediaFile`] as it is kept here.
#[derive(Serialize, Deserialize)]
struct Copy {
    path: String,
    size: u64,
    sha256: String,
    mime: String,
    width: Option<u32>,
    height: Option<u32>,
}

/// A file of a part, as a send needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFile {
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// Its name, cleaned.
    pub name: String,
    /// Its type.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub kind: OutgoingKind,
    /// How the provider knows it, if it has it.
    pub reference: Option<String>,
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))
}

fn parsed<T: for<'a> Deserialize<'a>>(column: &'static str, value: &str) -> Result<T> {
    serde_json::from_str(value).map_err(|_| StoreError::Value { column, value: value.to_owned() })
}

fn kind_of(code: i64) -> Result<OutgoingKind> {
    let kind = codes::kind_of(code)?;
    OutgoingKind::ALL
        .into_iter()
        .find(|k| k.message_kind() == kind)
        .ok_or_else(|| StoreError::Value { column: "outgoing_file.kind", value: code.to_string() })
}

const COLUMNS: &str = "id, conversation, name, state, refusal, kind, mime, bytes, width, height, duration_ms,
    thumbnail, blur, changes, iif(kind = 1, copy ->> 'path', NULL)";

fn read(row: &Row<'_>) -> Result<OutgoingFile> {
    let refusal: Option<String> = row.get(4)?;
    let state = match row.get(3)? {
        PREPARING => FileState::Preparing,
        READY => FileState::Ready,
        _ => FileState::Refused { reason: parsed("refusal", &refusal.unwrap_or_default())? },
    };
    Ok(OutgoingFile {
        id: OutgoingFileId(row.get(0)?),
        conversation: ConversationId(row.get(1)?),
        name: row.get(2)?,
        state,
        kind: row.get::<_, Option<i64>>(5)?.map(kind_of).transpose()?,
        mime: row.get(6)?,
        bytes: row.get::<_, Option<i64>>(7)?.map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX)),
        width: row.get(8)?,
        height: row.get(9)?,
        duration_ms: row.get(10)?,
        thumbnail: row.get(11)?,
        blur: row.get(12)?,
        changes: parsed("changes", &row.get::<_, String>(13)?)?,
        picture: row.get(14)?,
    })
}

/// The files of a conversation's draft, in order.
pub fn files(connection: &Connection, conversation: ConversationId) -> Result<Vec<OutgoingFile>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outgoing_file INDEXED BY outgoing_file_draft
         WHERE conversation = ?1 AND part IS NULL ORDER BY ordinal, id"
    ))?;
    let mut rows = statement.query([conversation.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Where the copy of a file in a draft lies in the media cache, and its type: what its message will show or play. `None`:
/// it is not ready, or in no draft.
pub fn copy_of(connection: &Connection, id: OutgoingFileId) -> Result<Option<(String, String)>> {
    Ok(connection
        .prepare_cached(
            "SELECT copy ->> 'path', copy ->> 'mime' FROM outgoing_file
             WHERE id = ?1 AND part IS NULL AND copy IS NOT NULL",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// A file was attached and is being looked at.
pub fn attach(
    connection: &Connection,
    conversation: ConversationId,
    name: &str,
) -> Result<(OutgoingFileId, Vec<Change>)> {
    connection
        .prepare_cached("SELECT 1 FROM conversation WHERE id = ?1")?
        .query_row([conversation.0], |_| Ok(()))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    connection
        .prepare_cached(
            "INSERT INTO outgoing_file (conversation, ordinal, state, name, changes)
             SELECT ?1, ifnull(max(ordinal), 0) + 1, ?3, ?2, '[]' FROM outgoing_file
             WHERE conversation = ?1 AND part IS NULL",
        )?
        .execute((conversation.0, name, PREPARING))?;
    let id = OutgoingFileId(connection.last_insert_rowid());
    Ok((id, changed(connection, conversation)?))
}

fn draft_of(connection: &Connection, id: OutgoingFileId) -> Result<ConversationId> {
    connection
        .prepare_cached("SELECT conversation FROM outgoing_file WHERE id = ?1 AND part IS NULL")?
        .query_row([id.0], |row| row.get(0).map(ConversationId))
        .optional()?
        .ok_or(StoreError::NotFound("file"))
}

/// It may be sent. `NotFound`: it was removed meanwhile.
pub fn prepared(connection: &Connection, id: OutgoingFileId, file: &Prepared) -> Result<Vec<Change>> {
    let conversation = draft_of(connection, id)?;
    let copy = Copy {
        path: file.copy.path.clone(),
        size: file.copy.size,
        sha256: hex(&file.copy.sha256),
        mime: file.copy.mime.clone(),
        width: file.copy.width,
        height: file.copy.height,
    };
    connection
        .prepare_cached(
            "UPDATE outgoing_file SET state = ?2, refusal = NULL, kind = ?3, mime = ?4, sha256 = ?5, bytes = ?6,
                width = ?7, height = ?8, duration_ms = ?9, blur = ?10, changes = ?11, thumbnail = ?12, copy = ?13,
                name = ?14
             WHERE id = ?1",
        )?
        .execute((
            id.0,
            READY,
            codes::kind(file.kind.message_kind()),
            &file.mime,
            file.sha256,
            i64::try_from(file.bytes).unwrap_or(i64::MAX),
            file.size.map(|(width, _)| width),
            file.size.map(|(_, height)| height),
            file.duration_ms,
            &file.blur,
            json(&file.changes)?,
            &file.thumbnail,
            json(&copy)?,
            &file.name,
        ))?;
    changed(connection, conversation)
}

/// It cannot be sent; it stays in the list with the reason.
pub fn refused(connection: &Connection, id: OutgoingFileId, reason: &FileRefusal) -> Result<Vec<Change>> {
    let conversation = draft_of(connection, id)?;
    connection.prepare_cached("UPDATE outgoing_file SET state = ?2, refusal = ?3 WHERE id = ?1")?.execute((
        id.0,
        REFUSED,
        json(reason)?,
    ))?;
    changed(connection, conversation)
}

/// At start nothing is being looked at.
pub fn preparing_found_at_start(connection: &Connection) -> Result<()> {
    connection
        .prepare_cached("UPDATE outgoing_file SET state = ?1, refusal = ?2 WHERE state = ?3 AND part IS NULL")?
        .execute((REFUSED, json(&FileRefusal::Interrupted)?, PREPARING))?;
    Ok(())
}

/// Puts the files of a draft into this order; those that are not named follow as they were.
pub fn order(connection: &Connection, conversation: ConversationId, ids: &[OutgoingFileId]) -> Result<Vec<Change>> {
    let held = files(connection, conversation)?;
    let place = |id: OutgoingFileId| ids.iter().position(|wanted| *wanted == id).unwrap_or(usize::MAX);
    let mut sorted: Vec<OutgoingFileId> = held.iter().map(|file| file.id).collect();
    sorted.sort_by_key(|id| place(*id));
    for (ordinal, id) in (1_i64..).zip(sorted) {
        connection.prepare_cached("UPDATE outgoing_file SET ordinal = ?2 WHERE id = ?1")?.execute((id.0, ordinal))?;
    }
    Ok(vec![Change::Draft { conversation }])
}

/// Takes a file out of its draft.
pub fn remove(connection: &Connection, id: OutgoingFileId) -> Result<Vec<Change>> {
    let conversation = draft_of(connection, id)?;
    connection.prepare_cached("DELETE FROM outgoing_file WHERE id = ?1")?.execute([id.0])?;
    changed(connection, conversation)
}

fn changed(connection: &Connection, conversation: ConversationId) -> Result<Vec<Change>> {
    let mut changes = vec![Change::Draft { conversation }];
    if draft::repeat(connection, conversation)? {
        changes.push(Change::Conversation { id: conversation });
    }
    Ok(changes)
}

/// Hands files of the draft to a part, and gives its message the copies that it shows.
pub(crate) fn give(
    connection: &Connection,
    conversation: ConversationId,
    part: i64,
    message: i64,
    ids: &[OutgoingFileId],
) -> Result<()> {
    for (ordinal, id) in (0_i64..).zip(ids) {
        let (name, kind, copy, blur): (String, i64, String, Option<String>) = connection
            .prepare_cached(
                "UPDATE outgoing_file SET part = ?3, ordinal = ?4
                 WHERE id = ?1 AND conversation = ?2 AND part IS NULL AND state = ?5
                 RETURNING name, kind, copy, blur",
            )?
            .query_row((id.0, conversation.0, part, ordinal, READY), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?
            .ok_or(StoreError::NotFound("file"))?;
        let copy: Copy = parsed("copy", &copy)?;
        connection
            .prepare_cached(
                "INSERT INTO attachment (message, ordinal, kind, name, mime, state, path, size, sha256, width, height,
                    blur)
                 VALUES (?1, ?2, ?3, ?4, ?5, 2, ?6, ?7, unhex(?8), ?9, ?10, ?11)",
            )?
            .execute((
                message,
                ordinal,
                kind,
                name,
                copy.mime,
                copy.path,
                i64::try_from(copy.size).unwrap_or(i64::MAX),
                copy.sha256,
                copy.width,
                copy.height,
                blur,
            ))?;
    }
    if !ids.is_empty() {
        draft::repeat(connection, conversation)?;
    }
    Ok(())
}

/// The files of a part go back into the draft, behind those that are there.
pub(crate) fn take_back(connection: &Connection, conversation: ConversationId, part: i64) -> Result<bool> {
    let ids: Vec<i64> = connection
        .prepare_cached("SELECT id FROM outgoing_file INDEXED BY outgoing_file_part WHERE part = ?1 ORDER BY ordinal")?
        .query_map([part], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &ids {
        connection
            .prepare_cached(
                "UPDATE outgoing_file SET part = NULL, ordinal = (SELECT ifnull(max(ordinal), 0) + 1
                    FROM outgoing_file d WHERE d.conversation = ?2 AND d.part IS NULL) WHERE id = ?1",
            )?
            .execute((id, conversation.0))?;
    }
    if !ids.is_empty() {
        draft::repeat(connection, conversation)?;
    }
    Ok(!ids.is_empty())
}

/// The files of a part, with what `connection` has of them at `now`.
pub(crate) fn of_part(
    connection: &Connection,
    part: i64,
    provider: Option<ConnectionId>,
    platform: Platform,
    now: Timestamp,
) -> Result<Vec<SendFile>> {
    let mut statement = connection.prepare_cached(
        "SELECT f.sha256, f.name, f.mime, f.bytes, f.kind, u.reference
         FROM outgoing_file f INDEXED BY outgoing_file_part LEFT JOIN upload u ON u.connection = ?2
            AND u.platform = ?3 AND u.sha256 = f.sha256 AND (u.expires_at IS NULL OR u.expires_at > ?4)
         WHERE f.part = ?1 ORDER BY f.ordinal",
    )?;
    let mut rows = statement.query((part, provider.map(|id| id.0), platform.as_str(), now.0))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(SendFile {
            sha256: row.get(0)?,
            name: row.get(1)?,
            mime: row.get(2)?,
            bytes: row.get::<_, i64>(3)?.unsigned_abs(),
            kind: kind_of(row.get(4)?)?,
            reference: row.get(5)?,
        });
    }
    Ok(found)
}

/// The provider has the file; `expires_at` by our clock.
pub fn keep_upload(
    connection: &Connection,
    provider: ConnectionId,
    platform: Platform,
    sha256: [u8; 32],
    reference: &str,
    expires_at: Option<Timestamp>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO upload (connection, platform, sha256, reference, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET reference = excluded.reference, expires_at = excluded.expires_at",
        )?
        .execute((provider.0, platform.as_str(), sha256, reference, expires_at.map(|t| t.0)))?;
    Ok(())
}

/// The provider can have the file from an address until then, by our clock. What it has of it is better.
pub fn keep_address(
    connection: &Connection,
    provider: ConnectionId,
    platform: Platform,
    sha256: [u8; 32],
    address: &str,
    until: Timestamp,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO upload (connection, platform, sha256, reference, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
        )?
        .execute((provider.0, platform.as_str(), sha256, address, until.0))?;
    Ok(())
}

/// The provider knows the file no more by this reference; by a newer one it may.
pub fn forget_upload(
    connection: &Connection,
    provider: ConnectionId,
    platform: Platform,
    sha256: [u8; 32],
    reference: &str,
) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM upload WHERE connection = ?1 AND platform = ?2 AND sha256 = ?3 AND reference = ?4",
        )?
        .execute((provider.0, platform.as_str(), sha256, reference))?;
    Ok(())
}

/// Uploads that ended are forgotten. For housekeeping.
pub fn forget_ended_uploads(connection: &Connection, now: Timestamp) -> Result<()> {
    connection.prepare_cached("DELETE FROM upload WHERE expires_at <= ?1")?.execute([now.0])?;
    Ok(())
}

/// The hashes, in hex, of files whose bytes may still be needed: of drafts, and of parts that may still be sent. Any
/// other file of the folder is an orphan.
pub fn needed(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT lower(hex(f.sha256)) FROM outgoing_file f LEFT JOIN part p ON p.id = f.part
         WHERE f.sha256 IS NOT NULL AND (f.part IS NULL OR (p.state NOT IN (3, 7) AND p.message IS NOT NULL))",
    )?;
    let hashes = statement.query_map([], |row| row.get(0))?;
    Ok(hashes.collect::<rusqlite::Result<_>>()?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
pub(crate) mod tests;

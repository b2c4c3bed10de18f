//! What is asked about one conversation or person beside its thread: the contact panel, its media, jump to date, and who a
//! person's conversation is; and for the schedule, how fast each conversation goes.

use backscroll_model::{
    AccountId, Attachment, AttachmentId, ContactPage, ConversationId, HOUR, MediaItem, MessageId, Place, RemoteId,
    Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{Result, StoreError, codes, gaps::gaps};

/// What the contact panel shows.
pub fn contact_page(connection: &Connection, conversation: ConversationId) -> Result<ContactPage> {
    let page = connection
        .prepare_cached(
            "SELECT name, username, person, avatar, messages, link,
                (SELECT min(at) FROM message INDEXED BY message_thread WHERE conversation = c.id),
                (SELECT max(at) FROM message INDEXED BY message_thread WHERE conversation = c.id)
             FROM conversation c WHERE id = ?1",
        )?
        .query_row([conversation.0], |row| {
            Ok(ContactPage {
                conversation,
                name: row.get(0)?,
                username: row.get(1)?,
                remote_id: row.get::<_, Option<String>>(2)?.map(RemoteId),
                avatar: row.get(3)?,
                first_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
                last_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                messages: row.get(4)?,
                media: 0,
                gaps: Vec::new(),
                link: row.get(5)?,
            })
        })
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    let media = connection.prepare_cached(COUNT_MEDIA)?.query_row([conversation.0], |row| row.get(0))?;
    Ok(ContactPage { media, gaps: gaps(connection, conversation)?, ..page })
}

pub(crate) const COUNT_MEDIA: &str = "SELECT count(*) FROM message m INDEXED BY message_media
    CROSS JOIN attachment a INDEXED BY attachment_message ON a.message = m.id
    WHERE m.conversation = ?1 AND m.flags & 1 AND a.kind BETWEEN 1 AND 4";

/// Pictures, videos, sounds and files of a conversation, at most `limit`, newest first; `before`: the place of the last
/// one that is known.
pub fn media_of(
    connection: &Connection,
    conversation: ConversationId,
    before: Option<&Place>,
    limit: u32,
) -> Result<Vec<MediaItem>> {
    let key = before.map(Key::parse).transpose()?.unwrap_or(Key::END);
    let mut statement = connection.prepare_cached(MEDIA)?;
    let mut rows = statement.query((conversation.0, key.at, key.tie, key.id, key.ordinal, limit))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(item(row)?);
    }
    Ok(found)
}

/// Of one message the last file comes first, as everything does here.
pub(crate) const MEDIA: &str = "SELECT m.id, m.at, m.tie, m.direction, a.ordinal, a.id, a.kind, a.type_name, a.url,
        a.state, a.path, a.width, a.height, a.name, a.detail, a.mime, min(ifnull(a.size, a.told_size), 4294967295),
        a.blur
    FROM message m INDEXED BY message_media
    CROSS JOIN attachment a INDEXED BY attachment_message ON a.message = m.id
    WHERE m.conversation = ?1 AND m.flags & 1 AND (m.at, m.tie, m.id) <= (?2, ?3, ?4)
        AND a.ordinal < iif(m.id = ?4, ?5, 9223372036854775807) AND a.kind BETWEEN 1 AND 4
    ORDER BY m.at DESC, m.tie DESC, m.id DESC, a.ordinal DESC LIMIT ?6";

fn item(row: &Row<'_>) -> Result<MediaItem> {
    let key = Key { at: row.get(1)?, tie: row.get(2)?, id: row.get(0)?, ordinal: row.get(4)? };
    Ok(MediaItem {
        message: MessageId(key.id),
        at: Timestamp(key.at),
        direction: codes::direction_of(row.get(3)?)?,
        attachment: Attachment {
            id: AttachmentId(row.get(5)?),
            kind: codes::kind_of(row.get(6)?)?,
            type_name: row.get(7)?,
            url: row.get(8)?,
            file: codes::media_of(row.get(9)?, row.get(10)?)?,
            width: row.get(11)?,
            height: row.get(12)?,
            name: row.get(13)?,
            detail: row.get(14)?,
            mime: row.get(15)?,
            size: row.get(16)?,
            blur: row.get(17)?,
        },
        place: key.place(),
    })
}

/// Where a file stands among the media of its conversation.
#[derive(Debug, Clone, Copy)]
struct Key {
    at: i64,
    tie: i64,
    id: i64,
    ordinal: i64,
}

impl Key {
    const END: Self = Self { at: i64::MAX, tie: i64::MAX, id: i64::MAX, ordinal: i64::MAX };

    fn parse(place: &Place) -> Result<Self> {
        let mut parts = place.0.split(':').map(str::parse::<i64>);
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(at)), Some(Ok(tie)), Some(Ok(id)), Some(Ok(ordinal)), None) => Ok(Self { at, tie, id, ordinal }),
            _ => Err(StoreError::BadPlace),
        }
    }

    fn place(self) -> Place {
        Place(format!("{}:{}:{}:{}", self.at, self.tie, self.id, self.ordinal))
    }
}

/// Where *jump to date* lands: the first message at that time or later, else the newest before it; `None`: there is none.
pub fn message_at(connection: &Connection, conversation: ConversationId, at: Timestamp) -> Result<Option<MessageId>> {
    for sql in [FIRST_FROM, LAST_BEFORE] {
        let found: Option<i64> =
            connection.prepare_cached(sql)?.query_row((conversation.0, at.0), |row| row.get(0)).optional()?;
        if found.is_some() {
            return Ok(found.map(MessageId));
        }
    }
    Ok(None)
}

pub(crate) const FIRST_FROM: &str = "SELECT id FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at >= ?2 ORDER BY at, tie, id LIMIT 1";
pub(crate) const LAST_BEFORE: &str = "SELECT id FROM message INDEXED BY message_thread
    WHERE conversation = ?1 AND at < ?2 ORDER BY at DESC, tie DESC, id DESC LIMIT 1";

/// The platform's id of a person's conversation; of several the one with the newest message. `None`: not known yet.
/// Webhooks name the person and never the conversation.
pub fn conversation_of_person(
    connection: &Connection,
    account: AccountId,
    person: &RemoteId,
) -> Result<Option<RemoteId>> {
    Ok(connection
        .prepare_cached(OF_PERSON)?
        .query_row((account.0, person.as_str()), |row| row.get(0).map(RemoteId))
        .optional()?)
}

/// A person has one conversation, or a few after ids changed: sorting them costs nothing.
pub(crate) const OF_PERSON: &str = "SELECT c.remote_id FROM participant p INDEXED BY participant_remote
    CROSS JOIN conversation c INDEXED BY conversation_participant ON c.participant = p.id
    WHERE p.account = ?1 AND p.remote_id = ?2 AND c.account = ?1 ORDER BY c.last_at DESC, c.id DESC LIMIT 1";

/// How fast a conversation goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Which.
    pub conversation: ConversationId,
    /// The platform's id of it.
    pub remote_id: RemoteId,
    /// Times of its messages of the last hour, newest first, at most [`PACE_MESSAGES`].
    pub last_hour: Vec<Timestamp>,
    /// The newest message held.
    pub newest: Timestamp,
    /// The oldest of the newest 20, or of all if there are fewer: what the platform still gives.
    pub oldest_given: Timestamp,
}

/// More messages of one hour say nothing more about a pace.
pub const PACE_MESSAGES: u32 = 200;
/// So many of the newest messages of a conversation are given to apps (`reference/meta-graph.md` 4.4).
const STILL_GIVEN: usize = 20;

/// The pace of each conversation of an account that has messages since then, newest first.
pub fn pace_of(connection: &Connection, account: AccountId, since: Timestamp, now: Timestamp) -> Result<Vec<Pace>> {
    let mut active: Vec<(i64, i64, String)> = Vec::new();
    for state in 0..3_i64 {
        let mut statement = connection.prepare_cached(ACTIVE)?;
        let rows =
            statement.query_map((state, since.0, account.0), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        active.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    active.sort_unstable_by(|a, b| b.cmp(a));
    let mut found = Vec::with_capacity(active.len());
    let mut statement = connection.prepare_cached(NEWEST)?;
    for (newest, id, remote_id) in active {
        let times: Vec<i64> =
            statement.query_map((id, PACE_MESSAGES), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        let oldest_given = times.get(..STILL_GIVEN).unwrap_or(&times).last().copied().unwrap_or(newest);
        let last_hour = times.into_iter().take_while(|at| *at > now.0 - HOUR).map(Timestamp).collect();
        found.push(Pace {
            conversation: ConversationId(id),
            remote_id: RemoteId(remote_id),
            last_hour,
            newest: Timestamp(newest),
            oldest_given: Timestamp(oldest_given),
        });
    }
    Ok(found)
}

pub(crate) const ACTIVE: &str = "SELECT last_at, id, remote_id FROM conversation INDEXED BY conversation_newest
    WHERE state = ?1 AND last_at >= ?2 AND account = ?3";
pub(crate) const NEWEST: &str =
    "SELECT at FROM message INDEXED BY message_thread WHERE conversation = ?1 ORDER BY at DESC LIMIT ?2";

/// A conversation whose list of ids is to be walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdsWalk {
    /// Which.
    pub conversation: ConversationId,
    /// The platform's id of it.
    pub remote_id: RemoteId,
    /// Where the walk goes on; `None`: at its newest message.
    pub cursor: Option<String>,
}

/// The name of the cursor of a walk through a conversation's ids, for [`backscroll_model::Page::cursors`].
pub fn ids_cursor(conversation: &RemoteId) -> String {
    format!("ids:{}", conversation.as_str())
}

/// Conversations of an account in which something is missing that no listing of ids has counted yet, newest first: those
/// that were never listed to their beginning, and those in which a gap opened since.
pub fn ids_to_walk(connection: &Connection, account: AccountId, limit: u32) -> Result<Vec<IdsWalk>> {
    let mut statement = connection.prepare_cached(TO_WALK)?;
    let rows = statement.query_map((account.0, limit), |row| {
        Ok(IdsWalk { conversation: ConversationId(row.get(0)?), remote_id: RemoteId(row.get(1)?), cursor: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(crate) const TO_WALK: &str = "SELECT c.id, c.remote_id, k.value
    FROM conversation c INDEXED BY conversation_unlisted
    LEFT JOIN cursor k ON k.account = c.account AND k.name = 'ids:' || c.remote_id
    WHERE c.account = ?1 AND c.unlisted = 1 AND c.remote_id NOT GLOB 'import:*' ORDER BY c.last_at DESC, c.id DESC LIMIT ?2";

#[cfg(test)]
#[path = "contact_tests.rs"]
mod tests;

//! Messages with their relations, as a thread shows them.
//!
//! A page is one walk along the index of its thread; attachments, reactions and sends are fetched by one set query
//! each, and only for rows whose flags say that there are any (`performance.md`, rule 6).

use std::fmt::Write as _;

use backscroll_model::{
    Attachment, AttachmentId, ConversationId, Message, MessageDetails, MessageId, Quote, Reaction, RemoteId,
    SendProgress, SendState, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{Result, StoreError, codes, codes::flag, outbox, raw};

/// The columns that [`Hydration::push`] wants, in its order.
pub(crate) const COLUMNS: &str =
    "id, at, tie, direction, kind, origin, flags, send_state, text, remote_id, conversation";

/// A JSON list of row ids, for `json_each`.
pub(crate) fn id_list(ids: impl Iterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        // Writing to a string cannot fail.
        let _ = write!(list, "{id}");
    }
    list.push(']');
    list
}

/// Rows on their way to becoming [`Message`]s.
#[derive(Debug, Default)]
pub(crate) struct Hydration {
    pub(crate) messages: Vec<Message>,
    with_attachments: Vec<i64>,
    with_reactions: Vec<i64>,
    with_progress: Vec<i64>,
    with_quotes: Vec<i64>,
}

impl Hydration {
    /// Adds a row of [`COLUMNS`]; answers its rank among equal instants.
    pub(crate) fn push(&mut self, row: &Row<'_>) -> Result<i64> {
        let id: i64 = row.get(0)?;
        let at = Timestamp(row.get(1)?);
        let flags: i64 = row.get(6)?;
        if flags & flag::ATTACHMENTS != 0 {
            self.with_attachments.push(id);
        }
        if flags & flag::REACTIONS != 0 {
            self.with_reactions.push(id);
        }
        if flags & flag::QUOTES != 0 {
            self.with_quotes.push(id);
        }
        let send = match row.get::<_, Option<i64>>(7)?.map(codes::send_state_of).transpose()? {
            None => None,
            Some(state) => {
                // An accepted message has nothing more to tell.
                if state != SendState::Accepted {
                    self.with_progress.push(id);
                }
                Some(SendProgress {
                    state,
                    reason: None,
                    since: at,
                    next_at: None,
                    waiting_behind: 0,
                    upload: None,
                    parts: None,
                })
            }
        };
        self.messages.push(Message {
            id: MessageId(id),
            conversation: ConversationId(row.get(10)?),
            remote_id: row.get::<_, Option<String>>(9)?.map(RemoteId),
            direction: codes::direction_of(row.get(3)?)?,
            origin: codes::origin_of(row.get(5)?)?,
            at,
            kind: codes::kind_of(row.get(4)?)?,
            text: row.get(8)?,
            attachments: Vec::new(),
            reactions: Vec::new(),
            reply_to: None,
            send,
        });
        Ok(row.get(2)?)
    }

    /// Fetches the relations.
    pub(crate) fn finish(mut self, connection: &Connection) -> Result<Vec<Message>> {
        if !self.with_attachments.is_empty() {
            self.attachments(connection)?;
        }
        if !self.with_reactions.is_empty() {
            self.reactions(connection)?;
        }
        if !self.with_quotes.is_empty() {
            self.quotes(connection)?;
        }
        for id in std::mem::take(&mut self.with_progress) {
            // Few at a time: only what is not accepted yet.
            let progress = outbox::progress(connection, MessageId(id))?;
            if let Some(message) = self.find(id) {
                message.send = progress.or(message.send.take());
            }
        }
        Ok(self.messages)
    }

    fn find(&mut self, id: i64) -> Option<&mut Message> {
        self.messages.iter_mut().find(|m| m.id.0 == id)
    }

    fn attachments(&mut self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare_cached(ATTACHMENTS)?;
        let mut rows = statement.query([id_list(self.with_attachments.iter().copied())])?;
        while let Some(row) = rows.next()? {
            let attachment = Attachment {
                id: AttachmentId(row.get(1)?),
                kind: codes::kind_of(row.get(2)?)?,
                type_name: row.get(3)?,
                url: row.get(4)?,
                file: codes::media_of(row.get(5)?, row.get(6)?)?,
                width: row.get(7)?,
                height: row.get(8)?,
                name: row.get(9)?,
                detail: row.get(10)?,
                mime: row.get(11)?,
                size: row.get(12)?,
                blur: row.get(13)?,
            };
            if let Some(message) = self.find(row.get(0)?) {
                message.attachments.push(attachment);
            }
        }
        Ok(())
    }

    fn reactions(&mut self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare_cached(REACTIONS)?;
        let mut rows = statement.query([id_list(self.with_reactions.iter().copied())])?;
        while let Some(row) = rows.next()? {
            let reaction = Reaction {
                by: RemoteId(row.get(1)?),
                emoji: row.get(2)?,
                name: row.get(3)?,
                mine: row.get(4)?,
                at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
                told: row.get(6)?,
            };
            if let Some(message) = self.find(row.get(0)?) {
                message.reactions.push(reaction);
            }
        }
        Ok(())
    }

    fn quotes(&mut self, connection: &Connection) -> Result<()> {
        let mut statement = connection.prepare_cached(QUOTES)?;
        let mut rows = statement.query([id_list(self.with_quotes.iter().copied())])?;
        while let Some(row) = rows.next()? {
            let quote = Quote {
                remote_id: RemoteId(row.get(1)?),
                message: row.get::<_, Option<i64>>(2)?.map(MessageId),
                direction: row.get::<_, Option<i64>>(3)?.map(codes::direction_of).transpose()?,
                kind: row.get::<_, Option<i64>>(4)?.map(codes::kind_of).transpose()?,
                text: row.get::<_, Option<String>>(5)?.as_deref().and_then(crate::preview),
            };
            if let Some(message) = self.find(row.get(0)?) {
                message.reply_to = Some(quote);
            }
        }
        Ok(())
    }
}

/// A preview is cut from a little more than its length, because line breaks count less than they are.
pub(crate) const QUOTES: &str = "SELECT m.id, m.reply_to, q.id, q.direction, q.kind, substr(q.text, 1, 400)
    FROM json_each(?1) wanted CROSS JOIN message m ON m.id = wanted.value
    LEFT JOIN message q INDEXED BY message_remote ON q.account = m.account
        AND q.remote_hash = id_hash(m.reply_to) AND q.remote_id = m.reply_to AND q.conversation = m.conversation
    WHERE m.reply_to IS NOT NULL";

pub(crate) const ATTACHMENTS: &str =
    "SELECT a.message, a.id, a.kind, a.type_name, a.url, a.state, a.path, a.width, a.height,
        a.name, a.detail, a.mime, min(ifnull(a.size, a.told_size), 4294967295), a.blur
    FROM json_each(?1) wanted CROSS JOIN attachment a INDEXED BY attachment_message ON a.message = wanted.value
    ORDER BY wanted.key, a.ordinal";

pub(crate) const REACTIONS: &str = "SELECT r.message, r.by, r.emoji, p.name, r.by = a.remote_id, r.at, r.told
    FROM json_each(?1) wanted CROSS JOIN reaction r ON r.message = wanted.value
    CROSS JOIN message m ON m.id = r.message
    CROSS JOIN account a ON a.id = m.account
    LEFT JOIN participant p INDEXED BY participant_remote ON p.account = m.account AND p.remote_id = r.by
    ORDER BY wanted.key, r.by, r.emoji";

/// These messages, in the order of the ids; ids that are gone are left out.
pub fn messages_by_ids(connection: &Connection, ids: &[MessageId]) -> Result<Vec<Message>> {
    let mut hydration = Hydration::default();
    {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {} FROM json_each(?1) wanted CROSS JOIN message m ON m.id = wanted.value ORDER BY wanted.key",
            COLUMNS.split(", ").map(|c| format!("m.{c}")).collect::<Vec<_>>().join(", ")
        ))?;
        let mut rows = statement.query([id_list(ids.iter().map(|id| id.0))])?;
        while let Some(row) = rows.next()? {
            hydration.push(row)?;
        }
    }
    hydration.finish(connection)
}

/// Everything known about one message.
pub fn message_details(connection: &Connection, id: MessageId) -> Result<MessageDetails> {
    let message = messages_by_ids(connection, &[id])?.pop().ok_or(StoreError::NotFound("message"))?;
    Ok(MessageDetails { message, raw: raw::get(connection, id.0)?, attempts: outbox::attempts(connection, id)? })
}

/// Our row of a platform's message.
pub fn message_of(
    connection: &Connection,
    account: backscroll_model::AccountId,
    remote_id: &RemoteId,
) -> Result<Option<MessageId>> {
    Ok(connection
        .prepare_cached("SELECT id FROM message WHERE account = ?1 AND remote_hash = id_hash(?2) AND remote_id = ?2")?
        .query_row((account.0, remote_id.as_str()), |row| row.get(0).map(MessageId))
        .optional()?)
}

/// A message that wants to be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    /// Which.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// When it was written, by the platform's clock.
    pub at: Timestamp,
}

/// Hands out the messages to announce, oldest first, each exactly once over all runs: they are marked in the same
/// transaction, so publish after its commit. What was read, answered or taken back meanwhile is marked and left out.
pub fn take_announcements(connection: &Connection) -> Result<Vec<Announcement>> {
    let found = {
        let mut statement = connection.prepare_cached(
            "SELECT m.id, m.conversation, m.at,
                m.kind <> 7 AND c.state = 0 AND c.unread > 0
                    AND m.at > ifnull(max(ifnull(c.read_mark, c.elsewhere_at), ifnull(c.elsewhere_at, c.read_mark)), m.at - 1)
             FROM message m INDEXED BY message_announce JOIN conversation c ON c.id = m.conversation
             WHERE m.announce = 1 ORDER BY m.id",
        )?;
        let rows = statement.query_map([], |row| {
            let announcement = Announcement {
                message: MessageId(row.get(0)?),
                conversation: ConversationId(row.get(1)?),
                at: Timestamp(row.get(2)?),
            };
            Ok((announcement, row.get::<_, bool>(3)?))
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?
    };
    if !found.is_empty() {
        connection
            .prepare_cached("UPDATE message INDEXED BY message_announce SET announce = 2 WHERE announce = 1")?
            .execute([])?;
    }
    Ok(found.into_iter().filter_map(|(announcement, wanted)| wanted.then_some(announcement)).collect())
}

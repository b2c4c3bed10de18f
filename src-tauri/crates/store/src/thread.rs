//! Pages of a thread, by keyset over (at, tie, id): the platform's time, the provider's order among equal instants,
//! and our row last. No page is ever found by counting.

use std::collections::BTreeSet;

use backscroll_model::{ConversationId, Gap, MessageId, Place, ThreadPage, ThreadPosition};
use rusqlite::{Connection, OptionalExtension};

use crate::{
    Result, StoreError,
    gaps::{Part, gaps_in},
    message::Hydration,
};

/// Where a message stands in its thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: i64,
    tie: i64,
    id: i64,
}

const END: Key = Key { at: i64::MAX, tie: i64::MAX, id: i64::MAX };

impl Key {
    fn parse(place: &Place) -> Result<Self> {
        let mut parts = place.0.split(':').map(str::parse::<i64>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(at)), Some(Ok(tie)), Some(Ok(id)), None) => Ok(Self { at, tie, id }),
            _ => Err(StoreError::BadPlace),
        }
    }

    fn place(self) -> Place {
        Place(format!("{}:{}:{}", self.at, self.tie, self.id))
    }
}

/// Which way from a key, and whether the key's own message belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Older,
    NewerFrom,
    Newer,
}

impl Way {
    /// The three statements are constants: nothing is formatted on the way to a page.
    fn sql(self) -> &'static str {
        match self {
            Self::Older => OLDER,
            Self::NewerFrom => NEWER_FROM,
            Self::Newer => NEWER,
        }
    }
}

macro_rules! page {
    ($compare:literal, $order:literal) => {
        concat!(
            "SELECT id, at, tie, direction, kind, origin, flags, send_state, text, remote_id, conversation
             FROM message INDEXED BY message_thread WHERE conversation = ?1 AND (at, tie, id) ",
            $compare,
            " (?2, ?3, ?4) ORDER BY at ",
            $order,
            ", tie ",
            $order,
            ", id ",
            $order,
            " LIMIT ?5"
        )
    };
}

const OLDER: &str = page!("<", "DESC");
const NEWER: &str = page!(">", "ASC");
const NEWER_FROM: &str = page!(">=", "ASC");

/// A page of at most `limit` messages, oldest first.
pub fn thread_page(
    connection: &Connection,
    conversation: ConversationId,
    position: &ThreadPosition,
    limit: u32,
) -> Result<ThreadPage> {
    let limit = (limit as usize).max(1);
    let first_unread = first_unread(connection, conversation)?;
    let mut page = Walk::default();
    match position {
        ThreadPosition::Newest => page.older(connection, conversation, END, limit)?,
        ThreadPosition::FirstUnread => match first_unread {
            Some(message) => {
                page.around(connection, conversation, key_of(connection, conversation, message)?, limit)?
            }
            None => page.older(connection, conversation, END, limit)?,
        },
        ThreadPosition::Around { message } => {
            page.around(connection, conversation, key_of(connection, conversation, *message)?, limit)?;
        }
        ThreadPosition::Before { place } => {
            let key = Key::parse(place)?;
            page.older(connection, conversation, key, limit)?;
            page.more_after = true;
            page.neighbours.1 = Some(key.at);
        }
        ThreadPosition::After { place } => {
            let key = Key::parse(place)?;
            page.newer(connection, conversation, key, Way::Newer, limit)?;
            page.more_before = true;
            page.neighbours.0 = Some(key.at);
        }
    }
    let before = page.oldest.filter(|_| page.more_before).map(Key::place);
    let after = page.newest.filter(|_| page.more_after).map(Key::place);
    let gaps = page.gaps(connection, conversation)?;
    Ok(ThreadPage { messages: page.rows.finish(connection)?, gaps, before, after, first_unread })
}

/// A page under construction.
#[derive(Debug, Default)]
struct Walk {
    rows: Hydration,
    oldest: Option<Key>,
    newest: Option<Key>,
    more_before: bool,
    more_after: bool,
    /// Instants of the messages of the page, and of its neighbours where there are any.
    present: BTreeSet<i64>,
    /// Of the next older and the next newer message.
    neighbours: (Option<i64>, Option<i64>),
}

impl Walk {
    fn around(&mut self, connection: &Connection, conversation: ConversationId, at: Key, limit: usize) -> Result<()> {
        // Some read ones before the first unread, most of the page after it.
        let older = limit / 3;
        self.older(connection, conversation, at, older)?;
        self.newer(connection, conversation, at, Way::NewerFrom, limit - older)?;
        let short = limit.saturating_sub(self.rows.messages.len());
        if short > 0 && self.more_before {
            // Near the newest end the page is filled from the other side.
            let again = older + short;
            *self = Self::default();
            self.older(connection, conversation, at, again)?;
            self.newer(connection, conversation, at, Way::NewerFrom, limit - older)?;
        }
        Ok(())
    }

    fn older(&mut self, connection: &Connection, conversation: ConversationId, key: Key, limit: usize) -> Result<()> {
        let (keys, more) = self.fetch(connection, conversation, key, Way::Older, limit)?;
        self.rows.messages.reverse();
        self.newest = keys.first().copied();
        self.oldest = keys.last().copied();
        self.more_before = more.is_some();
        self.neighbours.0 = more;
        Ok(())
    }

    fn newer(
        &mut self,
        connection: &Connection,
        conversation: ConversationId,
        key: Key,
        way: Way,
        limit: usize,
    ) -> Result<()> {
        let (keys, more) = self.fetch(connection, conversation, key, way, limit)?;
        self.oldest = self.oldest.or(keys.first().copied());
        self.newest = keys.last().copied().or(self.newest);
        self.more_after = more.is_some();
        self.neighbours.1 = more;
        Ok(())
    }

    /// Reads at most `limit` rows; also the instant of the next one that way.
    fn fetch(
        &mut self,
        connection: &Connection,
        conversation: ConversationId,
        key: Key,
        way: Way,
        limit: usize,
    ) -> Result<(Vec<Key>, Option<i64>)> {
        let mut statement = connection.prepare_cached(way.sql())?;
        let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut rows = statement.query((conversation.0, key.at, key.tie, key.id, wanted))?;
        let mut keys = Vec::with_capacity(limit);
        while let Some(row) = rows.next()? {
            if keys.len() == limit {
                return Ok((keys, Some(row.get(1)?)));
            }
            let tie = self.rows.push(row)?;
            let key = Key { at: row.get(1)?, tie, id: row.get(0)? };
            self.present.insert(key.at);
            keys.push(key);
        }
        Ok((keys, None))
    }

    /// The gaps to draw on the page: those between its first and its last message, and those at its ends.
    fn gaps(&mut self, connection: &Connection, conversation: ConversationId) -> Result<Vec<Gap>> {
        let (after, until) = self.neighbours;
        self.present.extend(after.into_iter().chain(until));
        gaps_in(connection, conversation, Part { after, until }, &self.present)
    }
}

fn key_of(connection: &Connection, conversation: ConversationId, message: MessageId) -> Result<Key> {
    connection
        .prepare_cached("SELECT at, tie, id FROM message WHERE id = ?1 AND conversation = ?2")?
        .query_row((message.0, conversation.0), |row| Ok(Key { at: row.get(0)?, tie: row.get(1)?, id: row.get(2)? }))
        .optional()?
        .ok_or(StoreError::NotFound("message"))
}

/// The first message that the user has not read. Of a conversation that was only marked unread, the newest inbound one.
pub(crate) fn first_unread(connection: &Connection, conversation: ConversationId) -> Result<Option<MessageId>> {
    let (unread, marks): (u32, [Option<i64>; 3]) = connection
        .prepare_cached("SELECT unread, read_mark, history_mark, elsewhere_at FROM conversation WHERE id = ?1")?
        .query_row([conversation.0], |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?])))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    if unread == 0 {
        return Ok(None);
    }
    let mark = marks.into_iter().max().flatten().unwrap_or(i64::MIN);
    let first = connection
        .prepare_cached(
            "SELECT id FROM message INDEXED BY message_thread
             WHERE conversation = ?1 AND at > ?2 AND direction = 0 AND kind <> 7 AND flags & 256 = 0
             ORDER BY at, tie, id LIMIT 1",
        )?
        .query_row((conversation.0, mark), |row| row.get(0))
        .optional()?;
    if first.is_some() {
        return Ok(first.map(MessageId));
    }
    Ok(connection
        .prepare_cached(
            "SELECT id FROM message INDEXED BY message_thread
             WHERE conversation = ?1 AND direction = 0 AND kind <> 7 ORDER BY at DESC, tie DESC, id DESC LIMIT 1",
        )?
        .query_row([conversation.0], |row| row.get(0))
        .optional()?
        .map(MessageId))
}

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;

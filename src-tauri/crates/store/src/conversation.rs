//! Conversations: one row as the list shows it, and what a person does to one.
//!
//! Promises: a list row needs no join. Reading marks only move forward by reading; *mark as unread* is a flag of its
//! own, so it loses nothing of what is known to be read.

mod list;
mod reminders;
mod window;

use std::collections::BTreeMap;

use backscroll_model::{
    AccountId, BusinessId, Change, Conversation, ConversationId, ConversationState, LastMessage, MessageId, Platform,
    Provider, ReadMark, ReadUpTo, RemoteId, ReplyWindow, Timestamp, WindowFacts,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{
    Result, StoreError,
    account::{platform_of, provider_of},
    codes,
    message::id_list,
};

pub use list::conversations;
pub use reminders::{Reminder, reminders, take_reminders};
pub(crate) use window::{window_refused, window_until};

/// The columns that [`read`] wants, in its order.
const COLUMNS: &str = "id, account, remote_id, name, username, person, avatar, state, snoozed_until, unread,
    waiting_since, last_id, last_at, last_direction, last_kind, last_text, last_send_state, draft, inbound_at,
    gap_after, read_up_to, messages, archived, refused_at";

/// How many they are.
const COLUMN_COUNT: usize = 24;

/// What a conversation repeats from its account. There are few accounts: one small read instead of a join per row.
#[derive(Debug)]
struct Accounts(BTreeMap<i64, (BusinessId, Platform, Option<Provider>)>);

impl Accounts {
    fn load(connection: &Connection) -> Result<Self> {
        let mut statement = connection.prepare_cached("SELECT id, business, platform, provider FROM account")?;
        let mut rows = statement.query([])?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let platform = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let provider = provider_of(row.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
            found.insert(row.get(0)?, (BusinessId(row.get(1)?), platform_of(platform)?, provider));
        }
        Ok(Self(found))
    }
}

fn read(row: &Row<'_>, accounts: &Accounts, now: Timestamp) -> Result<Conversation> {
    let account: i64 = row.get(1)?;
    let (business, platform, provider) = *accounts.0.get(&account).ok_or(StoreError::NotFound("account"))?;
    let last = match row.get::<_, Option<i64>>(11)? {
        None => None,
        Some(id) => Some(LastMessage {
            id: MessageId(id),
            at: Timestamp(row.get(12)?),
            direction: codes::direction_of(row.get(13)?)?,
            kind: codes::kind_of(row.get(14)?)?,
            text: row.get(15)?,
            send_state: row.get::<_, Option<i64>>(16)?.map(codes::send_state_of).transpose()?,
        }),
    };
    let waiting_since = row.get::<_, Option<i64>>(10)?.map(Timestamp);
    Ok(Conversation {
        id: ConversationId(row.get(0)?),
        account: AccountId(account),
        business,
        platform,
        remote_id: RemoteId(row.get(2)?),
        name: row.get(3)?,
        username: row.get(4)?,
        participant: row.get::<_, Option<String>>(5)?.map(RemoteId),
        avatar: row.get(6)?,
        state: state_of(row.get(7)?, row.get(8)?)?,
        unread: row.get(9)?,
        unanswered: waiting_since.is_some(),
        waiting_since,
        last,
        draft: row.get(17)?,
        window: ReplyWindow::through(
            provider,
            platform,
            &WindowFacts {
                inbound_at: row.get::<_, Option<i64>>(18)?.map(Timestamp),
                gap_after: row.get(19)?,
                refused_at: row.get::<_, Option<i64>>(23)?.map(Timestamp),
            },
            now,
        ),
        read_up_to: row.get::<_, Option<i64>>(20)?.map(Timestamp),
        messages: row.get(21)?,
        archived: row.get(22)?,
    })
}

pub(crate) const OPEN: i64 = 0;
pub(crate) const SNOOZED: i64 = 1;
pub(crate) const DONE: i64 = 2;

fn state_of(code: i64, snoozed_until: Option<i64>) -> Result<ConversationState> {
    match (code, snoozed_until) {
        (OPEN, _) => Ok(ConversationState::Open),
        (SNOOZED, Some(until)) => Ok(ConversationState::Snoozed { until: Timestamp(until) }),
        (DONE, _) => Ok(ConversationState::Done),
        _ => Err(StoreError::Value { column: "state", value: code.to_string() }),
    }
}

/// The rows of these conversations, in the order of the ids; ids that are gone are left out.
pub fn conversations_by_ids(
    connection: &Connection,
    ids: &[ConversationId],
    now: Timestamp,
) -> Result<Vec<Conversation>> {
    let accounts = Accounts::load(connection)?;
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM conversation WHERE id IN (SELECT value FROM json_each(?1))"))?;
    let mut rows = statement.query([id_list(ids.iter().map(|id| id.0))])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let conversation = read(row, &accounts, now)?;
        found.insert(conversation.id, conversation);
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// One conversation.
pub fn conversation(connection: &Connection, id: ConversationId, now: Timestamp) -> Result<Conversation> {
    conversations_by_ids(connection, &[id], now)?.pop().ok_or(StoreError::NotFound("conversation"))
}

/// Our row of a platform's conversation.
pub fn conversation_of(
    connection: &Connection,
    account: AccountId,
    remote_id: &RemoteId,
) -> Result<Option<ConversationId>> {
    Ok(connection
        .prepare_cached("SELECT id FROM conversation WHERE account = ?1 AND remote_id = ?2")?
        .query_row((account.0, remote_id.as_str()), |row| row.get(0).map(ConversationId))
        .optional()?)
}

/// The account and the platform's id of a conversation.
pub fn remote_of(connection: &Connection, id: ConversationId) -> Result<(AccountId, RemoteId)> {
    connection
        .prepare_cached("SELECT account, remote_id FROM conversation WHERE id = ?1")?
        .query_row([id.0], |row| Ok((AccountId(row.get(0)?), RemoteId(row.get(1)?))))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))
}

/// Puts a conversation where the user wants it; what it was before, for *Undo*, and what to read again.
pub fn set_state(
    connection: &Connection,
    id: ConversationId,
    to: ConversationState,
) -> Result<(ConversationState, Vec<Change>)> {
    let before = connection
        .prepare_cached("SELECT state, snoozed_until FROM conversation WHERE id = ?1")?
        .query_row([id.0], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    let before = state_of(before.0, before.1)?;
    if before == to {
        return Ok((before, Vec::new()));
    }
    let (code, until) = match to {
        ConversationState::Open => (OPEN, None),
        ConversationState::Snoozed { until } => (SNOOZED, Some(until.0)),
        ConversationState::Done => (DONE, None),
    };
    connection
        .prepare_cached("UPDATE conversation SET state = ?2, snoozed_until = ?3, by_rule = 0 WHERE id = ?1")?
        .execute((id.0, code, until))?;
    Ok((before, changed(id)))
}

/// Brings back what was snoozed until `now` or earlier; also answers when the next one is due.
pub fn wake_snoozed(connection: &Connection, now: Timestamp) -> Result<(Vec<Change>, Option<Timestamp>)> {
    let due: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM conversation INDEXED BY conversation_snoozed
             WHERE snoozed_until IS NOT NULL AND snoozed_until <= ?1",
        )?
        .query_map([now.0], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut changes = Vec::new();
    for id in due {
        changes.extend(set_state(connection, ConversationId(id), ConversationState::Open)?.1);
    }
    let next: Option<i64> = connection
        .prepare_cached(
            "SELECT min(snoozed_until) FROM conversation INDEXED BY conversation_snoozed
             WHERE snoozed_until IS NOT NULL",
        )?
        .query_row([], |row| row.get(0))?;
    Ok((changes, next.map(Timestamp)))
}

/// The user has seen all of these; those that are gone are left out. Answers what *Undo* needs, and what to read again.
pub fn mark_all_read(connection: &Connection, seen: &[ReadUpTo]) -> Result<(Vec<ReadMark>, Vec<Change>)> {
    let (mut marks, mut changes) = (Vec::new(), Vec::new());
    for &ReadUpTo { conversation, message } in seen {
        let Some((before, marked_unread)) = read_mark(connection, conversation)? else { continue };
        match mark_read(connection, conversation, message) {
            Ok(changed) => changes.extend(changed),
            Err(StoreError::NotFound(_)) => continue,
            Err(error) => return Err(error),
        }
        if let Some((Some(after), false)) = read_mark(connection, conversation)?
            && (before != Some(after) || marked_unread)
        {
            marks.push(ReadMark { conversation, before, marked_unread, after });
        }
    }
    Ok((marks, once(changes)))
}

/// Takes [`mark_all_read`] back: what was unread before is unread again, together with what came meanwhile. A
/// conversation that was read further since keeps what the user did last.
pub fn undo_read(connection: &Connection, marks: &[ReadMark]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for mark in marks {
        let undone = connection
            .prepare_cached(
                "UPDATE conversation SET read_mark = ?3, marked_unread = max(marked_unread, ?4)
                 WHERE id = ?1 AND read_mark = ?2",
            )?
            .execute((mark.conversation.0, mark.after.0, mark.before.map(|at| at.0), mark.marked_unread))?;
        if undone > 0 && recount_unread(connection, mark.conversation)? {
            changes.extend(changed(mark.conversation));
        }
    }
    Ok(once(changes))
}

/// Up to when the user has read, and whether it is marked as unread all the same; `None`: no such conversation.
fn read_mark(connection: &Connection, id: ConversationId) -> Result<Option<(Option<Timestamp>, bool)>> {
    Ok(connection
        .prepare_cached("SELECT read_mark, marked_unread FROM conversation WHERE id = ?1")?
        .query_row([id.0], |row| Ok((row.get::<_, Option<i64>>(0)?.map(Timestamp), row.get(1)?)))
        .optional()?)
}

/// The counters are read again once, whatever number of rows moved them.
fn once(mut changes: Vec<Change>) -> Vec<Change> {
    let counted = changes.contains(&Change::Counts);
    changes.retain(|change| *change != Change::Counts);
    changes.extend(counted.then_some(Change::Counts));
    changes
}

/// The user has seen everything up to `message`. Marks move forward only.
pub fn mark_read(connection: &Connection, id: ConversationId, message: MessageId) -> Result<Vec<Change>> {
    let at: i64 = connection
        .prepare_cached("SELECT at FROM message WHERE id = ?1 AND conversation = ?2")?
        .query_row((message.0, id.0), |row| row.get(0))
        .optional()?
        .ok_or(StoreError::NotFound("message"))?;
    let updated = connection
        .prepare_cached(
            "UPDATE conversation SET read_mark = max(ifnull(read_mark, ?2), ?2), marked_unread = 0
             WHERE id = ?1 AND (marked_unread = 1 OR read_mark IS NULL OR read_mark < ?2)",
        )?
        .execute((id.0, at))?;
    if updated == 0 || !recount_unread(connection, id)? {
        return Ok(Vec::new());
    }
    Ok(changed(id))
}

/// Shows a conversation as unread until it is read again.
pub fn mark_unread(connection: &Connection, id: ConversationId) -> Result<Vec<Change>> {
    connection
        .prepare_cached("UPDATE conversation SET marked_unread = 1 WHERE id = ?1 AND messages > 0")?
        .execute([id.0])?;
    Ok(if recount_unread(connection, id)? { changed(id) } else { Vec::new() })
}

/// Counts the unread messages anew; whether the number is another one.
fn recount_unread(connection: &Connection, id: ConversationId) -> Result<bool> {
    let (mark, marked, before): (Option<i64>, bool, u32) = connection
        .prepare_cached(
            "SELECT max(ifnull(read_mark, history_mark), ifnull(history_mark, read_mark)), marked_unread, unread
             FROM conversation WHERE id = ?1",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .ok_or(StoreError::NotFound("conversation"))?;
    let elsewhere: Option<i64> = connection
        .prepare_cached("SELECT elsewhere_at FROM conversation WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))?;
    let after = count_inbound_after(connection, id.0, mark.max(elsewhere))?.max(u32::from(marked));
    connection.prepare_cached("UPDATE conversation SET unread = ?2 WHERE id = ?1")?.execute((id.0, after))?;
    Ok(before != after)
}

/// Messages of the customer after the mark; all of them without one.
pub(crate) fn count_inbound_after(connection: &Connection, conversation: i64, mark: Option<i64>) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM message INDEXED BY message_thread
             WHERE conversation = ?1 AND at > ?2 AND direction = 0 AND kind <> 7 AND flags & 256 = 0",
        )?
        .query_row((conversation, mark.unwrap_or(i64::MIN)), |row| row.get(0))?)
}

fn changed(id: ConversationId) -> Vec<Change> {
    vec![Change::Conversation { id }, Change::Counts]
}

/// Keeps the picture of a person once it is in the cache; `None`: it could not be had and is not tried again.
pub fn set_avatar(connection: &Connection, person: PersonId, path: Option<&str>) -> Result<Vec<Change>> {
    let state = if path.is_some() { codes::MEDIA_READY } else { codes::MEDIA_GONE };
    connection
        .prepare_cached("UPDATE participant SET avatar_state = ?2, avatar_path = ?3 WHERE id = ?1")?
        .execute((person.0, state, path))?;
    let mut statement = connection.prepare_cached(
        "UPDATE conversation SET avatar = ?2 WHERE participant = ?1 AND avatar IS NOT ?2 RETURNING id",
    )?;
    let rows = statement.query_map((person.0, path), |row| row.get(0))?;
    rows.map(|id| Ok(Change::Conversation { id: ConversationId(id?) })).collect()
}

/// A row of `participant`: needed only to bring a picture back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PersonId(pub i64);

/// A picture of a person to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingAvatar {
    /// Whose.
    pub person: PersonId,
    /// The account through which it was seen.
    pub account: AccountId,
    /// Where it is.
    pub url: String,
}

/// Pictures of persons that wait to be fetched, newest persons first.
pub fn avatars_waiting(connection: &Connection, limit: u32) -> Result<Vec<WaitingAvatar>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, account, avatar_url FROM participant INDEXED BY participant_avatar_waiting
         WHERE avatar_state = 1 ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok(WaitingAvatar { person: PersonId(row.get(0)?), account: AccountId(row.get(1)?), url: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

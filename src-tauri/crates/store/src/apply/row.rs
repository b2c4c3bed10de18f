//! The row of a conversation while a batch works on it: read once, written at most once.

use backscroll_model::RemoteId;
use rusqlite::{Connection, OptionalExtension, params};

use super::Facts;
use crate::{Result, codes, conversation};

/// A conversation's row, before and now.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: i64,
    /// Created by this batch: no message of it was held before.
    pub(crate) created: bool,
    pub(crate) before: Columns,
    pub(crate) now: Columns,
    /// Time of the newest message held before or taken in so far, for the digest.
    pub(crate) newest_seen: Option<i64>,
}

/// The columns that a batch may change; named as in the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Columns {
    pub(crate) state: i64,
    pub(crate) snoozed_until: Option<i64>,
    pub(crate) by_rule: bool,
    pub(crate) unread: u32,
    pub(crate) messages: u32,
    pub(crate) last: Option<Last>,
    pub(crate) name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) person: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) waiting_since: Option<i64>,
    pub(crate) window_until: Option<i64>,
    pub(crate) inbound_at: Option<i64>,
    pub(crate) gap_after: bool,
    /// Written by the outbox alone.
    pub(crate) refused_at: Option<i64>,
    pub(crate) read_up_to: Option<i64>,
    pub(crate) archived: bool,
    pub(crate) marked_unread: bool,
    pub(crate) read_mark: Option<i64>,
    pub(crate) history_mark: Option<i64>,
    pub(crate) elsewhere_at: Option<i64>,
    pub(crate) answer_at: Option<i64>,
    pub(crate) participant: Option<i64>,
    pub(crate) page_digest: Option<i64>,
    pub(crate) list_digest: Option<i64>,
    pub(crate) listed_to: Option<i64>,
    pub(crate) unlisted: bool,
    pub(crate) link: Option<String>,
}

/// The newest message, as the row repeats it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Last {
    pub(crate) at: i64,
    pub(crate) tie: i64,
    pub(crate) id: i64,
    pub(crate) direction: i64,
    pub(crate) kind: i64,
    pub(crate) send_state: Option<i64>,
    pub(crate) text: Option<String>,
}

impl Last {
    /// Its place in the thread.
    pub(crate) fn key(&self) -> (i64, i64, i64) {
        (self.at, self.tie, self.id)
    }
}

impl Columns {
    /// Up to when everything is read, by the user here, elsewhere, or by the rule of the first back-fill.
    pub(crate) fn mark(&self) -> Option<i64> {
        self.read_mark.max(self.history_mark).max(self.elsewhere_at)
    }

    fn counted(&self) -> (bool, bool) {
        let open = self.state == conversation::OPEN;
        (open && self.unread > 0, open && self.waiting_since.is_some())
    }
}

const SELECT: &str = "SELECT id, state, snoozed_until, by_rule, unread, messages, last_at, last_tie, last_id,
    last_direction, last_kind, last_send_state, last_text, name, username, person, avatar, waiting_since, window_until,
    inbound_at, gap_after, read_up_to, archived, marked_unread, read_mark, history_mark, elsewhere_at, answer_at,
    participant, page_digest, list_digest, listed_to, unlisted, link, refused_at FROM conversation";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let last = match row.get::<_, Option<i64>>(8)? {
        None => None,
        Some(id) => Some(Last {
            id,
            at: row.get(6)?,
            tie: row.get(7)?,
            direction: row.get(9)?,
            kind: row.get(10)?,
            send_state: row.get(11)?,
            text: row.get(12)?,
        }),
    };
    let columns = Columns {
        state: row.get(1)?,
        snoozed_until: row.get(2)?,
        by_rule: row.get(3)?,
        unread: row.get(4)?,
        messages: row.get(5)?,
        last,
        name: row.get(13)?,
        username: row.get(14)?,
        person: row.get(15)?,
        avatar: row.get(16)?,
        waiting_since: row.get(17)?,
        window_until: row.get(18)?,
        inbound_at: row.get(19)?,
        gap_after: row.get(20)?,
        read_up_to: row.get(21)?,
        archived: row.get(22)?,
        marked_unread: row.get(23)?,
        read_mark: row.get(24)?,
        history_mark: row.get(25)?,
        elsewhere_at: row.get(26)?,
        answer_at: row.get(27)?,
        participant: row.get(28)?,
        page_digest: row.get(29)?,
        list_digest: row.get(30)?,
        listed_to: row.get(31)?,
        unlisted: row.get(32)?,
        link: row.get(33)?,
        refused_at: row.get(34)?,
    };
    // A message of ours that is not there yet is on no page: it does not make the newest page an older one.
    let of_a_page = |last: &&Last| last.send_state.is_none_or(|state| state == codes::ACCEPTED);
    let newest_seen = columns.last.as_ref().filter(of_a_page).map(|last| last.at);
    Ok(Row { id: row.get(0)?, created: false, before: columns.clone(), now: columns, newest_seen })
}

impl Row {
    /// The row of a platform's conversation. A new one starts done and read, and the rule of the first back-fill or
    /// the first news opens it.
    pub(crate) fn load_or_create(connection: &Connection, facts: &Facts, remote_id: &RemoteId) -> Result<Self> {
        let held = connection
            .prepare_cached(&format!("{SELECT} WHERE account = ?1 AND remote_id = ?2"))?
            .query_row((facts.account, remote_id.as_str()), read)
            .optional()?;
        if let Some(row) = held {
            return Ok(row);
        }
        connection
            .prepare_cached(
                "INSERT INTO conversation (account, remote_id, state, by_rule, former_of) VALUES (?1, ?2, ?3, 1, ?4)",
            )?
            .execute((facts.account, remote_id.as_str(), conversation::DONE, facts.switched_at))?;
        let columns = Columns { state: conversation::DONE, by_rule: true, unlisted: true, ..Columns::default() };
        Ok(Self {
            id: connection.last_insert_rowid(),
            created: true,
            before: columns.clone(),
            now: columns,
            newest_seen: None,
        })
    }

    /// The row by its id.
    pub(crate) fn load(connection: &Connection, id: i64) -> Result<Option<Self>> {
        Ok(connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?.query_row([id], read).optional()?)
    }

    /// Whether a person would see a difference.
    pub(crate) fn shows_change(&self) -> bool {
        let shown = |columns: &Columns| Columns {
            page_digest: None,
            list_digest: None,
            listed_to: None,
            unlisted: false,
            ..columns.clone()
        };
        self.created || shown(&self.before) != shown(&self.now)
    }

    /// Whether a counter of the rail moved.
    pub(crate) fn moves_a_counter(&self) -> bool {
        self.before.counted() != self.now.counted()
    }

    /// Writes the row if anything changed.
    pub(crate) fn save(&self, connection: &Connection) -> Result<()> {
        if self.before == self.now {
            return Ok(());
        }
        let c = &self.now;
        let last = c.last.as_ref();
        // By number: 34 names would be looked up for each row.
        connection.prepare_cached(UPDATE)?.execute(params![
            self.id,
            c.state,
            c.snoozed_until,
            c.by_rule,
            c.unread,
            c.messages,
            last.map(|l| l.at),
            last.map(|l| l.tie),
            last.map(|l| l.id),
            last.map(|l| l.direction),
            last.map(|l| l.kind),
            last.and_then(|l| l.send_state),
            last.and_then(|l| l.text.as_deref()),
            c.name,
            c.username,
            c.person,
            c.avatar,
            c.waiting_since,
            c.window_until,
            c.inbound_at,
            c.gap_after,
            c.read_up_to,
            c.archived,
            c.marked_unread,
            c.read_mark,
            c.history_mark,
            c.elsewhere_at,
            c.answer_at,
            c.participant,
            c.page_digest,
            c.list_digest,
            c.listed_to,
            c.unlisted,
            c.link,
        ])?;
        Ok(())
    }
}

const UPDATE: &str = "UPDATE conversation SET
    state = ?2, snoozed_until = ?3, by_rule = ?4, unread = ?5, messages = ?6,
    last_at = ?7, last_tie = ?8, last_id = ?9, last_direction = ?10,
    last_kind = ?11, last_send_state = ?12, last_text = ?13, name = ?14,
    username = ?15, person = ?16, avatar = ?17, waiting_since = ?18,
    window_until = ?19, inbound_at = ?20, gap_after = ?21, read_up_to = ?22,
    archived = ?23, marked_unread = ?24, read_mark = ?25, history_mark = ?26,
    elsewhere_at = ?27, answer_at = ?28, participant = ?29, page_digest = ?30,
    list_digest = ?31, listed_to = ?32, unlisted = ?33, link = ?34
    WHERE id = ?1";

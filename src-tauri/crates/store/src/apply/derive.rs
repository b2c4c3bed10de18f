//! What follows from the messages of a conversation: its last line, unread, unanswered, state, reply window.
//!
//! Everything is a function of the messages held and of marks that move one way, so the order in which pages came
//! cannot be seen in it:
//! - **unread**: messages of the customer after the latest of three marks: read here, read elsewhere (we answered
//!   there), taken as read by the rule of the first back-fill.
//! - **unanswered**: there is one after our newest answer. Automatic replies and sends that failed are no answers.
//! - **state**: news open a conversation. Before there are any, the rule of the first back-fill decides: open only if
//!   the customer waits, for less than 7 days (`ux.md`); a state that the user chose is never touched by it.
//!
//! The common cases (messages at the newest end) need no query; the rest is asked of the thread's index. A property
//! test compares the two.

use backscroll_model::{DAY, Direction, MessageSeen, Platform, Provider, SECOND, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{
    ApplyContext, Facts, Work,
    row::{Columns, Last},
};
use crate::{
    Result, codes,
    conversation::{DONE, OPEN, count_inbound_after, window_until},
    gaps::{self, Covered},
};

/// The rule of the first back-fill: older than this, a waiting customer no longer waits.
const STILL_WAITING: i64 = 7 * DAY;
/// An automatic reply follows its message within this.
const AUTOMATIC_WITHIN: i64 = 60 * SECOND;
/// One whose text is not known, within this.
const UNKNOWN_WITHIN: i64 = 10 * SECOND;

/// What a batch did to the messages of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    inserted: u32,
    /// Rows that went away: our own and its echo became one.
    pub(crate) removed: u32,
    /// Times of the customer's new messages, tombstones aside.
    inbound: Vec<i64>,
    answer_at: Option<i64>,
    elsewhere_at: Option<i64>,
    /// Span of time of the new messages.
    span: Option<(i64, i64)>,
    pub(super) news: bool,
    pub(super) last: Option<Last>,
    /// Rows of a download came, which are never unread.
    pub(super) imported: bool,
    /// More than new rows: derive from all rows.
    pub(crate) recompute: bool,
}

impl Delta {
    pub(super) fn inserted(&mut self, seen: &MessageSeen, taken_back: bool, is_news: bool) {
        let at = seen.at.0;
        self.inserted += 1;
        let (from, to) = self.span.unwrap_or((at, at));
        self.span = Some((from.min(at), to.max(at)));
        self.news |= is_news;
        match seen.direction {
            Direction::In if taken_back => {}
            Direction::In => self.inbound.push(at),
            Direction::Out => {
                self.answer_at = self.answer_at.max(Some(at));
                self.elsewhere_at = self.elsewhere_at.max(Some(at));
            }
        }
    }
}

/// Marks the profile's automatic replies among the messages around the new ones: the same text, within a minute after
/// a message of the customer. Looked for whenever either of the two comes, so it does not matter which came first. An
/// empty `text` is the provider's own sentence, whose words are not ours to know (`reference/ayrshare.md` 5): while that
/// is switched on, what was sent elsewhere within ten seconds counts as automatic. Nobody reads and answers that fast,
/// and if it was a person who had begun before, the conversation waits once too often, never once too seldom.
pub(super) fn find_automatic(connection: &Connection, work: &mut Work, text: &str) -> Result<()> {
    let Some((from, to)) = work.delta.span else { return Ok(()) };
    let within = if text.is_empty() { UNKNOWN_WITHIN } else { AUTOMATIC_WITHIN };
    let found: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM message o INDEXED BY message_thread
             WHERE conversation = ?1 AND at BETWEEN ?2 AND ?3 + ?5 AND direction = 1 AND origin = 2
                AND (?4 = '' OR text = ?4)
                AND EXISTS (SELECT 1 FROM message i INDEXED BY message_thread
                    WHERE i.conversation = ?1 AND i.at BETWEEN o.at - ?5 AND o.at AND i.direction = 0)",
        )?
        .query_map((work.row.id, from, to, text, within), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in found {
        connection.prepare_cached("UPDATE message SET origin = ?2 WHERE id = ?1")?.execute((id, codes::AUTOMATIC))?;
        work.touched.insert(id);
        work.delta.recompute = true;
    }
    Ok(())
}

/// Derives the row of a conversation.
pub(super) fn derive(connection: &Connection, facts: &Facts, context: &ApplyContext, work: &mut Work) -> Result<()> {
    let covered = work.covered != Covered::Unchanged;
    let downloaded = work.downloaded;
    let Work { row, delta, .. } = work;
    let before = row.before.clone();
    let now = &mut row.now;
    now.messages = (now.messages + delta.inserted).saturating_sub(delta.removed);
    if delta.recompute {
        from_rows(connection, row.id, now)?;
    } else {
        from_delta(connection, row.id, &before, now, delta)?;
    }
    choose_state(facts, context, row.created, downloaded, delta.news, now);
    if now.elsewhere_at > before.elsewhere_at {
        now.marked_unread = false;
    }
    now.unread = unread(connection, row.id, &before, now, delta)?;
    now.window_until = window_until(facts.provider, facts.platform, now.inbound_at, now.refused_at);
    // A newer message can leave a gap behind it; an older one, a tombstone's neighbour, can come to lie before one.
    let may_pass_a_gap = now.inbound_at != before.inbound_at
        && (now.gap_after || before.inbound_at.is_none() || now.inbound_at < before.inbound_at);
    if covered || may_pass_a_gap {
        let standing = gaps::standing(connection, row.id, now.inbound_at)?;
        (now.gap_after, now.unlisted) = (standing.gap_after, standing.unlisted);
    }
    Ok(())
}

/// Derives a row outside of a batch: after the state of a send changed, or a row went.
pub(crate) fn rederive(
    connection: &Connection,
    row: &mut super::row::Row,
    provider: Option<Provider>,
    platform: Platform,
) -> Result<()> {
    from_rows(connection, row.id, &mut row.now)?;
    row.now.unread = count_inbound_after(connection, row.id, row.now.mark())?.max(u32::from(row.now.marked_unread));
    row.now.window_until = window_until(provider, platform, row.now.inbound_at, row.now.refused_at);
    if row.now.gap_after {
        // An own message that was known by its id alone is held now.
        row.now.gap_after = gaps::standing(connection, row.id, row.now.inbound_at)?.gap_after;
    }
    Ok(())
}

/// The usual case: only new rows.
fn from_delta(connection: &Connection, id: i64, before: &Columns, now: &mut Columns, delta: &mut Delta) -> Result<()> {
    if delta.inserted == 0 {
        return Ok(());
    }
    let newest = delta.last.take();
    if newest.as_ref().map(Last::key) > now.last.as_ref().map(Last::key) {
        now.last = newest;
    }
    now.inbound_at = now.inbound_at.max(delta.inbound.iter().copied().max());
    now.answer_at = now.answer_at.max(delta.answer_at);
    now.elsewhere_at = now.elsewhere_at.max(delta.elsewhere_at);
    let first_new = delta.inbound.iter().copied().filter(|at| Some(*at) > now.answer_at).min();
    now.waiting_since = if now.answer_at == before.answer_at {
        earliest(before.waiting_since, first_new)
    } else if before.inbound_at <= now.answer_at {
        first_new
    } else {
        waiting_since(connection, id, now.answer_at)?
    };
    Ok(())
}

/// Anything else: from all rows of the thread, each by one step into its index.
fn from_rows(connection: &Connection, id: i64, now: &mut Columns) -> Result<()> {
    now.last = connection
        .prepare_cached(
            "SELECT at, tie, id, direction, kind, send_state, text FROM message INDEXED BY message_thread
             WHERE conversation = ?1 ORDER BY at DESC, tie DESC, id DESC LIMIT 1",
        )?
        .query_row([id], |row| {
            Ok(Last {
                at: row.get(0)?,
                tie: row.get(1)?,
                id: row.get(2)?,
                direction: row.get(3)?,
                kind: row.get(4)?,
                send_state: row.get::<_, Option<i64>>(5)?.filter(|state| *state != codes::ACCEPTED),
                text: row.get::<_, Option<String>>(6)?.as_deref().and_then(crate::preview),
            })
        })
        .optional()?;
    now.inbound_at = newest(connection, id, "direction = 0 AND kind <> 7")?;
    now.answer_at = newest(connection, id, "direction = 1 AND origin <> 3 AND ifnull(send_state, 3) <> 4")?;
    now.elsewhere_at = newest(connection, id, "direction = 1 AND origin = 2")?;
    now.waiting_since = waiting_since(connection, id, now.answer_at)?;
    Ok(())
}

fn newest(connection: &Connection, id: i64, condition: &'static str) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT at FROM message INDEXED BY message_thread
             WHERE conversation = ?1 AND {condition} ORDER BY at DESC LIMIT 1"
        ))?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

fn waiting_since(connection: &Connection, id: i64, answer_at: Option<i64>) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached(
            "SELECT at FROM message INDEXED BY message_thread
             WHERE conversation = ?1 AND at > ?2 AND direction = 0 AND kind <> 7 ORDER BY at LIMIT 1",
        )?
        .query_row((id, answer_at.unwrap_or(i64::MIN)), |row| row.get(0))
        .optional()?)
}

fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `downloaded`: no provider has told of the conversation. What is in it is history, however young.
fn choose_state(facts: &Facts, context: &ApplyContext, created: bool, downloaded: bool, news: bool, now: &mut Columns) {
    if news {
        if now.by_rule && now.state == DONE {
            // What lay there before was taken as read; only what is news counts.
            now.history_mark = now.history_mark.max(Some(facts.news_floor));
        }
        now.state = OPEN;
        now.snoozed_until = None;
        now.by_rule = false;
        return;
    }
    if !now.by_rule {
        return;
    }
    // News apart, a live read does not sort conversations anew: a week later the rule would close what it opened.
    if created || !context.arrival.is_live() {
        let waits = !downloaded
            && now.waiting_since.is_some()
            && now.inbound_at.is_some_and(|at| context.now.since(Timestamp(at)) < STILL_WAITING);
        now.state = if waits { OPEN } else { DONE };
    }
    now.history_mark = if now.state == DONE { now.inbound_at } else { None };
}

fn unread(connection: &Connection, id: i64, before: &Columns, now: &Columns, delta: &Delta) -> Result<u32> {
    let mark = now.mark();
    let of_batch = || {
        let count = delta.inbound.iter().filter(|at| Some(**at) > mark).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let marked_moved = before.marked_unread || now.marked_unread;
    let counted = if delta.recompute || delta.imported || marked_moved {
        count_inbound_after(connection, id, mark)?
    } else if mark == before.mark() {
        before.unread + of_batch()
    } else if mark > before.mark() && before.inbound_at <= mark {
        of_batch()
    } else {
        count_inbound_after(connection, id, mark)?
    };
    Ok(counted.max(u32::from(now.marked_unread)))
}

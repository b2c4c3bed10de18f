//! The conversation list: each order is a few *segments*, each a walk along one index, so a page costs its rows and
//! nothing else whatever the list's length. A place names its segment, so paging goes on across them.

use backscroll_model::{
    Conversation, ConversationPage, ConversationQuery, DAY, HOUR, OnlyFilter, Place, ReplyWindow, Sort, StateFilter,
    Timestamp,
};
use rusqlite::{Connection, types::Value};

use super::{Accounts, COLUMN_COUNT, COLUMNS, DONE, OPEN, SNOOZED, read};
use crate::{Result, StoreError};

/// How long before its end a reply window is *closing soon*.
const CLOSING_SOON: i64 = 4 * HOUR;

/// A part of an order: rows that meet `condition`, along `index` by `key`.
#[derive(Debug)]
struct Segment {
    index: &'static str,
    condition: String,
    /// The column to sort by; `None`: by row alone.
    key: Option<&'static str>,
    /// Added to the key: the end that is meant lies so long after the one that is stored.
    shift: i64,
    descending: bool,
}

fn newest(condition: &str) -> Segment {
    let condition = condition.to_owned();
    Segment { index: "conversation_newest", condition, key: Some("last_at"), shift: 0, descending: true }
}

fn without_messages() -> Segment {
    Segment { key: None, ..newest("last_at IS NULL") }
}

/// The segments of an order; those of one place are merged by their key. `?1` is now.
fn segments(sort: Sort, windows: &Windows) -> Vec<Vec<Segment>> {
    match sort {
        Sort::Newest => vec![vec![newest("last_at IS NOT NULL")], vec![without_messages()]],
        Sort::Oldest => {
            vec![vec![Segment { descending: false, ..newest("last_at IS NOT NULL") }], vec![without_messages()]]
        }
        Sort::WaitingLongest => vec![
            vec![Segment {
                index: "conversation_waiting",
                condition: "waiting_since IS NOT NULL".to_owned(),
                key: Some("waiting_since"),
                shift: 0,
                descending: false,
            }],
            vec![newest("last_at IS NOT NULL AND waiting_since IS NULL")],
            vec![without_messages()],
        ],
        Sort::ClosingFirst => vec![
            windows.ends().collect(),
            vec![newest(&format!("last_at IS NOT NULL AND (window_until IS NULL OR {})", windows.none()))],
            vec![without_messages()],
        ],
    }
}

/// Which ends of reply windows there are: the stored one, and after it, for some accounts, a second one until which only
/// a person may answer (`model::ReplyWindow`).
struct Windows {
    /// Accounts with a second end, as SQL.
    twice: Vec<String>,
}

/// From the first end to the second.
const REST: i64 = 6 * DAY;
/// An open window counts as ended so long before.
const SLACK: i64 = ReplyWindow::SLACK;

impl Windows {
    fn of(accounts: &Accounts) -> Self {
        let twice = accounts.0.iter().filter(|(_, (_, platform, provider))| {
            matches!(ReplyWindow::ends(*provider, *platform), [first, second] if second - first == REST)
        });
        Self { twice: twice.map(|(id, _)| id.to_string()).collect() }
    }

    /// Walks along the windows that end after now, next end first.
    fn ends(&self) -> impl Iterator<Item = Segment> {
        let walk = |condition, shift| Segment {
            index: "conversation_closing",
            condition,
            key: Some("window_until"),
            shift,
            descending: false,
        };
        let first = walk(format!("window_until > ?1 + {SLACK}"), 0);
        let second = self.second().map(|those| walk(those, REST));
        std::iter::once(first).chain(second)
    }

    /// Those between their first end and the second.
    fn second(&self) -> Option<String> {
        let ids = (!self.twice.is_empty()).then(|| self.twice.join(","))?;
        Some(format!("window_until <= ?1 + {SLACK} AND window_until > ?1 - {REST} AND +account IN ({ids})"))
    }

    /// No end is to come.
    fn none(&self) -> String {
        let ended = format!("window_until <= ?1 + {SLACK}");
        self.second().map_or(ended.clone(), |second| format!("({ended} AND NOT ({second}))"))
    }

    /// The next end is near. The sign keeps the planner on the index of the order.
    fn closing_soon(&self) -> String {
        let first = format!("+window_until > ?1 + {SLACK} AND +window_until <= ?1 + {CLOSING_SOON}");
        match self.second() {
            None => format!("({first})"),
            Some(second) => {
                let second = second.replace("window_until", "+window_until");
                format!("({first} OR {second} AND +window_until <= ?1 - {REST} + {CLOSING_SOON})")
            }
        }
    }
}

/// Where a page begins: after this row of this segment.
#[derive(Debug, Clone, Copy)]
struct After {
    segment: usize,
    key: i64,
    id: i64,
}

impl After {
    fn parse(place: &Place) -> Result<Self> {
        let mut parts = place.0.split(':').map(str::parse::<i64>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(segment)), Some(Ok(key)), Some(Ok(id)), None) => {
                Ok(Self { segment: usize::try_from(segment).map_err(|_| StoreError::BadPlace)?, key, id })
            }
            _ => Err(StoreError::BadPlace),
        }
    }

    fn place(self) -> Place {
        Place(format!("{}:{}:{}", self.segment, self.key, self.id))
    }
}

/// A page of the list: at most `limit` rows after `place`, or from the top.
pub fn conversations(
    connection: &Connection,
    query: &ConversationQuery,
    place: Option<&Place>,
    limit: u32,
    now: Timestamp,
) -> Result<ConversationPage> {
    let accounts = Accounts::load(connection)?;
    let Some(filter) = filter(&accounts, query) else {
        return Ok(ConversationPage { rows: Vec::new(), next: None });
    };
    let mut after = place.map(After::parse).transpose()?;
    let mut rows: Vec<(After, Conversation)> = Vec::new();
    // One more than asked for tells whether there is a next page.
    let wanted = limit as usize + 1;
    for (number, place) in segments(query.sort, &Windows::of(&accounts)).iter().enumerate() {
        if after.is_some_and(|a| a.segment > number) {
            continue;
        }
        let start = after.take().filter(|a| a.segment == number);
        let mut found = Vec::new();
        for segment in place {
            for state in states(query.state) {
                let wanted = wanted - rows.len();
                walk(connection, &accounts, segment, number, *state, &filter, start, wanted, now, &mut found)?;
            }
        }
        if query.state.is_none() || place.len() > 1 {
            // Several walks along the same index, merged.
            found.sort_by_key(|(a, _)| (a.key, a.id));
            if place.iter().all(|segment| segment.descending) {
                found.reverse();
            }
            found.truncate(wanted - rows.len());
        }
        rows.append(&mut found);
        if rows.len() >= wanted {
            break;
        }
    }
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = if more { rows.last().map(|(after, _)| after.place()) } else { None };
    Ok(ConversationPage { rows: rows.into_iter().map(|(_, row)| row).collect(), next })
}

fn states(filter: Option<StateFilter>) -> &'static [i64] {
    match filter {
        Some(StateFilter::Open) => &[OPEN],
        Some(StateFilter::Snoozed) => &[SNOOZED],
        Some(StateFilter::Done) => &[DONE],
        None => &[OPEN, SNOOZED, DONE],
    }
}

/// The filters as SQL; `None`: no account fits, nothing can be found.
fn filter(accounts: &Accounts, query: &ConversationQuery) -> Option<String> {
    let fitting: Vec<String> = accounts
        .0
        .iter()
        .filter(|(id, (business, platform, _))| {
            query.account.is_none_or(|wanted| wanted.0 == **id)
                && query.business.is_none_or(|wanted| wanted == *business)
                && (query.platforms.is_empty() || query.platforms.contains(platform))
        })
        .map(|(id, _)| id.to_string())
        .collect();
    if fitting.is_empty() {
        return None;
    }
    let mut sql = String::new();
    if fitting.len() < accounts.0.len() {
        // Numbers of ours, never text from outside. The sign keeps the planner on the index of the order.
        sql.push_str(&format!(" AND +account IN ({})", fitting.join(",")));
    }
    match query.only {
        None => {}
        Some(OnlyFilter::Unread) => sql.push_str(" AND unread > 0"),
        Some(OnlyFilter::Unanswered) => sql.push_str(" AND +waiting_since IS NOT NULL"),
        Some(OnlyFilter::ClosingSoon) => {
            sql.push_str(&format!(" AND {}", Windows::of(accounts).closing_soon()));
        }
    }
    Some(sql)
}

#[expect(clippy::too_many_arguments, reason = "one loop body, named")]
fn walk(
    connection: &Connection,
    accounts: &Accounts,
    segment: &Segment,
    number: usize,
    state: i64,
    filter: &str,
    start: Option<After>,
    wanted: usize,
    now: Timestamp,
    found: &mut Vec<(After, Conversation)>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(&sql(segment, state, filter, start.is_some()))?;
    let mut values = vec![Value::Integer(now.0), Value::Integer(i64::try_from(wanted).unwrap_or(i64::MAX))];
    if let Some(after) = start {
        values.push(Value::Integer(after.id));
        values.push(Value::Integer(after.key - segment.shift));
    }
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let conversation = read(row, accounts, now)?;
        let key = match segment.key {
            // The one column after those of a row.
            Some(_) => row.get(COLUMN_COUNT)?,
            None => 0,
        };
        found.push((After { segment: number, key, id: conversation.id.0 }, conversation));
    }
    Ok(())
}

/// `?1` now, `?2` the limit, `?3` and `?4` id and key of the row to go on after.
fn sql(segment: &Segment, state: i64, filter: &str, paged: bool) -> String {
    let Segment { index, condition, key, shift, descending } = segment;
    let (order, beyond) = if *descending { ("DESC", "<") } else { ("ASC", ">") };
    let (select, by, after) = match key {
        Some(key) => (
            format!("{COLUMNS}, {key} + {shift} AS sort_key"),
            format!("{key} {order}, id {order}"),
            format!(" AND ({key}, id) {beyond} (?4, ?3)"),
        ),
        None => (COLUMNS.to_owned(), format!("id {order}"), format!(" AND id {beyond} ?3 AND ?4 IS NOT NULL")),
    };
    let after = if paged { after.as_str() } else { "" };
    format!(
        "SELECT {select} FROM conversation INDEXED BY {index} WHERE state = {state} AND {condition}{filter}{after}
         AND ?1 IS NOT NULL ORDER BY {by} LIMIT ?2"
    )
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;

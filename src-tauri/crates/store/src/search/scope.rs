//! What the filters of a query let through. Names are looked up once, so that a row is judged by its numbers.

use std::{cell::RefCell, collections::BTreeMap};

use backscroll_model::{ConversationId, SearchFilter, SearchHas};
use rusqlite::{Connection, OptionalExtension};

use super::{
    query::Part,
    words::{Clause, all_stand_in},
};
use crate::{Result, codes, codes::flag, segment::fold_over, thread::first_unread};

/// `attachment.kind` of a shared post.
const SHARE: i64 = 6;

/// The columns of `message m` that are judged and shown, in the order of [`Row`].
pub(crate) const COLUMNS: &str = "m.id, m.conversation, m.at, m.direction, m.kind, m.flags, m.account, m.text";

/// A row of [`COLUMNS`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'r> {
    pub(crate) id: i64,
    pub(crate) conversation: i64,
    pub(crate) at: i64,
    pub(crate) direction: i64,
    pub(crate) kind: i64,
    pub(crate) flags: i64,
    pub(crate) account: i64,
    pub(crate) text: Option<&'r str>,
}

impl<'r> Row<'r> {
    pub(crate) fn of(row: &'r rusqlite::Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            conversation: row.get(1)?,
            at: row.get(2)?,
            direction: row.get(3)?,
            kind: row.get(4)?,
            flags: row.get(5)?,
            account: row.get(6)?,
            text: row.get_ref(7)?.as_str_or_null().map_err(rusqlite::Error::from)?,
        })
    }
}

/// Whose messages.
#[derive(Debug, Default)]
struct Senders {
    me: bool,
    /// The other sides of these conversations, ascending.
    of: Vec<i64>,
}

/// What is let through.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Only these, ascending; `None`: all.
    pub(crate) conversations: Option<Vec<i64>>,
    accounts: Option<Vec<i64>>,
    senders: Option<Senders>,
    from: i64,
    until: i64,
    pub(crate) has: Vec<SearchHas>,
    unread: bool,
    /// Where what is unread begins in a conversation, once it was asked for.
    unread_from: RefCell<BTreeMap<i64, Option<i64>>>,
}

impl Scope {
    /// Looks the names up. Also answers of each filter whether there is anybody of its name.
    pub(crate) fn of(
        connection: &Connection,
        conversation: Option<ConversationId>,
        filters: &[Part],
    ) -> Result<(Self, Vec<bool>)> {
        let mut scope = Self {
            conversations: None,
            accounts: None,
            senders: None,
            from: i64::MIN,
            until: i64::MAX,
            has: Vec::new(),
            unread: false,
            unread_from: RefCell::default(),
        };
        let mut people: Option<Vec<i64>> = None;
        let mut known = Vec::with_capacity(filters.len());
        for Part { filter, .. } in filters {
            known.push(match filter {
                SearchFilter::FromMe => {
                    scope.senders.get_or_insert_default().me = true;
                    true
                }
                SearchFilter::From { who } => {
                    let found = conversations_with(connection, who)?;
                    let any = !found.is_empty();
                    add(&mut scope.senders.get_or_insert_default().of, found);
                    any
                }
                SearchFilter::In { who } => {
                    let found = conversations_with(connection, who)?;
                    let any = !found.is_empty();
                    add(people.get_or_insert_default(), found);
                    any
                }
                SearchFilter::Account { name } => {
                    let found = accounts_called(connection, name)?;
                    let any = !found.is_empty();
                    add(scope.accounts.get_or_insert_default(), found);
                    any
                }
                SearchFilter::Before { at } => {
                    scope.until = scope.until.min(at.0);
                    true
                }
                SearchFilter::After { at } => {
                    scope.from = scope.from.max(at.0);
                    true
                }
                SearchFilter::Has { what } => {
                    scope.has.push(*what);
                    true
                }
                SearchFilter::Unread => {
                    scope.unread = true;
                    true
                }
            });
        }
        let senders = scope.senders.as_ref().filter(|senders| !senders.me).map(|senders| senders.of.clone());
        let unread = if scope.unread { Some(conversations_unread(connection)?) } else { None };
        let sets = [conversation.map(|id| vec![id.0]), people, senders, unread];
        scope.conversations = sets.into_iter().flatten().reduce(|mut all, set| {
            all.retain(|id| set.binary_search(id).is_ok());
            all
        });
        Ok((scope, known))
    }

    /// Nothing can be let through.
    pub(crate) fn is_nothing(&self) -> bool {
        self.conversations.as_ref().is_some_and(Vec::is_empty)
            || self.accounts.as_ref().is_some_and(Vec::is_empty)
            || self.from >= self.until
    }

    /// Whether a row is let through. Cheap questions first.
    pub(crate) fn lets(&self, connection: &Connection, row: &Row<'_>) -> Result<bool> {
        let among = |set: &Option<Vec<i64>>, id: i64| set.as_ref().is_none_or(|set| set.binary_search(&id).is_ok());
        let sent = self.senders.as_ref().is_none_or(|senders| match row.direction {
            codes::OUT => senders.me,
            _ => senders.of.binary_search(&row.conversation).is_ok(),
        });
        if !sent
            || row.kind == codes::UNSENT
            || !(self.from..self.until).contains(&row.at)
            || !among(&self.conversations, row.conversation)
            || !among(&self.accounts, row.account)
        {
            return Ok(false);
        }
        for what in &self.has {
            if !has(connection, row, *what)? {
                return Ok(false);
            }
        }
        Ok(!self.unread || self.is_unread(connection, row)?)
    }

    fn is_unread(&self, connection: &Connection, row: &Row<'_>) -> Result<bool> {
        if row.direction != codes::IN {
            return Ok(false);
        }
        let mut known = self.unread_from.borrow_mut();
        let from = match known.get(&row.conversation) {
            Some(from) => *from,
            None => {
                let first = first_unread(connection, ConversationId(row.conversation))?;
                let from = match first {
                    None => None,
                    Some(id) => connection
                        .prepare_cached("SELECT at FROM message WHERE id = ?1")?
                        .query_row([id.0], |row| row.get(0))
                        .optional()?,
                };
                known.insert(row.conversation, from);
                from
            }
        };
        Ok(from.is_some_and(|from| row.at >= from))
    }
}

fn add(set: &mut Vec<i64>, more: Vec<i64>) {
    set.extend(more);
    set.sort_unstable();
    set.dedup();
}

/// The kind of attachment that something is.
pub(crate) fn attachment_kind(what: SearchHas) -> i64 {
    match what {
        SearchHas::Image => 1,
        SearchHas::Video => 2,
        SearchHas::Audio => 3,
        SearchHas::File => 4,
        SearchHas::Link => SHARE,
    }
}

pub(crate) const HAS: &str =
    "SELECT EXISTS (SELECT 1 FROM attachment INDEXED BY attachment_message WHERE message = ?1 AND kind = ?2)";

fn has(connection: &Connection, row: &Row<'_>, what: SearchHas) -> Result<bool> {
    if what == SearchHas::Link && row.text.is_some_and(has_link) {
        return Ok(true);
    }
    if row.flags & flag::ATTACHMENTS == 0 {
        return Ok(false);
    }
    Ok(connection.prepare_cached(HAS)?.query_row((row.id, attachment_kind(what)), |row| row.get(0))?)
}

/// Whether the UI will make a link of something in it: an address with its scheme, or one that begins with `www.`.
fn has_link(text: &str) -> bool {
    let begins = |at: usize, with: &str| {
        text.get(at..at + with.len()).is_some_and(|part| part.eq_ignore_ascii_case(with))
            && text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric())
            && text.get(at + with.len()..).and_then(|rest| rest.chars().next()).is_some_and(char::is_alphanumeric)
    };
    memchr::memchr3_iter(b'h', b'H', b'w', text.as_bytes())
        .chain(memchr::memchr_iter(b'W', text.as_bytes()))
        .any(|at| ["http://", "https://", "www."].into_iter().any(|with| begins(at, with)))
}

pub(crate) const PEOPLE: &str = "SELECT c.id, p.name, p.username FROM participant p
    CROSS JOIN conversation c INDEXED BY conversation_participant ON c.participant = p.id";

/// The conversations with people of this name or handle, ascending.
fn conversations_with(connection: &Connection, who: &str) -> Result<Vec<i64>> {
    let Some(clause) = Clause::open(who) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(PEOPLE)?;
    let mut rows = statement.query([])?;
    let (mut found, mut folded) = (Vec::new(), String::new());
    while let Some(row) = rows.next()? {
        for column in [1, 2] {
            let name = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            fold_over(name.unwrap_or_default(), &mut folded);
            if clause.stands_in(&folded) {
                found.push(row.get(0)?);
                break;
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The accounts of this name, handle, shop or platform, ascending.
fn accounts_called(connection: &Connection, name: &str) -> Result<Vec<i64>> {
    let Some(clause) = Clause::open(name) else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT a.id, a.platform, a.name, a.username, b.name FROM account a JOIN business b ON b.id = a.business
         ORDER BY a.id",
    )?;
    let mut rows = statement.query([])?;
    let (mut found, mut folded) = (Vec::new(), String::new());
    while let Some(row) = rows.next()? {
        for column in 1..=4 {
            let name = row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            fold_over(name.unwrap_or_default(), &mut folded);
            if all_stand_in(std::slice::from_ref(&clause), &folded) {
                found.push(row.get(0)?);
                break;
            }
        }
    }
    Ok(found)
}

pub(crate) const UNREAD: &str =
    "SELECT id FROM conversation INDEXED BY conversation_newest WHERE state IN (0, 1, 2) AND unread > 0";

fn conversations_unread(connection: &Connection) -> Result<Vec<i64>> {
    let mut found: Vec<i64> =
        connection.prepare_cached(UNREAD)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_a_scheme_or_begins_with_www() {
        for yes in ["https://a.example", "see HTTP://x.example.", "(www.shop.example)", "我https//x www.a"] {
            assert!(has_link(yes), "{yes}");
        }
        for no in ["", "http", "https://", "awww.cute", "www. what", "hello www", "http//x", "shttp://x"] {
            assert!(!has_link(no), "{no}");
        }
    }
}

//! What can still be read of a damaged database, row by row, into a new one.
//!
//! Works on a copy: SQLite folds a log into the file it opens. Reads each table in the order of its rows; where a page is
//! damaged it goes on behind it, and from the other end. What depends on a row that is lost goes with it; what can be
//! derived is derived anew; what was known to be complete is no longer, so that it is read again.

use std::{collections::BTreeSet, fs, path::Path};

use backscroll_model::{MINUTE, Timestamp};
use rusqlite::{Connection, OpenFlags, params_from_iter, types::Value};

use super::restore::{finish_staged, open_staged};
use crate::{
    Result, StoreError,
    account::{platform_of, provider_of},
    apply::{self, row::Row},
    open, outbox, schema, search,
};

/// Damaged places of one table that are stepped over, at most.
const PLACES: u32 = 2_000;
/// Derived from other tables, or of no use without what was lost: what is covered by readings, places to go on from.
const LEFT: [&str; 6] = ["counter", "badge", "stretch", "listed", "cursor", "sqlite_sequence"];

/// What was found.
pub(super) struct Rescued {
    pub(super) messages: u64,
    pub(super) accounts: u64,
    pub(super) unsure: u32,
}

/// Fills `staged` with what can be read of `damaged`.
pub(super) fn rescue(dir: &Path, damaged: &Path, staged: &Path, now: Timestamp) -> Result<Rescued> {
    let copy = dir.join("rescue.tmp");
    let clear = || open::SIDES.iter().for_each(|side| drop(fs::remove_file(open::with_suffix(&copy, side))));
    clear();
    let rescued = (|| {
        for side in ["", "-wal"] {
            let from = open::with_suffix(damaged, side);
            if from.exists() {
                let to = open::with_suffix(&copy, side);
                open::private_file(&to)?;
                fs::copy(from, &to).map_err(StoreError::of_file)?;
            }
        }
        fill(&copy, staged, now)
    })();
    clear();
    rescued
}

fn fill(copy: &Path, staged: &Path, now: Timestamp) -> Result<Rescued> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let old = Connection::open_with_flags(copy, flags)?;
    open::configure(&old)?;
    for side in open::SIDES {
        drop(fs::remove_file(open::with_suffix(staged, side)));
    }
    open::private_file(staged)?;
    let mut new = open_staged(staged)?;
    // A version that nobody ever wrote is damage, too.
    let version = schema::version(&old).ok().filter(|version| (1..=schema::SCHEMA_VERSION).contains(version));
    schema::migrate_to(&mut new, version.unwrap_or(schema::SCHEMA_VERSION))?;
    new.pragma_update(None, "foreign_keys", false)?;
    let tables = tables(&new)?;
    let tx = new.transaction()?;
    for table in tables.iter().filter(|table| !LEFT.contains(&table.name.as_str())) {
        if let Err(error) = table.rescue(&old, &tx) {
            tracing::warn!(table = table.name, %error, "a table cannot be read");
        }
    }
    tx.execute(
        "INSERT OR IGNORE INTO business (id, name) SELECT DISTINCT business, 'Business ' || business FROM account",
        [],
    )?;
    remove_orphans(&tx, &tables)?;
    tx.commit()?;
    new.pragma_update(None, "foreign_keys", true)?;
    schema::migrate(&mut new)?;
    let tx = new.transaction()?;
    derive(&tx)?;
    let unsure = outbox::restored(&tx, None, now, now.plus(5 * MINUTE))?;
    let count = |table: &str| -> Result<u64> {
        let count: i64 = tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let rescued = Rescued { messages: count("message")?, accounts: count("account")?, unsure };
    tx.commit()?;
    open::look_everywhere(&new)?;
    finish_staged(new, staged)?;
    Ok(rescued)
}

/// A table of ours.
struct Table {
    name: String,
    columns: Vec<String>,
    has_rowid: bool,
}

fn tables(connection: &Connection) -> Result<Vec<Table>> {
    let mut statement = connection.prepare(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let names: Vec<(String, bool)> =
        statement.query_map([], |row| Ok((row.get(0)?, !row.get::<_, bool>(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
    names
        .into_iter()
        .map(|(name, has_rowid)| {
            let columns = columns.query_map([&name], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(Table { name, columns, has_rowid })
        })
        .collect()
}

impl Table {
    fn rescue(&self, old: &Connection, new: &Connection) -> Result<()> {
        let columns = self.columns.join("\", \"");
        let marks = vec!["?"; self.columns.len()].join(", ");
        let insert = format!("INSERT OR IGNORE INTO \"{}\" (\"{columns}\") VALUES ({marks})", self.name);
        let mut insert = new.prepare(&insert)?;
        // A row that breaks a promise of the schema is damage that SQLite did not see.
        let mut put = |row: Vec<Value>| drop(insert.execute(params_from_iter(row)));
        if !self.has_rowid {
            let select = format!("SELECT \"{columns}\" FROM \"{}\"", self.name);
            return self.read(old, &select, None, &mut put).map(drop).or(Ok(()));
        }
        let select =
            |order| format!("SELECT \"{columns}\", rowid FROM \"{}\" NOT INDEXED WHERE rowid {order}", self.name);
        let (up, down) = (select("> ?1 ORDER BY rowid"), select("< ?1 ORDER BY rowid DESC"));
        let (mut at, mut step) = (i64::MIN, 1_i64);
        for _ in 0..PLACES {
            let mut last = None;
            match self.read(old, &up, Some((at, &mut last)), &mut put) {
                Ok(()) => return Ok(()),
                Err(_) if last.is_some() => (at, step) = (last.unwrap_or(at), 1),
                // Nothing could be read from here on: what lies further on is looked for in growing steps.
                Err(_) if at == i64::MIN => at = 0,
                Err(_) => {
                    let Some(next) = at.checked_add(step) else { break };
                    (at, step) = (next, step.saturating_mul(2));
                }
            }
        }
        // The rest from the other end, down to the first damage.
        let mut last = None;
        drop(self.read(old, &down, Some((i64::MAX, &mut last)), &mut put));
        Ok(())
    }

    /// Reads until the end or the first damage; says in `from` how far it came.
    fn read(
        &self,
        old: &Connection,
        select: &str,
        from: Option<(i64, &mut Option<i64>)>,
        put: &mut impl FnMut(Vec<Value>),
    ) -> Result<()> {
        let mut statement = old.prepare_cached(select)?;
        let (mut rows, mut last) = match from {
            Some((at, last)) => (statement.query([at])?, Some(last)),
            None => (statement.query([])?, None),
        };
        while let Some(row) = rows.next()? {
            let values = (0..self.columns.len()).map(|n| row.get(n)).collect::<rusqlite::Result<Vec<Value>>>()?;
            if let Some(last) = &mut last {
                **last = Some(row.get(self.columns.len())?);
            }
            put(values);
        }
        Ok(())
    }
}

/// Removes what refers to a row that is not there, until nothing does.
fn remove_orphans(connection: &Connection, tables: &[Table]) -> Result<()> {
    let mut keys =
        connection.prepare("SELECT \"table\", \"from\", \"to\", on_delete FROM pragma_foreign_key_list(?1)")?;
    loop {
        let mut changed = 0;
        for child in tables {
            let found: BTreeSet<(String, String, Option<String>, String)> = keys
                .query_map([&child.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (parent, from, to, on_delete) in found {
                let to = to.unwrap_or_else(|| "id".to_owned());
                let lost = format!(
                    "\"{from}\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM \"{parent}\" p WHERE p.\"{to}\" = \"{}\".\"{from}\")",
                    child.name
                );
                let heal = if on_delete == "SET NULL" {
                    format!("UPDATE \"{}\" SET \"{from}\" = NULL WHERE {lost}", child.name)
                } else {
                    format!("DELETE FROM \"{}\" WHERE {lost}", child.name)
                };
                changed += connection.execute(&heal, [])?;
            }
        }
        if changed == 0 {
            return Ok(());
        }
    }
}

fn rederive(connection: &Connection, conversation: i64) -> Result<()> {
    let Some(mut row) = Row::load(connection, conversation)? else { return Ok(()) };
    let (provider, platform): (Option<String>, String) = connection
        .prepare_cached(
            "SELECT a.provider, a.platform FROM account a JOIN conversation c ON c.account = a.id WHERE c.id = ?1",
        )?
        .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?;
    apply::rederive(connection, &mut row, provider_of(provider.as_deref())?, platform_of(&platform)?)?;
    row.save(connection)
}

/// Counters, the index and the rows of conversations follow from what is there. All that is not X, which may bill for
/// it, is read again from the beginning.
fn derive(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "UPDATE conversation SET messages = (SELECT count(*) FROM message m WHERE m.conversation = conversation.id),
            page_digest = NULL;
         UPDATE account SET backfill = 1 WHERE backfill = 2 AND platform <> 'x';
         DELETE FROM counter;
         INSERT INTO counter (account) SELECT id FROM account;",
    )?;
    let conversations: Vec<i64> = connection
        .prepare("SELECT id FROM conversation ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in conversations {
        rederive(connection, id)?;
    }
    connection.execute_batch(
        "DELETE FROM counter;
         INSERT INTO counter (account, conversations, messages, unread, unanswered, oldest_at)
            SELECT a.id, count(c.id), ifnull(sum(c.messages), 0), ifnull(sum(c.state = 0 AND c.unread > 0), 0),
                ifnull(sum(c.state = 0 AND c.waiting_since IS NOT NULL), 0),
                (SELECT min(m.at) FROM message m WHERE m.account = a.id)
            FROM account a LEFT JOIN conversation c ON c.account = a.id GROUP BY a.id;
         DELETE FROM badge;
         INSERT INTO badge (id, unread, unanswered)
            SELECT 1, ifnull(sum(unread), 0), ifnull(sum(unanswered), 0) FROM counter;",
    )?;
    let mut index = search::Index::new(connection)?;
    let mut texts = connection.prepare("SELECT id, text FROM message WHERE text IS NOT NULL ORDER BY id")?;
    let mut rows = texts.query([])?;
    while let Some(row) = rows.next()? {
        index.add(row.get(0)?, &row.get::<_, String>(1)?)?;
    }
    Ok(())
}

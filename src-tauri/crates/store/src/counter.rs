//! Counters of rail and tray: rows kept by triggers in the transaction of the change, never sums (`performance.md`,
//! rule 9).

use backscroll_model::{AccountCounts, AccountId, Counts};
use rusqlite::Connection;

use crate::Result;

/// The counters over everything and per account.
pub fn counts(connection: &Connection) -> Result<Counts> {
    let (unread, unanswered) = badge(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT account, unread, unanswered FROM counter ORDER BY account")?;
    let accounts = statement
        .query_map([], |row| {
            Ok(AccountCounts { account: AccountId(row.get(0)?), unread: row.get(1)?, unanswered: row.get(2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Counts { unread, unanswered, accounts })
}

/// Open conversations that are unread, and that are unanswered, over everything.
pub fn badge(connection: &Connection) -> Result<(u32, u32)> {
    Ok(connection
        .prepare_cached("SELECT unread, unanswered FROM badge WHERE id = 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

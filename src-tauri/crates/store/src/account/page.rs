//! What the account page counts: for a page that somebody looks at, not for a list.

use backscroll_model::{AccountId, AccountPage, DAY, Platform, Provider, Timestamp};
use rusqlite::Connection;

use super::account;
use crate::{Result, gaps};

/// So many of the newest messages of a conversation are given to apps (`reference/meta-graph.md` 4.4).
const STILL_GIVEN: u32 = 20;

/// X reaches back 30 days, in ms (`reference/x-dm.md`).
const X_REACH: i64 = 30 * DAY;

/// What the account page shows. `calls`, `left_out` and `quota` are the engine's to fill.
pub fn account_page(connection: &Connection, id: AccountId, now: Timestamp) -> Result<AccountPage> {
    let account = account(connection, id, now)?;
    let (conversations, messages, since): (u32, u32, Option<i64>) = connection
        .prepare_cached("SELECT conversations, messages, oldest_at FROM counter WHERE account = ?1")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let no_longer_given = match account.platform {
        // Graph pages through all of Messenger: what was read down to its beginning is given still.
        Platform::Messenger if account.provider == Some(Provider::Meta) => connection
            .prepare_cached(
                "SELECT ifnull(sum(max(messages - ?2, 0)), 0) FROM conversation c WHERE account = ?1
                 AND NOT EXISTS (SELECT 1 FROM stretch s WHERE s.conversation = c.id AND s.from_at IS NULL)",
            )?
            .query_row((id.0, STILL_GIVEN), |row| row.get(0))?,
        Platform::Messenger | Platform::Instagram => connection
            .prepare_cached("SELECT ifnull(sum(max(messages - ?2, 0)), 0) FROM conversation WHERE account = ?1")?
            .query_row((id.0, STILL_GIVEN), |row| row.get(0))?,
        Platform::X => connection
            .prepare_cached(
                "SELECT count(*) FROM message m JOIN conversation c ON c.id = m.conversation
                 WHERE c.account = ?1 AND m.at < ?2",
            )?
            .query_row((id.0, now.0 - X_REACH), |row| row.get(0))?,
    };
    Ok(AccountPage {
        gaps: gaps::count(connection, id)?,
        no_longer_given,
        left_out: Vec::new(),
        account,
        conversations,
        messages,
        calls: 0,
        quota: None,
        since: since.map(Timestamp),
    })
}

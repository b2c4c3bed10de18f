//! Connections, businesses and accounts.
//!
//! Promises: the same account seen through a second connection is never a second row; disconnecting keeps the history.
//!
//! What the store cannot know of an [`Account`], its health and its capabilities, is filled with a neutral value; the
//! engine puts in the real one.

mod backfill;
mod business;
mod connection;
mod deletion;
mod page;

use backscroll_model::{
    Account, AccountId, AttachRules, Backfill, BusinessId, Capabilities, ConnectionId, Health, Platform, Provider,
    RemoteId, ReplyWindow, Timestamp, XBudget, XHistory,
};
use rusqlite::{Connection, OptionalExtension, Row};

pub use backfill::{backfill_progress, backfill_summary, set_backfill_total};
pub use business::{add_business, businesses, rename_business};
pub use connection::{add_connection, connections, remove_connection};
pub use deletion::{DeleteStep, delete_history};
pub use page::account_page;

use crate::{Result, StoreError, calendar, codes};

/// An account that a key gives access to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The shop it belongs to, if it is not known yet. A held account stays in the shop it is in.
    pub business: BusinessId,
    /// Where its people talk.
    pub platform: Platform,
    /// The platform's id of the business itself.
    pub remote_id: RemoteId,
    /// Cleaned.
    pub name: String,
    /// `@handle` without the `@`.
    pub username: Option<String>,
    /// Who reads and sends for it from now on.
    pub connection: ConnectionId,
    /// Where a new account begins; a held one stays where it is.
    pub backfill: Backfill,
}

/// What [`upsert_account`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted {
    /// The row.
    pub id: AccountId,
    /// Whether it is new.
    pub created: bool,
}

/// Adds an account, or gives a held one this connection and the newer name.
pub fn upsert_account(connection: &Connection, new: &NewAccount, now: Timestamp) -> Result<Upserted> {
    let held: Option<i64> = connection
        .prepare_cached("SELECT id FROM account WHERE platform = ?1 AND remote_id = ?2")?
        .query_row((new.platform.as_str(), new.remote_id.as_str()), |row| row.get(0))
        .optional()?;
    if let Some(id) = held {
        connection
            .prepare_cached("UPDATE account SET connection = ?2, name = ?3, username = ?4 WHERE id = ?1")?
            .execute((id, new.connection.0, &new.name, &new.username))?;
        remember_provider(connection, id, new, now)?;
        return Ok(Upserted { id: AccountId(id), created: false });
    }
    connection
        .prepare_cached(
            "INSERT INTO account (business, platform, remote_id, name, username, connection, created_at, backfill)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            new.business.0,
            new.platform.as_str(),
            new.remote_id.as_str(),
            &new.name,
            &new.username,
            new.connection.0,
            now.0,
            codes::backfill(new.backfill),
        ))?;
    let id = connection.last_insert_rowid();
    connection.prepare_cached("INSERT INTO counter (account) VALUES (?1)")?.execute([id])?;
    remember_provider(connection, id, new, now)?;
    Ok(Upserted { id: AccountId(id), created: true })
}

/// Remembers whose API the account is read through, also for when it is disconnected. Another one lets answer for another
/// time, and what is held has to be stitched to what it brings.
fn remember_provider(connection: &Connection, id: i64, new: &NewAccount, now: Timestamp) -> Result<()> {
    let provider: Option<String> = connection
        .prepare_cached("SELECT provider FROM connection WHERE id = ?1")?
        .query_row([new.connection.0], |row| row.get(0))
        .optional()?;
    let changed = connection
        .prepare_cached(
            "UPDATE account SET provider = ?2,
                switched_at = iif(provider IS NULL, NULL, max(?3, ifnull(switched_at + 1, ?3)))
             WHERE id = ?1 AND provider IS NOT ?2",
        )?
        .execute((id, &provider, now.0))?;
    if changed > 0 {
        connection
            // What was refused there may be let through here: Graph takes a person's answer for a week.
            .prepare_cached(
                "UPDATE conversation SET window_until = inbound_at + ?2, refused_at = NULL WHERE account = ?1",
            )?
            .execute((id, ReplyWindow::ends(provider_of(provider.as_deref())?, new.platform).first()))?;
    }
    Ok(())
}

/// Takes the connection away; the history stays readable.
pub fn disconnect(connection: &Connection, id: AccountId) -> Result<()> {
    connection.prepare_cached("UPDATE account SET connection = NULL WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

const ACCOUNT: &str = "SELECT a.id, a.business, a.platform, a.remote_id, a.name, a.username, a.connection,
        a.last_read_at, a.backfill, a.x_history, a.x_limit_cents, s.millicents, l.provider
    FROM account a LEFT JOIN x_spend s ON s.account = a.id AND s.month = ?1
    LEFT JOIN connection l ON l.id = a.connection";

/// All accounts, oldest first. `now` chooses the month of X's costs.
pub fn accounts(connection: &Connection, now: Timestamp) -> Result<Vec<Account>> {
    let mut statement = connection.prepare_cached(&format!("{ACCOUNT} ORDER BY a.id"))?;
    let mut rows = statement.query([calendar::month(now)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_account(row)?);
    }
    Ok(found)
}

/// One account.
pub fn account(connection: &Connection, id: AccountId, now: Timestamp) -> Result<Account> {
    let mut statement = connection.prepare_cached(&format!("{ACCOUNT} WHERE a.id = ?2"))?;
    let mut rows = statement.query((calendar::month(now), id.0))?;
    match rows.next()? {
        Some(row) => read_account(row),
        None => Err(StoreError::NotFound("account")),
    }
}

fn read_account(row: &Row<'_>) -> Result<Account> {
    let platform = platform_of(&row.get::<_, String>(2)?)?;
    let connection: Option<i64> = row.get(6)?;
    let history: Option<String> = row.get(9)?;
    let x_budget = match history {
        None => None,
        Some(json) => Some(XBudget {
            history: serde_json::from_str(&json).map_err(|_| StoreError::Value { column: "x_history", value: json })?,
            monthly_limit_cents: row.get::<_, Option<u32>>(10)?.unwrap_or(0),
            used_millicents: row.get::<_, Option<u32>>(11)?.unwrap_or(0),
        }),
    };
    Ok(Account {
        id: AccountId(row.get(0)?),
        business: BusinessId(row.get(1)?),
        platform,
        remote_id: RemoteId(row.get(3)?),
        name: row.get(4)?,
        username: row.get(5)?,
        connection: connection.map(ConnectionId),
        provider: row.get::<_, Option<String>>(12)?.as_deref().and_then(Provider::parse),
        last_read_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
        backfill: codes::backfill_of(row.get(8)?)?,
        health: if connection.is_some() { Health::Starting } else { Health::Disconnected },
        x_budget,
        capabilities: Capabilities {
            archive: false,
            auto_response: false,
            read_receipts: false,
            billed_reads: platform == Platform::X,
            switches_messaging: false,
            text_limit: platform.text_limit(),
            attach: AttachRules::of(Provider::Ayrshare, platform),
            react: false,
            quote: false,
        },
    })
}

pub(crate) fn platform_of(word: &str) -> Result<Platform> {
    Platform::parse(word).ok_or_else(|| StoreError::Value { column: "platform", value: word.to_owned() })
}

pub(crate) fn provider_of(word: Option<&str>) -> Result<Option<Provider>> {
    word.map(|word| {
        Provider::parse(word).ok_or_else(|| StoreError::Value { column: "provider", value: word.to_owned() })
    })
    .transpose()
}

/// Remembers where the first back-fill stands.
pub fn set_backfill(connection: &Connection, id: AccountId, to: Backfill) -> Result<()> {
    connection
        .prepare_cached("UPDATE account SET backfill = ?2 WHERE id = ?1 AND backfill <> ?2")?
        .execute((id.0, codes::backfill(to)))?;
    Ok(())
}

/// Remembers the provider's clock of the last full read. A write, so not for every poll: only what must survive a
/// restart.
pub fn set_last_read(connection: &Connection, id: AccountId, at: Timestamp) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE account SET last_read_at = ?2 WHERE id = ?1 AND (last_read_at IS NULL OR last_read_at < ?2)",
        )?
        .execute((id.0, at.0))?;
    Ok(())
}

/// X: what the user allows reading to cost.
pub fn set_x_budget(connection: &Connection, id: AccountId, history: XHistory, monthly_limit_cents: u32) -> Result<()> {
    let history = serde_json::to_string(&history)
        .map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))?;
    connection.prepare_cached("UPDATE account SET x_history = ?2, x_limit_cents = ?3 WHERE id = ?1")?.execute((
        id.0,
        history,
        monthly_limit_cents,
    ))?;
    Ok(())
}

/// X: adds what a read or a send cost, in thousandths of a US cent, to the month of `now`; answers the month's sum.
pub fn add_x_spend(connection: &Connection, id: AccountId, now: Timestamp, millicents: u32) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO x_spend (account, month, millicents) VALUES (?1, ?2, ?3)
             ON CONFLICT (account, month) DO UPDATE SET millicents = min(millicents + excluded.millicents, 4294967295)
             RETURNING millicents",
        )?
        .query_row((id.0, calendar::month(now), millicents), |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::{DAY, HOUR};

    use super::*;
    use crate::{
        apply::apply,
        conversation, outbox,
        test_support::{NOW, inbound, live, memory, page, with_account},
    };

    #[test]
    fn the_reply_window_is_that_of_the_provider_and_the_last_known_one_after_it() {
        let (connection, id) = with_account(Platform::Instagram);
        let wrote = NOW.plus(-30 * HOUR);
        apply(&connection, id, &[page("t", vec![inbound("1", wrote, "x")], None)], &live()).unwrap();
        let row = connection
            .query_row("SELECT id FROM conversation", [], |row| row.get(0).map(backscroll_model::ConversationId))
            .unwrap();
        outbox::enqueue_text(&connection, row, "Yes", "ref", NOW, outbox::Start::Now).unwrap();
        let sendable = || outbox::next_sendable(&connection, id, NOW).unwrap().ready.remove(0).window;
        let shown = || conversation(&connection, row, NOW).unwrap().window;
        let stored = || -> Option<i64> {
            connection.query_row("SELECT window_until FROM conversation", [], |row| row.get(0)).unwrap()
        };
        let ayrshare = ReplyWindow::Open { until: wrote.plus(7 * DAY) };
        assert_eq!((shown(), sendable(), stored()), (ayrshare, ayrshare, Some(wrote.plus(7 * DAY).0)));

        let link = add_connection(&connection, Provider::Meta, "Bakery", "https://graph.test", None, NOW).unwrap();
        let new = NewAccount {
            business: BusinessId(1),
            platform: Platform::Instagram,
            remote_id: "9001".into(),
            name: "Corner Bakery".into(),
            username: None,
            connection: link,
            backfill: Backfill::Pending,
        };
        assert_eq!(upsert_account(&connection, &new, NOW).unwrap().id, id);
        let graph = ReplyWindow::HumanOnly { until: wrote.plus(7 * DAY) };
        assert_eq!((shown(), sendable(), stored()), (graph, graph, Some(wrote.plus(DAY).0)));

        disconnect(&connection, id).unwrap();
        remove_connection(&connection, link).unwrap();
        assert_eq!(shown(), graph, "what was known last");
    }

    #[test]
    fn the_id_of_a_removed_connection_is_never_given_again() {
        let connection = memory();
        let add = || add_connection(&connection, Provider::Ayrshare, "Bakery", "https://api.test", None, NOW).unwrap();
        let removed = add();
        remove_connection(&connection, removed).unwrap();
        assert!(add().0 > removed.0, "its secrets may still be in the keychain");
    }
}

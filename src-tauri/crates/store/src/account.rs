//! Connections, businesses and accounts.
//!
//! Promises: the same account seen through a second connection is never a second row; disconnecting keeps the history.
//!
//! What the store cannot know of an [`Account`], its health and its capabilities, is filled with a neutral value; the
//! engine puts in the real one.

use backscroll_model::{
    Account, AccountId, AccountPage, AttachRules, Backfill, BackfillProgress, BackfillSummary, Business, BusinessId,
    Capabilities, Connection as Link, ConnectionId, DAY, Health, Platform, Provider, RemoteId, ReplyWindow, Timestamp,
    XBudget, XHistory,
};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::{Result, StoreError, calendar, codes, gaps};

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

/// Adds a connection. Its secrets are the keychain's.
pub fn add_connection(
    connection: &Connection,
    provider: Provider,
    name: &str,
    api_base: &str,
    remote_ref: Option<&str>,
    now: Timestamp,
) -> Result<ConnectionId> {
    connection
        .prepare_cached(
            "INSERT INTO connection (provider, name, api_base, remote_ref, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((provider.as_str(), name, api_base, remote_ref, now.0))?;
    Ok(ConnectionId(connection.last_insert_rowid()))
}

/// Forgets a connection; its accounts become history only.
pub fn remove_connection(connection: &Connection, id: ConnectionId) -> Result<()> {
    connection.prepare_cached("DELETE FROM connection WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// All connections, oldest first.
pub fn connections(connection: &Connection) -> Result<Vec<Link>> {
    let mut statement = connection
        .prepare_cached("SELECT id, provider, name, api_base, remote_ref, created_at FROM connection ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let provider: String = row.get(1)?;
        found.push(Link {
            id: ConnectionId(row.get(0)?),
            provider: Provider::parse(&provider)
                .ok_or(StoreError::Value { column: "provider", value: provider.clone() })?,
            name: row.get(2)?,
            api_base: row.get(3)?,
            remote_ref: row.get(4)?,
            created_at: Timestamp(row.get(5)?),
        });
    }
    Ok(found)
}

/// Adds a shop.
pub fn add_business(connection: &Connection, name: &str) -> Result<BusinessId> {
    connection.prepare_cached("INSERT INTO business (name) VALUES (?1)")?.execute([name])?;
    Ok(BusinessId(connection.last_insert_rowid()))
}

/// Renames a shop.
pub fn rename_business(connection: &Connection, id: BusinessId, name: &str) -> Result<()> {
    connection.prepare_cached("UPDATE business SET name = ?2 WHERE id = ?1")?.execute((id.0, name))?;
    Ok(())
}

/// All shops that have an account, oldest first.
pub fn businesses(connection: &Connection) -> Result<Vec<Business>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name FROM business b WHERE EXISTS (SELECT 1 FROM account a WHERE a.business = b.id) ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| Ok(Business { id: BusinessId(row.get(0)?), name: row.get(1)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
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

/// How many conversations the provider has, once it said so.
pub fn set_backfill_total(connection: &Connection, id: AccountId, conversations: Option<u32>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO backfill (account, conversations) VALUES (?1, ?2)
             ON CONFLICT (account) DO UPDATE SET conversations = excluded.conversations
             WHERE conversations IS NOT excluded.conversations",
        )?
        .execute((id.0, conversations))?;
    Ok(())
}

/// Progress of the first back-fill.
pub fn backfill_progress(connection: &Connection, id: AccountId) -> Result<BackfillProgress> {
    Ok(connection
        .prepare_cached(
            "SELECT c.conversations, b.conversations, c.messages
             FROM counter c LEFT JOIN backfill b ON b.account = c.account WHERE c.account = ?1",
        )?
        .query_row([id.0], |row| {
            Ok(BackfillProgress { account: id, conversations: row.get(0)?, of: row.get(1)?, messages: row.get(2)? })
        })?)
}

/// The summary after the first back-fill. Walks the account's conversations once; for the end of a back-fill only.
pub fn backfill_summary(connection: &Connection, id: AccountId, now: Timestamp) -> Result<BackfillSummary> {
    Ok(connection
        .prepare_cached(
            "SELECT
                (SELECT messages FROM counter WHERE account = ?1),
                count(*) FILTER (WHERE inbound_at IS NOT NULL),
                count(*) FILTER (WHERE state = 0 AND waiting_since IS NOT NULL),
                count(*) FILTER (WHERE window_until > ?2 AND window_until <= ?3 AND waiting_since IS NOT NULL)
             FROM conversation WHERE account = ?1",
        )?
        .query_row((id.0, now.0, now.plus(DAY).0), |row| {
            Ok(BackfillSummary {
                messages: row.get(0)?,
                people: row.get(1)?,
                waiting: row.get(2)?,
                closing_today: row.get(3)?,
            })
        })?)
}

/// What one step of deleting a history did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteStep {
    /// Messages deleted by this step.
    pub messages: u32,
    /// Whether nothing is left: the account's row is gone too.
    pub done: bool,
}

/// Messages deleted in one step: some 20 ms.
const DELETE_STEP: u32 = 500;

/// Deletes the history of an account for good, one short transaction at a time: call it until it is done. Safe to stop
/// in between; what is left is whole.
pub fn delete_history(connection: &Connection, id: AccountId) -> Result<DeleteStep> {
    let conversation: Option<i64> = connection
        .prepare_cached("SELECT id FROM conversation WHERE account = ?1 LIMIT 1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?;
    let Some(conversation) = conversation else {
        let business: Option<i64> = connection
            .prepare_cached("DELETE FROM account WHERE id = ?1 RETURNING business")?
            .query_row([id.0], |row| row.get(0))
            .optional()?;
        connection
            .prepare_cached(
                "DELETE FROM business WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM account WHERE business = ?1)",
            )?
            .execute([business])?;
        return Ok(DeleteStep { messages: 0, done: true });
    };
    let messages: Vec<i64> = connection
        .prepare_cached("SELECT id FROM message WHERE conversation = ?1 ORDER BY at LIMIT ?2")?
        .query_map((conversation, DELETE_STEP), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if messages.is_empty() {
        let participant: Option<i64> = connection
            .prepare_cached("DELETE FROM conversation WHERE id = ?1 RETURNING participant")?
            .query_row([conversation], |row| row.get(0))?;
        connection
            .prepare_cached(
                "DELETE FROM participant
                 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM conversation WHERE participant = ?1)",
            )?
            .execute([participant])?;
        return Ok(DeleteStep { messages: 0, done: false });
    }
    {
        let mut search = connection.prepare_cached("DELETE FROM message_search WHERE rowid = ?1")?;
        let mut message = connection.prepare_cached("DELETE FROM message WHERE id = ?1")?;
        for id in &messages {
            search.execute([id])?;
            message.execute([id])?;
        }
    }
    let deleted = u32::try_from(messages.len()).unwrap_or(DELETE_STEP);
    connection
        .prepare_cached("UPDATE conversation SET messages = max(messages - ?2, 0) WHERE id = ?1")?
        .execute((conversation, deleted))?;
    Ok(DeleteStep { messages: deleted, done: false })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::HOUR;

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

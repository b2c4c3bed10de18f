//! What webhooks told of people whose conversation is not known yet, until it is.
//!
//! Promises: at most [`WAITING_KEPT`] rows, and what finds no room is named; it goes with its account. What cannot be read
//! any more (an older version wrote it) tells nothing and is done with like the rest.

use std::collections::BTreeSet;

use backscroll_model::{AccountId, Event, RemoteId, Timestamp};
use rusqlite::Connection;

use crate::{Result, StoreError};

/// Rows that may wait.
pub const WAITING_KEPT: u32 = 1_000;

/// What one delivery told of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingDelivery {
    /// Whose.
    pub account: AccountId,
    /// Of whom.
    pub person: RemoteId,
    /// When it came, by our clock.
    pub at: Timestamp,
    /// What it told.
    pub events: Vec<Event>,
}

/// Keeps these; answers the accounts of which something found no room. An account that is gone by now keeps nothing.
pub fn keep_waiting(connection: &Connection, new: &[WaitingDelivery]) -> Result<BTreeSet<AccountId>> {
    let held: u32 = connection.prepare_cached("SELECT count(*) FROM delivery_waiting")?.query_row([], |r| r.get(0))?;
    let room = usize::try_from(WAITING_KEPT.saturating_sub(held)).unwrap_or_default();
    let mut insert = connection.prepare_cached(
        "INSERT INTO delivery_waiting (account, person, at, events)
         SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM account WHERE id = ?1)",
    )?;
    for one in new.iter().take(room) {
        let events = serde_json::to_string(&one.events)
            .map_err(|e| StoreError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(e))))?;
        insert.execute((one.account.0, one.person.as_str(), one.at.0, events))?;
    }
    Ok(new.iter().skip(room).map(|one| one.account).collect())
}

/// Of whom something waits.
pub fn waiting_people(connection: &Connection) -> Result<BTreeSet<(AccountId, RemoteId)>> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT account, person FROM delivery_waiting")?;
    let rows = statement.query_map([], |row| Ok((AccountId(row.get(0)?), RemoteId(row.get(1)?))))?;
    rows.map(|row| Ok(row?)).collect()
}

/// What waits of this person, the oldest first, each with its row.
pub fn waiting_of(connection: &Connection, account: AccountId, person: &RemoteId) -> Result<Vec<(i64, Vec<Event>)>> {
    let mut statement = connection
        .prepare_cached("SELECT id, events FROM delivery_waiting WHERE account = ?1 AND person = ?2 ORDER BY id")?;
    let rows = statement.query_map((account.0, person.as_str()), |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| {
        let (id, json) = row?;
        Ok((id, events(&json)))
    })
    .collect()
}

/// What waited in these rows is in the history.
pub fn waiting_done(connection: &Connection, rows: &[i64]) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM delivery_waiting WHERE id = ?1")?;
    for row in rows {
        delete.execute([row])?;
    }
    Ok(())
}

/// When the oldest came.
pub fn waiting_since(connection: &Connection) -> Result<Option<Timestamp>> {
    let oldest: Option<i64> =
        connection.prepare_cached("SELECT min(at) FROM delivery_waiting")?.query_row([], |row| row.get(0))?;
    Ok(oldest.map(Timestamp))
}

/// Gives up what came before this; answers it.
pub fn give_up_waiting(connection: &Connection, before: Timestamp) -> Result<Vec<WaitingDelivery>> {
    let mut statement = connection
        .prepare_cached("DELETE FROM delivery_waiting WHERE at < ?1 RETURNING account, person, at, events")?;
    let rows = statement.query_map([before.0], |row| {
        Ok(WaitingDelivery {
            account: AccountId(row.get(0)?),
            person: RemoteId(row.get(1)?),
            at: Timestamp(row.get(2)?),
            events: events(&row.get::<_, String>(3)?),
        })
    })?;
    rows.map(|row| Ok(row?)).collect()
}

fn events(json: &str) -> Vec<Event> {
    serde_json::from_str(json).unwrap_or_else(|error| {
        tracing::warn!(%error, "what a webhook told cannot be read any more");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::{Platform, SECOND};

    use super::*;
    use crate::test_support::{NOW, add_account, with_account};

    fn told(account: AccountId, person: &str, at: i64) -> WaitingDelivery {
        let events = vec![Event::ReadUpTo(NOW.plus(at))];
        WaitingDelivery { account, person: person.into(), at: NOW.plus(at), events }
    }

    #[test]
    fn what_waits_is_found_by_its_person_in_order_and_once_done_is_gone() {
        let (db, account) = with_account(Platform::Instagram);
        let all = [told(account, "wren", 1), told(account, "ines", 2), told(account, "wren", 3)];
        assert!(keep_waiting(&db, &all).unwrap().is_empty());
        let people = [(account, "ines".into()), (account, "wren".into())];
        assert_eq!(waiting_people(&db).unwrap(), people.into());
        let held = waiting_of(&db, account, &"wren".into()).unwrap();
        let (rows, events): (Vec<i64>, Vec<Vec<Event>>) = held.into_iter().unzip();
        assert_eq!(events, [all[0].events.clone(), all[2].events.clone()]);
        // One more comes before these are done.
        keep_waiting(&db, &[told(account, "wren", 4)]).unwrap();
        waiting_done(&db, &rows).unwrap();
        assert_eq!(waiting_of(&db, account, &"wren".into()).unwrap().len(), 1);
    }

    #[test]
    fn a_thousand_may_wait_and_what_finds_no_room_is_named() {
        let (db, account) = with_account(Platform::Instagram);
        let other = add_account(&db, Platform::Messenger, "9002");
        let mut all: Vec<WaitingDelivery> = (0..1_000).map(|n| told(account, "wren", n)).collect();
        all.push(told(other, "ines", 0));
        assert_eq!(keep_waiting(&db, &all).unwrap(), [other].into());
        assert_eq!(keep_waiting(&db, &[told(account, "wren", 0)]).unwrap(), [account].into());
        assert_eq!(waiting_of(&db, account, &"wren".into()).unwrap().len(), 1_000);
    }

    #[test]
    fn what_waited_too_long_is_given_up_and_the_rest_goes_with_its_account() {
        let (db, account) = with_account(Platform::Instagram);
        let all = [told(account, "wren", 0), told(account, "ines", SECOND)];
        keep_waiting(&db, &all).unwrap();
        assert_eq!(waiting_since(&db).unwrap(), Some(NOW));
        assert_eq!(give_up_waiting(&db, NOW.plus(SECOND)).unwrap(), all[..1]);
        db.execute("DELETE FROM account WHERE id = ?1", [account.0]).unwrap();
        assert_eq!(waiting_since(&db).unwrap(), None);
        // Nobody is left to wait for.
        assert!(keep_waiting(&db, &all).unwrap().is_empty());
        assert_eq!(waiting_since(&db).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_any_more_tells_nothing() {
        let (db, account) = with_account(Platform::Instagram);
        keep_waiting(&db, &[told(account, "wren", 0)]).unwrap();
        db.execute("UPDATE delivery_waiting SET events = '[{\"Hummed\":1}]'", []).unwrap();
        let held = waiting_of(&db, account, &"wren".into()).unwrap();
        assert_eq!(held.iter().map(|(_, events)| events.len()).collect::<Vec<_>>(), [0]);
    }
}

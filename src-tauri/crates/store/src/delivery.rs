//! Webhooks that came: the newest of them, how many there were of each outcome, and by which one is known when it comes
//! again.
//!
//! Promises: never what a delivery said; no unbounded growth: [`KEPT`] rows, one row an outcome, and digests of
//! [`REMEMBERED`] milliseconds. Meta sends a delivery again for up to 36 hours, Ayrshare for about one; whatever is older
//! than what is remembered here is refused for its age, so that forgetting a digest lets nothing in.

mod waiting;

use std::collections::BTreeSet;

use backscroll_model::{
    AccountId, ConnectionId, DAY, Delivery, DeliveryCount, DeliveryKind, DeliveryOutcome, Timestamp,
};
use rusqlite::Connection;

use crate::{Result, StoreError};

pub use waiting::{
    WAITING_KEPT, WaitingDelivery, give_up_waiting, keep_waiting, waiting_done, waiting_of, waiting_people,
    waiting_since,
};

/// Deliveries that are kept.
const KEPT: i64 = 200;
/// How long a delivery is recognised, milliseconds.
pub const REMEMBERED: i64 = 2 * DAY;

/// By what a delivery, or one thing in it, is recognised.
pub type DeliveryDigest = [u8; 16];

/// The newest deliveries, newest first.
pub fn deliveries(connection: &Connection, limit: u32) -> Result<Vec<Delivery>> {
    let mut statement = connection.prepare_cached(
        "SELECT at, connection, account, what, items, outcome, took_ms FROM delivery ORDER BY id DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        let what: Option<String> = row.get(3)?;
        Ok((
            Delivery {
                at: Timestamp(row.get(0)?),
                connection: row.get::<_, Option<i64>>(1)?.map(ConnectionId),
                account: row.get::<_, Option<i64>>(2)?.map(AccountId),
                what: what.and_then(|word| DeliveryKind::parse(&word)),
                items: row.get(4)?,
                outcome: DeliveryOutcome::Garbage,
                took_ms: row.get(6)?,
            },
            row.get::<_, String>(5)?,
        ))
    })?;
    rows.map(|row| {
        let (delivery, word) = row?;
        Ok(Delivery { outcome: outcome(&word)?, ..delivery })
    })
    .collect()
}

/// How many there were of each outcome.
pub fn delivery_counts(connection: &Connection) -> Result<Vec<DeliveryCount>> {
    let mut statement =
        connection.prepare_cached("SELECT outcome, count, last_at FROM delivery_count ORDER BY outcome")?;
    let rows =
        statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
    rows.map(|row| {
        let (word, count, last_at) = row?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(DeliveryCount { outcome: outcome(&word)?, count, last_at: Timestamp(last_at) })
    })
    .collect()
}

/// Which of these came before.
pub fn seen_deliveries(connection: &Connection, digests: &[DeliveryDigest]) -> Result<BTreeSet<DeliveryDigest>> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM delivery_seen WHERE digest = ?1)")?;
    let mut seen = BTreeSet::new();
    for digest in digests {
        if statement.query_row([digest.as_slice()], |row| row.get(0))? {
            seen.insert(*digest);
        }
    }
    Ok(seen)
}

/// Keeps what came, counts it, and remembers it by its digests. `now`: our clock.
pub fn keep_deliveries(
    connection: &Connection,
    rows: &[Delivery],
    counts: &[DeliveryCount],
    digests: &[DeliveryDigest],
    now: Timestamp,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO delivery (at, connection, account, what, items, outcome, took_ms)
         VALUES (?1, (SELECT id FROM connection WHERE id = ?2), (SELECT id FROM account WHERE id = ?3), ?4, ?5, ?6, ?7)",
    )?;
    for row in rows {
        insert.execute((
            row.at.0,
            row.connection.map(|id| id.0),
            row.account.map(|id| id.0),
            row.what.map(DeliveryKind::as_str),
            row.items,
            row.outcome.as_str(),
            row.took_ms,
        ))?;
    }
    connection
        .prepare_cached("DELETE FROM delivery WHERE id <= (SELECT max(id) FROM delivery) - ?1")?
        .execute([KEPT])?;
    let mut count = connection.prepare_cached(
        "INSERT INTO delivery_count (outcome, count, last_at) VALUES (?1, ?2, ?3) ON CONFLICT (outcome) DO UPDATE SET
             count = count + excluded.count, last_at = max(last_at, excluded.last_at)",
    )?;
    for one in counts {
        count.execute((one.outcome.as_str(), one.count, one.last_at.0))?;
    }
    let mut remember = connection
        .prepare_cached("INSERT INTO delivery_seen (digest, at) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING")?;
    for digest in digests {
        remember.execute((digest.as_slice(), now.0))?;
    }
    connection.prepare_cached("DELETE FROM delivery_seen WHERE at < ?1")?.execute([now.plus(-REMEMBERED).0])?;
    Ok(())
}

fn outcome(word: &str) -> Result<DeliveryOutcome> {
    DeliveryOutcome::parse(word).ok_or_else(|| StoreError::Value { column: "delivery.outcome", value: word.to_owned() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::test_support::memory;

    const T: Timestamp = Timestamp(1_790_000_000_000);

    fn delivery(at: i64) -> Delivery {
        Delivery {
            at: T.plus(at),
            connection: Some(ConnectionId(99)),
            account: None,
            what: Some(DeliveryKind::Message),
            items: 1,
            outcome: DeliveryOutcome::TakenIn,
            took_ms: 3,
        }
    }

    fn counted(count: u32, at: i64) -> DeliveryCount {
        DeliveryCount { outcome: DeliveryOutcome::Forged, count, last_at: T.plus(at) }
    }

    #[test]
    fn the_newest_are_kept_and_all_are_counted() {
        let db = memory();
        let rows: Vec<Delivery> = (0..250).map(delivery).collect();
        keep_deliveries(&db, &rows, &[counted(3, 5)], &[], T).unwrap();
        keep_deliveries(&db, &[], &[counted(4, 2)], &[], T).unwrap();
        let held = deliveries(&db, 1_000).unwrap();
        assert_eq!(held.len(), 200);
        // Its connection is not there.
        assert_eq!(held.first().unwrap(), &Delivery { connection: None, ..delivery(249) });
        assert_eq!(delivery_counts(&db).unwrap(), [counted(7, 5)]);
    }

    #[test]
    fn what_came_is_known_for_two_days() {
        let db = memory();
        let (one, two) = ([1; 16], [2; 16]);
        keep_deliveries(&db, &[], &[], &[one], T).unwrap();
        assert_eq!(seen_deliveries(&db, &[one, two]).unwrap(), [one].into());
        keep_deliveries(&db, &[], &[], &[two, one], T.plus(REMEMBERED)).unwrap();
        assert_eq!(seen_deliveries(&db, &[one, two]).unwrap(), [one, two].into());
        keep_deliveries(&db, &[], &[], &[], T.plus(REMEMBERED + 1)).unwrap();
        assert_eq!(seen_deliveries(&db, &[one, two]).unwrap(), [two].into());
    }
}

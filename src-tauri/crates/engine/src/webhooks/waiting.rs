//! What was told about somebody whose conversation is not known yet. The sender has its 200, so nobody tells it again:
//! it is kept until the conversation is read.
//!
//! Promises: kept before anything is read for it, through refusals, restarts and kills, for [`PATIENCE`]; what is given up
//! is told as [`DeliveryOutcome::NoConversation`]. At most [`KEPT`] deliveries; one more is *not kept*, and said to be.

use std::collections::BTreeSet;

use backscroll_model::{AccountId, DAY, Delivery, DeliveryCount, DeliveryOutcome, Event, RemoteId, Timestamp};
use backscroll_store as db;
use serde::{Deserialize, Serialize};

use crate::{
    errors::store_error,
    inner::{Inner, Result},
};

/// Setting: all of it, the oldest first.
const WAITING: &str = "webhook_waiting";
/// Deliveries that may wait.
const KEPT: usize = 1_000;
/// How long one waits: longer than Meta would send it again.
const PATIENCE: i64 = 2 * DAY;

/// What one delivery told of one person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) account: AccountId,
    pub(super) person: RemoteId,
    /// When it came, by our clock.
    pub(super) at: Timestamp,
    pub(super) events: Vec<Event>,
}

impl Waiting {
    fn is_of(&self, account: AccountId, person: &RemoteId) -> bool {
        self.account == account && self.person == *person
    }
}

/// Keeps these; answers the accounts of which something could not be kept.
pub(super) async fn keep(inner: &Inner, new: Vec<Waiting>) -> BTreeSet<AccountId> {
    if new.is_empty() {
        return BTreeSet::new();
    }
    let accounts = new.iter().map(|one| one.account).collect();
    let write = inner.store.write_sync(move |tx| {
        let mut all: Vec<Waiting> = db::value(tx, WAITING)?.unwrap_or_default();
        let room = KEPT.saturating_sub(all.len());
        let lost = new.iter().skip(room).map(|one| one.account).collect();
        all.extend(new.into_iter().take(room));
        db::set_value(tx, WAITING, &all)?;
        Ok(lost)
    });
    write.await.unwrap_or_else(|error| {
        tracing::error!(%error, "what webhooks told of new people could not be kept");
        accounts
    })
}

/// Whose it is.
pub(super) async fn people(inner: &Inner) -> Result<BTreeSet<(AccountId, RemoteId)>> {
    let all: Vec<Waiting> = inner.read(|c| db::value(c, WAITING)).await?.unwrap_or_default();
    Ok(all.into_iter().map(|one| (one.account, one.person)).collect())
}

/// What waits for this person, the oldest first.
pub(super) async fn of(inner: &Inner, account: AccountId, person: &RemoteId) -> Result<Vec<Vec<Event>>> {
    let all: Vec<Waiting> = inner.read(|c| db::value(c, WAITING)).await?.unwrap_or_default();
    Ok(all.into_iter().filter(|one| one.is_of(account, person)).map(|one| one.events).collect())
}

/// The oldest `count` of this person are in the history.
pub(super) async fn done(inner: &Inner, account: AccountId, person: RemoteId, count: usize) -> Result<()> {
    let write = inner.store.write_sync(move |tx| {
        let mut all: Vec<Waiting> = db::value(tx, WAITING)?.unwrap_or_default();
        let mut left = count;
        all.retain(|one| {
            let is_done = left > 0 && one.is_of(account, &person);
            left -= usize::from(is_done);
            !is_done
        });
        db::set_value(tx, WAITING, &all)
    });
    write.await.map_err(|e| store_error(&e))
}

/// Gives up what waited too long, and says so; what is of an account that is gone goes with it.
pub(super) async fn give_up(inner: &Inner) -> Result<()> {
    let now = inner.now();
    let accounts: BTreeSet<AccountId> = inner.accounts().await?.into_iter().map(|account| account.id).collect();
    let is_over = move |one: &Waiting| now.since(one.at) > PATIENCE || !accounts.contains(&one.account);
    let all: Vec<Waiting> = inner.read(|c| db::value(c, WAITING)).await?.unwrap_or_default();
    if !all.iter().any(&is_over) {
        return Ok(());
    }
    let write = inner.store.write_sync(move |tx| {
        let all: Vec<Waiting> = db::value(tx, WAITING)?.unwrap_or_default();
        let (over, left): (Vec<Waiting>, Vec<Waiting>) = all.into_iter().partition(is_over);
        db::set_value(tx, WAITING, &left)?;
        Ok(over)
    });
    let over = write.await.map_err(|e| store_error(&e))?;
    let outcome = DeliveryOutcome::NoConversation;
    let rows: Vec<Delivery> = over
        .iter()
        .map(|one| Delivery {
            at: now,
            connection: None,
            account: Some(one.account),
            what: None,
            items: u32::try_from(one.events.len()).unwrap_or(u32::MAX),
            outcome,
            took_ms: u32::try_from(now.since(one.at)).unwrap_or(u32::MAX),
        })
        .collect();
    tracing::warn!(count = rows.len(), "what webhooks told of new people is given up");
    let count = DeliveryCount { outcome, count: u32::try_from(rows.len()).unwrap_or(u32::MAX), last_at: now };
    super::keep(inner, rows, vec![count], Vec::new(), None).await
}

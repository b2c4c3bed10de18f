//! What was told about somebody whose conversation is not known yet. The sender has its 200, so nobody tells it again:
//! it is kept until the conversation is read.
//!
//! Promises: kept before anything is read for it, through refusals, restarts and kills, for [`PATIENCE`]; what is given up
//! is told as [`DeliveryOutcome::NoConversation`]. At most [`db::WAITING_KEPT`] deliveries; one more is *not kept*, and
//! said to be.

use std::{collections::BTreeSet, sync::Arc};

use backscroll_model::{AccountId, DAY, Delivery, DeliveryCount, DeliveryOutcome};
use backscroll_store::{self as db, WaitingDelivery};

use super::again::while_busy;
use crate::{
    errors::store_error,
    inner::{Inner, Result},
};

/// How long one waits: longer than Meta would send it again.
const PATIENCE: i64 = 2 * DAY;

/// Keeps these; answers the accounts of which something could not be kept.
pub(super) async fn keep(inner: &Inner, new: Vec<WaitingDelivery>) -> BTreeSet<AccountId> {
    if new.is_empty() {
        return BTreeSet::new();
    }
    let accounts = new.iter().map(|one| one.account).collect();
    let new = Arc::new(new);
    let write = || {
        let new = Arc::clone(&new);
        inner.store.write_sync(move |tx| db::keep_waiting(tx, &new))
    };
    while_busy(inner, write).await.unwrap_or_else(|error| {
        tracing::error!(%error, "what webhooks told of new people could not be kept");
        accounts
    })
}

/// Gives up what waited too long, and says so.
pub(super) async fn give_up(inner: &Inner) -> Result<()> {
    let now = inner.now();
    let before = now.plus(-PATIENCE);
    if inner.read(db::waiting_since).await?.is_none_or(|since| since >= before) {
        return Ok(());
    }
    let over = inner.store.write_sync(move |tx| db::give_up_waiting(tx, before)).await.map_err(|e| store_error(&e))?;
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

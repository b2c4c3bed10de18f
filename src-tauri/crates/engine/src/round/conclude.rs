//! What a round means for its account: health, pace, the end of a back-fill.
//!
//! Promises: a failure becomes a state that the account shows, with the time of the next try where there is one; a round
//! that got through takes back all of it; only what must survive a restart is written, and only if something changed.

use std::sync::Arc;

use backscroll_adapters::Kind;
use backscroll_model::{Account, Backfill, Change, ErrorCode, Health, MINUTE, Platform, SyncReport, Timestamp};
use backscroll_store as db;

use super::{Stop, Tally};
use crate::{
    account_task::{look_again, may_read},
    errors::{health_after, store_error},
    inner::{Inner, Result},
    link::Link,
    live::{Live, State},
    notify,
};

/// After a write failed.
const STORAGE_PAUSE: i64 = MINUTE;

/// Draws the conclusions of a round: health, pace, the end of a back-fill.
pub(super) async fn conclude(
    inner: &Arc<Inner>,
    live: &Arc<Live>,
    account: &Account,
    tally: Tally,
    stopped: Option<Stop>,
) -> SyncReport {
    let now = inner.now();
    let link = account.connection.and_then(|id| inner.open_link(id));
    let mut changes = Vec::new();
    let mut stopped = stopped;
    if stopped.is_none() && may_read(account.backfill) {
        match finish(inner, account, &tally, &mut changes).await {
            Ok(()) => {}
            Err(error) => stopped = Some(Stop::Storage(error)),
        }
    }
    let was_offline = matches!(live.state().health, Health::Offline { .. });
    let health = {
        let mut state = live.state();
        state.calls += tally.calls;
        let before = (state.health.clone(), state.read_at);
        state.awaiting_choice = !may_read(account.backfill);
        match stopped {
            None => {
                state.retry_sends |= !matches!(state.health, Health::Ok | Health::ClockOff { .. });
                state.failing_since = None;
                state.failures = 0;
                state.look_again = None;
                state.last_success = Some(now);
                state.absent_since = None;
                state.rounds = state.rounds.saturating_add(1);
                state.next_update = tally.next_update.map(|at| link.as_ref().map_or(at, |l| l.to_local(at)));
                state.read_at = state.read_at.max(tally.fresh_at);
                state.progress = None;
                let off = link.as_ref().and_then(|l| l.clock_off());
                state.health = off.map_or(Health::Ok, |by_ms| Health::ClockOff { by_ms });
            }
            Some(stop) => {
                let since = *state.failing_since.get_or_insert(now);
                let last_success = state.last_success;
                state.absent(last_success);
                state.health = health_of(stop, &mut state, link.as_deref(), live.platform, since, now);
                state.look_again = look_again(&state.health, now);
            }
        }
        state.catching_up = false;
        if (state.health.clone(), state.read_at) != before {
            changes.push(Change::Account { id: live.id });
        }
        state.health.clone()
    };
    if was_offline && health.heals_itself() && !matches!(health, Health::Offline { .. }) {
        network_is_back(inner, live);
    }
    // What waits to be sent may have waited for this reading.
    if inner.is_running() {
        live.sender.call();
    }
    inner.publish(changes);
    notify::round_ended(inner).await;
    SyncReport {
        account: live.id,
        calls: tally.calls,
        new_messages: tally.new_messages,
        changed_messages: tally.changed_messages,
        conversations: tally.conversations,
        skipped: tally.skipped,
        health,
        next_update: tally.next_update,
    }
}

/// One account got through: the others that were offline need not wait out their pauses, and what they missed belongs
/// into the same summary.
fn network_is_back(inner: &Inner, first: &Live) {
    for live in inner.all_live().iter().filter(|live| live.id != first.id) {
        let offline = {
            let mut state = live.state();
            let offline = matches!(state.health, Health::Offline { .. });
            if offline {
                state.failures = 0;
                state.catching_up = state.absent_since.is_some();
            }
            offline
        };
        if offline && inner.is_running() {
            live.hurry();
        }
    }
}

/// What a successful round leaves in the store: only what must survive a restart, and only if something changed.
async fn finish(inner: &Inner, account: &Account, tally: &Tally, changes: &mut Vec<Change>) -> Result<()> {
    let id = account.id;
    if account.backfill == Backfill::Pending {
        let fresh_at = tally.fresh_at;
        let write = inner.store.write_sync(move |tx| {
            if let Some(at) = fresh_at {
                db::set_last_read(tx, id, at)?;
            }
            db::set_backfill(tx, id, Backfill::Done)
        });
        write.await.map_err(|e| store_error(&e))?;
        changes.push(Change::Account { id });
        changes.push(Change::BackfillDone { account: id });
    } else if tally.wrote
        && let Some(at) = tally.fresh_at
    {
        let write = inner.store.write_sync(move |tx| db::set_last_read(tx, id, at));
        write.await.map_err(|e| store_error(&e))?;
    }
    Ok(())
}

fn health_of(
    stop: Stop,
    state: &mut State,
    link: Option<&Link>,
    platform: Platform,
    since: Timestamp,
    now: Timestamp,
) -> Health {
    match stop {
        Stop::Wait(until) => match link.and_then(|l| l.blocked_until(platform, now)) {
            // Our own restraint is no trouble worth telling.
            None => state.health.clone(),
            Some(_) => Health::RateLimited { until },
        },
        Stop::Adapter(error) => {
            state.failures = state.failures.saturating_add(1);
            let next_try = match (&error.kind, link.and_then(|l| l.blocked_until(platform, now))) {
                (Kind::RateLimited { .. }, Some(until)) => until,
                _ => now.plus(crate::pace::pause(state.failures, 0.5)),
            };
            tracing::info!(kind = ?error.kind, status = ?error.http_status, "a round failed");
            health_after(&error, since, next_try)
        }
        Stop::Refused(health) => health,
        Stop::Budget => Health::BudgetUsed,
        Stop::Secrets(error) => {
            tracing::warn!(code = ?error.code, "no secrets for a connection");
            Health::SecretsMissing
        }
        Stop::Storage(error) => {
            state.failures = state.failures.saturating_add(1);
            tracing::error!(code = ?error.code, detail = error.detail, "what was read could not be kept");
            let code = match error.code {
                ErrorCode::NotFound => ErrorCode::Internal,
                other => other,
            };
            Health::Storage { code, next_try: now.plus(STORAGE_PAUSE) }
        }
    }
}

//! What must happen by itself beside reading and sending: snoozed conversations come back, a clock that jumped is
//! noticed, the thread on screen is known to its account, windows that close soon are told of, the search index is merged
//! when nobody waits.
//!
//! A computer that sleeps stops the clock that timers wait on, but not the wall clock. So the wall clock is looked at
//! every few seconds: if it moved further than the wait, the computer slept (or its clock was set), and everybody
//! catches up.

use std::sync::Arc;

use backscroll_model::{HOUR, SECOND, Timestamp};
use backscroll_store as db;
use tokio_util::sync::CancellationToken;

use crate::{
    errors::store_error,
    inner::{Inner, Result},
    media_cache, notify, outgoing,
};

/// How often the clock is looked at.
const TICK: i64 = 15 * SECOND;
/// A step of the wall clock beyond the wait that counts as a sleep.
const JUMP: i64 = 30 * SECOND;
/// How often the media folder is looked after.
const HOUSEKEEPING: i64 = HOUR;
/// Steps of merging between two looks at the clock: about a second of work after a very large back-fill.
const MERGE_STEPS: usize = 500;
/// The same at the end of a round that nobody follows: a tenth of a second.
const LAST_MERGE_STEPS: usize = 50;

/// Tends until it is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut busy = inner.quiet.busy();
    let mut next_snooze = None;
    let mut look_at_snoozes = true;
    let mut housekeeping_at = inner.now();
    let mut has_waited = false;
    loop {
        if let Err(error) = resolve_view(&inner).await {
            tracing::warn!(code = ?error.code, "the thread on screen could not be looked up");
        }
        let now = inner.now();
        if look_at_snoozes || next_snooze.is_some_and(|at| at <= now) {
            match wake_snoozed(&inner).await {
                Ok(next) => next_snooze = next,
                Err(error) => {
                    tracing::warn!(code = ?error.code, "snoozed conversations could not be looked at");
                    next_snooze = Some(now.plus(TICK));
                }
            }
            look_at_snoozes = false;
        }
        if let Err(error) = notify::remind(&inner).await {
            tracing::warn!(code = ?error.code, "windows that close soon could not be looked up");
        }
        if housekeeping_at <= now {
            media_cache::tidy(&inner).await;
            outgoing::tidy(&inner).await;
            housekeeping_at = now.plus(HOUSEKEEPING);
        }
        // Not while the app starts.
        if has_waited {
            merge_index(&inner, MERGE_STEPS, &cancel).await;
        }
        has_waited = true;
        let began = inner.now();
        let wait_until = next_snooze.map_or(began.plus(TICK), |at: Timestamp| at.min(began.plus(TICK)).max(began));
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => return,
            woken = inner.tender.called() => { look_at_snoozes = true; woken }
            () = inner.sleep_until(wait_until) => inner.quiet.busy(),
        };
        if inner.now().since(wait_until).abs() > JUMP && inner.now().since(began) > TICK + JUMP {
            tracing::info!("the clock jumped: catching up");
            slept(&inner, began);
        }
    }
}

/// Merges the search index while no account is read; what the user writes goes before each step.
async fn merge_index(inner: &Inner, steps: usize, cancel: &CancellationToken) {
    let nobody_reads = || inner.all_live().iter().all(|live| live.round.try_lock().is_ok());
    for _ in 0..steps {
        if cancel.is_cancelled() || !nobody_reads() {
            return;
        }
        match inner.store.merge_index().await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "the search index could not be merged");
                return;
            }
        }
    }
}

/// Merges a little of the search index at the end of a process that only reads once: the next one goes on.
pub(crate) async fn merge_before_end(inner: &Inner) {
    merge_index(inner, LAST_MERGE_STEPS, &CancellationToken::new()).await;
}

/// The computer slept since `since`.
fn slept(inner: &Inner, since: Timestamp) {
    for live in inner.all_live() {
        let mut state = live.state();
        if state.connection.is_some() {
            let since = state.last_success.map_or(since, |at| at.min(since));
            state.absent(Some(since));
        }
    }
    catch_up(inner);
}

/// Everybody reads and sends as soon as the provider's waits allow; pauses after failures end.
pub(crate) fn catch_up(inner: &Inner) {
    for live in inner.all_live() {
        live.state().failures = 0;
        live.hurry();
    }
}

async fn resolve_view(inner: &Inner) -> Result<()> {
    let view = inner.view();
    let (Some(conversation), None) = (view.conversation, view.account) else { return Ok(()) };
    let (account, _) = inner.read(move |c| db::remote_of(c, conversation)).await?;
    inner.change_view(|view| {
        if view.conversation == Some(conversation) {
            view.account = Some(account);
        }
    });
    if let Some(live) = inner.live(account) {
        live.reader.call();
    }
    Ok(())
}

async fn wake_snoozed(inner: &Inner) -> Result<Option<Timestamp>> {
    let now = inner.now();
    let (changes, next) =
        inner.store.write_user(move |tx| db::wake_snoozed(tx, now)).await.map_err(|e| store_error(&e))?;
    inner.publish(changes);
    Ok(next)
}

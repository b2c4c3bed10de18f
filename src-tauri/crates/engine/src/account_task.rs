//! The reading of one account: a loop of waiting and [`round`]s.
//!
//! It waits for the instant that [`pace`] names, or to be woken, or for the end. A cancelled round is dropped where it
//! stands: what was applied is committed, what was not is read again.

use std::sync::Arc;

use backscroll_model::{AccountId, Backfill, Health, MINUTE, Platform, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    inner::Inner,
    link::Link,
    live::Live,
    pace::{self, Attention, Pace},
    rate::Urgency,
    round::{
        self,
        graph::{Memory, has_spare},
    },
};

/// Reads the account until it is cancelled or disconnected.
pub(crate) async fn run(inner: Arc<Inner>, id: AccountId, cancel: CancellationToken) {
    let Some(live) = inner.live(id) else { return };
    let mut busy = inner.quiet.busy();
    loop {
        let due = next_read(&inner, &live);
        if due.is_some_and(|at| at <= inner.now()) {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = round::round(&inner, &live) => {}
            }
            continue;
        }
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => return,
            busy = live.reader.called() => busy,
            () = sleep_until(&inner, due) => inner.quiet.busy(),
        };
    }
}

async fn sleep_until(inner: &Inner, at: Option<Timestamp>) {
    match at {
        Some(at) => inner.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// When the account is read next; `None`: not before someone wakes the task.
fn next_read(inner: &Inner, live: &Live) -> Option<Timestamp> {
    let now = inner.now();
    let state = live.state();
    let connection = state.connection?;
    if state.awaiting_choice && !state.hurry {
        return None;
    }
    if !state.health.heals_itself() && !state.hurry {
        return look_at(state.look_again, &state.health, now);
    }
    let attention = attention(inner, live);
    let link = inner.open_link(connection);
    let pace = Pace {
        platform: live.platform,
        attention,
        last: state.last_round,
        next_update: state.next_update,
        failures: state.failures,
        slowdown: link.as_ref().map_or(1, |l| l.slowdown(live.platform)),
        not_before: link.as_ref().map_or(now, |l| l.allowed_at(live.platform, now, Urgency::Read)),
        hurry: state.hurry,
        graph: link.as_ref().filter(|l| l.meta().is_some()).map(|l| graph_pause(live, l, attention, now)),
    };
    Some(pace::next_read(&pace, now, inner.jitter()))
}

/// Graph: the pause from the last round to the next one, which is a walk, or a piece of older history before it.
fn graph_pause(live: &Live, link: &Link, attention: Attention, now: Timestamp) -> i64 {
    let memory = live.graph();
    let interval = walk_interval(&memory, link, live.platform, attention);
    let waited = memory.walked_at.map_or(0, |at| now.since(at).max(0));
    if memory.more && has_spare(link, live.platform) { 0 } else { (interval - waited).max(0) }
}

/// Graph: the pause from one walk to the next.
pub(crate) fn walk_interval(memory: &Memory, link: &Link, platform: Platform, attention: Attention) -> i64 {
    let paced = || pace::graph::interval(memory.fastest, attention, link.quota(platform).map_or(0, |quota| quota.used));
    memory.fixed.unwrap_or_else(paced)
}

/// How much the user looks at an account.
pub(crate) fn attention(inner: &Inner, live: &Live) -> Attention {
    let view = inner.view();
    if view.account == Some(live.id) && view.conversation.is_some() {
        Attention::OnScreen
    } else if view.background {
        Attention::Background
    } else {
        Attention::Foreground
    }
}

/// How long an account that the user must mend is left alone before it is looked at again; `None`: until the user acts.
/// A refused key or a suspended profile must not be knocked at (`reference/ayrshare.md` 9.2); what is mended in the
/// provider's dashboard shows itself.
pub(crate) fn look_again(health: &Health, now: Timestamp) -> Option<Timestamp> {
    match health {
        Health::MessagingOff
        | Health::LinkAgain
        | Health::NotLinked
        | Health::PlanRequired
        | Health::XKeysMissing
        | Health::Checkpoint
        | Health::PermissionMissing { .. }
        | Health::MessageAccessOff
        | Health::SecretsMissing => Some(now.plus(10 * MINUTE)),
        Health::BudgetUsed => Some(next_month(now)),
        Health::KeyRefused
        | Health::ProfileKeyRefused
        | Health::Suspended
        | Health::TokenExpired
        | Health::TokenRevoked
        | Health::PasswordChanged
        | Health::RoleLost
        | Health::AppSecretNeeded
        | Health::Restricted { .. }
        | Health::Disconnected => None,
        Health::Ok
        | Health::Starting
        | Health::Offline { .. }
        | Health::ProviderDown { .. }
        | Health::RateLimited { .. }
        | Health::ClockOff { .. }
        | Health::Storage { .. } => None,
    }
}

/// When it is looked at, as it was planned; never later than what would be planned now, for the clock may have been set
/// back since.
fn look_at(planned: Option<Timestamp>, health: &Health, now: Timestamp) -> Option<Timestamp> {
    planned.zip(look_again(health, now)).map(|(planned, latest)| planned.min(latest))
}

/// The first instant of the next calendar month, UTC: X's budget begins anew.
fn next_month(now: Timestamp) -> Timestamp {
    let next = jiff::Timestamp::from_millisecond(now.0)
        .ok()
        .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
        .and_then(|date| date.last_of_month().tomorrow().ok())
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    next.map_or(now.plus(24 * 60 * MINUTE), |at| Timestamp(at.timestamp().as_millisecond()))
}

/// Whether an account may be read at all: X is not, before the user said how much it may cost.
pub(crate) fn may_read(backfill: Backfill) -> bool {
    match backfill {
        Backfill::AwaitingChoice => false,
        Backfill::Pending | Backfill::Done => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_does_not_put_off_looking_again() {
        let now = Timestamp(1_790_000_000_000);
        let planned = look_again(&Health::LinkAgain, now);
        assert_eq!(look_at(planned, &Health::LinkAgain, now.plus(MINUTE)), Some(now.plus(10 * MINUTE)));
        assert_eq!(look_at(planned, &Health::LinkAgain, now.plus(-600 * MINUTE)), Some(now.plus(-590 * MINUTE)));
        assert_eq!(look_at(None, &Health::KeyRefused, now), None);
    }

    #[test]
    fn the_budget_of_x_begins_anew_with_the_month_in_utc() {
        // 2026-01-31T23:59:59.999Z and 2026-12-15.
        assert_eq!(next_month(Timestamp(1_769_903_999_999)), Timestamp(1_769_904_000_000));
        assert_eq!(next_month(Timestamp(1_797_292_800_000)), Timestamp(1_798_761_600_000));
    }
}

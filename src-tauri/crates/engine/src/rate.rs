//! The rate bucket of one connection: at Ayrshare the profile, over all its platforms (`reference/ayrshare.md` 9.4:
//! 300 calls in 5 minutes, the header's maximum where it says another; 1,000 refusals in 24 h suspend the profile).
//!
//! Promises: reads stay below 80 % of the limit, so what the user sends always finds room; after a refusal nothing
//! leaves before the period must have turned. Pure: time is an argument.

mod graph;

use std::{collections::VecDeque, time::Duration};

use backscroll_model::{HOUR, MINUTE, Quota, Timestamp};

pub(crate) use graph::GraphBucket;

/// The provider's period.
const PERIOD_MS: i64 = 5 * MINUTE;
/// The limit until a header says another.
const DEFAULT_MAX: u32 = 300;

/// A longer wait than this is a mistake of whoever asked for it, or none that a person would put up with.
const LONGEST_WAIT: i64 = HOUR;

/// How urgent a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Reading: stays below 80 %.
    Read,
    /// What the user does: may use the rest.
    User,
}

/// The bucket of whichever provider.
#[derive(Debug)]
pub(crate) enum Lane {
    /// Ayrshare's profile, over all its platforms.
    Profile(RateBucket),
    /// Graph: one platform of a Page.
    Graph(GraphBucket),
}

impl Lane {
    pub(crate) fn record(&mut self, now: Timestamp) {
        match self {
            Self::Profile(bucket) => bucket.record(now),
            Self::Graph(bucket) => bucket.record(now),
        }
    }

    pub(crate) fn heard(&mut self, now: Timestamp, quota: Option<Quota>) {
        match (self, quota) {
            (Self::Profile(bucket), Some(quota)) => bucket.heard(now, quota),
            (Self::Graph(bucket), Some(quota)) => bucket.heard(now, quota),
            (Self::Graph(bucket), None) => bucket.answered(),
            (Self::Profile(_), None) => {}
        }
    }

    pub(crate) fn refused(&mut self, now: Timestamp, wait: Option<Duration>) -> Timestamp {
        match self {
            Self::Profile(bucket) => bucket.refused(now, wait),
            Self::Graph(bucket) => bucket.refused(now, wait),
        }
    }

    pub(crate) fn user_asks(&mut self, now: Timestamp) {
        match self {
            Self::Profile(bucket) => bucket.user_asks(now),
            Self::Graph(bucket) => bucket.user_asks(now),
        }
    }

    pub(crate) fn allowed_at(&mut self, now: Timestamp, urgency: Urgency) -> Timestamp {
        match self {
            Self::Profile(bucket) => bucket.allowed_at(now, urgency),
            Self::Graph(bucket) => bucket.allowed_at(now, urgency),
        }
    }

    /// By how much reading slows down after refusals in a row. Graph's waits grow by themselves.
    pub(crate) fn slowdown(&self) -> i64 {
        match self {
            Self::Profile(bucket) => bucket.slowdown(),
            Self::Graph(_) => 1,
        }
    }

    pub(crate) fn quota(&self) -> Option<Quota> {
        match self {
            Self::Profile(bucket) => bucket.quota(),
            Self::Graph(bucket) => bucket.quota(),
        }
    }

    pub(crate) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Profile(bucket) => bucket.blocked_until(now),
            Self::Graph(bucket) => bucket.blocked_until(now),
        }
    }
}

/// Counts calls against the limit.
#[derive(Debug, Default)]
pub(crate) struct RateBucket {
    /// When each call of the last period left.
    calls: VecDeque<Timestamp>,
    /// What the headers said last, and when.
    said: Option<(Timestamp, Quota)>,
    /// The provider refused at the first instant: no call before the second.
    blocked: Option<(Timestamp, Timestamp)>,
    /// Refusals in a row; reading slows down with each.
    strikes: u32,
}

impl RateBucket {
    /// Counts a call that is about to leave.
    pub(crate) fn record(&mut self, now: Timestamp) {
        self.forget_old(now);
        self.calls.push_back(now);
    }

    /// What the headers of an answer said.
    pub(crate) fn heard(&mut self, now: Timestamp, quota: Quota) {
        self.said = Some((now, quota));
        self.strikes = 0;
    }

    /// 429: nothing leaves before `wait` has passed, or a whole period if none was named.
    pub(crate) fn refused(&mut self, now: Timestamp, wait: Option<Duration>) -> Timestamp {
        let wait = wait.map_or(PERIOD_MS, |w| i64::try_from(w.as_millis()).unwrap_or(LONGEST_WAIT)).min(LONGEST_WAIT);
        let until = now.plus(wait.max(1));
        self.blocked = Some((now, self.blocked.map_or(until, |(_, held)| held.max(until))));
        self.strikes += 1;
        until
    }

    /// The user wants to read now. A refusal that is older than the documented period is tried once.
    pub(crate) fn user_asks(&mut self, now: Timestamp) {
        if self.blocked.is_some_and(|(since, _)| now.since(since) >= PERIOD_MS) {
            self.blocked = None;
        }
    }

    /// When a call of this urgency may leave: `now` or later.
    pub(crate) fn allowed_at(&mut self, now: Timestamp, urgency: Urgency) -> Timestamp {
        self.forget_old(now);
        if let Some(until) = self.blocked_until(now) {
            return until;
        }
        let max = self.max();
        let share = match urgency {
            // One below, because "below 80 %" is asked for and the headers may lag by the calls of another task.
            Urgency::Read => (max * 8 / 10).saturating_sub(1),
            Urgency::User => max.saturating_sub(1),
        }
        .max(1);
        let mut at = now;
        let held = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        if held >= share {
            let surplus = (held - share) as usize;
            at = self.calls.get(surplus).map_or(at, |t| t.plus(PERIOD_MS));
        }
        if let Some((when, quota)) = self.said
            && quota.used >= share
        {
            at = at.max(when.plus(PERIOD_MS));
        }
        at
    }

    /// By how much reading slows down after refusals in a row: 1, 2, 4, 8 times.
    pub(crate) fn slowdown(&self) -> i64 {
        1 << self.strikes.min(3)
    }

    /// Used and allowed, as far as is known.
    pub(crate) fn quota(&self) -> Option<Quota> {
        self.said.map(|(_, quota)| quota)
    }

    /// Until when the provider's refusal holds.
    pub(crate) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked.map(|(_, until)| until).filter(|until| *until > now)
    }

    fn max(&self) -> u32 {
        self.said.map_or(DEFAULT_MAX, |(_, quota)| quota.max).max(2)
    }

    fn forget_old(&mut self, now: Timestamp) {
        // A clock that was set back must not keep calls of "the future" for hours.
        while self.calls.front().is_some_and(|t| now.since(*t) >= PERIOD_MS || *t > now) {
            self.calls.pop_front();
        }
        if self.said.is_some_and(|(when, _)| now.since(when) >= PERIOD_MS || when > now) {
            self.said = self.said.map(|(_, q)| (now, Quota { used: 0, max: q.max }));
        }
        // Nor may it stretch a refusal: what was asked for is waited for, from now on.
        if let Some((since, until)) = self.blocked.filter(|(since, _)| *since > now) {
            self.blocked = Some((now, now.plus(until.since(since))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backscroll_model::SECOND;

    const T: Timestamp = Timestamp(1_770_000_000_000);

    #[test]
    fn reads_stay_below_eighty_percent_and_a_send_still_finds_room() {
        let mut bucket = RateBucket::default();
        let mut made = 0;
        while bucket.allowed_at(T, Urgency::Read) == T {
            bucket.record(T);
            made += 1;
        }
        assert_eq!(made, 239);
        assert_eq!(bucket.allowed_at(T, Urgency::Read), T.plus(PERIOD_MS));
        assert_eq!(bucket.allowed_at(T, Urgency::User), T);
        assert_eq!(bucket.allowed_at(T.plus(PERIOD_MS), Urgency::Read), T.plus(PERIOD_MS));
    }

    #[test]
    fn the_header_wins_over_the_documented_number() {
        let mut bucket = RateBucket::default();
        bucket.heard(T, Quota { used: 8, max: 10 });
        assert_eq!(bucket.allowed_at(T, Urgency::Read), T.plus(PERIOD_MS));
        assert_eq!(bucket.allowed_at(T, Urgency::User), T);
    }

    #[test]
    fn after_a_refusal_nothing_leaves_before_the_period_must_have_turned() {
        let mut bucket = RateBucket::default();
        assert_eq!(bucket.refused(T, None), T.plus(5 * MINUTE));
        assert_eq!(bucket.allowed_at(T.plus(SECOND), Urgency::User), T.plus(5 * MINUTE));
        assert_eq!(bucket.slowdown(), 2);
        bucket.refused(T.plus(6 * MINUTE), Some(Duration::from_secs(7)));
        assert_eq!(bucket.allowed_at(T.plus(6 * MINUTE), Urgency::User), T.plus(6 * MINUTE + 7 * SECOND));
        assert_eq!(bucket.slowdown(), 4);
        bucket.heard(T.plus(7 * MINUTE), Quota { used: 1, max: 300 });
        assert_eq!(bucket.slowdown(), 1);
    }

    #[test]
    fn a_wait_is_an_hour_at_most_and_the_user_may_try_after_the_period() {
        let mut bucket = RateBucket::default();
        assert_eq!(bucket.refused(T, Some(Duration::from_secs(90_000))), T.plus(HOUR));
        bucket.user_asks(T.plus(4 * MINUTE));
        assert_eq!(bucket.allowed_at(T.plus(4 * MINUTE), Urgency::User), T.plus(HOUR));
        bucket.user_asks(T.plus(5 * MINUTE));
        assert_eq!(bucket.allowed_at(T.plus(5 * MINUTE), Urgency::Read), T.plus(5 * MINUTE));
        // Once: what is refused again waits again.
        bucket.refused(T.plus(5 * MINUTE), Some(Duration::from_secs(90_000)));
        bucket.user_asks(T.plus(6 * MINUTE));
        assert_eq!(bucket.allowed_at(T.plus(6 * MINUTE), Urgency::User), T.plus(HOUR + 5 * MINUTE));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_block_for_hours() {
        let mut bucket = RateBucket::default();
        for _ in 0..300 {
            bucket.record(T);
        }
        let earlier = T.plus(-60 * MINUTE);
        assert_eq!(bucket.allowed_at(earlier, Urgency::User), earlier);
        bucket.refused(T, None);
        assert_eq!(bucket.allowed_at(earlier, Urgency::User), earlier.plus(5 * MINUTE));
        assert_eq!(bucket.allowed_at(earlier.plus(5 * MINUTE), Urgency::User), earlier.plus(5 * MINUTE));
    }
}

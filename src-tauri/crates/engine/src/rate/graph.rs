//! The rate bucket of one Page and platform at Graph (`reference/meta-graph.md` 5.3 to 5.5).
//!
//! Promises: at most two reads a second, slower when a meter passes 75 %, none in the background from 90 % on; after a
//! refusal nothing leaves before the moment that the provider named, because calling while throttled prolongs the
//! block. Headers that are absent mean "unknown", never "zero". Pure: time is an argument.

use std::{collections::VecDeque, time::Duration};

use backscroll_model::{DAY, HOUR, MINUTE, Quota, SECOND, Timestamp};

use super::Urgency;

/// So many reads within [`WINDOW`].
const READS: usize = 2;
/// A second, and what two requests may lose of their distance on the way.
const WINDOW: i64 = 1_100;
/// From here on one read in [`SLOW`].
const SLOW_FROM: u32 = 75;
const SLOW: i64 = 5 * SECOND;
/// From here on nothing is read by itself before the meters may have moved.
const PAUSE_FROM: u32 = 90;
const PAUSE: i64 = 5 * MINUTE;
/// Waits after refusals in a row where the provider names none.
const STEPS: [i64; 5] = [MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];

/// Refused although nothing of ours had left for long: another program, or an earlier start of this one, used up the
/// same second. Waited for briefly, and no strike.
const COLD: i64 = 2 * SECOND;

/// Counts reads against the limit.
#[derive(Debug, Default)]
pub(crate) struct GraphBucket {
    /// When the last reads left, the newest last; at most [`READS`].
    reads: VecDeque<Timestamp>,
    /// The fullest meter, in percent, and when it was told.
    meter: Option<(Timestamp, u32)>,
    /// The provider refused at the first instant: no call before the second.
    blocked: Option<(Timestamp, Timestamp)>,
    /// Refusals in a row.
    strikes: usize,
    /// When the first read since the start left.
    first: Option<Timestamp>,
}

impl GraphBucket {
    /// Counts a read that is about to leave.
    pub(crate) fn record(&mut self, now: Timestamp) {
        self.first.get_or_insert(now);
        self.reads.push_back(now);
        while self.reads.len() > READS {
            self.reads.pop_front();
        }
    }

    /// What the headers of an answer said: percent of the allowance.
    pub(crate) fn heard(&mut self, now: Timestamp, quota: Quota) {
        self.meter = Some((now, quota.used));
        self.answered();
    }

    /// An answer came that was no refusal.
    pub(crate) fn answered(&mut self) {
        self.strikes = 0;
    }

    /// Refused for being too fast: nothing leaves before `wait`, or before the next step.
    pub(crate) fn refused(&mut self, now: Timestamp, wait: Option<Duration>) -> Timestamp {
        let is_cold = wait.is_none() && self.strikes == 0 && self.first.is_some_and(|first| now.since(first) < COLD);
        if is_cold {
            // Once: what is refused again is no coincidence.
            self.first = Some(now.plus(-COLD));
            let until = now.plus(COLD);
            self.blocked = Some((now, until));
            return until;
        }
        let step = STEPS.get(self.strikes.min(STEPS.len() - 1)).copied().unwrap_or(HOUR);
        let wait = wait.map_or(step, |w| i64::try_from(w.as_millis()).unwrap_or(DAY)).clamp(SECOND, DAY);
        let until = now.plus(wait);
        self.blocked = Some((now, self.blocked.map_or(until, |(_, held)| held.max(until))));
        self.strikes += 1;
        until
    }

    /// The user wants to read now. A refusal that is older than an hour is tried once.
    pub(crate) fn user_asks(&mut self, now: Timestamp) {
        if self.blocked.is_some_and(|(since, _)| now.since(since) >= HOUR) {
            self.blocked = None;
        }
        // The meters hold back only what happens by itself.
        self.meter = None;
    }

    /// When a call of this urgency may leave: `now` or later. Sends have a limit of 300 a second of their own.
    pub(crate) fn allowed_at(&mut self, now: Timestamp, urgency: Urgency) -> Timestamp {
        self.forget_future(now);
        if let Some(until) = self.blocked_until(now) {
            return until;
        }
        if urgency == Urgency::User {
            return now;
        }
        let mut at = now;
        if self.reads.len() == READS
            && let Some(first) = self.reads.front()
        {
            at = at.max(first.plus(WINDOW));
        }
        if let Some((told, percent)) = self.meter {
            if percent >= PAUSE_FROM {
                at = at.max(told.plus(PAUSE));
            } else if percent >= SLOW_FROM
                && let Some(last) = self.reads.back()
            {
                at = at.max(last.plus(SLOW));
            }
        }
        at
    }

    /// Used and allowed, in percent, as far as is known.
    pub(crate) fn quota(&self) -> Option<Quota> {
        self.meter.map(|(_, used)| Quota { used, max: 100 })
    }

    /// Until when the provider's refusal holds.
    pub(crate) fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked.map(|(_, until)| until).filter(|until| *until > now)
    }

    /// A clock that was set back must not keep calls of "the future" for hours.
    fn forget_future(&mut self, now: Timestamp) {
        self.reads.retain(|at| *at <= now);
        self.meter = self.meter.filter(|(told, _)| *told <= now);
        if let Some((since, until)) = self.blocked.filter(|(since, _)| *since > now) {
            self.blocked = Some((now, now.plus(until.since(since))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp(1_790_000_000_000);

    fn reads_within(bucket: &mut GraphBucket, ms: i64) -> usize {
        let (mut now, mut made) = (T, 0);
        loop {
            now = bucket.allowed_at(now, Urgency::Read);
            if now.since(T) >= ms {
                return made;
            }
            bucket.record(now);
            made += 1;
        }
    }

    #[test]
    fn two_reads_leave_at_once_and_never_three_within_a_second() {
        let mut bucket = GraphBucket::default();
        assert_eq!(reads_within(&mut bucket, 1_000), 2);
        assert_eq!(reads_within(&mut GraphBucket::default(), 11 * 1_100), 22);
    }

    #[test]
    fn what_the_user_sends_does_not_wait_for_reads() {
        let mut bucket = GraphBucket::default();
        bucket.record(T);
        bucket.record(T);
        assert_eq!(bucket.allowed_at(T, Urgency::User), T);
        assert!(bucket.allowed_at(T, Urgency::Read) > T);
    }

    #[test]
    fn full_meters_slow_reading_down_and_then_pause_it() {
        let mut bucket = GraphBucket::default();
        bucket.record(T);
        bucket.heard(T, Quota { used: 80, max: 100 });
        assert_eq!(bucket.allowed_at(T, Urgency::Read), T.plus(5 * SECOND));
        bucket.heard(T, Quota { used: 93, max: 100 });
        assert_eq!(bucket.allowed_at(T, Urgency::Read), T.plus(5 * MINUTE));
        assert_eq!(bucket.allowed_at(T, Urgency::User), T);
        bucket.user_asks(T);
        assert_eq!(bucket.allowed_at(T, Urgency::Read), T);
    }

    #[test]
    fn refusals_wait_as_long_as_named_else_longer_each_time() {
        let mut bucket = GraphBucket::default();
        assert_eq!(bucket.refused(T, Some(Duration::from_secs(300))), T.plus(5 * MINUTE));
        assert_eq!(bucket.allowed_at(T, Urgency::User), T.plus(5 * MINUTE));
        let waits: Vec<i64> =
            (0..6).map(|n| bucket.refused(T.plus(n * HOUR * 2), None).since(T.plus(n * HOUR * 2))).collect();
        assert_eq!(waits, [2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR, HOUR]);
        bucket.answered();
        let later = T.plus(2 * DAY);
        assert_eq!(bucket.refused(later, None), later.plus(MINUTE));
    }

    #[test]
    fn a_second_that_another_program_used_up_is_waited_for_briefly_and_once() {
        let mut bucket = GraphBucket::default();
        bucket.record(T);
        assert_eq!(bucket.refused(T, None), T.plus(2 * SECOND));
        let again = T.plus(2 * SECOND);
        bucket.record(again);
        assert_eq!(bucket.refused(again, None), again.plus(MINUTE));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_block_for_hours() {
        let mut bucket = GraphBucket::default();
        bucket.record(T);
        bucket.record(T);
        bucket.heard(T, Quota { used: 99, max: 100 });
        let earlier = T.plus(-HOUR);
        assert_eq!(bucket.allowed_at(earlier, Urgency::Read), earlier);
        bucket.refused(T.plus(MINUTE), None);
        assert_eq!(bucket.allowed_at(earlier, Urgency::Read), earlier.plus(MINUTE));
    }
}

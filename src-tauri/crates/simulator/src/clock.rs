//! The simulator's own time: every cache, window, rate limit, retry and scripted act reads it, nothing else does.
//!
//! A manual clock stands still until [`crate::Simulator::advance`] moves it, so a test never sleeps. A real clock follows
//! the wall, and can be pushed forward too. It never goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A shared handle on the simulator's time, in UTC milliseconds.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    manual: bool,
    /// Manual: the time itself. Real: what was added to the wall.
    value: AtomicI64,
}

impl Clock {
    /// Follows the machine's time.
    #[must_use]
    pub fn real() -> Self {
        Self(Arc::new(Inner { manual: false, value: AtomicI64::new(0) }))
    }

    /// Stands at `start_ms` until it is advanced.
    #[must_use]
    pub fn manual(start_ms: i64) -> Self {
        Self(Arc::new(Inner { manual: true, value: AtomicI64::new(start_ms) }))
    }

    /// Now, UTC milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        let value = self.0.value.load(Ordering::SeqCst);
        if self.0.manual { value } else { wall_ms() + value }
    }

    /// Whether it only moves when told to.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.0.manual
    }

    /// Moves forward to `target_ms`; a target in the past changes nothing.
    pub(crate) fn move_to(&self, target_ms: i64) {
        let behind = target_ms - self.now_ms();
        if behind > 0 {
            self.0.value.fetch_add(behind, Ordering::SeqCst);
        }
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-02-03T04:05:06.789Z`, the form of every message time (reference 1.3).
pub(crate) fn iso_ms(at_ms: i64) -> String {
    format!("{:.3}", timestamp(at_ms))
}

/// `2026-02-03T04:05:06Z`, the form of most other times.
pub(crate) fn iso_s(at_ms: i64) -> String {
    format!("{:.0}", timestamp(at_ms))
}

/// The form of the `Date` header.
pub(crate) fn http_date(at_ms: i64) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&timestamp(at_ms)).unwrap_or_default()
}

fn timestamp(at_ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_three_forms_of_the_reference() {
        let at = 1_770_091_506_789;
        assert_eq!(iso_ms(at), "2026-02-03T04:05:06.789Z");
        assert_eq!(iso_ms(at - 789), "2026-02-03T04:05:06.000Z");
        assert_eq!(iso_s(at), "2026-02-03T04:05:06Z");
        assert_eq!(http_date(at), "Tue, 03 Feb 2026 04:05:06 GMT");
    }

    #[test]
    fn a_manual_clock_never_goes_back() {
        let clock = Clock::manual(1_000);
        clock.move_to(5_000);
        clock.move_to(2_000);
        assert_eq!(clock.now_ms(), 5_000);
    }
}

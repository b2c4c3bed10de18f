//! When an account is read next: one pure function.
//!
//! Promises: never before the provider has fresh data (`nextUpdate`; before it the same cached body comes back and only
//! burns rate limit), never before a refusal has run out, X never more often than once a minute because each message
//! read may be billed. What is on screen is read at `nextUpdate`, the rest every second cycle, a hidden window every
//! five minutes. After failures the pauses grow, with jitter, so that a thousand clients do not come back together.

pub(crate) mod graph;

use backscroll_model::{MINUTE, Platform, SECOND, Timestamp};

/// How much the user looks at an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attention {
    /// A conversation of it is on screen.
    OnScreen,
    /// The window is in front.
    Foreground,
    /// The window is hidden.
    Background,
}

/// What the next read depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) platform: Platform,
    pub(crate) attention: Attention,
    /// When the last round began; `None`: none since the start.
    pub(crate) last: Option<Timestamp>,
    /// When the provider has fresh data.
    pub(crate) next_update: Option<Timestamp>,
    /// Failed rounds in a row.
    pub(crate) failures: u32,
    /// Factor after refusals (429) in a row.
    pub(crate) slowdown: i64,
    /// The rate bucket lets nothing out before this.
    pub(crate) not_before: Timestamp,
    /// Someone asked to read as soon as the provider's waits allow.
    pub(crate) hurry: bool,
    /// Graph has no cache and no `nextUpdate`: the pause until the next walk, or until the next piece of older history.
    pub(crate) graph: Option<i64>,
}

/// The provider's cache of Messenger and Instagram, in case an answer names no `nextUpdate`.
const CACHE_MS: i64 = MINUTE;
/// The first pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: i64 = 5 * SECOND;
const LONGEST_PAUSE: i64 = 5 * MINUTE;
/// The longest silence that this file can mean, the slowest pace with its jitter: a `nextUpdate` beyond it is a mistake.
const LATEST: i64 = LONGEST_PAUSE * 8 + MINUTE;
/// Between two rounds, whatever the provider says.
const SHORTEST_GAP: i64 = 5 * SECOND;

/// When to read next. `jitter` is in 0..1.
pub(crate) fn next_read(pace: &Pace, now: Timestamp, jitter: f64) -> Timestamp {
    // A last round that lies in the future: the clock was set back, and all that was planned by it means nothing.
    let Some(last) = pace.last.filter(|last| *last <= now) else { return pace.not_before.max(now) };
    let due = if pace.failures > 0 {
        if pace.hurry { now } else { last.plus(pause(pace.failures, jitter)) }
    } else if let Some(interval) = pace.graph {
        if pace.hurry { now } else { last.plus(interval) }
    } else {
        let fresh = pace.next_update.unwrap_or(last.plus(CACHE_MS));
        let floor = match pace.platform {
            Platform::X => fresh.max(last.plus(MINUTE)),
            Platform::Messenger | Platform::Instagram => fresh,
        };
        let interval = match pace.attention {
            Attention::OnScreen => MINUTE,
            Attention::Foreground => 2 * MINUTE,
            Attention::Background => 5 * MINUTE,
        };
        let wanted = if pace.hurry {
            floor
        } else {
            match (pace.attention, pace.slowdown) {
                (Attention::OnScreen, 1) => floor.plus(share(2 * SECOND, jitter)),
                _ => last.plus(interval * pace.slowdown + share(interval / 10, jitter)),
            }
        };
        // An answer whose `nextUpdate` has passed already must not be asked for again at once.
        wanted.max(floor).max(last.plus(SHORTEST_GAP))
    };
    // Counted from the last round and not from `now`, which would move on with each look and never be reached.
    due.min(last.plus(LATEST)).max(pace.not_before).max(now)
}

pub(crate) fn pause(failures: u32, jitter: f64) -> i64 {
    let full = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_PAUSE);
    full / 2 + share(full / 2, jitter)
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds below an hour")]
fn share(of: i64, jitter: f64) -> i64 {
    (of as f64 * jitter) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp(1_770_000_000_000);

    fn pace(platform: Platform, attention: Attention) -> Pace {
        Pace {
            platform,
            attention,
            last: Some(T),
            next_update: Some(T.plus(MINUTE)),
            failures: 0,
            slowdown: 1,
            not_before: T,
            hurry: false,
            graph: None,
        }
    }

    #[test]
    fn the_first_read_is_at_once() {
        assert_eq!(next_read(&Pace { last: None, ..pace(Platform::X, Attention::Background) }, T, 0.5), T);
    }

    #[test]
    fn what_is_on_screen_is_read_when_fresh_data_exists_and_the_rest_more_slowly() {
        let at = |attention| next_read(&pace(Platform::Messenger, attention), T, 0.0).since(T);
        assert_eq!(at(Attention::OnScreen), MINUTE);
        assert_eq!(at(Attention::Foreground), 2 * MINUTE);
        assert_eq!(at(Attention::Background), 5 * MINUTE);
    }

    #[test]
    fn nothing_is_read_before_next_update_however_great_the_hurry() {
        for attention in [Attention::OnScreen, Attention::Foreground, Attention::Background] {
            let hurry = Pace { hurry: true, ..pace(Platform::Instagram, attention) };
            assert_eq!(next_read(&hurry, T.plus(SECOND), 0.9), T.plus(MINUTE));
        }
    }

    #[test]
    fn x_is_read_once_a_minute_at_most_though_its_cache_lasts_15_seconds() {
        let x = Pace { next_update: Some(T.plus(15 * SECOND)), hurry: true, ..pace(Platform::X, Attention::OnScreen) };
        assert_eq!(next_read(&x, T, 0.0), T.plus(MINUTE));
    }

    #[test]
    fn pauses_after_failures_grow_and_end_growing() {
        let after = |failures, jitter| {
            next_read(&Pace { failures, ..pace(Platform::Messenger, Attention::Foreground) }, T, jitter).since(T)
        };
        assert_eq!(after(1, 1.0), 5 * SECOND);
        assert_eq!(after(2, 1.0), 10 * SECOND);
        assert_eq!(after(40, 1.0), 5 * MINUTE);
        assert_eq!(after(40, 0.0), 150 * SECOND);
    }

    #[test]
    fn repeated_refusals_slow_reading_down() {
        let slow = Pace { slowdown: 4, ..pace(Platform::Messenger, Attention::OnScreen) };
        assert_eq!(next_read(&slow, T, 0.0).since(T), 4 * MINUTE);
    }

    #[test]
    fn a_clock_set_back_by_a_day_does_not_silence_an_account() {
        let now = T.plus(-24 * 60 * MINUTE);
        for attention in [Attention::OnScreen, Attention::Foreground, Attention::Background] {
            let back = Pace { not_before: now, failures: 1, ..pace(Platform::Messenger, attention) };
            assert_eq!(next_read(&back, now, 0.5), now);
            assert_eq!(next_read(&Pace { failures: 0, ..back }, now, 0.5), now);
        }
    }

    #[test]
    fn a_next_update_that_is_days_away_does_not_silence_an_account() {
        let wrong =
            Pace { next_update: Some(T.plus(9 * 24 * 60 * MINUTE)), ..pace(Platform::Messenger, Attention::OnScreen) };
        let due = next_read(&wrong, T, 0.5);
        assert_eq!(due, T.plus(41 * MINUTE));
        assert_eq!(next_read(&wrong, due, 0.5), due);
    }
}

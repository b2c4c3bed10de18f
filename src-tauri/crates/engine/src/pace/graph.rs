//! When an account at Graph is read next, and in which order after a pause.
//!
//! Graph gives the newest 20 messages of a conversation; what falls behind them between two reads is lost. So the
//! interval follows the fastest conversation: at most [`AIM`] messages between two reads, which leaves half of the 20
//! for what speeds up meanwhile. A conversation that begins at full speed is met by the interval of a quiet account:
//! 30 messages a minute for 20 seconds are [`AIM`].
//!
//! Promises: pure; never faster than [`SHORTEST`]; the rate bucket and the meters have the last word.

use backscroll_model::{MINUTE, RemoteId, SECOND, Timestamp};

use super::Attention;

/// New messages of one conversation between two reads, at most.
pub(crate) const AIM: i64 = 10;
/// So many messages are given.
pub(crate) const GIVEN: i64 = 20;
/// Two reads a second are allowed in all; one account alone never takes them up.
const SHORTEST: i64 = SECOND;
/// Quiet, by how much the user looks at it. None is longer than what a burst of 30 a minute needs.
const ON_SCREEN: i64 = 5 * SECOND;
const FOREGROUND: i64 = 12 * SECOND;
const BACKGROUND: i64 = 20 * SECOND;
/// A pause from which on the order of catching up matters.
pub(crate) const PAUSE: i64 = MINUTE;

/// How fast messages come in one conversation, in milliseconds a message; `None`: too few to tell, or too long ago.
///
/// Measured over the newest 3, 5, 10 and 20, whichever shows the fastest: a burst is seen after its third message.
pub(crate) fn pace(newest_first: &[Timestamp], now: Timestamp) -> Option<i64> {
    [3_usize, 5, 10, 20]
        .into_iter()
        .filter_map(|count| {
            let oldest = newest_first.get(count - 1)?;
            let count = i64::try_from(count).ok()?;
            // Times are whole seconds: three within one are no endless speed.
            Some((now.since(*oldest).max(SECOND)) / count)
        })
        .min()
        .filter(|pace| *pace < 10 * MINUTE)
}

/// The pause until the next read, given the fastest pace of the account.
pub(crate) fn interval(fastest: Option<i64>, attention: Attention, meter: u32) -> i64 {
    let quiet = match attention {
        Attention::OnScreen => ON_SCREEN,
        Attention::Foreground => FOREGROUND,
        Attention::Background => BACKGROUND,
    };
    // What is left of the allowance is kept for bursts: a quiet account is read less often as its meters fill.
    let quiet = match meter {
        0..50 => quiet,
        50..75 => quiet * 2,
        _ => quiet * 4,
    };
    fastest.map_or(quiet, |pace| (pace * AIM).min(quiet)).max(SHORTEST)
}

/// What is known of a conversation when reading goes on after a pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) remote_id: RemoteId,
    /// Milliseconds a message, before the pause.
    pub(crate) pace: i64,
    /// The newest message held.
    pub(crate) newest: Timestamp,
}

/// Who is read first after a pause: whoever is about to pass the 20 that are given, by the time that is left. Those that
/// must have passed it come after them (what they lost is lost), and those that are far from it need no hurry: the
/// walk that follows meets them.
pub(crate) fn by_risk(threads: Vec<Thread>, now: Timestamp) -> Vec<RemoteId> {
    let mut ranked: Vec<(bool, i64, RemoteId)> = threads
        .into_iter()
        .filter(|thread| thread.pace > 0)
        .filter_map(|thread| {
            let expected = now.since(thread.newest) / thread.pace;
            let left = (GIVEN - expected) * thread.pace;
            (expected >= AIM / 2).then_some((left <= 0, left.max(0), thread.remote_id))
        })
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(.., id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp(1_790_000_000_000);

    fn every(seconds: i64, count: i64) -> Vec<Timestamp> {
        (0..count).map(|n| T.plus(-n * seconds * SECOND)).collect()
    }

    #[test]
    fn a_burst_of_thirty_a_minute_is_read_before_eleven_are_new() {
        for newest in 3..20 {
            let pace = pace(&every(2, newest), T);
            let interval = interval(pace, Attention::Background, 0);
            assert!(interval <= 20 * SECOND, "{interval} after {newest}");
        }
        assert_eq!(interval(None, Attention::Background, 0), 20 * SECOND);
    }

    #[test]
    fn the_faster_it_goes_the_sooner_it_is_read() {
        let after = |seconds| interval(pace(&every(seconds, 20), T), Attention::Background, 0);
        assert!(after(1) <= 10 * SECOND);
        assert!(after(1) < after(2));
        assert_eq!(after(60), 20 * SECOND);
        assert_eq!(interval(Some(1), Attention::OnScreen, 0), SECOND);
    }

    #[test]
    fn a_conversation_that_went_quiet_is_no_longer_fast() {
        let burst = every(1, 20);
        assert!(interval(pace(&burst, T.plus(10 * MINUTE)), Attention::Background, 0) == 20 * SECOND);
    }

    #[test]
    fn full_meters_stretch_what_is_quiet_and_never_what_is_fast() {
        assert_eq!(interval(None, Attention::Foreground, 60), 24 * SECOND);
        assert_eq!(interval(None, Attention::Foreground, 80), 48 * SECOND);
        assert_eq!(interval(Some(SECOND), Attention::Foreground, 80), 10 * SECOND);
    }

    #[test]
    fn after_a_pause_whoever_is_about_to_pass_twenty_comes_first() {
        let thread = |id: &str, pace: i64, newest: i64| Thread {
            remote_id: id.into(),
            pace: pace * SECOND,
            newest: T.plus(-newest * SECOND),
        };
        let order = by_risk(
            vec![
                thread("slow", 60, 120),
                thread("lost", 2, 120),
                thread("safe for a while", 10, 60),
                thread("nearly", 6, 108),
            ],
            T,
        );
        assert_eq!(order, [RemoteId::from("nearly"), "safe for a while".into(), "lost".into()]);
    }
}

//! The reply window: how long a business may answer, per platform and provider (`ux.md`, composer;
//! `reference/ayrshare.md` 3.4, `reference/meta-graph.md` 6.4 and 6.5).
//!
//! Promises to be honest about what polling cannot see: a window is [`ReplyWindow::Closed`] only when the platform said
//! so, or when the newest inbound message is held, no gap follows it, and the last limit has passed.
//!
//! What opens it again is a message of the customer: a written one, a story reply or mention, a pressed button
//! (a postback is a message with the button's words), whether a reading or a webhook told of it. A reaction does not: no
//! reference says that it does. A click on an m.me link alone reopens it too, but leaves no message and is not seen here.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{DAY, HOUR, MINUTE, Platform, Provider, SECOND, Timestamp};

const SLACK: i64 = ReplyWindow::SLACK;
/// For this long everybody may answer on Meta's platforms.
const FREE: i64 = 24 * HOUR;
/// For this long a person may.
const WEEK: i64 = 7 * DAY;

/// Whether and until when the platform lets the business answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyWindow {
    /// Any answer is allowed until then.
    Open {
        /// The end of the window.
        until: Timestamp,
    },
    /// Only a person's own answer is allowed until then.
    HumanOnly {
        /// The end of the window.
        until: Timestamp,
    },
    /// The platform may refuse; nothing is lost if so.
    Uncertain,
    /// Closed since then.
    Closed {
        /// When the last limit passed, or the platform refused.
        since: Timestamp,
        /// The platform refused a message; by the times alone it might be open.
        refused: bool,
    },
    /// The platform has no window (X).
    None,
}

/// What is known of a conversation that its window hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowFacts {
    /// The newest message of the customer that is held; provider's clock.
    pub inbound_at: Option<Timestamp>,
    /// Messages may be missing after it.
    pub gap_after: bool,
    /// When the platform last refused a message because the window was closed; provider's clock. It holds until the
    /// customer writes.
    pub refused_at: Option<Timestamp>,
}

impl WindowFacts {
    /// When the window was closed by the platform itself, if it still is.
    pub fn refusal(&self) -> Option<Timestamp> {
        self.refused_at.filter(|refused| self.inbound_at.is_none_or(|inbound| inbound <= *refused))
    }

    /// The customer wrote in the very second of that refusal. Providers tell whole seconds, so nobody knows which came
    /// first: it may have opened the window again.
    fn is_a_tie(&self) -> bool {
        let second = |at: Timestamp| at.0.div_euclid(SECOND);
        self.inbound_at.zip(self.refused_at).is_some_and(|(inbound, refused)| second(inbound) == second(refused))
    }
}

impl ReplyWindow {
    /// Our clock and the platform's differ by so much at most, in milliseconds. Within it of a limit, whatever must not
    /// pass it does not: so long before its end an open window counts as ended.
    pub const SLACK: i64 = MINUTE;

    /// The window of a conversation at `now`, by the provider's clock. `provider`: who is connected, or was last; `None`:
    /// nobody ever was (an archive).
    pub fn through(provider: Option<Provider>, platform: Platform, facts: &WindowFacts, now: Timestamp) -> Self {
        if platform == Platform::X {
            return Self::None;
        }
        if let Some(since) = facts.refusal() {
            return if facts.is_a_tie() { Self::Uncertain } else { Self::Closed { since, refused: true } };
        }
        let (Some(provider), Some(inbound)) = (provider, facts.inbound_at) else { return Self::Uncertain };
        let week = inbound.plus(WEEK);
        let free = inbound.plus(free(provider, platform));
        if now < free.plus(-SLACK) {
            Self::Open { until: free }
        } else if provider == Provider::Meta && now < week {
            Self::HumanOnly { until: week }
        } else if now < week.plus(SLACK) || facts.gap_after {
            // A newer message of the customer may have opened it again.
            Self::Uncertain
        } else {
            Self::Closed { since: week, refused: false }
        }
    }

    /// So long after a message of the customer the window becomes narrower, in milliseconds, first end first.
    ///
    /// Through Ayrshare there is one end for certain: of Instagram the week (stated), of Messenger the first day;
    /// whether Ayrshare sets the human-agent tag after it is not known. Graph has both, because we set the tag.
    pub fn ends(provider: Option<Provider>, platform: Platform) -> &'static [i64] {
        match (provider, platform) {
            (None, _) | (_, Platform::X) => &[],
            (Some(Provider::Ayrshare), Platform::Messenger) => &[FREE],
            (Some(Provider::Ayrshare), Platform::Instagram) => &[WEEK],
            (Some(Provider::Meta), Platform::Messenger | Platform::Instagram) => &[FREE, WEEK],
        }
    }

    /// The end of an open window, if it has one.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Open { until } | Self::HumanOnly { until } => Some(until),
            Self::Uncertain | Self::Closed { .. } | Self::None => None,
        }
    }

    /// Whether what leaves by itself (planned or automatic) may leave at `at`: such a message passes no window that is not
    /// open.
    pub fn is_open_at(self, at: Timestamp) -> bool {
        match self {
            Self::None => true,
            Self::Open { until } => at < until.plus(-SLACK),
            Self::HumanOnly { .. } | Self::Uncertain | Self::Closed { .. } => false,
        }
    }
}

/// How long everybody may answer.
fn free(provider: Provider, platform: Platform) -> i64 {
    ReplyWindow::ends(Some(provider), platform).first().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp(1_770_000_000_000);

    const OPEN_DAY: ReplyWindow = ReplyWindow::Open { until: Timestamp(T.0 + DAY) };
    const OPEN_WEEK: ReplyWindow = ReplyWindow::Open { until: Timestamp(T.0 + WEEK) };
    const HUMAN: ReplyWindow = ReplyWindow::HumanOnly { until: Timestamp(T.0 + WEEK) };
    const CLOSED: ReplyWindow = ReplyWindow::Closed { since: Timestamp(T.0 + WEEK), refused: false };
    const UNSURE: ReplyWindow = ReplyWindow::Uncertain;
    const NONE: ReplyWindow = ReplyWindow::None;

    /// After a message of the customer: before and at each edge. The last two columns: with a gap after the message, and
    /// with no message held.
    #[test]
    fn each_window_has_its_edges() {
        use Platform::{Instagram, Messenger, X};
        use Provider::{Ayrshare, Meta};
        let day = DAY - SLACK;
        let end = WEEK - SLACK;
        let late = WEEK + SLACK;
        #[rustfmt::skip]
        let table = [
            // provider, platform, ms after the message, all held, gap after, nothing held
            (Some(Ayrshare), Messenger, 0,        OPEN_DAY,  OPEN_DAY,  UNSURE),
            (Some(Ayrshare), Messenger, day - 1,  OPEN_DAY,  OPEN_DAY,  UNSURE),
            (Some(Ayrshare), Messenger, day,      UNSURE,    UNSURE,    UNSURE),
            (Some(Ayrshare), Messenger, late - 1, UNSURE,    UNSURE,    UNSURE),
            (Some(Ayrshare), Messenger, late,     CLOSED,    UNSURE,    UNSURE),
            (Some(Ayrshare), Instagram, 0,        OPEN_WEEK, OPEN_WEEK, UNSURE),
            (Some(Ayrshare), Instagram, day,      OPEN_WEEK, OPEN_WEEK, UNSURE),
            (Some(Ayrshare), Instagram, end - 1,  OPEN_WEEK, OPEN_WEEK, UNSURE),
            (Some(Ayrshare), Instagram, end,      UNSURE,    UNSURE,    UNSURE),
            (Some(Ayrshare), Instagram, late - 1, UNSURE,    UNSURE,    UNSURE),
            (Some(Ayrshare), Instagram, late,     CLOSED,    UNSURE,    UNSURE),
            (Some(Meta),     Messenger, -SLACK,   OPEN_DAY,  OPEN_DAY,  UNSURE),
            (Some(Meta),     Messenger, day - 1,  OPEN_DAY,  OPEN_DAY,  UNSURE),
            (Some(Meta),     Messenger, day,      HUMAN,     HUMAN,     UNSURE),
            (Some(Meta),     Messenger, WEEK - 1, HUMAN,     HUMAN,     UNSURE),
            (Some(Meta),     Messenger, WEEK,     UNSURE,    UNSURE,    UNSURE),
            (Some(Meta),     Messenger, late,     CLOSED,    UNSURE,    UNSURE),
            (Some(Meta),     Instagram, day - 1,  OPEN_DAY,  OPEN_DAY,  UNSURE),
            (Some(Meta),     Instagram, day,      HUMAN,     HUMAN,     UNSURE),
            (Some(Meta),     Instagram, WEEK - 1, HUMAN,     HUMAN,     UNSURE),
            (Some(Meta),     Instagram, WEEK,     UNSURE,    UNSURE,    UNSURE),
            (Some(Meta),     Instagram, late,     CLOSED,    UNSURE,    UNSURE),
            (Some(Ayrshare), X,         0,        NONE,      NONE,      NONE),
            (Some(Ayrshare), X,         late,     NONE,      NONE,      NONE),
            (Some(Meta),     X,         late,     NONE,      NONE,      NONE),
            (None,           Messenger, 0,        UNSURE,    UNSURE,    UNSURE),
            (None,           Instagram, late,     UNSURE,    UNSURE,    UNSURE),
            (None,           X,         late,     NONE,      NONE,      NONE),
        ];
        for (provider, platform, after, held, gap, nothing) in table {
            let at = |inbound_at, gap_after| {
                let facts = WindowFacts { inbound_at, gap_after, refused_at: None };
                ReplyWindow::through(provider, platform, &facts, T.plus(after))
            };
            let case = format!("{provider:?} {platform:?} after {after} ms");
            assert_eq!(at(Some(T), false), held, "{case}");
            assert_eq!(at(Some(T), true), gap, "{case}, with a gap");
            assert_eq!(at(None, false), nothing, "{case}, nothing held");
            assert_eq!(at(None, true), nothing, "{case}, nothing held and a gap");
        }
    }

    #[test]
    fn a_refusal_closes_whatever_the_times_say_until_the_person_writes_again() {
        let said = T.plus(HOUR);
        for provider in [None, Some(Provider::Ayrshare), Some(Provider::Meta)] {
            for platform in [Platform::Messenger, Platform::Instagram] {
                let at = |inbound_at, gap_after, now| {
                    let facts = WindowFacts { inbound_at, gap_after, refused_at: Some(said) };
                    ReplyWindow::through(provider, platform, &facts, now)
                };
                let refused = ReplyWindow::Closed { since: said, refused: true };
                for now in [said, said.plus(DAY), said.plus(30 * DAY)] {
                    assert_eq!(at(Some(T), false, now), refused);
                    assert_eq!(at(Some(T), true, now), refused);
                    assert_eq!(at(Some(said.plus(-1)), false, now), refused, "what was there cannot have opened it");
                    assert_eq!(at(None, false, now), refused);
                }
                let wrote = said.plus(1);
                let fresh = WindowFacts { inbound_at: Some(wrote), ..WindowFacts::default() };
                assert_eq!(
                    at(Some(wrote), false, wrote),
                    ReplyWindow::through(provider, platform, &fresh, wrote),
                    "as if nobody had refused"
                );
            }
            let facts = WindowFacts { inbound_at: Some(T), gap_after: false, refused_at: Some(said) };
            assert_eq!(ReplyWindow::through(provider, Platform::X, &facts, said), NONE);
        }
    }

    #[test]
    fn a_message_of_the_second_of_a_refusal_may_have_come_after_it() {
        let said = T.plus(HOUR);
        for platform in [Platform::Messenger, Platform::Instagram] {
            for refused in [said, said.plus(999)] {
                let facts = WindowFacts { inbound_at: Some(said), gap_after: false, refused_at: Some(refused) };
                for now in [refused, refused.plus(DAY)] {
                    assert_eq!(ReplyWindow::through(Some(Provider::Meta), platform, &facts, now), UNSURE);
                }
                assert_eq!(facts.refusal(), Some(refused), "no end is promised");
            }
        }
    }

    #[test]
    fn what_leaves_by_itself_passes_open_windows_alone() {
        for window in [HUMAN, UNSURE, CLOSED] {
            assert!(!window.is_open_at(T), "{window:?}");
        }
        assert!(NONE.is_open_at(T));
        assert!(OPEN_DAY.is_open_at(T.plus(DAY - SLACK - 1)));
        assert!(!OPEN_DAY.is_open_at(T.plus(DAY - SLACK)), "the clocks may differ");
    }

    #[test]
    fn the_ends_are_those_at_which_a_window_changes() {
        for provider in [None, Some(Provider::Ayrshare), Some(Provider::Meta)] {
            for platform in [Platform::Messenger, Platform::Instagram, Platform::X] {
                let facts = WindowFacts { inbound_at: Some(T), ..WindowFacts::default() };
                let at = |ms| ReplyWindow::through(provider, platform, &facts, T.plus(ms));
                let mut before = 0;
                for end in ReplyWindow::ends(provider, platform) {
                    assert_eq!(at(before).until(), Some(T.plus(*end)));
                    assert_ne!(at(*end), at(before));
                    before = *end;
                }
                assert_eq!(at(before).until(), None);
            }
        }
    }
}

//! The reply window: how long a business may answer, per platform (`ux.md`, composer; `reference/ayrshare.md` 3.4).
//!
//! Promises to be honest about what polling cannot see: a window is [`ReplyWindow::Closed`] only when the newest
//! inbound message is held, no gap follows it, and the last limit has passed.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{DAY, HOUR, Platform, Provider, Timestamp};

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
        /// When the last limit passed.
        since: Timestamp,
    },
    /// The platform has no window (X).
    None,
}

impl ReplyWindow {
    /// The window of a conversation through Ayrshare at `now`.
    ///
    /// `newest_inbound`: time of the newest message of the customer that is held; `gap_after`: whether messages may be
    /// missing after it. Instagram: 7 days (Ayrshare, stated). Messenger: 24 hours; whether Ayrshare sets the
    /// human-agent tag afterwards is not known, so from 24 h to 7 days it is uncertain.
    pub fn through_ayrshare(
        platform: Platform,
        newest_inbound: Option<Timestamp>,
        gap_after: bool,
        now: Timestamp,
    ) -> Self {
        if platform == Platform::X {
            return Self::None;
        }
        let Some(inbound) = newest_inbound else { return Self::Uncertain };
        let week = inbound.plus(7 * DAY);
        let free = match platform {
            Platform::Messenger => inbound.plus(24 * HOUR),
            Platform::Instagram | Platform::X => week,
        };
        if now < free {
            Self::Open { until: free }
        } else if now < week || gap_after {
            Self::Uncertain
        } else {
            Self::Closed { since: week }
        }
    }

    /// The window of a conversation through Graph at `now`; the arguments as in [`Self::through_ayrshare`].
    ///
    /// 24 hours for every kind of answer, then with the human-agent tag until 7 days after the customer's newest
    /// message (`reference/meta-graph.md` 6.4). X is not Graph's and has no window.
    pub fn through_graph(
        platform: Platform,
        newest_inbound: Option<Timestamp>,
        gap_after: bool,
        now: Timestamp,
    ) -> Self {
        if platform == Platform::X {
            return Self::None;
        }
        let Some(inbound) = newest_inbound else { return Self::Uncertain };
        let (free, week) = (inbound.plus(24 * HOUR), inbound.plus(7 * DAY));
        if now < free {
            Self::Open { until: free }
        } else if now < week {
            Self::HumanOnly { until: week }
        } else if gap_after {
            // A newer message of the customer may have opened it again.
            Self::Uncertain
        } else {
            Self::Closed { since: week }
        }
    }

    /// The window through whoever is connected; `None`: nobody ever was (an archive).
    pub fn through(
        provider: Option<Provider>,
        platform: Platform,
        newest_inbound: Option<Timestamp>,
        gap_after: bool,
        now: Timestamp,
    ) -> Self {
        match provider {
            Some(Provider::Ayrshare) => Self::through_ayrshare(platform, newest_inbound, gap_after, now),
            Some(Provider::Meta) => Self::through_graph(platform, newest_inbound, gap_after, now),
            None if platform == Platform::X => Self::None,
            None => Self::Uncertain,
        }
    }

    /// The end of an open window, if it has one.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Open { until } | Self::HumanOnly { until } => Some(until),
            Self::Uncertain | Self::Closed { .. } | Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp(1_770_000_000_000);

    #[test]
    fn messenger_is_open_for_a_day_then_uncertain_then_closed() {
        let at = |now| ReplyWindow::through_ayrshare(Platform::Messenger, Some(T), false, now);
        assert_eq!(at(T.plus(DAY - 1)), ReplyWindow::Open { until: T.plus(DAY) });
        assert_eq!(at(T.plus(DAY)), ReplyWindow::Uncertain);
        assert_eq!(at(T.plus(7 * DAY)), ReplyWindow::Closed { since: T.plus(7 * DAY) });
    }

    #[test]
    fn a_gap_after_the_newest_inbound_message_never_closes_a_window() {
        let late = T.plus(30 * DAY);
        assert_eq!(ReplyWindow::through_ayrshare(Platform::Instagram, Some(T), true, late), ReplyWindow::Uncertain);
        assert_eq!(ReplyWindow::through_ayrshare(Platform::Instagram, None, false, late), ReplyWindow::Uncertain);
    }

    #[test]
    fn through_graph_a_day_is_free_and_a_week_is_for_people() {
        for platform in [Platform::Messenger, Platform::Instagram] {
            let at = |gap, now| ReplyWindow::through_graph(platform, Some(T), gap, now);
            assert_eq!(at(true, T.plus(DAY - 1)), ReplyWindow::Open { until: T.plus(DAY) });
            assert_eq!(at(false, T.plus(DAY)), ReplyWindow::HumanOnly { until: T.plus(7 * DAY) });
            assert_eq!(
                at(true, T.plus(DAY)),
                ReplyWindow::HumanOnly { until: T.plus(7 * DAY) },
                "that much is certain"
            );
            assert_eq!(at(false, T.plus(7 * DAY)), ReplyWindow::Closed { since: T.plus(7 * DAY) });
            assert_eq!(at(true, T.plus(7 * DAY)), ReplyWindow::Uncertain);
            assert_eq!(ReplyWindow::through_graph(platform, None, false, T), ReplyWindow::Uncertain);
        }
    }

    #[test]
    fn without_a_provider_nothing_is_certain() {
        assert_eq!(ReplyWindow::through(None, Platform::Instagram, Some(T), false, T), ReplyWindow::Uncertain);
        assert_eq!(ReplyWindow::through(None, Platform::X, Some(T), false, T), ReplyWindow::None);
    }

    #[test]
    fn x_has_no_window() {
        assert_eq!(ReplyWindow::through_ayrshare(Platform::X, Some(T), false, T), ReplyWindow::None);
    }
}

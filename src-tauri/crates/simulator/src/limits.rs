//! The answers' cache and the rate limit, both on the simulator's clock (reference 2.4, 9.4, 11.2).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::platform::Platform;
use crate::world::ProfileId;

/// Bodies of GET answers by profile, platform and normalised query.
#[derive(Debug, Default)]
pub(crate) struct Cache(BTreeMap<(ProfileId, Platform, String), (i64, Bytes)>);

impl Cache {
    /// The stored body while it is fresh.
    pub(crate) fn get(&self, profile: ProfileId, platform: Platform, query: &str, now: i64) -> Option<Bytes> {
        let (filled, body) = self.0.get(&(profile, platform, query.to_owned()))?;
        (now < filled + platform.cache_ms()).then(|| body.clone())
    }

    pub(crate) fn put(&mut self, profile: ProfileId, platform: Platform, query: String, now: i64, body: Bytes) {
        self.0.retain(|(_, platform, _), (filled, _)| now < *filled + platform.cache_ms());
        self.0.insert((profile, platform, query), (now, body));
    }

    pub(crate) fn drop_platform(&mut self, profile: ProfileId, platform: Platform) {
        self.0.retain(|(p, q, _), _| (*p, *q) != (profile, platform));
    }
}

const WINDOW_MS: i64 = 5 * 60_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// So many 429 answers within a day suspend the profile (reference 9.4).
const PENALTY: usize = 1_000;

#[derive(Debug, Default)]
struct Bucket {
    window: i64,
    count: u32,
    refused: VecDeque<i64>,
}

/// What one request did to its profile's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Allowed { count: u32 },
    TooMany { count: u32, suspend: bool },
}

/// Fixed windows of five minutes, one budget per profile; callers without a profile share one.
#[derive(Debug, Default)]
pub(crate) struct Rates(BTreeMap<Option<ProfileId>, Bucket>);

impl Rates {
    pub(crate) fn admit(&mut self, who: Option<ProfileId>, limit: u32, now: i64) -> Admission {
        let bucket = self.0.entry(who).or_default();
        let window = now.div_euclid(WINDOW_MS);
        if bucket.window != window {
            bucket.window = window;
            bucket.count = 0;
        }
        bucket.count += 1;
        let count = bucket.count;
        if count <= limit {
            return Admission::Allowed { count };
        }
        bucket.refused.push_back(now);
        while bucket.refused.front().is_some_and(|at| at + DAY_MS <= now) {
            bucket.refused.pop_front();
        }
        Admission::TooMany { count, suspend: bucket.refused.len() >= PENALTY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_turns_every_five_minutes() {
        let mut rates = Rates::default();
        let who = Some(ProfileId::PRIMARY);
        assert_eq!(rates.admit(who, 2, 0), Admission::Allowed { count: 1 });
        assert_eq!(rates.admit(who, 2, 299_999), Admission::Allowed { count: 2 });
        assert_eq!(rates.admit(who, 2, 299_999), Admission::TooMany { count: 3, suspend: false });
        assert_eq!(rates.admit(None, 2, 299_999), Admission::Allowed { count: 1 });
        assert_eq!(rates.admit(who, 2, 300_000), Admission::Allowed { count: 1 });
    }

    #[test]
    fn a_thousand_refusals_within_a_day_suspend_and_a_thousand_over_two_days_do_not() {
        let mut rates = Rates::default();
        let mut refuse = |from: i64, n: i64| (0..n).map(|i| rates.admit(None, 0, from + i)).last();
        assert_eq!(refuse(0, 999), Some(Admission::TooMany { count: 999, suspend: false }));
        assert!(matches!(refuse(DAY_MS + 999, 999), Some(Admission::TooMany { suspend: false, .. })));
        assert!(matches!(refuse(DAY_MS + 5_000, 1), Some(Admission::TooMany { suspend: true, .. })));
    }

    #[test]
    fn a_cached_body_lives_until_next_update_and_no_longer() {
        let mut cache = Cache::default();
        let p = ProfileId::PRIMARY;
        cache.put(p, Platform::Twitter, "q".into(), 1_000, Bytes::from_static(b"x"));
        assert!(cache.get(p, Platform::Twitter, "q", 15_999).is_some());
        assert!(cache.get(p, Platform::Twitter, "q", 16_000).is_none());
        cache.drop_platform(p, Platform::Twitter);
        assert!(cache.get(p, Platform::Twitter, "q", 1_000).is_none());
    }
}

//! What is counted together: all platforms of an Ayrshare profile, each platform of a Page at Graph
//! (`reference/meta-graph.md` 5.4).
//!
//! Promises: the lanes of a Page outlive its links, which are opened anew with each token, and are those of a check too: a
//! second that a check used up is not used again by the reading that follows it, nor the other way round.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use backscroll_adapters::meta::Pace;
use backscroll_model::{Platform, RemoteId, SECOND};

use crate::{
    Clock,
    rate::{GraphBucket, Lane, RateBucket, Urgency},
};

/// A check waits for its turn up to this long.
const PATIENCE: i64 = 10 * SECOND;

/// The lanes of a connection.
pub(crate) enum Lanes {
    /// All platforms of an Ayrshare profile.
    One(Mutex<Lane>),
    /// Each platform of a Page.
    PerPlatform(Mutex<BTreeMap<Platform, Lane>>),
}

impl Default for Lanes {
    fn default() -> Self {
        Self::PerPlatform(Mutex::default())
    }
}

impl Lanes {
    pub(super) fn profile() -> Self {
        Self::One(Mutex::new(Lane::Profile(RateBucket::default())))
    }

    /// Held for a moment, never over an await.
    pub(super) fn with<T>(&self, platform: Platform, work: impl FnOnce(&mut Lane) -> T) -> T {
        match self {
            Self::One(lane) => work(&mut lane.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::PerPlatform(lanes) => {
                let mut lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
                work(lanes.entry(platform).or_insert_with(|| Lane::Graph(GraphBucket::default())))
            }
        }
    }

    pub(super) fn with_all(&self, mut work: impl FnMut(&mut Lane)) {
        match self {
            Self::One(lane) => work(&mut lane.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::PerPlatform(lanes) => {
                lanes.lock().unwrap_or_else(PoisonError::into_inner).values_mut().for_each(work);
            }
        }
    }
}

/// The lanes of all Pages that were read or checked since the start.
#[derive(Default)]
pub(crate) struct PageLanes(Mutex<BTreeMap<RemoteId, Arc<Lanes>>>);

impl PageLanes {
    pub(crate) fn of(&self, page: &RemoteId) -> Arc<Lanes> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(page.clone()).or_default())
    }
}

/// Lets the reads of a check out when the lane of their Page and platform does.
#[derive(Clone)]
pub(crate) struct CheckPace {
    clock: Arc<dyn Clock>,
    pages: Arc<PageLanes>,
}

impl CheckPace {
    pub(crate) fn new(clock: Arc<dyn Clock>, pages: Arc<PageLanes>) -> Self {
        Self { clock, pages }
    }
}

impl fmt::Debug for CheckPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckPace")
    }
}

#[async_trait]
impl Pace for CheckPace {
    async fn turn(&self, page: &RemoteId, platform: Platform) -> bool {
        let lanes = self.pages.of(page);
        let began = self.clock.now();
        loop {
            let now = self.clock.now();
            let at = lanes.with(platform, |lane| {
                let at = lane.allowed_at(now, Urgency::Read);
                if at <= now {
                    lane.record(now);
                }
                at
            });
            if at <= now {
                return true;
            }
            // Beside a reading that takes every turn, too.
            if at.since(began) > PATIENCE {
                return false;
            }
            let wait = at.since(now).unsigned_abs();
            self.clock.sleep(std::time::Duration::from_millis(wait)).await;
        }
    }
}

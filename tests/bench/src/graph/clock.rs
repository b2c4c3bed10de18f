//! The engine on the simulator's time, asleep until whoever moves that time wakes it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use backscroll_engine::Clock;
use backscroll_model::Timestamp;
use tokio::sync::oneshot;

/// Stands still until the simulator's clock is moved and [`Self::wake_due`] called.
#[derive(Clone)]
pub struct DrivenTime {
    time: backscroll_simulator::Clock,
    sleepers: Arc<Mutex<Sleepers>>,
    next: Arc<AtomicU64>,
    waking: Arc<AtomicUsize>,
}

/// By when they wake (simulator's milliseconds) and in which order they fell asleep.
type Sleepers = BTreeMap<(i64, u64), oneshot::Sender<Waking>>;

/// Somebody was woken and has not looked up yet; lives until then, or until nobody waits any more.
struct Waking(Arc<AtomicUsize>);

impl Waking {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Waking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl DrivenTime {
    pub fn new(time: backscroll_simulator::Clock) -> Self {
        Self { time, sleepers: Arc::default(), next: Arc::default(), waking: Arc::default() }
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next sleeper wakes; those who gave up are forgotten.
    pub fn next_wake(&self) -> Option<i64> {
        let mut sleepers = self.sleepers();
        sleepers.retain(|_, sleeper| !sleeper.is_closed());
        sleepers.first_key_value().map(|((until, _), _)| *until)
    }

    /// Wakes everybody whose time has come.
    pub fn wake_due(&self) {
        let mut sleepers = self.sleepers();
        let later = sleepers.split_off(&(self.time.now_ms() + 1, 0));
        for sleeper in std::mem::replace(&mut *sleepers, later).into_values() {
            // Who gave up meanwhile takes nothing, and what was sent is dropped.
            let _ = sleeper.send(Waking::new(&self.waking));
        }
    }

    /// Whether everybody who was woken has looked up.
    pub fn all_awake(&self) -> bool {
        self.waking.load(Ordering::SeqCst) == 0
    }
}

#[async_trait]
impl Clock for DrivenTime {
    fn now(&self) -> Timestamp {
        Timestamp(self.time.now_ms())
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.time.now_ms().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        let (wake, woken) = oneshot::channel();
        self.sleepers().insert((until, self.next.fetch_add(1, Ordering::SeqCst)), wake);
        let _looked_up = woken.await;
    }
}

//! Wake-ups, and knowing when nothing is going on.
//!
//! A task of the engine is either waiting (for its [`Wake`], for the clock, for the end) or it holds [`Busy`]. A
//! wake-up that has not been taken yet counts as busy too, so there is no instant in which work is owed and nobody
//! counts it. Tests drive a clock by hand and must know when the engine has come to rest before they move it; a sleep
//! in a test would only guess.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{Notify, watch};

/// Counts what is being worked on.
#[derive(Clone)]
pub(crate) struct Quiet(Arc<watch::Sender<usize>>);

impl Quiet {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Work begins; it ends when the guard is dropped, a panic included.
    pub(crate) fn busy(&self) -> Busy {
        self.0.send_modify(|n| *n += 1);
        Busy(self.clone())
    }

    /// Whoever is at work waits for the clock, or for somebody who does: not busy until the guard is dropped.
    pub(crate) fn rest(&self) -> Rest {
        let is_busy = self.0.send_if_modified(|n| {
            let is_busy = *n > 0;
            *n = n.saturating_sub(1);
            is_busy
        });
        Rest(is_busy.then(|| self.clone()))
    }

    /// Resolves when nothing is being worked on.
    pub(crate) async fn wait(&self) {
        let mut seen = self.0.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = seen.wait_for(|n| *n == 0).await;
    }
}

/// Something is being worked on.
pub(crate) struct Busy(Quiet);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_modify(|n| *n = n.saturating_sub(1));
    }
}

/// Someone at work who waits.
pub(crate) struct Rest(Option<Quiet>);

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(quiet) = &self.0 {
            quiet.0.send_modify(|n| *n += 1);
        }
    }
}

/// Wakes one task. Many calls before the task looks are one wake-up.
pub(crate) struct Wake {
    quiet: Quiet,
    notify: Notify,
    owed: Mutex<Option<Busy>>,
    called: AtomicBool,
    /// Its task waits in the middle of its work, and looks up only after it.
    resting: AtomicBool,
}

impl Wake {
    pub(crate) fn new(quiet: &Quiet) -> Self {
        Self {
            quiet: quiet.clone(),
            notify: Notify::new(),
            owed: Mutex::new(None),
            called: AtomicBool::new(false),
            resting: AtomicBool::new(false),
        }
    }

    /// Wakes the task, now or when it next waits.
    pub(crate) fn call(&self) {
        if !self.called.swap(true, Ordering::SeqCst) && !self.resting.load(Ordering::SeqCst) {
            *self.owed.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.quiet.busy());
        }
        self.notify.notify_one();
    }

    /// Waits to be woken; the answer keeps the engine busy until it is dropped.
    pub(crate) async fn called(&self) -> Busy {
        self.notify.notified().await;
        self.called.store(false, Ordering::SeqCst);
        let owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner).take();
        owed.unwrap_or_else(|| self.quiet.busy())
    }

    /// The woken task waits in the middle of its work: what it is called for meanwhile is owed after that.
    pub(crate) fn rest(&self) -> WakeRest<'_> {
        self.resting.store(true, Ordering::SeqCst);
        drop(self.owed.lock().unwrap_or_else(PoisonError::into_inner).take());
        WakeRest(self)
    }

    /// Drops a wake-up that nobody will take any more: the task has ended.
    pub(crate) fn forget(&self) {
        self.called.store(false, Ordering::SeqCst);
        drop(self.owed.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A task that waits in the middle of its work.
pub(crate) struct WakeRest<'a>(&'a Wake);

impl Drop for WakeRest<'_> {
    fn drop(&mut self) {
        self.0.resting.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wake_up_that_is_not_taken_yet_counts_as_work() {
        let quiet = Quiet::new();
        let wake = Wake::new(&quiet);
        wake.call();
        wake.call();
        assert_eq!(*quiet.0.borrow(), 1);
        let busy = wake.called().await;
        assert_eq!(*quiet.0.borrow(), 1);
        drop(busy);
        quiet.wait().await;
    }

    #[tokio::test]
    async fn whoever_waits_in_the_middle_of_its_work_is_at_rest() {
        let quiet = Quiet::new();
        drop(quiet.rest());
        let busy = quiet.busy();
        let rest = quiet.rest();
        quiet.wait().await;
        drop(rest);
        assert_eq!(*quiet.0.borrow(), 1);
        drop(busy);
        quiet.wait().await;
    }
}

//! Tasks that cannot take the program with them.
//!
//! Promises: a panic ends at the task's boundary, is logged without its message (it may hold content) and the task
//! begins again after a pause that grows; stopping means cancel, wait up to 5 s, abort.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Clock;

/// How long a task may take to notice that it shall end.
const GRACE: Duration = Duration::from_secs(5);
/// Pauses before a task that panicked begins again: 1 s, doubled each time, at most this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A group of tasks with one end.
pub(crate) struct Tasks {
    cancel: CancellationToken,
    set: JoinSet<()>,
    clock: Arc<dyn Clock>,
}

impl Tasks {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { cancel: CancellationToken::new(), set: JoinSet::new(), clock }
    }

    /// Starts a task; `run` is called again after a panic.
    pub(crate) fn spawn<F, Fut>(&mut self, name: &'static str, run: F)
    where
        F: Fn(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let cancel = self.cancel.clone();
        let clock = Arc::clone(&self.clock);
        self.set.spawn(async move {
            let mut pause = Duration::from_secs(1);
            // The panic's message is dropped on purpose: it may hold what a customer wrote.
            while AssertUnwindSafe(run(cancel.clone())).catch_unwind().await.is_err() {
                tracing::error!(task = name, ?pause, "a task panicked and begins again");
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = clock.sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    /// Cancels, waits, aborts.
    pub(crate) async fn stop(mut self) {
        self.cancel.cancel();
        let ended = tokio::time::timeout(GRACE, async { while self.set.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("tasks did not end in time and are aborted");
            self.set.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Instant0;

    #[async_trait::async_trait]
    impl Clock for Instant0 {
        fn now(&self) -> backscroll_model::Timestamp {
            backscroll_model::Timestamp(0)
        }
        async fn sleep(&self, _: Duration) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    #[expect(clippy::panic, reason = "the subject of the test")]
    async fn a_task_that_panics_begins_again() {
        let mut tasks = Tasks::new(Arc::new(Instant0));
        let runs = Arc::new(AtomicUsize::new(0));
        let (done, ended) = tokio::sync::oneshot::channel();
        let done = Arc::new(std::sync::Mutex::new(Some(done)));
        let counted = Arc::clone(&runs);
        tasks.spawn("test", move |_| {
            let (runs, done) = (Arc::clone(&counted), Arc::clone(&done));
            async move {
                if runs.fetch_add(1, Ordering::SeqCst) < 2 {
                    panic!("secret text");
                }
                if let Some(done) = done.lock().ok().and_then(|mut d| d.take()) {
                    let _ = done.send(());
                }
            }
        });
        let _ = ended.await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        tasks.stop().await;
    }
}

//! Where time comes from. A trait, because every test brings its own.

use std::time::Duration;

use async_trait::async_trait;
use backscroll_model::Timestamp;

/// The wall clock and the waiting of the engine.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits for `duration` of this clock.
    async fn sleep(&self, duration: Duration);
    /// A message came to this point. Tests end the task, or the program, here; it is nothing to anybody else.
    fn reached(&self, _point: SendPoint) {}
}

/// The points at which it matters whether the program still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendPoint {
    /// That the files of a message are on their way is on the disk; no byte has left.
    Uploading,
    /// What the provider answered to a file is known here; nothing of it is written down.
    Uploaded,
    /// That the provider has a file is on the disk; the message that names it has not had its turn.
    Kept,
    /// The turn of a message has come; nothing is written down.
    Taken,
    /// The attempt is on the disk; no byte has left.
    Committed,
    /// What the provider answered, if anything, is known here; nothing of it is written down.
    Answered,
    /// What came of it is on the disk.
    Written,
    /// A conversation is about to be read back.
    Looking,
    /// It was read; that it was is not counted yet.
    Looked,
}

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

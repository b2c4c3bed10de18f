//! Ctrl+C while something long runs: the work is told, and ends in its own way.

use std::pin::pin;

use tokio_util::sync::CancellationToken;

/// Runs `work` to its end. Ctrl+C cancels the token that it was given.
pub async fn interruptible<F: Future>(work: impl FnOnce(CancellationToken) -> F) -> F::Output {
    let cancel = CancellationToken::new();
    let mut work = pin!(work(cancel.clone()));
    tokio::select! {
        done = &mut work => return done,
        Ok(()) = tokio::signal::ctrl_c() => cancel.cancel(),
    }
    work.await
}

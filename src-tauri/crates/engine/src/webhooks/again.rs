//! Writing what was answered 200 while somebody else holds the database: nobody tells it a second time.
//!
//! Promises: tried again so often, and no longer once the program ends. There is no pause in between, because each try
//! waits for five seconds by itself before it is refused. What comes meanwhile waits in the queue, and beyond that at its
//! sender.

use std::future::Future;

use backscroll_store::{Result, StoreError};

use crate::inner::Inner;

/// Tries of one write: a minute of a database that somebody else holds.
const TRIES: u32 = 12;

/// Does it, and again while the database is busy.
pub(super) async fn while_busy<T, F>(inner: &Inner, write: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    tries(|| inner.is_running(), write).await
}

async fn tries<T, F>(goes_on: impl Fn() -> bool, mut write: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for _ in 1..TRIES {
        match write().await {
            Err(StoreError::Busy) if goes_on() => {
                tracing::warn!("the database is busy: what webhooks told is written again");
            }
            other => return other,
        }
    }
    write().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often a write was tried whose first `busy` tries are refused, and whether it came through.
    async fn tried(busy: u32, goes_on: bool) -> (u32, bool) {
        let count = Cell::new(0);
        let write = || {
            count.set(count.get() + 1);
            std::future::ready(if count.get() > busy { Ok(()) } else { Err(StoreError::Busy) })
        };
        let done = tries(|| goes_on, write).await;
        (count.get(), done.is_ok())
    }

    #[tokio::test]
    async fn a_busy_database_is_written_to_again_so_often() {
        assert_eq!(tried(0, true).await, (1, true));
        assert_eq!(tried(3, true).await, (4, true));
        assert_eq!(tried(TRIES - 1, true).await, (TRIES, true));
        assert_eq!(tried(TRIES, true).await, (TRIES, false));
        assert_eq!(tried(3, false).await, (1, false), "the program ends");
    }

    #[tokio::test]
    async fn what_fails_for_another_reason_fails_at_once() {
        let count = Cell::new(0);
        let write = || {
            count.set(count.get() + 1);
            std::future::ready(Err::<(), _>(StoreError::Full))
        };
        assert!(tries(|| true, write).await.is_err());
        assert_eq!(count.get(), 1);
    }
}

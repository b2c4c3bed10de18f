//! The local copies of pictures.
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::inner::Inner;

pub(crate) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = inner.fetcher.called() => {}
        }
    }
}

pub(crate) async fn tidy(_inner: &Inner) {}

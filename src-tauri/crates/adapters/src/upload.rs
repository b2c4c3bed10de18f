//! Files on their way to a provider.
//!
//! Promises: streamed from the disk, 64 KB at a time, so that a film costs no memory; counted as it leaves; given up when
//! nothing moves for [`Limits::upload`](crate::Limits), however long the whole takes; broken off when its future is
//! dropped. What the disk refuses is told apart from what the network does: the first will not heal.
//!
//! Refuses: sending less or more than was announced. A file that changes meanwhile is no longer what the user saw.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::{Body, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, Take};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::local;
use crate::{AdapterError, Kind, UploadFile, http};

/// Read and sent at a time.
const PIECE: usize = 64 * 1024;

/// A file that is open and as large as it was said to be.
pub(crate) struct Departure {
    body: Body,
    /// Why the disk gave no more.
    trouble: Arc<OnceLock<io::ErrorKind>>,
    moved: watch::Receiver<u64>,
    patience: Duration,
}

/// Looks after an upload while it runs.
pub(crate) struct Escort {
    trouble: Arc<OnceLock<io::ErrorKind>>,
    moved: watch::Receiver<u64>,
    patience: Duration,
}

impl Departure {
    /// Opens `file`; `progress` starts at zero.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`]: it is gone, cannot be read, or is another one.
    pub async fn of(
        file: &UploadFile,
        progress: &watch::Sender<u64>,
        patience: Duration,
    ) -> Result<Self, AdapterError> {
        let opened = File::open(&file.path).await.map_err(|error| unreadable(error.kind()))?;
        let found = opened.metadata().await.map_err(|error| unreadable(error.kind()))?;
        if !found.is_file() || found.len() != file.bytes || file.bytes == 0 {
            return Err(local(Kind::Rejected, "the file is not the one that was to be sent"));
        }
        progress.send_replace(0);
        let trouble = Arc::new(OnceLock::new());
        let reading =
            Reading { file: opened.take(file.bytes), progress: progress.clone(), trouble: Arc::clone(&trouble) };
        let body = Body::wrap_stream(stream::try_unfold(reading, Reading::piece));
        Ok(Self { body, trouble, moved: progress.subscribe(), patience })
    }

    /// The body of a request, and who looks after it.
    pub fn depart(self) -> (Body, Escort) {
        (self.body, Escort { trouble: self.trouble, moved: self.moved, patience: self.patience })
    }
}

impl Escort {
    /// The answer to the request that carries the file; else why there is none, not scrubbed.
    pub async fn answer(
        self,
        sending: impl Future<Output = reqwest::Result<Response>>,
    ) -> Result<Response, (Kind, String)> {
        let Self { trouble, moved, patience } = self;
        let sent = tokio::select! {
            sent = sending => sent,
            () = stillness(moved, patience) => return Err((Kind::Network, "the upload does not move".to_owned())),
        };
        sent.map_err(|error| match trouble.get() {
            Some(kind) => (Kind::Rejected, unreadable(*kind).said),
            None => http::transport(error),
        })
    }
}

/// Ends when nothing has moved for so long.
async fn stillness(mut moved: watch::Receiver<u64>, patience: Duration) {
    while let Ok(changed) = timeout(patience, moved.changed()).await {
        if changed.is_err() {
            // Nobody counts any more: everything has left, and the answer has its time.
            tokio::time::sleep(patience).await;
            return;
        }
    }
}

fn unreadable(kind: io::ErrorKind) -> AdapterError {
    local(Kind::Rejected, &format!("the file cannot be read: {kind}"))
}

struct Reading {
    file: Take<File>,
    progress: watch::Sender<u64>,
    trouble: Arc<OnceLock<io::ErrorKind>>,
}

impl Reading {
    async fn piece(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let left = self.file.limit();
        if left == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::with_capacity(PIECE.min(usize::try_from(left).unwrap_or(PIECE)));
        let read = match self.file.read_buf(&mut piece).await {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof),
            Ok(read) => Ok(read),
            Err(error) => Err(error.kind()),
        };
        match read {
            Ok(read) => {
                self.progress.send_modify(|sent| *sent = sent.saturating_add(read as u64));
                Ok(Some((piece.freeze(), self)))
            }
            Err(kind) => {
                _ = self.trouble.set(kind);
                Err(kind.into())
            }
        }
    }
}

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
use crate::{AdapterError, Kind, Progress, UploadFile, http};

/// Read and sent at a time.
const PIECE: usize = 64 * 1024;

/// A file that is open and as large as it was said to be.
pub(crate) struct Departure {
    body: Body,
    /// Why the disk gave no more.
    trouble: Arc<OnceLock<io::ErrorKind>>,
    moved: watch::Receiver<Progress>,
    patience: Duration,
}

/// Looks after an upload while it runs.
pub(crate) struct Escort {
    trouble: Arc<OnceLock<io::ErrorKind>>,
    moved: watch::Receiver<Progress>,
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
        progress: &watch::Sender<Progress>,
        patience: Duration,
    ) -> Result<Self, AdapterError> {
        let opened = File::open(&file.path).await.map_err(|error| unreadable(error.kind()))?;
        let found = opened.metadata().await.map_err(|error| unreadable(error.kind()))?;
        if !found.is_file() || found.len() != file.bytes || file.bytes == 0 {
            return Err(local(Kind::Rejected, "the file is not the one that was to be sent"));
        }
        progress.send_modify(|now| now.sent = 0);
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
async fn stillness(mut moved: watch::Receiver<Progress>, patience: Duration) {
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
    progress: watch::Sender<Progress>,
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
                self.progress.send_modify(|now| now.sent = now.sent.saturating_add(read as u64));
                Ok(Some((piece.freeze(), self)))
            }
            Err(kind) => {
                _ = self.trouble.set(kind);
                Err(kind.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use backscroll_model::{OutgoingKind, Platform};
    use futures_util::TryStreamExt as _;
    use std::io::Write as _;
    use tempfile::NamedTempFile;

    fn on_disk(bytes: &[u8]) -> NamedTempFile {
        let mut disk = NamedTempFile::new().unwrap();
        disk.write_all(bytes).unwrap();
        disk
    }

    async fn read(disk: &NamedTempFile, announced: u64) -> (Result<Vec<u8>, io::ErrorKind>, u64) {
        let (progress, trouble) = (watch::Sender::default(), Arc::new(OnceLock::new()));
        let file = File::open(disk.path()).await.unwrap().take(announced);
        let reading = Reading { file, progress: progress.clone(), trouble: Arc::clone(&trouble) };
        let pieces: Result<Vec<Bytes>, _> = stream::try_unfold(reading, Reading::piece).try_collect().await;
        assert_eq!(trouble.get().copied(), pieces.as_ref().err().map(io::Error::kind));
        let sent = progress.borrow().sent;
        (pieces.map(|pieces| pieces.concat()).map_err(|error| error.kind()), sent)
    }

    #[tokio::test]
    async fn exactly_what_was_announced_is_read_in_pieces_and_counted() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(3 * PIECE + 17).collect();
        let (disk, size) = (on_disk(&bytes), bytes.len() as u64);
        assert_eq!(read(&disk, size).await, (Ok(bytes.clone()), size));
        assert_eq!(read(&disk, 5).await, (Ok(vec![0, 1, 2, 3, 4]), 5), "what was written to its end since stays here");
        assert_eq!(read(&disk, size + 1).await, (Err(io::ErrorKind::UnexpectedEof), size));
    }

    #[tokio::test]
    async fn a_file_that_shrinks_on_its_way_is_our_trouble_and_not_the_networks() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let listening = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::io::copy(&mut socket, &mut tokio::io::sink()).await
        });
        let disk = on_disk(b"twelve bytes");
        let file = UploadFile {
            platform: Platform::Messenger,
            path: disk.path().to_owned(),
            name: "a.pdf".to_owned(),
            mime: "application/pdf".to_owned(),
            bytes: 12,
            kind: OutgoingKind::File,
        };
        let departure = Departure::of(&file, &watch::Sender::default(), Duration::from_secs(60)).await.unwrap();
        disk.as_file().set_len(5).unwrap();
        let (body, escort) = departure.depart();
        let client = http::upload_client(&crate::Limits::default(), true).unwrap();
        let request = client.put(address).header(reqwest::header::CONTENT_LENGTH, 12).body(body);
        let (kind, said) = escort.answer(request.send()).await.unwrap_err();
        assert_eq!(kind, Kind::Rejected, "{said}");
        // Broken off: half a file is never mistaken for a whole one.
        assert!(listening.await.unwrap().is_ok());
    }
}

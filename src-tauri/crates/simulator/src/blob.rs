//! Bytes of any size on their way in: looked at as they arrive, kept in memory while small, in a temporary file beyond, and
//! only counted past a limit. An upload of 200 MB costs the simulator, which may share its client's process, no memory.

use std::io::Write as _;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio_util::io::ReaderStream;

use crate::sniff::{Sniffed, Sniffer};

/// Up to here a file stays in memory.
const IN_MEMORY: usize = 4 << 20;

/// What to do with the bytes past the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Read to the end and count: a peer that is still writing would not hear an answer.
    Count,
    /// Stop reading; the size is then larger than the limit by an unknown number.
    Stop,
}

/// Why a file did not arrive whole.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The peer ended the transfer.
    Transfer,
    /// The temporary file could not be written.
    Disk,
}

/// A file that has arrived. Cheap to clone; the bytes are shared.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    /// Bytes that arrived, also those past the limit.
    pub size: u64,
    /// What the bytes are by themselves.
    pub sniffed: Sniffed,
    data: Data,
    sha256: Arc<OnceLock<String>>,
}

#[derive(Clone, Debug)]
enum Data {
    Memory(Bytes),
    Disk(Arc<TempPath>),
    /// It was larger than the limit.
    None,
}

impl From<Bytes> for Blob {
    fn from(bytes: Bytes) -> Self {
        let mut sniffer = Sniffer::default();
        sniffer.feed(&bytes);
        Self::new(bytes.len() as u64, sniffer.end(), Data::Memory(bytes))
    }
}

impl Blob {
    fn new(size: u64, sniffed: Sniffed, data: Data) -> Self {
        Self { size, sniffed, data, sha256: Arc::default() }
    }

    /// Takes everything a stream gives. More than `limit` bytes are not kept.
    pub(crate) async fn collect<E>(
        chunks: impl Stream<Item = Result<Bytes, E>>,
        limit: u64,
        beyond: Beyond,
    ) -> Result<Self, Broken> {
        let mut chunks = pin!(chunks);
        let (mut size, mut sniffer) = (0_u64, Sniffer::default());
        let mut memory = BytesMut::new();
        let mut file: Option<NamedTempFile> = None;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Broken::Transfer)?;
            size += chunk.len() as u64;
            if size > limit {
                (memory, file) = (BytesMut::new(), None);
                if beyond == Beyond::Stop {
                    break;
                }
                continue;
            }
            sniffer.feed(&chunk);
            if let Some(file) = &mut file {
                // Into the page cache: quicker than a change of threads.
                file.write_all(&chunk).map_err(|_| Broken::Disk)?;
                continue;
            }
            memory.extend_from_slice(&chunk);
            if memory.len() > IN_MEMORY {
                let mut new = NamedTempFile::new().map_err(|_| Broken::Disk)?;
                new.write_all(&memory).map_err(|_| Broken::Disk)?;
                (memory, file) = (BytesMut::new(), Some(new));
            }
        }
        let data = match file {
            _ if size > limit => Data::None,
            Some(file) => Data::Disk(Arc::new(file.into_temp_path())),
            None => Data::Memory(memory.freeze()),
        };
        Ok(Self::new(size, sniffer.end(), data))
    }

    /// The bytes as the body of an answer.
    pub(crate) fn body(&self) -> Body {
        match &self.data {
            Data::Memory(bytes) => Body::from(bytes.clone()),
            Data::Disk(path) => match std::fs::File::open(path.as_ref()) {
                Ok(file) => Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 << 10)),
                Err(error) => {
                    tracing::warn!(%error, "an uploaded file is gone");
                    Body::empty()
                }
            },
            Data::None => Body::empty(),
        }
    }

    /// SHA-256 in lower-case hex; reckoned when first asked for, because uploads need not wait for it.
    pub(crate) fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| match &self.data {
            Data::Memory(bytes) => hex::encode(Sha256::digest(bytes)),
            Data::Disk(path) => hash_file(path).unwrap_or_default(),
            Data::None => String::new(),
        })
    }
}

fn hash_file(path: &TempPath) -> std::io::Result<String> {
    use std::io::Read as _;
    let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    async fn collected(chunk: usize, chunks: usize, limit: u64, beyond: Beyond) -> Blob {
        let bytes = Bytes::from(vec![7_u8; chunk]);
        let stream = futures_util::stream::iter((0..chunks).map(|_| Ok::<_, ()>(bytes.clone())));
        Blob::collect(stream, limit, beyond).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_on_disk_is_the_same_as_one_in_memory() {
        let (small, large) =
            (collected(1 << 20, 4, 1 << 30, Beyond::Count).await, collected(1 << 20, 5, 1 << 30, Beyond::Count).await);
        assert!(matches!(small.data, Data::Memory(_)) && matches!(large.data, Data::Disk(_)));
        assert_eq!(large.sha256(), hex::encode(Sha256::digest(vec![7_u8; 5 << 20])));
        let read = axum::body::to_bytes(large.body(), usize::MAX).await.unwrap();
        assert_eq!((read.len() as u64, large.size), (5 << 20, 5 << 20));
        let Data::Disk(path) = &large.data else { return };
        let path = path.to_path_buf();
        drop(large);
        assert!(!path.exists(), "nothing is left behind");
    }

    #[tokio::test]
    async fn past_the_limit_bytes_are_counted_or_left_and_never_kept() {
        let counted = collected(1_000, 5, 2_500, Beyond::Count).await;
        assert_eq!((counted.size, counted.sha256()), (5_000, ""));
        let stopped = collected(1_000, 5, 2_500, Beyond::Stop).await;
        assert_eq!(stopped.size, 3_000);
        let whole = collected(1_000, 5, 5_000, Beyond::Stop).await;
        assert_eq!((whole.size, whole.sha256().len()), (5_000, 64));
    }

    #[tokio::test]
    async fn a_transfer_that_breaks_leaves_nothing() {
        let chunks = [Ok(Bytes::from_static(b"half")), Err(())];
        let broken = Blob::collect(futures_util::stream::iter(chunks), 100, Beyond::Count).await;
        assert!(matches!(broken, Err(Broken::Transfer)));
    }
}

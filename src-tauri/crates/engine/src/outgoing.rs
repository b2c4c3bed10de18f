//! Files on their way out, between the user's disk and the provider.
//!
//! Promises: a file is copied and made ready before anybody can send it, so what happens to the original afterwards does
//! not matter; the copy lies in `outgoing/` of the data folder under the hash of its bytes until the platform has it; how
//! far an upload is lives in memory only, and is told at most four times a second.
//!
//! Refuses: deciding when to upload. That is the outbox's.

mod address;
mod prepare;
mod upload;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use backscroll_media::{Decoder, extension_of};
use backscroll_model::{Message, MessageId, SendState, UploadProgress};
use backscroll_store::{self as db, outbox::Sendable, outgoing::SendFile};
use tokio::sync::{RwLock, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::inner::Inner;

pub(crate) use address::name_of;
pub(crate) use prepare::{Given, start};
pub(crate) use upload::{said, upload};

/// Files that are made ready at the same time: each may hold a bitmap of hundreds of megabytes.
const SIDE_BY_SIDE: usize = 2;

/// What all of it shares.
pub(crate) struct Outgoing {
    dir: PathBuf,
    /// Read by whoever has a file without a row yet; written by whoever removes orphans.
    turn: RwLock<()>,
    places: Semaphore,
    /// To fetch what is attached by its address.
    fetches: Semaphore,
    board: Mutex<BTreeMap<MessageId, OnTheWay>>,
    /// Failed uploads in a row, of messages that wait to try again.
    failures: Mutex<BTreeMap<MessageId, u32>>,
    /// Messages whose files the provider had no more and got anew: once in a row, else a file that nobody can fetch would
    /// be uploaded for ever.
    anew: Mutex<BTreeSet<MessageId>>,
}

/// An upload that runs.
struct OnTheWay {
    progress: UploadProgress,
    cancel: CancellationToken,
}

impl Outgoing {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("outgoing"),
            turn: RwLock::default(),
            places: Semaphore::new(SIDE_BY_SIDE),
            fetches: Semaphore::new(SIDE_BY_SIDE),
            board: Mutex::default(),
            failures: Mutex::default(),
            anew: Mutex::default(),
        }
    }

    fn board(&self) -> MutexGuard<'_, BTreeMap<MessageId, OnTheWay>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failures(&self) -> MutexGuard<'_, BTreeMap<MessageId, u32>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn anew(&self) -> MutexGuard<'_, BTreeSet<MessageId>> {
        self.anew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a message goes once more with files that are uploaded again, now that the provider has them no more.
    pub(crate) fn uploads_again(&self, sendable: &Sendable) -> bool {
        !sendable.files.is_empty() && self.anew().insert(sendable.message)
    }

    /// The message is sent, or not sent: whatever comes next begins from the beginning.
    pub(crate) fn settled(&self, message: MessageId) {
        self.anew().remove(&message);
    }

    /// The user took the message away: its upload breaks off.
    pub(crate) fn cancel(&self, message: MessageId) {
        self.failures().remove(&message);
        self.settled(message);
        if let Some(upload) = self.board().get(&message) {
            upload.cancel.cancel();
        }
    }

    /// Whether less than this is shown of an upload that runs.
    fn is_short_of(&self, message: MessageId, sent: u64) -> bool {
        self.board().get(&message).is_some_and(|upload| upload.progress.sent < sent)
    }

    /// Puts in how far the uploads of these messages are.
    pub(crate) fn fill(&self, messages: &mut [Message]) {
        for message in messages {
            if let Some(send) = message.send.as_mut().filter(|send| send.state == SendState::Uploading) {
                send.upload = self.board().get(&message.id).map(|upload| upload.progress);
            }
        }
    }

    /// Where the bytes of a file lie.
    fn path_of(&self, file: &SendFile) -> PathBuf {
        self.dir.join(format!("{}.{}", hex::encode(file.sha256), extension_of(&file.mime)))
    }
}

/// Our program as the decoder.
fn decoder(inner: &Inner) -> Decoder {
    let decoder = Decoder::new(inner.decoder.0.clone());
    if inner.decoder.1.is_empty() { decoder } else { decoder.with_args(inner.decoder.1.clone()) }
}

/// Removes copies that nobody needs any more, and uploads that ended.
pub(crate) async fn tidy(inner: &Arc<Inner>) {
    // No file lies without its row meanwhile.
    let _turn = inner.outgoing.turn.write().await;
    let now = inner.now();
    let known = inner.store.write_user(move |tx| {
        db::outgoing::forget_ended_uploads(tx, now)?;
        db::outgoing::needed(tx)
    });
    let known = match known.await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "files on their way out cannot be looked after");
            return;
        }
    };
    let dir = inner.outgoing.dir.clone();
    let removed = tokio::task::spawn_blocking(move || {
        let entries = std::fs::read_dir(dir).ok().into_iter().flatten().flatten();
        let is_known = |name: &str| name.get(..64).is_some_and(|hash| known.contains(hash));
        let orphans = entries.filter(|entry| !is_known(&entry.file_name().to_string_lossy()));
        orphans.filter(|entry| std::fs::remove_file(entry.path()).is_ok()).count()
    });
    if let Ok(removed @ 1..) = removed.await {
        tracing::info!(removed, "files that were on their way out are removed");
    }
}

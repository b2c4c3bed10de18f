//! Bringing the files of one message to the provider, one after another. Finished ones are kept; what breaks off starts
//! again.

use std::{sync::Arc, time::Duration};

use backscroll_adapters::{AdapterError, Kind, Progress, Retry, UploadFile, Uploaded};
use backscroll_media::extension_of;
use backscroll_model::{
    Change, ConnectionId, FileRefusal, HOUR, MessageId, OutgoingKind, SECOND, SendReason, Timestamp, UploadProgress,
};
use backscroll_store::{
    self as db, StoreError,
    outbox::{Sendable, UploadOutcome},
    outgoing::SendFile,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::OnTheWay;
use crate::{SendPoint, inner::Inner, link::Link};

/// Progress is told at most this often.
const TELL_EVERY: i64 = SECOND / 4;
/// What could not be kept is tried again after this.
const KEEP_AGAIN: i64 = 2 * SECOND;
/// A reference is used until shortly before it ends: the message that names it has to get there too.
const MARGIN: i64 = HOUR;

/// What came of it, for the outbox: an error is told with the number of failures in a row.
pub(crate) enum Came {
    /// All files are there.
    Done,
    /// Broken off by us: the message was taken away, or the program ends.
    Cancelled,
    /// This went wrong, so many times in a row.
    Failed(AdapterError, u32),
    /// What came of it could not be kept.
    NotKept,
}

impl Came {
    /// What it means for the message; `later`: when what could not be kept is tried again.
    pub(crate) fn outcome(
        &self,
        later: Timestamp,
        refused: impl FnOnce(&AdapterError) -> SendReason,
        wait: impl FnOnce(&AdapterError, u32) -> (SendReason, Option<Timestamp>),
    ) -> UploadOutcome {
        match self {
            // Its turn again, or of whoever comes after us.
            Self::Done | Self::Cancelled => UploadOutcome::Done,
            Self::NotKept => UploadOutcome::Later { reason: SendReason::Offline, next_at: Some(later) },
            Self::Failed(error, _) if error.kind.retry() == Retry::Never => {
                UploadOutcome::Refused { reason: refused(error) }
            }
            Self::Failed(error, failures) => {
                let (reason, next_at) = wait(error, *failures);
                UploadOutcome::Later { reason, next_at }
            }
        }
    }
}

/// Uploads what the provider does not have of a message yet.
pub(crate) async fn upload(
    inner: &Arc<Inner>,
    link: &Link,
    connection: ConnectionId,
    sendable: &Sendable,
    cancel: CancellationToken,
) -> Came {
    let message = sendable.message;
    let missing: Vec<&SendFile> = sendable.files.iter().filter(|file| file.reference.is_none()).collect();
    let total = missing.iter().map(|file| file.bytes).sum();
    let progress = UploadProgress { sent: 0, total };
    inner.outgoing.board().insert(message, OnTheWay { progress, cancel: cancel.clone() });
    // However small the files are: nothing of them, then all of them.
    tell(inner, sendable);
    let came = one_after_another(inner, link, connection, sendable, &missing, &cancel).await;
    inner.outgoing.board().remove(&message);
    match came {
        Came::Failed(error, _) => {
            let mut all = inner.outgoing.failures();
            let failures = all.entry(message).or_default();
            *failures = failures.saturating_add(1);
            Came::Failed(error, *failures)
        }
        came => {
            inner.outgoing.failures().remove(&message);
            came
        }
    }
}

async fn one_after_another(
    inner: &Arc<Inner>,
    link: &Link,
    connection: ConnectionId,
    sendable: &Sendable,
    missing: &[&SendFile],
    cancel: &CancellationToken,
) -> Came {
    let mut before = 0;
    let mut done: Vec<[u8; 32]> = Vec::new();
    for file in missing {
        // The same picture twice in one message is one upload.
        if !done.contains(&file.sha256) {
            let wanted = UploadFile {
                platform: sendable.platform,
                path: inner.outgoing.path_of(file),
                name: wire_name(file),
                mime: file.mime.clone(),
                bytes: file.bytes,
                kind: file.kind,
            };
            let uploaded = tokio::select! {
                biased;
                () = cancel.cancelled() => return Came::Cancelled,
                uploaded = watched(inner, link, sendable, &wanted, before) => uploaded,
            };
            let uploaded = match uploaded {
                Ok(uploaded) => uploaded,
                Err(error) => return Came::Failed(error, 0),
            };
            inner.clock.reached(SendPoint::Uploaded);
            if !keep(inner, connection, sendable, file, uploaded, cancel).await {
                return Came::NotKept;
            }
            inner.clock.reached(SendPoint::Kept);
            done.push(file.sha256);
        }
        before += file.bytes;
    }
    Came::Done
}

/// Uploads one file, and tells how far it is.
async fn watched(
    inner: &Arc<Inner>,
    link: &Link,
    sendable: &Sendable,
    file: &UploadFile,
    before: u64,
) -> Result<Uploaded, AdapterError> {
    let (sender, mut receiver) = watch::channel(Progress::default());
    let mut counted = 0;
    let mut count = |calls: u32| {
        for _ in counted..calls {
            link.record(sendable.platform, inner.now());
        }
        counted = calls;
    };
    let watching = async {
        let mut told: Option<Timestamp> = None;
        while receiver.changed().await.is_ok() {
            let progress = *receiver.borrow_and_update();
            count(progress.calls);
            let sent = before.saturating_add(progress.sent);
            let now = inner.now();
            let is_all = progress.sent >= file.bytes && inner.outgoing.is_short_of(sendable.message, sent);
            if !is_all && told.is_some_and(|at| (0..TELL_EVERY).contains(&now.since(at))) {
                continue;
            }
            told = Some(now);
            note(inner, sendable.message, sent);
            tell(inner, sendable);
        }
        std::future::pending::<()>().await;
    };
    let uploaded = tokio::select! {
        uploaded = link.adapter.upload(file, &sender) => uploaded,
        () = watching => Err(AdapterError::unsupported()),
    };
    count(sender.borrow().calls);
    uploaded
}

fn tell(inner: &Inner, sendable: &Sendable) {
    let (conversation, ids) = (sendable.conversation, vec![sendable.message]);
    inner.publish(vec![Change::Messages { conversation, ids, added: false }]);
}

fn note(inner: &Inner, message: MessageId, sent: u64) {
    if let Some(upload) = inner.outgoing.board().get_mut(&message) {
        upload.progress.sent = sent.min(upload.progress.total);
    }
}

/// Writes down that the provider has a file. A disk that is full is tried again and again: an upload of many megabytes is
/// not made twice for it. `false`: it cannot be, or nobody wants the file any more.
async fn keep(
    inner: &Inner,
    connection: ConnectionId,
    sendable: &Sendable,
    file: &SendFile,
    uploaded: Uploaded,
    cancel: &CancellationToken,
) -> bool {
    let now = inner.now();
    let lasts = |lasts: Duration| i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX).saturating_sub(MARGIN).max(0);
    let expires_at = uploaded.lasts.map(|duration| now.plus(lasts(duration)));
    let (platform, sha256) = (sendable.platform, file.sha256);
    loop {
        let reference = uploaded.reference.0.clone();
        let kept = inner
            .store
            .write_user(move |tx| db::outgoing::keep_upload(tx, connection, platform, sha256, &reference, expires_at));
        match kept.await {
            Ok(()) => return true,
            Err(StoreError::Busy | StoreError::Full | StoreError::ReadOnly | StoreError::Io(_)) => {
                tracing::error!("an upload could not be kept yet");
                let _rest = inner.quiet.rest();
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => return false,
                    () = inner.sleep_until(inner.now().plus(KEEP_AGAIN)) => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, "an upload could not be kept: it starts again");
                return false;
            }
        }
    }
}

/// A name of plain letters: Meta refuses names that are not ASCII (`reference/ayrshare.md` 3.3).
fn wire_name(file: &SendFile) -> String {
    if file.name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)) {
        return file.name.clone();
    }
    let word = match file.kind {
        OutgoingKind::Image => "picture",
        OutgoingKind::Video => "video",
        OutgoingKind::Audio => "audio",
        OutgoingKind::File => "document",
    };
    format!("{word}.{}", extension_of(&file.mime))
}

/// Why a message is not sent of which a file cannot be uploaded.
pub(crate) fn said(inner: &Inner, sendable: &Sendable, error: &AdapterError) -> SendReason {
    // What is wrong here is no word of the platform's.
    let is_there = |file: &SendFile| {
        let found = std::fs::metadata(inner.outgoing.path_of(file));
        found.is_ok_and(|found| found.is_file() && found.len() == file.bytes)
    };
    match error.kind {
        Kind::TooLarge => SendReason::Rejected { said: "the file is too large".to_owned() },
        Kind::Rejected if error.http_status.is_none() && !sendable.files.iter().all(is_there) => {
            SendReason::File { reason: FileRefusal::Unreadable }
        }
        _ => SendReason::Rejected { said: error.said.clone() },
    }
}

//! One file: from its address to its place in the cache.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use backscroll_adapters::media_fetch::{FetchError, FetchLimits, MediaFetcher};
use backscroll_media::{Decoder, FileKind, Fit, HEAD_BYTES, MAX_INPUT, sniff};
use backscroll_model::{
    AccountId, AttachmentId, Change, ConversationId, ErrorCode, MediaFailure, MessageKind, Timestamp,
};
use backscroll_store::{self as db, MediaFile, PersonId, WaitingAttachment};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::{
    room,
    shelf::{Folder, Part},
};
use crate::{
    errors::{io_error, store_error, user_error},
    inner::{Inner, Result},
};

const MB: u64 = 1024 * 1024;
/// The most that is fetched unasked. The platforms take 25 MB of each kind but videos (`reference/meta-graph.md`); more
/// may come from elsewhere.
const AUDIO_BYTES: u64 = 25 * MB;
const VIDEO_BYTES: u64 = 100 * MB;
const FILE_BYTES: u64 = 50 * MB;
/// The most that is fetched when somebody asks for it.
const ASKED_BYTES: u64 = 1024 * MB;
/// What room is asked for where nobody told a size.
const USUAL_BYTES: u64 = MB;

/// A file to fetch.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) what: What,
    pub(super) account: AccountId,
    pub(super) url: String,
    pub(super) kind: Kind,
    told_size: Option<u64>,
    /// When its message was, and in which conversation.
    message: Option<(Timestamp, ConversationId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Attachment(AttachmentId),
    Person(i64),
}

/// How it is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Decoded and encoded anew.
    Picture(Fit),
    /// Kept as it came.
    File(FileKind),
}

impl Wanted {
    pub(super) fn attachment(one: WaitingAttachment) -> Self {
        let kind = match one.kind {
            MessageKind::Image | MessageKind::Sticker => Kind::Picture(Fit::Picture),
            MessageKind::Video => Kind::File(FileKind::Video),
            MessageKind::Audio => Kind::File(FileKind::Audio),
            _ => Kind::File(FileKind::Other),
        };
        Self {
            what: What::Attachment(one.id),
            account: one.account,
            url: one.url,
            kind,
            told_size: one.told_size,
            message: Some((one.at, one.conversation)),
        }
    }

    pub(super) fn person(one: db::WaitingAvatar) -> Self {
        Self {
            what: What::Person(one.person.0),
            account: one.account,
            url: one.url,
            kind: Kind::Picture(Fit::Avatar),
            told_size: None,
            message: None,
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File(_))
    }

    /// When its message was; faces last.
    pub(super) fn at(&self) -> Timestamp {
        self.message.map_or(Timestamp(i64::MIN), |(at, _)| at)
    }

    fn limit(&self, asked: bool) -> u64 {
        match self.kind {
            // Nothing larger is decoded, whoever asks.
            Kind::Picture(_) => MAX_INPUT as u64,
            Kind::File(_) if asked => ASKED_BYTES,
            Kind::File(FileKind::Audio) => AUDIO_BYTES,
            Kind::File(FileKind::Video) => VIDEO_BYTES,
            Kind::File(FileKind::Other) => FILE_BYTES,
        }
    }

    fn folder(&self) -> Folder {
        match self.kind {
            Kind::Picture(Fit::Picture) => Folder::Pictures,
            Kind::Picture(Fit::Avatar) => Folder::People,
            Kind::File(_) => Folder::Files,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// In the cache, or not to be had for good: its row says which.
    Settled,
    /// The link is dead. A read of its conversation may bring a live one.
    Gone(Option<ConversationId>),
    /// The link was dead, and by now its row has another one.
    NewLink,
    /// Trouble that may pass.
    NotNow,
}

/// What the fetching itself found.
pub(super) enum Fetched {
    File(Part, MediaFile),
    Failed(MediaFailure),
    NoRoom,
    NotNow,
}

/// The clients, made anew for each use of the cache: they hold no state worth keeping.
pub(super) fn fetcher(inner: &Inner) -> Result<MediaFetcher> {
    let usual = FetchLimits::default();
    let limits =
        FetchLimits { patience: usual.patience.min(inner.limits.read), connect: inner.limits.connect, ..usual };
    MediaFetcher::new(limits).map_err(|e| user_error(ErrorCode::Internal, e.to_string()))
}

/// Fetches one, and writes down what came of it. `asked`: the user asked for it.
pub(super) async fn fetch_one(inner: &Arc<Inner>, fetcher: &MediaFetcher, wanted: &Wanted, asked: bool) -> Outcome {
    let done = async {
        let fetched = fetch(inner, fetcher, wanted, asked).await?;
        write_down(inner, wanted, fetched, asked).await
    };
    match done.await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::warn!(code = ?error.code, detail = error.detail, "a file could not be kept");
            Outcome::NotNow
        }
    }
}

async fn fetch(inner: &Arc<Inner>, fetcher: &MediaFetcher, wanted: &Wanted, asked: bool) -> Result<Fetched> {
    let limit = wanted.limit(asked);
    if wanted.told_size.is_some_and(|told| told > limit) {
        return Ok(Fetched::Failed(MediaFailure::TooLarge));
    }
    let expected = wanted.told_size.unwrap_or(USUAL_BYTES);
    if wanted.message.is_some() && !asked && !room::is_there(inner, expected, Some(wanted.at())).await? {
        return Ok(Fetched::NoRoom);
    }
    let allow = loopback_base(inner, wanted.account).await?.and_then(|base| base.parse().ok());
    let fetcher = fetcher.up_to(limit);
    match wanted.kind {
        Kind::Picture(fit) => match fetcher.fetch(&wanted.url, allow.as_ref()).await {
            Ok(file) => decode(inner, file.bytes.to_vec(), fit, wanted.folder()).await,
            Err(error) => Ok(not_fetched(&error)),
        },
        Kind::File(kind) => {
            let (part, file) = part(inner).await?;
            let mut out = Watched::new(file);
            match fetcher.fetch_into(&wanted.url, allow.as_ref(), &mut out).await {
                Ok(told) => out.finish(part, kind, told.size, wanted.folder()).await,
                Err(FetchError::Write(kind)) => Err(io_error("the media cache", &kind.into())),
                Err(error) => Ok(not_fetched(&error)),
            }
        }
    }
}

fn not_fetched(error: &FetchError) -> Fetched {
    match error.failure() {
        Some(reason) => Fetched::Failed(reason),
        None => {
            tracing::info!(%error, "a file cannot be had now");
            Fetched::NotNow
        }
    }
}

pub(super) async fn decode(inner: &Arc<Inner>, bytes: Vec<u8>, fit: Fit, folder: Folder) -> Result<Fetched> {
    let decoder = Decoder::new(inner.decoder.0.clone());
    let decoder = if inner.decoder.1.is_empty() { decoder } else { decoder.with_args(inner.decoder.1.clone()) };
    let picture = match tokio::task::spawn_blocking(move || decoder.decode(bytes, fit)).await {
        Ok(Ok(picture)) => picture,
        Ok(Err(error)) => return Ok(error.failure().map_or(Fetched::NotNow, Fetched::Failed)),
        Err(_) => return Ok(Fetched::Failed(MediaFailure::Unreadable)),
    };
    let (part, mut file) = part(inner).await?;
    let written = async {
        file.write_all(&picture.bytes).await?;
        file.flush().await
    };
    written.await.map_err(|e| io_error("the media cache", &e))?;
    let sha256 = Sha256::digest(&picture.bytes).into();
    let file = MediaFile {
        path: folder.path(&sha256),
        size: picture.bytes.len() as u64,
        sha256,
        mime: picture.kind.mime().to_owned(),
        width: Some(picture.width),
        height: Some(picture.height),
    };
    Ok(Fetched::File(part, file))
}

async fn part(inner: &Arc<Inner>) -> Result<(Part, tokio::fs::File)> {
    let holder = Arc::clone(inner);
    let made = tokio::task::spawn_blocking(move || holder.shelf.part()).await.map_err(|_| interrupted())?;
    made.map(|(part, file)| (part, tokio::fs::File::from_std(file))).map_err(|e| io_error("the media cache", &e))
}

pub(super) fn interrupted() -> backscroll_model::UserError {
    user_error(ErrorCode::Internal, "writing into the media cache was interrupted")
}

/// The base URL of an account's connection: if it is on loopback, media may come from that very origin.
pub(crate) async fn loopback_base(inner: &Inner, account: AccountId) -> Result<Option<String>> {
    let Some(connection) = inner.account(account).await?.connection else { return Ok(None) };
    Ok(Some(inner.connection(connection).await?.api_base))
}

async fn write_down(inner: &Arc<Inner>, wanted: &Wanted, fetched: Fetched, asked: bool) -> Result<Outcome> {
    let what = wanted.what;
    let (outcome, changes) = match fetched {
        Fetched::NotNow => return Ok(Outcome::NotNow),
        Fetched::NoRoom => (Outcome::Settled, leave(inner, what).await?),
        Fetched::Failed(reason) => {
            let url = wanted.url.clone();
            let written = inner.store.write_user(move |tx| match what {
                // A read may have brought a fresh link meanwhile: that one is not dead.
                What::Attachment(id)
                    if reason == MediaFailure::Gone
                        && db::attachment_to_fetch(tx, id)?.is_some_and(|now| now.url != url) =>
                {
                    Ok(None)
                }
                What::Attachment(id) => db::set_media_failed(tx, id, reason).map(Some),
                What::Person(id) => db::set_avatar(tx, PersonId(id), None).map(Some),
            });
            let Some(changes) = written.await.map_err(|e| store_error(&e))? else { return Ok(Outcome::NewLink) };
            let gone = Outcome::Gone(wanted.message.map(|(_, conversation)| conversation));
            (if reason == MediaFailure::Gone { gone } else { Outcome::Settled }, changes)
        }
        Fetched::File(part, file) => {
            // Asked for: it matters now. Unasked: as long ago as its message, so that filling the cache with older and
            // older messages never drives out newer ones.
            let now = inner.now();
            let at = if asked { now } else { wanted.message.map_or(now, |(at, _)| at.min(now)) };
            let older_than = (!asked).then_some(at);
            if wanted.message.is_some() && !room::is_there(inner, file.size, older_than).await? && !asked {
                (Outcome::Settled, leave(inner, what).await?)
            } else {
                (Outcome::Settled, keep(inner, what, part, file, at).await?)
            }
        }
    };
    inner.publish(changes);
    Ok(outcome)
}

async fn leave(inner: &Inner, what: What) -> Result<Vec<Change>> {
    let What::Attachment(id) = what else { return Ok(Vec::new()) };
    inner.store.write_user(move |tx| db::leave_media(tx, id)).await.map_err(|e| store_error(&e))
}

/// The file gets its name and its row, in one turn.
pub(super) async fn keep(
    inner: &Arc<Inner>,
    what: What,
    part: Part,
    file: MediaFile,
    at: Timestamp,
) -> Result<Vec<Change>> {
    let _turn = inner.shelf.turn().await;
    let (holder, path) = (Arc::clone(inner), file.path.clone());
    let put = tokio::task::spawn_blocking(move || holder.shelf.put(&part, &path, at)).await;
    put.map_err(|_| interrupted())?.map_err(|e| io_error("the media cache", &e))?;
    let written = inner.store.write_user(move |tx| match what {
        What::Attachment(id) => db::set_media_ready(tx, id, &file),
        What::Person(id) => db::set_avatar(tx, PersonId(id), Some(&file.path)),
    });
    written.await.map_err(|e| store_error(&e))
}

/// A file that is being written: its hash and its beginning.
struct Watched {
    file: tokio::fs::File,
    hash: Sha256,
    head: Vec<u8>,
}

impl Watched {
    fn new(file: tokio::fs::File) -> Self {
        Self { file, hash: Sha256::new(), head: Vec::new() }
    }

    async fn finish(self, part: Part, kind: FileKind, size: u64, folder: Folder) -> Result<Fetched> {
        let Some(mime) = sniff(kind, &self.head) else { return Ok(Fetched::Failed(MediaFailure::Unreadable)) };
        self.file.sync_all().await.map_err(|e| io_error("the media cache", &e))?;
        let sha256 = self.hash.finalize().into();
        let file =
            MediaFile { path: folder.path(&sha256), size, sha256, mime: mime.to_owned(), width: None, height: None };
        Ok(Fetched::File(part, file))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.file).poll_write(cx, bytes))?;
        let taken = bytes.get(..written).unwrap_or(bytes);
        self.hash.update(taken);
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(taken.len());
        self.head.extend_from_slice(taken.get(..missing).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(cx)
    }
}

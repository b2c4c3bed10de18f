//! Making an attached file ready: pre-flight, the small picture, and the copy that its message will show.

use std::{io, path::PathBuf, sync::Arc};

use backscroll_media::{
    Fit, ImageKind, Preflight,
    preflight::{self, MediaKind, Prepared, Refusal, Route, Source, Target},
};
use backscroll_model::{AccountId, Change, FileChange, FileRefusal, OutgoingFileId, OutgoingKind, Platform, Provider};
use backscroll_store::{self as db, StoreError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{
    address::{self, AsItIs},
    decoder,
};
use crate::{inner::Inner, media_cache};

/// What the user attached.
pub(crate) enum Given {
    /// Picked or dropped.
    Path(PathBuf),
    /// Pasted.
    Bytes(Vec<u8>),
    /// Somewhere on the web.
    Address(AccountId, String),
}

/// Makes a file ready in the background; its row says what came of it.
pub(crate) fn start(
    inner: &Arc<Inner>,
    id: OutgoingFileId,
    given: Given,
    name: String,
    provider: Provider,
    platform: Platform,
) {
    let route = match provider {
        Provider::Ayrshare => Route::Address,
        Provider::Meta => Route::Upload,
    };
    let (inner, busy) = (Arc::clone(inner), inner.quiet.busy());
    tokio::spawn(async move {
        let changes = prepare(&inner, id, given, name, Target { platform, route }).await;
        match changes {
            Ok(changes) => inner.publish(changes),
            // Removed by the user meanwhile.
            Err(StoreError::NotFound(_)) => {}
            Err(error) => tracing::error!(%error, "what became of an attached file could not be kept"),
        }
        drop(busy);
    });
}

async fn prepare(
    inner: &Arc<Inner>,
    id: OutgoingFileId,
    given: Given,
    name: String,
    target: Target,
) -> db::Result<Vec<Change>> {
    let mut from = None;
    let given = match given {
        Given::Address(account, address) => {
            // Never closed.
            let _place = inner.outgoing.fetches.acquire().await;
            match address::fetch(inner, account, &address).await {
                Ok(bytes) => {
                    let hash: [u8; 32] = Sha256::digest(&bytes).into();
                    from = Some((account, address, hash));
                    Given::Bytes(bytes)
                }
                Err(reason) => return refuse(inner, id, reason).await,
            }
        }
        given => given,
    };
    let _turn = inner.outgoing.turn.read().await;
    // Never closed.
    let _place = inner.outgoing.places.acquire().await;
    let (decoder, dir) = (decoder(inner), inner.outgoing.dir.clone());
    let ready = tokio::task::spawn_blocking(move || {
        crate::files::create_private_dir(&dir).map_err(|e| Refusal::NotWritten(e.kind()))?;
        let preflight = Preflight::new(decoder.clone(), dir);
        let ready = match given {
            Given::Path(path) => preflight.prepare(Source::Path(&path), &name, target)?,
            Given::Bytes(bytes) => preflight.prepare(Source::Bytes(bytes), &name, target)?,
            Given::Address(..) => return Err(Refusal::NotAFile),
        };
        let shown = match ready.kind {
            MediaKind::Image => Some(picture(&decoder, &ready)?),
            MediaKind::Video | MediaKind::Audio | MediaKind::Document => None,
        };
        Ok((ready, shown))
    });
    let ready = ready.await.unwrap_or(Err(Refusal::NotWritten(io::ErrorKind::Interrupted)));
    match ready {
        Ok((ready, shown)) => {
            let as_it_is = match from {
                Some((account, address, hash)) => {
                    AsItIs::of(inner, account, target.platform, &address, hash, &ready).await
                }
                None => None,
            };
            keep(inner, id, ready, shown, as_it_is).await
        }
        Err(refusal) => refuse(inner, id, refusal_of(refusal)).await,
    }
}

/// Pictures are encoded anew before they are shown, our own as well (`reliability.md`, media).
fn picture(decoder: &backscroll_media::Decoder, ready: &Prepared) -> Result<backscroll_media::Picture, Refusal> {
    let bytes = std::fs::read(&ready.file).map_err(|e| Refusal::NotWritten(e.kind()))?;
    decoder.decode(bytes, Fit::Picture).map_err(|error| match error {
        backscroll_media::DecodeError::NotStarted(kind) => Refusal::NotStarted(kind),
        backscroll_media::DecodeError::OutOfTime => Refusal::TooSlow,
        _ => Refusal::Damaged(MediaKind::Image),
    })
}

async fn refuse(inner: &Arc<Inner>, id: OutgoingFileId, reason: FileRefusal) -> db::Result<Vec<Change>> {
    inner.store.write_user(move |tx| db::outgoing::refused(tx, id, &reason)).await
}

async fn keep(
    inner: &Arc<Inner>,
    id: OutgoingFileId,
    ready: Prepared,
    shown: Option<backscroll_media::Picture>,
    as_it_is: Option<AsItIs>,
) -> db::Result<Vec<Change>> {
    let mut sha256 = [0; 32];
    if hex::decode_to_slice(&ready.sha256, &mut sha256).is_err() {
        return refuse(inner, id, FileRefusal::Interrupted).await;
    }
    let adopted = media_cache::adopt(inner, &ready, sha256, shown).await;
    let (_turn, copy, thumbnail) = match adopted {
        Ok(adopted) => adopted,
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "the copy of an attached file could not be written");
            return refuse(inner, id, refusal_of(Refusal::NotWritten(error.kind()))).await;
        }
    };
    let file = db::outgoing::Prepared {
        name: ready.name,
        kind: match ready.kind {
            MediaKind::Image => OutgoingKind::Image,
            MediaKind::Video => OutgoingKind::Video,
            MediaKind::Audio => OutgoingKind::Audio,
            MediaKind::Document => OutgoingKind::File,
        },
        mime: ready.mime.to_owned(),
        sha256,
        bytes: ready.bytes,
        size: ready.size,
        duration_ms: ready.millis.and_then(|ms| u32::try_from(ms).ok()).filter(|ms| *ms > 0),
        thumbnail,
        blur: (!ready.blur.is_empty()).then(|| STANDARD.encode(&ready.blur)),
        changes: ready.changes.iter().map(change_of).collect(),
        copy,
    };
    let written = inner.store.write_user(move |tx| {
        as_it_is.as_ref().map_or(Ok(()), |address| address.keep(tx, sha256))?;
        db::outgoing::prepared(tx, id, &file)
    });
    written.await
}

fn mime_of(kind: ImageKind) -> &'static str {
    match kind {
        ImageKind::Png => "image/png",
        ImageKind::Jpeg => "image/jpeg",
        ImageKind::Gif => "image/gif",
        ImageKind::Webp => "image/webp",
    }
}

fn change_of(change: &preflight::Change) -> FileChange {
    match *change {
        preflight::Change::Turned => FileChange::Turned,
        preflight::Change::MetadataRemoved => FileChange::MetadataRemoved,
        preflight::Change::ColoursConverted => FileChange::ColoursConverted,
        preflight::Change::Stilled => FileChange::Stilled,
        preflight::Change::Converted { from, .. } => FileChange::Converted { from: mime_of(from).to_owned() },
        preflight::Change::Shrunk { from, .. } => FileChange::Shrunk { from_width: from.0, from_height: from.1 },
        preflight::Change::Recompressed { .. } => FileChange::Recompressed,
    }
}

fn refusal_of(refusal: Refusal) -> FileRefusal {
    match refusal {
        Refusal::Unreadable(_) | Refusal::NotAFile => FileRefusal::Unreadable,
        Refusal::Empty => FileRefusal::Empty,
        Refusal::Heic => FileRefusal::SaveAsJpeg,
        Refusal::NotTaken { mime, .. } => FileRefusal::WrongType { mime: mime.map(str::to_owned) },
        Refusal::TooLarge { bytes, limit, .. } | Refusal::AnimationTooLarge { bytes, limit } => {
            FileRefusal::TooLarge { bytes, limit }
        }
        Refusal::TooManyPixels { width, height, .. } => FileRefusal::TooManyPixels { width, height },
        Refusal::TooManyFrames { frames, limit } => FileRefusal::TooManyFrames { frames, limit },
        Refusal::Length { millis, shortest, longest } => {
            FileRefusal::Length { ms: millis, shortest_ms: shortest, longest_ms: longest }
        }
        Refusal::Damaged(_) => FileRefusal::Damaged,
        Refusal::TooSlow => FileRefusal::TookTooLong,
        Refusal::NotWritten(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => FileRefusal::DiskFull,
        Refusal::NotStarted(_) | Refusal::NotWritten(_) => FileRefusal::Interrupted,
    }
}

//! The local copies of pictures: of messages, because the platforms' links die within days, and of people.
//!
//! Promises (`reliability.md`, media): fetched by Rust alone, through the guard of `adapters`; decoded in a child
//! process and re-encoded before they are shown; named after their content, written with fsync and rename; two at a
//! time, so that a thousand pictures of a back-fill neither fill the memory nor slow down what the user does.
//! Housekeeping removes orphans only, and only those older than an hour.
//!
//! A path is `a/` or `p/` and the content's address. It can name nothing outside the cache, and the same picture has the
//! same path in every conversation.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use backscroll_adapters::media_fetch::{FetchError, FetchLimits, MediaFetcher};
use backscroll_media::{Decoder, Fit, ImageKind, Picture, content_address};
use backscroll_model::{AccountId, AttachmentId, HOUR, MINUTE, MediaFailure, MessageKind, Timestamp};
use backscroll_store::{self as db, MediaFile, PersonId};
use futures_util::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

use crate::{
    errors::{io_error, store_error},
    files::{create_private_dir, write_file},
    inner::{Inner, Result},
};

/// Pictures that are fetched at the same time.
const SIDE_BY_SIDE: usize = 2;
/// Pictures taken from the store at a time.
const BATCH: u32 = 20;
/// What the cache may hold. Beyond it nothing more is fetched by itself; what the user asks for still is.
const QUOTA_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// After trouble that may pass, a picture waits for this long, each time twice as long.
const PAUSE: i64 = 5 * MINUTE;
const LONGEST_PAUSE: i64 = 6 * HOUR;
/// A file younger than this may be on its way into the database.
const ORPHAN_AGE: Duration = Duration::from_secs(3_600);

/// A picture to fetch.
struct Wanted {
    what: What,
    account: AccountId,
    url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Attachment(AttachmentId),
    Person(i64),
}

/// What came of one.
enum Fetched {
    /// In the cache.
    Ready(MediaFile),
    /// For good.
    Failed(MediaFailure),
    /// Trouble that may pass.
    NotNow,
}

/// Pictures that could not be had: when to try again, and how often it failed.
type Later = BTreeMap<What, (Timestamp, u32)>;

/// Fetches what waits, until it is cancelled.
pub(crate) async fn run(inner: Arc<Inner>, cancel: CancellationToken) {
    let mut later = Later::new();
    let mut busy = inner.quiet.busy();
    loop {
        let next = tokio::select! {
            () = cancel.cancelled() => return,
            done = fetch_all(&inner, &mut later) => match done {
                Ok(()) => later.values().map(|(at, _)| *at).min(),
                Err(error) => {
                    tracing::warn!(code = ?error.code, detail = error.detail, "pictures cannot be fetched");
                    Some(inner.now().plus(PAUSE))
                }
            },
        };
        drop(busy);
        busy = tokio::select! {
            () = cancel.cancelled() => return,
            busy = inner.fetcher.called() => busy,
            () = sleep_until(&inner, next) => inner.quiet.busy(),
        };
    }
}

async fn sleep_until(inner: &Inner, at: Option<Timestamp>) {
    match at {
        Some(at) => inner.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Fetches until nothing waits but what failed a moment ago.
async fn fetch_all(inner: &Arc<Inner>, later: &mut Later) -> Result<()> {
    loop {
        let now = inner.now();
        let limit = BATCH.saturating_add(u32::try_from(later.len()).unwrap_or(u32::MAX));
        let mut wanted = waiting(inner, limit).await?;
        wanted.retain(|one| later.get(&one.what).is_none_or(|(at, _)| *at <= now));
        forget_gone(later, &wanted.iter().map(|one| one.what).collect(), now);
        if wanted.is_empty() {
            return Ok(());
        }
        if used_bytes(media_dir(inner)).await > QUOTA_BYTES {
            tracing::warn!("the media cache is full: pictures are fetched only when asked for");
            put_off(later, now.plus(LONGEST_PAUSE));
            return Ok(());
        }
        let fetcher = fetcher()?;
        let results: Vec<(What, bool)> = stream::iter(wanted)
            .map(|one| {
                let fetcher = &fetcher;
                async move { (one.what, fetch_one(inner, fetcher, one).await) }
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        for (what, had) in results {
            if had {
                later.remove(&what);
                continue;
            }
            let failures = later.get(&what).map_or(0, |(_, failures)| *failures) + 1;
            let pause = PAUSE.saturating_mul(1 << failures.min(7)).min(LONGEST_PAUSE);
            later.insert(what, (inner.now().plus(pause), failures));
        }
    }
}

/// Whose time has come and who waits no more was fetched at the user's wish, taken back or deleted. Kept, its time would
/// wake the task at once, for ever.
fn forget_gone(later: &mut Later, waiting: &BTreeSet<What>, now: Timestamp) {
    later.retain(|what, (at, _)| *at > now || waiting.contains(what));
}

/// Nobody's time comes before `until`.
fn put_off(later: &mut Later, until: Timestamp) {
    for (at, _) in later.values_mut() {
        *at = (*at).max(until);
    }
}

fn fetcher() -> Result<MediaFetcher> {
    MediaFetcher::new(FetchLimits::default())
        .map_err(|e| crate::errors::user_error(backscroll_model::ErrorCode::Internal, e.to_string()))
}

async fn waiting(inner: &Inner, limit: u32) -> Result<Vec<Wanted>> {
    let (attachments, people) =
        inner.read(move |c| Ok((db::attachments_waiting(c, limit)?, db::avatars_waiting(c, limit)?))).await?;
    let people =
        people.into_iter().map(|one| Wanted { what: What::Person(one.person.0), account: one.account, url: one.url });
    let attachments = attachments
        .into_iter()
        .filter(|one| matches!(one.kind, MessageKind::Image | MessageKind::Sticker))
        .map(|one| Wanted { what: What::Attachment(one.id), account: one.account, url: one.url });
    // Pictures of messages first: their links die.
    Ok(attachments.chain(people).collect())
}

/// Fetches one now, whatever waits: the user asked for it.
pub(crate) async fn fetch_now(inner: &Arc<Inner>, id: AttachmentId) -> Result<()> {
    let Some(one) = inner.read(move |c| db::attachment_to_fetch(c, id)).await? else { return Ok(()) };
    let wanted = Wanted { what: What::Attachment(id), account: one.account, url: one.url };
    let _busy = inner.quiet.busy();
    if fetch_one(inner, &fetcher()?, wanted).await {
        return Ok(());
    }
    Err(crate::errors::user_error(backscroll_model::ErrorCode::Offline, "the picture cannot be had now"))
}

/// Fetches, decodes, keeps. `false`: trouble that may pass.
async fn fetch_one(inner: &Arc<Inner>, fetcher: &MediaFetcher, wanted: Wanted) -> bool {
    let fetched = match fetch(inner, fetcher, &wanted).await {
        Ok(fetched) => fetched,
        Err(error) => {
            tracing::warn!(code = ?error.code, detail = error.detail, "a picture could not be kept");
            Fetched::NotNow
        }
    };
    let what = wanted.what;
    let written = inner
        .store
        .write_user(move |tx| match (what, fetched) {
            (_, Fetched::NotNow) => Ok(None),
            (What::Attachment(id), Fetched::Ready(file)) => db::set_media_ready(tx, id, &file).map(Some),
            (What::Attachment(id), Fetched::Failed(reason)) => db::set_media_failed(tx, id, reason).map(Some),
            (What::Person(id), Fetched::Ready(file)) => db::set_avatar(tx, PersonId(id), Some(&file.path)).map(Some),
            (What::Person(id), Fetched::Failed(_)) => db::set_avatar(tx, PersonId(id), None).map(Some),
        })
        .await;
    match written {
        Ok(Some(changes)) => {
            inner.publish(changes);
            true
        }
        Ok(None) => false,
        Err(error) => {
            tracing::warn!(code = ?store_error(&error).code, "the state of a picture could not be kept");
            false
        }
    }
}

async fn fetch(inner: &Inner, fetcher: &MediaFetcher, wanted: &Wanted) -> Result<Fetched> {
    let allow = loopback_base(inner, wanted.account).await?.and_then(|base| base.parse().ok());
    let file = match fetcher.fetch(&wanted.url, allow.as_ref()).await {
        Ok(file) => file,
        Err(error) => return Ok(not_fetched(&error)),
    };
    let (fit, folder) = match wanted.what {
        What::Attachment(_) => (Fit::Picture, 'a'),
        What::Person(_) => (Fit::Avatar, 'p'),
    };
    let decoder = Decoder::new(inner.decoder.0.clone());
    let decoder = if inner.decoder.1.is_empty() { decoder } else { decoder.with_args(inner.decoder.1.clone()) };
    let decoded = tokio::task::spawn_blocking(move || decoder.decode(file.bytes.to_vec(), fit)).await;
    let picture = match decoded {
        Ok(Ok(picture)) => picture,
        Ok(Err(error)) => {
            return Ok(error.failure().map_or(Fetched::NotNow, Fetched::Failed));
        }
        Err(_) => return Ok(Fetched::Failed(MediaFailure::Unreadable)),
    };
    keep(media_dir(inner), folder, picture).await.map(Fetched::Ready)
}

fn not_fetched(error: &FetchError) -> Fetched {
    match error.failure() {
        Some(reason) => Fetched::Failed(reason),
        None => {
            tracing::info!(%error, "a picture cannot be had now");
            Fetched::NotNow
        }
    }
}

/// The base URL of an account's connection: if it is on loopback, media may come from that very origin.
async fn loopback_base(inner: &Inner, account: AccountId) -> Result<Option<String>> {
    let Some(connection) = inner.account(account).await?.connection else { return Ok(None) };
    Ok(Some(inner.connection(connection).await?.api_base))
}

async fn keep(dir: PathBuf, folder: char, picture: Picture) -> Result<MediaFile> {
    let address = content_address(&picture.bytes);
    let path = format!("{folder}/{address}");
    let file = MediaFile {
        path: path.clone(),
        size: picture.bytes.len() as u64,
        sha256: hash_of(&address),
        width: picture.width,
        height: picture.height,
    };
    let target = dir.join(&path);
    let written = tokio::task::spawn_blocking(move || {
        if let Some(parent) = target.parent() {
            create_private_dir(parent)?;
        }
        write_file(&target, &picture.bytes)
    })
    .await;
    match written {
        Ok(Ok(())) => Ok(file),
        Ok(Err(error)) => Err(io_error("the media cache", &error)),
        Err(_) => Err(crate::errors::user_error(backscroll_model::ErrorCode::Internal, "writing a picture failed")),
    }
}

fn hash_of(address: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    // An address is always 64 hex digits; anything else would leave zeros, which match no content.
    let _ = hex::decode_to_slice(address, &mut hash);
    hash
}

/// The picture behind a path: bytes and type.
pub(crate) async fn read(inner: &Inner, path: &str) -> Result<Option<(Vec<u8>, String)>> {
    let Some(file) = file(inner, path) else { return Ok(None) };
    match tokio::fs::read(&file).await {
        Ok(bytes) => Ok(mime(&bytes).map(|mime| (bytes, mime.to_owned()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error("the media cache", &e)),
    }
}

/// Where the picture behind a path would be; `None`: no path of ours.
pub(crate) fn file(inner: &Inner, path: &str) -> Option<PathBuf> {
    known_form(path).map(|relative| media_dir(inner).join(relative))
}

/// That file and its type, if it is there.
pub(crate) fn known_file(inner: &Inner, path: &str) -> Option<(PathBuf, &'static str)> {
    use std::io::Read as _;
    let file = file(inner, path)?;
    let mut first = Vec::new();
    std::fs::File::open(&file).ok()?.take(64).read_to_end(&mut first).ok()?;
    mime(&first).map(|mime| (file, mime))
}

/// Our child writes PNG and JPEG only.
fn mime(bytes: &[u8]) -> Option<&'static str> {
    match backscroll_media::probe(bytes)? {
        ImageKind::Png => Some("image/png"),
        ImageKind::Jpeg => Some("image/jpeg"),
        ImageKind::Gif | ImageKind::Webp => None,
    }
}

/// `a/` or `p/` and 64 hex digits; nothing else is a path of ours.
fn known_form(path: &str) -> Option<&str> {
    let address = path.strip_prefix("a/").or_else(|| path.strip_prefix("p/"))?;
    let fits = address.len() == 64 && address.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    fits.then_some(path)
}

/// Removes files that nobody knows.
pub(crate) async fn tidy(inner: &Inner) {
    let known = match inner.read(db::media_paths).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(code = ?error.code, "the media cache cannot be looked after");
            return;
        }
    };
    let dir = media_dir(inner);
    let removed = tokio::task::spawn_blocking(move || remove_orphans(&dir, &known, SystemTime::now())).await;
    if let Ok(removed @ 1..) = removed {
        tracing::info!(removed, "orphans of the media cache are removed");
    }
}

fn remove_orphans(dir: &Path, known: &BTreeSet<String>, now: SystemTime) -> usize {
    let mut removed = 0;
    for folder in ["a", "p"] {
        let Ok(entries) = std::fs::read_dir(dir.join(folder)) else { continue };
        for entry in entries.flatten() {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let old = entry
                .metadata()
                .and_then(|m| m.modified())
                .is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > ORPHAN_AGE));
            if old && !known.contains(&path) && std::fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
    }
    removed
}

async fn used_bytes(dir: PathBuf) -> u64 {
    let counted = tokio::task::spawn_blocking(move || {
        ["a", "p"]
            .iter()
            .filter_map(|folder| std::fs::read_dir(dir.join(folder)).ok())
            .flat_map(|entries| entries.flatten())
            .filter_map(|entry| entry.metadata().ok())
            .map(|m| m.len())
            .sum()
    });
    counted.await.unwrap_or(0)
}

fn media_dir(inner: &Inner) -> PathBuf {
    inner.data_dir.join("media")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_cache() {
        let good = format!("a/{}", "0f".repeat(32));
        assert_eq!(known_form(&good), Some(good.as_str()));
        for bad in ["a/../../backscroll.db", "a/", "x/00", "/etc/passwd", &format!("a/{}", "0F".repeat(32))] {
            assert_eq!(known_form(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_instant_of_the_past_is_left_to_wake_the_task() {
        let now = Timestamp(1_770_000_000_000);
        let [gone, waits, rests] = [1, 2, 3].map(|id| What::Attachment(AttachmentId(id)));
        let mut later = Later::from([(gone, (now, 1)), (waits, (now, 2)), (rests, (now.plus(PAUSE), 3))]);
        forget_gone(&mut later, &BTreeSet::from([waits]), now);
        assert_eq!(later.keys().copied().collect::<Vec<_>>(), [waits, rests]);
        put_off(&mut later, now.plus(LONGEST_PAUSE));
        assert!(later.values().all(|(at, _)| *at == now.plus(LONGEST_PAUSE)));
    }

    #[test]
    fn only_old_orphans_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        for name in ["known", "orphan"] {
            std::fs::write(dir.path().join("a").join(name), "x").unwrap();
        }
        let known = BTreeSet::from(["a/known".to_owned()]);
        assert_eq!(remove_orphans(dir.path(), &known, SystemTime::now()), 0);
        let later = SystemTime::now() + ORPHAN_AGE * 2;
        assert_eq!(remove_orphans(dir.path(), &known, later), 1);
        assert!(dir.path().join("a/known").exists());
    }
}

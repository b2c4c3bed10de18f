//! The files of the cache, on disk.
//!
//! Promises: a file is named after its content, so that the same content is there once; it is written with fsync and
//! rename, 0600 in folders of 0700; a path can name nothing outside the cache; whoever puts a file and its row there, or
//! takes both away, holds the [turn](Shelf::turn), so that no file is removed that a row is about to name.
//!
//! A file's time of modification is the last time that it mattered: that of its message, then of each use. It is what
//! tells the least recently used one, and costs no write to the history.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use backscroll_model::{AttachmentId, HOUR, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::files::create_private_dir;

/// What the cache may hold, in bytes.
const QUOTA_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// A file that was used within this time is not marked as used again.
const USED_ANEW: i64 = HOUR;
/// Where files are written before they have a name.
const NEW: &str = "new";

/// Which shelf: what is on it, and how it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    /// Pictures of messages, re-encoded by our child.
    Pictures,
    /// Pictures of people, likewise.
    People,
    /// Films, sounds and files, as they came.
    Files,
}

impl Folder {
    const ALL: [Self; 3] = [Self::Pictures, Self::People, Self::Files];

    fn name(self) -> &'static str {
        match self {
            Self::Pictures => "a",
            Self::People => "p",
            Self::Files => "f",
        }
    }

    /// The path of a file on it.
    pub(super) fn path(self, sha256: &[u8; 32]) -> String {
        format!("{}/{}", self.name(), hex::encode(sha256))
    }
}

/// The folder of the cache.
pub(crate) struct Shelf {
    dir: PathBuf,
    quota: AtomicU64,
    next_part: AtomicU64,
    turn: Mutex<()>,
    /// Whose link was dead before, in this run.
    gone: std::sync::Mutex<BTreeSet<AttachmentId>>,
}

impl Shelf {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            dir: data_dir.join("media"),
            quota: AtomicU64::new(QUOTA_BYTES),
            next_part: AtomicU64::new(0),
            turn: Mutex::new(()),
            gone: std::sync::Mutex::default(),
        }
    }

    pub(crate) fn quota(&self) -> u64 {
        self.quota.load(Ordering::Relaxed)
    }

    pub(crate) fn set_quota(&self, bytes: u64) {
        self.quota.store(bytes, Ordering::Relaxed);
    }

    /// Whether this dead link is the first one of this attachment: the second is not asked about again.
    pub(super) fn first_time_gone(&self, id: AttachmentId) -> bool {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    /// Held by whoever changes files and rows together. Nobody who holds it waits for the network.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Where the file behind a path would be; `None`: no path of ours.
    pub(super) fn file(&self, path: &str) -> Option<(Folder, PathBuf)> {
        let (folder, address) = path.split_once('/')?;
        let folder = Folder::ALL.into_iter().find(|f| f.name() == folder)?;
        let fits = address.len() == 64 && address.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        fits.then(|| (folder, self.dir.join(path)))
    }

    /// A new file without a name. Blocking.
    pub(super) fn part(&self) -> io::Result<(Part, File)> {
        let dir = self.dir.join(NEW);
        create_private_dir(&dir)?;
        let path = dir.join(format!("{}{}", own_parts(), self.next_part.fetch_add(1, Ordering::Relaxed)));
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok((Part(path), file))
    }

    /// Gives a written file its name; it mattered last at `at`. Blocking; the caller holds the turn.
    pub(super) fn put(&self, part: &Part, path: &str, at: Timestamp) -> io::Result<()> {
        let Some((_, target)) = self.file(path) else { return Err(io::ErrorKind::InvalidFilename.into()) };
        let Some(folder) = target.parent() else { return Err(io::ErrorKind::InvalidFilename.into()) };
        create_private_dir(folder)?;
        // The same content from an older message takes nothing of its use away.
        let at = last_use(&target).map_or(at, |held| held.max(at));
        let file = File::options().write(true).open(&part.0)?;
        file.set_modified(system_time(at))?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&part.0, &target)?;
        // The rename itself is on disk only when the folder is.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// The file is looked at. Blocking; a file that cannot be marked is only sooner forgotten.
    pub(super) fn used(&self, file: &Path, now: Timestamp) {
        if last_use(file).is_some_and(|at| now.since(at) > USED_ANEW)
            && let Ok(open) = File::options().write(true).open(file)
        {
            let _ = open.set_modified(system_time(now));
        }
    }

    /// When the file behind a path mattered last; `None`: it is not there. Blocking.
    pub(super) fn last_use(&self, path: &str) -> Option<Timestamp> {
        self.file(path).and_then(|(_, file)| last_use(&file))
    }

    /// Blocking; the caller holds the turn and nothing names them any more.
    pub(super) fn remove(&self, paths: &[String]) {
        for (_, file) in paths.iter().filter_map(|path| self.file(path)) {
            if let Err(error) = std::fs::remove_file(file) {
                // The next housekeeping finds it.
                tracing::warn!(kind = %error.kind(), "a file of the media cache could not be removed");
            }
        }
    }

    /// Removes what nobody knows: files that no row names, and what an earlier run left unfinished. Blocking; the caller
    /// holds the turn since before `known` was read.
    pub(super) fn remove_orphans(&self, known: &BTreeSet<String>) -> usize {
        let own = &own_parts();
        let unknown = Folder::ALL.into_iter().map(Folder::name).chain([NEW]).flat_map(|folder| {
            let entries = std::fs::read_dir(self.dir.join(folder)).ok();
            entries.into_iter().flatten().flatten().filter(move |entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                if folder == NEW { !name.starts_with(own) } else { !known.contains(&format!("{folder}/{name}")) }
            })
        });
        unknown.filter(|entry| std::fs::remove_file(entry.path()).is_ok()).count()
    }
}

/// How the unfinished files of this run begin.
fn own_parts() -> String {
    format!("{}-", std::process::id())
}

/// A file without a name; gone with this value, unless it was [put](Shelf::put) somewhere.
pub(super) struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // It is not there any more once it has a name.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn last_use(file: &Path) -> Option<Timestamp> {
    let at = std::fs::metadata(file).and_then(|m| m.modified()).ok()?;
    let ms = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(_) => 0,
    };
    Some(Timestamp(ms))
}

fn system_time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Write as _;

    use super::*;

    const AT: Timestamp = Timestamp(1_770_000_000_000);

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        (dir, shelf)
    }

    fn put(shelf: &Shelf, hash: u8, at: Timestamp) -> String {
        let (part, mut file) = shelf.part().unwrap();
        file.write_all(b"x").unwrap();
        let path = Folder::Files.path(&[hash; 32]);
        shelf.put(&part, &path, at).unwrap();
        path
    }

    #[test]
    fn a_path_cannot_leave_the_cache() {
        let (_dir, shelf) = shelf();
        let good = format!("a/{}", "0f".repeat(32));
        assert!(shelf.file(&good).unwrap().1.ends_with(&good));
        for bad in ["a/../../backscroll.db", "a/", "x/00", "/etc/passwd", "new/1-0", &format!("a/{}", "0F".repeat(32))]
        {
            assert_eq!(shelf.file(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_use_is_remembered_and_the_same_content_again_takes_nothing_of_it_away() {
        let (_dir, shelf) = shelf();
        let path = put(&shelf, 1, AT);
        assert_eq!(shelf.last_use(&path), Some(AT));
        let file = shelf.file(&path).unwrap().1;
        shelf.used(&file, AT.plus(USED_ANEW));
        assert_eq!(shelf.last_use(&path), Some(AT), "not for each look");
        shelf.used(&file, AT.plus(2 * HOUR));
        assert_eq!(shelf.last_use(&path), Some(AT.plus(2 * HOUR)));
        put(&shelf, 1, AT.plus(-HOUR));
        assert_eq!(shelf.last_use(&path), Some(AT.plus(2 * HOUR)));
    }

    #[test]
    fn orphans_and_what_an_earlier_run_left_are_removed_and_nothing_else_is() {
        let (dir, shelf) = shelf();
        let (known, orphan) = (put(&shelf, 1, AT), put(&shelf, 2, AT));
        let (running, _file) = shelf.part().unwrap();
        std::fs::write(dir.path().join("media/new/0-7"), "half").unwrap();
        assert_eq!(shelf.remove_orphans(&BTreeSet::from([known.clone()])), 2);
        assert!(shelf.last_use(&known).is_some() && running.0.exists());
        assert_eq!(shelf.last_use(&orphan), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_kept_belongs_to_its_owner_alone_and_an_unfinished_file_goes_with_its_work() {
        use std::os::unix::fs::PermissionsExt as _;
        let (dir, shelf) = shelf();
        let path = put(&shelf, 1, AT);
        let mode = |p: &str| std::fs::metadata(dir.path().join("media").join(p)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("f"), mode("new"), mode(&path)), (0o700, 0o700, 0o600));
        drop(shelf.part().unwrap());
        assert_eq!(std::fs::read_dir(dir.path().join("media/new")).unwrap().count(), 0);
    }
}

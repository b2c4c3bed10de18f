//! The files of a download: folders, zips and single files, taken together as one list of names. Meta splits a large
//! download into several zips, and the messages of a thread may be in another one than its pictures.
//!
//! Promises: nothing outside of what the user named is ever opened: names with `..`, absolute ones and links are left out
//! and counted. Nothing is unpacked to the disk.

use std::{
    fs::File,
    io::{self, BufReader, Read, Take},
    path::{Path, PathBuf},
};

use backscroll_model::{ImportSkip, ImportSkipped};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use crate::{ArchiveError, Result};

/// Folders nested deeper hold no messages.
const DEPTH: usize = 12;
/// More files than any download has.
const FILES: usize = 3_000_000;

/// Where a file lies.
#[derive(Debug, Clone)]
enum Place {
    Disk(PathBuf),
    Zip { container: usize, index: usize },
}

/// A file of a download.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its name with `/`, as the download spells it.
    pub(crate) path: String,
    /// Bytes, unpacked.
    pub(crate) size: u64,
    /// Bytes it is packed into; `None`: it is not.
    pub(crate) packed: Option<u64>,
    place: Place,
}

/// The files of a download.
pub(crate) struct Source {
    zips: Vec<ZipArchive<BufReader<File>>>,
    /// In order of their names.
    pub(crate) entries: Vec<Entry>,
    /// What the user called them: it may say which platform it is.
    pub(crate) names: Vec<String>,
    pub(crate) skipped: Vec<ImportSkipped>,
    fingerprint: Sha256,
}

impl Source {
    /// Lists what the user named. Reads no contents but the tables of zips.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut source = Self {
            zips: Vec::new(),
            entries: Vec::new(),
            names: Vec::new(),
            skipped: Vec::new(),
            fingerprint: Sha256::new(),
        };
        let mut failed = None;
        for path in paths {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match source.add(path, &name) {
                Ok(()) => source.names.push(name),
                // The others may be good.
                Err(error) => {
                    let reason = match &error {
                        ArchiveError::Bomb => ImportSkip::Bomb,
                        ArchiveError::Html => ImportSkip::Html,
                        _ => ImportSkip::Unreadable,
                    };
                    source.skipped.push(ImportSkipped { file: name, reason, count: 1 });
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if source.names.is_empty() => return Err(error),
            _ => {}
        }
        source.entries.sort_by(|a, b| a.path.cmp(&b.path).then(b.size.cmp(&a.size)));
        // The same download twice, or its overlapping parts: the larger file says more.
        source.entries.dedup_by(|b, a| a.path == b.path);
        for entry in &source.entries {
            source.fingerprint.update(entry.path.as_bytes());
            source.fingerprint.update(entry.size.to_le_bytes());
        }
        Ok(source)
    }

    /// Tells this set of files from others.
    pub(crate) fn fingerprint(&self) -> String {
        hex::encode(self.fingerprint.clone().finalize()).chars().take(24).collect()
    }

    fn add(&mut self, path: &Path, name: &str) -> Result<()> {
        let about = std::fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ArchiveError::Missing,
            _ => error.into(),
        })?;
        if about.is_dir() {
            return self.add_folder(path, "", 0);
        }
        let mut head = [0; 4];
        let read = File::open(path)?.read(&mut head)?;
        if head.starts_with(b"PK") {
            return self.add_zip(path, name, about.len());
        }
        let lower = name.to_ascii_lowercase();
        if lower.ends_with(".json") || lower.ends_with(".js") {
            self.entries.push(Entry {
                path: name.to_owned(),
                size: about.len(),
                packed: None,
                place: Place::Disk(path.to_owned()),
            });
            return Ok(());
        }
        if lower.ends_with(".zip") {
            return Err(ArchiveError::Damaged(if read == 0 { "it is empty" } else { "it does not begin as a zip" }));
        }
        Err(if head.first() == Some(&b'<') { ArchiveError::Html } else { ArchiveError::NotADownload })
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            // Not of what a link leads to.
            let about = entry.metadata()?;
            if about.is_dir() && depth < DEPTH {
                self.add_folder(&entry.path(), &format!("{path}/"), depth + 1)?;
            } else if about.is_file() {
                self.push(Entry { path, size: about.len(), packed: None, place: Place::Disk(entry.path()) })?;
            } else {
                self.skipped.push(ImportSkipped { file: path, reason: ImportSkip::Outside, count: 1 });
            }
        }
        Ok(())
    }

    fn add_zip(&mut self, path: &Path, name: &str, size: u64) -> Result<()> {
        let mut zip =
            ZipArchive::new(BufReader::with_capacity(64 << 10, File::open(path)?)).map_err(|error| match error {
                zip::result::ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => error.into(),
                _ => ArchiveError::Damaged("its table of contents is missing"),
            })?;
        let container = self.zips.len();
        let mut packed_in_all = 0_u64;
        let before = self.entries.len();
        for index in 0..zip.len() {
            let Ok(entry) = zip.by_index_raw(index) else {
                self.skipped.push(unreadable(format!("{name}: {index}")));
                continue;
            };
            packed_in_all = packed_in_all.saturating_add(entry.compressed_size());
            if entry.is_dir() {
                continue;
            }
            let safe = (!entry.is_symlink()).then(|| entry.enclosed_name()).flatten();
            let Some(path) = safe.as_deref().and_then(Path::to_str).map(|path| path.replace('\\', "/")) else {
                let file =
                    entry.name().map(std::borrow::Cow::into_owned).unwrap_or_else(|_| format!("{name}: {index}"));
                self.skipped.push(ImportSkipped { file, reason: ImportSkip::Outside, count: 1 });
                continue;
            };
            if entry.encrypted() {
                self.skipped.push(unreadable(path));
                continue;
            }
            let (size, packed) = (entry.size(), Some(entry.compressed_size()));
            drop(entry);
            self.push(Entry { path, size, packed, place: Place::Zip { container, index } })?;
        }
        // Files that share their bytes: together they would be larger than the zip.
        if packed_in_all > size {
            self.entries.truncate(before);
            return Err(ArchiveError::Bomb);
        }
        self.zips.push(zip);
        Ok(())
    }

    fn push(&mut self, entry: Entry) -> Result<()> {
        if self.entries.len() >= FILES {
            return Err(ArchiveError::Bomb);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Opens a file, unpacking as it is read; never more than it said.
    pub(crate) fn read(&mut self, entry: &Entry) -> io::Result<Take<Box<dyn Read + '_>>> {
        let reader: Box<dyn Read + '_> = match &entry.place {
            Place::Disk(path) => Box::new(File::open(path)?),
            Place::Zip { container, index } => {
                let zip = self.zips.get_mut(*container).ok_or(io::ErrorKind::NotFound)?;
                Box::new(zip.by_index(*index).map_err(io::Error::other)?)
            }
        };
        // One byte more, so that the check at the end of the zip's file is reached.
        Ok(reader.take(entry.size.saturating_add(1)))
    }

    /// The file of that name; `path` may lack the folder that the whole download lies in.
    pub(crate) fn find(&self, path: &str) -> Option<&Entry> {
        let exact = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok();
        exact.and_then(|at| self.entries.get(at))
    }
}

fn unreadable(file: String) -> ImportSkipped {
    ImportSkipped { file, reason: ImportSkip::Unreadable, count: 1 }
}

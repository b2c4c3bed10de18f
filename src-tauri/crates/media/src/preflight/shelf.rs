//! Writes ready files: whole or not at all, readable by the user alone, under a name made of what is in them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// A file that lies where it should.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) file: PathBuf,
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// What went wrong on which side.
#[derive(Debug)]
pub(super) enum Failed {
    Reading(io::ErrorKind),
    Writing(io::ErrorKind),
    /// There was more than allowed.
    TooLong,
}

const BLOCK: usize = 64 * 1024;

/// Writes all of `bytes`; the name ends in `ending`.
pub(super) fn put(folder: &Path, bytes: &[u8], ending: &str) -> Result<Shelved, Failed> {
    copy(folder, &mut io::Cursor::new(bytes), bytes.len() as u64, ending)
}

/// Copies `from` block by block, at most `most` bytes: a film is never in memory.
pub(super) fn copy(folder: &Path, from: &mut impl Read, most: u64, ending: &str) -> Result<Shelved, Failed> {
    let writing = |e: io::Error| Failed::Writing(e.kind());
    fs::create_dir_all(folder).map_err(writing)?;
    // Not linked to its name until it is whole; gone if anything fails. 0600 where there are modes.
    let mut part = NamedTempFile::new_in(folder).map_err(writing)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; BLOCK];
    loop {
        let read = match from.read(&mut block) {
            Ok(0) => break,
            Ok(read) => block.get(..read).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Failed::Reading(e.kind())),
        };
        bytes += read.len() as u64;
        if bytes > most {
            return Err(Failed::TooLong);
        }
        hash.update(read);
        part.write_all(read).map_err(writing)?;
    }
    part.as_file().sync_all().map_err(writing)?;
    let sha256 = hex::encode(hash.finalize());
    let file = folder.join(format!("{sha256}.{ending}"));
    part.persist(&file).map_err(|e| writing(e.error))?;
    // The name too must be there after a power cut.
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(writing)?;
    Ok(Shelved { file, sha256, bytes })
}

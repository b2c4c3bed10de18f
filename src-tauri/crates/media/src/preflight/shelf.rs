//! Writes ready files: whole or not at all, readable by the user alone, under a name made of what is in them.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::hidden::Edits;

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
    take(folder, &mut io::Cursor::new(bytes), bytes.len() as u64)?.keep(folder, ending)
}

/// A copy that has no name yet: gone with this value unless it is kept. 0600 where there are modes.
pub(super) struct Part {
    file: NamedTempFile,
    sha256: String,
    bytes: u64,
}

/// Copies `from` block by block, at most `most` bytes: a film is never in memory.
pub(super) fn take(folder: &Path, from: &mut impl Read, most: u64) -> Result<Part, Failed> {
    fs::create_dir_all(folder).map_err(writing)?;
    let mut file = NamedTempFile::new_in(folder).map_err(writing)?;
    let (sha256, bytes) = through(from, most, |block| file.write_all(block).map_err(writing))?;
    Ok(Part { file, sha256, bytes })
}

impl Part {
    /// Its bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// To be read.
    pub(super) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Writes over some of it.
    pub(super) fn change(&mut self, edits: &Edits) -> Result<(), Failed> {
        if edits.is_empty() {
            return Ok(());
        }
        edits.apply(self.file()).and_then(|()| self.file().rewind()).map_err(writing)?;
        (self.sha256, self.bytes) = through(self.file.as_file_mut(), u64::MAX, |_| Ok(()))?;
        Ok(())
    }

    /// Gives it its name, once it is whole.
    pub(super) fn keep(self, folder: &Path, ending: &str) -> Result<Shelved, Failed> {
        let Self { file: part, sha256, bytes } = self;
        part.as_file().sync_all().map_err(writing)?;
        let file = folder.join(format!("{sha256}.{ending}"));
        part.persist(&file).map_err(|e| writing(e.error))?;
        // The name too must be there after a power cut.
        #[cfg(unix)]
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(writing)?;
        Ok(Shelved { file, sha256, bytes })
    }
}

fn writing(error: io::Error) -> Failed {
    Failed::Writing(error.kind())
}

/// Hash and length of `from`, each block of which is handed on.
fn through(
    from: &mut impl Read,
    most: u64,
    mut on: impl FnMut(&[u8]) -> Result<(), Failed>,
) -> Result<(String, u64), Failed> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; BLOCK];
    loop {
        let read = match from.read(&mut block) {
            Ok(0) => return Ok((hex::encode(hash.finalize()), bytes)),
            Ok(read) => block.get(..read).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Failed::Reading(e.kind())),
        };
        bytes += read.len() as u64;
        if bytes > most {
            return Err(Failed::TooLong);
        }
        hash.update(read);
        on(read)?;
    }
}

//! The folder of an export: files that get their names when they are whole.

use std::{
    fs::File,
    io::{self, BufWriter, Read as _, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// How a file ends that is not whole.
const PART: &str = "part";
/// Bytes that are copied at a time.
const CHUNK: usize = 256 << 10;

/// A file that is being written. Dropped before it is finished, it goes.
pub(crate) struct Part {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
    name: String,
    path: PathBuf,
    is_finished: bool,
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_finished {
            // The error that led here says more.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The folder, and what is in it by now.
pub(crate) struct Folder {
    dir: PathBuf,
    /// Name and sum of each finished file.
    sums: Vec<(String, String)>,
    bytes: u64,
}

impl Folder {
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        match std::fs::create_dir(dir) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            Err(error) => return Err(error),
        }
        // One that is there is of an earlier export, and is no longer true.
        match std::fs::remove_file(dir.join(super::MANIFEST)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Self { dir: dir.to_owned(), sums: Vec::new(), bytes: 0 })
    }

    /// A file of that name, to be written.
    pub(crate) fn part(&mut self, name: &str) -> io::Result<Part> {
        let path = self.dir.join(format!("{name}.{PART}"));
        if let Some(parent) = path.parent().filter(|parent| *parent != self.dir) {
            match std::fs::create_dir(parent) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        // Messages of people: for their owner alone.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::with_capacity(64 << 10, options.open(&path)?);
        Ok(Part { file, hash: Sha256::new(), bytes: 0, name: name.to_owned(), path, is_finished: false })
    }

    /// It is whole: it gets its name.
    pub(crate) fn finish(&mut self, mut part: Part) -> io::Result<()> {
        part.file.flush()?;
        part.file.get_ref().sync_all()?;
        std::fs::rename(&part.path, self.dir.join(&part.name))?;
        part.is_finished = true;
        self.bytes += part.bytes;
        self.sums.push((part.name.clone(), hex::encode(part.hash.clone().finalize())));
        Ok(())
    }

    /// Copies a file; `false`: it is not there any more.
    pub(crate) fn copy(&mut self, from: &Path, name: &str) -> io::Result<bool> {
        let mut from = match File::open(from) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut part = self.part(name)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = from.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            part.write_all(chunk.get(..read).unwrap_or_default())?;
        }
        self.finish(part)?;
        Ok(true)
    }

    /// Writes the sums of all files, and answers the bytes of all of them.
    pub(crate) fn manifest(mut self, name: &str) -> io::Result<u64> {
        self.sums.sort();
        let mut part = self.part(name)?;
        for (name, sum) in &self.sums {
            writeln!(part, "{sum}  {name}")?;
        }
        self.finish(part)?;
        // The names are on the disk only when the folder is.
        #[cfg(unix)]
        File::open(&self.dir)?.sync_all()?;
        Ok(self.bytes)
    }
}

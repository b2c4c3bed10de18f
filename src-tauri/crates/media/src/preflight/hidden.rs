//! What films and sounds tell beside what is seen and heard: where, when, by whom and with what they were made. Found in
//! the headers; taken out of the copy by writing over it in place, so that nothing moves, no offset in the file goes
//! wrong, and nothing is encoded anew.
//!
//! Promises: the bytes themselves go, not only the name by which they are found; one part of a file is in memory at a
//! time, whatever its size; a file of any bytes costs no more than [`MAX_PARTS`] steps and some megabytes. What is beyond
//! that is refused as damaged rather than sent with what it hides.
//!
//! What stays: the names of tracks, handlers and codecs, and that of the program that wrote the file. Subtitles and
//! chapters, which people see. Measurements that a *fragmented* film carries beside its pictures: its fragments name
//! their track, and cameras do not write such films.

mod boxes;
mod ebml;
mod edits;
mod ogg;
mod riff;
mod tags;

use std::io::{self, BufReader, Read, Seek};

pub(super) use edits::Edits;

/// Boxes, elements, chunks or pages that are looked at. A WebM without lengths has one for each frame: hours of sound.
const MAX_PARTS: u32 = 1_000_000;

/// Why nothing is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Cut off, or broken in another way.
    Damaged,
    /// The file cannot be read.
    Io(io::ErrorKind),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged,
            kind => Self::Io(kind),
        }
    }
}

type Found<T> = Result<T, Fault>;

/// What is to be written over in a file of type `mime` and `length` bytes.
pub(super) fn find<R: Read + Seek>(mime: &str, file: R, length: u64) -> Found<Edits> {
    let mut file = Bytes::new(file, length)?;
    let edits = match mime {
        "video/mp4" | "video/quicktime" | "audio/mp4" => boxes::find(&mut file),
        "video/webm" => ebml::find(&mut file),
        "audio/mpeg" | "audio/aac" => tags::find(&mut file),
        "audio/wav" | "video/x-msvideo" => riff::find(&mut file),
        "audio/ogg" | "video/ogg" => ogg::find(&mut file),
        _ => Ok(Edits::default()),
    }?;
    if edits.are_too_many() { Err(Fault::Damaged) } else { Ok(edits) }
}

/// A file that is read here and there. Short steps stay within the buffer.
struct Bytes<R> {
    file: BufReader<R>,
    at: u64,
    length: u64,
    parts: u32,
}

impl<R: Read + Seek> Bytes<R> {
    fn new(mut file: R, length: u64) -> Found<Self> {
        file.rewind()?;
        Ok(Self { file: BufReader::new(file), at: 0, length, parts: 0 })
    }

    /// One part more is looked at.
    fn count(&mut self) -> Found<()> {
        self.parts += 1;
        if self.parts > MAX_PARTS { Err(Fault::Damaged) } else { Ok(()) }
    }

    fn array<const N: usize>(&mut self, at: u64) -> Found<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, at: u64, bytes: &mut [u8]) -> Found<()> {
        let end = at.checked_add(bytes.len() as u64).ok_or(Fault::Damaged)?;
        if end > self.length {
            return Err(Fault::Damaged);
        }
        // Two places in a file: their distance fits.
        self.file.seek_relative(at.cast_signed() - self.at.cast_signed())?;
        // Should this fail half-way, nobody reads on.
        self.file.read_exact(bytes)?;
        self.at = end;
        Ok(())
    }

    /// Whether there is anything but zeros.
    fn holds_something(&mut self, from: u64, to: u64) -> Found<bool> {
        let mut block = [0; 4_096];
        let mut at = from;
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(block.len());
            let block = block.get_mut(..length).unwrap_or_default();
            self.fill(at, block)?;
            if block.iter().any(|byte| *byte != 0) {
                return Ok(true);
            }
            at += length as u64;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;

//! Makes the user's own files ready to send, and says beforehand what the customer will get.
//!
//! Promises (`reliability.md`, media; issue of sending):
//! - A file is what its bytes say. Its name is kept for people, cleaned, with the extension that belongs to the bytes.
//! - A picture leaves upright, without place, camera, comments and embedded previews, in sRGB, of a type and size that the
//!   target takes ([`limits()`]). Nothing more is done to it than that takes: see [`Change`]. An animated GIF goes on
//!   moving.
//! - Films and sounds leave without what they tell of place, time, camera and people; it is written over in the copy,
//!   where it stands, and nothing is encoded anew (`hidden.rs`). PDFs are never changed. All of them are refused in words
//!   when their type, size or length does not fit, and when they are cut off.
//! - What comes out is a copy: what happens to the original afterwards does not matter. It has a generated name, is
//!   written whole or not at all, and lies where [`Preflight::new`] said. The same content has the same name.
//! - Pictures are decoded in a child process under limits of pixels, memory and time ([`Decoder`]). Films are copied
//!   block by block.
//!
//! Refuses: to guess. TIFF, BMP, SVG and whatever else is no JPEG, PNG, GIF or WebP is refused, never passed on unread.
//! HEIC, HEIF and AVIF are refused with the advice to save them as JPEG, on every system: macOS and Windows have decoders
//! of their own for HEIC, but no crate that `deny.toml` allows wraps both, and calls that can be neither built nor run
//! where this is tested are not written blindly.
//!
//! Blocking throughout: call it from a thread that may wait.

mod container;
mod hidden;
mod kind;
mod limits;
mod name;
mod pdf;
mod prepared;
mod refusal;
mod shelf;

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use kind::MediaKind;
pub use limits::{AnimationLimits, FileLimits, ImageLimits, Limits, Route, Target, limits};
pub use prepared::{Change, Prepared, Thumbnail};
pub use refusal::Refusal;

use crate::outgoing::{Hindrance, Order, Ready, Types};
use crate::shrink::MAX_PIXELS;
use crate::{DecodeError, Decoder, HEAD_BYTES, ImageKind, extension_of, probe};
use kind::{kind_of, true_type};
use name::named;
use shelf::{Failed, Shelved};

/// Bytes of a picture that we look at. Ours: a screenshot of the largest screen without any compression.
pub const MAX_SOURCE: usize = 100_000_000;

/// Makes files ready. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Preflight {
    decoder: Decoder,
    folder: PathBuf,
}

/// Where a file comes from.
#[derive(Debug)]
pub enum Source<'a> {
    /// Picked or dropped.
    Path(&'a Path),
    /// Open already.
    File(File),
    /// Pasted.
    Bytes(Vec<u8>),
}

trait Readable: Read + Seek {}
impl<T: Read + Seek> Readable for T {}

impl Preflight {
    /// Decodes with `decoder`, and puts ready files into `folder`, which is made if it is not there.
    pub fn new(decoder: Decoder, folder: impl Into<PathBuf>) -> Self {
        Self { decoder, folder: folder.into() }
    }

    /// Makes a file ready for a target. `name` is what the user knows it by; nothing is believed of it.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    pub fn prepare(&self, source: Source<'_>, name: &str, target: Target) -> Result<Prepared, Refusal> {
        let (mut file, length) = open(source)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(unreadable)?;
        if head.is_empty() {
            return Err(Refusal::Empty);
        }
        file.rewind().map_err(unreadable)?;
        match probe(&head) {
            Some(kind) => self.picture(&mut *file, length, kind, name, target),
            None => self.other(&mut *file, length, &head, name, target),
        }
    }

    fn picture(
        &self,
        file: &mut dyn Readable,
        length: u64,
        kind: ImageKind,
        name: &str,
        target: Target,
    ) -> Result<Prepared, Refusal> {
        let most = MAX_SOURCE as u64;
        let too_large = |bytes| Refusal::TooLarge { kind: MediaKind::Image, bytes, limit: most };
        if length > most {
            return Err(too_large(length));
        }
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > MAX_SOURCE {
            return Err(too_large(bytes.len() as u64));
        }
        let allowed = limits(target);
        let original = Arc::new(bytes);
        let ready = self.decoder.prepare(Arc::clone(&original), &order(&allowed)).map_err(trouble)?;
        let ready = ready.map_err(|hindrance| why(hindrance, &allowed))?;
        self.shelve(ready, &original, kind, name)
    }

    fn shelve(&self, ready: Ready, original: &[u8], was: ImageKind, name: &str) -> Result<Prepared, Refusal> {
        let mime = ready.kind.format().to_mime_type();
        let shelved = self.put(ready.file.as_deref().unwrap_or(original), extension_of(mime))?;
        let small = self.put(&ready.thumbnail.bytes, ready.thumbnail.kind.extension())?;
        Ok(Prepared {
            changes: changes(&ready, was, original.len() as u64, shelved.bytes),
            file: shelved.file,
            name: named(name, mime, MediaKind::Image),
            mime,
            kind: MediaKind::Image,
            bytes: shelved.bytes,
            sha256: shelved.sha256,
            size: Some(ready.size),
            moves: ready.millis.is_some(),
            millis: ready.millis,
            thumbnail: Some(Thumbnail {
                file: small.file,
                mime: ready.thumbnail.kind.mime(),
                width: ready.thumbnail.width,
                height: ready.thumbnail.height,
            }),
            blur: ready.blur,
        })
    }

    fn put(&self, bytes: &[u8], ending: &str) -> Result<Shelved, Refusal> {
        shelf::put(&self.folder, bytes, ending).map_err(|failed| match failed {
            Failed::Reading(kind) | Failed::Writing(kind) => Refusal::NotWritten(kind),
            Failed::TooLong => Refusal::NotWritten(io::ErrorKind::InvalidData),
        })
    }

    /// Films, sounds and documents: checked and copied.
    fn other(
        &self,
        mut file: &mut dyn Readable,
        length: u64,
        head: &[u8],
        name: &str,
        target: Target,
    ) -> Result<Prepared, Refusal> {
        let not_taken = |mime| Refusal::NotTaken { mime, platform: target.platform };
        let mime = true_type(head).ok_or(not_taken(None))?;
        if matches!(mime, "image/heif" | "image/avif") {
            return Err(Refusal::Heic);
        }
        let Some(mut kind) = kind_of(mime) else { return Err(not_taken(Some(mime))) };
        let mut mime = mime;
        let mut millis = None;
        if matches!(mime, "video/mp4" | "video/quicktime" | "audio/mp4") {
            let facts = container::mp4(&mut file, length).map_err(unreadable)?.ok_or(Refusal::Damaged(kind))?;
            millis = facts.millis;
            // Instagram refuses a sound that is sent as a film (G 6.6, 100/2018047).
            if facts.only_sound {
                (kind, mime) = (MediaKind::Audio, "audio/mp4");
            }
            file.rewind().map_err(unreadable)?;
        } else if mime == "audio/wav" {
            millis = container::wav_millis(head, length);
        }
        let allowed = limits(target).file(kind).filter(|allowed| allowed.types.contains(&mime));
        let allowed = allowed.ok_or(not_taken(Some(mime)))?;
        let too_large = |bytes| Refusal::TooLarge { kind, bytes, limit: allowed.bytes };
        if length > allowed.bytes {
            return Err(too_large(length));
        }
        if let (Some(millis), Some((shortest, longest))) = (millis, allowed.millis)
            && !(shortest..=longest).contains(&millis)
        {
            return Err(Refusal::Length { millis, shortest, longest });
        }
        if mime == "application/pdf" {
            let whole = pdf::is_whole(&mut file, length).map_err(unreadable)?;
            file.rewind().map_err(unreadable)?;
            whole.then_some(()).ok_or(Refusal::Damaged(kind))?;
        }
        let not_shelved = |failed| match failed {
            Failed::Reading(kind) => Refusal::Unreadable(kind),
            Failed::Writing(kind) => Refusal::NotWritten(kind),
            Failed::TooLong => too_large(allowed.bytes + 1),
        };
        let mut part = shelf::take(&self.folder, &mut file, allowed.bytes).map_err(not_shelved)?;
        let length = part.bytes();
        // In the copy, which nobody else writes to.
        let hidden = hidden::find(mime, part.file(), length).map_err(|fault| match fault {
            hidden::Fault::Damaged => Refusal::Damaged(kind),
            hidden::Fault::Io(kind) => Refusal::NotWritten(kind),
        })?;
        part.change(&hidden).map_err(not_shelved)?;
        let shelved = part.keep(&self.folder, extension_of(mime)).map_err(not_shelved)?;
        Ok(Prepared {
            file: shelved.file,
            name: named(name, mime, kind),
            mime,
            kind,
            bytes: shelved.bytes,
            sha256: shelved.sha256,
            size: None,
            moves: false,
            millis,
            thumbnail: None,
            blur: Vec::new(),
            changes: hidden.tell_of_details().then_some(Change::MetadataRemoved).into_iter().collect(),
        })
    }
}

/// Opens what is a file; a pipe would be waited for, a folder has no bytes.
fn open(source: Source<'_>) -> Result<(Box<dyn Readable>, u64), Refusal> {
    let file = match source {
        Source::Bytes(bytes) => {
            let length = bytes.len() as u64;
            return Ok((Box::new(Cursor::new(bytes)), length));
        }
        Source::Path(path) => {
            if !fs::metadata(path).map_err(unreadable)?.is_file() {
                return Err(Refusal::NotAFile);
            }
            File::open(path).map_err(unreadable)?
        }
        Source::File(file) => file,
    };
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(Refusal::NotAFile);
    }
    let mut file = file;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    Ok((Box::new(file), about.len()))
}

fn unreadable(error: io::Error) -> Refusal {
    Refusal::Unreadable(error.kind())
}

fn trouble(error: DecodeError) -> Refusal {
    match error {
        DecodeError::OutOfTime => Refusal::TooSlow,
        DecodeError::NotStarted(kind) => Refusal::NotStarted(kind),
        DecodeError::Unreadable | DecodeError::TooLarge | DecodeError::Died => Refusal::Damaged(MediaKind::Image),
    }
}

fn order(limits: &Limits) -> Order {
    Order {
        bytes: limits.image.bytes,
        side: limits.image.side,
        types: Types::of(limits.image.types),
        animation: limits.animation.bytes,
        canvas: (limits.animation.width, limits.animation.height),
        frames: limits.animation.frames,
        pixels: limits.animation.pixels,
    }
}

fn why(hindrance: Hindrance, limits: &Limits) -> Refusal {
    match hindrance {
        Hindrance::Damaged => Refusal::Damaged(MediaKind::Image),
        Hindrance::Pixels { width, height } => Refusal::TooManyPixels { width, height, limit: MAX_PIXELS },
        Hindrance::Bytes { bytes } => Refusal::TooLarge { kind: MediaKind::Image, bytes, limit: limits.image.bytes },
        Hindrance::Animation { bytes } => Refusal::AnimationTooLarge { bytes, limit: limits.animation.bytes },
        Hindrance::Frames { frames } => Refusal::TooManyFrames { frames, limit: limits.animation.frames },
    }
}

fn changes(ready: &Ready, was: ImageKind, before: u64, now: u64) -> Vec<Change> {
    let done = ready.done;
    [
        done.turned.then_some(Change::Turned),
        done.metadata_removed.then_some(Change::MetadataRemoved),
        done.colours_converted.then_some(Change::ColoursConverted),
        done.stilled.then_some(Change::Stilled),
        (was != ready.kind).then_some(Change::Converted { from: was, to: ready.kind }),
        (ready.from != ready.size).then_some(Change::Shrunk { from: ready.from, to: ready.size }),
        done.recompressed.then_some(Change::Recompressed { from: before, to: now }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;

//! What comes out: a file that may be sent, with all that a draft shows of it and what was done to the original.

use std::path::PathBuf;

use super::MediaKind;
use crate::{ImageKind, extension_of};

/// A file that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Where it lies.
    pub file: PathBuf,
    /// The name to show: that of the original, cleaned, with the extension of `mime`.
    pub name: String,
    /// Its content type.
    pub mime: &'static str,
    /// What it is.
    pub kind: MediaKind,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of it, in lower-case hex.
    pub sha256: String,
    /// Pixels across and down, of a picture.
    pub size: Option<(u32, u32)>,
    /// A picture that moves.
    pub moves: bool,
    /// Once through, in milliseconds, where that is cheap to know: GIF, MP4, QuickTime, WAV.
    pub millis: Option<u64>,
    /// Of a picture.
    pub thumbnail: Option<Thumbnail>,
    /// Of a picture: a blur of at most 25 bytes to show before the thumbnail (ThumbHash).
    pub blur: Vec<u8>,
    /// What was done to the original, in the order of the variants.
    pub changes: Vec<Change>,
}

impl Prepared {
    /// A name of plain letters, for the wire: Meta refuses file names that are not ASCII (`ayrshare.md` 3.3).
    pub fn wire_name(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if self.name.chars().all(plain) {
            return self.name.clone();
        }
        format!("{}.{}", self.kind.word(), extension_of(self.mime))
    }
}

/// A small picture of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Where it lies.
    pub file: PathBuf,
    /// `image/png` or `image/jpeg`.
    pub mime: &'static str,
    /// Pixels across, at most 320.
    pub width: u32,
    /// Pixels down, at most 320.
    pub height: u32,
}

/// Something that was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It stands upright now.
    Turned,
    /// Place, time, camera, people, comments, profile or an embedded preview were in the file; of films and sounds, too.
    MetadataRemoved,
    /// Its colours were those of another profile than sRGB.
    ColoursConverted,
    /// It moved, in a way that the platform does not show.
    Stilled,
    /// It is of another type now.
    Converted {
        /// It was.
        from: ImageKind,
        /// It is.
        to: ImageKind,
    },
    /// It has fewer pixels.
    Shrunk {
        /// Across and down before, upright.
        from: (u32, u32),
        /// Across and down now.
        to: (u32, u32),
    },
    /// It had too many bytes.
    Recompressed {
        /// Bytes before.
        from: u64,
        /// Bytes now.
        to: u64,
    },
}

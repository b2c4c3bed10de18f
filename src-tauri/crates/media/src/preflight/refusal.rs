//! Why a file is not sent. Each has its numbers, so that the sentence in the window can name them; the sentences there
//! are the window's, these here are for logs and the command line.

use std::io;

use backscroll_model::Platform;

use super::MediaKind;

/// Why a file is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file is not there, may not be read, or went away while it was read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// A folder, a device, a pipe.
    #[error("this is not a file")]
    NotAFile,
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// HEIC, HEIF or AVIF: a photo as iPhones take it, or its like.
    #[error("this computer cannot convert such a picture: save it as JPEG first")]
    Heic,
    /// A type that the platform does not take; `None`: none that we know.
    #[error("{platform:?} does not take this kind of file ({})", mime.unwrap_or("unknown"))]
    NotTaken {
        /// What it is, by its bytes.
        mime: Option<&'static str>,
        /// Who does not take it.
        platform: Platform,
    },
    /// Too many bytes; of a picture, even after it was made smaller.
    #[error("{bytes} bytes are too many: at most {limit}")]
    TooLarge {
        /// What it is.
        kind: MediaKind,
        /// Its bytes.
        bytes: u64,
        /// The most there may be.
        limit: u64,
    },
    /// More pixels than we decode.
    #[error("{width} × {height} pixels are too many: at most {limit} in all")]
    TooManyPixels {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
        /// The most there may be, in all.
        limit: u64,
    },
    /// An animation that does not fit, and cannot be made small enough and go on moving.
    #[error("an animation of {bytes} bytes cannot be made to fit {limit}")]
    AnimationTooLarge {
        /// Its bytes.
        bytes: u64,
        /// The most there may be.
        limit: u64,
    },
    /// An animation with too many frames.
    #[error("{frames} frames are too many: at most {limit}")]
    TooManyFrames {
        /// Its frames.
        frames: u32,
        /// The most there may be.
        limit: u32,
    },
    /// Too short or too long.
    #[error("{millis} ms: must be between {shortest} and {longest}")]
    Length {
        /// How long it is, in milliseconds.
        millis: u64,
        /// The shortest, in milliseconds.
        shortest: u64,
        /// The longest, in milliseconds.
        longest: u64,
    },
    /// Cut off, or broken in another way.
    #[error("the file is damaged")]
    Damaged(MediaKind),
    /// The picture took longer than any should.
    #[error("the picture took too long")]
    TooSlow,
    /// Nothing is wrong with the file: this computer could not start the decoder. Worth another try.
    #[error("the decoder could not be started: {0}")]
    NotStarted(io::ErrorKind),
    /// Nothing is wrong with the file: the folder for ready files could not be written, the disk is full perhaps. Worth
    /// another try.
    #[error("the ready file could not be written: {0}")]
    NotWritten(io::ErrorKind),
}

impl Refusal {
    /// Trouble of this computer, not of the file: the same file may go through later.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::NotStarted(_) | Self::NotWritten(_))
    }
}

//! Pictures of strangers, made safe to show: probed, decoded in a child process, shrunk, stripped, re-encoded. Films,
//! sounds and files are told by their bytes and never decoded. And the user's own files, made ready to send
//! ([`Preflight`]).
//!
//! Promises (`reliability.md`, media): PNG, JPEG, GIF and WebP only; decoding happens in a child with limits on memory,
//! CPU and time and without an environment; what comes out is a fresh PNG or JPEG, or GIF if it moves, without metadata
//! and colour profile;
//! what the child says is checked as if it were hostile.
//!
//! Refuses: network; and disk, except for [`Preflight`], which reads the user's file and writes into the folder that it
//! is given. Everything else is bytes in, bytes out; where they come from and go to is the engine's.
//!
//! The way of a picture: [`Decoder::decode`] starts our own program with [`DECODE_ARGUMENT`], the program calls
//! [`run_decode_child`], which calls [`shrink`] and answers over its standard output.

mod animation;
mod child;
mod decoder;
mod name;
mod outgoing;
mod png;
pub mod preflight;
mod probe;
mod shrink;
mod sniff;
mod surface;
#[cfg(test)]
mod test_files;
mod wire;

use backscroll_model::MediaFailure;
use sha2::{Digest, Sha256};

pub use child::run_decode_child;
pub use decoder::{DECODE_ARGUMENT, Decoder};
pub use name::clean_file_name;
pub use preflight::{MAX_SOURCE, Preflight};
pub use probe::{ImageKind, probe};
pub use shrink::{Fit, MAX_INPUT, Picture, PictureKind, shrink};
pub use sniff::{FileKind, HEAD_BYTES, extension_of, sniff};

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// None of the four formats, or damaged.
    #[error("not a picture that we decode, or damaged")]
    Unreadable,
    /// More bytes, pixels or memory than we spend on a picture.
    #[error("the picture is too large")]
    TooLarge,
    /// The child was ended because it took too long.
    #[error("decoding took too long")]
    OutOfTime,
    /// The child died or answered nonsense.
    #[error("the decoder died")]
    Died,
    /// The child could not be started: trouble of this computer, not of the picture.
    #[error("the decoder could not be started: {0}")]
    NotStarted(std::io::ErrorKind),
}

impl DecodeError {
    /// For good, or `None`: worth another try later.
    pub fn failure(self) -> Option<MediaFailure> {
        match self {
            Self::Unreadable | Self::OutOfTime | Self::Died => Some(MediaFailure::Unreadable),
            Self::TooLarge => Some(MediaFailure::TooLarge),
            Self::NotStarted(_) => None,
        }
    }
}

/// The content address of a file: SHA-256 in lower-case hex.
///
/// ```
/// assert_eq!(&backscroll_media::content_address(b"")[..8], "e3b0c442");
/// ```
pub fn content_address(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

//! What lies around a picture in its file: metadata, colour profile, orientation, frames. Read without decoding.
//!
//! Promises: the `bare` file shows the same picture and holds nothing else: no place, no camera, no comment, no embedded
//! preview, nothing behind the end. It is made by leaving things out, so no quality is lost; the decoder sees only it,
//! which keeps profiles and texts away from its header parsing (see `png.rs` for why that matters).
//!
//! Refuses: a file whose end is missing. A decoder would fill the rest with grey, and the user would send that.

mod gif;
mod jpeg;
mod png;
mod webp;

use image::metadata::Orientation;

use crate::ImageKind;

/// Bytes of a colour profile that we look at: those of printing presses are the largest, at 2 to 3 MB.
const PROFILE_BYTES: usize = 4 * 1024 * 1024;

/// What a file holds beside its picture.
#[derive(Debug)]
pub(crate) struct Surface {
    /// The file with nothing but the picture.
    pub(crate) bare: Vec<u8>,
    /// `bare` is less than the file was.
    pub(crate) dropped: bool,
    /// How the picture is to be turned before it is shown.
    pub(crate) orientation: Orientation,
    /// The ICC profile of its colours.
    pub(crate) profile: Option<Vec<u8>>,
    /// It moves.
    pub(crate) motion: Option<Motion>,
    /// Of a PNG that moves: `bare` with its frames.
    pub(crate) frames: Option<Vec<u8>>,
    /// Inks instead of light: few programs show these, so it is always converted.
    pub(crate) inks: bool,
}

/// What is known of a moving picture without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Motion {
    /// Frames.
    pub(crate) frames: u32,
    /// Pixels of one frame on its canvas.
    pub(crate) canvas: (u32, u32),
    /// Once through, in milliseconds.
    pub(crate) millis: u64,
}

impl Surface {
    fn of(bare: Vec<u8>) -> Self {
        Self {
            bare,
            dropped: false,
            orientation: Orientation::NoTransforms,
            profile: None,
            motion: None,
            frames: None,
            inks: false,
        }
    }

    fn turn(&mut self, exif: &[u8]) {
        // Reads one directory and follows nothing: an IFD that points at itself costs nothing.
        self.orientation = Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms);
    }
}

/// Takes the file apart; `None`: damaged or cut off.
pub(crate) fn read(kind: ImageKind, file: &[u8]) -> Option<Surface> {
    match kind {
        ImageKind::Jpeg => jpeg::read(file),
        ImageKind::Png => png::read(file),
        ImageKind::Gif => gif::read(file),
        ImageKind::Webp => webp::read(file),
    }
}

//! What is asked of the child: the limits of a target, as numbers.

use crate::ImageKind;

/// What a picture has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    /// Bytes of a still picture.
    pub(crate) bytes: u64,
    /// Bytes of a moving one.
    pub(crate) animation: u64,
    /// Pixels of a moving one, over all frames.
    pub(crate) pixels: u64,
    /// Longest side of a still picture, in pixels.
    pub(crate) side: u32,
    /// Frames of a moving one.
    pub(crate) frames: u32,
    /// Width and height of a moving one.
    pub(crate) canvas: (u32, u32),
    /// What a still picture may be; a moving one is a GIF.
    pub(crate) types: Types,
}

/// A set of image types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Types(pub(crate) u8);

impl Types {
    pub(crate) fn of(kinds: &[ImageKind]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | bit(*kind)))
    }

    pub(crate) fn has(self, kind: ImageKind) -> bool {
        self.0 & bit(kind) != 0
    }
}

fn bit(kind: ImageKind) -> u8 {
    match kind {
        ImageKind::Png => 1,
        ImageKind::Jpeg => 2,
        ImageKind::Gif => 4,
        ImageKind::Webp => 8,
    }
}

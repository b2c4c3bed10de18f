//! The work itself: decode, turn upright, shrink, re-encode. Runs in the child; callable anywhere.
//!
//! Nothing of the input is copied to the output: no metadata, no profile, no comment.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, imageops::FilterType,
};

use crate::{DecodeError, ImageKind, animation, png, probe};

/// Largest input, in bytes: what Messenger takes for an image (`meta-graph.md` 6.6), by the larger meaning of MB.
pub const MAX_INPUT: usize = 25 * 1024 * 1024;
/// Largest picture, in pixels. Ours: phones make 12 to 50 million.
pub(crate) const MAX_PIXELS: u64 = 50_000_000;
/// Longest side. Ours: no camera comes near.
pub(crate) const MAX_SIDE: u32 = 30_000;
/// What the decoder may allocate: the largest picture at four bytes a pixel, and some.
pub(crate) const MAX_ALLOC: u64 = 256 * 1024 * 1024;
const JPEG_QUALITY: u8 = 85;

/// What the picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// In a thread: at most 960 pixels on the long side (480 CSS pixels at two dots each).
    Picture,
    /// In a list: the middle square, at most 96 pixels.
    Avatar,
}

impl Fit {
    /// The longest side that comes out, in pixels.
    pub fn max_side(self) -> u32 {
        match self {
            Self::Picture => 960,
            Self::Avatar => 96,
        }
    }
}

/// What a picture was re-encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// With transparency.
    Png,
    /// Without.
    Jpeg,
    /// Moving.
    Gif,
}

impl PictureKind {
    /// The content type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
        }
    }

    /// The file extension, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
        }
    }
}

/// A picture that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The encoding of `bytes`.
    pub kind: PictureKind,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Decodes `bytes` and makes them fit.
///
/// # Errors
///
/// [`DecodeError::Unreadable`] or [`DecodeError::TooLarge`].
pub fn shrink(bytes: &[u8], fit: Fit) -> Result<Picture, DecodeError> {
    if bytes.len() > MAX_INPUT {
        return Err(DecodeError::TooLarge);
    }
    let kind = probe(bytes).ok_or(DecodeError::Unreadable)?;
    let upright =
        if kind == ImageKind::Png { decode(&png::bare(bytes), kind, fit)? } else { decode(bytes, kind, fit)? };
    // The still first: it says whether the file is sound and small enough to be looked at again.
    let moving = (kind == ImageKind::Gif && fit == Fit::Picture).then(|| animation::shrink(bytes)).flatten();
    moving.map_or_else(|| encode(upright), Ok)
}

fn decode(bytes: &[u8], kind: ImageKind, fit: Fit) -> Result<DynamicImage, DecodeError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| meaning(&e))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(DecodeError::Unreadable);
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_ALLOC {
        return Err(DecodeError::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|e| meaning(&e))?;
    // Shrunk before it is turned: turning a large one would need it twice.
    let mut image = resized(image, fit);
    image.apply_orientation(orientation);
    Ok(image)
}

pub(crate) fn meaning(error: &ImageError) -> DecodeError {
    match error {
        ImageError::Limits(_) => DecodeError::TooLarge,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => DecodeError::Unreadable,
    }
}

fn resized(image: DynamicImage, fit: Fit) -> DynamicImage {
    let max = fit.max_side();
    let image = match fit {
        Fit::Picture => image,
        Fit::Avatar => {
            let (width, height) = image.dimensions();
            let side = width.min(height);
            image.crop_imm((width - side) / 2, (height - side) / 2, side, side)
        }
    };
    let (width, height) = image.dimensions();
    if width.max(height) <= max {
        return image;
    }
    // Averaging first is ten times faster on a camera's picture and does not show at this size.
    let near = if width.max(height) > 4 * max { image.thumbnail(2 * max, 2 * max) } else { image };
    near.resize(max, max, FilterType::Triangle)
}

/// PNG if anything is transparent, else JPEG.
pub(crate) fn encode(image: DynamicImage) -> Result<Picture, DecodeError> {
    let (width, height) = image.dimensions();
    let mut bytes = Vec::new();
    let rgba = image.color().has_alpha().then(|| image.to_rgba8());
    // Many a PNG has an alpha channel and nothing transparent.
    let kind = match rgba.filter(|rgba| rgba.pixels().any(|pixel| pixel.0.last() != Some(&u8::MAX))) {
        Some(rgba) => {
            rgba.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(|e| meaning(&e))?;
            PictureKind::Png
        }
        None => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            image.into_rgb8().write_with_encoder(encoder).map_err(|e| meaning(&e))?;
            PictureKind::Jpeg
        }
    };
    Ok(Picture { width, height, kind, bytes })
}

#[cfg(test)]
#[path = "shrink_tests.rs"]
mod tests;

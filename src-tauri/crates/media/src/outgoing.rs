//! The work on a picture that is about to be sent: upright, without metadata, in colours that everybody shows, of a type
//! that the platform takes, within its bytes and its size. Runs in the child; callable anywhere.
//!
//! Promises: as little as possible is done. What fits and has nothing to lose is left as it is; metadata alone is cut
//! out without decoding, so that no quality is lost; only what must change is encoded again, and what can stay lossless
//! does as long as it fits.
//!
//! The picture is decoded in any case: to know that it is one, and for the thumbnail. One bitmap is held at a time:
//! colours are converted in place, turning happens while encoding (`turned.rs`).
//!
//! # Which crates
//!
//! Decoding: `zune-jpeg`, `png`, `image-webp` and `gif`, as `image` uses them; `jpeg-decoder` was given up for the first,
//! `turbojpeg` is C. Encoding: `image`'s own, which is most of the time; `jpeg-encoder` is under the IJG licence, which
//! `deny.toml` does not allow, and `zenjpeg` under the AGPL. Resizing: `fast_image_resize`, 12 megapixels to 320 × 240 in
//! 6 ms where `image` takes 93 with the same filter.
//!
//! Measured on two shared cores (`bench media`): a photo of 12 megapixels turned and encoded anew 371 ms of CPU, process
//! and pipes included, 0.93 of the bare decode + resize + encode; with a wide profile 387 ms, 0.90; with nothing but
//! metadata to lose 85 ms. The child peaks at 49 MB, 1.35 of the bitmap.

mod colour;
mod fit;
mod glance;
mod order;
mod turned;
mod wire;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use crate::shrink::{MAX_ALLOC, MAX_PIXELS, MAX_SIDE};
use crate::{DecodeError, ImageKind, Picture, animation, probe, surface};

pub(crate) use fit::resized;
pub(crate) use glance::THUMBNAIL_SIDE;
pub(crate) use order::{Order, Types};
pub(crate) use turned::upright;
pub(crate) use wire::{ORDER_BYTES, max_answer, read, read_order, write, write_order};

/// A picture that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    /// The new file; `None`: the old one, byte for byte.
    pub(crate) file: Option<Vec<u8>>,
    pub(crate) kind: ImageKind,
    /// Pixels across and down.
    pub(crate) size: (u32, u32),
    /// The same of the original, upright.
    pub(crate) from: (u32, u32),
    /// It moves, and this long; 0 is unknown.
    pub(crate) millis: Option<u64>,
    pub(crate) done: Done,
    pub(crate) thumbnail: Picture,
    pub(crate) blur: Vec<u8>,
}

/// What was done beside what kinds and sizes tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) turned: bool,
    pub(crate) metadata_removed: bool,
    pub(crate) colours_converted: bool,
    pub(crate) stilled: bool,
    pub(crate) recompressed: bool,
}

/// Why it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// Not one of the four formats, damaged, or cut off.
    Damaged,
    /// More pixels than we decode.
    Pixels { width: u32, height: u32 },
    /// Still more bytes than allowed after all that we try.
    Bytes { bytes: u64 },
    /// An animation that cannot be made small enough and go on moving.
    Animation { bytes: u64 },
    /// More frames than allowed.
    Frames { frames: u32 },
}

/// Makes `file` ready for what `order` allows.
pub(crate) fn prepare(file: Vec<u8>, order: &Order) -> Result<Ready, Hindrance> {
    let kind = probe(&file).ok_or(Hindrance::Damaged)?;
    let surface = surface::read(kind, &file).ok_or(Hindrance::Damaged)?;
    let whole = file.len() as u64;
    drop(file);
    if let (ImageKind::Gif, Some(motion)) = (kind, surface.motion) {
        return moving(surface, motion, order);
    }
    let mut image = decoded(&surface.bare, kind)?;
    let from = upright((image.width(), image.height()), surface.orientation);
    let mut done = Done {
        turned: surface.orientation != Orientation::NoTransforms,
        metadata_removed: surface.dropped,
        stilled: surface.motion.is_some(),
        ..Done::default()
    };
    let profile = surface.profile;
    done.colours_converted = profile.as_deref().is_some_and(|profile| colour::to_srgb(&mut image, profile));
    let (thumbnail, blur) = glance::of(&image, surface.orientation).ok_or(Hindrance::Damaged)?;
    if let Some(motion) = surface.motion
        && !done.turned
    {
        let motion = surface::Motion { canvas: from, ..motion };
        let mend = |frame: &mut DynamicImage| {
            if let Some(profile) = profile.as_deref() {
                colour::to_srgb(frame, profile);
            }
        };
        let frames = surface.frames.as_deref().unwrap_or(&surface.bare);
        if let Some((gif, millis)) = animation::converted(kind, frames, motion, order, &mend) {
            done.stilled = false;
            return Ok(Ready {
                file: Some(gif.bytes),
                kind: ImageKind::Gif,
                size: (gif.width, gif.height),
                from,
                millis: Some(millis),
                done,
                thumbnail,
                blur,
            });
        }
    }
    let fits = surface.bare.len() as u64 <= order.bytes && from.0.max(from.1) <= order.side;
    // An animated PNG is a still one once its frames are gone; of a WebP the first frame has to be taken out.
    let stilled = done.stilled && kind != ImageKind::Png;
    let stays = order.types.has(kind) && !surface.inks && !done.turned && !done.colours_converted && !stilled;
    if fits && stays {
        let file = (surface.dropped || surface.frames.is_some()).then_some(surface.bare);
        return Ok(Ready { file, kind, size: from, from, millis: None, done, thumbnail, blur });
    }
    drop(surface.bare);
    let encoded = fit::encode(image, surface.orientation, kind, order)?;
    done.recompressed = whole > order.bytes;
    Ok(Ready {
        file: Some(encoded.bytes),
        kind: encoded.kind,
        size: encoded.size,
        from,
        millis: None,
        done,
        thumbnail,
        blur,
    })
}

/// A GIF that moves goes on moving, or is refused.
///
/// Frames are counted by their headers: millions of them cost no more than reading the file.
fn moving(surface: surface::Surface, motion: surface::Motion, order: &Order) -> Result<Ready, Hindrance> {
    let (width, height) = motion.canvas;
    if motion.frames > order.frames {
        return Err(Hindrance::Frames { frames: motion.frames });
    }
    let first = decoded(&surface.bare, ImageKind::Gif)?;
    let (thumbnail, blur) = glance::of(&first, Orientation::NoTransforms).ok_or(Hindrance::Damaged)?;
    drop(first);
    let bytes = surface.bare.len() as u64;
    let mut done = Done { metadata_removed: surface.dropped, ..Done::default() };
    let millis = Some(motion.millis);
    let pixels = u64::from(width) * u64::from(height) * u64::from(motion.frames);
    let within = width <= order.canvas.0 && height <= order.canvas.1 && pixels <= order.pixels;
    if within && bytes <= order.animation {
        let file = surface.dropped.then_some(surface.bare);
        let (kind, size) = (ImageKind::Gif, motion.canvas);
        return Ok(Ready { file, kind, size, from: size, millis, done, thumbnail, blur });
    }
    let smaller = animation::smaller(&surface.bare, motion, order).ok_or(Hindrance::Animation { bytes })?;
    done.recompressed = bytes > order.animation;
    Ok(Ready {
        file: Some(smaller.bytes),
        kind: ImageKind::Gif,
        size: (smaller.width, smaller.height),
        from: motion.canvas,
        millis,
        done,
        thumbnail,
        blur,
    })
}

/// Decodes into grey, colour, or colour with transparency that is used, at eight bits.
fn decoded(bare: &[u8], kind: ImageKind) -> Result<DynamicImage, Hindrance> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    let mut reader = ImageReader::with_format(Cursor::new(bare), kind.format());
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|_| Hindrance::Damaged)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE || decoder.total_bytes() > 2 * MAX_ALLOC {
        return Err(Hindrance::Pixels { width, height });
    }
    if pixels == 0 {
        return Err(Hindrance::Damaged);
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|e| match crate::shrink::meaning(&e) {
        DecodeError::TooLarge => Hindrance::Pixels { width, height },
        _ => Hindrance::Damaged,
    })?;
    Ok(match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => image,
        DynamicImage::ImageLuma16(_) => image.into_luma8().into(),
        deep if !deep.color().has_alpha() => deep.into_rgb8().into(),
        clear => {
            let image = clear.into_rgba8();
            // Many a PNG has an alpha channel and nothing transparent.
            let used = image.pixels().any(|pixel| pixel.0.last() != Some(&u8::MAX));
            if used { image.into() } else { DynamicImage::ImageRgba8(image).into_rgb8().into() }
        }
    })
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;

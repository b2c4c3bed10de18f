//! The picture at a glance: a thumbnail, and a blur of a few bytes for the moment before there is one.

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView};

use super::fit::resized;
use crate::{Picture, shrink};

/// Longest side of a thumbnail, in pixels: 160 CSS pixels at two dots each.
pub(crate) const THUMBNAIL_SIDE: u32 = 320;
/// What the blur is made from. It needs far less; `thumbhash` takes no more than 100.
const BLUR_SIDE: u32 = 64;

/// Thumbnail and blur (ThumbHash, at most 25 bytes) of a picture that is to be turned.
pub(super) fn of(image: &DynamicImage, orientation: Orientation) -> Option<(Picture, Vec<u8>)> {
    let mut small = within(image, THUMBNAIL_SIDE)?;
    small.apply_orientation(orientation);
    let tiny = within(&small, BLUR_SIDE)?.into_rgba8();
    let blur = thumbhash::rgba_to_thumb_hash(tiny.width() as usize, tiny.height() as usize, tiny.as_raw());
    Some((shrink::encode(small).ok()?, blur))
}

fn within(image: &DynamicImage, side: u32) -> Option<DynamicImage> {
    let (width, height) = image.dimensions();
    let longest = width.max(height);
    if longest <= side {
        return Some(image.clone());
    }
    let scaled = |length: u32| (f64::from(length) * f64::from(side) / f64::from(longest)).round().max(1.0) as u32;
    resized(image, (scaled(width), scaled(height)), fast_image_resize::FilterType::Bilinear)
}

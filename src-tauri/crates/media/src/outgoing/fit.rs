//! Encodes a picture so that it fits: lossless first if it was, then as JPEG, then smaller and smaller.

use std::io::Cursor;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, GrayImage, ImageFormat, RgbImage, RgbaImage};

use super::{Hindrance, Order, turned::Turned};
use crate::ImageKind;

/// Nobody sees a difference to the original.
const FINE: u8 = 90;
/// Still hard to see, at two thirds of the bytes; tried before pixels are given up.
const GOOD: u8 = 80;
/// Each is smaller than the one before; the third fits as a rule.
const ATTEMPTS: usize = 6;

/// A file of our own.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: ImageKind,
    /// Upright.
    pub(super) size: (u32, u32),
}

/// Encodes `image`, which came from a `kind`, upright and within `order`.
pub(super) fn encode(
    mut image: DynamicImage,
    orientation: Orientation,
    kind: ImageKind,
    order: &Order,
) -> Result<Encoded, Hindrance> {
    let longest = image.width().max(image.height());
    if longest > order.side {
        image = scaled(&image, f64::from(order.side) / f64::from(longest))?;
    }
    let clear = image.color().has_alpha();
    let drawn = matches!(kind, ImageKind::Png | ImageKind::Gif);
    let allowed = usize::try_from(order.bytes).unwrap_or(usize::MAX);
    if clear || drawn {
        let png = png(&image, orientation)?;
        if png.bytes.len() <= allowed {
            return Ok(png);
        }
        if clear {
            return shrinking(image, png, order, |image| self::png(image, orientation));
        }
    }
    let fine = jpeg(&image, orientation, FINE)?;
    if fine.bytes.len() <= allowed {
        return Ok(fine);
    }
    let good = jpeg(&image, orientation, GOOD)?;
    shrinking(image, good, order, |image| jpeg(image, orientation, GOOD))
}

/// Gives up pixels until it fits. Bytes grow a little slower than pixels, so each step is a little larger than needed.
fn shrinking(
    image: DynamicImage,
    mut last: Encoded,
    order: &Order,
    encode: impl Fn(&DynamicImage) -> Result<Encoded, Hindrance>,
) -> Result<Encoded, Hindrance> {
    let mut scale = 1.0;
    for _ in 0..ATTEMPTS {
        let bytes = last.bytes.len() as u64;
        if bytes <= order.bytes {
            return Ok(last);
        }
        scale *= (order.bytes as f64 / bytes as f64).sqrt() * 0.93;
        last = encode(&scaled(&image, scale)?)?;
    }
    let bytes = last.bytes.len() as u64;
    if bytes <= order.bytes { Ok(last) } else { Err(Hindrance::Bytes { bytes }) }
}

fn scaled(image: &DynamicImage, scale: f64) -> Result<DynamicImage, Hindrance> {
    let side = |length: u32| (f64::from(length) * scale).floor().max(1.0) as u32;
    resized(image, (side(image.width()), side(image.height())), FilterType::Lanczos3).ok_or(Hindrance::Damaged)
}

/// A grey, coloured, or coloured and transparent picture in another size; `None`: of another kind.
pub(crate) fn resized(image: &DynamicImage, size: (u32, u32), filter: FilterType) -> Option<DynamicImage> {
    match image {
        DynamicImage::ImageLuma8(grey) => {
            GrayImage::from_raw(size.0, size.1, pixels::<U8>(grey, grey.dimensions(), size, filter)?).map(Into::into)
        }
        DynamicImage::ImageRgb8(colour) => {
            RgbImage::from_raw(size.0, size.1, pixels::<U8x3>(colour, colour.dimensions(), size, filter)?)
                .map(Into::into)
        }
        DynamicImage::ImageRgba8(clear) => {
            RgbaImage::from_raw(size.0, size.1, pixels::<U8x4>(clear, clear.dimensions(), size, filter)?)
                .map(Into::into)
        }
        _ => None,
    }
}

/// The typed call: the one that decides while running links code for all thirteen kinds of pixels, 1.2 MB of it.
fn pixels<P: PixelTrait>(raw: &[u8], from: (u32, u32), to: (u32, u32), filter: FilterType) -> Option<Vec<u8>> {
    let from = TypedImageRef::<P>::from_buffer(from.0, from.1, raw).ok()?;
    let mut bytes = vec![0; (to.0 as usize).checked_mul(to.1 as usize)?.checked_mul(size_of::<P>())?];
    let mut to = TypedImage::<P>::from_buffer(to.0, to.1, &mut bytes).ok()?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize_typed(&from, &mut to, &options).ok()?;
    Some(bytes)
}

fn png(image: &DynamicImage, orientation: Orientation) -> Result<Encoded, Hindrance> {
    let mut bytes = Vec::new();
    let mut out = Cursor::new(&mut bytes);
    let size = if orientation == Orientation::NoTransforms {
        image.write_to(&mut out, ImageFormat::Png).map_err(|_| Hindrance::Damaged)?;
        image.dimensions()
    } else {
        let mut upright = image.clone();
        upright.apply_orientation(orientation);
        upright.write_to(&mut out, ImageFormat::Png).map_err(|_| Hindrance::Damaged)?;
        upright.dimensions()
    };
    Ok(Encoded { bytes, kind: ImageKind::Png, size })
}

fn jpeg(image: &DynamicImage, orientation: Orientation, quality: u8) -> Result<Encoded, Hindrance> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    let straight = orientation == Orientation::NoTransforms;
    let encoded = match image {
        DynamicImage::ImageLuma8(grey) if straight => encoder.encode_image(grey),
        DynamicImage::ImageLuma8(grey) => encoder.encode_image(&Turned::new(grey, orientation)),
        DynamicImage::ImageRgb8(colour) if straight => encoder.encode_image(colour),
        DynamicImage::ImageRgb8(colour) => encoder.encode_image(&Turned::new(colour, orientation)),
        other => encoder.encode_image(&Turned::new(&other.to_rgb8(), orientation)),
    };
    encoded.map_err(|_| Hindrance::Damaged)?;
    let size = super::upright(image.dimensions(), orientation);
    Ok(Encoded { bytes, kind: ImageKind::Jpeg, size })
}

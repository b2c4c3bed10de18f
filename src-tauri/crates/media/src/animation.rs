//! Animations of GIF, kept moving: each frame decoded, shrunk and encoded anew, so that nothing of the input is copied.
//! Runs in the child.
//!
//! Refuses: what would cost more than a picture should. Beyond [`MAX_SOURCE`] or [`MAX_SHOWN`] pixels over all frames, or
//! when a later frame is damaged, the answer is `None` and the first frame is shown as a still. An animated WebP is a
//! still too: GIF has no half-transparent pixels, and a sticker would look torn.

use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::{AnimationDecoder, Delay, DynamicImage, Frame, ImageDecoder, Limits, imageops::FilterType};

use crate::shrink::{MAX_ALLOC, Picture, PictureKind};

/// Longest side that comes out, in pixels: 480 CSS pixels at one dot each, for frames are many.
const SIDE: u32 = 480;
/// Pixels that are decoded, over all frames: two seconds of a slow computer.
const MAX_SOURCE: u64 = 80_000_000;
/// Pixels that are encoded, over all frames: four seconds of a slow computer.
const MAX_SHOWN: u64 = 20_000_000;
/// Bytes that come out.
const MAX_BYTES: usize = 6 * 1024 * 1024;
/// Colours are chosen from every 30th pixel: the fastest there is, and a phone's GIF shows no difference.
const SPEED: i32 = 30;
/// No frame is shorter, in milliseconds: browsers slow such frames down anyway.
const SHORTEST: u32 = 20;

/// The animation in `gif`, made to fit; `None`: it does not move, or is too much.
pub(crate) fn shrink(gif: &[u8]) -> Option<Picture> {
    let mut decoder = GifDecoder::new(Cursor::new(gif)).ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    decoder.set_limits(limits).ok()?;
    let (width, height) = decoder.dimensions();
    let canvas = u64::from(width) * u64::from(height);
    let (mut bytes, mut frames, mut shown, mut size) = (Vec::new(), 0, 0, (0, 0));
    {
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
        encoder.set_repeat(Repeat::Infinite).ok()?;
        for frame in decoder.into_frames() {
            let frame = frame.ok()?;
            frames += 1;
            let delay = longer(frame.delay());
            let image = DynamicImage::ImageRgba8(frame.into_buffer());
            let image = if width.max(height) > SIDE { image.resize(SIDE, SIDE, FilterType::Triangle) } else { image };
            size = (image.width(), image.height());
            shown += u64::from(size.0) * u64::from(size.1);
            if canvas * frames > MAX_SOURCE || shown > MAX_SHOWN {
                return None;
            }
            encoder.encode_frame(Frame::from_parts(image.into_rgba8(), 0, 0, delay)).ok()?;
        }
    }
    let (width, height) = size;
    let fits = frames > 1 && bytes.len() <= MAX_BYTES;
    fits.then_some(Picture { width, height, kind: PictureKind::Gif, bytes })
}

fn longer(delay: Delay) -> Delay {
    let (numerator, denominator) = delay.numer_denom_ms();
    Delay::from_numer_denom_ms((numerator / denominator.max(1)).max(SHORTEST), 1)
}

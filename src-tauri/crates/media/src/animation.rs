//! Animations of GIF, kept moving: each frame decoded, shrunk and encoded anew, so that nothing of the input is copied.
//! Runs in the child.
//!
//! Refuses: what would cost more than a picture should. Beyond the pixels of its [`Budget`] over all frames, or when a
//! later frame is damaged, the answer is `None`: what came is shown as a still, what is to be sent is not sent. An
//! animated WebP is a still too: GIF has no half-transparent pixels, and a sticker would look torn.

use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::{AnimationDecoder, Delay, DynamicImage, Frame, ImageDecoder, Limits, imageops::FilterType};

use crate::outgoing::Order;
use crate::shrink::{MAX_ALLOC, Picture, PictureKind};
use crate::surface::Motion;

/// What an animation may cost, and come to.
struct Budget {
    /// Width and height that come out, in pixels.
    canvas: (u32, u32),
    /// Pixels that are decoded, over all frames.
    source: u64,
    /// Pixels that are encoded, over all frames.
    shown: u64,
}

/// To look at: 480 CSS pixels at one dot each, for frames are many; two and four seconds of a slow computer.
const SHOWN: Budget = Budget { canvas: (480, 480), source: 80_000_000, shown: 20_000_000 };
/// Bytes of what is looked at.
const MAX_BYTES: usize = 6 * 1024 * 1024;
/// To send, pixels that are encoded in one attempt: the user waits, once.
const SENT: u64 = 40_000_000;
/// Each is smaller than the one before.
const ATTEMPTS: usize = 3;
/// A side below which nobody would know what moves, in pixels.
const SMALLEST: u32 = 64;
/// Colours are chosen from every 30th pixel: the fastest there is, and a phone's GIF shows no difference.
const SPEED: i32 = 30;
/// No frame is shorter, in milliseconds: browsers slow such frames down anyway.
const SHORTEST: u32 = 20;

/// The animation in `gif`, made to be looked at; `None`: it does not move, or is too much.
pub(crate) fn shrink(gif: &[u8]) -> Option<Picture> {
    let (picture, frames) = again(gif, &SHOWN)?;
    (frames > 1 && picture.bytes.len() <= MAX_BYTES).then_some(picture)
}

/// The animation in `gif`, made to fit `order`; `None`: it cannot.
///
/// Each frame is encoded whole, where the original may hold only what changed: how much smaller it has to be shows
/// only afterwards.
pub(crate) fn smaller(gif: &[u8], motion: Motion, order: &Order) -> Option<Picture> {
    let (width, height) = motion.canvas;
    let pixels = f64::from(width) * f64::from(height) * f64::from(motion.frames);
    let room = (SENT.min(order.pixels) as f64 / pixels).sqrt() * 0.99;
    let mut scale = room.min(1.0).min((order.animation as f64 / gif.len() as f64).sqrt());
    for _ in 0..ATTEMPTS {
        let side = |length: u32, most: u32| ((f64::from(length) * scale) as u32).clamp(1, most);
        let canvas = (side(width, order.canvas.0), side(height, order.canvas.1));
        if canvas.0.max(canvas.1) < SMALLEST {
            return None;
        }
        let (picture, _) = again(gif, &Budget { canvas, source: order.pixels.max(SENT), shown: SENT })?;
        let bytes = picture.bytes.len() as u64;
        if bytes <= order.animation {
            return Some(picture);
        }
        scale *= (order.animation as f64 / bytes as f64).sqrt() * 0.9;
    }
    None
}

fn again(gif: &[u8], budget: &Budget) -> Option<(Picture, u64)> {
    let mut decoder = GifDecoder::new(Cursor::new(gif)).ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    decoder.set_limits(limits).ok()?;
    let (width, height) = decoder.dimensions();
    let canvas = u64::from(width) * u64::from(height);
    let fits = width <= budget.canvas.0 && height <= budget.canvas.1;
    let (mut bytes, mut frames, mut shown, mut size) = (Vec::new(), 0, 0, (0, 0));
    {
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
        encoder.set_repeat(Repeat::Infinite).ok()?;
        for frame in decoder.into_frames() {
            let frame = frame.ok()?;
            frames += 1;
            let delay = longer(frame.delay());
            let image = DynamicImage::ImageRgba8(frame.into_buffer());
            let image = if fits { image } else { image.resize(budget.canvas.0, budget.canvas.1, FilterType::Triangle) };
            size = (image.width(), image.height());
            shown += u64::from(size.0) * u64::from(size.1);
            if canvas * frames > budget.source || shown > budget.shown {
                return None;
            }
            encoder.encode_frame(Frame::from_parts(image.into_rgba8(), 0, 0, delay)).ok()?;
        }
    }
    let (width, height) = size;
    Some((Picture { width, height, kind: PictureKind::Gif, bytes }, frames))
}

fn longer(delay: Delay) -> Delay {
    let (numerator, denominator) = delay.numer_denom_ms();
    Delay::from_numer_denom_ms((numerator / denominator.max(1)).max(SHORTEST), 1)
}

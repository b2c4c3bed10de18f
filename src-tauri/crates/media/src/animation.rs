//! Animations, kept moving: each frame decoded, shrunk and encoded anew as GIF, so that nothing of the input is copied.
//! Runs in the child.
//!
//! GIF is what every platform moves; an animated WebP or PNG that is to be sent becomes one. GIF has no half-transparent
//! pixels: those that are nearly clear go, the others are laid upon white.
//!
//! Refuses: what would cost more than a picture should. Beyond the frames and pixels of its [`Budget`], or when a later
//! frame is damaged, the answer is `None`: what came is shown as a still, and so is a WebP that came; what is to be sent
//! is stilled, or if it was a GIF not sent.

use std::io::Cursor;

use fast_image_resize::FilterType;
use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::{png::PngDecoder, webp::WebPDecoder};
use image::{AnimationDecoder, Delay, DynamicImage, Frame, Frames, ImageDecoder, Limits, RgbaImage};

use crate::ImageKind;
use crate::outgoing::{Order, resized};
use crate::shrink::{MAX_ALLOC, Picture, PictureKind};
use crate::surface::Motion;

/// What an animation may cost, and come to.
struct Budget {
    /// Width and height that come out, in pixels.
    canvas: (u32, u32),
    /// Frames: those of one pixel cost time, too.
    frames: u32,
    /// Pixels that are decoded, over all frames.
    source: u64,
    /// Pixels that are encoded, over all frames.
    shown: u64,
}

/// What is made to fit, and how it is gone about.
struct Task<'a> {
    kind: ImageKind,
    file: &'a [u8],
    motion: Motion,
    order: &'a Order,
    /// Where the size begins, as a part of the original.
    scale: f64,
    attempts: usize,
    /// Done to each frame.
    mend: &'a dyn Fn(&mut DynamicImage),
}

/// To look at: 480 CSS pixels at one dot each, for frames are many; two and four seconds of a slow computer.
const SHOWN: Budget = Budget { canvas: (480, 480), frames: 2_000, source: 80_000_000, shown: 20_000_000 };
/// Bytes of what is looked at.
const MAX_BYTES: usize = 6 * 1024 * 1024;
/// To send, pixels that are encoded in one attempt: the user waits, once.
const SENT: u64 = 40_000_000;
/// The same of a picture that becomes a GIF only to go on moving, of which four times as many are decoded: a sticker of
/// 512 × 512 and two seconds has 15 million. Two attempts leave the child's CPU time to a slow computer.
const CONVERTED: u64 = 15_000_000;
/// Pixels of one frame of such a picture: several are held at a time.
const CONVERTED_CANVAS: u64 = 8_000_000;
/// Each is smaller than the one before.
const ATTEMPTS: usize = 3;
const ATTEMPTS_TO_CONVERT: usize = 2;
/// A side below which nobody would know what moves, in pixels.
const SMALLEST: u32 = 64;
/// Colours are chosen from every 30th pixel: the fastest there is, and a phone's GIF shows no difference.
const SPEED: i32 = 30;
/// No frame is shorter, in milliseconds: browsers slow such frames down anyway.
const SHORTEST: u32 = 20;

/// The animation in `gif`, made to be looked at; `None`: it does not move, or is too much.
pub(crate) fn shrink(gif: &[u8]) -> Option<Picture> {
    let again = again(ImageKind::Gif, gif, &SHOWN, &|_| {})?;
    (again.frames > 1 && again.picture.bytes.len() <= MAX_BYTES).then_some(again.picture)
}

/// The animation in `gif`, made to fit `order`; `None`: it cannot.
///
/// Each frame is encoded whole, where the original may hold only what changed: how much smaller it has to be shows
/// only afterwards.
pub(crate) fn smaller(gif: &[u8], motion: Motion, order: &Order) -> Option<Picture> {
    let scale = (order.animation as f64 / gif.len() as f64).sqrt();
    let budget = Budget { canvas: order.canvas, frames: order.frames, source: order.pixels.max(SENT), shown: SENT };
    let task = Task { kind: ImageKind::Gif, file: gif, motion, order, scale, attempts: ATTEMPTS, mend: &|_| {} };
    fitting(&task, budget).map(|again| again.picture)
}

/// A picture that moves as a WebP or PNG does, as a GIF that moves and fits `order`, and how long it takes in
/// milliseconds; `None`: it cannot. `mend` is done to each frame.
pub(crate) fn converted(
    kind: ImageKind,
    file: &[u8],
    motion: Motion,
    order: &Order,
    mend: &dyn Fn(&mut DynamicImage),
) -> Option<(Picture, u64)> {
    let canvas = u64::from(motion.canvas.0) * u64::from(motion.canvas.1);
    if motion.frames > order.frames || canvas > CONVERTED_CANVAS {
        return None;
    }
    let budget = Budget { canvas: order.canvas, frames: order.frames, source: 4 * CONVERTED, shown: CONVERTED };
    let again = fitting(&Task { kind, file, motion, order, scale: 1.0, attempts: ATTEMPTS_TO_CONVERT, mend }, budget)?;
    (again.frames > 1).then_some((again.picture, again.millis))
}

fn fitting(task: &Task<'_>, mut budget: Budget) -> Option<Again> {
    let (order, (width, height)) = (task.order, task.motion.canvas);
    let pixels = f64::from(width) * f64::from(height) * f64::from(task.motion.frames);
    let room = (budget.shown.min(order.pixels) as f64 / pixels).sqrt() * 0.99;
    let mut scale = room.min(1.0).min(task.scale);
    let smallest = SMALLEST.min(width.max(height));
    for _ in 0..task.attempts {
        let side = |length: u32, most: u32| ((f64::from(length) * scale) as u32).clamp(1, most);
        budget.canvas = (side(width, order.canvas.0), side(height, order.canvas.1));
        if budget.canvas.0.max(budget.canvas.1) < smallest {
            return None;
        }
        let again = again(task.kind, task.file, &budget, task.mend)?;
        let bytes = again.picture.bytes.len() as u64;
        if bytes <= order.animation {
            return Some(again);
        }
        scale *= (order.animation as f64 / bytes as f64).sqrt() * 0.9;
    }
    None
}

/// An animation encoded anew.
struct Again {
    picture: Picture,
    frames: u32,
    millis: u64,
}

fn again(kind: ImageKind, file: &[u8], budget: &Budget, mend: &dyn Fn(&mut DynamicImage)) -> Option<Again> {
    let (source, (width, height)) = opened(kind, file)?;
    let canvas = u64::from(width) * u64::from(height);
    let fits = width <= budget.canvas.0 && height <= budget.canvas.1;
    let (mut bytes, mut frames, mut millis, mut shown, mut size) = (Vec::new(), 0, 0, 0, (0, 0));
    {
        let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
        encoder.set_repeat(Repeat::Infinite).ok()?;
        for frame in source {
            let frame = frame.ok()?;
            frames += 1;
            let delay = longer(frame.delay());
            millis += u64::from(delay.numer_denom_ms().0);
            let mut image = DynamicImage::ImageRgba8(frame.into_buffer());
            if !fits {
                image = resized(&image, within((width, height), budget.canvas), FilterType::Bilinear)?;
            }
            size = (image.width(), image.height());
            shown += u64::from(size.0) * u64::from(size.1);
            if frames > budget.frames || canvas * u64::from(frames) > budget.source || shown > budget.shown {
                return None;
            }
            mend(&mut image);
            encoder.encode_frame(Frame::from_parts(all_or_nothing(image), 0, 0, delay)).ok()?;
        }
    }
    let (width, height) = size;
    Some(Again { picture: Picture { width, height, kind: PictureKind::Gif, bytes }, frames, millis })
}

/// The frames of a file, each whole, and the size of their canvas.
fn opened(kind: ImageKind, file: &[u8]) -> Option<(Frames<'_>, (u32, u32))> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    let file = Cursor::new(file);
    match kind {
        ImageKind::Gif => {
            let mut decoder = GifDecoder::new(file).ok()?;
            decoder.set_limits(limits).ok()?;
            let size = decoder.dimensions();
            Some((decoder.into_frames(), size))
        }
        ImageKind::Webp => {
            let mut decoder = WebPDecoder::new(file).ok()?;
            decoder.set_limits(limits).ok()?;
            let size = decoder.dimensions();
            decoder.has_animation().then(|| (decoder.into_frames(), size))
        }
        ImageKind::Png => {
            let decoder = PngDecoder::with_limits(file, limits).ok()?;
            let size = decoder.dimensions();
            decoder.is_apng().ok()?.then_some(())?;
            Some((decoder.apng().ok()?.into_frames(), size))
        }
        ImageKind::Jpeg => None,
    }
}

/// The largest size of the same shape that is within `most`.
fn within((width, height): (u32, u32), most: (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(most.0) / f64::from(width)).min(f64::from(most.1) / f64::from(height));
    let side = |length: u32, most: u32| ((f64::from(length) * scale).round() as u32).clamp(1, most);
    (side(width, most.0), side(height, most.1))
}

fn all_or_nothing(image: DynamicImage) -> RgbaImage {
    let mut image = image.into_rgba8();
    for pixel in image.pixels_mut() {
        let [r, g, b, alpha] = pixel.0;
        pixel.0 = match alpha {
            u8::MAX => continue,
            128.. => {
                let upon_white = |level: u8| {
                    let level = u16::from(level) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
                    u8::try_from(level / 255).unwrap_or(u8::MAX)
                };
                [upon_white(r), upon_white(g), upon_white(b), u8::MAX]
            }
            _ => [u8::MAX, u8::MAX, u8::MAX, 0],
        };
    }
    image
}

fn longer(delay: Delay) -> Delay {
    let (numerator, denominator) = delay.numer_denom_ms();
    // GIF counts hundredths of a second.
    let millis = (numerator / denominator.max(1)).max(SHORTEST).saturating_add(5) / 10 * 10;
    Delay::from_numer_denom_ms(millis, 1)
}

//! Files for tests: pictures whose corners tell how they lie, and things put around them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::{Cursor, Write};

use image::codecs::gif::{GifDecoder, GifEncoder};
use image::metadata::Orientation;
use image::{AnimationDecoder as _, Delay, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// Four colours, one in each quarter.
pub(crate) fn corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([200, 40, 40]),
        (false, true) => Rgb([40, 200, 40]),
        (true, false) => Rgb([40, 40, 200]),
        (false, false) => Rgb([200, 200, 40]),
    })
}

/// `upright` as a camera stores it that says `orientation`: turned the other way.
pub(crate) fn laid(upright: &RgbImage, orientation: Orientation) -> RgbImage {
    let back = match orientation {
        Orientation::Rotate90 => Orientation::Rotate270,
        Orientation::Rotate270 => Orientation::Rotate90,
        itself => itself,
    };
    let mut image = DynamicImage::ImageRgb8(upright.clone());
    image.apply_orientation(back);
    image.into_rgb8()
}

/// Nothing that packs well, the same each time.
pub(crate) fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 1u32;
    RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, r, g, b] = state.to_le_bytes();
        Rgb([r, g, b])
    })
}

pub(crate) fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// What an `APP1` holds: the orientation, and a place.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let directory =
        [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], b"\0\0\0\0\0\0"].concat();
    // The next directory is none: four zeros; the place lies before them only so that it is in the file.
    [b"Exif\0\0", &directory[..], b"GPS 51.5N 0.1W", &[0; 4]].concat()
}

/// A JPEG with a segment behind its `JFIF` header (2 + 18 bytes).
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..20], &[0xff, marker], &length, data, &jpeg[20..]].concat()
}

/// A chunk of a PNG.
pub(crate) fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

/// A PNG with chunks behind its header (8 bytes of signature, 25 of `IHDR`).
pub(crate) fn with_chunks(png: &[u8], extra: &[u8]) -> Vec<u8> {
    [&png[..33], extra, &png[33..]].concat()
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP", &chunks.concat()[..]].concat();
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

fn riff_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [kind, &u32::try_from(data.len()).unwrap().to_le_bytes()[..], data].concat();
    out.resize(out.len() + data.len() % 2, 0);
    out
}

fn extended(flags: u8, (width, height): (u32, u32)) -> Vec<u8> {
    let side = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    riff_chunk(b"VP8X", &[vec![flags, 0, 0, 0], side(width), side(height)].concat())
}

/// A still WebP in the extended format with a chunk of metadata at its end.
pub(crate) fn with_webp_chunk(webp: &[u8], kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let image = image::load_from_memory(webp).unwrap();
    let flags = 0x08 | if image.color().has_alpha() { 0x10 } else { 0 };
    riff(&[extended(flags, (image.width(), image.height())), webp[12..].to_vec(), riff_chunk(kind, data)])
}

/// A WebP whose frames take a tenth of a second each.
pub(crate) fn moving_webp(frames: &[DynamicImage]) -> Vec<u8> {
    let side = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let frame = |image: &DynamicImage| {
        let still = file(image.clone(), ImageFormat::WebP);
        let place = [vec![0; 6], side(image.width()), side(image.height()), vec![100, 0, 0, 2]].concat();
        riff_chunk(b"ANMF", &[place, still[12..].to_vec()].concat())
    };
    let canvas = (frames[0].width(), frames[0].height());
    let parts = [vec![extended(0x12, canvas), riff_chunk(b"ANIM", &[0; 6])], frames.iter().map(frame).collect()];
    riff(&parts.concat())
}

/// A PNG whose frames take a tenth of a second each.
pub(crate) fn moving_png(frames: &[DynamicImage]) -> Vec<u8> {
    let (width, height) = (frames[0].width(), frames[0].height());
    let mut number = 0u32;
    let mut next = || {
        number += 1;
        (number - 1).to_be_bytes()
    };
    let mut parts = vec![chunk(b"acTL", &[&u32::try_from(frames.len()).unwrap().to_be_bytes()[..], &[0; 4]].concat())];
    for (n, image) in frames.iter().enumerate() {
        let place = [&next()[..], &width.to_be_bytes(), &height.to_be_bytes(), &[0; 8], &[0, 1, 0, 10, 0, 0]];
        parts.push(chunk(b"fcTL", &place.concat()));
        let still = file(image.clone(), ImageFormat::Png);
        let mut rest = &still[8..];
        while !rest.is_empty() {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            let (one, behind) = rest.split_at(length + 12);
            if &one[4..8] == b"IDAT" {
                let data = &one[8..8 + length];
                parts.push(if n == 0 { one.to_vec() } else { chunk(b"fdAT", &[&next()[..], data].concat()) });
            }
            rest = behind;
        }
    }
    let first = file(frames[0].clone(), ImageFormat::Png);
    [&first[..33], &parts.concat(), &chunk(b"IEND", b"")].concat()
}

fn gif(frames: impl Iterator<Item = RgbaImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    let delay = Delay::from_numer_denom_ms(100, 1);
    encoder.encode_frames(frames.map(|frame| Frame::from_parts(frame, 0, 0, delay))).unwrap();
    drop(encoder);
    bytes
}

/// A GIF whose frames are red and blue in turn, a tenth of a second each.
pub(crate) fn blinking(side: u32, frames: usize) -> Vec<u8> {
    gif((0..frames).map(|n| {
        let pixel = if n.is_multiple_of(2) { [250, 0, 0, 255] } else { [0, 0, 250, 255] };
        RgbaImage::from_pixel(side, side, Rgba(pixel))
    }))
}

/// A GIF of noise.
pub(crate) fn moving_noise(side: u32, frames: u32) -> Vec<u8> {
    gif((0..frames).map(|n| {
        let mut frame = noise(side, side);
        // Each frame is the one before, moved by a row.
        frame.as_mut().rotate_left((n * side * 3) as usize);
        DynamicImage::ImageRgb8(frame).into_rgba8()
    }))
}

/// Frames of a GIF, all of them decoded.
pub(crate) fn frames(gif: &[u8]) -> usize {
    moments(gif).len()
}

/// What a GIF shows, frame by frame.
pub(crate) fn moments(gif: &[u8]) -> Vec<RgbaImage> {
    let frames = GifDecoder::new(Cursor::new(gif)).unwrap().into_frames().collect_frames().unwrap();
    frames.into_iter().map(Frame::into_buffer).collect()
}

/// A JPEG of four inks, 8 × 8, all at one half: one code each for "no difference" and "nothing more".
pub(crate) fn ink_jpeg() -> Vec<u8> {
    let segment = |marker: u8, data: &[u8]| {
        [&[0xff, marker][..], &u16::try_from(data.len() + 2).unwrap().to_be_bytes(), data].concat()
    };
    let components: Vec<u8> = (1..=4).flat_map(|id| [id, 0x11, 0]).collect();
    let codes = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    [
        vec![0xff, 0xd8],
        segment(0xee, b"Adobe\0\x64\0\0\0\0\0"),
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc0, &[&[8, 0, 8, 0, 8, 4][..], &components].concat()),
        segment(0xc4, &codes(0x00)),
        segment(0xc4, &codes(0x10)),
        segment(0xda, &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]),
        vec![0, 0xff, 0xd9],
    ]
    .concat()
}

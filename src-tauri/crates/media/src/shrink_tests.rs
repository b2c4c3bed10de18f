#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::io::Write;

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

/// A picture whose left half is red and whose right half is blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) })
}

fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.into().write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn opened(picture: &Picture) -> RgbImage {
    image::load_from_memory(&picture.bytes).unwrap().into_rgb8()
}

fn is_red(pixel: &Rgb<u8>) -> bool {
    pixel[0] > 200 && pixel[2] < 60
}

/// A chunk of a PNG, with a checksum that nobody needs to be right: ancillary chunks are dropped unread.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

/// A PNG with chunks put in after its header (8 bytes of signature, 25 of IHDR).
fn with_chunk(png: &[u8], extra: &[u8]) -> Vec<u8> {
    [&png[..33], extra, &png[33..]].concat()
}

#[test]
fn each_format_comes_out_shrunk_and_re_encoded() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let picture = shrink(&file(halves(1200, 600), format), Fit::Picture).unwrap();
        assert_eq!((picture.width, picture.height, picture.kind), (960, 480, PictureKind::Jpeg), "{format:?}");
        let opened = opened(&picture);
        assert_eq!(opened.dimensions(), (960, 480));
        assert!(is_red(opened.get_pixel(10, 10)) && !is_red(opened.get_pixel(950, 10)));
    }
}

#[test]
fn a_small_picture_keeps_its_size_and_a_camera_picture_its_shape() {
    let small = shrink(&file(halves(30, 20), ImageFormat::Png), Fit::Picture).unwrap();
    assert_eq!((small.width, small.height), (30, 20));
    let wide = shrink(&file(halves(6000, 10), ImageFormat::Jpeg), Fit::Picture).unwrap();
    assert_eq!((wide.width, wide.height), (960, 2));
}

#[test]
fn an_avatar_is_the_middle_square() {
    let avatar = shrink(&file(halves(400, 200), ImageFormat::Jpeg), Fit::Avatar).unwrap();
    assert_eq!((avatar.width, avatar.height), (96, 96));
    let opened = opened(&avatar);
    assert!(is_red(opened.get_pixel(5, 50)) && !is_red(opened.get_pixel(90, 50)), "both halves are in it");
    let tiny = shrink(&file(halves(1, 7), ImageFormat::Png), Fit::Avatar).unwrap();
    assert_eq!((tiny.width, tiny.height), (1, 1));
}

#[test]
fn transparency_is_kept_and_an_unused_alpha_channel_is_not() {
    let clear = RgbaImage::from_pixel(20, 20, Rgba([9, 9, 9, 0]));
    assert_eq!(shrink(&file(clear, ImageFormat::Png), Fit::Picture).unwrap().kind, PictureKind::Png);
    let solid = RgbaImage::from_pixel(20, 20, Rgba([9, 9, 9, 255]));
    assert_eq!(shrink(&file(solid, ImageFormat::WebP), Fit::Picture).unwrap().kind, PictureKind::Jpeg);
}

#[test]
fn a_picture_is_turned_upright_and_its_metadata_is_gone() {
    // Exif in big endian with one entry: orientation (0x0112), a short, 6: turn right by 90°.
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let jpeg = file(halves(40, 20), ImageFormat::Jpeg);
    let segment = [b"Exif\0\0", &exif[..], b" GPS: 1 Secret Street"].concat();
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    let jpeg = [&jpeg[..2], &[0xff, 0xe1], &length, &segment, &jpeg[2..]].concat();
    let png = with_chunk(&file(halves(40, 20), ImageFormat::Png), &chunk(b"eXIf", exif));
    for turned in [jpeg, png] {
        let picture = shrink(&turned, Fit::Picture).unwrap();
        assert_eq!((picture.width, picture.height), (20, 40));
        let opened = opened(&picture);
        assert!(is_red(opened.get_pixel(10, 2)) && !is_red(opened.get_pixel(10, 38)), "left is up now");
        assert!(!picture.bytes.windows(13).any(|w| w == b"Secret Street"));
    }
}

/// A GIF whose frames are red and blue in turn.
fn blinking(side: u32, frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new_with_speed(&mut bytes, 30);
    let frame = |n: usize| {
        let pixel = if n.is_multiple_of(2) { [250, 0, 0, 255] } else { [0, 0, 250, 255] };
        image::Frame::new(RgbaImage::from_pixel(side, side, Rgba(pixel)))
    };
    encoder.encode_frames((0..frames).map(frame)).unwrap();
    drop(encoder);
    bytes
}

fn frames(picture: &Picture) -> Vec<image::Frame> {
    use image::AnimationDecoder as _;
    let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(&picture.bytes)).unwrap();
    decoder.into_frames().collect_frames().unwrap()
}

#[test]
fn an_animation_goes_on_moving_in_frames_of_our_own() {
    let mut gif = blinking(600, 3);
    // A comment before the end: nothing of it may come out.
    gif.pop();
    gif.extend(b"\x21\xfe\x06Secret\0;");
    let picture = shrink(&gif, Fit::Picture).unwrap();
    assert_eq!((picture.width, picture.height, picture.kind), (480, 480, PictureKind::Gif));
    let frames = frames(&picture);
    assert_eq!(frames.len(), 3);
    let colour = |n: usize| frames[n].buffer().get_pixel(240, 240).0;
    assert!(colour(0)[0] > 200 && colour(1)[2] > 200);
    assert!(frames.iter().all(|f| f.delay().numer_denom_ms().0 >= 20), "no frame is too short to be seen");
    assert!(!picture.bytes.windows(6).any(|w| w == b"Secret"));
}

#[test]
fn of_an_animation_that_is_too_long_damaged_or_small_the_first_frame_is_shown() {
    let long = blinking(480, 88);
    let mut damaged = blinking(50, 3);
    let middle = damaged.len() / 2;
    damaged.truncate(middle);
    for still in [long, damaged, blinking(50, 1)] {
        let picture = shrink(&still, Fit::Picture).unwrap();
        assert_eq!(picture.kind, PictureKind::Jpeg);
        assert!(is_red(opened(&picture).get_pixel(25, 25)));
    }
    assert_eq!(shrink(&blinking(50, 2), Fit::Avatar).unwrap().kind, PictureKind::Jpeg, "faces hold still");
}

#[test]
fn a_header_that_promises_too_much_is_refused_before_anything_is_allocated() {
    for (width, height) in [(50_000u32, 50_000u32), (29_999, 29_999), (60_000, 1), (u32::MAX >> 1, u32::MAX >> 1)] {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        let bomb = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &[0]), &chunk(b"IEND", b"")];
        let error = shrink(&bomb.concat(), Fit::Picture).unwrap_err();
        assert_eq!(error, DecodeError::TooLarge, "{width} × {height}");
    }
    let mut gif = file(halves(10, 10), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(shrink(&gif, Fit::Picture).unwrap_err(), DecodeError::TooLarge);
    let mut jpeg = file(halves(10, 10), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert_eq!(shrink(&jpeg, Fit::Picture).unwrap_err(), DecodeError::TooLarge);
}

#[test]
fn a_giant_colour_profile_is_never_unpacked() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..20 {
        packed.write_all(&vec![0; 1_000_000]).unwrap();
    }
    let profile = [b"name\0\0", &packed.finish().unwrap()[..]].concat();
    let text = [b"k\0\0", &profile[6..]].concat();
    let png = file(halves(10, 10), ImageFormat::Png);
    let bomb = with_chunk(&png, &[chunk(b"iCCP", &profile), chunk(b"zTXt", &text)].concat());
    assert_eq!(png::bare(&bomb), png, "what is left is the picture");
    assert_eq!(shrink(&bomb, Fit::Picture).unwrap().width, 10);
}

#[test]
fn what_is_no_picture_is_unreadable() {
    for garbage in [&b""[..], b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"] {
        assert_eq!(shrink(garbage, Fit::Picture).unwrap_err(), DecodeError::Unreadable, "{garbage:?}");
    }
    assert_eq!(shrink(&vec![0; MAX_INPUT + 1], Fit::Picture).unwrap_err(), DecodeError::TooLarge);
}

#[test]
fn a_truncated_file_never_panics_and_at_most_shows_what_came() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let whole = file(halves(64, 64), format);
        for length in 0..whole.len() {
            if let Ok(picture) = shrink(&whole[..length], Fit::Picture) {
                assert_eq!((picture.width, picture.height), (64, 64));
            }
        }
        assert_eq!(shrink(&whole[..whole.len() / 8], Fit::Picture).unwrap_err(), DecodeError::Unreadable, "{format:?}");
    }
}

proptest! {
    #[test]
    fn damage_never_panics(format in 0usize..4, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP][format];
        let mut bytes = file(halves(16, 16), format);
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(picture) = shrink(&bytes, Fit::Avatar) {
            prop_assert!(picture.width <= 96 && picture.height <= 96);
        }
    }

    #[test]
    fn baring_any_bytes_never_panics_and_never_grows(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(png::bare(&bytes).len() <= bytes.len());
    }
}

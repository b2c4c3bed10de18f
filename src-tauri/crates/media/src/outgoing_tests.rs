#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ImageBuffer, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use moxcms::ColorProfile;
use proptest::prelude::*;

use super::*;
use crate::PictureKind;
use crate::test_files::*;

/// 180, 60, 60 of Display P3, by the matrices of both spaces.
const WIDE_RED: [u8; 3] = [196, 47, 54];

fn order() -> Order {
    Order {
        bytes: 1_000_000,
        side: 4_000,
        types: Types::of(&[ImageKind::Jpeg, ImageKind::Png, ImageKind::Gif]),
        animation: 1_000_000,
        canvas: (1_000, 1_000),
        frames: 100,
        pixels: 100_000_000,
    }
}

fn ready(file: &[u8]) -> Ready {
    prepare(file.to_vec(), &order()).unwrap()
}

/// What the other side sees: no orientation, no profile, only pixels.
fn seen(file: &[u8]) -> RgbImage {
    image::load_from_memory(file).unwrap().into_rgb8()
}

fn has(file: &[u8], word: &[u8]) -> bool {
    file.windows(word.len()).any(|w| w == word)
}

fn near(a: Rgb<u8>, b: [u8; 3], most: u8) -> bool {
    a.0.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= most)
}

#[test]
fn what_fits_and_hides_nothing_is_left_as_it_is() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png] {
        let ready = ready(&file(corners(64, 32), format));
        assert_eq!(ready.file, None);
        assert_eq!((ready.size, ready.from, ready.done), ((64, 32), (64, 32), Done::default()));
        assert_eq!((ready.thumbnail.width, ready.thumbnail.height), (64, 32));
        assert!(ready.blur.len() <= 25 && !ready.blur.is_empty());
    }
    let moving = ready(&blinking(40, 3));
    assert_eq!((moving.file, moving.kind, moving.millis), (None, ImageKind::Gif, Some(300)));
}

#[test]
fn metadata_is_cut_out_without_touching_the_picture() {
    let plain = file(corners(64, 32), ImageFormat::Jpeg);
    let spied = [&with_segment(&plain, 0xe1, &exif(1))[..], b"a film behind the end"].concat();
    assert!(has(&spied, b"51.5N"));
    let done = ready(&spied);
    assert_eq!(done.file.as_ref(), Some(&plain), "what is left is the file before it");
    assert_eq!(done.done, Done { metadata_removed: true, ..Done::default() });
    for (marker, data) in
        [(0xfe, &b"a comment"[..]), (0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), (0xed, b"Photoshop")]
    {
        assert_eq!(ready(&with_segment(&plain, marker, data)).file.as_ref(), Some(&plain), "{marker:x}");
    }
    let plain = file(corners(64, 32), ImageFormat::Png);
    let spied = with_chunks(&plain, &[chunk(b"eXIf", &exif(1)[6..]), chunk(b"tEXt", b"Author\0me")].concat());
    assert_eq!(ready(&spied).file.as_ref(), Some(&plain));
    let mut gif = blinking(40, 3);
    let plain = gif.clone();
    gif.pop();
    gif.extend(b"\x21\xfe\x06Secret\0\x21\xff\x0bXMP DataXMP\x03abc\0;");
    assert_eq!(ready(&gif).file, Some(plain), "and it moves on");
}

#[test]
fn each_of_the_eight_orientations_ends_upright_by_pixels() {
    for value in 1..=8 {
        let orientation = Orientation::from_exif(value).unwrap();
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let upright = corners(48, 32);
            let plain = file(laid(&upright, orientation), format);
            let turned = match format {
                ImageFormat::Jpeg => with_segment(&plain, 0xe1, &exif(value)),
                ImageFormat::Png => with_chunks(&plain, &chunk(b"eXIf", &exif(value)[6..])),
                _ => with_webp_chunk(&plain, b"EXIF", &exif(value)[6..]),
            };
            let ready = ready(&turned);
            assert_eq!(ready.size, (48, 32), "{value} {format:?}");
            assert_eq!(ready.done.turned, value != 1);
            let out = ready.file.unwrap();
            assert!(!has(&out, b"51.5N") && !has(&out, b"Exif"));
            for picture in [seen(&out), seen(&ready.thumbnail.bytes)] {
                assert_eq!(picture.dimensions(), (48, 32));
                for (x, y) in [(4, 4), (44, 4), (4, 28), (44, 28)] {
                    assert!(
                        near(*picture.get_pixel(x, y), upright.get_pixel(x, y).0, 12),
                        "{value} {format:?} {x} {y}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_orientation_that_is_odd_or_points_at_itself_is_none() {
    let plain = file(corners(64, 32), ImageFormat::Jpeg);
    let odd = exif(9);
    let mut cyclic = exif(1);
    // The next directory is this one, and the first one lies behind the end.
    let end = cyclic.len();
    cyclic[end - 4..].copy_from_slice(&8u32.to_be_bytes());
    let mut outside = exif(6);
    outside[10..14].copy_from_slice(&u32::MAX.to_be_bytes());
    for exif in [odd, cyclic, outside, b"Exif\0\0".to_vec(), b"Exif\0\0II".to_vec()] {
        assert_eq!(ready(&with_segment(&plain, 0xe1, &exif)).file.as_ref(), Some(&plain));
    }
}

#[test]
fn wide_colours_become_srgb_and_srgb_by_another_name_is_left_alone() {
    let wide = ColorProfile::new_display_p3().encode().unwrap();
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    // Half a red, which means more red in the wider space.
    let half = RgbImage::from_pixel(32, 32, Rgb([180, 60, 60]));
    let plain = file(half.clone(), ImageFormat::Jpeg);
    let profiled = |profile: &[u8]| with_segment(&plain, 0xe2, &[b"ICC_PROFILE\0\x01\x01", profile].concat());
    let same = ready(&profiled(&srgb));
    assert_eq!(same.file.as_ref(), Some(&plain));
    assert!(!same.done.colours_converted);
    let converted = ready(&profiled(&wide));
    assert!(converted.done.colours_converted);
    let out = converted.file.unwrap();
    assert!(!has(&out, b"ICC_PROFILE"));
    for picture in [seen(&out), seen(&converted.thumbnail.bytes)] {
        assert!(near(*picture.get_pixel(16, 16), WIDE_RED, 4), "{:?}", picture.get_pixel(16, 16));
    }
    let plain = file(half, ImageFormat::Png);
    let packed = [b"p3\0\0", &zlib(&wide)[..]].concat();
    let png = ready(&with_chunks(&plain, &chunk(b"iCCP", &packed)));
    let pixel = *seen(&png.file.unwrap()).get_pixel(16, 16);
    assert!(near(pixel, WIDE_RED, 2), "{pixel:?}");
    // A profile that cannot be read is dropped, and nothing else.
    assert!(!ready(&profiled(b"nonsense")).done.colours_converted);
}

#[test]
fn a_grey_picture_with_a_dark_profile_is_brightened() {
    let grey = image::GrayImage::from_pixel(32, 32, image::Luma([128]));
    let linear = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let jpeg = with_segment(&file(grey, ImageFormat::Jpeg), 0xe2, &[b"ICC_PROFILE\0\x01\x01", &linear[..]].concat());
    let out = ready(&jpeg);
    assert!(out.done.colours_converted);
    assert!(near(*seen(&out.file.unwrap()).get_pixel(5, 5), [188, 188, 188], 3));
}

#[test]
fn inks_become_light() {
    let ready = ready(&ink_jpeg());
    let out = ready.file.unwrap();
    assert_eq!(ready.kind, ImageKind::Jpeg);
    assert_eq!(seen(&out).dimensions(), (8, 8));
    let frame = out.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    assert_eq!(out[frame + 9], 3, "three components");
}

#[test]
fn webp_is_converted_where_it_is_not_taken_and_stripped_where_it_is() {
    let clear = RgbaImage::from_fn(40, 40, |x, _| Rgba([200, 0, 0, if x < 20 { 0 } else { 255 }]));
    let solid = RgbaImage::from_pixel(40, 40, Rgba([200, 0, 0, 255]));
    let png = ready(&file(clear.clone(), ImageFormat::WebP));
    assert_eq!(png.kind, ImageKind::Png);
    assert_eq!(png.thumbnail.kind, PictureKind::Png);
    let kept = image::load_from_memory(&png.file.unwrap()).unwrap().into_rgba8();
    assert_eq!((kept.get_pixel(2, 2).0[3], kept.get_pixel(30, 2).0[3]), (0, 255));
    assert_eq!(ready(&file(solid, ImageFormat::WebP)).kind, ImageKind::Jpeg);
    let takes = Order { types: Types::of(&[ImageKind::Webp]), ..order() };
    let spied = with_webp_chunk(&file(clear, ImageFormat::WebP), b"EXIF", &exif(1)[6..]);
    let out = prepare(spied, &takes).unwrap();
    let bytes = out.file.unwrap();
    assert!(out.kind == ImageKind::Webp && !has(&bytes, b"51.5N") && !has(&bytes, b"EXIF"));
    assert_eq!(image::load_from_memory(&bytes).unwrap().into_rgba8(), kept);
}

/// Three frames, each a turn of the one before.
fn turning(width: u32, height: u32) -> Vec<DynamicImage> {
    let first = DynamicImage::ImageRgb8(corners(width, height));
    vec![first.clone(), first.fliph(), first.flipv()]
}

#[test]
fn what_moves_as_webp_or_png_becomes_a_gif_that_moves_the_same_way() {
    let whole = turning(128, 64);
    for (file, was) in [(moving_webp(&whole), ImageKind::Webp), (moving_png(&whole), ImageKind::Png)] {
        assert_eq!(probe(&file), Some(was));
        let gif = ready(&file);
        assert_eq!((gif.kind, gif.size, gif.from, gif.millis), (ImageKind::Gif, (128, 64), (128, 64), Some(300)));
        assert_eq!(gif.done, Done::default(), "{was:?}: it still moves and lost nothing else");
        let out = gif.file.unwrap();
        let shown = moments(&out);
        assert_eq!(shown.len(), 3);
        for (shown, meant) in shown.iter().zip(&whole) {
            let meant = meant.to_rgb8();
            for (x, y) in [(4, 4), (124, 4), (4, 60), (124, 60)] {
                let Rgba([r, g, b, alpha]) = *shown.get_pixel(x, y);
                assert!(alpha == 255 && near(Rgb([r, g, b]), meant.get_pixel(x, y).0, 2), "{was:?} {x} {y}");
            }
        }
    }
    let first = DynamicImage::ImageRgb8(noise(160, 160));
    let gif = ready(&moving_webp(&[first.clone(), first.fliph()])).file.unwrap();
    let order = Order { animation: gif.len() as u64 / 2, ..order() };
    for file in [moving_webp(&[first.clone(), first.fliph()]), moving_png(&[first.clone(), first.fliph()])] {
        let smaller = prepare(file, &order).unwrap();
        assert!(smaller.size.0 < 160 && smaller.millis == Some(200) && smaller.done == Done::default());
        assert!(smaller.file.unwrap().len() as u64 <= order.animation);
    }
}

#[test]
fn of_half_transparent_pixels_a_gif_shows_the_denser_ones_upon_white() {
    let frame = RgbaImage::from_fn(40, 40, |x, _| Rgba([200, 0, 0, [0, 100, 200, 255][(x / 10) as usize]]));
    let frame = DynamicImage::ImageRgba8(frame);
    for file in [moving_webp(&[frame.clone(), frame.clone()]), moving_png(&[frame.clone(), frame.clone()])] {
        let gif = ready(&file);
        assert_eq!(gif.kind, ImageKind::Gif);
        for shown in moments(&gif.file.unwrap()) {
            let alphas = [5, 15, 25, 35].map(|x| shown.get_pixel(x, 5).0[3]);
            assert_eq!(alphas, [0, 0, 255, 255]);
            let Rgba([r, g, ..]) = *shown.get_pixel(25, 5);
            assert!(r.abs_diff(211) < 4 && g.abs_diff(55) < 4, "{r} {g}");
        }
    }
}

#[test]
fn an_animation_that_cannot_become_a_gif_that_fits_stands_still_and_says_so() {
    let whole = turning(64, 32);
    let tight = |order: Order| [(moving_webp(&whole), order), (moving_png(&whole), order)];
    let mut torn = moving_webp(&whole);
    let last = torn.windows(4).rposition(|w| w == b"VP8L").unwrap();
    torn[last + 9..last + 40].fill(0xff);
    let cases = [
        tight(Order { frames: 2, ..order() }),
        tight(Order { animation: 100, ..order() }),
        tight(Order { pixels: 64, ..order() }),
        // A later frame is damaged; and a PNG that says it moves and has one frame.
        [(torn, order()), (with_frames(&file(corners(64, 32), ImageFormat::Png), u32::MAX), order())],
    ];
    for (file, order) in cases.into_iter().flatten() {
        let still = prepare(file, &order).unwrap();
        assert!(still.done.stilled && still.millis.is_none() && still.kind != ImageKind::Gif);
        assert_eq!(still.size, (64, 32));
        let shown = still.file.unwrap();
        assert!(near(*seen(&shown).get_pixel(4, 4), corners(64, 32).get_pixel(4, 4).0, 12));
    }
}

/// A PNG that only says that it moves.
fn with_frames(png: &[u8], frames: u32) -> Vec<u8> {
    with_chunks(png, &chunk(b"acTL", &[&frames.to_be_bytes()[..], &[0; 4]].concat()))
}

#[test]
fn an_animated_png_that_is_turned_or_stilled_loses_its_frames() {
    let plain = file(corners(64, 32), ImageFormat::Png);
    let control = [&2u32.to_be_bytes()[..], &0u32.to_be_bytes()].concat();
    let moving =
        with_chunks(&plain, &[chunk(b"acTL", &control), chunk(b"fcTL", &[0; 26]), chunk(b"fdAT", &[0; 9])].concat());
    let still = ready(&moving);
    assert_eq!(still.file, Some(plain));
    assert_eq!(still.done, Done { stilled: true, ..Done::default() });
    let turned = ready(&with_chunks(&moving_png(&turning(64, 32)), &chunk(b"eXIf", &exif(6)[6..])));
    assert!(turned.done.turned && turned.done.stilled && turned.size == (32, 64));
}

#[test]
fn millions_of_frames_cost_no_more_than_reading_them() {
    let mut webp = moving_webp(&turning(8, 8)[..1]);
    let frame = webp[webp.windows(4).position(|w| w == b"ANMF").unwrap()..].to_vec();
    webp.extend(frame.repeat(200_000));
    let size = u32::try_from(webp.len() - 8).unwrap().to_le_bytes();
    webp[4..8].copy_from_slice(&size);
    let still = ready(&webp);
    assert!(still.done.stilled && still.size == (8, 8));
    let png = with_frames(&file(corners(8, 8), ImageFormat::Png), 4_000_000);
    assert!(ready(&png).done.stilled);
}

#[test]
fn sixteen_bits_are_left_alone_unless_something_must_change() {
    let deep = ImageBuffer::<Rgb<u16>, Vec<u16>>::from_pixel(300, 20, Rgb([40_000, 0, 9_000]));
    let png = file(deep, ImageFormat::Png);
    assert_eq!(ready(&png).file, None);
    let smaller = prepare(png, &Order { side: 100, ..order() }).unwrap();
    assert_eq!((smaller.size, smaller.kind), ((100, 6), ImageKind::Png));
    assert!(near(*seen(&smaller.file.unwrap()).get_pixel(50, 3), [156, 0, 35], 1));
}

#[test]
fn a_huge_png_that_packs_well_stays_lossless() {
    let drawn = corners(1_500, 1_000);
    let mut huge = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut huge, CompressionType::Uncompressed, FilterType::NoFilter);
    drawn.write_with_encoder(encoder).unwrap();
    assert!(huge.len() > 4_000_000);
    let packed = ready(&huge);
    assert_eq!((packed.kind, packed.size), (ImageKind::Png, (1_500, 1_000)));
    assert!(packed.done.recompressed);
    assert_eq!(seen(&packed.file.unwrap()), drawn);
}

#[test]
fn what_is_too_large_is_made_to_fit_whatever_it_holds() {
    let noise = noise(700, 500);
    let jpeg = file(noise.clone(), ImageFormat::Jpeg);
    let clear = DynamicImage::ImageRgb8(noise.clone()).into_rgba8();
    let clear = RgbaImage::from_fn(700, 500, |x, y| {
        let Rgba([r, g, b, _]) = *clear.get_pixel(x, y);
        Rgba([r, g, b, (x % 256) as u8])
    });
    for bytes in [200_000, 20_000, 2_000] {
        let order = Order { bytes, ..order() };
        for (file, kind) in [
            (jpeg.clone(), ImageKind::Jpeg),
            (file(noise.clone(), ImageFormat::Png), ImageKind::Jpeg),
            (file(clear.clone(), ImageFormat::Png), ImageKind::Png),
        ] {
            let ready = prepare(file, &order).unwrap();
            let out = ready.file.unwrap();
            assert!(out.len() as u64 <= bytes, "{} of {bytes}", out.len());
            assert!(out.len() as u64 > bytes / 10, "not much smaller than needed: {} of {bytes}", out.len());
            assert_eq!(ready.kind, kind);
            let shape = f64::from(ready.size.0) / f64::from(ready.size.1);
            assert!((shape - 1.4).abs() < 0.1, "{:?}", ready.size);
        }
    }
    let error = prepare(jpeg, &Order { bytes: 100, ..order() }).unwrap_err();
    assert!(matches!(error, Hindrance::Bytes { .. }), "a JPEG of 100 bytes does not exist: {error:?}");
}

#[test]
fn an_animation_that_is_too_large_shrinks_and_moves_or_is_refused() {
    let gif = moving_noise(200, 6);
    let order = Order { animation: gif.len() as u64 / 3, ..order() };
    let smaller = prepare(gif.clone(), &order).unwrap();
    assert!(smaller.size.0 < 200 && smaller.millis == Some(600));
    let out = smaller.file.unwrap();
    assert!(out.len() as u64 <= order.animation);
    assert_eq!(frames(&out), 6);
    let wide = prepare(gif.clone(), &Order { canvas: (90, 1_000), ..order }).unwrap();
    assert!(wide.size.0 <= 90);
    let bytes = gif.len() as u64;
    assert_eq!(prepare(gif.clone(), &Order { animation: 500, ..order }), Err(Hindrance::Animation { bytes }));
    assert_eq!(prepare(gif, &Order { frames: 5, ..order }), Err(Hindrance::Frames { frames: 6 }));
}

#[test]
fn millions_of_frames_of_a_gif_are_counted_and_not_decoded() {
    let mut gif = blinking(1, 1);
    gif.pop();
    let frame = [b"\x2c\0\0\0\0\x01\0\x01\0\0", &[2, 2, 0x44, 1, 0][..]].concat();
    gif.extend(frame.repeat(3_000_000));
    gif.push(b';');
    assert_eq!(prepare(gif, &order()), Err(Hindrance::Frames { frames: 3_000_001 }));
}

#[test]
fn headers_that_promise_too_much_are_refused_by_their_numbers() {
    for (width, height) in [(50_000u32, 50_000u32), (60_000, 1)] {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
        let bomb = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &[0]), &chunk(b"IEND", b"")];
        assert_eq!(prepare(bomb.concat(), &order()), Err(Hindrance::Pixels { width, height }));
    }
    let mut jpeg = file(corners(10, 10), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert_eq!(prepare(jpeg, &order()), Err(Hindrance::Pixels { width: 65_535, height: 65_535 }));
    // A profile that unpacks to more than we look at costs no more than that.
    let packed = [b"p\0\0", &zlib(&vec![0; 20_000_000])[..]].concat();
    let plain = file(corners(10, 10), ImageFormat::Png);
    assert_eq!(ready(&with_chunks(&plain, &chunk(b"iCCP", &packed))).file, Some(plain));
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    for whole in [
        file(corners(64, 64), ImageFormat::Jpeg),
        file(corners(64, 64), ImageFormat::Png),
        file(corners(64, 64), ImageFormat::WebP),
        blinking(40, 3),
    ] {
        for length in 0..whole.len() {
            assert_eq!(prepare(whole[..length].to_vec(), &order()), Err(Hindrance::Damaged), "{length}");
        }
    }
}

#[test]
fn what_the_child_says_is_read_back_and_lies_are_not_believed() {
    let order = order();
    let original = with_segment(&file(corners(64, 32), ImageFormat::Jpeg), 0xe1, &exif(6));
    let good = ready(&original);
    let read = |answer: &[u8], order: &Order| read(answer, order, &original);
    let unchanged = Ready { file: None, ..good.clone() };
    assert!(read(&write(Ok(unchanged.clone())), &order).is_some());
    assert_eq!(read(&write(Ok(unchanged)), &Order { bytes: original.len() as u64 - 1, ..order }), None);
    assert_eq!(read(&write(Ok(good.clone())), &order), Some(Ok(good.clone())));
    assert_eq!(read_order(&write_order(&order).try_into().unwrap()), Some(order));
    for hindrance in [
        Hindrance::Damaged,
        Hindrance::Pixels { width: 1, height: 2 },
        Hindrance::Bytes { bytes: 3 },
        Hindrance::Animation { bytes: 4 },
        Hindrance::Frames { frames: 5 },
    ] {
        assert_eq!(read(&write(Err(hindrance)), &order), Some(Err(hindrance)));
    }
    let lies = [
        Ready { file: Some(b"<svg onload=x>".to_vec()), ..good.clone() },
        Ready { file: Some([&b"\xff\xd8\xff"[..], &vec![0; 1_000_000]].concat()), ..good.clone() },
        Ready { kind: ImageKind::Png, ..good.clone() },
        Ready { kind: ImageKind::Webp, file: None, ..good.clone() },
        Ready { kind: ImageKind::Png, file: None, ..good.clone() },
        Ready { size: (4_001, 1), ..good.clone() },
        Ready { size: (0, 1), ..good.clone() },
        Ready { blur: vec![0; 41], ..good.clone() },
        Ready { thumbnail: Picture { width: 321, ..good.thumbnail.clone() }, ..good.clone() },
        Ready { thumbnail: Picture { bytes: b"GIF89a".to_vec(), ..good.thumbnail.clone() }, ..good.clone() },
        Ready { millis: Some(1), ..good.clone() },
    ];
    for lie in lies {
        assert_eq!(read(&write(Ok(lie)), &order), None);
    }
    let whole = write(Ok(good));
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length], &order), None);
    }
    assert_eq!(read(&[&whole[..], b"x"].concat(), &order), None);
}

/// Files of every kind, whole and with everything around the picture that we know.
fn samples() -> Vec<Vec<u8>> {
    let wide = ColorProfile::new_display_p3().encode().unwrap();
    let jpeg = with_segment(&file(corners(24, 16), ImageFormat::Jpeg), 0xe1, &exif(6));
    let png = file(corners(24, 16), ImageFormat::Png);
    vec![
        with_segment(&jpeg, 0xe2, &[b"ICC_PROFILE\0\x01\x01", &wide[..]].concat()),
        ink_jpeg(),
        with_chunks(
            &png,
            &[chunk(b"iCCP", &[b"p\0\0", &zlib(&wide)[..]].concat()), chunk(b"eXIf", &exif(3)[6..])].concat(),
        ),
        with_webp_chunk(&file(corners(24, 16), ImageFormat::WebP), b"EXIF", &exif(8)[6..]),
        moving_webp(&turning(24, 16)),
        moving_png(&turning(24, 16)),
        blinking(16, 3),
    ]
}

proptest! {
    #[test]
    fn whatever_the_damage_it_is_within_the_limits_or_refused(
        sample in 0usize..7,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        bytes in 300u64..5_000,
    ) {
        let mut file = samples().swap_remove(sample);
        for (place, value) in damage {
            let place = place.index(file.len());
            file[place] = value;
        }
        let order = Order { bytes, animation: bytes, side: 20, ..order() };
        let length = file.len() as u64;
        if let Ok(ready) = prepare(file.clone(), &order) {
            let bytes = ready.file.as_ref().map_or(length, |file| file.len() as u64);
            prop_assert!(bytes <= order.bytes);
            prop_assert!(ready.millis.is_some() || ready.size.0.max(ready.size.1) <= 20);
            // The parent checks the same.
            let read = read(&write(Ok(ready)), &order, &file);
            prop_assert!(read.is_some());
        }
    }

    #[test]
    fn any_bytes_behind_a_signature_are_refused_or_within_the_limits(
        start in prop::sample::select(vec![&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"GIF89a", b"RIFF\x40\0\0\0WEBP"]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let file = [start, &rest].concat();
        if let Ok(ready) = prepare(file.clone(), &order()) {
            prop_assert!(read(&write(Ok(ready)), &order(), &file).is_some());
        }
    }
}

//! Files that are damaged, that lie, that go away, or that mean harm; and trouble of this computer.

use std::fs::{self, File};
use std::io::{self, Cursor};
use std::path::Path;

use backscroll_media::preflight::{MediaKind, Refusal, Source};
use backscroll_media::{Decoder, MAX_SOURCE};
use image::ImageFormat;
use proptest::prelude::*;

use crate::desk::*;

#[test]
fn a_cyclic_tiff_is_refused_by_its_first_bytes_and_read_no_further() {
    let desk = Desk::new();
    for (head, next) in [(b"II*\0", 8u32.to_le_bytes()), (b"MM\0*", 8u32.to_be_bytes())] {
        // One directory without entries, which says that the next one is itself.
        let tiff = [&head[..], &next, &[0, 0], &next].concat();
        let refusal = Refusal::NotTaken { mime: Some("image/tiff"), platform: UPLOAD.platform };
        assert_eq!(desk.refused(&tiff, UPLOAD), refusal);
    }
}

#[test]
fn bombs_are_refused_by_what_their_headers_promise() {
    let desk = Desk::new();
    let mut bomb = picture(1, 1, ImageFormat::Png);
    let mut header = bomb.get(12..29).unwrap().to_vec();
    header.splice(4..12, [50_000u32.to_be_bytes(), 50_000u32.to_be_bytes()].concat());
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    bomb.splice(12..33, [header, crc.sum().to_be_bytes().to_vec()].concat());
    let refusal = Refusal::TooManyPixels { width: 50_000, height: 50_000, limit: 50_000_000 };
    assert_eq!(desk.refused(&bomb, UPLOAD), refusal);
    let mut jpeg = picture(8, 8, ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg.splice(frame + 5..frame + 9, [0xc3, 0x50, 0xc3, 0x50]);
    assert_eq!(desk.refused(&jpeg, UPLOAD), refusal);
    let mut gif = picture(8, 8, ImageFormat::Gif);
    gif.splice(6..10, [0x50, 0xc3, 0x50, 0xc3]);
    assert_eq!(desk.refused(&gif, UPLOAD), refusal);
    // A canvas of 16,384 × 16,384 in 30 bytes.
    let mut webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0".to_vec();
    assert_eq!(desk.refused(&webp, UPLOAD), Refusal::Damaged(MediaKind::Image), "there is no picture in it");
    webp.truncate(20);
    assert_eq!(desk.refused(&webp, UPLOAD), Refusal::Damaged(MediaKind::Image));
}

#[test]
fn damaged_too_long_and_too_large_files_are_refused_with_numbers() {
    let desk = Desk::new();
    let film = mp4(b"isom", b"vide");
    for length in [film.len() - 1, film.len() - 120, 40] {
        let cut = film.get(..length).unwrap();
        assert_eq!(desk.refused(cut, UPLOAD), Refusal::Damaged(MediaKind::Video), "{length}");
    }
    let mut deep = Vec::new();
    for _ in 0..5_000 {
        deep = [&u32::try_from(deep.len() + 8).unwrap().to_be_bytes()[..], b"moov", &deep].concat();
    }
    let deep = [&b"\0\0\0\x10ftypisom\0\0\0\0"[..], &deep].concat();
    assert!(desk.bytes(&deep, "deep", UPLOAD).is_ok(), "nobody follows it down");
    desk.preflight.prepare(Source::Bytes(film.clone()), "x", X).unwrap();
    let at = film.windows(4).position(|w| w == 2_000u32.to_be_bytes()).unwrap();
    let mut long = film.clone();
    long.splice(at..at + 4, 140_001u32.to_be_bytes());
    let refusal = desk.bytes(&long, "x", X).unwrap_err();
    assert_eq!(refusal, Refusal::Length { millis: 140_001, shortest: 500, longest: 140_000 });
    // Sparse: nothing of it is read.
    let path = desk.file("large.pdf", b"%PDF-1.7");
    File::options().write(true).open(&path).unwrap().set_len(25_000_001).unwrap();
    let refusal = desk.preflight.prepare(Source::Path(&path), "large.pdf", UPLOAD).unwrap_err();
    assert_eq!(refusal, Refusal::TooLarge { kind: MediaKind::Document, bytes: 25_000_001, limit: 25_000_000 });
    let path = desk.file("large.jpg", b"\xff\xd8\xff");
    let length = MAX_SOURCE as u64 + 1;
    File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
    let refusal = desk.preflight.prepare(Source::Path(&path), "large.jpg", UPLOAD).unwrap_err();
    assert_eq!(refusal, Refusal::TooLarge { kind: MediaKind::Image, bytes: length, limit: MAX_SOURCE as u64 });
}

#[test]
fn damaged_and_hostile_pictures_are_refused_and_nothing_is_left_of_them() {
    let desk = Desk::new();
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let whole = picture(64, 64, format);
        let half = whole.get(..whole.len() / 2).unwrap();
        assert_eq!(desk.refused(half, UPLOAD), Refusal::Damaged(MediaKind::Image), "{format:?}");
    }
    let mut gif = picture(8, 8, ImageFormat::Gif);
    gif.pop();
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0".repeat(400);
    gif.extend(frame);
    gif.push(b';');
    assert_eq!(desk.refused(&gif, X), Refusal::TooManyFrames { frames: 401, limit: 350 });
}

#[test]
fn files_that_are_not_there_not_files_empty_or_closed_to_us_are_refused() {
    let desk = Desk::new();
    let path = |path: &Path| desk.preflight.prepare(Source::Path(path), "x", UPLOAD).unwrap_err();
    assert_eq!(path(&desk.dir.path().join("gone.jpg")), Refusal::Unreadable(io::ErrorKind::NotFound));
    assert_eq!(path(desk.dir.path()), Refusal::NotAFile);
    assert_eq!(path(&desk.file("empty.jpg", b"")), Refusal::Empty);
    assert_eq!(desk.refused(b"", UPLOAD), Refusal::Empty);
    #[cfg(unix)]
    assert_eq!(path(Path::new("/dev/null")), Refusal::NotAFile);
}

#[cfg(unix)]
#[test]
fn a_file_that_goes_away_once_it_is_open_is_read_to_its_end() {
    let desk = Desk::new();
    let path = desk.file("a.jpg", &picture(50, 50, ImageFormat::Jpeg));
    let open = File::open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(desk.preflight.prepare(Source::File(open), "a.jpg", UPLOAD).is_ok());
    // Cut short by somebody else after it was opened: what is left is judged.
    let path = desk.file("b.jpg", &picture(50, 50, ImageFormat::Jpeg));
    let open = File::open(&path).unwrap();
    File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
    let refusal = desk.preflight.prepare(Source::File(open), "b.jpg", UPLOAD).unwrap_err();
    assert_eq!(refusal, Refusal::Damaged(MediaKind::Image));
    let unreadable = File::options().write(true).open(desk.file("c.jpg", b"x")).unwrap();
    let refusal = desk.preflight.prepare(Source::File(unreadable), "c.jpg", UPLOAD).unwrap_err();
    assert!(matches!(refusal, Refusal::Unreadable(_)), "{refusal:?}");
}

#[test]
fn trouble_of_this_computer_is_told_apart_from_trouble_of_the_file() {
    let jpeg = picture(20, 20, ImageFormat::Jpeg);
    let nowhere = Desk::with(Decoder::new("no-such-program"));
    let refusal = nowhere.refused(&jpeg, UPLOAD);
    assert_eq!(refusal, Refusal::NotStarted(io::ErrorKind::NotFound));
    assert!(refusal.is_passing() && !Refusal::Heic.is_passing());
    let desk = Desk::new();
    desk.file("ready", b"a file where the folder should be");
    let refusal = desk.bytes(&jpeg, "x", UPLOAD).unwrap_err();
    assert!(matches!(refusal, Refusal::NotWritten(_)) && refusal.is_passing(), "{refusal:?}");
}

#[cfg(unix)]
#[test]
fn a_child_that_hangs_dies_or_lies_makes_a_refusal() {
    use std::time::Duration;
    let jpeg = picture(20, 20, ImageFormat::Jpeg);
    let script = |script: &str| Decoder::new("/bin/sh").with_args(["-c", script]);
    let hanging = Desk::with(script("exec sleep 600").with_timeout(Duration::from_millis(30)));
    assert_eq!(hanging.refused(&jpeg, UPLOAD), Refusal::TooSlow);
    for act in ["exit 0", "kill -9 $$", "exec cat", "echo BSIO+; exec cat", "exec cat /dev/zero"] {
        assert_eq!(Desk::with(script(act)).refused(&jpeg, UPLOAD), Refusal::Damaged(MediaKind::Image), "{act}");
    }
}

#[test]
fn the_largest_picture_that_is_allowed_fits_the_childs_memory() {
    let desk = Desk::new();
    // Transparent, so that four bytes a pixel are held; too wide, so that it is made smaller beside itself.
    let image = image::RgbaImage::from_pixel(8_300, 6_000, image::Rgba([1, 2, 3, 128]));
    let mut png = Vec::new();
    image.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    drop(image);
    assert_eq!(desk.bytes(&png, "large.png", X).unwrap().size, Some((8_192, 5_921)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_it_is_called_and_holds_it_is_ready_or_refused(
        name in any::<String>(),
        start in prop::sample::select(vec![
            &b""[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0\0\0\x10ftypisom\0\0\0\0",
            b"RIFF\x40\0\0\0WAVEfmt \x10\0\0\0", b"%PDF-1.7", b"ID3\x04\0\0\0\0\0\x0a", b"OggS\0\x02",
            b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\xff",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
        target in prop::sample::select(vec![UPLOAD, ADDRESS, INSTAGRAM, X]),
    ) {
        let desk = Desk::new();
        if let Ok(prepared) = desk.bytes(&[start, &rest].concat(), &name, target) {
            let place = prepared.file.parent().unwrap();
            prop_assert_eq!(place, desk.dir.path().join("ready"));
            prop_assert!(!prepared.name.contains(['/', '\\']) && prepared.wire_name().is_ascii());
        }
    }
}

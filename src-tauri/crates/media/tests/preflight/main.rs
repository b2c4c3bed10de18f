//! Files of users, made ready by real child processes: good ones, hostile ones, and ones that go away.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod desk;
mod hostile;

use std::fs::{self, File};
use std::io::Cursor;

use backscroll_media::preflight::{Change, MediaKind, Refusal, Source, Target};
use backscroll_media::{ImageKind, content_address};
use image::{ImageFormat, RgbImage};

use desk::*;

#[test]
fn a_picture_is_ready_with_its_thumbnail_and_everything_that_is_said_of_it() {
    let desk = Desk::new();
    let path = desk.file("Torte für Ada.png", &picture(1_000, 500, ImageFormat::Jpeg));
    let prepared = desk.preflight.prepare(Source::Path(&path), "Torte für Ada.png", INSTAGRAM).unwrap();
    let bytes = fs::read(&prepared.file).unwrap();
    assert_eq!(bytes, fs::read(&path).unwrap(), "it lacked nothing and hid nothing");
    assert_eq!((prepared.name.as_str(), prepared.wire_name().as_str()), ("Torte für Ada.jpg", "picture.jpg"));
    assert_eq!((prepared.mime, prepared.kind), ("image/jpeg", MediaKind::Image));
    assert_eq!((prepared.bytes, prepared.size), (bytes.len() as u64, Some((1_000, 500))));
    assert_eq!(prepared.sha256, content_address(&bytes));
    assert_eq!(prepared.file.file_name().unwrap().to_str().unwrap(), format!("{}.jpg", prepared.sha256));
    assert_eq!(prepared.changes, []);
    assert!(!prepared.moves && prepared.millis.is_none() && (1..=40).contains(&prepared.blur.len()));
    let thumbnail = prepared.thumbnail.unwrap();
    assert_eq!((thumbnail.width, thumbnail.height, thumbnail.mime), (320, 160, "image/jpeg"));
    assert_eq!(image::open(thumbnail.file).unwrap().width(), 320);
    assert_eq!(desk.ready(), 2);
    let again = desk.preflight.prepare(Source::File(File::open(&path).unwrap()), "b.jpg", INSTAGRAM).unwrap();
    assert_eq!((again.file, desk.ready()), (prepared.file, 2), "the same content is there once");
}

#[cfg(unix)]
#[test]
fn ready_files_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let prepared = desk.bytes(&picture(10, 10, ImageFormat::Png), "a.png", X).unwrap();
    assert_eq!(fs::metadata(prepared.file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_was_done_is_said_with_numbers() {
    let desk = Desk::new();
    let converted = desk.bytes(&picture(60, 40, ImageFormat::WebP), "a.webp", INSTAGRAM).unwrap();
    assert_eq!(converted.changes, [Change::Converted { from: ImageKind::Webp, to: ImageKind::Jpeg }]);
    assert_eq!(converted.name, "a.jpg");
    assert_eq!(desk.bytes(&picture(60, 40, ImageFormat::WebP), "a.webp", X).unwrap().changes, []);
    let wide = desk.bytes(&picture(9_000, 10, ImageFormat::Png), "wide", INSTAGRAM).unwrap();
    assert_eq!(wide.changes, [Change::Shrunk { from: (9_000, 10), to: (8_192, 9) }]);
    let mut spied = picture(60, 40, ImageFormat::Png);
    spied.extend(b"behind the end");
    assert_eq!(desk.bytes(&spied, "a.png", X).unwrap().changes, [Change::MetadataRemoved]);
}

#[test]
fn each_target_has_its_own_limit_of_bytes() {
    let desk = Desk::new();
    let noise = {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes().first().copied().unwrap()
        };
        RgbImage::from_fn(1_800, 1_500, |_, _| image::Rgb([next(), next(), next()]))
    };
    let mut png = Vec::new();
    noise.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    assert!(png.len() > 8_000_000);
    let whole = desk.bytes(&png, "n.png", UPLOAD).unwrap();
    assert_eq!((whole.bytes, &whole.changes[..]), (png.len() as u64, &[][..]));
    for (target, limit) in [(ADDRESS, 8_000_000), (X, 5_000_000)] {
        let smaller = desk.bytes(&png, "n.png", target).unwrap();
        assert!(smaller.bytes <= limit, "{target:?}: {}", smaller.bytes);
        let recompressed = Change::Recompressed { from: png.len() as u64, to: smaller.bytes };
        assert!(smaller.changes.contains(&recompressed), "{:?}", smaller.changes);
        assert_eq!(smaller.mime, "image/jpeg");
    }
}

#[test]
fn films_sounds_and_documents_are_taken_by_their_bytes_and_left_alone_if_they_tell_nothing() {
    let desk = Desk::new();
    let (film, mov) = (mp4(b"isom", b"vide"), mp4(b"qt  ", b"vide"));
    let (voice, heard) = (mp4(b"M4A ", b"soun"), mp4(b"isom", b"soun"));
    for (bytes, target, mime, kind, millis) in [
        (&film[..], INSTAGRAM, "video/mp4", MediaKind::Video, Some(2_000)),
        (&mov, X, "video/quicktime", MediaKind::Video, Some(2_000)),
        (&webm(b""), X, "video/webm", MediaKind::Video, None),
        (&voice, INSTAGRAM, "audio/mp4", MediaKind::Audio, Some(2_000)),
        (&heard, INSTAGRAM, "audio/mp4", MediaKind::Audio, Some(2_000)),
        (&wav(3), INSTAGRAM, "audio/wav", MediaKind::Audio, Some(3_000)),
        (b"ID3\x04\0\0\0\0\0\0\xff\xfb", UPLOAD, "audio/mpeg", MediaKind::Audio, None),
        (&ogg(), UPLOAD, "audio/ogg", MediaKind::Audio, None),
        (&pdf(), INSTAGRAM, "application/pdf", MediaKind::Document, None),
    ] {
        let prepared = desk.bytes(bytes, "lie.exe", target).unwrap();
        assert_eq!((prepared.mime, prepared.kind, prepared.millis), (mime, kind, millis));
        assert_eq!(fs::read(&prepared.file).unwrap(), bytes);
        assert_eq!((prepared.sha256, prepared.changes), (content_address(bytes), vec![]));
        assert!(prepared.name.starts_with("lie.") && !prepared.name.ends_with("exe"), "{}", prepared.name);
    }
}

#[test]
fn the_place_in_a_film_is_taken_out_of_the_copy_and_the_original_keeps_it() {
    let desk = Desk::new();
    let film = telltale();
    let path = desk.file("walk.mp4", &film);
    let prepared = desk.preflight.prepare(Source::Path(&path), "walk.mp4", INSTAGRAM).unwrap();
    let sent = fs::read(&prepared.file).unwrap();
    assert_eq!(prepared.changes, [Change::MetadataRemoved]);
    assert_eq!((sent.len(), prepared.bytes), (film.len(), film.len() as u64));
    assert!(!sent.windows(5).any(|w| w == b"+51.5") && !sent.windows(4).any(|w| w == b"udta"));
    assert_eq!(prepared.sha256, content_address(&sent), "of what is sent");
    assert_eq!(prepared.file.file_name().unwrap().to_str().unwrap(), format!("{}.mp4", prepared.sha256));
    assert_eq!(fs::read(&path).unwrap(), film);
    assert_eq!(desk.ready(), 1, "nothing is left of the copy that told");
    let again = desk.bytes(&sent, "walk.mp4", INSTAGRAM).unwrap();
    assert_eq!((again.file, again.changes), (prepared.file, vec![]), "what is clean is clean");
    let titled = desk.bytes(&webm(b"\x7b\xa9\x86secret"), "a.webm", X).unwrap();
    assert_eq!(titled.changes, [Change::MetadataRemoved]);
}

#[test]
fn what_moves_as_webp_is_sent_as_a_gif_to_every_platform() {
    let desk = Desk::new();
    // Two frames of 8 × 8, red and blue, losslessly.
    let still = |colour: [u8; 3]| {
        let mut bytes = Vec::new();
        let image = RgbImage::from_pixel(8, 8, image::Rgb(colour));
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::WebP).unwrap();
        bytes.split_off(12)
    };
    let chunk =
        |name: &[u8; 4], data: &[u8]| [name, &u32::try_from(data.len()).unwrap().to_le_bytes()[..], data].concat();
    let frame =
        |colour| chunk(b"ANMF", &[&[0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 200, 0, 0, 2][..], &still(colour)].concat());
    let canvas = chunk(b"VP8X", &[2, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
    let body = [&b"WEBP"[..], &canvas, &chunk(b"ANIM", &[0; 6]), &frame([200, 0, 0]), &frame([0, 0, 200])].concat();
    let sticker = chunk(b"RIFF", &body);
    for target in [UPLOAD, ADDRESS, INSTAGRAM, X] {
        let gif = desk.bytes(&sticker, "sticker.webp", target).unwrap();
        assert_eq!((gif.mime, gif.moves, gif.millis, gif.name.as_str()), ("image/gif", true, Some(400), "sticker.gif"));
        assert_eq!(gif.changes, [Change::Converted { from: ImageKind::Webp, to: ImageKind::Gif }]);
    }
}

#[test]
fn what_a_platform_does_not_take_is_named() {
    let desk = Desk::new();
    let none = |mime, target: Target| Refusal::NotTaken { mime, platform: target.platform };
    for (bytes, mime, target) in [
        (&b"ID3\x04...."[..], Some("audio/mpeg"), INSTAGRAM),
        (&wav(1), Some("audio/wav"), X),
        (&mp4(b"isom", b"soun"), Some("audio/mp4"), X),
        (&pdf(), Some("application/pdf"), X),
        (b"PK\x03\x04....", Some("application/zip"), UPLOAD),
        (b"II*\0\x08\0\0\0\x01\0", Some("image/tiff"), UPLOAD),
        (b"BM......", Some("image/bmp"), UPLOAD),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None, UPLOAD),
        (b"just words", None, UPLOAD),
        (b"\0", None, UPLOAD),
    ] {
        assert_eq!(desk.refused(bytes, target), none(mime, target), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_photo_that_this_computer_cannot_convert_is_to_be_saved_as_jpeg_first() {
    let desk = Desk::new();
    for brand in [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"new1"] {
        for other in [&b"mif1heic"[..], b"mif1avif", b"miafMA1B"] {
            if brand == b"new1" && other == b"miafMA1B" {
                continue;
            }
            let photo = [&b"\0\0\0\x18ftyp"[..], brand, b"\0\0\0\0", other].concat();
            let refusal = desk.refused(&photo, UPLOAD);
            assert_eq!(refusal, Refusal::Heic, "{}", photo.escape_ascii());
            assert!(refusal.to_string().ends_with("save it as JPEG first"));
        }
    }
    // A film is none, whatever is in it.
    let film = [&mp4(b"isom", b"vide")[..], b"\0\0\0\x10freeheicavif"].concat();
    assert!(desk.bytes(&film, "a.heic", UPLOAD).is_ok());
}

#[test]
fn a_pdf_needs_its_header_near_the_beginning_and_its_mark_near_the_end() {
    let desk = Desk::new();
    let damaged = Refusal::Damaged(MediaKind::Document);
    let late = |bytes: usize| [vec![b'\n'; bytes], pdf()].concat();
    for whole in [pdf(), late(1_000), [pdf(), vec![0; 3_000]].concat(), b"%PDF-2.0 /Encrypt\nstartxref\n0".to_vec()] {
        assert_eq!(desk.bytes(&whole, "offer", UPLOAD).unwrap().name, "offer.pdf");
    }
    assert_eq!(desk.bytes(&late(1_024), "x", UPLOAD), Err(Refusal::NotTaken { mime: None, platform: UPLOAD.platform }));
    assert_eq!(
        desk.bytes(b"%PDF without a dash", "x.pdf", UPLOAD),
        Err(Refusal::NotTaken { mime: None, platform: UPLOAD.platform })
    );
    let long = [&pdf()[..30], &[b'x'; 10_000][..], &pdf()[30..]].concat();
    assert!(desk.bytes(&long, "x", UPLOAD).is_ok());
    for cut in [&pdf()[..30], b"%PDF-1.7", &long[..9_000], &[&pdf()[..], &[b'x'; 5_000]].concat()] {
        assert_eq!(desk.bytes(cut, "x.pdf", UPLOAD), Err(damaged), "{}", cut.len());
    }
    // Something else under the name, and the mark of one in something else.
    let lies = [&b"<!doctype html><p>%%EOF"[..], b"MZ\x90\0", b"PK\x03\x04 %%EOF", b"%PDFx %%EOF"];
    for lie in lies {
        let refusal = desk.bytes(lie, "x.pdf", UPLOAD).unwrap_err();
        assert!(matches!(refusal, Refusal::NotTaken { .. }), "{} {refusal}", lie.escape_ascii());
    }
    assert!(desk.bytes(&picture(20, 20, ImageFormat::Png), "x.pdf", UPLOAD).unwrap().name.ends_with(".png"));
}

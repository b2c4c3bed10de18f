//! Files of users, made ready by real child processes: good ones, hostile ones, and ones that go away.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, File};
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use backscroll_media::preflight::{Change, MediaKind, Prepared, Refusal, Route, Source, Target};
use backscroll_media::{Decoder, ImageKind, MAX_SOURCE, Preflight, content_address};
use backscroll_model::Platform;
use image::{ImageFormat, RgbImage};
use proptest::prelude::*;
use tempfile::TempDir;

const UPLOAD: Target = Target { platform: Platform::Messenger, route: Route::Upload };
const ADDRESS: Target = Target { platform: Platform::Messenger, route: Route::Address };
const INSTAGRAM: Target = Target { platform: Platform::Instagram, route: Route::Address };
const X: Target = Target { platform: Platform::X, route: Route::Upload };

/// A folder with the user's files and one for ready files.
struct Desk {
    dir: TempDir,
    preflight: Preflight,
}

impl Desk {
    fn new() -> Self {
        Self::with(Decoder::new(env!("CARGO_BIN_EXE_backscroll-media-child")))
    }

    fn with(decoder: Decoder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let preflight = Preflight::new(decoder, dir.path().join("ready"));
        Self { dir, preflight }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn bytes(&self, bytes: &[u8], name: &str, target: Target) -> Result<Prepared, Refusal> {
        self.preflight.prepare(Source::Bytes(bytes.to_vec()), name, target)
    }

    fn refused(&self, bytes: &[u8], target: Target) -> Refusal {
        let refusal = self.bytes(bytes, "x.jpg", target).unwrap_err();
        assert!(!refusal.to_string().is_empty());
        assert_eq!(self.ready(), 0, "nothing is left of {refusal}");
        refusal
    }

    /// Files in the folder for ready files.
    fn ready(&self) -> usize {
        fs::read_dir(self.dir.path().join("ready")).map_or(0, Iterator::count)
    }
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// The least that is a film: a type, a header of two seconds, one track.
fn mp4(brand: &[u8; 4], handler: &[u8; 4]) -> Vec<u8> {
    let boxed =
        |name: &[u8; 4], data: &[u8]| [&u32::try_from(data.len() + 8).unwrap().to_be_bytes()[..], name, data].concat();
    let header = [&[0; 12][..], &1_000u32.to_be_bytes(), &2_000u32.to_be_bytes(), &[0; 80]].concat();
    let track = boxed(b"trak", &boxed(b"mdia", &boxed(b"hdlr", &[&[0; 8][..], handler, &[0; 13]].concat())));
    let movie = boxed(b"moov", &[boxed(b"mvhd", &header), track].concat());
    [boxed(b"ftyp", &[&brand[..], &[0; 4]].concat()), movie, boxed(b"mdat", &[0; 100])].concat()
}

fn wav(seconds: u32) -> Vec<u8> {
    let data = vec![0; seconds as usize * 8_000];
    let format = [&1u16.to_le_bytes()[..], &1u16.to_le_bytes(), &8_000u32.to_le_bytes(), &8_000u32.to_le_bytes()];
    let format = [&format.concat()[..], &[1, 0, 8, 0]].concat();
    let size = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    [b"RIFF", &size(data.len() + 36)[..], b"WAVEfmt ", &size(16), &format, b"data", &size(data.len()), &data].concat()
}

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
fn films_sounds_and_documents_are_taken_by_their_bytes_and_never_changed() {
    let desk = Desk::new();
    let webm = [&b"\x1a\x45\xdf\xa3...\x42\x82\x84webm"[..], &[0; 300]].concat();
    let (film, mov) = (mp4(b"isom", b"vide"), mp4(b"qt  ", b"vide"));
    let (voice, heard) = (mp4(b"M4A ", b"soun"), mp4(b"isom", b"soun"));
    for (bytes, target, mime, kind, millis) in [
        (&film[..], INSTAGRAM, "video/mp4", MediaKind::Video, Some(2_000)),
        (&mov, X, "video/quicktime", MediaKind::Video, Some(2_000)),
        (&webm, X, "video/webm", MediaKind::Video, None),
        (&voice, INSTAGRAM, "audio/mp4", MediaKind::Audio, Some(2_000)),
        (&heard, INSTAGRAM, "audio/mp4", MediaKind::Audio, Some(2_000)),
        (&wav(3), INSTAGRAM, "audio/wav", MediaKind::Audio, Some(3_000)),
        (b"ID3\x04....", UPLOAD, "audio/mpeg", MediaKind::Audio, None),
        (b"OggS....................................", UPLOAD, "audio/ogg", MediaKind::Audio, None),
        (b"%PDF-1.7 ", INSTAGRAM, "application/pdf", MediaKind::Document, None),
    ] {
        let prepared = desk.bytes(bytes, "lie.exe", target).unwrap();
        assert_eq!((prepared.mime, prepared.kind, prepared.millis), (mime, kind, millis));
        assert_eq!(fs::read(&prepared.file).unwrap(), bytes);
        assert_eq!(prepared.sha256, content_address(bytes));
        assert!(prepared.name.starts_with("lie.") && !prepared.name.ends_with("exe"), "{}", prepared.name);
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
        (b"%PDF-1.7", Some("application/pdf"), X),
        (b"PK\x03\x04....", Some("application/zip"), UPLOAD),
        (b"II*\0\x08\0\0\0\x01\0", Some("image/tiff"), UPLOAD),
        (b"BM......", Some("image/bmp"), UPLOAD),
        (b"\0\0\0\x1cftypavif\0\0\0\0", Some("image/avif"), UPLOAD),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None, UPLOAD),
        (b"just words", None, UPLOAD),
        (b"\0", None, UPLOAD),
    ] {
        assert_eq!(desk.refused(bytes, target), none(mime, target), "{}", bytes.escape_ascii());
    }
    for brand in [b"heic", b"heix", b"mif1", b"msf1"] {
        let photo = [&b"\0\0\0\x18ftyp"[..], brand, b"\0\0\0\0mif1heic"].concat();
        assert_eq!(desk.refused(&photo, UPLOAD), Refusal::Heic, "{}", brand.escape_ascii());
    }
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
    // Larger than it says, and sparse.
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
            b"RIFF\x40\0\0\0WAVEfmt \x10\0\0\0", b"%PDF-1.7",
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

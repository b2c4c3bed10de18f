//! A desk with files, and the least that is a file of each kind.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use backscroll_media::preflight::{Prepared, Refusal, Route, Source, Target};
use backscroll_media::{Decoder, Preflight};
use backscroll_model::Platform;
use image::{ImageFormat, RgbImage};
use tempfile::TempDir;

pub(crate) const UPLOAD: Target = Target { platform: Platform::Messenger, route: Route::Upload };
pub(crate) const ADDRESS: Target = Target { platform: Platform::Messenger, route: Route::Address };
pub(crate) const INSTAGRAM: Target = Target { platform: Platform::Instagram, route: Route::Address };
pub(crate) const X: Target = Target { platform: Platform::X, route: Route::Upload };

/// A folder with the user's files and one for ready files.
pub(crate) struct Desk {
    pub(crate) dir: TempDir,
    pub(crate) preflight: Preflight,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(Decoder::new(env!("CARGO_BIN_EXE_backscroll-media-child")))
    }

    pub(crate) fn with(decoder: Decoder) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let preflight = Preflight::new(decoder, dir.path().join("ready"));
        Self { dir, preflight }
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn bytes(&self, bytes: &[u8], name: &str, target: Target) -> Result<Prepared, Refusal> {
        self.preflight.prepare(Source::Bytes(bytes.to_vec()), name, target)
    }

    pub(crate) fn refused(&self, bytes: &[u8], target: Target) -> Refusal {
        let refusal = self.bytes(bytes, "x.jpg", target).unwrap_err();
        assert!(!refusal.to_string().is_empty());
        assert_eq!(self.ready(), 0, "nothing is left of {refusal}");
        refusal
    }

    /// Files in the folder for ready files.
    pub(crate) fn ready(&self) -> usize {
        fs::read_dir(self.dir.path().join("ready")).map_or(0, Iterator::count)
    }
}

pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// The least that is a film: a type, a header of two seconds, one track.
pub(crate) fn mp4(brand: &[u8; 4], handler: &[u8; 4]) -> Vec<u8> {
    let boxed =
        |name: &[u8; 4], data: &[u8]| [&u32::try_from(data.len() + 8).unwrap().to_be_bytes()[..], name, data].concat();
    let header = [&[0; 12][..], &1_000u32.to_be_bytes(), &2_000u32.to_be_bytes(), &[0; 80]].concat();
    let track = boxed(b"trak", &boxed(b"mdia", &boxed(b"hdlr", &[&[0; 8][..], handler, &[0; 13]].concat())));
    let movie = boxed(b"moov", &[boxed(b"mvhd", &header), track].concat());
    [boxed(b"ftyp", &[&brand[..], &[0; 4]].concat()), movie, boxed(b"mdat", &[0; 100])].concat()
}

/// The least that is a WebM: a header that says so, a segment, what describes it.
pub(crate) fn webm(info: &[u8]) -> Vec<u8> {
    let element = |id: &[u8], data: &[u8]| [id, &[0x01], &(data.len() as u64).to_be_bytes()[1..], data].concat();
    let head = element(&[0x1a, 0x45, 0xdf, 0xa3], b"\x42\x82\x84webm");
    let cluster = element(&[0x1f, 0x43, 0xb6, 0x75], &[1; 300]);
    let segment = [element(&[0x15, 0x49, 0xa9, 0x66], info), cluster].concat();
    [head, element(&[0x18, 0x53, 0x80, 0x67], &segment)].concat()
}

/// A page of an Ogg that nobody has to listen to.
pub(crate) fn ogg() -> Vec<u8> {
    [b"OggS\0\x02", &[0; 20][..], &[1, 19], b"OpusHead\x01\x01........."].concat()
}

/// A film that tells where it was made, in the box that phones use.
pub(crate) fn telltale() -> Vec<u8> {
    let mut film = mp4(b"isom", b"vide");
    film.extend(b"\0\0\0\x21udta\0\0\0\x19\xa9xyz\0\x0d\x15\xc7+51.5-000.12/");
    film
}

pub(crate) fn pdf() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n42\n%%EOF\n".to_vec()
}

pub(crate) fn wav(seconds: u32) -> Vec<u8> {
    let data = vec![0; seconds as usize * 8_000];
    let format = [&1u16.to_le_bytes()[..], &1u16.to_le_bytes(), &8_000u32.to_le_bytes(), &8_000u32.to_le_bytes()];
    let format = [&format.concat()[..], &[1, 0, 8, 0]].concat();
    let size = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    [b"RIFF", &size(data.len() + 36)[..], b"WAVEfmt ", &size(16), &format, b"data", &size(data.len()), &data].concat()
}

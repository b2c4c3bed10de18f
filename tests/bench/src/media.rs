//! What making a photo ready to be sent costs beyond the work itself, and how much memory the child takes.
//!
//! *The work itself* is decoding, the resize of the thumbnail and both encodings, with the same crates and settings in
//! this process; with a wide profile also the conversion. What pre-flight pays beyond it: a process, two pipes, the walk
//! through the file, turning, hashing, writing. Both sides in CPU time, the child's own included, because the machine may
//! be busy; the child tells its own figures over a socket, which it opens before it gives up the right to.

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, ensure};
use backscroll_media::preflight::{Change, Preflight, Route, Source, Target};
use backscroll_media::{Decoder, run_decode_child};
use backscroll_model::Platform;
use cpu_time::ProcessTime;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer, pixels::U8x3};
use image::{ImageFormat, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use moxcms::{ColorProfile, Layout, TransformOptions};

use crate::{
    measure::{Clock, alternate, median, micros},
    report::Report,
};

/// 12 megapixels.
const SIZE: (u32, u32) = (4_000, 3_000);
const BITMAP: f64 = 36e6;
const ROUNDS: usize = 9;
const COST: f64 = 1.3;
const MEMORY: f64 = 2.5;
/// As in the crate.
const QUALITY: (u8, u8) = (90, 85);
const THUMBNAIL: (u32, u32) = (320, 240);
const TARGET: Target = Target { platform: Platform::Messenger, route: Route::Upload };

/// What a child says of itself at its end.
struct Told {
    cpu_us: f64,
    peak_bytes: f64,
}

/// Measures all of it.
pub fn measure(report: &mut Report, dir: &Path) -> Result<()> {
    let photo = photo();
    let plain = jpeg(&photo, 88)?;
    eprintln!("a photo of {} × {}, {:.1} MB", SIZE.0, SIZE.1, plain.len() as f64 / 1e6);
    let profile = ColorProfile::new_display_p3().encode()?;
    let turned = with_segment(&plain, 0xe1, &exif(6))?;
    let wide = with_segment(&turned, 0xe2, &[b"ICC_PROFILE\0\x01\x01", &profile[..]].concat())?;
    let hidden = with_segment(&plain, 0xe1, &exif(1))?;
    for (name, file, profile, change) in [
        ("media.photo-turned", &turned, None, Change::Turned),
        ("media.photo-wide", &wide, Some(&profile), Change::ColoursConverted),
        ("media.photo-metadata", &hidden, None, Change::MetadataRemoved),
    ] {
        one(report, dir, name, file, profile.map(Vec::as_slice), change)?;
    }
    resizers(report, &photo)
}

/// One kind of photo: cost and peak.
fn one(report: &mut Report, dir: &Path, name: &str, file: &[u8], profile: Option<&[u8]>, done: Change) -> Result<()> {
    let socket = dir.join("media.sock");
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).with_context(|| format!("cannot listen on {}", socket.display()))?;
    let place = tempfile::tempdir_in(dir)?;
    let decoder = Decoder::new(std::env::current_exe()?).with_args(["work-media".as_ref(), socket.as_os_str()]);
    let preflight = Preflight::new(decoder, place.path());
    let (mut whole, mut bare_us, mut peak, mut wall) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let source = Source::Bytes(file.to_vec());
        let start = std::time::Instant::now();
        let (ready, own) = Clock::Process.time(|| Ok(preflight.prepare(source, "photo.jpg", TARGET)?))?;
        let took = start.elapsed();
        let told = hear(&listener)?;
        ensure!(ready.changes.contains(&done), "{name}: {:?}", ready.changes);
        let ((), alone) = Clock::Process.time(|| bare(file, profile))?;
        if round > 0 {
            whole.push(micros(own) + told.cpu_us);
            bare_us.push(micros(alone));
            peak.push(told.peak_bytes);
            wall.push(micros(took));
        }
    }
    let _ = fs::remove_file(&socket);
    report.compared(name, "ms CPU", median(whole) / 1e3, median(bare_us) / 1e3, Some(COST));
    report.compared(&format!("{name}.peak"), "MB", median(peak) / 1e6, BITMAP / 1e6, Some(MEMORY));
    report.shown(&format!("{name}.wall"), "ms", median(wall) / 1e3);
    Ok(())
}

fn hear(listener: &UnixListener) -> Result<Told> {
    let (mut stream, _) = listener.accept()?;
    let mut words = String::new();
    stream.read_to_string(&mut words)?;
    let mut numbers = words.split_whitespace().map(str::parse::<f64>);
    let mut next = || anyhow::Ok(numbers.next().context("the child said too little")??);
    Ok(Told { cpu_us: next()?, peak_bytes: next()? })
}

/// The child: the one of the crate, which then tells what it used.
pub fn child(socket: &PathBuf) -> Result<ExitCode> {
    // Both are opened now: nothing can be once the limits are set.
    let mut parent = UnixStream::connect(socket)?;
    let mut status = fs::File::open("/proc/self/status")?;
    let code = run_decode_child();
    let used = ProcessTime::try_now().context("this system has no clock of a process")?.as_duration();
    let mut text = String::new();
    status.read_to_string(&mut text)?;
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak of memory")?;
    let kib: u64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    write!(parent, "{} {}", micros(used), kib * 1024)?;
    Ok(code)
}

/// Decode, convert if there is a profile, resize, encode twice.
fn bare(file: &[u8], profile: Option<&[u8]>) -> Result<()> {
    let mut image = image::load_from_memory_with_format(file, ImageFormat::Jpeg)?.into_rgb8();
    if let Some(profile) = profile {
        let (from, srgb) = (ColorProfile::new_from_slice(profile)?, ColorProfile::new_srgb());
        let convert = from.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default())?;
        let mut converted = vec![0; image.as_raw().len()];
        convert.transform(image.as_raw(), &mut converted)?;
        image = RgbImage::from_raw(image.width(), image.height(), converted).context("as many bytes as before")?;
    }
    let small = resized(&image)?;
    std::hint::black_box((jpeg(&image, QUALITY.0)?, jpeg(&small, QUALITY.1)?));
    Ok(())
}

fn resized(image: &RgbImage) -> Result<RgbImage> {
    let from = TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.as_raw())?;
    let mut bytes = vec![0; (THUMBNAIL.0 * THUMBNAIL.1 * 3) as usize];
    let mut to = TypedImage::<U8x3>::from_buffer(THUMBNAIL.0, THUMBNAIL.1, &mut bytes)?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize_typed(&from, &mut to, &options)?;
    RgbImage::from_raw(THUMBNAIL.0, THUMBNAIL.1, bytes).context("as many bytes as pixels ask for")
}

/// The resizer beside the one of `image`, at the same filter: why there is a crate for it.
fn resizers(report: &mut Report, photo: &RgbImage) -> Result<()> {
    let filter = image::imageops::FilterType::Triangle;
    let (fast, plain) = alternate(
        Clock::Cpu,
        3,
        1,
        |_| resized(photo),
        |_| Ok(image::imageops::resize(photo, THUMBNAIL.0, THUMBNAIL.1, filter)),
    )?;
    report.compared("media.resizer-beside-image", "ms CPU", fast.p50() / 1e3, plain.p50() / 1e3, None);
    Ok(())
}

/// Waves, edges and the grain of a sensor: some 3 MB as JPEG, as phones make it.
fn photo() -> RgbImage {
    let mut state = 1u32;
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = f64::from(state >> 28) - 7.5;
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = 60.0 * (x / 97.0).sin() * (y / 71.0).cos() + 20.0 * ((x + 2.0 * y) / 11.0).sin();
        let edge = if (x * x + y * y).sqrt() % 700.0 < 200.0 { 40.0 } else { 0.0 };
        Rgb([110.0, 100.0, 90.0].map(|level| (level + wave + edge + grain) as u8))
    })
}

fn jpeg(image: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(Cursor::new(&mut bytes), quality))?;
    Ok(bytes)
}

/// Orientation, and a word where the place would be.
fn exif(orientation: u8) -> Vec<u8> {
    [b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], b"\0\0\0\0\0\0 GPS 51.5N"]
        .concat()
}

/// A JPEG with a segment behind its `JFIF` header (2 + 18 bytes).
fn with_segment(jpeg: &[u8], marker: u8, data: &[u8]) -> Result<Vec<u8>> {
    let (header, rest) = jpeg.split_at_checked(20).context("no JFIF header")?;
    let length = u16::try_from(data.len() + 2)?.to_be_bytes();
    Ok([header, &[0xff, marker], &length, data, rest].concat())
}

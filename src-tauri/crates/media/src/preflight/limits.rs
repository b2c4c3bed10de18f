//! What each platform takes, by each way there: one table, no code.
//!
//! Sources are sections of the API notes: G 6.6 is `meta-graph.md` 6.6, A 3.3 is `ayrshare.md` 3.3, X 5.1 is `x-dm.md`
//! 5.1. *MB* is 1,000,000 bytes: no platform says which it means, and this one is always within.

use backscroll_model::Platform;

use super::MediaKind;
use crate::ImageKind;

/// Where a file goes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// The platform that shows it.
    pub platform: Platform,
    /// The way there.
    pub route: Route,
}

/// How the platform gets a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Its bytes are uploaded to the platform itself: Graph's attachment upload, X's media upload.
    Upload,
    /// The platform fetches it from an address: all of Ayrshare, Graph's `payload.url`.
    Address,
}

/// What a target takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Still pictures.
    pub image: ImageLimits,
    /// Moving pictures: GIF, on all platforms.
    pub animation: AnimationLimits,
    /// Films; `None`: not at all.
    pub video: Option<FileLimits>,
    /// Sounds.
    pub audio: Option<FileLimits>,
    /// Documents.
    pub document: Option<FileLimits>,
}

/// What a still picture has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageLimits {
    /// Bytes.
    pub bytes: u64,
    /// Longest side, in pixels.
    pub side: u32,
    /// Types that are sent as they are; everything else is converted.
    pub types: &'static [ImageKind],
}

/// What a moving picture has to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnimationLimits {
    /// Bytes.
    pub bytes: u64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Frames.
    pub frames: u32,
    /// Pixels over all frames.
    pub pixels: u64,
}

/// What a film, a sound or a document has to be. These are never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes.
    pub bytes: u64,
    /// Content types.
    pub types: &'static [&'static str],
    /// Shortest and longest, in milliseconds.
    pub millis: Option<(u64, u64)>,
}

impl Limits {
    /// The limits of films, sounds or documents; pictures have limits of their own.
    pub(super) fn file(&self, kind: MediaKind) -> Option<FileLimits> {
        match kind {
            MediaKind::Image => None,
            MediaKind::Video => self.video,
            MediaKind::Audio => self.audio,
            MediaKind::Document => self.document,
        }
    }
}

const MB: u64 = 1_000_000;
/// No platform names a longest side; phones and platforms scale larger pictures down. Ours.
const SIDE: u32 = 8_192;
/// Meta names no limits of animations beside bytes; these are X's total, and what a GIF of a minute has. Ours.
const FRAMES: u32 = 2_000;
/// X 5.1: 300 million pixels in total.
const PIXELS: u64 = 300 * MB;

const PDF: &[&str] = &["application/pdf"];

/// What `target` takes.
///
/// | | Messenger | Instagram | X |
/// |---|---|---|---|
/// | image | 25 MB by upload, 8 MB by address (G 6.6); "common formats": JPEG, PNG, GIF | 8 MB; PNG, JPEG, GIF (G 6.6, *on the upload page*; A 3.3) | 5 MB; JPEG, PNG, WebP (X 5.1) |
/// | animation | as an image | as an image | 15 MB, 1280 × 1080, 350 frames, 300 million pixels (X 5.1) |
/// | video | 25 MB (G 6.6); the extensions of A 3.3 | 25 MB; MP4, Ogg, AVI, MOV, WebM (G 6.6) | MP4, MOV, WebM; 0.5 to 140 s; 15 MB is ours, 512 MB is confirmed for posts only (X 5.1) |
/// | audio | 25 MB (G 6.6); by address the extensions of A 3.3 | 25 MB; AAC, M4A, WAV, MP4 (G 6.6) | none (X 5.1) |
/// | document | 25 MB (G 6.6); PDF is ours | 25 MB; PDF (G 6.6) | none (X 5.1) |
///
/// ```
/// use backscroll_media::preflight::{Route, Target, limits};
/// use backscroll_model::Platform;
/// let by_address = limits(Target { platform: Platform::Messenger, route: Route::Address });
/// assert_eq!(by_address.image.bytes, 8_000_000);
/// ```
pub fn limits(target: Target) -> Limits {
    match target.platform {
        Platform::Messenger => meta(
            match target.route {
                Route::Upload => 25 * MB,
                Route::Address => 8 * MB,
            },
            match target.route {
                Route::Upload => &["audio/aac", "audio/mp4", "audio/mpeg", "audio/wav", "audio/ogg"],
                // `.ogg` at an address means a film (A 3.3).
                Route::Address => &["audio/aac", "audio/mp4", "audio/mpeg", "audio/wav"],
            },
        ),
        Platform::Instagram => meta(8 * MB, &["audio/aac", "audio/mp4", "audio/wav"]),
        Platform::X => Limits {
            image: ImageLimits {
                bytes: 5 * MB,
                side: SIDE,
                types: &[ImageKind::Jpeg, ImageKind::Png, ImageKind::Webp],
            },
            animation: AnimationLimits { bytes: 15 * MB, width: 1_280, height: 1_080, frames: 350, pixels: PIXELS },
            video: Some(FileLimits {
                bytes: 15 * MB,
                types: &["video/mp4", "video/quicktime", "video/webm"],
                millis: Some((500, 140_000)),
            }),
            audio: None,
            document: None,
        },
    }
}

fn meta(image: u64, audio: &'static [&'static str]) -> Limits {
    let file = |types| Some(FileLimits { bytes: 25 * MB, types, millis: None });
    Limits {
        image: ImageLimits { bytes: image, side: SIDE, types: &[ImageKind::Jpeg, ImageKind::Png, ImageKind::Gif] },
        animation: AnimationLimits { bytes: image, width: SIDE, height: SIDE, frames: FRAMES, pixels: PIXELS },
        video: file(&["video/mp4", "video/quicktime", "video/webm", "video/x-msvideo", "video/ogg"]),
        audio: file(audio),
        document: file(PDF),
    }
}

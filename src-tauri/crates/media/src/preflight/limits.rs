//! What each platform takes, by each way there: one table, no code.
//!
//! Sources are sections of the API notes: G 6.6 is `meta-graph.md` 6.6, A 3.3 is `ayrshare.md` 3.3, X 5.1 is `x-dm.md`
//! 5.1. What stands in none of them says so: *ours*, and why. *MB* is 1,000,000 bytes: no platform says which it means,
//! and this one is always within. Ayrshare's own limits (30 MB by multipart, 5 GB by upload URL, A 7) are above all of
//! these.

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
    /// Moving pictures: GIF, on all platforms; others become one where they fit.
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

/// What a film, a sound or a document has to be. These are never made smaller.
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
/// Longest side of a still picture, in pixels. Ours: no platform names one, and a picture that a phone of 50 megapixels
/// makes (8,160 × 6,120) stays whole.
const SIDE: u32 = 8_192;
/// Longest side of an animation for Meta. Ours, for the same reason.
const CANVAS: (u32, u32) = (SIDE, SIDE);
/// Frames of an animation for Meta. Ours: Meta names only bytes, and a GIF of a minute has no more.
const FRAMES: u32 = 2_000;
/// Pixels of an animation over all frames: recommended by X (X 5.1). For Meta ours: it names none, and what X shows, all
/// phones show.
const PIXELS: u64 = 300 * MB;

const PDF: &[&str] = &["application/pdf"];

/// What `target` takes.
///
/// | | Messenger | Instagram | X |
/// |---|---|---|---|
/// | image | 25 MB by upload, 8 MB by address (G 6.6); "common formats" (G 6.6), of which JPEG, PNG and GIF are ours | 8 MB; PNG, JPEG, GIF (G 6.6: the last *on the upload page*; A 3.3) | 5 MB; JPEG, PNG, WebP (X 5.1; A 3.3) |
/// | animation | as an image | as an image | 15 MB (X 5.1; A 3.3); 1,280 × 1,080, 350 frames and 300 million pixels are X's recommendation (X 5.1), kept to because nobody says what happens beyond |
/// | video | 25 MB (G 6.6); the extensions of A 3.3, ours for an upload, of which G 6.6 names none | 25 MB; MP4, Ogg, AVI, MOV, WebM (G 6.6; A 3.3) | MP4, MOV, WebM, 0.5 to 140 s: X's general limits (X 5.1); 15 MB is X 5.1's advice, where 512 MB is unconfirmed for direct messages |
/// | audio | 25 MB (G 6.6); the extensions of A 3.3, and for an upload Ogg, which is ours: G 6.6 names none | 25 MB; AAC, M4A, WAV, MP4 (G 6.6; A 3.3) | none (X 5.1; A 3.3) |
/// | document | 25 MB (G 6.6); PDF alone is ours: what else a customer should open is not for us to say | 25 MB; PDF (G 6.6) | none (X 5.1; A 3.3) |
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
        animation: AnimationLimits { bytes: image, width: CANVAS.0, height: CANVAS.1, frames: FRAMES, pixels: PIXELS },
        video: file(&["video/mp4", "video/quicktime", "video/webm", "video/x-msvideo", "video/ogg"]),
        audio: file(audio),
        document: file(PDF),
    }
}

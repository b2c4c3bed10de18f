//! What a file is, by its bytes: nothing is believed of its name.

use crate::sniff;

/// What a file is, for the platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaKind {
    /// A picture, still or moving.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// A PDF.
    Document,
}

impl MediaKind {
    /// The name of a file that has none.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Image => "picture",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }
}

/// The type that the bytes show. An Ogg with pictures in it says so near its beginning.
pub(super) fn true_type(head: &[u8]) -> Option<&'static str> {
    // What phones write: the brand alone tells, whatever else the file claims to be compatible with.
    if let Some([b'f', b't', b'y', b'p', brand @ ..]) = head.get(4..12) {
        match brand {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => return Some("image/heif"),
            b"avif" | b"avis" => return Some("image/avif"),
            _ => {}
        }
    }
    match sniff::type_of(head)? {
        "audio/ogg" if head.windows(6).any(|word| word == b"theora") => Some("video/ogg"),
        // Meant for web views, which play both alike.
        "audio/webm" => Some("video/webm"),
        mime => Some(mime),
    }
}

pub(super) fn kind_of(mime: &str) -> Option<MediaKind> {
    match mime.split_once('/')?.0 {
        "video" => Some(MediaKind::Video),
        "audio" => Some(MediaKind::Audio),
        _ if mime == "application/pdf" => Some(MediaKind::Document),
        _ => None,
    }
}

//! What a file is, by its bytes: nothing is believed of its name.

use super::pdf;
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
    if let Some(picture) = picture_in_boxes(head) {
        return Some(picture);
    }
    match sniff::type_of(head)? {
        "audio/ogg" if head.windows(6).any(|word| word == b"theora") => Some("video/ogg"),
        // Meant for web views, which play both alike.
        "audio/webm" => Some("video/webm"),
        "application/pdf" if !pdf::is_pdf(head) => None,
        mime => Some(mime),
    }
}

/// Pictures that share the container of films (ISO/IEC 23008-12; AV1 Image File Format). As phones write them, the first
/// brand tells; a brand of tomorrow names the one of today among those that it is compatible with.
fn picture_in_boxes(head: &[u8]) -> Option<&'static str> {
    let (length, rest) = head.split_first_chunk::<4>()?;
    let (brand, rest) = rest.strip_prefix(b"ftyp")?.split_first_chunk::<4>()?;
    let picture = match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Some("image/heif"),
        b"avif" | b"avis" => Some("image/avif"),
        _ => None,
    };
    picture.or_else(|| {
        // Length, name, brand and version come before the others.
        let bytes = usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_sub(16)?;
        rest.get(4..)?.chunks_exact(4).take(bytes / 4).find_map(|brand| match brand {
            b"heic" | b"heix" | b"mif1" => Some("image/heif"),
            b"avif" => Some("image/avif"),
            _ => None,
        })
    })
}

pub(super) fn kind_of(mime: &str) -> Option<MediaKind> {
    match mime.split_once('/')?.0 {
        "video" => Some(MediaKind::Video),
        "audio" => Some(MediaKind::Audio),
        _ if mime == "application/pdf" => Some(MediaKind::Document),
        _ => None,
    }
}

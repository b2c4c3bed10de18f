//! What a file is called where people see it: as they know it, cleaned, with the extension that its bytes deserve.

use super::MediaKind;
use crate::{clean_file_name, extension_of};

/// Extensions that give way to the right one. Others are part of the name: *offer v1.2*.
const EXTENSIONS: [&str; 36] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "webp", "heic", "heif", "avif", "bmp", "tif", "tiff", "svg",
    "mp4", "m4v", "mov", "qt", "webm", "mkv", "avi", "ogv", "ogg", "oga", "opus", "m4a", "mp3", "wav", "aac", "flac",
    "pdf", "txt", "html", "exe", "bin",
];

/// `name` for people, with the extension of `mime`.
pub(super) fn named(name: &str, mime: &str, kind: MediaKind) -> String {
    let right = extension_of(mime);
    let clean = clean_file_name(name);
    let stem = clean.as_deref().map(|clean| match clean.rsplit_once('.') {
        Some((stem, last)) if !stem.is_empty() && EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(last)) => stem,
        _ => clean,
    });
    format!("{}.{right}", stem.unwrap_or(kind.word()))
}

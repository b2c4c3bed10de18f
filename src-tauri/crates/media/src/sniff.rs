//! What a film, a sound or a file is, by its first bytes. Names and content types are not believed.
//!
//! Promises: a film or a sound is one of the containers that a player knows, under the name by which it knows them;
//! everything else that claims to be one (an error page, a picture, a program) is refused. Nothing is decoded here: the
//! desktop's player does that when the user presses *play*.

/// As many bytes as a type needs to be told.
pub const HEAD_BYTES: usize = 4_096;

/// What an attachment claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A film: moving pictures, or at least sound.
    Video,
    /// A sound. Containers of films may hold nothing else: voice messages come as MP4.
    Audio,
    /// Anything.
    Other,
}

/// The type of a file that begins with `head`; `None`: it is not what it claims to be.
///
/// ```
/// use backscroll_media::{FileKind, sniff};
/// assert_eq!(sniff(FileKind::Audio, b"RIFF....WAVEfmt "), Some("audio/wav"));
/// assert_eq!(sniff(FileKind::Video, b"<!doctype html>"), None);
/// assert_eq!(sniff(FileKind::Other, b"whatever"), Some("application/octet-stream"));
/// ```
pub fn sniff(kind: FileKind, head: &[u8]) -> Option<&'static str> {
    let seen = type_of(head);
    match (kind, seen) {
        (FileKind::Other, seen) => Some(seen.unwrap_or("application/octet-stream")),
        (FileKind::Audio, Some("video/mp4" | "video/quicktime")) => Some("audio/mp4"),
        (FileKind::Audio, Some("video/webm" | "video/x-matroska")) => Some("audio/webm"),
        (FileKind::Video, Some("audio/ogg")) => Some("video/ogg"),
        (FileKind::Video | FileKind::Audio, seen) => {
            seen.filter(|m| m.starts_with("video/") || m.starts_with("audio/"))
        }
    }
}

/// The type by the bytes, by the name that web views know.
pub(crate) fn type_of(head: &[u8]) -> Option<&'static str> {
    let known = infer::get(head).map(|found| found.mime_type());
    match known {
        Some("audio/x-wav") => Some("audio/wav"),
        Some("audio/m4a") => Some("audio/mp4"),
        Some("audio/opus") => Some("audio/ogg"),
        Some("audio/x-flac") => Some("audio/flac"),
        Some("audio/x-aiff") => Some("audio/aiff"),
        Some("video/x-m4v") => Some("video/mp4"),
        Some(other) => Some(other),
        // A brand of MP4 that nobody has listed, unless it is one of the pictures that share the container.
        None if head.get(4..8) == Some(b"ftyp".as_slice()) => {
            let brand = head.get(8..12).unwrap_or_default();
            let picture =
                matches!(brand, b"avif" | b"avis" | b"mif1" | b"msf1" | b"heic" | b"heix" | b"heim" | b"hevc");
            (!picture).then_some("video/mp4")
        }
        None => None,
    }
}

/// The extension of a file of this type, without a dot, where we give a name to a file that has none.
pub fn extension_of(mime: &str) -> &'static str {
    match mime {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/webm" | "audio/webm" => "webm",
        // The one that `ayrshare.md` 3.3 lists for films; `ogv` it does not know.
        "video/ogg" => "ogg",
        "video/x-msvideo" => "avi",
        "audio/mp4" => "m4a",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        "audio/aac" => "aac",
        "audio/flac" => "flac",
        "audio/amr" => "amr",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_and_sounds_are_told_by_their_bytes() {
        let webm = [&b"\x1a\x45\xdf\xa3...\x42\x82\x84webm"[..], &[0; 300]].concat();
        for (kind, head, mime) in [
            (FileKind::Video, &b"\0\0\0\x18ftypisom\0\0\0\0"[..], Some("video/mp4")),
            (FileKind::Video, b"\0\0\0\x18ftypM4V \0\0\0\0", Some("video/mp4")),
            (FileKind::Video, b"\0\0\0\x18ftypxyz1\0\0\0\0", Some("video/mp4")),
            (FileKind::Video, b"\0\0\0\x14ftypqt  \0\0\0\0", Some("video/quicktime")),
            (FileKind::Video, &webm, Some("video/webm")),
            (FileKind::Video, b"OggS....................................", Some("video/ogg")),
            (FileKind::Audio, b"\0\0\0\x18ftypmp42\0\0\0\0", Some("audio/mp4")),
            (FileKind::Audio, b"\0\0\0\x18ftypM4A \0\0\0\0", Some("audio/mp4")),
            (FileKind::Audio, &webm, Some("audio/webm")),
            (FileKind::Audio, b"ID3\x04....", Some("audio/mpeg")),
            (FileKind::Audio, b"OggS....................................", Some("audio/ogg")),
            (FileKind::Audio, b"RIFF\0\0\0\0WAVEfmt ", Some("audio/wav")),
            (FileKind::Other, b"%PDF-1.7", Some("application/pdf")),
        ] {
            assert_eq!(sniff(kind, head), mime, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_film_is_refused_whatever_it_claims() {
        for head in [
            &b""[..],
            b"<!DOCTYPE html><html>",
            b"{\"error\":1}",
            b"\x89PNG\r\n\x1a\n",
            b"%PDF-1.7",
            b"\x7fELF\x02\x01\x01",
            b"MZ\x90\0",
            b"\0\0\0\x1cftypavif\0\0\0\0",
            b"\0\0\0\x1cftypheic\0\0\0\0",
        ] {
            assert_eq!(sniff(FileKind::Video, head), None, "{}", head.escape_ascii());
            assert_eq!(sniff(FileKind::Audio, head), None, "{}", head.escape_ascii());
        }
    }
}

//! JPEG: markers up to the end, the coded data between them untouched.
//!
//! What stays of the application segments: `JFIF` without a preview, and `Adobe`, which says how the colours are coded.
//! A phone hides a second picture, a depth map or a film behind the end; these go too.

use super::{PROFILE_BYTES, Surface};

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const COMMENT: u8 = 0xfe;
const EXIF: &[u8] = b"Exif\0\0";
const PROFILE: &[u8] = b"ICC_PROFILE\0";

pub(super) fn read(jpeg: &[u8]) -> Option<Surface> {
    let mut rest = jpeg.strip_prefix(&SOI)?;
    let mut surface = Surface::of(Vec::with_capacity(jpeg.len()));
    surface.bare.extend(SOI);
    let mut profile = Vec::new();
    let mut turned = false;
    loop {
        let (marker, after) = next_marker(rest)?;
        match marker {
            EOI => {
                surface.bare.extend([0xff, EOI]);
                surface.dropped |= !after.is_empty();
                break;
            }
            // Stands alone: between scans such a mark says nothing.
            0x01 | 0xd0..=0xd7 => rest = after,
            _ => {
                let (length, _) = after.split_first_chunk::<2>()?;
                let (segment, behind) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
                let data = segment.get(2..)?;
                rest = behind;
                if stays(marker, data) {
                    surface.bare.extend([0xff, marker]);
                    surface.bare.extend(segment);
                } else {
                    surface.dropped = true;
                    match (marker, data.strip_prefix(EXIF), data.strip_prefix(PROFILE)) {
                        (0xe1, Some(exif), _) if !turned => {
                            turned = true;
                            surface.turn(exif);
                        }
                        (0xe2, _, Some([place, _, part @ ..])) => profile.push((*place, part)),
                        _ => {}
                    }
                }
                surface.inks |= is_frame(marker) && data.get(5) == Some(&4);
                if marker == SOS {
                    let (scan, behind) = rest.split_at_checked(scan_length(rest))?;
                    surface.bare.extend(scan);
                    rest = behind;
                }
            }
        }
    }
    surface.profile = joined(profile);
    Some(surface)
}

/// The next marker and what follows it; any number of 0xff may stand before it.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes.strip_prefix(&[0xff])?;
    while let Some(more) = rest.strip_prefix(&[0xff]) {
        rest = more;
    }
    rest.split_first().map(|(marker, after)| (*marker, after))
}

fn stays(marker: u8, data: &[u8]) -> bool {
    match marker {
        0xe0 => data.starts_with(b"JFIF\0") && data.len() == 14,
        0xee => data.starts_with(b"Adobe") && data.len() == 12,
        0xe1..=0xef | COMMENT => false,
        _ => true,
    }
}

/// The header of a frame, of any coding.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// Bytes of coded data up to the next marker: 0xff is followed by 0 in data, and by 0xd0 to 0xd7 at restarts.
fn scan_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| *b == 0xff)) {
        match bytes.get(at + found + 1) {
            Some(0 | 0xd0..=0xd7) => at += found + 2,
            _ => return at + found,
        }
    }
    bytes.len()
}

/// A profile comes in numbered pieces of 64 KB.
fn joined(mut parts: Vec<(u8, &[u8])>) -> Option<Vec<u8>> {
    parts.sort_by_key(|(place, _)| *place);
    let whole: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part).take(PROFILE_BYTES).copied().collect();
    (!whole.is_empty()).then_some(whole)
}

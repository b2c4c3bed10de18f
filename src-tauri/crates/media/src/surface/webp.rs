//! WebP: chunks of RIFF. The header's flags are mended when what they promise is gone.

use super::{Motion, PROFILE_BYTES, Surface};

/// Flags of `VP8X`: profile, Exif, XMP.
const PROMISES: u8 = 0x20 | 0x08 | 0x04;
const HEADER: usize = 12;

pub(super) fn read(webp: &[u8]) -> Option<Surface> {
    let size = usize::try_from(u32::from_le_bytes(*webp.get(4..)?.first_chunk()?)).ok()?;
    let whole = webp.get(..size.checked_add(8)?)?;
    let (header, mut rest) = whole.split_at_checked(HEADER)?;
    let mut surface = Surface::of(Vec::with_capacity(whole.len()));
    surface.bare.extend_from_slice(header);
    surface.dropped = whole.len() < webp.len();
    let (mut frames, mut pictures) = (0, 0);
    while let Some((kind, after)) = rest.split_first_chunk::<4>() {
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let data = after.get(..length)?;
        // A chunk of odd length is padded; at the very end the padding may be missing.
        let (chunk, behind) = rest.split_at(length.checked_add(8 + length % 2)?.min(rest.len()));
        match kind {
            b"VP8X" => {
                let start = surface.bare.len() + 8;
                surface.bare.extend_from_slice(chunk);
                if let Some(flags) = surface.bare.get_mut(start) {
                    *flags &= !PROMISES;
                }
            }
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" => surface.bare.extend_from_slice(chunk),
            _ => surface.dropped = true,
        }
        match kind {
            b"EXIF" => surface.turn(data.strip_prefix(b"Exif\0\0").unwrap_or(data)),
            b"ICCP" => surface.profile = Some(data.iter().take(PROFILE_BYTES).copied().collect()),
            b"ANMF" => frames += 1,
            b"VP8 " | b"VP8L" => pictures += 1,
            _ => {}
        }
        rest = behind;
    }
    let size = u32::try_from(surface.bare.len().checked_sub(8)?).ok()?;
    surface.bare.get_mut(4..8)?.copy_from_slice(&size.to_le_bytes());
    surface.motion = (frames > 0).then_some(Motion { frames, canvas: (0, 0), millis: 0 });
    (frames + pictures > 0).then_some(surface)
}

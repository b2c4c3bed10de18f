//! PNG: chunks. What stays makes the picture or says plainly which colours are meant; an animation loses its frames,
//! because no platform shows them. They are kept aside, for those who make a GIF of them.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Motion, PROFILE_BYTES, Surface};

const SIGNATURE: usize = 8;

pub(super) fn read(png: &[u8]) -> Option<Surface> {
    let (signature, mut rest) = png.split_at_checked(SIGNATURE)?;
    let mut surface = Surface::of(Vec::with_capacity(png.len()));
    surface.bare.extend_from_slice(signature);
    loop {
        // Length, type, data, checksum.
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let kind = after.first_chunk::<4>()?;
        let data = after.get(4..)?.get(..length)?;
        let (chunk, behind) = rest.split_at_checked(length.checked_add(12)?)?;
        match kind {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" | b"sRGB" | b"gAMA" | b"cHRM" | b"cICP" | b"sBIT"
            | b"pHYs" => {
                surface.bare.extend_from_slice(chunk);
                surface.frames.iter_mut().for_each(|frames| frames.extend_from_slice(chunk));
            }
            b"acTL" => {
                surface.frames = Some([&surface.bare, chunk].concat());
            }
            b"fcTL" | b"fdAT" if surface.frames.is_some() => {
                surface.frames.iter_mut().for_each(|frames| frames.extend_from_slice(chunk));
            }
            _ => surface.dropped = true,
        }
        match kind {
            b"eXIf" => surface.turn(data),
            b"iCCP" => surface.profile = unpacked(data),
            b"acTL" => {
                let frames = data.first_chunk().map_or(0, |frames| u32::from_be_bytes(*frames));
                surface.motion = (frames > 1).then_some(Motion { frames, canvas: (0, 0), millis: 0 });
            }
            b"IEND" => {
                surface.dropped |= !behind.is_empty();
                return Some(surface);
            }
            _ => {}
        }
        rest = behind;
    }
}

/// Name, zero, method, then the packed profile, of which no more than [`PROFILE_BYTES`] is unpacked.
fn unpacked(data: &[u8]) -> Option<Vec<u8>> {
    let name = data.iter().position(|b| *b == 0)?;
    let mut profile = Vec::new();
    ZlibDecoder::new(data.get(name + 2..)?).take(PROFILE_BYTES as u64).read_to_end(&mut profile).ok()?;
    Some(profile)
}

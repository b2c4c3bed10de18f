//! Takes out of a PNG what is not needed to show it, before any decoder sees it.
//!
//! Why: the decoder unpacks colour profiles and texts while it reads the header, before any limit on pixels applies; a
//! profile of 292 KB cost 297 MB. The chunks that stay are those that hold the picture, and the orientation.

/// `eXIf` holds the orientation; more than this is a payload.
const EXIF_BYTES: usize = 64 * 1024;
const SIGNATURE: usize = 8;

/// The same PNG with only the chunks that make the picture. What is damaged stays damaged: the decoder reports it.
pub(crate) fn bare(png: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(png.len());
    let (signature, mut rest) = png.split_at(SIGNATURE.min(png.len()));
    out.extend_from_slice(signature);
    // Length, type, data, checksum.
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let Some((kind, _)) = after.split_first_chunk::<4>() else { break };
        let data = u32::from_be_bytes(*length) as usize;
        let whole = data.saturating_add(12).min(rest.len());
        let (chunk, next) = rest.split_at(whole);
        let keep = match kind {
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" => true,
            b"eXIf" => data <= EXIF_BYTES,
            _ => false,
        };
        if keep {
            out.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            break;
        }
        rest = next;
    }
    out
}

//! What parent and child say to each other over two pipes.
//!
//! In: one byte for [`Fit`], then the file. Out: a header of 16 bytes (`BSIM`, verdict, encoding, two zeros, width and
//! height in little endian), then the picture. The parent believes nothing of it: the sizes must fit what was asked for
//! and the bytes must begin like the encoding that is claimed.

use crate::{DecodeError, Fit, ImageKind, Picture, PictureKind, probe};

const MAGIC: [u8; 4] = *b"BSIM";
/// Most that a child may say: a PNG of 960 × 960 without any compression is 3.7 MB.
pub(crate) const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The byte for a picture that is to be sent; what follows it is in `outgoing/wire.rs`.
pub(crate) const OUTGOING: u8 = b'o';

/// The byte for what is wanted.
pub(crate) fn fit_byte(fit: Fit) -> u8 {
    match fit {
        Fit::Picture => b'p',
        Fit::Avatar => b'a',
    }
}

/// Reads [`fit_byte`] back.
pub(crate) fn fit_of(byte: u8) -> Option<Fit> {
    [Fit::Picture, Fit::Avatar].into_iter().find(|fit| fit_byte(*fit) == byte)
}

/// The child's answer.
pub(crate) fn write(result: Result<Picture, DecodeError>) -> Vec<u8> {
    let (verdict, picture) = match result {
        Ok(picture) => (b'+', Some(picture)),
        Err(DecodeError::TooLarge) => (b'L', None),
        Err(DecodeError::Unreadable | DecodeError::OutOfTime | DecodeError::Died | DecodeError::NotStarted(_)) => {
            (b'U', None)
        }
    };
    let mut out = MAGIC.to_vec();
    out.push(verdict);
    out.push(match picture.as_ref().map(|p| p.kind) {
        Some(PictureKind::Png) => b'p',
        Some(PictureKind::Jpeg) => b'j',
        Some(PictureKind::Gif) => b'g',
        None => 0,
    });
    out.extend_from_slice(&[0, 0]);
    let (width, height) = picture.as_ref().map_or((0, 0), |p| (p.width, p.height));
    out.extend_from_slice(&width.to_le_bytes());
    out.extend_from_slice(&height.to_le_bytes());
    out.extend_from_slice(&picture.map(|p| p.bytes).unwrap_or_default());
    out
}

/// The parent's reading of it.
pub(crate) fn read(answer: &[u8], fit: Fit) -> Result<Picture, DecodeError> {
    let (header, bytes) = answer.split_first_chunk::<16>().ok_or(DecodeError::Died)?;
    let [b'B', b'S', b'I', b'M', verdict, encoding, 0, 0, w0, w1, w2, w3, h0, h1, h2, h3] = *header else {
        return Err(DecodeError::Died);
    };
    match verdict {
        b'+' => {}
        b'L' => return Err(DecodeError::TooLarge),
        b'U' => return Err(DecodeError::Unreadable),
        _ => return Err(DecodeError::Died),
    }
    let kind = match (encoding, probe(bytes)) {
        (b'p', Some(ImageKind::Png)) => PictureKind::Png,
        (b'j', Some(ImageKind::Jpeg)) => PictureKind::Jpeg,
        (b'g', Some(ImageKind::Gif)) if fit == Fit::Picture => PictureKind::Gif,
        _ => return Err(DecodeError::Died),
    };
    let width = u32::from_le_bytes([w0, w1, w2, w3]);
    let height = u32::from_le_bytes([h0, h1, h2, h3]);
    let fits = |side| (1..=fit.max_side()).contains(&side);
    if !fits(width) || !fits(height) {
        return Err(DecodeError::Died);
    }
    Ok(Picture { width, height, kind, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn picture() -> Picture {
        Picture { width: 96, height: 40, kind: PictureKind::Jpeg, bytes: b"\xff\xd8\xff picture".to_vec() }
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(read(&write(Ok(picture())), Fit::Picture).unwrap(), picture());
        for error in [DecodeError::TooLarge, DecodeError::Unreadable] {
            assert_eq!(read(&write(Err(error)), Fit::Picture), Err(error));
        }
        for fit in [Fit::Picture, Fit::Avatar] {
            assert_eq!(fit_of(fit_byte(fit)), Some(fit));
        }
        assert_eq!(fit_of(0), None);
    }

    #[test]
    fn a_child_that_lies_is_not_believed() {
        let good = write(Ok(picture()));
        let lies = [
            write(Ok(Picture { width: 97, ..picture() })),
            write(Ok(Picture { height: 0, ..picture() })),
            write(Ok(Picture { kind: PictureKind::Png, ..picture() })),
            write(Ok(Picture { bytes: b"<svg onload=x>".to_vec(), ..picture() })),
            write(Ok(Picture { bytes: Vec::new(), ..picture() })),
            good[..10].to_vec(),
            Vec::new(),
            b"BSIM?".iter().chain(&[0; 40]).copied().collect(),
        ];
        for lie in lies {
            assert_eq!(read(&lie, Fit::Avatar), Err(DecodeError::Died));
        }
    }
}

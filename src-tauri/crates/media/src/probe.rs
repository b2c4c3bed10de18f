//! What bytes are, by their first few. Names and content types are not believed.

/// The formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// PNG; of an animation the default image.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF; an animation goes on moving unless it is too long.
    Gif,
    /// WebP; of an animation the first frame.
    Webp,
}

/// The format of `bytes`, if it is one that is decoded.
pub fn probe(bytes: &[u8]) -> Option<ImageKind> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(ImageKind::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageKind::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageKind::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageKind::Webp),
        _ => None,
    }
}

impl ImageKind {
    /// As the decoding library names it.
    pub(crate) fn format(self) -> image::ImageFormat {
        match self {
            Self::Png => image::ImageFormat::Png,
            Self::Jpeg => image::ImageFormat::Jpeg,
            Self::Gif => image::ImageFormat::Gif,
            Self::Webp => image::ImageFormat::WebP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_four_formats_are_known() {
        assert_eq!(probe(b"\x89PNG\r\n\x1a\n..."), Some(ImageKind::Png));
        assert_eq!(probe(b"\xff\xd8\xff\xe0"), Some(ImageKind::Jpeg));
        assert_eq!(probe(b"GIF87a"), Some(ImageKind::Gif));
        assert_eq!(probe(b"RIFF\x01\x02\x03\x04WEBPVP8 "), Some(ImageKind::Webp));
        for other in [
            &b""[..],
            b"<svg xmlns=",
            b"BM1234",
            b"II*\0",
            b"%PDF-1.7",
            b"\0\0\0\x1cftypavif",
            b"RIFF....WAVE",
            b"GIF88a",
        ] {
            assert_eq!(probe(other), None);
        }
    }
}

//! What some bytes are, by themselves: the networks look at them too and refuse a voice note sent as a video (meta-graph
//! reference 6.6).

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniffed {
    Png,
    Jpeg,
    Gif,
    Webp,
    Bmp,
    /// An iPhone's picture; Instagram refuses it with its own number.
    Heic,
    /// MPEG-4 with a picture track.
    Mp4,
    /// MPEG-4 with sound only.
    M4a,
    Mov,
    Webm,
    Avi,
    Ogg,
    Mp3,
    Wav,
    Aac,
    Pdf,
    /// Nothing known: good enough for `file` on Messenger only.
    Other,
}

impl Sniffed {
    #[cfg(test)]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut sniffer = Sniffer::default();
        sniffer.feed(bytes);
        sniffer.end()
    }

    fn by_head(bytes: &[u8], sound: bool, picture: bool) -> Self {
        let at = |from: usize, magic: &[u8]| bytes.get(from..from + magic.len()) == Some(magic);
        if at(4, b"ftyp") {
            return Self::of_mpeg4(bytes, sound && !picture);
        }
        let magic: [(usize, &[u8], Self); 14] = [
            (0, b"\x89PNG\r\n", Self::Png),
            (0, b"\xff\xd8\xff", Self::Jpeg),
            (0, b"GIF8", Self::Gif),
            (8, b"WEBP", Self::Webp),
            (0, b"BM", Self::Bmp),
            (0, b"\x1aE\xdf\xa3", Self::Webm),
            (8, b"AVI ", Self::Avi),
            (0, b"OggS", Self::Ogg),
            (0, b"ID3", Self::Mp3),
            (0, b"\xff\xfb", Self::Mp3),
            (8, b"WAVE", Self::Wav),
            (0, b"\xff\xf1", Self::Aac),
            (0, b"\xff\xf9", Self::Aac),
            (0, b"%PDF", Self::Pdf),
        ];
        magic.into_iter().find(|(from, magic, _)| at(*from, magic)).map_or(Self::Other, |(_, _, found)| found)
    }

    fn of_mpeg4(bytes: &[u8], only_sound: bool) -> Self {
        match bytes.get(8..12) {
            Some(b"heic" | b"heix" | b"mif1" | b"msf1") => Self::Heic,
            Some(b"M4A ") => Self::M4a,
            Some(b"qt  ") => Self::Mov,
            _ if only_sound => Self::M4a,
            _ => Self::Mp4,
        }
    }

    /// By the end of a name, for an address that is believed rather than fetched.
    pub(crate) fn by_extension(extension: &str) -> Self {
        match extension {
            "png" => Self::Png,
            "jpg" | "jpeg" => Self::Jpeg,
            "gif" => Self::Gif,
            "webp" => Self::Webp,
            "bmp" => Self::Bmp,
            "heic" | "heif" => Self::Heic,
            "mp4" | "m4v" => Self::Mp4,
            "m4a" => Self::M4a,
            "mov" => Self::Mov,
            "webm" => Self::Webm,
            "avi" => Self::Avi,
            "ogg" => Self::Ogg,
            "mp3" => Self::Mp3,
            "wav" => Self::Wav,
            "aac" => Self::Aac,
            "pdf" => Self::Pdf,
            _ => Self::Other,
        }
    }

    /// The extension under which the file is kept; it decides the type that the files' server tells.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Bmp => "bmp",
            Self::Heic => "heic",
            Self::Mp4 => "mp4",
            Self::M4a => "m4a",
            Self::Mov => "mov",
            Self::Webm => "webm",
            Self::Avi => "avi",
            Self::Ogg => "ogg",
            Self::Mp3 => "mp3",
            Self::Wav => "wav",
            Self::Aac => "aac",
            Self::Pdf => "pdf",
            Self::Other => "bin",
        }
    }

    pub(crate) const fn is_image(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::Gif | Self::Webp | Self::Bmp | Self::Heic)
    }

    pub(crate) const fn is_video(self) -> bool {
        matches!(self, Self::Mp4 | Self::Mov | Self::Webm | Self::Avi | Self::Ogg)
    }

    /// Ogg and MPEG-4 hold either.
    pub(crate) const fn is_audio(self) -> bool {
        matches!(self, Self::M4a | Self::Mp4 | Self::Ogg | Self::Mp3 | Self::Wav | Self::Aac)
    }
}

/// Looks at a file while it arrives. The tracks of an MPEG-4 file are looked for in its first 8 MB only: one that tells of
/// them later counts as a film.
#[derive(Debug, Default)]
pub(crate) struct Sniffer {
    head: Vec<u8>,
    /// The last bytes before this chunk: a word may lie across two.
    tail: Vec<u8>,
    seen: usize,
    sound: bool,
    picture: bool,
}

impl Sniffer {
    const HEAD: usize = 32;
    const DEPTH: usize = 8 << 20;

    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        let wanted = Self::HEAD.saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
        let mpeg4 = self.head.get(4..8).is_none_or(|word| word == b"ftyp");
        if mpeg4 && self.seen < Self::DEPTH {
            let left = (Self::DEPTH - self.seen).min(chunk.len());
            self.tail.extend_from_slice(chunk.get(..left).unwrap_or_default());
            let has = |word: &[u8]| self.tail.windows(word.len()).any(|w| w == word);
            (self.sound, self.picture) = (self.sound || has(b"soun"), self.picture || has(b"vide"));
            self.tail.drain(..self.tail.len().saturating_sub(3));
        }
        self.seen = self.seen.saturating_add(chunk.len());
    }

    pub(crate) fn end(self) -> Sniffed {
        Sniffed::by_head(&self.head, self.sound, self.picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_note_is_told_from_a_film_and_an_iphone_picture_from_both() {
        assert_eq!(Sniffed::of(b"\0\0\0\x18ftypM4A \0\0\0\0"), Sniffed::M4a);
        assert_eq!(Sniffed::of(b"\0\0\0\x18ftypisom....hdlr....soun"), Sniffed::M4a);
        assert_eq!(Sniffed::of(b"\0\0\0\x18ftypisom....hdlr....soun....hdlr....vide"), Sniffed::Mp4);
        assert_eq!(Sniffed::of(b"\0\0\0\x18ftypheic\0\0\0\0"), Sniffed::Heic);
        assert_eq!(Sniffed::of(b"%PDF-1.7"), Sniffed::Pdf);
        assert_eq!(Sniffed::of(b"RIFF....WEBPVP8 "), Sniffed::Webp);
        assert_eq!(Sniffed::of(b""), Sniffed::Other);
    }

    #[test]
    fn what_a_file_is_does_not_depend_on_how_it_is_cut_into_pieces() {
        for bytes in [b"\0\0\0\x18ftypisom....hdlr....soun".as_slice(), b"RIFF....WEBPVP8 ", b"%PDF-1.7"] {
            let mut sniffer = Sniffer::default();
            bytes.iter().for_each(|byte| sniffer.feed(&[*byte]));
            assert_eq!(sniffer.end(), Sniffed::of(bytes));
        }
    }
}

//! What is cheap to know of films and sounds: whether the file is whole, whether there is anything to see in it, and how
//! long it takes. Headers only; nothing is decoded.

use std::io::{self, Read, Seek, SeekFrom};

/// What the headers say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Once through, in milliseconds.
    pub(super) millis: Option<u64>,
    /// There are tracks, and all of them are sound.
    pub(super) only_sound: bool,
}

/// Boxes that are looked at, at all levels. A film has some dozens.
const MAX_BOXES: u32 = 10_000;
/// `moov`, `trak`, `mdia`: nothing that matters lies deeper.
const MAX_DEPTH: u8 = 4;

/// MP4 and QuickTime; `None` inside: damaged or cut off.
pub(super) fn mp4<R: Read + Seek>(file: &mut R, length: u64) -> io::Result<Option<Facts>> {
    let mut walk = Walk { file, boxes: 0, movie: false, millis: None, sees: false, hears: false };
    let sound = walk.level(0, length, 0)?;
    let facts = Facts { millis: walk.millis, only_sound: walk.hears && !walk.sees };
    Ok((sound && walk.movie).then_some(facts))
}

struct Walk<'a, R> {
    file: &'a mut R,
    boxes: u32,
    movie: bool,
    millis: Option<u64>,
    sees: bool,
    hears: bool,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// The boxes from `at` to `end`; `false`: one reaches beyond.
    fn level(&mut self, mut at: u64, end: u64, depth: u8) -> io::Result<bool> {
        // Eight bytes: length and name. QuickTime ends lists with four zeros.
        while end - at >= 8 {
            self.boxes += 1;
            if self.boxes > MAX_BOXES {
                return Ok(false);
            }
            self.file.seek(SeekFrom::Start(at))?;
            let [s0, s1, s2, s3, name @ ..] = self.take::<8>()?;
            let (length, header) = match u32::from_be_bytes([s0, s1, s2, s3]) {
                0 => (end - at, 8),
                1 if end - at >= 16 => (u64::from_be_bytes(self.take()?), 16),
                short => (u64::from(short), 8),
            };
            if length < header || length > end - at {
                return Ok(false);
            }
            let (inside, behind) = (at + header, at + length);
            match &name {
                b"moov" | b"trak" | b"mdia" if depth < MAX_DEPTH => {
                    self.movie |= &name == b"moov";
                    if !self.level(inside, behind, depth + 1)? {
                        return Ok(false);
                    }
                }
                b"mvhd" if length - header >= 32 => self.movie_header()?,
                b"hdlr" if length - header >= 12 => {
                    let handler = self.take::<12>()?;
                    self.sees |= handler.ends_with(b"vide");
                    self.hears |= handler.ends_with(b"soun");
                }
                _ => {}
            }
            at = behind;
        }
        Ok(true)
    }

    /// Ticks a second, and ticks in all; wide in version 1.
    fn movie_header(&mut self) -> io::Result<()> {
        let [version, ..] = self.take::<4>()?;
        let (scale, ticks) = if version == 1 {
            self.take::<16>()?;
            (u32::from_be_bytes(self.take()?), u64::from_be_bytes(self.take()?))
        } else {
            self.take::<8>()?;
            (u32::from_be_bytes(self.take()?), u32::from_be_bytes(self.take()?).into())
        };
        // Fragmented films say 0, which means that nobody knew.
        self.millis = ticks.checked_mul(1_000).and_then(|t| t.checked_div(scale.into())).filter(|millis| *millis > 0);
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// How long a WAV is, by its head: bytes a second, and the rest of the file where it does not say.
pub(super) fn wav_millis(head: &[u8], length: u64) -> Option<u64> {
    let mut rest = head.get(12..)?;
    let mut rate = 0;
    loop {
        let (name, after) = rest.split_first_chunk::<4>()?;
        let (size, data) = after.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size);
        match name {
            b"fmt " => rate = u32::from_le_bytes(*data.get(8..)?.first_chunk()?),
            b"data" => return u64::from(size).min(length).checked_mul(1_000)?.checked_div(rate.into()),
            _ => {}
        }
        rest = data.get(usize::try_from(size).ok()?.checked_add(size as usize % 2)?..)?;
    }
}

//! Ogg: pages (RFC 3533). The second packet of a Vorbis, Opus or Theora stream holds comments, covers among them: their
//! number becomes 0 and the rest of the packet zeros, and each page that is touched gets its checksum anew. The name of
//! the program that wrote it stays.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::{Bytes, Edits, Fault, Found};

const HEADER: u64 = 27;

/// Where a stream is.
enum Stream {
    /// Its first packet said what it is; the second one follows.
    Comments(Comments),
    Done,
}

struct Comments {
    /// Bytes of it in pages before.
    seen: usize,
    /// Its first bytes, up to the number of comments.
    head: Vec<u8>,
    /// Bytes before the length of the program's name.
    magic: usize,
    /// Vorbis marks the end of its comments.
    mark: bool,
}

/// What of the packet stays, and what it says then.
struct Kept {
    bytes: usize,
    tail: &'static [u8],
}

pub(super) fn find<R: Read + Seek>(file: &mut Bytes<R>) -> Found<Edits> {
    let mut edits = Edits::default();
    let mut streams: BTreeMap<u32, Stream> = BTreeMap::new();
    let mut at = 0;
    while at < file.length {
        file.count()?;
        let header = file.array::<27>(at)?;
        let [b'O', b'g', b'g', b'S', 0, flags, ..] = header else { return Err(Fault::Damaged) };
        let serial = long(&header, 14);
        let mut lengths = vec![0; usize::from(header.last().copied().unwrap_or(0))];
        file.fill(at + HEADER, &mut lengths)?;
        let mut page = vec![0; lengths.iter().map(|length| usize::from(*length)).sum()];
        let inside = at + HEADER + lengths.len() as u64;
        file.fill(inside, &mut page)?;
        let begins = flags & 2 != 0;
        if begins {
            let stream = comments_of(&page).map_or(Stream::Done, Stream::Comments);
            streams.insert(serial, stream);
        } else if let Some(stream @ Stream::Comments(_)) = streams.get_mut(&serial) {
            let Stream::Comments(comments) = stream else { continue };
            // The packet ends at the first length below 255.
            let ends = lengths.iter().position(|length| *length < 255);
            let here = lengths.iter().take(ends.map_or(lengths.len(), |end| end + 1));
            let here = here.map(|length| usize::from(*length)).sum();
            let part = page.get_mut(..here).ok_or(Fault::Damaged)?;
            let silent = comments.silence(part).ok_or(Fault::Damaged)?;
            if let Some(kept) = silent {
                edits.write(inside, part.get(..kept).unwrap_or_default());
                edits.zero(inside + kept as u64, inside + part.len() as u64);
                edits.write(at + 22, checksum(&header, &lengths, &page).to_le_bytes());
                edits.details();
            }
            if ends.is_some() {
                *stream = Stream::Done;
            }
        } else if streams.values().all(|stream| matches!(stream, Stream::Done)) {
            // Sound follows, to the end: a stream behind it is rare, and players stop there.
            return Ok(edits);
        }
        at = inside + lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
    }
    Ok(edits)
}

fn comments_of(first: &[u8]) -> Option<Comments> {
    let (magic, mark) = match first {
        [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => (8, false),
        [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => (7, true),
        [0x80, b't', b'h', b'e', b'o', b'r', b'a', ..] => (7, false),
        _ => return None,
    };
    Some(Comments { seen: 0, head: Vec::new(), magic, mark })
}

impl Comments {
    /// Silences the part of the packet that is in one page; `None`: it is none. Answers how many bytes of it stay, if
    /// anything changed.
    fn silence(&mut self, part: &mut [u8]) -> Option<Option<usize>> {
        let first = self.seen == 0;
        if first {
            // The name of a program is short: it lies in the first page.
            self.head = part.iter().take(self.magic + 4).copied().collect();
        }
        let kept = self.kept()?;
        let stays =
            if first { kept.bytes.checked_add(kept.tail.len()).filter(|stays| *stays <= part.len())? } else { 0 };
        let (front, rest) = part.split_at_mut(stays);
        let mut changed = rest.iter().any(|byte| *byte != 0);
        rest.fill(0);
        if let Some(count) = front.get_mut(kept.bytes..) {
            changed |= count != kept.tail;
            count.copy_from_slice(kept.tail);
        }
        self.seen += part.len();
        Some(changed.then_some(stays))
    }

    fn kept(&self) -> Option<Kept> {
        let name = self.head.get(self.magic..)?.first_chunk()?;
        let bytes = usize::try_from(u32::from_le_bytes(*name)).ok()?.checked_add(self.magic + 4)?;
        let tail: &[u8] = if self.mark { &[0, 0, 0, 0, 1] } else { &[0; 4] };
        Some(Kept { bytes, tail })
    }
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |long| u32::from_le_bytes(*long))
}

/// CRC-32 of the page with its own place at 0: polynomial 0x04c11db7, nothing mirrored.
fn checksum(header: &[u8; 27], lengths: &[u8], page: &[u8]) -> u32 {
    let header = header.iter().enumerate().map(|(n, byte)| if (22..26).contains(&n) { 0 } else { *byte });
    header.chain(lengths.iter().copied()).chain(page.iter().copied()).fold(0, |crc, byte| {
        (0..8)
            .fold(crc ^ u32::from(byte) << 24, |crc, _| if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 })
    })
}

//! MP4, QuickTime and M4A: boxes (ISO/IEC 14496-12). What is not needed to play the film is made a `free` box of the same
//! length, filled with zeros: `udta` (`©xyz`, `loci`, makers' notes, titles, covers), `meta` (Apple's
//! `com.apple.quicktime.location.ISO6709`, make and model), `uuid` (XMP), previews, and whatever nobody knows. Times of
//! making become 0, which means unknown. Tracks of measurements (GPS, faces, the camera's own) go with their samples.
//!
//! A box inside another cannot reach beyond it, and each is followed by the next: there are no loops to run into.

use std::io::{Read, Seek};

use super::{Bytes, Edits, Fault, Found};

/// A table of samples of one track; that of an hour at 30 a second has 432 KB.
const MAX_TABLE: u64 = 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    File,
    Movie,
    Track,
    Media,
    Information,
    Samples,
}

/// What becomes of a box.
enum Fate {
    Stays,
    Opened(Place),
    /// A header that begins with its times.
    Dated,
    /// Room that nobody reads.
    Emptied,
    Goes,
}

fn fate(place: Place, name: [u8; 4]) -> Fate {
    use Place::{File, Information, Media, Movie, Samples, Track};
    match (place, &name) {
        (File, b"moov") => Fate::Opened(Movie),
        (Movie, b"trak") => Fate::Opened(Track),
        (Track, b"mdia") => Fate::Opened(Media),
        (Media, b"minf") => Fate::Opened(Information),
        (Information, b"stbl") => Fate::Opened(Samples),
        (Movie, b"mvhd") | (Track, b"tkhd") | (Media, b"mdhd") => Fate::Dated,
        (_, b"free" | b"skip" | b"\0\0\0\0") => Fate::Emptied,
        (_, b"udta" | b"meta" | b"uuid") => Fate::Goes,
        (File, b"ftyp" | b"styp" | b"pdin" | b"sidx" | b"ssix" | b"moof" | b"mdat" | b"mfra" | b"wide")
        | (Movie, b"mvex" | b"iods" | b"pssh" | b"clip" | b"ctab" | b"prfl")
        | (Track, b"edts" | b"tref" | b"trgr" | b"tapt" | b"ludt" | b"load" | b"imap" | b"matt" | b"clip" | b"txas")
        | (Media, b"hdlr" | b"elng")
        | (Information | Samples, _) => Fate::Stays,
        (File | Movie | Track | Media, _) => Fate::Goes,
    }
}

/// Where a box lies.
#[derive(Debug, Clone, Copy)]
struct Span {
    at: u64,
    inside: u64,
    end: u64,
}

/// Where the tables of a track lie.
#[derive(Debug, Default)]
struct Track {
    whole: Option<Span>,
    handler: [u8; 4],
    sizes: Option<(Span, bool)>,
    runs: Option<Span>,
    chunks: Option<(Span, bool)>,
}

impl Track {
    /// Neither seen nor heard: timed metadata, and what GoPro calls *file description*.
    fn measures(&self) -> bool {
        matches!(&self.handler, b"meta" | b"fdsc")
    }
}

pub(super) fn find<R: Read + Seek>(file: &mut Bytes<R>) -> Found<Edits> {
    let end = file.length;
    let mut walk = Walk {
        file,
        edits: Edits::default(),
        track: Track::default(),
        measuring: Vec::new(),
        data: Vec::new(),
        fragmented: false,
    };
    walk.level(Place::File, 0, end)?;
    if !walk.fragmented {
        for track in std::mem::take(&mut walk.measuring) {
            walk.samples_go(&track)?;
            if let Some(whole) = track.whole {
                walk.goes(whole);
            }
        }
    }
    Ok(walk.edits)
}

struct Walk<'a, R> {
    file: &'a mut Bytes<R>,
    edits: Edits,
    track: Track,
    measuring: Vec<Track>,
    /// Where samples may lie.
    data: Vec<Span>,
    fragmented: bool,
}

impl<R: Read + Seek> Walk<'_, R> {
    fn level(&mut self, place: Place, mut at: u64, end: u64) -> Found<()> {
        // Eight bytes: length and name. QuickTime ends lists with four zeros.
        while end - at >= 8 {
            self.file.count()?;
            let [s0, s1, s2, s3, n0, n1, n2, n3] = self.file.array::<8>(at)?;
            let (length, header) = match u32::from_be_bytes([s0, s1, s2, s3]) {
                0 => (end - at, 8),
                1 if end - at >= 16 => (u64::from_be_bytes(self.file.array(at + 8)?), 16),
                short => (u64::from(short), 8),
            };
            if length < header || length > end - at {
                return Err(Fault::Damaged);
            }
            let found = Span { at, inside: at + header, end: at + length };
            self.one(place, [n0, n1, n2, n3], found)?;
            at = found.end;
        }
        Ok(())
    }

    fn one(&mut self, place: Place, name: [u8; 4], found: Span) -> Found<()> {
        match (place, &name) {
            // A header that is packed, as in the nineties: what it holds is not seen.
            (Place::Movie, b"cmov") => return Err(Fault::Damaged),
            (Place::Movie, b"mvex") => self.fragmented = true,
            (Place::File, b"mdat") => self.data.push(found),
            (Place::Media, b"hdlr") if found.end - found.inside >= 12 => {
                self.track.handler = self.file.array(found.inside + 8)?;
            }
            (Place::Samples, b"stsz") => self.track.sizes = Some((found, false)),
            (Place::Samples, b"stz2") => self.track.sizes = Some((found, true)),
            (Place::Samples, b"stsc") => self.track.runs = Some(found),
            (Place::Samples, b"stco") => self.track.chunks = Some((found, false)),
            (Place::Samples, b"co64") => self.track.chunks = Some((found, true)),
            _ => {}
        }
        match fate(place, name) {
            Fate::Stays => {}
            Fate::Opened(Place::Track) => {
                self.track = Track { whole: Some(found), ..Track::default() };
                self.level(Place::Track, found.inside, found.end)?;
                let track = std::mem::take(&mut self.track);
                if track.measures() {
                    self.measuring.push(track);
                }
            }
            Fate::Opened(place) => self.level(place, found.inside, found.end)?,
            Fate::Dated => self.undated(found)?,
            Fate::Emptied => {
                if self.file.holds_something(found.inside, found.end)? {
                    self.edits.zero(found.inside, found.end);
                }
            }
            Fate::Goes => self.goes(found),
        }
        Ok(())
    }

    fn goes(&mut self, found: Span) {
        self.edits.write(found.at + 4, *b"free");
        self.edits.zero(found.inside, found.end);
        self.edits.details();
    }

    /// Version and flags, then when it was made and when it was changed: wide in version 1.
    fn undated(&mut self, found: Span) -> Found<()> {
        let [version, ..] = self.file.array::<4>(found.inside)?;
        let (from, to) = (found.inside + 4, found.inside + if version == 1 { 20 } else { 12 });
        if to > found.end {
            return Err(Fault::Damaged);
        }
        if self.file.holds_something(from, to)? {
            self.edits.zero(from, to);
            self.edits.details();
        }
        Ok(())
    }

    fn table(&mut self, found: Span) -> Found<Vec<u8>> {
        let length = found.end - found.inside;
        if length > MAX_TABLE {
            return Err(Fault::Damaged);
        }
        let mut table = vec![0; usize::try_from(length).map_err(|_| Fault::Damaged)?];
        self.file.fill(found.inside, &mut table)?;
        Ok(table)
    }

    /// The samples of a track: each chunk holds some of them in a row.
    fn samples_go(&mut self, track: &Track) -> Found<()> {
        let (Some((sizes, compact)), Some(runs), Some((chunks, wide))) = (track.sizes, track.runs, track.chunks) else {
            return Ok(());
        };
        let sizes = Sizes::new(self.table(sizes)?, compact).ok_or(Fault::Damaged)?;
        let (runs, chunks) = (self.table(runs)?, self.table(chunks)?);
        let mut runs = runs.get(8..).unwrap_or_default().chunks_exact(12).map(|run| (long(run, 0), long(run, 4)));
        let mut run = runs.next().unwrap_or((1, 0));
        let mut next = runs.next();
        let mut sample: u32 = 0;
        let width = if wide { 8 } else { 4 };
        for (number, chunk) in (1u32..).zip(chunks.get(8..).unwrap_or_default().chunks_exact(width)) {
            while let Some(later) = next.filter(|(first, _)| *first <= number) {
                (run, next) = (later, runs.next());
            }
            let from = chunk.iter().fold(0, |place, byte| place << 8 | u64::from(*byte));
            let of = sample..sample.saturating_add(run.1).min(sizes.count);
            sample = of.end;
            let to = sizes.sum(of).and_then(|bytes| from.checked_add(bytes)).ok_or(Fault::Damaged)?;
            if from == to {
                continue;
            }
            // Nothing else is written over, whatever the table says.
            if !self.data.iter().any(|data| data.inside <= from && to <= data.end) {
                return Err(Fault::Damaged);
            }
            self.edits.zero(from, to);
        }
        Ok(())
    }
}

fn long(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |long| u32::from_be_bytes(*long))
}

/// How long samples are.
struct Sizes {
    table: Vec<u8>,
    /// Of each, if they are all the same.
    same: u32,
    count: u32,
    /// Bits of an entry.
    bits: usize,
}

impl Sizes {
    fn new(table: Vec<u8>, compact: bool) -> Option<Self> {
        let (word, count) = (long(&table, 4), long(&table, 8));
        let (same, bits) = match (compact, word & 0xff) {
            (false, _) => (word, 32),
            (true, bits @ (4 | 8 | 16)) => (0, bits as usize),
            (true, _) => return None,
        };
        let entries = table.len().checked_sub(12)? * 8 / bits;
        (same > 0 || entries >= count as usize).then_some(Self { table, same, count, bits })
    }

    fn sum(&self, samples: std::ops::Range<u32>) -> Option<u64> {
        if self.same > 0 {
            return u64::from(samples.end - samples.start).checked_mul(self.same.into());
        }
        Some(samples.map(|n| self.one(n as usize)).sum())
    }

    fn one(&self, n: usize) -> u64 {
        let table = self.table.get(12..).unwrap_or_default();
        let byte = |at: usize| u64::from(table.get(at).copied().unwrap_or(0));
        match self.bits {
            4 if n.is_multiple_of(2) => byte(n / 2) >> 4,
            4 => byte(n / 2) & 0xf,
            8 => byte(n),
            16 => byte(2 * n) << 8 | byte(2 * n + 1),
            _ => long(table, 4 * n).into(),
        }
    }
}

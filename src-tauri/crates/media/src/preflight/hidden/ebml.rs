//! WebM: elements of EBML (RFC 8794, RFC 9559). `Tags`, attachments, the title, the date and the names of files become
//! `Void` elements of the same length, filled with zeros; so do checksums of what was changed, and whatever nobody knows.
//!
//! A recording of a browser has a segment and clusters without a length: then what is inside one and what follows it
//! tell themselves apart by their names, and are walked through in one row.

use std::io::{Read, Seek};

use super::{Bytes, Edits, Fault, Found};

const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const INFO: u32 = 0x1549_a966;
const VOID: u8 = 0xec;

enum Fate {
    Stays,
    Opened,
    /// Room that nobody reads.
    Emptied,
    /// A checksum, which tells nothing.
    Unchecked,
    Goes,
}

fn fate(id: u32) -> Fate {
    match id {
        SEGMENT | INFO => Fate::Opened,
        // EBML's header, what seeks, tracks, clusters, cues, chapters.
        0x1a45_dfa3 | 0x114d_9b74 | 0x1654_ae6b | CLUSTER | 0x1c53_bb6b | 0x1043_a770 => Fate::Stays,
        // Inside clusters: time, place, size before, silent tracks, blocks.
        0xe7 | 0xa7 | 0xab | 0x5854 | 0xa3 | 0xa0 | 0xaf => Fate::Stays,
        // Of what describes the file: scale, duration, ids of it and of its neighbours, and both programs, which must be
        // there.
        0x002a_d7b1 | 0x4489 | 0x73a4 | 0x003c_b923 | 0x003e_b923 | 0x4444 | 0x6924 | 0x4d80 | 0x5741 => Fate::Stays,
        0xec => Fate::Emptied,
        0xbf => Fate::Unchecked,
        // Tags, attachments, title, date, names of files.
        _ => Fate::Goes,
    }
}

pub(super) fn find<R: Read + Seek>(file: &mut Bytes<R>) -> Found<Edits> {
    let end = file.length;
    let mut edits = Edits::default();
    level(file, 0, end, &mut edits, 0)?;
    Ok(edits)
}

fn level<R: Read + Seek>(file: &mut Bytes<R>, mut at: u64, end: u64, edits: &mut Edits, depth: u8) -> Found<()> {
    while at < end {
        file.count()?;
        let (id, behind_id) = number(file, at, 4, true)?;
        let id = u32::try_from(id).map_err(|_| Fault::Damaged)?;
        let (size, inside) = number(file, behind_id, 8, false)?;
        let unknown = size == (1 << (7 * (inside - behind_id))) - 1;
        if unknown && matches!(id, SEGMENT | CLUSTER) {
            at = inside;
            continue;
        }
        let behind = inside.checked_add(size).filter(|behind| !unknown && *behind <= end).ok_or(Fault::Damaged)?;
        match fate(id) {
            Fate::Stays => {}
            // A segment, and what describes it: nothing that matters lies deeper.
            Fate::Opened if depth < 2 => level(file, inside, behind, edits, depth + 1)?,
            Fate::Opened => return Err(Fault::Damaged),
            Fate::Emptied => {
                if file.holds_something(inside, behind)? {
                    edits.zero(inside, behind);
                }
            }
            Fate::Unchecked => goes(at, behind, edits),
            Fate::Goes => {
                goes(at, behind, edits);
                edits.details();
            }
        }
        at = behind;
    }
    Ok(())
}

/// A `Void` in its place: one byte of name, a length of one or eight bytes, zeros.
fn goes(at: u64, behind: u64, edits: &mut Edits) {
    let whole = behind - at;
    let header = if whole > 8 {
        let [_, rest @ ..] = (whole - 9).to_be_bytes();
        [&[VOID, 0x01][..], &rest].concat()
    } else {
        // Two bytes at least: any name and any length has one.
        let length = u8::try_from(whole.saturating_sub(2)).unwrap_or_default();
        vec![VOID, 0x80 | length]
    };
    let zeros = at + header.len() as u64;
    edits.write(at, header);
    edits.zero(zeros, behind);
}

/// A number whose leading zeros say how many bytes it has, at most `most`; of a name the mark of its length is part.
/// Answers what follows it, too.
fn number<R: Read + Seek>(file: &mut Bytes<R>, at: u64, most: u32, with_mark: bool) -> Found<(u64, u64)> {
    let [first] = file.array::<1>(at)?;
    let length = first.leading_zeros() + 1;
    if length > most {
        return Err(Fault::Damaged);
    }
    let mark = 0x80u8.checked_shr(length - 1).unwrap_or_default();
    let mut value = u64::from(if with_mark { first } else { first & !mark });
    for place in 1..u64::from(length) {
        let [byte] = file.array::<1>(at + place)?;
        value = value << 8 | u64::from(byte);
    }
    Ok((value, at + u64::from(length)))
}

//! MP3 and AAC: tags before and behind the sound. Those of ID3v2 become padding of the same length, so that the file
//! still begins as players expect; those at the end (ID3v1, APE, Lyrics3) become zeros, which players skip.

use std::io::{Read, Seek};

use super::{Bytes, Edits, Fault, Found};

const HEADER: u64 = 10;
/// Tags at the end, of all kinds. More than one of each has not been seen.
const MAX_TAGS: usize = 16;

pub(super) fn find<R: Read + Seek>(file: &mut Bytes<R>) -> Found<Edits> {
    let mut edits = Edits::default();
    let start = front(file, &mut edits)?;
    let mut end = file.length;
    for _ in 0..MAX_TAGS {
        let Some(from) = last(file, start, end)? else { break };
        edits.zero(from, end);
        edits.details();
        end = from;
    }
    Ok(edits)
}

/// ID3v2, one behind the other. Answers where the sound begins.
fn front<R: Read + Seek>(file: &mut Bytes<R>, edits: &mut Edits) -> Found<u64> {
    let mut at = 0;
    while file.length - at >= HEADER {
        file.count()?;
        let [b'I', b'D', b'3', _, _, flags, size @ ..] = file.array::<10>(at)? else { break };
        if size.iter().any(|byte| *byte >= 0x80) {
            break;
        }
        let size = size.iter().fold(0, |size, byte| size << 7 | u64::from(*byte));
        // A footer repeats the header and is not counted.
        let whole = HEADER + size + if flags & 0x10 == 0 { 0 } else { HEADER };
        let behind = at + whole;
        if behind > file.length {
            return Err(Fault::Damaged);
        }
        if flags != 0 {
            let size = whole - HEADER;
            let place = |shift: u32| (size >> shift & 0x7f) as u8;
            edits.write(at + 5, [0, place(21), place(14), place(7), place(0)]);
        }
        if file.holds_something(at + HEADER, behind)? {
            edits.zero(at + HEADER, behind);
            edits.details();
        }
        at = behind;
    }
    Ok(at)
}

/// Where the tag begins that ends at `end`.
fn last<R: Read + Seek>(file: &mut Bytes<R>, start: u64, end: u64) -> Found<Option<u64>> {
    let before = |bytes: u64| end.checked_sub(bytes).filter(|at| *at >= start);
    if let Some(at) = before(128)
        && file.array(at)? == *b"TAG"
    {
        return Ok(Some(at));
    }
    if let Some(at) = before(227)
        && file.array(at)? == *b"TAG+"
    {
        return Ok(Some(at));
    }
    if let Some(at) = before(32)
        && file.array(at)? == *b"APETAGEX"
    {
        let size = u32::from_le_bytes(file.array(at + 12)?);
        let header = if u32::from_le_bytes(file.array(at + 20)?) >> 31 == 1 { 32 } else { 0 };
        return Ok(before((u64::from(size) + header).max(32)));
    }
    if let Some(at) = before(15) {
        let [d0, d1, d2, d3, d4, d5, mark @ ..] = file.array::<15>(at)?;
        let digits = [d0, d1, d2, d3, d4, d5];
        if &mark == b"LYRICS200" && digits.iter().all(u8::is_ascii_digit) {
            let size = digits.iter().fold(0, |size, digit| size * 10 + u64::from(digit - b'0'));
            return Ok(before(size + 15));
        }
    }
    Ok(None)
}

//! WAV and AVI: chunks of RIFF. Those that tell something become `JUNK` chunks of the same length, filled with zeros:
//! `LIST INFO`, `bext`, `iXML`, `id3 `, XMP, dates and makers' notes. Others stay, known or not: many a recorder forgets
//! the padding of a chunk, and what is then taken for a name must not cost the sound.
//!
//! Recorders that are stopped leave lengths that are 0 or too large; players take the rest of the file, and so does this.

use std::io::{Read, Seek};

use super::{Bytes, Edits, Found};

/// `RIFF`, `hdrl`, `strl`: nothing that matters lies deeper.
const MAX_DEPTH: u8 = 4;

enum Fate {
    Stays,
    Opened,
    Emptied,
    Goes,
}

/// `form` is the type of a `RIFF` or `LIST`, which has one.
fn fate(name: [u8; 4], form: [u8; 4]) -> Fate {
    match (&name, &form) {
        (b"RIFF" | b"RIFX", _) | (b"LIST", b"hdrl" | b"strl") => Fate::Opened,
        (b"LIST", b"INFO" | b"exif" | b"ncdt" | b"adtl") => Fate::Goes,
        (b"JUNK" | b"PAD " | b"FLLR", _) => Fate::Emptied,
        // Of sounds, then of films.
        (b"bext" | b"iXML" | b"axml" | b"id3 " | b"ID3 " | b"_PMX" | b"XMP " | b"cart" | b"DISP", _)
        | (b"IDIT" | b"ISMP" | b"strn" | b"strd", _) => Fate::Goes,
        _ => Fate::Stays,
    }
}

pub(super) fn find<R: Read + Seek>(file: &mut Bytes<R>) -> Found<Edits> {
    let end = file.length;
    let mut edits = Edits::default();
    level(file, 0, end, &mut edits, 0)?;
    Ok(edits)
}

fn level<R: Read + Seek>(file: &mut Bytes<R>, mut at: u64, end: u64, edits: &mut Edits, depth: u8) -> Found<()> {
    while end.saturating_sub(at) >= 8 {
        file.count()?;
        let [n0, n1, n2, n3, size @ ..] = file.array::<8>(at)?;
        let name = [n0, n1, n2, n3];
        let size = u64::from(u32::from_le_bytes(size));
        let inside = at + 8;
        // Nobody has said how long the whole is, or the sound: the rest of the file.
        let behind = if size == 0 && matches!(&name, b"RIFF" | b"data") { end } else { (inside + size).min(end) };
        let form = if behind - inside >= 4 { file.array(inside)? } else { [0; 4] };
        match fate(name, form) {
            Fate::Opened if depth < MAX_DEPTH && behind - inside >= 4 => {
                level(file, inside + 4, behind, edits, depth + 1)?;
            }
            Fate::Stays | Fate::Opened => {}
            Fate::Emptied => {
                if file.holds_something(inside, behind)? {
                    edits.zero(inside, behind);
                }
            }
            Fate::Goes => {
                edits.write(at, *b"JUNK");
                edits.zero(inside, behind);
                edits.details();
            }
        }
        // A chunk of odd length is padded.
        at = behind + size % 2;
    }
    Ok(())
}

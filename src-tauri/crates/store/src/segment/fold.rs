//! What a character becomes in a term: the folding of `unicode61 remove_diacritics 2 categories 'L* N* S* Co'`, looked up.
//!
//! The table is that tokenizer's own answer for every character (a test makes and compares it): letters without case and
//! accents, numbers, symbols, private characters; the combining marks that vanish inside a word; everything else ends
//! one. Beyond it: ё is е, and Arabic is read without its vowel signs, the forms of alef as one, because people write
//! both ways. Two steps instead of the tokenizer's binary searches: a block of 128 characters, then the distance to what the
//! character becomes, modulo 2^16, because nothing leaves its plane. Changing it means indexing anew.

/// 8,704 block numbers, then blocks of 128 numbers, all of 16 bits, little-endian.
static TABLE: &[u8] = include_bytes!("fold.bin");
/// All characters.
pub(super) const ALL: u32 = 0x11_0000;
pub(super) const BLOCK: u32 = 128;
/// In place of a distance.
pub(super) const SEPARATOR: u16 = 0x8000;
/// In place of a distance.
pub(super) const MARK: u16 = 0x8001;

/// What a character is to a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Becomes this character.
    Part(char),
    /// A combining mark: nothing, and the word goes on.
    Mark,
    /// Ends a term.
    Separator,
}

/// What `c` is to a term.
pub(super) fn fold(c: char) -> Kind {
    if c.is_ascii_lowercase() {
        return Kind::Part(c);
    }
    let code = u32::from(c);
    let distance = number(code / BLOCK).and_then(|block| number(ALL / BLOCK + u32::from(block) * BLOCK + code % BLOCK));
    match distance {
        None | Some(SEPARATOR) => Kind::Separator,
        Some(MARK) => Kind::Mark,
        Some(distance) => {
            let low = code.wrapping_add(u32::from(distance)) & 0xFFFF;
            char::from_u32(code & !0xFFFF | low).map_or(Kind::Separator, Kind::Part)
        }
    }
}

fn number(at: u32) -> Option<u16> {
    let at = at as usize * 2;
    Some(u16::from_le_bytes([*TABLE.get(at)?, *TABLE.get(at + 1)?]))
}

//! What parent and child say about a picture that is to be sent.
//!
//! In: [`ORDER_BYTES`] of [`Order`], after the byte that names the task, then the file. Out: `BSIO`, a verdict, and
//! either two numbers that say why not, or what was done, the thumbnail, the blur and the file, each with its length. All
//! numbers are little endian. As in `wire.rs`, the parent believes nothing: what is claimed must fit what was asked.

use super::{Done, Hindrance, Order, Ready, THUMBNAIL_SIDE, Types};
use crate::{ImageKind, Picture, PictureKind, probe};

const MAGIC: &[u8] = b"BSIO";
pub(crate) const ORDER_BYTES: usize = 41;
/// A PNG of 320 × 320 without any compression is 0.4 MB; the rest is small.
const BESIDES: usize = 1024 * 1024;
const MAX_BLUR: usize = 40;

pub(crate) fn write_order(order: &Order) -> Vec<u8> {
    let mut out = Vec::with_capacity(ORDER_BYTES);
    for long in [order.bytes, order.animation, order.pixels] {
        out.extend(long.to_le_bytes());
    }
    for short in [order.side, order.frames, order.canvas.0, order.canvas.1] {
        out.extend(short.to_le_bytes());
    }
    out.push(order.types.0);
    out
}

pub(crate) fn read_order(bytes: &[u8; ORDER_BYTES]) -> Option<Order> {
    let mut reader = Reader(bytes);
    Some(Order {
        bytes: reader.u64()?,
        animation: reader.u64()?,
        pixels: reader.u64()?,
        side: reader.u32()?,
        frames: reader.u32()?,
        canvas: (reader.u32()?, reader.u32()?),
        types: Types(reader.u8()?),
    })
}

/// The longest answer to `order`.
pub(crate) fn max_answer(order: &Order) -> usize {
    usize::try_from(order.bytes.max(order.animation)).unwrap_or(usize::MAX).saturating_add(BESIDES)
}

/// The child's answer.
pub(crate) fn write(result: Result<Ready, Hindrance>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let why = |verdict: u8, numbers: [u64; 2]| {
        let mut out = vec![verdict];
        out.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
        out
    };
    match result {
        Ok(ready) => {
            out.push(b'+');
            put(&mut out, ready);
        }
        Err(Hindrance::Damaged) => out.extend(why(b'D', [0, 0])),
        Err(Hindrance::Pixels { width, height }) => out.extend(why(b'P', [width.into(), height.into()])),
        Err(Hindrance::Bytes { bytes }) => out.extend(why(b'B', [bytes, 0])),
        Err(Hindrance::Animation { bytes }) => out.extend(why(b'A', [bytes, 0])),
        Err(Hindrance::Frames { frames }) => out.extend(why(b'F', [frames.into(), 0])),
    }
    out
}

fn put(out: &mut Vec<u8>, ready: Ready) {
    let Done { turned, metadata_removed, colours_converted, stilled, recompressed } = ready.done;
    let done = [turned, metadata_removed, colours_converted, stilled, recompressed, ready.millis.is_some()];
    out.push(done.into_iter().rev().fold(0, |bits, bit| bits << 1 | u8::from(bit)));
    out.push(letter(ready.kind));
    out.push(if ready.thumbnail.kind == PictureKind::Png { b'p' } else { b'j' });
    out.extend(ready.millis.unwrap_or_default().to_le_bytes());
    let small = (ready.thumbnail.width, ready.thumbnail.height);
    for (width, height) in [ready.size, ready.from, small] {
        out.extend(width.to_le_bytes());
        out.extend(height.to_le_bytes());
    }
    // Nothing at all: the file as it was.
    for part in [ready.thumbnail.bytes, ready.blur, ready.file.unwrap_or_default()] {
        out.extend((part.len() as u64).to_le_bytes());
        out.extend(part);
    }
}

/// The parent's reading of it, for the file that it gave; `None`: nonsense.
pub(crate) fn read(answer: &[u8], order: &Order, original: &[u8]) -> Option<Result<Ready, Hindrance>> {
    let mut reader = Reader(answer.strip_prefix(MAGIC)?);
    let verdict = reader.u8()?;
    if verdict == b'+' {
        return ready(reader, order, original).map(Ok);
    }
    let (one, two) = (reader.u64()?, reader.u64()?);
    let short = |n: u64| u32::try_from(n).ok();
    Some(Err(match verdict {
        b'D' => Hindrance::Damaged,
        b'P' => Hindrance::Pixels { width: short(one)?, height: short(two)? },
        b'B' => Hindrance::Bytes { bytes: one },
        b'A' => Hindrance::Animation { bytes: one },
        b'F' => Hindrance::Frames { frames: short(one)? },
        _ => return None,
    }))
}

fn ready(mut reader: Reader<'_>, order: &Order, original: &[u8]) -> Option<Ready> {
    let bits = reader.u8()?;
    let bit = |place: u8| bits >> place & 1 == 1;
    let letter_of_kind = reader.u8()?;
    let kind = KINDS.into_iter().find(|kind| letter(*kind) == letter_of_kind)?;
    let small_kind = match reader.u8()? {
        b'p' => PictureKind::Png,
        b'j' => PictureKind::Jpeg,
        _ => return None,
    };
    let millis = reader.u64()?;
    let mut pair = || Some((reader.u32()?, reader.u32()?));
    let (size, from, small) = (pair()?, pair()?, pair()?);
    let (thumbnail, blur, file) = (reader.part()?.to_vec(), reader.part()?.to_vec(), reader.part()?.to_vec());
    let file = (!file.is_empty()).then_some(file);
    let moves = bit(5);
    let within =
        |(width, height): (u32, u32), most: (u32, u32)| (1..=most.0).contains(&width) && (1..=most.1).contains(&height);
    let (most, bytes) = if moves { (order.canvas, order.animation) } else { ((order.side, order.side), order.bytes) };
    let whole = file.as_deref().unwrap_or(original);
    let as_claimed = probe(whole) == Some(kind) && whole.len() as u64 <= bytes;
    let small_as_claimed = matches!(
        (probe(&thumbnail), small_kind),
        (Some(ImageKind::Png), PictureKind::Png) | (Some(ImageKind::Jpeg), PictureKind::Jpeg)
    );
    let good = within(size, most)
        && within(small, (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        && if moves { kind == ImageKind::Gif } else { order.types.has(kind) }
        && as_claimed
        && small_as_claimed
        && blur.len() <= MAX_BLUR
        && reader.0.is_empty();
    let done = Done {
        turned: bit(0),
        metadata_removed: bit(1),
        colours_converted: bit(2),
        stilled: bit(3),
        recompressed: bit(4),
    };
    let thumbnail = Picture { width: small.0, height: small.1, kind: small_kind, bytes: thumbnail };
    good.then_some(Ready { file, kind, size, from, millis: moves.then_some(millis), done, thumbnail, blur })
}

const KINDS: [ImageKind; 4] = [ImageKind::Png, ImageKind::Jpeg, ImageKind::Gif, ImageKind::Webp];

fn letter(kind: ImageKind) -> u8 {
    match kind {
        ImageKind::Png => b'p',
        ImageKind::Jpeg => b'j',
        ImageKind::Gif => b'g',
        ImageKind::Webp => b'w',
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u64()?).ok()?;
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }
}

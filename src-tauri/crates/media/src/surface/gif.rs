//! GIF: blocks. Frames, their timing and how often they repeat stay; comments, texts and what programs leave behind go.

use super::{Motion, Surface};

/// Application blocks that say how often to repeat.
const REPEAT: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn read(gif: &[u8]) -> Option<Surface> {
    let mut reader = Reader { file: gif, at: 6 };
    let canvas = (reader.u16()?, reader.u16()?);
    let flags = reader.u8()?;
    reader.skip(2 + colours(flags))?;
    let mut surface = Surface::of(gif.get(..reader.at)?.to_vec());
    let mut motion = Motion { frames: 0, canvas: (canvas.0.into(), canvas.1.into()), millis: 0 };
    // The timing of the next frame, dropped with it if a text comes instead.
    let mut timing: Option<&[u8]> = None;
    loop {
        let start = reader.at;
        match reader.u8()? {
            0x3b => {
                surface.bare.push(0x3b);
                surface.dropped |= reader.at < gif.len();
                break;
            }
            0x2c => {
                reader.skip(8)?;
                let flags = reader.u8()?;
                reader.skip(colours(flags) + 1)?;
                reader.blocks()?;
                if let Some(timing) = timing.take() {
                    let hundredths =
                        timing.get(4..).and_then(|t| t.first_chunk()).map_or(0, |t| u16::from_le_bytes(*t));
                    motion.millis += u64::from(hundredths) * 10;
                    surface.bare.extend_from_slice(timing);
                }
                surface.bare.extend_from_slice(gif.get(start..reader.at)?);
                motion.frames = motion.frames.saturating_add(1);
            }
            0x21 => {
                let label = reader.u8()?;
                let name = gif.get(reader.at + 1..).and_then(|rest| rest.get(..11));
                reader.blocks()?;
                let block = gif.get(start..reader.at)?;
                match label {
                    0xf9 => surface.dropped |= timing.replace(block).is_some(),
                    0xff if name.is_some_and(|name| REPEAT.contains(&name)) => surface.bare.extend_from_slice(block),
                    0x01 => {
                        timing = None;
                        surface.dropped = true;
                    }
                    _ => surface.dropped = true,
                }
            }
            _ => return None,
        }
    }
    surface.motion = (motion.frames > 1).then_some(motion);
    (motion.frames > 0).then_some(surface)
}

/// Bytes of a colour table.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

struct Reader<'a> {
    file: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u8(&mut self) -> Option<u8> {
        let byte = *self.file.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.u8()?, self.u8()?]))
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at += bytes;
        (self.at <= self.file.len()).then_some(())
    }

    /// Blocks, each with its length before it, up to an empty one.
    fn blocks(&mut self) -> Option<()> {
        loop {
            match self.u8()? {
                0 => return Some(()),
                length => self.skip(length.into())?,
            }
        }
    }
}

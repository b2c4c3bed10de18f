//! The screen of the virtual display, read back: the one witness of "painted" that is the same for every program.
//!
//! Text is ink: pixels far from the background's brightness. A list is many lines of ink above each other. Placeholders
//! (pale bars) are not ink, so they do not count as painted.

use anyhow::{Context as _, Result};
use x11rb::{
    connection::Connection as _,
    protocol::xproto::{ConnectionExt as _, ImageFormat},
    rust_connection::RustConnection,
};

/// A pixel is ink if its brightness is this far from the background's.
const CONTRAST: i32 = 90;
/// A row of pixels belongs to a line of text if it has this much ink.
const INK_IN_ROW: usize = 8;

/// The display that `DISPLAY` names.
pub struct Screen {
    connection: RustConnection,
    root: u32,
    width: u16,
    height: u16,
}

/// What is on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    width: usize,
    /// Brightness, row by row.
    pixels: Vec<u8>,
}

impl Screen {
    /// Connects.
    pub fn open() -> Result<Self> {
        let (connection, number) = x11rb::connect(None).context("no X display")?;
        let screen = connection.setup().roots.get(number).context("no screen")?;
        let (root, width, height) = (screen.root, screen.width_in_pixels, screen.height_in_pixels);
        Ok(Self { connection, root, width, height })
    }

    /// Reads it.
    pub fn frame(&self) -> Result<Frame> {
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, self.width, self.height, u32::MAX)?
            .reply()?;
        let pixels = image.data.chunks_exact(4).map(|p| p.iter().take(3).map(|c| u32::from(*c)).sum::<u32>() / 3);
        Ok(Frame { width: usize::from(self.width), pixels: pixels.map(|v| v as u8).collect() })
    }
}

impl Frame {
    /// [`Self::lines`] of a share of the width.
    pub fn lines_in(&self, (from, to): (f64, f64)) -> usize {
        let column = |share: f64| (share * self.width as f64) as usize;
        self.lines(column(from), column(to))
    }

    /// Lines of text in the columns `from..to` of the screen.
    pub fn lines(&self, from: usize, to: usize) -> usize {
        let rows: Vec<&[u8]> =
            self.pixels.chunks_exact(self.width.max(1)).filter_map(|row| row.get(from..to.min(self.width))).collect();
        let mut seen = [0_usize; 256];
        for pixel in rows.iter().flat_map(|row| row.iter()) {
            if let Some(count) = seen.get_mut(usize::from(*pixel)) {
                *count += 1;
            }
        }
        let background =
            seen.iter().enumerate().max_by_key(|(_, count)| **count).map_or(255, |(value, _)| value as i32);
        let inked =
            |row: &&[u8]| row.iter().filter(|p| (i32::from(**p) - background).abs() > CONTRAST).count() >= INK_IN_ROW;
        let mut lines = 0;
        let mut inside = false;
        for row in &rows {
            let ink = inked(row);
            lines += usize::from(ink && !inside);
            inside = ink;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: &[u8]) -> Frame {
        Frame {
            width: 40,
            pixels: rows.iter().flat_map(|v| std::iter::repeat_n(*v, 10).chain(std::iter::repeat_n(255, 30))).collect(),
        }
    }

    #[test]
    fn lines_of_ink_are_counted_and_pale_bars_are_not() {
        assert_eq!(frame(&[255, 0, 0, 255, 20, 255, 230, 230, 255]).lines(0, 40), 2);
        assert_eq!(frame(&[255; 9]).lines(0, 40), 0);
        assert_eq!(frame(&[255, 0, 255]).lines(20, 40), 0);
    }
}

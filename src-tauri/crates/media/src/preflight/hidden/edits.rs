//! What is written over, and where.

use std::io::{self, Seek, SeekFrom, Write};

const ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
/// Places that are remembered, at some 50 bytes each: an honest file has hundreds.
const MAX_EDITS: usize = 300_000;

/// Places of a file, and what stands there from now on. Its length stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::preflight) struct Edits {
    list: Vec<Edit>,
    details: bool,
    too_many: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Edit {
    Bytes { at: u64, bytes: Vec<u8> },
    Zeros { from: u64, to: u64 },
}

impl Edits {
    /// There is nothing to write.
    pub(in crate::preflight) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether what goes told something, other than leftovers in room that nobody reads.
    pub(in crate::preflight) fn tell_of_details(&self) -> bool {
        self.details
    }

    /// Some were left out.
    pub(super) fn are_too_many(&self) -> bool {
        self.too_many
    }

    pub(super) fn write(&mut self, at: u64, bytes: impl Into<Vec<u8>>) {
        self.push(Edit::Bytes { at, bytes: bytes.into() });
    }

    pub(super) fn zero(&mut self, from: u64, to: u64) {
        self.push(Edit::Zeros { from, to });
    }

    fn push(&mut self, edit: Edit) {
        if self.list.len() < MAX_EDITS {
            self.list.push(edit);
        } else {
            self.too_many = true;
        }
    }

    pub(super) fn details(&mut self) {
        self.details = true;
    }

    /// Writes all of them, in order.
    pub(in crate::preflight) fn apply(&self, file: &mut (impl Write + Seek)) -> io::Result<()> {
        for edit in &self.list {
            match edit {
                Edit::Bytes { at, bytes } => {
                    file.seek(SeekFrom::Start(*at))?;
                    file.write_all(bytes)?;
                }
                Edit::Zeros { from, to } => {
                    file.seek(SeekFrom::Start(*from))?;
                    let mut left = to.saturating_sub(*from);
                    while left > 0 {
                        let block = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
                        file.write_all(ZEROS.get(..block).unwrap_or_default())?;
                        left -= block as u64;
                    }
                }
            }
        }
        Ok(())
    }
}

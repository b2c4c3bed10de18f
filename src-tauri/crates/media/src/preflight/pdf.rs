//! What is cheap to know of a PDF: whether it is one, and whether its end is there. Nothing is unpacked; an encrypted one
//! is as good as any.

use std::io::{self, Read, Seek, SeekFrom};

/// Where the header may begin (PDF Reference 1.7, appendix H, note 13): mail programs put lines before it.
const HEADER_WITHIN: usize = 1_024;
/// Where the end is looked for: note 18 says 1,024, and some programs fill up a block behind it.
const END_WITHIN: u64 = 4_096;

/// Whether a file that begins with `head` calls itself a PDF.
pub(super) fn is_pdf(head: &[u8]) -> bool {
    head.get(..HEADER_WITHIN).unwrap_or(head).windows(5).any(|word| word == b"%PDF-")
}

/// Whether the end of the file is that of a PDF: its mark, or the place of its table. What was cut off has neither.
pub(super) fn is_whole<R: Read + Seek>(file: &mut R, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(length.saturating_sub(END_WITHIN)))?;
    let mut end = Vec::new();
    file.take(END_WITHIN).read_to_end(&mut end)?;
    Ok([&b"%%EOF"[..], b"startxref"].iter().any(|mark| end.windows(mark.len()).any(|word| word == *mark)))
}

//! Real sound, film and paper for the messages that carry them: small, valid, nobody's.

use std::sync::LazyLock;

use bytes::Bytes;

/// A voice message of two seconds (WAV).
pub(crate) const VOICE: &str = "voice-message.wav";
/// A film of three seconds with sound (MP4, 240 × 320).
pub(crate) const FILM: &str = "oven.mp4";
/// One page (PDF).
pub(crate) const PAPER: &str = "order.pdf";

static VOICE_BYTES: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(voice()));
static FILM_BYTES: &[u8] = include_bytes!("../../assets/oven.mp4");
static PAPER_BYTES: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(paper()));

/// The file of that name, if it is one of these.
pub(crate) fn bytes(name: &str) -> Option<Bytes> {
    match name {
        VOICE => Some(VOICE_BYTES.clone()),
        FILM => Some(Bytes::from_static(FILM_BYTES)),
        PAPER => Some(PAPER_BYTES.clone()),
        _ => None,
    }
}

/// 8,000 samples a second of a tone that swells like a spoken word, 16 bit, mono.
fn voice() -> Vec<u8> {
    const RATE: u32 = 8_000;
    const SAMPLES: u32 = 2 * RATE;
    let length = SAMPLES * 2;
    let mut out = Vec::new();
    out.extend(b"RIFF");
    out.extend((36 + length).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    out.extend([1, 0, 1, 0]);
    out.extend(RATE.to_le_bytes());
    out.extend((RATE * 2).to_le_bytes());
    out.extend([2, 0, 16, 0]);
    out.extend(b"data");
    out.extend(length.to_le_bytes());
    for n in 0..SAMPLES {
        let t = f64::from(n) / f64::from(RATE);
        let swell = (t * 2.5 * std::f64::consts::PI).sin().abs();
        let tone = (t * 220.0 * std::f64::consts::TAU).sin() + 0.4 * (t * 440.0 * std::f64::consts::TAU).sin();
        #[expect(clippy::cast_possible_truncation, reason = "|value| is at most 8,400")]
        let sample = (tone * swell * 6_000.0) as i16;
        out.extend(sample.to_le_bytes());
    }
    out
}

/// A PDF with one line of text and a right cross-reference table.
fn paper() -> Vec<u8> {
    let page = "BT /F1 18 Tf 40 150 Td (Order 2041: 18 rye loaves, Saturday 8:00) Tj ET";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = String::new();
    for (n, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let start = out.len();
    let count = objects.len() + 1;
    out.push_str(&format!(
        "xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ));
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_begin_as_their_kinds_do_and_are_small() {
        let head = |name: &str, from: usize, to: usize| bytes(name).map(|b| b.slice(from..to));
        assert_eq!(head(VOICE, 0, 4), Some(Bytes::from_static(b"RIFF")));
        assert_eq!(head(FILM, 4, 8), Some(Bytes::from_static(b"ftyp")));
        assert_eq!(head(PAPER, 0, 5), Some(Bytes::from_static(b"%PDF-")));
        assert!([VOICE, FILM, PAPER].iter().all(|n| bytes(n).is_some_and(|b| b.len() < 60_000)));
    }
}

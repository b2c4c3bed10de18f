//! X's page cursor: opaque base64url of (created, order) with a checksum (reference 11.2).
//!
//! The checksum covers an epoch, so that all cursors can be made to expire in the middle of a walk.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

pub(crate) fn encode(at: i64, seq: u64, seed: u64, epoch: u64) -> String {
    let place = format!("{at}.{seq}");
    URL_SAFE_NO_PAD.encode(format!("{place}.{}", checksum(&place, seed, epoch)))
}

/// `None` when damaged, forged or expired.
pub(crate) fn decode(cursor: &str, seed: u64, epoch: u64) -> Option<(i64, u64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (place, sum) = text.rsplit_once('.')?;
    if sum != checksum(place, seed, epoch) {
        return None;
    }
    let (at, seq) = place.split_once('.')?;
    Some((at.parse().ok()?, seq.parse().ok()?))
}

fn checksum(place: &str, seed: u64, epoch: u64) -> String {
    let digest = Sha256::digest(format!("{place}/{seed}/{epoch}"));
    hex::encode(digest.iter().take(6).copied().collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_trip_and_nothing_else_is_taken_for_one() {
        let cursor = encode(-5, 9, 7, 0);
        assert_eq!(decode(&cursor, 7, 0), Some((-5, 9)));
        assert_eq!(decode(&cursor, 7, 1), None, "expired");
        assert_eq!(decode(&cursor, 8, 0), None, "of another server");
        assert_eq!(decode(&cursor.replacen(char::is_alphanumeric, "_", 1), 7, 0), None, "damaged");
        assert_eq!(decode("", 7, 0), None);
    }

    proptest::proptest! {
        #[test]
        fn any_place_comes_back_and_no_text_breaks_it(at: i64, seq: u64, text in ".*") {
            assert_eq!(decode(&encode(at, seq, 1, 2), 1, 2), Some((at, seq)));
            assert_eq!(decode(&text, 1, 2), None);
        }
    }
}

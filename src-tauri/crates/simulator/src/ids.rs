//! Ids and keys shaped like the ones of the reference's section 2.2, made from a seed.
//!
//! Each is derived from the seed and a label, never from how many were made before: the same act gives the same id
//! whatever else happens, so two runs with one seed can be compared byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

use crate::platform::Platform;

/// The generator that belongs to one label of one seed.
pub(crate) fn rng(seed: u64, label: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(label.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// An account or a person on a platform: digits.
pub(crate) fn user(seed: u64, platform: Platform, label: &str) -> String {
    let mut rng = rng(seed, &format!("user/{}/{label}", platform.wire()));
    match platform {
        Platform::Facebook => rng.random_range(1_000_000_000_000_000_u64..9_000_000_000_000_000).to_string(),
        Platform::Instagram => rng.random_range(10_000_000_000_000_000_u64..90_000_000_000_000_000).to_string(),
        Platform::Twitter => rng.random_range(100_000_000_u64..1_700_000_000_000_000_000).to_string(),
    }
}

/// The account of a business: as a person's, but that of Instagram begins as all professional accounts do.
pub(crate) fn business(seed: u64, platform: Platform, label: &str) -> String {
    let id = user(seed, platform, label);
    match platform {
        Platform::Instagram => format!("178414{}", id.get(6..).unwrap_or_default()),
        Platform::Facebook | Platform::Twitter => id,
    }
}

/// A conversation: `t_` and digits, base64 that may end in `=`, or two user ids.
pub(crate) fn conversation(seed: u64, platform: Platform, own: &str, person: &str) -> String {
    let mut rng = rng(seed, &format!("conversation/{}/{own}/{person}", platform.wire()));
    match platform {
        Platform::Facebook => format!("t_{}", rng.random_range(100_000_000_000_000_u64..99_000_000_000_000_000)),
        Platform::Instagram => {
            let mut bytes = b"ig_thread:".to_vec();
            let tail = rng.random_range(26..29);
            bytes.extend((0..tail).map(|_| rng.random::<u8>()));
            STANDARD.encode(bytes)
        }
        Platform::Twitter => {
            let own_is_less = (own.len(), own) < (person.len(), person);
            if own_is_less { format!("{own}-{person}") } else { format!("{person}-{own}") }
        }
    }
}

/// A message. X: digits that grow with time, as X's own do.
pub(crate) fn message(seed: u64, platform: Platform, conversation: &str, ordinal: usize, at_ms: i64) -> String {
    let mut rng = rng(seed, &format!("message/{conversation}/{ordinal}"));
    match platform {
        Platform::Facebook => {
            let bytes: Vec<u8> = (0..48).map(|_| rng.random()).collect();
            format!("m_{}", URL_SAFE_NO_PAD.encode(bytes))
        }
        Platform::Instagram => {
            let mut bytes = b"ig_item:".to_vec();
            let tail = rng.random_range(40..43);
            bytes.extend((0..tail).map(|_| rng.random::<u8>()));
            STANDARD.encode(bytes)
        }
        Platform::Twitter => {
            const X_EPOCH_MS: i64 = 1_288_834_974_657;
            ((at_ms - X_EPOCH_MS).max(0) << 22 | i64::from(rng.random_range(0..1 << 22))).to_string()
        }
    }
}

/// Four groups of capitals and digits, like an API key or a Profile Key (reference 1.2).
pub(crate) fn key(seed: u64, label: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut rng = rng(seed, &format!("key/{label}"));
    let mut group = |n: usize| -> String {
        (0..n).filter_map(|_| LETTERS.get(rng.random_range(0..LETTERS.len())).copied().map(char::from)).collect()
    };
    [group(7), group(7), group(7), group(7)].join("-")
}

/// `n` bytes in lower-case hex: reference ids, hook ids, file names.
pub(crate) fn hex(seed: u64, label: &str, n: usize) -> String {
    let mut rng = rng(seed, &format!("hex/{label}"));
    hex::encode((0..n).map(|_| rng.random::<u8>()).collect::<Vec<u8>>())
}

/// A digest of any text, in hex.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

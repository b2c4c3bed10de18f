//! What each network takes: kinds, types and sizes (ayrshare reference 3.3, meta-graph reference 6.6).
//!
//! Both faces ask here, because it is the network that judges a file, whoever carries it there. X's numbers are
//! unconfirmed in the reference. *Choices*: Messenger takes any picture, film, sound or file that it can tell; a file name
//! outside ASCII is refused by Facebook and Instagram alike.

use crate::graph::state::kind;
use crate::platform::Platform;
use crate::sniff::Sniffed;

const MB: u64 = 1_000_000;

/// How a file comes to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In a request body.
    Body,
    /// The network fetches it.
    Address,
}

/// The largest file of this kind, bytes.
pub(crate) fn largest(platform: Platform, kind: &str, sniffed: Sniffed, way: Way) -> u64 {
    match (platform, kind) {
        (Platform::Twitter, kind::VIDEO) => 512 * MB,
        (Platform::Twitter, _) if sniffed == Sniffed::Gif => 15 * MB,
        (Platform::Twitter, _) => 5 * MB,
        (Platform::Instagram, kind::IMAGE) => 8 * MB,
        (Platform::Facebook, kind::IMAGE) if way == Way::Address => 8 * MB,
        (Platform::Facebook | Platform::Instagram, _) => 25 * MB,
    }
}

/// More than this of a file is of no use to anybody on this network.
pub(crate) fn most(platform: Platform) -> u64 {
    if platform == Platform::Twitter { 512 * MB } else { 25 * MB }
}

/// Whether these bytes can be an attachment of that kind.
pub(crate) fn fits(platform: Platform, kind: &str, sniffed: Sniffed) -> bool {
    match (platform, kind) {
        (Platform::Twitter, kind::IMAGE) => {
            matches!(sniffed, Sniffed::Png | Sniffed::Jpeg | Sniffed::Gif | Sniffed::Webp)
        }
        (Platform::Twitter, kind::VIDEO) => matches!(sniffed, Sniffed::Mp4 | Sniffed::Mov),
        (Platform::Twitter, _) => false,
        (Platform::Instagram, kind::IMAGE) => matches!(sniffed, Sniffed::Png | Sniffed::Jpeg | Sniffed::Gif),
        (Platform::Instagram, kind::AUDIO) => {
            matches!(sniffed, Sniffed::Aac | Sniffed::M4a | Sniffed::Mp4 | Sniffed::Wav)
        }
        (Platform::Instagram, kind::FILE) => sniffed == Sniffed::Pdf,
        (_, kind::IMAGE) => sniffed.is_image(),
        (_, kind::VIDEO) => sniffed.is_video(),
        (_, kind::AUDIO) => sniffed.is_audio(),
        _ => true,
    }
}

/// Whether the network takes a file of this name.
pub(crate) fn name_allowed(platform: Platform, name: &str) -> bool {
    platform == Platform::Twitter || name.is_ascii()
}

//! A file that is attached by its address on the web.
//!
//! Promises: it is fetched here first, under the rules of [`media_fetch`](backscroll_adapters::media_fetch) (https, public
//! hosts, a limit of size and time), and looked at like any other file, by its bytes. Only if nothing has to be changed in
//! it, it fits what the platform fetches by address, and its address is one that the provider takes, it is sent as it is;
//! otherwise our copy is uploaded, as it is if the platform cannot have it from there after all.
//!
//! Refuses: to trust the address for long. What was there an hour ago may be another file now.

use backscroll_adapters::media_fetch::{FetchError, FetchLimits, MediaFetcher, name_in};
use backscroll_media::{
    extension_of,
    preflight::{MediaKind, Prepared, Route, Target, limits},
};
use backscroll_model::{AccountId, ConnectionId, FileRefusal, HOUR, Platform, Timestamp};
use backscroll_store as db;

use crate::{inner::Inner, media_cache::loopback_base};

/// The most that is fetched: the most that any platform takes of any file by address (`reference/ayrshare.md` 3.3).
const MOST: u64 = 25_000_000;
/// An address is named by a send only this long after it was looked at.
const TRUSTED: i64 = HOUR;

/// The bytes at `address`.
pub(super) async fn fetch(inner: &Inner, account: AccountId, address: &str) -> Result<Vec<u8>, FileRefusal> {
    let usual = FetchLimits::default();
    let patience = usual.patience.min(inner.limits.read);
    let limits = FetchLimits { bytes: MOST, patience, connect: inner.limits.connect, ..usual };
    let fetcher = MediaFetcher::new(limits).map_err(|_| FileRefusal::Interrupted)?;
    let own = loopback_base(inner, account).await.map_err(|_| FileRefusal::Interrupted)?;
    let own = own.and_then(|base| base.parse().ok());
    let fetched = fetcher.fetch(address, own.as_ref()).await.map_err(|error| {
        tracing::info!(%error, "a file that was attached by its address cannot be had");
        match error {
            FetchError::Refused(_) => FileRefusal::NotPublic,
            FetchError::Gone(_) => FileRefusal::AddressGone,
            FetchError::TooLarge => FileRefusal::LargerThan { limit: MOST },
            FetchError::Empty => FileRefusal::Empty,
            FetchError::Packed => FileRefusal::Damaged,
            FetchError::Write(_) => FileRefusal::Interrupted,
            FetchError::NotNow(_) => FileRefusal::AddressSilent,
        }
    })?;
    Ok(fetched.bytes.to_vec())
}

/// The name of what is there, as the address has it.
pub(crate) fn name_of(address: &str) -> String {
    name_in(address).unwrap_or_default()
}

/// That a provider can have a file from its address.
pub(super) struct AsItIs {
    connection: ConnectionId,
    platform: Platform,
    address: String,
    until: Timestamp,
}

impl AsItIs {
    /// Whether `ready` may be sent from `address`; `fetched`: the hash of what was there.
    pub(super) async fn of(
        inner: &Inner,
        account: AccountId,
        platform: Platform,
        address: &str,
        fetched: [u8; 32],
        ready: &Prepared,
    ) -> Option<Self> {
        let is_same = ready.sha256 == hex::encode(fetched);
        if !is_same || !fits_by_address(platform, ready) || !ends_as(address, ready.mime) {
            return None;
        }
        let connection = inner.account(account).await.ok()?.connection?;
        let link = inner.link(connection).await.ok()?;
        let until = inner.now().plus(TRUSTED);
        let address = address.to_owned();
        link.adapter.takes_address(&address).then_some(Self { connection, platform, address, until })
    }

    /// From now on the file counts as uploaded to there, unless the provider has it already.
    pub(super) fn keep(&self, tx: &rusqlite::Connection, sha256: [u8; 32]) -> db::Result<()> {
        db::outgoing::keep_address(tx, self.connection, self.platform, sha256, &self.address, self.until)
    }
}

/// What a platform fetches may have to be smaller than what is uploaded to it (8 MB instead of 25 for Messenger's
/// pictures), and of other types.
fn fits_by_address(platform: Platform, ready: &Prepared) -> bool {
    let limits = limits(Target { platform, route: Route::Address });
    let file = match ready.kind {
        MediaKind::Image => {
            let most = if ready.moves { limits.animation.bytes } else { limits.image.bytes };
            return ready.bytes <= most;
        }
        MediaKind::Video => limits.video,
        MediaKind::Audio => limits.audio,
        MediaKind::Document => limits.document,
    };
    file.is_some_and(|file| ready.bytes <= file.bytes && file.types.contains(&ready.mime))
}

/// Ayrshare, and the networks behind it, go by the ending.
fn ends_as(address: &str, mime: &str) -> bool {
    let name = name_of(address).to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending == extension_of(mime) || (ending == "jpeg" && extension_of(mime) == "jpg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_an_address_has_to_be_that_of_its_bytes() {
        for (address, mime, fits) in [
            ("https://a.test/b/Cake.JPG", "image/jpeg", true),
            ("https://a.test/cake.jpeg", "image/jpeg", true),
            ("https://a.test/menu.pdf?v=2", "application/pdf", true),
            ("https://a.test/cake.png", "image/jpeg", false),
            ("https://a.test/cake", "image/jpeg", false),
            ("https://a.test/", "image/jpeg", false),
        ] {
            assert_eq!(ends_as(address, mime), fits, "{address}");
        }
    }
}

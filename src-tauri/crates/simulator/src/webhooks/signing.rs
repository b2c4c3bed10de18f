//! How Ayrshare's webhooks are signed and let go: right or wrong, in any spelling of the digest, late, twice, held back
//! (reference 6.4, 6.5). The encoding of the digest is unknown, so it is a knob.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::graph::hooks::wire::Signing;

/// How a digest is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    /// Lower-case hex, the choice of reference 6.4.
    Hex,
    /// Upper-case hex.
    UpperHex,
    /// Standard base64.
    Base64,
    /// `sha256=` before lower-case hex.
    Prefixed,
}

/// How Ayrshare's webhooks behave from now on. Change it with [`crate::Simulator::set_webhook_knobs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookKnobs {
    /// With which secret deliveries are signed.
    pub signing: Signing,
    /// How the digest is written.
    pub digest: Digest,
    /// How far the time stamp of the signature is off, seconds: an old one is a replay.
    pub time_off_s: i64,
    /// Every delivery leaves twice, with the same `hookId`.
    pub twice: bool,
    /// Nothing leaves until [`crate::Simulator::release_webhooks`].
    pub hold: bool,
}

impl Default for WebhookKnobs {
    fn default() -> Self {
        Self { signing: Signing::Right, digest: Digest::Hex, time_off_s: 0, twice: false, hold: false }
    }
}

impl WebhookKnobs {
    /// The digest over the raw body; `None`: unsigned.
    pub(super) fn sign(&self, secret: &str, body: &[u8]) -> Option<String> {
        let other = format!("{secret}-of-somebody-else");
        let key = match self.signing {
            Signing::Right => secret,
            Signing::Wrong => other.as_str(),
            Signing::Missing => return None,
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(body);
        let bytes = mac.finalize().into_bytes();
        Some(match self.digest {
            Digest::Hex => hex::encode(bytes),
            Digest::UpperHex => hex::encode_upper(bytes),
            Digest::Base64 => STANDARD.encode(bytes),
            Digest::Prefixed => format!("sha256={}", hex::encode(bytes)),
        })
    }
}

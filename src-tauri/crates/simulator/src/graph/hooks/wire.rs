//! A webhook as bytes: the envelope, non-ASCII escaped before signing, and the signature over exactly what is sent
//! (reference 7.2, 7.5).

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::graph::hooks::HookObject;
use crate::graph::wire::json_bytes;
use crate::webhooks::client;

/// How a delivery is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signing {
    /// With the app secret.
    Right,
    /// With another secret.
    Wrong,
    /// Not at all.
    Missing,
}

impl Signing {
    /// The value of `X-Hub-Signature-256`.
    pub(crate) fn header(self, secret: &str, body: &[u8]) -> Option<String> {
        let other = format!("{secret}-of-somebody-else");
        let key = match self {
            Self::Right => secret,
            Self::Wrong => other.as_str(),
            Self::Missing => return None,
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(body);
        Some(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
    }
}

/// One event of one account, in the list of that name. `entry.time` is when the webhook leaves.
pub(crate) fn envelope(
    object: HookObject,
    account: &str,
    now: i64,
    (list, event): (&str, &Value),
    seconds: bool,
) -> Bytes {
    let mut event = event.clone();
    let mut time = now;
    if seconds {
        time /= 1_000;
        if let Some(at) = event.get("timestamp").and_then(Value::as_i64) {
            crate::webhooks::insert(&mut event, "timestamp", json!(at / 1_000));
        }
    }
    let entry = json!({ "id": account, "time": time, list: [event] });
    json_bytes(&json!({ "object": object.wire(), "entry": [entry] })).into()
}

pub(crate) async fn post(url: &str, body: &Bytes, signature: Option<String>, patience: Duration) -> Option<u16> {
    let mut request = client()?
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", "facebookexternalua")
        .timeout(patience)
        .body(body.clone());
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_signature_differs_from_the_right_one_and_has_its_form() {
        let right = Signing::Right.header("s", b"body");
        let wrong = Signing::Wrong.header("s", b"body");
        assert_ne!(right, wrong);
        assert_eq!(right.map(|r| r.len()), wrong.map(|w| w.len()));
        assert_eq!(Signing::Missing.header("s", b"body"), None);
    }
}

//! A delivery to ourselves, signed as the provider of the address would: whoever set up a tunnel sees whether it works.
//!
//! Promises: one request, no redirect, a deadline.

use backscroll_model::{Provider, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

use crate::{
    AdapterError, Kind, Limits, Secret,
    http::{self, is_loopback_http},
};

/// Posts `body` to `url`, signed with `secret` at `now` by the provider's clock; answers the status.
///
/// # Errors
///
/// [`Kind::Connect`] and [`Kind::Network`] if there is no answer.
pub async fn deliver(
    url: &str,
    provider: Provider,
    secret: &Secret,
    body: String,
    now: Timestamp,
    limits: &Limits,
) -> Result<u16, AdapterError> {
    let failed = |kind, said: String| AdapterError { kind, said, ..AdapterError::unsupported() };
    let is_loopback = Url::parse(url).is_ok_and(|url| is_loopback_http(&url));
    let client = http::send_client(limits, is_loopback).map_err(|error| {
        let (kind, said) = http::transport(error);
        failed(kind, said)
    })?;
    let digest = sign(secret, body.as_bytes()).ok_or_else(|| failed(Kind::Rejected, String::new()))?;
    let request = client.post(url).header("content-type", "application/json");
    let request = match provider {
        // `reference/meta-graph.md` 7.3.
        Provider::Meta => request.header("x-hub-signature-256", format!("sha256={digest}")),
        // `reference/ayrshare.md` 6.4.
        Provider::Ayrshare => request
            .header("x-authorization-timestamp", now.0.div_euclid(1000).to_string())
            .header("x-authorization-content-sha256", digest),
    };
    match request.body(body).send().await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => {
            let (kind, said) = http::transport(error);
            Err(failed(kind, said))
        }
    }
}

/// HMAC-SHA256 in hex.
fn sign(secret: &Secret, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(body);
    Some(hex::encode(mac.finalize().into_bytes()))
}

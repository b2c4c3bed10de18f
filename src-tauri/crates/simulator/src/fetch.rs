//! A network fetches a file by its address, as it does when a message names one.
//!
//! Addresses on this machine are truly downloaded, the simulator's own files included, so every fault of `GET /files/` is
//! one of the download too. Nothing else is ever called: of an https address elsewhere it is believed that it could be
//! fetched, except under `.invalid`, which nobody can resolve. Redirects are not followed (*choice*).

use std::time::Duration;

use futures_util::TryStreamExt as _;

use crate::blob::{Beyond, Blob};
use crate::webhooks::{client, is_loopback};

/// What came of a fetch.
#[derive(Clone, Debug)]
pub(crate) enum Fetched {
    /// A file, and the type that its host declares.
    Seen { mime: Option<String>, blob: Blob },
    /// Nobody looked.
    Believed,
}

/// The file could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// Fetches at most `limit` bytes; of a larger file it is only known that it is larger.
pub(crate) async fn fetch(url: &str, limit: u64, patience: Duration) -> Result<Fetched, Lost> {
    let parsed = url::Url::parse(url).map_err(|_| Lost)?;
    if !is_loopback(url) {
        let unknown = parsed.host_str().is_none_or(|host| host.ends_with(".invalid"));
        return if parsed.scheme() != "https" || unknown { Err(Lost) } else { Ok(Fetched::Believed) };
    }
    let request = client().ok_or(Lost)?.get(parsed).header("user-agent", AGENT).timeout(patience);
    let answer = request.send().await.map_err(|_| Lost)?;
    if !answer.status().is_success() {
        return Err(Lost);
    }
    let mime = answer.headers().get("content-type").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let blob = Blob::collect(answer.bytes_stream().map_err(drop), limit, Beyond::Stop).await.map_err(|_| Lost)?;
    Ok(Fetched::Seen { mime, blob })
}

/// Under this name the download stands in [`crate::Simulator::requests`].
const AGENT: &str = "simulated-network/1.0";

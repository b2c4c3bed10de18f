//! What a profile answers by itself. Its echoes are no answers of the user: they must neither mark a conversation as
//! answered nor keep a notification back. So the setting is known before anything is applied.
//!
//! It is asked for at most every [`ASK_AGAIN`] per connection, which is what a start costs beside its rounds, and kept
//! in the history, so that a start without it (offline, refused) goes by what was known last.

use backscroll_adapters::Kind;
use backscroll_model::{AutoResponse, ConnectionId, HOUR, Platform, Timestamp};
use backscroll_store as db;
use serde::{Deserialize, Serialize};

use crate::{inner::Inner, link::Link, rate::Urgency};

/// Somebody may change it in the provider's own dashboard.
const ASK_AGAIN: i64 = 6 * HOUR;

/// The setting as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// When it was asked for, by our clock.
    pub(crate) at: Timestamp,
    /// `None`: the provider did not say.
    pub(crate) setting: Option<AutoResponse>,
}

fn name(connection: ConnectionId) -> String {
    format!("auto_response/{connection}")
}

/// Makes sure that the link knows it as well as can be; answers how many calls that took.
pub(crate) async fn ask(inner: &Inner, link: &Link, connection: ConnectionId) -> u32 {
    // The accounts of a connection begin together; the first one asks for all.
    let _one = link.asking.lock().await;
    if link.auto_response().is_none() {
        let name = name(connection);
        match inner.read(move |c| db::value::<Known>(c, &name)).await {
            Ok(Some(kept)) => link.know_auto_response(kept),
            Ok(None) => {}
            Err(error) => tracing::warn!(code = ?error.code, "the automatic reply could not be looked up"),
        }
    }
    let now = inner.now();
    let held = link.auto_response();
    let is_fresh = held.as_ref().is_some_and(|held| (0..ASK_AGAIN).contains(&now.since(held.at)));
    if is_fresh || link.allowed_at(Platform::Messenger, now, Urgency::Read) > now {
        return 0;
    }
    link.record(Platform::Messenger, now);
    match link.adapter.auto_response().await {
        Ok(setting) => learn(inner, link, connection, setting).await,
        Err(error) => {
            let now = inner.now();
            link.heard_error(Platform::Messenger, now, &error);
            tracing::info!(kind = ?error.kind, "the automatic reply is not known");
            // No way to the provider: the next round asks. A refusal would only be heard again.
            if !matches!(error.kind, Kind::Connect | Kind::Network) {
                link.know_auto_response(Known { at: now, setting: held.and_then(|held| held.setting) });
            }
        }
    }
    1
}

/// Takes in what the provider said, and keeps it for the next start.
pub(crate) async fn learn(inner: &Inner, link: &Link, connection: ConnectionId, setting: AutoResponse) {
    let known = Known { at: inner.now(), setting: Some(setting) };
    link.know_auto_response(known.clone());
    if inner.read_only {
        return;
    }
    let kept = inner.store.write_user(move |tx| db::set_value(tx, &name(connection), &known)).await;
    if let Err(error) = kept {
        tracing::warn!(%error, "the automatic reply could not be kept");
    }
}

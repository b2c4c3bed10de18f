//! Where Ayrshare sends its webhooks (`reference/ayrshare.md` 6.1 to 6.3). One address per action and profile.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;
use serde_json::value::RawValue;

use super::client::{As, Ayrshare};
use crate::loose;
use crate::{AdapterError, Secret};

/// Beside the actions stand the state of the answer and times; none of them is an address.
const ADDRESS: [&str; 2] = ["https://", "http://"];

/// An address that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The action, e.g. `messages`.
    pub action: String,
    /// The address.
    pub url: String,
}

impl Ayrshare {
    /// Sends `action` (`messages` for direct messages, `social` for links that are lost) to `url`, signed with `secret`.
    /// The secret is the profile's: setting it for one action changes it for all (6.1).
    ///
    /// # Errors
    ///
    /// See [`Kind`](crate::Kind).
    pub async fn register_webhook(&self, action: &str, url: &str, secret: &Secret) -> Result<(), AdapterError> {
        let body = json!({ "action": action, "url": url, "secret": secret.expose() });
        self.change(Method::POST, "/hook/webhook", &body, None, As::Connection).await.map(drop)
    }

    /// The addresses of this profile.
    ///
    /// # Errors
    ///
    /// See [`Kind`](crate::Kind).
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, AdapterError> {
        let answer = self.get_small("/hook/webhook", &[], As::Connection).await?;
        let fields: BTreeMap<String, &RawValue> = self.parsed(&answer)?;
        let address = |(action, raw)| {
            let url = loose::text(Some(raw)).filter(|text| ADDRESS.iter().any(|scheme| text.starts_with(scheme)))?;
            Some(Webhook { action, url })
        };
        Ok(fields.into_iter().filter_map(address).collect())
    }

    /// Ends the sending of `action`.
    ///
    /// # Errors
    ///
    /// See [`Kind`](crate::Kind).
    pub async fn remove_webhook(&self, action: &str) -> Result<(), AdapterError> {
        let body = json!({ "action": action });
        self.change(Method::DELETE, "/hook/webhook", &body, None, As::Connection).await.map(drop)
    }
}

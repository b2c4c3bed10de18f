//! Reactions of the business (`reference/meta-graph.md` 6.1, 6.3).
//!
//! Best effort: since December 2025 both platforms document them, and one account still got code 2 on Instagram in
//! September 2026. Reacting twice is reacting once, so a failure may be tried again.

use backscroll_model::{Platform, RemoteId};
use reqwest::Method;
use serde_json::json;

use super::client::{Ask, Meta, local};
use crate::{AdapterError, Kind};

impl Meta {
    /// Reacts with `emoji`, in place of what there was; `None` takes the reaction back.
    pub(super) async fn post_reaction(
        &self,
        platform: Platform,
        recipient: &RemoteId,
        message: &RemoteId,
        emoji: Option<&str>,
    ) -> Result<(), AdapterError> {
        if platform == Platform::X {
            return Err(AdapterError::unsupported());
        }
        if emoji.is_some_and(str::is_empty) || message.as_str().is_empty() {
            return Err(local(Kind::Rejected, "a reaction needs an emoji and a message"));
        }
        if recipient.as_str().is_empty() {
            return Err(local(Kind::Recipient, "the recipient's id is not known"));
        }
        let (action, payload) = match emoji {
            Some(emoji) => ("react", json!({ "message_id": message, "reaction": emoji })),
            None => ("unreact", json!({ "message_id": message })),
        };
        let body = json!({ "recipient": { "id": recipient }, "sender_action": action, "payload": payload });
        let path = [self.page()?.as_str(), "messages"];
        self.call(&Ask { method: Method::POST, path: &path, query: &[], json: Some(&body) }).await?;
        Ok(())
    }
}

//! Sends one text (`reference/meta-graph.md` 6.1 to 6.4): through the Page node, for Instagram too (1.2).
//!
//! Promises: one request on a connection of its own, never repeated; our reference goes along as `metadata` on Messenger,
//! whose echo returns it; a text that cannot fit is refused before anything leaves.
//!
//! Refuses: choosing the tag. `HUMAN_AGENT` is used exactly if the caller says that a person typed this after the free
//! window ([`Outgoing::human_agent`]).

use backscroll_model::{Platform, RemoteId};
use reqwest::Method;
use serde_json::json;

use super::client::{Ask, Meta, local};
use super::outcome;
use crate::http::Scrubber;
use crate::{AdapterError, Kind, Outgoing, SendOutcome};

/// `metadata` must be shorter than this (6.2). Ours is a few dozen; a longer one would cost the message.
const METADATA_CHARS: usize = 1000;

impl Meta {
    /// Sends `send`, once, and says what came of it.
    pub(super) async fn post_text(&self, send: &Outgoing, text: &str) -> SendOutcome {
        let (page, recipient) = match self.fits(send, text) {
            Ok(to) => to,
            // The Page is a setting of ours; everything else is wrong with this very message.
            Err(error) if error.kind == Kind::NotLinked => return SendOutcome::NotSent(error),
            Err(error) => return SendOutcome::Refused(error),
        };
        let body = body(send, text, recipient);
        let path = [page.as_str(), "messages"];
        let reply = self.ask(&Ask { method: Method::POST, path: &path, query: &[], json: Some(&body) }).await;
        let scrubber = self.scrubber.and(text);
        match outcome::classify(reply, send.human_agent) {
            SendOutcome::NotSent(error) => SendOutcome::NotSent(scrubbed(error, &scrubber)),
            SendOutcome::Refused(error) => SendOutcome::Refused(scrubbed(error, &scrubber)),
            SendOutcome::Ambiguous(error) => SendOutcome::Ambiguous(scrubbed(error, &scrubber)),
            accepted @ SendOutcome::Accepted { .. } => accepted,
        }
    }

    /// What must be right before a byte leaves.
    fn fits<'a>(&'a self, send: &'a Outgoing, text: &str) -> Result<(&'a RemoteId, &'a RemoteId), AdapterError> {
        if send.platform == Platform::X {
            return Err(AdapterError::unsupported());
        }
        let page = self.page()?;
        let recipient = send.recipient.as_ref().filter(|id| !id.as_str().is_empty());
        let recipient = recipient.ok_or_else(|| local(Kind::Recipient, "the recipient's id is not known"))?;
        let limit = send.platform.text_limit();
        if text.is_empty() || !limit.fits(text) {
            let said = format!("the text has {} of at most {} {:?}", limit.size(text), limit.max, limit.unit);
            return Err(local(Kind::Rejected, &said));
        }
        Ok((page, recipient))
    }
}

fn body(send: &Outgoing, text: &str, recipient: &RemoteId) -> serde_json::Value {
    let client_ref = &send.client_ref;
    let fits = !client_ref.is_empty() && client_ref.chars().count() < METADATA_CHARS;
    let message = if fits && send.platform == Platform::Messenger {
        json!({ "text": text, "metadata": client_ref })
    } else {
        json!({ "text": text })
    };
    let recipient = json!({ "id": recipient });
    if send.human_agent {
        json!({ "recipient": recipient, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": message })
    } else {
        json!({ "recipient": recipient, "messaging_type": "RESPONSE", "message": message })
    }
}

fn scrubbed(mut error: AdapterError, scrubber: &Scrubber) -> AdapterError {
    error.said = scrubber.clean(&error.said);
    error.code = error.code.map(|code| scrubber.clean(&code));
    error
}

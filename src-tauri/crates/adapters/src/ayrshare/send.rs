//! Sends one message (`reference/ayrshare.md` 3).
//!
//! Promises: one request on a connection of its own, never repeated; one message is one thing, a text or a file (on X
//! both), because the answer names only one id. So a file that a network could not fetch (479) proves that nothing was
//! sent: there was no text that could have gone before it.
//!
//! Refuses: quotes, which this API does not have. A quote that is left out in silence would be another message.

use backscroll_model::{Platform, Provider, RemoteId};
use serde::Serialize;

use super::client::{As, Ayrshare, local, path_word};
use super::outcome;
use crate::{AdapterError, Content, Kind, Outgoing, SendOutcome, content};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    media_urls: Vec<&'a str>,
}

impl Ayrshare {
    /// Sends `send`, once, and says what came of it.
    pub(super) async fn post_message(&self, send: &Outgoing) -> SendOutcome {
        let body = match self.message(send) {
            Ok(body) => body,
            Err(refused) => return SendOutcome::Refused(refused),
        };
        let path = format!("/messages/{}", path_word(send.platform));
        match self.post_once(&path, &body, Some(send.platform)).await {
            Err(held_back) => SendOutcome::NotSent(held_back),
            Ok(reply) => {
                let outcome = outcome::classify(reply, self.asker(As::Connection));
                self.scrubber.and(&send.content).outcome(outcome)
            }
        }
    }

    /// `recipientId` whenever it is known (3.1); the thread besides, which X accepts alone.
    fn message<'a>(&self, send: &'a Outgoing) -> Result<Body<'a>, AdapterError> {
        let is_x = send.platform == Platform::X;
        if send.recipient.is_none() && !is_x {
            return Err(local(Kind::Recipient, "the recipient's id is not known"));
        }
        if send.reply_to.is_some() {
            return Err(AdapterError::unsupported());
        }
        content::fits(Provider::Ayrshare, send.platform, &send.content)?;
        let media_urls = match &send.content {
            Content::Text(_) => Vec::new(),
            Content::Files { refs, .. } => refs.iter().map(|file| file.0.as_str()).collect(),
        };
        if !media_urls.iter().all(|address| self.is_sendable(address)) {
            return Err(local(Kind::Rejected, "no network fetches a file from such an address"));
        }
        Ok(Body {
            recipient_id: send.recipient.as_ref().map(RemoteId::as_str),
            conversation_id: is_x.then_some(send.conversation.as_str()),
            message: send.text().filter(|text| !text.is_empty()),
            media_urls,
        })
    }
}

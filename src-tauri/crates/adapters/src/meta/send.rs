//! Sends one message (`reference/meta-graph.md` 6.1 to 6.4): through the Page node, for Instagram too (1.2).
//!
//! Promises: one request on a connection of its own, never repeated; our reference goes along as `metadata` on Messenger,
//! whose echo returns it; what cannot fit is refused before anything leaves, text beside a file above all, of which
//! Instagram drops the file and answers with a success (6.2).
//!
//! Refuses: choosing the tag. `HUMAN_AGENT` is used exactly if the caller says that a person typed this after the free
//! window ([`Outgoing::human_agent`]).

use backscroll_model::{OutgoingKind, Platform, Provider, RemoteId};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Ask, Meta, local};
use super::outcome::{self, Sent};
use crate::{AdapterError, Content, Kind, Outgoing, SendOutcome, UploadRef, content};

/// `metadata` must be shorter than this (6.2). Ours is a few dozen; a longer one would cost the message.
const METADATA_CHARS: usize = 1000;

impl Meta {
    /// Sends `send`, once, and says what came of it.
    pub(super) async fn post_message(&self, send: &Outgoing) -> SendOutcome {
        let (page, recipient) = match self.fits(send) {
            Ok(to) => to,
            // The Page is a setting of ours; everything else is wrong with this very message.
            Err(error) if error.kind == Kind::NotLinked => return SendOutcome::NotSent(error),
            Err(error) => return SendOutcome::Refused(error),
        };
        let body = body(send, recipient);
        let path = [page.as_str(), "messages"];
        let reply = self.ask(&Ask { method: Method::POST, path: &path, query: &[], json: Some(&body) }).await;
        let refs = match &send.content {
            Content::Text(_) => [].as_slice(),
            Content::Files { refs, .. } => refs,
        };
        let (several, by_address) = (refs.len() > 1, refs.iter().any(UploadRef::is_address));
        let outcome = outcome::classify(reply, Sent { human_agent: send.human_agent, several, by_address });
        self.scrubber.and(&send.content).outcome(outcome)
    }

    /// What must be right before a byte leaves.
    fn fits<'a>(&'a self, send: &'a Outgoing) -> Result<(&'a RemoteId, &'a RemoteId), AdapterError> {
        if send.platform == Platform::X {
            return Err(AdapterError::unsupported());
        }
        let page = self.page()?;
        let recipient = send.recipient.as_ref().filter(|id| !id.as_str().is_empty());
        let recipient = recipient.ok_or_else(|| local(Kind::Recipient, "the recipient's id is not known"))?;
        content::fits(Provider::Meta, send.platform, &send.content)?;
        let limit = send.platform.text_limit();
        if let Some(text) = send.text().filter(|text| !limit.fits(text)) {
            let said = format!("the text has {} of at most {} {:?}", limit.size(text), limit.max, limit.unit);
            return Err(local(Kind::Rejected, &said));
        }
        Ok((page, recipient))
    }
}

fn body(send: &Outgoing, recipient: &RemoteId) -> Value {
    let mut body = json!({ "recipient": { "id": recipient }, "message": message(send) });
    let mut put = |name: &str, value: Value| {
        if let Some(fields) = body.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    if send.human_agent {
        put("messaging_type", json!("MESSAGE_TAG"));
        put("tag", json!("HUMAN_AGENT"));
    } else {
        put("messaging_type", json!("RESPONSE"));
    }
    // Beside `message`, not in it (6.1).
    if let Some(quoted) = &send.reply_to {
        put("reply_to", json!({ "mid": quoted }));
    }
    body
}

fn message(send: &Outgoing) -> Value {
    let mut message = match &send.content {
        Content::Text(text) => json!({ "text": text }),
        Content::Files { refs, kind, .. } => {
            let attachment = |file: &UploadRef| {
                let name = if file.is_address() { "url" } else { "attachment_id" };
                json!({ "type": type_word(*kind), "payload": { name: file.0 } })
            };
            match refs.as_slice() {
                [one] => json!({ "attachment": attachment(one) }),
                several => {
                    let all: Vec<Value> = several.iter().map(attachment).collect();
                    json!({ "attachments": all })
                }
            }
        }
    };
    let client_ref = &send.client_ref;
    let fits = !client_ref.is_empty() && client_ref.chars().count() < METADATA_CHARS;
    if let Some(fields) = message.as_object_mut().filter(|_| fits && send.platform == Platform::Messenger) {
        fields.insert("metadata".to_owned(), json!(client_ref));
    }
    message
}

/// The `type` of an attachment (6.2).
pub(super) fn type_word(kind: OutgoingKind) -> &'static str {
    match kind {
        OutgoingKind::Image => "image",
        OutgoingKind::Video => "video",
        OutgoingKind::Audio => "audio",
        OutgoingKind::File => "file",
    }
}

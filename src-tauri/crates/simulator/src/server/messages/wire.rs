//! How messages and conversations look in an answer (reference 2.2, 2.3): with the misspelling of the real one, with its
//! differences between platforms, and without a field where there is nothing to say, unless `nulls` is asked for.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::clock::iso_ms;
use crate::platform::Platform;
use crate::state::State;
use crate::world::{Account, Conversation, Direction, Message};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageOut<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<&'a str>,
    platform: &'static str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
    sender_id: &'a str,
    recipient_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_details: Option<Details<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_details: Option<Details<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentOut<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reactions: &'a BTreeMap<String, String>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
}

#[derive(Serialize)]
pub(super) struct AttachmentOut<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessagesOut<'a> {
    pub(super) status: &'static str,
    pub(super) messages: Vec<MessageOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) messages_count: Option<usize>,
    pub(super) last_updated: String,
    pub(super) next_update: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) meta: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationsOut<'a> {
    pub(super) status: &'static str,
    pub(super) conversation_ids: Vec<&'a str>,
    /// The misspelling is in the real answer.
    pub(super) converstations_details: Vec<ConversationOut<'a>>,
    pub(super) last_updated: String,
    pub(super) next_update: String,
}

#[derive(Serialize)]
pub(super) struct ConversationOut<'a> {
    id: &'a str,
    participant: Details<'a>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark: Option<i64>,
}

pub(super) fn message_out<'a>(
    state: &State,
    account: &'a Account,
    conversation: &'a Conversation,
    message: &'a Message,
    filtered: bool,
) -> MessageOut<'a> {
    let person = &conversation.person;
    let picture = || person.picture.as_deref().map(|p| state.media.own(p));
    let shows_conversation = filtered || account.platform != Platform::Twitter || state.knobs.x_mixed_conversation_id;
    let (action, sender, recipient, sender_details, recipient_details) = match message.direction {
        Direction::Sent => {
            let them = Details {
                name: person.name.as_deref(),
                id: Some(&person.id),
                picture: picture(),
                ..Details::default()
            };
            let us = Details { name: Some(&account.name), ..Details::default() };
            ("sent", &account.id, &person.id, us, Some(them))
        }
        Direction::Received => {
            let them = Details { name: person.name.as_deref(), profile_image: picture(), ..Details::default() };
            ("received", &person.id, &account.id, them, None)
        }
    };
    // Without name and picture there is nothing to tell, except on X, where the official tests require the object.
    let nameless = sender_details.name.is_none() && sender_details.profile_image.is_none();
    let updated = message.updated.or((!message.attachments.is_empty()).then_some(message.at));
    MessageOut {
        id: &message.id,
        conversation_id: shows_conversation.then_some(conversation.id.as_str()),
        platform: account.platform.wire(),
        action,
        message: message.text.as_deref(),
        created: iso_ms(message.at),
        updated: updated.map(iso_ms),
        sender_id: sender,
        recipient_id: recipient,
        sender_details: (!nameless || account.platform == Platform::Twitter).then_some(sender_details),
        recipient_details,
        attachments: message
            .attachments
            .iter()
            .map(|a| AttachmentOut { kind: &a.kind, url: state.media.address(&a.file) })
            .collect(),
        reactions: &message.reactions,
    }
}

pub(super) fn conversation_out<'a>(state: &State, conversation: &'a Conversation) -> ConversationOut<'a> {
    let person = &conversation.person;
    let picture = person.picture.as_deref().map(|p| state.media.own(p));
    ConversationOut {
        id: &conversation.id,
        participant: Details { name: person.name.as_deref(), id: Some(&person.id), picture, ..Details::default() },
        status: conversation.shelf.wire(),
        watermark: conversation.watermark,
    }
}

pub(super) fn with_nulls(out: &MessagesOut<'_>) -> serde_json::Result<Vec<u8>> {
    const OPTIONAL: [&str; 6] = ["message", "updated", "senderDetails", "recipientDetails", "attachments", "reactions"];
    let mut value = serde_json::to_value(out)?;
    for message in value.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = message.as_object_mut() {
            for name in OPTIONAL {
                fields.entry(name).or_insert(Value::Null);
            }
        }
    }
    serde_json::to_vec(&value)
}

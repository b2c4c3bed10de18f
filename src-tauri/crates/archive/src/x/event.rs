//! One event of X's archive.

use std::collections::BTreeMap;

use backscroll_model::{
    AttachmentSeen, Direction, IMPORTED_ME, IMPORTED_THEM, MessageKind, MessageSeen, ReactionSeen, RemoteId, Timestamp,
};
use serde_json::Value;

use crate::{
    batch::Item,
    download::Owner,
    json::{Object, list, text},
};

/// What an event is.
pub(super) enum Told {
    /// A message.
    Message(Box<Item>),
    /// Somebody joined, left or renamed the group.
    Notice,
    /// Nothing that is understood.
    Nothing,
}

/// Reads an event. `media`: names of files by the message that they are of.
pub(super) fn item(object: &Object, raw: &str, owner: &Owner, media: &BTreeMap<String, Vec<String>>) -> Told {
    let Some(message) = object.get("messageCreate").and_then(Value::as_object) else {
        let notices = [
            "joinConversation",
            "participantsJoin",
            "participantsLeave",
            "conversationNameUpdate",
            "welcomeMessageCreate",
        ];
        return if notices.iter().any(|name| object.contains_key(*name)) { Told::Notice } else { Told::Nothing };
    };
    let (Some(id), Some(sender)) = (text(message, &["id"]), text(message, &["senderId"])) else { return Told::Nothing };
    let at = text(message, &["createdAt"]).and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let Some(at) = at.map(|at| Timestamp(at.as_millisecond())) else { return Told::Nothing };
    let mut attachments = Vec::new();
    let mut files = Vec::new();
    let mut kept = media.get(id).into_iter().flatten();
    for url in list(message, "mediaUrls").iter().filter_map(Value::as_str) {
        if let Some(path) = kept.next() {
            files.push((attachments.len(), path.clone()));
        }
        let name = url.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
        attachments.push(AttachmentSeen {
            kind: if url.contains(".mp4") { MessageKind::Video } else { MessageKind::Image },
            // What stands there needs a key of ours.
            url: None,
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            ..AttachmentSeen::default()
        });
    }
    let reactions: Vec<ReactionSeen> = list(message, "reactions")
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|reaction| {
            let by = text(reaction, &["senderId"])?;
            let by = if by == owner.name { IMPORTED_ME } else { IMPORTED_THEM };
            Some(ReactionSeen { by: by.into(), emoji: emoji(text(reaction, &["reactionKey"])?).to_owned() })
        })
        .collect();
    let said = text(message, &["text"]).map(unescaped);
    let kind = match attachments.first() {
        Some(first) => first.kind,
        None if said.is_some() => MessageKind::Text,
        None => MessageKind::Unknown,
    };
    let seen = MessageSeen {
        remote_id: RemoteId::from(id),
        direction: if sender == owner.name { Direction::Out } else { Direction::In },
        at,
        tie: 0,
        kind,
        text: said,
        attachments,
        reactions: (!reactions.is_empty()).then_some(reactions),
        reply_to: None,
        client_ref: None,
        raw: raw.to_owned(),
    };
    Told::Message(Box::new(Item { sender: sender.to_owned(), seen, files }))
}

/// X's words for what one could react with until 2024; since then it is the emoji itself.
fn emoji(key: &str) -> &str {
    match key {
        "like" => "❤️",
        "funny" => "😂",
        "surprised" => "😲",
        "sad" => "😢",
        "agree" => "👍",
        "disagree" => "👎",
        "excited" => "🔥",
        other => other,
    }
}

/// X escapes three characters in what it archives, and nothing else.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

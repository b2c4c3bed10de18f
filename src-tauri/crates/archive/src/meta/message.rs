//! One message of Meta's download.

use backscroll_model::{
    AttachmentSeen, Direction, IMPORTED_ME, IMPORTED_THEM, MessageKind, MessageSeen, ReactionSeen, RemoteId, Timestamp,
};
use serde_json::Value;

use crate::{
    batch::Item,
    download::Owner,
    json::{Object, is_set, list, millis, text},
    repair::repaired,
};

/// Names of the lists of files, and what is in them.
const FILES: [(&str, MessageKind); 6] = [
    ("photos", MessageKind::Image),
    ("videos", MessageKind::Video),
    ("audio_files", MessageKind::Audio),
    ("gifs", MessageKind::Image),
    ("files", MessageKind::File),
    ("media", MessageKind::Unknown),
];

/// The message; `None` without a sender or a time.
pub(super) fn item(object: &Object, raw: &str, owner: &Owner) -> Option<Item> {
    let sender = repaired(text(object, &["sender_name", "senderName"])?).into_owned();
    let at = Timestamp(millis(object, &["timestamp_ms", "timestamp"])?);
    let direction = if sender == owner.name { Direction::Out } else { Direction::In };
    let taken_back = is_set(object, &["is_unsent", "isUnsent", "is_taken_down"]);
    let mut seen = MessageSeen {
        // Given when its place is known.
        remote_id: RemoteId::default(),
        direction,
        at,
        tie: 0,
        kind: MessageKind::Unsent,
        text: None,
        attachments: Vec::new(),
        reactions: None,
        reply_to: None,
        client_ref: None,
        raw: if taken_back { String::new() } else { raw.to_owned() },
    };
    // Of groups alone it matters who of them wrote.
    let sender = if direction == Direction::Out { String::new() } else { sender };
    let mut files = Vec::new();
    if !taken_back {
        seen.text = text(object, &["content", "text"]).map(|text| repaired(text).into_owned());
        for (name, kind) in FILES {
            for file in list(object, name).iter().filter_map(Value::as_object) {
                attach(&mut seen, &mut files, file, kind);
            }
        }
        if let Some(sticker) = object.get("sticker").and_then(Value::as_object) {
            attach(&mut seen, &mut files, sticker, MessageKind::Sticker);
        }
        if let Some(share) = object.get("share").and_then(Value::as_object) {
            seen.attachments.extend(card(share));
        }
        seen.kind = match seen.attachments.first() {
            Some(first) => first.kind,
            None if seen.text.is_some() => MessageKind::Text,
            None => MessageKind::Unknown,
        };
        let reactions: Vec<ReactionSeen> =
            list(object, "reactions").iter().filter_map(Value::as_object).filter_map(|r| reaction(r, owner)).collect();
        seen.reactions = (!reactions.is_empty()).then_some(reactions);
    }
    Some(Item { sender, seen, files })
}

fn attach(seen: &mut MessageSeen, files: &mut Vec<(usize, String)>, file: &Object, kind: MessageKind) {
    let Some(uri) = text(file, &["uri"]) else { return };
    let uri = repaired(uri);
    let is_remote = uri.starts_with("http://") || uri.starts_with("https://");
    let name = uri.rsplit('/').next().unwrap_or_default();
    if !is_remote {
        files.push((seen.attachments.len(), uri.trim_start_matches("./").to_owned()));
    }
    seen.attachments.push(AttachmentSeen {
        kind: if kind == MessageKind::Unknown { kind_of(name) } else { kind },
        url: is_remote.then(|| uri.clone().into_owned()),
        name: Some(name.split('?').next().unwrap_or_default().to_owned()).filter(|name| !name.is_empty()),
        ..AttachmentSeen::default()
    });
}

fn kind_of(name: &str) -> MessageKind {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "heic" => MessageKind::Image,
        "mp4" | "mov" | "webm" => MessageKind::Video,
        "aac" | "m4a" | "mp3" | "ogg" | "wav" | "opus" => MessageKind::Audio,
        _ => MessageKind::File,
    }
}

fn card(share: &Object) -> Option<AttachmentSeen> {
    let link = text(share, &["link", "profile_share_username"]);
    let words = text(share, &["share_text", "profile_share_name"]).map(|text| repaired(text).into_owned());
    let owner = text(share, &["original_content_owner"]).map(|text| repaired(text).into_owned());
    if link.is_none() && words.is_none() && owner.is_none() {
        return None;
    }
    let is_reel = link.is_some_and(|link| link.contains("/reel/"));
    Some(AttachmentSeen {
        kind: if is_reel { MessageKind::Reel } else { MessageKind::Share },
        type_name: "share".to_owned(),
        url: link.filter(|link| link.starts_with("http")).map(str::to_owned),
        name: owner,
        detail: words,
        ..AttachmentSeen::default()
    })
}

fn reaction(reaction: &Object, owner: &Owner) -> Option<ReactionSeen> {
    let emoji = repaired(text(reaction, &["reaction"])?).into_owned();
    let actor = repaired(text(reaction, &["actor"])?);
    let by = if actor == owner.name { IMPORTED_ME } else { IMPORTED_THEM };
    Some(ReactionSeen { by: by.into(), emoji })
}

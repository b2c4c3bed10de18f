//! What hangs on a message, in a listing as in a webhook: every item with an address or a type is kept, whatever the type.

use backscroll_model::{AttachmentSeen, MessageKind};
use serde_json::value::RawValue;

use crate::{
    ayrshare::wire,
    loose::{self, Raw},
};

pub(in crate::ayrshare) fn attachments(raw: Raw<'_>) -> Vec<AttachmentSeen> {
    let one = |raw: &RawValue| {
        let item = match serde_json::from_str::<wire::Attachment<'_>>(raw.get()) {
            Ok(item) => item,
            // A bare address.
            Err(_) => wire::Attachment { kind: None, url: raw.get().starts_with('"').then_some(raw) },
        };
        let (type_name, url) = (loose::text(item.kind), loose::text(item.url));
        if type_name.is_none() && url.is_none() {
            return None;
        }
        let type_name = type_name.unwrap_or_default();
        Some(AttachmentSeen { kind: attachment_kind(&type_name), type_name, url, ..AttachmentSeen::default() })
    };
    wire::list(raw).into_iter().filter_map(one).collect()
}

/// The documented types, the draft's, and Meta's and X's own (2.2); anything else is a card with a link.
fn attachment_kind(type_name: &str) -> MessageKind {
    match type_name.to_ascii_lowercase().as_str() {
        "image" | "photo" | "gif" | "animated_gif" | "animated_image" => MessageKind::Image,
        "video" => MessageKind::Video,
        "audio" | "voice" => MessageKind::Audio,
        "file" => MessageKind::File,
        "sticker" => MessageKind::Sticker,
        "share" | "post" | "ig_post" | "reel" | "ig_reel" | "story" | "ig_story" | "story_mention" | "story_reply"
        | "template" | "fallback" | "link" => MessageKind::Share,
        _ => MessageKind::Unknown,
    }
}

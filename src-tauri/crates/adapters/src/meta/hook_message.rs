//! What a message of a webhook carries (`reference/meta-graph.md` 7.6), in the words that a read of it uses.
//!
//! Promises: every attachment type of the table has a kind; one that nobody has documented is kept as unknown, with its
//! own word and its link if it has one.

use backscroll_model::{AttachmentSeen, MessageKind};
use serde_json::value::RawValue;

use super::normalize::attachments::{THUMB, appointment, products};
use super::wire::Object;

/// What a message is.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub kind: MessageKind,
    pub text: Option<String>,
    pub attachments: Vec<AttachmentSeen>,
}

impl Content {
    /// A message of words alone.
    pub fn of_text(text: Option<String>) -> Self {
        let kind = if text.is_some() { MessageKind::Text } else { MessageKind::Unknown };
        Self { kind, text, attachments: Vec::new() }
    }
}

/// Reads `message`.
pub(super) fn content(message: &Object<'_>) -> Content {
    let mut attachments: Vec<AttachmentSeen> = story(message).into_iter().collect();
    attachments.extend(message.list("attachments").into_iter().flat_map(attachment));
    let story = attachments.iter().find(|seen| seen.kind.is_story());
    let text = message.text("text");
    let kind = match (message.is("is_unsupported"), story.or(attachments.first()), &text) {
        (true, _, None) | (false, None, None) => MessageKind::Unknown,
        (_, Some(seen), _) => seen.kind,
        (_, None, Some(_)) => MessageKind::Text,
    };
    Content { kind, text, attachments }
}

/// The emoji of a reaction; older events have a word only.
pub(super) fn emoji(reaction: &Object<'_>) -> Option<String> {
    reaction.text("emoji").or_else(|| {
        let word = reaction.text("reaction")?;
        let emoji = match word.as_str() {
            "love" => "❤️",
            "like" => "👍",
            "dislike" => "👎",
            "smile" | "laugh" => "😆",
            "wow" => "😮",
            "sad" => "😢",
            "angry" => "😠",
            other => other,
        };
        Some(emoji.to_owned())
    })
}

/// `reply_to.story`: an answer to a story of the business.
fn story(message: &Object<'_>) -> Option<AttachmentSeen> {
    let story = Object::read(message.object("reply_to").get("story"))?;
    Some(AttachmentSeen { url: story.text("url"), ..seen(MessageKind::StoryReply, "story_reply") })
}

fn attachment(raw: &RawValue) -> Vec<AttachmentSeen> {
    let Some(item) = Object::read(Some(raw)).filter(|item| !item.is_empty()) else { return Vec::new() };
    let payload = item.object("payload");
    // In echoes title and url can stand beside the type (7.6).
    let text = |name: &str| payload.text(name).or_else(|| item.text(name));
    let word = item.text("type").map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let sticker = payload.text("sticker_id");
    let linked = |kind, type_name: &str| AttachmentSeen { url: text("url"), ..seen(kind, type_name) };
    let card = |kind, type_name: &str| AttachmentSeen { name: text("title"), ..linked(kind, type_name) };
    let one = match word.as_str() {
        "image" | "sticker" if sticker.is_some() || word == "sticker" => AttachmentSeen {
            name: (sticker.as_deref() == Some(THUMB)).then(|| "👍".to_owned()),
            ..linked(MessageKind::Sticker, "sticker")
        },
        "image" => linked(MessageKind::Image, "image"),
        "video" => linked(MessageKind::Video, "video"),
        "audio" => linked(MessageKind::Audio, "audio"),
        "file" => linked(MessageKind::File, "file"),
        "like_heart" => AttachmentSeen { name: Some("❤️".to_owned()), ..seen(MessageKind::Sticker, "like_heart") },
        // A link; reads call it so on both platforms.
        "fallback" | "share" => card(MessageKind::Share, "share"),
        "post" | "ig_post" => card(MessageKind::Share, &word),
        "reel" | "ig_reel" => card(MessageKind::Reel, &word),
        "story_mention" => linked(MessageKind::StoryMention, "story_mention"),
        // Somebody's story, passed on: its link is not under `url`.
        "ig_story" | "story" => {
            AttachmentSeen { url: payload.text("story_media_url"), ..seen(MessageKind::Share, &word) }
        }
        "template" => return template(&item, &payload),
        "appointment_booking" => appointment(&payload),
        "location" => AttachmentSeen { detail: coordinates(&payload), ..linked(MessageKind::Unknown, "location") },
        _ => card(MessageKind::Unknown, if word.is_empty() { "attachment" } else { &word }),
    };
    vec![one]
}

/// A product, a card, or the empty frame of a shared comment.
fn template(item: &Object<'_>, payload: &Object<'_>) -> Vec<AttachmentSeen> {
    let products = products(payload);
    if !products.is_empty() {
        return products;
    }
    let elements = [payload.list("elements"), payload.object("generic").list("elements")];
    let cards: Vec<AttachmentSeen> = elements.into_iter().flatten().map(|raw| card(&Object::of(Some(raw)))).collect();
    if !cards.is_empty() {
        return cards;
    }
    let name = payload.text("text").or_else(|| payload.text("title")).or_else(|| item.text("title"));
    vec![AttachmentSeen { name, url: first_link(payload), ..seen(MessageKind::Template, "generic_template") }]
}

fn card(element: &Object<'_>) -> AttachmentSeen {
    AttachmentSeen {
        url: first_link(element).or_else(|| element.first_text(&["image_url", "media_url"])),
        name: element.text("title"),
        detail: element.text("subtitle"),
        ..seen(MessageKind::Template, "generic_template")
    }
}

fn first_link(of: &Object<'_>) -> Option<String> {
    let buttons = of.list("buttons").into_iter().map(|raw| Object::of(Some(raw)));
    buttons.filter_map(|button| button.text("url")).next().or_else(|| of.object("default_action").text("url"))
}

/// `54.3233, 10.1228`.
fn coordinates(payload: &Object<'_>) -> Option<String> {
    let place = payload.object("coordinates");
    Some(format!("{}, {}", place.text("lat")?, place.text("long")?))
}

fn seen(kind: MessageKind, type_name: &str) -> AttachmentSeen {
    AttachmentSeen { kind, type_name: type_name.to_owned(), ..AttachmentSeen::default() }
}

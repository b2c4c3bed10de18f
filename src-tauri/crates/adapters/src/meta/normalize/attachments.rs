//! What a message carries: attachments, shares, stories and stickers in all their shapes (4.2, 4.3).

use backscroll_model::{AttachmentSeen, MessageKind};
use serde_json::value::RawValue;

use crate::loose;
use crate::meta::wire::Object;

/// The sticker of the thumb, which has no picture of its own everywhere (10).
pub(in crate::meta) const THUMB: &str = "369239263222822";

/// All of them: story, files, shares, and the old form of a sticker.
pub(super) fn of(item: &Object<'_>) -> Vec<AttachmentSeen> {
    let mut all = story(&item.object("story"));
    all.extend(item.list("attachments").into_iter().filter_map(attachment));
    all.extend(item.list("shares").into_iter().flat_map(share));
    let has_sticker = all.iter().any(|seen| seen.kind == MessageKind::Sticker);
    if let Some(url) = item.text("sticker").filter(|_| !has_sticker) {
        all.push(AttachmentSeen { url: Some(url), ..seen(MessageKind::Sticker, "sticker") });
    }
    all
}

fn seen(kind: MessageKind, type_name: &str) -> AttachmentSeen {
    AttachmentSeen { kind, type_name: type_name.to_owned(), ..AttachmentSeen::default() }
}

/// After 24 hours the link is empty and the card stays without one.
fn story(story: &Object<'_>) -> Vec<AttachmentSeen> {
    let kinds =
        [("reply_to", MessageKind::StoryReply, "story_reply"), ("mention", MessageKind::StoryMention, "story_mention")];
    let one = |(name, kind, type_name)| {
        let link = Object::read(story.get(name))?.first_text(&["link", "url"]);
        Some(AttachmentSeen { url: link, ..seen(kind, type_name) })
    };
    kinds.into_iter().filter_map(one).collect()
}

fn attachment(raw: &RawValue) -> Option<AttachmentSeen> {
    let item = Object::read(Some(raw)).filter(|item| !item.is_empty())?;
    let payload = item.object("payload");
    let (image, video) = (item.object("image_data"), item.object("video_data"));
    let told = item.text("type").map(|word| word.to_ascii_lowercase());
    let mime = item.text("mime_type");
    let family = mime.as_deref().and_then(|mime| mime.split('/').next()).map(str::to_ascii_lowercase);
    let file = |kind, type_name: &str, url: Option<String>| {
        let size = loose::integer(item.get("size")).and_then(|size| u64::try_from(size).ok());
        let url = url.or_else(|| item.first_text(&["file_url", "url"])).or_else(|| payload.text("url"));
        let name = item.text("name").filter(|name| !name.trim().is_empty());
        let remote_id = item.text("id");
        Some(AttachmentSeen { remote_id, url, name, mime: mime.clone(), size, ..seen(kind, type_name) })
    };
    let template = item.object("generic_template");
    if !template.is_empty() {
        return Some(generic(&template));
    }
    if let Some(booking) = Object::read(item.get("appointment_booking")) {
        return Some(appointment(&booking));
    }
    let is_sticker = image.is("render_as_sticker") || told.as_deref() == Some("sticker");
    if is_sticker || item.get("sticker_id").is_some() {
        let mut sticker = file(MessageKind::Sticker, "sticker", picture(&image))?;
        let ids = [item.text("sticker_id"), payload.text("sticker_id")];
        if ids.into_iter().flatten().any(|id| id == THUMB) {
            sticker.name = Some("👍".to_owned());
        }
        return Some(sticker);
    }
    if !video.is_empty() {
        return file(MessageKind::Video, "video", video.first_text(&["url", "preview_url"]));
    }
    // A video without an address has its size in `image_data`; its type tells.
    if !image.is_empty() && family.as_deref() != Some("video") {
        return file(MessageKind::Image, "image", picture(&image));
    }
    match family.as_deref().or(told.as_deref()) {
        Some("audio") => file(MessageKind::Audio, "audio", None),
        Some("video") => file(MessageKind::Video, "video", None),
        Some("image") => file(MessageKind::Image, "image", None),
        Some("reel" | "ig_reel" | "post" | "ig_post" | "share" | "fallback" | "template") => share(raw).pop(),
        Some("ephemeral" | "unsupported_type") => file(MessageKind::Unknown, told.as_deref().unwrap_or_default(), None),
        _ => {
            let mut other = file(MessageKind::File, "file", None)?;
            if other.url.is_none() && other.mime.is_none() {
                // Media that the EU's rules withheld: an id and a name that explains (4.2).
                (other.kind, other.type_name) = (MessageKind::Unknown, told.unwrap_or_else(|| "attachment".to_owned()));
            }
            Some(other)
        }
    }
}

/// Moving where it moves.
fn picture(image: &Object<'_>) -> Option<String> {
    image.first_text(&["animated_gif_url", "url", "raw_gif_image", "preview_url", "animated_gif_preview_url"])
}

fn generic(template: &Object<'_>) -> AttachmentSeen {
    AttachmentSeen {
        url: template.object("cta").text("url").or_else(|| template.text("media_url")),
        name: template.text("title"),
        detail: template.text("subtitle"),
        ..seen(MessageKind::Template, "generic_template")
    }
}

/// Its keys in reads are unconfirmed; those of the webhook are assumed (4.2, 7.6).
pub(in crate::meta) fn appointment(booking: &Object<'_>) -> AttachmentSeen {
    let zone = booking.text("timezone");
    let tz = zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
    let word = tz.as_ref().and(zone.as_deref()).unwrap_or("UTC");
    let tz = tz.clone().unwrap_or(jiff::tz::TimeZone::UTC);
    let at = |name: &str| {
        let at = jiff::Timestamp::from_millisecond(booking.time(name)?.0).ok()?;
        Some(at.to_zoned(tz.clone()))
    };
    let detail = at("start_time").map(|start| {
        let end = at("end_time").map(|end| {
            let shape = if end.date() == start.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
            format!("–{}", end.strftime(shape))
        });
        format!("{}{} {word}", start.strftime("%Y-%m-%d %H:%M"), end.unwrap_or_default())
    });
    AttachmentSeen { name: booking.text("status"), detail, ..seen(MessageKind::Template, "appointment_booking") }
}

/// A link, a post, a reel, products, or a sticker made by a machine.
fn share(raw: &RawValue) -> Vec<AttachmentSeen> {
    let Some(item) = Object::read(Some(raw)) else { return Vec::new() };
    let products = products(&item);
    if !products.is_empty() {
        return products;
    }
    let word = item.text("type").map(|word| word.to_ascii_lowercase());
    let kind = match word.as_deref() {
        Some("reel" | "ig_reel") => MessageKind::Reel,
        Some(word) if word.contains("sticker") => MessageKind::Sticker,
        None if item.get("sticker_id").is_some() => MessageKind::Sticker,
        Some(_) | None => MessageKind::Share,
    };
    let payload = item.object("payload");
    let text = |names: &[&str]| item.first_text(names).or_else(|| payload.first_text(names));
    vec![AttachmentSeen {
        url: text(&["url", "link"]),
        name: text(&["title", "name"]),
        detail: item.text("description"),
        ..seen(kind, word.as_deref().unwrap_or(if kind == MessageKind::Sticker { "sticker" } else { "share" }))
    }]
}

/// `template.payload.product.elements.data[]`; `elements` also as a plain array (7.6).
pub(in crate::meta) fn products(item: &Object<'_>) -> Vec<AttachmentSeen> {
    let template = item.object("template");
    let within = [template.object("payload").object("product"), template.object("product"), item.object("product")];
    let elements = within.into_iter().map(|product| product.list("elements")).find(|list| !list.is_empty());
    let one = |raw: &RawValue| {
        let product = Object::read(Some(raw))?;
        Some(AttachmentSeen {
            url: product.first_text(&["url", "image_url"]),
            name: product.first_text(&["name", "title"]),
            detail: product.first_text(&["price", "subtitle"]),
            ..seen(MessageKind::Product, "product")
        })
    };
    elements.unwrap_or_default().into_iter().filter_map(one).collect()
}

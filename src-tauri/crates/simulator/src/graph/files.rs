//! Attachments as Graph writes them, and `/cdn`, where their bytes are (reference 4.2, 4.3, 10).
//!
//! An address is `/cdn/{message}_{place}_{file}?oe={hex}&sig=`: valid until `oe` (Unix seconds), gone (404) when the message
//! is unsent. Addresses of story media carry no `oe`; they end with the story, 24 h after the message. Files elsewhere
//! (`FileRef::Url`) keep their own address.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::HeaderValue;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::graph::assets;
use crate::graph::state::{StickerForm, kind};
use crate::ids;
use crate::media::mime;
use crate::server::answer::{pairs, query, with_type};
use crate::server::files;
use crate::state::{Core, State};
use crate::world::{Attachment, FileRef, Message};

/// A story lives so long.
pub(crate) const STORY_MS: i64 = 24 * 3_600_000;

/// A place in the file's path that stands for "no message": pictures of people and Pages.
const NOBODY: &str = "p";

impl State {
    fn origin(&self) -> String {
        self.media.own("").trim_end_matches("/api/files/").to_owned()
    }

    /// An address for `asset` that dies between half of `life_ms` and `life_ms` from now; stable in between, so that two
    /// reads in a row do not look like news.
    fn signed(&self, asset: &str, life_ms: i64, now: i64) -> String {
        let half = (life_ms / 2).max(1_000);
        let oe = format!("{:X}", (now.div_euclid(half) + 2) * half / 1_000);
        let sig = self.signature(asset, &oe);
        format!("{}/cdn/{asset}?oe={oe}&sig={sig}", self.origin())
    }

    fn signature(&self, asset: &str, oe: &str) -> String {
        ids::hex(self.world.seed, &format!("cdn/{asset}/{oe}"), 8)
    }

    /// The address of a picture of a person or a Page.
    pub(crate) fn portrait_url(&self, name: &str, now: i64) -> String {
        self.signed(&format!("{NOBODY}_0_{name}"), 4 * 86_400_000, now)
    }

    pub(crate) fn attachment_url(&self, message: &Message, place: usize, attachment: &Attachment, now: i64) -> String {
        let name = match &attachment.file {
            FileRef::Url(url) => return url.clone(),
            FileRef::Own(name) => name,
        };
        let asset = format!("{}_{place}_{name}", message.seq);
        if is_story(&attachment.kind) {
            return format!("{}/cdn/{asset}?sig={}", self.origin(), self.signature(&asset, ""));
        }
        let knobs = &self.graph.knobs;
        let life = if attachment.kind == kind::IMAGE { knobs.photo_life_ms } else { knobs.file_life_ms };
        self.signed(&asset, life, now)
    }

    /// Type, and size in bytes where it is known without drawing.
    fn file_facts(&self, file: &FileRef) -> (String, Option<u64>) {
        let name = match file {
            FileRef::Own(name) => name.as_str(),
            FileRef::Url(url) => match self.media.name_in(url) {
                Some(name) => name,
                None => return (mime(extension_of(url)).to_owned(), None),
            },
        };
        if let Some(stored) = self.media.stored(name) {
            return (stored.mime.clone(), Some(stored.blob.size));
        }
        (mime(extension_of(name)).to_owned(), assets::bytes(name).map(|b| b.len() as u64))
    }

    /// `attachments.data`: everything that is not a share, a story or a sticker of its own field.
    pub(crate) fn attachments_json(&self, message: &Message, now: i64) -> Vec<Value> {
        let told = |a: &&Attachment| match a.kind.as_str() {
            kind::STICKER => self.graph.knobs.sticker_form != StickerForm::Url,
            kind::EPHEMERAL | kind::SHARE | kind::PRODUCT => false,
            other => !is_story(other) && !kind::POSTS.contains(&other),
        };
        let all = message.attachments.iter().enumerate();
        all.filter(|(_, a)| told(a)).map(|(place, a)| self.attachment_json(message, place, a, now)).collect()
    }

    fn attachment_json(&self, message: &Message, place: usize, attachment: &Attachment, now: i64) -> Value {
        let detail = &attachment.detail;
        let url = self.attachment_url(message, place, attachment, now);
        let (own_mime, own_size) = self.file_facts(&attachment.file);
        let mime = detail.mime.clone().unwrap_or(own_mime);
        let size = detail.size.or(own_size);
        let file_name = detail.name.clone().unwrap_or_else(|| file_name(&attachment.file));
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
        put("id", json!(attachment_id(message, place)));
        if attachment.kind == kind::TEMPLATE {
            let mut card = Map::new();
            let mut fill = |key: &str, value: &Option<String>| {
                card.extend(value.as_ref().map(|v| (key.to_owned(), json!(v))));
            };
            fill("title", &detail.title);
            fill("subtitle", &detail.subtitle);
            fill("media_url", &Some(url));
            if let Some(link) = &detail.link {
                let title = detail.button.as_deref().unwrap_or("Open");
                card.insert("cta".to_owned(), json!({ "title": title, "type": "web_url", "url": link }));
            }
            put("generic_template", Value::Object(card));
            return Value::Object(out);
        }
        put("name", json!(file_name));
        match attachment.kind.as_str() {
            kind::IMAGE => {
                put("mime_type", json!(mime));
                // Images come with `null` here (reference 4.2).
                put("size", json!(detail.size));
                put("image_data", self.image_data(&attachment.file, &url, false));
            }
            kind::STICKER => {
                put("mime_type", json!(mime));
                if self.graph.knobs.sticker_form == StickerForm::Rendered {
                    put("image_data", self.image_data(&attachment.file, &url, true));
                } else {
                    put("type", json!("sticker"));
                    put("sticker_id", json!(detail.id));
                    put("url", json!(url));
                }
            }
            kind::VIDEO => {
                put("mime_type", json!(mime));
                put("size", json!(size));
                put(
                    "video_data",
                    json!({ "width": 240, "height": 320, "length": 3, "video_type": 1, "rotation": 0, "url": url }),
                );
            }
            kind::AUDIO | kind::FILE => {
                put("mime_type", json!(mime));
                put("size", json!(size));
                put("file_url", json!(url));
            }
            // A kind that nobody has heard of: named, without an address.
            other => {
                put("type", json!(other));
            }
        }
        Value::Object(out)
    }

    fn image_data(&self, file: &FileRef, url: &str, sticker: bool) -> Value {
        let picture = match file {
            FileRef::Own(name) => self.world.pictures.get(name),
            FileRef::Url(_) => None,
        };
        let mut data = json!({ "url": url, "preview_url": url, "image_type": 1, "render_as_sticker": sticker });
        if let (Some(picture), Some(object)) = (picture, data.as_object_mut()) {
            let (width, height) = picture.size();
            for (key, value) in [("width", width), ("height", height), ("max_width", width), ("max_height", height)] {
                object.insert(key.to_owned(), json!(value));
            }
        }
        data
    }

    /// `sticker`, where that is the form.
    pub(crate) fn sticker_json(&self, message: &Message, now: i64) -> Option<Value> {
        if self.graph.knobs.sticker_form != StickerForm::Url {
            return None;
        }
        let (place, sticker) = message.attachments.iter().enumerate().find(|(_, a)| a.kind == kind::STICKER)?;
        Some(json!(self.attachment_url(message, place, sticker, now)))
    }

    /// `shares.data`.
    pub(crate) fn shares_json(&self, message: &Message, now: i64) -> Vec<Value> {
        let mut out = Vec::new();
        for (place, attachment) in message.attachments.iter().enumerate() {
            let detail = &attachment.detail;
            let url = || self.attachment_url(message, place, attachment, now);
            let share = match attachment.kind.as_str() {
                kind::SHARE => {
                    let link = detail.link.clone().unwrap_or_else(url);
                    let picture = detail.link.is_some().then(url);
                    json!({
                        "id": detail.id.clone().unwrap_or_else(|| attachment_id(message, place)), "name": detail.title,
                        "description": detail.subtitle, "link": link, "picture": picture,
                    })
                }
                kind::PRODUCT => {
                    let product = json!({
                        "id": detail.id.as_deref().unwrap_or("0"), "retailer_id": "rye-800", "image_url": url(),
                        "name": detail.name, "price": detail.price,
                    });
                    json!({
                        "id": attachment_id(message, place),
                        "template": { "payload": { "product": { "elements": { "data": [product] } } } },
                    })
                }
                other if kind::POSTS.contains(&other) => {
                    let mut share = json!({ "type": other, "url": url() });
                    if let Some(object) = share.as_object_mut() {
                        object.extend(detail.title.as_ref().map(|t| ("title".to_owned(), json!(t))));
                        object.extend(detail.id.as_ref().map(|i| ("id".to_owned(), json!(i))));
                    }
                    share
                }
                _ => continue,
            };
            out.push(share);
        }
        out
    }

    /// `story`: an answer to one, or a mention in one. The link is empty when the story has ended.
    pub(crate) fn story_json(&self, message: &Message, now: i64) -> Option<Value> {
        let (place, story) = message.attachments.iter().enumerate().find(|(_, a)| is_story(&a.kind))?;
        let over = now >= message.at + STORY_MS;
        let link = if over { String::new() } else { self.attachment_url(message, place, story, now) };
        let id = story.detail.id.clone().unwrap_or_else(|| format!("180{}", attachment_id(message, place)));
        let key = if story.kind == kind::STORY_MENTION { "mention" } else { "reply_to" };
        Some(json!({ key: { "link": link, "id": id } }))
    }
}

/// Names a file of a message, on the wire.
fn attachment_id(message: &Message, place: usize) -> String {
    (900_100_200_300_000_u64 + message.seq * 16 + place as u64).to_string()
}

fn is_story(word: &str) -> bool {
    word == kind::STORY_MENTION || word == kind::STORY_REPLY
}

fn extension_of(name: &str) -> &str {
    let name = name.split(['?', '#']).next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or("", |(_, e)| e)
}

fn file_name(file: &FileRef) -> String {
    let whole = match file {
        FileRef::Own(name) => name.as_str(),
        FileRef::Url(url) => url.split(['?', '#']).next().unwrap_or_default(),
    };
    whole.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What stands behind an address.
enum Found {
    File { name: String, mime: Option<String> },
    Refused(u16),
}

fn find(state: &State, asset: &str, raw_query: Option<&str>, now: i64) -> Found {
    let pairs = pairs(raw_query);
    let (oe, sig) = (query(&pairs, "oe").unwrap_or_default(), query(&pairs, "sig").unwrap_or_default());
    if sig != state.signature(asset, oe) {
        return Found::Refused(403);
    }
    let mut parts = asset.splitn(3, '_');
    let (Some(message), Some(place), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Found::Refused(404);
    };
    let dead = !oe.is_empty() && i64::from_str_radix(oe, 16).is_ok_and(|until| now / 1_000 >= until);
    if dead {
        return Found::Refused(403);
    }
    if message == NOBODY {
        return Found::File { name: name.to_owned(), mime: None };
    }
    let (Ok(seq), Ok(place)) = (message.parse::<u64>(), place.parse::<usize>()) else { return Found::Refused(404) };
    let accounts = state.world.profiles.iter().flat_map(|p| p.accounts.values());
    let mut messages = accounts.flat_map(|a| &a.conversations).flat_map(|c| &c.messages);
    let Some(message) = messages.find(|m| m.seq == seq).filter(|m| !m.unsent) else { return Found::Refused(404) };
    let Some(attachment) = message.attachments.get(place) else { return Found::Refused(404) };
    if is_story(&attachment.kind) && now >= message.at + STORY_MS {
        return Found::Refused(404);
    }
    Found::File { name: name.to_owned(), mime: attachment.detail.mime.clone() }
}

pub(crate) async fn cdn(
    Shared(core): Shared<Arc<Core>>,
    Path(asset): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
    let found = find(&core.lock(), &asset, raw.as_deref(), core.clock.now_ms());
    let (name, declared) = match found {
        Found::File { name, mime } => (name, mime),
        Found::Refused(status) => {
            let text = if status == 403 { "URL signature expired" } else { "Content not found" };
            return with_type(status, TEXT, Body::from(text));
        }
    };
    match files::load(&core, &name).await {
        Some(loaded) => loaded.answer(declared),
        None => with_type(404, TEXT, Body::from("Content not found")),
    }
}

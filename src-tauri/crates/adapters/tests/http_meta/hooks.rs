//! Webhooks of Graph: what each documented body becomes, and that it becomes what a read of the same message gives.

use std::path::PathBuf;

use backscroll_adapters::hook::{HookDelivery, HookKind};
use backscroll_adapters::meta::hook::decode;
use backscroll_adapters::{Adapter, Read};
use backscroll_model::{Event, MessageSeen, Platform, RemoteId};
use serde_json::{Value, json};

use crate::server::{self, Server};
use crate::{IGID, IGSID, PAGE, PSID, meta};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/meta_hooks")
}

/// A delivery as JSON, without the raw parts that the payload shows anyway.
fn shown(delivery: &HookDelivery) -> Value {
    let mut value = serde_json::to_value(delivery).unwrap();
    for item in value["items"].as_array_mut().unwrap() {
        item.as_object_mut().unwrap().remove("raw");
        for event in item["events"].as_array_mut().unwrap() {
            if let Some(message) = event.get_mut("Message") {
                message.as_object_mut().unwrap().remove("raw");
            }
        }
    }
    value
}

#[test]
fn every_payload_becomes_the_facts_beside_it() {
    let bless = std::env::var_os("BACKSCROLL_BLESS").is_some();
    let mut names: Vec<String> =
        std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".json") && !name.ends_with(".events.json"));
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let payload = std::fs::read(folder().join(&name)).unwrap();
        let facts = shown(&decode(&payload).unwrap());
        let path = folder().join(name.replace(".json", ".events.json"));
        if bless {
            std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&facts).unwrap())).unwrap();
            continue;
        }
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
        assert_eq!(
            facts, expected,
            "{name}: not what its events.json says; BACKSCROLL_BLESS=1 writes it anew, then read the difference"
        );
    }
}

/// The message that a read gives for `item`.
async fn read(platform: Platform, item: Value) -> MessageSeen {
    let (us, them) = if platform == Platform::Instagram { (IGID, IGSID) } else { (PAGE, PSID) };
    let answer = json!({"data": [{
        "id": "t_1", "updated_time": "2026-11-20T16:04:31+0000",
        "participants": {"data": [{"id": them}, {"id": us}]}, "messages": {"data": [item]},
    }]});
    let server = Server::start(move |_| server::json(200, &answer)).await;
    let (out, mut pages) = tokio::sync::mpsc::channel(10);
    meta(&server).read(&Read::Recent { platform, limit: 10, next: None }, out).await.unwrap();
    let events = pages.recv().await.unwrap().conversations.remove(0).events;
    events.into_iter().find_map(|event| if let Event::Message(seen) = event { Some(*seen) } else { None }).unwrap()
}

/// The message in a webhook with `message` by the person, or by the business.
fn hooked(platform: Platform, by_us: bool, message: Value) -> MessageSeen {
    let (object, us, them) = match platform {
        Platform::Instagram => ("instagram", IGID, IGSID),
        _ => ("page", PAGE, PSID),
    };
    let (sender, recipient) = if by_us { (us, them) } else { (them, us) };
    let body = json!({"object": object, "entry": [{"id": us, "time": 1_795_190_671_482_u64, "messaging": [{
        "sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": 1_795_190_671_204_u64, "message": message,
    }]}]});
    let mut item = decode(body.to_string().as_bytes()).unwrap().items.remove(0);
    assert_eq!(item.person, Some(RemoteId::from(them)));
    assert_eq!(item.kind, if by_us { HookKind::Echo } else { HookKind::Message });
    let Some(Event::Message(seen)) = item.events.pop() else { panic!("{item:?}") };
    *seen
}

/// Without what only one of the two ways can tell.
pub(crate) fn comparable(mut seen: MessageSeen) -> MessageSeen {
    seen.at.0 = seen.at.0.div_euclid(1000) * 1000;
    (seen.raw, seen.reactions, seen.client_ref) = (String::new(), None, None);
    for attachment in &mut seen.attachments {
        (attachment.mime, attachment.size, attachment.remote_id) = (None, None, None);
        if ["image", "video", "audio", "file"].contains(&attachment.type_name.as_str()) {
            attachment.name = None;
        }
    }
    seen
}

#[tokio::test]
async fn a_webhook_tells_what_a_read_of_the_same_message_tells() {
    use Platform::{Instagram, Messenger};
    let link = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=Ab3x";
    let file = |kind: &str| json!({"attachments": [{"type": kind, "payload": {"url": link}}]});
    let shares = |share: Value| json!({"message": "", "shares": {"data": [share]}});
    let attached = |attachment: Value| json!({"message": "", "attachments": {"data": [attachment]}});
    let hooked_one = |attachment: Value| json!({"attachments": [attachment]});
    let cases = [
        (
            Messenger,
            false,
            json!({"text": "Is the rye\nloaf back? 🍞"}),
            json!({"message": "Is the rye\nloaf back? 🍞"}),
        ),
        (Messenger, true, json!({"text": "Yes", "is_echo": true, "metadata": "c-1"}), json!({"message": "Yes"})),
        (Instagram, true, json!({"text": "Yes", "is_echo": true}), json!({"message": "Yes"})),
        (
            Messenger,
            false,
            json!({"text": "That one", "reply_to": {"mid": "m_P", "is_self_reply": false}}),
            json!({"message": "That one", "reply_to": {"mid": "m_P", "is_self_reply": false}}),
        ),
        (
            Instagram,
            false,
            json!({"text": "That crust!", "reply_to": {"story": {"url": link, "id": "180"}}}),
            json!({"message": "That crust!", "story": {"reply_to": {"link": link, "id": "180"}}}),
        ),
        (
            Instagram,
            false,
            file("story_mention"),
            json!({"message": "", "story": {"mention": {"link": link, "id": "180"}}}),
        ),
        (
            Messenger,
            false,
            file("image"),
            attached(json!({"id": "1", "mime_type": "image/jpeg", "name": "a.jpg", "image_data": {"url": link}})),
        ),
        (
            Messenger,
            false,
            file("video"),
            attached(
                json!({"id": "1", "mime_type": "video/mp4", "name": "a.mp4", "size": 5, "video_data": {"url": link}}),
            ),
        ),
        (Instagram, false, file("audio"), attached(json!({"id": "1", "mime_type": "audio/mp4", "file_url": link}))),
        (
            Messenger,
            false,
            file("file"),
            attached(json!({"id": "1", "mime_type": "application/pdf", "file_url": link})),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "sticker", "payload": {"url": link, "sticker_id": 7}})),
            attached(json!({"id": "1", "image_data": {"url": link, "render_as_sticker": true}})),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "image", "payload": {"url": link, "sticker_id": 7}})),
            json!({"sticker": link, "message": ""}),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "fallback", "payload": {"url": link, "title": "Our menu"}})),
            shares(json!({"id": "1", "name": "Our menu", "link": link})),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "post", "payload": {"id": "9", "url": link, "title": "Rye day"}})),
            shares(json!({"id": "9", "type": "post", "url": link, "title": "Rye day"})),
        ),
        (
            Instagram,
            false,
            hooked_one(json!({"type": "ig_reel", "payload": {"reel_video_id": 9, "url": link, "title": "Oven"}})),
            shares(json!({"id": "9", "type": "ig_reel", "url": link, "title": "Oven"})),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "template", "payload": {"product": {"elements": [
                {"id": "4", "retailer_id": "r", "image_url": link, "title": "Rye loaf", "subtitle": "€4.20"}]}}})),
            shares(json!({"template": {"payload": {"product": {"elements": {"data": [
                {"id": "4", "retailer_id": "r", "image_url": link, "name": "Rye loaf", "price": "€4.20"}]}}}}})),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "template", "payload": {"template_type": "generic", "elements": [
                {"title": "Rye day", "subtitle": "Fridays", "image_url": "https://i.test/1", "buttons": [{"type": "web_url", "url": link, "title": "Open"}]}]}})),
            attached(json!({"id": "1", "generic_template": {
                "title": "Rye day", "subtitle": "Fridays", "media_url": "https://i.test/1", "cta": {"title": "Open", "type": "web_url", "url": link}}})),
        ),
        (
            Messenger,
            false,
            hooked_one(json!({"type": "appointment_booking", "payload": {"booking_id": "b", "status": "requested",
                "start_time": 1_795_257_600, "end_time": 1_795_261_200, "timezone": "Europe/Berlin"}})),
            attached(json!({"id": "1", "appointment_booking": {"booking_id": "b", "status": "requested",
                "start_time": 1_795_257_600, "end_time": 1_795_261_200, "timezone": "Europe/Berlin"}})),
        ),
        (Instagram, false, json!({"is_unsupported": true}), json!({"message": "", "is_unsupported": true})),
    ];
    for (platform, by_us, mut message, mut item) in cases {
        let us = if platform == Instagram { IGID } else { PAGE };
        let them = if platform == Instagram { IGSID } else { PSID };
        message["mid"] = json!("m_1");
        item["id"] = json!("m_1");
        item["created_time"] = json!("2026-11-20T16:04:31+0000");
        item["from"] = json!({"id": if by_us { us } else { them }});
        let told = comparable(hooked(platform, by_us, message.clone()));
        assert_eq!(told, comparable(read(platform, item).await), "{message}");
    }
}

#[test]
fn a_message_keeps_its_item_and_an_echo_our_reference() {
    let seen =
        hooked(Platform::Messenger, true, json!({"mid": "m_1", "is_echo": true, "metadata": "c-1", "text": "x"}));
    assert_eq!(seen.client_ref.as_deref(), Some("c-1"));
    let raw: Value = serde_json::from_str(&seen.raw).unwrap();
    assert_eq!((&raw["sender"]["id"], &raw["message"]["mid"]), (&json!(PAGE), &json!("m_1")));
    // Only what we planted ourselves comes back: a person cannot claim a message of ours.
    let forged = hooked(Platform::Messenger, false, json!({"mid": "m_1", "metadata": "c-1", "text": "x"}));
    assert_eq!(forged.client_ref, None);
}

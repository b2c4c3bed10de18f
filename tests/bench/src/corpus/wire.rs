//! The corpus as the provider writes it. Made here from the reference, not with the adapter's types: a field that the
//! adapter forgets still costs its bytes.

use backscroll_model::Platform;
use rand::{Rng, RngExt as _};
use serde_json::{Map, Value, json};

use super::{Item, THREAD};

/// One answer of `GET /messages/:platform`, and what is in it.
pub struct Body {
    /// Which platform answered.
    pub platform: Platform,
    /// The bytes.
    pub json: Vec<u8>,
    /// The messages, newest first.
    pub items: Vec<Item>,
}

impl Body {
    /// `fresh_ms` is when the provider read its data (`lastUpdated`).
    pub(super) fn new(platform: Platform, items: Vec<Item>, fresh_ms: i64) -> Self {
        let messages: Vec<Value> = items.iter().map(|item| message(platform, item)).collect();
        let body = json!({
            "status": "success",
            "messagesCount": messages.len(),
            "messages": messages,
            "lastUpdated": iso(fresh_ms),
            "nextUpdate": iso(fresh_ms + 60_000),
        });
        Self { platform, json: body.to_string().into_bytes(), items }
    }

    /// Bytes of message text in UTF-8.
    pub fn text_bytes(&self) -> usize {
        self.items.iter().map(|item| item.text.len()).sum()
    }
}

/// The platform's id of a conversation.
pub fn conversation_id(platform: Platform, conversation: usize) -> String {
    let number = if conversation == THREAD { 999_999_999 } else { 100_000_000 + conversation as u64 };
    match platform {
        Platform::Messenger => format!("t_{number}0000000"),
        Platform::Instagram => format!("aWdfdGhyZWFkOjE3ODQxNDAwMDAwMDAwMDA6MzQwMjgyMzY2OD{number}="),
        Platform::X => format!("{number}0000000000-1600000000000000000"),
    }
}

const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The platform's id of a message: as long and as random as the real ones.
pub(super) fn message_id(rng: &mut impl Rng, platform: Platform, at_ms: i64) -> String {
    let mut letters = |n: usize| -> String {
        (0..n).filter_map(|_| BASE64URL.get(rng.random_range(0..64)).copied().map(char::from)).collect()
    };
    match platform {
        Platform::Messenger => format!("m_{}", letters(64)),
        Platform::Instagram => format!("aWdfaXRlbTo{}=", letters(54)),
        // X's own ids grow with time.
        Platform::X => {
            let low: u32 = rng.random_range(0..1 << 22);
            (((at_ms - 1_288_834_974_657) << 22) | i64::from(low)).to_string()
        }
    }
}

fn message(platform: Platform, item: &Item) -> Value {
    let conversation = conversation_id(platform, item.conversation);
    let person = format!("70{:013}", item.conversation % 9_999_999_999);
    let own = "9001000000000001".to_owned();
    let business = json!({ "name": "Corner Bakery" });
    let mut value = Map::new();
    let mut set = |key: &str, to: Value| value.insert(key.to_owned(), to);
    set("id", item.id.clone().into());
    set("conversationId", conversation.into());
    set("platform", word(platform).into());
    set("action", if item.out { "sent" } else { "received" }.into());
    let name = format!("Person {}", item.conversation % 1_000_000);
    if item.out {
        set("senderId", own.into());
        set("senderDetails", business);
        set("recipientDetails", json!({ "name": name, "id": person, "picture": picture(&person) }));
        set("recipientId", person.clone().into());
    } else {
        set("senderDetails", json!({ "name": name, "profileImage": picture(&person) }));
        set("senderId", person.clone().into());
        set("recipientId", own.into());
    }
    set("created", iso(item.at_ms).into());
    set("message", item.text.clone().into());
    if item.image {
        // Signed addresses of a CDN are long, and different each time.
        let url = format!(
            "https://cdn.example.test/v/t1.15752-9/{}_n.jpg?_nc_cat=110&ccb=1-7&oh={}&oe=68AA11FF",
            item.id, item.id
        );
        set("attachments", json!([{ "type": "image", "url": url }]));
    }
    if let Some(emoji) = item.reaction {
        set("reactions", json!({ person: emoji }));
    }
    Value::Object(value)
}

fn picture(person: &str) -> String {
    format!("https://img.example.test/profiles/{person}.jpeg")
}

fn word(platform: Platform) -> &'static str {
    match platform {
        Platform::Messenger => "facebook",
        Platform::Instagram => "instagram",
        Platform::X => "twitter",
    }
}

/// UTC with milliseconds.
pub fn iso(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_the_provider_does() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_770_113_045_120), "2026-02-03T10:04:05.120Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00.000Z");
    }
}

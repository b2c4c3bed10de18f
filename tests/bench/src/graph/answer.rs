//! The corpus as Graph writes it: pages of conversations with their newest messages (`reference/meta-graph.md` 2.2, 4).
//! Made from the reference, as the Ayrshare one is: every field that is asked for costs its bytes.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use backscroll_adapters::meta;
use backscroll_model::{Page, Platform, RemoteId, Timestamp};
use serde_json::{Map, Value, json};

use crate::corpus::{Body, Item, conversation_id};

/// Conversations of a page, and messages of a conversation: what the app asks for.
const CONVERSATIONS: usize = 20;
pub const DETAILS: u32 = 20;
/// The business at Instagram.
pub const OURS: &str = "9001000000000001";

/// Answers to one walk through the same conversations as `body`, newest conversation first.
pub fn answers(body: &Body) -> Vec<Vec<u8>> {
    let mut threads: BTreeMap<usize, Vec<&Item>> = BTreeMap::new();
    for item in &body.items {
        threads.entry(item.conversation).or_default().push(item);
    }
    let mut threads: Vec<(usize, Vec<&Item>)> = threads.into_iter().collect();
    threads.sort_by_key(|(_, items)| std::cmp::Reverse(items.first().map(|item| item.at_ms)));
    threads.chunks(CONVERSATIONS).map(page).collect()
}

/// Decodes and normalises the answers, as a walk does.
pub fn decode(answers: &[Vec<u8>], at: Timestamp) -> Result<Vec<Page>> {
    let ours = [RemoteId::from(OURS)];
    let mut pages = Vec::new();
    for answer in answers {
        let read = meta::pages_of(Platform::Instagram, &ours, DETAILS, Some(at), answer);
        pages.extend(read.map_err(|kind| anyhow!("the adapter refused an answer: {kind:?}"))?);
    }
    Ok(pages)
}

fn page(threads: &[(usize, Vec<&Item>)]) -> Vec<u8> {
    let data: Vec<Value> = threads.iter().map(|(number, items)| conversation(*number, items)).collect();
    let cursors = json!({ "before": "QVFIUmxBZAF9", "after": "QVFIUmtCZAF8" });
    spelled(&json!({ "data": data, "paging": { "cursors": cursors } }))
}

fn conversation(number: usize, items: &[&Item]) -> Value {
    let person = json!({ "id": person(number), "username": format!("person{number}") });
    let us = json!({ "id": OURS, "username": "cornerbakery" });
    let rows: Vec<Value> = items
        .iter()
        .take(DETAILS as usize)
        .map(|item| message(item, if item.out { (&us, &person) } else { (&person, &us) }))
        .collect();
    json!({
        "id": conversation_id(Platform::Instagram, number),
        "updated_time": items.first().map(|item| time(item.at_ms)),
        "participants": { "data": [us, person] },
        "messages": { "data": rows, "paging": { "cursors": { "before": "ZAXlK", "after": "ZAXlL" } } },
    })
}

fn message(item: &Item, (from, to): (&Value, &Value)) -> Value {
    let mut out = Map::new();
    out.insert("id".to_owned(), id(item).into());
    out.insert("created_time".to_owned(), time(item.at_ms).into());
    out.insert("from".to_owned(), from.clone());
    out.insert("to".to_owned(), json!({ "data": [{ "id": to.get("id") }] }));
    out.insert("message".to_owned(), item.text.clone().into());
    if item.image {
        // Signed addresses of a CDN are long, and different each time.
        let address = |name: &str| {
            format!(
                "https://lookaside.example.test/ig_messaging_cdn/?asset_id={}&signature={name}{}",
                item.at_ms, item.id
            )
        };
        let sizes = json!({ "width": 1080, "height": 1350, "max_width": 1080, "max_height": 1350,
            "url": address("a"), "preview_url": address("b") });
        out.insert(
            "attachments".to_owned(),
            json!({ "data": [{ "id": format!("{}", item.at_ms), "image_data": sizes }] }),
        );
    }
    if let Some(emoji) = item.reaction {
        let by = json!([{ "id": person(item.conversation), "username": format!("person{}", item.conversation) }]);
        out.insert("reactions".to_owned(), json!({ "data": [{ "reaction": emoji, "users": by }] }));
    }
    Value::Object(out)
}

/// As long and as random as the real ones.
fn id(item: &Item) -> String {
    let random = item.id.trim_start_matches("m_");
    format!("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDA6MzQwMjgyMzY2{random}ZD")
}

fn person(number: usize) -> String {
    format!("17{number:014}")
}

/// `2026-11-20T16:04:31+0000`.
fn time(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// Non-ASCII as `\uXXXX` and `/` as `\/`, as Meta sends it. Neither stands outside a string.
fn spelled(value: &Value) -> Vec<u8> {
    use std::fmt::Write as _;
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len() * 2);
    for character in plain.chars() {
        match character {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use backscroll_model::Event;

    use super::*;
    use crate::corpus::{NEWEST_MS, listing};

    #[test]
    fn every_message_of_the_corpus_is_read_from_the_answers() {
        let body = listing(4, 45, 20, 0..0, NEWEST_MS);
        let answers = answers(&body);
        assert_eq!(answers.len(), 3);
        assert!(answers.iter().all(|answer| answer.is_ascii()));
        let pages = decode(&answers, Timestamp(NEWEST_MS)).unwrap();
        let events: Vec<&Event> = pages.iter().flat_map(|p| &p.conversations).flat_map(|c| &c.events).collect();
        let texts = events.iter().filter_map(|event| match event {
            Event::Message(message) => message.text.as_deref(),
            _ => None,
        });
        let mut read: Vec<&str> = texts.collect();
        let mut written: Vec<&str> = body.items.iter().map(|item| item.text.as_str()).collect();
        read.sort_unstable();
        written.sort_unstable();
        assert_eq!(read, written);
        assert!(pages.iter().all(|page| page.skipped.is_empty()));
    }
}

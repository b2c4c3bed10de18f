//! Gathers the body of an answer and decodes it where it lies.
//!
//! Promises: never a tree of the whole body; list items are kept as the JSON they came as (the history stores that
//! anyway), everything else is kept only if it is known; the cap counts decompressed bytes.
//!
//! Refuses: half a body, because coverage can only be claimed for a listing that was seen to its end; and to parse while
//! it arrives. A stream is read byte by byte, which takes three times the instructions (58,000 a message for 28,000, a
//! fifth of the whole ingest); what that would save is the body itself, at most the cap, until its items are cut out.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Kind, http};

/// What an answer of the messages endpoints can hold. Lists are `None` when the key was not there.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// `status`.
    pub status: Option<Box<RawValue>>,
    /// `messages`, newest first.
    pub messages: Option<Vec<Box<RawValue>>>,
    /// `conversationIds`.
    pub conversation_ids: Option<Vec<Box<RawValue>>>,
    /// `converstationsDetails`, by whichever spelling (quirk 5).
    pub details: Option<Vec<Box<RawValue>>>,
    /// `lastUpdated`.
    pub last_updated: Option<Box<RawValue>>,
    /// `nextUpdate`.
    pub next_update: Option<Box<RawValue>>,
    /// `meta`, which holds `pagination.next`.
    pub meta: Option<Box<RawValue>>,
    /// The fields of an error: `code`, `action`, `message`, `details`, `errors`.
    pub refusal: Vec<(&'static str, Box<RawValue>)>,
}

impl Body {
    /// The fields of an error as one JSON object, for the reader of refusals.
    pub fn refusal_json(&self) -> String {
        let status = self.status.as_deref().map(|raw| ("status", raw));
        let fields = status.into_iter().chain(self.refusal.iter().map(|(name, raw)| (*name, &**raw)));
        let fields: Vec<String> = fields.map(|(name, raw)| format!("\"{name}\":{}", raw.get())).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// Why a body could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub kind: Kind,
    pub said: String,
}

/// Reads and decodes `response` with at most `cap` decompressed bytes.
pub(super) async fn receive(mut response: reqwest::Response, cap: usize) -> Result<Body, Broken> {
    let mut gathered = Vec::new();
    loop {
        let piece = response.chunk().await.map_err(|error| {
            let (kind, said) = http::transport(error);
            Broken { kind, said }
        })?;
        let Some(piece) = piece else { break };
        // Neither a page of HTML nor a bomb is waited for: the first piece shows that it is no object.
        if gathered.is_empty() && begins_otherwise(&piece) {
            return decode(&piece);
        }
        if gathered.len() + piece.len() > cap {
            return Err(Broken { kind: Kind::TooLarge, said: format!("more than {cap} bytes") });
        }
        gathered.extend_from_slice(&piece);
    }
    // Megabytes take a while to parse: not on a thread that others wait for.
    let decoding = tokio::task::spawn_blocking(move || decode(&gathered));
    decoding.await.map_err(|_| Broken { kind: Kind::Decode, said: "the decoder stopped".to_owned() })?
}

/// Whether this cannot be the beginning of a JSON object.
fn begins_otherwise(piece: &[u8]) -> bool {
    piece.trim_ascii_start().first().is_some_and(|first| *first != b'{')
}

/// Decodes one JSON object and nothing after it.
pub(super) fn decode(json: &[u8]) -> Result<Body, Broken> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    let body = parser.deserialize_map(BodyVisitor).and_then(|body| parser.end().map(|()| body));
    body.map_err(|error| Broken { kind: Kind::Decode, said: not_json(&error) })
}

/// What is wrong with a document, without a word of its content.
pub(super) fn not_json(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "not the documented shape",
        serde_json::error::Category::Eof => "JSON that breaks off",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Body::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "status" => body.status = Some(map.next_value()?),
                "messages" => body.messages = Some(map.next_value_seed(Items)?),
                "conversationIds" => body.conversation_ids = Some(map.next_value_seed(Items)?),
                "converstationsDetails" | "conversationsDetails" | "conversationDetails" => {
                    body.details.get_or_insert_default().extend(map.next_value_seed(Items)?);
                }
                "lastUpdated" => body.last_updated = Some(map.next_value()?),
                "nextUpdate" => body.next_update = Some(map.next_value()?),
                "meta" => body.meta = Some(map.next_value()?),
                "code" => body.refusal.push(("code", map.next_value()?)),
                "action" => body.refusal.push(("action", map.next_value()?)),
                "message" => body.refusal.push(("message", map.next_value()?)),
                "errors" => body.refusal.push(("errors", map.next_value()?)),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(body)
    }
}

/// An array of anything, each element as it came; `null` is an empty one.
struct Items;

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Box<RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Box<RawValue>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_spelling_of_the_details_is_read_and_unknown_fields_are_ignored() {
        for key in ["converstationsDetails", "conversationsDetails", "conversationDetails"] {
            let json = format!(r#"{{"new": {{"a": [1, {{}}]}}, "{key}": [{{"id": "t_1"}}], "status": "success"}}"#);
            let body = decode(json.as_bytes()).unwrap();
            assert_eq!(body.details.unwrap().len(), 1, "{key}");
        }
    }

    #[test]
    fn what_is_not_one_json_object_is_refused_without_repeating_it() {
        for (bytes, said) in [
            ("<html>secret words</html>", "not JSON"),
            ("", "breaks off"),
            (r#"{"messages": [{"id": "1"}"#, "breaks off"),
            (r#"{"messages": []} trailing"#, "not JSON"),
            (r#"["messages"]"#, "not the documented shape"),
            (r#"{"messages": "words"}"#, "not the documented shape"),
        ] {
            let broken = decode(bytes.as_bytes()).unwrap_err();
            assert_eq!(broken.kind, Kind::Decode);
            assert!(broken.said.contains(said), "{bytes}: {}", broken.said);
            assert!(!broken.said.contains("words"));
        }
    }

    #[test]
    fn items_are_kept_as_they_came_and_half_a_body_or_one_that_is_no_text_is_refused() {
        let item = r#"{"id": "m_é\n", "n": [1]}"#;
        let json = format!(r#"{{"messages": [{}], "status": "success"}}"#, vec![item; 50].join(","));
        let body = decode(json.as_bytes()).unwrap();
        assert_eq!(body.messages.unwrap().iter().filter(|m| m.get() == item).count(), 50);
        assert!(decode(json.as_bytes().split_last().unwrap().1).unwrap_err().said.contains("breaks off"));
        assert_eq!(decode(b"{\"messages\": [\"\xff\"]}").unwrap_err().kind, Kind::Decode);
    }

    #[test]
    fn a_list_of_null_is_empty() {
        assert_eq!(decode(r#"{"messages": null}"#.as_bytes()).unwrap().messages.unwrap().len(), 0);
    }
}

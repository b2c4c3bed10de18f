//! The sentences that a person reads, from the file that the UI reads too (`ui/messages/en.json`).

use std::{collections::BTreeMap, sync::LazyLock};

use backscroll_model::{ErrorCode, Health};
use serde::Serialize;
use serde_json::Value;

static ENGLISH: LazyLock<BTreeMap<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../ui/messages/en.json")).unwrap_or_default());

/// The sentence `key`, its `{names}` filled in. A key that is missing shows itself: better than nothing, and a test finds
/// it.
pub fn text(key: &str, values: &[(&str, &str)]) -> String {
    let mut sentence = ENGLISH.get(key).and_then(Value::as_str).unwrap_or(key).to_owned();
    for (name, value) in values {
        sentence = sentence.replace(&format!("{{{name}}}"), value);
    }
    sentence
}

/// The sentence of an error.
pub fn error(code: ErrorCode) -> String {
    text(&format!("error_{}", word(&code)), &[])
}

/// The word of an enum in JSON: the variant, or the tag `kind`.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(Value::Object(fields)) => fields.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The word of an account's health.
pub fn health(health: &Health) -> String {
    word(health)
}

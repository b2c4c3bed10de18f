//! The sentences that a person reads, from the file that the UI reads too (`ui/messages/en.json`).

use backscroll_model::{ErrorCode, Health};
use serde::Serialize;
use serde_json::Value;

pub use backscroll_engine::text;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_the_command_line_asks_for_exists() {
        let sources = [
            include_str!("account.rs"),
            include_str!("backup.rs"),
            include_str!("demo.rs"),
            include_str!("export.rs"),
            include_str!("import.rs"),
            include_str!("read.rs"),
            include_str!("search.rs"),
            include_str!("send.rs"),
            include_str!("sync.rs"),
        ];
        let mut asked = 0;
        for key in
            sources.iter().flat_map(|source| source.split("\"cli_").skip(1)).filter_map(|rest| rest.split('"').next())
        {
            let key = format!("cli_{key}");
            assert_ne!(text(&key, &[]), key, "not in ui/messages/en.json");
            asked += 1;
        }
        assert!(asked > 10, "{asked}");
    }

    #[test]
    fn every_error_has_a_sentence() {
        for code in [ErrorCode::Offline, ErrorCode::InUse, ErrorCode::NewerData, ErrorCode::Internal] {
            assert!(!error(code).starts_with("error_"), "{code:?}");
        }
    }
}

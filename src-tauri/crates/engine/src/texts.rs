//! The sentences of the interface for whoever speaks without a web view: notifications, tray, command line.
//!
//! Promises: the same file as the window, `ui/messages/en.json`, compiled in. A text is either a string with `{name}`
//! placeholders or, for counted things, Paraglide's list of variants by plural (`one`, `other`; English needs no more).
//! A test demands each key that Rust asks for.
//!
//! Refuses: anything else that the message format can do; the window has a compiler for it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

static EN: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../ui/messages/en.json")).unwrap_or_else(|e| {
        tracing::error!(error = %e, "ui/messages/en.json is not readable");
        BTreeMap::new()
    })
});

/// The text of `key` with its placeholders filled. An unknown key is shown as itself: a wrong word is better than none.
pub fn text(key: &str, params: &[(&str, &str)]) -> String {
    let template = match EN.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(variants)) => variant(variants, params).unwrap_or_else(|| key.to_owned()),
        _ => key.to_owned(),
    };
    fill(&template, params)
}

/// Picks by the first declared input: `one` if it is 1, else `other`.
fn variant(variants: &[Value], params: &[(&str, &str)]) -> Option<String> {
    let first = variants.first()?;
    let counted = first
        .get("declarations")?
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .find_map(|d| d.split_once(": plural")?.0.rsplit_once('=').map(|(_, input)| input.trim()))?;
    let one = params.iter().any(|(name, value)| *name == counted && *value == "1");
    let wanted = if one { "=one" } else { "=other" };
    let matches = first.get("match")?.as_object()?;
    let found = matches.iter().find(|(k, _)| k.ends_with(wanted)).or_else(|| matches.iter().next_back())?;
    found.1.as_str().map(str::to_owned)
}

fn fill(template: &str, params: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match params.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.extend(["{", name, "}"]),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_never_from_each_other() {
        assert_eq!(fill("{a} wrote {b} {", &[("a", "{b}"), ("b", "x")]), "{b} wrote x {");
        assert_eq!(fill("{unknown}", &[]), "{unknown}");
    }

    #[test]
    fn counted_texts_choose_their_plural() {
        let variants: Value = serde_json::from_str(
            r#"[{"declarations":["input count","local plural = count: plural"],"selectors":["plural"],
                "match":{"plural=one":"{count} message","plural=other":"{count} messages"}}]"#,
        )
        .unwrap();
        let pick = |n| variant(variants.as_array().unwrap(), &[("count", n)]).unwrap();
        assert_eq!(pick("1"), "{count} message");
        assert_eq!(pick("38"), "{count} messages");
    }

    #[test]
    fn every_key_that_rust_asks_for_exists() {
        let sources = [include_str!("notify.rs")];
        let asked = sources
            .iter()
            .flat_map(|s| s.split("text(\"").skip(1))
            .filter_map(|rest| rest.split_once('"').map(|(key, _)| key))
            .filter(|key| key.starts_with("notify_"));
        for key in asked {
            assert!(EN.contains_key(key), "{key} is missing in ui/messages/en.json");
        }
    }
}

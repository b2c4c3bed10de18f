//! `fields=id,messages.limit(10){id,from{name}}`: names, modifiers, nesting (reference 2.4), and the answer they select.

use std::fmt;

use serde_json::{Map, Value};

use crate::graph::error::GraphError;
use crate::graph::state::GraphKnobs;

/// One field of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub name: String,
    /// `.limit(10)`, `.after(X)`; unknown modifiers are kept and have no effect.
    pub modifiers: Vec<(String, String)>,
    pub sub: Vec<Self>,
}

impl Field {
    #[cfg(test)]
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(crate) fn modifier(&self, name: &str) -> Option<&str> {
        self.modifiers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in &self.modifiers {
            write!(f, ".{name}({value})")?;
        }
        if !self.sub.is_empty() {
            write!(f, "{{{}}}", list(&self.sub))?;
        }
        Ok(())
    }
}

/// The notation of a list.
pub(crate) fn list(fields: &[Field]) -> String {
    fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Deeper nesting than any real query has is refused instead of followed.
const DEEPEST: usize = 16;

/// Reads a field list; white space between names is allowed.
pub(crate) fn parse(text: &str) -> Result<Vec<Field>, GraphError> {
    let mut reader = Reader { text, at: 0 };
    let fields = reader.fields(0).ok_or_else(|| reader.error())?;
    if reader.at < text.len() {
        return Err(reader.error());
    }
    Ok(fields)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self) -> GraphError {
        let rest = self.text.get(self.at..).and_then(|r| r.chars().next());
        let seen = rest.map_or_else(|| "end of string".to_owned(), |c| format!("\"{c}\""));
        let text = format!("Syntax error \"Unexpected {seen}\" at character {}: {}", self.at, self.text);
        GraphError::new(2500, text)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: u8) -> bool {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Option<&'a str> {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
            self.at += 1;
        }
        self.text.get(start..self.at).filter(|n| !n.is_empty())
    }

    fn fields(&mut self, depth: usize) -> Option<Vec<Field>> {
        if depth > DEEPEST {
            return None;
        }
        let mut out = Vec::new();
        loop {
            let mut field = Field { name: self.name()?.to_owned(), ..Field::default() };
            while self.skip(b'.') {
                let name = self.name()?.to_owned();
                if !self.skip(b'(') {
                    return None;
                }
                let start = self.at;
                while self.peek().is_some_and(|b| b != b')') {
                    self.at += 1;
                }
                let value = self.text.get(start..self.at)?.to_owned();
                if !self.skip(b')') {
                    return None;
                }
                field.modifiers.push((name, value));
            }
            if self.skip(b'{') {
                field.sub = self.fields(depth + 1)?;
                if !self.skip(b'}') {
                    return None;
                }
            }
            out.push(field);
            if !self.skip(b',') {
                return Some(out);
            }
        }
    }
}

/// What a node type knows, and under which name it complains.
pub(crate) struct Shape {
    pub node: &'static str,
    pub known: &'static [&'static str],
}

/// `(#100) Tried accessing nonexisting field (x) on node type (y)`.
fn nonexisting(name: &str, node: &str) -> GraphError {
    GraphError::parameter(&format!("Tried accessing nonexisting field ({name}) on node type ({node})"))
}

/// Refuses names that the type, or this version by a knob, does not know.
pub(crate) fn check(fields: &[Field], shape: &Shape, knobs: &GraphKnobs, version: &str) -> Result<(), GraphError> {
    for field in fields {
        let name = field.name.as_str();
        let withdrawn =
            knobs.unknown_fields.contains(name) || knobs.unknown_fields.contains(&format!("{version}:{name}"));
        if withdrawn || !shape.known.contains(&name) {
            return Err(nonexisting(name, shape.node));
        }
    }
    Ok(())
}

/// Keeps of a complete object what the sub-fields name; without sub-fields all of it. `data{…}` and a list inside `data`
/// are looked through, as Graph does.
pub(crate) fn pick(whole: Value, sub: &[Field], shape: &Shape) -> Result<Value, GraphError> {
    if sub.is_empty() {
        return Ok(whole);
    }
    match whole {
        Value::Array(items) => {
            items.into_iter().map(|v| pick(v, sub, shape)).collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Value::Object(mut object) if object.contains_key("data") => {
            let inner = match sub {
                [only] if only.name == "data" => only.sub.as_slice(),
                _ => sub,
            };
            if let Some(data) = object.remove("data") {
                object.insert("data".to_owned(), pick(data, inner, shape)?);
            }
            Ok(Value::Object(object))
        }
        Value::Object(mut object) => {
            let mut out = Map::new();
            for field in sub {
                if !shape.known.is_empty() && !shape.known.contains(&field.name.as_str()) {
                    return Err(nonexisting(&field.name, shape.node));
                }
                if let Some(value) = object.remove(&field.name) {
                    // Below the first level nobody has listed what exists.
                    let anything = Shape { node: shape.node, known: &[] };
                    out.insert(field.name.clone(), pick(value, &field.sub, &anything)?);
                }
            }
            Ok(Value::Object(out))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_modifiers_and_nesting_are_read() {
        let fields = parse("id, messages.limit(10).after(QV=) { id,from{name} } ,snippet").unwrap();
        assert_eq!(fields.len(), 3);
        let messages = fields.get(1).unwrap();
        assert_eq!((messages.modifier("limit"), messages.modifier("after")), (Some("10"), Some("QV=")));
        assert_eq!(list(&fields), "id,messages.limit(10).after(QV=){id,from{name}},snippet");
        assert_eq!(messages.sub.first(), Some(&Field::named("id")));
    }

    #[test]
    fn broken_lists_are_refused() {
        for text in ["", "id,", "id{", "id{}", "a.limit", "a.limit(1", "a}b", "{", "a b"] {
            assert_eq!(parse(text).unwrap_err().code, 2500, "{text}");
        }
        assert_eq!(parse(&"a{".repeat(5_000)).unwrap_err().code, 2500);
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader_and_what_was_read_can_be_written(text in "[a-c.,(){} 1]{0,40}") {
            if let Ok(fields) = parse(&text) {
                assert_eq!(parse(&list(&fields)).unwrap(), fields);
            }
        }
    }
}

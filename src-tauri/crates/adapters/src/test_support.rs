//! What the tests of all providers say in the same words: elements of JSON, and the table of what came back from a send.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::{Kind, SendOutcome};

/// What stands between us and a provider when it is in a mood.
pub(crate) const HTML: &str = "<!doctype html><title>Just a moment</title>";
/// Meta's words for a closed window, which Ayrshare hands on.
pub(crate) const WINDOW: &str = "(#10) This message is sent outside of allowed window.";

/// An element as it came.
pub(crate) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

/// What an outcome is, without its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Is {
    Accepted(&'static str),
    NotSent(Kind),
    Refused(Kind),
    Ambiguous(Kind),
}

/// A row of a table: its name, what came back, what it must mean.
pub(crate) type Row<R> = (&'static str, R, Is);

/// Fails unless the outcome is this.
#[track_caller]
pub(crate) fn assert_is(name: &str, is: &Is, outcome: &SendOutcome) {
    let holds = match (is, outcome) {
        (Is::Accepted(id), SendOutcome::Accepted { remote_id, .. }) => remote_id.as_str() == *id,
        (Is::NotSent(kind), SendOutcome::NotSent(error))
        | (Is::Refused(kind), SendOutcome::Refused(error))
        | (Is::Ambiguous(kind), SendOutcome::Ambiguous(error)) => *kind == error.kind,
        _ => false,
    };
    assert!(holds, "{name}: expected {is:?}, got {outcome:?}");
}

/// Fails unless each row means what it says; no two have one name.
pub(crate) fn assert_table<R>(table: Vec<Row<R>>, classify: impl Fn(R) -> SendOutcome) {
    assert!(table.len() >= 60, "rows were lost");
    let names: BTreeSet<_> = table.iter().map(|row| row.0).collect();
    assert_eq!(names.len(), table.len(), "two rows of one name");
    for (name, reply, is) in table {
        assert_is(name, &is, &classify(reply));
    }
}

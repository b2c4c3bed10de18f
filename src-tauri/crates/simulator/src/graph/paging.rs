//! Pages of a list: cursors, `limit`, and the full addresses in `next` and `previous` (reference 2.5).
//!
//! A cursor names a place (time, order), not a count, so a list that moves meanwhile loses nothing behind the cursor.

use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::state::GraphKnobs;
use crate::graph::wire;
use crate::state::State;

/// What part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub limit: usize,
    pub after: Option<(i64, u64)>,
    pub before: Option<(i64, u64)>,
}

/// The page size for a `limit` as sent.
pub(crate) fn limit(text: Option<&str>, knobs: &GraphKnobs) -> Result<usize, GraphError> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(knobs.default_limit) };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(knobs.max_limit)),
        _ => Err(GraphError::parameter(&format!("Param limit must be a positive integer, got \"{text}\""))),
    }
}

impl Window {
    pub(crate) fn read(
        state: &State,
        limit_text: Option<&str>,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Result<Self, GraphError> {
        let place =
            |text: Option<&str>| text.filter(|t| !t.is_empty()).map(|t| wire::read_cursor(state, t)).transpose();
        Ok(Self { limit: limit(limit_text, &state.graph.knobs)?, after: place(after)?, before: place(before)? })
    }

    /// Cuts the window out of a list that is ordered newest first. Gives the first place inside, the rows, and whether
    /// older and newer ones exist.
    pub(crate) fn cut<T>(&self, all: Vec<T>, place: impl Fn(&T) -> (i64, u64)) -> Cut<T> {
        let total = all.len();
        let (start, end) = if let Some(before) = self.before {
            let end = all.partition_point(|item| place(item) > before);
            (end.saturating_sub(self.limit), end)
        } else {
            let start = self.after.map_or(0, |after| all.partition_point(|item| place(item) >= after));
            (start, start.saturating_add(self.limit).min(total))
        };
        let rows = all.into_iter().skip(start).take(end - start).collect();
        Cut { start, rows, older: end < total, newer: start > 0 }
    }
}

/// A page.
pub(crate) struct Cut<T> {
    pub start: usize,
    pub rows: Vec<T>,
    pub older: bool,
    pub newer: bool,
}

/// Where the next page is asked for.
pub(crate) struct Address<'a> {
    /// Path after the version.
    pub path: String,
    /// Parameters that are repeated.
    pub params: Vec<(&'a str, String)>,
    pub limit: usize,
}

impl Address<'_> {
    fn url(&self, state: &State, call: &Call, caller: &Caller, side: &str, cursor: &str) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("access_token", &caller.token);
        for (key, value) in &self.params {
            query.append_pair(key, value);
        }
        query.append_pair("limit", &self.limit.to_string()).append_pair(side, cursor);
        let base = state.media.own("").trim_end_matches("/api/files/").to_owned();
        format!("{base}/graph/{}/{}?{}", call.version, self.path, query.finish())
    }
}

/// `{data, paging}`; an empty list has no `paging`.
pub(crate) fn page(
    (state, call, caller): (&State, &Call, &Caller),
    address: &Address<'_>,
    data: Vec<Value>,
    ends: Option<((i64, u64), (i64, u64))>,
    (older, newer): (bool, bool),
) -> Value {
    let mut out = Map::from_iter([("data".to_owned(), Value::Array(data))]);
    if let Some((first, last)) = ends {
        let (first, last) = (wire::cursor(state, first.0, first.1), wire::cursor(state, last.0, last.1));
        let mut paging = json!({ "cursors": { "before": first, "after": last } });
        if let Some(object) = paging.as_object_mut() {
            if older {
                object.insert("next".to_owned(), json!(address.url(state, call, caller, "after", &last)));
            }
            if newer {
                object.insert("previous".to_owned(), json!(address.url(state, call, caller, "before", &first)));
            }
        }
        out.insert("paging".to_owned(), paging);
    }
    Value::Object(out)
}

/// An empty page that leads on to `after` (reference 2.5: a page may be empty and still have `next`).
pub(crate) fn empty_page((state, call, caller): (&State, &Call, &Caller), address: &Address<'_>, after: &str) -> Value {
    let next = address.url(state, call, caller, "after", after);
    json!({ "data": [], "paging": { "cursors": { "after": after }, "next": next } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_from_both_sides() {
        let all = || (0..10_i64).rev().map(|n| (n, 0_u64)).collect::<Vec<_>>();
        let window = |limit, after: Option<i64>, before: Option<i64>| Window {
            limit,
            after: after.map(|n| (n, 0)),
            before: before.map(|n| (n, 0)),
        };
        let times = |cut: &Cut<(i64, u64)>| cut.rows.iter().map(|r| r.0).collect::<Vec<_>>();
        let first = window(4, None, None).cut(all(), |p| *p);
        assert_eq!((times(&first), first.older, first.newer, first.start), (vec![9, 8, 7, 6], true, false, 0));
        let second = window(4, Some(6), None).cut(all(), |p| *p);
        assert_eq!((times(&second), second.start), (vec![5, 4, 3, 2], 4));
        let last = window(4, Some(2), None).cut(all(), |p| *p);
        assert_eq!((times(&last), last.older, last.newer), (vec![1, 0], false, true));
        let back = window(4, None, Some(5)).cut(all(), |p| *p);
        assert_eq!(times(&back), vec![9, 8, 7, 6]);
    }
}

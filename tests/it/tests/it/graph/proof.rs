//! What is held and what is shown as missing, held against the truth of the simulator.

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::*;
use backscroll_simulator::{Chat, LedgerEntry};
use rusqlite::Connection;

use super::shop::Shop;
use crate::invariants;

/// Reads tell whole seconds.
pub fn second(at_ms: i64) -> i64 {
    at_ms.div_euclid(1_000) * 1_000
}

/// A conversation as the database has it: messages and placeholders, by the platform's id, with their times.
pub struct Kept {
    pub messages: BTreeMap<String, i64>,
    pub placeholders: BTreeMap<String, i64>,
}

impl Kept {
    pub fn of(db: &Connection, chat: &Chat) -> Self {
        let map = |sql: &str| -> BTreeMap<String, i64> {
            let mut statement = db.prepare(sql).unwrap();
            let rows = statement.query_map([&chat.conversation], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let select = |table: &str| {
            format!(
                "SELECT m.remote_id, m.at FROM {table} m JOIN conversation c ON c.id = m.conversation
                 WHERE c.remote_id = ?1 AND m.remote_id IS NOT NULL"
            )
        };
        Self { messages: map(&select("message")), placeholders: map(&select("placeholder")) }
    }
}

/// Checks these conversations; `settled`: the account was read after the newest message, so nothing may be unsaid.
pub async fn check(shop: &Shop, chats: &[Chat], settled: bool) {
    let db = invariants::snapshot(shop.data());
    invariants::sound(&db);
    invariants::calm();
    let rows: BTreeMap<String, ConversationId> =
        shop.conversations().await.into_iter().map(|c| (c.remote_id.0, c.id)).collect();
    let mut gaps: BTreeMap<ConversationId, Vec<Gap>> = BTreeMap::new();
    for gap in shop.inbox().gaps(None).await.unwrap() {
        gaps.entry(gap.conversation).or_default().push(gap);
    }
    for chat in chats {
        let truth = shop.graph().truth(chat).unwrap();
        let Some(id) = rows.get(&chat.conversation) else {
            assert!(!settled || truth.is_empty(), "{chat:?} is not held at all");
            continue;
        };
        one(&Kept::of(&db, chat), gaps.get(id).map_or(&[], Vec::as_slice), &truth, settled);
    }
}

fn one(kept: &Kept, gaps: &[Gap], truth: &[LedgerEntry], settled: bool) {
    let ends = |gap: &Gap| (gap.from.map(|t| t.0), gap.to.expect("a gap ends").0);
    let inside = |gap: &Gap, at: i64| {
        let (from, to) = ends(gap);
        from.is_none_or(|from| from <= at) && at <= to
    };
    let by_id: BTreeMap<&str, &LedgerEntry> = truth.iter().map(|e| (e.id.as_str(), e)).collect();
    for (id, at) in kept.messages.iter().chain(&kept.placeholders) {
        let entry = by_id.get(id.as_str()).unwrap_or_else(|| panic!("{id} was never written"));
        assert_eq!(*at, second(entry.at_ms), "{id} keeps its time");
    }
    assert!(kept.messages.keys().all(|id| !kept.placeholders.contains_key(id)), "held and missing at once");
    let newest_held = kept.messages.values().max().copied().unwrap_or(i64::MIN);
    for entry in truth.iter().filter(|e| !e.unsent && !kept.messages.contains_key(&e.id)) {
        let at = second(entry.at_ms);
        let is_shown = gaps.iter().any(|gap| inside(gap, at));
        assert!(is_shown || (!settled && at >= newest_held), "{entry:?} is neither held nor in a gap: {gaps:?}");
    }
    for gap in gaps {
        let (from, to) = ends(gap);
        // Within one second, where more was written than a page holds, a gap may be that second alone: one that is missing.
        let of_one_second =
            || truth.iter().any(|e| !e.unsent && second(e.at_ms) == to && !kept.messages.contains_key(&e.id));
        let is_something =
            from.is_none_or(|from| from < to || (from == to && (gap.count.is_some() || of_one_second())));
        assert!(is_something, "{gap:?} is empty");
        let held = kept.messages.iter().find(|(_, at)| from.is_none_or(|from| from < **at) && **at < to);
        assert_eq!(held, None, "{gap:?} covers a message that is held");
        if let Some(count) = gap.count {
            let missing: BTreeSet<&str> = truth
                .iter()
                .filter(|e| inside(gap, second(e.at_ms)) && !kept.messages.contains_key(&e.id))
                .map(|e| e.id.as_str())
                .collect();
            let surely = missing.iter().filter(|id| !by_id[*id].unsent).count();
            assert!((surely..=missing.len()).contains(&(count as usize)), "{gap:?} counts wrongly: {missing:?}");
        }
    }
    for pair in gaps.windows(2) {
        let ((_, before), (after, to)) = (ends(&pair[0]), ends(&pair[1]));
        assert!(after.is_some_and(|after| before <= after), "{pair:?} overlap");
        let is_sliver = pair.iter().all(|gap| gap.count.is_none()) && after == Some(before) && to - before <= 1_000;
        assert!(!is_sliver, "{pair:?} say the same twice");
    }
}

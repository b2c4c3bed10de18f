#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{ConversationId, ConversationState, DAY, HOUR, MINUTE, OnlyFilter, Platform, Sort, StateFilter};

use super::*;
use crate::{
    apply::apply,
    set_state,
    test_support::{NOW, add_account, assert_walks, backfill, inbound, live, outbound, page, with_account},
};

/// Sixty conversations over two accounts: open, snoozed, done, waiting, answered, and some without messages.
fn inbox() -> Connection {
    let (connection, instagram) = with_account(Platform::Instagram);
    let x = add_account(&connection, Platform::X, "9002");
    for n in 0..60_i64 {
        let account = if n % 3 == 0 { x } else { instagram };
        // Two conversations share each instant.
        let at = NOW.plus(-HOUR * (n / 2));
        let mut events = vec![inbound(&format!("i{n}"), at, "Hello?")];
        if n % 4 == 1 {
            events.insert(0, outbound(&format!("o{n}"), at.plus(MINUTE), "Yes"));
        }
        if n % 20 == 7 {
            events.clear();
        }
        apply(&connection, account, &[page(&format!("t{n}"), events, None)], &live()).unwrap();
    }
    for n in [4, 5, 6, 40] {
        let id = ConversationId(n);
        let until = NOW.plus(DAY);
        let to = if n % 2 == 0 { ConversationState::Done } else { ConversationState::Snoozed { until } };
        set_state(&connection, id, to).unwrap();
    }
    connection
}

fn all(connection: &Connection, query: &ConversationQuery, page_size: u32) -> Vec<Conversation> {
    let mut rows = Vec::new();
    let mut place = None;
    loop {
        let page = conversations(connection, query, place.as_ref(), page_size, NOW).unwrap();
        assert!(page.rows.len() <= page_size as usize);
        rows.extend(page.rows);
        place = page.next;
        if place.is_none() {
            return rows;
        }
    }
}

fn key(sort: Sort, row: &Conversation) -> (u8, i64) {
    let Some(last) = &row.last else { return (9, 0) };
    let newest = -last.at.0;
    match sort {
        Sort::Newest => (0, newest),
        Sort::Oldest => (0, last.at.0),
        Sort::WaitingLongest => row.waiting_since.map_or((1, newest), |at| (0, at.0)),
        Sort::ClosingFirst => row.window.until().map_or((1, newest), |at| (0, at.0)),
    }
}

#[test]
fn paging_meets_each_row_once_and_in_order_for_every_sort_and_filter() {
    paging(&inbox());
    // At Graph a window ends twice: after a day for everybody, after a week for people.
    let graph = inbox();
    graph.execute("UPDATE account SET provider = 'meta' WHERE platform = 'instagram'", []).unwrap();
    let account = graph.query_row("SELECT id FROM account WHERE platform = 'instagram'", [], |row| row.get(0));
    let account = backscroll_model::AccountId(account.unwrap());
    for (n, ago) in
        [22 * HOUR, DAY - MINUTE / 2, DAY, 7 * DAY - HOUR, 7 * DAY - 3 * HOUR, 7 * DAY, 8 * DAY].iter().enumerate()
    {
        let asked = inbound(&format!("g{n}"), NOW.plus(-ago), "Hello?");
        apply(&graph, account, &[page(&format!("g{n}"), vec![asked], None)], &live()).unwrap();
    }
    let soon = ConversationQuery {
        only: Some(OnlyFilter::ClosingSoon),
        sort: Sort::ClosingFirst,
        ..ConversationQuery::default()
    };
    graph
        .execute("UPDATE conversation SET window_until = inbound_at + 86400000 WHERE account = ?1", [account.0])
        .unwrap();
    let near: Vec<String> = all(&graph, &soon, 2).iter().map(|row| row.remote_id.0.clone()).collect();
    let of_graph: Vec<&str> = near.iter().map(String::as_str).filter(|id| id.starts_with('g')).collect();
    assert_eq!(of_graph, ["g3", "g0", "g4"], "by whichever end comes next");
    paging(&graph);
}

fn paging(connection: &Connection) {
    let sorts = [Sort::Newest, Sort::Oldest, Sort::WaitingLongest, Sort::ClosingFirst];
    let states = [None, Some(StateFilter::Open), Some(StateFilter::Snoozed), Some(StateFilter::Done)];
    let only = [None, Some(OnlyFilter::Unread), Some(OnlyFilter::Unanswered), Some(OnlyFilter::ClosingSoon)];
    let platforms = [vec![], vec![Platform::X]];
    let everything = all(connection, &ConversationQuery::default(), 100);
    assert!(everything.len() >= 60);
    for sort in sorts {
        for state in states {
            for only in only {
                for platforms in &platforms {
                    let query =
                        ConversationQuery { sort, state, only, platforms: platforms.clone(), ..Default::default() };
                    let rows = all(connection, &query, 7);
                    let expected = everything.iter().filter(|row| fits(row, &query)).count();
                    assert_eq!(rows.len(), expected, "{query:?}");
                    let keys: Vec<_> = rows.iter().map(|row| key(sort, row)).collect();
                    assert!(keys.is_sorted(), "{query:?}: {keys:?}");
                    let mut ids: Vec<_> = rows.iter().map(|row| row.id).collect();
                    ids.sort();
                    ids.dedup();
                    assert_eq!(ids.len(), rows.len());
                }
            }
        }
    }
}

fn fits(row: &Conversation, query: &ConversationQuery) -> bool {
    let state = match query.state {
        None => true,
        Some(StateFilter::Open) => row.state == ConversationState::Open,
        Some(StateFilter::Snoozed) => matches!(row.state, ConversationState::Snoozed { .. }),
        Some(StateFilter::Done) => row.state == ConversationState::Done,
    };
    let only = match query.only {
        None => true,
        Some(OnlyFilter::Unread) => row.unread > 0,
        Some(OnlyFilter::Unanswered) => row.unanswered,
        Some(OnlyFilter::ClosingSoon) => row.window.until().is_some_and(|until| until <= NOW.plus(4 * HOUR)),
    };
    state && only && (query.platforms.is_empty() || query.platforms.contains(&row.platform))
}

#[test]
fn every_order_walks_an_index() {
    let connection = inbox();
    for sort in [Sort::Newest, Sort::Oldest, Sort::WaitingLongest, Sort::ClosingFirst] {
        for windows in [Windows { twice: Vec::new() }, Windows { twice: vec!["1".to_owned(), "2".to_owned()] }] {
            let soon = format!(" AND {}", windows.closing_soon());
            for segment in segments(sort, &windows).iter().flatten() {
                for filter in ["", " AND +account IN (1,2)", " AND unread > 0", soon.as_str()] {
                    for paged in [false, true] {
                        assert_walks(&connection, &sql(segment, OPEN, filter, paged), segment.index);
                    }
                }
            }
        }
    }
}

#[test]
fn snoozed_conversations_come_back_when_their_time_comes() {
    let connection = inbox();
    let (changes, next) = crate::wake_snoozed(&connection, NOW).unwrap();
    assert_eq!((changes.len(), next), (0, Some(NOW.plus(DAY))));
    let (changes, next) = crate::wake_snoozed(&connection, NOW.plus(DAY)).unwrap();
    assert_eq!((changes.len(), next), (2, None));
}

#[test]
fn the_summary_after_the_back_fill_counts_who_waits() {
    let (connection, account) = with_account(Platform::Instagram);
    let pages = [
        page("a", vec![inbound("1", NOW.plus(-HOUR), "?")], None),
        page("b", vec![inbound("2", NOW.plus(-6 * DAY - HOUR), "?")], None),
        page("c", vec![outbound("4", NOW, "!"), inbound("3", NOW.plus(-HOUR), "?")], None),
        page("d", vec![inbound("5", NOW.plus(-30 * DAY), "?")], None),
        page("e", vec![], None),
    ];
    apply(&connection, account, &pages, &backfill()).unwrap();
    let summary = crate::backfill_summary(&connection, account, NOW).unwrap();
    assert_eq!((summary.messages, summary.people, summary.waiting, summary.closing_today), (5, 4, 2, 1));
    let page = crate::account_page(&connection, account, NOW).unwrap();
    assert_eq!((page.conversations, page.messages, page.since), (5, 5, Some(NOW.plus(-30 * DAY))));
}

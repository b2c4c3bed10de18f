#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use backscroll_model::{
    ConversationEvents, Direction, Event, HOUR, Listing, MINUTE, MessageSeen, Page, RemoteId, SECOND, ThreadPosition,
};
use proptest::prelude::*;

use super::{coverage::SPANS, *};
use crate::{
    ApplyContext, Arrival,
    apply::apply,
    ids_to_walk,
    test_support::{NOW, assert_walks, check, dump, inbound, live, page, seen, with_account},
    thread_page,
};

fn ago(ms: i64) -> Timestamp {
    NOW.plus(-ms)
}

fn listed(id: &str, at: Timestamp) -> Event {
    Event::Listed { message: id.into(), at }
}

fn ids_page(events: Vec<Event>, from: Option<Timestamp>, to: Timestamp) -> Page {
    let mut page = page("t", events, None);
    page.conversations[0].ids = Some(Listing { from, to });
    page
}

fn the_gaps(connection: &Connection) -> Vec<(Option<i64>, i64, Option<u32>, GapReason)> {
    let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0)).unwrap();
    let gaps = gaps(connection, ConversationId(id)).unwrap();
    gaps.into_iter().map(|gap| (gap.from.map(|t| t.0), gap.to.unwrap().0, gap.count, gap.reason)).collect()
}

/// Two readings that do not overlap: (−9 h, −8 h) and (−3 h, now).
fn two_readings() -> (Connection, AccountId) {
    let (connection, account) = with_account(Platform::Instagram);
    for (id, at, to) in [("a", ago(9 * HOUR), ago(8 * HOUR)), ("z", ago(3 * HOUR), NOW)] {
        let listing = Some(Listing { from: Some(at), to });
        apply(&connection, account, &[page("t", vec![inbound(id, at, id)], listing)], &live()).unwrap();
    }
    (connection, account)
}

#[test]
fn a_gap_is_estimated_until_its_ids_are_listed_and_then_counted_and_dated() {
    let (connection, account) = two_readings();
    let beginning = (None, ago(9 * HOUR).0, None, GapReason::Beginning);
    let estimated = (Some(ago(8 * HOUR).0), ago(3 * HOUR).0, None, GapReason::NoOverlap);
    assert_eq!(the_gaps(&connection), [beginning, estimated]);
    assert_eq!(ids_to_walk(&connection, account, 9).unwrap().len(), 1);

    let ids = vec![
        listed("z", ago(3 * HOUR)),
        listed("q2", ago(5 * HOUR)),
        listed("q1", ago(6 * HOUR)),
        listed("a", ago(9 * HOUR)),
    ];
    let walked = ids_page(ids, Some(ago(10 * HOUR)), NOW);
    let applied = apply(&connection, account, std::slice::from_ref(&walked), &live()).unwrap();
    assert_eq!(applied.changes.len(), 1, "the gaps of the conversation are to be read again");
    let counted = (Some(ago(6 * HOUR).0), ago(5 * HOUR).0, Some(2), GapReason::NoOverlap);
    let beginning = (None, ago(10 * HOUR).0, None, GapReason::Beginning);
    assert_eq!(the_gaps(&connection), [beginning, counted]);
    assert_eq!(ids_to_walk(&connection, account, 9).unwrap().len(), 1, "the beginning is not listed yet");

    let rest = ids_page(vec![listed("q0", ago(11 * HOUR))], None, ago(9 * HOUR));
    apply(&connection, account, &[rest], &live()).unwrap();
    let first = (Some(ago(11 * HOUR).0), ago(11 * HOUR).0, Some(1), GapReason::Beginning);
    assert_eq!(the_gaps(&connection), [first, counted]);
    assert!(ids_to_walk(&connection, account, 9).unwrap().is_empty());

    let before = connection.total_changes();
    apply(&connection, account, &[walked], &live()).unwrap();
    assert_eq!(connection.total_changes(), before, "listing what is known writes nothing");
    check(&connection);
}

#[test]
fn a_gap_in_which_nothing_is_missing_is_none() {
    let (connection, account) = two_readings();
    let ids = vec![listed("z", ago(3 * HOUR)), listed("a", ago(9 * HOUR))];
    apply(&connection, account, &[ids_page(ids, None, NOW)], &live()).unwrap();
    assert!(the_gaps(&connection).is_empty());
    check(&connection);
}

#[test]
fn a_placeholder_goes_when_its_message_comes_or_is_taken_back_and_never_comes_again() {
    let (connection, account) = two_readings();
    let ids = || {
        let ids = (1..=4).map(|n| listed(&format!("q{n}"), ago(4 * HOUR + n * MINUTE))).collect();
        ids_page(ids, None, NOW)
    };
    let count = || the_gaps(&connection).iter().map(|gap| gap.2.unwrap()).sum::<u32>();
    let say = |pages: &[Page], arrival| {
        let context = ApplyContext { arrival, ..live() };
        apply(&connection, account, pages, &context).unwrap();
        apply(&connection, account, &[ids()], &live()).unwrap();
    };
    say(&[ids()], Arrival::Live);
    assert_eq!(count(), 4);
    say(&[page("t", vec![inbound("q1", ago(4 * HOUR + MINUTE), "x")], None)], Arrival::Live);
    assert_eq!(count(), 3);
    say(&[page("t", vec![inbound("q2", ago(4 * HOUR + 2 * MINUTE), "x")], None)], Arrival::Webhook);
    assert_eq!(count(), 2);
    say(&[page("t", vec![inbound("q3", ago(4 * HOUR + 3 * MINUTE), "x")], None)], Arrival::Import);
    assert_eq!(count(), 1);
    say(&[page("t", vec![Event::Unsent { message: "q4".into() }], None)], Arrival::Webhook);
    assert!(the_gaps(&connection).is_empty());
    check(&connection);
}

#[test]
fn what_is_held_parts_a_gap() {
    let (connection, account) = two_readings();
    let alone = page("t", vec![inbound("w", ago(5 * HOUR), "x")], None);
    apply(&connection, account, &[alone], &ApplyContext { arrival: Arrival::Webhook, ..live() }).unwrap();
    let hours = |connection: &Connection| -> Vec<(Option<i64>, i64)> {
        the_gaps(connection).iter().map(|g| (g.0.map(|t| (NOW.0 - t) / HOUR), (NOW.0 - g.1) / HOUR)).collect()
    };
    assert_eq!(hours(&connection), [(None, 9), (Some(8), 5), (Some(5), 3)]);

    // Each page of the thread shows the gaps at its own messages, and the same ones.
    let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap();
    let newest = thread_page(&connection, id, &ThreadPosition::Newest, 1).unwrap();
    assert_eq!(newest.gaps.len(), 1);
    let place = newest.before.unwrap();
    let middle = thread_page(&connection, id, &ThreadPosition::Before { place }, 1).unwrap();
    assert_eq!(middle.gaps.len(), 2);
    let oldest = thread_page(&connection, id, &ThreadPosition::Before { place: middle.before.unwrap() }, 1).unwrap();
    assert_eq!(oldest.gaps.iter().map(|gap| gap.from.is_none()).collect::<Vec<_>>(), [true, false]);
    check(&connection);
}

#[test]
fn a_second_that_a_page_cuts_is_a_gap_until_its_ids_are_listed() {
    let (connection, account) = with_account(Platform::Instagram);
    let cut = ago(HOUR);
    // The first reading ends in the second in which the next page, cut inside it, does not begin.
    for (id, at, from, to) in [("1", cut, None, cut), ("2", cut.plus(MINUTE), Some(cut.plus(SECOND)), NOW)] {
        apply(&connection, account, &[page("t", vec![inbound(id, at, "x")], Some(Listing { from, to }))], &live())
            .unwrap();
    }
    assert_eq!(the_gaps(&connection), [(Some(cut.0), cut.plus(SECOND).0, None, GapReason::NoOverlap)]);
    let ids = vec![listed("2", cut.plus(MINUTE)), listed("q", cut), listed("1", cut)];
    apply(&connection, account, &[ids_page(ids, None, NOW)], &live()).unwrap();
    assert_eq!(the_gaps(&connection), [(Some(cut.0), cut.0, Some(1), GapReason::Beginning)]);
}

#[test]
fn a_page_that_is_cut_inside_a_second_has_one_gap_before_its_oldest_message_and_none_within_it() {
    for millis in [0, 1, 400, 999] {
        let (connection, account) = with_account(Platform::Instagram);
        let oldest = ago(HOUR).plus(millis);
        let told = page("t", vec![inbound("1", oldest, "x")], None);
        apply(&connection, account, &[told], &ApplyContext { arrival: Arrival::Webhook, ..live() }).unwrap();
        let listing = Some(Listing { from: Some(ago(HOUR).plus(SECOND)), to: NOW });
        apply(&connection, account, &[page("t", vec![inbound("1", ago(HOUR), "x")], listing)], &live()).unwrap();
        assert_eq!(the_gaps(&connection), [(None, oldest.0, None, GapReason::Beginning)]);
        assert_eq!(drawn(&connection), the_gaps(&connection));
        check(&connection);
    }
}

#[test]
fn two_proofs_that_share_one_instant_are_one() {
    let (connection, account) = with_account(Platform::Instagram);
    for (from, to) in [(None, ago(HOUR)), (Some(ago(HOUR)), NOW)] {
        let listing = Some(Listing { from, to });
        apply(&connection, account, &[page("t", vec![inbound("1", ago(HOUR), "x")], listing)], &live()).unwrap();
    }
    assert!(the_gaps(&connection).is_empty());
}

#[test]
fn asking_for_gaps_walks_indexes() {
    let (connection, _) = with_account(Platform::Instagram);
    for (sql, index) in [
        (SPANS, "stretch_conversation"),
        (SPANS, "listed_conversation"),
        (MISSING_AFTER, "placeholder_conversation"),
        (PRESENT, "message_thread"),
        (PLACEHOLDERS, "placeholder_conversation"),
        (WITH_GAPS, "placeholder_conversation"),
        (SPANS_OF_ACCOUNT, "conversation_unlisted"),
    ] {
        let plan = crate::test_support::plan(&connection, sql);
        assert!(plan.contains(index), "{index} is not used:\n{plan}");
        assert!(!plan.contains("SCAN m") && !plan.contains("SCAN p") && !plan.contains("SCAN s"), "{plan}");
    }
    assert_walks(&connection, PRESENT, "message_thread");
    assert_walks(&connection, PLACEHOLDERS, "placeholder_conversation");
}

// Any history against the truth.

/// One message of the truth: seconds since the one before, milliseconds within its second, whose.
#[derive(Debug, Clone)]
struct Said {
    pause: i64,
    millis: i64,
    inbound: bool,
}

/// What happens after so many messages exist.
#[derive(Debug, Clone)]
enum Act {
    /// A reading of the newest so many.
    Read { existed: usize, shown: usize },
    /// One message comes by a webhook.
    Told { number: usize },
    /// A page of ids: of the messages that existed, so many after leaving out the newest so many.
    Ids { existed: usize, skipped: usize, shown: usize },
    /// Several pages of ids, to the beginning.
    Walk { existed: usize, size: usize },
}

fn history() -> impl Strategy<Value = (Vec<Said>, Vec<Act>)> {
    let pause = prop_oneof![3 => Just(0), 2 => 1..3_i64, 2 => 3..7_200_i64];
    let said =
        (pause, 0..1_000_i64, any::<bool>()).prop_map(|(pause, millis, inbound)| Said { pause, millis, inbound });
    prop::collection::vec(said, 1..60).prop_flat_map(|said| {
        let count = said.len();
        let act = prop_oneof![
            3 => (1..=count, 1..25_usize).prop_map(|(existed, shown)| Act::Read { existed, shown }),
            3 => (0..count).prop_map(|number| Act::Told { number }),
            2 => (1..=count, 0..count, 1..30_usize)
                .prop_map(|(existed, skipped, shown)| Act::Ids { existed, skipped, shown }),
            1 => (1..=count, 1..30_usize).prop_map(|(existed, size)| Act::Walk { existed, size }),
        ];
        (Just(said), prop::collection::vec(act, 1..9))
    })
}

/// The truth: remote id, time as reads tell it, time as webhooks do, whose.
fn truth(said: &[Said]) -> Vec<(RemoteId, Timestamp, Timestamp, Direction)> {
    let mut second = NOW.0 / SECOND - 500_000;
    let mut millis = 0;
    let mut all = Vec::new();
    for (number, said) in said.iter().enumerate() {
        second += said.pause;
        millis = if said.pause == 0 { said.millis.max(millis) } else { said.millis };
        let direction = if said.inbound { Direction::In } else { Direction::Out };
        let (read, told) = (Timestamp(second * SECOND), Timestamp(second * SECOND + millis));
        all.push((RemoteId::from(format!("m{number}").as_str()), read, told, direction));
    }
    all
}

type Truth = [(RemoteId, Timestamp, Timestamp, Direction)];

fn message(truth: &Truth, number: usize, at: Timestamp) -> MessageSeen {
    let (id, read, _, direction) = &truth[number];
    // As if no page were cut inside an instant: rank is not what is tested here.
    let tie = truth[..number].iter().filter(|(_, other, ..)| other == read).count();
    MessageSeen { tie: u16::try_from(tie).unwrap(), ..seen(id.as_str(), *direction, at, &format!("text {number}")) }
}

/// The first instant of which a page is complete whose oldest message is this one.
fn begins(truth: &Truth, oldest: usize) -> Option<Timestamp> {
    (oldest > 0).then(|| truth[oldest].1.plus(SECOND))
}

/// What a page proves that begins and ends there, if it proves anything.
fn proves(from: Option<Timestamp>, to: Timestamp) -> Option<Listing> {
    from.is_none_or(|from| from <= to).then_some(Listing { from, to })
}

/// One page of ids, of messages `from..to`. `top`: where the page before it began.
fn ids(truth: &Truth, from: usize, to: usize, top: Option<Timestamp>) -> ConversationEvents {
    let events: Vec<Event> = truth[from..to].iter().rev().map(|(id, at, ..)| listed(id.as_str(), *at)).collect();
    let ids = proves(begins(truth, from), top.unwrap_or(truth[to - 1].1));
    ConversationEvents { remote_id: "t".into(), events, ids, ..ConversationEvents::default() }
}

fn play(truth: &Truth, act: &Act) -> Vec<(Page, Arrival)> {
    let one = |events| (Page { conversations: vec![events], ..Page::default() }, Arrival::Live);
    match *act {
        Act::Read { existed, shown } => {
            let from = existed.saturating_sub(shown);
            let events = (from..existed).rev().map(|n| Event::Message(Box::new(message(truth, n, truth[n].1))));
            vec![(page("t", events.collect(), proves(begins(truth, from), truth[existed - 1].1)), Arrival::Live)]
        }
        Act::Told { number } => {
            let event = Event::Message(Box::new(message(truth, number, truth[number].2)));
            vec![(page("t", vec![event], None), Arrival::Webhook)]
        }
        Act::Ids { existed, skipped, shown } => {
            let to = existed.saturating_sub(skipped).max(1);
            vec![one(ids(truth, to.saturating_sub(shown), to, None))]
        }
        Act::Walk { existed, size } => {
            let (mut to, mut top, mut pages) = (existed, None, Vec::new());
            while to > 0 {
                let from = to.saturating_sub(size);
                let page = ids(truth, from, to, top);
                top = page.ids.map_or(top.or(Some(truth[to - 1].1)), |listing| listing.from);
                to = from;
                pages.push(one(page));
            }
            pages
        }
    }
}

/// The gaps that a walk through the thread meets, page by page.
fn drawn(connection: &Connection) -> Vec<(Option<i64>, i64, Option<u32>, GapReason)> {
    let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap();
    let mut met = Vec::new();
    let mut position = ThreadPosition::Newest;
    loop {
        let page = thread_page(connection, id, &position, 3).unwrap();
        for gap in page.gaps.into_iter().rev() {
            let gap = (gap.from.map(|t| t.0), gap.to.unwrap().0, gap.count, gap.reason);
            // Those at the edge of two pages are on both.
            if !met.contains(&gap) {
                met.push(gap);
            }
        }
        let Some(place) = page.before else { break };
        position = ThreadPosition::Before { place };
    }
    met.reverse();
    met
}

fn applied(pages: &[(Page, Arrival)]) -> Connection {
    let (mut connection, account) = with_account(Platform::Instagram);
    for (page, arrival) in pages {
        let tx = connection.transaction().unwrap();
        let context = ApplyContext { arrival: *arrival, ..live() };
        apply(&tx, account, std::slice::from_ref(page), &context).unwrap();
        tx.commit().unwrap();
    }
    connection
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_held_or_inside_a_gap_and_no_gap_covers_a_held_one(
        (said, acts, order) in history().prop_flat_map(|(said, acts)| {
            let all = truth(&said);
            let count = acts.iter().map(|act| play(&all, act).len()).sum::<usize>();
            // Each page once or twice, in any order.
            let numbers: Vec<usize> = (0..2 * count).collect();
            (Just(said), Just(acts), Just(numbers).prop_shuffle())
        }),
    ) {
        let truth = truth(&said);
        let pages: Vec<(Page, Arrival)> = acts.iter().flat_map(|act| play(&truth, act)).collect();
        let connection = applied(&pages);
        check(&connection);
        let held: BTreeMap<String, i64> = connection
            .prepare("SELECT remote_id, at FROM message").unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
            .collect::<rusqlite::Result<_>>().unwrap();
        let shown = the_gaps(&connection);
        for (from, to, ..) in &shown {
            for at in held.values() {
                prop_assert!(!(from.is_none_or(|from| from < *at) && at < to), "{at} is held, inside {from:?}..{to}");
            }
        }
        // Up to the newest proof: after it nothing is claimed.
        let proven = pages.iter().flat_map(|(page, _)| &page.conversations)
            .flat_map(|c| [c.listing, c.ids]).flatten().map(|listing| listing.to).max();
        let missing = |from: Option<i64>, to: i64| {
            let inside = truth.iter().filter(|(id, at, ..)| {
                !held.contains_key(id.as_str()) && from.is_none_or(|from| from <= at.0) && at.0 <= to
            });
            inside.count()
        };
        for (id, at, ..) in &truth {
            // Of the newest instant some may come later: an edge proves nothing.
            if held.contains_key(id.as_str()) || proven.is_none_or(|proven| *at >= proven) {
                continue;
            }
            let is_inside = shown.iter().any(|(from, to, ..)| from.is_none_or(|from| from <= at.0) && at.0 <= *to);
            prop_assert!(is_inside, "{id:?} of {at:?} is in none of {shown:?}");
        }
        for (from, to, count, _) in &shown {
            if let Some(count) = count {
                // Those of an edge that is shared with another gap are in one of the two.
                let others = shown.iter()
                    .filter(|(f, t, ..)| (f, t) != (from, to) && (*t == from.unwrap() || *f == Some(*to))).count();
                let real = missing(*from, *to);
                prop_assert!(
                    real == *count as usize || (others > 0 && real >= *count as usize),
                    "{real} are missing in {from:?}..{to}, not {count}"
                );
            }
        }
        // Each gap is drawn on the page of the thread that it belongs to.
        prop_assert_eq!(drawn(&connection), shown);
        // Order and repetition change nothing.
        let other: Vec<(Page, Arrival)> = order.iter().map(|n| pages[n / 2].clone()).collect();
        prop_assert_eq!(dump(&connection), dump(&applied(&other)));
    }
}

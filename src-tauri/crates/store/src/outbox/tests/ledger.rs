//! What is told of everything that was sent.

use super::*;
use crate::outbox::ledger::{OF_ALL, OF_ONE, PLANNED};

#[test]
fn the_ledger_tells_each_intent_with_its_parts_and_attempts() {
    let desk = Desk::new(2);
    let first = desk.enqueue(0, "one", NOW);
    let attempt = desk.begin(first, NOW);
    desk.finish(first, attempt, &accepted("m1"), at(1));
    let second = desk.enqueue_with_file(1, "two", at(2));
    desk.decide(second.messages[1], SendDecision::Discard, at(3)).unwrap();
    let page = ledger(&desk.connection, None, None, 1).unwrap();
    assert_eq!(page.rows.len(), 1);
    let row = &page.rows[0];
    assert_eq!((row.intent, row.state, row.parts.len()), (second.intent, SendState::Failed, 2));
    assert_eq!((row.parts[0].files.clone(), row.parts[1].message), (vec!["1.jpg".to_owned()], None));
    let older = ledger(&desk.connection, None, page.next.as_ref(), 1).unwrap();
    assert_eq!((older.rows[0].state, older.next), (SendState::Accepted, None));
    assert_eq!(older.rows[0].parts[0].remote_id, Some(remote("m1")));
    assert_eq!(older.rows[0].parts[0].attempts.len(), 1);
    let of_one = ledger(&desk.connection, Some(desk.conversation(0)), None, 10).unwrap();
    assert_eq!(of_one.rows.len(), 1);
    assert!(ledger(&desk.connection, None, Some(&backscroll_model::Place("x".into())), 1).is_err());
    for sql in [OF_ALL, OF_ONE] {
        let plan = crate::test_support::plan(&desk.connection, sql);
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    // Few, sorted by their time.
    let plan = crate::test_support::plan(&desk.connection, PLANNED);
    assert!(plan.contains("part_unfinished") && !plan.contains("SCAN"), "{plan}");
}

#[test]
fn what_is_planned_is_listed_by_its_time_and_discarded_as_a_whole() {
    let desk = Desk::new(1);
    let later = desk.enqueue_at(0, "Later", NOW, Start::At(at(2 * HOUR)));
    let sooner = desk.enqueue_at(0, "Sooner", at(1), Start::At(at(HOUR)));
    desk.enqueue(0, "Now", at(2));
    let planned = || -> Vec<IntentId> {
        let entries = planned(&desk.connection, desk.conversation(0)).unwrap();
        entries.into_iter().map(|entry| entry.intent).collect()
    };
    assert_eq!(planned(), [sooner.intent, later.intent]);
    // Named by its last part, as the page offers it.
    desk.decide(sooner.messages[1], SendDecision::Discard, at(3)).unwrap();
    assert_eq!(planned(), [later.intent]);
    assert_eq!(desk.messages(0), 4);
    assert!(desk.ready(at(3 * HOUR)).iter().all(|message| !sooner.messages.contains(message)));
    check(&desk.connection);
}

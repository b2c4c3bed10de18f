//! How a message is queued, leaves, fails, and what is found at a start.

use super::*;

#[test]
fn a_poll_with_nothing_new_writes_nothing_while_a_message_of_ours_waits_below_it() {
    let desk = Desk::new(1);
    let read_at = |now: Timestamp| Listing { from: Some(at(-HOUR)), to: now };
    let poll = |now| page("t0", vec![inbound("hello0", at(-HOUR), "Hello?")], Some(read_at(now)));
    desk.enqueue(0, "Ready at five.", NOW);
    apply(&desk.connection, desk.account, &[poll(at(MINUTE))], &live()).unwrap();
    let changes = desk.connection.total_changes();
    for minute in 2..5 {
        apply(&desk.connection, desk.account, &[poll(at(minute * MINUTE))], &live()).unwrap();
    }
    assert_eq!(desk.connection.total_changes(), changes);
}

#[test]
fn a_message_is_queued_begun_and_accepted() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "Ready at five.", NOW);
    assert_eq!(desk.state(message), SendState::Queued);
    assert_eq!(desk.ready(NOW), [message]);
    let row = crate::conversation(&desk.connection, desk.conversation(0), NOW).unwrap();
    assert_eq!(row.last.unwrap().send_state, Some(SendState::Queued));
    assert!(!row.unanswered);
    let attempt = desk.begin(message, NOW);
    assert!(desk.ready(NOW).is_empty());
    desk.finish(message, attempt, &accepted("m1"), at(SECOND));
    assert_eq!(desk.state(message), SendState::Accepted);
    assert_eq!(desk.remote_id(message).as_deref(), Some("m1"));
    // Its echo is the same row, at the platform's time.
    desk.echo(0, "m1", at(500), "Ready at five.");
    let details = message_details(&desk.connection, message).unwrap();
    assert_eq!((details.message.at, details.message.origin), (at(500), Origin::Backscroll));
    assert_eq!((desk.messages(0), details.attempts.len(), details.raw.is_some()), (2, 1, true));
    check(&desk.connection);
}

#[test]
fn what_is_not_sent_waits_and_goes_again() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "one", NOW);
    let attempt = desk.begin(message, NOW);
    let until = at(MINUTE);
    desk.finish(message, attempt, &Outcome::NotSent { reason: SendReason::RateLimited, next_at: Some(until) }, NOW);
    let turn = next_sendable(&desk.connection, desk.account, at(1)).unwrap();
    assert_eq!((turn.ready.len(), turn.next_at), (0, Some(until)));
    assert_eq!(desk.ready(until), [message]);
    let changes = set_waiting(&desk.connection, desk.account, Some(&SendReason::Offline), None).unwrap();
    assert!(!changes.is_empty());
    assert!(set_waiting(&desk.connection, desk.account, Some(&SendReason::Offline), None).unwrap().is_empty());
    set_waiting(&desk.connection, desk.account, None, None).unwrap();
    assert_eq!(desk.ready(until), [message]);
}

#[test]
fn a_failed_message_is_no_answer_and_can_be_tried_again() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "one", NOW);
    let attempt = desk.begin(message, NOW);
    let reason = SendReason::Rejected { said: "No.".into() };
    desk.finish(message, attempt, &Outcome::Refused { reason: reason.clone() }, NOW);
    let row = crate::conversation(&desk.connection, desk.conversation(0), NOW).unwrap();
    assert!(row.unanswered);
    assert_eq!(row.last.unwrap().send_state, Some(SendState::Failed));
    assert_eq!(progress(&desk.connection, message).unwrap().unwrap().reason, Some(reason));
    desk.decide(message, SendDecision::Retry, at(1)).unwrap();
    assert_eq!(desk.ready(at(1)), [message]);
    assert!(!crate::conversation(&desk.connection, desk.conversation(0), NOW).unwrap().unanswered);
    check(&desk.connection);
}

#[test]
fn what_is_sending_without_a_job_is_unknown_and_what_has_one_is_left_alone() {
    let desk = Desk::new(2);
    let (lost, sent) = (desk.enqueue(0, "one", NOW), desk.enqueue(1, "two", NOW));
    desk.begin(lost, NOW);
    desk.begin(sent, NOW);
    let at_work = crate::messages_by_ids(&desk.connection, &[sent]).unwrap().iter().map(|m| m.conversation).collect();
    sending_lost(&desk.connection, desk.account, &at_work, at(MINUTE), at(6 * MINUTE)).unwrap();
    assert_eq!((desk.state(lost), desk.state(sent)), (SendState::Unknown, SendState::Sending));
    check(&desk.connection);
}

#[test]
fn what_was_sending_at_start_is_unknown() {
    let desk = Desk::new(2);
    let sending = desk.enqueue(0, "one", NOW);
    desk.begin(sending, NOW);
    let queued = desk.enqueue(1, "two", NOW);
    sending_found_at_start(&desk.connection, at(MINUTE), at(6 * MINUTE)).unwrap();
    let progress = progress(&desk.connection, sending).unwrap().unwrap();
    assert_eq!((progress.state, progress.reason), (SendState::Unknown, Some(SendReason::Interrupted)));
    assert_eq!(desk.ready(at(MINUTE)), [queued]);
    assert_eq!(unsettled(&desk.connection, desk.account).unwrap().len(), 1);
    desk.echo(0, "m1", at(20 * SECOND), "one");
    assert_eq!(desk.state(sending), SendState::Accepted);
    check(&desk.connection);
}

#[test]
fn what_is_on_the_wire_is_not_taken_back() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Oops", NOW);
    desk.begin(sent.messages[0], NOW);
    assert!(desk.decide(sent.messages[0], SendDecision::Edit, at(1)).is_err());
    desk.decide(sent.messages[1], SendDecision::Edit, at(1)).unwrap();
    assert_eq!(desk.state(sent.messages[0]), SendState::Sending);
    assert_eq!(progress(&desk.connection, sent.messages[1]).unwrap(), None);
    assert_eq!(outgoing::files(&desk.connection, desk.conversation(0)).unwrap().len(), 0);
}

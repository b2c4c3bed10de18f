//! Whose turn it is, what is held or for later, and what asks first.

use super::*;

#[test]
fn one_stuck_conversation_never_blocks_another_and_order_is_kept_within_one() {
    let desk = Desk::new(2);
    let stuck = desk.enqueue(0, "one", NOW);
    let behind = desk.enqueue(0, "two", at(1));
    let last = desk.enqueue(0, "three", at(2));
    let other = desk.enqueue(1, "hello", at(3));
    assert_eq!(desk.ready(at(3)), [stuck, other]);
    let attempt = desk.begin(stuck, at(3));
    assert_eq!(desk.ready(at(3)), [other]);
    desk.finish(stuck, attempt, &ambiguous(), at(4));
    assert_eq!(desk.ready(at(4)), [other]);
    let progress = progress(&desk.connection, stuck).unwrap().unwrap();
    assert_eq!((progress.waiting_behind, progress.reason), (2, Some(SendReason::NoAnswer)));
    let waiting = super::progress(&desk.connection, behind).unwrap().unwrap();
    assert_eq!(waiting.reason, Some(SendReason::BehindEarlier));
    desk.decide(stuck, SendDecision::ReleaseWaiting, at(5)).unwrap();
    assert_eq!(desk.ready(at(5)), [behind, other]);
    let attempt = desk.begin(behind, at(5));
    desk.finish(behind, attempt, &Outcome::Refused { reason: SendReason::WindowClosed }, at(6));
    assert_eq!(desk.ready(at(6)), [last, other], "a refusal holds nobody up");
    check(&desk.connection);
}

#[test]
fn old_messages_and_overtaken_ones_ask_first() {
    let desk = Desk::new(3);
    let old = desk.enqueue(0, "old", at(-HOUR));
    let overtaken = desk.enqueue(1, "overtaken", at(-MINUTE));
    let fresh = desk.enqueue(2, "fresh", at(-MINUTE));
    let news = page("t1", vec![inbound("news", NOW, "Never mind")], None);
    apply(&desk.connection, desk.account, &[news], &live()).unwrap();
    assert!(!hold_back_old(&desk.connection, desk.account, NOW).unwrap().is_empty());
    assert!(hold_back_old(&desk.connection, desk.account, NOW).unwrap().is_empty());
    assert_eq!(desk.ready(NOW), [fresh]);
    for (message, why) in [(old, StaleCause::Offline), (overtaken, StaleCause::MovedOn)] {
        assert_eq!(desk.reason(message), Some(SendReason::Stale { why }));
        desk.decide(message, SendDecision::SendNow, NOW).unwrap();
    }
    assert!(desk.decide(fresh, SendDecision::SendNow, NOW).is_err());
    hold_back_old(&desk.connection, desk.account, NOW).unwrap();
    assert_eq!(desk.ready(NOW), [old, overtaken, fresh]);
    assert!(gaps(&desk.connection, desk.conversation(0)).unwrap().is_empty());
}

#[test]
fn what_was_tried_for_a_day_is_given_up() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "one", at(-DAY));
    let attempt = desk.begin(message, at(-DAY));
    desk.finish(message, attempt, &Outcome::NotSent { reason: SendReason::Offline, next_at: None }, at(-DAY));
    hold_back_old(&desk.connection, desk.account, NOW).unwrap();
    let progress = progress(&desk.connection, message).unwrap().unwrap();
    assert_eq!((progress.state, progress.reason), (SendState::Failed, Some(SendReason::Expired)));
}

#[test]
fn what_is_held_can_be_taken_back_whole() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_at(0, "Oops", NOW, Start::Held(at(3 * SECOND)));
    assert!(desk.ready(at(2 * SECOND)).is_empty());
    set_waiting(&desk.connection, desk.account, None, None).unwrap();
    assert!(desk.ready(at(2 * SECOND)).is_empty(), "only its own time lifts a hold");
    crate::set_draft(&desk.connection, desk.conversation(0), "And", NOW).unwrap();
    let decided = desk.decide(sent.messages[1], SendDecision::Edit, at(2 * SECOND)).unwrap();
    assert_eq!(decided.text.as_deref(), Some("And\nOops"));
    assert_eq!(crate::draft(&desk.connection, desk.conversation(0)).unwrap().as_deref(), Some("And\nOops"));
    assert_eq!(outgoing::files(&desk.connection, desk.conversation(0)).unwrap().len(), 1);
    assert!(desk.ready(at(MINUTE)).is_empty());
    assert_eq!(desk.messages(0), 1);
    check(&desk.connection);
    // Untouched, it leaves when its time is over.
    let kept = desk.enqueue_at(0, "Fine", NOW, Start::Held(at(3 * SECOND)));
    assert_eq!(desk.ready(at(3 * SECOND)), [kept.message]);
}

#[test]
fn what_is_for_later_holds_nobody_up_and_leaves_at_its_time() {
    let desk = Desk::new(1);
    let later = desk.enqueue_at(0, "Good morning", NOW, Start::At(at(HOUR)));
    let now = desk.enqueue(0, "now", at(1));
    assert_eq!(desk.reason(later.message), Some(SendReason::Scheduled));
    assert_eq!(desk.reason(now), None);
    let turn = next_sendable(&desk.connection, desk.account, at(1)).unwrap();
    assert_eq!((turn.ready[0].message, turn.next_at), (now, Some(at(HOUR))));
    let attempt = desk.begin(now, at(1));
    desk.finish(now, attempt, &accepted("m1"), at(2));
    set_waiting(&desk.connection, desk.account, Some(&SendReason::Offline), None).unwrap();
    hold_back_old(&desk.connection, desk.account, at(HOUR)).unwrap();
    assert_eq!(desk.ready(at(HOUR)), [later.message]);
    // In somebody's own hands again: another time, then at once.
    reschedule(&desk.connection, later.messages[1], at(2 * HOUR)).unwrap();
    assert!(desk.ready(at(HOUR)).is_empty());
    desk.decide(later.message, SendDecision::SendNow, at(HOUR)).unwrap();
    hold_back_old(&desk.connection, desk.account, at(HOUR)).unwrap();
    assert_eq!(desk.ready(at(HOUR)), [later.message]);
}

#[test]
fn a_time_that_was_missed_and_a_conversation_that_moved_on_ask_first() {
    let desk = Desk::new(2);
    let missed = desk.enqueue_at(0, "Good morning", NOW, Start::At(at(HOUR)));
    let overtaken = desk.enqueue_at(1, "Still there?", NOW, Start::At(at(HOUR)));
    apply(&desk.connection, desk.account, &[page("t1", vec![inbound("news", at(5), "Yes")], None)], &live()).unwrap();
    hold_back_old(&desk.connection, desk.account, at(HOUR)).unwrap();
    assert_eq!(desk.reason(missed.message), Some(SendReason::Scheduled));
    assert_eq!(desk.reason(overtaken.message), Some(SendReason::Stale { why: StaleCause::MovedOn }));
    hold_back_old(&desk.connection, desk.account, at(2 * HOUR)).unwrap();
    for (messages, why) in [(&missed.messages, StaleCause::Missed), (&overtaken.messages, StaleCause::MovedOn)] {
        for message in messages {
            assert_eq!(desk.reason(*message), Some(SendReason::Stale { why }));
        }
    }
    assert!(desk.ready(at(2 * HOUR)).is_empty());
    // Both parts go by one word.
    desk.decide(missed.message, SendDecision::SendNow, at(2 * HOUR)).unwrap();
    assert_eq!(desk.ready(at(2 * HOUR)), [missed.message]);
    assert_eq!(desk.reason(missed.messages[1]), Some(SendReason::BehindEarlier));
}

#[test]
fn nothing_leaves_by_itself_past_a_window_and_nobody_sends_into_a_closed_one() {
    let desk = Desk::new(2);
    // Instagram through Ayrshare: open for 7 days after "hello", an hour ago.
    let planned = desk.enqueue_at(0, "Late", NOW, Start::At(at(7 * DAY)));
    let typed = desk.enqueue(1, "Late too", at(7 * DAY));
    hold_back_old(&desk.connection, desk.account, at(7 * DAY)).unwrap();
    for message in [planned.message, typed] {
        assert_eq!((desk.state(message), desk.reason(message)), (SendState::Failed, Some(SendReason::WindowClosed)));
    }
    assert!(desk.ready(at(7 * DAY)).is_empty());
}

#[test]
fn the_customer_answering_the_first_part_does_not_hold_back_the_second() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Here it is", NOW);
    let attempt = desk.begin(sent.message, NOW);
    desk.finish(sent.message, attempt, &accepted("m1"), at(1));
    apply(&desk.connection, desk.account, &[page("t0", vec![inbound("news", at(5), "Nice")], None)], &live()).unwrap();
    hold_back_old(&desk.connection, desk.account, at(10)).unwrap();
    assert_eq!(desk.ready(at(10)), [sent.messages[1]]);
}

#[test]
fn what_was_stale_before_causes_were_told_is_still_read() {
    let before = reason_of(Some(r#"{"kind":"stale"}"#.to_owned())).unwrap();
    assert_eq!(before, Some(SendReason::Stale { why: StaleCause::Offline }));
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "old", at(-HOUR));
    desk.connection.execute(r#"UPDATE part SET reason = '{"kind":"stale"}'"#, []).unwrap();
    assert!(hold_back_old(&desk.connection, desk.account, NOW).unwrap().is_empty());
    assert!(desk.ready(NOW).is_empty());
    desk.decide(message, SendDecision::SendNow, NOW).unwrap();
    assert_eq!(desk.ready(NOW), [message]);
}

#[test]
fn what_is_taken_back_quotes_again() {
    let desk = Desk::new(1);
    let conversation = desk.conversation(0);
    let hello = crate::message_of(&desk.connection, desk.account, &remote("hello0")).unwrap().unwrap();
    let part = |text: &str| NewPart {
        text: Some(text.to_owned()),
        files: Vec::new(),
        kind: None,
        client_ref: text.to_owned(),
    };
    let send = |text: &str| {
        let quoted = remote("hello0");
        enqueue(&desk.connection, conversation, &[part(text)], Some(&quoted), NOW, Start::Now).unwrap().message
    };
    desk.decide(send("One"), SendDecision::Edit, NOW).unwrap();
    assert_eq!(crate::draft_quote(&desk.connection, conversation).unwrap(), Some(hello));
    assert_eq!(crate::draft(&desk.connection, conversation).unwrap().as_deref(), Some("One"));
    // What the draft quotes by now stays.
    let other = desk.enqueue(0, "Two", NOW);
    crate::set_draft_quote(&desk.connection, conversation, Some(other), NOW).unwrap();
    desk.decide(send("Three"), SendDecision::Edit, NOW).unwrap();
    assert_eq!(crate::draft_quote(&desk.connection, conversation).unwrap(), Some(other));
}

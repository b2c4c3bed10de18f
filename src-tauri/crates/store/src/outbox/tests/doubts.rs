//! What is not known, and what proves nothing about it.

use super::*;

#[test]
fn not_there_needs_two_fresh_reads_and_five_minutes() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "one", NOW);
    let attempt = desk.begin(message, NOW);
    desk.finish(message, attempt, &ambiguous(), at(SECOND));
    let read = |fresh: i64, now: i64| {
        fresh_read(&desk.connection, desk.account, None, at(fresh), at(now)).unwrap();
        desk.state(message)
    };
    assert_eq!(read(60 * SECOND, 6 * MINUTE), SendState::Unknown, "from the provider's cache");
    assert_eq!(read(70 * SECOND, 71 * SECOND), SendState::Unknown);
    assert_eq!(read(70 * SECOND, 6 * MINUTE), SendState::Unknown, "the same answer again");
    assert_eq!(read(130 * SECOND, 131 * SECOND), SendState::Unknown, "too soon");
    assert_eq!(read(190 * SECOND, 6 * MINUTE), SendState::NeedsReview);
    // A late echo still settles it.
    desk.echo(0, "m1", at(500), "one");
    assert_eq!(desk.state(message), SendState::Accepted);
    check(&desk.connection);
}

#[test]
fn a_person_ends_a_review() {
    let review = || {
        let desk = Desk::new(1);
        let message = desk.enqueue(0, "one", NOW);
        let attempt = desk.begin(message, NOW);
        desk.finish(message, attempt, &ambiguous(), NOW);
        for fresh in [2, 4, 6] {
            fresh_read(&desk.connection, desk.account, None, at(fresh * MINUTE), at(fresh * MINUTE)).unwrap();
        }
        assert_eq!(desk.state(message), SendState::NeedsReview);
        (desk, message)
    };
    let (desk, message) = review();
    desk.decide(message, SendDecision::ItArrived, at(HOUR)).unwrap();
    assert_eq!(desk.state(message), SendState::Settled);
    assert!(desk.decide(message, SendDecision::SendAgain, at(HOUR)).is_err());

    let (desk, message) = review();
    desk.decide(message, SendDecision::SendAgain, at(HOUR)).unwrap();
    assert_eq!(desk.ready(at(HOUR)), [message]);
    // The first one shows up before the second left: it is not sent twice.
    desk.echo(0, "m1", at(500), "one");
    assert_eq!(desk.state(message), SendState::Accepted);
    assert!(desk.ready(at(HOUR)).is_empty());

    let (desk, message) = review();
    let decided = desk.decide(message, SendDecision::Discard, at(HOUR)).unwrap();
    assert_eq!(decided.text.as_deref(), Some("one"));
    assert_eq!(desk.messages(0), 1);
    let kept: i64 = desk
        .connection
        .query_row("SELECT count(*) FROM part WHERE state = 4 AND reason LIKE '%discarded%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 1);
    check(&desk.connection);
}

#[test]
fn a_refusal_after_an_unclear_attempt_proves_nothing_about_that_attempt() {
    let desk = Desk::new(1);
    let message = sent_again(&desk);
    let attempt = desk.begin(message, at(HOUR));
    desk.finish(message, attempt, &Outcome::Refused { reason: SendReason::WindowClosed }, at(HOUR + SECOND));
    let progress = progress(&desk.connection, message).unwrap().unwrap();
    assert_eq!((progress.state, progress.reason), (SendState::NeedsReview, Some(SendReason::NotFound)));
    assert!(desk.decide(message, SendDecision::Retry, at(HOUR + MINUTE)).is_err());
    let attempts = attempts(&desk.connection, message).unwrap();
    assert_eq!(attempts[1].outcome, Some(AttemptOutcome::Refused), "what was refused stays told in the details");
    // The first one shows up late: it is this row.
    desk.echo(0, "m1", at(500), "one");
    assert_eq!((desk.state(message), desk.messages(0)), (SendState::Accepted, 2));
    check(&desk.connection);
}

#[test]
fn a_day_of_waiting_after_an_unclear_attempt_ends_in_review() {
    let desk = Desk::new(1);
    let message = sent_again(&desk);
    let attempt = desk.begin(message, at(HOUR));
    desk.finish(message, attempt, &Outcome::NotSent { reason: SendReason::Offline, next_at: None }, at(HOUR));
    hold_back_old(&desk.connection, desk.account, at(HOUR + DAY)).unwrap();
    assert_eq!(desk.state(message), SendState::NeedsReview);
    desk.echo(0, "m1", at(500), "one");
    assert_eq!((desk.state(message), desk.messages(0)), (SendState::Accepted, 2));
    check(&desk.connection);
}

#[test]
fn an_attempt_that_died_with_the_program_is_unclear_too() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "one", NOW);
    desk.begin(message, NOW);
    sending_found_at_start(&desk.connection, at(MINUTE), at(6 * MINUTE)).unwrap();
    for fresh in [8, 10] {
        fresh_read(&desk.connection, desk.account, None, at(fresh * MINUTE), at(fresh * MINUTE)).unwrap();
    }
    desk.decide(message, SendDecision::SendAgain, at(HOUR)).unwrap();
    let attempt = desk.begin(message, at(HOUR));
    desk.finish(message, attempt, &Outcome::Refused { reason: SendReason::Recipient }, at(HOUR));
    assert_eq!(desk.state(message), SendState::NeedsReview);
}

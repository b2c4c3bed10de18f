#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{DAY, HOUR, Listing, MINUTE, Origin, Platform, SECOND, SendDecision, ThreadPosition};

use super::*;
use crate::{
    apply::apply,
    gaps::gaps,
    message_details,
    test_support::{NOW, check, inbound, live, outbound, page, remote, with_account},
    thread_page,
};

struct Desk {
    connection: Connection,
    account: AccountId,
}

impl Desk {
    fn new(conversations: usize) -> Self {
        let (connection, account) = with_account(Platform::Instagram);
        for n in 0..conversations {
            let hello = page(&format!("t{n}"), vec![inbound(&format!("hello{n}"), at(-HOUR), "Hello?")], None);
            apply(&connection, account, &[hello], &live()).unwrap();
        }
        Self { connection, account }
    }

    fn conversation(&self, n: usize) -> ConversationId {
        crate::conversation_of(&self.connection, self.account, &remote(&format!("t{n}"))).unwrap().unwrap()
    }

    fn enqueue(&self, n: usize, text: &str, now: Timestamp) -> MessageId {
        enqueue_text(&self.connection, self.conversation(n), text, &format!("ref{}", now.0), now, None).unwrap().message
    }

    fn begin(&self, message: MessageId, now: Timestamp) -> AttemptId {
        begin_attempt(&self.connection, message, 7, now).unwrap().0
    }

    fn finish(&self, message: MessageId, attempt: AttemptId, outcome: &Outcome, now: Timestamp) -> Vec<Change> {
        finish_attempt(&self.connection, message, attempt, outcome, &Answer::default(), now).unwrap()
    }

    fn state(&self, message: MessageId) -> SendState {
        progress(&self.connection, message).unwrap().unwrap().state
    }

    fn ready(&self, now: Timestamp) -> Vec<MessageId> {
        next_sendable(&self.connection, self.account, now).unwrap().ready.into_iter().map(|s| s.message).collect()
    }

    fn echo(&self, n: usize, name: &str, at: Timestamp, text: &str) {
        let echo = page(&format!("t{n}"), vec![outbound(name, at, text)], None);
        apply(&self.connection, self.account, &[echo], &live()).unwrap();
    }

    fn decide(&self, message: MessageId, decision: SendDecision, now: Timestamp) -> Result<Decided> {
        decide(&self.connection, message, decision, now)
    }

    fn remote_id(&self, message: MessageId) -> Option<String> {
        message_details(&self.connection, message).unwrap().message.remote_id.map(|id| id.0)
    }

    fn messages(&self, n: usize) -> usize {
        thread_page(&self.connection, self.conversation(n), &ThreadPosition::Newest, 100).unwrap().messages.len()
    }
}

fn at(ms: i64) -> Timestamp {
    NOW.plus(ms)
}

fn accepted(name: &str) -> Outcome {
    Outcome::Accepted { remote_id: remote(name) }
}

fn ambiguous() -> Outcome {
    Outcome::Ambiguous { reason: SendReason::NoAnswer, next_at: Some(at(5 * MINUTE)) }
}

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
fn an_echo_that_comes_before_the_answer_is_the_same_message() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "Ready  at five. ", NOW);
    let attempt = desk.begin(message, NOW);
    desk.echo(0, "m1", at(500), "Ready at five.");
    assert_eq!(desk.state(message), SendState::Accepted);
    desk.finish(message, attempt, &ambiguous(), at(MINUTE));
    assert_eq!(desk.state(message), SendState::Accepted, "no outcome undoes what was seen");
    assert_eq!((desk.messages(0), desk.remote_id(message).as_deref()), (2, Some("m1")));
    // What the user typed stays byte for byte.
    let text = message_details(&desk.connection, message).unwrap().message.text;
    assert_eq!(text.as_deref(), Some("Ready  at five. "));
    check(&desk.connection);
}

#[test]
fn an_echo_that_was_not_recognised_becomes_one_with_its_message() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "Ready :)", NOW);
    let attempt = desk.begin(message, NOW);
    desk.echo(0, "m1", at(500), "Ready 🙂");
    assert_eq!(desk.messages(0), 3);
    desk.finish(message, attempt, &accepted("m1"), at(SECOND));
    assert_eq!((desk.messages(0), desk.remote_id(message).as_deref()), (2, Some("m1")));
    check(&desk.connection);
}

#[test]
fn a_twin_typed_elsewhere_keeps_its_own_id() {
    let desk = Desk::new(1);
    let message = desk.enqueue(0, "Yes", NOW);
    let attempt = desk.begin(message, NOW);
    desk.echo(0, "typed", at(400), "Yes");
    desk.echo(0, "sent", at(500), "Yes");
    assert_eq!(desk.remote_id(message).as_deref(), Some("typed"), "taken for ours, as it looked");
    desk.finish(message, attempt, &accepted("sent"), at(SECOND));
    assert_eq!(desk.remote_id(message).as_deref(), Some("sent"));
    assert_eq!(desk.messages(0), 3);
    check(&desk.connection);
}

#[test]
fn identical_texts_bind_in_order_and_only_once() {
    let desk = Desk::new(1);
    let first = desk.enqueue(0, "Yes", NOW);
    let attempt = desk.begin(first, NOW);
    desk.finish(first, attempt, &ambiguous(), at(SECOND));
    desk.decide(first, SendDecision::ReleaseWaiting, at(SECOND)).unwrap();
    let second = desk.enqueue(0, "Yes", at(2 * SECOND));
    assert_eq!(desk.ready(at(2 * SECOND)), [second]);
    let attempt = desk.begin(second, at(2 * SECOND));
    desk.finish(second, attempt, &ambiguous(), at(3 * SECOND));
    let echoes = page("t0", vec![outbound("b", at(2_500), "Yes"), outbound("a", at(500), "Yes")], None);
    apply(&desk.connection, desk.account, &[echoes], &live()).unwrap();
    assert_eq!(desk.remote_id(first).as_deref(), Some("a"));
    assert_eq!(desk.remote_id(second).as_deref(), Some("b"));
    check(&desk.connection);
}

#[test]
fn the_same_words_at_another_time_or_place_are_no_echo() {
    let desk = Desk::new(2);
    let message = desk.enqueue(0, "Yes", NOW);
    let attempt = desk.begin(message, NOW);
    desk.finish(message, attempt, &ambiguous(), at(SECOND));
    desk.echo(0, "early", at(-6 * SECOND), "Yes");
    desk.echo(0, "late", at(SECOND + 121 * SECOND), "Yes");
    desk.echo(1, "elsewhere", at(500), "Yes");
    assert_eq!(desk.state(message), SendState::Unknown);
    desk.echo(0, "it", at(-4 * SECOND), "Yes");
    assert_eq!(desk.state(message), SendState::Accepted);
    check(&desk.connection);
}

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
    for message in [old, overtaken] {
        assert_eq!(progress(&desk.connection, message).unwrap().unwrap().reason, Some(SendReason::Stale));
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

/// Sent without an answer, looked for in vain, sent again by the user.
fn sent_again(desk: &Desk) -> MessageId {
    let message = desk.enqueue(0, "one", NOW);
    let attempt = desk.begin(message, NOW);
    desk.finish(message, attempt, &ambiguous(), at(SECOND));
    for fresh in [3, 6] {
        fresh_read(&desk.connection, desk.account, None, at(fresh * MINUTE), at(fresh * MINUTE)).unwrap();
    }
    desk.decide(message, SendDecision::SendAgain, at(HOUR)).unwrap();
    message
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

#[test]
fn what_the_user_settled_or_discarded_is_never_shown_twice_when_it_shows_up_late() {
    let desk = Desk::new(1);
    let message = sent_again(&desk);
    let attempt = desk.begin(message, at(HOUR));
    desk.finish(message, attempt, &Outcome::Refused { reason: SendReason::Recipient }, at(HOUR));
    desk.decide(message, SendDecision::ItArrived, at(2 * HOUR)).unwrap();
    desk.echo(0, "m1", at(500), "one");
    assert_eq!((desk.state(message), desk.messages(0)), (SendState::Accepted, 2));

    // Its bubble is gone, so the message that did arrive is the one row.
    let desk = Desk::new(1);
    let message = sent_again(&desk);
    desk.decide(message, SendDecision::Discard, at(HOUR)).unwrap();
    desk.echo(0, "m1", at(500), "one");
    assert_eq!(desk.messages(0), 2);
    check(&desk.connection);
}

mod model {
    //! Random lives of messages against the invariants of `reliability.md` that the store can hold by itself.

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Enqueue,
        Begin,
        Finish(u8),
        Echo,
        Read,
        Decide(u8),
        Restart,
        Wait,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => Just(Act::Enqueue),
            5 => Just(Act::Begin),
            5 => (0..4_u8).prop_map(Act::Finish),
            2 => Just(Act::Echo),
            2 => Just(Act::Read),
            3 => (0..7_u8).prop_map(Act::Decide),
            1 => Just(Act::Restart),
            2 => Just(Act::Wait),
        ]
    }

    const DECISIONS: [SendDecision; 7] = [
        SendDecision::Retry,
        SendDecision::CheckAgain,
        SendDecision::SendAgain,
        SendDecision::ItArrived,
        SendDecision::Discard,
        SendDecision::SendNow,
        SendDecision::ReleaseWaiting,
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, failure_persistence: None, ..ProptestConfig::default() })]

        /// Acts are carried out on whatever message they fit; those that do not fit are refused and change nothing.
        #[test]
        fn every_intent_is_in_one_state_and_nothing_goes_twice_by_itself(
            acts in prop::collection::vec((act(), any::<prop::sample::Index>(), any::<bool>()), 1..60)
        ) {
            let desk = Desk::new(2);
            let mut now = NOW;
            let mut messages: Vec<(MessageId, usize)> = Vec::new();
            let mut on_the_wire: BTreeMap<MessageId, (AttemptId, bool)> = BTreeMap::new();
            // How often the platform may have got it, and how often the user asked for another.
            let mut sent: BTreeMap<MessageId, u32> = BTreeMap::new();
            let mut allowed: BTreeMap<MessageId, u32> = BTreeMap::new();
            let mut delivered_at: BTreeMap<MessageId, Timestamp> = BTreeMap::new();
            for (step, (act, index, delivered)) in acts.into_iter().enumerate() {
                now = now.plus(SECOND);
                if let Act::Enqueue = act {
                    let n = index.index(2);
                    let message = desk.enqueue(n, &format!("text {step}"), now);
                    messages.push((message, n));
                    allowed.insert(message, 1);
                    continue;
                }
                if messages.is_empty() {
                    continue;
                }
                let (message, n) = messages[index.index(messages.len())];
                let before = progress(&desk.connection, message).unwrap().map(|p| p.state);
                match act {
                    Act::Enqueue => {}
                    Act::Wait => now = now.plus(6 * MINUTE),
                    Act::Begin => {
                        if let Some(next) = desk.ready(now).first().copied() {
                            on_the_wire.insert(next, (desk.begin(next, now), delivered));
                            if delivered {
                                *sent.entry(next).or_default() += 1;
                                delivered_at.insert(next, now);
                            }
                        } else if before != Some(SendState::Queued) {
                            prop_assert!(begin_attempt(&desk.connection, message, 0, now).is_err());
                        }
                    }
                    Act::Finish(kind) => {
                        let Some((attempt, delivered)) = on_the_wire.remove(&message) else { continue };
                        // A provider that proves something is telling the truth, about this attempt.
                        let outcome = match kind {
                            0 if delivered => accepted(&format!("m{}", message.0)),
                            1 if !delivered => Outcome::NotSent { reason: SendReason::RateLimited, next_at: None },
                            2 if !delivered => Outcome::Refused { reason: SendReason::Recipient },
                            _ => ambiguous(),
                        };
                        desk.finish(message, attempt, &outcome, now);
                    }
                    Act::Echo => {
                        if let Some(at) = delivered_at.get(&message).filter(|_| before.is_some()) {
                            let text = message_details(&desk.connection, message).unwrap().message.text.unwrap();
                            desk.echo(n, &format!("m{}", message.0), at.plus(1), &text);
                            prop_assert_eq!(desk.state(message), SendState::Accepted);
                        }
                    }
                    Act::Read => {
                        fresh_read(&desk.connection, desk.account, None, now, now).unwrap();
                    }
                    Act::Decide(which) => {
                        let decision = DECISIONS[usize::from(which)];
                        let done = desk.decide(message, decision, now);
                        match &done {
                            Ok(_) if decision == SendDecision::SendAgain => *allowed.entry(message).or_default() += 1,
                            Ok(_) => {}
                            Err(_) => prop_assert_eq!(
                                progress(&desk.connection, message).unwrap().map(|p| p.state), before
                            ),
                        }
                        if done.is_ok() && decision == SendDecision::Discard {
                            messages.retain(|(m, _)| *m != message);
                            on_the_wire.remove(&message);
                        }
                    }
                    Act::Restart => {
                        on_the_wire.clear();
                        sending_found_at_start(&desk.connection, now, now.plus(5 * MINUTE)).unwrap();
                    }
                }
                check(&desk.connection);
                for (message, _) in &messages {
                    if desk.state(*message) == SendState::Failed {
                        prop_assert_eq!(sent.get(message), None, "shown as failed, and delivered");
                    }
                }
            }
            for (message, times) in sent {
                prop_assert!(times <= allowed[&message], "sent {} times", times);
            }
            for (message, _) in messages {
                if desk.state(message) == SendState::Accepted {
                    prop_assert!(desk.remote_id(message).is_some());
                }
            }
        }
    }

    #[test]
    fn no_step_but_the_drawn_ones_exists() {
        const STEPS: [Step; 14] = [
            Step::Begin,
            Step::Accept,
            Step::QueueAgain,
            Step::Refuse,
            Step::LoseTrack,
            Step::FoundAtStart,
            Step::Echo,
            Step::NotFound,
            Step::Retry,
            Step::SendAgain,
            Step::Arrived,
            Step::Discard,
            Step::Expire,
            Step::Doubt,
        ];
        let mut drawn = Vec::new();
        for from in SendState::ALL {
            for step in STEPS {
                if let Some(to) = next_state(from, step) {
                    drawn.push(format!("{} -{}-> {}", from.as_str(), step.name(), to.as_str()));
                }
            }
        }
        assert_eq!(
            drawn,
            [
                "queued -begun-> sending",
                "queued -echoed-> accepted",
                "queued -discarded-> failed",
                "queued -expired-> failed",
                "queued -doubted-> needs_review",
                "uploading -found at start-> queued",
                "sending -accepted-> accepted",
                "sending -queued again-> queued",
                "sending -refused-> failed",
                "sending -lost track of-> unknown",
                "sending -found at start-> unknown",
                "sending -echoed-> accepted",
                "sending -doubted-> needs_review",
                "accepted -echoed-> accepted",
                "failed -retried-> queued",
                "failed -discarded-> failed",
                "unknown -echoed-> accepted",
                "unknown -not found-> needs_review",
                "needs_review -echoed-> accepted",
                "needs_review -sent again-> queued",
                "needs_review -marked as arrived-> settled",
                "needs_review -discarded-> failed",
                "settled -echoed-> accepted",
            ]
        );
    }
}

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{
    AttachmentSeen, DAY, Direction, Event, HOUR, IntentId, IntentParts, Listing, MINUTE, MessageKind, MessageSeen,
    Origin, OutgoingKind, Platform, SECOND, SendDecision, StaleCause, ThreadPosition,
};

use super::*;
use crate::{
    apply::apply,
    gaps::gaps,
    message_details,
    outgoing::{self, tests::ready_file},
    test_support::{NOW, check, inbound, live, outbound, page, remote, seen, with_account},
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
        enqueue_text(&self.connection, self.conversation(n), text, &format!("ref{}", now.0), now, Start::Now)
            .unwrap()
            .message
    }

    /// Text with a file in a message of its own before it.
    fn enqueue_with_file(&self, n: usize, text: &str, now: Timestamp) -> Enqueued {
        self.enqueue_at(n, text, now, Start::Now)
    }

    fn enqueue_at(&self, n: usize, text: &str, now: Timestamp, start: Start) -> Enqueued {
        let conversation = self.conversation(n);
        let file = ready_file(&self.connection, conversation, 1);
        let part = |text: Option<&str>, files, kind| NewPart {
            text: text.map(str::to_owned),
            files,
            kind,
            client_ref: format!("ref{}{}", now.0, text.is_some()),
        };
        let parts = [part(None, vec![file], Some(OutgoingKind::Image)), part(Some(text), Vec::new(), None)];
        enqueue(&self.connection, conversation, &parts, None, now, start).unwrap()
    }

    fn reason(&self, message: MessageId) -> Option<SendReason> {
        progress(&self.connection, message).unwrap().unwrap().reason
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
        self.echo_of(n, name, at, Some(text));
    }

    /// Without a text it is a picture.
    fn echo_of(&self, n: usize, name: &str, at: Timestamp, text: Option<&str>) {
        let event = match text {
            Some(text) => outbound(name, at, text),
            None => without_text(name, at, MessageKind::Image),
        };
        let echo = page(&format!("t{n}"), vec![event], None);
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

fn without_text(name: &str, at: Timestamp, kind: MessageKind) -> Event {
    let url = Some("https://cdn.example.org/1".to_owned());
    let attachments = vec![AttachmentSeen { kind, url, ..AttachmentSeen::default() }];
    Event::Message(Box::new(MessageSeen { text: None, kind, attachments, ..seen(name, Direction::Out, at, "") }))
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
fn an_answer_takes_its_echo_back_from_the_same_words_that_were_sent_before_it() {
    let desk = Desk::new(1);
    let lost = desk.enqueue(0, "ok", NOW);
    let attempt = desk.begin(lost, NOW);
    desk.finish(lost, attempt, &ambiguous(), at(SECOND));
    desk.decide(lost, SendDecision::ReleaseWaiting, at(SECOND)).unwrap();
    let sent = desk.enqueue(0, "ok", at(2 * SECOND));
    let attempt = desk.begin(sent, at(2 * SECOND));
    desk.echo(0, "m1", at(2_500), "ok");
    assert_eq!(desk.state(lost), SendState::Accepted, "as it looks");
    desk.finish(sent, attempt, &accepted("m1"), at(3 * SECOND));
    assert_eq!((desk.state(sent), desk.remote_id(sent).as_deref()), (SendState::Accepted, Some("m1")));
    assert_eq!((desk.state(lost), desk.remote_id(lost)), (SendState::Unknown, None));
    assert_eq!(desk.messages(0), 3, "no bubble is gone");
    for fresh in [4, 6] {
        fresh_read(&desk.connection, desk.account, None, at(fresh * MINUTE), at(fresh * MINUTE)).unwrap();
    }
    assert_eq!(desk.state(lost), SendState::NeedsReview);
    check(&desk.connection);
}

#[test]
fn messages_that_were_sent_one_after_another_stand_so_whichever_echo_comes_first() {
    // The platform's clock is ahead of ours, behind it, or tells whole seconds.
    for (first_at, second_at, third_at) in [(3_000, 4_000, 6_000), (-2_000, -2_000, -1_000), (1_000, 1_000, 1_000)] {
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
            let desk = Desk::new(1);
            let both = desk.enqueue_with_file(0, "two", at(100)).messages;
            let third = desk.enqueue(0, "three", at(200));
            let waits = desk.enqueue(0, "four", at(300));
            let sent = [both[0], both[1], third];
            let texts = || -> Vec<MessageId> {
                let page = thread_page(&desk.connection, desk.conversation(0), &ThreadPosition::Newest, 100).unwrap();
                page.messages.iter().map(|message| message.id).skip(1).collect()
            };
            let expected = [both[0], both[1], third, waits];
            for (n, message) in sent.into_iter().enumerate() {
                let attempt = desk.begin(message, at(400 + i64::try_from(n).unwrap()));
                desk.finish(message, attempt, &accepted(&format!("m{n}")), at(500));
                assert_eq!(texts(), expected);
            }
            for n in order {
                let told = [(first_at, None), (second_at, Some("two")), (third_at, Some("three"))][n];
                desk.echo_of(0, &format!("m{n}"), at(told.0), told.1);
                let same_second = first_at == second_at;
                // Of one instant only a listing tells which came first.
                if !same_second || order == [0, 1, 2] {
                    assert_eq!(texts(), expected, "{order:?}, after {n}, at {told:?}");
                }
            }
            check(&desk.connection);
        }
    }
}

#[test]
fn a_file_that_was_sent_keeps_its_name_and_kind_whatever_the_provider_calls_it() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "two", NOW).messages[0];
    let attempt = desk.begin(sent, NOW);
    desk.finish(sent, attempt, &accepted("m1"), at(SECOND));
    let before = message_details(&desk.connection, sent).unwrap().message;
    for (id, kind) in [("m1", MessageKind::File), ("m1", MessageKind::Sticker)] {
        let attachments = vec![AttachmentSeen {
            kind,
            name: Some("document.pdf".into()),
            url: Some(format!("https://cdn.example.org/{kind:?}")),
            ..AttachmentSeen::default()
        }];
        let echo = MessageSeen { text: None, kind, attachments, ..seen(id, Direction::Out, at(500), "") };
        let echo = page("t0", vec![Event::Message(Box::new(echo))], None);
        apply(&desk.connection, desk.account, &[echo], &live()).unwrap();
        let after = message_details(&desk.connection, sent).unwrap().message;
        assert_eq!((after.kind, after.attachments.len()), (before.kind, 1));
        let (held, told) = (&before.attachments[0], &after.attachments[0]);
        assert_eq!((&told.name, told.kind, &told.file), (&held.name, held.kind, &held.file));
    }
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

#[test]
fn a_file_is_uploaded_before_its_message_leaves_and_the_text_waits_for_it() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Here it is", NOW);
    let (file, text) = (sent.messages[0], sent.messages[1]);
    assert_eq!(desk.ready(NOW), [file]);
    begin_upload(&desk.connection, file, NOW).unwrap();
    assert!(desk.ready(NOW).is_empty(), "the text waits for its file");
    assert!(begin_attempt(&desk.connection, file, 0, NOW).is_err(), "nothing leaves half uploaded");
    let later = UploadOutcome::Later { reason: SendReason::Offline, next_at: Some(at(MINUTE)) };
    finish_upload(&desk.connection, file, &later, at(1)).unwrap();
    assert_eq!((desk.ready(at(2)), desk.ready(at(MINUTE))), (vec![], vec![file]));
    begin_upload(&desk.connection, file, at(MINUTE)).unwrap();
    finish_upload(&desk.connection, file, &UploadOutcome::Done, at(MINUTE)).unwrap();
    let attempt = desk.begin(file, at(MINUTE));
    desk.finish(file, attempt, &accepted("m1"), at(MINUTE));
    let parts = progress(&desk.connection, text).unwrap().unwrap().parts;
    assert_eq!(parts, Some(IntentParts { intent: sent.intent, part: 2, sent: 1, all: 2 }));
    assert_eq!(desk.ready(at(MINUTE)), [text]);
    // The platform's own copy changes nothing about ours.
    desk.echo_of(0, "m1", at(500), None);
    let kept = message_details(&desk.connection, file).unwrap().message;
    assert_eq!(
        (kept.kind, kept.attachments.len(), kept.send.unwrap().state),
        (MessageKind::Image, 1, SendState::Accepted)
    );
    assert!(crate::attachments_waiting(&desk.connection, 10).unwrap().is_empty(), "no second download");
    check(&desk.connection);
}

#[test]
fn an_upload_that_was_interrupted_starts_again() {
    let desk = Desk::new(2);
    let file = desk.enqueue_with_file(0, "one", NOW).message;
    begin_upload(&desk.connection, file, NOW).unwrap();
    sending_found_at_start(&desk.connection, at(1), at(MINUTE)).unwrap();
    assert_eq!(desk.ready(at(1)), [file]);
    begin_upload(&desk.connection, file, at(2)).unwrap();
    sending_lost(&desk.connection, desk.account, &[desk.conversation(0)].into(), at(3), at(MINUTE)).unwrap();
    assert_eq!(desk.state(file), SendState::Uploading, "its job is at it");
    sending_lost(&desk.connection, desk.account, &std::collections::BTreeSet::new(), at(3), at(MINUTE)).unwrap();
    assert_eq!(desk.ready(at(3)), [file]);
}

#[test]
fn a_file_that_the_provider_refuses_fails_alone() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Here it is", NOW);
    begin_upload(&desk.connection, sent.messages[0], NOW).unwrap();
    let reason = SendReason::Rejected { said: "Too large.".into() };
    finish_upload(&desk.connection, sent.messages[0], &UploadOutcome::Refused { reason }, NOW).unwrap();
    assert_eq!(desk.state(sent.messages[0]), SendState::Failed);
    assert_eq!(desk.ready(NOW), [sent.messages[1]]);
    desk.decide(sent.messages[0], SendDecision::Retry, at(1)).unwrap();
    assert_eq!(desk.ready(at(1)), [sent.messages[0]]);
}

#[test]
fn an_echo_without_text_belongs_to_a_message_of_its_kind() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "Here it is", NOW);
    let attempt = desk.begin(sent.messages[0], NOW);
    desk.finish(sent.messages[0], attempt, &ambiguous(), at(SECOND));
    let film = without_text("film", at(500), MessageKind::Video);
    apply(&desk.connection, desk.account, &[page("t0", vec![film], None)], &live()).unwrap();
    assert_eq!(desk.state(sent.messages[0]), SendState::Unknown, "sent with the phone meanwhile");
    desk.echo_of(0, "picture", at(600), None);
    assert_eq!(desk.state(sent.messages[0]), SendState::Accepted);
    assert_eq!(desk.remote_id(sent.messages[0]).as_deref(), Some("picture"));
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
    for sql in [ledger::OF_ALL, ledger::OF_ONE] {
        let plan = crate::test_support::plan(&desk.connection, sql);
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    // Few, sorted by their time.
    let plan = crate::test_support::plan(&desk.connection, ledger::PLANNED);
    assert!(plan.contains("part_unfinished") && !plan.contains("SCAN"), "{plan}");
}

mod model {
    //! Random lives of messages against the invariants of `reliability.md` that the store can hold by itself.

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Enqueue,
        EnqueueFile,
        Upload,
        Uploaded(u8),
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
            2 => Just(Act::Enqueue),
            1 => Just(Act::EnqueueFile),
            3 => Just(Act::Upload),
            3 => (0..3_u8).prop_map(Act::Uploaded),
            5 => Just(Act::Begin),
            5 => (0..4_u8).prop_map(Act::Finish),
            2 => Just(Act::Echo),
            2 => Just(Act::Read),
            3 => (0..8_u8).prop_map(Act::Decide),
            1 => Just(Act::Restart),
            2 => Just(Act::Wait),
        ]
    }

    const DECISIONS: [SendDecision; 8] = [
        SendDecision::Retry,
        SendDecision::CheckAgain,
        SendDecision::SendAgain,
        SendDecision::ItArrived,
        SendDecision::Discard,
        SendDecision::SendNow,
        SendDecision::ReleaseWaiting,
        SendDecision::Edit,
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
                if let Act::EnqueueFile = act {
                    let n = index.index(2);
                    for message in desk.enqueue_with_file(n, &format!("text {step}"), now).messages {
                        messages.push((message, n));
                        allowed.insert(message, 1);
                    }
                    continue;
                }
                if messages.is_empty() {
                    continue;
                }
                let (message, n) = messages[index.index(messages.len())];
                let before = progress(&desk.connection, message).unwrap().map(|p| p.state);
                match act {
                    Act::Enqueue | Act::EnqueueFile => {}
                    Act::Upload => {
                        let begun = begin_upload(&desk.connection, message, now);
                        prop_assert_eq!(begun.is_ok(), before == Some(SendState::Queued));
                    }
                    Act::Uploaded(how) => {
                        let outcome = match how {
                            0 => UploadOutcome::Done,
                            1 => UploadOutcome::Later { reason: SendReason::Offline, next_at: None },
                            _ => UploadOutcome::Refused { reason: SendReason::Rejected { said: "No.".into() } },
                        };
                        let fits = matches!(before, Some(SendState::Uploading | SendState::Accepted));
                        prop_assert_eq!(finish_upload(&desk.connection, message, &outcome, now).is_ok(), fits);
                    }
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
                            let text = message_details(&desk.connection, message).unwrap().message.text;
                            desk.echo_of(n, &format!("m{}", message.0), at.plus(1), text.as_deref());
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
                        if done.is_ok() {
                            let is_there = |m: MessageId| progress(&desk.connection, m).unwrap().is_some();
                            messages.retain(|(m, _)| is_there(*m));
                            on_the_wire.retain(|m, _| is_there(*m));
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
        const STEPS: [Step; 17] = [
            Step::Begin,
            Step::Upload,
            Step::Uploaded,
            Step::Accept,
            Step::QueueAgain,
            Step::Refuse,
            Step::LoseTrack,
            Step::FoundAtStart,
            Step::Echo,
            Step::Mistaken,
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
                "queued -uploading-> uploading",
                "queued -echoed-> accepted",
                "queued -discarded-> failed",
                "queued -expired-> failed",
                "queued -doubted-> needs_review",
                "uploading -uploaded-> queued",
                "uploading -queued again-> queued",
                "uploading -refused-> failed",
                "uploading -found at start-> queued",
                "uploading -echoed-> accepted",
                "uploading -discarded-> failed",
                "uploading -doubted-> needs_review",
                "sending -accepted-> accepted",
                "sending -queued again-> queued",
                "sending -refused-> failed",
                "sending -lost track of-> unknown",
                "sending -found at start-> unknown",
                "sending -echoed-> accepted",
                "sending -doubted-> needs_review",
                "accepted -echoed-> accepted",
                "accepted -mistaken for another-> unknown",
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
fn a_file_that_was_sent_from_here_keeps_its_name() {
    let desk = Desk::new(1);
    let sent = desk.enqueue_with_file(0, "With this", NOW);
    let name = || message_details(&desk.connection, sent.message).unwrap().message.attachments[0].name.clone();
    let before = name();
    let attempt = desk.begin(sent.message, at(SECOND));
    desk.finish(sent.message, attempt, &accepted("m1"), at(2 * SECOND));
    let mut event = without_text("m1", at(2 * SECOND), MessageKind::Image);
    if let Event::Message(seen) = &mut event {
        seen.attachments[0].name = Some("document.pdf".to_owned());
    }
    apply(&desk.connection, desk.account, &[page("t0", vec![event], None)], &live()).unwrap();
    assert!(before.is_some());
    assert_eq!(name(), before);
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

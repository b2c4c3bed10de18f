//! Whose echo it is, and where messages stand meanwhile.

use super::*;

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
fn what_was_for_later_and_left_at_once_does_not_part_what_was_sent_before_it() {
    let desk = Desk::new(1);
    let later = desk.enqueue_at(0, "later", NOW, Start::At(at(HOUR))).messages;
    let both = desk.enqueue_with_file(0, "two", at(100)).messages;
    let attempt = desk.begin(both[0], at(200));
    desk.finish(both[0], attempt, &accepted("m0"), at(300));
    let attempt = desk.begin(both[1], at(400));
    desk.finish(both[1], attempt, &Outcome::Refused { reason: SendReason::Recipient }, at(500));
    desk.decide(later[0], SendDecision::SendNow, at(600)).unwrap();
    let attempt = desk.begin(later[0], at(700));
    desk.finish(later[0], attempt, &accepted("m1"), at(800));
    desk.echo_of(0, "m1", at(3_000), None);
    let page = thread_page(&desk.connection, desk.conversation(0), &ThreadPosition::Newest, 100).unwrap();
    let shown: Vec<MessageId> = page.messages.iter().map(|message| message.id).skip(1).collect();
    assert_eq!(shown, [both[0], both[1], later[0], later[1]]);
    check(&desk.connection);
}

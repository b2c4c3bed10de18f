//! A message of which nobody knows whether it was sent: never sent again by us, never called lost, until it was read
//! back or the user said what to do (`reliability.md`, the life of a sent message).

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{Chat, Cut, Fault, Hold, Network, ProfileId};

use crate::{desk::Desk, world::Sim};

/// Answers after which nobody can know whether the message was delivered, and what is said of them.
fn unclear() -> Vec<(&'static str, Fault, SendReason)> {
    let status = |http, message: &str| Fault::Status { http, code: 107, message: message.to_owned() };
    let redirect = |http| Fault::Redirect { http, to: "/api/messages/facebook".to_owned() };
    let no_id = r#"{"status":"success"}"#.to_owned();
    use SendReason::{NoAnswer, UnclearAnswer};
    vec![
        ("reset", Fault::Reset, NoAnswer),
        ("no answer", Fault::HalfOpen, NoAnswer),
        ("500", Fault::http(500), UnclearAnswer),
        ("502", Fault::http(502), UnclearAnswer),
        ("503", Fault::http(503), UnclearAnswer),
        ("408", Fault::http(408), UnclearAnswer),
        ("307", redirect(307), UnclearAnswer),
        ("301", redirect(301), UnclearAnswer),
        ("html", Fault::Html { http: 200 }, UnclearAnswer),
        ("a gateway's 403", Fault::Html { http: 403 }, UnclearAnswer),
        ("empty", Fault::Empty, UnclearAnswer),
        ("garbage", Fault::Garbage { bytes: 5_000 }, UnclearAnswer),
        ("a success without an id", Fault::Body { http: 200, body: no_id }, UnclearAnswer),
        ("Meta's code 1", status(400, "(#1) An unknown error has occurred."), UnclearAnswer),
        (
            "Meta's code 1200",
            status(400, "(#1200) Temporary send message failure. Please try again later."),
            UnclearAnswer,
        ),
    ]
}

#[tokio::test]
async fn an_unclear_answer_is_read_back_and_never_sent_twice() {
    for (name, fault, reason) in unclear() {
        let desk = Desk::running().await;
        let (there, gone) = (desk.chat(Sim::Facebook), desk.chat(Sim::Instagram));
        desk.sim.on("POST", "/messages/facebook").fail(Fault::Applied(Box::new(fault.clone())));
        desk.sim.on("POST", "/messages/instagram").fail(fault);
        let arrived = desk.send(&there, "Did this arrive?").await;
        let lost = desk.send(&gone, "Did this arrive?").await;
        desk.settle().await;
        for id in [arrived, lost] {
            let stands = (desk.state(id).await, desk.reason(id).await);
            assert_eq!(stands, (SendState::Unknown, Some(reason.clone())), "{name}");
            let retry = desk.inbox().decide(id, SendDecision::Retry).await;
            assert_eq!(retry.unwrap_err().code, ErrorCode::TooLate, "{name}: no retry while it is not known");
        }
        desk.advance(130).await;
        assert_eq!(desk.state(arrived).await, SendState::Accepted, "{name}");
        assert_eq!(desk.texts(&there).await.iter().filter(|t| *t == "Did this arrive?").count(), 1, "{name}");
        desk.advance(160).await;
        assert_eq!(desk.state(lost).await, SendState::Unknown, "{name}: five minutes are not over");
        desk.advance(120).await;
        assert_eq!(desk.state(lost).await, SendState::NeedsReview, "{name}");
        assert_eq!(desk.reason(lost).await, Some(SendReason::NotFound), "{name}");
        desk.advance(3_600).await;
        assert_eq!(desk.calls("POST", "/messages/"), 2, "{name}");
        assert_eq!(desk.delivered(), ["Did this arrive?"], "{name}");
        desk.check();
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_read_back() {
    for how in [Cut::Reset, Cut::Close] {
        let desk = Desk::running().await;
        let chat = desk.chat(Sim::Facebook);
        desk.sim.on("POST", "/messages/facebook").fail(Fault::CutBody { after: 10, how });
        let id = desk.send(&chat, "Half an answer").await;
        desk.settle().await;
        assert_eq!(desk.state(id).await, SendState::Unknown);
        desk.advance(130).await;
        assert_eq!(desk.state(id).await, SendState::Accepted);
        assert_eq!(desk.calls("POST", "/messages/"), 1);
        desk.check_all().await;
    }
}

#[tokio::test]
async fn a_lost_answer_resolves_itself_within_seconds_when_the_message_is_found() {
    let desk = Desk::running().await;
    desk.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
    let id = desk.send(&desk.chat(Sim::Facebook), "Did this arrive?").await;
    desk.settle().await;
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Unknown, Some(SendReason::NoAnswer)));
    desk.advance(10).await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["Did this arrive?"]);
    desk.check_all().await;
}

#[tokio::test]
async fn without_two_fresh_reads_nothing_is_concluded() {
    let desk = Desk::running().await;
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Reset);
    let id = desk.send(&desk.chat(Sim::Facebook), "Lost").await;
    desk.settle().await;
    desk.sim.set_network(Network::Refused).unwrap();
    desk.advance(3_600).await;
    assert_eq!(desk.state(id).await, SendState::Unknown);
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(600).await;
    assert_eq!(desk.state(id).await, SendState::NeedsReview);
    desk.check_all().await;
}

#[tokio::test]
async fn x_is_not_called_absent_before_its_data_can_be_fresh() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Twitter);
    desk.sim.on("POST", "/messages/twitter").fail(Fault::Reset);
    let id = desk.send(&chat, "こんにちは").await;
    desk.settle().await;
    desk.advance(290).await;
    assert_eq!(desk.state(id).await, SendState::Unknown);
    desk.advance(300).await;
    assert_eq!(desk.state(id).await, SendState::NeedsReview);
    desk.decide(id, SendDecision::SendAgain).await;
    desk.settle().await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    let reads: Vec<_> =
        desk.sim.requests().into_iter().filter(|r| r.path == "/messages/twitter" && r.method == "GET").collect();
    assert!(reads.iter().all(|r| r.query.contains("limit=")), "{reads:?}");
    desk.check_all().await;
}

/// A message whose outcome reading back did not settle, and the desk it lies on.
async fn in_review() -> (Desk, Chat, MessageId) {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Reset);
    let id = desk.send(&chat, "Did this arrive?").await;
    desk.settle().await;
    desk.advance(480).await;
    assert_eq!(desk.state(id).await, SendState::NeedsReview);
    (desk, chat, id)
}

#[tokio::test]
async fn check_again_reads_the_conversation_and_sends_nothing() {
    let (desk, _, id) = in_review().await;
    desk.sim.clear_requests();
    desk.decide(id, SendDecision::CheckAgain).await;
    desk.settle().await;
    let reads = desk.sim.requests().into_iter().filter(|r| r.query.contains("conversationId=")).count();
    assert_eq!(reads, 1);
    assert_eq!(desk.calls("POST", "/messages/"), 0);
    assert_eq!(desk.state(id).await, SendState::NeedsReview);
    desk.check_all().await;
}

#[tokio::test]
async fn the_users_word_settles_what_could_not_be_found() {
    let (mut desk, chat, id) = in_review().await;
    let behind = desk.send(&chat, "The next one").await;
    desk.settle().await;
    assert_eq!(desk.reason(behind).await, Some(SendReason::BehindEarlier));
    desk.decide(id, SendDecision::ItArrived).await;
    desk.settle().await;
    assert_eq!(desk.state(id).await, SendState::Settled);
    assert_eq!(desk.state(behind).await, SendState::Accepted);
    desk.restart().await;
    assert_eq!(desk.state(id).await, SendState::Settled);
    assert_eq!(desk.delivered(), ["The next one"]);
    desk.check_all().await;
}

#[tokio::test]
async fn send_again_sends_once_more_and_only_once() {
    let (desk, _, id) = in_review().await;
    desk.decide(id, SendDecision::SendAgain).await;
    desk.settle().await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    assert_eq!(desk.inbox().decide(id, SendDecision::SendAgain).await.unwrap_err().code, ErrorCode::TooLate);
    assert_eq!(desk.delivered(), ["Did this arrive?"]);
    let attempts = desk.inbox().message_details(id).await.unwrap().attempts;
    let outcomes: Vec<_> = attempts.iter().filter_map(|a| a.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Ambiguous, AttemptOutcome::Accepted]);
    desk.check_all().await;
}

#[tokio::test]
async fn a_discarded_message_is_gone_and_is_never_sent() {
    let (desk, chat, id) = in_review().await;
    let behind = desk.send(&chat, "The next one").await;
    desk.decide(id, SendDecision::Discard).await;
    desk.settle().await;
    assert!(!desk.texts(&chat).await.contains(&"Did this arrive?".to_owned()));
    assert_eq!(desk.state(behind).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["The next one"]);
    desk.check_all().await;
}

#[tokio::test]
async fn a_late_echo_settles_what_was_in_review_or_settled_by_hand() {
    for decision in [None, Some(SendDecision::ItArrived)] {
        let desk = Desk::running().await;
        let chat = desk.chat(Sim::Facebook);
        desk.sim.set_knobs(|k| k.echo_lag_ms = 15 * MINUTE);
        desk.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
        let id = desk.send(&chat, "Comes back late").await;
        desk.settle().await;
        desk.advance(480).await;
        assert_eq!(desk.state(id).await, SendState::NeedsReview);
        if let Some(decision) = decision {
            desk.decide(id, decision).await;
        }
        desk.advance(720).await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{decision:?}");
        assert_eq!(desk.calls("POST", "/messages/"), 1);
        assert_eq!(desk.texts(&chat).await.iter().filter(|t| *t == "Comes back late").count(), 1);
        desk.check_all().await;
    }
}

#[tokio::test]
async fn an_echo_that_comes_before_send_again_left_stops_it() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.set_knobs(|k| k.echo_lag_ms = 12 * MINUTE);
    desk.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
    let id = desk.send(&chat, "Once is enough").await;
    desk.settle().await;
    desk.advance(480).await;
    desk.sim.on("POST", "/messages/facebook").fail(Fault::RateLimited { retry_after_s: Some(600) });
    desk.decide(id, SendDecision::SendAgain).await;
    desk.settle().await;
    assert_eq!(desk.state(id).await, SendState::Queued);
    desk.advance(900).await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["Once is enough"]);
    desk.check_all().await;
}

#[tokio::test]
async fn what_waits_behind_an_unknown_message_goes_when_the_user_lets_it() {
    let desk = Desk::running().await;
    let chats = desk.chats();
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Reset);
    let stuck = desk.send(&chats[0], "Stuck").await;
    desk.settle().await;
    let (two, three) = (desk.send(&chats[0], "Two").await, desk.send(&chats[0], "Three").await);
    let other = desk.send(&chats[1], "Not concerned").await;
    desk.settle().await;
    assert_eq!(desk.state(other).await, SendState::Accepted);
    desk.advance(60).await;
    let waits = (desk.state(two).await, desk.reason(two).await);
    assert_eq!(waits, (SendState::Queued, Some(SendReason::BehindEarlier)));
    assert_eq!(desk.progress(stuck).await.waiting_behind, 2);
    desk.decide(stuck, SendDecision::ReleaseWaiting).await;
    desk.settle().await;
    assert_eq!(desk.state(two).await, SendState::Accepted);
    assert_eq!(desk.state(three).await, SendState::Accepted);
    assert_eq!(desk.state(stuck).await, SendState::Unknown);
    assert_eq!(desk.delivered(), ["Not concerned", "Two", "Three"]);
    desk.advance(480).await;
    assert_eq!(desk.state(stuck).await, SendState::NeedsReview);
    desk.check_all().await;
}

#[tokio::test]
async fn the_same_text_twice_is_two_messages_and_each_is_delivered_once() {
    for lost in [1, 2] {
        let desk = Desk::running().await;
        let chat = desk.chat(Sim::Facebook);
        desk.sim.on("POST", "/messages/facebook").times(lost).fail(Fault::apply_then_drop());
        let first = desk.send(&chat, "ok").await;
        desk.settle().await;
        let second = desk.send(&chat, "ok").await;
        desk.settle().await;
        assert_eq!(desk.state(first).await, SendState::Unknown);
        desk.advance(300).await;
        assert_eq!(desk.state(first).await, SendState::Accepted);
        assert_eq!(desk.state(second).await, SendState::Accepted);
        assert_eq!(desk.delivered(), ["ok", "ok"]);
        let ids: Vec<_> = desk.delivered_to(&chat).into_iter().map(|e| e.id).collect();
        let held = desk.inbox().messages_by_id(vec![first, second]).await.unwrap();
        let bound: Vec<_> = held.into_iter().filter_map(|m| m.remote_id).map(|id| id.0).collect();
        assert_eq!(bound, ids, "identical texts bind in the order of sending");
        desk.check_all().await;
    }
}

#[tokio::test]
async fn a_message_on_the_wire_when_the_program_ends_is_unknown_at_the_next_start() {
    let mut desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    // Longer than the program waits for it at the end.
    desk.world.limits.send = Duration::from_secs(60);
    desk.restart().await;
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Applied(Box::new(Fault::HalfOpen)));
    let id = desk.send(&chat, "Goodbye").await;
    desk.until_calls("POST", "/messages/facebook", 1).await;
    desk.world.open().await;
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Unknown, Some(SendReason::Interrupted)));
    desk.inbox().start().await;
    desk.advance(130).await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["Goodbye"]);
    desk.check_all().await;
}

#[tokio::test]
async fn what_was_on_the_wire_and_never_arrived_is_not_sent_again_by_the_next_start() {
    let mut desk = Desk::running().await;
    // Longer than the program waits for it at the end.
    desk.world.limits.send = Duration::from_secs(60);
    desk.restart().await;
    let hold = Hold::new();
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Hold(hold.clone()));
    let id = desk.send(&desk.chat(Sim::Facebook), "On the wire").await;
    desk.until_state(id, SendState::Sending).await;
    desk.world.open().await;
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Unknown, Some(SendReason::Interrupted)));
    hold.open();
    desk.inbox().start().await;
    desk.advance(400).await;
    assert_eq!(desk.calls("POST", "/messages/facebook"), 1, "never twice");
    desk.check_all().await;
}

#[tokio::test]
async fn x_is_read_back_once_a_minute_at_most() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Twitter);
    desk.sim.set_knobs(|k| k.echo_lag_ms = 1_000_000);
    desk.sim.on("POST", "/messages/twitter").fail(Fault::apply_then_drop());
    let id = desk.send(&chat, "Hello").await;
    desk.advance(280).await;
    assert_eq!(desk.state(id).await, SendState::Unknown);
    let looks: Vec<_> = desk.sim.requests().into_iter().filter(|r| r.query.contains("conversationId")).collect();
    assert!(looks.len() >= 3 && looks.windows(2).all(|w| w[1].at_ms - w[0].at_ms >= 60_000), "{looks:?}");
}

#[tokio::test]
async fn a_wish_to_look_again_is_kept_until_there_is_room_for_it() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.set_knobs(|k| k.echo_lag_ms = 3_000_000);
    desk.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
    let id = desk.send(&chat, "Hello").await;
    desk.advance(900).await;
    assert_eq!(desk.state(id).await, SendState::NeedsReview);
    // Four others are being sent to, and nobody answers them yet.
    let others: Vec<_> =
        (0..4).map(|n| desk.sim.add_person(ProfileId::PRIMARY, Sim::Facebook, &format!("P{n}")).unwrap()).collect();
    for other in &others {
        desk.sim.inbound(other, "Hello").unwrap();
    }
    desk.advance(300).await;
    desk.sim.on("POST", "/messages/facebook").times(4).fail(Fault::Delay { ms: 300 });
    for other in &others {
        desk.send(other, "Yes").await;
    }
    desk.sim.clear_requests();
    desk.decide(id, SendDecision::CheckAgain).await;
    desk.advance(30).await;
    let looked = desk.sim.requests().into_iter().any(|r| r.method == "GET" && r.query.contains("conversationId"));
    assert!(looked, "{:?}", desk.sim.requests());
}

//! Each way in which a message can be sent, not be sent, or be sent without anybody knowing.

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{Cut, Fault, Hold, Network};

use crate::{desk::Desk, world::Sim};

#[tokio::test]
async fn a_text_is_accepted_with_the_platforms_id_and_its_echo_is_the_same_message() {
    let desk = Desk::running().await;
    for platform in [Sim::Facebook, Sim::Instagram, Sim::Twitter] {
        let chat = desk.chat(platform);
        let id = desk.send(&chat, "We are open on Sunday.").await;
        desk.settle().await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{platform:?}");
        desk.advance(300).await;
        let shown = desk.texts(&chat).await;
        assert_eq!(shown.iter().filter(|t| *t == "We are open on Sunday.").count(), 1, "{platform:?}");
        let row = desk.conversation(&chat).await;
        assert!(!row.unanswered, "{platform:?}");
    }
    desk.check_all().await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is_queued() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    let id = desk.conversation(&chat).await.id;
    let refuse = async |text: &str| desk.inbox().send_text(id, text.to_owned()).await.unwrap_err().code;
    assert_eq!(refuse("").await, ErrorCode::BadText);
    assert_eq!(refuse(" \n\t").await, ErrorCode::BadText);
    assert_eq!(refuse(&"ä".repeat(2_001)).await, ErrorCode::BadText);
    let nobody = desk.inbox().send_text(ConversationId(9_999), "Hello".to_owned()).await.unwrap_err();
    assert_eq!(nobody.code, ErrorCode::NotFound);
    desk.inbox().disconnect(desk.account(Platform::Messenger).await.id).await.unwrap();
    assert_eq!(refuse("Hello").await, ErrorCode::Disconnected);
    assert_eq!(desk.calls("POST", "/messages/"), 0);
    desk.check();
}

#[tokio::test]
async fn a_window_that_is_certainly_closed_takes_no_text() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Instagram);
    desk.sleep_through(8 * 86_400).await;
    desk.advance(60).await;
    let row = desk.conversation(&chat).await;
    assert!(matches!(row.window, ReplyWindow::Closed { .. }), "{:?}", row.window);
    let refused = desk.inbox().send_text(row.id, "Too late".to_owned()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::WindowClosed);
    assert_eq!(desk.calls("POST", "/messages/"), 0);
}

#[tokio::test]
async fn a_refusal_of_the_platform_is_failed_with_its_reason_and_is_sent_only_when_the_user_tries_again() {
    let said = |http, message: &str| Fault::Status { http, code: 107, message: message.to_owned() };
    let cases = [
        (said(400, "(#10) This message is sent outside of allowed window."), SendReason::WindowClosed),
        (said(400, "(#551) This person isn't available right now."), SendReason::Recipient),
        (said(403, "(#200) Requires pages_messaging permission."), SendReason::Permission),
    ];
    for (fault, reason) in cases {
        let desk = Desk::running().await;
        let chat = desk.chat(Sim::Facebook);
        desk.sim.on("POST", "/messages/facebook").fail(fault);
        let id = desk.send(&chat, "Hello").await;
        // A failed message holds nobody up.
        let next = desk.send(&chat, "And one more thing").await;
        desk.settle().await;
        if reason == SendReason::Permission {
            // The banner's business: it waits until that is mended.
            assert!(!desk.delivered().contains(&"Hello".to_owned()));
        } else {
            assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Failed, Some(reason.clone())));
            assert_eq!(desk.delivered(), ["And one more thing"]);
            assert_eq!(desk.state(next).await, SendState::Accepted);
            desk.advance(600).await;
            assert_eq!(desk.calls("POST", "/messages/facebook"), 2, "{reason:?}");
            desk.decide(id, SendDecision::Retry).await;
            desk.settle().await;
            assert_eq!(desk.state(id).await, SendState::Accepted);
        }
        desk.check_all().await;
    }
}

#[tokio::test]
async fn what_is_written_offline_leaves_exactly_once_and_in_order() {
    let mut desk = Desk::running().await;
    let (ada, noor) = (desk.chat(Sim::Facebook), desk.chat(Sim::Instagram));
    desk.sim.set_network(Network::Refused).unwrap();
    let mut ids = Vec::new();
    for text in ["One", "Two", "Three"] {
        ids.push(desk.send(&ada, text).await);
        ids.push(desk.send(&noor, text).await);
        desk.advance(20).await;
    }
    assert_eq!(desk.reason(ids[0]).await, Some(SendReason::Offline));
    assert_eq!(desk.state(ids[5]).await, SendState::Queued);
    // The program may end meanwhile.
    desk.restart().await;
    desk.advance(120).await;
    assert!(desk.delivered().is_empty());
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(600).await;
    for id in ids {
        assert_eq!(desk.state(id).await, SendState::Accepted);
    }
    for chat in [&ada, &noor] {
        let texts: Vec<_> = desk.delivered_to(chat).into_iter().filter_map(|e| e.text).collect();
        assert_eq!(texts, ["One", "Two", "Three"]);
    }
    desk.check_all().await;
}

/// Answers after which nobody can know whether the message was delivered.
fn unclear() -> Vec<(&'static str, Fault)> {
    let status = |http, message: &str| Fault::Status { http, code: 107, message: message.to_owned() };
    vec![
        ("reset", Fault::Reset),
        ("no answer", Fault::HalfOpen),
        ("500", Fault::http(500)),
        ("503", Fault::http(503)),
        ("408", Fault::http(408)),
        ("307", Fault::Redirect { http: 307, to: "/api/messages/facebook".to_owned() }),
        ("301", Fault::Redirect { http: 301, to: "/api/messages/facebook".to_owned() }),
        ("html", Fault::Html { http: 200 }),
        ("a gateway's 403", Fault::Html { http: 403 }),
        ("empty", Fault::Empty),
        ("garbage", Fault::Garbage { bytes: 5_000 }),
        ("a success without an id", Fault::Body { http: 200, body: r#"{"status":"success"}"#.to_owned() }),
        ("Meta's code 1", status(400, "(#1) An unknown error has occurred.")),
        ("Meta's code 1200", status(400, "(#1200) Temporary send message failure. Please try again later.")),
    ]
}

#[tokio::test]
async fn an_unclear_answer_is_read_back_and_never_sent_twice() {
    for (name, fault) in unclear() {
        let desk = Desk::running().await;
        let (there, gone) = (desk.chat(Sim::Facebook), desk.chat(Sim::Instagram));
        desk.sim.on("POST", "/messages/facebook").fail(Fault::Applied(Box::new(fault.clone())));
        desk.sim.on("POST", "/messages/instagram").fail(fault);
        let arrived = desk.send(&there, "Did this arrive?").await;
        let lost = desk.send(&gone, "Did this arrive?").await;
        desk.settle().await;
        for id in [arrived, lost] {
            assert_eq!(desk.state(id).await, SendState::Unknown, "{name}");
            let retry = desk.inbox().decide(id, SendDecision::Retry).await;
            assert_eq!(retry.unwrap_err().code, ErrorCode::TooLate, "{name}: no retry while it is not known");
        }
        desk.advance(130).await;
        assert_eq!(desk.state(arrived).await, SendState::Accepted, "{name}");
        assert_eq!(desk.texts(&there).await.iter().filter(|t| *t == "Did this arrive?").count(), 1, "{name}");
        desk.advance(160).await;
        assert_eq!(desk.state(lost).await, SendState::Unknown, "{name}: five minutes are not over");
        desk.advance(190).await;
        assert_eq!(desk.state(lost).await, SendState::NeedsReview, "{name}");
        assert_eq!(desk.reason(lost).await, Some(SendReason::NotFound), "{name}");
        desk.advance(3_600).await;
        assert_eq!(desk.calls("POST", "/messages/"), 2, "{name}");
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
async fn in_review() -> (Desk, backscroll_simulator::Chat, MessageId) {
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
async fn order_is_kept_within_a_conversation_and_one_that_hangs_holds_up_no_other() {
    let desk = Desk::running().await;
    let chats = desk.chats();
    let (slow, quick) = (&chats[0], &chats[1]);
    let hold = Hold::new();
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Hold(hold.clone()));
    let first = desk.send(slow, "First").await;
    desk.until_calls("POST", "/messages/facebook", 1).await;
    let second = desk.send(slow, "Second").await;
    let third = desk.send(slow, "Third").await;
    let other = desk.send(quick, "Meanwhile").await;
    desk.until_state(other, SendState::Accepted).await;
    assert_eq!(desk.state(first).await, SendState::Sending);
    assert_eq!(desk.reason(second).await, Some(SendReason::BehindEarlier));
    assert_eq!(desk.state(third).await, SendState::Queued);
    hold.open();
    desk.settle().await;
    let texts: Vec<_> = desk.delivered_to(slow).into_iter().filter_map(|e| e.text).collect();
    assert_eq!(texts, ["First", "Second", "Third"]);
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
    assert_eq!(desk.state(two).await, SendState::Queued);
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
async fn what_waited_for_half_an_hour_asks_before_it_goes() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.set_network(Network::Refused).unwrap();
    let sent = desk.send(&chat, "Good morning").await;
    let dropped = desk.send(&desk.chat(Sim::Instagram), "Good morning").await;
    desk.advance(1_900).await;
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(900).await;
    for id in [sent, dropped] {
        assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Queued, Some(SendReason::Stale)));
    }
    assert!(desk.delivered().is_empty());
    desk.decide(sent, SendDecision::SendNow).await;
    desk.decide(dropped, SendDecision::Discard).await;
    desk.settle().await;
    assert_eq!(desk.state(sent).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["Good morning"]);
    desk.check_all().await;
}

#[tokio::test]
async fn what_waits_asks_when_the_conversation_moved_on() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.on("POST", "/messages/facebook").always().fail(Fault::http(401));
    let id = desk.send(&chat, "Shall I keep one for you?").await;
    desk.settle().await;
    assert_eq!(desk.reason(id).await, Some(SendReason::Paused));
    desk.sim.clear_faults();
    desk.sim.advance(Duration::from_secs(70)).await;
    desk.sim.inbound(&chat, "Never mind, I found one elsewhere").unwrap();
    desk.inbox().sync_soon();
    desk.settle().await;
    desk.advance(900).await;
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Queued, Some(SendReason::Stale)));
    assert!(desk.delivered().is_empty());
    desk.check_all().await;
}

#[tokio::test]
async fn what_was_tried_and_not_sent_for_a_day_is_given_up() {
    let desk = Desk::running().await;
    desk.sim.set_network(Network::Refused).unwrap();
    let id = desk.send(&desk.chat(Sim::Instagram), "Yesterday's news").await;
    desk.settle().await;
    desk.sleep_through(25 * 3_600).await;
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(600).await;
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Failed, Some(SendReason::Expired)));
    assert!(desk.delivered().is_empty());
    desk.check_all().await;
}

#[tokio::test]
async fn a_refused_key_pauses_sending_and_a_new_one_lets_it_go_on() {
    let mut desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    let key = desk.sim.revoke_api_key();
    let first = desk.send(&chat, "First").await;
    let second = desk.send(&chat, "Second").await;
    desk.settle().await;
    assert_eq!((desk.state(first).await, desk.reason(first).await), (SendState::Queued, Some(SendReason::Paused)));
    assert_eq!(desk.health(Platform::Messenger).await, Health::KeyRefused);
    desk.advance(600).await;
    assert_eq!(desk.calls("POST", "/messages/"), 1, "a refused key is not knocked with");
    desk.restart().await;
    let connection = desk.account(Platform::Messenger).await.connection.unwrap();
    let new = backscroll_adapters::Secret::new(key);
    desk.inbox().reconnect_ayrshare(connection, Some(new), None, None).await.unwrap();
    // What waited goes once its conversation was read.
    desk.advance(70).await;
    assert_eq!(desk.state(first).await, SendState::Accepted);
    assert_eq!(desk.state(second).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["First", "Second"]);
    desk.check_all().await;
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_they_are_told() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.on("POST", "/messages/facebook").fail(Fault::RateLimited { retry_after_s: Some(120) });
    let id = desk.send(&chat, "Patience").await;
    desk.settle().await;
    assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Queued, Some(SendReason::RateLimited)));
    desk.sim.clear_requests();
    desk.advance(115).await;
    assert!(desk.sim.requests().is_empty(), "nothing of this profile leaves: {:?}", desk.sim.requests());
    desk.advance(30).await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    desk.check_all().await;
}

#[tokio::test]
async fn the_same_text_twice_is_two_messages_and_each_is_delivered_once() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
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

#[tokio::test]
async fn a_queued_message_can_be_taken_back_before_it_leaves() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.set_network(Network::Refused).unwrap();
    let id = desk.send(&chat, "Not sure about this").await;
    desk.settle().await;
    desk.decide(id, SendDecision::Discard).await;
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(600).await;
    assert!(desk.delivered().is_empty());
    desk.check_all().await;
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

/// Lets the database refuse a statement, as a disk that fails would.
struct Refusing(rusqlite::Connection);

impl Refusing {
    fn new(desk: &Desk, statement: &str) -> Self {
        let db = rusqlite::Connection::open(desk.data().join("backscroll.db")).unwrap();
        let sql = format!("CREATE TRIGGER refusing BEFORE {statement} ON attempt BEGIN SELECT RAISE(ABORT, 'no'); END");
        db.execute_batch(&sql).unwrap();
        Self(db)
    }

    fn no_more(self) {
        self.0.execute_batch("DROP TRIGGER refusing").unwrap();
    }
}

#[tokio::test]
async fn an_attempt_that_cannot_be_written_down_waits_and_sends_nothing() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    let refusing = Refusing::new(&desk, "INSERT");
    let id = desk.send(&chat, "Hello").await;
    // This comes to an end only if it is not tried again at once, again and again.
    desk.advance(20).await;
    assert_eq!(desk.state(id).await, SendState::Queued);
    assert_eq!(desk.calls("POST", "/messages/"), 0);
    refusing.no_more();
    desk.advance(10).await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    desk.check_all().await;
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_down_is_unknown_and_is_read_back() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    let refusing = Refusing::new(&desk, "UPDATE OF outcome");
    let id = desk.send(&chat, "Hello").await;
    desk.settle().await;
    assert_eq!(desk.state(id).await, SendState::Unknown, "never stuck in sending");
    refusing.no_more();
    desk.advance(400).await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["Hello"]);
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
    let others: Vec<_> = (0..4)
        .map(|n| {
            desk.sim.add_person(backscroll_simulator::ProfileId::PRIMARY, Sim::Facebook, &format!("P{n}")).unwrap()
        })
        .collect();
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

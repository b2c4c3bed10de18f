//! What leaves, when, and what waits or is refused: a message of which it is known at each instant whether it was sent.
//! The others are in `unclear.rs`. Each test ends with the invariants, held against the simulator's ledger.

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{Fault, Hold, Network, ProfileId, Synthetic, WorldKind};

use crate::{
    desk::Desk,
    disk::{Refusal, Refusing},
    world::{START, Sim, World},
};

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
        assert!(row.last.unwrap().send_state.is_none_or(|state| state == SendState::Accepted), "{platform:?}");
    }
    desk.check_all().await;
}

#[tokio::test]
async fn the_bubble_is_there_before_anything_left() {
    let desk = Desk::running().await;
    let hold = Hold::new();
    desk.sim.on("POST", "/messages/facebook").fail(Fault::Hold(hold.clone()));
    let id = desk.send(&desk.chat(Sim::Facebook), "One moment").await;
    let bubble = desk.inbox().messages_by_id(vec![id]).await.unwrap().remove(0);
    assert_eq!((bubble.text.as_deref(), bubble.origin), (Some("One moment"), Origin::Backscroll));
    assert!(matches!(bubble.send.unwrap().state, SendState::Queued | SendState::Sending));
    hold.open();
    desk.settle().await;
    assert_eq!(desk.state(id).await, SendState::Accepted);
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
    let instagram = desk.conversation(&desk.chat(Sim::Instagram)).await.id;
    let bytes = desk.inbox().send_text(instagram, "é".repeat(501)).await.unwrap_err();
    assert_eq!(bytes.code, ErrorCode::BadText, "1,002 bytes");
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
    let said = |http, code, message: &str| Fault::Status { http, code, message: message.to_owned() };
    let cases = [
        (said(400, 107, "(#10) This message is sent outside of allowed window."), SendReason::WindowClosed),
        (said(400, 138, "(#10) This message is sent outside of allowed window."), SendReason::WindowClosed),
        (said(400, 107, "(#551) This person isn't available right now."), SendReason::Recipient),
        (said(403, 107, "(#200) Requires pages_messaging permission."), SendReason::Permission),
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
        } else if reason == SendReason::WindowClosed {
            // Shut for all, until the customer writes.
            for id in [id, next] {
                assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Failed, Some(reason.clone())));
            }
            assert_eq!(desk.calls("POST", "/messages/facebook"), 1);
            desk.advance(1).await;
            desk.sim.inbound(&chat, "Hello?").unwrap();
            desk.advance(400).await;
            desk.decide(id, SendDecision::Retry).await;
            desk.settle().await;
            assert_eq!(desk.state(id).await, SendState::Accepted);
            assert_eq!(desk.delivered(), ["Hello"]);
        } else {
            assert_eq!((desk.state(id).await, desk.reason(id).await), (SendState::Failed, Some(reason.clone())));
            assert_eq!(desk.delivered(), ["And one more thing"]);
            assert_eq!(desk.state(next).await, SendState::Accepted);
            desk.advance(600).await;
            assert_eq!(desk.calls("POST", "/messages/facebook"), 2, "{reason:?}");
            desk.decide(id, SendDecision::Retry).await;
            desk.settle().await;
            assert_eq!(desk.state(id).await, SendState::Accepted);
            let again = desk.inbox().decide(id, SendDecision::Retry).await;
            assert_eq!(again.unwrap_err().code, ErrorCode::TooLate);
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
    desk.advance(900).await;
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
        assert_eq!(
            (desk.state(id).await, desk.reason(id).await),
            (SendState::Queued, Some(SendReason::Stale { why: StaleCause::Offline }))
        );
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
    for (fault, reason) in [
        (Fault::http(401), SendReason::Paused),
        (Fault::RateLimited { retry_after_s: Some(200) }, SendReason::RateLimited),
    ] {
        let desk = Desk::running().await;
        let chat = desk.chat(Sim::Facebook);
        desk.sim.on("POST", "/messages/facebook").fail(fault);
        let id = desk.send(&chat, "Shall I keep one for you?").await;
        desk.settle().await;
        assert_eq!(desk.reason(id).await, Some(reason));
        desk.sim.advance(Duration::from_secs(70)).await;
        desk.sim.inbound(&chat, "Never mind, I found one elsewhere").unwrap();
        desk.inbox().sync_soon();
        desk.settle().await;
        desk.advance(900).await;
        assert_eq!(
            (desk.state(id).await, desk.reason(id).await),
            (SendState::Queued, Some(SendReason::Stale { why: StaleCause::MovedOn }))
        );
        assert!(desk.delivered().is_empty());
        desk.check_all().await;
    }
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
    for restarted in [false, true] {
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
        if restarted {
            desk.restart().await;
        }
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
async fn an_attempt_that_cannot_be_written_down_waits_and_sends_nothing() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    let refusing = Refusing::new(desk.data(), "INSERT ON attempt", Refusal::Nonsense);
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
    let refusing = Refusing::new(desk.data(), "UPDATE OF outcome ON attempt", Refusal::Nonsense);
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
async fn sends_find_room_while_a_large_inbox_is_being_read() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 200,
        messages_per_conversation: 20,
        platforms: vec![Sim::Facebook],
    }))
    .await;
    world.connect_and_sync().await;
    let chat = world.sim.chats(ProfileId::PRIMARY, Sim::Facebook).remove(3);
    world.sim.inbound(&chat, "Quick question").unwrap();
    world.sim.advance(Duration::from_secs(61)).await;
    world.sync().await;
    world.inbox().start().await;
    let id = world.conversation(&chat).await.id;
    let id = world.inbox().send_text(id, "Quick answer".to_owned()).await.unwrap().id;
    world.settle().await;
    let sent = world.inbox().messages_by_id(vec![id]).await.unwrap().remove(0);
    assert_eq!(sent.send.unwrap().state, SendState::Accepted);
    assert!(sent.at.0 >= START);
}

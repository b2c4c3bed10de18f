//! Never lost, never sent twice by us, never guessed (`reliability.md`). Each test ends with the invariants I1 to I4,
//! held against the simulator's ledger.

use backscroll_model::*;
use backscroll_simulator::{Chat, Fault, Hold, Network, ProfileId, Synthetic, WorldKind};

use crate::world::{START, Sim, World};

/// A small world that has been read and whose tasks run.
async fn running() -> World {
    let world = World::small().await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        world.sim.inbound(&world.chat(platform), "Hello").unwrap();
    }
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.settle().await;
    world
}

async fn send(world: &World, chat: &Chat, text: &str) -> MessageId {
    let id = world.conversation(chat).await.id;
    world.inbox().send_text(id, text.to_owned()).await.unwrap().id
}

async fn message(world: &World, id: MessageId) -> Message {
    world.inbox().messages_by_id(vec![id]).await.unwrap().pop().expect("the message is held")
}

async fn progress(world: &World, id: MessageId) -> (SendState, Option<SendReason>) {
    let send = message(world, id).await.send.expect("it was sent by us");
    (send.state, send.reason)
}

/// How often this text was truly delivered.
fn delivered(world: &World, text: &str) -> usize {
    world.sim.delivered().iter().filter(|e| e.text.as_deref() == Some(text)).count()
}

/// I1 to I4 and I7 for everything of ours in the history. `twice`: texts that the user chose to send again.
async fn assert_honest(world: &World, twice: &[&str]) {
    let ledger = world.sim.delivered();
    let mut texts: Vec<&str> = ledger.iter().filter_map(|e| e.text.as_deref()).collect();
    texts.retain(|t| !twice.contains(t));
    let count = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), count, "I1: something was delivered twice");
    for row in world.conversations().await {
        for message in world.thread(row.id).await {
            let Some(send) = &message.send else { continue };
            let text = message.text.as_deref().unwrap_or_default();
            match send.state {
                SendState::Accepted => {
                    let id = message.remote_id.as_ref().expect("I3: accepted has the platform's id");
                    assert_eq!(
                        ledger.iter().filter(|e| e.id == id.0 && e.text.as_deref() == Some(text)).count(),
                        1,
                        "I3"
                    );
                }
                SendState::Failed => assert_eq!(delivered(world, text), 0, "I4: {text} failed and arrived"),
                _ => {}
            }
        }
    }
    world.assert_sound();
}

#[tokio::test]
async fn an_accepted_text_has_the_platforms_id_and_its_echo_is_no_second_bubble() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    let id = send(&world, &chat, "We are open until six.").await;
    world.settle().await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    world.advance(300).await;
    let texts = world.texts(&chat).await;
    assert_eq!(texts.iter().filter(|t| *t == "We are open until six.").count(), 1);
    let row = world.conversation(&chat).await;
    assert!(!row.unanswered);
    assert_eq!(row.last.unwrap().send_state.unwrap_or(SendState::Accepted), SendState::Accepted);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn the_bubble_is_there_before_anything_left() {
    let world = running().await;
    let hold = Hold::new();
    world.sim.on("POST", "/messages/facebook").fail(Fault::Hold(hold.clone()));
    let id = send(&world, &world.chat(Sim::Facebook), "One moment").await;
    let bubble = message(&world, id).await;
    assert_eq!((bubble.text.as_deref(), bubble.origin), (Some("One moment"), Origin::Backscroll));
    assert!(matches!(bubble.send.unwrap().state, SendState::Queued | SendState::Sending));
    hold.open();
    world.settle().await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
}

#[tokio::test]
async fn a_refusal_says_why_and_can_be_retried() {
    let world = running().await;
    let chat = world.chat(Sim::Instagram);
    let message = "(#10) This message is sent outside of allowed window.".to_owned();
    world.sim.on("POST", "/messages/instagram").fail(Fault::Status { http: 400, code: 138, message });
    let id = send(&world, &chat, "Late answer").await;
    world.settle().await;
    assert_eq!(progress(&world, id).await, (SendState::Failed, Some(SendReason::WindowClosed)));
    assert_honest(&world, &[]).await;

    world.inbox().decide(id, SendDecision::Retry).await.unwrap();
    world.settle().await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert_eq!(world.inbox().decide(id, SendDecision::Retry).await.unwrap_err().code, ErrorCode::TooLate);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn a_lost_answer_resolves_itself_when_the_message_is_found() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
    let id = send(&world, &chat, "Did this arrive?").await;
    world.settle().await;
    assert_eq!(progress(&world, id).await, (SendState::Unknown, Some(SendReason::NoAnswer)));
    world.advance(10).await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert_eq!(delivered(&world, "Did this arrive?"), 1);
    world.advance(600).await;
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn what_is_not_found_is_asked_about_after_five_minutes_and_never_sent_again_by_itself() {
    for (fault, reason) in [
        (Fault::Reset, SendReason::NoAnswer),
        (Fault::http(502), SendReason::UnclearAnswer),
        (Fault::Html { http: 200 }, SendReason::UnclearAnswer),
        (Fault::Empty, SendReason::UnclearAnswer),
        (Fault::Redirect { http: 307, to: "/elsewhere".to_owned() }, SendReason::UnclearAnswer),
    ] {
        let world = running().await;
        world.sim.on("POST", "/messages/instagram").fail(fault);
        let id = send(&world, &world.chat(Sim::Instagram), "Lost").await;
        world.settle().await;
        assert_eq!(progress(&world, id).await, (SendState::Unknown, Some(reason)));
        world.advance(290).await;
        assert_eq!(progress(&world, id).await.0, SendState::Unknown, "not before five minutes");
        world.advance(120).await;
        assert_eq!(progress(&world, id).await, (SendState::NeedsReview, Some(SendReason::NotFound)));
        world.advance(3_600).await;
        assert_eq!(delivered(&world, "Lost"), 0);
        assert_eq!(world.calls("POST", "/messages/"), 1);
        assert_honest(&world, &[]).await;
    }
}

#[tokio::test]
async fn without_two_fresh_reads_nothing_is_concluded() {
    let world = running().await;
    world.sim.on("POST", "/messages/facebook").fail(Fault::Reset);
    let id = send(&world, &world.chat(Sim::Facebook), "Lost").await;
    world.settle().await;
    world.sim.set_network(Network::Refused).unwrap();
    world.advance(3_600).await;
    assert_eq!(progress(&world, id).await.0, SendState::Unknown);
    world.sim.set_network(Network::Up).unwrap();
    world.advance(600).await;
    assert_eq!(progress(&world, id).await.0, SendState::NeedsReview);
}

#[tokio::test]
async fn each_decision_about_an_unclear_message_does_what_it_says() {
    for decision in [SendDecision::SendAgain, SendDecision::ItArrived, SendDecision::Discard, SendDecision::CheckAgain]
    {
        let world = running().await;
        let chat = world.chat(Sim::Facebook);
        world.sim.on("POST", "/messages/facebook").fail(Fault::Reset);
        let id = send(&world, &chat, "Lost").await;
        world.advance(420).await;
        assert_eq!(progress(&world, id).await.0, SendState::NeedsReview);
        world.inbox().decide(id, decision).await.unwrap();
        world.settle().await;
        match decision {
            SendDecision::SendAgain => {
                assert_eq!(progress(&world, id).await.0, SendState::Accepted);
                assert_eq!(delivered(&world, "Lost"), 1);
            }
            SendDecision::ItArrived => assert_eq!(progress(&world, id).await.0, SendState::Settled),
            SendDecision::Discard => assert!(!world.texts(&chat).await.contains(&"Lost".to_owned())),
            _ => assert_eq!(progress(&world, id).await.0, SendState::NeedsReview, "it is still not there"),
        }
        assert_honest(&world, &[]).await;
    }
}

#[tokio::test]
async fn a_late_echo_accepts_what_was_given_up() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
    // The platform does not show it for a while: whoever reads gets a page without it.
    world.sim.on("GET", "/messages/facebook").times(10).fail(Fault::Edit(backscroll_simulator::Edit::new(|answer| {
        if let Some(messages) = answer.get_mut("messages").and_then(|m| m.as_array_mut()) {
            messages.retain(|m| m.get("message").and_then(|t| t.as_str()) != Some("Slow"));
        }
    })));
    let id = send(&world, &chat, "Slow").await;
    world.advance(420).await;
    assert_eq!(progress(&world, id).await.0, SendState::NeedsReview);
    world.sim.clear_faults();
    world.advance(600).await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn what_was_written_offline_leaves_once_when_the_network_is_back() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.set_network(Network::Refused).unwrap();
    let id = send(&world, &chat, "From the tunnel").await;
    world.settle().await;
    assert_eq!(progress(&world, id).await, (SendState::Queued, Some(SendReason::Offline)));
    world.advance(900).await;
    assert_eq!(progress(&world, id).await.0, SendState::Queued);
    world.sim.set_network(Network::Up).unwrap();
    world.advance(400).await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert_eq!(delivered(&world, "From the tunnel"), 1);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn what_waited_for_half_an_hour_asks_before_it_leaves() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.set_network(Network::Refused).unwrap();
    let id = send(&world, &chat, "From yesterday").await;
    world.advance(45 * 60).await;
    world.sim.set_network(Network::Up).unwrap();
    world.advance(900).await;
    assert_eq!(progress(&world, id).await, (SendState::Queued, Some(SendReason::Stale)));
    assert_eq!(delivered(&world, "From yesterday"), 0);
    world.inbox().decide(id, SendDecision::SendNow).await.unwrap();
    world.settle().await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn a_message_asks_first_when_the_conversation_moved_on_meanwhile() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.on("POST", "/messages/facebook").fail(Fault::RateLimited { retry_after_s: Some(200) });
    let id = send(&world, &chat, "The blue one").await;
    world.advance(30).await;
    world.sim.inbound(&chat, "Never mind, I found one").unwrap();
    world.advance(600).await;
    assert_eq!(progress(&world, id).await, (SendState::Queued, Some(SendReason::Stale)));
    assert_eq!(delivered(&world, "The blue one"), 0);
}

#[tokio::test]
async fn order_is_kept_within_a_conversation_and_a_stuck_one_blocks_no_other() {
    let world = running().await;
    let (stuck, other) = {
        let mut chats = world.sim.chats(ProfileId::PRIMARY, Sim::Facebook);
        (chats.remove(0), chats.remove(0))
    };
    world.sim.inbound(&other, "Me too").unwrap();
    world.advance(130).await;
    world.sim.on("POST", "/messages/facebook").fail(Fault::HalfOpen);
    let first = send(&world, &stuck, "First").await;
    let second = send(&world, &stuck, "Second").await;
    world.until(async |w| progress(w, first).await.0 == SendState::Sending).await;
    let elsewhere = send(&world, &other, "Other person").await;
    world.until(async |w| progress(w, elsewhere).await.0 == SendState::Accepted).await;
    assert_eq!(progress(&world, first).await.0, SendState::Sending);
    assert_eq!(progress(&world, second).await, (SendState::Queued, Some(SendReason::BehindEarlier)));
    assert_eq!(delivered(&world, "Second"), 0);
}

#[tokio::test]
async fn later_messages_wait_behind_an_unclear_one_until_the_user_lets_them_go() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.on("POST", "/messages/facebook").fail(Fault::Reset);
    let unclear = send(&world, &chat, "Unclear").await;
    world.settle().await;
    let behind = send(&world, &chat, "Behind it").await;
    world.advance(60).await;
    assert_eq!(progress(&world, behind).await, (SendState::Queued, Some(SendReason::BehindEarlier)));
    assert_eq!(message(&world, unclear).await.send.unwrap().waiting_behind, 1);
    world.inbox().decide(unclear, SendDecision::ReleaseWaiting).await.unwrap();
    world.settle().await;
    assert_eq!(progress(&world, behind).await.0, SendState::Accepted);
    assert_eq!(progress(&world, unclear).await.0, SendState::Unknown);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn texts_leave_in_the_order_in_which_they_were_written() {
    let world = running().await;
    let chat = world.chat(Sim::Instagram);
    world.sim.set_network(Network::Refused).unwrap();
    for n in 0..6 {
        send(&world, &chat, &format!("Part {n}")).await;
    }
    world.sim.set_network(Network::Up).unwrap();
    world.advance(600).await;
    let sent: Vec<_> = world.sim.delivered().into_iter().filter_map(|e| e.text).collect();
    assert_eq!(sent, (0..6).map(|n| format!("Part {n}")).collect::<Vec<_>>());
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn what_was_on_the_wire_when_the_program_died_is_unknown_and_not_sent_again() {
    let mut world = running().await;
    let chat = world.chat(Sim::Facebook);
    let hold = Hold::new();
    world.sim.on("POST", "/messages/facebook").fail(Fault::Hold(hold.clone()));
    let id = send(&world, &chat, "On the wire").await;
    world.until(async |w| progress(w, id).await.0 == SendState::Sending).await;
    // The test's own stop would wait for the answer: this is what an aborted task leaves.
    let stopping = world.inbox().clone();
    stopping.stop().await;
    drop(stopping);
    world.open().await;
    assert_eq!(progress(&world, id).await, (SendState::Unknown, Some(SendReason::Interrupted)));
    hold.open();
    world.inbox().start().await;
    world.advance(400).await;
    let posts = world.calls("POST", "/messages/facebook");
    assert_eq!(posts, 1, "never twice");
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn a_refused_key_pauses_the_queue_until_there_is_a_new_one() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    let new_key = world.sim.revoke_api_key();
    let id = send(&world, &chat, "With the old key").await;
    world.settle().await;
    assert_eq!(progress(&world, id).await, (SendState::Queued, Some(SendReason::Paused)));
    assert_eq!(world.health(Platform::Messenger).await, Health::KeyRefused);
    let connection = world.account(Platform::Messenger).await.connection.unwrap();
    let key = Some(backscroll_engine::Secret::new(new_key));
    world.inbox().reconnect_ayrshare(connection, key, None, None).await.unwrap();
    world.advance(90).await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert_eq!(delivered(&world, "With the old key"), 1);
    assert_honest(&world, &[]).await;
}

#[tokio::test]
async fn after_a_rate_limit_a_message_waits_as_long_as_it_was_told() {
    let world = running().await;
    world.sim.on("POST", "/messages/facebook").fail(Fault::RateLimited { retry_after_s: Some(120) });
    let id = send(&world, &world.chat(Sim::Facebook), "Patience").await;
    world.advance(110).await;
    assert_eq!(progress(&world, id).await, (SendState::Queued, Some(SendReason::RateLimited)));
    assert_eq!(world.calls("POST", "/messages/"), 1);
    world.advance(20).await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is_queued() {
    let world = running().await;
    let chat = world.chat(Sim::Instagram);
    let id = world.conversation(&chat).await.id;
    let refused = async |text: String| world.inbox().send_text(id, text).await.unwrap_err().code;
    assert_eq!(refused(" \n".to_owned()).await, ErrorCode::BadText);
    assert_eq!(refused("é".repeat(501)).await, ErrorCode::BadText, "1,002 bytes");
    assert_eq!(
        world.inbox().send_text(ConversationId(999_999), "x".into()).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    world.sim.advance(std::time::Duration::from_secs(8 * 86_400)).await;
    assert_eq!(refused("Too late".to_owned()).await, ErrorCode::WindowClosed);
    assert_eq!(world.calls("POST", "/messages/"), 0);
}

#[tokio::test]
async fn identical_texts_are_bound_each_to_its_own_message() {
    let world = running().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.on("POST", "/messages/facebook").times(2).fail(Fault::apply_then_drop());
    let first = send(&world, &chat, "ok").await;
    world.advance(20).await;
    let second = send(&world, &chat, "ok").await;
    world.advance(120).await;
    let ids: Vec<_> = world.sim.delivered().into_iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(message(&world, first).await.remote_id.unwrap().0, ids[0]);
    assert_eq!(message(&world, second).await.remote_id.unwrap().0, ids[1]);
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
    world.sim.advance(std::time::Duration::from_secs(61)).await;
    world.sync().await;
    world.inbox().start().await;
    let id = send(&world, &chat, "Quick answer").await;
    world.settle().await;
    assert_eq!(progress(&world, id).await.0, SendState::Accepted);
    assert!(message(&world, id).await.at.0 >= START);
}

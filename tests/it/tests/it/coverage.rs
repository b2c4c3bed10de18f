//! Coverage: what is missing is shown, and only that.

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{Chat, Edit, Fault, ProfileId, Synthetic, WorldKind};

use crate::{
    desk::Desk,
    invariants,
    world::{Sim, World},
};

/// The provider shows only so many of the newest messages of each answer.
fn newest_only(count: usize) -> Fault {
    Fault::Edit(Edit::new(move |answer| {
        if let Some(messages) = answer.get_mut("messages").and_then(|m| m.as_array_mut()) {
            messages.truncate(count);
        }
    }))
}

async fn gaps(desk: &Desk, chat: &Chat) -> Vec<Gap> {
    desk.inbox().gaps(Some(desk.conversation(chat).await.id)).await.unwrap()
}

async fn busy_hour(desk: &Desk, chat: &Chat, messages: u32) {
    for n in 0..messages {
        desk.sim.advance(Duration::from_secs(10)).await;
        desk.sim.inbound(chat, format!("Number {n}").as_str()).unwrap();
    }
    desk.sim.advance(Duration::from_secs(70)).await;
}

#[tokio::test]
async fn reads_that_overlap_leave_no_gap() {
    let desk = Desk::connected().await;
    let chat = desk.chat(Sim::Facebook);
    let before = gaps(&desk, &chat).await;
    for _ in 0..3 {
        busy_hour(&desk, &chat, 8).await;
        desk.sim.on("GET", "/messages/facebook").query("status=active").fail(newest_only(12));
        desk.sync().await;
        assert_eq!(gaps(&desk, &chat).await, before);
    }
    desk.check();
}

#[tokio::test]
async fn a_read_that_does_not_reach_back_to_what_is_held_shows_a_gap_and_a_later_one_closes_it() {
    let desk = Desk::connected().await;
    let chat = desk.chat(Sim::Facebook);
    let before = gaps(&desk, &chat).await;
    busy_hour(&desk, &chat, 40).await;
    desk.sim.on_any("/messages/facebook").always().fail(newest_only(10));
    desk.sync().await;
    let texts = desk.texts(&chat).await;
    assert!(texts.contains(&"Number 39".to_owned()) && !texts.contains(&"Number 5".to_owned()));
    let found: Vec<_> = gaps(&desk, &chat).await.into_iter().filter(|g| g.reason == GapReason::NoOverlap).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    // The gap lies where messages are missing.
    let missing = desk.sim.ledger().into_iter().find(|e| e.text.as_deref() == Some("Number 5")).unwrap();
    assert!(found[0].from.is_some_and(|t| t.0 < missing.at_ms) && found[0].to.is_some_and(|t| missing.at_ms < t.0));
    let page = desk.inbox().thread(desk.conversation(&chat).await.id, ThreadPosition::Newest, 200).await.unwrap();
    assert!(page.gaps.contains(&found[0]), "the thread shows it");
    invariants::history(&invariants::snapshot(desk.data()), &desk.sim, &[Sim::Facebook]);

    desk.sim.clear_faults();
    desk.sim.advance(Duration::from_secs(70)).await;
    desk.sync().await;
    assert_eq!(gaps(&desk, &chat).await, before);
    assert!(desk.texts(&chat).await.contains(&"Number 5".to_owned()));
    invariants::history(&invariants::snapshot(desk.data()), &desk.sim, &[Sim::Facebook]);
    desk.check();
}

#[tokio::test]
async fn what_lies_before_the_first_read_is_a_gap() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 1,
        messages_per_conversation: 60,
        platforms: vec![Sim::Facebook],
    }))
    .await;
    world.connect_and_sync().await;
    let chat = world.sim.chats(ProfileId::PRIMARY, Sim::Facebook).remove(0);
    let row = world.conversation(&chat).await;
    assert_eq!(row.messages, 20, "the platform gives no more");
    let gaps = world.inbox().gaps(Some(row.id)).await.unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].from, gaps[0].reason), (None, GapReason::Beginning));
}

#[tokio::test]
async fn a_walk_through_x_whose_cursor_ran_out_leaves_a_gap_that_is_shown() {
    let desk = Desk::connected().await;
    let chat = desk.chat(Sim::Twitter);
    let before = gaps(&desk, &chat).await;
    busy_hour(&desk, &chat, 90).await;
    // The probe, the small page and one whole page; then the program ends, and X forgets the cursor.
    desk.sim.on("GET", "/messages/twitter").skip(3).fail(Fault::Reset);
    desk.sync().await;
    desk.sim.expire_cursors();
    for _ in 0..3 {
        desk.sim.advance(Duration::from_secs(70)).await;
        desk.sync().await;
    }
    assert_eq!(desk.health(Platform::X).await, Health::Ok);
    let texts = desk.texts(&chat).await;
    assert!(texts.contains(&"Number 89".to_owned()) && !texts.contains(&"Number 3".to_owned()));
    assert!(gaps(&desk, &chat).await.len() > before.len());
    invariants::history(&invariants::snapshot(desk.data()), &desk.sim, &[Sim::Twitter]);
    desk.check();
}

#[tokio::test]
async fn an_answer_without_a_message_takes_nothing_away() {
    let desk = Desk::connected().await;
    let before = desk.conversations().await;
    for path in ["/messages/facebook", "/messages/instagram"] {
        desk.sim.on("GET", path).always().fail(newest_only(0));
    }
    for _ in 0..3 {
        desk.sim.advance(Duration::from_secs(70)).await;
        desk.sync().await;
    }
    for (row, was) in desk.conversations().await.iter().zip(&before) {
        assert_eq!((row.id, row.messages), (was.id, was.messages));
        assert_eq!(desk.thread(row.id).await.len(), was.messages as usize);
    }
    desk.check();
}

#[tokio::test]
async fn an_answer_of_ours_does_not_hide_what_was_written_before_it_on_x() {
    for lost in [false, true] {
        let desk = Desk::running().await;
        let chat = desk.chat(Sim::Twitter);
        desk.advance(130).await;
        desk.sim.advance(Duration::from_secs(1)).await;
        desk.sim.inbound(&chat, "One more thing").unwrap();
        desk.sim.advance(Duration::from_secs(1)).await;
        if lost {
            // Found by reading the conversation back, which reads no other.
            let other = desk.sim.chats(ProfileId::PRIMARY, Sim::Twitter).remove(1);
            desk.sim.on("POST", "/messages/twitter").fail(Fault::apply_then_drop());
            desk.send(&other, "Answered meanwhile").await;
        } else {
            desk.send(&chat, "Answered meanwhile").await;
        }
        desk.advance(900).await;
        assert!(desk.texts(&chat).await.contains(&"One more thing".to_owned()), "lost: {lost}");
        desk.check_all().await;
    }
}

#[tokio::test]
async fn a_message_that_x_lists_late_beneath_a_newer_one_is_read() {
    let desk = Desk::running().await;
    let chats = desk.sim.chats(ProfileId::PRIMARY, Sim::Twitter);
    desk.inbox().set_viewing(Some(desk.conversation(&chats[1]).await.id));
    desk.advance(300).await;
    desk.sim.set_knobs(|k| k.x_lag_ms = 170_000);
    desk.sim.inbound(&chats[0], "Listed late").unwrap();
    desk.sim.advance(Duration::from_secs(5)).await;
    desk.sim.set_knobs(|k| k.x_lag_ms = 0);
    desk.sim.inbound(&chats[1], "Listed at once").unwrap();
    desk.advance(90).await;
    assert!(desk.texts(&chats[1]).await.contains(&"Listed at once".to_owned()));
    desk.advance(300).await;
    assert!(desk.texts(&chats[0]).await.contains(&"Listed late".to_owned()));
    // After that it is one message a minute again, and nothing is written.
    desk.sim.clear_requests();
    desk.advance(300).await;
    let reads: Vec<_> = desk.sim.requests().into_iter().filter(|r| r.path == "/messages/twitter").collect();
    assert!(reads.len() <= 5 && reads.iter().all(|r| r.query.ends_with("limit=1")), "{reads:?}");
    desk.check_all().await;
}

//! Notices: at most once, never for history, one summary after an absence.

use backscroll_model::*;
use backscroll_simulator::ProfileId;

use crate::world::{Sim, World, drain, shown};

async fn running() -> World {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.advance(1).await;
    world
}

#[tokio::test]
async fn a_new_message_is_announced_with_person_and_business() {
    let world = running().await;
    let mut notices = world.inbox().notices();
    let chat = world.chat(Sim::Facebook);
    world.sim.inbound(&chat, "Are you\nopen?").unwrap();
    world.advance(150).await;
    let shown = shown(&mut notices);
    assert_eq!(shown.len(), 1, "{shown:?}");
    let row = world.conversation(&chat).await;
    assert_eq!(shown[0].conversation, Some(row.id));
    assert_eq!(shown[0].message, row.last.as_ref().map(|l| l.id));
    assert!(shown[0].title.contains(row.name.as_deref().unwrap()), "{}", shown[0].title);
    assert_eq!(shown[0].body, "Are you open?");
    assert!(!shown[0].title.starts_with("Demo"));
}

#[tokio::test]
async fn a_first_back_fill_announces_nothing() {
    let world = World::new(backscroll_simulator::WorldKind::Demo).await;
    let mut notices = world.inbox().notices();
    world.inbox().start().await;
    world.connect_with_x(XHistory::All).await;
    world.advance(3_600).await;
    assert_eq!(drain(&mut notices), []);
}

#[tokio::test]
async fn a_message_is_announced_once_across_restarts() {
    let mut world = running().await;
    let mut notices = world.inbox().notices();
    world.sim.inbound(&world.chat(Sim::Facebook), "Once").unwrap();
    world.advance(150).await;
    assert_eq!(shown(&mut notices).len(), 1);
    world.open().await;
    let mut notices = world.inbox().notices();
    world.inbox().start().await;
    world.advance(900).await;
    assert_eq!(shown(&mut notices), []);
}

#[tokio::test]
async fn a_burst_of_one_person_is_one_notice_that_is_replaced() {
    let world = running().await;
    let mut notices = world.inbox().notices();
    let chat = world.chat(Sim::Instagram);
    for text in ["Hi", "Are you there?", "It is about my order"] {
        world.sim.inbound(&chat, text).unwrap();
    }
    world.advance(150).await;
    let shown = shown(&mut notices);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].body, "It is about my order");
}

#[tokio::test]
async fn nothing_is_announced_for_our_own_messages_and_for_the_thread_in_view() {
    let world = running().await;
    let mut notices = world.inbox().notices();
    let chat = world.chat(Sim::Facebook);
    world.sim.sent_elsewhere(&chat, "Typed in the Page's own inbox").unwrap();
    world.advance(150).await;
    world.inbox().set_viewing(Some(world.conversation(&chat).await.id));
    world.sim.inbound(&chat, "You are looking at me").unwrap();
    world.advance(150).await;
    assert_eq!(shown(&mut notices), []);
    // The window is hidden: nobody looks at it any more.
    world.inbox().set_background(true);
    world.sim.inbound(&chat, "Now you are not").unwrap();
    world.advance(400).await;
    assert_eq!(shown(&mut notices).len(), 1);
}

#[tokio::test]
async fn a_notice_goes_when_it_was_read_or_answered_elsewhere() {
    let world = running().await;
    let mut notices = world.inbox().notices();
    let (one, two) = (world.chat(Sim::Facebook), world.chat(Sim::Instagram));
    world.sim.inbound(&one, "To be read").unwrap();
    world.sim.inbound(&two, "To be answered").unwrap();
    world.advance(150).await;
    assert_eq!(shown(&mut notices).len(), 2);
    let row = world.conversation(&one).await;
    world.inbox().mark_read(row.id, row.last.unwrap().id).await.unwrap();
    world.sim.sent_elsewhere(&two, "Done from the phone").unwrap();
    world.advance(150).await;
    let closed = drain(&mut notices);
    assert!(closed.contains(&NoticeAction::Close(row.id)), "{closed:?}");
    assert!(closed.contains(&NoticeAction::Close(world.conversation(&two).await.id)), "{closed:?}");
}

#[tokio::test]
async fn after_an_absence_there_is_one_summary() {
    let mut world = running().await;
    world.advance(300).await;
    world.close().await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        for chat in world.sim.chats(ProfileId::PRIMARY, platform) {
            world.sim.inbound(&chat, "While you were away").unwrap();
            world.sim.inbound(&chat, "Hello?").unwrap();
        }
    }
    world.sim.advance(std::time::Duration::from_secs(12 * 3_600)).await;
    world.open().await;
    let mut notices = world.inbox().notices();
    world.inbox().start().await;
    world.advance(30).await;
    let shown = shown(&mut notices);
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].conversation, None);
    assert!(shown[0].body.starts_with("8 messages from 4 people since "), "{}", shown[0].body);
}

#[tokio::test]
async fn after_sleep_there_is_one_summary_and_then_single_notices_again() {
    let world = running().await;
    world.advance(300).await;
    let mut notices = world.inbox().notices();
    for chat in world.sim.chats(ProfileId::PRIMARY, Sim::Facebook) {
        world.sim.inbound(&chat, "Good night").unwrap();
    }
    world.sleep_through(8 * 3_600).await;
    world.advance(30).await;
    let first = shown(&mut notices);
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(first[0].conversation, None);
    world.sim.inbound(&world.chat(Sim::Facebook), "Good morning").unwrap();
    world.advance(200).await;
    let second = shown(&mut notices);
    assert_eq!(second.len(), 1);
    assert!(second[0].conversation.is_some());
}

#[tokio::test]
async fn privacy_leaves_out_what_it_says() {
    for (privacy, name, text) in [
        (NotificationPrivacy::NameAndText, true, true),
        (NotificationPrivacy::Name, true, false),
        (NotificationPrivacy::Neither, false, false),
    ] {
        let world = running().await;
        let settings = Settings { notification_privacy: privacy, ..Settings::default() };
        world.inbox().set_settings(settings).await.unwrap();
        let mut notices = world.inbox().notices();
        let chat = world.chat(Sim::Facebook);
        world.sim.inbound(&chat, "My address is secret").unwrap();
        world.advance(150).await;
        let notice = shown(&mut notices).remove(0);
        let person = world.conversation(&chat).await.name.unwrap();
        assert_eq!(notice.title.contains(&person), name, "{notice:?}");
        assert_eq!(notice.body.contains("address"), text, "{notice:?}");
    }
}

#[tokio::test]
async fn switched_off_means_silence() {
    let world = running().await;
    world.inbox().set_settings(Settings { notifications: false, ..Settings::default() }).await.unwrap();
    let mut notices = world.inbox().notices();
    world.sim.inbound(&world.chat(Sim::Facebook), "Anyone?").unwrap();
    world.advance(150).await;
    assert_eq!(shown(&mut notices), []);
}

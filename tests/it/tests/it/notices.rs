//! Announcements around absences, hidden windows and hostile texts; the ordinary ones are in `news`.

use backscroll_model::*;
use backscroll_simulator::{Inbound, Network};
use tokio::sync::broadcast::Receiver;

use crate::{
    desk::Desk,
    world::{Sim, shown},
};

async fn listening() -> (Desk, Receiver<NoticeAction>) {
    let desk = Desk::connected().await;
    let notices = desk.inbox().notices();
    desk.inbox().start().await;
    // The first rounds, the archived conversations included.
    desk.advance(400).await;
    (desk, notices)
}

#[tokio::test]
async fn own_messages_and_the_thread_in_view_are_not_announced() {
    let (desk, mut notices) = listening().await;
    let (viewed, other) = (desk.chat(Sim::Facebook), desk.chat(Sim::Instagram));
    desk.inbox().set_viewing(Some(desk.conversation(&viewed).await.id));
    desk.settle().await;
    desk.send(&other, "We are open").await;
    desk.sim.sent_elsewhere(&other, "Typed on the phone").unwrap();
    desk.sim.inbound(&viewed, "I see you typing").unwrap();
    desk.advance(300).await;
    assert!(shown(&mut notices).is_empty());
    // A window that is hidden shows nobody anything.
    desk.inbox().set_background(true);
    desk.sim.inbound(&viewed, "Gone?").unwrap();
    desk.advance(700).await;
    assert_eq!(shown(&mut notices).len(), 1);
}

#[tokio::test]
async fn after_more_than_five_minutes_of_absence_there_is_one_summary() {
    for absence in ["asleep", "offline", "closed"] {
        let (mut desk, mut notices) = listening().await;
        let write = |desk: &Desk| {
            for chat in desk.chats() {
                desk.sim.inbound(&chat, "Anybody there?").unwrap();
                desk.sim.inbound(&chat, "Hello?").unwrap();
            }
        };
        match absence {
            "asleep" => {
                desk.settle().await;
                write(&desk);
                desk.sleep_through(3_600).await;
            }
            "offline" => {
                desk.sim.set_network(Network::Refused).unwrap();
                write(&desk);
                desk.advance(3_600).await;
                desk.sim.set_network(Network::Up).unwrap();
            }
            _ => {
                desk.world.close().await;
                write(&desk);
                desk.sim.advance(std::time::Duration::from_secs(3_600)).await;
                desk.world.open().await;
                notices = desk.inbox().notices();
                desk.inbox().start().await;
            }
        }
        desk.advance(600).await;
        let told = shown(&mut notices);
        assert_eq!(told.len(), 1, "{absence}: {told:?}");
        assert_eq!(told[0].conversation, None, "{absence}");
        let people = desk.chats().len();
        assert!(
            told[0].body.starts_with(&format!("{} messages from {people} people since ", 2 * people)),
            "{absence}: {}",
            told[0].body
        );
        // What comes afterwards is news again.
        desk.sim.inbound(&desk.chat(Sim::Facebook), "Finally").unwrap();
        desk.advance(300).await;
        assert_eq!(shown(&mut notices).len(), 1, "{absence}");
    }
}

#[tokio::test]
async fn a_short_absence_is_told_message_by_message() {
    let (desk, mut notices) = listening().await;
    desk.sim.set_network(Network::Refused).unwrap();
    desk.sim.inbound(&desk.chat(Sim::Facebook), "One").unwrap();
    desk.sim.inbound(&desk.chat(Sim::Instagram), "Two").unwrap();
    desk.advance(60).await;
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(200).await;
    let told = shown(&mut notices);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|n| n.conversation.is_some()));
}

#[tokio::test]
async fn the_levels_of_privacy_say_less_and_less() {
    let (desk, mut notices) = listening().await;
    let chat = desk.chat(Sim::Facebook);
    for (privacy, title, body) in [
        (NotificationPrivacy::NameAndText, "Ada Park · Corner Bakery", "My secret is 42"),
        (NotificationPrivacy::Name, "Ada Park · Corner Bakery", "New message"),
        (NotificationPrivacy::Neither, "Backscroll", "New message"),
    ] {
        let settings = Settings { notification_privacy: privacy, ..Settings::default() };
        desk.inbox().set_settings(settings).await.unwrap();
        desk.sim.inbound(&chat, "My secret is 42").unwrap();
        desk.advance(300).await;
        let told = shown(&mut notices);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].title.as_str(), told[0].body.as_str()), (title, body));
    }
    let off = Settings { notifications: false, ..Settings::default() };
    desk.inbox().set_settings(off).await.unwrap();
    desk.sim.inbound(&chat, "Nobody hears this").unwrap();
    desk.advance(300).await;
    assert!(shown(&mut notices).is_empty());
    // Switched on again, it does not speak of the past.
    desk.inbox().set_settings(Settings::default()).await.unwrap();
    desk.advance(300).await;
    assert!(shown(&mut notices).is_empty());
}

#[tokio::test]
async fn titles_and_bodies_are_one_clean_line() {
    let (desk, mut notices) = listening().await;
    let chat =
        desk.sim.add_person(backscroll_simulator::ProfileId::PRIMARY, Sim::Facebook, "Ada\u{202E}kraP\n").unwrap();
    desk.sim.inbound(&chat, Inbound::text(format!("first\nsecond\u{202E}\u{7}{}", "x".repeat(5_000)))).unwrap();
    desk.advance(300).await;
    let told = shown(&mut notices);
    assert_eq!(told.len(), 1);
    for line in [&told[0].title, &told[0].body] {
        assert!(!line.contains(['\n', '\u{202E}', '\u{7}']), "{line:?}");
        assert!(line.chars().count() <= 300);
    }
}

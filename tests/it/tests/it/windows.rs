//! Reply windows: the platform's own refusal, what opens them again, and reminders before they close.

use backscroll_model::*;
use backscroll_simulator::{Chat, Fault, Network, ProfileId};
use tokio::sync::broadcast::Receiver;

use crate::{
    desk::Desk,
    graph::PAGE,
    world::{Sim, drain, shown},
};

const HOURS: u64 = 3_600;

async fn window(desk: &Desk, chat: &Chat) -> ReplyWindow {
    desk.conversation(chat).await.window
}

fn is_refused(window: ReplyWindow) -> bool {
    matches!(window, ReplyWindow::Closed { refused: true, .. })
}

/// Both providers, each with somebody on both platforms who has just asked something.
async fn asked() -> Vec<(Desk, Chat)> {
    let mut all = Vec::new();
    for platform in [Sim::Facebook, Sim::Instagram] {
        let desk = Desk::running().await;
        let chat = desk.chat(platform);
        desk.sim.inbound(&chat, "Is the rye loaf back?").unwrap();
        desk.advance(400).await;
        all.push((desk, chat));
        let desk = Desk::at_graph().await;
        let chat = desk.sim.graph().chats(PAGE, platform).remove(0);
        desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap();
        desk.advance(60).await;
        all.push((desk, chat));
    }
    all
}

#[tokio::test]
async fn a_refusal_closes_the_window_across_a_restart_and_the_next_message_opens_it() {
    for (mut desk, chat) in asked().await {
        assert!(matches!(window(&desk, &chat).await, ReplyWindow::Open { .. }), "{chat:?}");
        desk.sim.close_window(&chat).unwrap();
        let first = desk.send(&chat, "It is.").await;
        desk.until_state(first, SendState::Failed).await;
        assert_eq!(desk.reason(first).await, Some(SendReason::WindowClosed));
        assert!(is_refused(window(&desk, &chat).await), "{chat:?}");
        desk.restart().await;
        desk.advance(400).await;
        let row = desk.conversation(&chat).await;
        assert!(is_refused(row.window), "{chat:?}");
        let error = desk.inbox().send_text(row.id, "Hello?".into()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::WindowClosed);

        desk.sim.inbound(&chat, "Hello? Is anybody there?").unwrap();
        desk.advance(400).await;
        assert!(matches!(window(&desk, &chat).await, ReplyWindow::Open { .. }), "{chat:?}");
        let second = desk.send(&chat, "We are here again.").await;
        desk.until_state(second, SendState::Accepted).await;
        desk.check();
    }
}

#[tokio::test]
async fn a_message_of_the_very_second_of_a_refusal_leaves_the_window_uncertain_and_answers_possible() {
    for (desk, chat) in asked().await {
        desk.sim.close_window(&chat).unwrap();
        let first = desk.send(&chat, "It is.").await;
        desk.until_state(first, SendState::Failed).await;
        assert!(is_refused(window(&desk, &chat).await), "{chat:?}");
        // Providers tell whole seconds: which of the two came first is not to be known.
        desk.sim.inbound(&chat, "Is anybody there?").unwrap();
        desk.advance(400).await;
        assert_eq!(window(&desk, &chat).await, ReplyWindow::Uncertain, "{chat:?}");
        let second = desk.send(&chat, "We are.").await;
        desk.until_state(second, SendState::Accepted).await;
        // A second refusal decides.
        desk.sim.close_window(&chat).unwrap();
        let third = desk.send(&chat, "Still there?").await;
        desk.until_state(third, SendState::Failed).await;
        assert!(is_refused(window(&desk, &chat).await), "{chat:?}");
        desk.check();
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_neither_opens_nor_closes_a_window() {
    for platform in [Sim::Facebook, Sim::Instagram] {
        let desk = Desk::at_graph().await;
        let chat = desk.sim.graph().chats(PAGE, platform).remove(0);
        desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap();
        desk.advance(60).await;
        // By our clock a day has not passed yet; without its tag the answer would be refused.
        desk.sleep_through(26 * HOURS).await;
        desk.clock.set_wrong_by(-5 * HOUR);
        desk.advance(400).await;
        let late = desk.send(&chat, "Sorry for the wait.").await;
        desk.until_state(late, SendState::Accepted).await;
        // By our clock the week has passed.
        desk.sleep_through((6 * 24 - 5) * HOURS).await;
        desk.clock.set_wrong_by(5 * HOUR);
        desk.advance(400).await;
        let last = desk.send(&chat, "It is back now.").await;
        desk.until_state(last, SendState::Accepted).await;
        desk.check();
    }
}

#[tokio::test]
async fn what_waits_behind_a_refusal_does_not_leave() {
    let desk = Desk::running().await;
    let chat = desk.chat(Sim::Facebook);
    desk.sim.inbound(&chat, "Still open?").unwrap();
    desk.advance(400).await;
    desk.sim.set_network(Network::Refused).unwrap();
    let (first, second) = (desk.send(&chat, "Yes.").await, desk.send(&chat, "Until six.").await);
    desk.settle().await;
    desk.sim.close_window(&chat).unwrap();
    desk.sim.set_network(Network::Up).unwrap();
    desk.advance(400).await;
    for id in [first, second] {
        assert_eq!(desk.reason(id).await, Some(SendReason::WindowClosed));
    }
    assert_eq!(desk.calls("POST", "/messages/facebook"), 1, "the second was not even tried");
    desk.check();
}

#[tokio::test]
async fn a_refusal_for_another_reason_leaves_the_window_open() {
    let desk = Desk::at_graph().await;
    let chat = desk.sim.graph().chats(PAGE, Sim::Facebook).remove(0);
    desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap();
    desk.advance(60).await;
    desk.sim.graph().on("POST", "/messages").fail(Fault::graph(551, Some(1_545_041)));
    let id = desk.send(&chat, "It is.").await;
    desk.until_state(id, SendState::Failed).await;
    assert!(matches!(window(&desk, &chat).await, ReplyWindow::Open { .. }));
}

/// A desk whose customers wait for nothing, with reminders switched on.
async fn reminding() -> (Desk, Receiver<NoticeAction>) {
    let desk = Desk::running().await;
    desk.advance(400).await;
    for chat in desk.chats() {
        desk.sim.sent_elsewhere(&chat, "Thank you!").unwrap();
    }
    desk.advance(400).await;
    let on = Settings { remind_before_close: true, ..Settings::default() };
    desk.inbox().set_settings(on).await.unwrap();
    let notices = desk.inbox().notices();
    (desk, notices)
}

/// Somebody asks, and the news of it has been told.
async fn asks(desk: &Desk, chat: &Chat, notices: &mut Receiver<NoticeAction>) {
    desk.sim.inbound(chat, "Do you bake for weddings?").unwrap();
    desk.advance(400).await;
    assert_eq!(shown(notices).len(), 1, "the message itself");
}

/// Most of it asleep, which costs a test nothing, and awake for the last quarter of an hour.
async fn pass(desk: &Desk, seconds: u64) {
    desk.sleep_through(seconds - 900).await;
    desk.advance(900).await;
}

#[tokio::test]
async fn reminders_come_four_hours_and_one_hour_before_and_once_across_restarts() {
    let (mut desk, mut notices) = reminding().await;
    let chat = desk.chat(Sim::Facebook);
    asks(&desk, &chat, &mut notices).await;
    pass(&desk, 20 * HOURS - 400 - 60).await;
    assert!(shown(&mut notices).is_empty(), "too early");
    desk.advance(120).await;
    let told = shown(&mut notices);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].conversation, Some(desk.conversation(&chat).await.id));
    assert_eq!((told[0].title.as_str(), told[0].message), ("Ada Park · Corner Bakery", None));
    assert!(told[0].body.starts_with("Waits for an answer. After "), "{}", told[0].body);
    assert!(told[0].body.ends_with(" Messenger may refuse it."), "{}", told[0].body);

    desk.restart().await;
    notices = desk.inbox().notices();
    pass(&desk, 3 * HOURS - 60 - 60).await;
    assert!(shown(&mut notices).is_empty(), "the first is not told again");
    desk.advance(120).await;
    assert_eq!(shown(&mut notices).len(), 1);
    pass(&desk, 2 * HOURS).await;
    assert!(shown(&mut notices).is_empty());
}

#[tokio::test]
async fn an_answer_withdraws_a_reminder_and_forestalls_the_next() {
    for how in ["answered", "elsewhere", "done"] {
        let (desk, mut notices) = reminding().await;
        let chat = desk.chat(Sim::Facebook);
        asks(&desk, &chat, &mut notices).await;
        pass(&desk, 20 * HOURS).await;
        assert_eq!(shown(&mut notices).len(), 1, "{how}");
        // Reading alone answers nobody.
        let row = desk.conversation(&chat).await;
        desk.inbox().mark_read(row.id, row.last.unwrap().id).await.unwrap();
        desk.settle().await;
        assert!(drain(&mut notices).is_empty(), "{how}");
        match how {
            "answered" => {
                let id = desk.send(&chat, "We do.").await;
                desk.until_state(id, SendState::Accepted).await;
            }
            "elsewhere" => {
                desk.sim.sent_elsewhere(&chat, "We do.").unwrap();
                desk.advance(400).await;
            }
            _ => {
                desk.inbox().set_state(row.id, ConversationState::Done).await.unwrap();
            }
        }
        desk.settle().await;
        assert_eq!(drain(&mut notices), [NoticeAction::Close(row.id)], "{how}");
        pass(&desk, 3 * HOURS).await;
        assert!(drain(&mut notices).is_empty(), "{how}");
    }
}

#[tokio::test]
async fn several_at_once_are_one_summary() {
    let (desk, mut notices) = reminding().await;
    let chats = desk.sim.chats(ProfileId::PRIMARY, Sim::Facebook);
    for chat in &chats {
        desk.sim.inbound(chat, "Do you bake for weddings?").unwrap();
    }
    desk.advance(400).await;
    assert_eq!(shown(&mut notices).len(), chats.len());
    pass(&desk, 20 * HOURS).await;
    let told = shown(&mut notices);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].conversation, None);
    let start = format!("{} people wait for an answer. The first reply window closes ", chats.len());
    assert!(told[0].body.starts_with(&start), "{}", told[0].body);
}

#[tokio::test]
async fn a_reminder_that_is_late_by_an_hour_is_dropped_and_one_that_is_not_comes_after_catching_up() {
    for (slept, count) in [(20 * HOURS + 1_800, 1), (21 * HOURS + 1_800, 0)] {
        let (desk, mut notices) = reminding().await;
        let chat = desk.chat(Sim::Facebook);
        asks(&desk, &chat, &mut notices).await;
        desk.sleep_through(slept - 400).await;
        desk.advance(400).await;
        assert_eq!(shown(&mut notices).len(), count, "{slept}");

        // Answered on the phone while the computer slept: nobody is told that somebody waits.
        let (desk, mut notices) = reminding().await;
        asks(&desk, &chat, &mut notices).await;
        desk.sim.sent_elsewhere(&chat, "We do.").unwrap();
        desk.sleep_through(slept - 400).await;
        desk.advance(400).await;
        assert!(shown(&mut notices).is_empty(), "{slept}");
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_does_not_tell_early_or_twice() {
    let (desk, mut notices) = reminding().await;
    let chat = desk.chat(Sim::Facebook);
    asks(&desk, &chat, &mut notices).await;
    desk.clock.set_wrong_by(5 * HOUR);
    // The next answer tells the time.
    desk.advance(400).await;
    pass(&desk, 16 * HOURS).await;
    assert!(shown(&mut notices).is_empty(), "by the provider's clock it is not time yet");
    pass(&desk, 4 * HOURS).await;
    assert_eq!(shown(&mut notices).len(), 1);
    desk.clock.set_wrong_by(-5 * HOUR);
    desk.advance(800).await;
    assert!(shown(&mut notices).is_empty());
}

#[tokio::test]
async fn nobody_is_reminded_unless_it_is_asked_for() {
    let (desk, mut notices) = reminding().await;
    let chat = desk.chat(Sim::Facebook);
    for settings in
        [Settings::default(), Settings { notifications: false, remind_before_close: true, ..Settings::default() }]
    {
        desk.inbox().set_settings(settings).await.unwrap();
        desk.sim.inbound(&chat, "Do you bake for weddings?").unwrap();
        desk.advance(400).await;
        drain(&mut notices);
        pass(&desk, 20 * HOURS).await;
        pass(&desk, 3 * HOURS).await;
        assert!(drain(&mut notices).is_empty());
    }
    let on = Settings { remind_before_close: true, ..Settings::default() };
    desk.inbox().set_settings(on).await.unwrap();
    desk.sim.inbound(&chat, "Hello?").unwrap();
    desk.advance(400).await;
    drain(&mut notices);
    // On screen: the composer counts down.
    desk.inbox().set_viewing(Some(desk.conversation(&chat).await.id));
    pass(&desk, 20 * HOURS).await;
    pass(&desk, 3 * HOURS).await;
    assert!(shown(&mut notices).is_empty());
}

#[tokio::test]
async fn through_graph_a_reminder_says_that_only_a_person_may_answer_afterwards() {
    let desk = Desk::at_graph().await;
    let on = Settings { remind_before_close: true, ..Settings::default() };
    desk.inbox().set_settings(on).await.unwrap();
    for platform in [Sim::Facebook, Sim::Instagram] {
        for chat in desk.sim.graph().chats(PAGE, platform) {
            desk.sim.sent_elsewhere(&chat, "Thank you!").unwrap();
        }
    }
    desk.advance(120).await;
    let chat = desk.sim.graph().chats(PAGE, Sim::Instagram).remove(0);
    let mut notices = desk.inbox().notices();
    desk.sim.graph().receive(&chat, "Do you bake for weddings?").unwrap();
    desk.advance(120).await;
    assert_eq!(shown(&mut notices).len(), 1);
    pass(&desk, 20 * HOURS).await;
    pass(&desk, 3 * HOURS).await;
    pass(&desk, HOURS).await;
    let told: Vec<String> = shown(&mut notices).into_iter().map(|notice| notice.body).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|body| body.ends_with("only a personal answer is allowed.")), "{told:?}");
    assert!(matches!(window(&desk, &chat).await, ReplyWindow::HumanOnly { .. }));
}

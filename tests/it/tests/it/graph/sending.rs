//! Sending through a Page: accepted, echoed, unclear, and the windows.

use backscroll_model::*;
use backscroll_simulator::{Chat, Fault};

use crate::{desk::Desk, graph::shop::PAGE, world::Sim};

fn chat(desk: &Desk, platform: Sim) -> Chat {
    desk.sim.graph().chats(PAGE, platform).remove(0)
}

/// Somebody writes, and it is read.
async fn asked(desk: &Desk, chat: &Chat) {
    desk.sim.graph().receive(chat, "Is the rye loaf back?").unwrap();
    desk.advance(60).await;
}

#[tokio::test]
async fn a_text_is_accepted_and_its_echo_is_the_same_message() {
    for platform in [Sim::Facebook, Sim::Instagram] {
        let desk = Desk::at_graph().await;
        let chat = chat(&desk, platform);
        asked(&desk, &chat).await;
        let id = desk.send(&chat, "It is.").await;
        desk.until_state(id, SendState::Accepted).await;
        desk.advance(90).await;
        assert_eq!(desk.texts(&chat).await.iter().filter(|t| *t == "It is.").count(), 1, "{platform:?}");
        assert_eq!(desk.delivered_to(&chat).len(), 1);
        desk.check();
    }
}

#[tokio::test]
async fn an_unclear_outcome_is_read_back_and_found_or_left_to_the_user() {
    for platform in [Sim::Facebook, Sim::Instagram] {
        for fault in [Fault::graph(1, Some(1_357_046)), Fault::graph(2, None), Fault::Reset, Fault::http(500)] {
            for arrived in [true, false] {
                let name = format!("{platform:?} {} {arrived}", fault.name());
                let desk = Desk::at_graph().await;
                let chat = chat(&desk, platform);
                asked(&desk, &chat).await;
                let fault = if arrived { Fault::Applied(Box::new(fault.clone())) } else { fault.clone() };
                desk.sim.graph().on("POST", "/messages").fail(fault);
                let id = desk.send(&chat, "Did this arrive?").await;
                desk.settle().await;
                assert_eq!(desk.state(id).await, SendState::Unknown, "{name}");
                desk.advance(250).await;
                let early = if arrived { SendState::Accepted } else { SendState::Unknown };
                assert_eq!(desk.state(id).await, early, "{name}");
                desk.advance(300).await;
                let late = if arrived { SendState::Accepted } else { SendState::NeedsReview };
                assert_eq!(desk.state(id).await, late, "{name}");
                assert_eq!(desk.delivered_to(&chat).len(), usize::from(arrived), "{name}");
                desk.check();
            }
        }
    }
}

#[tokio::test]
async fn after_a_day_an_answer_carries_the_human_agent_tag_and_after_a_week_there_is_none() {
    for platform in [Sim::Facebook, Sim::Instagram] {
        let desk = Desk::at_graph().await;
        let chat = chat(&desk, platform);
        asked(&desk, &chat).await;
        let window = || async { desk.conversation(&chat).await.window };
        assert!(matches!(window().await, ReplyWindow::Open { .. }));
        desk.sleep_through(25 * 3_600).await;
        desk.advance(60).await;
        assert!(matches!(window().await, ReplyWindow::HumanOnly { .. }), "{:?}", window().await);
        // Without the tag the simulator would refuse it.
        let id = desk.send(&chat, "Sorry for the wait.").await;
        desk.until_state(id, SendState::Accepted).await;
        desk.sleep_through(6 * 24 * 3_600).await;
        desk.advance(60).await;
        assert!(matches!(window().await, ReplyWindow::Closed { .. }), "{:?}", window().await);
        let row = desk.conversation(&chat).await.id;
        let refused = desk.inbox().send_text(row, "Too late".to_owned()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::WindowClosed);
        desk.check();
    }
}

#[tokio::test]
async fn an_app_without_the_human_agent_feature_says_so_for_this_message_alone() {
    let desk = Desk::at_graph().await;
    desk.sim.graph().set_send_knobs(|k| k.human_agent = false);
    let chat = chat(&desk, Sim::Facebook);
    asked(&desk, &chat).await;
    desk.sleep_through(25 * 3_600).await;
    desk.advance(60).await;
    let id = desk.send(&chat, "Sorry for the wait.").await;
    desk.until_state(id, SendState::Failed).await;
    assert_eq!(desk.reason(id).await, Some(SendReason::Permission));
    desk.advance(60).await;
    assert_eq!(desk.health(Platform::Messenger).await, Health::Ok);
    desk.check();
}

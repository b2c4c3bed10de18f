//! The same words more than once, echoes at the wrong time, and what changes between Enter and the wire: at both providers.

use backscroll_model::*;
use backscroll_simulator::{Chat, Fault, Hold, Meanwhile, Network, TokenState, WorldKind};

use crate::{
    desk::Desk,
    points::Way,
    webhooks::Hooked,
    world::{Sim, comes_true},
};

/// Typed by somebody in the network's own app.
fn typed(way: Way, desk: &Desk, chat: &Chat, text: &str) {
    match way {
        Way::Ayrshare => desk.sim.sent_elsewhere(chat, text).unwrap(),
        Way::Messenger | Way::Instagram => desk.sim.graph().typed_in_inbox(chat, text).unwrap(),
    };
}

#[tokio::test]
async fn of_five_equal_texts_each_arrives_once_although_two_answers_are_lost() {
    for way in Way::ALL {
        for (second, fourth) in [(true, true), (true, false), (false, true)] {
            let name = format!("{way:?}, arrived: {second} and {fourth}");
            let (desk, chat) = way.desk().await;
            let lost = |arrived| if arrived { Fault::apply_then_drop() } else { Fault::Reset };
            // A rule counts the requests that it lets through, not those that another one takes.
            way.fail_later(&desk, 1, lost(second));
            way.fail_later(&desk, 2, lost(fourth));
            let mut ids = Vec::new();
            for _ in 0..5 {
                ids.push(desk.send(&chat, "ok").await);
            }
            // One that is lost for good is looked for for a while; then the user sends it again.
            for _ in 0..3 {
                desk.advance(700).await;
                for id in &ids {
                    let progress = desk.progress(*id).await;
                    let decision = match (progress.state, progress.reason) {
                        (SendState::NeedsReview, _) => SendDecision::SendAgain,
                        (SendState::Queued, Some(SendReason::Stale { .. })) => SendDecision::SendNow,
                        _ => continue,
                    };
                    desk.decide(*id, decision).await;
                }
            }
            for id in &ids {
                assert_eq!(desk.state(*id).await, SendState::Accepted, "{name}: {:?}", desk.progress(*id).await);
            }
            assert_eq!(desk.delivered_to(&chat).len(), 5, "{name}");
            desk.check();
        }
    }
}

#[tokio::test]
async fn the_same_words_typed_on_the_phone_are_a_message_of_their_own() {
    for way in Way::ALL {
        let (desk, chat) = way.desk().await;
        let id = desk.send(&chat, "ok").await;
        desk.until_state(id, SendState::Accepted).await;
        desk.advance(60).await;
        typed(way, &desk, &chat, "ok");
        desk.advance(300).await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{way:?}");
        assert_eq!(desk.texts(&chat).await.iter().filter(|t| *t == "ok").count(), 2, "{way:?}");
        desk.check();
    }
}

#[tokio::test]
async fn an_echo_that_comes_before_the_answer_is_the_same_message() {
    for hooked in [Hooked::at_graph(WorldKind::Small).await, Hooked::at_ayrshare().await] {
        let provider = hooked.account(Platform::Messenger).await.provider;
        let is_graph = provider == Some(Provider::Meta);
        let chat = if is_graph { hooked.first(Sim::Facebook) } else { hooked.first_at_ayrshare(Sim::Facebook) };
        let desk = Desk::of(hooked.shop.world);
        match is_graph {
            true => desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap(),
            false => desk.sim.inbound(&chat, "Is the rye loaf back?").unwrap(),
        };
        desk.advance(60).await;
        let (way, hold) = (if is_graph { Way::Messenger } else { Way::Ayrshare }, Hold::new());
        way.fail(&desk, Fault::applied(Fault::Hold(hold.clone())));
        let id = desk.send(&chat, "It is.").await;
        desk.until_state(id, SendState::Accepted).await;
        hold.open();
        desk.advance(120).await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{provider:?}");
        assert_eq!(desk.delivered(), ["It is."], "{provider:?}");
        assert_eq!(desk.texts(&chat).await.iter().filter(|t| *t == "It is.").count(), 1, "{provider:?}");
        desk.check();
    }
}

#[tokio::test]
async fn an_echo_ten_minutes_late_settles_what_is_in_review_and_stops_what_is_to_be_sent_again() {
    for way in Way::ALL {
        for again in [false, true] {
            let (desk, chat) = way.desk().await;
            desk.sim.set_knobs(|k| k.echo_lag_ms = 10 * MINUTE);
            way.fail(&desk, Fault::apply_then_drop());
            let id = desk.send(&chat, "Once is enough").await;
            desk.advance(500).await;
            assert_eq!(desk.state(id).await, SendState::NeedsReview, "{way:?}");
            if again {
                desk.sim.set_network(Network::Refused).unwrap();
                desk.decide(id, SendDecision::SendAgain).await;
                desk.settle().await;
                assert_eq!(desk.state(id).await, SendState::Queued, "{way:?}");
                desk.sleep_through(130).await;
                // The conversation is read before anything that waited leaves.
                desk.sim.set_network(Network::Up).unwrap();
            }
            desk.advance(500).await;
            assert_eq!(desk.state(id).await, SendState::Accepted, "{way:?}, {again}");
            assert_eq!(desk.delivered(), ["Once is enough"], "{way:?}, {again}");
            desk.check();
        }
    }
}

#[tokio::test]
async fn an_echo_that_races_the_second_attempt_is_true_of_the_first_and_neither_is_lost() {
    for way in Way::ALL {
        // What becomes of the second attempt, while the echo of the first is read.
        for (second, times) in [
            (Fault::Hold(Hold::new()), 2),
            (Fault::applied(Fault::Hold(Hold::new())), 2),
            (Fault::Reset, 1),
            (Fault::apply_then_drop(), 2),
        ] {
            let name = format!("{way:?}, {}", second.name());
            let (mut desk, chat) = way.desk().await;
            // Longer than the race lasts.
            desk.world.limits.send = std::time::Duration::from_secs(60);
            desk.restart().await;
            desk.sim.set_knobs(|k| k.echo_lag_ms = 10 * MINUTE);
            way.fail(&desk, Fault::apply_then_drop());
            let id = desk.send(&chat, "Once, or twice").await;
            desk.advance(500).await;
            assert_eq!(desk.state(id).await, SendState::NeedsReview, "{name}");
            let hold = match &second {
                Fault::Hold(hold) => Some(hold.clone()),
                Fault::Applied(inner) => match &**inner {
                    Fault::Hold(hold) => Some(hold.clone()),
                    _ => None,
                },
                _ => None,
            };
            way.fail(&desk, second);
            // The platform shows the first one now.
            desk.sim.set_knobs(|k| k.echo_lag_ms = 0);
            desk.decide(id, SendDecision::SendAgain).await;
            if let Some(hold) = hold {
                desk.until_state(id, SendState::Sending).await;
                desk.inbox().sync_soon();
                // Nobody comes to rest while a request is held, so time is moved by hand.
                comes_true("the echo is read", async || {
                    desk.sim.advance(std::time::Duration::from_millis(200)).await;
                    desk.clock.wake_due();
                    desk.state(id).await == SendState::Accepted
                })
                .await;
                hold.open();
            }
            desk.advance(900).await;
            assert_eq!(desk.state(id).await, SendState::Accepted, "{name}");
            assert_eq!(desk.delivered().len(), times, "{name}");
            let shown = desk.texts(&chat).await.into_iter().filter(|text| text == "Once, or twice").count();
            assert_eq!(shown, times, "{name}: each that the customer got is shown once");
            desk.check();
        }
    }
}

#[tokio::test]
async fn a_window_that_closes_between_enter_and_the_wire_is_told_and_the_text_stays() {
    for way in Way::ALL {
        let (desk, chat) = way.desk().await;
        way.fail(&desk, Fault::Before(Meanwhile::WindowsClose));
        let id = desk.send(&chat, "Just in time?").await;
        desk.settle().await;
        let stands = (desk.state(id).await, desk.reason(id).await);
        assert_eq!(stands, (SendState::Failed, Some(SendReason::WindowClosed)), "{way:?}");
        assert!(desk.texts(&chat).await.contains(&"Just in time?".to_owned()), "{way:?}: the text stays");
        assert_eq!(desk.delivered(), Vec::<String>::new(), "{way:?}");
        desk.check();
    }
}

#[tokio::test]
async fn a_token_that_dies_between_enter_and_the_wire_pauses_and_the_text_stays() {
    for way in Way::ALL {
        let (desk, chat) = way.desk().await;
        let dies = match way {
            Way::Ayrshare => Meanwhile::KeyDies,
            Way::Messenger | Way::Instagram => Meanwhile::TokensBecome(TokenState::Revoked),
        };
        way.fail(&desk, Fault::Before(dies));
        let id = desk.send(&chat, "Hello").await;
        desk.settle().await;
        let stands = (desk.state(id).await, desk.reason(id).await);
        assert_eq!(stands, (SendState::Queued, Some(SendReason::Paused)), "{way:?}");
        let platform = if way.platform() == Sim::Instagram { Platform::Instagram } else { Platform::Messenger };
        assert!(!desk.health(platform).await.heals_itself(), "{way:?}");
        assert!(desk.texts(&chat).await.contains(&"Hello".to_owned()), "{way:?}");
        assert_eq!(desk.delivered(), Vec::<String>::new(), "{way:?}");
        desk.check();
    }
}

#[tokio::test]
async fn a_yes_without_an_id_is_read_back() {
    for way in Way::ALL {
        let (desk, chat) = way.desk().await;
        way.fail(&desk, Fault::without_id());
        let id = desk.send(&chat, "Yes?").await;
        desk.settle().await;
        let stands = (desk.state(id).await, desk.reason(id).await);
        assert_eq!(stands, (SendState::Unknown, Some(SendReason::UnclearAnswer)), "{way:?}");
        desk.advance(250).await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{way:?}");
        assert_eq!(desk.delivered(), ["Yes?"], "{way:?}");
        desk.check();
    }
}

#[tokio::test]
async fn texts_of_every_kind_arrive_as_they_were_typed_and_none_too_long_leaves() {
    for way in Way::ALL {
        let (desk, chat) = way.desk().await;
        let row = desk.conversation(&chat).await.id;
        let too_long = if way.platform() == Sim::Instagram { "x".repeat(1_001) } else { "x".repeat(2_001) };
        for text in [too_long.as_str(), " ", "\u{3000}\n\t\u{a0}"] {
            let refused = desk.inbox().send_text(row, text.to_owned()).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadText, "{way:?}");
        }
        let texts = ["👩‍👩‍👧‍👦🏳️‍🌈", "שלום, מה שלומך?", "\u{202e}drawkcab\u{202c}", "a\u{200b}b\u{200d}c\u{2060}", "  kept  "];
        for text in texts {
            let id = desk.send(&chat, text).await;
            desk.settle().await;
            assert_eq!(desk.state(id).await, SendState::Accepted, "{way:?}: {text:?}");
        }
        assert_eq!(desk.delivered(), texts, "{way:?}");
        desk.advance(300).await;
        for text in texts {
            assert_eq!(desk.texts(&chat).await.iter().filter(|t| *t == text).count(), 1, "{way:?}: {text:?}");
        }
        desk.check();
    }
}

//! A hundred sends in weather made by chance. Whatever happens, the invariants hold.
//!
//! The seed is printed, and `BACKSCROLL_IT_SEED` runs it again; `BACKSCROLL_IT_SENDS` asks for more than a hundred.

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{Chat, Cut, Fault, Network};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::{desk::Desk, world::Sim};

pub fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |n| n.parse().unwrap())
}

/// What a request may meet; `Applied` ones truly happen.
fn fault(rng: &mut StdRng) -> Fault {
    let status = |http, message: &str| Fault::Status { http, code: 107, message: message.to_owned() };
    let all = [
        Fault::Reset,
        Fault::HalfOpen,
        Fault::http(500),
        Fault::http(503),
        Fault::http(401),
        Fault::http(408),
        Fault::Html { http: 200 },
        Fault::Html { http: 403 },
        Fault::Empty,
        Fault::Garbage { bytes: 2_000 },
        Fault::Redirect { http: 307, to: "/api/messages/facebook".to_owned() },
        Fault::RateLimited { retry_after_s: Some(40) },
        Fault::RateLimited { retry_after_s: None },
        Fault::OkButError,
        status(400, "(#10) This message is sent outside of allowed window."),
        status(400, "(#551) This person isn't available right now."),
        status(400, "(#1) An unknown error has occurred."),
        status(400, "(#613) Calls to this API have exceeded the rate limit."),
    ];
    let chosen = all.choose(rng).unwrap().clone();
    // Only what says nothing of the outcome may also happen after the message was delivered.
    let says_nothing = matches!(
        chosen,
        Fault::Reset
            | Fault::HalfOpen
            | Fault::Html { .. }
            | Fault::Empty
            | Fault::Garbage { .. }
            | Fault::Redirect { .. }
    ) || matches!(chosen, Fault::Status { http: 500.. | 408, .. });
    match rng.random_range(0..4) {
        0 => Fault::CutBody { after: rng.random_range(0..40), how: if rng.random() { Cut::Reset } else { Cut::Close } },
        1 | 2 if says_nothing => Fault::Applied(Box::new(chosen)),
        _ => chosen,
    }
}

/// What a person does about messages that are stuck, at last all of them.
async fn tidy_up(desk: &Desk, rng: &mut StdRng, sure: bool) {
    let open: Vec<_> = desk.intents().into_iter().filter(|i| !i.discarded).collect();
    for intent in open {
        let id = MessageId(intent.message);
        if !sure && rng.random_range(0..3) > 0 {
            continue;
        }
        let progress = desk.progress(id).await;
        let decisions: &[SendDecision] = match (progress.state, &progress.reason) {
            (SendState::NeedsReview, _) => &[
                SendDecision::SendAgain,
                SendDecision::ItArrived,
                SendDecision::Discard,
                SendDecision::CheckAgain,
                SendDecision::ReleaseWaiting,
            ],
            (SendState::Unknown, _) => &[SendDecision::CheckAgain, SendDecision::ReleaseWaiting],
            (SendState::Failed, _) => &[SendDecision::Retry, SendDecision::Discard],
            (SendState::Queued, Some(SendReason::Stale { .. })) => &[SendDecision::SendNow, SendDecision::Discard],
            _ => continue,
        };
        let decision = *decisions.choose(rng).unwrap();
        match desk.inbox().decide(id, decision).await {
            Ok(()) => desk.decided(id, decision),
            // An echo, or the task, was faster.
            Err(error) => assert_eq!(error.code, ErrorCode::TooLate, "{decision:?} of {progress:?}"),
        }
    }
}

#[tokio::test]
async fn whatever_happens_nothing_is_lost_and_nothing_is_sent_twice() {
    let seed = number("BACKSCROLL_IT_SEED", rand::random::<u32>().into());
    let sends = number("BACKSCROLL_IT_SENDS", 100);
    println!("BACKSCROLL_IT_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut desk = Desk::running().await;
    desk.world.limits.send = Duration::from_millis(60);
    desk.world.limits.idle = Duration::from_millis(60);
    desk.restart().await;
    let mut chats = desk.chats();
    chats.push(desk.chat(Sim::Twitter));
    let mut sent = 0;
    while sent < sends {
        let chat: Chat = chats.choose(&mut rng).unwrap().clone();
        match rng.random_range(0..20) {
            0..9 => {
                // Now and then somebody says the same thing twice.
                let text = if rng.random_range(0..8) == 0 { "ok".to_owned() } else { format!("Message {sent}") };
                let conversation = desk.conversation(&chat).await.id;
                match desk.inbox().send_text(conversation, text.clone()).await {
                    Ok(message) => {
                        desk.acknowledged(&chat, &text, message.id);
                        sent += 1;
                    }
                    // The platform refused one, so the customer has to write first.
                    Err(error) => {
                        assert_eq!(error.code, ErrorCode::WindowClosed, "{error:?}");
                        desk.sim.inbound(&chat, "Are you there?").unwrap();
                    }
                }
            }
            9..12 => desk.sim.on("POST", "/messages/").skip(rng.random_range(0..3)).fail(fault(&mut rng)),
            12 => desk.sim.on("GET", "/messages/").times(rng.random_range(1..4)).fail(fault(&mut rng)),
            13 => {
                desk.sim.inbound(&chat, format!("Customer {sent}").as_str()).unwrap();
            }
            14 => desk.sim.set_network(*[Network::Up, Network::Refused].choose(&mut rng).unwrap()).unwrap(),
            15 => desk.sim.set_knobs(|k| k.echo_lag_ms = *[0, 5_000, 400_000].choose(&mut rng).unwrap()),
            16 => tidy_up(&desk, &mut rng, false).await,
            17 if rng.random_range(0..3) == 0 => desk.restart().await,
            _ => desk.advance(rng.random_range(1..90)).await,
        }
        // A key that was refused by chance is given again by the user.
        if desk.health(Platform::Messenger).await == Health::KeyRefused {
            desk.inbox().sync_soon();
        }
    }
    desk.check();

    desk.sim.set_network(Network::Up).unwrap();
    desk.sim.clear_faults();
    desk.sim.set_knobs(|k| k.echo_lag_ms = 0);
    for _ in 0..12 {
        desk.inbox().sync_soon();
        desk.settle().await;
        desk.advance(700).await;
        tidy_up(&desk, &mut rng, true).await;
    }
    desk.inbox().sync_soon();
    desk.check_all().await;
    for intent in desk.intents().into_iter().filter(|i| !i.discarded) {
        let state = desk.state(MessageId(intent.message)).await;
        assert!(state.is_final(), "{state:?} for ever: {intent:?}");
    }
}

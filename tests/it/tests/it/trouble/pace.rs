//! Too many requests, and a clock that is wrong.

use super::*;

#[tokio::test]
async fn too_many_requests_are_obeyed_with_and_without_a_header() {
    for (header, wait) in [(Some(90), 90), (None, 300)] {
        let desk = Desk::running().await;
        desk.advance(150).await;
        desk.sim.on("GET", "/messages/facebook").fail(Fault::RateLimited { retry_after_s: header });
        desk.sim.clear_requests();
        let mut refused = None;
        comes_true("a request is refused", async || {
            desk.advance(5).await;
            refused = desk.sim.requests().into_iter().find(|r| r.status == Some(429));
            refused.is_some()
        })
        .await;
        let began = refused.unwrap().at_ms;
        let health = desk.health(Platform::Messenger).await;
        assert!(
            matches!(health, Health::RateLimited { until } if (until.0 - began - wait * 1_000).abs() <= 1_000),
            "{health:?}"
        );
        desk.sim.clear_requests();
        desk.advance(900).await;
        // Files lie with somebody else: fetching them asks the provider for nothing.
        let first = desk.sim.requests().into_iter().find(|r| !r.path.starts_with("/files/")).unwrap().at_ms;
        assert!(first - began >= wait * 1_000, "after {} s, told {wait}", (first - began) / 1_000);
        assert_eq!(desk.health(Platform::Messenger).await, Health::Ok);
        desk.check_all().await;
    }
}

#[tokio::test]
async fn a_clock_that_is_off_by_an_hour_is_told_and_does_no_harm() {
    for by in [HOUR, -HOUR] {
        let desk = Desk::running().await;
        desk.clock.set_wrong_by(by);
        desk.clock.wake_due();
        desk.advance(300).await;
        let health = desk.health(Platform::Messenger).await;
        assert!(matches!(health, Health::ClockOff { by_ms } if (by_ms - by).abs() < 5_000), "{by}: {health:?}");
        // Reading goes on at its pace.
        desk.sim.clear_requests();
        desk.sim.inbound(&desk.chat(Sim::Facebook), "What time is it?").unwrap();
        desk.advance(600).await;
        let reads = desk.calls("GET", "/messages/facebook");
        assert!((3..=12).contains(&reads), "{by}: {reads} in ten minutes");
        // Sent and lost answers are found all the same, and stand where they belong.
        let chat = desk.chat(Sim::Facebook);
        desk.sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
        let id = desk.send(&chat, "Time to go").await;
        let queued = desk.inbox().messages_by_id(vec![id]).await.unwrap().remove(0);
        assert!((queued.at.0 - desk.sim.clock().now_ms()).abs() < 5_000, "{by}: by the provider's time");
        desk.settle().await;
        desk.advance(150).await;
        assert_eq!(desk.state(id).await, SendState::Accepted, "{by}");
        desk.sim.inbound(&chat, "Goodbye").unwrap();
        desk.advance(300).await;
        let texts = desk.texts(&chat).await;
        assert!(
            texts.ends_with(&["What time is it?".into(), "Time to go".into(), "Goodbye".into()]),
            "{by}: {texts:?}"
        );
        desk.clock.set_wrong_by(0);
        desk.advance(600).await;
        assert_eq!(desk.health(Platform::Messenger).await, Health::Ok, "{by}");
        desk.check_all().await;
    }
}

#[tokio::test]
async fn a_clock_that_was_wrong_from_the_start_is_told_at_the_first_read() {
    for by in [HOUR, -HOUR] {
        let world = World::small().await;
        world.clock.set_wrong_by(by);
        world.connect_and_sync().await;
        let health = world.health(Platform::Messenger).await;
        assert!(matches!(health, Health::ClockOff { by_ms } if (by_ms - by).abs() < 5_000), "{by}: {health:?}");
    }
}

//! Ayrshare's webhooks.

use super::*;
use std::time::Duration;

use backscroll_simulator::ProfileId;

impl Hooked {
    pub fn first_at_ayrshare(&self, platform: Sim) -> Chat {
        self.sim.chats(ProfileId::PRIMARY, platform).remove(0)
    }
}

#[tokio::test]
async fn both_actions_are_registered_listed_and_removed() {
    let hooked = Hooked::at_ayrshare().await;
    let held = hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
    let names: Vec<&str> = held.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(names, ["messages", "social"]);
    assert!(held.iter().all(|one| one.ours));
    let refused = hooked.inbox().webhook_verify_word(hooked.connection).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unsupported);
    hooked.inbox().remove_webhook(hooked.connection).await.unwrap();
    assert_eq!(hooked.inbox().registered_webhooks(hooked.connection).await.unwrap(), []);
}

#[tokio::test]
async fn everything_that_can_happen_is_there_before_the_cache_shows_it() {
    let hooked = Hooked::at_ayrshare().await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        let chat = hooked.first_at_ayrshare(platform);
        let id = hooked.sim.inbound(&chat, "Still open?").unwrap();
        hooked.delivered().await;
        let message = hooked.message(&chat, &id).await.expect("it is here");
        assert_eq!((message.direction, message.text.as_deref()), (Direction::In, Some("Still open?")));
        hooked.sim.react(&chat, &id, "👍").unwrap();
        hooked.delivered().await;
        assert_eq!(hooked.message(&chat, &id).await.unwrap().reactions.len(), 1);
        hooked.sim.advance(Duration::from_secs(1)).await;
        hooked.sim.unreact(&chat, &id).unwrap();
        hooked.delivered().await;
        assert_eq!(hooked.message(&chat, &id).await.unwrap().reactions, []);
        hooked.sim.edit(&chat, &id, "Still open today?").unwrap();
        hooked.delivered().await;
        assert_eq!(hooked.message(&chat, &id).await.unwrap().text.as_deref(), Some("Still open today?"));
        let echo = hooked.sim.sent_elsewhere(&chat, "Until six").unwrap();
        hooked.delivered().await;
        assert_eq!(hooked.message(&chat, &echo).await.unwrap().direction, Direction::Out);
        hooked.sim.unsend(&chat, &id).unwrap();
        hooked.delivered().await;
        assert_eq!(hooked.message(&chat, &id).await.unwrap().kind, MessageKind::Unsent);
        hooked.sim.advance(Duration::from_secs(1)).await;
        let at = hooked.sim.clock().now_ms();
        hooked.sim.read(&chat, at).unwrap();
        hooked.delivered().await;
        assert!(hooked.conversation(&chat).await.read_up_to.is_some_and(|read| read.0 >= at - 1_000));
    }
    assert_eq!(hooked.count(DeliveryOutcome::Forged).await, 0);
    hooked.advance(200).await;
    hooked.assert_sound();
}

#[tokio::test]
async fn a_delivery_makes_the_account_be_read_as_soon_as_its_cache_is_fresh() {
    let hooked = Hooked::at_ayrshare().await;
    hooked.inbox().set_background(true);
    hooked.advance(400).await;
    let chat = hooked.first_at_ayrshare(Sim::Instagram);
    hooked.sim.clear_requests();
    hooked.advance(60).await;
    assert_eq!(hooked.calls("GET", "/messages/instagram"), 0, "hidden, it is read every five minutes");
    for n in 0..10 {
        hooked.sim.inbound(&chat, format!("Number {n}").as_str()).unwrap();
    }
    hooked.delivered().await;
    hooked.advance(5).await;
    let read = hooked.calls("GET", "/messages/instagram");
    assert!((1..=2).contains(&read), "{read} calls");
}

#[tokio::test]
async fn forged_unsigned_and_old_ones_do_nothing() {
    let hooked = Hooked::at_ayrshare().await;
    let chat = hooked.first_at_ayrshare(Sim::Facebook);
    let told = |signing, time_off_s| {
        hooked.sim.set_webhook_knobs(|k| (k.signing, k.time_off_s) = (signing, time_off_s));
        hooked.sim.inbound(&chat, "Believe me").unwrap()
    };
    for (signing, off, outcome) in [
        (Signing::Wrong, 0, DeliveryOutcome::Forged),
        (Signing::Missing, 0, DeliveryOutcome::Forged),
        (Signing::Right, -301, DeliveryOutcome::Replayed),
        (Signing::Right, 301, DeliveryOutcome::Replayed),
    ] {
        let id = told(signing, off);
        hooked.delivered().await;
        assert_eq!(hooked.last().await.outcome, outcome);
        assert!(hooked.message(&chat, &id).await.is_none());
    }
    let id = told(Signing::Right, 299);
    hooked.delivered().await;
    assert!(hooked.message(&chat, &id).await.is_some());
}

#[tokio::test]
async fn the_same_event_under_another_number_is_the_same_event() {
    let hooked = Hooked::at_ayrshare().await;
    let chat = hooked.first_at_ayrshare(Sim::Instagram);
    hooked.sim.inbound(&chat, "Once").unwrap();
    hooked.delivered().await;
    let sent = hooked.sim.webhook_log().pop().unwrap();
    for new_number in [false, true] {
        hooked.sim.redeliver(&sent, new_number);
        hooked.delivered().await;
        assert_eq!(hooked.last().await.outcome, DeliveryOutcome::Duplicate, "{new_number}");
    }
    assert_eq!(hooked.texts(&chat).await.iter().filter(|t| *t == "Once").count(), 1);
}

#[tokio::test]
async fn x_tells_only_that_there_is_something_to_read() {
    let hooked = Hooked::at_ayrshare().await;
    let x = hooked.account(Platform::X).await;
    // Nothing of X is read before the user chose.
    assert_eq!(x.backfill, Backfill::AwaitingChoice);
    // A first delivery, of any kind: it makes the process able to speak HTTP at all.
    hooked.sim.inbound(&hooked.first_at_ayrshare(Sim::Facebook), "First").unwrap();
    hooked.delivered().await;
    let url = hooked.address().await;
    let client = reqwest::Client::new();
    let secrets = hooked.sim.secrets_json(ProfileId::PRIMARY);
    let registered = client
        .post(format!("{}/hook/webhook", hooked.sim.base_url()))
        .bearer_auth(secrets["api_key"].as_str().unwrap())
        .json(&serde_json::json!({ "action": "accountActivity", "url": url }))
        .send()
        .await
        .unwrap();
    assert!(registered.status().is_success());
    let chat = hooked.first_at_ayrshare(Sim::Twitter);
    hooked.sim.inbound(&chat, "By X").unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::Hint);
    assert!(hooked.try_conversation(&chat).await.is_none());
}

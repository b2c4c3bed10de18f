//! Meta's webhooks.

use super::*;
use std::time::Duration;

use backscroll_simulator::{Fault, GraphError, Inbound, ProfileId};

#[tokio::test]
async fn registering_shakes_hands_and_removing_leaves_nothing() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    assert_eq!(hooked.count(DeliveryOutcome::ShookHands).await, 2);
    let held = hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
    let names: Vec<&str> = held.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(names, ["page", "instagram", "subscribed_apps"]);
    assert!(held.iter().all(|one| one.ours && one.active));
    assert_eq!(held[0].url, Some(hooked.address().await));
    // Again is as good as once.
    assert_eq!(hooked.register().await, WebhookRegistration::Done);
    hooked.inbox().remove_webhook(hooked.connection).await.unwrap();
    assert_eq!(hooked.inbox().registered_webhooks(hooked.connection).await.unwrap(), []);
    assert_eq!(hooked.page().await.settings.public_url, Some(hooked.local().await));
}

const CRM: &str = "https://crm.example.test/meta";

#[tokio::test]
async fn somebody_elses_address_is_neither_overwritten_nor_removed() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    hooked.graph().subscribe_all(ProfileId::PRIMARY, CRM);
    let refused = hooked.inbox().register_webhook(hooked.connection, hooked.local().await).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::WebhookTaken);
    let held = hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
    assert_eq!(held.len(), 3);
    assert!(held.iter().all(|one| !one.ours), "{held:?}");
    hooked.inbox().remove_webhook(hooked.connection).await.unwrap();
    assert_eq!(hooked.inbox().registered_webhooks(hooked.connection).await.unwrap(), held);
}

#[tokio::test]
async fn of_two_addresses_at_one_app_only_ours_is_removed() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    // Somebody's own handler in front of ours shakes hands as well as ours, but is not ours.
    let (app, _) = hooked.graph().app();
    let url = format!("{}?for=crm", hooked.address().await);
    let word = hooked.inbox().webhook_verify_word(hooked.connection).await.unwrap();
    let set = reqwest::Client::new()
        .post(format!("{}/v25.0/{app}/subscriptions", hooked.graph().api_base()))
        .bearer_auth(hooked.graph().app_token())
        .json(&serde_json::json!({
            "object": "instagram", "callback_url": url, "verify_token": word, "fields": "messages",
        }))
        .send()
        .await
        .unwrap();
    assert!(set.status().is_success(), "{}", set.text().await.unwrap());
    hooked.inbox().remove_webhook(hooked.connection).await.unwrap();
    let held = hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
    let left: Vec<(&str, bool)> = held.iter().map(|one| (one.what.as_str(), one.ours)).collect();
    // The Page's subscription is what sends Instagram's events to the other.
    assert_eq!(left, [("instagram", false), ("subscribed_apps", false)]);
}

#[tokio::test]
async fn without_the_apps_secret_only_a_page_that_was_subscribed_here_is_let_go() {
    for subscribed_before in [false, true] {
        let shop = Shop::new(WorldKind::Small).await;
        shop.connect().await;
        shop.sync().await;
        let hooked = Hooked::running(shop).await;
        if subscribed_before {
            hooked.graph().subscribe_all(ProfileId::PRIMARY, CRM);
        }
        assert_eq!(hooked.register().await, WebhookRegistration::InDashboard);
        let held = hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
        assert_eq!(held.iter().map(|one| one.ours).collect::<Vec<_>>(), [!subscribed_before]);
        hooked.inbox().remove_webhook(hooked.connection).await.unwrap();
        let left = hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
        assert_eq!(left.len(), usize::from(subscribed_before));
    }
}

#[tokio::test]
async fn what_the_apps_token_is_refused_is_not_held_against_the_page() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    hooked.graph().on("GET", "/subscriptions").fail(Fault::Graph(GraphError::of(190, None)));
    hooked.inbox().registered_webhooks(hooked.connection).await.unwrap_err();
    hooked.inbox().registered_webhooks(hooked.connection).await.unwrap();
    assert_eq!(hooked.health(Platform::Messenger).await, Health::Ok);
}

#[tokio::test]
async fn without_the_apps_secret_the_address_is_for_the_dashboard_and_nothing_is_believed() {
    let shop = Shop::new(WorldKind::Small).await;
    shop.connect().await;
    shop.sync().await;
    let hooked = Hooked::running(shop).await;
    assert!(!hooked.page().await.places[0].verifiable);
    assert_eq!(hooked.register().await, WebhookRegistration::InDashboard);
    let word = hooked.inbox().webhook_verify_word(hooked.connection).await.unwrap();
    let asked = format!("{}?hub.mode=subscribe&hub.challenge=1729&hub.verify_token={word}", hooked.address().await);
    assert_eq!(reqwest::get(asked).await.unwrap().text().await.unwrap(), "1729");
    hooked.graph().subscribe_all(ProfileId::PRIMARY, &hooked.address().await);
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().receive(&chat, "Believe me").unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::NoSecret);
    assert!(hooked.message(&chat, &id).await.is_none());
    // Given later, it counts from then on.
    let secret = Some(Secret::new(hooked.graph().app().1));
    hooked.inbox().reconnect_meta(hooked.connection, None, secret).await.unwrap();
    hooked.settle().await;
    assert!(hooked.page().await.places[0].verifiable);
    hooked.graph().receive(&chat, "Believe me now").unwrap();
    hooked.delivered().await;
    assert!(hooked.last().await.outcome.is_well());
}

#[tokio::test]
async fn a_message_is_there_before_anything_is_read_and_is_announced_once() {
    for platform in [Sim::Facebook, Sim::Instagram] {
        let hooked = Hooked::at_graph(WorldKind::Small).await;
        let mut notices = hooked.inbox().notices();
        let chat = hooked.first(platform);
        let before = hooked.calls_made();
        let id = hooked.graph().receive(&chat, Inbound::text("Is the rye loaf back? 🍞")).unwrap();
        hooked.delivered().await;
        let message = hooked.message(&chat, &id).await.expect("it is here");
        assert_eq!((message.direction, message.text.as_deref()), (Direction::In, Some("Is the rye loaf back? 🍞")));
        assert_eq!(hooked.calls_made(), before, "nothing was read");
        assert_eq!(crate::world::shown(&mut notices).len(), 1);
        let last = hooked.last().await;
        assert_eq!((last.outcome, last.what), (DeliveryOutcome::TakenIn, Some(DeliveryKind::Message)));
        assert!(last.account.is_some() && last.connection == Some(hooked.connection));
        // The read that follows brings nothing new.
        hooked.advance(3).await;
        assert!(hooked.calls_made() > before);
        assert_eq!(hooked.texts(&chat).await.iter().filter(|t| t.starts_with("Is the rye")).count(), 1);
        assert!(crate::world::shown(&mut notices).is_empty());
        hooked.assert_sound();
    }
}

#[tokio::test]
async fn a_burst_in_one_conversation_is_read_once() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Instagram);
    hooked.inbox().set_background(true);
    hooked.advance(60).await;
    hooked.graph().clear_calls();
    for n in 0..15 {
        hooked.graph().receive(&chat, format!("Quickly {n}").as_str()).unwrap();
    }
    hooked.delivered().await;
    assert_eq!(hooked.asked(Sim::Instagram), 0);
    hooked.advance(2).await;
    assert_eq!(hooked.asked(Sim::Instagram), 1, "one read for all of them");
    assert_eq!(hooked.texts(&chat).await.iter().filter(|t| t.starts_with("Quickly")).count(), 15);
}

#[tokio::test]
async fn what_the_business_writes_elsewhere_is_ours_and_what_we_send_is_one_message() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().typed_in_inbox(&chat, "From Meta's own inbox").unwrap();
    hooked.delivered().await;
    let echo = hooked.message(&chat, &id).await.unwrap();
    assert_eq!((echo.direction, hooked.last().await.what), (Direction::Out, Some(DeliveryKind::Echo)));
    let row = hooked.conversation(&chat).await.id;
    let sent = hooked.inbox().send_text(row, "From here".to_owned()).await.unwrap();
    hooked.advance(5).await;
    let state = hooked.inbox().messages_by_id(vec![sent.id]).await.unwrap()[0].send.clone().unwrap().state;
    assert_eq!(state, SendState::Accepted);
    assert_eq!(hooked.texts(&chat).await.iter().filter(|t| *t == "From here").count(), 1);
    hooked.assert_sound();
}

#[tokio::test]
async fn reactions_come_and_go() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().receive(&chat, "Look").unwrap();
    hooked.delivered().await;
    hooked.sim.react(&chat, &id, "❤️").unwrap();
    hooked.delivered().await;
    let reactions = hooked.message(&chat, &id).await.unwrap().reactions;
    assert_eq!(reactions.iter().map(|r| r.emoji.as_str()).collect::<Vec<_>>(), ["❤️"]);
    hooked.sim.advance(Duration::from_secs(1)).await;
    hooked.sim.unreact(&chat, &id).unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.message(&chat, &id).await.unwrap().reactions, []);
    hooked.advance(10).await;
    assert_eq!(hooked.message(&chat, &id).await.unwrap().reactions, []);
}

#[tokio::test]
async fn an_edit_may_come_before_its_message() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    hooked.graph().hold_webhooks();
    let id = hooked.graph().receive(&chat, "Closed on Munday").unwrap();
    hooked.sim.edit(&chat, &id, "Closed on Monday").unwrap();
    hooked.graph().release_webhooks(true);
    hooked.delivered().await;
    assert_eq!(hooked.message(&chat, &id).await.unwrap().text.as_deref(), Some("Closed on Monday"));
    hooked.advance(10).await;
    assert_eq!(hooked.message(&chat, &id).await.unwrap().text.as_deref(), Some("Closed on Monday"));
}

#[tokio::test]
async fn what_is_taken_back_is_a_tombstone_at_once() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        let chat = hooked.first(platform);
        let id = hooked.graph().receive(&chat, "Never mind").unwrap();
        hooked.delivered().await;
        hooked.sim.unsend(&chat, &id).unwrap();
        hooked.delivered().await;
        let message = hooked.message(&chat, &id).await.unwrap();
        assert_eq!((message.kind, message.text), (MessageKind::Unsent, None));
    }
    // Also when the two come in the other order.
    let chat = hooked.first(Sim::Facebook);
    hooked.graph().hold_webhooks();
    let id = hooked.graph().receive(&chat, "Nobody saw this").unwrap();
    hooked.sim.unsend(&chat, &id).unwrap();
    hooked.graph().release_webhooks(true);
    hooked.delivered().await;
    let shown = hooked.message(&chat, &id).await.map(|m| m.kind);
    assert!(matches!(shown, None | Some(MessageKind::Unsent)), "{shown:?}");
    assert!(!hooked.texts(&chat).await.contains(&"Nobody saw this".to_owned()));
}

#[tokio::test]
async fn the_other_side_has_read() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        let chat = hooked.first(platform);
        hooked.graph().typed_in_inbox(&chat, "Please read this").unwrap();
        hooked.sim.advance(Duration::from_secs(2)).await;
        hooked.delivered().await;
        let at = hooked.sim.clock().now_ms();
        hooked.sim.read(&chat, at).unwrap();
        hooked.delivered().await;
        let read = hooked.conversation(&chat).await.read_up_to.expect("it was read");
        assert!(read.0 >= at - 2_000, "{read:?}");
        assert_eq!(hooked.last().await.what, Some(DeliveryKind::Read));
    }
}

#[tokio::test]
async fn a_person_who_writes_for_the_first_time_is_looked_up_before_the_message_is_shown() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.sim.add_person(ProfileId::PRIMARY, Sim::Instagram, "Wren Halloway").unwrap();
    let id = hooked.graph().receive(&chat, "Hello for the first time").unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::NewPerson);
    assert!(hooked.try_conversation(&chat).await.is_none());
    hooked.advance(2).await;
    assert_eq!(hooked.message(&chat, &id).await.unwrap().text.as_deref(), Some("Hello for the first time"));
    assert_eq!(hooked.conversation(&chat).await.unread, 1);
}

#[tokio::test]
async fn what_comes_again_or_late_is_counted_and_changes_nothing() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    hooked.graph().set_hook_knobs(|k| k.twice = true);
    hooked.graph().receive(&chat, "Twice").unwrap();
    hooked.delivered().await;
    hooked.graph().set_hook_knobs(|k| k.twice = false);
    assert_eq!(hooked.count(DeliveryOutcome::Duplicate).await, 1);
    // The same event in another envelope: Meta packs anew what failed.
    let sent = hooked.graph().webhooks().pop().unwrap();
    let mut body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    body["entry"][0]["time"] = (hooked.sim.clock().now_ms() + 5).into();
    hooked.post(body.to_string(), Signing::Right).await;
    assert_eq!(hooked.count(DeliveryOutcome::Duplicate).await, 2);
    // Backwards.
    hooked.graph().hold_webhooks();
    for n in 0..3 {
        hooked.sim.advance(Duration::from_secs(1)).await;
        hooked.graph().receive(&chat, format!("In order {n}").as_str()).unwrap();
    }
    hooked.graph().release_webhooks(true);
    hooked.delivered().await;
    assert_eq!(hooked.count(DeliveryOutcome::Late).await, 2);
    hooked.advance(10).await;
    let texts = hooked.texts(&chat).await;
    let tail: Vec<&str> = texts.iter().rev().take(4).rev().map(String::as_str).collect();
    assert_eq!(tail, ["Twice", "In order 0", "In order 1", "In order 2"]);
}

#[tokio::test]
async fn a_delivery_that_somebody_kept_is_refused_today_and_in_a_week() {
    let mut hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    hooked.graph().receive(&chat, "Kept by somebody").unwrap();
    hooked.delivered().await;
    let sent = hooked.graph().webhooks().pop().unwrap();
    hooked.graph().redeliver(&sent);
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::Duplicate);
    // A restart forgets nothing of it.
    hooked.shop.world.open().await;
    hooked.inbox().start().await;
    hooked.settle().await;
    hooked.graph().redeliver(&sent);
    hooked.delivered().await;
    assert_eq!(hooked.count(DeliveryOutcome::Duplicate).await, 2);
    hooked.inbox().stop().await;
    hooked.sim.advance(Duration::from_secs(7 * 24 * 3600)).await;
    hooked.inbox().start().await;
    hooked.settle().await;
    hooked.graph().redeliver(&sent);
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::Replayed);
}

#[tokio::test]
async fn one_app_has_one_address_for_all_its_pages() {
    let shop = Shop::new(WorldKind::Demo).await;
    let base = Some(shop.graph().api_base());
    let app_secret = Some(Secret::new(shop.graph().app().1));
    let profiles: Vec<ProfileId> = shop.sim.profiles().iter().map(|p| p.id).take(2).collect();
    for profile in &profiles {
        let token = Secret::new(shop.graph().page_token(*profile));
        let secrets = MetaSecrets { token, app_secret: app_secret.clone(), page: None };
        shop.inbox().connect_meta(base.clone(), secrets, None).await.unwrap();
    }
    shop.sync().await;
    let hooked = Hooked::running(shop).await;
    let connections: Vec<ConnectionId> =
        hooked.inbox().connections().await.unwrap().into_iter().map(|c| c.id).collect();
    assert_eq!(connections.len(), 2);
    for connection in &connections {
        hooked.advance(10).await;
        hooked.inbox().register_webhook(*connection, hooked.local().await).await.unwrap();
    }
    for profile in profiles {
        let chat = hooked.graph().chats(profile, Sim::Facebook).remove(0);
        let id = hooked.graph().receive(&chat, "To whichever Page").unwrap();
        hooked.delivered().await;
        assert!(hooked.message(&chat, &id).await.is_some(), "{profile:?}");
        assert_eq!(hooked.last().await.connection, Some(connections[1]));
    }
    // The address goes with the last of them.
    let address = |held: Vec<RegisteredWebhook>| held.into_iter().filter(|one| one.url.is_some()).count();
    hooked.inbox().remove_webhook(connections[0]).await.unwrap();
    assert_eq!(address(hooked.inbox().registered_webhooks(connections[1]).await.unwrap()), 2);
}

#[tokio::test]
async fn a_disconnected_account_is_refused_politely() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let messenger = hooked.account(Platform::Messenger).await.id;
    hooked.inbox().disconnect(messenger).await.unwrap();
    hooked.settle().await;
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().receive(&chat, "Anybody there?").unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::Disconnected);
    assert_eq!(hooked.graph().webhooks().pop().unwrap().status, Some(200));
    assert!(hooked.message(&chat, &id).await.is_none());
    // And when nothing is left of the connection but the address, which Meta could not be told to forget.
    let instagram = hooked.account(Platform::Instagram).await.id;
    hooked.graph().on("DELETE", "").always().fail(Fault::Reset);
    assert_eq!(hooked.inbox().disconnect(instagram).await.unwrap(), AddressLeft::Unknown);
    hooked.settle().await;
    hooked.graph().receive(&chat, "Still nobody?").unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.graph().webhooks().pop().unwrap().status, Some(200));
    assert_eq!(hooked.count(DeliveryOutcome::Disconnected).await, 2);
}

#[tokio::test]
async fn a_thousand_deliveries_at_once_are_all_taken_in_for_a_few_reads() {
    let hooked = Hooked::at_graph(Shop::kind(Sim::Instagram, 10, 5)).await;
    hooked.inbox().set_background(true);
    hooked.advance(60).await;
    let chats = hooked.chats(Sim::Instagram);
    hooked.graph().hold_webhooks();
    for n in 0..1_000 {
        hooked.graph().receive(&chats[n % chats.len()], format!("One of many {n}").as_str()).unwrap();
    }
    hooked.graph().clear_calls();
    hooked.graph().release_webhooks(false);
    hooked.delivered().await;
    assert_eq!(hooked.calls_made(), 0);
    let taken = hooked.count(DeliveryOutcome::TakenIn).await + hooked.count(DeliveryOutcome::Late).await;
    assert_eq!(taken + hooked.count(DeliveryOutcome::Busy).await, 1_000);
    hooked.advance(90).await;
    for chat in &chats {
        let texts = hooked.texts(chat).await;
        assert_eq!(texts.iter().filter(|t| t.starts_with("One of many")).count(), 100, "{chat:?}");
    }
    assert!(hooked.asked(Sim::Instagram) < 60, "{} calls", hooked.asked(Sim::Instagram));
    assert_eq!(hooked.page().await.deliveries.len(), 50);
    hooked.assert_sound();
}

#[tokio::test]
async fn while_our_clock_was_never_compared_what_seems_old_is_asked_for_again() {
    let mut hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    hooked.graph().hold_webhooks();
    let id = hooked.graph().receive(&chat, "Is it next week already?").unwrap();
    hooked.shop.world.close().await;
    hooked.sim.advance(Duration::from_secs(7 * 24 * 3600)).await;
    hooked.graph().on("GET", "").always().fail(Fault::Reset);
    hooked.shop.world.open().await;
    hooked.inbox().start().await;
    hooked.settle().await;
    hooked.graph().release_webhooks(false);
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::ClockUnsure);
    assert_eq!(hooked.graph().webhooks().pop().unwrap().status, Some(503));
    assert_eq!(hooked.count(DeliveryOutcome::Replayed).await, 0);
    assert!(hooked.message(&chat, &id).await.is_none());
}

/// Somebody new has written, and their conversation cannot be read.
async fn waiting() -> (Hooked, Chat, String) {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    hooked.inbox().set_background(true);
    hooked.advance(60).await;
    hooked.graph().on("GET", "").always().fail(Fault::Reset);
    let chat = hooked.sim.add_person(ProfileId::PRIMARY, Sim::Instagram, "Wren Halloway").unwrap();
    let id = hooked.graph().receive(&chat, "Hello for the first time").unwrap();
    hooked.delivered().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::NewPerson);
    (hooked, chat, id)
}

fn held(hooked: &Hooked) -> String {
    let db = rusqlite::Connection::open(hooked.data().join("backscroll.db")).unwrap();
    db.query_row("SELECT coalesce(group_concat(events), '') FROM delivery_waiting", [], |r| r.get(0)).unwrap()
}

#[tokio::test]
async fn what_somebody_new_wrote_waits_through_failures_and_a_restart() {
    let (mut hooked, chat, id) = waiting().await;
    hooked.advance(300).await;
    assert!(held(&hooked).contains("Hello for the first time"));
    hooked.shop.world.open().await;
    hooked.sim.clear_faults();
    hooked.inbox().start().await;
    hooked.advance(120).await;
    assert_eq!(hooked.message(&chat, &id).await.unwrap().text.as_deref(), Some("Hello for the first time"));
    assert_eq!(held(&hooked), "", "and waits no longer");
    hooked.assert_sound();
}

#[tokio::test]
async fn what_waited_for_two_days_is_given_up_and_said_to_be() {
    let (mut hooked, ..) = waiting().await;
    hooked.shop.world.close().await;
    hooked.sim.advance(Duration::from_secs(49 * 3600)).await;
    hooked.shop.world.open().await;
    hooked.inbox().start().await;
    hooked.settle().await;
    assert_eq!(hooked.last().await.outcome, DeliveryOutcome::NoConversation);
    assert_eq!(hooked.count(DeliveryOutcome::NoConversation).await, 1);
    assert_eq!(held(&hooked), "");
}

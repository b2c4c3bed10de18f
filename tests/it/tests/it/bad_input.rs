//! Bad input, and what it gets: the right word in the right place, nothing lost, other accounts go on.

use backscroll_adapters::Limits;
use backscroll_model::*;
use backscroll_simulator::{Cut, Fault, Network, ProfileId};
use std::time::Duration;

use crate::world::{Sim, World};

/// Strikes all reads of Messenger with `fault`, syncs, and holds against what must be true whatever the fault is:
/// Instagram goes on, nothing is lost, and when the fault is over everything is there.
async fn struck(world: &World, fault: Fault) -> Health {
    world.connect_and_sync().await;
    let before = world.conversations().await;
    world.sim.inbound(&world.chat(Sim::Facebook), "Through the trouble").unwrap();
    world.sim.inbound(&world.chat(Sim::Instagram), "On the other side").unwrap();
    world.sim.advance(Duration::from_secs(61)).await;
    world.sim.on("GET", "/messages/facebook").always().fail(fault);
    world.sync().await;
    let health = world.health(Platform::Messenger).await;
    assert_eq!(world.health(Platform::Instagram).await, Health::Ok);
    assert!(world.texts(&world.chat(Sim::Instagram)).await.contains(&"On the other side".to_owned()));
    assert!(world.conversations().await.len() >= before.len());

    world.sim.clear_faults();
    world.sim.advance(Duration::from_secs(400)).await;
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    assert!(world.texts(&world.chat(Sim::Facebook)).await.contains(&"Through the trouble".to_owned()));
    world.assert_history_is_the_ledger(Sim::Facebook).await;
    world.assert_history_is_the_ledger(Sim::Instagram).await;
    health
}

#[tokio::test]
async fn a_server_that_fails_or_answers_nonsense_is_down_and_nothing_is_lost() {
    for fault in [
        Fault::http(500),
        Fault::http(503),
        Fault::Html { http: 200 },
        Fault::Html { http: 502 },
        Fault::Empty,
        Fault::Body { http: 200, body: "[1,2".to_owned() },
        Fault::Body { http: 200, body: "{\"status\":\"success\"".to_owned() },
        Fault::Garbage { bytes: 10_000_000 },
        Fault::Redirect { http: 301, to: "https://example.test/".to_owned() },
    ] {
        let name = fault.name();
        let health = struck(&World::small().await, fault).await;
        assert!(matches!(health, Health::ProviderDown { .. }), "{name}: {health:?}");
    }
}

#[tokio::test]
async fn a_broken_line_is_offline_and_nothing_is_lost() {
    for fault in
        [Fault::Reset, Fault::CutBody { after: 100, how: Cut::Reset }, Fault::CutBody { after: 100, how: Cut::Close }]
    {
        let name = fault.name();
        let health = struck(&World::small().await, fault).await;
        assert!(matches!(health, Health::Offline { .. } | Health::ProviderDown { .. }), "{name}: {health:?}");
    }
}

#[tokio::test]
async fn a_line_that_is_too_slow_is_given_up() {
    let mut world = World::small().await;
    let brief = Duration::from_millis(300);
    world.limits = Limits { idle: brief, read: brief, ..Limits::default() };
    world.open().await;
    for fault in [Fault::HalfOpen, Fault::Slow { bytes_per_second: 1 }] {
        let mut world = World::small().await;
        world.limits = Limits { idle: brief, read: brief, ..Limits::default() };
        world.open().await;
        let health = struck(&world, fault).await;
        assert!(matches!(health, Health::Offline { .. }), "{health:?}");
    }
}

#[tokio::test]
async fn what_the_user_must_mend_is_named() {
    let refused = |http, code, message: &str| Fault::Status { http, code, message: message.to_owned() };
    for (fault, expected) in [
        (refused(401, 102, "API Key not valid."), Health::KeyRefused),
        (refused(402, 167, "Payment required."), Health::PlanRequired),
        (refused(403, 168, "The profile is suspended."), Health::Suspended),
        (refused(400, 156, "Facebook is not linked."), Health::NotLinked),
        (refused(400, 161, "Authorization lost."), Health::LinkAgain),
        (refused(400, 361, "Messaging not enabled."), Health::MessagingOff),
        (refused(400, 362, "Please link again."), Health::LinkAgain),
    ] {
        let world = World::small().await;
        world.connect_and_sync().await;
        world.sim.advance(Duration::from_secs(61)).await;
        world.sim.on("GET", "/messages/facebook").always().fail(fault);
        let messenger = world.account(Platform::Messenger).await.id;
        let report = world.inbox().sync_once(Some(messenger)).await.unwrap().remove(0);
        assert_eq!(report.health, expected);
        assert_eq!(world.conversations().await.len(), 4, "the history stays readable");
    }
}

#[tokio::test]
async fn a_revoked_key_stops_the_knocking_and_a_new_one_starts_again() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.advance(60).await;
    let key = world.sim.revoke_api_key();
    world.advance(600).await;
    assert_eq!(world.health(Platform::Messenger).await, Health::KeyRefused);
    assert_eq!(world.health(Platform::Instagram).await, Health::KeyRefused);
    world.sim.clear_requests();
    world.advance(6 * 3_600).await;
    assert_eq!(world.calls("GET", "/messages/"), 0, "a refused key is not tried again by itself");
    let connection = world.account(Platform::Messenger).await.connection.unwrap();
    let key = Some(backscroll_engine::Secret::new(key));
    world.inbox().reconnect_ayrshare(connection, key, None, None).await.unwrap();
    world.sim.inbound(&world.chat(Sim::Facebook), "Welcome back").unwrap();
    world.advance(130).await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    assert!(world.texts(&world.chat(Sim::Facebook)).await.contains(&"Welcome back".to_owned()));
}

#[tokio::test]
async fn an_unknown_profile_key_concerns_its_profile_alone() {
    let world = World::new(backscroll_simulator::WorldKind::Demo).await;
    world.connect_and_sync().await;
    let other = world.sim.profiles()[1].clone();
    let accounts = world.inbox().connect_ayrshare(world.api_base(), world.secrets(other.id), None).await.unwrap();
    world.sync().await;
    world.sim.advance(Duration::from_secs(61)).await;
    let message = "Profile Key not found.".to_owned();
    world.sim.on("GET", "/messages/").times(2).fail(Fault::Status { http: 403, code: 144, message });
    for account in &accounts {
        world.inbox().sync_once(Some(account.id)).await.unwrap();
    }
    let all = world.inbox().accounts().await.unwrap();
    assert_eq!(all.iter().find(|a| a.id == accounts[0].id).unwrap().health, Health::ProfileKeyRefused);
    world.sim.clear_faults();
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
}

#[tokio::test]
async fn messaging_switched_off_heals_when_it_is_switched_on_again() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.sim.set_messaging_enabled(ProfileId::PRIMARY, false).unwrap();
    world.advance(300).await;
    assert_eq!(world.health(Platform::Messenger).await, Health::MessagingOff);
    world.sim.set_messaging_enabled(ProfileId::PRIMARY, true).unwrap();
    world.advance(900).await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
}

#[tokio::test]
async fn missing_x_keys_concern_x_alone() {
    let world = World::small().await;
    world.connect_with_x(XHistory::All).await;
    world.sync().await;
    world.sim.revoke_x_keys();
    world.sim.set_knobs(|k| k.x_keys_status = 400);
    world.sim.advance(Duration::from_secs(120)).await;
    let message = "X-Twitter-OAuth1-Api-Key is missing.".to_owned();
    world.sim.on("GET", "/messages/twitter").always().fail(Fault::Status { http: 419, code: 419, message });
    world.sync().await;
    assert_eq!(world.health(Platform::X).await, Health::XKeysMissing);
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
}

#[tokio::test]
async fn too_many_requests_are_waited_out_and_slow_the_reading_down() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.settle().await;
    world.sim.on("GET", "/messages/facebook").fail(Fault::RateLimited { retry_after_s: None });
    world.advance(200).await;
    assert!(matches!(world.health(Platform::Messenger).await, Health::RateLimited { .. }));
    let refused_at = world.sim.requests().iter().rfind(|r| r.status == Some(429)).unwrap().at_ms;
    world.sim.clear_requests();
    world.advance(200).await;
    world.sim.inbound(&world.chat(Sim::Facebook), "Patience").unwrap();
    world.advance(900).await;
    let first =
        world.sim.requests().iter().filter(|r| r.path.starts_with("/messages/")).map(|r| r.at_ms).min().unwrap();
    assert!(first - refused_at >= 300_000, "nothing leaves before the period must have turned");
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    assert!(world.texts(&world.chat(Sim::Facebook)).await.contains(&"Patience".to_owned()));
}

#[tokio::test]
async fn sixty_megabytes_of_valid_messages_are_read() {
    let world = World::empty().await;
    world.connect().await;
    world.sim.on("GET", "/messages/facebook").fail(Fault::Huge { bytes: 60_000_000 });
    let messenger = world.account(Platform::Messenger).await.id;
    let report = world.inbox().sync_once(Some(messenger)).await.unwrap().remove(0);
    assert_eq!(report.health, Health::Ok);
    assert!(report.new_messages > 1_000, "{report:?}");
    assert_eq!(report.skipped, 0);
    world.assert_sound();
}

#[tokio::test]
async fn unknown_words_and_missing_fields_cost_only_the_item_itself() {
    let world = World::small().await;
    world.connect().await;
    world.sim.on("GET", "/messages/").times(2).fail(Fault::UnknownEnums);
    world.sync().await;
    for platform in [Platform::Messenger, Platform::Instagram] {
        assert_eq!(world.health(platform).await, Health::Ok);
    }
    assert!(!world.conversations().await.is_empty());

    let world = World::small().await;
    world.connect().await;
    world.sim.on("GET", "/messages/facebook").fail(Fault::MissingFields);
    let reports = world.sync().await;
    let messenger = world.account(Platform::Messenger).await;
    assert_eq!(messenger.health, Health::Ok);
    let report = reports.iter().find(|r| r.account == messenger.id).unwrap();
    assert!(report.skipped >= 1, "what was left out is counted: {report:?}");
    world.sim.advance(Duration::from_secs(61)).await;
    world.sync().await;
    world.assert_history_is_the_ledger(Sim::Facebook).await;
}

#[tokio::test]
async fn a_clock_that_is_off_by_an_hour_is_told_and_changes_nothing_else() {
    for wrong_by in [3_600_000, -3_600_000] {
        let world = World::small().await;
        world.clock.set_wrong_by(wrong_by);
        world.connect_and_sync().await;
        match world.health(Platform::Messenger).await {
            Health::ClockOff { by_ms } => assert!((by_ms - wrong_by).abs() < 5_000, "{by_ms}"),
            other => panic!("{other:?}"),
        }
        world.inbox().start().await;
        world.settle().await;
        world.sim.clear_requests();
        let chat = world.chat(Sim::Facebook);
        world.sim.inbound(&chat, "What time is it?").unwrap();
        world.advance(600).await;
        assert!(world.texts(&chat).await.contains(&"What time is it?".to_owned()));
        let reads = world.calls("GET", "/messages/facebook");
        assert!((3..=12).contains(&reads), "{reads} calls in ten minutes");

        let id = world.conversation(&chat).await.id;
        let sent = world.inbox().send_text(id, "Half past".to_owned()).await.unwrap();
        assert!((sent.at.0 - world.sim.clock().now_ms()).abs() < 5_000, "queued ids use the provider's time");
        world.advance(130).await;
        let texts = world.texts(&chat).await;
        assert!(texts.ends_with(&["What time is it?".to_owned(), "Half past".to_owned()]), "{texts:?}");
    }
}

#[tokio::test]
async fn without_a_network_the_first_connect_says_so() {
    let world = World::small().await;
    world.sim.set_network(Network::Refused).unwrap();
    let error =
        world.inbox().connect_ayrshare(world.api_base(), world.secrets(ProfileId::PRIMARY), None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Offline);
    assert_eq!(world.inbox().accounts().await.unwrap(), []);
}

#[tokio::test]
async fn a_lost_key_file_is_told_and_the_history_stays() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    std::fs::remove_file(world.data().join("secrets.json")).unwrap();
    world.open().await;
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::SecretsMissing);
    assert_eq!(world.conversations().await.len(), 4);
}

//! Keys that are revoked, unknown, missing or lost, and what heals them.

use super::*;

#[tokio::test]
async fn a_key_that_is_revoked_stops_its_connection_and_a_new_key_heals_it() {
    let desk = Desk::running().await;
    let neighbour = Neighbour::moves_in(&desk).await;
    let before = desk.conversations().await;
    let key = desk.sim.revoke_api_key();
    desk.sim.clear_requests();
    desk.advance(200).await;
    for platform in Platform::ALL {
        assert_eq!(desk.health(platform).await, Health::KeyRefused, "{platform:?}");
    }
    assert!(desk.sim.requests().len() <= 3, "{:?}", desk.sim.requests());
    neighbour.is_heard(&desk).await;
    desk.sim.clear_requests();
    desk.advance(6 * 3_600).await;
    assert_eq!(desk.calls("GET", "/messages/"), 0, "a refused key is not tried again by itself");
    assert!(desk.conversations().await.len() >= before.len());
    let connection = desk.account(Platform::Messenger).await.connection.unwrap();
    let wrong = desk.inbox().reconnect_ayrshare(connection, Some(Secret::new("A-WRONG-KEY")), None, None).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::KeyRefused);
    assert_eq!(desk.health(Platform::Messenger).await, Health::KeyRefused, "a refused key changes nothing");
    desk.inbox().reconnect_ayrshare(connection, Some(Secret::new(key)), None, None).await.unwrap();
    desk.sim.inbound(&desk.chat(Sim::Facebook), "Welcome back").unwrap();
    desk.advance(130).await;
    assert!(desk.texts(&desk.chat(Sim::Facebook)).await.contains(&"Welcome back".to_owned()));
    for platform in Platform::ALL {
        assert_eq!(desk.health(platform).await, Health::Ok, "{platform:?}");
    }
    desk.check_all().await;
}

#[tokio::test]
async fn an_unknown_profile_key_concerns_its_profile_alone() {
    let world = World::new(WorldKind::Demo).await;
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
async fn x_keys_that_stop_working_stop_x_alone() {
    let desk = Desk::running().await;
    let (key, secret) = desk.sim.revoke_x_keys();
    desk.advance(200).await;
    let health = desk.health(Platform::X).await;
    assert!(matches!(health, Health::LinkAgain | Health::XKeysMissing), "{health:?}");
    assert_eq!(desk.health(Platform::Messenger).await, Health::Ok);
    let connection = desk.account(Platform::X).await.connection.unwrap();
    let keys = (Secret::new(key), Secret::new(secret));
    desk.inbox().reconnect_ayrshare(connection, None, None, Some(keys)).await.unwrap();
    desk.advance(130).await;
    assert_eq!(desk.health(Platform::X).await, Health::Ok);
    desk.check_all().await;
}

#[tokio::test]
async fn x_keys_that_are_said_to_be_missing_are_asked_for() {
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
async fn a_lost_key_file_is_told_and_the_history_stays() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    std::fs::remove_file(world.data().join("secrets.json")).unwrap();
    world.open().await;
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::SecretsMissing);
    assert_eq!(world.conversations().await.len(), 4);
}

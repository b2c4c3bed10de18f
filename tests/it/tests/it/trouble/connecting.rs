//! Connecting: what does not fit is told apart, and nothing is saved.

use super::*;

/// Connecting is refused with this, and saves nothing.
pub async fn refusal(world: &World, secrets: AyrshareSecrets) -> ErrorCode {
    let refused = world.inbox().connect_ayrshare(world.api_base(), secrets, None).await.unwrap_err();
    assert!(world.inbox().accounts().await.unwrap().is_empty(), "a refusal saves nothing");
    assert!(world.inbox().connections().await.unwrap().is_empty(), "a refusal saves nothing");
    assert!(!world.data().join("secrets.json").exists(), "a refusal saves nothing");
    for secret in ["A-WRONG-KEY", "A-WRONG-PROFILE"] {
        assert!(!refused.detail.contains(secret), "{refused}");
    }
    refused.code
}

#[tokio::test]
async fn keys_that_do_not_fit_are_told_apart_and_nothing_is_saved() {
    let world = World::small().await;
    let good = world.secrets(ProfileId::PRIMARY);
    let with = |change: fn(&mut AyrshareSecrets)| {
        let mut secrets = good.clone();
        change(&mut secrets);
        secrets
    };
    let wrong = |s: &mut AyrshareSecrets| s.api_key = Secret::new("A-WRONG-KEY");
    assert_eq!(refusal(&world, with(wrong)).await, ErrorCode::KeyRefused);
    let empty = |s: &mut AyrshareSecrets| s.api_key = Secret::new("");
    assert_eq!(refusal(&world, with(empty)).await, ErrorCode::BadInput);
    let newline = |s: &mut AyrshareSecrets| s.api_key = Secret::new("A\r\nHost: elsewhere");
    assert_eq!(refusal(&world, with(newline)).await, ErrorCode::BadInput);
    let stranger = |s: &mut AyrshareSecrets| s.profile_key = Some(Secret::new("A-WRONG-PROFILE"));
    assert_eq!(refusal(&world, with(stranger)).await, ErrorCode::ProfileKeyRefused);
    let half = |s: &mut AyrshareSecrets| s.x_api_secret = None;
    assert_eq!(refusal(&world, with(half)).await, ErrorCode::XKeysMissing);
    let other_half = |s: &mut AyrshareSecrets| s.x_api_key = None;
    assert_eq!(refusal(&world, with(other_half)).await, ErrorCode::XKeysMissing);
}

#[tokio::test]
async fn an_address_that_could_leak_the_key_is_not_asked() {
    let world = World::small().await;
    for address in ["http://example.test/api", "ftp://example.test", "nonsense", "https://user:pw@example.test/api"] {
        let secrets = world.secrets(ProfileId::PRIMARY);
        let refused = world.inbox().connect_ayrshare(Some(address.to_owned()), secrets, None).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::BadApiBase, "{address}");
    }
}

#[tokio::test]
async fn a_profile_that_cannot_be_used_says_what_is_missing() {
    type Break = fn(&Simulator);
    let cases: [(Break, ErrorCode); 5] = [
        (|s| s.set_messaging_enabled(ProfileId::PRIMARY, false).unwrap(), ErrorCode::MessagingOff),
        (|s| s.set_suspended(ProfileId::PRIMARY, true).unwrap(), ErrorCode::Suspended),
        (
            |s| {
                for platform in [Sim::Facebook, Sim::Instagram, Sim::Twitter] {
                    s.set_messaging_active(ProfileId::PRIMARY, platform, false).unwrap();
                }
            },
            ErrorCode::LinkAgain,
        ),
        (
            |s| {
                for platform in [Sim::Facebook, Sim::Instagram, Sim::Twitter] {
                    s.unlink(ProfileId::PRIMARY, platform).unwrap();
                }
            },
            ErrorCode::NotLinked,
        ),
        (|s| s.set_network(Network::Refused).unwrap(), ErrorCode::Offline),
    ];
    for (spoil, code) in cases {
        let world = World::small().await;
        spoil(&world.sim);
        assert_eq!(refusal(&world, world.secrets(ProfileId::PRIMARY)).await, code);
    }
}

#[tokio::test]
async fn without_x_keys_the_rest_is_connected_and_x_says_what_is_missing() {
    let world = World::small().await;
    let secrets = AyrshareSecrets { x_api_key: None, x_api_secret: None, ..world.secrets(ProfileId::PRIMARY) };
    let check = world.inbox().check_ayrshare(world.api_base(), secrets.clone()).await.unwrap();
    let x = check.profile.platforms.iter().find(|p| p.platform == Platform::X).unwrap();
    assert_eq!(x.state, PlatformState::XKeysMissing);
    let accounts = world.inbox().connect_ayrshare(world.api_base(), secrets, None).await.unwrap();
    assert!(accounts.iter().all(|a| a.platform != Platform::X) && accounts.len() == 2, "{accounts:?}");
    world.sync().await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
}

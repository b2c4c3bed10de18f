//! Connections: a refusal saves nothing, an account is never a second row, secrets are where they belong.

use backscroll_engine::{AyrshareSecrets, Secret, SecretsPlace};
use backscroll_model::*;
use backscroll_simulator::{Fault, ProfileId, WorldKind};

use crate::world::{Sim, World};

#[tokio::test]
async fn a_key_is_checked_platform_by_platform_without_saving_anything() {
    let world = World::new(WorldKind::Demo).await;
    let check = world.inbox().check_ayrshare(world.api_base(), world.secrets(ProfileId::PRIMARY)).await.unwrap();
    assert_eq!(check.profile.platforms.len(), 3);
    assert!(check.profile.platforms.iter().all(|p| p.state == PlatformState::Ready));
    assert_eq!(check.others.len(), 2);
    assert!(check.others.iter().all(|o| !o.connected));
    assert_eq!(world.inbox().accounts().await.unwrap(), []);
    assert_eq!(world.inbox().connections().await.unwrap(), []);
}

#[tokio::test]
async fn a_refused_key_saves_nothing() {
    let world = World::small().await;
    let wrong = AyrshareSecrets { api_key: Secret::new("WRONG-KEY"), ..world.secrets(ProfileId::PRIMARY) };
    let error = world.inbox().connect_ayrshare(world.api_base(), wrong, None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::KeyRefused);
    assert_eq!(world.inbox().accounts().await.unwrap(), []);
    assert_eq!(world.inbox().connections().await.unwrap(), []);
    assert!(!world.data().join("secrets.json").exists());
}

#[tokio::test]
async fn every_input_that_cannot_be_right_is_named() {
    let world = World::new(WorldKind::Demo).await;
    let good = || world.secrets(ProfileId::PRIMARY);
    let profile = world.sim.profile("North Pier").unwrap();
    let code = async |base: Option<String>, secrets| {
        world.inbox().connect_ayrshare(base, secrets, None).await.unwrap_err().code
    };
    let base = world.api_base();
    assert_eq!(code(Some("http://api.example.test".into()), good()).await, ErrorCode::BadApiBase);
    assert_eq!(code(base.clone(), AyrshareSecrets { api_key: Secret::new(""), ..good() }).await, ErrorCode::BadInput);
    assert_eq!(code(base.clone(), AyrshareSecrets { x_api_secret: None, ..good() }).await, ErrorCode::XKeysMissing);
    let as_key = AyrshareSecrets { api_key: world.secrets(profile).profile_key.unwrap(), ..good() };
    assert_eq!(
        code(base.clone(), as_key).await,
        ErrorCode::KeyRefused,
        "the sentence asks whether it is a Profile Key"
    );
    let unknown = AyrshareSecrets { profile_key: Some(Secret::new("NO-SUCH-PROFILE")), ..good() };
    assert_eq!(code(base.clone(), unknown).await, ErrorCode::ProfileKeyRefused);
    world.sim.set_suspended(ProfileId::PRIMARY, true).unwrap();
    assert_eq!(code(base.clone(), good()).await, ErrorCode::Suspended);
    world.sim.set_suspended(ProfileId::PRIMARY, false).unwrap();
    world.sim.set_messaging_enabled(ProfileId::PRIMARY, false).unwrap();
    assert_eq!(code(base.clone(), good()).await, ErrorCode::MessagingOff);
    world.sim.set_messaging_enabled(ProfileId::PRIMARY, true).unwrap();
    for platform in Sim::ALL {
        world.sim.unlink(ProfileId::PRIMARY, platform).unwrap();
    }
    assert_eq!(code(base, good()).await, ErrorCode::NotLinked);
    assert_eq!(world.inbox().accounts().await.unwrap(), []);
}

#[tokio::test]
async fn connecting_twice_makes_no_second_row_and_keeps_the_history() {
    let world = World::small().await;
    let first = world.connect_and_sync().await;
    let id = world.conversation(&world.chat(Sim::Facebook)).await.id;
    world.inbox().save_draft(id, "Half a sen".to_owned()).await.unwrap();
    let again = world.connect().await;
    assert_eq!(first.iter().map(|a| a.id).collect::<Vec<_>>(), again.iter().map(|a| a.id).collect::<Vec<_>>());
    assert_eq!(world.inbox().connections().await.unwrap().len(), 1);
    assert_eq!(world.inbox().businesses().await.unwrap().len(), 1);
    assert_eq!(world.inbox().draft(id).await.unwrap().as_deref(), Some("Half a sen"));
}

#[tokio::test]
async fn a_disconnected_account_keeps_its_history_and_comes_back_with_it() {
    let mut world = World::small().await;
    let accounts = world.connect_and_sync().await;
    let before = world.conversations().await;
    for account in &accounts {
        world.inbox().disconnect(account.id).await.unwrap();
    }
    assert_eq!(world.inbox().connections().await.unwrap(), []);
    assert!(!world.data().join("secrets.json").exists(), "the key is forgotten with its last account");
    assert_eq!(world.health(Platform::Messenger).await, Health::Disconnected);
    assert_eq!(world.conversations().await.len(), before.len());
    assert_eq!(world.inbox().send_text(before[0].id, "x".into()).await.unwrap_err().code, ErrorCode::Disconnected);
    world.open().await;
    world.inbox().start().await;
    let revived = world.connect().await;
    assert_eq!(revived.iter().map(|a| a.id).collect::<Vec<_>>(), accounts.iter().map(|a| a.id).collect::<Vec<_>>());
    world.sim.inbound(&world.chat(Sim::Facebook), "Back again").unwrap();
    world.advance(150).await;
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
    assert!(world.texts(&world.chat(Sim::Facebook)).await.contains(&"Back again".to_owned()));
}

#[tokio::test]
async fn deleting_a_history_needs_a_disconnected_account_and_leaves_the_others() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let messenger = world.account(Platform::Messenger).await.id;
    assert_eq!(world.inbox().delete_history(messenger).await.unwrap_err().code, ErrorCode::BadInput);
    let held = world.inbox().account_page(messenger).await.unwrap().messages;
    world.inbox().disconnect(messenger).await.unwrap();
    assert_eq!(world.inbox().delete_history(messenger).await.unwrap(), held);
    assert!(world.inbox().accounts().await.unwrap().iter().all(|a| a.id != messenger));
    assert!(world.conversations().await.iter().all(|c| c.platform == Platform::Instagram));
    world.assert_sound();
}

#[tokio::test]
async fn several_profiles_of_one_key_are_several_businesses() {
    let world = World::new(WorldKind::Demo).await;
    for profile in world.sim.profiles() {
        world.inbox().connect_ayrshare(world.api_base(), world.secrets(profile.id), None).await.unwrap();
    }
    assert_eq!(world.inbox().connections().await.unwrap().len(), 3);
    assert_eq!(world.inbox().businesses().await.unwrap().len(), 3);
    let check = world.inbox().check_ayrshare(world.api_base(), world.secrets(ProfileId::PRIMARY)).await.unwrap();
    assert!(check.others.iter().all(|o| o.connected));
}

#[tokio::test]
async fn the_key_of_another_profile_is_not_taken_for_a_new_key() {
    let world = World::new(WorldKind::Demo).await;
    let (one, two) = (world.sim.profiles()[1].clone(), world.sim.profiles()[2].clone());
    let accounts = world.inbox().connect_ayrshare(world.api_base(), world.secrets(one.id), None).await.unwrap();
    let connection = accounts[0].connection.unwrap();
    let other = world.secrets(two.id).profile_key;
    let error = world.inbox().reconnect_ayrshare(connection, None, other, None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::OtherProfilesKey);
}

#[tokio::test]
async fn a_new_profile_is_created_connected_and_its_key_is_kept() {
    let world = World::small().await;
    let connection = world.connect().await[0].connection.unwrap();
    let accounts = world.inbox().create_ayrshare_profile(connection, "Second shop".to_owned()).await.unwrap();
    assert_eq!(accounts, [], "nothing is linked to it yet");
    let connections = world.inbox().connections().await.unwrap();
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[1].name, "Second shop");
    let again = world.inbox().reconnect_ayrshare(connections[1].id, None, None, None).await.unwrap();
    assert_eq!(again.profile.title, "Second shop");
    let taken = world.inbox().create_ayrshare_profile(connection, "Second shop".to_owned()).await.unwrap_err();
    assert_eq!(taken.code, ErrorCode::TitleTaken);
}

#[tokio::test]
async fn the_automatic_reply_is_read_and_changed() {
    let world = World::small().await;
    let connection = world.connect().await[0].connection.unwrap();
    let wanted = AutoResponse { active: true, wait_seconds: 3_600, message: "We are out, back at nine.".to_owned() };
    let now = world.inbox().set_auto_response(connection, wanted.clone()).await.unwrap();
    assert_eq!(now, wanted);
    assert_eq!(world.inbox().auto_response(connection).await.unwrap(), wanted);
    world.sync().await;
    let chat = world.chat(Sim::Facebook);
    world.sim.inbound(&chat, "Anybody?").unwrap();
    world.sim.advance(std::time::Duration::from_secs(61)).await;
    world.sync().await;
    let row = world.conversation(&chat).await;
    assert!(row.unanswered, "an automatic reply is no answer");
    let last = world.thread(row.id).await.pop().unwrap();
    assert_eq!(last.origin, Origin::Automatic);
}

#[tokio::test]
async fn a_reconnected_account_is_read_at_once() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.advance(300).await;
    let read = async || {
        world.sim.clear_requests();
        let connection = world.account(Platform::Messenger).await.connection.unwrap();
        world.inbox().reconnect_ayrshare(connection, None, None, None).await.unwrap();
        world.settle().await;
        (world.calls("GET", "/messages/facebook") > 0, world.calls("GET", "/messages/instagram") > 0)
    };
    assert_eq!(read().await, (true, true), "whatever was read just before");
    // Nor do the pauses after failures count for the new key.
    world.sim.on("GET", "/messages/").always().fail(Fault::http(503));
    world.advance(3_600).await;
    world.sim.clear_faults();
    assert_eq!(read().await, (true, true));
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
}

#[tokio::test]
async fn messaging_is_switched_on_where_the_profile_key_allows_it() {
    let world = World::new(WorldKind::Demo).await;
    let other = world.sim.profiles()[1].clone();
    world.connect_and_sync().await;
    let accounts = world.inbox().connect_ayrshare(world.api_base(), world.secrets(other.id), None).await.unwrap();
    world.sync().await;
    let health = async |id| world.inbox().account_page(id).await.unwrap().account.health;
    let switches = async |id| world.inbox().account_page(id).await.unwrap().account.capabilities.switches_messaging;
    let (own, theirs) = (world.account(Platform::Messenger).await, &accounts[0]);
    world.inbox().start().await;
    for profile in [ProfileId::PRIMARY, other.id] {
        world.sim.set_messaging_enabled(profile, false).unwrap();
    }
    world.advance(400).await;
    for (id, allowed) in [(own.id, false), (theirs.id, true)] {
        assert_eq!((health(id).await, switches(id).await), (Health::MessagingOff, allowed));
    }
    let refused = world.inbox().switch_messaging_on_again(own.connection.unwrap()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::MessagingOff, "the Primary Profile has its switch in the dashboard");

    // Switching it on unlinks (reference 1.3): that is what is said next, at once.
    let check = world.inbox().switch_messaging_on_again(theirs.connection.unwrap()).await.unwrap();
    assert!(check.profile.platforms.iter().any(|p| p.state == PlatformState::LinkAgain), "{check:?}");
    world.settle().await;
    assert_eq!(health(theirs.id).await, Health::LinkAgain);
    for platform in [Sim::Facebook, Sim::Instagram, Sim::Twitter] {
        let _linked = world.sim.set_messaging_active(other.id, platform, true);
    }
    world.advance(700).await;
    assert_eq!(health(theirs.id).await, Health::Ok);
    assert_eq!(health(own.id).await, Health::MessagingOff);
}

#[tokio::test]
async fn messaging_is_switched_on_before_a_profile_is_connected() {
    let world = World::new(WorldKind::Demo).await;
    let other = world.sim.profiles()[1].clone();
    world.sim.set_messaging_enabled(other.id, false).unwrap();
    let secrets = || world.secrets(other.id);
    let off = world.inbox().check_ayrshare(world.api_base(), secrets()).await.unwrap();
    assert!(off.profile.platforms.iter().any(|p| p.state == PlatformState::MessagingOff));
    let on = world.inbox().switch_messaging_on(world.api_base(), secrets()).await.unwrap();
    assert_eq!(on.profile.title, off.profile.title);
    assert!(on.profile.platforms.iter().all(|p| p.state != PlatformState::MessagingOff), "{on:?}");
    assert!(world.inbox().accounts().await.unwrap().is_empty(), "nothing is saved");
    let primary = world.inbox().switch_messaging_on(world.api_base(), world.secrets(ProfileId::PRIMARY)).await;
    assert_eq!(primary.unwrap_err().code, ErrorCode::MessagingOff);
}

#[tokio::test]
async fn an_account_can_be_tested() {
    let world = World::small().await;
    world.connect().await;
    let account = world.account(Platform::Instagram).await;
    assert_eq!(world.inbox().test_account(account.id).await.unwrap().state, PlatformState::Ready);
    world.sim.set_messaging_active(ProfileId::PRIMARY, Sim::Instagram, false).unwrap();
    assert_eq!(world.inbox().test_account(account.id).await.unwrap().state, PlatformState::LinkAgain);
    world.sim.on("GET", "/user").fail(Fault::http(503));
    assert_eq!(world.inbox().test_account(account.id).await.unwrap_err().code, ErrorCode::ProviderDown);
}

#[tokio::test]
async fn no_secret_is_in_any_file_but_the_one_that_was_asked_for() {
    let mut world = World::new(WorldKind::Demo).await;
    for profile in world.sim.profiles() {
        let secrets = AyrshareSecrets { x_history: Some(XHistory::All), ..world.secrets(profile.id) };
        world.inbox().connect_ayrshare(world.api_base(), secrets, None).await.unwrap();
    }
    assert_eq!(world.inbox().secrets_place(), SecretsPlace::File);
    world.sync().await;
    world.sim.on("POST", "/messages/facebook").fail(Fault::http(500));
    world.inbox().start().await;
    world.advance(120).await;
    world.close().await;
    let mut secrets = vec![world.sim.api_key(), world.sim.x_keys().0, world.sim.x_keys().1];
    secrets.extend(world.sim.profiles().into_iter().filter_map(|p| p.key));
    let mut folders = vec![world.data().to_owned()];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // The write-ahead log goes when the database is closed.
            let Ok(bytes) = std::fs::read(&path) else { continue };
            looked_at += 1;
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
                assert!(!found || name == "secrets.json", "a secret is in {name}");
            }
        }
    }
    assert!(looked_at >= 2);
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_folder_belongs_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::small().await;
    world.connect_and_sync().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.data()), 0o700);
    for entry in std::fs::read_dir(world.data()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

//! What the user or the provider must mend, row by row: the right health or error in the right place, nothing lost, other
//! accounts go on, and it heals. What only comes as a strange answer is in `answers.rs`.

use std::time::Duration;

use backscroll_adapters::Secret;
use backscroll_engine::{AyrshareSecrets, Limits};
use backscroll_model::*;
use backscroll_simulator::{Cut, Fault, Network, ProfileId, SimOptions, Simulator, WorldKind};

use crate::{
    desk::Desk,
    invariants,
    world::{Sim, World, comes_true},
};

/// A shop of somebody else, at another provider's door, connected beside the one of the desk.
struct Neighbour {
    sim: Simulator,
    account: AccountId,
}

impl Neighbour {
    async fn moves_in(desk: &World) -> Self {
        let options =
            SimOptions { seed: 8, people_answer: false, ..SimOptions::new(WorldKind::Small, desk.sim.clock().clone()) };
        let sim = Simulator::start(options).await.unwrap();
        let secrets = AyrshareSecrets { api_key: Secret::new(sim.api_key()), ..desk.secrets(ProfileId::PRIMARY) };
        let accounts = desk.inbox().connect_ayrshare(Some(sim.base_url().to_owned()), secrets, None).await.unwrap();
        let account = accounts.iter().find(|a| a.platform == Platform::Messenger).unwrap().id;
        Self { sim, account }
    }

    /// Writes, and is heard.
    async fn is_heard(&self, desk: &World) {
        let chat = self.sim.chats(ProfileId::PRIMARY, Sim::Facebook).remove(0);
        let id = self.sim.inbound(&chat, "And me?").unwrap();
        desk.advance(320).await;
        let accounts = desk.inbox().accounts().await.unwrap();
        let account = accounts.iter().find(|a| a.id == self.account).unwrap();
        assert_eq!(account.health, Health::Ok, "the neighbour");
        let held: i64 = invariants::snapshot(desk.data())
            .query_row("SELECT count(*) FROM message WHERE remote_id = ?1", [id], |r| r.get(0))
            .unwrap();
        assert_eq!(held, 1, "the neighbour is read on");
    }
}

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

/// Something breaks while it runs; which accounts notice, and how.
struct Trouble {
    name: &'static str,
    spoil: fn(&Simulator),
    mend: fn(&Simulator),
    /// Messenger, Instagram, X.
    health: [fn(&Health) -> bool; 3],
    /// Whether it heals without the user.
    heals: bool,
}

fn ok(health: &Health) -> bool {
    *health == Health::Ok
}

#[tokio::test]
async fn what_breaks_while_it_runs_is_told_where_it_belongs_and_loses_nothing() {
    let troubles = [
        Trouble {
            name: "suspended",
            spoil: |s| s.set_suspended(ProfileId::PRIMARY, true).unwrap(),
            mend: |s| s.set_suspended(ProfileId::PRIMARY, false).unwrap(),
            health: [|h| *h == Health::Suspended; 3],
            heals: false,
        },
        Trouble {
            name: "messaging off",
            spoil: |s| s.set_messaging_enabled(ProfileId::PRIMARY, false).unwrap(),
            mend: |s| s.set_messaging_enabled(ProfileId::PRIMARY, true).unwrap(),
            health: [|h| *h == Health::MessagingOff; 3],
            heals: true,
        },
        Trouble {
            name: "link again",
            spoil: |s| s.set_messaging_active(ProfileId::PRIMARY, Sim::Instagram, false).unwrap(),
            mend: |s| s.set_messaging_active(ProfileId::PRIMARY, Sim::Instagram, true).unwrap(),
            health: [ok, |h| *h == Health::LinkAgain, ok],
            heals: true,
        },
        Trouble {
            name: "not linked",
            spoil: |s| s.unlink(ProfileId::PRIMARY, Sim::Facebook).unwrap(),
            mend: |s| s.link(ProfileId::PRIMARY, Sim::Facebook).unwrap(),
            health: [|h| *h == Health::NotLinked, ok, ok],
            heals: true,
        },
        Trouble {
            name: "plan",
            spoil: |s| s.on("GET", "/messages/instagram").always().fail(Fault::http(402)),
            mend: Simulator::clear_faults,
            health: [ok, |h| *h == Health::PlanRequired, ok],
            heals: true,
        },
        Trouble {
            name: "profile key",
            spoil: |s| {
                s.on("GET", "/messages/").always().fail(Fault::Status {
                    http: 403,
                    code: 144,
                    message: "The Profile Key is not valid.".to_owned(),
                });
            },
            mend: Simulator::clear_faults,
            // Without a Profile Key of ours, words about one mean that the API key is one.
            health: [|h| matches!(h, Health::ProfileKeyRefused | Health::KeyRefused); 3],
            heals: false,
        },
        Trouble {
            name: "refused connections",
            spoil: |s| s.set_network(Network::Refused).unwrap(),
            mend: |s| s.set_network(Network::Up).unwrap(),
            health: [|h| matches!(h, Health::Offline { .. }); 3],
            heals: true,
        },
        Trouble {
            name: "dropped connections",
            spoil: |s| s.on_any("").always().fail(Fault::Reset),
            mend: Simulator::clear_faults,
            health: [|h| matches!(h, Health::Offline { .. }); 3],
            heals: true,
        },
        Trouble {
            name: "500",
            spoil: |s| s.on("GET", "/messages/").always().fail(Fault::http(500)),
            mend: Simulator::clear_faults,
            health: [|h| matches!(h, Health::ProviderDown { .. }); 3],
            heals: true,
        },
        Trouble {
            name: "html",
            spoil: |s| s.on("GET", "/messages/facebook").always().fail(Fault::Html { http: 200 }),
            mend: Simulator::clear_faults,
            health: [|h| matches!(h, Health::ProviderDown { .. }), ok, ok],
            heals: true,
        },
        Trouble {
            name: "empty",
            spoil: |s| s.on("GET", "/messages/facebook").always().fail(Fault::Empty),
            mend: Simulator::clear_faults,
            health: [|h| matches!(h, Health::ProviderDown { .. }), ok, ok],
            heals: true,
        },
        Trouble {
            name: "truncated",
            spoil: |s| s.on("GET", "/messages/facebook").always().fail(Fault::CutBody { after: 300, how: Cut::Close }),
            mend: Simulator::clear_faults,
            health: [|h| matches!(h, Health::ProviderDown { .. } | Health::Offline { .. }), ok, ok],
            heals: true,
        },
        Trouble {
            name: "truncated JSON of the announced length",
            spoil: |s| {
                let body = r#"{"status":"success","messages":[{"id":"m_1","conversationId":"#.to_owned();
                s.on("GET", "/messages/facebook").always().fail(Fault::Body { http: 200, body });
            },
            mend: Simulator::clear_faults,
            health: [|h| matches!(h, Health::ProviderDown { .. }), ok, ok],
            heals: true,
        },
    ];
    for trouble in troubles {
        let name = trouble.name;
        let mut desk = Desk::connected().await;
        desk.world.limits = Limits {
            connect: Duration::from_millis(500),
            idle: Duration::from_millis(500),
            read: Duration::from_secs(2),
            ..desk.world.limits
        };
        desk.world.open().await;
        let neighbour = Neighbour::moves_in(&desk).await;
        desk.sync().await;
        desk.inbox().start().await;
        desk.settle().await;
        let before = desk.conversations().await;

        (trouble.spoil)(&desk.sim);
        for chat in desk.chats() {
            desk.sim.inbound(&chat, "Written in bad weather").unwrap();
        }
        desk.advance(200).await;
        for (platform, expected) in Platform::ALL.into_iter().zip(trouble.health) {
            let accounts = desk.inbox().accounts().await.unwrap();
            let account = accounts.iter().find(|a| a.platform == platform).unwrap();
            assert!(expected(&account.health), "{name}: {platform:?} is {:?}", account.health);
            if let Health::ProviderDown { detail, .. } = &account.health {
                assert!(!detail.contains(&desk.sim.api_key()), "{name}: {detail}");
            }
        }
        for row in &before {
            let now = desk.inbox().conversations_by_id(vec![row.id]).await.unwrap().remove(0);
            assert!(now.messages >= row.messages, "{name}: {row:?}");
        }
        neighbour.is_heard(&desk).await;
        if !trouble.heals {
            desk.sim.clear_requests();
            desk.advance(3_600).await;
            let knocks: Vec<_> =
                desk.sim.requests().into_iter().filter(|r| r.path.starts_with("/messages")).map(|r| r.at_ms).collect();
            assert!(knocks.len() <= 1, "{name}: knocked in an hour: {knocks:?}");
        }

        (trouble.mend)(&desk.sim);
        if trouble.heals {
            desk.advance(900).await;
        } else {
            desk.inbox().sync_soon();
            desk.settle().await;
            desk.advance(130).await;
        }
        for platform in Platform::ALL {
            assert_eq!(desk.health(platform).await, Health::Ok, "{name}: {platform:?} afterwards");
        }
        desk.check_all().await;
    }
}

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

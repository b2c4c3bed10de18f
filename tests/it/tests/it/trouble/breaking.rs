//! What breaks while it runs: which accounts notice, and how; each row, at one of two shops.

use super::*;

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

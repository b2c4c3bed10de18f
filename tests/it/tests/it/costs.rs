//! What reading costs: API calls, writes, and the user's money at X.

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{ProfileId, Synthetic, WorldKind};

use crate::world::{START, Sim, World};

#[tokio::test]
async fn a_round_costs_two_calls_per_account_whatever_changed() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 30,
        messages_per_conversation: 3,
        platforms: vec![Sim::Facebook, Sim::Instagram],
    }))
    .await;
    world.connect_and_sync().await;
    for k in [0, 1, 12] {
        for platform in [Sim::Facebook, Sim::Instagram] {
            for chat in world.sim.chats(ProfileId::PRIMARY, platform).iter().take(k) {
                world.sim.inbound(chat, "Hello?").unwrap();
            }
        }
        world.sim.advance(Duration::from_secs(61)).await;
        world.sim.clear_requests();
        let reports = world.sync().await;
        assert!(world.calls("GET", "/messages/facebook") <= 2, "{k} changed");
        assert!(world.calls("GET", "/messages/instagram") <= 2, "{k} changed");
        let read: u32 = reports.iter().map(|r| r.new_messages).sum();
        assert_eq!(read as usize, 2 * k);
        assert_eq!(reports.iter().map(|r| r.calls).sum::<u32>() as usize, world.sim.requests().len());
    }
}

#[tokio::test]
async fn a_poll_with_nothing_new_writes_nothing() {
    let world = World::small().await;
    world.connect_with_x(XHistory::All).await;
    world.sync().await;
    for _ in 0..4 {
        world.sim.advance(Duration::from_secs(70)).await;
        world.sync().await;
    }
    let before = world.database_bytes();
    for _ in 0..3 {
        world.sim.advance(Duration::from_secs(70)).await;
        let reports = world.sync().await;
        assert!(reports.iter().all(|r| r.new_messages == 0 && r.calls >= 1));
    }
    assert!(world.database_bytes() == before, "the database's files changed");
}

#[tokio::test]
async fn the_first_back_fill_of_a_platform_is_one_call_and_the_list() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 40,
        messages_per_conversation: 20,
        platforms: vec![Sim::Facebook],
    }))
    .await;
    world.connect().await;
    world.sim.clear_requests();
    world.sync().await;
    let requests = world.sim.requests();
    let kind = |q: &str| requests.iter().filter(|r| r.path == "/messages/facebook" && r.query.contains(q)).count();
    assert_eq!(kind("status=active"), 2, "messages of all conversations, and the list");
    assert_eq!(kind("conversationsOnly"), 1);
    assert_eq!(kind("status=archived"), 1, "once, for a reader that no task follows");
}

#[tokio::test]
async fn nothing_is_asked_before_the_provider_has_fresh_data() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    let chat = world.chat(Sim::Facebook);
    world.inbox().set_viewing(Some(world.conversation(&chat).await.id));
    world.settle().await;
    for _ in 0..20 {
        world.inbox().sync_soon();
        world.advance(7).await;
    }
    let times: Vec<i64> = world
        .sim
        .requests()
        .iter()
        .filter(|r| {
            r.path == "/messages/facebook" && !r.query.contains("conversationsOnly") && r.query.contains("active")
        })
        .map(|r| r.at_ms)
        .collect();
    assert!(times.len() >= 3, "{times:?}");
    // The first pair is the start of the tasks right after the explicit reading.
    assert!(times.windows(2).skip(1).all(|w| w[1] - w[0] >= 60_000), "{times:?}");
}

#[tokio::test]
async fn what_is_on_screen_is_read_more_often_than_a_hidden_window() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let chat = world.chat(Sim::Facebook);
    let reads = |world: &World| {
        let requests = world.sim.requests();
        requests.iter().filter(|r| r.path == "/messages/facebook" && !r.query.contains("conversationsOnly")).count()
    };
    world.inbox().start().await;
    world.settle().await;

    world.inbox().set_viewing(Some(world.conversation(&chat).await.id));
    world.sim.clear_requests();
    world.advance(1_800).await;
    let on_screen = reads(&world);

    world.inbox().set_viewing(None);
    world.sim.clear_requests();
    world.advance(1_800).await;
    let foreground = reads(&world);

    world.inbox().set_background(true);
    world.sim.clear_requests();
    world.advance(1_800).await;
    let background = reads(&world);
    assert!(on_screen > foreground && foreground > background, "{on_screen} {foreground} {background}");
    assert!((25..=31).contains(&on_screen), "{on_screen} in half an hour");
    assert!((4..=8).contains(&background), "{background} in half an hour");
}

#[tokio::test]
async fn the_rate_limit_is_never_used_beyond_eighty_percent_by_reading() {
    let world = World::small().await;
    world.sim.set_knobs(|k| k.rate_limit = 10);
    world.connect_and_sync().await;
    world.inbox().start().await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        world.inbox().set_viewing(Some(world.conversation(&world.chat(platform)).await.id));
        world.advance(1_200).await;
    }
    assert!(world.sim.requests().iter().all(|r| r.status != Some(429)));
    assert_eq!(world.health(Platform::Messenger).await, Health::Ok);
}

#[tokio::test]
async fn x_is_not_read_before_the_user_chose_how_much() {
    let world = World::small().await;
    world.connect_and_sync().await;
    world.inbox().start().await;
    world.advance(1_800).await;
    assert_eq!(world.calls("GET", "/messages/twitter"), 0);
    let account = world.account(Platform::X).await;
    assert_eq!(account.backfill, Backfill::AwaitingChoice);

    world.inbox().set_x_budget(account.id, XHistory::All, 500).await.unwrap();
    world.advance(5).await;
    assert!(world.calls("GET", "/messages/twitter") > 0);
    assert_eq!(world.account(Platform::X).await.backfill, Backfill::Done);
    world.assert_history_is_the_ledger(Sim::Twitter).await;
}

#[tokio::test]
async fn x_is_probed_with_one_message_at_most_once_a_minute_and_never_read_without_limit() {
    let world = World::small().await;
    world.connect_with_x(XHistory::All).await;
    world.sync().await;
    world.inbox().start().await;
    let chat = world.chat(Sim::Twitter);
    world.inbox().set_viewing(Some(world.conversation(&chat).await.id));
    world.settle().await;
    world.sim.clear_requests();
    world.advance(1_200).await;
    let reads: Vec<_> = world.sim.requests().into_iter().filter(|r| r.path == "/messages/twitter").collect();
    assert!(reads.len() >= 15, "{}", reads.len());
    assert!(reads.iter().all(|r| r.query.contains("limit=1") && !r.query.contains("limit=1&next")), "{reads:?}");
    assert!(reads.windows(2).all(|w| w[1].at_ms - w[0].at_ms >= 60_000));

    world.sim.inbound(&chat, "One").unwrap();
    world.sim.inbound(&chat, "Two").unwrap();
    world.sim.clear_requests();
    world.advance(200).await;
    let reads: Vec<_> = world.sim.requests().into_iter().filter(|r| r.path == "/messages/twitter").collect();
    assert!(reads.iter().all(|r| r.query.contains("limit=")));
    let pages = reads.iter().filter(|r| !r.query.ends_with("limit=1"));
    // Until nothing can be listed late beneath the new ones.
    assert!(
        (1..=4).contains(&pages.clone().count()) && pages.clone().all(|r| r.query.ends_with("limit=6")),
        "{reads:?}"
    );
    let texts = world.texts(&chat).await;
    assert!(texts.ends_with(&["One".to_owned(), "Two".to_owned()]), "{texts:?}");
}

#[tokio::test]
async fn x_reads_only_the_chosen_number_of_older_messages() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 6,
        messages_per_conversation: 40,
        platforms: vec![Sim::Twitter],
    }))
    .await;
    world.connect_with_x(XHistory::Newest { count: 100 }).await;
    world.sync().await;
    let account = world.account(Platform::X).await;
    assert_eq!(world.inbox().account_page(account.id).await.unwrap().messages, 100);
    assert_eq!(account.x_budget.unwrap().used_millicents, 100 * 1_000);
    assert!(!world.inbox().gaps(None).await.unwrap().is_empty(), "what was not chosen is a gap, not a silence");
}

#[tokio::test]
async fn x_stops_at_the_monthly_limit_and_goes_on_in_the_next_month() {
    let world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 2,
        messages_per_conversation: 100,
        platforms: vec![Sim::Twitter],
    }))
    .await;
    let secrets = backscroll_engine::AyrshareSecrets {
        x_history: Some(XHistory::All),
        x_monthly_limit_cents: 60,
        ..world.secrets(ProfileId::PRIMARY)
    };
    world.inbox().connect_ayrshare(world.api_base(), secrets, None).await.unwrap();
    world.sync().await;
    assert_eq!(world.health(Platform::X).await, Health::BudgetUsed);
    let account = world.account(Platform::X).await;
    assert_eq!(account.x_budget.unwrap().used_millicents, 60_000);
    assert_eq!(world.inbox().account_page(account.id).await.unwrap().messages, 60);

    // START is 21 September 2026; October begins 10 days later.
    world.inbox().start().await;
    world.settle().await;
    world.sim.clear_requests();
    world.sim.advance(Duration::from_secs(8 * 86_400)).await;
    world.clock.wake_due();
    world.settle().await;
    assert_eq!(world.calls("GET", "/messages/twitter"), 0, "{START}");
    world.sim.advance(Duration::from_secs(3 * 86_400)).await;
    world.clock.wake_due();
    world.settle().await;
    assert!(world.calls("GET", "/messages/twitter") > 0);
}

#[tokio::test]
async fn a_walk_through_x_that_was_broken_off_goes_on_where_it_stood() {
    let mut world = World::new(WorldKind::Synthetic(Synthetic {
        conversations: 3,
        messages_per_conversation: 60,
        platforms: vec![Sim::Twitter],
    }))
    .await;
    world.sim.on("GET", "/messages/twitter").skip(2).fail(backscroll_simulator::Fault::Reset);
    world.connect_with_x(XHistory::All).await;
    world.sync().await;
    assert!(matches!(world.health(Platform::X).await, Health::Offline { .. }));
    world.open().await;
    world.sim.clear_requests();
    world.sync().await;
    assert_eq!(world.health(Platform::X).await, Health::Ok);
    let requests = world.sim.requests();
    let mut reads = requests.iter().filter(|r| r.path == "/messages/twitter");
    assert!(reads.all(|r| r.query.contains("next=")), "what was paid for is not read again");
    world.assert_history_is_the_ledger(Sim::Twitter).await;
}

//! How many calls it takes.

use backscroll_simulator::{Chat, RequestRecord, WorldKind};

use super::shop::Shop;
use crate::world::Sim;

/// Reads of conversations and messages of Instagram, by the instant at which they arrived.
fn reads(shop: &Shop) -> Vec<RequestRecord> {
    let is_read = |r: &RequestRecord| {
        let is_walk = r.path.contains("/conversations") && r.query.contains("platform=instagram");
        r.path.contains("/messages") || is_walk && !r.query.contains("user_id")
    };
    shop.sim.requests().into_iter().filter(|r| r.method == "GET" && is_read(r)).collect()
}

#[tokio::test]
async fn nothing_new_costs_one_call_per_account_and_writes_nothing() {
    let shop = Shop::read(WorldKind::Small).await;
    shop.sync_later().await;
    let before = shop.database_bytes();
    for _ in 0..3 {
        shop.graph().clear_calls();
        shop.sync_later().await;
        assert_eq!((shop.asked(Sim::Facebook), shop.asked(Sim::Instagram)), (1, 1));
        assert_eq!(shop.graph().calls().values().sum::<u64>(), 2);
    }
    assert!(shop.database_bytes() == before, "a read without news wrote something");
}

#[tokio::test]
async fn a_new_start_of_the_program_costs_no_more() {
    let mut shop = Shop::read(WorldKind::Small).await;
    shop.world.open().await;
    shop.graph().clear_calls();
    shop.sync_later().await;
    assert_eq!(shop.graph().calls().values().sum::<u64>(), 2);
}

#[tokio::test]
async fn news_of_k_conversations_cost_one_call_and_one_more_for_each_ten() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 500, 2)).await;
    let chats: Vec<Chat> = shop.chats(Sim::Instagram);
    for k in [1, 9, 10, 25, 100, 1] {
        for chat in chats.iter().rev().take(k) {
            shop.graph().receive(chat, "Something new").unwrap();
        }
        shop.graph().clear_calls();
        shop.sync_later().await;
        let calls = shop.asked(Sim::Instagram);
        assert!(calls <= 1 + k as u64 / 10, "{calls} calls for {k} conversations with news");
    }
    super::proof::check(&shop, &chats, true).await;
}

#[tokio::test]
async fn a_thousand_conversations_are_walked_in_some_fifty_calls_at_two_a_second() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 1_000, 1)).await;
    let reads = reads(&shop);
    let walked = reads.iter().filter(|r| r.path.contains("/conversations")).count();
    assert!((50..=51).contains(&walked), "{walked} calls");
    for three in reads.windows(3) {
        assert!(three[2].at_ms - three[0].at_ms > 1_000, "three reads in a second: {three:?}");
    }
    assert!(reads.iter().all(|r| r.status == Some(200)), "nothing was refused");
    assert_eq!(shop.conversations().await.len(), 1_000);
}

#[tokio::test]
async fn what_lies_further_back_costs_one_call_a_conversation_and_is_asked_for_once() {
    let mut shop = Shop::read(Shop::kind(Sim::Instagram, 12, 70)).await;
    let older: Vec<_> = reads(&shop).into_iter().filter(|r| r.path.contains("/messages")).collect();
    assert_eq!(older.len(), 12, "{older:#?}");
    shop.sim.clear_requests();
    shop.world.open().await;
    shop.sync_later().await;
    assert_eq!(reads(&shop).len(), 1);
    let gaps = shop.inbox().gaps(None).await.unwrap();
    assert_eq!(gaps.len(), 12);
    assert!(gaps.iter().all(|gap| gap.count == Some(50)), "{gaps:?}");
}

#[tokio::test]
async fn a_check_and_the_reading_around_it_keep_to_two_reads_a_second_together() {
    let shop = Shop::new(Shop::kind(Sim::Instagram, 45, 2)).await;
    let base = Some(shop.graph().api_base());
    // As a person does it: looked at first, then connected; and whoever reads begins at once.
    for _ in 0..2 {
        shop.driven(shop.inbox().check_meta(base.clone(), shop.page_secrets())).await.unwrap();
    }
    let accounts = shop.driven(shop.inbox().connect_meta(base, shop.page_secrets(), None)).await.unwrap();
    shop.sync().await;
    let connection = accounts[0].connection.unwrap();
    shop.driven(shop.inbox().reconnect_meta(connection, None, None)).await.unwrap();
    shop.sync().await;
    for account in &accounts {
        shop.driven(shop.inbox().test_account(account.id)).await.unwrap();
    }
    shop.sync().await;
    // People without consent are refused by 403.
    let refused: Vec<_> = shop.sim.requests().into_iter().filter(|r| r.status == Some(400)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

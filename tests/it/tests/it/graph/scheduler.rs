//! The schedule over HTTP: bursts at Graph's two reads a second, and catching up by risk.

use std::{collections::BTreeMap, time::Duration};

use backscroll_simulator::Chat;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{proof, shop::Shop};
use crate::world::Sim;

/// Somebody who writes thirty messages a minute, for a while.
struct Burst {
    chat: usize,
    left: u32,
}

async fn an_hour_of_bursts(platform: Sim, conversations: usize, seconds: u64) {
    let shop = Shop::read(Shop::kind(platform, conversations, 2)).await;
    let chats = shop.chats(platform);
    let before = shop.inbox().gaps(None).await.unwrap();
    assert_eq!(before, []);
    shop.inbox().start().await;
    shop.settle().await;
    shop.graph().clear_calls();
    let mut rng = StdRng::seed_from_u64(11);
    let mut bursts: Vec<Burst> = Vec::new();
    let mut written = 0_u32;
    for second in 0..seconds {
        if bursts.len() < 10 && rng.random_bool(0.2) {
            let chat = rng.random_range(0..chats.len());
            if bursts.iter().all(|b| b.chat != chat) {
                bursts.push(Burst { chat, left: rng.random_range(10..120) });
            }
        }
        for (n, burst) in bursts.iter_mut().enumerate() {
            if (second + n as u64).is_multiple_of(2) {
                shop.graph().receive(&chats[burst.chat], "And another thing").unwrap();
                burst.left -= 1;
                written += 1;
            }
        }
        bursts.retain(|b| b.left > 0);
        shop.advance(1).await;
    }
    shop.advance(60).await;
    assert!(written > u32::try_from(seconds).unwrap() * 2, "{written} messages");
    let gaps = shop.inbox().gaps(None).await.unwrap();
    assert_eq!(gaps, [], "{written} messages");
    let calls = shop.asked(platform);
    assert!(calls < seconds * 2, "{calls} calls in {seconds} s");
    proof::check(&shop, &chats, true).await;
}

#[tokio::test]
async fn an_hour_of_ten_bursts_at_once_opens_no_gap_on_instagram() {
    an_hour_of_bursts(Sim::Instagram, 500, 3_600).await;
}

#[tokio::test]
async fn a_quarter_of_an_hour_of_bursts_leaves_no_gap_on_messenger() {
    an_hour_of_bursts(Sim::Facebook, 100, 900).await;
}

/// Ids of Instagram have `+`, `/` and `=` in them.
fn decoded(path: &str) -> String {
    path.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
}

#[tokio::test]
async fn after_a_pause_whoever_is_about_to_pass_twenty_is_read_first() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 40, 2)).await;
    let chats = shop.chats(Sim::Instagram);
    shop.inbox().start().await;
    // One message each so many seconds, for twenty minutes with us and half an hour without.
    let paces: BTreeMap<usize, u64> = BTreeMap::from([(31, 140), (32, 20), (33, 200), (34, 1_000)]);
    let write = |second: u64| {
        for (chat, every) in &paces {
            if second.is_multiple_of(*every) {
                shop.graph().receive(&chats[*chat], "Tick").unwrap();
            }
        }
    };
    for second in 1..=1_200 {
        write(second);
        shop.advance(1).await;
    }
    shop.settle().await;
    for second in 1_201..=3_000_u64 {
        write(second);
        shop.sim.advance(Duration::from_secs(1)).await;
    }
    shop.sim.clear_requests();
    shop.sleep_through(1).await;
    shop.advance(20).await;
    let order: Vec<String> = shop
        .sim
        .requests()
        .iter()
        .filter(|r| r.path.contains("/messages") || r.path.contains("/conversations") && r.query.contains("instagram"))
        .map(|r| r.path.clone())
        .collect();
    let place = |chat: &Chat| order.iter().position(|path| decoded(path).contains(&chat.conversation));
    let walk = order.iter().position(|path| path.contains("/conversations"));
    let [soon, later, lost, calm] = [31, 33, 32, 34].map(|n| place(&chats[n]));
    assert!(soon.is_some() && soon < later, "{soon:?} {later:?}");
    assert!(later < lost, "what is lost already comes after: {later:?} {lost:?}");
    assert!(lost < walk, "and all of them before the walk: {lost:?} {walk:?}");
    assert_eq!(calm, None, "who is slow is met by the walk");
    shop.advance(60).await;
    proof::check(&shop, &chats, true).await;
    let gaps = shop.inbox().gaps(None).await.unwrap();
    let lossy = shop.conversation(&chats[32]).await.id;
    assert!(gaps.iter().all(|gap| gap.conversation == lossy && gap.count.is_some()), "{gaps:?}");
}

//! A list that names a time and does not show the message of that time: Graph's lists may be late.

use std::time::Duration;

use backscroll_simulator::{Chat, Fault};
use serde_json::json;

use super::{proof, shop::Shop};
use crate::world::Sim;

/// The list as it was when `shown` was the newest message, but for the time, which is that of the news.
fn late_list(chat: &Chat, shown: &str, shown_ms: i64, updated_ms: i64) -> Fault {
    let time = |ms: i64| {
        let at = jiff::Timestamp::from_millisecond(ms).unwrap();
        at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
    };
    let message = json!({
        "id": shown, "created_time": time(shown_ms), "message": "Shown", "from": { "id": chat.person },
    });
    let body = json!({ "data": [{
        "id": chat.conversation, "updated_time": time(updated_ms), "messages": { "data": [message] },
    }] });
    Fault::Body { http: 200, body: body.to_string() }
}

fn asked_for(shop: &Shop) -> usize {
    let is_one = |r: &&backscroll_simulator::RequestRecord| r.method == "GET" && r.path.ends_with("/messages");
    shop.sim.requests().iter().filter(is_one).count()
}

/// Somebody writes, is read, and writes again `ms` later, which the list announces only.
async fn announce(ms: u64, times: u32) -> (Shop, Chat) {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 3, 2)).await;
    let chat = shop.chats(Sim::Instagram)[1].clone();
    shop.sim.advance(Duration::from_secs(60)).await;
    let shown = shop.graph().receive(&chat, "Shown").unwrap();
    let shown_ms = shop.sim.clock().now_ms();
    shop.sync().await;
    shop.sim.advance(Duration::from_millis(ms)).await;
    let updated_ms = shop.sim.clock().now_ms();
    let late = late_list(&chat, &shown, shown_ms, updated_ms);
    shop.graph().on("GET", "/conversations").query("platform=instagram").times(times).fail(late);
    shop.sim.clear_requests();
    (shop, chat)
}

#[tokio::test]
async fn news_that_the_list_names_a_second_ahead_of_what_it_shows_are_asked_for() {
    for ms in [1_000, 3_000, 30_000] {
        let (shop, chat) = announce(ms, 1).await;
        shop.graph().receive(&chat, "Announced only").unwrap();
        shop.sync().await;
        assert!(shop.texts(&chat).await.contains(&"Announced only".to_owned()), "{ms} ms ahead");
        assert_eq!(asked_for(&shop), 1);
        shop.sync_later().await;
        assert_eq!(asked_for(&shop), 1, "once is enough");
        proof::check(&shop, &shop.chats(Sim::Instagram), true).await;
    }
}

#[tokio::test]
async fn what_is_never_shown_is_asked_for_three_times_and_then_left_in_peace() {
    let (shop, chat) = announce(2_000, 12).await;
    for _ in 0..12 {
        shop.sim.advance(Duration::from_millis(1_200)).await;
        shop.sync().await;
    }
    assert_eq!(asked_for(&shop), 3);
    // The next news are others.
    shop.graph().receive(&chat, "And then").unwrap();
    shop.sync_later().await;
    assert!(shop.texts(&chat).await.contains(&"And then".to_owned()));
    proof::check(&shop, &shop.chats(Sim::Instagram), true).await;
}

//! Walks that break off, lists that move: what is read again, and that nothing is skipped.

use std::time::Duration;

use backscroll_model::*;
use backscroll_simulator::{Fault, Hold, Meter, TokenState};

use super::{
    proof,
    shop::{PAGE, Shop},
};
use crate::world::{Sim, comes_true};

/// What ends a walk in the middle.
fn ends() -> Vec<(&'static str, Fault)> {
    vec![
        ("the connection is lost", Fault::Reset),
        ("half an answer", Fault::CutBody { after: 700, how: backscroll_simulator::Cut::Reset }),
        ("613", Fault::graph(613, None)),
        ("80006", Fault::graph(80_006, Some(2_446_079))),
        ("the token died", Fault::graph(190, Some(460))),
        ("500", Fault::http(502)),
    ]
}

#[tokio::test]
async fn a_back_fill_that_breaks_off_at_any_page_is_read_again_and_skips_nothing() {
    for (name, fault) in ends() {
        for page in [0, 1, 3] {
            let mut shop = Shop::new(Shop::kind(Sim::Instagram, 70, 2)).await;
            shop.connect().await;
            // Asked twice where Graph asks to slow down.
            let rule = shop.graph().on("GET", "/conversations").query("platform=instagram").skip(page).times(2);
            rule.fail(fault.clone());
            shop.sync().await;
            assert!(shop.account(Platform::Instagram).await.backfill != Backfill::Done, "{name} at {page}");
            shop.sim.clear_faults();
            shop.world.open().await;
            shop.sim.advance(Duration::from_secs(400)).await;
            shop.sync_later().await;
            assert_eq!(shop.account(Platform::Instagram).await.backfill, Backfill::Done, "{name} at {page}");
            proof::check(&shop, &shop.chats(Sim::Instagram), true).await;
        }
    }
}

#[tokio::test]
async fn a_walk_through_news_that_breaks_off_at_any_page_is_walked_again_and_skips_nothing() {
    let mut shop = Shop::read(Shop::kind(Sim::Instagram, 60, 3)).await;
    let chats = shop.chats(Sim::Instagram);
    for (number, (name, fault)) in ends().into_iter().enumerate() {
        for page in 0..4 {
            shop.sim.advance(Duration::from_secs(20)).await;
            for chat in &chats[..35] {
                shop.graph().receive(chat, "Something new").unwrap();
            }
            let rule = shop.graph().on("GET", "/conversations").query("platform=instagram").skip(page).times(2);
            rule.fail(fault.clone());
            shop.sync().await;
            assert_ne!(shop.health(Platform::Instagram).await, Health::Ok, "{name} at {page}");
            shop.sim.clear_faults();
            if number % 2 == 0 {
                // The program ends as well.
                shop.world.open().await;
            }
            // The walk that follows finds less new at the front than the one that broke off.
            shop.graph().receive(&chats[40], "One more").unwrap();
            shop.sim.advance(Duration::from_secs(400)).await;
            shop.sync_later().await;
            proof::check(&shop, &chats, true).await;
        }
    }
}

#[tokio::test]
async fn a_conversation_that_moves_to_the_front_between_two_pages_is_met_by_the_next_walk() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 60, 3)).await;
    let chats = shop.chats(Sim::Instagram);
    for chat in &chats[..35] {
        shop.graph().receive(chat, "Something new").unwrap();
    }
    shop.sim.advance(Duration::from_secs(10)).await;
    // The first one that has news is on the last page; it moves to the front while the second page is asked for.
    let hold = Hold::new();
    shop.graph().on("GET", "/conversations").query("platform=instagram").skip(1).fail(Fault::Hold(hold.clone()));
    shop.sim.clear_requests();
    let meanwhile = async {
        comes_true("the second page is asked for", async || shop.calls("GET", "/graph/v25.0") >= 3).await;
        shop.graph().receive(&chats[0], "And more").unwrap();
        shop.graph().receive(&chats[50], "And more").unwrap();
        hold.open();
    };
    tokio::join!(shop.sync(), meanwhile);
    shop.sync_later().await;
    for chat in [&chats[0], &chats[50]] {
        assert!(shop.texts(chat).await.contains(&"And more".to_owned()));
    }
    proof::check(&shop, &chats, true).await;
}

#[tokio::test]
async fn empty_pages_with_a_next_one_end_no_walk() {
    let shop = Shop::new(Shop::kind(Sim::Instagram, 45, 2)).await;
    shop.graph().set_knobs(|k| k.empty_pages = 3);
    shop.connect().await;
    shop.sync().await;
    assert_eq!(shop.conversations().await.len(), 45);
    let chats = shop.chats(Sim::Instagram);
    for chat in &chats[..25] {
        shop.graph().receive(chat, "Something new").unwrap();
    }
    shop.graph().set_knobs(|k| k.empty_pages = 2);
    shop.sync_later().await;
    proof::check(&shop, &chats, true).await;
}

#[tokio::test]
async fn a_list_that_leads_in_a_circle_ends_and_what_lies_behind_it_is_read_when_it_leads_on() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 60, 2)).await;
    let chats = shop.chats(Sim::Instagram);
    for chat in &chats[..35] {
        shop.graph().receive(chat, "Something new").unwrap();
    }
    shop.graph().set_knobs(|k| k.repeat_next = true);
    shop.sim.advance(Duration::from_secs(10)).await;
    let reports = shop.sync().await;
    assert!(reports.iter().any(|r| r.skipped > 0), "it is counted: {reports:?}");
    assert!(shop.sim.requests().len() < 300, "it ends");
    shop.graph().set_knobs(|k| k.repeat_next = false);
    shop.sync_later().await;
    proof::check(&shop, &chats, true).await;
}

#[tokio::test]
async fn a_token_that_dies_in_the_middle_of_a_reading_keeps_what_was_read() {
    let shop = Shop::new(Shop::kind(Sim::Instagram, 70, 2)).await;
    shop.connect().await;
    let hold = Hold::new();
    shop.graph().on("GET", "/conversations").query("platform=instagram").skip(2).fail(Fault::Hold(hold.clone()));
    let token = shop.graph().page_token(PAGE);
    let meanwhile = async {
        comes_true("two pages are held", async || shop.conversations().await.len() >= 40).await;
        shop.graph().set_token_state(&token, TokenState::PasswordChanged).unwrap();
        hold.open();
    };
    tokio::join!(shop.sync(), meanwhile);
    assert_eq!(shop.health(Platform::Instagram).await, Health::PasswordChanged);
    assert_eq!(shop.conversations().await.len(), 40);
    // Nothing is asked before the user acts, of neither account.
    shop.sim.clear_requests();
    shop.inbox().start().await;
    shop.advance(600).await;
    assert!(shop.sim.requests().len() <= 4, "{:?}", shop.sim.requests().len());
}

#[tokio::test]
async fn a_full_meter_is_waited_for_as_long_as_it_says() {
    let shop = Shop::read(Shop::kind(Sim::Instagram, 5, 2)).await;
    shop.inbox().start().await;
    shop.settle().await;
    let full = Meter { regain_minutes: 7, ..Meter::percent(100) };
    shop.graph().set_usage(PAGE, Sim::Instagram, full);
    shop.advance(30).await;
    let Health::RateLimited { until } = shop.health(Platform::Instagram).await else { panic!("it is told") };
    let left = until.0 - shop.sim.clock().now_ms();
    assert!((360_000..=420_000).contains(&left), "{left}");
    shop.graph().clear_calls();
    shop.advance(300).await;
    assert_eq!(shop.asked(Sim::Instagram), 0, "calling while throttled prolongs the block");
    assert!(shop.asked(Sim::Facebook) > 0, "the other platform has its own meter");
    shop.graph().set_usage(PAGE, Sim::Instagram, Meter::default());
    shop.graph().receive(&shop.chats(Sim::Instagram)[0], "Meanwhile").unwrap();
    shop.advance(180).await;
    assert_eq!(shop.health(Platform::Instagram).await, Health::Ok);
    proof::check(&shop, &shop.chats(Sim::Instagram), true).await;
}

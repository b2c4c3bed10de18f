//! Every error of section 9: told as one thing, with one action, and the others go on.

use std::mem::discriminant;

use backscroll_model::*;
use backscroll_simulator::Fault;

use super::shop::Shop;
use crate::{desk::Desk, graph::shop::PAGE, world::Sim};

/// Readings: code, subcode, what the account says then, and whether the other account of the Page goes on.
fn readings() -> Vec<(u32, Option<u32>, Health, bool)> {
    let zero = Timestamp(0);
    let down = || Health::ProviderDown { since: zero, next_try: zero, detail: String::new() };
    let limited = || Health::RateLimited { until: zero };
    let permission = || Health::PermissionMissing { permission: None };
    let restricted = || Health::Restricted { detail: String::new() };
    vec![
        (1, None, down(), true),
        (1, Some(99), permission(), true),
        (2, None, down(), true),
        (3, None, permission(), true),
        (4, None, limited(), true),
        (17, None, limited(), true),
        (32, None, limited(), true),
        (341, None, limited(), true),
        (613, None, limited(), true),
        (613, Some(2_534_040), limited(), true),
        (613, Some(1_996), limited(), true),
        (80_002, Some(2_446_079), limited(), true),
        (80_006, None, limited(), true),
        (10, None, permission(), true),
        (10, Some(2_534_077), Health::Checkpoint, true),
        (10, Some(1_893_063), restricted(), true),
        (100, None, down(), true),
        (100, Some(33), down(), true),
        (100, Some(2_534_013), Health::NotLinked, true),
        (102, None, Health::TokenRevoked, false),
        (104, None, Health::TokenRevoked, false),
        (190, None, Health::TokenRevoked, false),
        (190, Some(458), Health::TokenRevoked, false),
        (190, Some(459), Health::Checkpoint, true),
        (190, Some(460), Health::PasswordChanged, false),
        (190, Some(463), Health::TokenExpired, false),
        (190, Some(464), Health::Checkpoint, true),
        (190, Some(467), Health::TokenRevoked, false),
        (190, Some(492), Health::RoleLost, false),
        (200, None, permission(), true),
        (200, Some(2_534_041), Health::MessageAccessOff, true),
        (230, None, permission(), true),
        (299, None, permission(), true),
        (368, None, restricted(), true),
        (2_022, None, restricted(), true),
        (2_500, None, down(), true),
        (36_103, None, Health::MessageAccessOff, true),
        (9_000_001, None, down(), true),
    ]
}

#[tokio::test]
async fn every_error_of_a_reading_is_told_as_one_thing_and_the_other_account_goes_on() {
    for (code, subcode, told, other_goes_on) in readings() {
        let name = format!("{code}/{subcode:?}");
        let shop = Shop::read(Shop::kind(Sim::Instagram, 2, 2)).await;
        let rule = shop.graph().on("GET", "/conversations").always();
        // What ends a token ends it for both.
        let rule = if other_goes_on { rule.query("platform=instagram") } else { rule };
        rule.fail(Fault::graph(code, subcode));
        shop.graph().receive(&shop.chats(Sim::Instagram)[0], "Meanwhile").unwrap();
        shop.sim.advance(std::time::Duration::from_secs(10)).await;
        shop.sync().await;
        let health = shop.health(Platform::Instagram).await;
        assert_eq!(discriminant(&health), discriminant(&told), "{name}: {health:?}");
        shop.sync().await;
        assert_eq!(shop.health(Platform::Messenger).await == Health::Ok, other_goes_on, "{name}: the other account");
        // What heals by itself goes on by itself; the rest is looked at again, or waits for the user.
        shop.sim.clear_faults();
        shop.inbox().start().await;
        shop.advance(700).await;
        let is_read = shop.texts(&shop.chats(Sim::Instagram)[0]).await.contains(&"Meanwhile".to_owned());
        let waits = !told.heals_itself()
            && !matches!(
                told,
                Health::PermissionMissing { .. } | Health::Checkpoint | Health::NotLinked | Health::MessageAccessOff
            );
        // A start tries once: the program does not know any more why it stopped.
        assert!(is_read || waits, "{name}: it goes on by itself");
    }
}

/// Sends: code, subcode, where the message stands then, why, and what the account says.
fn sends() -> Vec<(u32, Option<u32>, SendState, SendReason, Health)> {
    use SendState::{Failed, Queued, Unknown};
    let permission = || Health::PermissionMissing { permission: None };
    let rejected = || SendReason::Rejected { said: String::new() };
    vec![
        (1, None, Unknown, SendReason::UnclearAnswer, Health::Ok),
        (1, Some(1_357_046), Unknown, SendReason::UnclearAnswer, Health::Ok),
        (2, None, Unknown, SendReason::UnclearAnswer, Health::Ok),
        (1_200, None, Unknown, SendReason::UnclearAnswer, Health::Ok),
        (4, None, Queued, SendReason::RateLimited, Health::Ok),
        (613, None, Queued, SendReason::RateLimited, Health::Ok),
        (80_006, Some(2_446_079), Queued, SendReason::RateLimited, Health::Ok),
        (10, None, Queued, SendReason::Paused, permission()),
        (10, Some(2_018_278), Failed, SendReason::WindowClosed, Health::Ok),
        (10, Some(2_534_022), Failed, SendReason::WindowClosed, Health::Ok),
        (10, Some(2_018_108), Failed, SendReason::Recipient, Health::Ok),
        (551, None, Failed, SendReason::Recipient, Health::Ok),
        (551, Some(1_545_041), Failed, SendReason::Recipient, Health::Ok),
        (100, Some(2_018_001), Failed, SendReason::Recipient, Health::Ok),
        (100, None, Failed, rejected(), Health::Ok),
        (100, Some(2_018_034), Failed, rejected(), Health::Ok),
        (100, Some(2_534_037), Failed, SendReason::OtherAppsThread, Health::Ok),
        (2_018_300, None, Failed, SendReason::OtherAppsThread, Health::Ok),
        (368, None, Failed, SendReason::Restricted, Health::Ok),
        (10, Some(1_893_063), Failed, SendReason::Restricted, Health::Ok),
        (190, Some(463), Queued, SendReason::Paused, Health::TokenExpired),
        (190, Some(460), Queued, SendReason::Paused, Health::PasswordChanged),
        (190, None, Queued, SendReason::Paused, Health::TokenRevoked),
        (200, Some(2_534_041), Queued, SendReason::Paused, Health::MessageAccessOff),
    ]
}

#[tokio::test]
async fn every_error_of_a_send_leaves_one_state_one_reason_and_one_action() {
    for (code, subcode, state, reason, health) in sends() {
        let name = format!("{code}/{subcode:?}");
        let desk = Desk::at_graph().await;
        let chat = desk.sim.graph().chats(PAGE, Sim::Facebook).remove(0);
        desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap();
        desk.advance(60).await;
        desk.sim.graph().on("POST", "/messages").fail(Fault::graph(code, subcode));
        let id = desk.send(&chat, "It is.").await;
        desk.settle().await;
        let progress = desk.progress(id).await;
        assert_eq!(progress.state, state, "{name}");
        let told = progress.reason.expect("a reason");
        assert_eq!(discriminant(&told), discriminant(&reason), "{name}: {told:?}");
        let account = desk.health(Platform::Messenger).await;
        assert_eq!(discriminant(&account), discriminant(&health), "{name}: {account:?}");
        desk.check();
        if state == SendState::Queued && health.heals_itself() {
            desk.advance(700).await;
            assert_eq!(desk.state(id).await, SendState::Accepted, "{name}: it goes on by itself");
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_told_and_reading_and_sending_go_on() {
    for wrong_by in [HOUR, -HOUR] {
        let desk = Desk::at_graph().await;
        let chat = desk.sim.graph().chats(PAGE, Sim::Instagram).remove(0);
        desk.clock.set_wrong_by(wrong_by);
        desk.advance(120).await;
        desk.sim.graph().receive(&chat, "Is the rye loaf back?").unwrap();
        desk.advance(120).await;
        assert!(matches!(desk.health(Platform::Instagram).await, Health::ClockOff { .. }));
        let id = desk.send(&chat, "It is.").await;
        desk.until_state(id, SendState::Accepted).await;
        desk.advance(120).await;
        let texts = desk.texts(&chat).await;
        assert_eq!(texts[texts.len() - 2..], ["Is the rye loaf back?", "It is."], "{wrong_by}");
        desk.check();
    }
}

//! Who knocks, and what they get.

use super::*;
use std::time::Duration;

use backscroll_engine::Limits;

use crate::world::HUNG;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn status(request: reqwest::RequestBuilder) -> u16 {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    // An answer tells nothing beside.
    assert_eq!(answer.text().await.unwrap(), "");
    status
}

#[tokio::test]
async fn it_is_off_until_it_is_switched_on_and_keeps_its_port() {
    let shop = Shop::new(WorldKind::Small).await;
    shop.connect().await;
    shop.sync().await;
    shop.inbox().start().await;
    shop.settle().await;
    let page = shop.inbox().webhooks().await.unwrap();
    assert_eq!((page.listening, page.places, page.settings.on), (None, vec![], false));
    let hooked = Hooked::running(shop).await;
    let (local, address) = (hooked.local().await, hooked.address().await);
    assert!(local.starts_with("http://127.0.0.1:"), "{local}");
    let settings = hooked.page().await.settings;
    assert!(settings.port.is_some());
    hooked.inbox().set_webhooks(WebhookSettings { on: false, ..settings.clone() }).await.unwrap();
    hooked.settle().await;
    assert_eq!(hooked.page().await.listening, None);
    assert!(reqwest::get(&address).await.is_err(), "nobody listens");
    let refused = hooked.inbox().register_webhook(hooked.connection, "https://hook.example.test".to_owned()).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotFound);
    hooked.inbox().set_webhooks(settings).await.unwrap();
    hooked.settle().await;
    assert_eq!((hooked.local().await, hooked.address().await), (local, address));
}

#[tokio::test]
async fn what_was_missed_while_it_was_off_comes_by_reading() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let settings = hooked.page().await.settings;
    hooked.inbox().set_webhooks(WebhookSettings { on: false, ..settings.clone() }).await.unwrap();
    hooked.settle().await;
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().receive(&chat, "While it was off").unwrap();
    hooked.delivered().await;
    assert!(hooked.message(&chat, &id).await.is_none());
    hooked.inbox().set_webhooks(settings).await.unwrap();
    // The sender comes again, and a walk comes by.
    hooked.advance(90).await;
    assert_eq!(hooked.texts(&chat).await.iter().filter(|t| *t == "While it was off").count(), 1);
}

#[tokio::test]
async fn an_address_survives_a_restart_with_what_came() {
    let mut hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Instagram);
    hooked.graph().receive(&chat, "Before").unwrap();
    hooked.delivered().await;
    let (before, address) = (hooked.page().await, hooked.address().await);
    hooked.shop.world.open().await;
    hooked.inbox().start().await;
    hooked.settle().await;
    let after = hooked.page().await;
    assert_eq!((after.deliveries, after.counts), (before.deliveries, before.counts));
    assert_eq!(hooked.address().await, address);
    let id = hooked.graph().receive(&chat, "After").unwrap();
    hooked.delivered().await;
    assert!(hooked.message(&chat, &id).await.is_some());
}

#[tokio::test]
async fn strangers_learn_nothing_and_are_counted() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let (local, address) = (hooked.local().await, hooked.address().await);
    let client = reqwest::Client::new();
    for url in [format!("{local}/"), format!("{local}/hook/"), format!("{local}/hook/guess"), format!("{address}/x")] {
        assert_eq!(status(client.get(&url)).await, 404, "{url}");
        assert_eq!(status(client.post(&url).body("{}")).await, 404, "{url}");
    }
    assert_eq!(status(client.put(&address).body("{}")).await, 404);
    assert_eq!(status(client.get(&address)).await, 403);
    let wrong = format!("{address}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess");
    assert_eq!(status(client.get(&wrong)).await, 403);
    assert_eq!(hooked.count(DeliveryOutcome::UnknownAddress).await, 9);
    assert_eq!(hooked.count(DeliveryOutcome::WrongWord).await, 2);
    // Whoever only guesses makes us write nothing of it.
    assert!(hooked.page().await.deliveries.iter().all(|d| d.connection.is_some()));
}

#[tokio::test]
async fn forged_ones_are_answered_like_strangers_and_change_nothing() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Facebook);
    let before = hooked.texts(&chat).await;
    hooked.advance(30).await;
    let calls = hooked.calls_made();
    for signing in [Signing::Wrong, Signing::Missing] {
        hooked.graph().set_hook_knobs(|k| k.signing = signing);
        hooked.sim.inbound(&chat, "Pay to this account").unwrap();
        hooked.delivered().await;
        assert_eq!(hooked.last().await.outcome, DeliveryOutcome::Forged);
        assert_eq!(hooked.graph().webhooks().pop().unwrap().status, Some(404));
    }
    assert_eq!(hooked.texts(&chat).await, before);
    assert_eq!(hooked.calls_made(), calls, "and nothing is read for it");
}

#[tokio::test]
async fn too_large_and_garbage_and_of_nobody_are_named() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let page = hooked.graph().page_id(backscroll_simulator::ProfileId::PRIMARY).unwrap();
    let last = async |body: Vec<u8>, signing| {
        hooked.post(body, signing).await;
        let status = hooked.graph().webhooks().pop().unwrap().status;
        (hooked.last().await.outcome, status)
    };
    let large = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(last(large, Signing::Right).await.0, DeliveryOutcome::Oversized);
    let just = vec![b' '; 1024 * 1024];
    assert_eq!(last(just, Signing::Right).await, (DeliveryOutcome::Garbage, Some(200)));
    for garbage in ["", "{", "[]", "null", r#"{"object":7}"#, r#"{"object":"user","entry":[]}"#, "\u{0}"] {
        assert_eq!(last(garbage.into(), Signing::Right).await.0, DeliveryOutcome::Garbage, "{garbage:?}");
    }
    let nested = "[".repeat(100_000);
    assert_eq!(last(nested.into(), Signing::Right).await.0, DeliveryOutcome::Garbage);
    let of = |id: &str| {
        format!(
            r#"{{"object":"page","entry":[{{"id":"{id}","time":{},"messaging":[{{"sender":{{"id":"7"}},"recipient":{{"id":"{id}"}},"timestamp":1,"message":{{"mid":"m_1","text":"Hi"}}}}]}}]}}"#,
            hooked.sim.clock().now_ms()
        )
    };
    assert_eq!(last(of("404").into(), Signing::Right).await.0, DeliveryOutcome::UnknownAccount);
    assert_eq!(last(of(&page).into(), Signing::Right).await.0, DeliveryOutcome::NewPerson);
    // A batch of which one part is known is well.
    assert_eq!(hooked.count(DeliveryOutcome::Garbage).await, 9);
}

#[tokio::test]
async fn a_slow_sender_is_given_up_and_holds_up_nobody() {
    let mut shop = Shop::new(WorldKind::Small).await;
    shop.world.limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    shop.world.open().await;
    let base = Some(shop.graph().api_base());
    let secrets = with_app_secret(&shop);
    shop.inbox().connect_meta(base, secrets, None).await.unwrap();
    shop.sync().await;
    let hooked = Hooked::running(shop).await;
    hooked.register().await;
    let address = hooked.address().await;
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let head = format!("POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n");
    // One that never ends its headers, one that never ends its body.
    let mut silent = TcpStream::connect(host).await.unwrap();
    silent.write_all(head.as_bytes()).await.unwrap();
    let mut slow = TcpStream::connect(host).await.unwrap();
    slow.write_all(format!("{head}\r\n{{\"object\"").as_bytes()).await.unwrap();
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().receive(&chat, "Meanwhile").unwrap();
    hooked.delivered().await;
    assert!(hooked.message(&chat, &id).await.is_some());
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let mut nothing = Vec::new();
    let _ = silent.read_to_end(&mut nothing).await;
    assert_eq!(hooked.count(DeliveryOutcome::Slow).await, 1);
}

#[tokio::test]
async fn beyond_the_last_connection_one_waits_until_another_ends() {
    /// As many as are served at a time.
    const CONNECTIONS: usize = 32;
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let address = hooked.address().await;
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let head = format!("POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n");
    let mut busy = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut one = TcpStream::connect(host).await.unwrap();
        one.write_all(head.as_bytes()).await.unwrap();
        busy.push(one);
    }
    let mut next = TcpStream::connect(host).await.unwrap();
    next.write_all(format!("GET /hook/guess HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    // Long for an answer on this machine, short for the patience with the others; a slower machine only proves less.
    let early = tokio::time::timeout(Duration::from_millis(300), next.read_to_string(&mut answer)).await;
    assert!(early.is_err(), "more are served than may be: {answer}");
    drop(busy.pop());
    let served = tokio::time::timeout(HUNG, next.read_to_string(&mut answer)).await;
    served.expect("a place that was given up is never taken").unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    drop(busy);
    // And the others' places are free again.
    let chat = hooked.first(Sim::Facebook);
    let id = hooked.graph().receive(&chat, "After the rush").unwrap();
    hooked.delivered().await;
    assert!(hooked.message(&chat, &id).await.is_some());
}

#[tokio::test]
async fn a_full_intake_asks_to_come_again_and_in_the_end_nothing_is_missing() {
    /// As many as may wait, those that are taken in together, and some more.
    const MANY: usize = 512 + 64 + 100;
    let hooked = Hooked::at_graph(Shop::kind(Sim::Instagram, 10, 3)).await;
    hooked.inbox().set_background(true);
    hooked.advance(60).await;
    let chats = hooked.chats(Sim::Instagram);
    hooked.graph().hold_webhooks();
    for n in 0..MANY {
        hooked.graph().receive(&chats[n % chats.len()], format!("One of many {n}").as_str()).unwrap();
    }
    // Whatever wants to write waits meanwhile.
    let db = rusqlite::Connection::open(hooked.data().join("backscroll.db")).unwrap();
    db.busy_timeout(HUNG).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    hooked.graph().release_webhooks(false);
    tokio::time::timeout(HUNG, hooked.sim.settle()).await.expect("a delivery is never answered");
    db.execute_batch("ROLLBACK").unwrap();
    let answers: Vec<Option<u16>> = hooked.graph().webhooks().iter().map(|sent| sent.status).collect();
    let refused = answers.iter().filter(|status| **status == Some(503)).count();
    assert!((1..MANY).contains(&refused), "{refused} refused");
    assert!(answers.iter().all(|status| matches!(status, Some(200 | 503))), "{answers:?}");
    assert_eq!(hooked.count(DeliveryOutcome::Busy).await as usize, refused);
    // Meta comes again after a second.
    hooked.advance(300).await;
    assert_eq!(hooked.count(DeliveryOutcome::Busy).await as usize, refused, "once");
    let mut texts = std::collections::BTreeSet::new();
    for chat in &chats {
        texts.extend(hooked.texts(chat).await.into_iter().filter(|text| text.starts_with("One of many")));
    }
    // On a slow machine the first ones waited longer for the lock than the store waits (5 s): they are told of by a gap.
    let gaps = hooked.inbox().gaps(None).await.unwrap();
    let missing: u32 = gaps.iter().filter_map(|gap| gap.count).sum();
    assert_eq!(texts.len() + missing as usize, MANY, "{gaps:?}");
    let lost = hooked.count(DeliveryOutcome::NotKept).await;
    assert!(missing <= lost, "{missing} are missing, of {lost} deliveries that could not be kept");
    hooked.assert_sound();
}

#[tokio::test]
async fn a_port_that_another_program_has_is_said_and_tried_again() {
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = Some(other.local_addr().unwrap().port());
    let shop = Shop::new(WorldKind::Small).await;
    shop.connect().await;
    shop.sync().await;
    shop.inbox().start().await;
    shop.inbox().set_webhooks(WebhookSettings { on: true, port, ..WebhookSettings::default() }).await.unwrap();
    shop.settle().await;
    let page = shop.inbox().webhooks().await.unwrap();
    assert_eq!((page.listening, page.problem), (None, Some(WebhookProblem::PortTaken)));
    drop(other);
    shop.advance(31).await;
    let page = shop.inbox().webhooks().await.unwrap();
    assert_eq!((page.listening, page.problem), (port.map(|p| format!("http://127.0.0.1:{p}")), None));
}

#[tokio::test]
async fn only_https_is_told_to_a_provider_and_no_secret_is_in_the_database() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    for bad in ["http://hook.example.test", "hook.example.test", "https://u:p@hook.example.test", "ftp://127.0.0.1"] {
        let refused = hooked.inbox().register_webhook(hooked.connection, bad.to_owned()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::BadApiBase, "{bad}");
        let settings = WebhookSettings { public_url: Some(bad.to_owned()), ..hooked.page().await.settings };
        assert_eq!(hooked.inbox().set_webhooks(settings).await.unwrap_err().code, ErrorCode::BadApiBase);
    }
    let settings = WebhookSettings {
        public_url: Some("https://hook.example.test/in/".to_owned()),
        ..hooked.page().await.settings
    };
    hooked.inbox().set_webhooks(settings).await.unwrap();
    let place = hooked.page().await.places.remove(0);
    let path = place.local_url.rsplit('/').next().unwrap().to_owned();
    assert_eq!(place.public_url, Some(format!("https://hook.example.test/in/hook/{path}")));
    let word = hooked.inbox().webhook_verify_word(hooked.connection).await.unwrap();
    for (file, bytes) in hooked.database_bytes() {
        for secret in [path.as_str(), word.as_str(), hooked.graph().app().1.as_str()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "a secret is in {file}");
        }
    }
}

#[tokio::test]
async fn a_history_that_cannot_be_read_for_a_moment_closes_nothing() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let (local, address) = (hooked.local().await, hooked.address().await);
    let db = rusqlite::Connection::open(hooked.data().join("backscroll.db")).unwrap();
    let held: String = db.query_row("SELECT value FROM setting WHERE name = 'webhooks'", [], |r| r.get(0)).unwrap();
    let set = |value: &str| db.execute("UPDATE setting SET value = ?1 WHERE name = 'webhooks'", [value]).unwrap();
    db.execute("UPDATE setting SET value = CAST(x'ff' AS TEXT) WHERE name = 'webhooks'", []).unwrap();
    let secret = Some(Secret::new(hooked.graph().app().1));
    hooked.inbox().reconnect_meta(hooked.connection, None, secret).await.unwrap();
    hooked.settle().await;
    let asked = reqwest::get(&address).await.map(|answer| answer.status().as_u16());
    set(&held);
    assert_eq!(asked.unwrap(), 403, "it still listens");
    let page = hooked.page().await;
    assert_eq!((page.listening.as_ref(), page.problem), (Some(&local), Some(WebhookProblem::History)));
    hooked.advance(31).await;
    let page = hooked.page().await;
    assert_eq!((page.listening, page.problem), (Some(local), None));
}

#[tokio::test]
async fn an_address_of_a_connection_that_is_gone_is_counted_and_not_written() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let address = hooked.address().await;
    for platform in [Platform::Messenger, Platform::Instagram] {
        let id = hooked.account(platform).await.id;
        hooked.inbox().disconnect(id).await.unwrap();
    }
    let before = hooked.page().await.deliveries;
    let client = reqwest::Client::new();
    for _ in 0..3 {
        assert_eq!(status(client.post(&address).body("{}")).await, 200);
    }
    assert_eq!(hooked.count(DeliveryOutcome::Disconnected).await, 3);
    assert_eq!(hooked.page().await.deliveries, before);
}

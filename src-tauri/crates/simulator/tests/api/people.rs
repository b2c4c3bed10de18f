//! People read, answer and write of their own accord; the demo's script happens at its instants.

use std::time::Duration;

use backscroll_simulator::{Beat, Clock, Direction, Network, Platform, ProfileId, SimOptions, WorldKind};
use serde_json::json;

use crate::{Api, P, START};

#[tokio::test]
async fn a_person_reads_and_answers_within_seconds_in_their_language() {
    let api = Api::start(WorldKind::Small).await;
    let olga = api.chat(Platform::Twitter, "Olga Berg");
    api.send("POST", "/messages/twitter", json!({ "recipientId": olga.person, "message": "Ждём вас!" })).await;
    api.pass(1).await;
    assert_eq!(api.sim.ledger().last().unwrap().direction, Direction::Sent, "not at once");
    api.pass(15).await;
    let answer = api.sim.ledger().last().cloned().unwrap();
    assert_eq!((answer.direction, answer.conversation.as_str()), (Direction::Received, olga.conversation.as_str()));
    assert!(answer.text.unwrap().chars().any(|c| ('а'..='я').contains(&c)));
    let list = api.get("/messages/twitter?conversationsOnly=true").await;
    assert_eq!(list["conversationIds"][0], olga.conversation);
    assert!(list["converstationsDetails"][0]["watermark"].as_i64().unwrap() > START);
}

#[tokio::test]
async fn several_sends_in_a_row_get_one_answer() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let before = api.sim.ledger().len();
    for n in 0..3 {
        api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "message": format!("part {n}") }))
            .await;
    }
    api.pass(60).await;
    assert_eq!(api.sim.ledger().len() - before, 4);
}

#[tokio::test]
async fn life_goes_on_by_itself_when_wanted() {
    let options = SimOptions { life: true, ..SimOptions::new(WorldKind::Demo, Clock::manual(START)) };
    let api = Api::with(options).await;
    api.pass(600).await;
    let fresh = api.sim.ledger().into_iter().filter(|e| e.at_ms > START).count();
    assert!((5..20).contains(&fresh), "{fresh} messages in ten minutes");
}

#[tokio::test]
async fn with_a_real_clock_people_answer_without_being_pushed() {
    let api = Api::with(SimOptions::new(WorldKind::Small, Clock::real())).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    api.send("POST", "/messages/facebook", json!({ "recipientId": ada.person, "message": "Hello" })).await;
    // A real clock can be pushed as well, which spares this test the seconds.
    api.pass(20).await;
    assert_eq!(api.sim.ledger().last().unwrap().direction, Direction::Received);
}

#[tokio::test]
async fn the_demo_script_writes_drops_the_connection_and_loses_one_answer() {
    let api = Api::start(WorldKind::Demo).await;
    let scenes = api.sim.demo_script();
    let at = |wanted: fn(&Beat) -> bool| scenes.iter().find(|s| wanted(&s.beat)).unwrap().after;
    let newest = || api.sim.ledger().last().cloned().unwrap();
    api.sim.advance(Duration::from_secs(8)).await;
    assert_eq!((newest().at_ms, newest().platform), (START + 8_000, Platform::Instagram));
    api.sim.advance(Duration::from_secs(17)).await;
    assert_eq!((newest().at_ms, newest().profile), (START + 25_000, api.sim.profile("North Pier").unwrap()));
    assert_ne!(newest().profile, ProfileId::PRIMARY);

    let (down, up) = (at(|b| *b == Beat::ConnectionDrops), at(|b| *b == Beat::ConnectionReturns));
    api.sim.advance(down - Duration::from_secs(25)).await;
    assert_eq!(api.sim.network(), Network::Refused);
    assert!(api.call("GET", "/user").send().await.unwrap_err().is_connect());
    api.sim.advance(up - down).await;
    api.get("/user").await;

    api.sim.advance(at(|b| *b == Beat::NextAnswerGetsLost) - up).await;
    let chat = api.sim.chats(P, Platform::Facebook)[0].clone();
    let body = json!({ "recipientId": chat.person, "message": "Still yours." });
    let lost = api.call("POST", "/messages/facebook").json(&body).send().await;
    assert!(lost.is_err());
    assert_eq!(api.sim.delivered().len(), 1, "delivered all the same");
    api.send("POST", "/messages/facebook", body).await;
}

//! Everything that can go wrong on the way, seen from the client.

use std::time::Duration;

use backscroll_simulator::{Cut, Edit, Fault, Hold, Network, Platform, WorldKind};
use serde_json::{Value, json};

use crate::{Api, ok};

async fn get(api: &Api, path: &str) -> (u16, String) {
    let answer = api.call("GET", path).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_rule_strikes_the_requests_it_names_as_often_as_it_says() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.on("GET", "/messages/facebook").query("conversationsOnly").skip(1).times(2).fail(Fault::http(503));
    let list = "/messages/facebook?conversationsOnly=true";
    let mut seen = Vec::new();
    for path in [list, "/messages/facebook", list, "/user", list, list] {
        seen.push(get(&api, path).await.0);
    }
    assert_eq!(seen, [200, 200, 503, 200, 503, 200]);
    assert_eq!(api.sim.faults_waiting(), 0);
    assert_eq!(api.sim.requests().iter().filter(|r| r.fault == Some("status")).count(), 2);
    api.sim.on_any("/user").always().fail(Fault::Empty);
    for _ in 0..3 {
        assert_eq!(get(&api, "/user").await, (200, String::new()));
    }
    api.sim.clear_faults();
    api.get("/user").await;
}

#[tokio::test]
async fn the_three_error_shapes_and_the_bodies_that_are_no_json() {
    let api = Api::start(WorldKind::Small).await;
    let path = "/messages/facebook";
    let next = |fault| {
        api.sim.fail_next(fault);
        get(&api, path)
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (status, body) = next(Fault::Status { http: 400, code: 161, message: "lost".into() }).await;
    assert_eq!((status, &json(&body)["code"]), (400, &json!(161)));
    let (status, body) = next(Fault::Wrapped { code: 161, message: "lost".into() }).await;
    assert_eq!((status, &json(&body)["errors"][0]["code"]), (400, &json!(161)));
    let (_, body) = next(Fault::MediaShape).await;
    assert!(json(&body).get("code").is_none() && json(&body)["statusCode"] == 404);
    let (status, body) = next(Fault::OkButError).await;
    assert_eq!((status, &json(&body)["status"]), (200, &json!("error")));
    let (status, body) = next(Fault::Html { http: 502 }).await;
    assert!(status == 502 && body.starts_with("<!doctype html>"));
    let (status, body) = next(Fault::Body { http: 200, body: "[".into() }).await;
    assert_eq!((status, body.as_str()), (200, "["));
}

#[tokio::test]
async fn a_429_comes_with_and_without_its_headers() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.fail_next(Fault::RateLimited { retry_after_s: Some(30) });
    let with = api.call("GET", "/user").send().await.unwrap();
    assert_eq!((with.status().as_u16(), &with.headers()["retry-after"]), (429, &"30".parse().unwrap()));
    assert!(with.headers().contains_key("x-ratelimit-count"));
    api.sim.fail_next(Fault::RateLimited { retry_after_s: None });
    let without = api.call("GET", "/user").send().await.unwrap();
    assert_eq!(without.status(), 429);
    assert!(!without.headers().contains_key("x-ratelimit-count") && !without.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn a_reset_before_the_headers_applies_nothing_and_apply_then_drop_applies_once() {
    for (fault, delivered) in [(Fault::Reset, 0), (Fault::apply_then_drop(), 1)] {
        let api = Api::start(WorldKind::Small).await;
        let ada = api.chat(Platform::Facebook, "Ada Park");
        let body = json!({ "recipientId": ada.person, "message": "Is it there?" });
        api.sim.on("POST", "/messages/facebook").fail(fault);
        let error = api.call("POST", "/messages/facebook").json(&body).send().await.unwrap_err();
        assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
        assert_eq!(api.sim.delivered().len(), delivered);
    }
}

#[tokio::test]
async fn an_applied_send_may_answer_anything() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(Platform::Facebook, "Ada Park");
    let body = json!({ "recipientId": ada.person, "message": "hello" });
    for (n, fault) in [Fault::http(500), Fault::Empty, Fault::Html { http: 200 }].into_iter().enumerate() {
        api.sim.on("POST", "/messages/").fail(Fault::Applied(Box::new(fault)));
        api.call("POST", "/messages/facebook").json(&body).send().await.unwrap();
        assert_eq!(api.sim.delivered().len(), n + 1);
    }
}

#[tokio::test]
async fn a_body_can_end_early_in_order_or_by_reset() {
    let api = Api::start(WorldKind::Small).await;
    for how in [Cut::Close, Cut::Reset] {
        api.sim.on("GET", "/messages/facebook").fail(Fault::CutBody { after: 100, how });
        let read = async {
            api.call("GET", "/messages/facebook").header("accept-encoding", "identity").send().await?.bytes().await
        };
        assert!(read.await.is_err(), "{how:?}");
    }
    assert_eq!(get(&api, "/messages/facebook").await.0, 200, "the next connection is whole");
}

#[tokio::test]
async fn garbage_and_huge_answers_stream_to_their_length() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.fail_next(Fault::Garbage { bytes: 1_000_000 });
    let bytes = api.call("GET", "/messages/facebook").send().await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.len(), 1_000_000);
    assert!(serde_json::from_slice::<Value>(&bytes).is_err());
    api.sim.fail_next(Fault::Huge { bytes: 2_000_000 });
    let text = get(&api, "/messages/facebook").await.1;
    assert!(text.len() >= 2_000_000);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value["messages"].as_array().unwrap().len() > 4_000);
}

#[tokio::test]
async fn a_held_request_waits_for_its_gate_and_then_goes_on() {
    let api = Api::start(WorldKind::Small).await;
    let hold = Hold::new();
    api.sim.fail_next(Fault::Hold(hold.clone()));
    let mut waiting = Box::pin(api.call("GET", "/user").send());
    let early = tokio::time::timeout(Duration::from_millis(30), &mut waiting).await;
    assert!(early.is_err());
    hold.open();
    ok(waiting.await.unwrap()).await;
}

#[tokio::test]
async fn a_half_open_connection_never_answers() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.fail_next(Fault::HalfOpen);
    let error = api.call("GET", "/user").timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout());
    api.sim.set_network(Network::Silent).unwrap();
    let error = api.call("GET", "/user").timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout());
    api.sim.set_network(Network::Up).unwrap();
    api.get("/user").await;
}

#[tokio::test]
async fn slow_bodies_arrive_whole_if_one_waits() {
    let api = Api::start(WorldKind::Small).await;
    let whole = get(&api, "/messages/autoresponse").await.1;
    api.sim.fail_next(Fault::Slow { bytes_per_second: 400 });
    assert_eq!(get(&api, "/messages/autoresponse").await.1, whole);
    api.sim.fail_next(Fault::Slow { bytes_per_second: 1 });
    let slow = api.call("GET", "/user").timeout(Duration::from_millis(80)).send().await;
    let read = async { slow?.bytes().await };
    assert!(read.await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_refused_network_refuses_and_comes_back_on_the_same_port() {
    let api = Api::start(WorldKind::Small).await;
    for _ in 0..3 {
        api.get("/user").await;
        api.sim.set_network(Network::Refused).unwrap();
        assert!(api.call("GET", "/user").send().await.unwrap_err().is_connect());
        api.sim.set_network(Network::Up).unwrap();
    }
    api.get("/user").await;
}

#[tokio::test]
async fn a_wrong_clock_shows_in_the_date_and_in_last_updated() {
    let api = Api::start(WorldKind::Small).await;
    let hour = 3_600_000;
    let honest = api.get("/messages/facebook").await["lastUpdated"].as_str().unwrap().to_owned();
    let shifted = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    api.sim.fail_next(Fault::ClockOff { ms: hour });
    let answer = api.call("GET", "/messages/facebook").send().await.unwrap();
    assert_eq!(answer.headers()["date"], "Mon, 21 Sep 2026 15:13:20 GMT");
    let told = ok(answer).await["lastUpdated"].as_str().unwrap().to_owned();
    assert_eq!(shifted(&told) - shifted(&honest), hour);
    api.sim.set_clock_skew(-hour);
    let answer = api.call("GET", "/messages/instagram").send().await.unwrap();
    assert_eq!(answer.headers()["date"], "Mon, 21 Sep 2026 13:13:20 GMT");
}

#[tokio::test]
async fn unknown_values_missing_fields_and_any_edit_can_be_asked_for() {
    let api = Api::start(WorldKind::Small).await;
    api.sim.fail_next(Fault::UnknownEnums);
    let strange = api.get("/messages/facebook").await;
    assert_eq!(strange["messages"][0]["action"], "whispered");
    assert_eq!(strange["messages"][2]["attachments"][0]["type"], "hologram");
    api.sim.fail_next(Fault::MissingFields);
    let bare = api.get("/messages/facebook").await;
    assert!(bare["messages"][0].get("senderDetails").is_none() && bare["messages"][0]["id"].is_string());
    assert!(bare["messages"][2].get("id").is_none());
    api.sim.fail_next(Fault::Edit(Edit::new(|v| v["messages"] = json!("none"))));
    assert_eq!(api.get("/messages/facebook").await["messages"], "none");
    assert!(api.get("/messages/facebook").await["messages"].is_array(), "the cache was not touched");
}

#[tokio::test]
async fn redirects_keep_their_status_and_location() {
    let api = Api::start(WorldKind::Small).await;
    for http in [301, 307, 308] {
        let to = "http://127.0.0.1:9/elsewhere".to_owned();
        api.sim.fail_next(Fault::Redirect { http, to: to.clone() });
        let answer = api.call("GET", "/user").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (http, to.as_str()));
    }
}

#[tokio::test]
async fn shutting_down_frees_the_port() {
    let api = Api::start(WorldKind::Empty).await;
    let addr = api.sim.addr();
    api.get("/user").await;
    api.sim.shutdown().await;
    assert!(api.call("GET", "/user").send().await.is_err());
    std::net::TcpListener::bind(addr).unwrap();
}

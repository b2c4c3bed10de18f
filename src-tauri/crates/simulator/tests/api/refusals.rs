//! Keys, profiles, flags and the rate limit, in the order in which the server looks at them.

use backscroll_simulator::{Platform, WorldKind};
use serde_json::json;

use crate::{Api, P};

#[tokio::test]
async fn a_missing_wrong_or_revoked_key_gets_401() {
    let api = Api::start(WorldKind::Small).await;
    let profile_key = "Bearer AAAAAAA-BBBBBBB-CCCCCCC-DDDDDDD";
    for request in [api.bare("GET", "/user"), api.bare("GET", "/user").header("authorization", profile_key)] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!((&body["action"], &body["status"]), (&json!("authorization"), &json!("error")));
    }
    let old = api.sim.api_key();
    let new = api.sim.revoke_api_key();
    assert_ne!(old, new);
    assert_eq!(api.bare("GET", "/user").bearer_auth(old).send().await.unwrap().status(), 401);
    assert_eq!(api.bare("GET", "/user").bearer_auth(new).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_empty_profile_key_is_the_primary_profile_a_known_one_acts_and_an_unknown_one_gets_403() {
    let api = Api::start(WorldKind::Demo).await;
    let pier = api.sim.profiles().into_iter().find(|p| p.title == "North Pier").unwrap();
    let title = |key: &str| {
        let request = api.call("GET", "/user").header("profile-key", key);
        async { request.send().await.unwrap().json::<serde_json::Value>().await.unwrap() }
    };
    assert_eq!(title("").await["title"], "Primary Profile");
    let user = title(&pier.key.unwrap()).await;
    assert_eq!((&user["title"], &user["refId"]), (&json!("North Pier"), &json!(pier.ref_id)));
    assert_eq!(user["activeSocialAccounts"], json!(["facebook", "instagram", "twitter"]));
    let refused = api.call("GET", "/user").header("profile-key", "nobody").send().await.unwrap();
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn x_wants_both_keys_and_the_right_ones() {
    let api = Api::start(WorldKind::Small).await;
    let (key, secret) = api.sim.x_keys();
    let ask = |headers: Vec<(&'static str, String)>| {
        let mut request = api.bare("GET", "/messages/twitter").bearer_auth(api.sim.api_key());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        async {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<serde_json::Value>().await.unwrap())
        }
    };
    let (key_name, secret_name) = ("X-Twitter-OAuth1-Api-Key", "X-Twitter-OAuth1-Api-Secret");
    let (status, body) = ask(vec![]).await;
    assert_eq!((status, &body["code"], &body["action"]), (419, &json!(419), &json!("x_credentials_required")));
    let (status, body) = ask(vec![(key_name, key.clone())]).await;
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains(secret_name));
    let (status, body) = ask(vec![(secret_name, secret.clone())]).await;
    assert_eq!(status, 400);
    assert!(body["message"].as_str().unwrap().contains(key_name));
    let (status, body) = ask(vec![(key_name, key.clone()), (secret_name, "wrong".into())]).await;
    assert_eq!((status, &body["code"]), (400, &json!(272)));
    assert_eq!(ask(vec![(key_name, key), (secret_name, secret)]).await.0, 200);
    let without = api.bare("GET", "/messages/facebook").bearer_auth(api.sim.api_key()).send().await.unwrap();
    assert_eq!(without.status(), 200, "the other networks need none");
}

#[tokio::test]
async fn an_unlinked_a_disabled_and_a_stale_network_say_what_is_missing() {
    let api = Api::start(WorldKind::Small).await;
    let code = || async { api.fails("GET", "/messages/instagram", json!({})).await };
    api.sim.set_messaging_active(P, Platform::Instagram, false).unwrap();
    assert_eq!(code().await.1["code"], 362);
    api.sim.set_messaging_enabled(P, false).unwrap();
    assert_eq!(code().await.1["code"], 361);
    api.sim.unlink(P, Platform::Instagram).unwrap();
    let (status, body) = code().await;
    assert_eq!((status, &body["code"]), (400, &json!(156)));
    let user = api.get("/user").await;
    assert_eq!(user["messagingEnabled"], false);
    assert!(!user["activeSocialAccounts"].as_array().unwrap().contains(&json!("instagram")));
    api.sim.set_messaging_enabled(P, true).unwrap();
    api.sim.link(P, Platform::Instagram).unwrap();
    api.get("/messages/instagram").await;
}

#[tokio::test]
async fn wrong_platforms_paths_methods_and_parameters_have_their_status() {
    let api = Api::start(WorldKind::Small).await;
    for (method, path, status) in [
        ("GET", "/messages/myspace", 400),
        ("GET", "/messages/facebook?status=lost", 400),
        ("GET", "/messages/facebook?conversationsOnly=maybe", 400),
        ("GET", "/message", 404),
        ("POST", "/nowhere", 404),
        ("DELETE", "/messages/facebook", 405),
        ("PUT", "/messages/facebook/t_1", 400),
    ] {
        let (got, body) = api.fails(method, path, json!({})).await;
        assert_eq!((got, &body["status"]), (status, &json!("error")), "{method} {path}");
    }
    let (status, _) = api.fails("PUT", "/messages/facebook/t_1", json!({ "status": "archived" })).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn every_answer_counts_and_the_three_hundred_and_first_gets_429_until_the_window_turns() {
    let api = Api::start(WorldKind::Demo).await;
    let count = |answer: &reqwest::Response| answer.headers()["x-ratelimit-count"].to_str().unwrap().to_owned();
    let first = api.call("GET", "/messages/myspace").send().await.unwrap();
    assert_eq!((first.headers()["x-ratelimit-max"].to_str().unwrap(), count(&first).as_str()), ("300", "1"));
    for _ in 0..299 {
        api.call("GET", "/messages/autoresponse").send().await.unwrap();
    }
    let refused = api.call("GET", "/messages/autoresponse").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), count(&refused).as_str()), (429, "301"));
    let pier = api.sim.profiles().into_iter().find(|p| p.title == "North Pier").unwrap().key.unwrap();
    let other = api.call("GET", "/user").header("profile-key", pier).send().await.unwrap();
    assert_eq!((other.status().as_u16(), count(&other).as_str()), (200, "1"), "the budget is the profile's");
    api.pass(300).await;
    assert_eq!(count(&api.call("GET", "/user").send().await.unwrap()), "1");
}

#[tokio::test]
async fn a_thousand_refusals_in_a_day_suspend_the_profile() {
    let api = Api::start(WorldKind::Empty).await;
    api.sim.set_knobs(|k| k.rate_limit = 0);
    for _ in 0..1_000 {
        assert_eq!(api.call("GET", "/user").send().await.unwrap().status(), 429);
    }
    api.sim.set_knobs(|k| k.rate_limit = 300);
    assert_eq!(api.call("GET", "/user").send().await.unwrap().status(), 403);
    api.sim.set_suspended(P, false).unwrap();
    api.pass(300).await;
    assert_eq!(api.call("GET", "/user").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_are_recorded_without_their_secrets() {
    let api = Api::start(WorldKind::Small).await;
    api.get("/messages/twitter?limit=1").await;
    api.get("/user").await;
    api.bare("GET", "/user").send().await.unwrap();
    let seen = api.sim.requests();
    assert_eq!(seen.len(), 3);
    assert_eq!((seen[0].path.as_str(), seen[0].query.as_str()), ("/messages/twitter", "limit=1"));
    assert_eq!((seen[0].profile, seen[0].platform, seen[0].status), (Some(P), Some(Platform::Twitter), Some(200)));
    assert_eq!((seen[2].profile, seen[2].status), (None, Some(401)));
    let printed = format!("{seen:?}");
    let (key, secret) = api.sim.x_keys();
    for secret in [api.sim.api_key(), key, secret] {
        assert!(!printed.contains(&secret));
    }
    let counts = api.sim.call_counts();
    assert_eq!(counts.get(&(P, Some(Platform::Twitter))), Some(&1));
    assert_eq!(counts.get(&(P, None)), Some(&1));
}

#[cfg(not(all(feature = "control", debug_assertions)))]
#[tokio::test]
async fn the_control_surface_is_not_there_unless_built_in() {
    let api = Api::start(WorldKind::Small).await;
    let url = format!("http://{}/__control/ledger", api.sim.addr());
    let answer = api.http.get(url).bearer_auth(api.sim.api_key()).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

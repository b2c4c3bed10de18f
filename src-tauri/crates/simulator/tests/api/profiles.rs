//! `/profiles` beyond the official cases, and the secrets a world gives out.

use backscroll_simulator::{ProfileId, WorldKind};
use serde_json::json;

use crate::Api;

#[tokio::test]
async fn the_list_has_neither_keys_nor_the_primary_profile_and_can_be_filtered_and_paged() {
    let api = Api::start(WorldKind::Demo).await;
    let all = api.get("/profiles").await;
    let titles: Vec<_> = all["profiles"].as_array().unwrap().iter().map(|p| p["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["North Pier", "Spoke Street Cycles"]);
    for key in api.sim.profiles().into_iter().filter_map(|p| p.key) {
        assert!(!all.to_string().contains(&key));
    }
    let first = api.get("/profiles?limit=1").await;
    assert_eq!((&first["count"], &first["pagination"]["hasMore"]), (&json!(1), &json!(true)));
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    let second = api.get(&format!("/profiles?limit=1&cursor={cursor}")).await;
    assert_eq!(second["profiles"][0]["title"], "Spoke Street Cycles");
    assert_eq!(api.get("/profiles?title=North%20Pier").await["count"], 1);
    assert_eq!(api.get("/profiles?includesActiveSocialAccounts[0]=youtube").await["count"], 0);
    assert_eq!(api.get("/profiles?hasActiveSocialAccounts=true").await["count"], 2);
}

#[tokio::test]
async fn titles_are_unique_and_the_list_is_for_the_api_key_alone() {
    let api = Api::start(WorldKind::Demo).await;
    let (_, refused) = api.fails("POST", "/profiles", json!({ "title": "North Pier" })).await;
    assert_eq!(refused["code"], 146);
    assert_eq!(api.fails("POST", "/profiles", json!({})).await.1["code"], 101);
    let key = api.sim.profiles()[1].key.clone().unwrap();
    let answer = api.call("GET", "/profiles").header("profile-key", key).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn messaging_is_switched_on_per_profile_and_then_wants_each_network_linked_again() {
    let api = Api::start(WorldKind::Demo).await;
    let pier = api.sim.profile("North Pier").unwrap();
    let key = api.sim.profiles()[pier.index()].key.clone().unwrap();
    let call = |method, path: &str| api.call(method, path).header("profile-key", key.clone());
    api.sim.set_messaging_enabled(pier, false).unwrap();
    call("PATCH", "/profiles").json(&json!({ "title": "North Pier", "messagingActive": true })).send().await.unwrap();
    let user: serde_json::Value = call("GET", "/user").send().await.unwrap().json().await.unwrap();
    assert_eq!(user["messagingEnabled"], true);
    assert_eq!(user["displayNames"][0]["messagingActive"], false);
    let refused: serde_json::Value = call("GET", "/messages/facebook").send().await.unwrap().json().await.unwrap();
    assert_eq!(refused["code"], 362);
    api.sim.link(pier, backscroll_simulator::Platform::Facebook).unwrap();
    assert_eq!(call("GET", "/messages/facebook").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_new_profile_has_no_network_and_its_key_works_at_once() {
    let api = Api::start(WorldKind::Empty).await;
    let made = api.send("POST", "/profiles", json!({ "title": "Fresh", "messagingActive": true })).await;
    let key = made["profileKey"].as_str().unwrap();
    let user = api.call("GET", "/user").header("profile-key", key).send().await.unwrap();
    let user: serde_json::Value = user.json().await.unwrap();
    assert_eq!((&user["activeSocialAccounts"], &user["messagingEnabled"]), (&json!([]), &json!(true)));
    let refused = api.call("GET", "/messages/facebook").header("profile-key", key).send().await.unwrap();
    assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["code"], 156);
}

#[tokio::test]
async fn secrets_have_the_form_in_which_an_account_is_added() {
    let api = Api::start(WorldKind::Demo).await;
    let told = api.sim.announcement();
    let ayrshare = &told["ayrshare"];
    assert_eq!(ayrshare["api_base"], api.sim.base_url());
    assert_eq!(ayrshare["secrets"], api.sim.secrets_json(ProfileId::PRIMARY));
    assert!(ayrshare["secrets"].get("profile_key").is_none());
    assert_eq!(ayrshare["profiles"].as_array().unwrap().len(), 3);
    let pier = &ayrshare["profiles"][1]["secrets"];
    for field in ["api_key", "profile_key", "x_api_key", "x_api_secret"] {
        assert!(pier[field].is_string(), "{field}");
    }
}

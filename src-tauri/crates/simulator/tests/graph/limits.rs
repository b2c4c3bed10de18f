//! How often one may ask (reference 5.3–5.5).

use backscroll_simulator::{Meter, ProfileId, Synthetic, WorldKind};
use serde_json::{Value, json};

use crate::{Api, FB, IG, P, encode};

#[tokio::test]
async fn the_third_read_within_a_second_is_refused_for_each_page_and_platform() {
    let api = Api::start(WorldKind::Demo).await;
    api.graph().set_knobs(|k| k.reads_per_second = Some(2));
    let chat = api.chat(FB, "Ada Park");
    api.get("/me/conversations").await;
    api.get(&format!("/{}/messages", chat.conversation)).await;
    let (status, error) = api.fails("/me/conversations").await;
    assert_eq!((status, &error["code"]), (400, &json!(613)));
    api.get("/me/conversations?platform=instagram").await;
    api.get(&format!("/{}?fields=name", chat.person)).await;
    api.get("/me").await;
    let other = api.graph().page_token(api.sim.profile("North Pier").unwrap());
    assert_eq!(api.bare("GET", "/me/conversations").bearer_auth(other).send().await.unwrap().status(), 200);
    api.pass(1).await;
    api.get("/me/conversations").await;
    let calls = api.graph().calls();
    assert_eq!((calls[&(P, Some(FB))], calls[&(P, Some(IG))], calls[&(P, None)]), (5, 1, 1));
}

fn usage(answer: &reqwest::Response) -> Value {
    serde_json::from_str(answer.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap()
}

#[tokio::test]
async fn every_answer_shows_the_meter_it_counts_on() {
    let api = Api::start(WorldKind::Small).await;
    let page = api.graph().page_id(P).unwrap();
    api.graph().set_usage(P, FB, Meter { call_count: 12, total_cputime: 3, total_time: 5, regain_minutes: 0 });
    let answer = api.call("/me/conversations").send().await.unwrap();
    assert_eq!(
        usage(&answer),
        json!({ page.clone(): [{ "type": "messenger", "call_count": 12, "total_cputime": 3, "total_time": 5, "estimated_time_to_regain_access": 0 }] })
    );
    assert_eq!(usage(&api.call("/me").send().await.unwrap())[&page][0]["type"], "pages");
    let instagram = api.call("/me/conversations?platform=instagram").send().await.unwrap();
    assert_eq!(usage(&instagram)[api.graph().instagram_id(P).unwrap()][0]["type"], "instagram");
}

#[tokio::test]
async fn a_full_meter_stops_its_platform_and_says_for_how_long() {
    let api = Api::start(WorldKind::Small).await;
    for (platform, path, code) in
        [(FB, "/me/conversations", 80_006), (IG, "/me/conversations?platform=instagram", 80_002)]
    {
        api.graph().set_usage(P, platform, Meter { regain_minutes: 5, ..Meter::percent(100) });
        let answer = api.call(path).send().await.unwrap();
        let told = usage(&answer).as_object().unwrap().values().next().unwrap()[0].clone();
        assert_eq!(told["estimated_time_to_regain_access"], 5);
        assert_eq!(crate::failure(answer).await.1["code"], code);
        let person = api.graph().chats(P, platform)[0].person.clone();
        assert_eq!(api.code(&format!("/{}", encode(&person))).await.0, code, "people count too");
        api.graph().set_usage(P, platform, Meter::percent(99));
        api.get(path).await;
    }
    api.graph().set_app_usage(Meter::percent(100));
    let user = api.bare("GET", "/me/accounts").bearer_auth(api.graph().user_token()).send().await.unwrap();
    assert_eq!(crate::failure(user).await.1["code"], 4);
}

#[tokio::test]
async fn statuses_of_refusals_can_be_others() {
    let api = Api::start(WorldKind::Small).await;
    api.graph().set_knobs(|k| {
        (k.reads_per_second, k.throttled_status, k.token_status, k.deleted_status) = (Some(0), 429, 401, 403);
    });
    assert_eq!(api.fails("/me/conversations").await.0, 429);
    assert_eq!(api.bare("GET", "/me").bearer_auth("x").send().await.unwrap().status(), 401);
    api.graph().set_knobs(|k| (k.reads_per_second, k.foreign_errors) = (None, true));
    let chat = api.chat(IG, "Noor Vale");
    let id = api.graph().receive(&chat, "x").unwrap();
    api.sim.unsend(&chat, &id).unwrap();
    let (status, error) = api.fails(&format!("/{}", encode(&id))).await;
    assert_eq!((status, &error["code"]), (403, &json!(9_000_001)));
    assert!(!error["message"].as_str().unwrap().contains("deleted"), "in other words");
}

#[tokio::test]
async fn a_world_of_any_size_answers_and_can_take_its_time() {
    let platforms = vec![FB, IG];
    let size = Synthetic { conversations: 500, messages_per_conversation: 25, platforms };
    let api = Api::start(WorldKind::Synthetic(size)).await;
    assert_eq!(api.graph().chats(ProfileId::PRIMARY, FB).len(), 250);
    assert_eq!(api.walk("/me/conversations?platform=instagram&limit=100").await.concat().len(), 250);
    api.graph().set_knobs(|k| k.latency_ms = 5);
    api.get("/me").await;
}

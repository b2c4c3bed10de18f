//! The list of conversations (reference 2).

use std::collections::BTreeSet;

use backscroll_simulator::{Content, Inbound, Platform, Synthetic, WorldKind};
use serde_json::{Value, json};

use crate::{Api, EVERYTHING, FB, IG, P, START, encode, ids};

fn many(conversations: usize) -> WorldKind {
    WorldKind::Synthetic(Synthetic { conversations, messages_per_conversation: 3, platforms: vec![Platform::Facebook] })
}

#[tokio::test]
async fn an_empty_account_has_an_empty_list() {
    let api = Api::start(WorldKind::Empty).await;
    assert_eq!(api.get("/me/conversations").await, json!({ "data": [] }));
    let person = api.sim.add_person(P, FB, "Ada").unwrap();
    assert_eq!(api.get("/me/conversations").await["data"], json!([]), "nobody has written yet");
    api.graph().receive(&person, "Hello").unwrap();
    assert_eq!(api.get("/me/conversations").await["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn sixty_conversations_come_in_three_pages_newest_first() {
    let api = Api::start(many(60)).await;
    let pages = api.walk("/me/conversations").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 10]);
    let rows: Vec<Value> = pages.concat();
    assert_eq!(ids(&rows).into_iter().collect::<BTreeSet<_>>().len(), 60);
    let times: Vec<&str> = rows.iter().map(|r| r["updated_time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert!(times[0].ends_with("+0000") && times[0].len() == 24);
    assert_eq!(rows[0].as_object().unwrap().len(), 2, "id and updated_time");
    let clamped = api.get("/me/conversations?limit=1000").await;
    assert_eq!(clamped["data"].as_array().unwrap().len(), 60);
    assert!(clamped["paging"].get("next").is_none() && clamped["paging"].get("previous").is_none());
    assert!(clamped["paging"]["cursors"]["after"].is_string());
}

#[tokio::test]
async fn next_carries_token_and_parameters_and_previous_leads_back() {
    let api = Api::start(many(7)).await;
    let first = api.get("/me/conversations?limit=3&fields=id,snippet&platform=MESSENGER").await;
    let next = first["paging"]["next"].as_str().unwrap();
    assert!(next.starts_with(&format!(
        "{}/v25.0/{}/conversations?",
        api.graph().api_base(),
        api.graph().page_id(P).unwrap()
    )));
    for part in [format!("access_token={}", api.graph().page_token(P)), "limit=3".into(), "platform=MESSENGER".into()] {
        assert!(next.contains(&part), "{next}");
    }
    let second = api.follow(next).await;
    assert!(second["data"][0].get("snippet").is_some());
    let back = api.follow(second["paging"]["previous"].as_str().unwrap()).await;
    assert_eq!(back["data"], first["data"]);
    assert!(back["paging"].get("previous").is_none());
}

#[tokio::test]
async fn a_conversation_that_moves_to_the_front_meanwhile_pushes_nothing_out_of_sight() {
    let api = Api::start(many(30)).await;
    let before = api.get("/me/conversations?limit=10").await;
    let all: BTreeSet<String> = api.graph().chats(P, FB).into_iter().map(|c| c.conversation).collect();
    let last = api.walk("/me/conversations?limit=100").await.concat()[29]["id"].as_str().unwrap().to_owned();
    let chat = api.chat(FB, &last);
    api.graph().receive(&chat, "Are you there?").unwrap();
    let mut seen: BTreeSet<String> = ids(before["data"].as_array().unwrap()).into_iter().map(str::to_owned).collect();
    let mut next = before["paging"]["next"].as_str().map(str::to_owned);
    while let Some(url) = next {
        let page = api.follow(&url).await;
        seen.extend(ids(page["data"].as_array().unwrap()).into_iter().map(str::to_owned));
        next = page["paging"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(
        all.difference(&seen).collect::<Vec<_>>(),
        [&last],
        "only the one that moved, and it is on page one now"
    );
    assert_eq!(api.get("/me/conversations?limit=1").await["data"][0]["id"], json!(last));
}

#[tokio::test]
async fn an_empty_page_may_have_a_next() {
    let api = Api::start(many(5)).await;
    api.graph().set_knobs(|k| k.empty_pages = 2);
    let pages = api.walk("/me/conversations?limit=3").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 3, 2]);
}

#[tokio::test]
async fn a_page_can_repeat_its_next() {
    let api = Api::start(many(5)).await;
    api.graph().set_knobs(|k| k.repeat_next = true);
    let first = api.get("/me/conversations?limit=2").await;
    let again = api.follow(first["paging"]["next"].as_str().unwrap()).await;
    let third = api.follow(again["paging"]["next"].as_str().unwrap()).await;
    assert_eq!(again["paging"]["next"], third["paging"]["next"]);
    assert_eq!(first["data"], third["data"]);
}

#[tokio::test]
async fn one_nested_request_brings_conversations_with_their_messages() {
    let api = Api::start(WorldKind::Small).await;
    let list = api.get(&format!("/me/conversations?fields={EVERYTHING}")).await;
    let ada = &list["data"][0];
    let person = api.chat(FB, "Ada Park").person;
    assert_eq!((&ada["unread_count"], &ada["message_count"]), (&json!(1), &json!(3)));
    assert_eq!((&ada["snippet"], &ada["can_reply"]), (&json!("Great, waiting outside"), &json!(true)));
    let who = &ada["participants"]["data"][0];
    assert_eq!(who, &json!({ "id": person, "name": "Ada Park", "email": format!("{person}@facebook.com") }));
    assert_eq!(ada["participants"]["data"][1]["id"], api.graph().page_id(P).unwrap());
    let newest = &ada["messages"]["data"][0];
    assert_eq!((&newest["message"], &newest["from"]["name"]), (&json!("Great, waiting outside"), &json!("Ada Park")));
    for absent in ["attachments", "shares", "story", "reactions", "reply_to", "is_unsupported", "sticker"] {
        assert!(newest.get(absent).is_none(), "{absent}: empty fields are omitted");
    }
    let lin = &list["data"][1]["messages"]["data"][0];
    let id = &list["data"][1]["participants"]["data"][0]["id"];
    assert_eq!(lin["reactions"], json!({ "data": [{ "reaction": "👍", "users": [{ "id": id, "name": "Lin Moe" }] }] }));
    assert!(list["data"][0]["messages"]["paging"].get("next").is_none());
}

#[tokio::test]
async fn instagram_has_user_names_and_only_what_is_documented_unless_switched() {
    let api = Api::start(WorldKind::Small).await;
    let path = format!("/me/conversations?platform=instagram&fields={EVERYTHING}");
    let row = api.get(&path).await["data"][0].clone();
    let who = &row["participants"]["data"];
    assert_eq!(who[0], json!({ "id": api.chat(IG, "Noor Vale").person, "username": "noor.vale" }));
    assert_eq!(who[1], json!({ "id": api.graph().instagram_id(P).unwrap(), "username": "corner.bakery" }));
    assert_eq!(row["messages"]["data"][0]["to"]["data"][0]["username"], "corner.bakery");
    assert!(row.get("unread_count").is_none());
    api.graph().set_knobs(|k| k.instagram_counts = true);
    assert_eq!(api.get(&path).await["data"][0]["unread_count"], 1);
}

#[tokio::test]
async fn nested_lists_have_pages_of_their_own() {
    let api = Api::start(WorldKind::Demo).await;
    let chat = api.chat(FB, "Rosie & Dan");
    let path = format!("/me/conversations?user_id={}&fields=messages.limit(4){{id,message}}", chat.person);
    let first = api.get(&path).await["data"][0]["messages"].clone();
    let second = api.follow(first["paging"]["next"].as_str().unwrap()).await;
    let listed = [first["data"].as_array().unwrap().clone(), second["data"].as_array().unwrap().clone()].concat();
    let truth = api.graph().truth(&chat).unwrap();
    let newest: Vec<&str> = truth.iter().rev().take(8).map(|m| m.id.as_str()).collect();
    assert_eq!(ids(&listed), newest);
    assert!(listed[7].get("message").is_some() && listed[7].get("created_time").is_none());
}

#[tokio::test]
async fn one_person_is_found_by_user_id() {
    let api = Api::start(WorldKind::Small).await;
    let chat = api.chat(IG, "Ines Moreau");
    let found = api.get(&format!("/me/conversations?platform=Instagram&user_id={}", chat.person)).await;
    assert_eq!(ids(found["data"].as_array().unwrap()), [chat.conversation.as_str()]);
    assert_eq!(api.get("/me/conversations?user_id=1").await, json!({ "data": [] }));
}

#[tokio::test]
async fn unknown_fields_fail_the_call_and_can_be_withdrawn_by_version() {
    let api = Api::start(WorldKind::Small).await;
    for (fields, sentence) in [
        ("id,subject", "(#100) Tried accessing nonexisting field (subject) on node type (UnifiedThread)"),
        ("messages{is_echo}", "(#100) Tried accessing nonexisting field (is_echo) on node type (Message)"),
        (
            "messages{attachments{colour}}",
            "(#100) Tried accessing nonexisting field (colour) on node type (MessageAttachment)",
        ),
        ("messages{shares{colour}}", "(#100) Tried accessing nonexisting field (colour) on node type (MessageShare)"),
        ("participants{colour}", "(#100) Tried accessing nonexisting field (colour) on node type (User)"),
    ] {
        let (status, error) = api.fails(&format!("/me/conversations?limit=5&fields={fields}")).await;
        assert_eq!((status, &error["code"], &error["message"]), (400, &json!(100), &json!(sentence)), "{fields}");
    }
    api.graph().set_knobs(|k| k.unknown_fields = ["v25.0:reactions".to_owned()].into());
    assert_eq!(api.code("/me/conversations?limit=5&fields=messages{id,reactions}").await, (100, None));
    let url = format!("{}/v26.0/me/conversations?limit=5&fields=messages{{id,reactions}}", api.graph().api_base());
    assert_eq!(api.http.get(url).bearer_auth(api.graph().page_token(P)).send().await.unwrap().status(), 200);
    assert_eq!(api.code("/me/conversations?fields=id,messages{").await, (2500, None));
}

#[tokio::test]
async fn bad_parameters_are_refused() {
    let api = Api::start(WorldKind::Small).await;
    for query in
        ["platform=whatsapp", "limit=0", "limit=many", "after=QVFI", "before=%00", "fields=messages.limit(x){id}"]
    {
        assert_eq!(api.code(&format!("/me/conversations?{query}")).await, (100, None), "{query}");
    }
    let first = api.get("/me/conversations?limit=1").await;
    api.sim.expire_cursors();
    let next = first["paging"]["next"].as_str().unwrap();
    assert_eq!(api.http.get(next).send().await.unwrap().status(), 400, "cursors do not live for ever");
}

#[tokio::test]
async fn too_much_data_is_a_500_with_code_1() {
    let api = Api::start(WorldKind::Small).await;
    let (status, error) = api.fails("/me/conversations?limit=26&fields=messages.limit(20){id}").await;
    assert_eq!((status, &error["code"]), (500, &json!(1)));
    assert!(error["message"].as_str().unwrap().starts_with("Please reduce the amount of data"));
    assert_eq!(api.code("/me/conversations?fields=messages{id}").await, (1, None), "25 times 25 by default");
    api.get("/me/conversations?limit=25&fields=messages.limit(20){id}").await;
    api.graph().set_knobs(|k| k.max_data = None);
    api.get("/me/conversations?limit=100&fields=messages.limit(100){id}").await;
}

#[tokio::test]
async fn requests_idle_for_more_than_thirty_days_are_left_out() {
    let api = Api::start(WorldKind::Demo).await;
    let (fresh, old) = (api.chat(IG, "Nadia Kerr"), api.chat(IG, "Old Friend"));
    let rows = api.walk("/me/conversations?platform=instagram").await.concat();
    assert!(ids(&rows).contains(&fresh.conversation.as_str()) && !ids(&rows).contains(&old.conversation.as_str()));
    let one = format!("/me/conversations?platform=instagram&user_id={}", old.person);
    assert_eq!(api.get(&one).await["data"], json!([]));
    let pending = api.get("/me/conversations?platform=instagram&folder=pending").await;
    assert_eq!(ids(pending["data"].as_array().unwrap()), [fresh.conversation.as_str()]);
    let inbox = api.get("/me/conversations?platform=instagram&folder=inbox").await;
    assert!(!ids(inbox["data"].as_array().unwrap()).contains(&fresh.conversation.as_str()));
    api.graph().receive(&old, "Hello again").unwrap();
    assert_eq!(api.get(&one).await["data"].as_array().unwrap().len(), 1, "it is alive again");
}

#[tokio::test]
async fn unread_follows_metas_own_inbox_and_not_the_api() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.chat(FB, "Ada Park");
    let unread = async || {
        let path = format!("/{}?fields=unread_count", ada.conversation);
        api.get(&path).await["unread_count"].as_u64().unwrap()
    };
    api.pass(1).await;
    api.graph().receive(&ada, Inbound::content(Content::Image)).unwrap();
    assert_eq!(unread().await, 2);
    api.graph().open_in_inbox(&ada).unwrap();
    assert_eq!(unread().await, 0);
    api.pass(1).await;
    api.graph().receive(&ada, "One more").unwrap();
    assert_eq!(unread().await, 1);
    api.pass(1).await;
    api.graph().typed_in_inbox(&ada, "Answered by hand").unwrap();
    assert_eq!(unread().await, 0);
}

#[tokio::test]
async fn both_apis_tell_of_the_same_messages() {
    let api = Api::start(WorldKind::Small).await;
    let ada = api.sim.chat(P, FB, "Ada Park").unwrap();
    let id = api.sim.inbound(&ada, "Once, for both").unwrap();
    let graph = api.get(&format!("/{}/messages?fields=message", ada.conversation)).await;
    assert_eq!(graph["data"][0], json!({ "id": id, "message": "Once, for both" }));
    let url = format!("{}/messages/facebook", api.sim.base_url());
    let other: Value = api.http.get(url).bearer_auth(api.sim.api_key()).send().await.unwrap().json().await.unwrap();
    assert!(other["messages"].as_array().unwrap().iter().any(|m| m["id"] == json!(id)));
    assert_eq!(api.graph().truth(&ada).unwrap().last().unwrap().at_ms, START);
}

#[tokio::test]
async fn what_only_graph_shows_is_not_in_any_answer_of_the_other_api() {
    let api = Api::start(WorldKind::Demo).await;
    let all = api.walk("/me/conversations?limit=100").await.concat();
    let chat = api.chat(FB, "Priya Nair");
    assert!(ids(&all).contains(&chat.conversation.as_str()));
    assert!(api.sim.chat(P, FB, "Priya Nair").is_err());
    let url = format!("{}/messages/facebook", api.sim.base_url());
    let other = api.http.get(url).bearer_auth(api.sim.api_key()).send().await.unwrap().text().await.unwrap();
    assert!(!other.contains(&chat.conversation) && !encode(&chat.conversation).is_empty());
    assert!(api.sim.ledger().iter().all(|e| e.conversation != chat.conversation));
}

//! Tokens, Pages and permissions (reference 1).

use backscroll_simulator::{TokenKind, TokenState, WorldKind};
use serde_json::json;

use crate::{Api, FB, IG, P, START, encode, failure, numbers, ok};

#[tokio::test]
async fn each_state_of_a_token_has_its_own_numbers_and_is_told_before_the_path() {
    let api = Api::start(WorldKind::Small).await;
    let token = api.graph().page_token(P);
    for (state, subcode) in [
        (TokenState::Expired { since_ms: START - 1_000 }, Some(463)),
        (TokenState::Revoked, Some(458)),
        (TokenState::PasswordChanged, Some(460)),
        (TokenState::NoRole, Some(492)),
        (TokenState::Checkpoint, Some(459)),
        (TokenState::Garbage, None),
    ] {
        api.graph().set_token_state(&token, state).unwrap();
        for path in ["/me", "/no/such/path"] {
            let (status, error) = api.fails(path).await;
            assert_eq!((status, numbers(&error)), (400, (190, subcode)), "{state:?} {path}");
            assert_eq!(error["type"], "OAuthException");
        }
    }
    api.graph().set_token_state(&token, TokenState::Expired { since_ms: START }).unwrap();
    let text = api.fails("/me").await.1["message"].as_str().unwrap().to_owned();
    assert!(text.contains("Session has expired on ") && text.contains(" PST. The current time is "), "{text}");
    api.graph().set_token_state(&token, TokenState::Valid).unwrap();
    assert_eq!(api.code("/no/such/path").await, (2500, None));
    assert_eq!(numbers(&failure(api.bare("GET", "/me").send().await.unwrap()).await.1), (104, None));
    let forged = api.bare("GET", "/me").bearer_auth("EAAnonsense").send().await.unwrap();
    assert!(forged.headers()["www-authenticate"].to_str().unwrap().starts_with("OAuth \"Facebook Platform\""));
    assert_eq!(numbers(&failure(forged).await.1), (190, None));
}

#[tokio::test]
async fn a_token_ends_at_its_hour_and_dies_in_the_middle_of_a_sync() {
    let api = Api::start(WorldKind::Demo).await;
    let token = api.graph().page_token(P);
    api.graph().set_token_ends(&token, Some(START + 60_000), START + 60_000).unwrap();
    let page = api.get("/me/conversations?limit=3").await;
    api.pass(61).await;
    let next = api.http.get(page["paging"]["next"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(numbers(&failure(next).await.1), (190, Some(463)));
}

#[tokio::test]
async fn the_connect_check_names_the_page_and_its_instagram_account() {
    let api = Api::start(WorldKind::Demo).await;
    let check = "/me?fields=id,name,picture{url},instagram_business_account{id,username,name,profile_picture_url},unread_message_count";
    let page = api.get(check).await;
    assert_eq!((&page["id"], &page["name"]), (&json!(api.graph().page_id(P).unwrap()), &json!("Corner Bakery")));
    assert!(page["unread_message_count"].as_u64().unwrap() > 0);
    let instagram = &page["instagram_business_account"];
    assert_eq!(instagram["id"], api.graph().instagram_id(P).unwrap());
    assert!(instagram["id"].as_str().unwrap().starts_with("178414"));
    assert_eq!(instagram["username"], "corner.bakery");
    for url in [&page["picture"]["data"]["url"], &instagram["profile_picture_url"]] {
        let picture = api.http.get(url.as_str().unwrap()).send().await.unwrap();
        assert_eq!(picture.headers()["content-type"], "image/png");
    }
    let by_id = api.get(&format!("/{}", page["id"].as_str().unwrap())).await;
    assert_eq!(by_id, json!({ "id": page["id"], "name": "Corner Bakery" }));
    let igid = api.get(&format!("/{}?fields=username", instagram["id"].as_str().unwrap())).await;
    assert_eq!(igid, json!({ "id": instagram["id"], "username": "corner.bakery" }));

    api.graph().link_instagram(P, false).unwrap();
    assert!(api.get(check).await.get("instagram_business_account").is_none(), "the key is missing, not null");
    assert_eq!(api.code("/me/conversations?platform=instagram").await, (100, Some(2_534_013)));
}

#[tokio::test]
async fn a_user_token_lists_its_pages_with_their_tokens() {
    let api = Api::start(WorldKind::Demo).await;
    let user = api.graph().user_token();
    let list = ok(api.bare("GET", "/me/accounts?limit=2").bearer_auth(&user).send().await.unwrap()).await;
    let rows = list["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["name"], "Corner Bakery");
    assert!(rows[0]["tasks"].as_array().unwrap().contains(&json!("MESSAGING")));
    let rest = api.follow(list["paging"]["next"].as_str().unwrap()).await;
    assert_eq!((rest["data"].as_array().unwrap().len(), rest["paging"].get("next")), (1, None));
    let token = rows[1]["access_token"].as_str().unwrap();
    let page = ok(api.bare("GET", "/me").bearer_auth(token).send().await.unwrap()).await;
    assert_eq!(page["name"], "North Pier");
    let me = ok(api.bare("GET", "/me").bearer_auth(&user).send().await.unwrap()).await;
    assert!(me["name"].is_string());
    let usage = api.bare("GET", "/me").bearer_auth(&user).send().await.unwrap();
    assert!(usage.headers().contains_key("x-app-usage") && !usage.headers().contains_key("x-business-use-case-usage"));
    let wrong = api.bare("GET", "/me/conversations").bearer_auth(&user).send().await.unwrap();
    assert_eq!(failure(wrong).await.1["code"], 190, "conversations want a Page token");
    api.graph().set_scopes(&user, &[]).unwrap();
    let wrong = api.bare("GET", "/me/accounts").bearer_auth(&user).send().await.unwrap();
    assert_eq!(failure(wrong).await.1["code"], 200);
}

#[tokio::test]
async fn a_token_can_be_looked_into_by_itself_and_by_the_app() {
    let api = Api::start(WorldKind::Small).await;
    let token = api.graph().page_token(P);
    let own = api.get(&format!("/debug_token?input_token={token}")).await["data"].clone();
    assert_eq!((&own["is_valid"], &own["type"], &own["expires_at"]), (&json!(true), &json!("PAGE"), &json!(0)));
    assert_eq!(own["data_access_expires_at"], START / 1_000 + 90 * 86_400);
    assert_eq!(own["profile_id"], api.graph().page_id(P).unwrap());
    assert!(own["scopes"].as_array().unwrap().contains(&json!("pages_messaging")));

    api.graph().set_scopes(&token, &["pages_messaging"]).unwrap();
    api.graph().set_token_state(&token, TokenState::PasswordChanged).unwrap();
    let by_app = format!("/debug_token?input_token={token}&access_token={}", encode(&api.graph().app_token()));
    let dead = ok(api.bare("GET", &by_app).send().await.unwrap()).await["data"].clone();
    assert_eq!((&dead["is_valid"], &dead["error"]["subcode"]), (&json!(false), &json!(460)));
    assert_eq!(dead["scopes"], json!(["pages_messaging"]));
    let unknown = format!("/debug_token?input_token=x&access_token={}", encode(&api.graph().app_token()));
    assert_eq!(ok(api.bare("GET", &unknown).send().await.unwrap()).await["data"]["is_valid"], false);
}

#[tokio::test]
async fn a_short_token_is_exchanged_for_sixty_days() {
    let api = Api::start(WorldKind::Small).await;
    let (id, secret) = api.graph().app();
    let short = api.graph().add_token(TokenKind::User, TokenState::Valid);
    api.graph().set_token_ends(&short, Some(START + 3_600_000), START).unwrap();
    let path = |secret: &str| {
        format!(
            "/oauth/access_token?grant_type=fb_exchange_token&client_id={id}&client_secret={secret}&fb_exchange_token={short}"
        )
    };
    let long = ok(api.bare("GET", &path(&secret)).send().await.unwrap()).await;
    assert_eq!((&long["token_type"], &long["expires_in"]), (&json!("bearer"), &json!(5_184_000)));
    api.pass(2 * 3_600).await;
    let me = |token: String| api.bare("GET", "/me").bearer_auth(token).send();
    assert_eq!(me(long["access_token"].as_str().unwrap().to_owned()).await.unwrap().status(), 200);
    assert_eq!(me(short.clone()).await.unwrap().status(), 400);
    assert_eq!(api.bare("GET", &path("wrong")).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_proof_is_asked_for_when_the_app_requires_it() {
    let api = Api::start(WorldKind::Small).await;
    api.graph().set_knobs(|k| k.require_proof = true);
    let (_, without) = api.fails("/me").await;
    assert_eq!((&without["code"], &without["type"]), (&json!(100), &json!("GraphMethodException")));
    assert!(without["message"].as_str().unwrap().contains("require an appsecret_proof"));
    let (_, wrong) = api.fails("/me?appsecret_proof=00").await;
    assert_eq!(wrong["message"], "Invalid appsecret_proof provided in the API argument");
    let proof = api.graph().proof(&api.graph().page_token(P));
    api.get(&format!("/me?appsecret_proof={proof}")).await;
}

#[tokio::test]
async fn each_permission_is_missed_where_it_is_needed() {
    let api = Api::start(WorldKind::Small).await;
    let token = api.graph().page_token(P);
    let all = ["pages_messaging", "instagram_basic", "instagram_manage_messages"];
    for missing in all {
        let left: Vec<&str> = all.into_iter().filter(|s| *s != missing).collect();
        api.graph().set_scopes(&token, &left).unwrap();
        let platform = if missing == "pages_messaging" { "messenger" } else { "instagram" };
        let (status, error) = api.fails(&format!("/me/conversations?platform={platform}")).await;
        assert_eq!((status, numbers(&error)), (403, (200, None)), "{missing}");
        assert!(error["message"].as_str().unwrap().contains(missing), "{error}");
    }
    api.graph().set_scopes(&token, &all).unwrap();
    api.graph().set_instagram_access(P, false).unwrap();
    assert_eq!(api.code("/me/conversations?platform=instagram").await, (200, Some(2_534_041)));
    api.graph().set_tasks(P, &["ANALYZE"]).unwrap();
    assert_eq!(api.code("/me/conversations").await.0, 200);
}

#[tokio::test]
async fn a_page_token_sees_nothing_of_another_page() {
    let api = Api::start(WorldKind::Demo).await;
    let other = api.sim.profile("North Pier").unwrap();
    for platform in [FB, IG] {
        let chat = api.graph().chats(other, platform)[0].clone();
        let message = api.graph().truth(&chat).unwrap()[0].id.clone();
        for id in [chat.conversation, chat.person, message] {
            assert_eq!(api.code(&format!("/{}", encode(&id))).await, (100, Some(33)));
        }
    }
    let page = api.graph().page_id(other).unwrap();
    assert_eq!(api.code(&format!("/{page}/conversations")).await, (100, Some(33)));
}

#[tokio::test]
async fn what_the_demo_prints_opens_both_apis() {
    let api = Api::start(WorldKind::Demo).await;
    let printed = api.sim.announcement();
    assert_eq!(printed["ayrshare"]["api_base"], json!(api.sim.base_url()));
    let meta = &printed["meta"];
    let url = format!("{}/v25.0/me", meta["api_base"].as_str().unwrap());
    let token = meta["secrets"]["page_token"].as_str().unwrap();
    let me = ok(api.http.get(url).bearer_auth(token).send().await.unwrap()).await;
    assert_eq!(me["name"], "Corner Bakery");
    assert!(meta["secrets"]["app_secret"].is_string());
    let pages: Vec<_> = meta["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["title"].as_str().unwrap(), p["instagram"].as_bool().unwrap()))
        .collect();
    assert_eq!(pages, [("Corner Bakery", true), ("North Pier", true), ("Spoke Street Cycles", false)]);
}

#[tokio::test]
async fn versions_and_headers_are_told() {
    let api = Api::start(WorldKind::Small).await;
    for (path, version) in [("/v26.0/me", "v26.0"), ("/v23.0/me", "v23.0"), ("/v12.0/me", "v21.0"), ("/me", "v21.0")] {
        let url = format!("{}{path}", api.graph().api_base());
        let answer = api.http.get(url).bearer_auth(api.graph().page_token(P)).send().await.unwrap();
        assert_eq!(answer.headers()["facebook-api-version"], version);
        assert!(answer.headers().contains_key("x-fb-trace-id"));
        assert_eq!(answer.status(), 200);
    }
    let url = format!("{}/v27.0/me", api.graph().api_base());
    let unborn = api.http.get(url).bearer_auth(api.graph().page_token(P)).send().await.unwrap();
    assert_eq!(failure(unborn).await.1["code"], 2500);
}

#[tokio::test]
async fn no_token_is_kept_in_the_record_of_requests() {
    let api = Api::start(WorldKind::Small).await;
    let token = api.graph().page_token(P);
    let path = format!("/me?access_token={token}&fields=id&appsecret_proof=abc");
    ok(api.bare("GET", &path).send().await.unwrap()).await;
    api.get("/me").await;
    let seen = format!("{:?}", api.sim.requests());
    assert!(!seen.contains(&token) && !seen.contains("abc"));
    assert_eq!(api.sim.requests()[0].query, "access_token=***&fields=id&appsecret_proof=***");
}

//! What a token gives access to.

use axum::response::Response;
use backscroll_adapters::{Adapter, Kind, Read, meta::Meta};
use backscroll_model::{Counted, KeyCheck, Platform, PlatformState, RemoteId, Timestamp};
use serde_json::{Value, json};

use crate::server::{self, Asked, Server};
use crate::{IGID, PAGE, TOKEN, config, meta, query, refusal};

const ALL: [&str; 6] = [
    "pages_messaging",
    "pages_read_engagement",
    "pages_manage_metadata",
    "instagram_basic",
    "instagram_manage_messages",
    "business_management",
];

fn me() -> Value {
    json!({
        "id": PAGE, "name": "Corner\u{202e} Bakery",
        "instagram_business_account": {"id": IGID, "username": "corner.bakery", "name": "Corner Bakery"},
    })
}

fn debug(scopes: &[&str]) -> Value {
    json!({"data": {
        "app_id": "55", "type": "PAGE", "is_valid": true, "expires_at": 1_795_270_000, "scopes": scopes,
        "data_access_expires_at": 1_803_000_000, "profile_id": PAGE,
        "granular_scopes": scopes.iter().map(|s| json!({"scope": s, "target_ids": [PAGE]})).collect::<Vec<_>>(),
    }})
}

fn conversations(count: usize, more: bool) -> Response {
    let data: Vec<Value> = (0..count).map(|n| json!({"id": format!("t_{n}")})).collect();
    let mut body = json!({"data": data, "paging": {"cursors": {"before": "B", "after": "A"}}});
    if more {
        body["paging"]["next"] = json!(format!("https://graph.facebook.com/x?access_token={TOKEN}&after=A"));
    }
    server::json(200, &body)
}

/// A Page's token: `/me` and `debug_token` as given, conversations by `list`.
fn page(
    me: Value,
    debug: Option<Value>,
    list: impl Fn(&str) -> Response + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Response {
    move |asked| match (asked.path.as_str(), &debug) {
        ("/v25.0/me", _) => server::json(200, &me),
        ("/v25.0/debug_token", Some(told)) => server::json(200, told),
        ("/v25.0/debug_token", None) => refusal(400, 100, 0, "(#100) You must provide an app access token"),
        _ if asked.path.ends_with("/conversations") => list(&query(asked)["platform"]),
        _ => refusal(400, 2500, 0, "Unknown path components"),
    }
}

fn states(check: &KeyCheck) -> Vec<PlatformState> {
    check.profile.platforms.iter().map(|p| p.state).collect()
}

fn granted(check: &KeyCheck, name: &str) -> Option<bool> {
    check.meta.as_ref().unwrap().permissions.iter().find(|p| p.name == name).unwrap().granted
}

#[tokio::test]
async fn a_page_token_shows_both_accounts_their_conversations_and_when_it_ends() {
    let server = Server::start(page(me(), Some(debug(&ALL)), |platform| match platform {
        "messenger" => conversations(100, true),
        _ => conversations(3, false),
    }))
    .await;
    let check = meta(&server).check().await.unwrap();
    assert_eq!((check.profile.title.as_str(), check.profile.reference.as_deref()), ("Corner Bakery", Some(PAGE)));
    assert_eq!(states(&check), [PlatformState::Ready, PlatformState::Ready]);
    let [messenger, instagram] = &check.profile.platforms[..] else { panic!("two platforms") };
    assert_eq!((messenger.platform, messenger.remote_id.as_ref().unwrap().as_str()), (Platform::Messenger, PAGE));
    assert_eq!(messenger.conversations, Some(Counted { count: 100, at_least: true }));
    assert_eq!((instagram.platform, instagram.remote_id.as_ref().unwrap().as_str()), (Platform::Instagram, IGID));
    assert_eq!(instagram.conversations, Some(Counted { count: 3, at_least: false }));
    assert_eq!(instagram.username.as_deref(), Some("corner.bakery"));
    let told = check.meta.as_ref().unwrap();
    assert_eq!(told.expires_at, Some(Timestamp(1_795_270_000_000)));
    assert_eq!(told.data_access_until, Some(Timestamp(1_803_000_000_000)));
    assert!(told.pages.is_empty() && ALL.iter().all(|name| granted(&check, name) == Some(true)));

    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|a| a.header("authorization") == Some(&format!("Bearer {TOKEN}"))));
    let lists: Vec<_> = asked.iter().filter(|a| a.path.ends_with("/conversations")).map(query).collect();
    assert!(lists.iter().all(|q| q["fields"] == "id" && q["limit"] == "100"));
}

#[tokio::test]
async fn a_token_without_an_end_says_so() {
    let mut told = debug(&ALL);
    told["data"]["expires_at"] = json!(0);
    let server = Server::start(page(me(), Some(told), |_| conversations(0, false))).await;
    assert_eq!(meta(&server).check().await.unwrap().meta.unwrap().expires_at, None);
}

#[tokio::test]
async fn where_meta_will_not_say_doing_it_tells() {
    let server = Server::start(page(me(), None, |platform| match platform {
        "messenger" => conversations(1, false),
        _ => refusal(403, 200, 0, "(#200) Нужно разрешение instagram_manage_messages"),
    }))
    .await;
    let check = meta(&server).check().await.unwrap();
    assert_eq!(states(&check), [PlatformState::Ready, PlatformState::PermissionMissing]);
    assert_eq!(granted(&check, "pages_messaging"), Some(true));
    assert_eq!(granted(&check, "pages_manage_metadata"), Some(true));
    assert_eq!(granted(&check, "instagram_manage_messages"), Some(false));
    assert_eq!(granted(&check, "instagram_basic"), None);
    assert_eq!(granted(&check, "business_management"), None);
}

#[tokio::test]
async fn a_permission_that_is_missing_for_sending_is_no_ready_platform() {
    let some = ["pages_read_engagement", "pages_manage_metadata", "instagram_basic", "instagram_manage_messages"];
    let server = Server::start(page(me(), Some(debug(&some)), |_| conversations(1, false))).await;
    let check = meta(&server).check().await.unwrap();
    assert_eq!(states(&check), [PlatformState::PermissionMissing, PlatformState::Ready]);
    assert_eq!(granted(&check, "pages_messaging"), Some(false));

    // Granted, but for another Page.
    let mut elsewhere = debug(&ALL);
    for granular in elsewhere["data"]["granular_scopes"].as_array_mut().unwrap() {
        if granular["scope"] == "pages_messaging" {
            granular["target_ids"] = json!(["1"]);
        }
    }
    let server = Server::start(page(me(), Some(elsewhere), |_| conversations(1, false))).await;
    assert_eq!(states(&meta(&server).check().await.unwrap())[0], PlatformState::PermissionMissing);
}

#[tokio::test]
async fn each_obstacle_of_instagram_is_told_apart() {
    let told = async |me: Value, code: i64, subcode: i64| {
        let server = Server::start(page(me, Some(debug(&ALL)), move |platform| match platform {
            "messenger" => conversations(1, false),
            _ => refusal(403, code, subcode, "x"),
        }))
        .await;
        let check = meta(&server).check().await.unwrap();
        assert_eq!(states(&check)[0], PlatformState::Ready);
        states(&check)[1]
    };
    assert_eq!(told(me(), 200, 2_534_041).await, PlatformState::MessageAccessOff);
    assert_eq!(told(me(), 36_103, 0).await, PlatformState::NotEligible);
    assert_eq!(told(me(), 200, 0).await, PlatformState::PermissionMissing);
    assert_eq!(told(me(), 10, 2_534_077).await, PlatformState::LinkAgain);
    assert_eq!(told(me(), 100, 2_534_013).await, PlatformState::NotLinked);
    // Not now says nothing of what is allowed.
    assert_eq!(told(me(), 80_002, 0).await, PlatformState::Ready);
    let mut alone = me();
    alone.as_object_mut().unwrap().remove("instagram_business_account");
    assert_eq!(told(alone, 1, 0).await, PlatformState::NotLinked);
}

#[tokio::test]
async fn a_linked_account_may_be_hidden_for_want_of_a_permission() {
    let mut alone = me();
    alone.as_object_mut().unwrap().remove("instagram_business_account");
    let server = Server::start(page(alone, Some(debug(&["pages_messaging"])), |_| conversations(1, false))).await;
    let check = meta(&server).check().await.unwrap();
    assert_eq!(states(&check), [PlatformState::Ready, PlatformState::PermissionMissing]);
    assert_eq!(check.profile.platforms[1].remote_id, None);
}

/// A person's token: two pages of Pages.
fn person(asked: &Asked) -> Response {
    let asked_for = query(asked);
    match asked.path.as_str() {
        "/v25.0/me" => refusal(400, 100, 0, "(#100) Tried accessing nonexisting field (instagram_business_account)"),
        "/v25.0/debug_token" => {
            let mut told = debug(&["pages_messaging", "pages_show_list"]);
            told["data"]["type"] = json!("USER");
            server::json(200, &told)
        }
        "/v25.0/me/accounts" => {
            let shown = |mut page: Value| {
                page["access_token"] = json!(format!("EAA-{}", page["id"].as_str().unwrap()));
                page
            };
            match asked_for.get("after").map(String::as_str) {
                None => server::json(
                    200,
                    &json!({
                        "data": [shown(json!({"id": "1", "name": "North Pier", "tasks": ["ANALYZE", "MESSAGING"]}))],
                        "paging": {"cursors": {"after": "MTA"}, "next": "https://graph.facebook.com/next"},
                    }),
                ),
                Some("MTA") => server::json(
                    200,
                    &json!({
                        "data": [shown(json!({"id": "2", "tasks": ["ANALYZE"]})), 7],
                        "paging": {"cursors": {"after": "MTB"}},
                    }),
                ),
                Some(other) => panic!("{other}"),
            }
        }
        path => panic!("{path}"),
    }
}

#[tokio::test]
async fn a_persons_token_offers_its_pages_and_is_ready_for_nothing() {
    let server = Server::start(person).await;
    let check = meta(&server).check().await.unwrap();
    let told = check.meta.as_ref().unwrap();
    let pages: Vec<_> = told.pages.iter().map(|p| (p.id.as_str(), p.name.as_str(), p.may_message)).collect();
    assert_eq!(pages, [("1", "North Pier", true), ("2", "2", false)]);
    assert_eq!(states(&check), [PlatformState::NotLinked, PlatformState::NotLinked]);
    assert_eq!((granted(&check, "pages_show_list"), granted(&check, "instagram_basic")), (Some(true), Some(false)));
}

#[tokio::test]
async fn the_token_of_a_chosen_page_is_fetched() {
    let server = Server::start(person).await;
    let adapter = meta(&server);
    assert_eq!(adapter.page_token_of(&RemoteId::from("2")).await.unwrap().expose(), "EAA-2");
    assert_eq!(adapter.page_token_of(&RemoteId::from("3")).await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn a_dead_token_says_what_died() {
    let refused = async |code: i64, subcode: i64| {
        let server = Server::start(move |_| refusal(400, code, subcode, "x")).await;
        (meta(&server).check().await.unwrap_err().kind, server.asked().len())
    };
    assert_eq!(refused(190, 463).await, (Kind::TokenExpired, 1));
    assert_eq!(refused(190, 458).await, (Kind::TokenRevoked, 1));
    assert_eq!(refused(190, 460).await, (Kind::PasswordChanged, 1));
    assert_eq!(refused(190, 492).await, (Kind::RoleLost, 1));
    assert_eq!(refused(4, 0).await, (Kind::RateLimited { wait: None }, 1));

    let bad =
        json!({"data": {"is_valid": false, "error": {"code": 190, "subcode": 459, "message": "x"}, "scopes": []}});
    let server = Server::start(page(me(), Some(bad), |_| conversations(1, false))).await;
    assert_eq!(meta(&server).check().await.unwrap_err().kind, Kind::Checkpoint);
}

#[tokio::test]
async fn a_token_that_is_asked_about_is_in_no_error() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/v25.0/debug_token" => server::json(500, &json!({"error": {"code": 2, "message": asked.query.clone()}})),
        _ => server::json(200, &me()),
    })
    .await;
    let refused = meta(&server).check().await.unwrap_err();
    assert_eq!(query(server.asked().last().unwrap())["input_token"], TOKEN);
    let unreachable = Meta::new(config("http://127.0.0.1:1")).unwrap().check().await.unwrap_err();
    for error in [refused, unreachable] {
        assert!(!format!("{error:?} {error}").contains(TOKEN), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_more_than_is_taken_in_is_asked_for_in_smaller_pieces() {
    let server = Server::start(|asked| {
        let limit: usize = query(asked)["limit"].parse().unwrap();
        let one = json!({"id": "t_1", "link": "x".repeat(400)});
        server::json(200, &json!({"data": vec![one; limit]}))
    })
    .await;
    let mut config = config(&format!("http://{}", server.addr));
    config.limits.list_bytes = 2_000;
    let adapter = Meta::new(config).unwrap();
    let (out, _pages) = tokio::sync::mpsc::channel(10);
    let done = adapter.read(&Read::Recent { platform: Platform::Messenger, limit: 20, next: None }, out).await.unwrap();
    let limits: Vec<String> = server.asked().iter().map(|asked| query(asked)["limit"].clone()).collect();
    assert!(done.calls > 1 && limits.last().unwrap().parse::<usize>().unwrap() <= 4, "{limits:?}");
}

#[tokio::test]
async fn the_app_secret_is_asked_for_where_it_is_missing() {
    let words = "API calls from the server require an appsecret_proof argument";
    let server = Server::start(move |_| refusal(400, 100, 0, words)).await;
    assert_eq!(meta(&server).check().await.unwrap_err().kind, Kind::AppSecret);
}

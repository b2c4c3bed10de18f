//! What a key gives access to, and profiles.

use backscroll_adapters::ayrshare::{Ayrshare, ConfigError, XKeys};
use backscroll_adapters::{Adapter, BadApiBase, Kind, Secret};
use backscroll_model::{Platform, PlatformState};
use serde_json::{Value, json};

use crate::server::{self, Asked, Server};

fn user() -> Value {
    json!({
        "activeSocialAccounts": ["facebook", "instagram", "twitter", "tiktok"],
        "displayNames": [
            {"platform": "facebook", "id": "9001", "displayName": "Anna", "pageName": "Corner\u{202e} Bakery",
             "messagingActive": true, "created": "2026-02-01T00:00:00Z"},
            {"platform": "instagram", "id": 9002, "displayName": "Corner Bakery", "username": "@corner.bakery"},
            {"platform": "twitter", "id": "9003", "username": "cornerbakery", "messagingActive": true},
            {"platform": "tiktok", "id": "1"}, "odd",
        ],
        "created": {"_seconds": 1, "_nanoseconds": 0, "utc": "2026-02-01T00:00:00Z"},
        "email": "a@example.test", "title": "Primary Profile", "refId": "ab12", "messagingEnabled": true,
    })
}

/// `/user` as given; two pages of profiles.
fn account(user: Value) -> impl Fn(&Asked) -> axum::response::Response {
    move |asked| match (asked.path.as_str(), asked.query.as_str()) {
        ("/api/user", _) => server::json(200, &user),
        ("/api/profiles", "") => server::json(
            200,
            &json!({
                "profiles": [{"title": "North Pier", "refId": "np", "status": "success"}, {"title": "no reference"}],
                "pagination": {"hasMore": true, "nextCursor": "c/2", "limit": 1},
            }),
        ),
        ("/api/profiles", "cursor=c%2F2") => server::json(
            200,
            &json!({
                "profiles": [{"title": "t", "displayTitle": "South\u{0007} Gate", "refId": "sg"}],
                "pagination": {"hasMore": false, "nextCursor": null},
            }),
        ),
        _ => server::json(404, &json!({"status": "error"})),
    }
}

fn primary(server: &Server) -> Ayrshare {
    let mut config = server::config(&server.base());
    config.profile_key = None;
    Ayrshare::new(config).unwrap()
}

fn states(check: &backscroll_model::KeyCheck) -> Vec<PlatformState> {
    check.profile.platforms.iter().map(|p| p.state).collect()
}

#[tokio::test]
async fn the_primary_key_shows_its_platforms_and_every_other_profile() {
    let server = Server::start(account(user())).await;
    let check = primary(&server).check().await.unwrap();
    assert_eq!((check.profile.title.as_str(), check.profile.reference.as_deref()), ("Primary Profile", Some("ab12")));
    assert_eq!(states(&check), [PlatformState::Ready, PlatformState::LinkAgain, PlatformState::Ready]);
    let [messenger, instagram, x] = &check.profile.platforms[..] else { panic!("three platforms") };
    assert_eq!(messenger.name.as_deref(), Some("Corner Bakery"));
    assert_eq!(messenger.remote_id.as_ref().unwrap().as_str(), "9001");
    assert_eq!(instagram.remote_id.as_ref().unwrap().as_str(), "9002");
    assert_eq!(instagram.username.as_deref(), Some("corner.bakery"));
    assert_eq!((x.platform, x.name.as_deref()), (Platform::X, Some("cornerbakery")));
    let others: Vec<_> = check.others.iter().map(|o| (o.title.as_str(), o.reference.as_str())).collect();
    assert_eq!(others, [("North Pier", "np"), ("South Gate", "sg")]);
    assert!(server.asked().iter().all(|a| a.header("x-twitter-oauth1-api-key").is_none()));
}

#[tokio::test]
async fn a_profile_key_shows_its_own_profile_only() {
    let server = Server::start(account(user())).await;
    let check = server.adapter().check().await.unwrap();
    assert!(check.others.is_empty());
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn each_obstacle_is_named_first_things_first() {
    let mut off = user();
    off["messagingEnabled"] = json!(false);
    off["activeSocialAccounts"] = json!(["facebook", "twitter"]);
    let server = Server::start(account(off)).await;
    let check = primary(&server).check().await.unwrap();
    assert_eq!(states(&check), [PlatformState::MessagingOff, PlatformState::NotLinked, PlatformState::MessagingOff]);

    let mut old = user();
    old.as_object_mut().unwrap().remove("messagingEnabled");
    let server = Server::start(account(old)).await;
    let mut config = server::config(&server.base());
    config.x_keys = XKeys::Missing;
    let check = Ayrshare::new(config).unwrap().check().await.unwrap();
    assert_eq!(states(&check), [PlatformState::Ready, PlatformState::LinkAgain, PlatformState::XKeysMissing]);
}

#[tokio::test]
async fn a_plan_without_profiles_does_not_make_the_key_bad() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/api/user" => server::json(200, &user()),
        _ => server::json(403, &json!({"status": "error", "code": 169, "message": "Business plan required"})),
    })
    .await;
    assert!(primary(&server).check().await.unwrap().others.is_empty());
}

#[tokio::test]
async fn refused_keys_are_told_apart() {
    let refused = async |status: u16, message: &'static str, with_profile: bool| {
        let answer = json!({"action": "authorization", "status": "error", "code": 102, "message": message});
        let server = Server::start(move |_| server::json(status, &answer)).await;
        let adapter = if with_profile { server.adapter() } else { primary(&server) };
        adapter.check().await.unwrap_err().kind
    };
    assert_eq!(refused(401, "Unauthorized", false).await, Kind::KeyRefused);
    assert_eq!(refused(401, "A Profile Key is not an API Key", false).await, Kind::ProfileKeyAsApiKey);
    assert_eq!(refused(403, "Profile Key not found", true).await, Kind::ProfileKeyRefused);
    assert_eq!(refused(403, "Profile Key in Authorization", false).await, Kind::ProfileKeyAsApiKey);
    assert_eq!(refused(402, "Payment", false).await, Kind::PlanRequired);

    let mut suspended = user();
    suspended["suspended"] = json!(true);
    let server = Server::start(account(suspended)).await;
    assert_eq!(primary(&server).check().await.unwrap_err().kind, Kind::Suspended);
}

#[tokio::test]
async fn a_profile_is_made_with_the_api_key_alone_and_shows_its_key_once() {
    let server = Server::start(|_| {
        server::json(200, &json!({
            "status": "success", "title": "North Pier", "refId": "np", "profileKey": "NEW-KEY", "messagingActive": true,
        }))
    })
    .await;
    let made = server.adapter().create_profile("North Pier").await.unwrap();
    assert_eq!((made.title.as_str(), made.reference.as_deref()), ("North Pier", Some("np")));
    assert_eq!(made.profile_key.expose(), "NEW-KEY");
    assert!(!format!("{made:?}").contains("NEW-KEY"));
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/api/profiles"));
    assert_eq!(asked.header("profile-key"), None);
    assert_eq!(asked.json(), json!({"title": "North Pier", "messagingActive": true}));
}

#[tokio::test]
async fn a_taken_title_and_a_lost_key_are_told() {
    let server =
        Server::start(|_| server::json(400, &json!({"status": "error", "code": 146, "message": "exists"}))).await;
    assert_eq!(server.adapter().create_profile("t").await.unwrap_err().kind, Kind::TitleTaken);
    let server = Server::start(|_| server::json(200, &json!({"status": "success", "refId": "np"}))).await;
    assert_eq!(server.adapter().create_profile("t").await.unwrap_err().kind, Kind::Decode);
}

#[tokio::test]
async fn messaging_is_switched_for_the_profile_whose_key_is_given() {
    let server = Server::start(|_| server::json(200, &json!({"status": "success", "refId": "np"}))).await;
    server.adapter().set_messaging_active(&Secret::new("OTHER"), "North Pier", true).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.header("profile-key")), ("PATCH", Some("OTHER")));
    assert_eq!(asked.json(), json!({"title": "North Pier", "messagingActive": true}));
}

#[test]
fn a_connection_that_cannot_be_tried_is_refused_before_it_is() {
    let refused = |change: fn(&mut backscroll_adapters::ayrshare::AyrshareConfig)| {
        let mut config = server::config("http://127.0.0.1:1/api/");
        change(&mut config);
        Ayrshare::new(config).err()
    };
    assert_eq!(refused(|_| ()), None);
    assert_eq!(refused(|c| c.api_base = "http://example.test".to_owned()), Some(BadApiBase.into()));
    assert_eq!(refused(|c| c.api_key = Secret::new("  ")), Some(ConfigError::NoApiKey));
    assert_eq!(refused(|c| c.api_key = Secret::new("a\nb")), Some(ConfigError::BadSecret("the API key")));
    assert_eq!(
        refused(|c| c.profile_key = Some(Secret::new("a\u{7f}b"))),
        Some(ConfigError::BadSecret("the Profile Key"))
    );
    assert_eq!(refused(|c| c.profile_key = Some(Secret::new(""))), None);
}

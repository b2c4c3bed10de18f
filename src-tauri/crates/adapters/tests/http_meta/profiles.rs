//! Names and pictures of people.

use backscroll_adapters::{Adapter, Kind, Read};
use backscroll_model::{Event, Page, ParticipantSeen, Platform, RemoteId};
use serde_json::json;

use crate::server::{self, Asked, Server};
use crate::{IGSID, PAGE, PSID, meta, query, refusal};

/// What a read of a profile says of the person, and how many calls it took.
async fn read(server: &Server, platform: Platform, person: &str) -> (Option<ParticipantSeen>, u32) {
    let (out, mut pages) = tokio::sync::mpsc::channel(10);
    let read = Read::Profile { platform, conversation: RemoteId::from("t_1"), person: RemoteId::from(person) };
    let done = meta(server).read(&read, out).await.unwrap();
    let mut seen = None;
    while let Ok(Page { conversations, .. }) = pages.try_recv() {
        for event in conversations.into_iter().flat_map(|c| c.events) {
            let Event::Participant(person) = event else { panic!("{event:?}") };
            seen = Some(person);
        }
    }
    (seen, done.calls)
}

fn is_profile(asked: &Asked) -> bool {
    !asked.path.ends_with("/conversations")
}

#[tokio::test]
async fn a_profile_has_a_name_and_a_picture() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/v25.0/7301122334455667" => server::json(
            200,
            &json!({"first_name": "Ines", "last_name": "Duarte", "profile_pic": "https://p.test/1", "id": PSID}),
        ),
        _ => server::json(200, &json!({"name": null, "username": "@ines.d", "profile_pic": null, "id": IGSID})),
    })
    .await;
    let (ines, calls) = read(&server, Platform::Messenger, PSID).await;
    let ines = ines.unwrap();
    assert_eq!(
        (ines.name.as_deref(), ines.avatar_url.as_deref(), calls),
        (Some("Ines Duarte"), Some("https://p.test/1"), 1)
    );
    let (ines, _) = read(&server, Platform::Instagram, IGSID).await;
    let ines = ines.unwrap();
    assert_eq!((ines.name, ines.username.as_deref(), ines.avatar_url), (None, Some("ines.d"), None));
}

#[tokio::test]
async fn a_refused_profile_is_a_name_among_the_participants() {
    for (code, subcode) in [(100, 33), (2_018_218, 0), (2_018_247, 0), (200, 0), (230, 0)] {
        let server = Server::start(move |asked| {
            if is_profile(asked) {
                return refusal(400, code, subcode, "x");
            }
            let people = json!({"data": [{"id": PAGE, "name": "Us"}, {"id": PSID, "name": "Ines Duarte"}]});
            server::json(200, &json!({"data": [{"id": "t_1", "participants": people}]}))
        })
        .await;
        let (ines, calls) = read(&server, Platform::Messenger, PSID).await;
        assert_eq!((ines.unwrap().name.as_deref(), calls), (Some("Ines Duarte"), 2), "{code}/{subcode}");
        let asked = query(&server.asked()[1]);
        assert_eq!((asked["platform"].as_str(), asked["user_id"].as_str()), ("messenger", PSID));
    }
}

#[tokio::test]
async fn a_person_who_is_refused_everywhere_is_nobody_and_no_error() {
    let server = Server::start(|asked| {
        if is_profile(asked) { refusal(400, 230, 0, "x") } else { server::json(200, &json!({"data": []})) }
    })
    .await;
    assert_eq!(read(&server, Platform::Instagram, IGSID).await, (None, 2));
    let server = Server::start(|_| refusal(400, 9010, 0, "x")).await;
    assert_eq!(read(&server, Platform::Instagram, IGSID).await, (None, 2));
}

#[tokio::test]
async fn a_dead_token_is_not_a_refused_profile() {
    for (code, subcode, kind) in
        [(190, 463, Kind::TokenExpired), (613, 0, Kind::RateLimited { wait: None }), (2, 0, Kind::Server)]
    {
        let server = Server::start(move |_| refusal(400, code, subcode, "x")).await;
        let (out, _pages) = tokio::sync::mpsc::channel(1);
        let read = Read::Profile {
            platform: Platform::Messenger,
            conversation: RemoteId::from("t_1"),
            person: RemoteId::from(PSID),
        };
        assert_eq!(meta(&server).read(&read, out).await.unwrap_err().kind, kind);
    }
}

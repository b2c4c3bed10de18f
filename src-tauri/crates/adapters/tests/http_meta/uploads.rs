//! Files, quotes and reactions: the words in which they leave.

use std::io::Write as _;

use backscroll_adapters::meta::Meta;
use backscroll_adapters::{Adapter, Content, Kind, Outgoing, SendOutcome, UploadFile, UploadRef};
use backscroll_model::{OutgoingKind, Platform, RemoteId};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::sync::watch;

use crate::server::{self, Server};
use crate::{APP_SECRET, IGSID, PAGE, PSID, TOKEN, config, meta, query, refusal};

fn file(platform: Platform, kind: OutgoingKind, mime: &str) -> (UploadFile, NamedTempFile) {
    let mut disk = NamedTempFile::new().unwrap();
    disk.write_all(b"not really one").unwrap();
    let (path, name, mime) = (disk.path().to_owned(), "order.bin".to_owned(), mime.to_owned());
    (UploadFile { platform, path, name, mime, bytes: 14, kind }, disk)
}

fn files(platform: Platform, kind: OutgoingKind, ids: &[&str]) -> Outgoing {
    Outgoing {
        platform,
        conversation: RemoteId::from("t_500"),
        recipient: Some(RemoteId::from(if platform == Platform::Instagram { IGSID } else { PSID })),
        content: Content::Files { refs: ids.iter().map(|id| UploadRef((*id).to_owned())).collect(), kind, text: None },
        reply_to: None,
        client_ref: "c-01J9Z2".to_owned(),
        human_agent: false,
    }
}

#[tokio::test]
async fn an_upload_says_for_which_platform_and_what_it_is() {
    let server = Server::start(|_| server::json(200, &json!({"attachment_id": "1857700000000032"}))).await;
    let mut config = config(&format!("http://{}", server.addr));
    config.app_secret = Some(backscroll_adapters::Secret::new(APP_SECRET));
    let adapter = Meta::new(config).unwrap();
    for (platform, word, kind, mime, kind_word) in [
        (Platform::Messenger, "MESSENGER", OutgoingKind::Image, "image/png", "image"),
        (Platform::Messenger, "MESSENGER", OutgoingKind::File, "application/zip", "file"),
        (Platform::Instagram, "INSTAGRAM", OutgoingKind::Audio, "audio/mp4", "audio"),
        (Platform::Instagram, "INSTAGRAM", OutgoingKind::Video, "video/mp4", "video"),
    ] {
        let (file, _disk) = file(platform, kind, mime);
        let uploaded = adapter.upload(&file, &watch::Sender::default()).await.unwrap();
        assert_eq!(uploaded.reference.0, "1857700000000032");
        assert_eq!(uploaded.lasts, Some(std::time::Duration::from_secs(90 * 86_400)));
        let asked = server.asked().pop().unwrap();
        assert_eq!((asked.method.as_str(), asked.path), ("POST", format!("/v25.0/{PAGE}/message_attachments")));
        assert_eq!(asked.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(asked.headers["content-length"], asked.body.len().to_string(), "not in chunks");
        assert!(asked.query.starts_with("appsecret_proof="));
        assert!(asked.body.contains(&format!("name=\"platform\"\r\n\r\n{word}\r\n")));
        let message = json!({"attachment": {"type": kind_word, "payload": {"is_reusable": true}}});
        assert!(asked.body.contains(&format!("name=\"message\"\r\n\r\n{message}\r\n")), "{}", asked.body);
        let part =
            format!("name=\"filedata\"; filename=\"order.bin\"\r\nContent-Type: {mime}\r\n\r\nnot really one\r\n");
        assert!(asked.body.contains(&part), "{}", asked.body);
    }
}

#[tokio::test]
async fn an_upload_that_fails_says_what_may_be_done() {
    let limited = Kind::RateLimited { wait: None };
    for (status, code, subcode, kind) in [
        (400, 100, 2_018_047, Kind::Rejected),
        (400, 100, 2_534_080, Kind::Rejected),
        (400, 100, 2_534_015, Kind::Rejected),
        (400, 100, 2_018_109, Kind::TooLarge),
        (400, 36_000, 0, Kind::TooLarge),
        (400, 100, 2_018_008, Kind::Server),
        (400, 100, 2_534_013, Kind::NotLinked),
        (500, 1, 0, Kind::Server),
        (400, 2, 0, Kind::Server),
        (400, 190, 463, Kind::TokenExpired),
        (400, 80_006, 0, limited),
        (200, 368, 0, Kind::Restricted),
    ] {
        let server =
            Server::start(move |asked| refusal(status, code, subcode, asked.header("authorization").unwrap())).await;
        let (file, _disk) = file(Platform::Instagram, OutgoingKind::Image, "image/png");
        let error = meta(&server).upload(&file, &watch::Sender::default()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code}/{subcode}");
        assert!(!error.to_string().contains(TOKEN));
        assert_eq!(server.asked().len(), 1, "never repeated here");
    }
    for nonsense in
        [json!({}), json!({"attachment_id": null}), json!({"attachment_id": {}}), json!([]), json!({"id": "1"})]
    {
        let server = Server::start(move |_| server::json(200, &nonsense)).await;
        let (file, _disk) = file(Platform::Instagram, OutgoingKind::Image, "image/png");
        let error = meta(&server).upload(&file, &watch::Sender::default()).await.unwrap_err();
        assert_eq!((error.kind, error.http_status), (Kind::Decode, Some(200)));
    }
}

#[tokio::test]
async fn nothing_is_uploaded_for_x_or_without_a_page() {
    let server = Server::start(|_| server::json(200, &json!({"attachment_id": "1"}))).await;
    let (mut file, _disk) = file(Platform::X, OutgoingKind::Image, "image/png");
    assert_eq!(meta(&server).upload(&file, &watch::Sender::default()).await.unwrap_err().kind, Kind::Unsupported);
    let mut unknown = config(&format!("http://{}", server.addr));
    unknown.page = None;
    file.platform = Platform::Messenger;
    let error = Meta::new(unknown).unwrap().upload(&file, &watch::Sender::default()).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotLinked);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_file_is_sent_by_its_id_with_our_reference_and_the_quoted_message_beside_it() {
    let server = Server::start(|_| server::json(200, &json!({"message_id": "m_Sent"}))).await;
    let adapter = meta(&server);
    let by_id = |kind: &str, id: &str| json!({"type": kind, "payload": {"attachment_id": id}});
    let quoting = |send: Outgoing| Outgoing { reply_to: Some(RemoteId::from("m_Q")), ..send };
    let cases: [(Outgoing, Value, Option<&str>); 5] = [
        (
            files(Platform::Messenger, OutgoingKind::Video, &["1"]),
            json!({"attachment": by_id("video", "1"), "metadata": "c-01J9Z2"}),
            None,
        ),
        (
            quoting(files(Platform::Messenger, OutgoingKind::File, &["1"])),
            json!({"attachment": by_id("file", "1"), "metadata": "c-01J9Z2"}),
            Some("m_Q"),
        ),
        (files(Platform::Instagram, OutgoingKind::Audio, &["1"]), json!({"attachment": by_id("audio", "1")}), None),
        (
            quoting(files(Platform::Instagram, OutgoingKind::Image, &["1", "2"])),
            json!({"attachments": [by_id("image", "1"), by_id("image", "2")]}),
            Some("m_Q"),
        ),
        (
            quoting(Outgoing {
                content: Content::Text("Yes".to_owned()),
                ..files(Platform::Instagram, OutgoingKind::Image, &[])
            }),
            json!({"text": "Yes"}),
            Some("m_Q"),
        ),
    ];
    for (send, message, quoted) in cases {
        let outcome = adapter.send(&send).await;
        assert!(matches!(outcome, SendOutcome::Accepted { .. }), "{outcome:?}");
        let mut body = json!({"recipient": {"id": send.recipient}, "messaging_type": "RESPONSE", "message": message});
        if let Some(quoted) = quoted {
            body["reply_to"] = json!({ "mid": quoted });
        }
        assert_eq!(server.asked().pop().unwrap().json(), body);
    }
    let human = Outgoing { human_agent: true, ..files(Platform::Instagram, OutgoingKind::Image, &["1"]) };
    adapter.send(&human).await;
    assert_eq!(server.asked().pop().unwrap().json()["tag"], "HUMAN_AGENT");
}

#[tokio::test]
async fn what_one_message_cannot_hold_never_leaves() {
    let server = Server::start(|_| server::json(200, &json!({"message_id": "m_Sent"}))).await;
    let beside = |platform| {
        let mut send = files(platform, OutgoingKind::Image, &["1"]);
        if let Content::Files { text, .. } = &mut send.content {
            *text = Some("Look".to_owned());
        }
        send
    };
    let eleven = ["1"; 11];
    for (send, kind) in [
        (beside(Platform::Messenger), Kind::Rejected),
        (beside(Platform::Instagram), Kind::Rejected),
        (files(Platform::Messenger, OutgoingKind::Image, &["1", "2"]), Kind::Rejected),
        (files(Platform::Instagram, OutgoingKind::Image, &eleven), Kind::Rejected),
        (files(Platform::Instagram, OutgoingKind::Video, &["1", "2"]), Kind::Rejected),
        (files(Platform::Instagram, OutgoingKind::Image, &[]), Kind::Rejected),
        (files(Platform::X, OutgoingKind::Image, &["1"]), Kind::Unsupported),
    ] {
        let outcome = meta(&server).send(&send).await;
        assert!(matches!(&outcome, SendOutcome::Refused(error) if error.kind == kind), "{outcome:?}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_reaction_is_an_action_of_its_own() {
    let server = Server::start(|_| server::json(200, &json!({"recipient_id": PSID}))).await;
    let adapter = meta(&server);
    let (conversation, person, message) = (RemoteId::from("t_500"), RemoteId::from(PSID), RemoteId::from("m_$1"));
    let react = async |platform, emoji| adapter.react(platform, &conversation, &person, &message, emoji).await;
    react(Platform::Messenger, Some("👍🏽")).await.unwrap();
    react(Platform::Instagram, None).await.unwrap();
    assert_eq!(react(Platform::X, Some("👍")).await.unwrap_err().kind, Kind::Unsupported);
    let asked = server.asked();
    assert!(asked.iter().all(|a| a.method == "POST" && a.path == format!("/v25.0/{PAGE}/messages")));
    let put = json!({"message_id": "m_$1", "reaction": "👍🏽"});
    assert_eq!(asked[0].json(), json!({"recipient": {"id": PSID}, "sender_action": "react", "payload": put}));
    let back = json!({"message_id": "m_$1"});
    assert_eq!(asked[1].json(), json!({"recipient": {"id": PSID}, "sender_action": "unreact", "payload": back}));
    assert_eq!((asked.len(), query(&asked[0]).len()), (2, 0));
}

#[tokio::test]
async fn a_reaction_that_fails_is_told_by_its_numbers() {
    for (code, subcode, kind) in [
        (2, 0, Kind::Server),
        (551, 1_545_041, Kind::Recipient),
        (100, 0, Kind::Rejected),
        (190, 460, Kind::PasswordChanged),
        (10, 2_534_022, Kind::WindowClosed),
    ] {
        let server = Server::start(move |_| refusal(400, code, subcode, "x")).await;
        let (conversation, person, message) = (RemoteId::from("t"), RemoteId::from(IGSID), RemoteId::from("m"));
        let refused = meta(&server).react(Platform::Instagram, &conversation, &person, &message, Some("👍")).await;
        assert_eq!(refused.unwrap_err().kind, kind, "{code}/{subcode}");
        assert_eq!(server.asked().len(), 1);
    }
}

use backscroll_model::{Direction, Event, MessageKind, Platform};
use serde_json::{Value, json};

use crate::build::{Builder, open, read};

fn create(id: &str, sender: &str, at: &str, text: &str) -> Value {
    json!({ "messageCreate": {
        "recipientId": "9", "reactions": [], "urls": [], "text": text, "mediaUrls": [], "senderId": sender, "id": id,
        "createdAt": at
    } })
}

fn assigned(what: &str, value: &Value) -> String {
    format!("window.YTD.{what}.part0 = {value}")
}

fn archive() -> Builder {
    let mut photo = create("104", "7", "2024-05-01T10:00:04.000Z", "look https://t.co/x");
    photo["messageCreate"]["mediaUrls"] = json!(["https://ton.twitter.com/dm/104/55/AbC.jpg"]);
    photo["messageCreate"]["reactions"] =
        json!([{ "senderId": "9", "reactionKey": "like", "eventId": "1", "createdAt": "2024-05-01T10:00:05.000Z" }]);
    let direct = json!([{ "dmConversation": { "conversationId": "7-9", "messages": [
        photo,
        create("103", "9", "2024-05-01T10:00:03.000Z", "Tom &amp; Jerry &lt;3 ❤"),
    ] } }]);
    let group = json!([{ "dmConversation": { "conversationId": "555", "messages": [
        { "conversationNameUpdate": { "initiatingUserId": "7", "name": "Team", "createdAt": "2024-05-01T10:00:03.000Z" } },
        create("203", "8", "2024-05-01T10:00:03.000Z", "hi all"),
        { "joinConversation": { "initiatingUserId": "7", "participantsSnapshot": ["7", "8"], "createdAt": "2024-05-01T10:00:01.000Z" } },
    ] } }]);
    Builder::new()
        .file("twitter-2024/data/account.js", assigned("account", &json!([{ "account": { "accountId": "9", "username": "bakery", "accountDisplayName": "Corner Bakery" } }])))
        .file("twitter-2024/data/direct-messages.js", assigned("direct_messages", &direct))
        .file("twitter-2024/data/direct-messages-group.js", assigned("direct_messages_group", &group))
        .file("twitter-2024/data/direct-message-headers.js", assigned("direct_message_headers", &json!([])))
        .file("twitter-2024/data/direct_messages_media/104-AbC.jpg", "jpg")
        .file("twitter-2024/Your archive.html", "<html></html>")
}

#[test]
fn an_archive_of_x_is_read_with_groups_reactions_and_media() {
    let dir = tempfile::tempdir().unwrap();
    let zip = archive().zip(dir.path().join("x.zip"));
    let download = open(std::slice::from_ref(&zip)).unwrap();
    assert_eq!(download.platform(), Platform::X);
    let owner = download.owner(None, &[]).unwrap();
    assert_eq!(
        (owner.shown.as_str(), owner.id.as_deref(), owner.username.as_deref()),
        ("Corner Bakery", Some("9"), Some("bakery"))
    );
    let mut files = download.files(std::slice::from_ref(&zip)).unwrap();
    let got = read(&[zip], None).unwrap();
    let messages = got.messages();
    // The group's file stands before the other one.
    assert_eq!(got.texts(), ["hi all", "look https://t.co/x", "Tom & Jerry <3 ❤"]);
    assert_eq!(messages[1].kind, MessageKind::Image);
    assert_eq!(messages[2].direction, Direction::Out);
    assert_eq!(messages[2].remote_id.as_str(), "103");
    assert_eq!(messages[1].reactions.as_ref().unwrap()[0].by.as_str(), "import:me");
    let file = &got.batches[0].files[0];
    assert_eq!(files.read(&file.path, 10).unwrap().unwrap(), b"jpg");
    assert_eq!(files.read(&file.path, 2).unwrap(), None, "larger than wanted");
    assert_eq!(got.reasons(), ["twitter-2024/data/direct-messages-group.js Notice 2"]);
    let person = got.pages[1].events.events.iter().find_map(|event| match event {
        Event::Participant(person) => Some(person.remote_id.0.clone()),
        _ => None,
    });
    assert_eq!(person.as_deref(), Some("7"));
    assert_eq!(got.pages[1].events.listing.unwrap().from, None, "an archive of X goes back to the beginning");
}

#[test]
fn without_its_account_an_archive_of_x_is_of_whoever_is_everywhere() {
    let conversations: Vec<Value> = ["7-9", "9-11", "3-9"]
        .iter()
        .map(|id| json!({ "dmConversation": { "conversationId": id, "messages": [create(id, "9", "2024-05-01T10:00:03.000Z", "x")] } }))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let file = Builder::new()
        .file("direct-messages.js", assigned("direct_messages", &Value::from(conversations)))
        .folder(dir.path());
    let got = read(&[file.join("direct-messages.js")], None).unwrap();
    assert!(got.messages().iter().all(|seen| seen.direction == Direction::Out));
    assert_eq!(got.report.messages, 3);
}

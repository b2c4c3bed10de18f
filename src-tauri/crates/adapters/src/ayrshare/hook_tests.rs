#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp(1_770_112_801_000);

fn digest(secret: &str, body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

fn checked(
    secrets: &[&str],
    timestamp: Option<&str>,
    first: Option<&str>,
    second: Option<&str>,
) -> Result<(), HookRefusal> {
    let secrets: Vec<Secret> = secrets.iter().map(Secret::new).collect();
    verify(&secrets, b"{}", HookHeaders { timestamp, signature: first, second_signature: second }, NOW)
}

#[test]
fn any_secret_and_any_signature_of_a_rotation_will_do() {
    let at = Some("1770112801");
    let hex = hex::encode(digest("new", b"{}"));
    let old = hex::encode(digest("old", b"{}"));
    let base64 = STANDARD.encode(digest("new", b"{}"));
    for good in [hex.clone(), hex.to_uppercase(), format!("sha256={hex}"), base64.clone(), format!("sha256={base64}")] {
        assert_eq!(checked(&["new"], at, Some(&good), None), Ok(()), "{good}");
    }
    assert_eq!(checked(&["old", "new"], at, Some(&hex), None), Ok(()));
    assert_eq!(checked(&["new"], at, Some(&old), Some(&hex)), Ok(()));
    assert_eq!(checked(&["new"], at, None, Some(&hex)), Ok(()));
    assert_eq!(checked(&["other"], at, Some(&hex), Some(&old)), Err(HookRefusal::WrongSignature));
    assert_eq!(checked(&[], at, Some(&hex), None), Err(HookRefusal::WrongSignature));
    assert_eq!(checked(&[""], at, Some(&hex::encode(digest("", b"{}"))), None), Err(HookRefusal::WrongSignature));
    for bad in ["", "sha256=", "00", "!!", hex.get(..62).unwrap()] {
        assert_eq!(checked(&["new"], at, Some(bad), None), Err(HookRefusal::WrongSignature), "{bad}");
    }
    assert_eq!(checked(&["new"], at, None, None), Err(HookRefusal::Unsigned));
    assert_eq!(checked(&["new"], None, Some(&hex), None), Err(HookRefusal::Unsigned));
}

#[test]
fn an_old_delivery_is_not_believed_again() {
    let hex = hex::encode(digest("s", b"{}"));
    for (seconds, expected) in [
        (0, Ok(())),
        (300, Ok(())),
        (-300, Ok(())),
        (301, Err(HookRefusal::OutOfTime)),
        (-301, Err(HookRefusal::OutOfTime)),
        (i64::MAX / 2, Err(HookRefusal::OutOfTime)),
    ] {
        let at = (NOW.0 / 1000_i64).saturating_add(seconds).to_string();
        assert_eq!(checked(&["s"], Some(&at), Some(&hex), None), expected, "{seconds}");
    }
    assert_eq!(checked(&["s"], Some("yesterday"), Some(&hex), None), Err(HookRefusal::OutOfTime));
}

fn event(changes: serde_json::Value) -> Vec<u8> {
    let mut body = json!({
        "action": "messages", "subAction": "messageCreated", "type": "received", "platform": "instagram",
        "id": "aWdfM1", "conversationId": "aWdfC1", "senderId": "7100", "recipientId": "9100",
        "senderDetails": {"name": "Noor Vale", "username": "noor.vale"}, "message": "Still open?",
        "code": 200, "created": "2026-02-03T10:00:00Z", "scheduleDate": "2026-02-03T10:00:00Z", "timeStamp": 1_770_112_801,
        "hookId": "hk_001", "refId": "ab12", "title": "Corner Bakery", "mediaUrls": [], "url": "https://hook.example.test/in",
    });
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body.to_string().into_bytes()
}

fn item(changes: serde_json::Value) -> HookItem {
    decode(&event(changes)).unwrap().items.remove(0)
}

fn message(item: &HookItem) -> &MessageSeen {
    let Some(Event::Message(message)) = item.events.last() else { panic!("{item:?}") };
    message
}

#[test]
fn a_message_is_what_a_read_of_it_gives() {
    let delivery = decode(&event(json!({}))).unwrap();
    assert_eq!((delivery.id.as_deref(), delivery.sent_at), (Some("hk_001"), Some(Timestamp(1_770_112_801_000))));
    let item = &delivery.items[0];
    assert_eq!(
        (item.kind, item.reference.as_deref(), item.platform),
        (HookKind::Message, Some("ab12"), Platform::Instagram)
    );
    assert_eq!(item.conversation.as_ref().unwrap().as_str(), "aWdfC1");
    assert_eq!((item.person.as_ref().unwrap().as_str(), item.account.as_ref().unwrap().as_str()), ("7100", "9100"));

    let listed = json!({
        "id": "aWdfM1", "conversationId": "aWdfC1", "senderId": "7100", "recipientId": "9100", "action": "received",
        "senderDetails": {"name": "Noor Vale", "username": "noor.vale"}, "message": "Still open?",
        "created": "2026-02-03T10:00:00.000Z",
    });
    let listed = serde_json::value::to_raw_value(&listed).unwrap();
    let asked = normalize::Asked { platform: Some(Platform::Instagram), ..normalize::Asked::default() };
    let read = normalize::messages(vec![listed], &asked, None, false).conversations.remove(0);
    let mut read: Vec<Event> = read.events.into_iter().filter(|event| !matches!(event, Event::Archived(_))).collect();
    if let Some(Event::Message(message)) = read.last_mut() {
        (message.raw, message.reactions) = (String::new(), None);
    }
    let mut told = item.events.clone();
    if let Some(Event::Message(message)) = told.last_mut() {
        message.raw.clear();
    }
    assert_eq!(told, read);
}

#[test]
fn our_own_messages_and_their_files_are_read_too() {
    let echo = item(json!({
        "type": "sent", "senderId": "9100", "recipientId": "7100", "message": "", "senderDetails": {"name": "Corner Bakery"},
        "attachments": [{"type": "image", "url": "https://img.example.test/1.jpeg"}],
    }));
    assert_eq!((echo.kind, echo.person.as_ref().unwrap().as_str()), (HookKind::Echo, "7100"));
    assert_eq!((message(&echo).direction, message(&echo).kind), (Direction::Out, MessageKind::Image));
    assert_eq!((message(&echo).text.as_deref(), echo.events.len()), (None, 1));
}

#[test]
fn reads_reactions_edits_and_unsends_are_facts() {
    let read = item(json!({
        "subAction": "messageRead", "type": "read", "platform": "facebook", "senderId": "7001", "recipientId": "9001",
        "read": 1_770_112_810_000_u64, "readerDetails": {"name": "Ada Park", "id": "7001"},
    }));
    assert_eq!((read.kind, read.platform, read.events.len()), (HookKind::Read, Platform::Messenger, 2));
    assert_eq!(read.events[1], Event::ReadUpTo(Timestamp(1_770_112_810_000)));
    let of = RemoteId::from("aWdfM1");
    let (by, at) = (RemoteId::from("7100"), Timestamp(1_770_112_800_000));
    let reaction = |emoji: Option<&str>| {
        vec![Event::Reacted { message: of.clone(), by: by.clone(), emoji: emoji.map(str::to_owned), at }]
    };
    assert_eq!(item(json!({"subAction": "reactionCreated", "reaction": "🎉"})).events, reaction(Some("🎉")));
    assert_eq!(item(json!({"subAction": "reactionDeleted"})).events, reaction(None));
    assert_eq!(item(json!({"subAction": "messageDeleted"})).events, [Event::Unsent { message: of.clone() }]);
    let edited = item(json!({"subAction": "messageEdited", "message": "Still open today?"}));
    let text = "Still open today?".to_owned();
    assert_eq!(edited.events, [Event::Edited { message: of, text, edition: 1_770_112_800 }]);
}

#[test]
fn x_names_its_conversation_and_nothing_else() {
    let activity = json!({
        "action": "accountActivity", "type": "accountActivity", "platform": "twitter", "hookId": "hk_9", "refId": "ab12",
        "directMessageEvents": {"type": "message_create", "id": "77", "createdAt": "2026-02-03T10:00:00.120Z",
            "messageCreate": {"senderId": "900", "target": {"recipientId": "70"}, "messageData": {"text": "hi"}}},
    });
    let item = decode(activity.to_string().as_bytes()).unwrap().items.remove(0);
    assert_eq!((item.platform, item.kind, item.events.len()), (Platform::X, HookKind::Message, 0));
    assert_eq!(item.conversation.unwrap().as_str(), "70-900");
    assert_eq!(item.at, Some(Timestamp(1_770_112_800_120)));
}

#[test]
fn what_nobody_documented_is_a_reason_to_read_and_no_more() {
    for (changes, kind) in [
        (json!({"subAction": "messagePinned"}), HookKind::Other),
        (json!({"type": "teleported"}), HookKind::Other),
        (json!({"id": null}), HookKind::Other),
        (json!({"created": "soon", "timeStamp": "later"}), HookKind::Other),
        (json!({"subAction": "reactionCreated"}), HookKind::Other),
        (json!({"subAction": "messageEdited", "message": ""}), HookKind::Other),
        (json!({"action": "message", "message": {"text": "the early draft"}}), HookKind::Other),
        (json!({"action": "social", "type": "unlink", "source": "system"}), HookKind::Linked),
    ] {
        let item = item(changes.clone());
        assert_eq!((item.kind, item.events.len()), (kind, 0), "{changes}");
        assert_eq!(item.wants_read(), kind == HookKind::Other);
        assert_eq!(item.conversation.unwrap().as_str(), "aWdfC1");
    }
    let delivery = decode(&event(json!({"platform": "pigeon"}))).unwrap();
    assert_eq!((delivery.items.len(), delivery.skipped.len()), (0, 1));
    for body in ["", "<html>", "[]", "7", "[{\"action\":\"messages\"}]"] {
        assert!(decode(body.as_bytes()).is_err(), "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn no_body_whatever_stops_the_decoder(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = decode(&body);
    }
}

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{DAY, Platform};

use super::*;
use crate::{
    apply::apply,
    outbox::{NewPart, Start, enqueue},
    test_support::{NOW, inbound, live, page, remote, with_account},
};

/// A picture, ready in a draft; its hash is `n`.
pub(crate) fn ready_file(connection: &Connection, conversation: ConversationId, n: u8) -> OutgoingFileId {
    let (id, _) = attach(connection, conversation, &format!("{n}.jpg")).unwrap();
    let copy = MediaFile {
        path: format!("a/{}", hex(&[n; 32])),
        size: 100,
        sha256: [n; 32],
        mime: "image/jpeg".into(),
        width: Some(4),
        height: Some(3),
    };
    let file = Prepared {
        name: format!("{n}.jpg"),
        kind: OutgoingKind::Image,
        mime: "image/jpeg".into(),
        sha256: [n; 32],
        bytes: 200,
        size: Some((8, 6)),
        duration_ms: None,
        thumbnail: Some(format!("a/{}", hex(&[n + 100; 32]))),
        blur: None,
        changes: vec![FileChange::MetadataRemoved],
        copy,
    };
    prepared(connection, id, &file).unwrap();
    id
}

fn desk() -> (Connection, ConversationId) {
    let (connection, account) = with_account(Platform::Messenger);
    apply(&connection, account, &[page("t0", vec![inbound("hello", NOW, "Hello?")], None)], &live()).unwrap();
    let conversation = crate::conversation_of(&connection, account, &remote("t0")).unwrap().unwrap();
    (connection, conversation)
}

fn names(connection: &Connection, conversation: ConversationId) -> Vec<String> {
    files(connection, conversation).unwrap().into_iter().map(|file| file.name).collect()
}

#[test]
fn files_of_a_draft_keep_their_order_and_can_be_moved_and_removed() {
    let (connection, conversation) = desk();
    let ids: Vec<_> = (1..=3).map(|n| ready_file(&connection, conversation, n)).collect();
    order(&connection, conversation, &[ids[2], ids[0]]).unwrap();
    assert_eq!(names(&connection, conversation), ["3.jpg", "1.jpg", "2.jpg"]);
    remove(&connection, ids[0]).unwrap();
    assert!(remove(&connection, ids[0]).is_err());
    assert_eq!(names(&connection, conversation), ["3.jpg", "2.jpg"]);
    let row = || crate::conversation(&connection, conversation, NOW).unwrap().draft;
    assert_eq!(row().as_deref(), Some(""), "a draft of files alone is a draft");
    crate::set_draft(&connection, conversation, "With these", NOW).unwrap();
    assert_eq!(row().as_deref(), Some("With these"));
    crate::set_draft(&connection, conversation, "", NOW).unwrap();
    assert_eq!(row().as_deref(), Some(""));
    for id in &ids[1..] {
        remove(&connection, *id).unwrap();
    }
    assert_eq!(row(), None);
    assert!(attach(&connection, ConversationId(999), "x").is_err());
}

#[test]
fn what_cannot_be_sent_stays_with_its_reason_and_what_was_interrupted_says_so() {
    let (connection, conversation) = desk();
    let (heic, _) = attach(&connection, conversation, "a.heic").unwrap();
    attach(&connection, conversation, "b.jpg").unwrap();
    refused(&connection, heic, &FileRefusal::SaveAsJpeg).unwrap();
    preparing_found_at_start(&connection).unwrap();
    let states: Vec<FileState> = files(&connection, conversation).unwrap().into_iter().map(|f| f.state).collect();
    let refused = |reason| FileState::Refused { reason };
    assert_eq!(states, [refused(FileRefusal::SaveAsJpeg), refused(FileRefusal::Interrupted)]);
}

fn send(connection: &Connection, conversation: ConversationId, id: OutgoingFileId) -> Result<i64> {
    let kind = Some(OutgoingKind::Image);
    let part = NewPart { text: None, files: vec![id], kind, client_ref: "ref".into() };
    let tx = connection.unchecked_transaction()?;
    let sent = enqueue(&tx, conversation, &[part], Some(&remote("hello")), NOW, Start::Now)?;
    tx.commit()?;
    Ok(connection.query_row("SELECT id FROM part WHERE message = ?1", [sent.message.0], |row| row.get(0))?)
}

#[test]
fn a_file_is_sent_once_with_the_copy_that_is_shown_and_the_message_that_it_quotes() {
    let (connection, conversation) = desk();
    let id = ready_file(&connection, conversation, 7);
    let (other, _) = attach(&connection, conversation, "unready").unwrap();
    assert!(send(&connection, conversation, other).is_err(), "not ready");
    send(&connection, conversation, id).unwrap();
    assert!(send(&connection, conversation, id).is_err(), "not in the draft any more");
    assert_eq!(names(&connection, conversation), ["unready"]);
    let sql = "SELECT m.id FROM message m WHERE m.send_state IS NOT NULL";
    let message = connection.query_row(sql, [], |row| row.get(0).map(backscroll_model::MessageId)).unwrap();
    let shown = crate::messages_by_ids(&connection, &[message]).unwrap().pop().unwrap();
    assert_eq!(shown.attachments[0].name.as_deref(), Some("7.jpg"));
    let path = format!("a/{}", hex(&[7; 32]));
    assert_eq!(shown.attachments[0].file, backscroll_model::MediaState::Ready { path: path.clone() });
    assert_eq!(shown.reply_to.unwrap().text.as_deref(), Some("Hello?"));
    assert!(crate::media_paths(&connection).unwrap().contains(&path));
}

#[test]
fn bytes_are_needed_until_the_platform_has_them_and_an_upload_is_kept_until_it_ends() {
    let (connection, conversation) = desk();
    let id = ready_file(&connection, conversation, 7);
    let hash = hex(&[7; 32]);
    assert!(needed(&connection).unwrap().contains(&hash));
    let part = send(&connection, conversation, id).unwrap();
    assert!(needed(&connection).unwrap().contains(&hash));
    let provider: Option<i64> = connection.query_row("SELECT connection FROM account", [], |row| row.get(0)).unwrap();
    let provider = provider.map(ConnectionId).unwrap();
    let known = |platform, now| of_part(&connection, part, Some(provider), platform, now).unwrap()[0].reference.clone();
    assert_eq!(known(Platform::Messenger, NOW), None);
    let keep = |reference| {
        keep_upload(&connection, provider, Platform::Messenger, [7; 32], reference, Some(NOW.plus(DAY))).unwrap();
    };
    keep("a1");
    keep("a2");
    assert_eq!(known(Platform::Messenger, NOW).as_deref(), Some("a2"));
    assert_eq!(known(Platform::Instagram, NOW), None, "uploaded for another platform");
    assert_eq!(known(Platform::Messenger, NOW.plus(DAY)), None, "over");
    forget_upload(&connection, provider, Platform::Messenger, [7; 32], "a1").unwrap();
    assert_eq!(known(Platform::Messenger, NOW).as_deref(), Some("a2"), "what was uploaded since is not forgotten");
    forget_upload(&connection, provider, Platform::Messenger, [7; 32], "a2").unwrap();
    assert_eq!(known(Platform::Messenger, NOW), None);
    keep("a3");
    forget_ended_uploads(&connection, NOW.plus(DAY)).unwrap();
    assert_eq!(known(Platform::Messenger, NOW), None);
    connection.execute("UPDATE part SET state = 3", []).unwrap();
    assert!(needed(&connection).unwrap().is_empty());
}

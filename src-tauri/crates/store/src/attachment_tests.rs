#![expect(clippy::unwrap_used, reason = "tests")]

use backscroll_model::{OutgoingKind, Platform};

use super::*;
use crate::{
    apply::apply,
    outbox::{NewPart, Start, enqueue},
    outgoing::tests::ready_file,
    test_support::{NOW, inbound, live, page, remote, with_account},
};

fn desk() -> (Connection, ConversationId) {
    let (connection, account) = with_account(Platform::Messenger);
    apply(&connection, account, &[page("t0", vec![inbound("hello", NOW, "Hello?")], None)], &live()).unwrap();
    let conversation = crate::conversation_of(&connection, account, &remote("t0")).unwrap().unwrap();
    (connection, conversation)
}

/// The path of the copy of the file whose hash is `n`.
fn path(n: u8) -> String {
    format!("a/{}", format!("{n:02x}").repeat(32))
}

/// Sends the `n`th file; answers its part and its attachment.
fn send(connection: &Connection, conversation: ConversationId, n: u8) -> (i64, AttachmentId) {
    let id = ready_file(connection, conversation, n);
    let part = NewPart { text: None, files: vec![id], kind: Some(OutgoingKind::Image), client_ref: format!("ref{n}") };
    let tx = connection.unchecked_transaction().unwrap();
    let sent = enqueue(&tx, conversation, &[part], None, NOW, Start::Now).unwrap();
    tx.commit().unwrap();
    let of = |sql| connection.query_row(sql, [sent.message.0], |row| row.get(0)).unwrap();
    (of("SELECT id FROM part WHERE message = ?1"), AttachmentId(of("SELECT id FROM attachment WHERE message = ?1")))
}

fn could_go(connection: &Connection) -> Vec<String> {
    oldest_media(connection, 99).unwrap().into_iter().map(|kept| kept.path).collect()
}

#[test]
fn what_has_not_arrived_makes_no_room_and_what_has_does() {
    let (connection, conversation) = desk();
    let (part, id) = send(&connection, conversation, 7);
    let state = |state: i64| {
        connection.execute("UPDATE part SET state = ?2 WHERE id = ?1", (part, state)).unwrap();
        could_go(&connection)
    };
    // Queued, uploading, sending, failed, unknown, needs review: all of them may have to be sent again.
    for unfinished in [0, 1, 2, 4, 5, 6] {
        assert!(state(unfinished).is_empty(), "{unfinished}");
    }
    for arrived in [3, 7] {
        assert_eq!(state(arrived), [path(7)]);
    }
    // The same picture again: in a draft now, and on its way once more.
    let again = ready_file(&connection, conversation, 7);
    assert!(could_go(&connection).is_empty(), "the draft shows it");
    crate::outgoing::remove(&connection, again).unwrap();
    assert_eq!(could_go(&connection), [path(7)]);
    let (_, twice) = send(&connection, conversation, 7);
    assert!(could_go(&connection).is_empty() && twice != id);
}

#[test]
fn the_file_of_a_copy_that_goes_stays_while_a_draft_shows_it() {
    let (connection, conversation) = desk();
    let (part, sent) = send(&connection, conversation, 7);
    connection.execute("UPDATE part SET state = 3 WHERE id = ?1", [part]).unwrap();
    let draft = ready_file(&connection, conversation, 7);
    assert!(evict_media(&connection, &[sent]).unwrap().0.is_empty());
    crate::outgoing::remove(&connection, draft).unwrap();
    connection.execute("UPDATE attachment SET state = 2, path = ?2 WHERE id = ?1", (sent.0, path(7))).unwrap();
    assert_eq!(evict_media(&connection, &[sent]).unwrap().0, [path(7)]);
}

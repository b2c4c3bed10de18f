//! Links of a CDN change, copies stay.

use super::*;

#[test]
fn a_dead_link_is_fetched_again_once_it_is_signed_anew() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |signature: u32| {
        let mut message = seen("1", Direction::In, ago(HOUR), "Look");
        message.kind = MessageKind::Image;
        message.attachments = vec![AttachmentSeen {
            kind: MessageKind::Image,
            type_name: "image".into(),
            url: Some(format!("https://cdn.test/1.jpg?sig={signature}")),
            ..AttachmentSeen::default()
        }];
        apply(&connection, account, &[page("t", vec![Event::Message(Box::new(message))], None)], &live()).unwrap()
    };
    say(1);
    let waiting = crate::attachments_waiting(&connection, 10).unwrap();
    assert_eq!(waiting.len(), 1);
    crate::set_media_failed(&connection, waiting[0].id, backscroll_model::MediaFailure::Gone).unwrap();
    assert!(crate::attachments_waiting(&connection, 10).unwrap().is_empty());
    say(1);
    assert!(crate::attachments_waiting(&connection, 10).unwrap().is_empty(), "the same dead link");
    crate::set_media_failed(&connection, waiting[0].id, backscroll_model::MediaFailure::Gone).unwrap();
    say(2);
    assert_eq!(crate::attachments_waiting(&connection, 10).unwrap()[0].url, "https://cdn.test/1.jpg?sig=2");
}

#[test]
fn a_copy_stays_whatever_host_and_path_the_cdn_names_and_that_alone_is_no_news() {
    let (connection, account) = with_account(Platform::Instagram);
    let say = |url: &str, remote_id: Option<&str>, text: &str| {
        let mut message = seen("1", Direction::In, ago(HOUR), text);
        message.kind = MessageKind::Image;
        message.attachments = vec![AttachmentSeen {
            kind: MessageKind::Image,
            type_name: "image".into(),
            url: Some(url.into()),
            remote_id: remote_id.map(Into::into),
            ..AttachmentSeen::default()
        }];
        apply(&connection, account, &[page("t", vec![Event::Message(Box::new(message))], None)], &live()).unwrap()
    };
    let held = || -> (i64, i64, String) {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.query_row("SELECT id, state, url FROM attachment", [], row).unwrap()
    };
    say("https://scontent.xx.fbcdn.net/v/t1/a_n.jpg?oe=1", None, "Look");
    let file = crate::MediaFile {
        path: "a/1".into(),
        size: 1,
        sha256: [0; 32],
        mime: "image/jpeg".into(),
        width: None,
        height: None,
    };
    crate::set_media_ready(&connection, backscroll_model::AttachmentId(held().0), &file).unwrap();
    let (id, ready, _) = held();
    let before = connection.total_changes();
    say("https://scontent-fra5.xx.fbcdn.net/v/t39/a_n.jpg?oe=2", None, "Look");
    assert_eq!(connection.total_changes(), before, "a poll without news");

    say("https://scontent-ham3.xx.fbcdn.net/o1/v/t2/f2/other.jpg?oe=3", Some("f_1"), "Look again");
    assert_eq!(held(), (id, ready, "https://scontent-ham3.xx.fbcdn.net/o1/v/t2/f2/other.jpg?oe=3".to_owned()));
    let before = connection.total_changes();
    say("https://lookaside.fbsbx.com/one_more/name.jpg", Some("f_1"), "Look again");
    assert_eq!(connection.total_changes(), before, "known by its id");
    check(&connection);
}

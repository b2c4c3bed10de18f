#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use backscroll_model::{
    AttachmentSeen, Direction, Event, Listing, MINUTE, MediaState, MessageKind, MessageSeen, ParticipantSeen, Platform,
};

use super::*;
use crate::{
    MediaFile,
    apply::apply,
    attachment::{BYTES, FILES_WAITING, IS_USED, OLDEST, WAITING},
    attachment_to_fetch, attachments_waiting, evict_media, files_waiting, media_bytes, message_of, oldest_media,
    set_media_ready, set_state,
    test_support::{NOW, assert_walks, check, inbound, live, page, seen, with_account},
};

fn ago(ms: i64) -> Timestamp {
    NOW.plus(-ms)
}

fn file(kind: MessageKind, name: &str) -> AttachmentSeen {
    AttachmentSeen {
        kind,
        type_name: name.into(),
        url: Some(format!("https://cdn.test/{name}")),
        ..AttachmentSeen::default()
    }
}

fn with_files(id: &str, at: Timestamp, kind: MessageKind, attachments: Vec<AttachmentSeen>) -> Event {
    Event::Message(Box::new(MessageSeen { kind, attachments, ..seen(id, Direction::In, at, "") }))
}

fn the_conversation(connection: &Connection) -> ConversationId {
    connection.query_row("SELECT id FROM conversation", [], |row| row.get(0).map(ConversationId)).unwrap()
}

fn kept(path: &str, size: u64) -> MediaFile {
    MediaFile { path: path.into(), size, sha256: [0; 32], mime: "image/png".into(), width: Some(1), height: Some(1) }
}

/// A photo with a video, a story, a card, a file, a voice message and a sticker, each a minute after the other.
fn with_media() -> (Connection, AccountId) {
    use MessageKind::{Audio, File, Image, Share, Sticker, StoryMention, Video};
    let (connection, account) = with_account(Platform::Instagram);
    let events = vec![
        with_files("6", ago(MINUTE), Sticker, vec![file(Sticker, "s")]),
        with_files("5", ago(2 * MINUTE), Audio, vec![file(Audio, "a")]),
        with_files("4", ago(3 * MINUTE), File, vec![file(File, "f")]),
        with_files("3", ago(4 * MINUTE), Share, vec![file(Share, "c")]),
        with_files("2", ago(5 * MINUTE), StoryMention, vec![file(Image, "story")]),
        with_files("1", ago(6 * MINUTE), Image, vec![file(Image, "i"), file(Video, "v")]),
        inbound("0", ago(7 * MINUTE), "x"),
    ];
    apply(&connection, account, &[page("t", events, None)], &live()).unwrap();
    (connection, account)
}

#[test]
fn files_of_people_wait_and_stories_and_cards_are_links() {
    let (connection, _) = with_media();
    let names = |found: Vec<crate::WaitingAttachment>| -> Vec<String> {
        found.into_iter().map(|one| one.url.rsplit('/').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(attachments_waiting(&connection, 9).unwrap()), ["s", "i"]);
    assert_eq!(names(files_waiting(&connection, 9).unwrap()), ["a", "f", "v"]);
    check(&connection);
}

#[test]
fn media_of_a_conversation_are_paged_newest_first() {
    let (connection, _) = with_media();
    let id = the_conversation(&connection);
    let all = media_of(&connection, id, None, 100).unwrap();
    let names: Vec<&str> = all.iter().map(|item| item.attachment.url.as_deref().unwrap()).collect();
    let expected = ["a", "f", "story", "v", "i"].map(|name| format!("https://cdn.test/{name}"));
    assert_eq!(names, expected);
    let mut walked = Vec::new();
    let mut before = None;
    loop {
        let page = media_of(&connection, id, before.as_ref(), 2).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.place.clone());
        walked.extend(page);
    }
    assert_eq!(walked, all);
    assert!(media_of(&connection, id, Some(&Place("7".into())), 2).is_err());
}

#[test]
fn what_makes_room_is_fetched_again_only_when_asked_for() {
    let (connection, _) = with_media();
    let id = the_conversation(&connection);
    let items = media_of(&connection, id, None, 9).unwrap();
    let of =
        |name: &str| items.iter().find(|i| i.attachment.url.as_deref().unwrap().ends_with(name)).unwrap().attachment.id;
    // The photo and the file have the same content.
    for (name, path, size) in [("i", "a/1", 10), ("f", "a/1", 10), ("a", "a/2", 7)] {
        set_media_ready(&connection, of(name), &kept(path, size)).unwrap();
    }
    assert_eq!(media_bytes(&connection).unwrap(), 17, "the same content counts once");
    let oldest = oldest_media(&connection, 2).unwrap();
    assert_eq!(oldest.iter().map(|kept| kept.id).collect::<Vec<_>>(), [of("i"), of("f")]);
    let (free, changes) = evict_media(&connection, &[of("i")]).unwrap();
    assert!(free.is_empty(), "the file still needs it");
    assert_eq!(changes.len(), 1);
    assert_eq!(evict_media(&connection, &[of("f"), of("i")]).unwrap().0, ["a/1"]);
    assert_eq!(media_bytes(&connection).unwrap(), 7);
    let item = media_of(&connection, id, None, 9).unwrap().pop().unwrap();
    assert_eq!((item.attachment.id, item.attachment.file), (of("i"), MediaState::Evicted));
    assert!(attachments_waiting(&connection, 9).unwrap().iter().all(|one| one.id != of("i")));
    assert!(attachment_to_fetch(&connection, of("i")).unwrap().is_some());
}

#[test]
fn the_contact_page_says_who_and_what_is_held() {
    let (connection, account) = with_account(Platform::Messenger);
    let person = Event::Participant(ParticipantSeen {
        remote_id: "p1".into(),
        name: Some("Ines Duarte".into()),
        username: Some("ines.d".into()),
        avatar_url: None,
    });
    let link = Event::Link("https://business.test/inbox/1".into());
    let events = vec![
        inbound("2", ago(MINUTE), "x"),
        with_files("1", ago(HOUR), MessageKind::Image, vec![file(MessageKind::Image, "i")]),
        person,
        link,
    ];
    let listing = Some(Listing { from: Some(ago(HOUR)), to: NOW });
    apply(&connection, account, &[page("t", events, listing)], &live()).unwrap();
    let page = contact_page(&connection, the_conversation(&connection)).unwrap();
    assert_eq!((page.name.as_deref(), page.username.as_deref()), (Some("Ines Duarte"), Some("ines.d")));
    assert_eq!((page.first_at, page.last_at), (Some(ago(HOUR)), Some(ago(MINUTE))));
    assert_eq!((page.messages, page.media, page.gaps.len()), (2, 1, 1));
    assert_eq!(page.remote_id.unwrap().as_str(), "p1");
    assert_eq!(page.link.as_deref(), Some("https://business.test/inbox/1"));
    let of = |person: &str| conversation_of_person(&connection, account, &person.into()).unwrap();
    assert_eq!((of("p1"), of("p2")), (Some("t".into()), None));
}

#[test]
fn jumping_to_a_date_lands_on_its_first_message_or_the_last_before() {
    let (connection, account) = with_account(Platform::X);
    let events = (1..=3).map(|n| inbound(&n.to_string(), ago(n * HOUR), "x")).collect();
    apply(&connection, account, &[page("t", events, None)], &live()).unwrap();
    let id = the_conversation(&connection);
    let message = |n: i64| message_of(&connection, account, &n.to_string().as_str().into()).unwrap();
    let at = |ms: i64| message_at(&connection, id, ago(ms)).unwrap();
    assert_eq!((at(9 * HOUR), at(2 * HOUR + 1), at(2 * HOUR), at(0)), (message(3), message(2), message(2), message(1)));
}

#[test]
fn the_pace_of_a_conversation_is_what_came_in_the_last_hour() {
    let (connection, account) = with_account(Platform::Instagram);
    let events = |name: &str, every: i64| {
        (0..30).map(|n| inbound(&format!("{name}{n}"), ago(n * every), "x")).collect::<Vec<_>>()
    };
    let pages = [
        page("fast", events("f", MINUTE), None),
        page("slow", events("s", HOUR), None),
        page("old", vec![inbound("o", ago(90 * HOUR), "x")], None),
    ];
    apply(&connection, account, &pages, &live()).unwrap();
    let fast = connection.query_row("SELECT id FROM conversation WHERE remote_id = 'fast'", [], |r| r.get(0)).unwrap();
    set_state(&connection, ConversationId(fast), backscroll_model::ConversationState::Done).unwrap();
    let paces = pace_of(&connection, account, ago(80 * HOUR), NOW).unwrap();
    let mut told: Vec<_> = paces
        .iter()
        .map(|p| (p.remote_id.as_str(), p.last_hour.len(), NOW.since(p.newest), NOW.since(p.oldest_given)))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [("fast", 30, 0, 19 * MINUTE), ("slow", 1, 0, 19 * HOUR)]);
}

#[test]
fn a_walk_through_ids_goes_on_where_it_stopped() {
    let (connection, account) = with_account(Platform::Instagram);
    let mut pages = vec![];
    for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
        let at = ago(HOUR * (i64::try_from(n).unwrap() + 1));
        let listing = Some(Listing { from: (name != "b").then_some(at), to: NOW });
        pages.push(page(name, vec![inbound(name, at, "x")], listing));
    }
    let mut walked = page("c", vec![Event::Listed { message: "c0".into(), at: ago(9 * HOUR) }], None);
    walked.conversations[0].ids = Some(Listing { from: Some(ago(9 * HOUR)), to: NOW });
    walked.cursors = vec![(ids_cursor(&"c".into()), Some("page 2".into()))];
    pages.push(walked);
    apply(&connection, account, &pages, &live()).unwrap();
    let walks = ids_to_walk(&connection, account, 9).unwrap();
    let told: Vec<_> = walks.iter().map(|walk| (walk.remote_id.as_str(), walk.cursor.as_deref())).collect();
    assert_eq!(told, [("a", None), ("c", Some("page 2"))], "b was read to its beginning");
    assert_eq!(ids_to_walk(&connection, account, 1).unwrap().len(), 1);
}

#[test]
fn these_queries_walk_their_indexes() {
    let (connection, _) = with_account(Platform::Instagram);
    for (sql, index) in [
        (COUNT_MEDIA, "message_media"),
        (FIRST_FROM, "message_thread"),
        (LAST_BEFORE, "message_thread"),
        (ACTIVE, "conversation_newest"),
        (NEWEST, "message_thread"),
        (TO_WALK, "conversation_unlisted"),
    ] {
        assert_walks(&connection, sql, index);
    }
    // Walks along the index of just these files; people have a conversation or two, messages a file or two.
    for (sql, index, may_sort) in [
        (WAITING, "attachment_waiting", false),
        (FILES_WAITING, "attachment_waiting", false),
        (OLDEST, "attachment_kept", false),
        (BYTES, "attachment_path", false),
        (IS_USED, "attachment_path", false),
        (MEDIA, "message_media", true),
        (OF_PERSON, "conversation_participant", true),
    ] {
        let plan = crate::test_support::plan(&connection, sql);
        assert!(plan.contains(index), "{index} is not used:\n{plan}");
        assert!(may_sort || !plan.contains("TEMP B-TREE"), "sorts:\n{plan}");
    }
}

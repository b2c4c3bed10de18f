use std::{ops::ControlFlow, path::PathBuf};

use backscroll_archive::{ArchiveError, Place};
use backscroll_model::{Direction, Event, MessageKind, Platform};
use serde_json::json;

use crate::build::{Builder, broken, message, open, read, thread};

const SHOP: &str = "Corner Bakery";

fn bakery() -> Builder {
    let ines = [
        message("Inês Østergård", 1_700_000_005_000, "Danke ❤️ 中文"),
        message(SHOP, 1_700_000_004_000, "Até já"),
        message("Inês Østergård", 1_700_000_004_000, "ok"),
        message("Inês Østergård", 1_700_000_004_000, "ok"),
    ];
    let older = [message("Inês Østergård", 1_600_000_000_000, "Olá")];
    let omar = [message("Omar", 1_650_000_000_000, "مرحبا")];
    Builder::new()
        .json(
            "facebook-corner/your_facebook_activity/messages/inbox/ines_123/message_1.json",
            &thread(&["Inês Østergård", SHOP], &ines),
        )
        .json(
            "facebook-corner/your_facebook_activity/messages/inbox/ines_123/message_2.json",
            &thread(&["Inês Østergård", SHOP], &older),
        )
        .json(
            "facebook-corner/your_facebook_activity/messages/archived_threads/omar_77/message_1.json",
            &thread(&["Omar", SHOP], &omar),
        )
}

#[test]
fn a_download_is_read_with_its_text_repaired_and_its_order_kept() {
    let dir = tempfile::tempdir().unwrap();
    let zip = bakery().zip(dir.path().join("facebook-corner.zip"));
    let got = read(std::slice::from_ref(&zip), None).unwrap();
    assert_eq!(got.texts(), ["Danke ❤️ 中文", "Até já", "ok", "ok", "Olá", "مرحبا"]);
    assert_eq!((got.report.threads, got.report.messages, got.report.skipped), (2, 6, 0));
    let messages = got.messages();
    assert_eq!(messages[1].direction, Direction::Out);
    let ties: Vec<u16> = messages.iter().map(|seen| seen.tie).collect();
    assert_eq!(ties, [0, 2, 1, 0, 0, 0], "equal instants keep the order of the listing, the oldest first");
    assert_ne!(messages[2].remote_id, messages[3].remote_id, "two of the same words are two messages");
    assert!(messages.iter().all(|seen| seen.remote_id.is_imported()));
    let listing = got.pages.iter().find_map(|page| page.events.listing).unwrap();
    assert_eq!((listing.from.unwrap().0, listing.to.0), (1_600_000_000_000, 1_700_000_005_000));
    let thread = &got.pages[0].thread;
    assert_eq!(thread.name.as_deref(), Some("Inês Østergård"));
    assert!(thread.name_is_unique);
    assert!(thread.conversations.iter().any(|id| id.as_str() == "t_123"));
    assert_eq!(open(&[zip]).unwrap().platform(), Platform::Messenger);
}

#[test]
fn a_folder_says_what_its_zip_says() {
    let dir = tempfile::tempdir().unwrap();
    let zip = bakery().zip(dir.path().join("a.zip"));
    let folder = bakery().folder(&dir.path().join("unpacked"));
    let (a, b) = (read(&[zip], None).unwrap(), read(&[folder], None).unwrap());
    assert_eq!(a.pages, b.pages);
}

#[test]
fn parts_of_a_download_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let whole = bakery();
    let (first, second) = (Builder { files: whole.files[..1].to_vec() }, Builder { files: whole.files[1..].to_vec() });
    let parts = [first.zip(dir.path().join("1.zip")), second.zip(dir.path().join("2.zip"))];
    let all = whole.zip(dir.path().join("all.zip"));
    let got = read(&parts, None).unwrap();
    assert_eq!(got.pages, read(std::slice::from_ref(&all), None).unwrap().pages);
    // And the whole beside its parts says nothing twice.
    let again = read(&[parts[0].clone(), all, parts[1].clone()], None).unwrap();
    assert_eq!(again.pages, got.pages);
}

#[test]
fn whose_it_is_is_told_by_the_profile_by_the_user_or_by_being_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let owner = |builder: &Builder, named: Option<&str>, hints: &[String]| {
        let zip = builder.zip(dir.path().join("o.zip"));
        open(&[zip]).unwrap().owner(named, hints).map(|owner| owner.name)
    };
    assert_eq!(owner(&bakery(), None, &[]).unwrap(), SHOP, "is in both threads");
    assert_eq!(owner(&bakery(), Some("omar"), &[]).unwrap(), "Omar");
    let one = Builder::new()
        .json("messages/inbox/a_1/message_1.json", &thread(&["Ana", "Bo"], &[message("Bo", 1_700_000_000_000, "x")]));
    let Err(ArchiveError::OwnerUnknown { people }) = owner(&one, None, &[]) else { panic!("guessed") };
    assert_eq!(people, ["Ana", "Bo"]);
    assert_eq!(owner(&one, None, &["bo".to_owned()]).unwrap(), "Bo", "the account's name");
    let told = one
        .json("profile_information/profile_information.json", &json!({"profile_v2": {"name": {"full_name": "Ana"}}}));
    assert_eq!(owner(&told, None, &[]).unwrap(), "Ana");
    assert!(matches!(owner(&told, Some("Nobody"), &[]), Err(ArchiveError::OwnerUnknown { .. })));
}

#[test]
fn every_kind_of_message_becomes_what_it_is() {
    let files = |name: &str| json!([{ "uri": format!("your_instagram_activity/messages/inbox/a_1/{name}"), "creation_timestamp": 1 }]);
    let head = |at: i64| json!({ "sender_name": "Ana", "timestamp_ms": at });
    let with = |at: i64, name: &str, value: serde_json::Value| {
        let mut message = head(at);
        message[name] = value;
        message
    };
    let mut reacted = message("Ana", 1_700_000_000_020, "nice");
    reacted["reactions"] = json!([{ "reaction": broken("❤"), "actor": "Bo" }, { "reaction": broken("😂"), "actor": "Ana", "timestamp": 5 }]);
    let messages = [
        reacted,
        with(1_700_000_000_019, "photos", files("photos/1.jpg")),
        with(1_700_000_000_018, "videos", files("videos/1.mp4")),
        with(1_700_000_000_017, "audio_files", files("audio/1.aac")),
        with(1_700_000_000_016, "sticker", json!({ "uri": "messages/stickers_used/1.png" })),
        with(
            1_700_000_000_015,
            "share",
            json!({ "link": "https://www.instagram.com/reel/1/", "share_text": broken("vidéo") }),
        ),
        with(1_700_000_000_014, "share", json!({ "link": "https://example.org/" })),
        with(1_700_000_000_013, "is_unsent", json!(true)),
        with(1_700_000_000_012, "call_duration", json!(12)),
        with(1_700_000_000_011, "files", json!([{ "uri": "https://cdn.example.org/f.pdf?sig=1" }])),
    ];
    let dir = tempfile::tempdir().unwrap();
    let zip = Builder::new()
        .json("your_instagram_activity/messages/inbox/a_1/message_1.json", &thread(&["Ana", "Bo"], &messages))
        .zip(dir.path().join("i.zip"));
    assert_eq!(open(std::slice::from_ref(&zip)).unwrap().platform(), Platform::Instagram);
    let got = read(&[zip], Some("Bo")).unwrap();
    use MessageKind::*;
    let kinds: Vec<MessageKind> = got.messages().iter().map(|seen| seen.kind).collect();
    assert_eq!(kinds, [Text, Image, Video, Audio, Sticker, Reel, Share, Unsent, Unknown, File]);
    let messages = got.messages();
    let reactions: Vec<(&str, &str)> =
        messages[0].reactions.iter().flatten().map(|r| (r.by.as_str(), r.emoji.as_str())).collect();
    assert_eq!(reactions, [("import:me", "❤"), ("import:them", "😂")]);
    assert_eq!(messages[5].attachments[0].detail.as_deref(), Some("vidéo"));
    assert_eq!(messages[7].raw, "", "what was taken back leaves nothing");
    let paths: Vec<&str> = got.batches.iter().flat_map(|batch| &batch.files).map(|file| file.path.as_str()).collect();
    assert_eq!(paths.len(), 4);
    assert!(paths[0].ends_with("photos/1.jpg"));
}

#[test]
fn encrypted_chats_of_messenger_are_read_in_their_own_form() {
    let chat = json!({
        "participants": ["Zoë", "Corner Bakery"], "threadName": "Zoë_12",
        "messages": [
            { "isUnsent": false, "media": [{ "uri": "./media/x.jpg" }], "reactions": [{ "actor": "Zoë", "reaction": "❤" }],
              "senderName": "Corner Bakery", "text": "", "timestamp": 1_700_000_000_500_i64, "type": "media" },
            { "isUnsent": false, "media": [], "reactions": [], "senderName": "Zoë", "text": "Très bien ❤", "timestamp": 1_700_000_000_000_i64, "type": "text" }
        ]
    });
    let dir = tempfile::tempdir().unwrap();
    let folder = Builder::new().file("Zoë_12.json", chat.to_string()).file("media/x.jpg", "x").folder(dir.path());
    let got = read(std::slice::from_ref(&folder), Some(SHOP)).unwrap();
    assert_eq!(got.texts(), ["", "Très bien ❤"]);
    assert_eq!(got.messages()[0].kind, MessageKind::Image);
    let path = got.batches[0].files[0].path.clone();
    assert_eq!(
        open(std::slice::from_ref(&folder)).unwrap().files(&[folder]).unwrap().read(&path, 100).unwrap().unwrap(),
        b"x"
    );
}

#[test]
fn a_reading_goes_on_where_it_stopped() {
    let messages: Vec<_> = (0..1_300).map(|n| message("Ana", 1_700_000_000_000 - n / 2, &format!("m{n}"))).collect();
    let dir = tempfile::tempdir().unwrap();
    let zip = Builder::new()
        .json("messages/inbox/a_1/message_1.json", &thread(&["Ana", "Bo"], &messages[..900]))
        .json("messages/inbox/a_1/message_2.json", &thread(&["Ana", "Bo"], &messages[900..]))
        .json("messages/inbox/c_1/message_1.json", &thread(&["Cy", "Bo"], &messages[..40]))
        .zip(dir.path().join("x.zip"));
    let whole = read(std::slice::from_ref(&zip), Some("Bo")).unwrap();
    assert!(whole.batches.len() > 2);
    assert!(whole.batches.iter().all(|batch| batch.messages < 600));
    for stop in 0..whole.batches.len() {
        let mut download = open(std::slice::from_ref(&zip)).unwrap();
        let owner = download.owner(Some("Bo"), &[]).unwrap();
        let (mut pages, mut place) = (Vec::new(), Place::default());
        let mut left = stop + 1;
        let report = download
            .read(&owner, None, &mut |batch| {
                pages.extend(batch.pages);
                place = batch.place;
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert!(report.cancelled);
        let kept = Place::parse(&place.to_text()).unwrap();
        let mut again = open(std::slice::from_ref(&zip)).unwrap();
        again
            .read(&owner, Some(kept), &mut |batch| {
                pages.extend(batch.pages);
                ControlFlow::Continue(())
            })
            .unwrap();
        let texts = |pages: &[backscroll_model::ImportedPage]| {
            let events = pages.iter().flat_map(|page| page.events.events.clone());
            events.filter_map(|e| if let Event::Message(m) = e { m.text } else { None }).collect::<Vec<_>>()
        };
        assert_eq!(texts(&pages), texts(&whole.pages), "after batch {stop}");
        assert_eq!(
            pages.iter().filter_map(|p| p.events.listing).collect::<Vec<_>>(),
            whole.pages.iter().filter_map(|p| p.events.listing).collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_fixtures_are_read() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/archive"));
    for (name, platform, messages) in
        [("facebook", Platform::Messenger, 6), ("instagram", Platform::Instagram, 4), ("x", Platform::X, 4)]
    {
        let mut download = open(&[root.join(name)]).unwrap();
        assert_eq!(download.platform(), platform);
        let owner = download.owner(None, &[]).unwrap();
        let report = download.read(&owner, None, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((report.messages, &report.reasons), (messages, &report.reasons), "{name}");
    }
}

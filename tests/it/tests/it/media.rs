//! The media archive: what is fetched, kept, refused, counted, driven out and saved, against a host that misbehaves.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use backscroll_model::*;
use backscroll_simulator::{Chat, Content, Fault, Inbound, ProfileId, WorldKind};

use crate::{
    graph::Shop,
    pictures::decoder,
    world::{Sim, World},
};

/// A Page connected with its token, read and running; nobody writes unasked.
async fn page() -> Shop {
    page_of(Shop::new(WorldKind::Small).await).await
}

async fn page_of(mut shop: Shop) -> Shop {
    if let Some(decoder) = decoder() {
        shop.world.decoder = decoder;
    }
    shop.world.open().await;
    shop.connect().await;
    shop.sync().await;
    shop.inbox().start().await;
    shop.advance(120).await;
    shop
}

fn chat(world: &World, platform: Sim) -> Chat {
    world.sim.graph().chats(ProfileId::PRIMARY, platform).remove(0)
}

/// The person sends it, and everything that follows from it has happened.
async fn send(world: &World, chat: &Chat, content: Content) -> Attachment {
    world.sim.graph().receive(chat, Inbound::content(content)).unwrap();
    world.advance(150).await;
    newest(world, chat).await
}

async fn newest(world: &World, chat: &Chat) -> Attachment {
    let row = world.conversation(chat).await;
    world.thread(row.id).await.pop().unwrap().attachments.remove(0)
}

async fn summary(world: &World) -> MediaSummary {
    world.inbox().media_summary(None).await.unwrap()
}

/// The names of all files of the cache.
fn on_disk(world: &World) -> BTreeSet<PathBuf> {
    let folders = ["a", "f", "new"].map(|folder| world.data().join("media").join(folder));
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn sha256_of(file: &std::path::Path) -> String {
    backscroll_media::content_address(&std::fs::read(file).unwrap())
}

#[tokio::test]
async fn films_sounds_and_files_are_kept_as_they_came_with_the_type_of_their_bytes() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    for (content, mime, magic, at) in [
        (Content::Video, "video/mp4", &b"ftyp"[..], 4),
        (Content::Audio, "audio/wav", b"RIFF", 0),
        (Content::File, "application/pdf", b"%PDF", 0),
    ] {
        let attachment = send(&world, &chat, content).await;
        assert!(matches!(&attachment.file, MediaState::Ready { path } if path.starts_with("f/")), "{attachment:?}");
        assert_eq!(attachment.mime.as_deref(), Some(mime));
        let copy = world.inbox().media_copy(attachment.id).await.unwrap().unwrap();
        let bytes = std::fs::read(&copy.file).unwrap();
        assert_eq!((copy.mime.as_str(), copy.size, &bytes[at..at + 4]), (mime, bytes.len() as u64, magic));
        assert_eq!(copy.file.file_name().unwrap().to_string_lossy(), sha256_of(&copy.file), "named after its content");
        let MediaState::Ready { path } = attachment.file else { return };
        assert_eq!(world.inbox().media(path).await.unwrap(), None, "the scheme of pictures shows pictures only");
    }
}

#[tokio::test]
async fn the_same_content_is_on_disk_once() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    send(&world, &chat, Content::Audio).await;
    let held = on_disk(&world);
    let again = send(&world, &chat, Content::Audio).await;
    assert!(matches!(again.file, MediaState::Ready { .. }));
    assert_eq!(on_disk(&world), held);
}

#[tokio::test]
async fn a_story_is_never_on_disk_and_is_counted() {
    let world = page().await;
    let chat = chat(&world, Sim::Instagram);
    let before = (on_disk(&world), summary(&world).await.stories);
    for (content, n) in [(Content::StoryMention, 1), (Content::StoryReply, 2)] {
        let story = send(&world, &chat, content).await;
        assert_eq!(story.file, MediaState::Link);
        assert!(story.url.is_some(), "its link is kept, and dies with it");
        world.inbox().fetch_media(story.id).await.unwrap();
        assert_eq!(newest(&world, &chat).await.file, MediaState::Link, "not even when asked for");
        assert_eq!(summary(&world).await.stories, before.1 + n);
    }
    assert_eq!(on_disk(&world), before.0);
}

/// Each host that misbehaves: what the attachment says, and that nothing of it stays.
#[tokio::test]
async fn what_a_hostile_host_sends_is_named_and_nothing_of_it_is_kept() {
    let html = Fault::Bytes {
        http: 200,
        content_type: "video/mp4",
        encoding: None,
        bytes: bytes_of("<!doctype html><title>Log in</title>"),
    };
    let private = |to: &str| Fault::Redirect { http: 302, to: to.to_owned() };
    for (content, fault, reason) in [
        (Content::Video, html.clone(), MediaFailure::Unreadable),
        (Content::Audio, html, MediaFailure::Unreadable),
        (Content::Image, Fault::Html { http: 200 }, MediaFailure::Unreadable),
        (Content::Audio, Fault::Endless { content_type: "audio/mpeg" }, MediaFailure::TooLarge),
        (Content::Image, Fault::Endless { content_type: "image/jpeg" }, MediaFailure::TooLarge),
        (Content::Image, Fault::gzip_bomb(64), MediaFailure::Unreadable),
        (Content::File, Fault::gzip_bomb(64), MediaFailure::Unreadable),
        (Content::Video, private("http://169.254.169.254/latest/meta-data"), MediaFailure::Refused),
        (Content::File, private("https://10.0.0.1/x"), MediaFailure::Refused),
        (Content::File, private("http://127.0.0.1:1/x"), MediaFailure::Refused),
        (
            Content::File,
            Fault::Bytes { http: 200, content_type: "", encoding: None, bytes: bytes_of("") },
            MediaFailure::Unreadable,
        ),
    ] {
        let world = page().await;
        let chat = chat(&world, Sim::Facebook);
        let (files, before) = (on_disk(&world), summary(&world).await);
        world.sim.graph().on_file("").always().fail(fault.clone());
        let attachment = send(&world, &chat, content).await;
        assert_eq!(attachment.file, MediaState::Failed { reason }, "{content:?} {fault:?}");
        assert_eq!(on_disk(&world), files, "{content:?} {fault:?}");
        let after = summary(&world).await;
        let counted = |s: &MediaSummary| match reason {
            MediaFailure::Gone => s.gone,
            MediaFailure::TooLarge => s.too_large,
            MediaFailure::Unreadable => s.unreadable,
            MediaFailure::Refused => s.refused,
        };
        assert_eq!(counted(&after), counted(&before) + 1, "{content:?} {fault:?}");
    }
}

fn bytes_of(text: &'static str) -> axum::body::Bytes {
    axum::body::Bytes::from_static(text.as_bytes())
}

#[tokio::test]
async fn a_drip_is_given_up_and_tried_again_later() {
    let mut shop = Shop::new(WorldKind::Small).await;
    shop.world.limits.read = Duration::from_millis(400);
    let world = page_of(shop).await;
    let chat = chat(&world, Sim::Facebook);
    world.sim.graph().on_file("").fail(Fault::Slow { bytes_per_second: 1 });
    let attachment = send(&world, &chat, Content::Audio).await;
    assert_eq!(attachment.file, MediaState::Waiting);
    assert!(on_disk(&world).iter().all(|file| !file.starts_with(world.data().join("media/new"))), "nothing half");
    world.advance(6 * 60).await;
    assert!(matches!(newest(&world, &chat).await.file, MediaState::Ready { .. }));
}

#[tokio::test]
async fn trouble_is_tried_again_later_and_later_and_never_in_a_loop() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    world.sim.graph().on_file("").always().fail(Fault::http(503));
    world.sim.clear_requests();
    let attachment = send(&world, &chat, Content::File).await;
    assert_eq!(attachment.file, MediaState::Waiting);
    world.advance(60 * 60).await;
    let tries = world.sim.requests().iter().filter(|r| r.path.contains("/cdn/")).count();
    assert!((3..=5).contains(&tries), "{tries} tries in an hour");
    world.sim.clear_faults();
    world.inbox().fetch_media(attachment.id).await.unwrap();
    assert!(matches!(newest(&world, &chat).await.file, MediaState::Ready { .. }));
}

#[tokio::test]
async fn a_dead_link_is_asked_for_once_more_and_then_gone() {
    let mut world = page().await;
    let chat = chat(&world, Sim::Facebook);
    // The link dies before the file could be had; only a read of the conversation gives a fresh one.
    world.sim.graph().on_file("").always().fail(Fault::http(503));
    let waiting = send(&world, &chat, Content::Audio).await;
    assert_eq!(waiting.file, MediaState::Waiting);
    world.sim.clear_faults();
    world.world.close().await;
    world.sim.advance(Duration::from_secs(3 * 86_400)).await;
    world.world.open().await;
    world.driven(world.inbox().fetch_media(waiting.id)).await.unwrap();
    let revived = newest(&world, &chat).await;
    assert!(matches!(revived.file, MediaState::Ready { .. }), "{revived:?}");
    assert_ne!(revived.url, waiting.url);
    // A host that knows nothing of any link is asked twice at most.
    world.inbox().start().await;
    world.advance(150).await;
    world.sim.graph().on_file("").always().fail(Fault::http(404));
    world.sim.clear_requests();
    let dead = send(&world, &chat, Content::File).await;
    assert_eq!(dead.file, MediaState::Failed { reason: MediaFailure::Gone });
    world.advance(60 * 60).await;
    let tries = world.sim.requests().iter().filter(|r| r.path.contains("/cdn/")).count();
    assert!(tries <= 2, "{tries} tries");
}

#[tokio::test]
async fn a_link_that_died_while_the_computer_slept_comes_alive_by_itself() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    world.sim.graph().on_file("").always().fail(Fault::http(503));
    assert_eq!(send(&world, &chat, Content::Audio).await.file, MediaState::Waiting);
    world.sim.clear_faults();
    world.sleep_through(3 * 86_400).await;
    world.advance(150).await;
    let revived = newest(&world, &chat).await;
    assert!(matches!(revived.file, MediaState::Ready { .. }), "{revived:?}");
}

#[tokio::test]
async fn the_quota_drives_out_the_least_recently_used_and_the_row_says_so() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    let film = send(&world, &chat, Content::Video).await;
    world.sleep_through(3 * 3_600).await;
    let voice = send(&world, &chat, Content::Audio).await;
    world.sleep_through(3 * 3_600).await;
    // The film is looked at: now it is the voice that nobody used for longest, but for what was there before both.
    let looked_at = world.inbox().media_copy(film.id).await.unwrap().unwrap();
    let film_and_voice = looked_at.size + u64::from(voice.size.unwrap());
    let held: u64 = on_disk(&world).iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    world.inbox().set_media_quota(film_and_voice);
    assert!(held >= film_and_voice);
    let paper = send(&world, &chat, Content::File).await;
    assert!(matches!(paper.file, MediaState::Ready { .. }));
    let state = async |id: AttachmentId| {
        let row = world.conversation(&chat).await;
        let all = world.thread(row.id).await.into_iter().flat_map(|m| m.attachments);
        all.into_iter().find(|a| a.id == id).unwrap().file
    };
    assert_eq!(state(voice.id).await, MediaState::Evicted);
    assert!(matches!(state(film.id).await, MediaState::Ready { .. }));
    assert_eq!(world.inbox().media_copy(voice.id).await.unwrap(), None);
    // It comes back when it is asked for, and only then.
    world.inbox().set_media_quota(u64::MAX);
    world.sleep_through(3_600).await;
    assert_eq!(state(voice.id).await, MediaState::Evicted);
    world.inbox().fetch_media(voice.id).await.unwrap();
    assert!(matches!(state(voice.id).await, MediaState::Ready { .. }));
}

#[tokio::test]
async fn what_finds_no_room_is_left_and_what_is_on_screen_stays() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    let film = send(&world, &chat, Content::Video).await;
    let row = world.conversation(&chat).await;
    world.inbox().set_viewing(Some(row.id));
    world.inbox().set_media_quota(1);
    let left = send(&world, &chat, Content::Audio).await;
    assert_eq!(left.file, MediaState::Evicted, "no room, and nothing is fetched for nothing");
    assert!(world.inbox().media_copy(film.id).await.unwrap().is_some(), "it is on screen");
    world.inbox().fetch_media(left.id).await.unwrap();
    assert!(matches!(newest(&world, &chat).await.file, MediaState::Ready { .. }), "what is asked for comes");
}

/// A second of a tone that only this `pitch` has.
fn tone(pitch: u8) -> Vec<u8> {
    let format = [16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0];
    let sizes = [8_036u32.to_le_bytes(), 8_000u32.to_le_bytes()];
    [b"RIFF", &sizes[0][..], b"WAVEfmt ", &format, b"data", &sizes[1], &[pitch; 8_000]].concat()
}

#[tokio::test]
async fn what_a_draft_shows_and_what_has_not_arrived_makes_no_room() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    let row = world.conversation(&chat).await.id;
    let attach = async |pitch: u8| {
        let id = world.inbox().attach_bytes(row, "tone.wav".into(), tone(pitch)).await.unwrap();
        world
            .until(async |w| {
                let files = w.inbox().outgoing_files(row).await.unwrap();
                files.iter().any(|file| file.id == id && file.state == FileState::Ready)
            })
            .await;
        id
    };
    let send_at = Some(Timestamp(world.sim.clock().now_ms()).plus(4 * HOUR));
    let later = SendRequest { files: vec![attach(1).await], send_at, ..SendRequest::default() };
    world.inbox().send(row, later).await.unwrap();
    attach(2).await;
    let of_the_message = newest(&world, &chat).await;
    let own = |pitch| backscroll_media::content_address(&tone(pitch));
    let kept = |pitch| on_disk(&world).iter().any(|file| file.ends_with(own(pitch)));
    assert!(kept(1) && kept(2));
    // So little room that everything else has to go, for what the user asks for.
    world.inbox().set_media_quota(8_001);
    let paper = send(&world, &chat, Content::File).await;
    let _ = world.inbox().fetch_media(paper.id).await;
    world.sleep_through(3_600).await;
    world.advance(60).await;
    assert!(kept(1) && kept(2), "nobody else has them");
    assert!(world.inbox().media_copy(of_the_message.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_copy_is_saved_under_a_safe_name_and_writes_over_nothing() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    let paper = send(&world, &chat, Content::File).await;
    let downloads = world.data().join("Downloads");
    let saved = world.inbox().save_media(paper.id, downloads.clone()).await.unwrap();
    let again = world.inbox().save_media(paper.id, downloads.clone()).await.unwrap();
    assert_ne!(saved, again);
    assert_eq!(saved.parent(), Some(downloads.as_path()));
    assert_eq!(saved.extension().unwrap(), "pdf");
    assert_eq!(sha256_of(&saved), sha256_of(&again));
    let nothing = world.inbox().save_media(AttachmentId(999_999), downloads).await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_folder_that_somebody_emptied_is_noticed() {
    let world = page().await;
    let chat = chat(&world, Sim::Facebook);
    let paper = send(&world, &chat, Content::File).await;
    std::fs::remove_dir_all(world.data().join("media")).unwrap();
    assert_eq!(world.inbox().media_copy(paper.id).await.unwrap(), None);
    assert_eq!(newest(&world, &chat).await.file, MediaState::Evicted);
    world.inbox().fetch_media(paper.id).await.unwrap();
    assert!(world.inbox().media_copy(paper.id).await.unwrap().is_some());
}

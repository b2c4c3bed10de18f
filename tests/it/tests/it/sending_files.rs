//! More than text: files of a draft from the moment they are attached until they leave, what is held, what is for later.

use backscroll_engine::Inbox;
use backscroll_model::*;
use backscroll_simulator::{Fault, Hold};

use crate::{
    desk::Desk,
    pictures::decoder,
    world::{Sim, World},
};

/// Half a second of silence.
fn sound() -> Vec<u8> {
    let (rate, bytes) = (8_000_u32, 4_000_u32);
    let mut wav = Vec::from(*b"RIFF");
    wav.extend((bytes + 36).to_le_bytes());
    wav.extend(*b"WAVEfmt ");
    for (size, value) in [(4, 16), (2, 1), (2, 1), (4, rate), (4, rate), (2, 1), (2, 8)] {
        wav.extend(&value.to_le_bytes()[..size]);
    }
    wav.extend(*b"data");
    wav.extend(bytes.to_le_bytes());
    wav.resize(wav.len() + bytes as usize, 128);
    wav
}

async fn draft(inbox: &Inbox, conversation: ConversationId) -> Vec<OutgoingFile> {
    inbox.outgoing_files(conversation).await.unwrap()
}

async fn ready(world: &World, conversation: ConversationId) -> Vec<OutgoingFile> {
    world.until(async |w| draft(w.inbox(), conversation).await.iter().all(|f| f.state != FileState::Preparing)).await;
    draft(world.inbox(), conversation).await
}

#[tokio::test]
async fn files_are_made_ready_and_stay_in_their_draft_through_a_restart() {
    let mut world = World::small().await;
    world.connect_and_sync().await;
    let row = world.conversation(&world.chat(Sim::Facebook)).await.id;
    let folder = tempfile::tempdir().unwrap();
    let picked = folder.path().join("hold on.wav");
    std::fs::write(&picked, sound()).unwrap();
    let sound = world.inbox().attach_file(row, picked.clone()).await.unwrap();
    let order = world.inbox().attach_bytes(row, "order 7.pdf".into(), b"%PDF-1.4\n%%EOF\n".to_vec()).await.unwrap();
    let empty = world.inbox().attach_bytes(row, "nothing.jpg".into(), Vec::new()).await.unwrap();
    let gone = world.inbox().attach_file(row, folder.path().join("gone.png")).await.unwrap();
    let program =
        world.inbox().attach_bytes(row, "photo.jpg".into(), b"MZ\x90\x00 not a photo".to_vec()).await.unwrap();
    let files = ready(&world, row).await;
    let state = |id| files.iter().find(|file| file.id == id).unwrap().state.clone();
    assert_eq!((state(sound), state(order)), (FileState::Ready, FileState::Ready));
    assert_eq!(state(empty), FileState::Refused { reason: FileRefusal::Empty });
    assert_eq!(state(gone), FileState::Refused { reason: FileRefusal::Unreadable });
    assert!(matches!(state(program), FileState::Refused { reason: FileRefusal::WrongType { .. } }));
    assert_eq!((files[0].kind, files[0].duration_ms), (Some(OutgoingKind::Audio), Some(500)));
    assert_eq!(files[1].kind, Some(OutgoingKind::File));
    assert!(world.conversation(&world.chat(Sim::Facebook)).await.draft.is_some());
    // What happens to the original afterwards does not matter.
    std::fs::remove_file(&picked).unwrap();
    for id in [empty, gone, program] {
        world.inbox().remove_file(id).await.unwrap();
    }
    world.inbox().order_files(row, vec![order, sound]).await.unwrap();
    world.open().await;
    world.inbox().start().await;
    world.settle().await;
    let ids: Vec<OutgoingFileId> = draft(world.inbox(), row).await.iter().map(|file| file.id).collect();
    assert_eq!(ids, [order, sound]);
    let kept = || std::fs::read_dir(world.data().join("outgoing")).unwrap().count();
    assert_eq!(kept(), 2, "with the bytes of both and of nothing else");
    world.inbox().remove_file(order).await.unwrap();
    world.sleep_through(2 * 3_600).await;
    world.advance(60).await;
    assert_eq!(kept(), 1, "housekeeping removes what nobody needs");
}

/// Two by two pixels, red.
fn gif() -> Vec<u8> {
    [
        &b"GIF89a\x02\x00\x02\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00"[..],
        &b"\x2c\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x02\x84\x51\x00\x3b"[..],
    ]
    .concat()
}

#[tokio::test]
async fn the_same_picture_can_be_attached_again_while_it_is_made_ready() {
    let Some(decoder) = decoder() else {
        eprintln!("skipped: the decoding child is not built");
        return;
    };
    let mut world = World::small().await;
    world.decoder = decoder;
    world.open().await;
    world.connect_and_sync().await;
    let row = world.conversation(&world.chat(Sim::Facebook)).await.id;
    for n in 0..12 {
        world.inbox().attach_bytes(row, format!("red {n}.gif"), gif()).await.unwrap();
    }
    let files = ready(&world, row).await;
    assert_eq!(files.len(), 12);
    for file in &files {
        assert_eq!(file.state, FileState::Ready, "{file:?}");
        let small = world.inbox().media(file.thumbnail.clone().unwrap()).await.unwrap();
        assert!(small.is_some_and(|(bytes, _)| !bytes.is_empty()));
    }
    world.inbox().start().await;
    world.settle().await;
    let kept = std::fs::read_dir(world.data().join("outgoing")).unwrap().count();
    assert_eq!(kept, 1, "one copy is left, and no small picture");
}

#[tokio::test]
async fn a_picture_of_a_draft_is_shown_by_the_media_scheme() {
    let Some(decoder) = decoder() else {
        eprintln!("skipped: the decoding child is not built");
        return;
    };
    let mut world = World::small().await;
    world.decoder = decoder;
    world.open().await;
    world.connect_and_sync().await;
    let row = world.conversation(&world.chat(Sim::Instagram)).await.id;
    world.inbox().attach_bytes(row, "red.gif".into(), gif()).await.unwrap();
    let file = ready(&world, row).await.remove(0);
    assert_eq!((file.state.clone(), file.kind), (FileState::Ready, Some(OutgoingKind::Image)), "{file:?}");
    assert_eq!((file.width, file.height), (Some(2), Some(2)));
    assert!(file.blur.is_some());
    let small = world.inbox().media(file.thumbnail.unwrap()).await.unwrap();
    assert!(small.is_some_and(|(bytes, mime)| !bytes.is_empty() && mime.starts_with("image/")));
}

#[tokio::test]
async fn what_cannot_be_sent_whole_is_refused_before_it_is_queued() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Twitter)).await.id;
    let heard = desk.inbox().attach_bytes(row, "a.wav".into(), sound()).await.unwrap();
    ready(&desk, row).await;
    let send = async |request| desk.inbox().send(row, request).await.unwrap_err().code;
    let with = |text: &str, files| SendRequest { text: text.into(), files, ..SendRequest::default() };
    assert_eq!(send(with("", Vec::new())).await, ErrorCode::BadText);
    assert_eq!(send(with("Listen", vec![heard])).await, ErrorCode::BadFile, "X takes no sounds");
    assert_eq!(send(with("Twice", vec![heard, heard])).await, ErrorCode::BadFile);
    assert_eq!(send(with("Whose?", vec![OutgoingFileId(999)])).await, ErrorCode::BadFile);
    let past = SendRequest { text: "Late".into(), send_at: Some(Timestamp(1)), ..SendRequest::default() };
    assert_eq!(send(past).await, ErrorCode::BadInput);
    assert_eq!(draft(desk.inbox(), row).await.len(), 1, "nothing is lost by it");
    assert_eq!(desk.calls("POST", "/messages/"), 0);
}

#[tokio::test]
async fn a_held_message_can_be_taken_back_and_leaves_when_its_time_is_over() {
    let desk = Desk::running().await;
    let settings = Settings { hold: HoldBeforeSending::Long, ..desk.inbox().settings().await.unwrap() };
    desk.inbox().set_settings(settings).await.unwrap();
    let chat = desk.chat(Sim::Facebook);
    let row = desk.conversation(&chat).await.id;
    let taken = desk.inbox().send_text(row, "Dear Inse".into()).await.unwrap().id;
    desk.settle().await;
    assert_eq!(desk.reason(taken).await, Some(SendReason::Held));
    desk.inbox().decide(taken, SendDecision::Edit).await.unwrap();
    assert_eq!(desk.inbox().draft(row).await.unwrap().as_deref(), Some("Dear Inse"));
    let kept = desk.send(&chat, "Dear Ines").await;
    desk.advance(9).await;
    assert_eq!(desk.calls("POST", "/messages/"), 0);
    desk.advance(2).await;
    assert_eq!(desk.state(kept).await, SendState::Accepted);
    assert_eq!(desk.delivered(), ["Dear Ines"]);
    desk.check_all().await;
}

#[tokio::test]
async fn a_scheduled_message_leaves_at_its_time_and_asks_if_that_was_missed() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let plan = async |text: &str, minutes: i64| {
        let send_at = Some(Timestamp(desk.sim.clock().now_ms()).plus(minutes * MINUTE));
        let request = SendRequest { text: text.into(), send_at, ..SendRequest::default() };
        desk.inbox().send(row, request).await.unwrap().remove(0).id
    };
    let on_time = plan("Good morning", 60).await;
    let moved = plan("Still to come", 60).await;
    let later = Timestamp(desk.sim.clock().now_ms()).plus(180 * MINUTE);
    desk.inbox().reschedule(moved, later).await.unwrap();
    desk.advance(59 * 60).await;
    assert_eq!(
        (desk.state(on_time).await, desk.reason(on_time).await),
        (SendState::Queued, Some(SendReason::Scheduled))
    );
    desk.advance(2 * 60).await;
    assert_eq!((desk.state(on_time).await, desk.delivered()), (SendState::Accepted, vec!["Good morning".to_owned()]));
    desk.sleep_through(3 * 3_600).await;
    desk.advance(60).await;
    assert_eq!(
        (desk.state(moved).await, desk.reason(moved).await),
        (SendState::Queued, Some(SendReason::Stale { why: StaleCause::Missed }))
    );
    desk.inbox().decide(moved, SendDecision::SendNow).await.unwrap();
    desk.advance(60).await;
    assert_eq!(desk.state(moved).await, SendState::Accepted);
    let page = desk.inbox().ledger(Some(row), None, 10).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.state).collect::<Vec<_>>(), [SendState::Accepted; 2]);
}

#[tokio::test]
async fn nothing_is_planned_for_a_time_at_which_no_window_is_open() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Instagram)).await.id;
    let send_at = Some(Timestamp(desk.sim.clock().now_ms()).plus(8 * DAY));
    let request = SendRequest { text: "Next week".into(), send_at, ..SendRequest::default() };
    assert_eq!(desk.inbox().send(row, request).await.unwrap_err().code, ErrorCode::WindowClosed);
}

#[tokio::test]
async fn a_reaction_is_refused_where_the_provider_sends_none() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let message = desk.thread(row).await[0].id;
    let react = async |emoji: &str| desk.inbox().react(message, Some(emoji.into())).await.unwrap_err().code;
    assert_eq!((react("like").await, react("❤").await), (ErrorCode::BadInput, ErrorCode::Unsupported));
    assert!(desk.thread(row).await[0].reactions.is_empty());
}

async fn attached(desk: &Desk, row: ConversationId, name: &str) -> OutgoingFileId {
    let id = desk.inbox().attach_bytes(row, name.into(), sound()).await.unwrap();
    ready(desk, row).await;
    id
}

async fn send_with(desk: &Desk, row: ConversationId, text: &str, files: Vec<OutgoingFileId>) -> Vec<MessageId> {
    let request = SendRequest { text: text.into(), files, ..SendRequest::default() };
    desk.inbox().send(row, request).await.unwrap().iter().map(|message| message.id).collect()
}

#[tokio::test]
async fn a_file_and_its_text_arrive_in_order_and_the_copy_that_was_sent_is_the_copy_that_is_kept() {
    let desk = Desk::running().await;
    for platform in [Sim::Facebook, Sim::Instagram] {
        let chat = desk.chat(platform);
        let row = desk.conversation(&chat).await.id;
        let file = attached(&desk, row, "hold on.wav").await;
        let sent = send_with(&desk, row, "Listen to this", vec![file]).await;
        assert_eq!(sent.len(), 2);
        let shown = desk.inbox().messages_by_id(sent.clone()).await.unwrap();
        let MediaState::Ready { path } = shown[0].attachments[0].file.clone() else { panic!("{:?}", shown[0]) };
        desk.settle().await;
        for id in &sent {
            assert_eq!(desk.state(*id).await, SendState::Accepted, "{platform:?} {:?}", desk.progress(*id).await);
        }
        let arrived = desk.delivered_to(&chat);
        let arrived = &arrived[arrived.len() - 2..];
        assert_eq!((arrived[0].files.len(), arrived[1].text.as_deref()), (1, Some("Listen to this")));
        // Read back, it is the same row with the same copy: nothing is fetched that was here.
        desk.advance(300).await;
        let kept = desk.inbox().messages_by_id(vec![sent[0]]).await.unwrap().remove(0);
        assert_eq!(kept.attachments.len(), 1);
        assert_eq!(kept.attachments[0].file, MediaState::Ready { path });
    }
}

#[tokio::test]
async fn the_same_file_is_uploaded_once() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    for _ in 0..2 {
        let file = attached(&desk, row, "again.wav").await;
        let sent = send_with(&desk, row, "", vec![file]).await;
        desk.settle().await;
        assert_eq!(desk.state(sent[0]).await, SendState::Accepted);
    }
    assert_eq!(desk.calls("POST", "/media/upload"), 1);
    assert_eq!(desk.calls("POST", "/messages/facebook"), 2);
}

#[tokio::test]
async fn a_file_is_uploaded_again_after_a_refusal_only_if_the_file_may_be_the_reason() {
    let said = |code, message: &str| Fault::Status { http: 400, code, message: message.to_owned() };
    let cases = [
        (said(479, "The media could not be downloaded."), 2),
        (said(107, "(#551) This person isn't available right now."), 1),
    ];
    for (fault, uploads) in cases {
        let desk = Desk::running().await;
        let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
        desk.sim.on("POST", "/messages/facebook").fail(fault);
        let file = attached(&desk, row, "a.wav").await;
        let sent = send_with(&desk, row, "", vec![file]).await[0];
        desk.settle().await;
        let refused = desk.reason(sent).await;
        assert_eq!(desk.state(sent).await, SendState::Failed, "{refused:?}");
        desk.decide(sent, SendDecision::Retry).await;
        desk.settle().await;
        assert_eq!(desk.state(sent).await, SendState::Accepted, "{refused:?}");
        assert_eq!(desk.calls("POST", "/media/upload"), uploads, "{refused:?}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_starts_again_and_holds_up_no_other_conversation() {
    let desk = Desk::running().await;
    let (chat, other) = (desk.chat(Sim::Facebook), desk.chat(Sim::Instagram));
    let row = desk.conversation(&chat).await.id;
    desk.sim.on("POST", "/media/upload").fail(Fault::Reset);
    let file = attached(&desk, row, "a.wav").await;
    let sent = send_with(&desk, row, "And this", vec![file]).await;
    desk.settle().await;
    assert_eq!((desk.state(sent[0]).await, desk.reason(sent[0]).await), (SendState::Queued, Some(SendReason::Offline)));
    assert_eq!(desk.reason(sent[1]).await, Some(SendReason::BehindEarlier));
    let text = desk.send(&other, "Meanwhile").await;
    desk.settle().await;
    assert_eq!(desk.state(text).await, SendState::Accepted);
    desk.advance(300).await;
    for id in sent {
        assert_eq!(desk.state(id).await, SendState::Accepted, "{:?}", desk.progress(id).await);
    }
    assert_eq!(desk.delivered_to(&chat).len(), 2, "nothing is delivered twice");
}

#[tokio::test]
async fn an_upload_is_told_as_such_and_can_be_taken_back() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let hold = Hold::new();
    desk.sim.on("POST", "/media/upload").fail(Fault::Hold(hold.clone()));
    let file = attached(&desk, row, "a.wav").await;
    let sent = send_with(&desk, row, "", vec![file]).await;
    desk.until_state(sent[0], SendState::Uploading).await;
    let total = desk.progress(sent[0]).await.upload.map(|upload| upload.total);
    assert!(total.is_none_or(|total| total > 4_000), "{total:?}");
    desk.inbox().decide(sent[0], SendDecision::Edit).await.unwrap();
    hold.open();
    desk.settle().await;
    assert!(desk.inbox().messages_by_id(sent).await.unwrap().is_empty());
    assert_eq!(draft(desk.inbox(), row).await.len(), 1, "the file is in the draft again");
    assert_eq!(desk.calls("POST", "/messages/"), 0);
}

#[tokio::test]
async fn at_graph_a_file_quotes_a_message_and_a_reaction_is_shown_at_once() {
    let desk = Desk::at_graph().await;
    let row = desk.conversations().await.into_iter().find(|row| row.platform == Platform::Messenger).unwrap().id;
    let quoted = desk.thread(row).await.into_iter().rfind(|m| m.direction == Direction::In).unwrap();
    let file = attached(&desk, row, "a.wav").await;
    let request = SendRequest { files: vec![file], reply_to: quoted.remote_id.clone(), ..SendRequest::default() };
    let sent = desk.inbox().send(row, request).await.unwrap().remove(0);
    assert_eq!(sent.reply_to.map(|quote| quote.remote_id), quoted.remote_id);
    desk.settle().await;
    let progress = desk.progress(sent.id).await;
    assert!(matches!(progress.state, SendState::Accepted | SendState::Failed), "{progress:?}");
    if desk.inbox().react(quoted.id, Some("❤".into())).await.is_ok() {
        let now = desk.inbox().messages_by_id(vec![quoted.id]).await.unwrap().remove(0);
        assert!(now.reactions.iter().any(|reaction| reaction.mine && reaction.emoji == "❤"));
    }
}

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
        (said(138, "The image could not be read."), 2),
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
    let chat = written_to(&desk, Sim::Facebook).await;
    let row = desk.conversation(&chat).await.id;
    let quoted = desk.thread(row).await.into_iter().rfind(|m| m.direction == Direction::In).unwrap();
    let file = attached(&desk, row, "a.wav").await;
    let request = SendRequest { files: vec![file], reply_to: quoted.remote_id.clone(), ..SendRequest::default() };
    let sent = desk.inbox().send(row, request).await.unwrap().remove(0);
    assert_eq!(sent.reply_to.map(|quote| quote.remote_id), quoted.remote_id);
    desk.settle().await;
    assert_eq!(desk.state(sent.id).await, SendState::Accepted, "{:?}", desk.progress(sent.id).await);
    let arrived = desk.delivered_to(&chat).pop().unwrap();
    assert_eq!(arrived.reply_to, quoted.remote_id.clone().map(|id| id.0));
    assert_eq!((arrived.files.len(), arrived.files[0].kind.as_str()), (1, "audio"));
    let own =
        |message: &Message| message.reactions.iter().filter(|r| r.mine).map(|r| r.emoji.clone()).collect::<Vec<_>>();
    let read = async || own(&desk.inbox().messages_by_id(vec![quoted.id]).await.unwrap().remove(0));
    desk.inbox().react(quoted.id, Some("❤".into())).await.unwrap();
    assert_eq!(read().await, ["❤"]);
    desk.advance(120).await;
    assert_eq!(read().await, ["❤"], "and is ours still when it was read back");
    desk.inbox().react(quoted.id, None).await.unwrap();
    desk.advance(120).await;
    assert!(read().await.is_empty());
}

#[tokio::test]
async fn a_file_that_the_provider_has_no_more_is_uploaded_again_and_sent_once_without_a_word() {
    let gone = Fault::Status { http: 400, code: 479, message: "The media could not be downloaded.".to_owned() };
    let ayrshare = Desk::running().await;
    let chat = ayrshare.chat(Sim::Facebook);
    ayrshare.sim.on("POST", "/messages/facebook").fail(gone);
    let graph = Desk::at_graph().await;
    let other = written_to(&graph, Sim::Facebook).await;
    graph.sim.graph().on("POST", "/message_attachments").fail(Fault::LostUpload);
    for (desk, chat, uploads) in [(ayrshare, chat, "/media/upload"), (graph, other, "/graph/")] {
        let row = desk.conversation(&chat).await.id;
        let before = desk.delivered_to(&chat).len();
        let file = attached(&desk, row, "a.wav").await;
        let mut changes = desk.inbox().changes();
        let sent = send_with(&desk, row, "And this", vec![file]).await;
        desk.settle().await;
        for id in &sent {
            assert_eq!(desk.state(*id).await, SendState::Accepted, "{:?}", desk.progress(*id).await);
        }
        let details = desk.inbox().message_details(sent[0]).await.unwrap();
        let outcomes: Vec<_> = details.attempts.iter().filter_map(|attempt| attempt.outcome).collect();
        assert_eq!(outcomes, [AttemptOutcome::NotSent, AttemptOutcome::Accepted], "told to whoever asks");
        assert_eq!(desk.delivered_to(&chat).len(), before + 2, "each of them once");
        assert_eq!(attachment_uploads(&desk, uploads), 2);
        // One change names both parts: each shows how many are sent.
        let named = std::iter::from_fn(|| changes.try_recv().ok()).flatten();
        let mut named = named.filter_map(|change| match change {
            Change::Messages { ids, .. } => Some(ids),
            _ => None,
        });
        assert!(named.any(|ids| sent.iter().all(|id| ids.contains(id))));
    }
}

/// Calls that bring a file.
fn attachment_uploads(desk: &Desk, path: &str) -> usize {
    let requests = desk.sim.requests();
    let all = requests.iter().filter(|r| r.method == "POST" && r.path.starts_with(path));
    all.filter(|r| path != "/graph/" || r.path.ends_with("/message_attachments")).count()
}

/// A conversation of the Page whose window is open.
async fn written_to(desk: &Desk, platform: Sim) -> backscroll_simulator::Chat {
    let chat = desk.sim.graph().chats(crate::graph::PAGE, platform).remove(0);
    desk.sim.graph().receive(&chat, "Do you have a recording?").unwrap();
    desk.advance(60).await;
    chat
}

#[tokio::test]
async fn a_file_that_nobody_can_fetch_is_not_uploaded_for_ever() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let gone = Fault::Status { http: 400, code: 479, message: "The media could not be downloaded.".to_owned() };
    desk.sim.on("POST", "/messages/facebook").times(2).fail(gone);
    let file = attached(&desk, row, "a.wav").await;
    let sent = send_with(&desk, row, "", vec![file]).await[0];
    desk.settle().await;
    assert_eq!(desk.state(sent).await, SendState::Failed);
    assert!(matches!(desk.reason(sent).await, Some(SendReason::Rejected { .. })));
    assert_eq!(desk.calls("POST", "/media/upload"), 2);
    desk.decide(sent, SendDecision::Retry).await;
    desk.settle().await;
    assert_eq!((desk.state(sent).await, desk.calls("POST", "/media/upload")), (SendState::Accepted, 3));
}

#[tokio::test]
async fn pictures_that_an_account_may_not_send_together_go_one_by_one_and_in_order() {
    let Some(decoder) = decoder() else {
        eprintln!("skipped: the decoding child is not built");
        return;
    };
    let mut desk = Desk::at_graph().await;
    desk.world.decoder = decoder;
    desk.restart().await;
    desk.sim.graph().set_send_knobs(|knobs| knobs.many_images = false);
    let chat = written_to(&desk, Sim::Instagram).await;
    let row = desk.conversation(&chat).await.id;
    let before = desk.delivered_to(&chat).len();
    let mut sizes = Vec::new();
    for wide in 2..5 {
        desk.inbox().attach_bytes(row, format!("{wide}.png"), png(wide)).await.unwrap();
    }
    let files = ready(&desk, row).await;
    sizes.extend(files.iter().map(|file| file.bytes));
    let first = send_with(&desk, row, "All three", files.iter().map(|file| file.id).collect()).await;
    assert_eq!(first.len(), 2, "one message of three pictures, and one of the text");
    desk.settle().await;
    let sent = desk.thread(row).await.into_iter().rev().take(4).collect::<Vec<_>>();
    for message in &sent {
        let send = message.send.as_ref().unwrap();
        assert_eq!(send.state, SendState::Accepted, "{message:?}");
    }
    let ledger = desk.inbox().ledger(Some(row), None, 10).await.unwrap();
    assert_eq!(ledger.rows.iter().map(|row| row.parts.len()).collect::<Vec<_>>(), [4], "one press of Send");
    let names = sent.iter().rev().map(|message| message.attachments.first().and_then(|file| file.name.clone()));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [Some("2.png".to_owned()), Some("3.png".to_owned()), Some("4.png".to_owned()), None]
    );
    let arrived = &desk.delivered_to(&chat)[before..];
    let arrived: Vec<_> = arrived.iter().map(|message| (message.files.len(), message.text.as_deref())).collect();
    assert_eq!(arrived, [(1, None), (1, None), (1, None), (0, Some("All three"))], "none of them twice");
    assert_eq!(attachment_uploads(&desk, "/graph/"), 3, "what is uploaded stays uploaded");
    desk.advance(120).await;
    assert_eq!(desk.thread(row).await.iter().filter(|message| message.send.is_some()).count(), 4);
    // Once it is known, it is not tried again.
    for wide in 2..4 {
        desk.inbox().attach_bytes(row, format!("{wide}.png"), png(wide)).await.unwrap();
    }
    let files = ready(&desk, row).await;
    assert_eq!(send_with(&desk, row, "", files.iter().map(|file| file.id).collect()).await.len(), 2);
}

/// Grey, a pixel high.
fn png(wide: u32) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    };
    let mut out = Vec::from(*b"\x89PNG\r\n\x1a\n");
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let body = [kind.as_slice(), data].concat();
        out.extend(&body);
        out.extend(crc(&body).to_be_bytes());
    };
    chunk(b"IHDR", &[&wide.to_be_bytes()[..], &1_u32.to_be_bytes()[..], &[8, 0, 0, 0, 0]].concat());
    // One stored block: the filter and the pixels; and their Adler-32.
    let row: Vec<u8> = std::iter::once(0).chain((0..wide).map(|_| 0x80)).collect();
    let length = u16::try_from(row.len()).unwrap();
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &row {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let stored =
        [&[0x78, 0x01, 0x01][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &row, &(b << 16 | a).to_be_bytes()]
            .concat();
    chunk(b"IDAT", &stored);
    chunk(b"IEND", b"");
    out
}

/// The file is there so many times.
fn at_address(desk: &Desk, name: &str, content_type: &'static str, bytes: Vec<u8>, times: u32) -> String {
    let file = Fault::Bytes { http: 200, content_type, encoding: None, bytes: bytes.into() };
    desk.sim.on("GET", &format!("/files/{name}")).times(times).fail(file);
    format!("{}/files/{name}", desk.sim.base_url())
}

#[tokio::test]
async fn a_file_at_a_plain_address_is_looked_at_and_sent_from_there_as_it_is() {
    let ayrshare = Desk::running().await;
    let chat = ayrshare.chat(Sim::Facebook);
    let graph = Desk::at_graph().await;
    let other = written_to(&graph, Sim::Instagram).await;
    for (desk, chat, uploads) in [(ayrshare, chat, "/media/"), (graph, other, "/graph/")] {
        let row = desk.conversation(&chat).await.id;
        let before = desk.delivered_to(&chat).len();
        let address = at_address(&desk, "rye%20loaf.wav", "audio/wav", sound(), 2);
        desk.inbox().attach_address(row, &address).await.unwrap();
        let file = ready(&desk, row).await.remove(0);
        assert_eq!((file.state.clone(), file.name.as_str()), (FileState::Ready, "rye loaf.wav"), "{file:?}");
        assert_eq!((file.kind, file.duration_ms), (Some(OutgoingKind::Audio), Some(500)));
        let sent = send_with(&desk, row, "", vec![file.id]).await[0];
        desk.settle().await;
        assert_eq!(desk.state(sent).await, SendState::Accepted, "{:?}", desk.progress(sent).await);
        assert_eq!(attachment_uploads(&desk, uploads), 0, "nothing is uploaded");
        assert_eq!(desk.calls("GET", "/files/rye"), 2, "by us, and by the network");
        let arrived = &desk.delivered_to(&chat)[before..];
        assert_eq!(arrived.len(), 1);
        assert_eq!(arrived[0].files[0].size, Some(sound().len() as u64));
        let kept = desk.inbox().messages_by_id(vec![sent]).await.unwrap().remove(0);
        assert!(matches!(kept.attachments[0].file, MediaState::Ready { .. }), "the bubble shows our copy");
    }
}

#[tokio::test]
async fn what_cannot_be_had_from_its_address_any_more_is_uploaded_and_sent_once() {
    let ayrshare = Desk::running().await;
    let chat = ayrshare.chat(Sim::Instagram);
    let graph = Desk::at_graph().await;
    let other = written_to(&graph, Sim::Facebook).await;
    for (desk, chat, uploads) in [(ayrshare, chat, "/media/upload"), (graph, other, "/graph/")] {
        let row = desk.conversation(&chat).await.id;
        let before = desk.delivered_to(&chat).len();
        // There for us, and for nobody after us.
        let address = at_address(&desk, "rye.wav", "audio/wav", sound(), 1);
        desk.inbox().attach_address(row, &address).await.unwrap();
        let file = ready(&desk, row).await.remove(0).id;
        let sent = send_with(&desk, row, "", vec![file]).await[0];
        desk.settle().await;
        assert_eq!(desk.state(sent).await, SendState::Accepted, "{:?}", desk.progress(sent).await);
        assert_eq!(attachment_uploads(&desk, uploads), 1);
        assert_eq!(desk.delivered_to(&chat).len(), before + 1);
    }
}

#[tokio::test]
async fn what_is_not_sent_from_its_address_is_uploaded_from_our_copy() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let later = i64::from(u16::MAX) * 60_000;
    for (query, name, wait) in [("?v=2", "query.wav", 0), ("", "lies.mp3", 0), ("", "old.wav", later)] {
        let address = at_address(&desk, name, "audio/wav", sound_of(name.len() as u8), 1) + query;
        desk.inbox().attach_address(row, &address).await.unwrap();
        let file = ready(&desk, row).await.remove(0);
        assert_eq!(file.state, FileState::Ready, "{address}");
        desk.sleep_through(u64::try_from(wait / 1_000).unwrap().min(3 * 3_600)).await;
        let uploads = desk.calls("POST", "/media/upload");
        let sent = send_with(&desk, row, "", vec![file.id]).await[0];
        desk.advance(60).await;
        assert_eq!(desk.state(sent).await, SendState::Accepted, "{:?}", desk.progress(sent).await);
        assert_eq!(desk.calls("POST", "/media/upload"), uploads + 1, "{address}");
    }
}

/// Another sound.
fn sound_of(level: u8) -> Vec<u8> {
    let mut other = sound();
    *other.last_mut().unwrap() = level;
    other
}

#[tokio::test]
async fn an_address_without_a_file_that_can_be_sent_says_so_in_the_draft() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let base = desk.sim.base_url().to_owned();
    desk.sim.on("GET", "/files/silent.wav").fail(Fault::Reset);
    desk.sim.on("GET", "/files/large.wav").fail(Fault::Endless { content_type: "audio/wav" });
    at_address(&desk, "page.jpg", "text/html", b"<html>Nothing here</html>".to_vec(), 1);
    at_address(&desk, "nothing.jpg", "image/jpeg", Vec::new(), 1);
    let own = |name: &str| format!("{base}/files/{name}");
    for (address, reason) in [
        ("http://10.0.0.1/a.png".to_owned(), FileRefusal::NotPublic),
        ("http://bakery.example/a.png".to_owned(), FileRefusal::NotPublic),
        ("https://127.0.0.1/a.png".to_owned(), FileRefusal::NotPublic),
        ("https://[::1]/a.png".to_owned(), FileRefusal::NotPublic),
        ("https://me:secret@bakery.example/a.png".to_owned(), FileRefusal::NotPublic),
        (own("gone.png"), FileRefusal::AddressGone),
        (own("silent.wav"), FileRefusal::AddressSilent),
        (own("large.wav"), FileRefusal::LargerThan { limit: 25_000_000 }),
        (own("page.jpg"), FileRefusal::WrongType { mime: None }),
        (own("nothing.jpg"), FileRefusal::Empty),
    ] {
        let id = desk.inbox().attach_address(row, &address).await.unwrap();
        let file = ready(&desk, row).await.remove(0);
        match (&file.state, &reason) {
            (FileState::Refused { reason: FileRefusal::WrongType { .. } }, FileRefusal::WrongType { .. }) => {}
            (state, reason) => assert_eq!(*state, FileState::Refused { reason: reason.clone() }, "{address}"),
        }
        desk.inbox().remove_file(id).await.unwrap();
    }
    for nonsense in ["", "a.png", "ftp://bakery.example/a.png", "file:///etc/passwd", "https://a b/c.png"] {
        let error = desk.inbox().attach_address(row, nonsense).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadInput, "{nonsense}");
    }
}

#[tokio::test]
async fn a_missed_message_can_be_put_to_another_time_with_all_its_parts() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let now = || Timestamp(desk.sim.clock().now_ms());
    let file = attached(&desk, row, "a.wav").await;
    let send_at = Some(now().plus(30 * MINUTE));
    let request = SendRequest { text: "Good morning".into(), files: vec![file], send_at, ..SendRequest::default() };
    let parts: Vec<MessageId> = desk.inbox().send(row, request).await.unwrap().iter().map(|m| m.id).collect();
    desk.sleep_through(3 * 3_600).await;
    desk.advance(60).await;
    let missed = Some(SendReason::Stale { why: StaleCause::Missed });
    assert_eq!((desk.state(parts[0]).await, desk.reason(parts[0]).await), (SendState::Queued, missed));
    assert_eq!(desk.calls("POST", "/messages/"), 0, "never late by itself");
    assert_eq!(desk.inbox().reschedule(parts[0], now()).await.unwrap_err().code, ErrorCode::BadInput);
    desk.inbox().reschedule(parts[0], now().plus(HOUR)).await.unwrap();
    for id in &parts {
        assert_eq!((desk.state(*id).await, desk.reason(*id).await), (SendState::Queued, Some(SendReason::Scheduled)));
    }
    desk.advance(59 * 60).await;
    assert_eq!(desk.calls("POST", "/messages/"), 0);
    desk.advance(2 * 60).await;
    for id in &parts {
        assert_eq!(desk.state(*id).await, SendState::Accepted, "{:?}", desk.progress(*id).await);
    }
    assert_eq!(desk.inbox().reschedule(parts[0], now().plus(HOUR)).await.unwrap_err().code, ErrorCode::TooLate);
}

#[tokio::test]
async fn an_upload_shows_its_beginning_and_its_end_however_small_the_file_is() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let hold = Hold::new();
    // The file has left; the answer has not come.
    desk.sim.on("POST", "/media/urlExists").fail(Fault::Hold(hold.clone()));
    let begun = Hold::new();
    desk.sim.on("POST", "/media/upload").fail(Fault::Hold(begun.clone()));
    let file = attached(&desk, row, "a.wav").await;
    let sent = send_with(&desk, row, "", vec![file]).await[0];
    let total = sound().len() as u64;
    desk.until(async |_| desk.progress(sent).await.upload.is_some_and(|upload| upload.total == total)).await;
    begun.open();
    desk.until(async |_| desk.progress(sent).await.upload == Some(UploadProgress { sent: total, total })).await;
    hold.open();
    desk.settle().await;
    assert_eq!(desk.state(sent).await, SendState::Accepted);
}

#[tokio::test]
async fn a_copy_that_vanishes_before_its_upload_is_told_and_the_message_stays() {
    let desk = Desk::running().await;
    let row = desk.conversation(&desk.chat(Sim::Facebook)).await.id;
    let gone = attached(&desk, row, "a.wav").await;
    for copy in std::fs::read_dir(desk.data().join("outgoing")).unwrap() {
        std::fs::remove_file(copy.unwrap().path()).unwrap();
    }
    let sent = send_with(&desk, row, "And this", vec![gone]).await;
    desk.settle().await;
    let unreadable = Some(SendReason::File { reason: FileRefusal::Unreadable });
    assert_eq!((desk.state(sent[0]).await, desk.reason(sent[0]).await), (SendState::Failed, unreadable));
    // The text is another message, and nothing holds it up.
    assert_eq!(desk.state(sent[1]).await, SendState::Accepted);
    assert_eq!(desk.thread(row).await.iter().filter(|message| sent.contains(&message.id)).count(), 2);
    assert_eq!(desk.delivered(), ["And this"]);
}

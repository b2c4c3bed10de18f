//! The same for a file and its words: each point on the way of the file to the provider × each way to fail there. Both
//! arrive once and in order, and what the provider has is not uploaded again.

use super::*;
use crate::pictures::sound;

/// A place to fail, what the upload met, and how often the file is on the wire until the message arrives.
struct FileCase {
    point: SendPoint,
    met: Option<Fault>,
    uploads: usize,
}

fn file_cases() -> Vec<FileCase> {
    use SendPoint::{Kept, Taken, Uploaded, Uploading, Written};
    let case = |point, met, uploads| FileCase { point, met, uploads };
    vec![
        case(Uploading, None, 1),
        // What the provider said is lost with us, so the file has to go once more; nobody has seen it.
        case(Uploaded, None, 2),
        case(Uploaded, Some(Fault::Reset), 3),
        case(Kept, None, 1),
        case(Kept, Some(Fault::apply_then_drop()), 2),
        case(Taken, None, 1),
        case(Written, None, 1),
    ]
}

impl Way {
    fn fail_upload(self, desk: &Desk, fault: Fault) {
        match self {
            Self::Ayrshare => desk.sim.on("POST", "/media/upload").fail(fault),
            Self::Messenger | Self::Instagram => desk.sim.graph().on("POST", "/message_attachments").fail(fault),
        }
    }

    fn uploads(self, desk: &Desk) -> usize {
        let end = if let Self::Ayrshare = self { "/media/upload" } else { "/message_attachments" };
        desk.sim.requests().iter().filter(|request| request.method == "POST" && request.path.ends_with(end)).count()
    }
}

/// Sends a file with words behind it, through the engine of this process.
async fn send(desk: &Desk, chat: &Chat) -> Vec<MessageId> {
    let row = desk.conversation(chat).await.id;
    let file = desk.inbox().attach_bytes(row, "hold on.wav".into(), sound(1)).await.unwrap();
    desk.until(async |_| desk.inbox().outgoing_files(row).await.unwrap()[0].state == FileState::Ready).await;
    let request = SendRequest { text: "Listen to this".into(), files: vec![file], ..SendRequest::default() };
    let sent = desk.inbox().send(row, request).await.unwrap();
    acknowledge(desk, chat);
    sent.into_iter().map(|message| message.id).collect()
}

/// Takes note of the two messages that are in the outbox.
fn acknowledge(desk: &Desk, chat: &Chat) -> Vec<MessageId> {
    let db = invariants::snapshot(desk.data());
    let sql = "SELECT p.message, m.text, (SELECT lower(hex(f.sha256)) FROM outgoing_file f WHERE f.part = p.id)
        FROM part p JOIN message m ON m.id = p.message ORDER BY p.intent, p.ordinal";
    type Row = (i64, Option<String>, Option<String>);
    let rows: Vec<Row> = db
        .prepare(sql)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    rows.into_iter()
        .map(|(id, text, hash)| {
            let said = text.unwrap_or_else(|| invariants::words_of_file(&hash.unwrap()));
            desk.acknowledged(chat, &said, MessageId(id));
            MessageId(id)
        })
        .collect()
}

async fn both_arrive(name: &str, way: Way, desk: &Desk, chat: &Chat, ids: &[MessageId], uploads: usize) {
    desk.advance(900).await;
    for id in ids {
        let progress = desk.progress(*id).await;
        assert_eq!(progress.state, SendState::Accepted, "{name}: {progress:?}");
    }
    let arrived = desk.delivered_to(chat);
    let arrived: Vec<_> = arrived.iter().map(|entry| (entry.files.len(), entry.text.as_deref())).collect();
    assert_eq!(arrived, [(1, None), (0, Some("Listen to this"))], "{name}");
    assert_eq!(way.uploads(desk), uploads, "{name}");
    // On the screen, too, the file stands before its words.
    let row = desk.conversation(chat).await.id;
    let shown: Vec<MessageId> = desk.thread(row).await.into_iter().map(|message| message.id).collect();
    let places: Vec<_> = ids.iter().map(|id| shown.iter().position(|shown| shown == id)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{name}: {places:?}");
    desk.check();
    let db = invariants::snapshot(desk.data());
    invariants::history(&db, &desk.sim, &[Sim::Facebook, Sim::Instagram]);
}

#[tokio::test]
async fn a_panic_at_any_point_of_an_upload_neither_loses_nor_doubles_a_file() {
    for way in Way::ALL {
        for FileCase { point, met, uploads } in file_cases() {
            let name = format!("{way:?}, {point:?}, {met:?}");
            let (desk, chat) = way.desk().await;
            if let Some(fault) = met {
                way.fail_upload(&desk, fault);
            }
            // Not counted among the panics that nobody meant.
            desk.clock.at(point, || std::panic::resume_unwind(Box::new("a mistake of ours")));
            let ids = send(&desk, &chat).await;
            desk.advance(180).await;
            assert!(!desk.clock.is_waiting(), "{name}: it came to that point");
            both_arrive(&name, way, &desk, &chat, &ids, uploads).await;
        }
    }
}

/// A worker that has the file ready, and stops at this point.
async fn worker_with_file(desk: &Desk, row: ConversationId, point: Option<SendPoint>) -> (Worker, serde_json::Value) {
    let path = desk.data().join("hold on.wav");
    std::fs::write(&path, sound(1)).unwrap();
    let mut worker = Worker::start_fast(desk, 5).await;
    let attached = worker.does(json!({ "do": "attach", "conversation": row, "path": path })).await;
    if let Some(point) = point {
        worker.does(json!({ "do": "stop_at", "point": format!("{point:?}") })).await;
    }
    worker.does(json!({ "do": "start" })).await;
    let file = attached["attached"].clone();
    (worker, json!({ "do": "send", "conversation": row, "text": "Listen to this", "file": file }))
}

#[tokio::test]
async fn killed_at_any_point_of_an_upload_a_file_is_neither_lost_nor_doubled() {
    for way in Way::ALL {
        for FileCase { point, met, uploads } in file_cases() {
            let name = format!("{way:?}, {point:?}, {met:?}");
            let (mut desk, chat) = way.desk().await;
            // The simulator's clock stands still while the worker's runs.
            desk.sim.graph().set_knobs(|k| k.reads_per_second = None);
            let row = desk.conversation(&chat).await.id;
            desk.world.close().await;
            if let Some(fault) = met {
                way.fail_upload(&desk, fault);
            }
            let (mut worker, send) = worker_with_file(&desk, row, Some(point)).await;
            worker.ask(&send);
            let mut said = [worker.answer().await.unwrap(), worker.answer().await.unwrap()];
            worker.kill();
            said.sort_by_key(|line| line.get("queued").is_none());
            assert_eq!(said[1], json!({ "at": format!("{point:?}") }), "{name}: it came to that point");
            let ids = acknowledge(&desk, &chat);
            assert_eq!((said[0]["queued"].as_i64(), ids.len()), (Some(ids[0].0), 2), "{name}");
            wakes_up_again(&mut desk).await;
            both_arrive(&name, way, &desk, &chat, &ids, uploads).await;
        }
    }
}

/// The provider has all bytes, and answers nobody who lives.
#[tokio::test]
async fn killed_after_the_bytes_and_before_the_answer_the_file_goes_once_more_and_the_message_once() {
    for way in Way::ALL {
        let name = format!("{way:?}");
        let (mut desk, chat) = way.desk().await;
        desk.sim.graph().set_knobs(|k| k.reads_per_second = None);
        let row = desk.conversation(&chat).await.id;
        desk.world.close().await;
        way.fail_upload(&desk, Fault::applied(Fault::HalfOpen));
        let (mut worker, send) = worker_with_file(&desk, row, None).await;
        worker.does(send).await;
        comes_true("the file is there", async || way.uploads(&desk) > 0).await;
        worker.kill();
        let ids = acknowledge(&desk, &chat);
        wakes_up_again(&mut desk).await;
        both_arrive(&name, way, &desk, &chat, &ids, 2).await;
    }
}

async fn wakes_up_again(desk: &mut Desk) {
    desk.check();
    // No start is before the end of the run before it.
    desk.sim.advance(Duration::from_secs(600)).await;
    desk.sim.drop_cache();
    desk.restart().await;
}

#[tokio::test]
async fn a_database_that_refuses_any_write_of_an_upload_neither_loses_nor_doubles_a_file() {
    // A write, and how often the file is on the wire when it is refused by a full disk, and for no reason.
    let writes = [
        ("UPDATE OF state ON part WHEN NEW.state = 1", [1, 1]),
        ("INSERT ON upload", [1, 0]),
        ("UPDATE OF state ON part WHEN OLD.state = 1", [1, 1]),
    ];
    for way in Way::ALL {
        for (statement, uploads) in writes {
            for (refusal, uploads) in [Refusal::Full, Refusal::Nonsense].into_iter().zip(uploads) {
                let name = format!("{way:?}, {statement}, {refusal:?}");
                let (desk, chat) = way.desk().await;
                let refusing = Refusing::new(desk.data(), statement, refusal);
                let ids = send(&desk, &chat).await;
                desk.advance(10).await;
                desk.check();
                refusing.no_more();
                desk.advance(60).await;
                // What cannot be kept for no reason is tried again and again: nobody sees that.
                let uploads = if uploads == 0 { way.uploads(&desk) } else { uploads };
                both_arrive(&name, way, &desk, &chat, &ids, uploads).await;
            }
        }
    }
}

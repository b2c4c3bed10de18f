//! Downloads of the platforms become history, and history becomes files.

use std::path::{Path, PathBuf};

use backscroll_engine::{ExportRequest, ImportRequest};
use backscroll_model::*;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::World;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/archive").join(name)
}

async fn import(world: &World, request: ImportRequest) -> Result<ImportReport, UserError> {
    world.inbox().import(request, |_| {}, CancellationToken::new()).await
}

fn of(files: Vec<PathBuf>) -> ImportRequest {
    ImportRequest { files, ..ImportRequest::default() }
}

/// Everything that is shown, without our ids.
async fn shown(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for one in world.conversations().await {
        lines.push(format!("{:?} {:?} {:?} {} {:?}", one.platform, one.name, one.state, one.unread, one.remote_id));
        for message in world.thread(one.id).await {
            let reactions: Vec<_> = message.reactions.iter().map(|r| (r.mine, r.emoji.clone())).collect();
            let files: Vec<_> =
                message.attachments.iter().map(|a| (a.kind, matches!(a.file, MediaState::Ready { .. }))).collect();
            lines.push(format!(
                "{:?} {:?} {} {:?} {:?} {reactions:?} {files:?}",
                one.name, message.direction, message.at.0, message.kind, message.text
            ));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn downloads_in_any_order_and_twice_end_in_the_same_history() {
    let mut results = Vec::new();
    for order in [["facebook", "instagram", "x"], ["x", "facebook", "instagram"]] {
        let world = World::empty().await;
        let mut notices = world.inbox().notices();
        for name in order {
            let report = import(&world, of(vec![fixture(name)])).await.unwrap();
            assert!(report.account_created && report.new == report.messages && report.new > 0, "{report:?}");
        }
        let once = shown(&world).await;
        for name in order {
            let report = import(&world, of(vec![fixture(name)])).await.unwrap();
            assert_eq!((report.new, report.account_created), (0, false), "{report:?}");
        }
        assert_eq!(shown(&world).await, once);
        assert!(notices.try_recv().is_err(), "nothing of it is announced");
        assert_eq!(world.inbox().accounts().await.unwrap().len(), 3);
        results.push(once);
    }
    assert_eq!(results[0], results[1]);
    assert!(results[0].iter().any(|line| line.contains("Bom dia! Do you still bake")), "{:#?}", results[0]);
}

/// A thread of Facebook's download that says what these messages say, and two older ones.
fn download(dir: &Path, name: &str, messages: &[Message], old: i64) -> PathBuf {
    let shop = "Corner Bakery";
    let broken = |text: &str| text.bytes().map(char::from).collect::<String>();
    let mut items: Vec<Value> = messages
        .iter()
        .rev()
        .map(|message| {
            let sender = if message.direction == Direction::Out { shop } else { name };
            // Downloads know milliseconds.
            json!({ "sender_name": broken(sender), "timestamp_ms": message.at.0 + 250, "content": message.text.as_deref().map(broken) })
        })
        .collect();
    for (n, text) in ["first of all", "and then"].iter().enumerate() {
        items.push(json!({ "sender_name": broken(name), "timestamp_ms": old - 1_000 * n as i64, "content": text }));
    }
    let thread = json!({ "participants": [{ "name": broken(name) }, { "name": shop }], "messages": items, "title": broken(name) });
    let folder = dir.join("facebook-x/messages/inbox/someone_1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("message_1.json"), thread.to_string()).unwrap();
    dir.join("facebook-x")
}

#[tokio::test]
async fn a_download_is_stitched_to_what_the_provider_told() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let all = world.conversations().await;
    let one = all.iter().find(|one| one.platform == Platform::Messenger && one.name.is_some()).unwrap();
    let before = world.thread(one.id).await;
    let text_only: Vec<Message> = before.iter().filter(|message| message.text.is_some()).cloned().collect();
    let dir = tempfile::tempdir().unwrap();
    let folder = download(dir.path(), one.name.as_deref().unwrap(), &text_only, before[0].at.0 - 86_400_000);
    let account = world.account(Platform::Messenger).await.id;
    let request =
        ImportRequest { files: vec![folder], account: Some(account), owner: Some("Corner Bakery".to_owned()) };
    let report = import(&world, request.clone()).await.unwrap();
    assert_eq!((report.new, report.known as usize), (2, text_only.len()), "{report:?}");
    let after = world.thread(one.id).await;
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!(after[0].text.as_deref(), Some("and then"));
    let row = world.conversations().await.into_iter().find(|row| row.id == one.id).unwrap();
    assert_eq!((row.unread, row.state, row.name), (one.unread, one.state, one.name.clone()));
    assert_eq!(import(&world, request).await.unwrap().new, 0);
    // And the provider says nothing twice.
    world.sync().await;
    assert_eq!(world.thread(one.id).await.len(), before.len() + 2);
}

#[tokio::test]
async fn what_cannot_be_imported_is_said() {
    let world = World::small().await;
    world.connect_and_sync().await;
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let html = write("html/messages/inbox/a_1/message_1.html", "<html>");
    let html = html.ancestors().nth(4).unwrap().to_owned();
    let thread = r#"{"participants":[{"name":"A"},{"name":"B"}],"messages":[{"sender_name":"A","timestamp_ms":1700000000000,"content":"x"}]}"#;
    let thread = write("one/messages/inbox/a_1/message_1.json", thread).ancestors().nth(4).unwrap().to_owned();
    for (files, code) in [
        (html, ErrorCode::HtmlDownload),
        (write("cut.zip", "PK\u{3}\u{4}"), ErrorCode::DamagedDownload),
        (write("photo.jpg", "jpg"), ErrorCode::NotADownload),
        (dir.path().join("nowhere"), ErrorCode::NotFound),
        (thread, ErrorCode::OwnerUnknown),
    ] {
        assert_eq!(import(&world, of(vec![files.clone()])).await.unwrap_err().code, code, "{files:?}");
    }
    let account = Some(world.account(Platform::Messenger).await.id);
    let other = ImportRequest { account, ..of(vec![fixture("x")]) };
    assert_eq!(import(&world, other).await.unwrap_err().code, ErrorCode::OtherPlatform);
}

#[tokio::test]
async fn a_cancelled_import_goes_on_where_it_stopped() {
    let world = World::empty().await;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("facebook-many");
    for thread in 0..5 {
        let messages: Vec<Value> = (0..700)
            .map(|n| json!({ "sender_name": "Ana", "timestamp_ms": 1_700_000_000_000_i64 - n * 60_000, "content": format!("{thread} {n}") }))
            .collect();
        let path = folder.join(format!("messages/inbox/t_{thread}"));
        std::fs::create_dir_all(&path).unwrap();
        let people = json!([{ "name": format!("P{thread}") }, { "name": "Ana" }]);
        std::fs::write(
            path.join("message_1.json"),
            json!({ "participants": people, "messages": messages }).to_string(),
        )
        .unwrap();
    }
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let first = world.inbox().import(of(vec![folder.clone()]), move |_| stop.cancel(), cancel).await.unwrap();
    assert!(first.cancelled && first.new > 0 && first.new < 3_500, "{first:?}");
    let second = import(&world, of(vec![folder.clone()])).await.unwrap();
    assert_eq!((second.cancelled, first.new + second.new), (false, 3_500));
    assert_eq!(import(&world, of(vec![folder])).await.unwrap().new, 0);
}

async fn export(world: &World, format: ExportFormat, out: &Path) -> Result<ExportReport, UserError> {
    let request = ExportRequest { conversations: Vec::new(), format, out: out.to_owned(), zone: TimeZone::UTC };
    world.inbox().export(request, |_| {}, CancellationToken::new()).await
}

/// Each file of the manifest is there with its sum, and no other file is.
fn verify(dir: &Path) {
    let manifest = std::fs::read_to_string(dir.join("manifest.sha256")).unwrap();
    let mut named: Vec<&str> =
        manifest.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name).collect();
    let output =
        std::process::Command::new("sha256sum").args(["-c", "--strict", "manifest.sha256"]).current_dir(dir).output();
    if let Ok(output) = output {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut there = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                there.push(entry.path().strip_prefix(dir).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    there.retain(|name| name != "manifest.sha256");
    there.sort();
    named.sort_unstable();
    assert_eq!(there, named);
}

#[tokio::test]
async fn what_is_exported_is_what_is_held() {
    let world = World::empty().await;
    import(&world, of(vec![fixture("facebook")])).await.unwrap();
    let mut held = Vec::new();
    for one in world.conversations().await {
        held.extend(world.thread(one.id).await);
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("jsonl");
    let report = export(&world, ExportFormat::Jsonl, &out).await.unwrap();
    assert_eq!(report.messages as usize, held.len());
    verify(&out);
    let text = std::fs::read_to_string(out.join("messages.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for message in &held {
        let row = rows.iter().find(|row| row["id"] == message.id.to_string()).unwrap();
        assert_eq!((row["text"].as_str(), row["at"].as_i64()), (message.text.as_deref(), Some(message.at.0)));
        assert_eq!(row["attachments"].as_array().unwrap().len(), message.attachments.len());
        for file in row["attachments"].as_array().unwrap().iter().filter_map(|file| file["path"].as_str()) {
            assert!(out.join(file).is_file());
        }
    }
    let out = dir.path().join("csv");
    export(&world, ExportFormat::Csv, &out).await.unwrap();
    verify(&out);
    assert!(std::fs::read(out.join("messages.csv")).unwrap().starts_with("\u{FEFF}conversation,".as_bytes()));
    let out = dir.path().join("html");
    export(&world, ExportFormat::Html, &out).await.unwrap();
    verify(&out);
    let index = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(index.contains("Inês Østergård") && !index.contains("<script"));
    // Again into the same folder.
    export(&world, ExportFormat::Html, &out).await.unwrap();
    verify(&out);
}

#[tokio::test]
async fn an_export_that_ends_early_leaves_nothing_under_its_name() {
    let world = World::empty().await;
    import(&world, of(vec![fixture("facebook")])).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let request = ExportRequest {
        conversations: Vec::new(),
        format: ExportFormat::Jsonl,
        out: dir.path().join("x"),
        zone: TimeZone::UTC,
    };
    let ended = world.inbox().export(request, |_| {}, cancel).await;
    assert_eq!(ended.unwrap_err().code, ErrorCode::Cancelled);
    assert_eq!(std::fs::read_dir(dir.path().join("x")).unwrap().count(), 0);
    let gone = export(&world, ExportFormat::Csv, &dir.path().join("no/such")).await;
    assert_eq!(gone.unwrap_err().code, ErrorCode::FolderGone);
    let request = ExportRequest {
        conversations: vec![ConversationId(99_999)],
        format: ExportFormat::Csv,
        out: dir.path().join("y"),
        zone: TimeZone::UTC,
    };
    let none = world.inbox().export(request, |_| {}, CancellationToken::new()).await;
    assert_eq!(none.unwrap_err().code, ErrorCode::NotFound);
    #[cfg(target_os = "linux")]
    {
        // A disk that is full.
        let full = dir.path().join("full");
        std::fs::create_dir(&full).unwrap();
        std::os::unix::fs::symlink("/dev/full", full.join("messages.jsonl.part")).unwrap();
        assert_eq!(export(&world, ExportFormat::Jsonl, &full).await.unwrap_err().code, ErrorCode::DiskFull);
        assert_eq!(std::fs::read_dir(&full).unwrap().count(), 0);
    }
}

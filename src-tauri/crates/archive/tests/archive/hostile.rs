use std::{fs::File, io::Write as _, ops::ControlFlow, path::PathBuf};

use backscroll_archive::ArchiveError;
use serde_json::json;
use zip::write::SimpleFileOptions;

use crate::build::{Builder, message, open, read, thread};

fn good() -> Builder {
    Builder::new().json(
        "messages/inbox/a_1/message_1.json",
        &thread(&["Ana", "Bo"], &[message("Ana", 1_700_000_000_000, "kept")]),
    )
}

fn with(name: &str, bytes: impl Into<Vec<u8>>) -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let zip = good().file(&format!("messages/inbox/{name}/message_1.json"), bytes).zip(dir.path().join("x.zip"));
    let got = read(&[zip], Some("Bo")).unwrap();
    (got.texts(), got.reasons())
}

#[test]
fn an_html_download_is_named_as_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let html = Builder::new()
        .file("messages/inbox/a_1/message_1.html", "<html>")
        .file("start_here.html", "<html>")
        .zip(dir.path().join("h.zip"));
    assert!(matches!(open(&[html]), Err(ArchiveError::Html)));
    let page = Builder::new().file("x.html", "<!doctype html>").folder(dir.path());
    assert!(matches!(open(&[page.join("x.html")]), Err(ArchiveError::Html)));
}

#[test]
fn html_under_the_name_of_json_is_left_out_and_named() {
    let (texts, reasons) = with("b_2", "  <!DOCTYPE html><html></html>");
    assert_eq!(texts, ["kept"]);
    assert_eq!(reasons, ["messages/inbox/b_2/message_1.json Html 1"]);
}

#[test]
fn wrong_json_and_a_file_that_ends_in_its_middle_keep_what_stands_before() {
    let whole =
        thread(&["Cy", "Bo"], &[message("Cy", 1_700_000_000_002, "first"), message("Cy", 1_700_000_000_001, "second")])
            .to_string();
    let cut = &whole[..whole.find("second").unwrap()];
    let (mut texts, reasons) = with("b_2", cut);
    texts.sort();
    assert_eq!(texts, ["first", "kept"]);
    assert_eq!(reasons, ["messages/inbox/b_2/message_1.json Broken 1"]);
    for nonsense in ["", "nonsense", "[1,2", "{", "{\"messages\": 5}", "{\"messages\":[1,\"x\",null,{}]}"] {
        let (texts, reasons) = with("b_2", nonsense);
        assert_eq!(texts, ["kept"], "{nonsense}");
        assert_eq!(reasons.len(), 1, "{nonsense}: {reasons:?}");
    }
}

#[test]
fn one_bad_message_does_not_lose_the_others() {
    let messages = [
        message("Ana", 1_700_000_000_003, "a"),
        json!({ "sender_name": "Ana", "content": "no time" }),
        json!({ "timestamp_ms": 1_700_000_000_002_i64, "content": "no sender" }),
        json!({ "sender_name": "Ana", "timestamp_ms": { "x": 1 }, "content": ["y"] }),
        message("Ana", 1_700_000_000_001, "b"),
    ];
    let (texts, reasons) = with("b_2", thread(&["Ana", "Bo"], &messages).to_string());
    assert_eq!(texts, ["kept", "a", "b"]);
    assert_eq!(reasons, ["messages/inbox/b_2/message_1.json Incomplete 3"]);
}

#[test]
fn one_message_that_would_fill_the_memory_ends_its_file() {
    let huge = format!("{{\"participants\":[],\"messages\":[{{\"content\":\"{}\"}}]}}", "x".repeat(9 << 20));
    let dir = tempfile::tempdir().unwrap();
    let folder = good().file("messages/inbox/b_2/message_1.json", huge).folder(dir.path());
    let got = read(&[folder], Some("Bo")).unwrap();
    assert_eq!(got.texts(), ["kept"]);
    assert_eq!(got.reasons(), ["messages/inbox/b_2/message_1.json TooLarge 1"]);
}

#[test]
fn deep_nesting_does_not_end_the_program() {
    let deep = format!("{{\"messages\":[{}1{}]}}", "[".repeat(100_000), "]".repeat(100_000));
    let (texts, reasons) = with("b_2", deep);
    assert_eq!((texts.len(), reasons.len()), (1, 1));
}

#[test]
fn a_zip_bomb_is_not_unpacked_to_its_end() {
    // 100 MB of white space between two brackets.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.zip");
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in &good().files {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.start_file("messages/inbox/b_2/message_1.json", options).unwrap();
    zip.write_all(b"{\"messages\":[").unwrap();
    let element = format!("{}1,", " ".repeat(1 << 20));
    for _ in 0..100 {
        zip.write_all(element.as_bytes()).unwrap();
    }
    zip.write_all(b"1]}").unwrap();
    zip.finish().unwrap();
    let got = read(&[path], Some("Bo")).unwrap();
    assert_eq!(got.texts(), ["kept"]);
    assert!(got.reasons().contains(&"messages/inbox/b_2/message_1.json Bomb 1".to_owned()), "{:?}", got.reasons());
}

#[test]
fn names_that_leave_the_download_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let outside = thread(&["Ana", "Bo"], &[message("Ana", 1_700_000_000_009, "outside")]).to_string();
    std::fs::create_dir_all(dir.path().join("messages/inbox/z_9")).unwrap();
    let zip = good()
        .file("../../messages/inbox/z_9/message_1.json", outside.clone())
        .file("/etc/messages/inbox/z_9/message_1.json", outside.clone())
        .zip(dir.path().join("x.zip"));
    let got = read(&[zip], Some("Bo")).unwrap();
    assert!(got.report.skipped >= 1, "{:?}", got.reasons());
    assert!(got.reasons().iter().all(|reason| reason.contains("Outside")), "{:?}", got.reasons());
}

#[cfg(unix)]
#[test]
fn links_of_a_folder_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let secret = Builder::new()
        .json(
            "messages/inbox/z_9/message_1.json",
            &thread(&["Ana", "Bo"], &[message("Ana", 1_700_000_000_009, "outside")]),
        )
        .folder(&dir.path().join("secret"));
    let folder = good().folder(&dir.path().join("download"));
    std::os::unix::fs::symlink(secret.join("messages/inbox/z_9"), folder.join("messages/inbox/z_9")).unwrap();
    let got = read(&[folder], Some("Bo")).unwrap();
    assert_eq!(got.texts(), ["kept"]);
    assert_eq!(got.reasons(), ["messages/inbox/z_9 Outside 1"]);
}

#[test]
fn a_zip_that_was_cut_off_is_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let zip = good().zip(dir.path().join("x.zip"));
    let bytes = std::fs::read(&zip).unwrap();
    for length in [0, 3, 30, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&zip, &bytes[..length]).unwrap();
        assert!(matches!(open(std::slice::from_ref(&zip)), Err(ArchiveError::Damaged(_))), "{length}");
    }
    // Beside a good one it is named, and the good one is read.
    let whole = good().zip(dir.path().join("good.zip"));
    let got = read(&[zip, whole], Some("Bo")).unwrap();
    assert_eq!((got.texts(), got.reasons()), (vec!["kept".to_owned()], vec!["x.zip Unreadable 1".to_owned()]));
}

#[test]
fn damage_inside_a_zip_is_named_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let many: Vec<_> =
        (0..3_000).map(|n| message("Cy", 1_700_000_000_000 - n, &format!("{n} {}", n * 7_919))).collect();
    let zip =
        good().json("messages/inbox/b_2/message_1.json", &thread(&["Cy", "Bo"], &many)).zip(dir.path().join("x.zip"));
    let mut bytes = std::fs::read(&zip).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 64] {
        *byte ^= 0x55;
    }
    std::fs::write(&zip, bytes).unwrap();
    let got = read(&[zip], Some("Bo")).unwrap();
    assert!(got.report.skipped >= 1);
    assert!(got.reasons().iter().all(|reason| reason.contains("b_2/message_1.json")), "{:?}", got.reasons());
    assert!(got.texts().contains(&"kept".to_owned()));
}

#[test]
fn what_is_no_download_is_said_to_be_none() {
    let dir = tempfile::tempdir().unwrap();
    let other = Builder::new().file("photo.jpg", "x").zip(dir.path().join("o.zip"));
    assert!(matches!(open(&[other]), Err(ArchiveError::NotADownload)));
    assert!(matches!(open(&[dir.path().join("missing.zip")]), Err(ArchiveError::Missing)));
    assert!(matches!(open(&[dir.path().to_owned()]), Err(ArchiveError::NotADownload)));
    let mixed = good()
        .file("data/direct-messages.js", "window.YTD.direct_messages.part0 = []")
        .folder(&dir.path().join("mixed"));
    assert!(matches!(open(&[mixed]), Err(ArchiveError::Mixed)));
}

#[test]
fn every_prefix_of_a_download_ends_in_words() {
    // Nothing panics, whatever is cut off where.
    let dir = tempfile::tempdir().unwrap();
    let whole = good().files[0].1.clone();
    let path: PathBuf = dir.path().join("message_1.json");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        if let Ok(mut download) = open(std::slice::from_ref(&path))
            && let Ok(owner) = download.owner(Some("Bo"), &[])
        {
            let report = download.read(&owner, None, &mut |_| ControlFlow::Continue(())).unwrap();
            assert_eq!(report.skipped, 1, "{length}");
        }
    }
}

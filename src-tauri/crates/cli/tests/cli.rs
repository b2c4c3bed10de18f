//! The program as its users call it, against the simulated providers in a process of their own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_backscroll");

/// A running program that ends with the test.
struct Running(Child);

impl Running {
    fn first_line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `backscroll demo`, and what it said about itself.
fn demo() -> (Running, Value) {
    let mut running = Running(
        Command::new(PROGRAM)
            .args(["demo", "--seed", "3"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let told = serde_json::from_str(&running.first_line()).unwrap();
    (running, told)
}

/// A data folder of its own.
struct Inbox {
    home: TempDir,
}

impl Inbox {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> std::path::PathBuf {
        self.home.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).args(["--json", "--secrets", "file"]).env("BACKSCROLL_DATA_DIR", self.folder());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs what must succeed, and reads its JSON lines.
    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let out = self.run(arguments);
        assert_eq!(out.status.code(), Some(0), "{arguments:?}: {}", stderr(&out));
        rows(&out)
    }

    /// Connects the primary profile of a demo, with a hundred older messages of X.
    fn connect(&self, told: &Value) -> Vec<Value> {
        let api_base = told["ayrshare"]["api_base"].as_str().unwrap();
        let secrets = told["ayrshare"]["secrets"].to_string();
        let arguments = ["account", "add", "--provider", "ayrshare", "--api-base", api_base, "--history", "100"];
        let out = self.run_with(&arguments, &secrets);
        assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
        rows(&out)
    }

    fn messages(&self, conversation: &str) -> Vec<Value> {
        self.rows(&["messages", conversation])
    }
}

fn rows(out: &Output) -> Vec<Value> {
    String::from_utf8(out.stdout.clone()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| unreachable!("{field} is not a text in {row}"))
}

#[test]
fn connects_reads_answers_and_still_has_everything_offline() {
    let (demo, told) = demo();
    let inbox = Inbox::new();
    let accounts = inbox.connect(&told);
    let platforms: Vec<&str> = accounts.iter().map(|account| text(account, "platform")).collect();
    assert_eq!(platforms, ["messenger", "instagram", "x"]);

    let synced = inbox.rows(&["sync"]);
    assert_eq!(synced.len(), accounts.len());
    assert!(synced.iter().all(|row| row["calls"].as_u64().unwrap() >= 1), "{synced:?}");

    let conversations = inbox.rows(&["conversations", "--platform", "messenger"]);
    assert!(conversations.len() > 3, "{conversations:?}");
    let times: Vec<i64> = conversations.iter().filter_map(|row| row["last_at"].as_i64()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");

    let id = text(&conversations[0], "id");
    let before = inbox.messages(id);
    assert!(!before.is_empty());
    assert!(before.is_sorted_by_key(|row| row["at"].as_i64()), "oldest first");

    let sent = inbox.rows(&["send", id, "--text", "Ready at four."]);
    assert_eq!(text(&sent[0], "send_state"), "accepted");
    assert!(sent[0]["remote_id"].is_string(), "accepted means that the provider gave an id");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("price list.pdf");
    std::fs::write(&file, "%PDF-1.4\n%%EOF\n").unwrap();
    let sent = inbox.rows(&["send", id, "--text", "Our prices.", "--media", file.to_str().unwrap()]);
    assert_eq!(sent.iter().map(|row| text(row, "send_state")).collect::<Vec<_>>(), ["accepted", "accepted"]);
    assert_eq!(text(&sent[0]["attachments"][0], "kind"), "file");
    let refused = inbox.run(&["send", id, "--media", folder.path().join("gone.jpg").to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    // An address is looked at first, and only public ones are.
    let inside = inbox.run(&["send", id, "--media", "http://10.0.0.1/router.png"]);
    let said = String::from_utf8(inside.stderr).unwrap();
    assert_eq!(inside.status.code(), Some(1));
    assert!(said.contains("router.png cannot be sent: Only files at public https addresses can be sent."), "{said}");

    drop(demo);
    let after = inbox.messages(id);
    let ours: Vec<&Value> = after.iter().filter(|row| row["text"] == "Ready at four.").collect();
    assert_eq!(ours.len(), 1, "{after:?}");
    assert_eq!(text(ours[0], "direction"), "out");

    let offline = inbox.run(&["sync"]);
    assert_eq!(offline.status.code(), Some(1), "an account that cannot be reached is a failure");
}

#[test]
fn older_messages_are_reached_by_the_cursor() {
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    inbox.connect(&told);
    inbox.run(&["sync"]);
    let conversations = inbox.rows(&["conversations"]);
    let longest = conversations.iter().max_by_key(|row| row["messages"].as_u64()).unwrap();
    let id = text(longest, "id");
    let all: Vec<Value> = inbox.messages(id).iter().map(|row| row["id"].clone()).collect();
    assert!(all.len() >= 4, "{longest}");

    let newest = inbox.rows(&["messages", id, "--limit", "2"]);
    let older = inbox.rows(&["messages", id, "--limit", "2", "--before", text(&newest[0], "before")]);
    let paged: Vec<Value> = older.iter().chain(&newest).map(|row| row["id"].clone()).collect();
    assert_eq!(paged, all[all.len() - 4..]);
    assert!(newest[1].get("before").is_none(), "the cursor stands on the oldest one only");
}

#[test]
fn a_search_finds_what_messages_prints() {
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    inbox.connect(&told);
    inbox.run(&["sync"]);
    let conversations = inbox.rows(&["conversations"]);
    let whole = |row: &Value| inbox.rows(&["messages", text(row, "id"), "--limit", "100000"]);
    let all: Vec<Value> = conversations.iter().flat_map(whole).collect();
    let said = |row: &Value| row["text"].as_str().unwrap_or_default().to_lowercase();
    let expected = all.iter().filter(|row| said(row).split(|c: char| !c.is_alphanumeric()).any(|w| w == "you")).count();
    let found = inbox.rows(&["search", "\"you\"", "--limit", "100000"]);
    assert!(expected > 3 && found.len() == expected, "{expected} {}", found.len());
    assert!(found.iter().all(|row| said(row).contains("you") && row["inside"] == false && !row["marks"][0].is_null()));
    assert!(found.windows(2).all(|pair| pair[0]["at"].as_i64() >= pair[1]["at"].as_i64()), "newest first");

    assert_eq!(inbox.rows(&["search", "you", "--limit", "2"]).len(), 2);
    let inside = inbox.rows(&["search", "eliver", "--limit", "1000"]);
    assert!(inside.iter().all(|row| row["inside"] == true));
    assert!(inbox.rows(&["search", "eliver", "--whole-words"]).is_empty());
    let mine = inbox.rows(&["search", "you", "from:me"]);
    assert!(mine.iter().all(|row| row["direction"] == "out"));

    let nobody = inbox.run(&["search", "from:nobodyatall", "you"]);
    assert_eq!((nobody.status.code(), nobody.stdout.len()), (Some(0), 0));
    assert!(stderr(&nobody).contains("nobodyatall"));
    assert_eq!(inbox.run(&["search", "*c \"NEAR("]).status.code(), Some(0));
}

#[test]
fn a_refused_key_saves_nothing() {
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    let api_base = text(&told["ayrshare"], "api_base");
    let out = inbox.run_with(
        &["account", "add", "--provider", "ayrshare", "--api-base", api_base],
        r#"{"api_key": "WRONG-KEY-WRONG"}"#,
    );
    assert_eq!(out.status.code(), Some(1));
    let told = stderr(&out);
    assert!(told.contains("[key_refused]"), "{told}");
    assert!(!told.contains("error_key_refused"), "a sentence, not a key: {told}");
    assert!(!told.contains("WRONG-KEY-WRONG"), "{told}");
    assert!(inbox.rows(&["account", "list"]).is_empty());
    assert!(!folder_contains(&inbox.folder(), b"WRONG-KEY-WRONG"));
}

#[test]
fn wrong_usage_is_told_with_exit_code_two() {
    let inbox = Inbox::new();
    let wrong: &[(&[&str], &str)] = &[
        (&["frobnicate"], ""),
        (&["messages", "not-a-number"], ""),
        (&["conversations", "--platform", "icq"], ""),
        (&["account", "add", "--provider", "pigeon"], "{}"),
        (&["account", "add", "--provider", "ayrshare"], "not json"),
        (&["sync", "--once", "--watch"], ""),
        (&["demo", "--listen", "0.0.0.0:0"], ""),
    ];
    for (arguments, input) in wrong {
        let out = inbox.run_with(arguments, input);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}: {}", stderr(&out));
        assert!(out.stdout.is_empty() && !out.stderr.is_empty());
    }
}

#[test]
fn an_unknown_conversation_is_an_error_not_silence() {
    let inbox = Inbox::new();
    let out = inbox.run(&["messages", "4711"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("[not_found]"), "{}", stderr(&out));
}

#[test]
fn an_address_that_is_not_https_is_refused() {
    let inbox = Inbox::new();
    let out = inbox.run_with(
        &["account", "add", "--provider", "ayrshare", "--api-base", "http://example.com/api"],
        r#"{"api_key": "k"}"#,
    );
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("[bad_api_base]"), "{}", stderr(&out));
}

#[test]
fn while_one_owns_the_folder_others_read_and_may_not_write() {
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    inbox.connect(&told);
    inbox.run(&["sync"]);
    let conversations = inbox.rows(&["conversations"]);
    let mut watching =
        Running(inbox.command(&["sync", "--watch"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    // Its first line says that it has the folder.
    assert!(!watching.first_line().is_empty());

    assert_eq!(inbox.rows(&["conversations"]).len(), conversations.len());
    let refused = inbox.run(&["send", text(&conversations[0], "id"), "--text", "Hello"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("[in_use]"), "{}", stderr(&refused));
}

#[test]
fn an_attachment_names_its_type_and_where_our_copy_is() {
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    inbox.connect(&told);
    inbox.run(&["sync"]);
    let mut watching =
        Running(inbox.command(&["sync", "--watch"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    assert!(!watching.first_line().is_empty());
    let pictures = || {
        let all = inbox.rows(&["conversations"]).into_iter();
        let all = all.flat_map(|row| inbox.messages(text(&row, "id")));
        let all = all.flat_map(|row| row["attachments"].as_array().unwrap().clone());
        all.filter(|attachment| attachment["kind"] == "image").collect::<Vec<_>>()
    };
    // Copies are made while it runs.
    let copy = (0..100).find_map(|_| pictures().into_iter().find(|picture| picture["path"].is_string())).unwrap();
    let path = Path::new(text(&copy, "path"));
    assert!(path.is_absolute() && path.starts_with(inbox.folder()) && path.is_file(), "{copy}");
    assert!(text(&copy, "mime").starts_with("image/"), "{copy}");
    assert!(copy["url"].is_string(), "{copy}");

    std::fs::remove_file(path).unwrap();
    let gone = pictures().into_iter().find(|picture| picture["url"] == copy["url"]).unwrap();
    assert!(gone.get("path").is_none(), "no file is named that is not there: {gone}");
}

#[cfg(unix)]
#[test]
fn secrets_in_a_file_are_said_aloud_and_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    let api_base = text(&told["ayrshare"], "api_base");
    let secrets = &told["ayrshare"]["secrets"];
    let out =
        inbox.run_with(&["account", "add", "--provider", "ayrshare", "--api-base", api_base], &secrets.to_string());
    assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
    assert!(stderr(&out).contains("file"), "{}", stderr(&out));
    let file = inbox.folder().join("secrets.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(inbox.folder()).unwrap().permissions().mode() & 0o777, 0o700);

    // Nowhere else: not in the database, not in a log.
    std::fs::remove_file(file).unwrap();
    assert!(!folder_contains(&inbox.folder(), text(secrets, "api_key").as_bytes()));
}

#[test]
fn disconnecting_keeps_the_history_and_deleting_takes_it() {
    let (_demo, told) = demo();
    let inbox = Inbox::new();
    let accounts = inbox.connect(&told);
    inbox.run(&["sync"]);
    let id = text(&accounts[0], "id");
    let count = || inbox.rows(&["conversations", "--platform", text(&accounts[0], "platform")]).len();
    let held = count();
    assert!(held > 0);

    assert_ne!(inbox.run(&["account", "delete", id]).status.code(), Some(0), "a connected account is not deleted");
    let disconnected = inbox.rows(&["account", "disconnect", id]);
    assert_eq!(disconnected[0]["webhook_address_left"], "no", "there was none");
    assert_eq!(count(), held);
    let deleted = inbox.rows(&["account", "delete", id]);
    assert!(deleted[0]["deleted_messages"].as_u64().unwrap() > 0);
    assert_eq!(count(), 0);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut demo = Running(
        Command::new(PROGRAM)
            .args(["account", "list", "--data-dir"])
            .arg(tempfile::tempdir().unwrap().path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    drop(demo.0.stdout.take());
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
}

fn folder_contains(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return folder_contains(&path, needle);
        }
        std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

//! The program dies without warning (SIGKILL) and is started again. The child is this test binary, running the ignored
//! test [`owner`] with the data folder and the simulator's address in its environment.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use backscroll_engine::{AyrshareSecrets, Inbox, InboxOptions, Secret, SecretsMode, SystemClock};
use backscroll_model::*;
use backscroll_simulator::{Clock, Fault, Hold, ProfileId, SimOptions, Simulator, WorldKind};

use crate::world::{HUNG, Sim, comes_true};

/// A simulator on the machine's time, and a data folder that outlives the child.
struct Stage {
    sim: Simulator,
    dir: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let mut options = SimOptions::new(WorldKind::Small, Clock::real());
        options.people_answer = false;
        let sim = Simulator::start(options).await.unwrap();
        let chat = sim.chats(ProfileId::PRIMARY, Sim::Facebook).remove(0);
        sim.inbound(&chat, "Hello").unwrap();
        Self { sim, dir: tempfile::tempdir().unwrap() }
    }

    fn spawn(&self, act: &str) -> Owner {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::owner", "--ignored", "--nocapture", "--test-threads=1"])
            .env("BACKSCROLL_TEST_DATA", self.dir.path())
            .env("BACKSCROLL_TEST_API", self.sim.base_url())
            .env("BACKSCROLL_TEST_SECRETS", self.sim.secrets_json(ProfileId::PRIMARY).to_string())
            .env("BACKSCROLL_TEST_ACT", act)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Owner { child, lines: Some(lines) }
    }

    fn options(&self) -> InboxOptions {
        options(self.dir.path().to_owned())
    }

    fn assert_sound(&self) {
        let db = rusqlite::Connection::open(self.dir.path().join("backscroll.db")).unwrap();
        let ok: String = db.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        assert_eq!(ok, "ok");
    }
}

struct Owner {
    child: Child,
    lines: Option<BufReader<std::process::ChildStdout>>,
}

impl Owner {
    /// Waits until the child has said `word`.
    async fn says(&mut self, word: &'static str) {
        let mut lines = self.lines.take().unwrap();
        let listening = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).unwrap() > 0 {
                if line.contains(word) {
                    return (lines, true);
                }
                line.clear();
            }
            (lines, false)
        });
        let heard = tokio::time::timeout(HUNG, listening).await;
        let Ok(heard) = heard else {
            // Else the thread that listens would keep the test from its end.
            self.kill();
            panic!("the child never said {word}");
        };
        let (lines, heard) = heard.unwrap();
        self.lines = Some(lines);
        assert!(heard, "the child ended before it said {word}");
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn options(data_dir: std::path::PathBuf) -> InboxOptions {
    InboxOptions {
        data_dir,
        secrets: SecretsMode::File,
        clock: std::sync::Arc::new(SystemClock),
        seed: 1,
        decoder: ("/nonexistent-decoder".into(), Vec::new()),
        read_only: false,
        demo: false,
    }
}

#[tokio::test]
#[ignore = "the child of the tests below"]
async fn owner() {
    let Ok(data) = std::env::var("BACKSCROLL_TEST_DATA") else { return };
    let inbox = Inbox::open(options(data.into())).await.unwrap();
    let secrets: serde_json::Value = serde_json::from_str(&std::env::var("BACKSCROLL_TEST_SECRETS").unwrap()).unwrap();
    let secrets = AyrshareSecrets {
        api_key: Secret::new(secrets["api_key"].as_str().unwrap()),
        profile_key: None,
        x_api_key: None,
        x_api_secret: None,
        x_history: None,
        x_monthly_limit_cents: 0,
    };
    inbox.connect_ayrshare(std::env::var("BACKSCROLL_TEST_API").ok(), secrets, None).await.unwrap();
    println!("connected");
    inbox.sync_once(None).await.unwrap();
    println!("synced");
    if std::env::var("BACKSCROLL_TEST_ACT").unwrap() == "send" {
        let query = ConversationQuery { platforms: vec![Platform::Messenger], ..ConversationQuery::default() };
        let page = inbox.conversations(query, None, 10).await.unwrap();
        let row = page.rows.iter().find(|r| r.unanswered).unwrap();
        inbox.start().await;
        let mut changes = inbox.changes();
        let message = inbox.send_text(row.id, "Killed on the wire".to_owned()).await.unwrap();
        loop {
            let held = inbox.messages_by_id(vec![message.id]).await.unwrap().remove(0);
            if held.send.is_some_and(|s| s.state == SendState::Sending) {
                println!("sending");
            }
            backscroll_engine::next_changes(&mut changes).await;
        }
    }
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn killed_on_the_wire_is_unknown_at_the_next_start_and_never_sent_twice() {
    let stage = Stage::new().await;
    let hold = Hold::new();
    // Applied, but the answer never comes: the worst moment to die.
    stage.sim.on("POST", "/messages/facebook").fail(Fault::Applied(Box::new(Fault::Hold(hold))));
    // What the child reads before it sends: messages, the list, the archive. A later read would bring the echo, and the
    // child might know the outcome before it dies.
    stage.sim.on("GET", "/messages/facebook").skip(3).times(10_000).fail(Fault::Reset);
    let mut owner = stage.spawn("send");
    owner.says("sending").await;
    comes_true("the message is delivered", async || !stage.sim.delivered().is_empty()).await;
    owner.kill();
    stage.sim.clear_faults();
    stage.assert_sound();

    let inbox = Inbox::open(stage.options()).await.unwrap();
    let query = ConversationQuery { platforms: vec![Platform::Messenger], ..ConversationQuery::default() };
    let rows = inbox.conversations(query, None, 10).await.unwrap().rows;
    let row = rows.iter().find(|r| r.last.as_ref().is_some_and(|l| l.send_state.is_some())).unwrap();
    let last = row.last.as_ref().unwrap();
    assert_eq!(last.send_state, Some(SendState::Unknown));
    stage.sim.drop_cache();
    inbox.sync_once(None).await.unwrap();
    let held = inbox.messages_by_id(vec![last.id]).await.unwrap().remove(0);
    assert_eq!(held.send.unwrap().state, SendState::Accepted, "its echo was read");
    assert_eq!(stage.sim.delivered().len(), 1);
    let posts = stage.sim.requests().iter().filter(|r| r.method == "POST").count();
    assert_eq!(posts, 1);
    stage.assert_sound();
}

#[tokio::test]
async fn killed_in_the_middle_of_reading_nothing_is_skipped() {
    for point in ["connected", "synced"] {
        let stage = Stage::new().await;
        let mut owner = stage.spawn("read");
        owner.says(point).await;
        owner.kill();
        stage.assert_sound();
        let inbox = Inbox::open(stage.options()).await.unwrap();
        stage.sim.drop_cache();
        inbox.sync_once(None).await.unwrap();
        let rows = inbox.conversations(ConversationQuery::default(), None, 50).await.unwrap().rows;
        for chat in stage.sim.chats(ProfileId::PRIMARY, Sim::Facebook) {
            let row = rows.iter().find(|r| r.remote_id.as_str() == chat.conversation).unwrap();
            let page = inbox.thread(row.id, ThreadPosition::Newest, 200).await.unwrap();
            let held: Vec<_> = page.messages.into_iter().filter_map(|m| m.remote_id).map(|id| id.0).collect();
            let truth: Vec<_> = stage
                .sim
                .ledger()
                .into_iter()
                .filter(|e| e.conversation == chat.conversation && e.readable)
                .map(|e| e.id)
                .collect();
            assert_eq!(held, truth, "killed when {point}");
        }
    }
}

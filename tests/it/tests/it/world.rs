//! A simulator, a data folder and an inbox, and the few sentences that tests are written in.

use std::{path::Path, sync::Arc, time::Duration};

use backscroll_adapters::{Secret, ayrshare};
use backscroll_engine::{AyrshareSecrets, Inbox, InboxOptions, Limits, SecretsMode};
use backscroll_model::*;
use backscroll_simulator::{self as simulator, Chat, ProfileId, SimOptions, Simulator, WorldKind};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use tokio::sync::broadcast;

use crate::clock::TestClock;

pub type Sim = simulator::Platform;

/// 2026-09-21T13:33:20Z.
pub const START: i64 = 1_790_000_000_000;
/// A test that waits longer than this has hung; nothing is measured by it.
pub const HUNG: Duration = Duration::from_secs(120);

pub struct World {
    pub sim: Simulator,
    pub clock: TestClock,
    pub dir: tempfile::TempDir,
    pub limits: Limits,
    pub decoder: std::path::PathBuf,
    inbox: Option<Inbox>,
}

impl World {
    /// Three linked accounts, two short conversations on each; nobody answers.
    pub async fn small() -> Self {
        Self::new(WorldKind::Small).await
    }

    /// Three linked accounts and nobody.
    pub async fn empty() -> Self {
        Self::new(WorldKind::Empty).await
    }

    pub async fn new(kind: WorldKind) -> Self {
        let mut options = SimOptions::new(kind, simulator::Clock::manual(START));
        options.people_answer = false;
        let sim = Simulator::start(options).await.unwrap();
        let clock = TestClock::new(sim.clock().clone());
        let dir = tempfile::tempdir().unwrap();
        let mut world =
            Self { sim, clock, dir, limits: Limits::default(), decoder: "/nonexistent-decoder".into(), inbox: None };
        world.open().await;
        world
    }

    pub fn inbox(&self) -> &Inbox {
        self.inbox.as_ref().expect("the inbox is open")
    }

    pub fn data(&self) -> &Path {
        self.dir.path()
    }

    pub fn options(&self) -> InboxOptions {
        InboxOptions {
            data_dir: self.dir.path().to_owned(),
            secrets: SecretsMode::File,
            clock: Arc::new(self.clock.clone()),
            seed: 7,
            decoder: (self.decoder.clone(), Vec::new()),
            read_only: false,
            demo: false,
        }
    }

    /// Opens the inbox, or opens it again as a new start of the program would.
    pub async fn open(&mut self) {
        self.close().await;
        self.inbox = Some(Inbox::open_with(self.options(), self.limits).await.unwrap());
    }

    /// Quits the program; nothing touches the data folder afterwards.
    pub async fn close(&mut self) {
        let Some(inbox) = self.inbox.take() else { return };
        let closed = tokio::time::timeout(HUNG, inbox.close()).await.expect("the data folder is never given back");
        // What the folder's files are like is the matter of the test.
        drop(closed);
    }

    pub fn secrets(&self, profile: ProfileId) -> AyrshareSecrets {
        let json = self.sim.secrets_json(profile);
        let secret = |name: &str| json.get(name).and_then(|v| v.as_str()).map(Secret::new);
        AyrshareSecrets {
            api_key: secret("api_key").unwrap(),
            profile_key: secret("profile_key"),
            x_api_key: secret("x_api_key"),
            x_api_secret: secret("x_api_secret"),
            x_history: None,
            x_monthly_limit_cents: 500,
        }
    }

    pub fn api_base(&self) -> Option<String> {
        Some(self.sim.base_url().to_owned())
    }

    /// Connects the primary profile; X awaits the user's choice.
    pub async fn connect(&self) -> Vec<Account> {
        self.inbox().connect_ayrshare(self.api_base(), self.secrets(ProfileId::PRIMARY), None).await.unwrap()
    }

    /// Connects the primary profile, X included with this much history.
    pub async fn connect_with_x(&self, history: XHistory) -> Vec<Account> {
        let secrets = AyrshareSecrets { x_history: Some(history), ..self.secrets(ProfileId::PRIMARY) };
        self.inbox().connect_ayrshare(self.api_base(), secrets, None).await.unwrap()
    }

    /// Connects and reads everything once.
    pub async fn connect_and_sync(&self) -> Vec<Account> {
        let accounts = self.connect().await;
        self.sync().await;
        accounts
    }

    pub async fn sync(&self) -> Vec<SyncReport> {
        self.inbox().sync_once(None).await.unwrap()
    }

    pub async fn account(&self, platform: Platform) -> Account {
        self.inbox().accounts().await.unwrap().into_iter().find(|a| a.platform == platform).unwrap()
    }

    pub async fn health(&self, platform: Platform) -> Health {
        self.account(platform).await.health
    }

    /// The row of a conversation of the simulator.
    pub async fn conversation(&self, chat: &Chat) -> Conversation {
        self.try_conversation(chat).await.expect("the conversation is held")
    }

    pub async fn try_conversation(&self, chat: &Chat) -> Option<Conversation> {
        let all = self.conversations().await;
        all.into_iter().find(|c| c.remote_id.as_str() == chat.conversation)
    }

    pub async fn conversations(&self) -> Vec<Conversation> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page = self.inbox().conversations(ConversationQuery::default(), after, 200).await.unwrap();
            rows.extend(page.rows);
            match page.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }

    pub async fn thread(&self, id: ConversationId) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut position = ThreadPosition::Newest;
        loop {
            let page = self.inbox().thread(id, position, 200).await.unwrap();
            messages.splice(0..0, page.messages);
            match page.before {
                Some(place) => position = ThreadPosition::Before { place },
                None => return messages,
            }
        }
    }

    pub async fn texts(&self, chat: &Chat) -> Vec<String> {
        let id = self.conversation(chat).await.id;
        self.thread(id).await.into_iter().filter_map(|m| m.text).collect()
    }

    /// A conversation of the small world.
    pub fn chat(&self, platform: Sim) -> Chat {
        self.sim.chats(ProfileId::PRIMARY, platform).remove(0)
    }

    /// Lets time pass while the engine works: each thing that falls due happens at its instant, and the engine comes to
    /// rest before time goes on.
    pub async fn advance(&self, seconds: u64) {
        let target = self.sim.clock().now_ms() + i64::try_from(seconds).unwrap() * 1_000;
        loop {
            self.settle().await;
            let now = self.sim.clock().now_ms();
            let next = self.clock.next_wake().map_or(target, |at| at.clamp(now, target));
            self.sim.advance(Duration::from_millis((next - now).unsigned_abs())).await;
            self.clock.wake_due();
            if next >= target {
                break;
            }
        }
        self.settle().await;
    }

    /// Time passes while the computer sleeps: nobody's timer runs, then all of them are late.
    pub async fn sleep_through(&self, seconds: u64) {
        self.settle().await;
        self.sim.advance(Duration::from_secs(seconds)).await;
        self.clock.wake_due();
        self.settle().await;
    }

    /// Waits until the engine has nothing to do before the clock moves.
    pub async fn settle(&self) {
        let Some(inbox) = &self.inbox else { return };
        let rest = async {
            loop {
                inbox.quiet().await;
                // Whoever was just let on has not begun yet.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                if !self.clock.all_awake() {
                    continue;
                }
                tokio::select! {
                    biased;
                    () = inbox.quiet() => return,
                    () = std::future::ready(()) => {}
                }
            }
        };
        tokio::time::timeout(HUNG, rest).await.expect("the engine does not come to rest");
    }

    /// Waits for a change after which `done` holds; time stands still.
    pub async fn until<F>(&self, mut done: F)
    where
        F: AsyncFnMut(&Self) -> bool,
    {
        let mut changes = self.inbox().changes();
        let wait = async {
            while !done(self).await {
                backscroll_engine::next_changes(&mut changes).await.expect("the inbox lives");
            }
        };
        tokio::time::timeout(HUNG, wait).await.expect("it never came to that");
    }

    /// GETs and other calls under a path since the last [`Simulator::clear_requests`].
    pub fn calls(&self, method: &str, path: &str) -> usize {
        self.sim.requests().iter().filter(|r| r.method == method && r.path.starts_with(path)).count()
    }

    /// Everything that the database's files hold.
    pub fn database_bytes(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(self.data())
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("backscroll.db"))
            // The shared memory index is no data.
            .filter(|p| !p.to_string_lossy().ends_with("-shm"))
            .map(|p| (p.display().to_string(), std::fs::read(&p).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// I5 and I7: every readable inbound message is held once, in its conversation, in the platform's order; the
    /// database is sound.
    pub async fn assert_history_is_the_ledger(&self, platform: Sim) {
        for chat in self.sim.chats(ProfileId::PRIMARY, platform) {
            let expected: Vec<String> = self
                .sim
                .ledger()
                .into_iter()
                .filter(|e| e.conversation == chat.conversation && e.platform == platform && e.readable)
                .map(|e| e.id)
                .collect();
            let row = self.conversation(&chat).await;
            let held: Vec<String> =
                self.thread(row.id).await.into_iter().filter_map(|m| m.remote_id).map(|id| id.0).collect();
            assert_eq!(held, expected, "{chat:?}");
        }
        self.assert_sound();
    }

    pub fn assert_sound(&self) {
        let db = rusqlite::Connection::open(self.data().join("backscroll.db")).unwrap();
        let ok: String = db.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        assert_eq!(ok, "ok");
        let broken: i64 = db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |r| r.get(0)).unwrap();
        assert_eq!(broken, 0);
    }
}

/// Waits for what tells nobody, a request at the simulator for instance, so this looks again and again. `what`: the
/// sentence that is true in the end.
pub async fn comes_true(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_true().await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(HUNG, wait).await.is_ok(), "it never came true that {what}");
}

/// Holds a property against so many random cases; a case that fails is made small and printed, with the seed that is to be
/// kept beside the others.
///
/// Not the macro of the same crate: there `PROPTEST_CASES`, which is meant for cases of microseconds, overrules the number
/// of cases, and each of these is a world of its own that takes up to a second.
pub fn holds<S: Strategy>(
    name: &'static str,
    config: ProptestConfig,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let mut runner = TestRunner::new(ProptestConfig { test_name: Some(name), ..config });
    if let Err(error) = runner.run(strategy, property) {
        panic!("{error}\n{runner}");
    }
}

/// What has arrived on a channel of notices.
pub fn drain(notices: &mut broadcast::Receiver<NoticeAction>) -> Vec<NoticeAction> {
    std::iter::from_fn(|| notices.try_recv().ok()).collect()
}

pub fn shown(notices: &mut broadcast::Receiver<NoticeAction>) -> Vec<Notice> {
    drain(notices)
        .into_iter()
        .filter_map(|action| match action {
            NoticeAction::Show(notice) => Some(notice),
            NoticeAction::Close(_) => None,
        })
        .collect()
}

/// The address that is asked when none is given must never be asked by a test.
#[test]
fn the_default_address_is_ayrshares_own() {
    assert_eq!(ayrshare::API_BASE, "https://api.ayrshare.com/api");
}

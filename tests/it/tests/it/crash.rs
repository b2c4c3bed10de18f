//! The program is killed (SIGKILL) at named points and at random, and started again. What it had acknowledged is there,
//! and what it had sent is sent once.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use backscroll_model::*;
use backscroll_simulator::{Chat, Fault, Hold, ProfileId};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    desk::Desk,
    invariants::{self, Intent},
    world::{HUNG, Sim, World, comes_true},
};

/// The engine in another process.
pub struct Worker {
    child: Child,
    commands: ChildStdin,
    answers: mpsc::UnboundedReceiver<Value>,
}

impl Worker {
    /// Starts it on the folder of a world whose own inbox is closed.
    pub async fn start(world: &World) -> Self {
        Self::start_fast(world, 1).await
    }

    /// As [`Self::start`]; its clock runs so many times as fast as the machine's.
    pub async fn start_fast(world: &World, speed: u32) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backscroll-it-worker"));
        command.arg(world.data()).arg(world.sim.clock().now_ms().to_string()).arg(speed.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let commands = child.stdin.take().unwrap();
        let out = child.stdout.take().unwrap();
        let (said, answers) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if said.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut worker = Self { child, commands, answers };
        let first = worker.answer().await.expect("the worker speaks");
        assert_eq!(first, json!({ "open": true }));
        worker
    }

    pub fn ask(&mut self, command: &Value) {
        writeln!(self.commands, "{command}").unwrap();
    }

    /// The next line; `None`: it is dead.
    pub async fn answer(&mut self) -> Option<Value> {
        tokio::time::timeout(HUNG, self.answers.recv()).await.expect("the worker hangs")
    }

    pub async fn does(&mut self, command: Value) -> Value {
        self.ask(&command);
        self.answer().await.expect("the worker lives")
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A desk whose engine is elsewhere: connected and read, its own inbox closed.
struct Scene {
    desk: Desk,
    chats: Vec<(Chat, ConversationId)>,
    intents: Vec<Intent>,
}

impl Scene {
    async fn set() -> Self {
        let mut desk = Desk::connected().await;
        let mut chats = Vec::new();
        for chat in desk.chats().into_iter().chain([desk.chat(Sim::Twitter)]) {
            let id = desk.conversation(&chat).await.id;
            chats.push((chat, id));
        }
        desk.world.close().await;
        Self { desk, chats, intents: Vec::new() }
    }

    fn acknowledged(&mut self, chat: &Chat, text: &str, answer: &Value) {
        self.intents.push(Intent {
            message: answer["queued"].as_i64().unwrap_or_else(|| panic!("not queued: {answer}")),
            conversation: chat.conversation.clone(),
            text: text.to_owned(),
            again: 0,
            discarded: false,
        });
    }

    /// What the dead left behind is whole, and what was sent without being acknowledged is still one intent.
    fn check(&mut self) {
        self.adopt();
        invariants::whole(self.desk.data(), &self.desk.sim, &self.intents);
    }

    /// A kill between the commit and the acknowledgement leaves an intent that nobody was told of.
    fn adopt(&mut self) {
        let db = invariants::snapshot(self.desk.data());
        let rows: Vec<(i64, String, String)> = db
            .prepare(
                "SELECT m.id, c.remote_id, m.text FROM part p JOIN message m ON m.id = p.message
                 JOIN conversation c ON c.id = p.conversation",
            )
            .unwrap()
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for (message, conversation, text) in rows {
            if self.intents.iter().all(|i| i.message != message) {
                self.intents.push(Intent { message, conversation, text, again: 0, discarded: false });
            }
        }
    }

    /// Opens the folder here and lets everything come to its end; answers the states in the order of sending.
    async fn come_to_rest(&mut self) -> Vec<SendState> {
        self.check();
        self.desk.sim.clear_faults();
        self.desk.sim.drop_cache();
        self.desk.restart().await;
        self.desk.advance(900).await;
        self.adopt();
        self.intents.sort_by_key(|i| i.message);
        let mut states = Vec::new();
        for intent in &self.intents {
            states.push(self.desk.state(MessageId(intent.message)).await);
        }
        self.desk.inbox().sync_soon();
        self.desk.advance(300).await;
        self.check();
        let db = invariants::snapshot(self.desk.data());
        invariants::history(&db, &self.desk.sim, &[Sim::Facebook, Sim::Instagram, Sim::Twitter]);
        states
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The user was told, nothing else happened yet.
    Acknowledged,
    /// The request is at the provider, which has not acted.
    OnTheWire,
    /// The message is delivered, the answer under way.
    Delivered,
    /// The conversation is being read back.
    ReadingBack,
}

#[tokio::test]
async fn killed_at_a_named_point_a_message_is_neither_lost_nor_sent_twice() {
    use Point::{Acknowledged, Delivered, OnTheWire, ReadingBack};
    for point in [Acknowledged, OnTheWire, Delivered, ReadingBack] {
        let mut scene = Scene::set().await;
        let (chat, id) = scene.chats[0].clone();
        let post = scene.desk.sim.on("POST", "/messages/facebook");
        match point {
            Acknowledged | OnTheWire => post.fail(Fault::Hold(Hold::new())),
            Delivered => post.fail(Fault::Applied(Box::new(Fault::HalfOpen))),
            ReadingBack => post.fail(Fault::apply_then_drop()),
        }
        if point == ReadingBack {
            scene
                .desk
                .sim
                .on("GET", "/messages/facebook")
                .query("conversationId")
                .always()
                .fail(Fault::Hold(Hold::new()));
            scene.desk.sim.on("GET", "/messages/facebook").query("status").always().fail(Fault::http(500));
        }
        scene.desk.sim.clear_requests();
        let mut worker = Worker::start(&scene.desk).await;
        worker.does(json!({ "do": "start" })).await;
        let text = format!("Killed when {point:?}");
        let queued = worker.does(json!({ "do": "send", "conversation": id, "text": text })).await;
        match point {
            Acknowledged => {}
            OnTheWire | Delivered => scene.desk.until_calls("POST", "/messages/facebook", 1).await,
            ReadingBack => {
                // The first look comes five seconds after the answer was lost.
                let looks = || scene.desk.sim.requests().iter().filter(|r| r.query.contains("conversationId")).count();
                comes_true("it reads back", async || looks() > 0).await;
            }
        }
        if point == Delivered {
            comes_true("the message is delivered", async || !scene.desk.sim.delivered().is_empty()).await;
        }
        worker.kill();
        scene.acknowledged(&chat, &text, &queued);
        let states = scene.come_to_rest().await;
        let delivered = scene.desk.sim.delivered().len();
        let expected = match point {
            // Either it had not begun, and goes now, or it had, and nobody knows.
            Acknowledged => {
                states == [SendState::Accepted] && delivered == 1
                    || states == [SendState::NeedsReview] && delivered == 0
            }
            OnTheWire => states == [SendState::NeedsReview] && delivered == 0,
            Delivered | ReadingBack => states == [SendState::Accepted] && delivered == 1,
        };
        assert!(expected, "{point:?}: {states:?}, delivered {delivered} times");
    }
}

#[tokio::test]
async fn killed_at_random_again_and_again_nothing_is_lost_and_nothing_is_sent_twice() {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |n| n.parse().unwrap());
    let seed = number("BACKSCROLL_IT_SEED", rand::random::<u32>().into());
    let kills = number("BACKSCROLL_IT_KILLS", 20);
    println!("BACKSCROLL_IT_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut scene = Scene::set().await;
    for round in 0..kills {
        let sim = &scene.desk.sim;
        for _ in 0..rng.random_range(0..3) {
            let fault = match rng.random_range(0..5) {
                0 => Fault::Reset,
                1 => Fault::apply_then_drop(),
                2 => Fault::Applied(Box::new(Fault::HalfOpen)),
                3 => Fault::Delay { ms: rng.random_range(1..40) },
                _ => Fault::http(503),
            };
            sim.on("POST", "/messages/").skip(rng.random_range(0..3)).fail(fault);
        }
        if rng.random_range(0..3) == 0 {
            sim.on("GET", "/messages/").fail(Fault::Delay { ms: rng.random_range(1..40) });
        }
        for (chat, _) in &scene.chats {
            if rng.random_range(0..3) == 0 {
                sim.inbound(chat, format!("Customer in round {round}").as_str()).unwrap();
            }
        }
        sim.advance(Duration::from_secs(rng.random_range(5..70))).await;
        let mut worker = Worker::start(&scene.desk).await;
        worker.ask(&json!({ "do": "start" }));
        let mut asked = Vec::new();
        for n in 0..rng.random_range(1..5) {
            let (chat, id) = scene.chats.choose(&mut rng).unwrap().clone();
            let text = format!("Round {round}, message {n}");
            worker.ask(&json!({ "do": "send", "conversation": id, "text": text }));
            asked.push((chat, text));
        }
        // Not a wait for anything: the instant of death is what is random.
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..120))).await;
        worker.kill();
        while let Some(answer) = worker.answer().await {
            if answer.get("queued").is_some() {
                let (chat, text) = asked.remove(0);
                scene.acknowledged(&chat, &text, &answer);
            } else {
                assert!(answer.get("started").is_some(), "{answer}");
            }
        }
        scene.check();
    }
    scene.come_to_rest().await;
    // What waits for a word of the user gets it.
    for _ in 0..kills {
        let mut waits = false;
        for intent in scene.intents.clone() {
            let id = MessageId(intent.message);
            let progress = scene.desk.progress(id).await;
            let decision = match (progress.state, progress.reason) {
                (SendState::NeedsReview, _) => SendDecision::ItArrived,
                (SendState::Queued, Some(SendReason::Stale { .. })) => SendDecision::SendNow,
                (SendState::Queued, _) => {
                    waits = true;
                    continue;
                }
                _ => continue,
            };
            waits = true;
            scene.desk.decide(id, decision).await;
        }
        if !waits {
            break;
        }
        scene.desk.advance(100).await;
    }
    for intent in &scene.intents {
        let state = scene.desk.state(MessageId(intent.message)).await;
        assert!(matches!(state, SendState::Accepted | SendState::Settled), "{state:?}: {intent:?}");
    }
    scene.check();
}

#[tokio::test]
async fn killed_in_the_middle_of_the_first_back_fill_it_is_complete_in_the_end() {
    let kind = backscroll_simulator::Synthetic {
        conversations: 60,
        messages_per_conversation: 20,
        platforms: vec![Sim::Facebook, Sim::Instagram, Sim::Twitter],
    };
    let mut world = World::new(backscroll_simulator::WorldKind::Synthetic(kind)).await;
    world.close().await;
    let mut rng = StdRng::seed_from_u64(5);
    let mut worker = Worker::start(&world).await;
    let secrets = world.sim.secrets_json(ProfileId::PRIMARY);
    let connect = json!({ "do": "connect", "api_base": world.sim.base_url(), "secrets": secrets });
    assert_eq!(worker.does(connect).await, json!(3));
    for _ in 0..4 {
        worker.ask(&json!({ "do": "sync" }));
        tokio::time::sleep(Duration::from_millis(rng.random_range(5..150))).await;
        worker.kill();
        invariants::sound(&invariants::snapshot(world.data()));
        worker = Worker::start(&world).await;
    }
    worker.kill();
    world.sim.drop_cache();
    world.open().await;
    world.sync().await;
    for platform in [Sim::Facebook, Sim::Instagram, Sim::Twitter] {
        world.assert_history_is_the_ledger(platform).await;
    }
    invariants::whole(world.data(), &world.sim, &[]);
}

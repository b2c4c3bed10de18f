//! The one state behind the server and the control API, and the queue of what happens later.
//!
//! Everything that happens takes its instant as an argument and runs under one lock, so the world is never seen half
//! changed. Later acts wait in a queue ordered by (instant, order of planning); with a manual clock they run inside
//! [`crate::Simulator::advance`], with a real one when their time comes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::graph::hooks::GraphAct;
use crate::graph::state::GraphState;
use crate::knobs::Knobs;
use crate::limits::{Cache, Rates};
use crate::media::Media;
use crate::net::Net;
use crate::platform::Platform;
use crate::record::{Recent, RequestRecord};
use crate::script::Beat;
use crate::webhooks::{Delivery, Hooks};
use crate::world::{ProfileId, World};

/// A handle on one conversation of the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chat {
    /// Whose account.
    pub profile: ProfileId,
    /// Where.
    pub platform: Platform,
    /// The conversation's id.
    pub conversation: String,
    /// The person's id on the platform.
    pub person: String,
}

/// Why a control call was refused.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address could not be bound, or the network could not be switched.
    #[error("network: {0}")]
    Io(#[from] std::io::Error),
    /// No such profile, or it was deleted.
    #[error("no such profile")]
    NoProfile,
    /// No such conversation on that account.
    #[error("no such conversation")]
    NoChat,
    /// No such token in the table of Graph.
    #[error("no such token")]
    NoToken,
    /// No such message in that conversation.
    #[error("no such message")]
    NoMessage,
}

/// The auto-response settings of a profile (reference 5).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AutoResponse {
    pub active: bool,
    pub wait_s: i64,
    pub text: Option<String>,
}

impl AutoResponse {
    /// A stand-in of our own for Ayrshare's built-in sentence.
    pub(crate) const BUILT_IN: &str = "Thank you for your message. A member of our team will answer you soon.";

    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or(Self::BUILT_IN)
    }
}

impl Default for AutoResponse {
    fn default() -> Self {
        Self { active: false, wait_s: 86_400, text: None }
    }
}

/// Something that happens later.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A webhook leaves.
    Deliver(Box<Delivery>),
    /// The person reads everything sent so far.
    Read(Chat),
    /// The person writes.
    Write(Chat, String),
    /// The person reacts to a message.
    React(Chat, String, &'static str),
    /// Somebody of the world writes, and the next one is planned.
    Life(u64),
    /// A step of the demo's script.
    Beat(Beat),
    /// Something of the Graph view.
    Graph(GraphAct),
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    planned: u64,
    acts: BTreeMap<(i64, u64), Act>,
}

impl Queue {
    pub(crate) fn plan(&mut self, at: i64, act: Act) {
        self.acts.insert((at, self.planned), act);
        self.planned += 1;
    }

    fn next_at(&self) -> Option<i64> {
        self.acts.first_key_value().map(|((at, _), _)| *at)
    }

    fn pop_until(&mut self, until: i64) -> Option<(i64, Act)> {
        let entry = self.acts.first_entry().filter(|e| e.key().0 <= until)?;
        let ((at, _), act) = entry.remove_entry();
        Some((at, act))
    }
}

#[derive(Debug)]
pub(crate) struct State {
    pub world: World,
    pub knobs: Knobs,
    pub cache: Cache,
    pub rates: Rates,
    pub faults: Faults,
    pub requests: Recent<RequestRecord>,
    /// The number of the last request.
    pub numbered: u64,
    /// Calls per profile and platform since the start.
    pub calls: BTreeMap<(ProfileId, Option<Platform>), u64>,
    pub media: Media,
    pub auto: BTreeMap<ProfileId, AutoResponse>,
    pub hooks: Hooks,
    pub queue: Queue,
    /// Cursors of an older epoch are refused.
    pub cursor_epoch: u64,
    pub people_answer: bool,
    /// How wrong the server's clock is, in what it tells.
    pub skew_ms: i64,
    /// Pictures already drawn.
    pub drawn: BTreeMap<String, Bytes>,
    /// What the Graph view knows beside the world.
    pub graph: GraphState,
}

/// What server, control API and background task share.
#[derive(Debug)]
pub(crate) struct Core {
    pub clock: Clock,
    pub net: Arc<Net>,
    /// `http://127.0.0.1:PORT/api`.
    pub base: String,
    pub stop: CancellationToken,
    state: Mutex<State>,
    wake: Notify,
    /// Held while due acts run, so that a caller who waited for it has seen them all.
    turn: tokio::sync::Mutex<()>,
}

impl Core {
    pub(crate) fn new(clock: Clock, net: Arc<Net>, state: State) -> Arc<Self> {
        let base = format!("http://{}/api", net.addr);
        Arc::new(Self {
            clock,
            net,
            base,
            stop: CancellationToken::new(),
            state: Mutex::new(state),
            wake: Notify::new(),
            turn: tokio::sync::Mutex::new(()),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a change at the present instant and wakes the background task for what it planned.
    pub(crate) fn act<T>(&self, change: impl FnOnce(&mut State, i64) -> T) -> T {
        let out = change(&mut self.lock(), self.clock.now_ms());
        self.wake.notify_one();
        out
    }

    /// Moves time forward, doing on the way what is due, each at its own instant.
    pub(crate) async fn advance(&self, by: Duration) {
        let target = self.clock.now_ms() + i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        let _turn = self.turn.lock().await;
        self.run_until(target).await;
        self.clock.move_to(target);
    }

    async fn run_until(&self, until: i64) {
        loop {
            let Some((at, act)) = self.lock().queue.pop_until(until) else { return };
            if self.clock.is_manual() {
                self.clock.move_to(at);
            }
            match act {
                Act::Deliver(delivery) => self.deliver(at, *delivery).await,
                Act::Beat(beat) => self.beat(&beat, at),
                Act::Graph(act) => self.graph_act(at, act).await,
                act @ (Act::Read(_) | Act::Write(..) | Act::React(..) | Act::Life(_)) => self.lock().perform(at, act),
            }
        }
    }

    /// Does what is due until the simulator stops.
    pub(crate) async fn live(self: Arc<Self>) {
        loop {
            {
                let _turn = self.turn.lock().await;
                self.run_until(self.clock.now_ms()).await;
            }
            let next = self.lock().queue.next_at();
            let next = next.filter(|_| !self.clock.is_manual());
            let due = async {
                match next {
                    Some(at) => {
                        let wait = (at - self.clock.now_ms()).max(0).unsigned_abs();
                        tokio::time::sleep(Duration::from_millis(wait)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = due => {}
            }
        }
    }
}

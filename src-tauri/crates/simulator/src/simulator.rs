//! The control API: start a world, act in it ([`people`], [`accounts`]), break it ([`weather`]), and ask what truly
//! happened.

mod accounts;
mod people;
mod weather;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::graph::control::Graph;
use crate::graph::state::GraphState;
use crate::ids;
use crate::knobs::Knobs;
use crate::limits::{Cache, Rates};
use crate::media::Media;
use crate::net::Net;
use crate::platform::Platform;
use crate::record::{LedgerEntry, Recent, RequestRecord};
use crate::script::Scene;
use crate::server;
use crate::state::{Act, Core, Queue, SimError, State};
use crate::webhooks::signing::WebhookKnobs;
use crate::webhooks::{Hooks, WebhookAttempt};
use crate::world::{Origin, ProfileId, World, WorldKind};

/// How a simulator starts.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The same seed gives the same world.
    pub seed: u64,
    /// Which world.
    pub world: WorldKind,
    /// Whose time. Messages are dated back from its start.
    pub clock: Clock,
    /// What the server does where Ayrshare's behaviour is unknown.
    pub knobs: Knobs,
    /// People read and answer what the business sends, a few seconds later.
    pub people_answer: bool,
    /// Now and then somebody writes unasked.
    pub life: bool,
}

impl SimOptions {
    /// On a free loopback port, with seed 7; people answer in the written worlds and are silent in generated ones.
    #[must_use]
    pub fn new(world: WorldKind, clock: Clock) -> Self {
        let people_answer = matches!(world, WorldKind::Demo | WorldKind::Small);
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 7,
            world,
            clock,
            knobs: Knobs::default(),
            people_answer,
            life: false,
        }
    }

    /// The world that a new user sees: alive, on the machine's time.
    #[must_use]
    pub fn demo() -> Self {
        Self { life: true, ..Self::new(WorldKind::Demo, Clock::real()) }
    }
}

/// A profile of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileInfo {
    /// Its handle.
    pub id: ProfileId,
    /// `Primary Profile`, or the title it was created with.
    pub title: String,
    /// What its accounts are called.
    pub business: String,
    /// The reference id of `/user` and of webhooks.
    pub ref_id: String,
    /// The Profile Key; the Primary Profile has none.
    pub key: Option<String>,
}

/// A running simulator. Dropping it ends it; [`Simulator::shutdown`] also waits for the end.
#[derive(Debug)]
pub struct Simulator {
    core: Arc<Core>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Simulator {
    /// Builds the world and starts to listen. Needs a running tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(options: SimOptions) -> Result<Self, SimError> {
        let net = Net::bind(options.listen)?;
        let now = options.clock.now_ms();
        let mut queue = Queue::default();
        if options.life {
            queue.plan(now + 60_000, Act::Life(0));
        }
        let world = World::build(&options.world, options.seed, now);
        let state = State {
            graph: GraphState::new(&world),
            world,
            knobs: options.knobs,
            cache: Cache::default(),
            rates: Rates::default(),
            faults: Faults::default(),
            requests: Recent::default(),
            calls: BTreeMap::new(),
            numbered: 0,
            media: Media::new(format!("http://{}/api", net.addr), options.seed),
            auto: BTreeMap::new(),
            hooks: Hooks::default(),
            queue,
            cursor_epoch: 0,
            people_answer: options.people_answer,
            skew_ms: 0,
            drawn: BTreeMap::new(),
        };
        let core = Core::new(options.clock, net, state);
        let tasks = vec![tokio::spawn(server::serve(Arc::clone(&core))), tokio::spawn(Arc::clone(&core).live())];
        Ok(Self { core, tasks: Mutex::new(tasks) })
    }

    /// Ends it: connections are reset, the port is free.
    pub async fn shutdown(&self) {
        self.core.stop.cancel();
        self.core.net.close();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // A panic of a task has been reported already; there is nothing left to do with it here.
            drop(task.await);
        }
    }

    /// `http://127.0.0.1:PORT/api`, to be used as the client's base URL.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.core.base
    }

    /// The Graph view of it.
    #[must_use]
    pub fn graph(&self) -> Graph<'_> {
        Graph::new(&self.core)
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.core.net.addr
    }

    /// The key of the Ayrshare account.
    #[must_use]
    pub fn api_key(&self) -> String {
        self.core.lock().world.api_key()
    }

    /// Key and secret of the customer's own X app.
    #[must_use]
    pub fn x_keys(&self) -> (String, String) {
        self.core.lock().world.x_keys()
    }

    /// All profiles that exist, the primary one first.
    #[must_use]
    pub fn profiles(&self) -> Vec<ProfileInfo> {
        let state = self.core.lock();
        let all = state.world.profiles.iter().enumerate().filter(|(_, p)| !p.deleted);
        all.map(|(index, p)| ProfileInfo {
            id: ProfileId(index),
            title: p.title.clone(),
            business: p.accounts.values().next().map_or_else(|| p.title.clone(), |a| a.name.clone()),
            ref_id: p.ref_id.clone(),
            key: p.key.clone(),
        })
        .collect()
    }

    /// The profile of this title or business.
    ///
    /// # Errors
    /// When there is none.
    pub fn profile(&self, name: &str) -> Result<ProfileId, SimError> {
        let found = self.profiles().into_iter().find(|p| p.title == name || p.business == name);
        found.map(|p| p.id).ok_or(SimError::NoProfile)
    }

    /// A profile's secrets as `account add` reads them: `{"api_key", "profile_key"?, "x_api_key", "x_api_secret"}`.
    #[must_use]
    pub fn secrets_json(&self, profile: ProfileId) -> Value {
        let (x_key, x_secret) = self.x_keys();
        let mut out = json!({ "api_key": self.api_key(), "x_api_key": x_key, "x_api_secret": x_secret });
        let key = self.core.lock().world.profiles.get(profile.0).and_then(|p| p.key.clone());
        if let (Some(key), Some(fields)) = (key, out.as_object_mut()) {
            fields.insert("profile_key".to_owned(), json!(key));
        }
        out
    }

    /// What `backscroll demo` prints: `{"ayrshare": {"api_base", "secrets", "profiles": [{"title", "secrets"}]}, "meta":
    /// {"api_base", "secrets", …}}`. `secrets` is the first business's, `profiles` and `pages` have all of them.
    #[must_use]
    pub fn announcement(&self) -> Value {
        let profiles: Vec<Value> = self
            .profiles()
            .into_iter()
            .map(|p| json!({ "title": p.business, "secrets": self.secrets_json(p.id) }))
            .collect();
        json!({ "ayrshare": {
            "api_base": self.base_url(), "secrets": self.secrets_json(ProfileId::PRIMARY), "profiles": profiles,
        }, "meta": self.graph().announcement() })
    }

    /// The simulator's time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.core.clock
    }

    /// Moves time forward and does what falls due on the way, webhooks and their retries included, each at its instant.
    pub async fn advance(&self, by: Duration) {
        self.core.advance(by).await;
    }

    /// Waits until everything that is due now has been done: webhooks of the last act, for instance.
    pub async fn settle(&self) {
        self.core.advance(Duration::ZERO).await;
    }

    /// Plans the demo's first ninety seconds, from now on, and tells them.
    pub fn demo_script(&self) -> Vec<Scene> {
        self.core.act(State::demo_script)
    }

    /// Changes what the server does where Ayrshare's behaviour is unknown.
    pub fn set_knobs(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.core.lock().knobs);
    }

    /// Every request so far (of very many the newest 50,000), oldest first, without secrets.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.core.lock().requests.iter().cloned().collect()
    }

    /// Forgets the requests and counts so far; numbers go on.
    pub fn clear_requests(&self) {
        let mut state = self.core.lock();
        state.requests.clear();
        state.calls.clear();
    }

    /// How many API calls each profile made per platform; `None` as the platform: calls that concern none.
    #[must_use]
    pub fn call_counts(&self) -> BTreeMap<(ProfileId, Option<Platform>), u64> {
        self.core.lock().calls.clone()
    }

    /// Every message there truly is, oldest first.
    #[must_use]
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.core.ledger(false)
    }

    /// What API clients sent since the start, through either face: the messages whose origin is a request, those in
    /// conversations that only Graph shows included.
    #[must_use]
    pub fn delivered(&self) -> Vec<LedgerEntry> {
        self.core.ledger(true).into_iter().filter(|e| matches!(e.origin, Origin::Request(_))).collect()
    }

    /// Every attempt to deliver a webhook, oldest first.
    #[must_use]
    pub fn webhook_log(&self) -> Vec<WebhookAttempt> {
        self.core.lock().hooks.log.iter().cloned().collect()
    }

    /// Changes how Ayrshare's webhooks are signed and let go.
    pub fn set_webhook_knobs(&self, change: impl FnOnce(&mut WebhookKnobs)) {
        change(&mut self.core.lock().hooks.knobs);
    }

    /// Every webhook held back leaves, oldest first or newest first.
    pub fn release_webhooks(&self, newest_first: bool) {
        self.core.act(|state, now| state.release_webhooks(now, newest_first));
    }

    /// Sends the webhook of a logged attempt once more: the same notification (`hookId` kept), or a new one about the same.
    pub fn redeliver(&self, attempt: &WebhookAttempt, new_hook_id: bool) {
        self.core.act(|state, now| state.redeliver(now, attempt, new_hook_id));
    }

    /// A number that is the same for two worlds exactly if everything in them is.
    #[must_use]
    pub fn world_digest(&self) -> String {
        ids::digest(&format!("{:?}", self.core.lock().world))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.core.stop.cancel();
        self.core.net.close();
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

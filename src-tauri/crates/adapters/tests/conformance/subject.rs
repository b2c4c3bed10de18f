//! One adapter with its simulator.

use std::time::Duration;

use backscroll_adapters::ayrshare::{Ayrshare, AyrshareConfig, XKeys};
use backscroll_adapters::meta::{Meta, MetaConfig};
use backscroll_adapters::{Adapter, AdapterError, Limits, Read, ReadDone, Secret};
use backscroll_model::{Page, Provider};
use backscroll_simulator::{
    Chat, Clock, Fault, LedgerEntry, Platform, ProfileId, SimOptions, Simulator, Synthetic, WorldKind,
};

/// The simulator's clock at its start. Not a whole second: the platforms cut it off.
const START: i64 = 1_795_190_400_317;
pub const P: ProfileId = ProfileId::PRIMARY;

pub struct Subject {
    pub sim: Simulator,
    pub adapter: Both,
    provider: Provider,
}

/// The adapter with its type, for what only one of them has.
#[derive(Debug)]
pub enum Both {
    Ayrshare(Ayrshare),
    Meta(Meta),
}

impl std::ops::Deref for Both {
    type Target = dyn Adapter;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Ayrshare(adapter) => adapter,
            Self::Meta(adapter) => adapter,
        }
    }
}

/// The platform as the adapters spell it.
pub fn ours(platform: Platform) -> backscroll_model::Platform {
    match platform {
        Platform::Facebook => backscroll_model::Platform::Messenger,
        Platform::Instagram => backscroll_model::Platform::Instagram,
        Platform::Twitter => backscroll_model::Platform::X,
    }
}

impl Subject {
    /// Four conversations with three messages on each of the two platforms.
    pub async fn start(provider: Provider) -> Self {
        let size = Synthetic {
            conversations: 8,
            messages_per_conversation: 3,
            platforms: vec![Platform::Facebook, Platform::Instagram],
        };
        Self::start_in(WorldKind::Synthetic(size), provider, Limits::default()).await
    }

    /// In a world of one's choice, with deadlines of one's choice.
    pub async fn start_in(world: WorldKind, provider: Provider, limits: Limits) -> Self {
        let sim = Simulator::start(SimOptions::new(world, Clock::manual(START))).await.unwrap();
        // The engine paces; here each test reads as often as it likes.
        sim.graph().set_knobs(|knobs| knobs.reads_per_second = None);
        let adapter = match provider {
            Provider::Ayrshare => {
                let mut config = AyrshareConfig::new(Secret::new(sim.api_key()));
                config.api_base = sim.base_url().to_owned();
                let (key, secret) = sim.x_keys();
                config.x_keys = XKeys::from_parts(Some(Secret::new(key)), Some(Secret::new(secret)));
                config.limits = limits;
                Both::Ayrshare(Ayrshare::new(config).unwrap())
            }
            Provider::Meta => {
                let mut config = meta_config(&sim);
                config.limits = limits;
                Both::Meta(Meta::new(config).unwrap())
            }
        };
        Self { sim, adapter, provider }
    }

    /// The newest messages of all conversations, or what comes after `next` of them.
    pub fn newest(&self, platform: Platform, next: Option<String>) -> Read {
        let platform = ours(platform);
        match self.provider {
            Provider::Ayrshare => {
                Read::Messages { platform, archived: false, conversation: None, limit: None, next: None }
            }
            Provider::Meta => Read::Recent { platform, limit: 3, next },
        }
    }

    pub async fn read(&self, read: &Read) -> (Result<ReadDone, AdapterError>, Vec<Page>) {
        let (out, mut pages) = tokio::sync::mpsc::channel(1_000);
        let done = self.adapter.read(read, out).await;
        let mut all = Vec::new();
        while let Ok(page) = pages.try_recv() {
            all.push(page);
        }
        (done, all)
    }

    /// Everything that the newest pages show, walked to the end.
    pub async fn read_all(&self, platform: Platform) -> Vec<Page> {
        let mut all = Vec::new();
        let mut next = None;
        for _ in 0..20 {
            let (done, pages) = self.read(&self.newest(platform, next)).await;
            all.extend(pages);
            next = done.unwrap().next;
            if next.is_none() {
                return all;
            }
        }
        panic!("{:?} {platform:?}: a list without end", self.provider);
    }

    pub fn chats(&self, platform: Platform) -> Vec<Chat> {
        self.sim.chats(P, platform)
    }

    /// Every message that there truly is.
    pub fn truth(&self, platform: Platform) -> Vec<LedgerEntry> {
        match self.provider {
            Provider::Ayrshare => self.sim.ledger().into_iter().filter(|entry| entry.platform == platform).collect(),
            Provider::Meta => {
                self.chats(platform).iter().flat_map(|chat| self.sim.graph().truth(chat).unwrap()).collect()
            }
        }
    }

    /// The next read meets this.
    pub fn fail(&self, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.sim.on("GET", "/messages").fail(fault),
            Provider::Meta => self.sim.graph().on("GET", "/conversations").fail(fault),
        }
    }

    /// The next upload meets this.
    pub fn fail_upload(&self, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.sim.on("POST", "/media/upload").fail(fault),
            Provider::Meta => self.sim.graph().on("POST", "/message_attachments").fail(fault),
        }
    }

    /// The next send meets this.
    pub fn fail_send(&self, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.sim.on("POST", "/messages").fail(fault),
            Provider::Meta => self.sim.graph().on("POST", "/messages").fail(fault),
        }
    }

    pub async fn pass(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds)).await;
    }

    pub fn now(&self) -> i64 {
        self.sim.clock().now_ms()
    }

    pub fn secrets(&self) -> Vec<String> {
        let (x_key, x_secret) = self.sim.x_keys();
        let token = self.sim.graph().page_token(P);
        let proof = self.sim.graph().proof(&token);
        vec![self.sim.api_key(), x_key, x_secret, token, self.sim.graph().app().1, proof]
    }
}

/// The connection of the primary Page.
pub fn meta_config(sim: &Simulator) -> MetaConfig {
    let graph = sim.graph();
    let mut config = MetaConfig::new(Secret::new(graph.page_token(P)));
    config.api_base = graph.api_base();
    config.app_secret = Some(Secret::new(graph.app().1));
    config.page = Some(graph.page_id(P).unwrap().as_str().into());
    config.instagram = Some(graph.instagram_id(P).unwrap().as_str().into());
    config
}

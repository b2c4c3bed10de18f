//! Rounds of the whole engine against the simulator on loopback: what a first back-fill takes beside `apply` fed from
//! memory, how many calls a round makes (P8), and that a poll with nothing new writes nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use backscroll_adapters::{
    Adapter as _, Read, Secret,
    ayrshare::{Ayrshare, AyrshareConfig},
};
use backscroll_engine::{AyrshareSecrets, Clock, Inbox, InboxOptions, SecretsMode};
use backscroll_model::{Page, Timestamp, UserError, XHistory};
use backscroll_simulator::{Platform, ProfileId, SimOptions, Simulator, Synthetic, WorldKind};
use backscroll_store::Arrival;
use rusqlite::Connection;
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    corpus::NEWEST_MS,
    measure::{Clock as Stopwatch, median},
    report::{Plot, Report, Series},
    subject::Subject,
};

/// Conversations of the first back-fill, 20 messages each.
const CONVERSATIONS: usize = 500;
const EACH: usize = 20;
const ROUNDS: usize = 3;
/// Conversations in which something is new.
const CHANGED: [usize; 4] = [0, 1, 10, 100];

/// Measures all of it.
pub fn measure(report: &mut Report, dir: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    backfill(report, &runtime, dir)?;
    calls(report, &runtime, dir)
}

/// The engine lives on the simulator's time.
struct SimulatedTime(backscroll_simulator::Clock);

#[async_trait]
impl Clock for SimulatedTime {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.now_ms())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

struct World {
    simulator: Simulator,
    inbox: Inbox,
    data: PathBuf,
}

impl World {
    async fn start(data: &Path, size: Synthetic) -> Result<Self> {
        if data.exists() {
            std::fs::remove_dir_all(data)?;
        }
        let clock = backscroll_simulator::Clock::manual(NEWEST_MS);
        let simulator = Simulator::start(SimOptions::new(WorldKind::Synthetic(size), clock.clone())).await?;
        let options = InboxOptions {
            data_dir: data.to_owned(),
            secrets: SecretsMode::File,
            clock: Arc::new(SimulatedTime(clock)),
            seed: 1,
            decoder: (std::env::current_exe()?, vec!["decode-image".to_owned()]),
            read_only: false,
            demo: false,
        };
        let inbox = Inbox::open(options).await.map_err(said)?;
        let (x_key, x_secret) = simulator.x_keys();
        let secrets = AyrshareSecrets {
            api_key: Secret::new(simulator.api_key()),
            profile_key: None,
            x_api_key: Some(Secret::new(x_key)),
            x_api_secret: Some(Secret::new(x_secret)),
            x_history: Some(XHistory::All),
            x_monthly_limit_cents: 0,
        };
        inbox.connect_ayrshare(Some(simulator.base_url().to_owned()), secrets, None).await.map_err(said)?;
        Ok(Self { simulator, inbox, data: data.to_owned() })
    }

    async fn end(self) {
        self.inbox.stop().await;
        self.simulator.shutdown().await;
    }
}

fn said(error: UserError) -> anyhow::Error {
    anyhow!("{:?}: {}", error.code, error.detail)
}

fn backfill(report: &mut Report, runtime: &Runtime, dir: &Path) -> Result<()> {
    let messages = (CONVERSATIONS * EACH) as f64;
    let (mut from_network, mut from_memory) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let size = || Synthetic {
            conversations: CONVERSATIONS,
            messages_per_conversation: EACH,
            platforms: vec![Platform::Facebook],
        };
        let world = runtime.block_on(World::start(&dir.join("round-data"), size()))?;
        let pages = runtime.block_on(pages_of(&world.simulator))?;
        world.simulator.drop_cache();
        let (synced, network) = Stopwatch::Wall.time(|| runtime.block_on(world.inbox.sync_once(None)).map_err(said))?;
        let new: u32 = synced.iter().map(|s| s.new_messages).sum();
        anyhow::ensure!(f64::from(new) == messages, "the back-fill brought {new} messages");
        runtime.block_on(world.end());

        let subject = Subject::create(&dir.join("round-data"))?;
        let (_, memory) =
            Stopwatch::Wall.time(|| subject.apply(backscroll_model::Platform::Messenger, pages, Arrival::Backfill))?;
        if round > 0 {
            from_network.push(network.as_secs_f64());
            from_memory.push(memory.as_secs_f64());
        }
    }
    let (network, memory) = (median(from_network), median(from_memory));
    // At least half the rate is at most twice the time.
    report.compared("backfill.time", "s wall", network, memory, Some(2.0));
    report.shown("backfill.rate", "messages/s", messages / network);
    report.shown("backfill.rate-from-memory", "messages/s", messages / memory);
    Ok(())
}

/// What the adapter makes of the same answer, held in memory.
async fn pages_of(simulator: &Simulator) -> Result<Vec<Page>> {
    let mut config = AyrshareConfig::new(Secret::new(simulator.api_key()));
    config.api_base = simulator.base_url().to_owned();
    let adapter = Ayrshare::new(config)?;
    let (out, mut pages) = mpsc::channel(1_000);
    let read = Read::Messages {
        platform: backscroll_model::Platform::Messenger,
        archived: false,
        conversation: None,
        limit: None,
        next: None,
    };
    adapter.read(&read, out).await.map_err(|error| anyhow!("{error}"))?;
    let mut all = Vec::new();
    while let Some(page) = pages.recv().await {
        all.push(page);
    }
    Ok(all)
}

fn calls(report: &mut Report, runtime: &Runtime, dir: &Path) -> Result<()> {
    let size = Synthetic {
        conversations: 360,
        messages_per_conversation: 5,
        platforms: vec![Platform::Facebook, Platform::Instagram, Platform::Twitter],
    };
    runtime.block_on(async {
        let world = World::start(&dir.join("round-data"), size).await?;
        // The second round settles what the first one left (archived lists, marks); the third is like any other.
        for _ in 0..2 {
            world.inbox.sync_once(None).await.map_err(said)?;
            world.simulator.advance(Duration::from_secs(600)).await;
        }
        let mut curves: BTreeMap<Platform, Vec<(f64, f64)>> = BTreeMap::new();
        for changed in CHANGED {
            for platform in [Platform::Facebook, Platform::Instagram, Platform::Twitter] {
                for chat in world.simulator.chats(ProfileId::PRIMARY, platform).iter().take(changed) {
                    world.simulator.inbound(chat, "Is it ready?")?;
                }
            }
            world.simulator.advance(Duration::from_secs(200)).await;
            empty_log(&world.data)?;
            world.simulator.clear_requests();
            world.inbox.sync_once(None).await.map_err(said)?;
            let mut seen: BTreeMap<Platform, f64> = BTreeMap::new();
            for request in world.simulator.requests() {
                *seen.entry(request.platform.context("a call for no platform")?).or_default() += 1.0;
            }
            for platform in [Platform::Facebook, Platform::Instagram, Platform::Twitter] {
                let calls = seen.get(&platform).copied().unwrap_or_default();
                curves.entry(platform).or_default().push((changed as f64, calls));
                let name = format!("P8.{platform:?}.{changed:03}-changed").to_lowercase().replacen('p', "P", 1);
                // Of X only what is new is read, because reading costs the user money: a probe, then page by page.
                if platform == Platform::Twitter {
                    report.shown(&name, "calls", calls);
                } else {
                    report.limited(&name, "calls", calls, 2.0);
                }
            }
            if changed == 0 {
                let log = std::fs::metadata(log_of(&world.data)).map(|m| m.len()).unwrap_or_default();
                report.limited("poll.nothing-new.log", "bytes", log as f64, 0.0);
            }
        }
        let name = |platform: &Platform| format!("{platform:?}");
        report.plot(
            "P8",
            Plot {
                title: "Calls of a round per account, by conversations changed".to_owned(),
                x: "conversations changed".to_owned(),
                y: "calls".to_owned(),
                log_x: false,
                log_y: false,
                series: curves.iter().map(|(platform, points)| Series::line(&name(platform), points.clone())).collect(),
            },
        );
        world.end().await;
        Ok(())
    })
}

fn log_of(data: &Path) -> PathBuf {
    data.join(format!("{}-wal", backscroll_store::DATABASE_FILE))
}

fn empty_log(data: &Path) -> Result<()> {
    let outside = Connection::open(data.join(backscroll_store::DATABASE_FILE))?;
    outside.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

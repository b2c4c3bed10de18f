//! A simulator, and an inbox that is connected to its Page; time moves only while the engine is at rest.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use anyhow::{Result, anyhow};
use backscroll_adapters::Secret;
use backscroll_engine::{Inbox, InboxOptions, MetaSecrets, SecretsMode};
use backscroll_model::{Timestamp, UserError};
use backscroll_simulator::{ProfileId, SimOptions, Simulator, WorldKind};
use backscroll_store::{Access, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use super::clock::DrivenTime;
use crate::corpus::NEWEST_MS;

/// Both sides of a Page.
pub struct World {
    pub simulator: Simulator,
    pub inbox: Inbox,
    clock: DrivenTime,
    /// A folder of its own: the history of the world before may still be closing.
    data: TempDir,
}

impl World {
    /// Connected to nothing yet; its data lies in a new folder in `dir`.
    pub async fn empty_handed(dir: &Path, kind: WorldKind) -> Result<Self> {
        let data = tempfile::tempdir_in(dir)?;
        let time = backscroll_simulator::Clock::manual(NEWEST_MS);
        let mut options = SimOptions::new(kind, time.clone());
        options.people_answer = false;
        let simulator = Simulator::start(options).await?;
        let clock = DrivenTime::new(time);
        let options = InboxOptions {
            data_dir: data.path().to_owned(),
            secrets: SecretsMode::File,
            clock: Arc::new(clock.clone()),
            seed: 1,
            decoder: (std::env::current_exe()?, vec!["decode-image".to_owned()]),
            read_only: false,
            demo: false,
        };
        let inbox = Inbox::open(options).await.map_err(said)?;
        Ok(Self { simulator, inbox, clock, data })
    }

    /// Connected to the first Page.
    pub async fn start(dir: &Path, kind: WorldKind) -> Result<Self> {
        let world = Self::empty_handed(dir, kind).await?;
        let graph = world.simulator.graph();
        let (_, app_secret) = graph.app();
        let secrets = MetaSecrets {
            token: Secret::new(graph.page_token(ProfileId::PRIMARY)),
            app_secret: Some(Secret::new(app_secret)),
            page: None,
        };
        world.inbox.connect_meta(Some(graph.api_base()), secrets, None).await.map_err(said)?;
        Ok(world)
    }

    /// Reads everything once, to its end.
    pub async fn sync(&self) -> Result<()> {
        let reports = self.drive(self.inbox.sync_once(None)).await?.map_err(said)?;
        for report in &reports {
            anyhow::ensure!(report.health == backscroll_model::Health::Ok, "a round ended with {:?}", report.health);
        }
        Ok(())
    }

    /// Lets time pass as `work` asks for it.
    async fn drive<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = self.settle() => {}
            }
            match self.clock.next_wake() {
                Some(at) => self.move_to(at).await,
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// Waits until the engine has nothing to do before the clock moves.
    pub async fn settle(&self) {
        loop {
            self.inbox.quiet().await;
            if self.clock.all_awake() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// When the engine wants to be woken.
    pub fn next_wake(&self) -> Option<i64> {
        self.clock.next_wake()
    }

    /// UTC milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.simulator.clock().now_ms()
    }

    /// Moves time, to `at` or not at all, and wakes whoever is due.
    pub async fn move_to(&self, at: i64) {
        let by = (at - self.now_ms()).max(0).unsigned_abs();
        self.simulator.advance(Duration::from_millis(by)).await;
        self.clock.wake_due();
    }

    /// Looks at the history.
    pub async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> backscroll_store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = Store::open(self.data.path(), Access::Read, Timestamp(self.now_ms()))?;
        Ok(store.read(work).await?)
    }

    /// Empties the write-ahead log.
    pub fn empty_log(&self) -> Result<()> {
        let outside = Connection::open(self.file(""))?;
        outside.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Bytes in the write-ahead log.
    pub fn log_bytes(&self) -> u64 {
        std::fs::metadata(self.file("-wal")).map(|found| found.len()).unwrap_or_default()
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.data.path().join(format!("{}{suffix}", backscroll_store::DATABASE_FILE))
    }

    pub async fn end(self) {
        self.inbox.stop().await;
        self.simulator.shutdown().await;
    }
}

/// What the user would have been told.
pub fn said(error: UserError) -> anyhow::Error {
    anyhow!("{:?}: {}", error.code, error.detail)
}

//! One call to the provider, and what it brought put into the history.
//!
//! Promises: no call that the rate bucket forbids; each page is committed before its changes are published, and
//! announced after that; a slow disk slows down the network and fills no memory; nothing new writes nothing.

use std::sync::Arc;

use backscroll_adapters::{AdapterError, Read, ReadDone};
use backscroll_model::{Backfill, Change, Page};
use backscroll_store::{self as db, Applied, ApplyContext};
use tokio::sync::mpsc;

use super::{Round, Stop};
use crate::{errors::store_error, inner::Result, notify, rate::Urgency};

/// Pages that may wait while one is being written: a slow disk slows down the network, not memory.
const PAGES_AHEAD: usize = 4;

impl Round<'_> {
    /// One read, applied as it arrives.
    pub(super) async fn read(&mut self, read: &Read) -> std::result::Result<ReadDone, Stop> {
        let (pages, arrived) = mpsc::channel(PAGES_AHEAD);
        self.may_call()?;
        let link = Arc::clone(&self.link);
        let (done, applied) = tokio::join!(link.adapter.read(read, pages), self.apply_all(arrived));
        let heard = self.heard(done);
        // A store that refused is why the read broke off, so it speaks first.
        applied.map_err(Stop::Storage)?;
        heard
    }

    /// One read, held in memory until it is complete: only for what is small.
    pub(super) async fn read_whole(&mut self, read: &Read) -> std::result::Result<(ReadDone, Vec<Page>), Stop> {
        let (pages, mut arrived) = mpsc::channel(PAGES_AHEAD);
        self.may_call()?;
        let link = Arc::clone(&self.link);
        let (done, pages) = tokio::join!(link.adapter.read(read, pages), async {
            let mut held = Vec::new();
            while let Some(page) = arrived.recv().await {
                held.push(page);
            }
            held
        });
        Ok((self.heard(done)?, pages))
    }

    pub(super) fn may_call(&mut self) -> std::result::Result<(), Stop> {
        let now = self.inner.now();
        let at = self.link.allowed_at(self.account.platform, now, Urgency::Read);
        if at > now {
            return Err(Stop::Wait(at));
        }
        self.link.record(self.account.platform, now);
        Ok(())
    }

    pub(super) fn heard(
        &mut self,
        done: std::result::Result<ReadDone, AdapterError>,
    ) -> std::result::Result<ReadDone, Stop> {
        let now = self.inner.now();
        match done {
            Ok(done) => {
                self.tally.calls += done.calls;
                self.link.heard(self.account.platform, now, &done);
                if done.unfinished {
                    let at = self.link.allowed_at(self.account.platform, now, Urgency::Read);
                    return Err(Stop::Wait(at));
                }
                Ok(done)
            }
            Err(error) => {
                self.tally.calls += 1;
                self.link.heard_error(self.account.platform, now, &error);
                Err(Stop::Adapter(error))
            }
        }
    }

    async fn apply_all(&mut self, mut arrived: mpsc::Receiver<Page>) -> Result<()> {
        while let Some(page) = arrived.recv().await {
            self.apply(vec![page]).await?;
        }
        Ok(())
    }

    /// Writes pages, publishes what changed, announces what is new.
    pub(super) async fn apply(&mut self, pages: Vec<Page>) -> Result<Applied> {
        for skipped in pages.iter().flat_map(|p| &p.skipped) {
            tracing::warn!(what = skipped.what, why = skipped.why, "an item could not be read and is left out");
        }
        if self.account.backfill == Backfill::Pending
            && let Some(total) = pages.iter().filter_map(|page| page.listed).max()
        {
            let id = self.account.id;
            let write = self.inner.store.write_sync(move |tx| db::set_backfill_total(tx, id, Some(total)));
            write.await.map_err(|e| store_error(&e))?;
        }
        let now = self.inner.now();
        let context = ApplyContext {
            now: self.link.corrected(now),
            arrival: self.arrival,
            auto_response: self.link.auto_response_text(),
        };
        let bus = &self.inner.bus;
        let applied = self
            .inner
            .store
            .apply(self.account.id, pages, context, |batch| bus.publish(batch.changes.clone()))
            .await
            .map_err(|e| store_error(&e))?;
        self.tally.new_messages += applied.new;
        self.tally.changed_messages += applied.changed;
        self.tally.conversations += applied.conversations;
        self.tally.skipped += applied.skipped;
        self.tally.wrote |= !applied.changes.is_empty();
        // Without tasks nobody would take these wake-ups; a start wakes everybody.
        if self.inner.is_running() {
            if applied.new > 0 || applied.changed > 0 {
                self.live.sender.call();
            }
            self.inner.fetcher.call();
        }
        if self.account.backfill == Backfill::Done {
            notify::after_apply(self.inner, self.live, &applied.changes).await?;
        } else {
            self.progress().await?;
        }
        Ok(applied)
    }

    async fn progress(&self) -> Result<()> {
        let id = self.account.id;
        let progress = self.inner.read(move |c| db::backfill_progress(c, id)).await?;
        self.live.state().progress = Some(progress);
        self.inner.publish(vec![Change::Account { id }]);
        Ok(())
    }
}

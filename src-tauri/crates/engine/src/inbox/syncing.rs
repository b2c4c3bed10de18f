//! Reading on demand, and coming back after an absence.

use std::sync::Arc;

use backscroll_model::{AccountId, Backfill, ConnectionId, ErrorCode, Provider, SyncReport};
use futures_util::future::join_all;

use super::Inbox;
use crate::{errors::user_error, inner::Result, round, tend};

impl Inbox {
    /// Reads this account (or all) now, once, to its end. For the command line and *Sync now*.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Disconnected` (for the account that was named), and those of the history. A provider that fails is
    /// no error here: the report's health says so, and other accounts are read all the same.
    pub async fn sync_once(&self, account: Option<AccountId>) -> Result<Vec<SyncReport>> {
        self.0.may_write()?;
        let accounts = match account {
            Some(id) => {
                let account = self.0.account(id).await?;
                if account.connection.is_none() {
                    return Err(user_error(ErrorCode::Disconnected, "the account has no connection"));
                }
                vec![account]
            }
            None => self.0.accounts().await?.into_iter().filter(|a| a.connection.is_some()).collect(),
        };
        let rounds = accounts.iter().map(|account| {
            let live = self.0.live_of(account);
            live.state().hurry = true;
            self.let_try(account.connection);
            let inner = Arc::clone(&self.0);
            let is_graph = account.provider == Some(Provider::Meta);
            let first = account.backfill == Backfill::Pending || is_graph;
            let busy = inner.quiet.busy();
            async move {
                let _busy = busy;
                let report = round::round(&inner, &live).await?;
                if first && !inner.is_running() { round::further_back(&inner, &live, report).await } else { Ok(report) }
            }
        });
        let reports = join_all(rounds).await.into_iter().collect();
        if !self.0.is_running() {
            tend::merge_before_end(&self.0).await;
        }
        reports
    }

    /// Wakes the running tasks: read as soon as the provider's waits allow.
    pub fn sync_soon(&self) {
        if self.0.is_running() {
            for live in self.0.all_live() {
                let connection = live.state().connection;
                self.let_try(connection);
                live.hurry();
            }
        }
    }

    fn let_try(&self, connection: Option<ConnectionId>) {
        if let Some(link) = connection.and_then(|id| self.0.open_link(id)) {
            link.user_asks(self.0.now());
        }
    }

    /// The computer slept, or the network came back: catch up.
    pub fn woke_up(&self) {
        if self.0.is_running() {
            tend::catch_up(&self.0);
        }
    }
}

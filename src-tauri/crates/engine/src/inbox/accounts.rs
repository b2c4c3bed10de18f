//! Connections and accounts.
//!
//! Promises: a refusal saves nothing; secrets reach the keychain before any account uses them, and a keychain that
//! refuses leaves no row behind; the same account seen through another connection keeps its row, its history and its
//! drafts; a connection that nobody uses any more is forgotten together with its key.

use backscroll_model::{
    Account, AccountId, AccountPage, AddressLeft, Backfill, Business, Change, Connection, ErrorCode, Health, Platform,
    PlatformCheck, Provider, XHistory,
};
use backscroll_store as db;

use super::{Inbox, webhooks::Farewell};
use crate::{
    errors::{adapter_error, store_error, user_error},
    inner::Result,
    round::graph::left_out,
};

/// Names are cut here; no platform allows longer ones.
pub(super) const NAME_CHARS: usize = 120;

impl Inbox {
    /// All accounts, in the order of the rail.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        Ok(self.0.accounts().await?.into_iter().map(|account| self.0.complete(account)).collect())
    }

    /// All shops.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn businesses(&self) -> Result<Vec<Business>> {
        self.0.read(db::businesses).await
    }

    /// All connections.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        self.0.read(db::connections).await
    }

    /// What the account's page shows.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn account_page(&self, id: AccountId) -> Result<AccountPage> {
        let now = self.0.now();
        let mut page = self.0.read(move |c| db::account_page(c, id, now)).await?;
        page.calls = self.0.live(id).map_or(0, |live| live.state().calls);
        page.quota = page
            .account
            .connection
            .and_then(|c| self.0.open_link(c))
            .and_then(|link| link.quota(page.account.platform));
        page.account = self.0.complete(page.account);
        if page.account.provider == Some(Provider::Meta) {
            page.left_out = left_out(page.account.platform);
        }
        Ok(page)
    }

    /// Asks the provider how the account is.
    ///
    /// # Errors
    ///
    /// `Disconnected`, `Keychain`, `NotFound`, and those of the provider.
    pub async fn test_account(&self, id: AccountId) -> Result<PlatformCheck> {
        let account = self.0.account(id).await?;
        let connection =
            account.connection.ok_or_else(|| user_error(ErrorCode::Disconnected, "the account has no connection"))?;
        let link = self.0.link(connection).await?;
        let now = self.0.now();
        if link.meta().is_none() {
            // At Graph the check counts what it asks.
            link.record(account.platform, now);
        }
        let check = link.adapter.check().await.map_err(|e| {
            link.heard_error(account.platform, now, &e);
            adapter_error(&e, now)
        })?;
        if self.0.is_running()
            && let Some(live) = self.0.live(id)
        {
            live.hurry();
        }
        let found = check.profile.platforms.into_iter().find(|p| p.platform == account.platform);
        found.ok_or_else(|| user_error(ErrorCode::NotLinked, "the provider does not name this platform"))
    }

    /// Forgets the account's connection, and its key when no other account uses it. The history stays readable. Then, for a
    /// few seconds, the provider is asked to forget the connection's address for webhooks; the answer says whether it has it
    /// still.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Keychain` if the key could not be removed (the account is disconnected then), and those of the
    /// history.
    pub async fn disconnect(&self, id: AccountId) -> Result<AddressLeft> {
        self.0.may_write()?;
        let (farewell, forgotten) = {
            let _turn = self.0.accounts_turn.lock().await;
            let accounts = self.0.accounts().await?;
            let Some(connection) = self.0.account(id).await?.connection else { return Ok(AddressLeft::No) };
            let is_shared = accounts.iter().any(|other| other.id != id && other.connection == Some(connection));
            let farewell = if is_shared { None } else { Some(Farewell::of(&self.0, connection).await) };
            self.0.store.write_user(move |tx| db::disconnect(tx, id)).await.map_err(|e| store_error(&e))?;
            if let Some(live) = self.0.live(id) {
                let mut state = live.state();
                state.connection = None;
                state.health = Health::Disconnected;
                state.progress = None;
                state.catching_up = false;
            }
            self.0.publish(vec![Change::Account { id }]);
            (farewell, self.forget_unused(&[connection]).await)
        };
        let left = match farewell {
            Some(farewell) => farewell.say().await,
            None => AddressLeft::No,
        };
        forgotten.map(|()| left)
    }

    /// Deletes the history of a disconnected account; answers how many messages went.
    ///
    /// # Errors
    ///
    /// `BadInput` while it is connected, `NotFound`, and those of the history.
    pub async fn delete_history(&self, id: AccountId) -> Result<u32> {
        self.0.may_write()?;
        let _turn = self.0.accounts_turn.lock().await;
        if self.0.account(id).await?.connection.is_some() {
            return Err(user_error(ErrorCode::BadInput, "disconnect the account first"));
        }
        // A round that began before the account was disconnected must not write back what is deleted here.
        let live = self.0.live(id);
        let _no_round = match &live {
            Some(live) => Some(live.round.lock().await),
            None => None,
        };
        let mut deleted = 0_u32;
        loop {
            let step = self.0.store.write_user(move |tx| db::delete_history(tx, id)).await;
            let step = step.map_err(|e| store_error(&e))?;
            deleted = deleted.saturating_add(step.messages);
            if step.done {
                break;
            }
        }
        self.0.forget_live(id);
        self.0.publish(vec![Change::Resync]);
        Ok(deleted)
    }

    /// X: the user's choice of how much to read and what it may cost a month (cents, 0: no limit).
    ///
    /// # Errors
    ///
    /// `BadInput` for an account that is not X, `NotFound`, and those of the history.
    pub async fn set_x_budget(&self, id: AccountId, history: XHistory, monthly_limit_cents: u32) -> Result<()> {
        self.0.may_write()?;
        let account = self.0.account(id).await?;
        if account.platform != Platform::X {
            return Err(user_error(ErrorCode::BadInput, "only X has a budget"));
        }
        let awaited = account.backfill == Backfill::AwaitingChoice;
        self.0
            .store
            .write_user(move |tx| {
                db::set_x_budget(tx, id, history, monthly_limit_cents)?;
                if awaited { db::set_backfill(tx, id, Backfill::Pending) } else { Ok(()) }
            })
            .await
            .map_err(|e| store_error(&e))?;
        self.0.publish(vec![Change::Account { id }]);
        if let Some(live) = self.0.live(id) {
            live.state().awaiting_choice = false;
            if self.0.is_running() {
                live.hurry();
            }
        }
        Ok(())
    }
}

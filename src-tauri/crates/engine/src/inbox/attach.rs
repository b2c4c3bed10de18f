//! How a profile that was found good becomes a connection with accounts: secrets first, then rows, then tasks; and how
//! a connection that nobody uses any more goes.

use backscroll_adapters::Adapter as _;
use backscroll_model::{
    Account, AccountId, Backfill, BusinessId, Change, ConnectionId, Health, KeyCheck, Platform, PlatformCheck,
    PlatformState, Provider, Timestamp, XHistory, text::clean_line,
};
use backscroll_store as db;
use rusqlite::Connection as Sqlite;

use super::{Inbox, accounts::NAME_CHARS, spawn_account};
use crate::{
    errors::{adapter_error, store_error},
    inner::Result,
    link::open_ayrshare,
    secrets::{AyrshareKeys, Credentials},
};

/// What to do about X when accounts are attached.
#[derive(Clone, Copy)]
pub(super) struct XChoice {
    pub(super) history: Option<XHistory>,
    pub(super) monthly_limit_cents: u32,
}

/// Which accounts a connection takes up of those that are ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taking {
    /// All: the user connects them.
    All,
    /// Those that it has, and new ones. What the user has disconnected stays so, and what is read over another connection
    /// is left to it.
    Own,
}

impl Taking {
    fn takes(self, found: &PlatformCheck, connection: ConnectionId, held: &[Account]) -> bool {
        let is_same = |a: &&Account| a.platform == found.platform && Some(&a.remote_id) == found.remote_id.as_ref();
        let held = held.iter().find(is_same);
        self == Self::All || held.is_none_or(|account| account.connection == Some(connection))
    }
}

impl Inbox {
    /// Asks the provider; marks which other profiles are connected here already.
    pub(super) async fn check(&self, api_base: &str, keys: &AyrshareKeys) -> Result<KeyCheck> {
        let adapter = open_ayrshare(api_base, keys, self.0.limits)?;
        let mut check = adapter.check().await.map_err(|e| adapter_error(&e, self.0.now()))?;
        let connections = self.connections().await?;
        for other in &mut check.others {
            other.connected = connections
                .iter()
                .any(|c| c.api_base == api_base && c.remote_ref.as_deref() == Some(other.reference.as_str()));
        }
        Ok(check)
    }

    /// Connects what `check` found, over the connection of the same profile if there is one.
    pub(super) async fn attach(
        &self,
        api_base: &str,
        credentials: &Credentials,
        check: &KeyCheck,
        name: Option<String>,
        x: XChoice,
    ) -> Result<Vec<Account>> {
        let held = match &check.profile.reference {
            None => None,
            Some(reference) => {
                let all = self.connections().await?;
                all.into_iter().find(|c| {
                    c.provider == provider_of(credentials)
                        && c.api_base == api_base
                        && c.remote_ref.as_ref() == Some(reference)
                })
            }
        };
        if let Some(held) = held {
            return self.attach_to(held.id, credentials, check, name, x, Taking::All).await;
        }
        let title = name.as_deref().and_then(|n| clean_line(n, NAME_CHARS)).unwrap_or_else(|| shop_name(check));
        let reference = check.profile.reference.as_deref();
        let new = self.new_connection(api_base, credentials, &title, reference).await?;
        let attached = self.attach_to(new, credentials, check, name, x, Taking::All).await;
        if attached.is_err() {
            self.take_back(new).await;
        }
        attached
    }

    /// A new connection whose secrets are in the keychain. If the keychain refuses, nothing is left.
    pub(super) async fn new_connection(
        &self,
        api_base: &str,
        credentials: &Credentials,
        name: &str,
        reference: Option<&str>,
    ) -> Result<ConnectionId> {
        let now = self.0.now();
        let provider = provider_of(credentials);
        let (name, base, reference) = (name.to_owned(), api_base.to_owned(), reference.map(str::to_owned));
        let id = self
            .0
            .store
            .write_user(move |tx| db::add_connection(tx, provider, &name, &base, reference.as_deref(), now))
            .await
            .map_err(|e| store_error(&e))?;
        // A row id may have been used by a connection that is gone.
        self.0.close_link(id);
        if let Err(error) = self.0.secrets.save(id, credentials).await {
            self.take_back(id).await;
            return Err(error);
        }
        Ok(id)
    }

    /// Undoes [`Self::new_connection`].
    async fn take_back(&self, id: ConnectionId) {
        if let Err(error) = self.0.secrets.forget(id).await {
            tracing::warn!(code = ?error.code, "the key of a refused connection could not be removed");
        }
        if let Err(error) = self.0.store.write_user(move |tx| db::remove_connection(tx, id)).await {
            tracing::warn!(%error, "the row of a refused connection could not be removed");
        }
    }

    /// Gives a connection these secrets, and the accounts that are ready this connection.
    pub(super) async fn attach_to(
        &self,
        connection: ConnectionId,
        credentials: &Credentials,
        check: &KeyCheck,
        name: Option<String>,
        x: XChoice,
        taking: Taking,
    ) -> Result<Vec<Account>> {
        let inner = &self.0;
        let _turn = inner.accounts_turn.lock().await;
        inner.secrets.save(connection, credentials).await?;
        inner.close_link(connection);
        let before = inner.accounts().await?;
        let name = name.and_then(|n| clean_line(&n, NAME_CHARS));
        let title = name.clone().unwrap_or_else(|| shop_name(check));
        let ready = check.profile.platforms.iter().filter(|p| p.state == PlatformState::Ready);
        let ready: Vec<PlatformCheck> = ready.filter(|p| taking.takes(p, connection, &before)).cloned().collect();
        let shop = before.iter().find(|a| a.connection == Some(connection)).map(|a| a.business);
        let now = inner.now();
        let ids = inner
            .store
            .write_user(move |tx| connect_ready(tx, connection, shop, &title, &ready, x, now))
            .await
            .map_err(|e| store_error(&e))?;
        // A reading may have opened it meanwhile, with the accounts of before.
        inner.close_link(connection);
        let accounts: Vec<Account> =
            inner.accounts().await?.into_iter().filter(|a| a.connection == Some(connection)).collect();
        self.revive(&accounts).await;
        let mut changes: Vec<Change> = ids.iter().map(|id| Change::Account { id: *id }).collect();
        changes.push(Change::Counts);
        inner.publish(changes);
        let left: Vec<ConnectionId> = before
            .iter()
            .filter(|a| ids.contains(&a.id))
            .filter_map(|a| a.connection)
            .filter(|held| *held != connection)
            .collect();
        self.forget_unused(&left).await?;
        Ok(accounts.into_iter().filter(|a| ids.contains(&a.id)).map(|a| inner.complete(a)).collect())
    }

    /// Lets the tasks of these accounts begin again with the new connection.
    async fn revive(&self, accounts: &[Account]) {
        let inner = &self.0;
        let mut tasks = inner.tasks.lock().await;
        for account in accounts {
            let is_new = inner.live(account.id).is_none();
            let live = inner.live_of(account);
            {
                let mut state = live.state();
                state.connection = account.connection;
                state.health = Health::Starting;
                state.failures = 0;
                state.failing_since = None;
                state.look_again = None;
                state.awaiting_choice = false;
                // By the old connection's pace the first read over the new one would come a minute late.
                state.last_round = None;
                state.next_update = None;
            }
            match tasks.as_mut() {
                Some(group) if is_new => spawn_account(inner, group, &live),
                Some(_) => live.hurry(),
                None => {}
            }
        }
    }

    /// Forgets connections that no account uses any more, with their keys.
    pub(super) async fn forget_unused(&self, connections: &[ConnectionId]) -> Result<()> {
        let accounts = self.0.accounts().await?;
        for id in connections.iter().copied() {
            if accounts.iter().any(|a| a.connection == Some(id)) {
                continue;
            }
            self.0.close_link(id);
            self.0.secrets.forget(id).await?;
            self.0.store.write_user(move |tx| db::remove_connection(tx, id)).await.map_err(|e| store_error(&e))?;
            self.0.close_link(id);
        }
        Ok(())
    }
}

/// Whose API these secrets are for.
fn provider_of(credentials: &Credentials) -> Provider {
    match credentials {
        Credentials::Ayrshare(_) => Provider::Ayrshare,
        Credentials::Meta(_) => Provider::Meta,
    }
}

/// What a shop is called that the user has not named: the profile's title. Ayrshare calls each account's own profile
/// *Primary Profile* (`reference/ayrshare.md` 8.1), which says nothing; there the name of its first platform serves.
fn shop_name(check: &KeyCheck) -> String {
    let profile = &check.profile;
    let named = profile.platforms.iter().find_map(|p| p.name.clone());
    if profile.title == "Primary Profile" {
        named.unwrap_or_else(|| profile.title.clone())
    } else {
        profile.title.clone()
    }
}

/// The rows of the accounts that are ready, in one transaction.
fn connect_ready(
    tx: &Sqlite,
    connection: ConnectionId,
    shop: Option<BusinessId>,
    title: &str,
    ready: &[PlatformCheck],
    x: XChoice,
    now: Timestamp,
) -> db::Result<Vec<AccountId>> {
    let mut shop = shop;
    let mut ids = Vec::new();
    for platform in ready {
        let Some(remote_id) = platform.remote_id.clone() else { continue };
        let business = match shop {
            Some(shop) => shop,
            None => *shop.insert(db::add_business(tx, title)?),
        };
        let backfill = match (platform.platform, x.history) {
            (Platform::X, None) => Backfill::AwaitingChoice,
            (Platform::X, Some(_)) | (Platform::Messenger | Platform::Instagram, _) => Backfill::Pending,
        };
        let new = db::NewAccount {
            business,
            platform: platform.platform,
            name: platform.name.clone().unwrap_or_else(|| title.to_owned()),
            username: platform.username.clone(),
            remote_id,
            connection,
            backfill,
        };
        let upserted = db::upsert_account(tx, &new, now)?;
        if let (Platform::X, Some(history)) = (platform.platform, x.history) {
            db::set_x_budget(tx, upserted.id, history, x.monthly_limit_cents)?;
            if db::account(tx, upserted.id, now)?.backfill == Backfill::AwaitingChoice {
                db::set_backfill(tx, upserted.id, Backfill::Pending)?;
            }
        }
        ids.push(upserted.id);
    }
    Ok(ids)
}

//! The addresses of the receiver: one a connection, with what its deliveries are verified by.
//!
//! Promises: an address is kept when keys change, because the provider knows it; one whose connection is gone is
//! remembered by its hash alone, so that what still comes there is told apart from strangers.
//!
//! An address is found by the hash of its last part, so that the time of the search tells nothing of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use backscroll_adapters::Secret;
use backscroll_model::{Connection, ConnectionId, Provider};
use backscroll_store as db;
use sha2::{Digest as _, Sha256};

use crate::{
    errors::store_error,
    inner::{Inner, Result},
    secrets::{Credentials, HookKeys},
};

/// Setting: hashes of all addresses that were ever given out, the newest last.
const GIVEN_OUT: &str = "webhook_addresses";
/// So many of them are remembered.
const REMEMBERED: usize = 500;

/// Where deliveries of one connection come.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) connection: ConnectionId,
    pub(crate) provider: Provider,
    pub(crate) name: String,
    /// Ayrshare: `refId` of the profile.
    pub(crate) reference: Option<String>,
    /// The last part of the address.
    pub(crate) path: Secret,
    /// Graph: the verify token. Ayrshare: what it signs with.
    pub(crate) word: Secret,
    /// Graph: the secret of the app, empty if it is not known. Ayrshare: the API key. Connections that have it in common
    /// may get each other's deliveries: an app has one address for all its Pages, and a User Profile inherits the address
    /// of the Primary Profile (`reference/ayrshare.md` 6.3).
    owner: Secret,
}

impl Route {
    /// Graph: what deliveries are signed with.
    pub(super) fn app_secret(&self) -> Option<&Secret> {
        (self.provider == Provider::Meta && !self.owner.is_empty()).then_some(&self.owner)
    }

    /// Whether a delivery can be verified at all.
    pub(crate) fn is_verifiable(&self) -> bool {
        self.provider != Provider::Meta || self.app_secret().is_some()
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    by_path: BTreeMap<[u8; 32], Arc<Route>>,
    given_out: BTreeSet<[u8; 32]>,
}

/// Whose an address is.
pub(crate) enum Address {
    /// A connection's.
    Of(Arc<Route>),
    /// That of a connection that is gone.
    Former,
    /// Nobody's.
    Unknown,
}

impl Routes {
    pub(crate) fn find(&self, path: &str) -> Address {
        let hash = hash(path);
        match self.by_path.get(&hash) {
            Some(route) => Address::Of(Arc::clone(route)),
            None if self.given_out.contains(&hash) => Address::Former,
            None => Address::Unknown,
        }
    }

    /// The address of a connection.
    pub(crate) fn of(&self, connection: ConnectionId) -> Option<&Arc<Route>> {
        self.by_path.values().find(|route| route.connection == connection)
    }

    /// All, by connection.
    pub(crate) fn all(&self) -> Vec<&Arc<Route>> {
        let mut all: Vec<_> = self.by_path.values().collect();
        all.sort_by_key(|route| route.connection);
        all
    }

    /// Whether deliveries of `other` may come to the address of `route`.
    pub(crate) fn shares(&self, route: &Route, other: ConnectionId) -> bool {
        route.connection == other
            || self.of(other).is_some_and(|other| {
                other.provider == route.provider && !route.owner.is_empty() && other.owner == route.owner
            })
    }
}

/// The addresses of all connections, also while the receiver is off.
pub(crate) async fn all(inner: &Inner) -> Result<Arc<Routes>> {
    let routes = inner.webhooks.routes();
    if routes.by_path.is_empty() { Ok(Arc::new(build(inner).await?)) } else { Ok(routes) }
}

/// The addresses of all connections; the ones that have none get one. A connection without credentials has none.
pub(super) async fn build(inner: &Inner) -> Result<Routes> {
    let connections = inner.read(db::connections).await?;
    let mut routes = Routes::default();
    for connection in connections {
        if let Some(route) = route(inner, connection).await? {
            routes.by_path.insert(hash(route.path.expose()), Arc::new(route));
        }
    }
    let held: Vec<String> = inner.read(|c| db::value(c, GIVEN_OUT)).await?.unwrap_or_default();
    let mut all = held.clone();
    all.extend(routes.by_path.keys().map(hex::encode).filter(|one| !held.contains(one)));
    all.drain(..all.len().saturating_sub(REMEMBERED));
    routes.given_out = all.iter().filter_map(|one| hex::decode(one).ok()?.try_into().ok()).collect();
    if all != held {
        let write = inner.store.write_user(move |tx| db::set_value(tx, GIVEN_OUT, &all));
        write.await.map_err(|e| store_error(&e))?;
    }
    Ok(routes)
}

async fn route(inner: &Inner, connection: Connection) -> Result<Option<Route>> {
    let id = connection.id;
    let Some(credentials) = inner.secrets.load(id).await? else { return Ok(None) };
    let keys = match inner.secrets.load_hook(id).await? {
        Some(keys) => keys,
        None => {
            let keys = HookKeys::new();
            inner.secrets.save_hook(id, &keys).await?;
            keys
        }
    };
    let owner = match credentials {
        Credentials::Ayrshare(keys) => keys.api_key,
        Credentials::Meta(token) => token.app_secret.unwrap_or_else(|| Secret::new("")),
    };
    Ok(Some(Route {
        connection: id,
        provider: connection.provider,
        name: connection.name,
        reference: connection.remote_ref,
        path: keys.path,
        word: keys.word,
        owner,
    }))
}

fn hash(path: &str) -> [u8; 32] {
    Sha256::digest(path).into()
}

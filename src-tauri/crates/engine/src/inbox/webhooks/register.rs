//! What providers have registered of the receiver.
//!
//! Promises: what is registered is always the public address of the user and the part of it that we made; removing takes
//! away what is ours and nothing else; a connection that is forgotten takes its address along where the provider lets it,
//! and whoever disconnects never waits for that longer than [`PATIENCE`].
//!
//! Refuses: to overwrite an address that is not ours; the user may have another program at the same app.

use std::{collections::BTreeSet, sync::Arc};

use backscroll_adapters::{
    AdapterError,
    ayrshare::Webhook,
    meta::{AppAddress, AppSubscription, Meta},
};
use backscroll_model::{
    AddressLeft, ConnectionId, ErrorCode, RegisteredWebhook, SECOND, UserError, WebhookRegistration,
};
use backscroll_store as db;

use super::{Inbox, address, off, public};
use crate::{
    errors::{adapter_error, store_error, user_error},
    inner::{Inner, Result},
    link::Link,
    webhooks::{self as receiver, Address, Routes},
};

/// What Ayrshare sends that we can use (`reference/ayrshare.md` 6.1): direct messages, and links that are lost.
const ACTIONS: [&str; 2] = ["messages", "social"];
/// Setting: the Pages that were subscribed here and by nobody before, where the app's address cannot be seen.
const PAGES: &str = "webhook_pages";
/// A provider is asked to forget an address for so long.
const PATIENCE: i64 = 10 * SECOND;

impl Inbox {
    /// Has the provider send to this connection's address under `public_url`, which is kept. Graph asks the address at
    /// once, so the tunnel must be open.
    ///
    /// # Errors
    ///
    /// `BadApiBase`, `NotFound` while the receiver is off, `WebhookTaken` if the provider sends to somebody else's address,
    /// `PermissionMissing` without `pages_manage_metadata`, and those of the provider: `BadInput` if the address did not
    /// answer its handshake.
    pub async fn register_webhook(&self, connection: ConnectionId, public_url: String) -> Result<WebhookRegistration> {
        self.0.may_write()?;
        let public = public(&public_url)?;
        let routes = self.0.webhooks.routes();
        let route = routes.of(connection).ok_or_else(off)?;
        let url = address(&public, route);
        receiver::change_settings(&self.0, move |settings| settings.public_url = Some(public)).await?;
        let registry = self.registry(connection).await?;
        let link = &registry.link;
        let told = |error| registry.told(&error);
        match link.meta() {
            Some(meta) => {
                let of_app = |error: AdapterError| registry.of_app(&error);
                let addresses = meta.app_subscriptions().await.map_err(of_app)?;
                let urls = addresses.iter().flatten().filter_map(|a| a.url.as_deref());
                registry.none_of_strangers(urls)?;
                if addresses.is_none() && !is_subscribed(meta).await.map_err(told)? {
                    registry.remember_page(true).await?;
                }
                let address = meta.set_app_address(&url, &route.word).await.map_err(of_app)?;
                meta.subscribe().await.map_err(told)?;
                match address {
                    AppAddress::Set => Ok(WebhookRegistration::Done),
                    AppAddress::InDashboard => Ok(WebhookRegistration::InDashboard),
                }
            }
            None => {
                let ayrshare = link.ayrshare()?;
                let held = ayrshare.webhooks().await.map_err(told)?;
                let wanted = held.iter().filter(|hook| ACTIONS.contains(&hook.action.as_str()));
                registry.none_of_strangers(wanted.map(|hook| hook.url.as_str()))?;
                for action in ACTIONS {
                    ayrshare.register_webhook(action, &url, &route.word).await.map_err(told)?;
                }
                Ok(WebhookRegistration::Done)
            }
        }
    }

    /// What the provider has registered for this connection.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Keychain`, and those of the provider.
    pub async fn registered_webhooks(&self, connection: ConnectionId) -> Result<Vec<RegisteredWebhook>> {
        let registry = self.registry(connection).await?;
        let link = &registry.link;
        let told = |error| registry.told(&error);
        let is_ours = |url: Option<&str>| url.is_some_and(|url| registry.whose(url) == Whose::Ours);
        let Some(meta) = link.meta() else {
            let held = link.ayrshare()?.webhooks().await.map_err(told)?;
            let one = |hook: Webhook| RegisteredWebhook {
                what: hook.action,
                ours: is_ours(Some(&hook.url)),
                url: Some(hook.url),
                active: true,
            };
            return Ok(held.into_iter().map(one).collect());
        };
        let mut all: Vec<RegisteredWebhook> = Vec::new();
        let addresses = meta.app_subscriptions().await.map_err(|error| registry.of_app(&error))?;
        let ours = registry.has_subscribed(addresses.as_deref()).await?;
        for app in addresses.unwrap_or_default() {
            let ours = is_ours(app.url.as_deref());
            all.push(RegisteredWebhook { what: app.object, url: app.url, ours, active: app.active });
        }
        // Graph shows the app of the token only.
        let pages = meta.subscriptions().await.map_err(told)?;
        all.extend(pages.into_iter().filter(|page| !page.fields.is_empty()).map(|_| RegisteredWebhook {
            what: "subscribed_apps".to_owned(),
            url: None,
            ours,
            active: true,
        }));
        Ok(all)
    }

    /// Ends what is registered to this connection's address. The address of a Graph app stays as long as another Page of
    /// the same app is connected here, whose deliveries come there too; the Page stays subscribed as long as its app has
    /// an address of somebody else, who is sent by the same subscription.
    ///
    /// # Errors
    ///
    /// As [`Self::registered_webhooks`], and `NotFound` while the receiver is off.
    pub async fn remove_webhook(&self, connection: ConnectionId) -> Result<()> {
        self.0.may_write()?;
        self.0.webhooks.routes().of(connection).ok_or_else(off)?;
        self.registry(connection).await?.withdraw().await.map(drop)
    }

    /// What the provider has of a live connection that may be asked now.
    async fn registry(&self, connection: ConnectionId) -> Result<Registry<'_>> {
        let link = self.0.link(connection).await?;
        let registry = Registry { inner: &self.0, connection, link, routes: self.0.webhooks.routes() };
        registry.link.begin_call(self.0.now())?;
        Ok(registry)
    }
}

/// What a provider has of a connection's address.
struct Registry<'a> {
    inner: &'a Inner,
    connection: ConnectionId,
    link: Arc<Link>,
    routes: Arc<Routes>,
}

impl Registry<'_> {
    /// Takes away what is ours; answers whether our address stays where only the App Dashboard can change it.
    async fn withdraw(&self) -> Result<bool> {
        let told = |error| self.told(&error);
        let Some(meta) = self.link.meta() else {
            let ayrshare = self.link.ayrshare()?;
            for hook in ayrshare.webhooks().await.map_err(told)? {
                if self.whose(&hook.url) == Whose::Ours {
                    ayrshare.remove_webhook(&hook.action).await.map_err(told)?;
                }
            }
            return Ok(false);
        };
        let of_app = |error: AdapterError| self.of_app(&error);
        let addresses = meta.app_subscriptions().await.map_err(of_app)?;
        let has_subscribed = self.has_subscribed(addresses.as_deref()).await?;
        if has_subscribed {
            meta.unsubscribe().await.map_err(told)?;
            self.remember_page(false).await?;
        }
        let Some(addresses) = addresses else { return Ok(has_subscribed) };
        let is_ours = |one: &&AppSubscription| one.url.as_deref().is_some_and(|url| self.whose(url) == Whose::Ours);
        let ours: Vec<&str> = addresses.iter().filter(is_ours).map(|one| one.object.as_str()).collect();
        if !ours.is_empty() && !self.is_shared() {
            meta.remove_app_subscriptions(&ours).await.map_err(of_app)?;
        }
        Ok(false)
    }

    /// Another Page of the same app is connected here.
    fn is_shared(&self) -> bool {
        let Some(route) = self.routes.of(self.connection) else { return false };
        let others = self.routes.all().into_iter().map(|other| other.connection);
        others.filter(|other| *other != self.connection).any(|other| self.routes.shares(route, other))
    }

    fn told(&self, error: &AdapterError) -> UserError {
        self.link.call_failed(self.inner.now(), error)
    }

    /// What a call in the name of the app failed of: its token is the app's, so nothing is held against the Page's.
    fn of_app(&self, error: &AdapterError) -> UserError {
        adapter_error(error, self.inner.now())
    }

    /// Whose an address is: by the part that we made, since tunnels change their names.
    fn whose(&self, url: &str) -> Whose {
        let Some((_, path)) = url.rsplit_once("/hook/") else { return Whose::Strangers };
        match self.routes.find(path) {
            Address::Of(route) if route.connection == self.connection => Whose::Ours,
            Address::Of(_) => Whose::Neighbours,
            Address::Former => Whose::Ours,
            Address::Unknown => Whose::Strangers,
        }
    }

    fn none_of_strangers<'a>(&self, urls: impl Iterator<Item = &'a str>) -> Result<()> {
        let mut urls = urls;
        match urls.any(|url| self.whose(url) == Whose::Strangers) {
            true => Err(user_error(ErrorCode::WebhookTaken, "another address is registered")),
            false => Ok(()),
        }
    }

    /// Whether the Page is subscribed for us, and for nobody else. `addresses`: those of its app, if they can be seen.
    async fn has_subscribed(&self, addresses: Option<&[AppSubscription]>) -> Result<bool> {
        let Some(addresses) = addresses else {
            let pages: BTreeSet<ConnectionId> = self.inner.read(|c| db::value(c, PAGES)).await?.unwrap_or_default();
            return Ok(pages.contains(&self.connection));
        };
        let mut whose = addresses.iter().filter_map(|a| a.url.as_deref()).map(|url| self.whose(url));
        Ok(!addresses.is_empty() && whose.all(|whose| whose != Whose::Strangers))
    }

    async fn remember_page(&self, subscribed: bool) -> Result<()> {
        let connection = self.connection;
        let write = self.inner.store.write_user(move |tx| {
            let mut pages: BTreeSet<ConnectionId> = db::value(tx, PAGES)?.unwrap_or_default();
            let is_news = if subscribed { pages.insert(connection) } else { pages.remove(&connection) };
            if is_news { db::set_value(tx, PAGES, &pages) } else { Ok(()) }
        });
        write.await.map_err(|e| store_error(&e))
    }
}

/// What it takes to have an address forgotten at the provider, of a connection that is about to be forgotten here.
pub(in crate::inbox) struct Farewell<'a> {
    inner: &'a Inner,
    connection: ConnectionId,
    /// `None`: it never had an address.
    registry: Option<Result<Registry<'a>>>,
}

impl<'a> Farewell<'a> {
    /// Before its secrets are forgotten. Asks nobody but the keychain.
    pub(in crate::inbox) async fn of(inner: &'a Inner, connection: ConnectionId) -> Self {
        let registry = match inner.secrets.load_hook(connection).await {
            Ok(None) => None,
            Ok(Some(_)) => Some(Self::registry(inner, connection).await),
            Err(error) => Some(Err(error)),
        };
        Self { inner, connection, registry }
    }

    async fn registry(inner: &'a Inner, connection: ConnectionId) -> Result<Registry<'a>> {
        let link = inner.link(connection).await?;
        let routes = receiver::all_routes(inner).await?;
        Ok(Registry { inner, connection, link, routes })
    }

    /// Afterwards. Never fails: what is done here is done.
    pub(in crate::inbox) async fn say(self) -> AddressLeft {
        let connection = self.connection;
        let Some(registry) = self.registry else { return AddressLeft::No };
        let withdrawn = async {
            let registry = registry?;
            registry.link.begin_call(self.inner.now())?;
            let withdrawn = registry.withdraw().await;
            // Its number may become another connection's.
            registry.remember_page(false).await?;
            withdrawn
        };
        tokio::select! {
            withdrawn = withdrawn => match withdrawn {
                Ok(false) => AddressLeft::No,
                Ok(true) => AddressLeft::Yes,
                Err(error) => {
                    tracing::warn!(connection = connection.0, code = ?error.code, "an address may be left at the provider");
                    AddressLeft::Unknown
                }
            },
            () = self.inner.sleep_until(self.inner.now().plus(PATIENCE)) => AddressLeft::Unknown,
        }
    }
}

/// Whose an address is that a provider sends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// This connection's, or that of one that is gone.
    Ours,
    /// Another connection's here.
    Neighbours,
    /// Somebody else's.
    Strangers,
}

/// Whether the Page is subscribed to its app, whoever did it.
async fn is_subscribed(meta: &Meta) -> std::result::Result<bool, AdapterError> {
    Ok(meta.subscriptions().await?.iter().any(|one| !one.fields.is_empty()))
}

//! The webhook receiver and what providers have registered of it.
//!
//! Promises: what is registered is always the public address of the user and the part of it that we made; removing takes
//! away what is ours and nothing else.
//!
//! Refuses: to overwrite an address that is not ours; the user may have another program at the same app. To give out secrets. The verify word of Graph is the exception that Graph asks for: it must be pasted into the
//! App Dashboard where the app's secret is not known here, it opens nothing but our own handshake, and it is given out
//! only when asked for by name.

use std::collections::BTreeSet;

use backscroll_adapters::{
    AdapterError,
    meta::{AppAddress, AppSubscription, Meta},
    validate_api_base,
};
use backscroll_model::{
    ConnectionId, ErrorCode, Provider, RegisteredWebhook, UserError, WebhookPage, WebhookPlace, WebhookRegistration,
    WebhookSettings,
};
use backscroll_store as db;

use super::Inbox;
use crate::{
    errors::{adapter_error, store_error, user_error},
    inner::Result,
    link::Link,
    webhooks::{self as receiver, Address, Route},
};

/// What Ayrshare sends that we can use (`reference/ayrshare.md` 6.1): direct messages, and links that are lost.
const ACTIONS: [&str; 2] = ["messages", "social"];
/// Deliveries on the page.
const SHOWN: u32 = 50;
/// Setting: the Pages that were subscribed here and by nobody before, where the app's address cannot be seen.
const PAGES: &str = "webhook_pages";

impl Inbox {
    /// What the page of the receiver shows.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn webhooks(&self) -> Result<WebhookPage> {
        let inner = &self.0;
        if !inner.read_only {
            receiver::flush(inner).await?;
        }
        let settings = receiver::settings(inner).await?;
        let (listening, problem) = inner.webhooks.standing();
        let listening = listening.map(|at| format!("http://127.0.0.1:{}", at.port()));
        let routes = inner.webhooks.routes();
        let places = listening.as_deref().map(|local| {
            let place = |route: &Route| WebhookPlace {
                connection: route.connection,
                provider: route.provider,
                name: route.name.clone(),
                local_url: address(local, route),
                public_url: settings.public_url.as_deref().map(|public| address(public, route)),
                verifiable: route.is_verifiable(),
            };
            routes.all().into_iter().map(|route| place(route)).collect()
        });
        let (deliveries, counts) = inner.read(|c| Ok((db::deliveries(c, SHOWN)?, db::delivery_counts(c)?))).await?;
        Ok(WebhookPage { settings, listening, problem, places: places.unwrap_or_default(), deliveries, counts })
    }

    /// Switches the receiver on or off, and says where it listens. The public address is kept without a trailing slash.
    ///
    /// # Errors
    ///
    /// `BadApiBase` for a public address that is not https (http on loopback), and those of the history.
    pub async fn set_webhooks(&self, wanted: WebhookSettings) -> Result<()> {
        self.0.may_write()?;
        let public_url = wanted.public_url.as_deref().filter(|url| !url.trim().is_empty()).map(public).transpose()?;
        let port = wanted.port.filter(|port| *port != 0);
        let wanted = WebhookSettings { public_url, port, ..wanted };
        receiver::change_settings(&self.0, move |settings| *settings = wanted).await
    }

    /// The word that Graph's App Dashboard asks for beside the address ("Verify token").
    ///
    /// # Errors
    ///
    /// `NotFound` while the receiver is off, `Unsupported` for a connection that is not Graph's.
    pub async fn webhook_verify_word(&self, connection: ConnectionId) -> Result<String> {
        let routes = self.0.webhooks.routes();
        let route = routes.of(connection).ok_or_else(off)?;
        if route.provider != Provider::Meta {
            return Err(user_error(ErrorCode::Unsupported, "only Graph shakes hands"));
        }
        Ok(route.word.expose().to_owned())
    }

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
        let link = self.asked(connection).await?;
        let told = |error| self.told(&link, &error);
        match link.meta() {
            Some(meta) => {
                let of_app = |error: AdapterError| self.of_app(&error);
                let addresses = meta.app_subscriptions().await.map_err(of_app)?;
                let urls = addresses.iter().flatten().filter_map(|a| a.url.as_deref());
                self.none_of_strangers(connection, urls)?;
                if addresses.is_none() && !is_subscribed(meta).await.map_err(told)? {
                    self.remember_page(connection, true).await?;
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
                self.none_of_strangers(connection, wanted.map(|hook| hook.url.as_str()))?;
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
        let link = self.asked(connection).await?;
        let told = |error| self.told(&link, &error);
        let is_ours = |url: Option<&str>| url.is_some_and(|url| self.whose(connection, url) == Whose::Ours);
        let Some(meta) = link.meta() else {
            let held = link.ayrshare()?.webhooks().await.map_err(told)?;
            let one = |hook: backscroll_adapters::ayrshare::Webhook| RegisteredWebhook {
                what: hook.action,
                ours: is_ours(Some(&hook.url)),
                url: Some(hook.url),
                active: true,
            };
            return Ok(held.into_iter().map(one).collect());
        };
        let mut all: Vec<RegisteredWebhook> = Vec::new();
        let addresses = meta.app_subscriptions().await.map_err(|error| self.of_app(&error))?;
        let ours = self.has_subscribed(connection, addresses.as_deref()).await?;
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
        let routes = self.0.webhooks.routes();
        let route = routes.of(connection).ok_or_else(off)?;
        let link = self.asked(connection).await?;
        let told = |error| self.told(&link, &error);
        if let Some(meta) = link.meta() {
            let of_app = |error: AdapterError| self.of_app(&error);
            let addresses = meta.app_subscriptions().await.map_err(of_app)?;
            if self.has_subscribed(connection, addresses.as_deref()).await? {
                meta.unsubscribe().await.map_err(told)?;
                self.remember_page(connection, false).await?;
            }
            let is_shared = routes
                .all()
                .iter()
                .any(|other| other.connection != connection && routes.shares(route, other.connection));
            let addresses = addresses.unwrap_or_default();
            let is_ours = |one: &&AppSubscription| {
                one.url.as_deref().is_some_and(|url| self.whose(connection, url) == Whose::Ours)
            };
            let ours: Vec<&str> = addresses.iter().filter(is_ours).map(|one| one.object.as_str()).collect();
            if !ours.is_empty() && !is_shared {
                meta.remove_app_subscriptions(&ours).await.map_err(of_app)?;
            }
            return Ok(());
        }
        let ayrshare = link.ayrshare()?;
        for hook in ayrshare.webhooks().await.map_err(told)? {
            if self.whose(connection, &hook.url) == Whose::Ours {
                ayrshare.remove_webhook(&hook.action).await.map_err(told)?;
            }
        }
        Ok(())
    }

    /// A live connection that may be asked now.
    async fn asked(&self, connection: ConnectionId) -> Result<std::sync::Arc<Link>> {
        let link = self.0.link(connection).await?;
        link.begin_call(self.0.now())?;
        Ok(link)
    }

    fn told(&self, link: &Link, error: &AdapterError) -> UserError {
        link.call_failed(self.0.now(), error)
    }

    /// What a call in the name of the app failed of: its token is the app's, so nothing is held against the Page's.
    fn of_app(&self, error: &AdapterError) -> UserError {
        adapter_error(error, self.0.now())
    }

    /// Whose an address is: by the part that we made, since tunnels change their names.
    fn whose(&self, connection: ConnectionId, url: &str) -> Whose {
        let routes = self.0.webhooks.routes();
        let Some((_, path)) = url.rsplit_once("/hook/") else { return Whose::Strangers };
        match routes.find(path) {
            Address::Of(route) if route.connection == connection => Whose::Ours,
            Address::Of(_) => Whose::Neighbours,
            Address::Former => Whose::Ours,
            Address::Unknown => Whose::Strangers,
        }
    }

    fn none_of_strangers<'a>(&self, connection: ConnectionId, urls: impl Iterator<Item = &'a str>) -> Result<()> {
        let mut urls = urls;
        match urls.any(|url| self.whose(connection, url) == Whose::Strangers) {
            true => Err(user_error(ErrorCode::WebhookTaken, "another address is registered")),
            false => Ok(()),
        }
    }

    /// Whether the Page is subscribed for us, and for nobody else. `addresses`: those of its app, if they can be seen.
    async fn has_subscribed(&self, connection: ConnectionId, addresses: Option<&[AppSubscription]>) -> Result<bool> {
        let Some(addresses) = addresses else {
            let pages: BTreeSet<ConnectionId> = self.0.read(|c| db::value(c, PAGES)).await?.unwrap_or_default();
            return Ok(pages.contains(&connection));
        };
        let mut whose = addresses.iter().filter_map(|a| a.url.as_deref()).map(|url| self.whose(connection, url));
        Ok(!addresses.is_empty() && whose.all(|whose| whose != Whose::Strangers))
    }

    async fn remember_page(&self, connection: ConnectionId, subscribed: bool) -> Result<()> {
        let write = self.0.store.write_user(move |tx| {
            let mut pages: BTreeSet<ConnectionId> = db::value(tx, PAGES)?.unwrap_or_default();
            let is_news = if subscribed { pages.insert(connection) } else { pages.remove(&connection) };
            if is_news { db::set_value(tx, PAGES, &pages) } else { Ok(()) }
        });
        write.await.map_err(|e| store_error(&e))
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

fn address(base: &str, route: &Route) -> String {
    format!("{base}/hook/{}", route.path.expose())
}

fn public(url: &str) -> Result<String> {
    validate_api_base(url).map_err(|e| user_error(ErrorCode::BadApiBase, e.to_string()))
}

fn off() -> UserError {
    user_error(ErrorCode::NotFound, "the receiver is off, or has no address for this connection")
}

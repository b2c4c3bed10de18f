//! Where Graph sends its webhooks: the address of the app, and the Page that is subscribed to it
//! (`reference/meta-graph.md` 7.4).
//!
//! Promises: registering twice is as good as once; removing touches what it is told to and nothing else, because the
//! app's address may serve others. Calls in the app's name ([`Meta::app_subscriptions`], [`Meta::set_app_address`],
//! [`Meta::remove_app_subscriptions`]) are apart from those in the Page's: their errors say nothing about its token.
//!
//! Refuses: the app's address without the app's secret. It can be given to no call made with a Page's token and must then
//! be set in the App Dashboard ([`AppAddress::InDashboard`]).

use reqwest::Method;
use serde_json::json;

use super::client::{Ask, Meta, local};
use super::config::MetaConfig;
use super::wire::Object;
use crate::loose;
use crate::{AdapterError, Kind, Secret};

/// What a Page is subscribed to (7.4). Instagram's events come along as soon as its Page is subscribed to anything.
pub const PAGE_FIELDS: [&str; 11] = [
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_edits",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "standby",
];
/// The same for Instagram, whose names differ; set at the app alone.
pub const INSTAGRAM_FIELDS: [&str; 8] = [
    "messages",
    "message_reactions",
    "messaging_seen",
    "messaging_postbacks",
    "messaging_referral",
    "message_edit",
    "messaging_handover",
    "standby",
];

/// What an app is sent that is ours: its objects, and the fields of each.
const OBJECTS: [(&str, &[&str]); 2] = [("page", &PAGE_FIELDS), ("instagram", &INSTAGRAM_FIELDS)];

/// What became of the app's own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppAddress {
    /// Set, and Meta has shaken hands with it.
    Set,
    /// It must be set in the App Dashboard: the app's secret is not known here.
    InDashboard,
}

/// An app that a Page is subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The app's id.
    pub app: Option<String>,
    /// Its name, as Meta tells it.
    pub name: Option<String>,
    /// The fields.
    pub fields: Vec<String>,
}

/// An address that an app sends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSubscription {
    /// `page` or `instagram`.
    pub object: String,
    /// The address.
    pub url: Option<String>,
    /// Meta sends there.
    pub active: bool,
    /// The fields.
    pub fields: Vec<String>,
}

impl Meta {
    /// Has the app send to `url`, whatever its address was. Meta asks `url` at once with `verify_token` (7.1): the receiver
    /// must be listening.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] if the handshake failed.
    pub async fn set_app_address(&self, url: &str, verify_token: &Secret) -> Result<AppAddress, AdapterError> {
        let Some((app, id)) = self.app().await? else { return Ok(AppAddress::InDashboard) };
        for (object, fields) in OBJECTS {
            let body = json!({
                "object": object, "callback_url": url, "verify_token": verify_token.expose(),
                "fields": fields.join(","), "include_values": true,
            });
            app.change(Method::POST, &[&id, "subscriptions"], &[], Some(&body)).await?;
        }
        Ok(AppAddress::Set)
    }

    /// Sends all events of this Page and its Instagram account to its app.
    ///
    /// # Errors
    ///
    /// [`Kind::Permission`] without `pages_manage_metadata` or the task *Moderate*.
    pub async fn subscribe(&self) -> Result<(), AdapterError> {
        let body = json!({ "subscribed_fields": PAGE_FIELDS.join(",") });
        self.change(Method::POST, &[self.page()?.as_str(), "subscribed_apps"], &[], Some(&body)).await
    }

    /// The apps that this Page is subscribed to; Graph shows the app of the token only.
    ///
    /// # Errors
    ///
    /// See [`Kind`].
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, AdapterError> {
        let items = self.listed(&[self.page()?.as_str(), "subscribed_apps"]).await?;
        let one = |item: &Object<'_>| Subscription {
            app: item.text("id"),
            name: item.text("name"),
            fields: item.list("subscribed_fields").into_iter().filter_map(|raw| loose::text(Some(raw))).collect(),
        };
        Ok(items.iter().map(|raw| one(&Object::of(Some(raw)))).collect())
    }

    /// Ends the Page's subscription. The app's address stays: other Pages may use it.
    ///
    /// # Errors
    ///
    /// See [`Kind`].
    pub async fn unsubscribe(&self) -> Result<(), AdapterError> {
        self.change(Method::DELETE, &[self.page()?.as_str(), "subscribed_apps"], &[], None).await
    }

    /// The addresses of the app for Messenger and Instagram, whosever they are; `None`: they are shown in the App Dashboard,
    /// the app's secret is not known here.
    ///
    /// # Errors
    ///
    /// See [`Kind`].
    pub async fn app_subscriptions(&self) -> Result<Option<Vec<AppSubscription>>, AdapterError> {
        let Some((app, id)) = self.app().await? else { return Ok(None) };
        let items = app.listed(&[&id, "subscriptions"]).await?;
        let one = |item: &Object<'_>| {
            let fields = item.list("fields").into_iter();
            Some(AppSubscription {
                object: item.text("object").filter(|object| OBJECTS.iter().any(|(ours, _)| ours == object))?,
                url: item.text("callback_url"),
                active: item.is("active"),
                // With a version each, or bare.
                fields: fields
                    .filter_map(|raw| loose::text(Some(raw)).or_else(|| Object::of(Some(raw)).text("name")))
                    .collect(),
            })
        };
        Ok(Some(items.iter().filter_map(|raw| one(&Object::of(Some(raw)))).collect()))
    }

    /// Takes the addresses of these objects from the app. `false`: that is for the App Dashboard.
    ///
    /// # Errors
    ///
    /// See [`Kind`].
    pub async fn remove_app_subscriptions(&self, objects: &[&str]) -> Result<bool, AdapterError> {
        let Some((app, id)) = self.app().await? else { return Ok(false) };
        for object in objects {
            app.change(Method::DELETE, &[&id, "subscriptions"], &[("object", object)], None).await?;
        }
        Ok(true)
    }

    /// The app itself as a caller, with its id, if its secret is known. The token tells which app it belongs to.
    async fn app(&self) -> Result<Option<(Self, String)>, AdapterError> {
        let Some(secret) = &self.config.app_secret else { return Ok(None) };
        let input = self.config.page_token.expose();
        let answer = self.call(&Ask::get(&["debug_token"], &[("input_token", input)])).await?;
        let id = self.object(&answer)?.object("data").text("app_id");
        let id = id.ok_or_else(|| self.nonsense("a token without its app", answer.facts))?;
        // An app's token is its two halves, and needs no proof.
        let config = MetaConfig {
            page_token: Secret::new(format!("{id}|{}", secret.expose())),
            app_secret: None,
            ..self.config.clone()
        };
        let app = Self::new(config).map_err(|error| local(Kind::AppSecret, &error.to_string()))?;
        Ok(Some((app, id)))
    }

    /// A change that answers `{"success": true}`, or the word (7.4).
    async fn change(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        json: Option<&serde_json::Value>,
    ) -> Result<(), AdapterError> {
        let answer = self.call(&Ask { method, path, query, json }).await?;
        match loose::boolean(self.object(&answer)?.get("success")) {
            Some(false) => Err(self.scrubbed(local(Kind::Rejected, "Graph changed nothing"))),
            Some(true) => Ok(()),
            None => Err(self.nonsense("neither a success nor a refusal", answer.facts)),
        }
    }

    async fn listed(&self, path: &[&str]) -> Result<Vec<Box<serde_json::value::RawValue>>, AdapterError> {
        let answer = self.call(&Ask::get(path, &[])).await?;
        let page = answer.list().ok_or_else(|| self.nonsense("no list", answer.facts))?;
        Ok(page.items.into_iter().map(ToOwned::to_owned).collect())
    }
}

//! The webhook receiver: its page, its settings, and whether its public address works.
//!
//! Refuses: to give out secrets. The verify word of Graph is the exception that Graph asks for: it must be pasted into the
//! App Dashboard where the app's secret is not known here, it opens nothing but our own handshake, and it is given out
//! only when asked for by name.

mod register;

use backscroll_adapters::validate_api_base;
use backscroll_model::{
    ConnectionId, ErrorCode, Provider, UserError, WebhookPage, WebhookPlace, WebhookSettings, WebhookTest,
};
use backscroll_store as db;

use super::Inbox;
use crate::{
    errors::user_error,
    inner::Result,
    webhooks::{self as receiver, Route},
};

pub(super) use register::Farewell;

/// Deliveries on the page.
const SHOWN: u32 = 50;

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

    /// Sends a signed delivery to the public address of this connection, to see whether it comes back. Nothing is kept.
    ///
    /// # Errors
    ///
    /// `NotFound` while the receiver is off, `BadApiBase` without a public address, `AppSecretNeeded` where nothing can be
    /// signed, and those of the history.
    pub async fn test_webhook(&self, connection: ConnectionId) -> Result<WebhookTest> {
        let routes = self.0.webhooks.routes();
        let route = routes.of(connection).ok_or_else(off)?;
        let public = receiver::settings(&self.0).await?.public_url;
        let public = public.ok_or_else(|| user_error(ErrorCode::BadApiBase, "there is no public address"))?;
        receiver::test(&self.0, route, &address(&public, route)).await
    }
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

//! Webhooks of both providers, over loopback and real HTTP, into the engine: what they bring, what they must not do, and
//! that afterwards the history is what reading alone would have given.

mod at_ayrshare;
mod at_graph;
mod door;
mod echo;
mod farewell;
mod meanwhile;
mod same;

use std::ops::Deref;

use backscroll_adapters::Secret;
use backscroll_engine::MetaSecrets;
use backscroll_model::*;
use backscroll_simulator::{Chat, HookObject, Signing, WorldKind};

use crate::{
    graph::Shop,
    world::{Sim, World},
};

/// A world whose inbox runs and takes webhooks.
pub struct Hooked {
    pub shop: Shop,
    pub connection: ConnectionId,
}

impl Deref for Hooked {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

/// The secrets of the Page with the app's, which signs webhooks.
pub fn with_app_secret(shop: &Shop) -> MetaSecrets {
    MetaSecrets { app_secret: Some(Secret::new(shop.graph().app().1)), ..shop.page_secrets() }
}

impl Hooked {
    /// A Page at Graph, read to the end, registered.
    pub async fn at_graph(kind: WorldKind) -> Self {
        let shop = Shop::new(kind).await;
        let base = Some(shop.graph().api_base());
        let secrets = with_app_secret(&shop);
        shop.inbox().connect_meta(base, secrets, None).await.unwrap();
        shop.sync().await;
        let hooked = Self::running(shop).await;
        hooked.register().await;
        hooked
    }

    /// A profile at Ayrshare, read to the end, registered.
    pub async fn at_ayrshare() -> Self {
        let shop = Shop { world: World::small().await };
        shop.world.connect_and_sync().await;
        let hooked = Self::running(shop).await;
        hooked.register().await;
        hooked
    }

    /// Running and listening, not registered.
    pub async fn running(shop: Shop) -> Self {
        // The tests post by themselves, too. A second installation is refused, harmlessly.
        drop(rustls::crypto::ring::default_provider().install_default());
        shop.inbox().start().await;
        shop.settle().await;
        shop.inbox().set_webhooks(WebhookSettings { on: true, ..WebhookSettings::default() }).await.unwrap();
        shop.settle().await;
        let connection = shop.inbox().connections().await.unwrap()[0].id;
        Self { shop, connection }
    }

    /// What was noted is written a moment after the answer.
    pub async fn page(&self) -> WebhookPage {
        self.settle().await;
        self.inbox().webhooks().await.unwrap()
    }

    pub async fn local(&self) -> String {
        self.page().await.listening.expect("it listens")
    }

    /// The address of the connection, here.
    pub async fn address(&self) -> String {
        let page = self.page().await;
        page.places.iter().find(|p| p.connection == self.connection).unwrap().local_url.clone()
    }

    pub async fn register(&self) -> WebhookRegistration {
        self.advance(10).await;
        let registered = self.inbox().register_webhook(self.connection, self.local().await).await.unwrap();
        self.settle().await;
        registered
    }

    /// What was planned is delivered, and taken in; no time passes, so nothing is read.
    pub async fn delivered(&self) {
        self.sim.settle().await;
        self.settle().await;
    }

    pub async fn count(&self, outcome: DeliveryOutcome) -> u32 {
        self.page().await.counts.iter().find(|c| c.outcome == outcome).map_or(0, |c| c.count)
    }

    pub async fn last(&self) -> Delivery {
        self.page().await.deliveries.into_iter().next().expect("something came")
    }

    pub async fn message(&self, chat: &Chat, remote_id: &str) -> Option<Message> {
        let row = self.try_conversation(chat).await?;
        self.thread(row.id).await.into_iter().find(|m| m.remote_id.as_ref().is_some_and(|id| id.0 == remote_id))
    }

    pub fn first(&self, platform: Sim) -> Chat {
        self.chats(platform).remove(0)
    }

    /// Every call of Graph so far.
    pub fn calls_made(&self) -> u64 {
        self.graph().calls().values().sum()
    }

    /// Bytes to the address, signed by the app or not.
    pub async fn post(&self, body: impl Into<Vec<u8>>, signing: Signing) {
        assert!(self.graph().post_webhook(HookObject::Page, body.into(), signing));
        self.delivered().await;
    }
}

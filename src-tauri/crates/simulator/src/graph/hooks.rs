//! Meta's webhooks: who is subscribed to what, how a delivery is signed and tried again, and everything that may go wrong
//! with it (reference 7).
//!
//! What an event looks like is in [`event`]; the subscriptions' own calls are in [`crate::graph::subscribed`]. A body is
//! built once, in bytes: a retry and a redelivery are the same bytes, because the signature is over them. Deliveries leave
//! this machine never: an address that is not on loopback is logged and not called.

pub(crate) mod event;
pub(crate) mod knobs;
#[cfg(all(feature = "control", debug_assertions))]
pub(crate) mod remote;
pub(crate) mod wire;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use crate::echo::Echoes;
use crate::graph::hooks::knobs::GraphHookKnobs;
use crate::graph::hooks::wire::Signing;
use crate::platform::Platform;
use crate::record::Recent;
use crate::state::{Act, Chat, Core, State};
use crate::webhooks::is_loopback;
use crate::world::ProfileId;

/// "A few immediate retries" (reference 7.3): the pauses before the second to fourth send.
const RETRY_AFTER_MS: [i64; 3] = [1_000, 10_000, 60_000];
/// An account whose receiver has failed for so long is unsubscribed.
const GIVE_UP_MS: i64 = 3_600_000;
/// After so long there is an alert.
const ALERT_MS: i64 = 15 * 60_000;

/// What an app can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookObject {
    /// Messenger.
    Page,
    /// Instagram.
    Instagram,
}

impl HookObject {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Instagram => "instagram",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Page, Self::Instagram].into_iter().find(|o| o.wire() == text)
    }

    const fn of(platform: Platform) -> Option<Self> {
        match platform {
            Platform::Facebook => Some(Self::Page),
            Platform::Instagram => Some(Self::Instagram),
            Platform::Twitter => None,
        }
    }

    /// The names of the fields that can be subscribed (reference 7.4); Instagram's differ.
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Page => &[
                "messages",
                "message_echoes",
                "message_deliveries",
                "message_reads",
                "message_reactions",
                "message_edits",
                "messaging_postbacks",
                "messaging_referrals",
                "messaging_optins",
                "messaging_handovers",
                "messaging_policy_enforcement",
                "standby",
                "feed",
            ],
            Self::Instagram => &[
                "messages",
                "message_reactions",
                "messaging_seen",
                "messaging_postbacks",
                "messaging_referral",
                "message_edit",
                "messaging_handover",
                "standby",
                "comments",
                "mentions",
            ],
        }
    }
}

/// One send of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphWebhook {
    /// The same for every attempt of one notification, from 1.
    pub number: u64,
    /// `page` or `instagram`.
    pub object: HookObject,
    /// The field that was subscribed.
    pub field: String,
    /// Where it went.
    pub url: String,
    /// From 1.
    pub attempt: u32,
    /// When, UTC milliseconds of the simulator.
    pub at_ms: i64,
    /// The receiver's status; `None`: no answer in time, or an address off this machine.
    pub status: Option<u16>,
    /// The bytes.
    pub body: Bytes,
    owner: Option<ProfileId>,
}

/// A notification on its way.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    number: u64,
    object: HookObject,
    field: String,
    /// `None`: made by a test, belongs to no account.
    owner: Option<ProfileId>,
    url: String,
    body: Bytes,
    signing: Signing,
    attempt: u32,
}

/// What is planned for later in the Graph view.
#[derive(Clone, Debug)]
pub(crate) enum GraphAct {
    /// A webhook leaves.
    Deliver(Box<Delivery>),
    /// A message of the business reaches the person's phone.
    Arrived(Chat, String),
    /// The receiver has failed since this instant: an alert, then the end of the subscription.
    Failing(HookObject, ProfileId, i64),
}

/// An app's subscription to one kind of object.
#[derive(Clone, Debug)]
pub(crate) struct AppSubscription {
    pub url: String,
    pub fields: BTreeSet<String>,
}

/// Subscriptions and what became of each delivery.
#[derive(Debug, Default)]
pub(crate) struct GraphHooks {
    pub knobs: GraphHookKnobs,
    pub apps: BTreeMap<HookObject, AppSubscription>,
    /// The fields that each Page has subscribed the app to.
    pub pages: BTreeMap<ProfileId, BTreeSet<String>>,
    /// Accounts that were unsubscribed because the receiver failed for an hour.
    pub dropped: BTreeSet<(HookObject, ProfileId)>,
    /// Since when deliveries fail, without a success between.
    failing: BTreeMap<(HookObject, ProfileId), i64>,
    pub alerts: Vec<(HookObject, ProfileId, i64)>,
    held: Vec<Delivery>,
    /// What becomes of the next echoes.
    pub echoes: Echoes,
    /// How often each message was edited.
    pub edits: BTreeMap<String, u32>,
    /// Pages whose conversations another app controls: events come as `standby`.
    pub standby: BTreeSet<ProfileId>,
    /// Waits for the next one, to follow it.
    overtaken: Option<Delivery>,
    numbered: u64,
    pub log: Recent<GraphWebhook>,
}

impl GraphHooks {
    /// Where this event of this account goes. Messenger: both the app and the Page name the field; Instagram: the app
    /// names it, and its Page is subscribed to anything.
    fn target(&self, object: HookObject, profile: ProfileId, field: &str) -> Option<&str> {
        let page = self.pages.get(&profile)?;
        let app = self.apps.get(&object).filter(|a| a.fields.contains(field))?;
        let wanted = object == HookObject::Instagram || page.contains(field);
        (wanted && !self.dropped.contains(&(object, profile))).then_some(app.url.as_str())
    }

    fn next_number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// A Page subscribed anew: whatever failed before is forgotten.
    pub(crate) fn subscribe_page(&mut self, profile: ProfileId, fields: BTreeSet<String>) {
        self.pages.insert(profile, fields);
        for object in [HookObject::Page, HookObject::Instagram] {
            self.dropped.remove(&(object, profile));
            self.failing.remove(&(object, profile));
        }
    }
}

impl State {
    /// Plans the webhook of one event, if its account is subscribed to it.
    pub(crate) fn graph_tell(&mut self, now: i64, chat: &Chat, field: &'static str, event: &serde_json::Value) {
        let Some(object) = HookObject::of(chat.platform) else { return };
        let Some(account) = self.world.account(chat.profile, chat.platform).map(|a| a.id.clone()) else { return };
        // Events of an app that does not own the conversation come under another name.
        let standby = self.graph.hooks.standby.contains(&chat.profile);
        let wanted = if standby { "standby" } else { field };
        let Some(url) = self.graph.hooks.target(object, chat.profile, wanted).map(str::to_owned) else { return };
        let list = if standby { "standby" } else { "messaging" };
        let body = wire::envelope(object, &account, now, (list, event), self.graph.hooks.knobs.seconds);
        let delivery = Delivery {
            number: self.graph.hooks.next_number(),
            object,
            field: wanted.to_owned(),
            owner: Some(chat.profile),
            url,
            body,
            signing: self.graph.hooks.knobs.signing,
            attempt: 1,
        };
        let lag = if field == "messages" { self.graph.hooks.knobs.message_lag_ms } else { 0 };
        let echo = event.pointer("/message/is_echo").is_some() && event.pointer("/message/is_deleted").is_none();
        let leaves = if echo { self.graph.hooks.echoes.strike(now) } else { vec![now] };
        for at in leaves {
            self.graph_dispatch(at + lag, delivery.clone());
        }
    }

    /// Lets a delivery leave, as the knobs say.
    fn graph_dispatch(&mut self, at: i64, delivery: Delivery) {
        let hooks = &mut self.graph.hooks;
        if hooks.knobs.hold {
            hooks.held.push(delivery);
            return;
        }
        let mut leaving = Vec::new();
        if hooks.knobs.out_of_order {
            match hooks.overtaken.take() {
                None => hooks.overtaken = Some(delivery),
                Some(earlier) => leaving.extend([delivery, earlier]),
            }
        } else {
            leaving.push(delivery);
        }
        for delivery in leaving {
            for _ in 0..=usize::from(self.graph.hooks.knobs.twice) {
                self.queue.plan(at, Act::Graph(GraphAct::Deliver(Box::new(delivery.clone()))));
            }
        }
    }

    /// Everything that was held back leaves now, oldest first or newest first.
    pub(crate) fn graph_release(&mut self, now: i64, newest_first: bool) {
        let hooks = &mut self.graph.hooks;
        hooks.knobs.hold = false;
        let mut leaving = std::mem::take(&mut hooks.held);
        leaving.extend(hooks.overtaken.take());
        if newest_first {
            leaving.reverse();
        }
        for delivery in leaving {
            self.queue.plan(now, Act::Graph(GraphAct::Deliver(Box::new(delivery))));
        }
    }

    /// The same bytes once more, as a new notification of the same number.
    pub(crate) fn graph_redeliver(&mut self, now: i64, sent: &GraphWebhook) {
        let delivery = Delivery {
            number: sent.number,
            object: sent.object,
            field: sent.field.clone(),
            owner: sent.owner,
            url: sent.url.clone(),
            body: sent.body.clone(),
            signing: self.graph.hooks.knobs.signing,
            attempt: 1,
        };
        self.graph_dispatch(now, delivery);
    }

    /// Any bytes to the receiver of this object: what a stranger might post there.
    pub(crate) fn graph_post(&mut self, now: i64, object: HookObject, body: Bytes, signing: Signing) -> bool {
        let Some(url) = self.graph.hooks.apps.get(&object).map(|a| a.url.clone()) else { return false };
        let number = self.graph.hooks.next_number();
        let delivery =
            Delivery { number, object, field: "raw".to_owned(), owner: None, url, body, signing, attempt: 1 };
        self.graph_dispatch(now, delivery);
        true
    }

    /// Books an attempt: a retry, the begin of a failure, or the end of one.
    fn graph_attempted(&mut self, at: i64, delivery: Delivery, status: Option<u16>) {
        self.graph.hooks.log.push(GraphWebhook {
            number: delivery.number,
            object: delivery.object,
            field: delivery.field.clone(),
            url: delivery.url.clone(),
            attempt: delivery.attempt,
            at_ms: at,
            status,
            body: delivery.body.clone(),
            owner: delivery.owner,
        });
        // What a test made up is nobody's failure.
        let Some(profile) = delivery.owner else { return };
        let account = (delivery.object, profile);
        if status == Some(200) {
            self.graph.hooks.failing.remove(&account);
            return;
        }
        if let Entry::Vacant(failing) = self.graph.hooks.failing.entry(account) {
            failing.insert(at);
            for after in [ALERT_MS, GIVE_UP_MS] {
                self.queue.plan(at + after, Act::Graph(GraphAct::Failing(delivery.object, profile, at)));
            }
        }
        let pause = usize::try_from(delivery.attempt - 1).ok().and_then(|n| RETRY_AFTER_MS.get(n));
        if let (Some(pause), true) = (pause, is_loopback(&delivery.url)) {
            let next = Delivery { attempt: delivery.attempt + 1, ..delivery };
            self.queue.plan(at + pause, Act::Graph(GraphAct::Deliver(Box::new(next))));
        }
    }

    fn graph_still_failing(&mut self, at: i64, object: HookObject, profile: ProfileId, since: i64) {
        let hooks = &mut self.graph.hooks;
        if hooks.failing.get(&(object, profile)) != Some(&since) {
            return;
        }
        if at - since >= GIVE_UP_MS {
            hooks.failing.remove(&(object, profile));
            hooks.dropped.insert((object, profile));
            if object == HookObject::Page {
                hooks.pages.remove(&profile);
            }
        } else {
            hooks.alerts.push((object, profile, at));
        }
    }
}

impl Core {
    /// Does what fell due in the Graph view.
    pub(crate) async fn graph_act(&self, at: i64, act: GraphAct) {
        match act {
            GraphAct::Deliver(delivery) => self.graph_deliver(at, *delivery).await,
            GraphAct::Arrived(chat, message) => self.lock().graph_arrived(at, &chat, &message),
            GraphAct::Failing(object, profile, since) => self.lock().graph_still_failing(at, object, profile, since),
        }
    }

    async fn graph_deliver(&self, at: i64, delivery: Delivery) {
        let (secret, patience) = {
            let state = self.lock();
            (state.graph.app.secret.clone(), Duration::from_millis(state.graph.hooks.knobs.patience_ms))
        };
        let status = if is_loopback(&delivery.url) {
            wire::post(&delivery.url, &delivery.body, delivery.signing.header(&secret, &delivery.body), patience).await
        } else {
            None
        };
        self.lock().graph_attempted(at, delivery, status);
    }
}

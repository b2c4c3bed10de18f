//! Webhooks: who is told what, signed how, and how often it is tried again (reference 6).
//!
//! Deliveries leave this machine never: an address that is not on loopback is logged and not called, because a demo with
//! invented people has nothing to say to the Internet. Retries follow the policy of 2026 on the simulator's clock.

#[cfg(all(feature = "control", debug_assertions))]
pub(crate) mod remote;
pub(crate) mod signing;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{iso_ms, iso_s};
use crate::echo::Echoes;
use crate::ids;
use crate::platform::Platform;
use crate::record::Recent;
use crate::state::{Act, Chat, Core, State};
use crate::webhooks::signing::WebhookKnobs;
use crate::world::{Direction, ProfileId};

/// Actions that can be registered (reference 6.1).
pub(crate) const ACTIONS: [&str; 10] = [
    "accountActivity",
    "automations",
    "batch",
    "comments",
    "feed",
    "mentions",
    "messages",
    "scheduled",
    "social",
    "suspended",
];

/// Pauses before the second to ninth send: about an hour in all, thinning out.
const RETRY_AFTER_MS: [i64; 8] = [5_000, 30_000, 60_000, 180_000, 360_000, 600_000, 1_000_000, 1_300_000];
/// A receiver has so long to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// For so long after a rotation deliveries carry both signatures.
const GRACE_MS: i64 = 24 * 3_600_000;

#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub url: String,
    pub updated_ms: i64,
}

#[derive(Clone, Debug)]
struct Secret {
    current: String,
    /// The one before, and until when it still signs.
    previous: Option<(String, i64)>,
}

/// Registered webhooks and what became of each delivery.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    registered: BTreeMap<(ProfileId, String), Hook>,
    secrets: BTreeMap<ProfileId, Secret>,
    issued: u64,
    pub knobs: WebhookKnobs,
    held: Vec<Delivery>,
    /// What becomes of the next echoes.
    pub echoes: Echoes,
    pub log: Recent<WebhookAttempt>,
}

impl Hooks {
    pub(crate) fn register(&mut self, now: i64, profile: ProfileId, action: &str, url: &str, secret: Option<&str>) {
        self.registered.insert((profile, action.to_owned()), Hook { url: url.to_owned(), updated_ms: now });
        if let Some(secret) = secret.filter(|s| !s.is_empty()) {
            self.secrets.insert(profile, Secret { current: secret.to_owned(), previous: None });
        }
    }

    pub(crate) fn unregister(&mut self, profile: ProfileId, action: &str) -> bool {
        self.registered.remove(&(profile, action.to_owned())).is_some()
    }

    pub(crate) fn rotate(&mut self, now: i64, profile: ProfileId, secret: &str) {
        let previous = self.secrets.remove(&profile).map(|old| (old.current, now + GRACE_MS));
        self.secrets.insert(profile, Secret { current: secret.to_owned(), previous });
    }

    pub(crate) fn of(&self, profile: ProfileId) -> impl Iterator<Item = (&str, &Hook)> {
        self.registered
            .iter()
            .filter(move |((p, _), _)| *p == profile)
            .map(|((_, action), hook)| (action.as_str(), hook))
    }

    /// The profile's own hook wins, else it inherits the Primary Profile's (reference 6.3).
    fn target(&self, profile: ProfileId, action: &str) -> Option<(ProfileId, &Hook)> {
        [profile, ProfileId::PRIMARY]
            .into_iter()
            .find_map(|owner| self.registered.get(&(owner, action.to_owned())).map(|hook| (owner, hook)))
    }

    fn signatures(&self, owner: ProfileId, body: &[u8], now: i64) -> Vec<(&'static str, String)> {
        let Some(secret) = self.secrets.get(&owner) else { return Vec::new() };
        let old = secret.previous.as_ref().filter(|(_, until)| now < *until).map(|(old, _)| old);
        let sign = |secret: &str, body| self.knobs.sign(secret, body);
        let mut out = vec![("x-authorization-timestamp", (now / 1_000 + self.knobs.time_off_s).to_string())];
        out.extend(sign(&secret.current, body).map(|s| ("x-authorization-content-sha256", s)));
        out.extend(old.and_then(|o| sign(o, body)).map(|s| ("x-authorization-content-sha256-v2", s)));
        out
    }
}

/// One send of a webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookAttempt {
    /// The same for every attempt of one notification.
    pub hook_id: String,
    /// The registered action.
    pub action: String,
    /// Where it went.
    pub url: String,
    /// From 1.
    pub attempt: u32,
    /// When, UTC milliseconds of the simulator.
    pub at_ms: i64,
    /// The receiver's status; `None`: no answer, or an address off this machine.
    pub status: Option<u16>,
    /// The payload.
    pub body: Value,
    owner: ProfileId,
}

/// A notification on its way.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    owner: ProfileId,
    action: String,
    url: String,
    hook_id: String,
    body: Value,
    attempt: u32,
}

/// What a `messages` webhook can tell (reference 6.6).
pub(crate) enum Event<'a> {
    Created { message: &'a str },
    Read { at: i64 },
    Reaction { message: &'a str, by: &'a str, emoji: Option<&'a str> },
    Edited { message: &'a str },
    Unsent { message: &'a str },
}

impl State {
    /// Plans the webhook for what just happened in a conversation, if somebody listens.
    pub(crate) fn notify(&mut self, now: i64, chat: &Chat, event: &Event<'_>) {
        self.graph_notify(now, chat, event);
        if self.conversation(chat).is_ok_and(|c| c.graph_only) {
            return;
        }
        let echo = matches!(event, Event::Created { message } if self.is_sent(chat, message));
        if chat.platform == Platform::Twitter {
            if let (Event::Created { message }, Some(body)) = (event, self.account_activity(chat, event)) {
                tracing::trace!(message, "account activity");
                self.plan_delivery(now, chat.profile, "accountActivity", body, echo);
            }
        } else if let Some(body) = self.message_event(chat, event) {
            self.plan_delivery(now, chat.profile, "messages", body, echo);
        }
    }

    fn is_sent(&self, chat: &Chat, id: &str) -> bool {
        let found = self.conversation(chat).ok().and_then(|c| c.messages.iter().rev().find(|m| m.id == id));
        found.is_some_and(|m| m.direction == Direction::Sent)
    }

    /// An account was linked, unlinked or must be refreshed (reference 6.8).
    pub(crate) fn notify_social(
        &mut self,
        now: i64,
        profile: ProfileId,
        platform: Platform,
        kind: &str,
        by_user: bool,
    ) {
        let name = self.world.account(profile, platform).map(|a| a.name.clone());
        let source = if by_user { "user" } else { "system" };
        let body = json!({ "type": kind, "platform": platform.wire(), "displayName": name, "source": source });
        self.plan_delivery(now, profile, "social", body, false);
    }

    fn plan_delivery(&mut self, now: i64, profile: ProfileId, action: &str, event: Value, echo: bool) {
        let Some((owner, hook)) = self.hooks.target(profile, action) else { return };
        let Some(subject) = self.world.profiles.get(profile.0) else { return };
        let url = hook.url.clone();
        let hook_id = format!("hk_{}", ids::hex(self.world.seed, &format!("hook/{}", self.hooks.issued), 10));
        self.hooks.issued += 1;
        let mut body = json!({
            "action": action, "code": 200, "created": iso_s(now), "scheduleDate": iso_s(now), "timeStamp": now / 1_000,
            "hookId": hook_id, "refId": subject.ref_id, "title": subject.title, "mediaUrls": [], "url": url,
        });
        if let (Some(envelope), Value::Object(fields)) = (body.as_object_mut(), event) {
            envelope.extend(fields);
        }
        let leaves = if echo { self.hooks.echoes.strike(now) } else { vec![now] };
        for at in leaves {
            let (action, url, hook_id) = (action.to_owned(), url.clone(), hook_id.clone());
            self.let_go(at, Delivery { owner, action, url, hook_id, body: body.clone(), attempt: 1 });
        }
    }

    fn let_go(&mut self, now: i64, delivery: Delivery) {
        if self.hooks.knobs.hold {
            self.hooks.held.push(delivery);
            return;
        }
        for _ in 0..=usize::from(self.hooks.knobs.twice) {
            self.queue.plan(now, Act::Deliver(Box::new(delivery.clone())));
        }
    }

    /// Everything that was held back leaves now, oldest first or newest first.
    pub(crate) fn release_webhooks(&mut self, now: i64, newest_first: bool) {
        self.hooks.knobs.hold = false;
        let mut held = std::mem::take(&mut self.hooks.held);
        if newest_first {
            held.reverse();
        }
        for delivery in held {
            self.let_go(now, delivery);
        }
    }

    pub(crate) fn redeliver(&mut self, now: i64, attempt: &WebhookAttempt, new_hook_id: bool) {
        let mut body = attempt.body.clone();
        let mut hook_id = attempt.hook_id.clone();
        if new_hook_id {
            hook_id = format!("hk_{}", ids::hex(self.world.seed, &format!("hook/{}", self.hooks.issued), 10));
            self.hooks.issued += 1;
            insert(&mut body, "hookId", json!(hook_id));
        }
        let owner = attempt.owner;
        let (action, url) = (attempt.action.clone(), attempt.url.clone());
        self.let_go(now, Delivery { owner, action, url, hook_id, body, attempt: 1 });
    }

    fn message_event(&self, chat: &Chat, event: &Event<'_>) -> Option<Value> {
        let account = self.account(chat).ok()?;
        let conversation = self.conversation(chat).ok()?;
        let person = &conversation.person;
        let find = |id: &str| conversation.messages.iter().find(|m| m.id == id);
        let sent = matches!(event, Event::Created { message } if find(message)?.direction == Direction::Sent);
        let (sender, recipient) = if sent { (&account.id, &person.id) } else { (&person.id, &account.id) };
        let mut body = json!({
            "platform": chat.platform.wire(), "conversationId": chat.conversation,
            "senderId": sender, "recipientId": recipient,
        });
        let extra = match event {
            Event::Created { message } => {
                let message = find(message)?;
                let attachments: Vec<Value> = message
                    .attachments
                    .iter()
                    .map(|a| json!({ "type": a.kind, "url": self.media.address(&a.file) }))
                    .collect();
                let mut fields = json!({
                    "subAction": "messageCreated", "type": if sent { "sent" } else { "received" }, "id": message.id,
                });
                let details = if sent {
                    json!({ "name": account.name })
                } else {
                    json!({ "name": person.name, "username": person.username })
                };
                insert(&mut fields, "senderDetails", details);
                if let Some(text) = &message.text {
                    insert(&mut fields, "message", json!(text));
                }
                if !attachments.is_empty() {
                    insert(&mut fields, "attachments", json!(attachments));
                }
                fields
            }
            Event::Read { at } => json!({
                "subAction": "messageRead", "type": "read", "read": at,
                "readerDetails": {
                    "name": person.name, "id": person.id,
                    "picture": person.picture.as_deref().map(|p| self.media.own(p)),
                },
            }),
            Event::Reaction { message, by, emoji } => json!({
                "subAction": if emoji.is_some() { "reactionCreated" } else { "reactionDeleted" },
                "type": "reaction", "id": message, "senderId": by, "reaction": emoji,
            }),
            Event::Edited { message } => json!({
                "subAction": "messageEdited", "type": "edit", "id": message, "message": find(message)?.text,
            }),
            Event::Unsent { message } => json!({ "subAction": "messageDeleted", "type": "delete", "id": message }),
        };
        if let (Some(fields), Value::Object(extra)) = (body.as_object_mut(), extra) {
            fields.extend(extra);
        }
        Some(body)
    }

    /// X tells of messages only in this form (reference 6.7).
    fn account_activity(&self, chat: &Chat, event: &Event<'_>) -> Option<Value> {
        let Event::Created { message } = event else { return None };
        let account = self.account(chat).ok()?;
        let conversation = self.conversation(chat).ok()?;
        let message = conversation.messages.iter().find(|m| m.id == *message)?;
        let (sender, recipient) = match message.direction {
            Direction::Sent => (&account.id, &conversation.person.id),
            Direction::Received => (&conversation.person.id, &account.id),
        };
        let users: BTreeMap<&str, Value> = [
            (
                conversation.person.id.as_str(),
                json!({ "id": conversation.person.id, "name": conversation.person.name }),
            ),
            (account.id.as_str(), json!({ "id": account.id, "name": account.name })),
        ]
        .into();
        Some(json!({
            "type": "accountActivity", "platform": "twitter", "users": users,
            "directMessageEvents": {
                "type": "message_create", "id": message.id, "createdAt": iso_ms(message.at),
                "messageCreate": {
                    "senderId": sender, "target": { "recipientId": recipient },
                    "messageData": {
                        "text": message.text,
                        "entities": { "hashtags": [], "urls": [], "symbols": [], "userMentions": [] },
                    },
                },
            },
        }))
    }
}

pub(crate) fn insert(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

impl Core {
    /// Sends one notification and plans the next attempt if the receiver asks for one.
    pub(crate) async fn deliver(&self, at: i64, delivery: Delivery) {
        let body = serde_json::to_vec(&delivery.body).unwrap_or_default();
        let status = if is_loopback(&delivery.url) {
            let signatures = self.lock().hooks.signatures(delivery.owner, &body, at);
            post(&delivery, body, signatures).await
        } else {
            None
        };
        let mut state = self.lock();
        state.hooks.log.push(WebhookAttempt {
            hook_id: delivery.hook_id.clone(),
            action: delivery.action.clone(),
            url: delivery.url.clone(),
            attempt: delivery.attempt,
            at_ms: at,
            status,
            body: delivery.body.clone(),
            owner: delivery.owner,
        });
        let again = is_loopback(&delivery.url) && status.is_none_or(|s| matches!(s, 408 | 425 | 429 | 500..=599));
        let pause = usize::try_from(delivery.attempt - 1).ok().and_then(|n| RETRY_AFTER_MS.get(n));
        if let (true, Some(pause)) = (again, pause) {
            let next = Delivery { attempt: delivery.attempt + 1, ..delivery };
            state.queue.plan(at + pause, Act::Deliver(Box::new(next)));
        }
    }
}

async fn post(delivery: &Delivery, body: Vec<u8>, signatures: Vec<(&'static str, String)>) -> Option<u16> {
    let mut request = client()?
        .post(&delivery.url)
        .header("content-type", "application/json")
        .header("x-ayrshare-delivery-id", &delivery.hook_id)
        .header("x-ayrshare-delivery-attempt", delivery.attempt)
        .body(body);
    for (name, value) in signatures {
        request = request.header(name, value);
    }
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

/// A client for loopback. reqwest wants a TLS provider even for plain HTTP; a second installation is refused, harmlessly.
/// One for the process: reading the certificates of the system takes longer than a delivery.
pub(crate) fn client() -> Option<reqwest::Client> {
    static CLIENT: OnceLock<Option<reqwest::Client>> = OnceLock::new();
    let build = || {
        drop(rustls::crypto::ring::default_provider().install_default());
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .build()
            .ok()
    };
    CLIENT.get_or_init(build).clone()
}

/// Whether this address stays on the machine.
pub(crate) fn is_loopback(address: &str) -> bool {
    match url::Url::parse(address).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

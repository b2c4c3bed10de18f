//! What tests and the demo do with the writing side of Graph: acts that only Graph can tell of, and webhooks held, doubled
//! and forged. People write, edit, react and read through [`Simulator`](crate::Simulator) as everywhere; both views hear it.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::echo::Echo;
use crate::graph::control::Graph;
use crate::graph::hooks::{AppSubscription, GraphWebhook, HookObject, knobs::GraphHookKnobs, wire::Signing};
use crate::platform::Platform;
use crate::state::{Chat, SimError, State};
use crate::world::{Direction, NewMessage, Origin, ProfileId};

/// What the server does with sends where Meta's behaviour is unconfirmed or depends on the app. Change it with
/// [`Graph::set_send_knobs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSendKnobs {
    /// The app is approved for *Human Agent*.
    pub human_agent: bool,
    /// Instagram takes several images in one message (else 2534068).
    pub many_images: bool,
    /// Instagram takes reactions (one live account got code 2 instead).
    pub instagram_reactions: bool,
    /// Sends a second per Page and platform (300), reactions and sender actions included; `None`: any number.
    pub per_second: Option<usize>,
    /// The same for sound and film (10).
    pub loud_per_second: Option<usize>,
}

impl Default for GraphSendKnobs {
    fn default() -> Self {
        Self {
            human_agent: true,
            many_images: true,
            instagram_reactions: true,
            per_second: Some(300),
            loud_per_second: Some(10),
        }
    }
}

/// A `sender_action` that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderAction {
    /// In which conversation.
    pub chat: Chat,
    /// `typing_on`, `mark_seen`, `react`, …
    pub action: String,
    /// UTC milliseconds.
    pub at_ms: i64,
}

impl State {
    /// The person taps a button: a message in the thread, and a webhook of its own kind.
    fn postback(&mut self, now: i64, chat: &Chat, title: &str, payload: &str) -> Result<String, SimError> {
        let message = NewMessage {
            origin: Origin::Person,
            recorded: true,
            visible_from: now,
            ..NewMessage::seeded(Direction::Received, now, Some(title.to_owned()))
        };
        let id =
            self.world.add_message(chat.profile, chat.platform, &chat.conversation, message).ok_or(SimError::NoChat)?;
        let mut postback = json!({ "mid": id, "title": title });
        // Another app's conversation keeps its payload to itself.
        if !self.graph.hooks.standby.contains(&chat.profile) {
            crate::webhooks::insert(&mut postback, "payload", json!(payload));
        }
        self.graph_event(now, chat, "messaging_postbacks", json!({ "postback": postback }));
        Ok(id)
    }
}

impl Graph<'_> {
    /// Changes how sends are judged.
    pub fn set_send_knobs(&self, change: impl FnOnce(&mut GraphSendKnobs)) {
        change(&mut self.core.lock().graph.send);
    }

    /// Changes how webhooks behave from now on.
    pub fn set_hook_knobs(&self, change: impl FnOnce(&mut GraphHookKnobs)) {
        change(&mut self.core.lock().graph.hooks.knobs);
    }

    /// What becomes of the next `times` echoes of the Pages' sends (`u32::MAX`: of all from now on).
    pub fn echoes(&self, times: u32, echo: Echo) {
        self.core.lock().graph.hooks.echoes.arm(times, echo);
    }

    /// Every accepted `sender_action`, oldest first.
    #[must_use]
    pub fn sender_actions(&self) -> Vec<SenderAction> {
        self.core.lock().graph.actions.clone()
    }

    /// Subscribes everything that can be, without a handshake: the short way for tests of something else.
    pub fn subscribe_all(&self, profile: ProfileId, callback_url: &str) {
        let mut state = self.core.lock();
        let every = |object: HookObject| object.fields().iter().map(|&f| f.to_owned()).collect();
        for object in [HookObject::Page, HookObject::Instagram] {
            let subscription = AppSubscription { url: callback_url.to_owned(), fields: every(object) };
            state.graph.hooks.apps.insert(object, subscription);
        }
        state.graph.hooks.subscribe_page(profile, every(HookObject::Page));
    }

    /// Whether the receiver is still told of this account: an hour of failures ends it.
    #[must_use]
    pub fn subscribed(&self, profile: ProfileId, object: HookObject) -> bool {
        let state = self.core.lock();
        let hooks = &state.graph.hooks;
        hooks.apps.contains_key(&object)
            && hooks.pages.contains_key(&profile)
            && !hooks.dropped.contains(&(object, profile))
    }

    /// The alerts that Meta would have shown in the app's dashboard: object, profile, instant.
    #[must_use]
    pub fn webhook_alerts(&self) -> Vec<(HookObject, ProfileId, i64)> {
        self.core.lock().graph.hooks.alerts.clone()
    }

    /// Every attempt to deliver a webhook, oldest first.
    #[must_use]
    pub fn webhooks(&self) -> Vec<GraphWebhook> {
        self.core.lock().graph.hooks.log.iter().cloned().collect()
    }

    /// Keeps webhooks back until [`Graph::release_webhooks`].
    pub fn hold_webhooks(&self) {
        self.core.lock().graph.hooks.knobs.hold = true;
    }

    /// Everything held back leaves, oldest first or newest first.
    pub fn release_webhooks(&self, newest_first: bool) {
        self.core.act(|state, now| state.graph_release(now, newest_first));
    }

    /// The same notification once more, byte for byte.
    pub fn redeliver(&self, sent: &GraphWebhook) {
        self.core.act(|state, now| state.graph_redeliver(now, sent));
    }

    /// Any bytes to the app's address for this object, signed or not; false when there is no address.
    pub fn post_webhook(&self, object: HookObject, body: impl Into<Bytes>, signing: Signing) -> bool {
        let body = body.into();
        self.core.act(|state, now| state.graph_post(now, object, body, signing))
    }

    /// Another app takes the Page's conversations over, or gives them back: events come as `standby`.
    pub fn set_standby(&self, profile: ProfileId, on: bool) {
        let mut state = self.core.lock();
        if on {
            state.graph.hooks.standby.insert(profile);
        } else {
            state.graph.hooks.standby.remove(&profile);
        }
    }

    /// The person taps a button with this title. Gives the message's id.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn postback(&self, chat: &Chat, title: &str, payload: &str) -> Result<String, SimError> {
        self.core.act(|state, now| state.postback(now, chat, title, payload))
    }

    /// The person comes back through a short link.
    pub fn referral(&self, chat: &Chat, reference: &str) {
        let field = match chat.platform {
            Platform::Instagram => "messaging_referral",
            Platform::Facebook | Platform::Twitter => "messaging_referrals",
        };
        let referral = json!({ "referral": { "ref": reference, "source": "SHORTLINK", "type": "OPEN_THREAD" } });
        self.core.act(|state, now| state.graph_event(now, chat, field, referral));
    }

    /// A message of the business has reached the person (Messenger).
    pub fn delivered(&self, chat: &Chat, message: &str) {
        self.core.act(|state, now| state.graph_arrived(now, chat, message));
    }

    /// Any event under any subscribed field: `sender`, `recipient` and `timestamp` are filled in.
    pub fn event(&self, chat: &Chat, field: &'static str, event: Value) {
        self.core.act(|state, now| state.graph_event(now, chat, field, event));
    }
}

//! A [`World`] in which somebody answers customers, and which remembers what was asked for.

use std::{cell::RefCell, ops::Deref, time::Duration};

use backscroll_engine::Limits;
use backscroll_model::*;
use backscroll_simulator::{Chat, LedgerEntry, WorldKind};

use crate::{
    graph::Shop,
    invariants::{self, Intent},
    world::{Sim, World, comes_true},
};

pub struct Desk {
    pub world: World,
    intents: RefCell<Vec<Intent>>,
}

impl Deref for Desk {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Desk {
    /// Connected, read and running; the platforms take answers for a week.
    pub async fn running() -> Self {
        let desk = Self::connected().await;
        desk.inbox().start().await;
        desk.settle().await;
        desk
    }

    /// A Page at Graph: both accounts connected, read and running.
    pub async fn at_graph() -> Self {
        invariants::watch_panics();
        let mut shop = Shop::new(WorldKind::Small).await;
        shop.world.limits = Limits { send: Duration::from_millis(700), ..Limits::default() };
        shop.world.open().await;
        shop.connect().await;
        shop.sync().await;
        let desk = Self { world: shop.world, intents: RefCell::default() };
        desk.inbox().start().await;
        desk.settle().await;
        desk
    }

    /// Connected and read; nothing runs.
    pub async fn connected() -> Self {
        invariants::watch_panics();
        let mut world = World::new(WorldKind::Small).await;
        world.sim.set_knobs(|k| k.facebook_window_ms = 7 * DAY);
        // What hangs is given up before the test hangs.
        world.limits = Limits { send: Duration::from_millis(700), ..Limits::default() };
        world.open().await;
        world.connect_with_x(XHistory::All).await;
        world.sync().await;
        Self { world, intents: RefCell::default() }
    }

    /// At what is running already.
    pub fn of(world: World) -> Self {
        invariants::watch_panics();
        Self { world, intents: RefCell::default() }
    }

    /// Quits and starts again.
    pub async fn restart(&mut self) {
        self.world.open().await;
        self.inbox().start().await;
        self.settle().await;
    }

    /// What the user asks for, and what the engine acknowledged.
    pub async fn send(&self, chat: &Chat, text: &str) -> MessageId {
        let conversation = self.conversation(chat).await.id;
        let message = self.inbox().send_text(conversation, text.to_owned()).await.unwrap();
        assert_eq!(message.text.as_deref(), Some(text));
        self.acknowledged(chat, text, message.id);
        message.id
    }

    /// Takes note of what an engine acknowledged.
    pub fn acknowledged(&self, chat: &Chat, text: &str, message: MessageId) {
        self.intents.borrow_mut().push(Intent {
            message: message.0,
            conversation: chat.conversation.clone(),
            text: text.to_owned(),
            again: 0,
            discarded: false,
        });
    }

    pub async fn decide(&self, id: MessageId, decision: SendDecision) {
        self.inbox().decide(id, decision).await.unwrap();
        self.decided(id, decision);
    }

    /// Takes note of a decision that was taken.
    pub fn decided(&self, id: MessageId, decision: SendDecision) {
        for intent in self.intents.borrow_mut().iter_mut().filter(|i| i.message == id.0) {
            intent.again += usize::from(decision == SendDecision::SendAgain);
            intent.discarded |= decision == SendDecision::Discard;
        }
    }

    pub fn intents(&self) -> Vec<Intent> {
        self.intents.borrow().clone()
    }

    pub async fn progress(&self, id: MessageId) -> SendProgress {
        let found = self.inbox().messages_by_id(vec![id]).await.unwrap().pop();
        found.expect("the message is held").send.expect("it was sent by us")
    }

    pub async fn state(&self, id: MessageId) -> SendState {
        self.progress(id).await.state
    }

    pub async fn reason(&self, id: MessageId) -> Option<SendReason> {
        self.progress(id).await.reason
    }

    pub async fn until_state(&self, id: MessageId, state: SendState) {
        self.until(async |_| self.state(id).await == state).await;
    }

    /// Waits until the simulator has seen so many requests. Its log tells nobody, so this looks again and again.
    pub async fn until_calls(&self, method: &str, path: &str, at_least: usize) {
        comes_true(&format!("{method} {path} came"), async || self.calls(method, path) >= at_least).await;
    }

    pub fn delivered(&self) -> Vec<String> {
        self.sim.delivered().into_iter().filter_map(|e| e.text).collect()
    }

    pub fn delivered_to(&self, chat: &Chat) -> Vec<LedgerEntry> {
        self.sim.delivered().into_iter().filter(|e| e.conversation == chat.conversation).collect()
    }

    /// A customer with an open window on each platform, and a second one on two of them.
    pub fn chats(&self) -> Vec<Chat> {
        [Sim::Facebook, Sim::Instagram]
            .into_iter()
            .flat_map(|platform| self.sim.chats(backscroll_simulator::ProfileId::PRIMARY, platform))
            .collect()
    }

    /// All invariants, whatever is still open.
    pub fn check(&self) {
        invariants::whole(self.data(), &self.sim, &self.intents());
    }

    /// All invariants, and that the history is complete: after a last read in fair weather.
    pub async fn check_all(&self) {
        self.sim.clear_faults();
        self.advance(400).await;
        self.check();
        let db = invariants::snapshot(self.data());
        invariants::history(&db, &self.sim, &[Sim::Facebook, Sim::Instagram, Sim::Twitter]);
    }
}

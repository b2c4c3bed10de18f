//! What tests and the demo hold in their hands: [`Simulator::graph`](crate::Simulator::graph) and its [`Graph`].
//!
//! Everything here is of the reading side; [`super::acts`] has the rest. People and messages are the same ones that
//! [`Simulator`](crate::Simulator) acts on, so a `Chat` of one works with the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::acts::{Inbound, Outbound};
use crate::fault::FaultRule;
use crate::graph::content;
use crate::graph::messages::Thread;
use crate::graph::state::{GraphKnobs, Meter, Page, PersonFlags, Token, TokenKind, TokenState, page_token, user_token};
use crate::graph::tokens::proof_of;
use crate::platform::Platform;
use crate::record::LedgerEntry;
use crate::state::{Chat, Core, SimError, State};
use crate::world::{Conversation, Origin, ProfileId};

/// The Graph view of a running simulator.
#[derive(Clone, Copy, Debug)]
pub struct Graph<'a> {
    pub(super) core: &'a Arc<Core>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(core: &'a Arc<Core>) -> Self {
        Self { core }
    }

    /// `http://127.0.0.1:PORT/graph`, in place of `https://graph.facebook.com`.
    #[must_use]
    pub fn api_base(&self) -> String {
        format!("http://{}/graph", self.core.net.addr)
    }

    /// The Page token of a profile.
    #[must_use]
    pub fn page_token(&self, profile: ProfileId) -> String {
        page_token(self.core.lock().world.seed, profile)
    }

    /// The token of the person who manages all Pages.
    #[must_use]
    pub fn user_token(&self) -> String {
        user_token(self.core.lock().world.seed, 0)
    }

    /// `{app-id}|{app-secret}`.
    #[must_use]
    pub fn app_token(&self) -> String {
        let (id, secret) = self.app();
        format!("{id}|{secret}")
    }

    /// Id and secret of the app. The secret signs webhooks and proofs.
    #[must_use]
    pub fn app(&self) -> (String, String) {
        let state = self.core.lock();
        (state.graph.app.id.clone(), state.graph.app.secret.clone())
    }

    /// The `appsecret_proof` of a token.
    #[must_use]
    pub fn proof(&self, token: &str) -> String {
        proof_of(&self.app().1, token)
    }

    /// The secrets of a Page as `account add` reads them: `{"page_token", "app_secret"}`.
    #[must_use]
    pub fn secrets_json(&self, profile: ProfileId) -> Value {
        json!({ "page_token": self.page_token(profile), "app_secret": self.app().1 })
    }

    /// `{"api_base", "secrets", "user_token", "pages": [{"title", "instagram", "secrets"}]}`, the first Page's secrets first.
    #[must_use]
    pub fn announcement(&self) -> Value {
        let pages: Vec<(ProfileId, bool, String)> = {
            let state = self.core.lock();
            let title = |p: &Page| state.world.account(p.profile, Platform::Facebook).map(|a| a.name.clone());
            state.graph.pages.iter().map(|p| (p.profile, p.instagram, title(p).unwrap_or_default())).collect()
        };
        let pages: Vec<Value> = pages
            .into_iter()
            .map(|(profile, instagram, title)| {
                json!({ "title": title, "instagram": instagram, "secrets": self.secrets_json(profile) })
            })
            .collect();
        json!({
            "api_base": self.api_base(), "secrets": self.secrets_json(ProfileId::PRIMARY),
            "user_token": self.user_token(), "pages": pages,
        })
    }

    /// The Page's id.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn page_id(&self, profile: ProfileId) -> Result<String, SimError> {
        self.account_id(profile, Platform::Facebook)
    }

    /// The IGID of the Instagram account.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn instagram_id(&self, profile: ProfileId) -> Result<String, SimError> {
        self.account_id(profile, Platform::Instagram)
    }

    fn account_id(&self, profile: ProfileId, platform: Platform) -> Result<String, SimError> {
        self.core.lock().world.account(profile, platform).map(|a| a.id.clone()).ok_or(SimError::NoProfile)
    }

    /// Handles on all conversations of a Page or its Instagram account, those that only Graph shows included.
    #[must_use]
    pub fn chats(&self, profile: ProfileId, platform: Platform) -> Vec<Chat> {
        self.core.lock().graph_chats(profile, platform)
    }

    /// The conversation with the person of this name, user name or id, or with this conversation id.
    ///
    /// # Errors
    /// When there is none.
    pub fn chat(&self, profile: ProfileId, platform: Platform, who: &str) -> Result<Chat, SimError> {
        self.core.lock().find_graph_chat(profile, platform, who)
    }

    /// The person writes: text, [`Content`](crate::Content), a quote, nothing at all. Gives the message's id.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn receive(&self, chat: &Chat, message: impl Into<Inbound>) -> Result<String, SimError> {
        self.core.act(|state, now| state.receive(now, chat, message.into()))
    }

    /// Somebody of the business answers in Meta's own inbox, which also opens the conversation there.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn typed_in_inbox(&self, chat: &Chat, message: impl Into<Inbound>) -> Result<String, SimError> {
        self.core.act(|state, now| {
            let label = format!("inbox/{}/{now}/{}", chat.conversation, state.graph.issued);
            let message = content::fill(&mut state.world, &label, message.into());
            let mut new = Outbound::new(message.text, message.rich, Origin::Elsewhere);
            new.reply_to = message.reply_to;
            state.send(now, chat, new)
        })
    }

    /// Somebody opens the conversation in Meta's own inbox: nothing in it is unread there any more.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn open_in_inbox(&self, chat: &Chat) -> Result<(), SimError> {
        self.on_chat(chat, |c, now| c.opened_ms = now)
    }

    /// Moves the conversation to the Requests folder, or out of it.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn set_requests(&self, chat: &Chat, requests: bool) -> Result<(), SimError> {
        self.on_chat(chat, |c, _| c.requests = requests)
    }

    /// Only Graph shows this conversation, Ayrshare does not.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn set_graph_only(&self, chat: &Chat, graph_only: bool) -> Result<(), SimError> {
        self.on_chat(chat, |c, _| c.graph_only = graph_only)
    }

    /// What is special about the person.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn set_flags(&self, chat: &Chat, flags: PersonFlags) -> Result<(), SimError> {
        self.on_chat(chat, |c, _| c.person.flags = flags)
    }

    /// The person takes another name, and user name.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn rename(&self, chat: &Chat, name: Option<&str>, username: Option<&str>) -> Result<(), SimError> {
        self.on_chat(chat, |c, _| {
            c.person.name = name.map(str::to_owned);
            c.person.username = username.map(str::to_owned);
        })
    }

    fn on_chat(&self, chat: &Chat, change: impl FnOnce(&mut Conversation, i64)) -> Result<(), SimError> {
        self.core.act(|state, now| {
            let account = state.world.account_mut(chat.profile, chat.platform).ok_or(SimError::NoProfile)?;
            change(account.conversation_mut(&chat.conversation).ok_or(SimError::NoChat)?, now);
            Ok(())
        })
    }

    /// Every message of the conversation as it truly is, oldest first; `readable`: Graph gives its details now.
    ///
    /// # Errors
    /// When the conversation is gone.
    pub fn truth(&self, chat: &Chat) -> Result<Vec<LedgerEntry>, SimError> {
        let now = self.core.clock.now_ms();
        self.core.lock().graph_truth(chat, now).ok_or(SimError::NoChat)
    }

    /// Another state for a token of the table.
    ///
    /// # Errors
    /// When the table has no such token.
    pub fn set_token_state(&self, token: &str, state: TokenState) -> Result<(), SimError> {
        self.on_token(token, |t| t.state = state)
    }

    /// The permissions of a token.
    ///
    /// # Errors
    /// When the table has no such token.
    pub fn set_scopes(&self, token: &str, scopes: &[&str]) -> Result<(), SimError> {
        self.on_token(token, |t| t.scopes = scopes.iter().map(|&s| s.to_owned()).collect())
    }

    /// When a token ends (`None`: never), and when its access to data does. UTC milliseconds.
    ///
    /// # Errors
    /// When the table has no such token.
    pub fn set_token_ends(&self, token: &str, expires_ms: Option<i64>, data_access_ms: i64) -> Result<(), SimError> {
        self.on_token(token, |t| (t.expires_ms, t.data_access_ms) = (expires_ms, data_access_ms))
    }

    fn on_token(&self, token: &str, change: impl FnOnce(&mut Token)) -> Result<(), SimError> {
        change(self.core.lock().graph.tokens.get_mut(token).ok_or(SimError::NoToken)?);
        Ok(())
    }

    /// One more token of this kind, with every permission.
    #[must_use]
    pub fn add_token(&self, kind: TokenKind, token_state: TokenState) -> String {
        self.core.act(|state, now| {
            let token = Token { state: token_state, ..state.new_token(now, kind) };
            state.mint(token)
        })
    }

    /// The meter of a Page on one platform; its figures stand in every answer.
    pub fn set_usage(&self, profile: ProfileId, platform: Platform, meter: Meter) {
        self.core.lock().graph.meters.insert((profile, platform), meter);
    }

    /// The meter of user and app tokens.
    pub fn set_app_usage(&self, meter: Meter) {
        self.core.lock().graph.app_meter = meter;
    }

    /// Changes what the server does where Meta's behaviour is unconfirmed.
    pub fn set_knobs(&self, change: impl FnOnce(&mut GraphKnobs)) {
        change(&mut self.core.lock().graph.knobs);
    }

    /// Links the profile's Instagram account to its Page, or unlinks it.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn link_instagram(&self, profile: ProfileId, linked: bool) -> Result<(), SimError> {
        self.on_page(profile, |p| p.instagram = linked)
    }

    /// Whether the owner of the Instagram account lets apps read messages (off: 200/2534041).
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn set_instagram_access(&self, profile: ProfileId, on: bool) -> Result<(), SimError> {
        self.on_page(profile, |p| p.instagram_access = on)
    }

    /// What the person behind the token may do on the Page: `MESSAGING`, `MODERATE`, …
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn set_tasks(&self, profile: ProfileId, tasks: &[&'static str]) -> Result<(), SimError> {
        self.on_page(profile, |p| p.tasks = tasks.to_vec())
    }

    fn on_page(&self, profile: ProfileId, change: impl FnOnce(&mut Page)) -> Result<(), SimError> {
        change(self.core.lock().graph.page_mut(profile).ok_or(SimError::NoProfile)?);
        Ok(())
    }

    /// A fault for Graph calls of this method whose path contains `part`: `graph.on("GET", "/conversations")`.
    pub fn on(&self, method: &str, part: &str) -> FaultRule<'a> {
        FaultRule::new(self.core, Some(method), "/graph").within(part)
    }

    /// A fault for files: `graph.on_file(".jpg")`.
    pub fn on_file(&self, part: &str) -> FaultRule<'a> {
        FaultRule::new(self.core, Some("GET"), "/cdn/").within(part)
    }

    /// Graph calls per Page and platform (`None`: those that concern none). Each item of a batch and each id of `?ids=`
    /// counts, refused ones too.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<(ProfileId, Option<Platform>), u64> {
        self.core.lock().graph.calls.clone()
    }

    /// Counts from zero again.
    pub fn clear_calls(&self) {
        self.core.lock().graph.calls.clear();
    }
}

impl State {
    pub(crate) fn graph_chats(&self, profile: ProfileId, platform: Platform) -> Vec<Chat> {
        let all = self.world.account(profile, platform).into_iter().flat_map(|a| &a.conversations);
        let chat =
            |c: &Conversation| Chat { profile, platform, conversation: c.id.clone(), person: c.person.id.clone() };
        all.map(chat).collect()
    }

    pub(crate) fn find_graph_chat(&self, profile: ProfileId, platform: Platform, who: &str) -> Result<Chat, SimError> {
        let chats = self.graph_chats(profile, platform).into_iter();
        chats.into_iter().find(|chat| self.is_meant(chat, who)).ok_or(SimError::NoChat)
    }

    pub(crate) fn graph_truth(&self, chat: &Chat, now: i64) -> Option<Vec<LedgerEntry>> {
        let thread = Thread::of(self, chat.profile, chat)?;
        let knobs = &self.graph.knobs;
        let told = match chat.platform {
            Platform::Instagram => knobs.instagram_details,
            Platform::Facebook | Platform::Twitter => knobs.messenger_details.unwrap_or(usize::MAX),
        };
        let readable: Vec<u64> =
            thread.rows(self, now).into_iter().take(told).filter(|m| !m.unsent).map(|m| m.seq).collect();
        let entry = |m: &crate::world::Message| self.entry(chat, m, readable.contains(&m.seq));
        Some(thread.conversation.messages.iter().map(entry).collect())
    }
}

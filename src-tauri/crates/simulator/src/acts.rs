//! What people and businesses do: write, read, react, edit, take back. The only code that changes conversations.
//!
//! Each act updates the world, the caches and the webhooks together, and plans what follows from it.

use rand::RngExt as _;

use crate::graph::content::{self, Content};
use crate::ids;
use crate::platform::Platform;
use crate::state::{Act, AutoResponse, Chat, SimError, State};
use crate::webhooks::Event;
use crate::world::{
    Account, Attachment, Conversation, Direction, FileRef, Message, NewMessage, Origin, ProfileId, Shelf, replies,
};

/// A message that a person writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbound {
    pub(crate) text: Option<String>,
    /// Kind and address.
    pub(crate) attachments: Vec<(String, String)>,
    pub(crate) at_ms: Option<i64>,
    /// Attachments with what Graph tells of them.
    pub(crate) rich: Vec<Attachment>,
    pub(crate) reply_to: Option<String>,
    pub(crate) unsupported: bool,
    pub(crate) content: Vec<Content>,
}

impl Inbound {
    /// Only text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Only an attachment: its kind (`image`, `video`, …) and address.
    #[must_use]
    pub fn attachment(kind: impl Into<String>, url: impl Into<String>) -> Self {
        Self::default().and(kind, url)
    }

    /// One attachment more.
    #[must_use]
    pub fn and(mut self, kind: impl Into<String>, url: impl Into<String>) -> Self {
        self.attachments.push((kind.into(), url.into()));
        self
    }

    /// Only this content.
    #[must_use]
    pub fn content(content: Content) -> Self {
        Self::default().with(content)
    }

    /// This content more.
    #[must_use]
    pub fn with(mut self, content: Content) -> Self {
        self.content.push(content);
        self
    }

    /// It quotes this message; only Graph tells.
    #[must_use]
    pub fn reply_to(mut self, message: impl Into<String>) -> Self {
        self.reply_to = Some(message.into());
        self
    }

    /// Graph says of it only that it is not supported.
    #[must_use]
    pub fn unsupported(mut self) -> Self {
        self.unsupported = true;
        self
    }

    /// Dated otherwise than now (UTC milliseconds): an echo that comes late, or out of order.
    #[must_use]
    pub fn at(mut self, at_ms: i64) -> Self {
        self.at_ms = Some(at_ms);
        self
    }
}

impl From<&str> for Inbound {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// What the business sends, by whatever way.
pub(crate) struct Outbound {
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    pub origin: Origin,
    pub reply_to: Option<String>,
    pub metadata: Option<String>,
    /// Everything in one message, as Graph takes it.
    pub together: bool,
    /// The attachments in messages of up to ten.
    pub album: bool,
}

impl Outbound {
    pub(crate) fn new(text: Option<String>, attachments: Vec<Attachment>, origin: Origin) -> Self {
        Self { text, attachments, origin, reply_to: None, metadata: None, together: false, album: false }
    }
}

impl State {
    pub(crate) fn account(&self, chat: &Chat) -> Result<&Account, SimError> {
        self.world.account(chat.profile, chat.platform).ok_or(SimError::NoProfile)
    }

    pub(crate) fn conversation(&self, chat: &Chat) -> Result<&Conversation, SimError> {
        self.account(chat)?.conversation(&chat.conversation).ok_or(SimError::NoChat)
    }

    pub(crate) fn conversation_mut(&mut self, chat: &Chat) -> Result<&mut Conversation, SimError> {
        let account = self.world.account_mut(chat.profile, chat.platform).ok_or(SimError::NoProfile)?;
        account.conversation_mut(&chat.conversation).ok_or(SimError::NoChat)
    }

    fn message_mut(&mut self, chat: &Chat, id: &str) -> Result<&mut Message, SimError> {
        self.conversation_mut(chat)?.messages.iter_mut().find(|m| m.id == id).ok_or(SimError::NoMessage)
    }

    /// The person writes. Gives the message's id.
    pub(crate) fn receive(&mut self, now: i64, chat: &Chat, new: Inbound) -> Result<String, SimError> {
        let lag = if chat.platform == Platform::Twitter { self.knobs.x_lag_ms } else { 0 };
        let count = self.conversation(chat)?.messages.len();
        let new = content::fill(&mut self.world, &format!("receive/{}/{count}", chat.conversation), new);
        let mut attachments: Vec<Attachment> =
            new.attachments.into_iter().map(|(kind, url)| Attachment::new(&kind, FileRef::Url(url))).collect();
        attachments.extend(new.rich);
        let message = NewMessage {
            id: None,
            direction: Direction::Received,
            at: new.at_ms.unwrap_or(now),
            text: new.text,
            attachments,
            origin: Origin::Person,
            visible_from: now + lag,
            recorded: true,
            reply_to: new.reply_to,
            unsupported: new.unsupported,
            metadata: None,
        };
        let id =
            self.world.add_message(chat.profile, chat.platform, &chat.conversation, message).ok_or(SimError::NoChat)?;
        if self.knobs.inbound_reactivates {
            self.conversation_mut(chat)?.shelf = Shelf::Active;
        }
        if self.knobs.inbound_drops_cache {
            self.cache.drop_platform(chat.profile, chat.platform);
        }
        self.notify(now, chat, &Event::Created { message: &id });
        self.auto_reply(now, chat)?;
        Ok(id)
    }

    fn auto_reply(&mut self, now: i64, chat: &Chat) -> Result<(), SimError> {
        let Some(auto) = self.auto.get(&chat.profile).filter(|a| a.active) else { return Ok(()) };
        let (wait_ms, text) = (auto.wait_s.saturating_mul(1_000), AutoResponse::text(auto).to_owned());
        let conversation = self.conversation_mut(chat)?;
        if conversation.last_auto_reply.is_some_and(|at| now - at < wait_ms) {
            return Ok(());
        }
        conversation.last_auto_reply = Some(now);
        let reply = Outbound::new(Some(text), Vec::new(), Origin::AutoReply);
        self.send(now, chat, reply).map(drop)
    }

    /// The business writes; gives the id of the first message.
    pub(crate) fn send(&mut self, now: i64, chat: &Chat, new: Outbound) -> Result<String, SimError> {
        self.send_all(now, chat, new)?.into_iter().next().ok_or(SimError::NoMessage)
    }

    /// The business writes. Text and n attachments become n + 1 messages, text first, as Meta carries one item each.
    pub(crate) fn send_all(&mut self, now: i64, chat: &Chat, new: Outbound) -> Result<Vec<String>, SimError> {
        const ALBUM: usize = 10;
        let together = new.together || self.knobs.one_message_per_send || chat.platform == Platform::Twitter;
        let mut items: Vec<(Option<String>, Vec<Attachment>)> = Vec::new();
        if together {
            items.push((new.text, new.attachments));
        } else {
            items.extend(new.text.map(|t| (Some(t), Vec::new())));
            let each = if new.album { ALBUM } else { 1 };
            items.extend(new.attachments.chunks(each).map(|some| (None, some.to_vec())));
        }
        let mut ids = Vec::new();
        let lag = if matches!(new.origin, Origin::Request(_)) { self.knobs.echo_lag_ms } else { 0 };
        for (n, (text, attachments)) in (0_i64..).zip(items) {
            let message = NewMessage {
                id: None,
                direction: Direction::Sent,
                at: now + n,
                text,
                attachments,
                origin: new.origin,
                visible_from: now + lag,
                recorded: true,
                reply_to: new.reply_to.clone(),
                unsupported: false,
                metadata: new.metadata.clone(),
            };
            let id = self
                .world
                .add_message(chat.profile, chat.platform, &chat.conversation, message)
                .ok_or(SimError::NoChat)?;
            self.notify(now, chat, &Event::Created { message: &id });
            ids.push(id);
        }
        let first = ids.first().cloned().ok_or(SimError::NoMessage)?;
        if self.people_answer && new.origin != Origin::AutoReply {
            self.plan_answer(now, chat, &first)?;
        }
        Ok(ids)
    }

    /// A few seconds later the person reads it, often reacts or answers. Fixed by the seed and the conversation.
    fn plan_answer(&mut self, now: i64, chat: &Chat, sent: &str) -> Result<(), SimError> {
        let seed = self.world.seed;
        let conversation = self.conversation_mut(chat)?;
        let mut rng = ids::rng(seed, &format!("answer/{}/{}", chat.conversation, conversation.messages.len()));
        let read_at = now + rng.random_range(1_500..4_500);
        let text =
            conversation.messages.iter().find(|m| m.id == sent).and_then(|m| m.text.as_deref()).unwrap_or_default();
        let answer = replies::answer(conversation.person.language, text, rng.random_range(0..64)).to_owned();
        let first = !conversation.answering;
        conversation.answering = true;
        self.queue.plan(read_at, Act::Read(chat.clone()));
        if rng.random_bool(0.25) && chat.platform != Platform::Twitter {
            self.queue.plan(read_at + 900, Act::React(chat.clone(), sent.to_owned(), "❤️"));
        }
        if first {
            self.queue.plan(read_at + rng.random_range(2_500..9_000), Act::Write(chat.clone(), answer));
        }
        Ok(())
    }

    /// The person has read everything sent up to `at`.
    pub(crate) fn read(&mut self, now: i64, chat: &Chat, at: i64) -> Result<(), SimError> {
        let conversation = self.conversation_mut(chat)?;
        conversation.watermark = conversation.watermark.max(Some(at));
        self.notify(now, chat, &Event::Read { at });
        Ok(())
    }

    /// `emoji: None` takes the reaction back.
    pub(crate) fn react(
        &mut self,
        now: i64,
        chat: &Chat,
        message: &str,
        by: Option<&str>,
        emoji: Option<&str>,
    ) -> Result<(), SimError> {
        let by = by.unwrap_or(&chat.person).to_owned();
        let target = self.message_mut(chat, message)?;
        match emoji {
            Some(emoji) => {
                target.reactions.insert(by.clone(), emoji.to_owned());
            }
            None => {
                target.reactions.remove(&by);
            }
        }
        self.notify(now, chat, &Event::Reaction { message, by: &by, emoji });
        Ok(())
    }

    pub(crate) fn edit(&mut self, now: i64, chat: &Chat, message: &str, text: &str) -> Result<(), SimError> {
        let target = self.message_mut(chat, message)?;
        target.text = Some(text.to_owned());
        target.updated = Some(now);
        self.notify(now, chat, &Event::Edited { message });
        Ok(())
    }

    pub(crate) fn unsend(&mut self, now: i64, chat: &Chat, message: &str) -> Result<(), SimError> {
        self.message_mut(chat, message)?.unsent = true;
        self.notify(now, chat, &Event::Unsent { message });
        Ok(())
    }

    pub(crate) fn shelve(&mut self, chat: &Chat, shelf: Shelf) -> Result<(), SimError> {
        self.conversation_mut(chat)?.shelf = shelf;
        self.cache.drop_platform(chat.profile, chat.platform);
        Ok(())
    }

    /// Runs a planned act. A chat that has vanished meanwhile is no error: its people simply do not write.
    pub(crate) fn perform(&mut self, at: i64, act: Act) {
        let done = match act {
            Act::Read(chat) => self.read(at, &chat, at),
            Act::Write(chat, text) => {
                if let Ok(conversation) = self.conversation_mut(&chat) {
                    conversation.answering = false;
                }
                self.receive(at, &chat, Inbound::text(text)).map(drop)
            }
            Act::React(chat, message, emoji) => self.react(at, &chat, &message, None, Some(emoji)),
            Act::Life(round) => self.life(at, round),
            Act::Deliver(_) | Act::Beat(_) | Act::Graph(_) => Ok(()),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a planned act found nothing to act on");
        }
    }

    /// Somebody writes; the next one follows within two minutes.
    fn life(&mut self, at: i64, round: u64) -> Result<(), SimError> {
        let mut rng = ids::rng(self.world.seed, &format!("life/{round}"));
        self.queue.plan(at + rng.random_range(35_000..120_000), Act::Life(round + 1));
        let chats = self.chats(None, None);
        let Some(chat) = chats.get(rng.random_range(0..chats.len().max(1))) else { return Ok(()) };
        let language = self.conversation(chat)?.person.language;
        self.receive(at, chat, Inbound::text(replies::opening(language, rng.random_range(0..64)))).map(drop)
    }

    /// The conversation with the person of this name, user name or id, or with this conversation id.
    pub(crate) fn find_chat(&self, profile: ProfileId, platform: Platform, who: &str) -> Result<Chat, SimError> {
        self.chats(Some(profile), Some(platform))
            .into_iter()
            .find(|chat| self.is_meant(chat, who))
            .ok_or(SimError::NoChat)
    }

    /// Whether a name, a user name or an id means this conversation.
    pub(crate) fn is_meant(&self, chat: &Chat, who: &str) -> bool {
        chat.person == who
            || chat.conversation == who
            || self
                .conversation(chat)
                .is_ok_and(|c| c.person.name.as_deref() == Some(who) || c.person.username.as_deref() == Some(who))
    }

    /// Handles on the conversations of linked accounts, in a fixed order.
    pub(crate) fn chats(&self, profile: Option<ProfileId>, platform: Option<Platform>) -> Vec<Chat> {
        let mut out = Vec::new();
        for (index, owner) in self.world.profiles.iter().enumerate() {
            let id = ProfileId(index);
            if owner.deleted || profile.is_some_and(|p| p != id) {
                continue;
            }
            for account in owner.accounts.values().filter(|a| a.linked && platform.is_none_or(|p| p == a.platform)) {
                out.extend(account.conversations.iter().filter(|c| !c.graph_only).map(|c| Chat {
                    profile: id,
                    platform: account.platform,
                    conversation: c.id.clone(),
                    person: c.person.id.clone(),
                }));
            }
        }
        out
    }
}

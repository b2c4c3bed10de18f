//! Which messages are announced, as what, and when an announcement goes away again.
//!
//! Promises: a message is announced at most once, across restarts (the store hands each out once, marked in the same
//! transaction, and only then anything is shown); never for a first back-fill or our own messages; never for the thread
//! on screen in a focused window. A burst of one person is one notice, replaced. After an absence of more than five
//! minutes, whatever the reason, there is one summary instead of a heap. What was read or answered elsewhere is closed.
//!
//! Refuses to know how a desktop shows anything. Privacy is applied here, so that no other layer sees more than it may
//! show. The command line announces nothing and leaves the announcements to the desktop.

mod closing;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use backscroll_model::{
    Change, Conversation, ConversationId, DAY, MINUTE, Message, MessageKind, Notice, NoticeAction, NotificationPrivacy,
    Timestamp, text::clean_line, text::preview,
};
use backscroll_store::{self as db, Announcement};

use crate::{
    errors::store_error,
    inner::{Inner, Result},
    live::Live,
    texts::text,
};

pub(crate) use closing::remind;

/// A message that is told later than this is no news but part of a summary; reading a hidden window's accounts takes up
/// to 6 minutes and X comes up to 3 minutes late.
const STALE: i64 = 15 * MINUTE;
/// Longest title and body; desktops cut earlier.
const TITLE_CHARS: usize = 80;
const BODY_CHARS: usize = 200;

/// Remembers what is on the desktop.
pub(crate) struct Announcer {
    demo: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Conversations with a notice on the desktop.
    shown: BTreeSet<ConversationId>,
    /// Conversations with a reminder on the desktop instead, and the end that it names.
    reminded: BTreeMap<ConversationId, Option<Timestamp>>,
    /// What the next summary will say.
    summary: Option<Summary>,
}

impl State {
    /// Whether the notice of a conversation is to be closed; it is forgotten then.
    fn settle(&mut self, row: &Conversation) -> bool {
        let is_read = row.unread == 0 && self.shown.remove(&row.id);
        let is_over = self.reminded.get(&row.id).is_some_and(|until| closing::is_settled(row, *until));
        is_read || (is_over && self.reminded.remove(&row.id).is_some())
    }
}

struct Summary {
    since: Timestamp,
    messages: usize,
    people: BTreeSet<ConversationId>,
}

impl Announcer {
    pub(crate) fn new(demo: bool) -> Self {
        Self { demo, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn title(&self, title: &str) -> String {
        if self.demo { text("notify_demo_title", &[("title", title)]) } else { title.to_owned() }
    }
}

/// Announces what a commit brought, and closes what it settled.
pub(crate) async fn after_apply(inner: &Arc<Inner>, live: &Live, changes: &[Change]) -> Result<()> {
    let touched: Vec<ConversationId> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Conversation { id } => Some(*id),
            Change::Messages { .. }
            | Change::Draft { .. }
            | Change::Account { .. }
            | Change::Counts
            | Change::Settings
            | Change::Webhooks
            | Change::Backups
            | Change::BackfillDone { .. }
            | Change::Resync => None,
        })
        .collect();
    close_settled(inner, &touched).await?;
    let added = changes.iter().any(|change| matches!(change, Change::Messages { added: true, .. }));
    if !added || !inner.is_running() {
        return Ok(());
    }
    tracing::debug!(account = live.id.0, "looking for news");
    let news = inner.store.write_user(|tx| db::take_announcements(tx)).await.map_err(|e| store_error(&e))?;
    if !news.is_empty() {
        announce(inner, news).await?;
    }
    Ok(())
}

/// Closes the notices of conversations that have nothing unread any more, and the reminders of those that are answered.
pub(crate) async fn close_settled(inner: &Inner, touched: &[ConversationId]) -> Result<()> {
    let ids: Vec<ConversationId> = {
        let state = inner.announcer.state();
        let is_told = |id: &ConversationId| state.shown.contains(id) || state.reminded.contains_key(id);
        touched.iter().copied().filter(is_told).collect()
    };
    if ids.is_empty() {
        return Ok(());
    }
    let now = inner.now();
    let rows = inner.read(move |c| db::conversations_by_ids(c, &ids, now)).await?;
    for row in rows {
        if inner.announcer.state().settle(&row) {
            let _ = inner.notices.send(NoticeAction::Close(row.id));
        }
    }
    Ok(())
}

async fn announce(inner: &Arc<Inner>, news: Vec<Announcement>) -> Result<()> {
    let settings = inner.settings();
    if !settings.notifications {
        return Ok(());
    }
    let view = inner.view();
    let in_view = |id| !view.background && view.conversation == Some(id);
    let now = inner.now();
    // The newest message of each conversation speaks for the burst.
    let mut newest: BTreeMap<ConversationId, Vec<Announcement>> = BTreeMap::new();
    for one in news.into_iter().filter(|one| !in_view(one.conversation)) {
        newest.entry(one.conversation).or_default().push(one);
    }
    let conversations: Vec<ConversationId> = newest.keys().copied().collect();
    let messages = newest.values().filter_map(|all| all.last()).map(|one| one.message).collect::<Vec<_>>();
    let (rows, messages, businesses) = inner
        .read(move |c| {
            Ok((
                db::conversations_by_ids(c, &conversations, now)?,
                db::messages_by_ids(c, &messages)?,
                db::businesses(c)?,
            ))
        })
        .await?;
    for row in rows {
        let Some(all) = newest.get(&row.id) else { continue };
        let absent_since = inner.live(row.account).and_then(|live| live.state().absence(now));
        let oldest = all.first().map_or(now, |one| one.at);
        let late = all.last().is_some_and(|one| now.since(one.at) > STALE);
        if absent_since.is_some() || late {
            let mut state = inner.announcer.state();
            let since = absent_since.unwrap_or(oldest);
            let summary = state.summary.get_or_insert_with(|| Summary { since, messages: 0, people: BTreeSet::new() });
            summary.since = summary.since.min(since);
            summary.messages += all.len();
            summary.people.insert(row.id);
            continue;
        }
        let Some(message) = messages.iter().find(|m| m.conversation == row.id) else { continue };
        let business = businesses.iter().find(|b| b.id == row.business).map_or("", |b| b.name.as_str());
        let (title, body) = words(settings.notification_privacy, &row, message, business);
        {
            let mut state = inner.announcer.state();
            state.shown.insert(row.id);
            state.reminded.remove(&row.id);
        }
        inner.show(Notice {
            conversation: Some(row.id),
            message: Some(message.id),
            title: inner.announcer.title(&title),
            body,
        });
    }
    Ok(())
}

/// A round ended: the summary is told once no account is catching up any more.
pub(crate) async fn round_ended(inner: &Inner) {
    if inner.all_live().iter().any(|live| live.state().catching_up) {
        return;
    }
    let Some(summary) = inner.announcer.state().summary.take() else { return };
    let messages = summary.messages.to_string();
    let people = summary.people.len().to_string();
    let since = local_time(summary.since, inner.now());
    let body = text(
        "notify_summary",
        &[
            ("messages", &text("notify_messages", &[("count", &messages), ("shown", &messages)])),
            ("people", &text("notify_people", &[("count", &people), ("shown", &people)])),
            ("since", &since),
        ],
    );
    let title = inner.announcer.title(&text("notify_app", &[]));
    inner.show(Notice { conversation: None, message: None, title, body });
}

fn words(privacy: NotificationPrivacy, row: &Conversation, message: &Message, business: &str) -> (String, String) {
    match privacy {
        NotificationPrivacy::NameAndText => (title(row, business), body(message)),
        NotificationPrivacy::Name => (title(row, business), text("notify_new_message", &[])),
        NotificationPrivacy::Neither => (text("notify_app", &[]), text("notify_new_message", &[])),
    }
}

/// The person and the business.
fn title(row: &Conversation, business: &str) -> String {
    let name = row.name.as_deref().or(row.username.as_deref()).and_then(|name| clean_line(name, TITLE_CHARS));
    let name = name.unwrap_or_else(|| {
        let id = row.participant.as_ref().unwrap_or(&row.remote_id).as_str();
        let tail: String = id.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        text("notify_unknown_person", &[("platform", row.platform.brand()), ("tail", &tail)])
    });
    let business = clean_line(business, TITLE_CHARS).unwrap_or_default();
    text("notify_title", &[("name", &name), ("business", &business)])
}

fn body(message: &Message) -> String {
    if let Some(line) = message.text.as_deref().and_then(|t| preview(t, BODY_CHARS)) {
        return line;
    }
    match message.kind {
        MessageKind::Image => text("notify_kind_image", &[]),
        MessageKind::Video => text("notify_kind_video", &[]),
        MessageKind::Audio => text("notify_kind_audio", &[]),
        MessageKind::File => text("notify_kind_file", &[]),
        MessageKind::Sticker => text("notify_kind_sticker", &[]),
        MessageKind::Share => text("notify_kind_share", &[]),
        MessageKind::StoryReply => text("notify_kind_story_reply", &[]),
        MessageKind::StoryMention => text("notify_kind_story_mention", &[]),
        MessageKind::Reel => text("notify_kind_reel", &[]),
        MessageKind::Product => text("notify_kind_product", &[]),
        MessageKind::Template => text("notify_kind_template", &[]),
        MessageKind::Text | MessageKind::Unsent | MessageKind::Unknown => text("notify_new_message", &[]),
    }
}

/// *Fri 18:10*, or the date when the weekday would be ambiguous. In the user's time zone.
fn local_time(at: Timestamp, now: Timestamp) -> String {
    let Ok(instant) = jiff::Timestamp::from_millisecond(at.0) else { return String::new() };
    let local = instant.to_zoned(jiff::tz::TimeZone::system());
    let format = if now.since(at) < 6 * DAY { "%a %H:%M" } else { "%-d %b %H:%M" };
    local.strftime(format).to_string()
}

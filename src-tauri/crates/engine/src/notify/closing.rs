//! Reminders of reply windows that close on somebody who waits: 4 hours and 1 hour before, if the user wants them.
//!
//! Promises: each is given at most once, restarts and clock steps included (the store hands each out once); several at
//! once are one summary; a reminder goes away once the customer is answered, writes again, or the conversation is done.
//! What is late by an hour is dropped, so a computer that slept does not speak of the past.
//!
//! Refuses to remind while an account has not been read since it was last out of reach: its customers may have been
//! answered elsewhere. Nor of the thread on screen, where the composer counts down.

use std::sync::Arc;

use backscroll_model::{
    AccountId, Conversation, ConversationState, Notice, NotificationPrivacy, ReplyWindow, Timestamp,
};
use backscroll_store::{self as db, Reminder};

use super::{local_time, title};
use crate::{
    errors::store_error,
    inner::{Inner, Result},
    texts::text,
};

/// Gives what fell due.
pub(crate) async fn remind(inner: &Arc<Inner>) -> Result<()> {
    let settings = inner.settings();
    if !settings.notifications || !settings.remind_before_close {
        return Ok(());
    }
    let accounts = up_to_date(inner);
    let looked = accounts.clone();
    let nothing = inner
        .read(move |c| {
            for (account, now) in looked {
                if !db::reminders(c, account, now)?.is_empty() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await?;
    if nothing {
        return Ok(());
    }
    let due = inner.store.write_user(move |tx| db::take_reminders(tx, &accounts)).await.map_err(|e| store_error(&e))?;
    let view = inner.view();
    let due: Vec<Reminder> =
        due.into_iter().filter(|one| view.background || view.conversation != Some(one.conversation)).collect();
    match due.as_slice() {
        [] => {}
        [one] => tell(inner, settings.notification_privacy, *one).await?,
        [first, ..] => {
            let people = due.len().to_string();
            let people = text("notify_people", &[("count", &people), ("shown", &people)]);
            let time = local_time(first.closes_at, inner.now());
            let body = text("notify_closing_many", &[("people", &people), ("time", &time)]);
            let title = inner.announcer.title(&text("notify_app", &[]));
            inner.show(Notice { conversation: None, message: None, title, body });
        }
    }
    Ok(())
}

/// The accounts of which it is known who waits, each with the time by its provider's clock.
fn up_to_date(inner: &Inner) -> Vec<(AccountId, Timestamp)> {
    let now = inner.now();
    let known = |live: &Arc<crate::live::Live>| {
        let state = live.state();
        let connection = state.connection.filter(|_| !state.catching_up)?;
        drop(state);
        Some((live.id, inner.open_link(connection).map_or(now, |link| link.corrected(now))))
    };
    inner.all_live().iter().filter_map(known).collect()
}

async fn tell(inner: &Inner, privacy: NotificationPrivacy, one: Reminder) -> Result<()> {
    let (id, now) = (one.conversation, inner.now());
    let (row, businesses) = inner.read(move |c| Ok((db::conversation(c, id, now)?, db::businesses(c)?))).await?;
    let business = businesses.iter().find(|b| b.id == row.business).map_or("", |b| b.name.as_str());
    let title = match privacy {
        NotificationPrivacy::NameAndText | NotificationPrivacy::Name => title(&row, business),
        NotificationPrivacy::Neither => text("notify_app", &[]),
    };
    {
        // In the place of what was told of its messages, and not to be closed by reading them.
        let mut state = inner.announcer.state();
        state.shown.remove(&id);
        state.reminded.insert(id, row.window.until());
    }
    let body = words(&row, one, now);
    inner.show(Notice { conversation: Some(id), message: None, title: inner.announcer.title(&title), body });
    Ok(())
}

fn words(row: &Conversation, one: Reminder, now: Timestamp) -> String {
    let time = local_time(one.closes_at, now);
    match one.then {
        ReplyWindow::HumanOnly { .. } => text("notify_closing_to_people", &[("time", &time)]),
        _ if one.is_last => text("notify_closing", &[("time", &time)]),
        _ => text("notify_closing_unsure", &[("time", &time), ("platform", row.platform.brand())]),
    }
}

/// Whether what a reminder says of a conversation no longer holds.
pub(super) fn is_settled(row: &Conversation, until: Option<Timestamp>) -> bool {
    row.waiting_since.is_none() || row.window.until() != until || row.state == ConversationState::Done
}

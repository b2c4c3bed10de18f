//! Notifications: show one, close one, hear the click. Nothing else knows how a desktop shows one.
//!
//! Promises: one notification per conversation, a newer one replaces it; a click opens the conversation at the message
//! in the running window. What it says is decided by the engine, privacy included.
//!
//! The plugin always asks the desktop for a new notification, so replacing is showing and then closing the one before.
//! Closing works on Linux alone; elsewhere the old one stays in the centre until the user clears it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use backscroll_model::{ConversationId, Notice, NoticeAction};
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{commands::start::OpenAt, window};

/// The name under which the click finds its way back.
const OPENS: &str = "opens";

/// Numbers of what is on screen, as the plugin knows them.
#[derive(Default)]
struct Shown(Mutex<Numbers>);

#[derive(Default)]
struct Numbers {
    last: i32,
    of: BTreeMap<Option<ConversationId>, i32>,
}

impl Shown {
    /// A fresh number for this conversation's notification, and the one it replaces.
    fn take(&self, conversation: Option<ConversationId>) -> (i32, Option<i32>) {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.last = numbers.last.checked_add(1).unwrap_or(1);
        let number = numbers.last;
        (number, numbers.of.insert(conversation, number))
    }

    fn forget(&self, conversation: ConversationId) -> Option<i32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).of.remove(&Some(conversation))
    }
}

/// Hears clicks from now on. Before the first notification: one that is shown earlier reports none.
pub fn listen(app: &AppHandle) -> tauri_plugin_notification::Result<()> {
    app.manage(Shown::default());
    let handle = app.clone();
    app.notification().on_action(move |click| {
        let opens = click.notification().and_then(|n| n.extra().get(OPENS).cloned());
        let at = opens.and_then(|value| serde_json::from_value(value).ok());
        window::open_at(&handle, at.unwrap_or(OpenAt { conversation: None, message: None }));
    })
}

/// Shows and closes what the engine says, until it is gone.
pub async fn follow(app: AppHandle, mut notices: Receiver<NoticeAction>) {
    loop {
        let action = match notices.recv().await {
            Ok(action) => action,
            // Each one lost was followed by newer ones; the list shows what is unread.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let app = app.clone();
        // The plugin waits for the bus.
        let done = tauri::async_runtime::spawn_blocking(move || match action {
            NoticeAction::Show(notice) => show(&app, &notice),
            NoticeAction::Close(conversation) => close(&app, conversation),
        });
        match done.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a notification cannot be shown"),
            Err(error) => tracing::warn!(%error, "a notification was interrupted"),
        }
    }
}

/// Shows it in the place of an earlier one of the same conversation.
pub fn show(app: &AppHandle, notice: &Notice) -> tauri_plugin_notification::Result<()> {
    let (number, replaced) = app.state::<Shown>().take(notice.conversation);
    app.notification()
        .builder()
        .id(number)
        .title(&notice.title)
        .body(as_body(&notice.body))
        .extra(OPENS, OpenAt { conversation: notice.conversation, message: notice.message })
        .show()?;
    replaced.map_or(Ok(()), |old| app.notification().remove_active(vec![old]))
}

/// Closes the one of this conversation, if it is still there.
pub fn close(app: &AppHandle, conversation: ConversationId) -> tauri_plugin_notification::Result<()> {
    let shown = app.state::<Shown>().forget(conversation);
    shown.map_or(Ok(()), |number| app.notification().remove_active(vec![number]))
}

/// Desktops of the freedesktop kind read markup in the body (never in the title).
fn as_body(text: &str) -> String {
    if cfg!(target_os = "linux") {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_notification_takes_the_place_of_its_conversations_last_one() {
        let shown = Shown::default();
        let (ines, ada) = (Some(ConversationId(1)), Some(ConversationId(2)));
        assert_eq!(shown.take(ines), (1, None));
        assert_eq!(shown.take(ada), (2, None));
        assert_eq!(shown.take(ines), (3, Some(1)));
        assert_eq!(shown.forget(ConversationId(1)), Some(3));
        assert_eq!(shown.forget(ConversationId(1)), None);
        assert_eq!(shown.take(None), (4, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_body_cannot_be_markup() {
        assert_eq!(as_body("<b>1 & 2</b>"), "&lt;b&gt;1 &amp; 2&lt;/b&gt;");
    }
}

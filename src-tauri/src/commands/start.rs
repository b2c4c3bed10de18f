//! The first two calls of the page.

use backscroll_engine::SecretsPlace;
use backscroll_model::*;
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{State, ipc::Channel};
use tauri_specta::Event;

use super::Result;
use crate::shell::Shell;

/// Everything that the first screen needs, in one answer. It was read while the web view was starting.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
pub struct Boot {
    /// All accounts, in the order of the rail.
    pub accounts: Vec<Account>,
    /// All shops.
    pub businesses: Vec<Business>,
    /// All connections.
    pub connections: Vec<Connection>,
    /// The first 50 open conversations, newest first.
    pub conversations: ConversationPage,
    /// The counters.
    pub counts: Counts,
    /// The settings.
    pub settings: Settings,
    /// Where secrets rest.
    pub secrets_place: SecretsPlace,
    /// Another history is in the place of the former one: said until it has been read.
    pub restored: Option<Restored>,
    /// The data folder of the demo.
    pub demo: bool,
    /// The user left the demo to connect an account: open that page.
    pub connect: bool,
    /// The version of the program.
    pub version: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// A notification was clicked before the page could listen: open this.
    pub open_at: Option<OpenAt>,
    /// The desktop has a place for a tray icon.
    pub tray: bool,
}

/// Event `open`: a notification was clicked; show this conversation, at this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "open")]
pub struct OpenAt {
    /// Which conversation; `null`: a summary was clicked, show the list.
    pub conversation: Option<ConversationId>,
    /// Which message.
    pub message: Option<MessageId>,
}

/// Event `close_requested`: the user closed the window and has not said yet what that means. The page asks, saves the
/// answer in the settings, and calls `hide_window` or `quit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, Event)]
#[tauri_specta(event_name = "close_requested")]
pub struct CloseRequested {
    /// Whether the desktop has a tray: without one the question is *Keep running* or *Quit*, and each time.
    pub tray: bool,
}

/// The first call of the page. Fails with the reason when the data folder cannot be opened: the page then shows that
/// one sentence and nothing else.
#[tauri::command]
#[specta::specta]
pub async fn boot(shell: State<'_, Shell>) -> Result<Boot> {
    shell.boot().await
}

/// From now on all changes, several in one message. What was committed between the answer of `boot` and this call
/// comes first. Listen to the events `open` and `close_requested` before calling it. A second call ends the first.
#[tauri::command]
#[specta::specta]
pub async fn subscribe(shell: State<'_, Shell>, channel: Channel<Vec<Change>>) -> Result<()> {
    shell.subscribe(move |changes| channel.send(changes).is_ok()).await
}

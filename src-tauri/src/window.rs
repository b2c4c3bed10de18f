//! The one window. Closing it keeps the application running unless the user chose otherwise; the page in it can go
//! nowhere, open nothing and download nothing.

use backscroll_engine::text;
use backscroll_model::{OnClose, Theme};
use tauri::{
    AppHandle, DragDropEvent, Emitter as _, Manager as _, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window,
    WindowEvent, Wry, plugin::TauriPlugin, webview::NewWindowResponse, window::Color,
};
use tauri_plugin_window_state::StateFlags;
use tauri_specta::Event as _;

use crate::{
    app,
    commands::start::{CloseRequested, OpenAt},
    shell::Shell,
    tray,
};

/// Its label: the one that `capabilities/main.json` names.
pub const LABEL: &str = "main";
/// CSS pixels. 360 wide is the narrowest telephone, which one column still serves (`ux.md`, layout).
const SMALLEST: (f64, f64) = (360.0, 480.0);
const FIRST: (f64, f64) = (1280.0, 800.0);
/// `--bg-app` of the two themes (`ui/src/styles/tokens.css`), before the page paints it.
const LIGHT: Color = Color(0xf4, 0xf2, 0xf7, 0xff);
const DARK: Color = Color(0x12, 0x10, 0x16, 0xff);

/// Size, place and maximised state survive a restart; whether it was visible does not.
pub fn remembered() -> TauriPlugin<Wry> {
    tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .build()
}

/// Makes it, hidden, in the background colour of the theme.
pub fn create(app: &AppHandle, theme: Theme) -> tauri::Result<WebviewWindow> {
    let chosen = native(theme);
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title(title(app, 0))
        .inner_size(FIRST.0, FIRST.1)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .theme(chosen)
        .background_color(background(chosen.unwrap_or(tauri::Theme::Light)))
        .visible(false)
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()?;
    if chosen.is_none() {
        // Only a window knows what the desktop prefers.
        window.set_background_color(Some(background(window.theme()?)))?;
    }
    Ok(window)
}

/// Whether the page may go there: only to itself. `tauri://localhost`, on Windows `http://tauri.localhost`; in
/// development the server of `npm run dev`.
fn is_own_page(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" if cfg!(windows) => url.host_str() == Some("tauri.localhost"),
        "http" if cfg!(not(feature = "custom-protocol")) => {
            url.host_str() == Some("127.0.0.1") && url.port() == Some(5173)
        }
        _ => false,
    }
}

/// In front of the user, wherever it was.
pub fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let raised = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::warn!(%error, "the window cannot be raised");
    }
}

/// Out of sight.
pub fn hide(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window cannot be hidden");
    }
    set_background(app, true);
}

/// In front of the user, at this message. If the page does not listen yet, its first call tells it.
pub fn open_at(app: &AppHandle, at: OpenAt) {
    show(app);
    if app.state::<Shell>().heard_or_kept(at)
        && let Err(error) = app.emit(OpenAt::NAME, at)
    {
        tracing::warn!(%error, "the page does not hear");
    }
}

/// How many conversations have unread messages, where task lists show it.
pub fn set_unread(app: &AppHandle, unread: u32) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let count = (unread > 0).then(|| i64::from(unread));
    let shown = window.set_title(&title(app, unread)).and_then(|()| window.set_badge_count(count));
    if let Err(error) = shown {
        tracing::debug!(%error, "the title cannot be changed");
    }
}

/// The colours of the frame and of the page's `prefers-color-scheme`.
pub fn set_theme(app: &AppHandle, theme: Theme) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    let changed = window
        .set_theme(native(theme))
        .and_then(|()| window.theme())
        .and_then(|now| window.set_background_color(Some(background(now))));
    if let Err(error) = changed {
        tracing::debug!(%error, "the theme cannot be changed");
    }
}

/// What the window tells.
pub fn on_event(window: &Window, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            // The answer takes a look at the settings; nothing is lost by looking first.
            api.prevent_close();
            tauri::async_runtime::spawn(close_requested(window.app_handle().clone()));
        }
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
            window.app_handle().state::<Shell>().keep_dropped(paths.clone());
        }
        WindowEvent::Focused(focused) => set_background(window.app_handle(), !focused),
        _ => {}
    }
}

async fn close_requested(app: AppHandle) {
    let shell = app.state::<Shell>();
    // Nothing runs that could be kept running.
    let Some(inbox) = shell.inbox_now() else { return app::quit(&app) };
    let chosen = inbox.settings().await.map(|s| s.on_close).unwrap_or(OnClose::Quit);
    // Asked anew each time: trays come and go with the shell of the desktop.
    let tray = tauri::async_runtime::spawn_blocking(tray::has_host).await.unwrap_or(false);
    match chosen {
        OnClose::Quit => app::quit(&app),
        OnClose::Tray if tray => hide(&app),
        OnClose::Tray | OnClose::Ask => {
            if !shell.is_heard() {
                // A page that never came up cannot ask.
                return app::quit(&app);
            }
            if let Err(error) = app.emit(CloseRequested::NAME, CloseRequested { tray }) {
                tracing::warn!(%error, "the page does not hear");
            }
        }
    }
}

fn set_background(app: &AppHandle, background: bool) {
    if let Some(inbox) = app.state::<Shell>().inbox_now() {
        inbox.set_background(background);
    }
}

fn title(app: &AppHandle, unread: u32) -> String {
    let title = match unread {
        0 => text("window_title", &[]),
        _ => text("window_title_unread", &[("count", &unread.to_string())]),
    };
    if app.state::<Shell>().facts().demo { text("notify_demo_title", &[("title", &title)]) } else { title }
}

fn native(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

fn background(theme: tauri::Theme) -> Color {
    if theme == tauri::Theme::Dark { DARK } else { LIGHT }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_page_can_go_nowhere() {
        assert!(is_own_page(&"tauri://localhost/index.html".parse().unwrap()));
        for elsewhere in [
            "https://example.com/",
            "http://127.0.0.1:8080/",
            "http://tauri.localhost.example.com/",
            "tauri://example.com/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
            "media://localhost/a/1",
        ] {
            assert!(!is_own_page(&elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }
}

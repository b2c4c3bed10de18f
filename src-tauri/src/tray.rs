//! The tray icon: a dot when something is unread, and a menu that begins with the count, because on Linux a tray icon
//! has neither a tooltip nor a click of its own.
//!
//! A desktop without a tray is no error: the icon is made all the same (a tray may appear later), and who asks
//! [`has_host`] knows that the user cannot see it.

use backscroll_engine::text;
use tauri::{
    AppHandle, Manager as _, Wry,
    image::Image,
    menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem},
    tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent},
};

use crate::{app, shell::Shell, window};

const PLAIN: &[u8] = include_bytes!("../../icons/tray.png");
const UNREAD: &[u8] = include_bytes!("../../icons/tray-unread.png");

const OPEN: &str = "tray_open";
const SYNC: &str = "tray_sync_now";
const QUIT: &str = "tray_quit";
const COUNT: &str = "tray_unread";
const NOTHING: &str = "tray_nothing_unread";

/// What changes with the count.
struct Tray {
    icon: TrayIcon,
    count: MenuItem<Wry>,
}

/// Makes it.
pub fn create(app: &AppHandle) -> tauri::Result<()> {
    let item = |key: &str| MenuItem::with_id(app, key, text(key, &[]), true, None::<&str>);
    let count = MenuItem::with_id(app, COUNT, unread_text(0), false, None::<&str>)?;
    let separator = PredefinedMenuItem::separator(app)?;
    let menu = Menu::with_items(app, &[&count, &separator, &item(OPEN)?, &item(SYNC)?, &item(QUIT)?])?;
    let builder = TrayIconBuilder::with_id("main")
        .icon(Image::from_bytes(PLAIN)?)
        .tooltip(text("window_title", &[]))
        .menu(&menu)
        .show_menu_on_left_click(false)
        .on_menu_event(on_menu)
        .on_tray_icon_event(on_click);
    // The library behind it is loaded at run time, and its absence is a panic.
    let icon = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| builder.build(app)))
        .unwrap_or_else(|_| Err(tauri::Error::AssetNotFound("libayatana-appindicator3".to_owned())))?;
    app.manage(Tray { icon, count });
    Ok(())
}

/// Shows how many conversations have unread messages.
pub fn set_unread(app: &AppHandle, unread: u32) {
    let Some(tray) = app.try_state::<Tray>() else { return };
    let picture = if unread == 0 { PLAIN } else { UNREAD };
    let shown = Image::from_bytes(picture)
        .and_then(|picture| tray.icon.set_icon(Some(picture)))
        .and_then(|()| tray.count.set_text(unread_text(unread)));
    if let Err(error) = shown {
        tracing::debug!(%error, "the tray icon cannot be changed");
    }
}

fn unread_text(unread: u32) -> String {
    let count = unread.to_string();
    if unread == 0 { text(NOTHING, &[]) } else { text(COUNT, &[("count", &count), ("shown", &count)]) }
}

fn on_menu(app: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        OPEN => window::show(app),
        SYNC => {
            if let Some(inbox) = app.state::<Shell>().inbox_now() {
                inbox.sync_soon();
            }
        }
        QUIT => app::quit(app),
        _ => {}
    }
}

/// Windows and macOS report clicks.
fn on_click(tray: &TrayIcon, event: TrayIconEvent) {
    if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
        window::show(tray.app_handle());
    }
}

/// Whether the desktop has a place for the icon.
#[cfg(target_os = "linux")]
pub fn has_host() -> bool {
    use std::{sync::mpsc, time::Duration};

    /// A bus that does not answer at once is not waited for: the window is more important.
    const PATIENCE: Duration = Duration::from_millis(300);
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";

    fn ask() -> zbus::Result<bool> {
        let bus = zbus::blocking::Connection::session()?;
        // Without its cache of properties, which complains aloud when there is no watcher.
        let watcher = zbus::blocking::proxy::Builder::<zbus::blocking::Proxy<'_>>::new(&bus)
            .destination(WATCHER)?
            .path("/StatusNotifierWatcher")?
            .interface(WATCHER)?
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()?;
        watcher.get_property("IsStatusNotifierHostRegistered")
    }

    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        // No bus, no watcher: no tray.
        answer.send(ask().unwrap_or(false)).ok();
    });
    answered.recv_timeout(PATIENCE).unwrap_or(false)
}

/// Both have always had one.
#[cfg(not(target_os = "linux"))]
pub fn has_host() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_tray_is_in_the_language_file() {
        for key in [OPEN, SYNC, QUIT, NOTHING] {
            assert_ne!(text(key, &[]), key);
        }
        let (one, seven) = (unread_text(1), unread_text(7));
        assert!(one.contains('1') && seven.contains('7') && one.replace('1', "7") != seven, "{one} / {seven}");
    }
}

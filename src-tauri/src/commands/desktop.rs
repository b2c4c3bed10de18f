//! What the page asks of the desktop around it.

use backscroll_model::{ErrorCode, text::clean_line};
use tauri::State;
use url::Url;

use super::Result;
use crate::{
    check,
    shell::{Restart, Shell, Wish},
};

/// The longest address that is opened, in bytes.
const ADDRESS: usize = 2_048;

/// Opens a link in the user's browser or mail program: http, https and mailto only. Call it from a click that showed
/// the true host.
#[tauri::command]
#[specta::specta]
pub async fn open_link(shell: State<'_, Shell>, url: String) -> Result<()> {
    shell.wish(Wish::OpenLink(allowed_link(&url)?));
    Ok(())
}

/// Restarts on the data folder of the demo.
#[tauri::command]
#[specta::specta]
pub async fn enter_demo(shell: State<'_, Shell>) -> Result<()> {
    shell.wish(Wish::Restart(Restart::IntoDemo));
    Ok(())
}

/// Restarts on the user's own data folder; with `connect` the connect page opens (`Boot.connect`).
#[tauri::command]
#[specta::specta]
pub async fn leave_demo(shell: State<'_, Shell>, connect: bool) -> Result<()> {
    shell.wish(Wish::Restart(Restart::OutOfDemo { connect }));
    Ok(())
}

/// Ends the program.
#[tauri::command]
#[specta::specta]
pub async fn quit(shell: State<'_, Shell>) -> Result<()> {
    shell.wish(Wish::Quit);
    Ok(())
}

/// Hides the window; the program goes on in the tray, or without one until it is started again.
#[tauri::command]
#[specta::specta]
pub async fn hide_window(shell: State<'_, Shell>) -> Result<()> {
    shell.wish(Wish::Hide);
    Ok(())
}

/// The window is hidden or out of focus (slower reading), or back. The shell says so by itself when the window says
/// so; a page in a browser has only this.
#[tauri::command]
#[specta::specta]
pub async fn set_background(shell: State<'_, Shell>, background: bool) -> Result<()> {
    shell.inbox().await?.set_background(background);
    Ok(())
}

/// An error of the page itself, for standard error. No content of messages.
#[tauri::command]
#[specta::specta]
pub async fn log_problem(message: String) -> Result<()> {
    tracing::warn!(problem = clean_line(&message, check::LINE).unwrap_or_default(), "the page reports a problem");
    Ok(())
}

fn allowed_link(raw: &str) -> Result<Url> {
    let refuse = || check::refused(ErrorCode::BadInput, "url");
    if raw.len() > ADDRESS {
        return Err(refuse());
    }
    let url = Url::parse(raw).map_err(|_| refuse())?;
    match url.scheme() {
        // An address with a user in it pretends to be another host.
        "http" | "https" if url.host().is_some() && url.username().is_empty() && url.password().is_none() => Ok(url),
        "mailto" => Ok(url),
        _ => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::allowed_link;

    #[test]
    fn only_web_and_mail_addresses_are_opened() {
        for good in
            ["https://example.com/a?b#c", "http://example.com", "mailto:ines@example.com", "HTTPS://EXAMPLE.COM"]
        {
            assert!(allowed_link(good).is_ok(), "{good}");
        }
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.com",
            "smb://host/share",
            "x-apple.systempreferences:",
            "https://",
            "https://bank.example@evil.example/",
            "//example.com",
            "example.com",
            "",
            "-n",
        ] {
            assert!(allowed_link(bad).is_err(), "{bad}");
        }
        assert!(allowed_link(&format!("https://example.com/{}", "a".repeat(super::ADDRESS))).is_err());
    }
}

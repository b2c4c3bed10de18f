//! What another program copied, for the paste that the page cannot see.
//!
//! WebKitGTK tells a page of a copied picture nothing at all, and of copied files only that there are some. The web
//! views of macOS and Windows hand both over, so only Linux is asked here; elsewhere, and in tests, there is nothing.
//!
//! Promises: a picture arrives as the bytes that the other program offers. They are not decoded here, whatever they
//! claim to be: that is the pre-flight's, in its own process. Nobody waits longer than [`PATIENCE`] for a program that
//! does not answer, and what is too large is not kept.
//!
//! Refuses: text. The page gets that from the web view, and only after the user's own paste.

use std::path::PathBuf;

use backscroll_model::UserError;
use futures_util::future::BoxFuture;

/// The most that a picture may have, in bytes: what may be pasted through the page too.
pub const LARGEST: usize = 60_000_000;

/// What was copied, as far as it can be attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// Neither files nor a picture.
    Nothing,
    /// Files of this computer.
    Files(Vec<PathBuf>),
    /// An encoded picture: its file name and its bytes.
    Picture(&'static str, Vec<u8>),
}

/// Asks the desktop what was copied last.
pub type Reader = Box<dyn Fn() -> BoxFuture<'static, Result<Copied, UserError>> + Send + Sync>;

/// A desktop on which nothing was copied.
pub fn nothing() -> Reader {
    Box::new(|| Box::pin(std::future::ready(Ok(Copied::Nothing))))
}

#[cfg(not(target_os = "linux"))]
/// See the module.
pub fn of(_: tauri::AppHandle) -> Reader {
    nothing()
}

#[cfg(target_os = "linux")]
pub use self::gtk_clipboard::of;

#[cfg(target_os = "linux")]
mod gtk_clipboard {
    use std::time::Duration;

    use backscroll_model::ErrorCode;
    use gtk::{
        SelectionData,
        gdk::{Atom, SELECTION_CLIPBOARD},
    };
    use tauri::AppHandle;
    use tokio::{sync::oneshot, time::timeout};
    use url::Url;

    use super::{Copied, LARGEST, PathBuf, Reader, UserError};
    use crate::check;

    /// How long the program that copied may take to hand it over.
    const PATIENCE: Duration = Duration::from_secs(10);
    /// Files are told one address a line.
    const FILES: &str = "text/uri-list";
    /// The most bytes of addresses: thousands of files, of which a draft takes a few.
    const ADDRESSES: usize = 1_000_000;
    /// What pictures are asked for as, in this order, and the names that other web views give them. What offers BMP or
    /// TIFF offers PNG too.
    const PICTURES: [(&str, &str); 4] = [
        ("image/png", "image.png"),
        ("image/jpeg", "image.jpg"),
        ("image/webp", "image.webp"),
        ("image/gif", "image.gif"),
    ];

    /// See the module.
    pub fn of(app: AppHandle) -> Reader {
        Box::new(move || {
            let app = app.clone();
            Box::pin(async move { timeout(PATIENCE, read(&app)).await.unwrap_or(Ok(Copied::Nothing)) })
        })
    }

    async fn read(app: &AppHandle) -> Result<Copied, UserError> {
        let kinds = kinds(app).await;
        if kinds.iter().any(|kind| kind == FILES) {
            let addresses = contents(app, FILES, ADDRESSES).await?;
            let files = files(&String::from_utf8_lossy(&addresses));
            if !files.is_empty() {
                return Ok(Copied::Files(files));
            }
        }
        for (kind, name) in PICTURES.into_iter().filter(|(kind, _)| kinds.iter().any(|offered| offered == kind)) {
            let bytes = contents(app, kind, LARGEST).await?;
            if !bytes.is_empty() {
                return Ok(Copied::Picture(name, bytes));
            }
        }
        Ok(Copied::Nothing)
    }

    /// What it is offered as. Some programs (xclip) answer their text to whoever asks for a picture.
    async fn kinds(app: &AppHandle) -> Vec<String> {
        let list = |data: &SelectionData| data.targets().unwrap_or_default().into_iter().map(|kind| kind.name().into());
        ask(app, "TARGETS", move |data| list(data).collect()).await.unwrap_or_default()
    }

    /// What was copied, as this kind; empty if that is refused.
    async fn contents(app: &AppHandle, kind: &'static str, most: usize) -> Result<Vec<u8>, UserError> {
        let taken = move |data: &SelectionData| match usize::try_from(data.length()) {
            Ok(length) if length > most => Err(check::refused(ErrorCode::BadFile, "too many bytes")),
            Ok(1..) => Ok(data.data()),
            // Negative: refused.
            _ => Ok(Vec::new()),
        };
        ask(app, kind, taken).await.unwrap_or_else(|| Ok(Vec::new()))
    }

    /// GTK has one thread; the answer is a later event of its loop, so that it never waits for another program.
    async fn ask<T: Send + 'static>(
        app: &AppHandle,
        kind: &'static str,
        take: impl FnOnce(&SelectionData) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let asked = app.run_on_main_thread(move || {
            gtk::Clipboard::get(&SELECTION_CLIPBOARD).request_contents(&Atom::intern(kind), move |_, data| {
                // Whoever asked may have lost patience.
                answer.send(take(data)).ok();
            });
        });
        if let Err(error) = asked {
            tracing::debug!(%error, "the clipboard cannot be asked");
        }
        answered.await.ok()
    }

    /// The files of this computer among the addresses of a list (RFC 2483: `#` begins a comment).
    fn files(list: &str) -> Vec<PathBuf> {
        let addresses = list.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let local = addresses.filter_map(|line| Url::parse(line).ok()).filter(|url| url.scheme() == "file");
        local.filter_map(|url| url.to_file_path().ok()).collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn copied_files_are_those_of_this_computer() {
            let list = "# from a file manager\r\nfile:///home/ada/caf%C3%A9%20menu.png\r\nhttps://example.com/a.png\r\n\
                        file://elsewhere/share/b.png\r\nfile://localhost/c.png\r\nno address\r\n\r\n";
            assert_eq!(files(list), [PathBuf::from("/home/ada/café menu.png"), PathBuf::from("/c.png")]);
            assert!(files("\0").is_empty());
        }
    }
}

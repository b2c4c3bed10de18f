//! The desktop's own dialog for choosing files.
//!
//! Promises: what is chosen stays here, as paths; the page hears only of the rows that they become, so it can name no
//! file of this computer. Files of any size are read from where they lie.
//!
//! Refuses: a second dialog beside the first ([`Shell::picked`](crate::shell::Shell::picked)); remembering folders, which
//! the desktop does. In tests nothing is ever chosen.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

/// Lets the user choose files; none: the dialog was closed.
pub type Picker = Box<dyn Fn() -> BoxFuture<'static, Vec<PathBuf>> + Send + Sync>;

/// A desktop without such a dialog.
pub fn nothing() -> Picker {
    Box::new(|| Box::pin(std::future::ready(Vec::new())))
}

/// See the module.
pub fn of(app: tauri::AppHandle) -> Picker {
    Box::new(move || Box::pin(pick(app.clone())))
}

/// GTK's dialog, not the one of the `rfd` crate: that one has no parent on Linux, and runs a second thread of GTK.
#[cfg(target_os = "linux")]
async fn pick(app: tauri::AppHandle) -> Vec<PathBuf> {
    use gtk::{
        FileChooserAction, FileChooserNative, ResponseType,
        prelude::{FileChooserExt as _, FileChooserExtManual as _, NativeDialogExt as _, NativeDialogExtManual as _},
    };
    use tauri::Manager as _;

    let (answer, answered) = tokio::sync::oneshot::channel();
    let asked = app.clone().run_on_main_thread(move || {
        let window = app.get_webview_window(crate::window::LABEL).and_then(|window| window.gtk_window().ok());
        let title = backscroll_engine::text("attach", &[]);
        let dialog = FileChooserNative::new(Some(&title), window.as_ref(), FileChooserAction::Open, None, None);
        dialog.set_modal(true);
        dialog.set_select_multiple(true);
        // Network folders that are not mounted as files have no path.
        dialog.set_local_only(true);
        gtk::glib::MainContext::default().spawn_local(async move {
            let chosen = dialog.run_future().await;
            let paths = if chosen == ResponseType::Accept { dialog.filenames() } else { Vec::new() };
            dialog.destroy();
            // The page may have been loaded anew meanwhile.
            answer.send(paths).ok();
        });
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the dialog for files cannot be opened");
    }
    answered.await.unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
async fn pick(app: tauri::AppHandle) -> Vec<PathBuf> {
    use tauri::Manager as _;

    let (answer, answered) = tokio::sync::oneshot::channel();
    // macOS makes dialogs on its main thread only.
    let asked = app.clone().run_on_main_thread(move || {
        let mut dialog = rfd::AsyncFileDialog::new().set_title(backscroll_engine::text("attach", &[]));
        if let Some(window) = app.get_webview_window(crate::window::LABEL) {
            dialog = dialog.set_parent(&window);
        }
        let chosen = dialog.pick_files();
        tauri::async_runtime::spawn(async move {
            let files = chosen.await.unwrap_or_default();
            answer.send(files.iter().map(|file| file.path().to_owned()).collect()).ok();
        });
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the dialog for files cannot be opened");
    }
    answered.await.unwrap_or_default()
}

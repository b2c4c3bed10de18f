//! The desktop's own dialog for choosing files.
//!
//! Promises: what is chosen stays here, as paths; the page hears only of the rows that they become, so it can name no
//! file of this computer. Files of any size are read from where they lie.
//!
//! Refuses: a second dialog beside the first ([`Shell::picked`](crate::shell::Shell::picked)); remembering folders, which
//! the desktop does. In tests nothing is ever chosen.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Files to attach.
    Attachments,
    /// The folder for backups.
    BackupFolder,
    /// A backup to restore.
    Backup,
}

impl Wanted {
    fn title(self) -> String {
        let key = match self {
            Self::Attachments => "attach",
            Self::BackupFolder => "backup_choose_folder",
            Self::Backup => "backup_choose_file",
        };
        backscroll_engine::text(key, &[])
    }
}

/// Lets the user choose files, or one folder; none: the dialog was closed.
pub type Picker = Box<dyn Fn(Wanted) -> BoxFuture<'static, Vec<PathBuf>> + Send + Sync>;

/// A desktop without such a dialog.
pub fn nothing() -> Picker {
    Box::new(|_| Box::pin(std::future::ready(Vec::new())))
}

/// See the module.
pub fn of(app: tauri::AppHandle) -> Picker {
    Box::new(move |wanted| Box::pin(pick(app.clone(), wanted)))
}

/// GTK's dialog, not the one of the `rfd` crate: that one has no parent on Linux, and runs a second thread of GTK.
#[cfg(target_os = "linux")]
async fn pick(app: tauri::AppHandle, wanted: Wanted) -> Vec<PathBuf> {
    use gtk::{
        FileChooserAction, FileChooserNative, ResponseType,
        prelude::{FileChooserExt as _, NativeDialogExt as _, NativeDialogExtManual as _},
    };
    use tauri::Manager as _;

    let (answer, answered) = tokio::sync::oneshot::channel();
    let asked = app.clone().run_on_main_thread(move || {
        let window = app.get_webview_window(crate::window::LABEL).and_then(|window| window.gtk_window().ok());
        let action = match wanted {
            Wanted::BackupFolder => FileChooserAction::SelectFolder,
            Wanted::Attachments | Wanted::Backup => FileChooserAction::Open,
        };
        let dialog = FileChooserNative::new(Some(&wanted.title()), window.as_ref(), action, None, None);
        dialog.set_modal(true);
        dialog.set_select_multiple(wanted == Wanted::Attachments);
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
async fn pick(app: tauri::AppHandle, wanted: Wanted) -> Vec<PathBuf> {
    use futures_util::FutureExt as _;
    use tauri::Manager as _;

    let (answer, answered) = tokio::sync::oneshot::channel();
    // macOS makes dialogs on its main thread only.
    let asked = app.clone().run_on_main_thread(move || {
        let mut dialog = rfd::AsyncFileDialog::new().set_title(wanted.title());
        if let Some(window) = app.get_webview_window(crate::window::LABEL) {
            dialog = dialog.set_parent(&window);
        }
        let chosen = match wanted {
            Wanted::Attachments => dialog.pick_files().boxed(),
            Wanted::BackupFolder => dialog.pick_folder().map(|folder| folder.map(|folder| vec![folder])).boxed(),
            Wanted::Backup => dialog.pick_file().map(|file| file.map(|file| vec![file])).boxed(),
        };
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

//! `backscroll backup` and `backscroll restore`.

use std::{path::PathBuf, process::ExitCode};

use backscroll_model::RestoreOutcome;

use crate::{folder::Folder, output::Output, texts::text};

/// Makes a backup, also while the desktop runs: into the folder that the settings name, or into this one.
pub async fn backup(folder: &Folder, out_dir: Option<PathBuf>, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.read().await?;
    let (path, at) = inbox.back_up(out_dir).await?;
    let path = path.display().to_string();
    out.object(&serde_json::json!({ "file": path, "made_at": at.0 }), || {
        vec![text("cli_backup_made", &[("file", &path)])]
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in the place of the history, which is kept beside it.
pub async fn restore(folder: &Folder, file: PathBuf, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    let restored = inbox.restore_file(file).await?;
    inbox.close().await?;
    // The opening is what puts it there.
    let inbox = folder.own().await?;
    inbox.forget_restored().await?;
    inbox.close().await?;
    let made_at = match restored.outcome {
        RestoreOutcome::Backup { made_at } => made_at.map(|at| at.0),
        RestoreOutcome::Rescued { .. } | RestoreOutcome::Empty => None,
    };
    let aside = restored.aside.unwrap_or_default();
    let object = serde_json::json!({ "made_at": made_at, "kept": aside, "unsure": restored.unsure });
    out.object(&object, || vec![text("cli_restored", &[("file", &aside)])])?;
    Ok(ExitCode::SUCCESS)
}

//! `backscroll import`: what a person downloaded from a platform becomes history.

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use backscroll_engine::ImportRequest;
use backscroll_model::{AccountId, ImportProgress};

use crate::{
    folder::Folder,
    interrupt::interruptible,
    output::{Output, readable},
    texts::{text, word},
};

/// `backscroll import …`
#[derive(clap::Args)]
pub struct ImportArguments {
    /// What you downloaded from Facebook, Instagram or X: zips, folders or files that belong together.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Into this account. Without it: into the one that the download is of, which is made if there is none.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Who you are in the download, as its messages name you.
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

/// Imports, and prints what came of it. Ctrl+C ends it between two batches; the next import goes on there.
pub async fn run(folder: &Folder, arguments: ImportArguments, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.own().await?;
    let ImportArguments { files, account, owner } = arguments;
    let progress = progress(!out.is_json() && std::io::stderr().is_terminal());
    let request = ImportRequest { files, account, owner };
    let report = interruptible(|cancel| inbox.import(request, progress, cancel)).await?;
    out.object(&report, || {
        vec![text(
            "cli_imported",
            &[
                ("new", &report.new.to_string()),
                ("messages", &report.messages.to_string()),
                ("threads", &report.threads.to_string()),
                ("known", &report.known.to_string()),
                ("files", &report.files.to_string()),
                ("account", &report.account.to_string()),
                ("owner", &readable(&report.owner)),
            ],
        )]
    })?;
    if !out.is_json() {
        for skipped in &report.reasons {
            let reason = text(&format!("import_skip_{}", word(&skipped.reason)), &[]);
            let count = skipped.count.to_string();
            eprintln!(
                "{}",
                text(
                    "cli_import_skipped",
                    &[("file", &readable(&skipped.file)), ("count", &count), ("reason", &reason)]
                )
            );
        }
        if report.cancelled {
            eprintln!("{}", text("cli_import_cancelled", &[]));
        }
    }
    inbox.stop().await;
    Ok(if report.cancelled { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// One line that is written over, where somebody looks.
fn progress(is_shown: bool) -> impl FnMut(ImportProgress) + Send {
    move |done: ImportProgress| {
        if is_shown {
            let percent = u64::from(done.read_kib) * 100 / u64::from(done.total_kib.max(1));
            eprint!("\r{percent:3} %  {} ", done.messages);
            if done.read_kib >= done.total_kib {
                eprintln!();
            }
            let _ = std::io::stderr().flush();
        }
    }
}

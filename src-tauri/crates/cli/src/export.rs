//! `backscroll export`: conversations as files that others can read.

use std::{path::PathBuf, process::ExitCode};

use backscroll_engine::ExportRequest;
use backscroll_model::{ConversationId, ExportFormat};
use clap::ValueEnum;
use jiff::tz::TimeZone;

use crate::{
    folder::Folder,
    interrupt::interruptible,
    output::{Output, readable},
    texts::text,
};

/// `backscroll export …`
#[derive(clap::Args)]
pub struct ExportArguments {
    /// Which conversations; all without one.
    #[arg(value_name = "CONVERSATION")]
    conversations: Vec<ConversationId>,
    /// As what.
    #[arg(long, value_enum)]
    format: Format,
    /// Into which folder; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// What an export is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Pages to read in a browser, offline.
    Html,
    /// One JSON object a line.
    Jsonl,
    /// A table for spreadsheets.
    Csv,
}

/// Exports, and prints what was written. Ctrl+C ends it and leaves nothing that is not whole.
pub async fn run(folder: &Folder, arguments: ExportArguments, out: &mut Output) -> anyhow::Result<ExitCode> {
    let inbox = folder.read().await?;
    let ExportArguments { conversations, format, out: dir } = arguments;
    let format = match format {
        Format::Html => ExportFormat::Html,
        Format::Jsonl => ExportFormat::Jsonl,
        Format::Csv => ExportFormat::Csv,
    };
    let shown = dir.display().to_string();
    let request = ExportRequest { conversations, format, out: dir, zone: TimeZone::system() };
    let report = interruptible(|cancel| inbox.export(request, |_| {}, cancel)).await?;
    out.object(&report, || {
        vec![text(
            "cli_exported",
            &[
                ("messages", &report.messages.to_string()),
                ("conversations", &report.conversations.to_string()),
                ("files", &report.files.to_string()),
                ("missing", &report.missing.to_string()),
                ("dir", &readable(&shown)),
            ],
        )]
    })?;
    Ok(ExitCode::SUCCESS)
}

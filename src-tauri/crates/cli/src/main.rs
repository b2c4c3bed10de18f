//! `backscroll`: the inbox without a window, on the same data folder, for scripts, servers without a display, and
//! checks (`architecture.md`, without a window).
//!
//! Promises: results on standard output, everything else on standard error; exit code 0, 1 for an error or a refusal, 2
//! for wrong usage. Secrets come from standard input and are never printed.
//!
//! Refuses: any logic of its own. Each command is one or two calls of the [`Inbox`](backscroll_engine::Inbox).

mod account;
mod args;
mod backup;
mod demo;
mod export;
mod failure;
mod folder;
mod import;
mod interrupt;
mod output;
mod read;
mod search;
mod send;
mod sync;
mod texts;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    args::{Arguments, Command},
    folder::Folder,
    output::Output,
};

fn main() -> ExitCode {
    // Before anything else: the child that decodes images of strangers must be small and without threads.
    if std::env::args_os().nth(1).is_some_and(|word| word == backscroll_media::DECODE_ARGUMENT) {
        return backscroll_media::run_decode_child();
    }
    let arguments = Arguments::parse();
    // Levels by target; `EnvFilter` would bring a regular expression engine along.
    let wanted = std::env::var("BACKSCROLL_LOG").ok().and_then(|wanted| wanted.parse().ok());
    tracing_subscriber::registry()
        .with(wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN)))
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&error.into()),
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { common, command } = arguments;
    let mut out = Output::new(common.json);
    let folder = Folder::new(&common)?;
    let code = match command {
        Command::Account(command) => account::run(&folder, command, &mut out).await?,
        Command::Sync(arguments) => sync::run(&folder, &arguments, &mut out).await?,
        Command::Conversations { platform, state } => read::conversations(&folder, platform, state, &mut out).await?,
        Command::Messages { conversation, before, limit } => {
            read::messages(&folder, conversation, before, limit, &mut out).await?
        }
        Command::Gaps { conversation } => read::gaps(&folder, conversation, &mut out).await?,
        Command::Send { conversation, text, media, wait } => {
            send::run(&folder, conversation, text.unwrap_or_default(), media, wait, &mut out).await?
        }
        Command::Search(arguments) => search::run(&folder, arguments, &mut out).await?,
        Command::Export(arguments) => export::run(&folder, arguments, &mut out).await?,
        Command::Import(arguments) => import::run(&folder, arguments, &mut out).await?,
        Command::Backup { out: folder_of_backup } => backup::backup(&folder, folder_of_backup, &mut out).await?,
        Command::Restore { file } => backup::restore(&folder, file, &mut out).await?,
        Command::Demo { listen, seed } => demo::run(listen, seed).await?,
        Command::DecodeImage { .. } => ExitCode::from(2),
    };
    out.flush()?;
    Ok(code)
}

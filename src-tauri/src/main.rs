//! `backscroll-desktop`: starts the application, or the child process that decodes one image.

// A console window beside the application helps nobody on Windows.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use std::process::ExitCode;

use backscroll_desktop::args::Arguments;
use backscroll_media::{DECODE_ARGUMENT, run_decode_child};
use clap::Parser as _;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

fn main() -> ExitCode {
    // Before anything else: the child that decodes images of strangers must be small and without threads.
    if std::env::args_os().nth(1).is_some_and(|word| word == DECODE_ARGUMENT) {
        return run_decode_child();
    }
    #[cfg(target_os = "linux")]
    backscroll_desktop::graphics::choose();
    let arguments = Arguments::parse();
    // Levels by target; `EnvFilter` would bring a regular expression engine along.
    let wanted = std::env::var("BACKSCROLL_LOG").ok().and_then(|wanted| wanted.parse().ok());
    tracing_subscriber::registry()
        .with(wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN)))
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();
    // The message of a panic may hold what someone wrote; its place does not.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a mistake of ours");
    }));
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::warn!("the provider of cryptography was chosen already");
    }
    match backscroll_desktop::app::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(%error, "the application could not start");
            ExitCode::FAILURE
        }
    }
}

//! One door for people and for CI: `cargo xtask run`, `test`, `screenshots`, `bench`.
//!
//! Promises: each command works from a clean clone on a bare Debian or Ubuntu with Rust and Node; it installs what is
//! missing and says so first. On other systems it names what is missing and installs nothing.
//!
//! Refuses: a second way to build. Everything is built with one profile and with `--workspace`, because another
//! selection of packages means other features of shared dependencies, and minutes of building them again.

mod licences;
mod lint;
mod npm;
mod parts;
mod project;
mod step;
mod system;

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::{parts::Length, project::Project, system::Needs};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, opens, tests and measures Backscroll")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, build, and open the application.
    Run {
        /// Arguments for the application, after `--`.
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Install what is missing, build, and pass every test, or those of the named parts.
    Test {
        /// Which part; all of them if none is named.
        parts: Vec<Part>,
        /// More cases for the property tests, and the tests marked as slow.
        #[arg(long)]
        full: bool,
    },
    /// Pictures of the real window in every size, theme and state, into target/screenshots.
    Screenshots {
        /// Only the pictures whose name contains this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Measure, with the release profile, into target/bench.
    Bench {
        /// `app`: start, memory and scrolling of the application instead of the store.
        what: Option<BenchKind>,
        /// A million messages and more.
        #[arg(long)]
        full: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Formatting, clippy, types of the UI, licences, lock files.
    Lint,
    /// Every crate.
    Rust,
    /// The UI: components, and in Chromium against the real engine.
    Ui,
    /// The application in a real window.
    App,
}

#[derive(Clone, Copy, ValueEnum)]
enum BenchKind {
    App,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let project = Project::find()?;
    match command {
        Command::Run { arguments } => {
            system::ensure(Needs::Run)?;
            parts::open(&project, &arguments)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Test { parts: wanted, full } => {
            let wants = |part| wanted.is_empty() || wanted.contains(&part);
            system::ensure(if wants(Part::App) || wants(Part::Ui) { Needs::Test } else { Needs::Run })?;
            let length = if full { Length::Full } else { Length::Normal };
            let mut report = step::Report::default();
            // The UI comes first because the shell embeds it: nothing of the workspace compiles without `ui/dist`.
            report.part("prepare", || parts::prepare(&project));
            if !report.failed() && wants(Part::Lint) {
                lint::all(&project, &mut report);
            }
            if !report.failed_at("prepare") && [Part::Rust, Part::Ui, Part::App].into_iter().any(wants) {
                report.part("build", || parts::build(&project));
                if !report.failed_at("build") {
                    if wants(Part::Rust) {
                        report.part("rust", || parts::rust(&project, length));
                    }
                    if wants(Part::Ui) {
                        report.part("ui", || parts::ui(&project));
                    }
                    if wants(Part::App) {
                        report.part("app", || parts::app(&project));
                    }
                }
            }
            Ok(report.close())
        }
        Command::Screenshots { only } => {
            system::ensure(Needs::Test)?;
            parts::screenshots(&project, only.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench { what, full } => {
            system::ensure(if what.is_some() { Needs::Test } else { Needs::Run })?;
            parts::bench(&project, matches!(what, Some(BenchKind::App)), full)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

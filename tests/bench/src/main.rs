//! The benchmark of Backscroll (`cargo xtask bench`): how near the app comes to the bare work.
//!
//! Promises: whatever can be compared is compared with a bare reference in the same run and judged as a ratio; what is
//! printed was measured, and what could not be measured is named. Never a test, never in CI: it fails only when asked
//! to (`--check`).

#[cfg(target_os = "linux")]
mod app;
mod bare;
mod callgrind;
mod corpus;
mod graph;
mod measure;
#[cfg(target_os = "linux")]
mod media;
mod report;
mod round;
mod search;
mod size;
mod store;
mod subject;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use report::Report;

#[derive(Parser)]
#[command(name = "backscroll-bench", about = "Measures Backscroll, into target/bench")]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// A million messages and more.
    #[arg(long, global = true)]
    full: bool,
    /// Fail if a bar is missed.
    #[arg(long, global = true)]
    check: bool,
}

#[derive(Subcommand)]
enum What {
    /// The history, the rounds of the engine, and the sizes of what is shipped.
    Store,
    /// Only the search.
    Search,
    /// Only the rounds of the engine against the simulator.
    Rounds,
    /// Graph: calls, bursts, payloads; the whole day with `--full`.
    Graph {
        /// Only these.
        parts: Vec<graph::Part>,
    },
    /// What making a photo ready to be sent costs.
    #[cfg(target_os = "linux")]
    Media,
    /// Start, memory and latency of the application, in a virtual display.
    #[cfg(target_os = "linux")]
    App {
        /// Only these.
        parts: Vec<app::Part>,
    },
    /// One piece of work, for callgrind.
    #[command(hide = true)]
    Work(store::work::Work),
    /// The same with Graph's answers.
    #[command(hide = true)]
    WorkGraph(graph::work::Work),
    /// The child that decodes, for `media`.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    WorkMedia {
        /// Where it tells what it used.
        socket: PathBuf,
    },
    /// The part of `app` that runs inside the display.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    WorkApp(app::Inner),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    match &arguments.what {
        Some(What::Work(work)) => {
            work.run()?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(What::WorkGraph(work)) => {
            work.run()?;
            return Ok(ExitCode::SUCCESS);
        }
        #[cfg(target_os = "linux")]
        Some(What::WorkMedia { socket }) => return media::child(socket),
        #[cfg(target_os = "linux")]
        Some(What::WorkApp(inner)) => {
            inner.run()?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    if cfg!(debug_assertions) {
        eprintln!("a debug build: only the shape of these figures means anything");
    }
    let (root, release) = places()?;
    let dir = root.join("target/bench");
    let mut report = Report::open(&dir)?;
    match arguments.what {
        #[cfg(target_os = "linux")]
        Some(What::App { parts }) => app::measure(&mut report, &dir, &release, &parts, arguments.full)?,
        #[cfg(target_os = "linux")]
        Some(What::Media) => media::measure(&mut report, &dir)?,
        Some(What::Search) => search::measure(&mut report, &dir, arguments.full)?,
        Some(What::Rounds) => round::measure(&mut report, &dir)?,
        Some(What::Graph { parts }) => graph::measure(&mut report, &dir, &parts, arguments.full)?,
        _ => {
            store::measure(&mut report, &dir, arguments.full)?;
            search::measure(&mut report, &dir, arguments.full)?;
            eprintln!("rounds");
            round::measure(&mut report, &dir)?;
            graph::measure(&mut report, &dir, &[], arguments.full)?;
            #[cfg(target_os = "linux")]
            media::measure(&mut report, &dir)?;
            size::measure(&mut report, &root, &release)?;
        }
    }
    let missed = report.finish()?;
    Ok(if arguments.check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The work tree, and the folder of this binary: where the other release binaries are too.
fn places() -> Result<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no work tree")?;
    let own = env::current_exe()?;
    Ok((root.to_owned(), own.parent().context("no folder of the binary")?.to_owned()))
}

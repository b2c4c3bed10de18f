//! Running one command at a time, saying which, and how it went at the end.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// A command with a title, printed before it runs.
pub struct Step {
    title: String,
    command: Command,
}

impl Step {
    /// A step that runs `program` in `folder`.
    pub fn new(title: impl Into<String>, program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder);
        Self { title: title.into(), command }
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end; fails unless it succeeds.
    pub fn run(mut self) -> Result<()> {
        println!("\n── {}", self.title);
        let started = Instant::now();
        let status = self
            .command
            .status()
            .with_context(|| format!("{}: {} does not start", self.title, self.command.get_program().display()))?;
        if !status.success() {
            bail!("{}: {status} after {}", self.title, seconds(started.elapsed()));
        }
        println!("   {} · {}", self.title, seconds(started.elapsed()));
        Ok(())
    }
}

/// How the parts of a test run went. A part that fails does not keep the others from running: one run shows all.
#[derive(Default)]
pub struct Report {
    parts: Vec<(&'static str, Duration, Option<String>)>,
}

impl Report {
    /// Runs one part and remembers how it went.
    pub fn part(&mut self, name: &'static str, run: impl FnOnce() -> Result<()>) {
        let started = Instant::now();
        let failure = run().err().map(|error| format!("{error:#}"));
        if let Some(why) = &failure {
            eprintln!("\nerror: {name}: {why}");
        }
        self.parts.push((name, started.elapsed(), failure));
    }

    /// Whether any part failed so far.
    pub fn failed(&self) -> bool {
        self.parts.iter().any(|(_, _, failure)| failure.is_some())
    }

    /// Whether this part failed.
    pub fn failed_at(&self, part: &str) -> bool {
        self.parts.iter().any(|(name, _, failure)| *name == part && failure.is_some())
    }

    /// Prints one line per part and the closing line.
    pub fn close(self) -> ExitCode {
        println!();
        for (name, took, failure) in &self.parts {
            match failure {
                None => println!("ok      {name:13} {}", seconds(*took)),
                Some(why) => println!("FAILED  {name:13} {}  {why}", seconds(*took)),
            }
        }
        let failed = self.parts.iter().filter(|(_, _, failure)| failure.is_some()).count();
        println!("parts: {} passed, {failed} failed", self.parts.len() - failed);
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..=99 => format!("{:.1} s", took.as_secs_f32()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

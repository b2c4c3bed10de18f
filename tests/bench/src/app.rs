//! The application in a window (`performance.md`, P9 and P10): how much it computes until the list is painted, and how
//! much memory it holds, beside a bare WebKit window in the same display, environment and policy.
//!
//! Promises: both are started in turn; "painted" is read off the screen, alike for both; a screenshot of what was
//! measured is kept, because a figure of an empty window would look splendid.

mod bare_window;
mod history;
mod latency;
mod run;
mod screen;
mod sending;
mod stage;
mod tree;
mod webdriver;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    corpus::Size,
    measure::median,
    report::{Plot, Report, Series},
};
use run::{Program, Running};
use screen::Screen;
use tree::Memory;

/// Starts of each program that count; one more before them fills the disk's cache.
const STARTS: usize = 5;
/// How long a window is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(20);

/// What the inner process found.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Found {
    bare: Vec<(f64, f64)>,
    app: Vec<(f64, f64)>,
    bare_memory: Option<Memory>,
    list_memory: Option<Memory>,
    thread_memory: Option<Memory>,
    scrolled_memory: Option<Memory>,
    latency: Option<latency::Latency>,
    sending: Option<sending::Sending>,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// CPU until painted.
    Start,
    /// Memory, idle.
    Memory,
    /// From an arrival to the screen, from Enter to the bubble.
    Latency,
    /// Texts while a back-fill is written, frames while films go up.
    Sending,
}

impl Part {
    const ALL: [Self; 4] = [Self::Start, Self::Memory, Self::Latency, Self::Sending];

    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Memory => "memory",
            Self::Latency => "latency",
            Self::Sending => "sending",
        }
    }
}

/// Prepares a data folder, runs everything inside a virtual display and a private bus, and reports.
pub fn measure(report: &mut Report, dir: &Path, release: &Path, parts: &[Part], full: bool) -> Result<()> {
    let parts = if parts.is_empty() { &Part::ALL } else { parts };
    let binary = release.join("backscroll-desktop");
    ensure!(binary.exists(), "{} is not built: cargo xtask bench app", binary.display());
    let bare = bare_window::build(dir)?;
    let size = Size::of(if full { 1_000_000 } else { 100_000 });
    let data = dir.join("app-data");
    let database_cpu_s = if parts.iter().all(|part| matches!(part, Part::Latency | Part::Sending)) {
        0.0
    } else {
        eprintln!("a history of {} messages", size.total());
        history::build(&data, size)?
    };

    let found = dir.join("app-found.json");
    let bus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/desktop/bus.conf");
    let sockets = tempfile::tempdir()?;
    let status = Command::new("xvfb-run")
        .args(["-a", "-s", "-screen 0 1280x900x24", "dbus-run-session"])
        // A bus that starts no services: a keychain that asks for a password would wait for ever.
        .arg(format!("--config-file={}", bus.display()))
        .arg("--")
        .arg(env::current_exe()?)
        .arg("work-app")
        .args(["--app".as_ref(), binary.as_os_str(), "--bare".as_ref(), bare.as_os_str()])
        .args(["--data".as_ref(), data.as_os_str(), "--out".as_ref(), found.as_os_str()])
        .args(parts.iter().flat_map(|part| ["--part", part.word()]))
        .env("XDG_RUNTIME_DIR", sockets.path())
        // As the tests run it: without a GPU, DMA-BUF buffers cost seconds and 100 MiB.
        .envs([
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
            ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("NO_AT_BRIDGE", "1"),
        ])
        .status()
        .context("xvfb-run and dbus-run-session are needed (packages xvfb, xauth, dbus)")?;
    ensure!(status.success(), "the measurement in the virtual display failed");
    let found: Found = serde_json::from_slice(&fs::read(&found)?)?;
    tell(report, &found, database_cpu_s);
    Ok(())
}

fn tell(report: &mut Report, found: &Found, database_cpu_s: f64) {
    if !found.app.is_empty() {
        tell_start(report, found, database_cpu_s);
    }
    if let Some(seen) = &found.latency {
        if !seen.arrival_ms.is_empty() {
            report.limited("window.arrival-to-screen", "ms median", median(seen.arrival_ms.clone()), 300.0);
        }
        report.limited("window.enter-to-bubble", "ms median", median(seen.enter_ms.clone()), 50.0);
    }
    if let Some(seen) = &found.sending {
        let longest = |frames: &[f64]| frames.iter().copied().fold(0.0, f64::max);
        report.limited("window.enter-to-request.backfill", "ms median", median(seen.leaving_ms.clone()), 60.0);
        report.shown("window.enter-to-request.backfill.texts", "texts", seen.leaving_ms.len() as f64);
        report.shown("window.frames.idle", "ms longest", longest(&seen.idle_frames_ms));
        report.limited("window.frames.upload", "ms longest", longest(&seen.frames_ms), 50.0);
        report.shown("window.frames.upload.count", "frames", seen.frames_ms.len() as f64);
    }
    tell_memory(report, found);
}

fn tell_start(report: &mut Report, found: &Found, database_cpu_s: f64) {
    let cpu = |of: &[(f64, f64)]| median(of.iter().map(|s| s.0).collect());
    let wall = |of: &[(f64, f64)]| median(of.iter().map(|s| s.1).collect());
    // Measured in this issue; the bar (2.2, then 1.6) is met with the desktop issue.
    report.compared("P9.start.cpu", "CPU s", cpu(&found.app), cpu(&found.bare), Some(2.2));
    report.compared("P9.start.wall", "s", wall(&found.app), wall(&found.bare), None);
    report.compared("P9.start.database", "CPU s", database_cpu_s, cpu(&found.app), Some(0.05));
    let starts = |of: &[(f64, f64)]| of.iter().enumerate().map(|(n, s)| (n as f64 + 1.0, s.0)).collect();
    report.plot(
        "P9.start",
        Plot {
            title: "Start until painted".to_owned(),
            x: "start".to_owned(),
            y: "CPU seconds of all processes".to_owned(),
            log_x: false,
            log_y: false,
            series: vec![Series::line("bare window", starts(&found.bare)), Series::line("app", starts(&found.app))],
        },
    );
}

fn tell_memory(report: &mut Report, found: &Found) {
    let Some(bare) = found.bare_memory else { return };
    report.shown("P10.bare-window", "MiB PSS", bare.pss);
    let net = |m: Memory| m.pss - m.database;
    if let Some(list) = found.list_memory {
        report.limited("P10.list-open.above-bare", "MiB PSS", net(list) - bare.pss, 120.0);
    }
    if let Some(thread) = found.thread_memory {
        report.limited("P10.thread-open.above-bare", "MiB PSS", net(thread) - bare.pss, 120.0);
        report.limited("P10.own-process.above-bare", "MiB private", thread.own_private - bare.own_private, 40.0);
        if let Some(scrolled) = found.scrolled_memory {
            report.compared("P10.after-scrolling", "MiB PSS", net(scrolled), net(thread), Some(1.2));
        }
    }
}

/// What runs inside the display.
#[derive(Debug, clap::Args)]
pub struct Inner {
    #[arg(long)]
    app: PathBuf,
    #[arg(long)]
    bare: PathBuf,
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    out: PathBuf,
    #[arg(long = "part")]
    parts: Vec<Part>,
}

impl Inner {
    /// Starts, looks, clicks, waits.
    pub fn run(&self) -> Result<()> {
        let screen = Screen::open()?;
        let home = tempfile::tempdir()?;
        let bare = Program {
            binary: self.bare.clone(),
            arguments: vec!["never".to_owned()],
            data: self.data.clone(),
            columns: (0.0, 0.4),
            lines: 16,
        };
        let app = Program { binary: self.app.clone(), arguments: Vec::new(), columns: (0.06, 0.3), ..bare.clone() };
        let mut found = Found::default();
        if self.parts.contains(&Part::Start) {
            for round in 0..=STARTS {
                for (program, times) in [(&bare, &mut found.bare), (&app, &mut found.app)] {
                    let (running, start) = program.start(&screen, home.path())?;
                    if round > 0 {
                        times.push((start.cpu_s, start.wall_s));
                    }
                    running.end();
                }
            }
        }
        if self.parts.contains(&Part::Memory) {
            self.memory(&mut found, &screen, home.path(), &bare, &app)?;
        }
        if self.parts.contains(&Part::Latency) {
            found.latency = Some(latency::measure(&self.app, home.path())?);
        }
        if self.parts.contains(&Part::Sending) {
            found.sending = Some(sending::measure(&self.app, home.path())?);
        }
        fs::write(&self.out, serde_json::to_vec(&found)?)?;
        Ok(())
    }

    fn memory(&self, found: &mut Found, screen: &Screen, home: &Path, bare: &Program, app: &Program) -> Result<()> {
        let (window, _) = bare.start(screen, home)?;
        thread::sleep(IDLE);
        found.bare_memory = Some(tree::memory(window.id(), &self.data)?);
        window.end();

        let (window, _) = app.start(screen, home)?;
        self.keep_picture("app-list");
        thread::sleep(IDLE);
        found.list_memory = Some(tree::memory(window.id(), &self.data)?);
        open_first_thread(&window, screen)?;
        thread::sleep(IDLE);
        self.keep_picture("app-thread");
        found.thread_memory = Some(tree::memory(window.id(), &self.data)?);
        scroll_back()?;
        self.keep_picture("app-scrolled");
        thread::sleep(IDLE);
        found.scrolled_memory = Some(tree::memory(window.id(), &self.data)?);
        window.end();
        Ok(())
    }

    fn keep_picture(&self, name: &str) {
        let file = self.out.with_file_name(format!("{name}.png"));
        // A picture is for the reader; without ImageMagick there is none.
        let _ = Command::new("import").args(["-window", "root"]).arg(file).status();
    }
}

/// The long thread is the newest conversation, so it is the first row.
fn open_first_thread(window: &Running, screen: &Screen) -> Result<()> {
    xdotool(&["mousemove", "200", "170", "click", "1"])?;
    window.until(screen, |frame| frame.lines_in((0.35, 1.0)) >= 10)?;
    Ok(())
}

/// Twice two hundred pages up: some 2,000 messages, loaded page by page.
fn scroll_back() -> Result<()> {
    xdotool(&["mousemove", "800", "400"])?;
    for _ in 0..400 {
        xdotool(&["click", "--repeat", "5", "--delay", "5", "4"])?;
    }
    Ok(())
}

fn xdotool(arguments: &[&str]) -> Result<()> {
    let status = Command::new("xdotool").args(arguments).status().context("xdotool is needed")?;
    ensure!(status.success(), "xdotool {arguments:?} failed");
    Ok(())
}

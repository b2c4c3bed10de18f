//! One program in the virtual display, from its start to its end.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{
    screen::{Frame, Screen},
    tree,
};

/// How often the screen is read while a program starts.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// A program that has not painted by then is not measured.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to start.
#[derive(Debug, Clone)]
pub struct Program {
    /// The binary.
    pub binary: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The data folder, below which the database is.
    pub data: PathBuf,
    /// The columns of the screen that are looked at, as shares of its width.
    pub columns: (f64, f64),
    /// Lines of text there that mean "painted".
    pub lines: usize,
}

/// How a start went.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// CPU seconds of all its processes until painted.
    pub cpu_s: f64,
    /// Seconds until painted.
    pub wall_s: f64,
}

/// A program that runs. Dropping it ends it.
pub struct Running {
    child: Child,
}

impl Program {
    /// Starts it and waits until it is painted. The screen must be empty.
    pub fn start(&self, screen: &Screen, home: &Path) -> Result<(Running, Start)> {
        fs::create_dir_all(home)?;
        let empty = screen.frame()?;
        if painted(self, &empty) {
            bail!("something else is on the screen");
        }
        let since = Instant::now();
        let child = Command::new(&self.binary)
            .args(&self.arguments)
            .env("BACKSCROLL_DATA_DIR", &self.data)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_STATE_HOME", home.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", self.binary.display()))?;
        let running = Running { child };
        running.until(screen, |frame| painted(self, frame))?;
        let start = Start { cpu_s: tree::cpu_seconds(running.id()), wall_s: since.elapsed().as_secs_f64() };
        Ok((running, start))
    }
}

fn painted(program: &Program, frame: &Frame) -> bool {
    frame.lines_in(program.columns) >= program.lines
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the screen looks like it.
    pub fn until(&self, screen: &Screen, mut looks: impl FnMut(&Frame) -> bool) -> Result<Frame> {
        let since = Instant::now();
        loop {
            let frame = screen.frame()?;
            if looks(&frame) {
                return Ok(frame);
            }
            if since.elapsed() > PATIENCE {
                bail!("nothing was painted within {} s", PATIENCE.as_secs());
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Ends it and waits until all its processes are gone.
    pub fn end(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        let members = tree::members(self.id());
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(5)
            && members.iter().any(|pid| Path::new(&format!("/proc/{pid}")).exists())
        {
            thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

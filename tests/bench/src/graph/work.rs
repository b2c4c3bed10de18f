//! P1 with Graph's answers, in instructions: the same messages as Ayrshare's back-fill has, in Graph's spelling.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use backscroll_model::{Event, Page, Platform, Provider, Timestamp};
use backscroll_store::Arrival;

use super::answer::{answers, decode};
use crate::{
    bare::Bare,
    callgrind,
    corpus::{NEWEST_MS, listing},
    report::Report,
    subject::Subject,
};

/// Messages of a run under callgrind.
const COUNTED: usize = 2_000;
/// The hidden command.
const COMMAND: &str = "work-graph";
const GENERATE: &str = "generate";
const BARE: &str = "bare";
const DECODE: &str = "decode";
const INGEST: &str = "ingest";
const WITHOUT_RAW: &str = "ingest-without-raw";

/// One piece of work.
#[derive(Debug, clap::Args)]
pub struct Work {
    name: String,
    #[arg(long)]
    count: usize,
    #[arg(long)]
    dir: PathBuf,
}

impl Work {
    /// Does it.
    pub fn run(&self) -> Result<()> {
        let dir = tempfile::tempdir_in(&self.dir)?;
        let body = listing(4, self.count / 20, 20, 0..0, NEWEST_MS);
        let answers = answers(&body);
        let pages = || decode(&answers, Timestamp(NEWEST_MS));
        match self.name.as_str() {
            GENERATE => drop(std::hint::black_box((body, answers))),
            BARE => Bare::create(&dir.path().join("bare.db"))?.insert(&body.items)?,
            DECODE => drop(std::hint::black_box(pages()?)),
            INGEST => apply(dir.path(), pages()?)?,
            WITHOUT_RAW => apply(dir.path(), without_raw(pages()?))?,
            other => bail!("no work is called {other}"),
        }
        Ok(())
    }
}

fn apply(dir: &Path, pages: Vec<Page>) -> Result<()> {
    let subject = Subject::create_at(&dir.join("data"), Provider::Meta)?;
    subject.apply(Platform::Instagram, pages, Arrival::Backfill)?;
    Ok(())
}

fn without_raw(mut pages: Vec<Page>) -> Vec<Page> {
    for event in pages.iter_mut().flat_map(|page| &mut page.conversations).flat_map(|c| &mut c.events) {
        if let Event::Message(message) = event {
            message.raw = String::new();
        }
    }
    pages
}

/// Counts it, if valgrind is installed.
pub fn measure(report: &mut Report, dir: &Path) -> Result<()> {
    if !callgrind::available() {
        eprintln!("  not measured: instructions (valgrind is not installed)");
        return Ok(());
    }
    let place = dir.display().to_string();
    let counted = |name: &str| callgrind::of_units_of(COMMAND, name, COUNTED, &["--dir", &place]);
    let generated = counted(GENERATE)?;
    let per_message = |name: &str| Ok::<_, anyhow::Error>((counted(name)? - generated) / COUNTED as f64);
    let bare = per_message(BARE)?;
    let (whole, without_raw, decoded) = (per_message(INGEST)?, per_message(WITHOUT_RAW)?, per_message(DECODE)?);
    let unit = "instr/message";
    report.compared("P1.graph.ingest.instructions", unit, without_raw, bare, Some(24.0));
    report.compared("P1.graph.with-raw.instructions", unit, whole, bare, None);
    report.compared("P1.graph.raw-payload.instructions", unit, whole - without_raw, bare, None);
    report.compared("P1.graph.decode-normalise.instructions", unit, decoded, bare, None);
    Ok(())
}

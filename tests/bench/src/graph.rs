//! What Graph's limits ask of us (`reference/meta-graph.md` 4.4, 5): few calls, no message behind the newest 20, small
//! payloads, and the same history beneath as with any provider (P1, P7).

mod answer;
mod calls;
mod clock;
mod day;
mod payloads;
mod resync;
pub mod work;
mod world;

use std::path::Path;

use anyhow::Result;

use crate::report::Report;

/// Minutes of the simulated day that the default run plays: the first rush, and some sixty bursts around it.
const SHORT: u32 = 4 * 60;
const DAY: u32 = 24 * 60;

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// What the raw payloads cost.
    Payloads,
    /// The same answers again, and the instructions of reading them.
    Resync,
    /// Calls of a round.
    Calls,
    /// The simulated day.
    Bursts,
}

/// Measures all of it, or these parts; `full` plays the whole day.
pub fn measure(report: &mut Report, dir: &Path, parts: &[Part], full: bool) -> Result<()> {
    // One thread: whoever moves the clock must see everybody at rest.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    if wanted(Part::Payloads) {
        eprintln!("Graph: payloads");
        payloads::measure(report, &runtime, dir)?;
    }
    if wanted(Part::Resync) {
        eprintln!("Graph: re-sync and ingest");
        resync::measure(report, dir)?;
        work::measure(report, dir)?;
    }
    if wanted(Part::Calls) {
        eprintln!("Graph: calls");
        calls::measure(report, &runtime, dir)?;
    }
    if wanted(Part::Bursts) {
        eprintln!("Graph: bursts");
        day::measure(report, &runtime, dir, if full { DAY } else { SHORT })?;
    }
    Ok(())
}

//! The history under load: P1 to P4, P7, P12 and P13 of `performance.md`.

mod busy;
mod growth;
mod ingest;
mod pages;
mod resync;
pub mod work;

use std::path::Path;

use anyhow::Result;

use crate::{corpus::Size, report::Report, subject::Subject};

/// Measures everything on histories in `dir`; `full` adds the million.
pub fn measure(report: &mut Report, dir: &Path, full: bool) -> Result<()> {
    eprintln!("ingest");
    ingest::measure(report, dir)?;
    eprintln!("re-sync");
    resync::measure(report, dir)?;
    let sizes: &[usize] = if full { &[10_000, 100_000, 1_000_000] } else { &[10_000, 100_000] };
    let mut steps = Vec::new();
    for messages in sizes.iter().copied() {
        let size = Size::of(messages);
        eprintln!("a history of {} messages in {} conversations", size.total(), size.conversations);
        let subject = Subject::filled(&dir.join("store-data"), size)?;
        let seen = pages::measure(&subject, dir, messages)?;
        steps.push(growth::step(&subject, size, &seen)?);
        // The bars of P3, P4 and P13 are for the history of 100,000.
        if messages == 100_000 {
            seen.tell(report);
            busy::measure(report, &subject)?;
        }
    }
    growth::tell(report, &steps);
    Ok(())
}

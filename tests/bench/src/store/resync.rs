//! P7: the same 500 conversations × 20 messages again. Unchanged they must cost no row, no byte of the log and no
//! change; with k changed, a fixed part and a little per conversation.

use std::path::Path;

use anyhow::Result;

use backscroll_store::Arrival;

use crate::{
    corpus::{NEWEST_MS, listing},
    measure::{Clock, Line, median, micros},
    report::{Plot, Report, Series},
    subject::{Subject, decode},
};

const CONVERSATIONS: usize = 500;
const EACH: usize = 20;
const CHANGED: [usize; 6] = [0, 25, 50, 100, 200, 400];
const ROUNDS: usize = 3;

/// Measures it on fresh histories.
pub fn measure(report: &mut Report, dir: &Path) -> Result<()> {
    let first = listing(6, CONVERSATIONS, EACH, 0..0, NEWEST_MS);
    let mut points = Vec::new();
    for round in 0..=ROUNDS {
        for changed in CHANGED {
            let subject = Subject::create(&dir.join("resync-data"))?;
            subject.ingest(&first)?;
            subject.checkpoint()?;
            // A minute later: the provider read its data again, so `lastUpdated` has moved.
            let again = listing(6, CONVERSATIONS, EACH, 0..changed, NEWEST_MS + 60_000);
            let rows = subject.rows_changed()?;
            let pages = decode(&again)?;
            let (applied, took) = Clock::Process.time(|| subject.apply(again.platform, pages, Arrival::Live))?;
            if round == 0 && changed == 0 {
                report.limited("P7.unchanged.rows", "rows", (subject.rows_changed()? - rows) as f64, 0.0);
                report.limited("P7.unchanged.log", "bytes", subject.wal_bytes() as f64, 0.0);
                report.limited("P7.unchanged.changes", "changes", applied.changes.len() as f64, 0.0);
            }
            if round > 0 {
                points.push((changed as f64, micros(took) / 1e3));
            }
        }
    }
    let unchanged = points.iter().filter(|p| p.0 == 0.0).map(|p| p.1).collect();
    report.shown("P7.unchanged.cpu", "ms CPU", median(unchanged));
    let medians: Vec<(f64, f64)> = CHANGED
        .iter()
        .map(|k| (*k as f64, median(points.iter().filter(|p| p.0 == *k as f64).map(|p| p.1).collect())))
        .collect();
    let line = Line::through(&medians);
    report.shown("P7.changed.fixed-part", "ms CPU", line.at_zero);
    report.limited("P7.changed.per-conversation", "ms CPU", line.slope, 0.2);
    let last = CHANGED.last().copied().unwrap_or_default() as f64;
    report.plot(
        "P7",
        Plot {
            title: "500 × 20 messages again, of which k conversations changed".to_owned(),
            x: "conversations changed".to_owned(),
            y: "ms CPU".to_owned(),
            log_x: false,
            log_y: false,
            series: vec![
                Series::dots("measured", points),
                Series::line("a + b·k", vec![(0.0, line.at_zero), (last, line.at_zero + line.slope * last)]),
            ],
        },
    );
    Ok(())
}

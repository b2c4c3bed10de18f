//! P7 with Graph's answers: a walk through the same 500 conversations × 20 messages again. Unchanged it must cost no row,
//! no byte of the log and no change; with k changed, a fixed part and a little per conversation.

use std::path::Path;

use anyhow::Result;
use backscroll_model::{Page, Platform, Provider, Timestamp};
use backscroll_store::Arrival;

use super::answer::{answers, decode};
use crate::{
    corpus::{NEWEST_MS, listing},
    measure::{Clock, Line, median, micros},
    report::{Plot, Report, Series},
    subject::Subject,
};

const CONVERSATIONS: usize = 500;
const EACH: usize = 20;
const CHANGED: [usize; 6] = [0, 25, 50, 100, 200, 400];
const ROUNDS: usize = 3;

/// Measures it on fresh histories.
pub fn measure(report: &mut Report, dir: &Path) -> Result<()> {
    let mut points = Vec::new();
    for round in 0..=ROUNDS {
        for changed in CHANGED {
            let data = tempfile::tempdir_in(dir)?;
            let subject = Subject::create_at(data.path(), Provider::Meta)?;
            subject.apply(Platform::Instagram, walk(0, 0)?, Arrival::Backfill)?;
            subject.checkpoint()?;
            let again = walk(changed, 60_000)?;
            let rows = subject.rows_changed()?;
            let (applied, took) = Clock::Process.time(|| subject.apply(Platform::Instagram, again, Arrival::Live))?;
            if round == 0 && changed == 0 {
                report.limited("P7.graph.unchanged.rows", "rows", (subject.rows_changed()? - rows) as f64, 0.0);
                report.limited("P7.graph.unchanged.log", "bytes", subject.wal_bytes() as f64, 0.0);
                report.limited("P7.graph.unchanged.changes", "changes", applied.changes.len() as f64, 0.0);
            }
            if round > 0 {
                points.push((changed as f64, micros(took) / 1e3));
            }
        }
    }
    let of = |k: usize| median(points.iter().filter(|p| p.0 == k as f64).map(|p| p.1).collect());
    report.shown("P7.graph.unchanged.cpu", "ms CPU", of(0));
    let line = Line::through(&CHANGED.map(|k| (k as f64, of(k))));
    report.shown("P7.graph.changed.fixed-part", "ms CPU", line.at_zero);
    report.limited("P7.graph.changed.per-conversation", "ms CPU", line.slope, 0.2);
    let last = CHANGED.last().copied().unwrap_or_default() as f64;
    report.plot(
        "P7.graph",
        Plot {
            title: "Graph: 500 × 20 messages again, of which k conversations changed".to_owned(),
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

/// What a walk so much later reads; the first `changed` conversations have one message more.
fn walk(changed: usize, later_ms: i64) -> Result<Vec<Page>> {
    let body = listing(6, CONVERSATIONS, EACH, 0..changed, NEWEST_MS);
    decode(&answers(&body), Timestamp(NEWEST_MS + later_ms))
}

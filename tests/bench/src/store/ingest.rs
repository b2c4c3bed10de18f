//! P1 and P2: from the bytes of an answer to committed rows with their index, beside one bare insert per message.
//!
//! Instructions where valgrind is installed, because they do not depend on who else uses the machine; CPU time of the
//! process besides, and alone where it is not.

use std::path::Path;

use anyhow::Result;

use backscroll_store::Arrival;

use crate::{
    bare::Bare,
    callgrind,
    corpus::{Corpus, Size},
    measure::{Clock, Samples, micros},
    report::Report,
    store::work::{self, Shape},
    subject::{Subject, decode},
};

/// Messages of a run under callgrind, which is some fifty times slower. What is judged is the second half of twice as
/// many: by then the tables have grown, and the index has segments to merge.
const COUNTED: usize = 8_000;
/// The same of the lines for comparison: a small history, one answer.
const COUNTED_SMALL: usize = 2_000;
/// Bodies that are timed, of 500 messages each.
const TIMED: usize = 60;

/// Measures both.
pub fn measure(report: &mut Report, dir: &Path) -> Result<()> {
    if callgrind::available() {
        instructions(report, dir)?;
    } else {
        eprintln!("  not measured: instructions (valgrind is not installed)");
    }
    times(report, dir)
}

fn instructions(report: &mut Report, dir: &Path) -> Result<()> {
    let place = dir.display().to_string();
    let unit = "instr/message";
    for shape in [Shape::Rounds, Shape::Backfill, Shape::Scattered] {
        let count = if matches!(shape, Shape::Rounds) { COUNTED } else { COUNTED_SMALL };
        let counted = |name: &str| callgrind::of_units(name, count, &["--dir", &place, "--shape", shape.word()]);
        let generated = counted(work::GENERATE)?;
        let per_message = |name: &str| Ok::<_, anyhow::Error>((counted(name)? - generated) / count as f64);
        let bare = per_message(work::BARE)?;
        let without_raw = per_message(work::INGEST_WITHOUT_RAW)?;
        match shape {
            Shape::Rounds => {
                let merged = per_message(work::INGEST_AND_MERGE)?;
                report.compared("P1.ingest.instructions", unit, without_raw, bare, Some(24.0));
                report.compared("P1.merges-when-idle.instructions", unit, merged - without_raw, bare, None);
            }
            Shape::Backfill => {
                let whole = per_message(work::INGEST)?;
                let decoded = per_message(work::DECODE)?;
                let sorted = per_message(work::INGEST_SORTED)?;
                report.compared("P1.small.instructions", unit, without_raw, bare, None);
                report.compared("P1.with-raw.instructions", unit, whole, bare, None);
                report.compared("P1.raw-payload.instructions", unit, whole - without_raw, bare, None);
                report.compared("P1.decode-normalise.instructions", unit, decoded, bare, None);
                report.compared("P2.newest-first.instructions", unit, whole, sorted, Some(1.1));
            }
            Shape::Scattered => {
                report.compared("P1.scattered.instructions", unit, without_raw, bare, None);
            }
        }
    }
    Ok(())
}

fn times(report: &mut Report, dir: &Path) -> Result<()> {
    let size = Size { messages: TIMED * 500, conversations: TIMED * 100, thread: 0 };
    let bare_file = dir.join("bare-ingest.db");
    let _ = std::fs::remove_file(&bare_file);
    let mut bare = Bare::create(&bare_file)?;
    let subject = Subject::create(&dir.join("ingest-data"))?;
    let (mut of_bare, mut of_app, mut of_decode) = (Vec::new(), Vec::new(), Vec::new());
    for (round, body) in Corpus::new(2, size, 500).enumerate() {
        let n = body.items.len() as f64;
        let ((), bare_time) = Clock::Process.time(|| bare.insert(&body.items))?;
        let (pages, decode_time) = Clock::Process.time(|| decode(&body))?;
        let (_, apply_time) = Clock::Process.time(|| subject.apply(body.platform, pages, Arrival::Backfill))?;
        if round > 0 {
            of_bare.push(micros(bare_time) / n);
            of_decode.push(micros(decode_time) / n);
            of_app.push((micros(decode_time) + micros(apply_time)) / n);
        }
    }
    let (of_bare, of_app, of_decode) = (Samples::new(of_bare), Samples::new(of_app), Samples::new(of_decode));
    report.compared("P1.ingest-with-raw.cpu", "µs CPU/message", of_app.p50(), of_bare.p50(), None);
    report.compared("P1.decode-normalise.cpu", "µs CPU/message", of_decode.p50(), of_bare.p50(), None);

    // A walk into the past, as X pages: every body is older than the one before.
    let size = Size { messages: 10_000, conversations: 2_000, thread: 0 };
    let backwards = Subject::create(&dir.join("ingest-data"))?;
    let mut times = Vec::new();
    for (round, body) in Corpus::new(3, size, 100).backwards().enumerate() {
        let (_, took) = Clock::Process.time(|| backwards.ingest(&body))?;
        if round > 0 {
            times.push(micros(took) / body.items.len() as f64);
        }
    }
    report.compared("P1.pages-of-100-backwards.cpu", "µs CPU/message", Samples::new(times).p50(), of_bare.p50(), None);
    Ok(())
}

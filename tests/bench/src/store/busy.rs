//! P13: a page is read while a sync writes as fast as it can. Wall time, because waiting is the question, and through
//! the store's async front, because a wait could be there too.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use anyhow::{Context as _, Result, anyhow};
use backscroll_model::{ConversationId, ThreadPosition};

use super::pages::walk;
use crate::{
    corpus::{Body, Corpus, Size},
    measure::{Clock, Samples, median, micros},
    report::{Plot, Report, Series},
    subject::{Subject, thread_page},
};

/// Reads of one turn.
const READS: usize = 300;
/// Turns alone and turns beside a writer that count, alternating; one more before them does not.
const TURNS: usize = 4;
/// Bodies of 500 messages that the writer has for a turn: more than it can write while the reads last.
const BODIES: usize = 60;

/// Measures it on a filled history, which grows by it.
pub fn measure(report: &mut Report, subject: &Subject) -> Result<()> {
    let thread = subject.thread()?;
    let spots: Vec<ThreadPosition> = subject.read(move |db| {
        let places = walk(db, thread)?.1;
        // A step that visits the whole thread in no order.
        let count = places.len().max(1);
        Ok((0..READS)
            .filter_map(|n| places.get(n * 911 % count).cloned())
            .map(|place| ThreadPosition::Before { place })
            .collect())
    })?;
    // Made before the clock runs: a corpus costs more to invent than to store.
    let size = Size { messages: BODIES * 500 * (TURNS + 1), conversations: 8_000, thread: 0 };
    let bodies: Vec<Body> = Corpus::new(8, size, 500).collect();
    let (mut alone, mut busy) = (Vec::new(), Vec::new());
    let mut written = 0;
    for (turn, todo) in bodies.chunks(BODIES).enumerate() {
        let quiet = reads(subject, thread, &spots, || false)?;
        let (beside, wrote) = beside_writer(subject, thread, &spots, todo)?;
        if turn > 0 {
            written += wrote;
            alone.push(quiet);
            busy.push(beside);
        }
    }
    let p50 = |of: &[Samples]| median(of.iter().map(Samples::p50).collect());
    let p99 = |of: &[Samples]| median(of.iter().map(Samples::p99).collect());
    report.compared("P13.beside-writer.p50", "µs wall", p50(&busy), p50(&alone), Some(2.0));
    report.compared("P13.beside-writer.p99", "µs wall", p99(&busy), p99(&alone), None);
    report.shown("P13.written-meanwhile", "messages", written as f64);
    let curve = |of: &[Samples]| of.last().map(Samples::curve).unwrap_or_default();
    report.plot(
        "P13",
        Plot {
            title: "A thread page while a sync writes".to_owned(),
            x: "percent of the reads".to_owned(),
            y: "µs wall at most".to_owned(),
            log_x: false,
            log_y: true,
            series: vec![Series::line("alone", curve(&alone)), Series::line("beside a writer", curve(&busy))],
        },
    );
    Ok(())
}

/// Reads while another thread ingests, until either has done its part. Also tells how many messages were written.
fn beside_writer(
    subject: &Subject,
    thread: ConversationId,
    spots: &[ThreadPosition],
    todo: &[Body],
) -> Result<(Samples, usize)> {
    let done = AtomicBool::new(false);
    let writing = subject.again()?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut wrote = 0;
            for body in todo {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                writing.ingest(body)?;
                wrote += body.items.len();
            }
            // Reads after the last write would be reads alone.
            done.store(true, Ordering::Relaxed);
            anyhow::Ok(wrote)
        });
        let times = reads(subject, thread, spots, || done.load(Ordering::Relaxed));
        done.store(true, Ordering::Relaxed);
        let wrote = writer.join().map_err(|_| anyhow!("the writer died"))??;
        Ok((times?, wrote))
    })
}

fn reads(
    subject: &Subject,
    thread: ConversationId,
    spots: &[ThreadPosition],
    enough: impl Fn() -> bool,
) -> Result<Samples> {
    let mut times = Vec::with_capacity(spots.len());
    for n in 0..READS {
        if enough() {
            break;
        }
        let spot = spots.get(n % spots.len().max(1)).cloned().context("an empty thread")?;
        let (page, took) = Clock::Wall.time(|| subject.read(move |db| thread_page(db, thread, &spot)))?;
        std::hint::black_box(page);
        times.push(micros(took));
    }
    Ok(Samples::new(times))
}

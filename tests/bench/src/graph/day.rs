//! A day of 500 Instagram conversations with bursts of 30 messages a minute in up to ten of them at once, while the window
//! is hidden: what our pace loses (nothing), and what a fixed minute loses.
//!
//! The real inbox over HTTP, at Graph's two calls a second, on the simulator's time. A message is lost when it fell
//! behind the newest 20 before it was read: the simulator's truth is held against the history at the end.

use std::{collections::BTreeSet, path::Path, time::Duration};

use anyhow::Result;
use backscroll_model::GapReason;
use backscroll_simulator::{Platform, ProfileId, Synthetic, WorldKind};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::runtime::Runtime;

use super::world::{World, said};
use crate::{
    measure::{Clock, Samples},
    report::{Plot, Report, Series},
};

const CONVERSATIONS: usize = 500;
/// Bursts at once.
const AT_ONCE: usize = 10;
const MINUTE: i64 = 60_000;
/// All ten begin at once.
const RUSHES: [i64; 3] = [2 * 60 * MINUTE, 9 * 60 * MINUTE, 18 * 60 * MINUTE];
/// After the last message.
const AFTERWARDS: i64 = 3 * MINUTE;
const FIXED: Duration = Duration::from_secs(60);

/// A message of the day: when, counted from its beginning in milliseconds, and in which conversation.
type Line = (i64, usize);

/// What one pace came to.
struct Outcome {
    gaps: usize,
    /// Milliseconds since the beginning, ascending.
    lost: Vec<i64>,
    /// Minute by minute.
    calls: Vec<f64>,
}

/// Plays so many minutes twice.
pub fn measure(report: &mut Report, runtime: &Runtime, dir: &Path, minutes: u32) -> Result<()> {
    let until = i64::from(minutes) * MINUTE;
    let lines = day(&mut ChaCha8Rng::seed_from_u64(11), until);
    report.shown("G2.day.length", "minutes", f64::from(minutes));
    report.shown("G2.day.messages", "messages", lines.len() as f64);
    let play = |fixed| Clock::Wall.time(|| runtime.block_on(play(dir, &lines, until, fixed)));
    let (ours, took) = play(None)?;
    report.limited("G2.day.paced.gaps", "gaps", ours.gaps as f64, 0.0);
    report.limited("G2.day.paced.lost", "messages", ours.lost.len() as f64, 0.0);
    report.shown("G2.day.paced.calls", "calls/min p50", Samples::new(ours.calls.clone()).p50());
    report.shown("G2.day.paced.calls-p99", "calls/min p99", Samples::new(ours.calls.clone()).p99());
    report.shown("G2.day.paced.took", "s wall", took.as_secs_f64());
    let (fixed, took) = play(Some(FIXED))?;
    report.shown("G2.day.fixed-60s.gaps", "gaps", fixed.gaps as f64);
    report.shown("G2.day.fixed-60s.lost", "messages", fixed.lost.len() as f64);
    report.shown("G2.day.fixed-60s.calls", "calls/min p50", Samples::new(fixed.calls.clone()).p50());
    report.shown("G2.day.fixed-60s.took", "s wall", took.as_secs_f64());
    // The day proves something only if it can be lost: 0 if the fixed pace lost messages.
    report.limited("G2.day.fixed-60s.loses-none", "yes = 1", f64::from(u8::from(fixed.gaps == 0)), 0.0);
    plot(report, &ours, &fixed, until);
    Ok(())
}

/// The lines of a day, in order: each of ten places is quiet for 5 to 45 minutes, then somebody writes 30 a minute there
/// for 2 to 30 minutes.
fn day(rng: &mut impl Rng, until: i64) -> Vec<Line> {
    let mut lines = Vec::new();
    let per_place = CONVERSATIONS / AT_ONCE;
    for place in 0..AT_ONCE {
        let mut at = 0;
        while at < until {
            let quiet = at + rng.random_range(5 * MINUTE..45 * MINUTE);
            let rush = RUSHES.into_iter().find(|rush| (at..quiet).contains(rush));
            let begins = rush.unwrap_or(quiet);
            let wanted = begins + rng.random_range(2 * MINUTE..30 * MINUTE);
            let ends = RUSHES.into_iter().find(|rush| *rush > begins && *rush < wanted).unwrap_or(wanted);
            let conversation = place * per_place + rng.random_range(0..per_place);
            at = begins;
            while at < ends && at < until {
                lines.push((at, conversation));
                at += rng.random_range(1_000..3_000);
            }
            at = at.max(ends);
        }
    }
    lines.sort_unstable();
    lines
}

async fn play(dir: &Path, lines: &[Line], until: i64, fixed: Option<Duration>) -> Result<Outcome> {
    let kind = WorldKind::Synthetic(Synthetic {
        conversations: CONVERSATIONS,
        messages_per_conversation: 10,
        platforms: vec![Platform::Instagram],
    });
    let world = World::start(dir, kind).await?;
    world.sync().await?;
    world.inbox.set_background(true);
    world.inbox.walk_graph_every(fixed);
    world.inbox.start().await;
    world.settle().await;

    let graph = world.simulator.graph();
    let chats = graph.chats(ProfileId::PRIMARY, Platform::Instagram);
    let began = world.now_ms();
    let mut left = lines.iter().peekable();
    let mut calls = Vec::new();
    graph.clear_calls();
    for minute in 1..=(until + AFTERWARDS) / MINUTE {
        let minute_ends = began + minute * MINUTE;
        while world.now_ms() < minute_ends {
            let line = left.peek().map_or(i64::MAX, |line| began + line.0);
            let wake = world.next_wake().unwrap_or(i64::MAX);
            world.move_to(line.min(wake).min(minute_ends)).await;
            while let Some((_, conversation)) = left.next_if(|line| began + line.0 <= world.now_ms()) {
                if let Some(chat) = chats.get(*conversation) {
                    graph.receive(chat, "Is the almond cake still there for Saturday?")?;
                }
            }
            world.settle().await;
        }
        calls.push(graph.calls().values().sum::<u64>() as f64);
        graph.clear_calls();
    }

    let gaps = world.inbox.gaps(None).await.map_err(said)?;
    let gaps = gaps.iter().filter(|gap| gap.reason == GapReason::NoOverlap).count();
    let held: BTreeSet<String> = world
        .look(|database| {
            let mut select = database.prepare("SELECT remote_id FROM message WHERE remote_id IS NOT NULL")?;
            Ok(select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })
        .await?;
    let mut lost = Vec::new();
    for chat in &chats {
        let truth = graph.truth(chat)?.into_iter();
        lost.extend(truth.filter(|message| !held.contains(&message.id)).map(|message| message.at_ms - began));
    }
    lost.sort_unstable();
    world.end().await;
    Ok(Outcome { gaps, lost, calls })
}

fn plot(report: &mut Report, ours: &Outcome, fixed: &Outcome, until: i64) {
    let hours = |ms: i64| ms as f64 / (60 * MINUTE) as f64;
    // A point every five minutes is enough to see the shape.
    let lost = |outcome: &Outcome| {
        let ends = (0..=until).step_by(5 * MINUTE as usize);
        ends.map(|end| (hours(end), outcome.lost.partition_point(|at| *at < end) as f64)).collect::<Vec<_>>()
    };
    let calls = |outcome: &Outcome| {
        let means = outcome.calls.chunks(5).map(|five| five.iter().sum::<f64>() / five.len() as f64);
        means.enumerate().map(|(n, mean)| (n as f64 / 12.0, mean)).collect::<Vec<_>>()
    };
    let figure = |title: &str, y: &str, series| Plot {
        title: title.to_owned(),
        x: "hours".to_owned(),
        y: y.to_owned(),
        log_x: false,
        log_y: false,
        series,
    };
    let pair = |of: &dyn Fn(&Outcome) -> Vec<(f64, f64)>| {
        vec![Series::line("paced", of(ours)), Series::line("every 60 s", of(fixed))]
    };
    let title = "Graph, bursts in up to 10 of 500 conversations: messages lost so far";
    report.plot("G2.lost", figure(title, "messages", pair(&lost)));
    report.plot("G2.calls", figure("The same day: calls per minute", "calls", pair(&calls)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_bursts_of_thirty_a_minute_in_at_most_ten_conversations_at_once_and_sometimes_in_ten() {
        let until = 24 * 60 * MINUTE;
        let lines = day(&mut ChaCha8Rng::seed_from_u64(11), until);
        assert!(lines.is_sorted() && lines.iter().all(|line| (0..until).contains(&line.0)));
        let most = lines.chunk_by(|a, b| a.0 / MINUTE == b.0 / MINUTE).map(|minute| {
            let who: BTreeSet<usize> = minute.iter().map(|line| line.1).collect();
            assert!(minute.len() <= who.len() * 45, "{} of {}", minute.len(), who.len());
            who.len()
        });
        let most = most.max().unwrap_or_default();
        assert!((AT_ONCE..=AT_ONCE + 2).contains(&most), "{most} within one minute");
    }
}

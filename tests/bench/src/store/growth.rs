//! P12: what ten times more history costs, in time of a page and in bytes of a message.

use anyhow::Result;

use super::pages::Pages;
use crate::{
    corpus::{Corpus, Size},
    report::{Plot, Report, Series},
    subject::Subject,
};

/// One size of history.
pub struct Step {
    messages: f64,
    thread_us: f64,
    bare_us: f64,
    list_us: f64,
    badge_us: f64,
    text: f64,
    bytes: f64,
    merged: f64,
    raw: f64,
}

/// Looks at a filled history.
pub fn step(subject: &Subject, size: Size, seen: &Pages) -> Result<Step> {
    let messages = size.total() as f64;
    let text: usize = Corpus::new(1, size, 2_000).map(|body| body.text_bytes()).sum();
    let raw = subject.bytes_of(|name| name.starts_with("raw"))? as f64;
    let all = subject.bytes_of(|_| true)? as f64;
    subject.merge()?;
    let merged = subject.bytes_of(|_| true)? as f64;
    Ok(Step {
        messages,
        thread_us: seen.thread_p50(),
        bare_us: seen.bare_p50(),
        list_us: seen.list_p50(),
        badge_us: seen.badge_p50(),
        text: text as f64 / messages,
        bytes: (all - raw) / messages,
        merged: (merged - raw) / messages,
        raw: raw / messages,
    })
}

/// Puts the growth into the report.
pub fn tell(report: &mut Report, steps: &[Step]) {
    for (small, large) in steps.iter().zip(steps.iter().skip(1)) {
        let name = |what: &str| format!("P12.{what}.{}k", (large.messages / 1e3).round());
        report.compared(&name("thread"), "µs CPU", large.thread_us, small.thread_us, Some(1.5));
        report.compared(&name("bare-thread"), "µs CPU", large.bare_us, small.bare_us, None);
        report.compared(&name("list"), "µs CPU", large.list_us, small.list_us, Some(1.5));
        report.compared(&name("badge"), "µs CPU", large.badge_us, small.badge_us, Some(1.5));
    }
    if let Some(largest) = steps.last() {
        report.compared("P12.bytes-per-message", "bytes", largest.bytes, largest.text, Some(6.0));
        report.compared("P12.bytes-per-message.merged", "bytes", largest.merged, largest.text, None);
        report.compared("P12.raw-bytes-per-message", "bytes", largest.raw, largest.text, None);
    }
    let line =
        |name: &str, of: fn(&Step) -> f64| Series::line(name, steps.iter().map(|s| (s.messages, of(s))).collect());
    report.plot(
        "P12.time",
        Plot {
            title: "A page, by size of the history".to_owned(),
            x: "messages".to_owned(),
            y: "µs CPU, median".to_owned(),
            log_x: true,
            log_y: true,
            series: vec![
                line("thread", |s| s.thread_us),
                line("bare thread", |s| s.bare_us),
                line("list", |s| s.list_us),
                line("counters", |s| s.badge_us),
            ],
        },
    );
    report.plot(
        "P12.bytes",
        Plot {
            title: "Bytes of a message, by size of the history".to_owned(),
            x: "messages".to_owned(),
            y: "bytes".to_owned(),
            log_x: true,
            log_y: false,
            series: vec![
                line("its text", |s| s.text),
                line("rows and index", |s| s.bytes),
                line("raw payload", |s| s.raw),
            ],
        },
    );
}

//! P5, P6 and the part of P12 that is about search: every class of query, beside ripgrep over the same texts; the second
//! phase beside a bare scan of them.

mod queries;

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use backscroll_model::{ConversationId, MessageId, Place, SearchQuery, SearchSort, Timestamp};
use backscroll_store::{Cancel, search, search_by_scan, search_inside};
use rusqlite::Connection;

use self::queries::{Class, queries};
use crate::{
    corpus::Size,
    measure::{Clock, Samples, alone, alternate, micros},
    report::{Plot, Report, Series},
    subject::{NOW, Subject},
};

/// Hits of a page, as the page asks for them.
const PAGE: u32 = 20;
/// Times that each query is asked and counted.
const ROUNDS: usize = 5;
/// Queries of a class whose hits are compared with those of a scan, and that ripgrep is asked.
const COMPARED: usize = 3;
/// Messages that the engine looks at in one piece.
const PIECE: u32 = 4_096;

/// Measures on histories in `dir`; `full`: up to a million messages, where P5's bar against ripgrep stands.
pub fn measure(report: &mut Report, dir: &Path, full: bool) -> Result<()> {
    let sizes: &[usize] = if full { &[10_000, 100_000, 1_000_000] } else { &[10_000, 100_000] };
    let mut before: Option<Vec<(Class, f64)>> = None;
    for (number, messages) in sizes.iter().copied().enumerate() {
        let size = Size::of(messages);
        eprintln!("search in a history of {} messages", size.total());
        let subject = Subject::filled(&dir.join("search-data"), size)?;
        subject.merge()?;
        subject.checkpoint()?;
        let times = classes(&subject, messages)?;
        let medians: Vec<(Class, f64)> = times.iter().map(|(class, _, samples)| (*class, samples.p50())).collect();
        for ((class, small), (_, large)) in before.iter().flatten().zip(&medians) {
            let name = format!("P12.search.{}.{}k", class.name(), size.total() / 1_000);
            report.compared(&name, "µs CPU", *large, *small, Some(1.5));
        }
        before = Some(medians);
        if number + 1 == sizes.len() {
            tell(report, &times);
            compare(report, &subject, dir, &times, full)?;
            ranked(report, &subject, &times)?;
            inside(report, &subject, &times)?;
        }
    }
    Ok(())
}

type Times = Vec<(Class, Vec<String>, Samples)>;

fn ask(query: &str) -> SearchQuery {
    SearchQuery { text: query.to_owned(), ..SearchQuery::default() }
}

/// The benchmark names no dates.
fn midnight(_: i16, _: i8, _: i8) -> Option<Timestamp> {
    None
}

fn page(
    db: &Connection,
    query: &SearchQuery,
    after: Option<&Place>,
    limit: u32,
) -> Result<backscroll_model::SearchPage> {
    Ok(search(db, query, after, limit, NOW, &midnight, &Cancel::default())?)
}

/// The newest hits of each query, on the reader's own thread.
fn classes(subject: &Subject, seed: usize) -> Result<Times> {
    subject.read(move |db| {
        queries(db, seed as u64)?
            .into_iter()
            .map(|(class, asked)| {
                let queries: Vec<SearchQuery> = asked.iter().map(|text| ask(text)).collect();
                let times = alone(Clock::Cpu, ROUNDS, queries.len(), |n| {
                    page(db, queries.get(n).context("no such query")?, None, PAGE)
                })?;
                Ok((class, asked, times))
            })
            .collect()
    })
}

fn tell(report: &mut Report, times: &Times) {
    for (class, _, samples) in times {
        report.shown(&format!("P5.{}.p50", class.name()), "µs CPU", samples.p50());
        report.limited(&format!("P5.{}.p99", class.name()), "µs CPU", samples.p99(), 3_000.0);
    }
    report.plot(
        "P5",
        Plot {
            title: "The newest 20 hits".to_owned(),
            x: "percent of the queries".to_owned(),
            y: "µs CPU at most".to_owned(),
            log_x: false,
            log_y: true,
            series: times.iter().map(|(class, _, samples)| Series::line(class.name(), samples.curve())).collect(),
        },
    );
}

/// Recall against a scan under the same rule, and ripgrep as a child over the same texts.
fn compare(report: &mut Report, subject: &Subject, dir: &Path, times: &Times, judged: bool) -> Result<()> {
    let lines = dir.join("texts.txt");
    let file = lines.clone();
    subject.read(move |db| write_texts(db, &file))?;
    let ripgrep =
        Command::new("rg").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !ripgrep {
        eprintln!("  ripgrep is not installed: not compared");
    }
    for (class, asked, samples) in times {
        let compared: Vec<String> = asked.iter().take(COMPARED).cloned().collect();
        let (found, missed) = subject.read(move |db| {
            let (mut found, mut missed) = (0, 0);
            for query in &compared {
                let query = ask(query);
                let by_index = all(db, &query)?;
                let by_scan: BTreeSet<MessageId> = search_by_scan(db, &query, &midnight)?.into_iter().collect();
                ensure!(by_index.is_subset(&by_scan), "hits that a scan has not");
                found += by_scan.len();
                missed += by_scan.len() - by_index.len();
            }
            Ok((found, missed))
        })?;
        report.limited(&format!("P5.{}.missed", class.name()), &format!("of {found} hits"), missed as f64, 0.0);
        if ripgrep {
            let times: Vec<f64> =
                asked.iter().take(COMPARED).map(|query| grep(query, &lines)).collect::<Result<_>>()?;
            let (name, bar) = (format!("P5.{}.ripgrep", class.name()), judged.then_some(1.0 / 25.0));
            report.compared(&name, "µs, ripgrep wall", samples.p50(), Samples::new(times).p50(), bar);
        }
    }
    Ok(())
}

fn write_texts(db: &Connection, file: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    let mut select = db.prepare("SELECT text FROM message WHERE text IS NOT NULL ORDER BY id DESC")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        writeln!(out, "{}", row.get_ref(0)?.as_str()?.replace('\n', " "))?;
    }
    Ok(out.flush()?)
}

/// The median of five runs: every line with the words, however written.
fn grep(query: &str, file: &Path) -> Result<f64> {
    let pattern = query.split(' ').collect::<Vec<_>>().join(".*");
    let mut times = Vec::new();
    for _ in 0..=5 {
        let (status, took) = Clock::Wall.time(|| {
            let mut grep = Command::new("rg");
            grep.args(["--ignore-case", "--no-config", "--count", "--"]).arg(&pattern).arg(file);
            Ok(grep.stdout(Stdio::null()).status()?)
        })?;
        ensure!(status.code().is_some_and(|code| code < 2), "ripgrep failed");
        times.push(micros(took));
    }
    Ok(Samples::new(times.split_off(1)).p50())
}

fn all(db: &Connection, query: &SearchQuery) -> Result<BTreeSet<MessageId>> {
    let (mut ids, mut after) = (BTreeSet::new(), None);
    loop {
        let page = page(db, query, after.as_ref(), 200)?;
        ids.extend(page.hits.iter().map(|hit| hit.message));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(ids),
        }
    }
}

/// P6: best first everywhere, and the newest inside of the long thread.
fn ranked(report: &mut Report, subject: &Subject, times: &Times) -> Result<()> {
    let thread = subject.thread()?;
    let some = |classes: &[Class]| -> Vec<String> {
        times.iter().filter(|(class, ..)| classes.contains(class)).flat_map(|(_, asked, _)| asked.clone()).collect()
    };
    let (common, every) = (some(&[Class::Common, Class::Both, Class::Prefix2]), some(&Class::ALL));
    let (best, in_thread) = subject.read(move |db| {
        let time = |asked: &[String], sort: SearchSort, conversation: Option<ConversationId>| {
            let queries: Vec<SearchQuery> =
                asked.iter().map(|text| SearchQuery { sort, conversation, ..ask(text) }).collect();
            alone(Clock::Cpu, ROUNDS, queries.len(), |n| page(db, queries.get(n).context("no such query")?, None, PAGE))
        };
        Ok((time(&common, SearchSort::Best, None)?, time(&every, SearchSort::Newest, Some(thread))?))
    })?;
    report.shown("P6.best.p50", "µs CPU", best.p50());
    report.limited("P6.best.p99", "µs CPU", best.p99(), 15_000.0);
    report.shown("P6.thread.p50", "µs CPU", in_thread.p50());
    report.limited("P6.thread.p99", "µs CPU", in_thread.p99(), 5_000.0);
    Ok(())
}

/// The second phase beside a bare loop that reads the same rows and looks for the same bytes.
fn inside(report: &mut Report, subject: &Subject, times: &Times) -> Result<()> {
    let rare = times.iter().find(|(class, ..)| *class == Class::Rare).context("no rare words")?;
    let needles: Vec<String> = rare.1.iter().filter(|word| word.len() > 6).take(COMPARED).cloned().collect();
    let (bare, ours, found) = subject.read(move |db| {
        let part = |n: usize| -> Result<String> {
            // From its second letter on, so that nothing begins with it.
            Ok(needles.get(n).context("no such word")?.chars().skip(1).take(5).collect())
        };
        let mut found = 0;
        let (bare, ours) = alternate(
            Clock::Cpu,
            2,
            needles.len(),
            |n| scan(db, &part(n)?),
            |n| {
                let (query, mut after, mut hits) = (ask(&part(n)?), None, 0);
                loop {
                    let piece = search_inside(db, &query, after.as_ref(), PIECE, NOW, &midnight, &Cancel::default())?;
                    hits += piece.hits.len();
                    after = piece.next;
                    if after.is_none() {
                        found += hits;
                        return Ok(hits);
                    }
                }
            },
        )?;
        Ok((bare, ours, found))
    })?;
    ensure!(found > 0, "the second phase found nothing");
    report.compared("search.inside", "µs CPU", ours.p50(), bare.p50(), Some(1.2));
    Ok(())
}

fn scan(db: &Connection, part: &str) -> Result<usize> {
    let mut select = db.prepare_cached("SELECT id, text FROM message ORDER BY id DESC")?;
    let mut rows = select.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        std::hint::black_box(row.get::<_, i64>(0)?);
        found += usize::from(row.get_ref(1)?.as_str_or_null()?.is_some_and(|text| text.contains(part)));
    }
    Ok(found)
}

//! Sending while the machine is busy, in the real window: how soon a text leaves while a back-fill is written, and
//! whether the window still draws while films go up.
//!
//! Promises: only what happened during the work counts. A text that was sent after the last message of the back-fill
//! had arrived is left out, and so is a frame outside the upload.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use backscroll_model::{ConversationQuery, StateFilter};
use backscroll_simulator::Simulator;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::{
    stage::{self, COMPOSER},
    webdriver::Driver,
};

/// Conversations of the back-fill, 20 messages each.
const BACKFILL: usize = 5_000;
/// How often.
const BACKFILLS: usize = 6;
/// Together 100 MB: no platform takes more than 25 in one (`ayrshare.md` 3.3, `meta-graph.md` 6.6).
const FILMS: u64 = 5;
const FILM_BYTES: u64 = 20_000_000;

/// Notes the time of each frame, and when Enter goes down.
const FRAMES: &str = "
    window.__frames = [];
    const tick = (time) => { window.__frames.push(time); window.__ticking = requestAnimationFrame(tick); };
    requestAnimationFrame(tick);";
const ENTERED: &str = "
    window.__entered = null;
    document.addEventListener('keydown', (event) => { if (event.key === 'Enter') window.__entered = Date.now(); }, { capture: true, once: true });";

/// What was seen, in milliseconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Sending {
    /// From Enter until the provider has the request, while a back-fill was written.
    pub leaving_ms: Vec<f64>,
    /// Between two frames, while nothing happens.
    pub idle_frames_ms: Vec<f64>,
    /// Between two frames, from Enter until the last of the films had arrived.
    pub frames_ms: Vec<f64>,
}

/// Measures both.
pub fn measure(binary: &Path, home: &Path) -> Result<Sending> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (idle_frames_ms, frames_ms) = frames(&runtime, binary, &home.join("films"))?;
    let leaving_ms = leaving(&runtime, binary, &home.join("backfill"))?;
    Ok(Sending { leaving_ms, idle_frames_ms, frames_ms })
}

/// A first back-fill takes seconds and a text half of one to type, so there are several.
fn leaving(runtime: &Runtime, binary: &Path, data: &Path) -> Result<Vec<f64>> {
    let mut leaving = Vec::new();
    for round in 0..BACKFILLS {
        leaving.extend(leaving_once(runtime, binary, &data.join(round.to_string()))?);
    }
    Ok(leaving)
}

fn leaving_once(runtime: &Runtime, binary: &Path, data: &Path) -> Result<Vec<f64>> {
    let simulator = runtime.block_on(async {
        let simulator = stage::simulator(BACKFILL).await?;
        let inbox = stage::inbox(data).await?;
        stage::connect(&inbox, &simulator).await?;
        inbox.stop().await;
        anyhow::Ok(simulator)
    })?;
    let driver = stage::window(binary, data)?;
    stage::open_first(&driver)?;
    let mut leaving = Vec::new();
    for n in 0.. {
        let took = leave(&driver, &simulator, n)?;
        let held = held(data)?;
        if held >= BACKFILL * 20 {
            break;
        }
        eprintln!("  text {n}: {took:.0} ms, {held} messages held");
        leaving.push(took);
    }
    drop(driver);
    runtime.block_on(simulator.shutdown());
    Ok(leaving)
}

/// Messages in the history, read from outside.
fn held(data: &Path) -> Result<usize> {
    let db = Connection::open_with_flags(
        data.join(backscroll_store::DATABASE_FILE),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )?;
    Ok(db.query_row("SELECT count(*) FROM message", [], |row| row.get::<_, i64>(0))?.try_into()?)
}

/// Sends one text and answers when the simulator had it, from Enter on.
fn leave(driver: &Driver, simulator: &Simulator, n: usize) -> Result<f64> {
    simulator.clear_requests();
    driver.type_into(COMPOSER, &format!("A text during the back-fill, number {n}."))?;
    driver.run(ENTERED, &[])?;
    driver.type_into(COMPOSER, "\u{E007}")?;
    let since = Instant::now();
    let arrived = loop {
        if let Some(at) = simulator.requests().iter().find(|r| r.method == "POST").map(|r| r.at_ms) {
            break at;
        }
        ensure!(since.elapsed() < Duration::from_secs(30), "text {n} does not leave");
        std::thread::sleep(Duration::from_millis(2));
    };
    let entered = driver.run("return window.__entered", &[])?.as_f64().context("Enter was not seen")?;
    Ok(arrived as f64 - entered)
}

fn frames(runtime: &Runtime, binary: &Path, data: &Path) -> Result<(Vec<f64>, Vec<f64>)> {
    let simulator = runtime.block_on(async {
        let simulator = stage::simulator(40).await?;
        let inbox = stage::inbox(data).await?;
        stage::connect(&inbox, &simulator).await?;
        inbox.sync_once(None).await.map_err(stage::said)?;
        let open = ConversationQuery { state: Some(StateFilter::Open), ..ConversationQuery::default() };
        let list = inbox.conversations(open, None, 1).await.map_err(stage::said)?;
        let first = list.rows.first().context("nothing in the list")?.id;
        for n in 0..FILMS {
            inbox.attach_file(first, film(data, n)?).await.map_err(stage::said)?;
        }
        inbox.stop().await;
        anyhow::Ok(simulator)
    })?;
    let driver = stage::window(binary, data)?;
    stage::open_first(&driver)?;
    driver.until(
        "the films in the tray",
        "return document.querySelectorAll('[data-section=composer] li').length >= 5",
        Duration::from_secs(20),
    )?;
    driver.run(FRAMES, &[])?;
    std::thread::sleep(Duration::from_secs(3));
    let idle = between(&driver)?;
    simulator.clear_requests();
    driver.type_into(COMPOSER, "\u{E007}")?;
    let since = Instant::now();
    while simulator.requests().iter().filter(|r| r.method == "POST" && r.path.contains("upload")).count()
        < FILMS as usize
    {
        ensure!(since.elapsed() < Duration::from_secs(120), "the films do not arrive");
        std::thread::sleep(Duration::from_millis(20));
    }
    let busy = between(&driver)?;
    drop(driver);
    runtime.block_on(simulator.shutdown());
    Ok((idle, busy))
}

/// Times between the frames since the last look.
fn between(driver: &Driver) -> Result<Vec<f64>> {
    let times = driver.run("return window.__frames.splice(0)", &[])?;
    let times: Vec<f64> = serde_json::from_value(times)?;
    Ok(times.iter().zip(times.iter().skip(1)).map(|(a, b)| b - a).collect())
}

/// A film of headers and nothing to see; no two are alike, so that each goes up.
fn film(dir: &Path, n: u64) -> Result<PathBuf> {
    let path = dir.join(format!("film-{n}.mp4"));
    let mut file = fs::File::create(&path)?;
    let length = u32::try_from(FILM_BYTES)? - 24 - 8;
    file.write_all(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2\0\0\0\x08moov")?;
    file.write_all(&length.to_be_bytes())?;
    file.write_all(b"mdat")?;
    file.write_all(&n.to_be_bytes())?;
    file.seek(SeekFrom::Start(FILM_BYTES - 1))?;
    file.write_all(b"\0")?;
    Ok(path)
}

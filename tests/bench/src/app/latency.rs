//! How fast the window answers: from the simulator's answer that carries a message to the message on screen, and from
//! Enter to the bubble. In the real window, through WebDriver, against the simulator in this process.
//!
//! The page looks for itself: an observer waits for the text and notes the time of the frame after it. The clocks are
//! the same machine's.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use backscroll_simulator::{Platform, ProfileId, Simulator};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    stage::{self, BUBBLE, COMPOSER, ROW},
    webdriver::Driver,
};

/// Messages that arrive, by turns in the list and in the open thread. Each waits for the provider's minute.
const ARRIVALS: usize = 4;
/// Texts that are sent.
const SENDS: usize = 21;

/// Puts the time of the first frame after the one that draws `text` in an element of a selector into `window.__seen`:
/// by then it is painted. Notes when Enter goes down, too.
const WATCH: &str = "
    const [text, selector] = arguments;
    window.__seen = window.__entered = null;
    document.addEventListener('keydown', (event) => { if (event.key === 'Enter') window.__entered = Date.now(); }, { capture: true, once: true });
    const observer = new MutationObserver(() => {
        if (![...document.querySelectorAll(selector)].some((element) => element.textContent.includes(text))) return;
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => { window.__seen = Date.now(); }));
    });
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });";

/// What was seen, in milliseconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Latency {
    /// From the answer that carries a message to the frame that shows it.
    pub arrival_ms: Vec<f64>,
    /// From Enter to the frame that shows the bubble.
    pub enter_ms: Vec<f64>,
}

/// Starts simulator and application and measures both.
pub fn measure(binary: &Path, home: &Path) -> Result<Latency> {
    let data = home.join("latency");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let simulator = runtime.block_on(async {
        let simulator = stage::simulator(40).await?;
        let inbox = stage::inbox(&data).await?;
        stage::connect(&inbox, &simulator).await?;
        inbox.sync_once(None).await.map_err(stage::said)?;
        inbox.stop().await;
        anyhow::Ok(simulator)
    })?;
    let driver = stage::window(binary, &data)?;
    stage::open_first(&driver)?;
    let mut seen = Latency::default();
    for n in 0..SENDS {
        let text = format!("A text of the benchmark, number {n}.");
        driver.type_into(COMPOSER, &text)?;
        driver.run(WATCH, &[json!(text), json!(BUBBLE)])?;
        driver.type_into(COMPOSER, "\u{E007}")?;
        let took = driver.until(
            "the bubble",
            "return window.__seen === null ? null : window.__seen - window.__entered",
            Duration::from_secs(10),
        )?;
        // The first one warms the page.
        seen.enter_ms.extend(took.as_f64().filter(|_| n > 0));
    }
    // Rows hold still while the pointer is over them: it goes where a person who writes would have it.
    driver.click(COMPOSER)?;
    for n in 0..ARRIVALS {
        match arrival(&driver, &simulator, n) {
            Ok(ms) => seen.arrival_ms.push(ms),
            Err(error) => {
                eprintln!("  not measured: window.arrival-to-screen ({error:#})");
                break;
            }
        }
    }
    drop(driver);
    runtime.block_on(simulator.shutdown());
    Ok(seen)
}

/// Milliseconds from the answer that carried a new message to the frame that showed it.
fn arrival(driver: &Driver, simulator: &Simulator, n: usize) -> Result<f64> {
    let text = format!("News of the benchmark, number {n}.");
    let chats = simulator.chats(ProfileId::PRIMARY, Platform::Facebook);
    let open = driver.run("return document.querySelector('main h2')?.textContent ?? ''", &[])?;
    let (chat, place) = if n.is_multiple_of(2) {
        (chats.get(n + 3).context("no such conversation")?.clone(), ROW)
    } else {
        (simulator.chat(ProfileId::PRIMARY, Platform::Facebook, open.as_str().unwrap_or_default())?, BUBBLE)
    };
    driver.run(WATCH, &[json!(text), json!(place)])?;
    simulator.inbound(&chat, text.as_str())?;
    let written_at = simulator.clock().now_ms();
    let since = Instant::now();
    let shown = loop {
        if let Some(at) = driver.run("return window.__seen", &[])?.as_f64() {
            break at;
        }
        if since.elapsed() > Duration::from_secs(150) {
            let reads = simulator.requests().iter().filter(|r| r.at_ms >= written_at).count();
            bail!("a message did not reach {place}; {reads} requests since it was written");
        }
        std::thread::sleep(Duration::from_millis(250));
    };
    // The first read of messages after it was written is the one that carries it.
    let requests = simulator.requests();
    let carried = requests
        .iter()
        .filter(|r| r.at_ms >= written_at && r.path == "/messages/facebook" && !r.query.contains("conversationsOnly"))
        .map(|r| r.at_ms)
        .next()
        .context("no read carried it")?;
    Ok(shown - carried as f64)
}

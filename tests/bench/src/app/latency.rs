//! How fast the window answers: from the simulator's answer that carries a message to the message on screen, and from
//! Enter to the bubble. In the real window, through WebDriver, against the simulator in this process.
//!
//! The page looks for itself: an observer waits for the text and notes the time of the frame after it. The clocks are
//! the same machine's.

use std::{
    env, fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use backscroll_adapters::Secret;
use backscroll_engine::{AyrshareSecrets, Inbox, InboxOptions, SecretsMode, SystemClock};
use backscroll_model::UserError;
use backscroll_simulator::{Clock, Platform, ProfileId, SimOptions, Simulator, Synthetic, WorldKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::webdriver::Driver;

/// Messages that arrive, by turns in the list and in the open thread. Each waits for the provider's minute.
const ARRIVALS: usize = 4;
/// Texts that are sent.
const SENDS: usize = 21;

const ROW: &str = "[role=option]";
const BUBBLE: &str = "article";
const COMPOSER: &str = "[data-section=composer] textarea";

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
    let data = home.join("latency-data");
    fs::create_dir_all(&data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let simulator = runtime.block_on(connected(&data))?;
    let names = ["data", "config", "cache", "state"].map(|name| home.join(format!("latency-{name}")));
    let [xdg_data, config, cache, state] = &names;
    let driver = Driver::start(
        binary,
        &[
            ("BACKSCROLL_DATA_DIR", &data),
            ("XDG_DATA_HOME", xdg_data),
            ("XDG_CONFIG_HOME", config),
            ("XDG_CACHE_HOME", cache),
            ("XDG_STATE_HOME", state),
        ],
    )?;
    driver.until(
        "the list",
        &format!("return document.querySelectorAll('{ROW}').length > 3"),
        Duration::from_secs(30),
    )?;
    // Without a window manager nothing gives it the focus, and a window without focus polls rarely.
    super::xdotool(&["search", "--onlyvisible", "--name", "Backscroll", "windowfocus"])?;
    let mut seen = Latency::default();
    for n in 0..SENDS {
        if n == 0 {
            driver.click(ROW)?;
            driver.until(
                "the composer",
                &format!("return document.querySelector('{COMPOSER}') !== null"),
                Duration::from_secs(10),
            )?;
        }
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

/// A simulator, and a data folder whose inbox is connected to it and has read it.
async fn connected(data: &Path) -> Result<Simulator> {
    let world = Synthetic { conversations: 40, messages_per_conversation: 20, platforms: vec![Platform::Facebook] };
    let simulator = Simulator::start(SimOptions::new(WorldKind::Synthetic(world), Clock::real())).await?;
    simulator.set_knobs(|knobs| knobs.inbound_drops_cache = true);
    let inbox = Inbox::open(InboxOptions {
        data_dir: data.to_owned(),
        secrets: SecretsMode::File,
        clock: Arc::new(SystemClock),
        seed: 1,
        decoder: (env::current_exe()?, vec!["decode-image".to_owned()]),
        read_only: false,
        demo: false,
    })
    .await
    .map_err(said)?;
    let secrets = AyrshareSecrets {
        api_key: Secret::new(simulator.api_key()),
        profile_key: None,
        x_api_key: None,
        x_api_secret: None,
        x_history: None,
        x_monthly_limit_cents: 0,
    };
    inbox.connect_ayrshare(Some(simulator.base_url().to_owned()), secrets, None).await.map_err(said)?;
    inbox.sync_once(None).await.map_err(said)?;
    inbox.stop().await;
    Ok(simulator)
}

fn said(error: UserError) -> anyhow::Error {
    anyhow!("{:?}: {}", error.code, error.detail)
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

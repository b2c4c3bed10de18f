//! The application in front of a simulator in this process: a data folder that knows it, a window, a driver.

use std::{env, fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use backscroll_adapters::Secret;
use backscroll_engine::{AyrshareSecrets, Inbox, InboxOptions, SecretsMode, SystemClock};
use backscroll_model::UserError;
use backscroll_simulator::{Clock, Platform, SimOptions, Simulator, Synthetic, WorldKind};

use super::webdriver::Driver;

/// A row of the list.
pub const ROW: &str = "[role=option]";
/// A message of the thread.
pub const BUBBLE: &str = "article";
/// Where a text is written.
pub const COMPOSER: &str = "[data-section=composer] textarea";

/// A simulator on the machine's clock with one Page of `conversations`, 20 messages each.
pub async fn simulator(conversations: usize) -> Result<Simulator> {
    let world = Synthetic { conversations, messages_per_conversation: 20, platforms: vec![Platform::Facebook] };
    let simulator = Simulator::start(SimOptions::new(WorldKind::Synthetic(world), Clock::real())).await?;
    simulator.set_knobs(|knobs| knobs.inbound_drops_cache = true);
    Ok(simulator)
}

/// The inbox of a data folder, which is made if it is missing.
pub async fn inbox(data: &Path) -> Result<Inbox> {
    fs::create_dir_all(data)?;
    Inbox::open(InboxOptions {
        data_dir: data.to_owned(),
        secrets: SecretsMode::File,
        clock: Arc::new(SystemClock),
        seed: 1,
        decoder: (env::current_exe()?, vec!["decode-image".to_owned()]),
        read_only: false,
        demo: false,
    })
    .await
    .map_err(said)
}

/// Connects an inbox to a simulator; nothing is read yet.
pub async fn connect(inbox: &Inbox, simulator: &Simulator) -> Result<()> {
    let secrets = AyrshareSecrets {
        api_key: Secret::new(simulator.api_key()),
        profile_key: None,
        x_api_key: None,
        x_api_secret: None,
        x_history: None,
        x_monthly_limit_cents: 0,
    };
    inbox.connect_ayrshare(Some(simulator.base_url().to_owned()), secrets, None).await.map_err(said)?;
    Ok(())
}

/// An error of the inbox as one of the benchmark.
pub fn said(error: UserError) -> anyhow::Error {
    anyhow!("{:?}: {}", error.code, error.detail)
}

/// The window on a data folder, with its list painted and the focus on it.
pub fn window(binary: &Path, data: &Path) -> Result<Driver> {
    let [xdg_data, config, cache, state] = ["data", "config", "cache", "state"].map(|name| data.join("xdg").join(name));
    let driver = Driver::start(
        binary,
        &[
            ("BACKSCROLL_DATA_DIR", data),
            ("XDG_DATA_HOME", &xdg_data),
            ("XDG_CONFIG_HOME", &config),
            ("XDG_CACHE_HOME", &cache),
            ("XDG_STATE_HOME", &state),
        ],
    )?;
    driver.until(
        "the list",
        &format!("return document.querySelectorAll('{ROW}').length > 3"),
        Duration::from_secs(30),
    )?;
    // Without a window manager nothing gives it the focus, and a window without focus polls rarely.
    super::xdotool(&["search", "--onlyvisible", "--name", "Backscroll", "windowfocus"])?;
    Ok(driver)
}

/// Opens the conversation of the first row. Not with the pointer: during a back-fill the hint of what is new lies over it.
pub fn open_first(driver: &Driver) -> Result<()> {
    driver.run(&format!("document.querySelector('{ROW}').click()"), &[])?;
    driver.until(
        "the composer",
        &format!("return document.querySelector('{COMPOSER}') !== null"),
        Duration::from_secs(10),
    )?;
    Ok(())
}

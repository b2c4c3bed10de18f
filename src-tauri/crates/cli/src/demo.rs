//! `backscroll demo`: the simulated providers alone.

use std::{net::SocketAddr, process::ExitCode};

use backscroll_simulator::{SimOptions, Simulator};

use crate::{failure::Usage, texts::text};

/// Starts the simulator, prints one line that says how to connect to it, and serves until interrupted.
pub async fn run(listen: SocketAddr, seed: u64) -> anyhow::Result<ExitCode> {
    if !listen.ip().is_loopback() {
        return Err(Usage(text("cli_loopback_only", &[])).into());
    }
    let simulator = Simulator::start(SimOptions { listen, seed, ..SimOptions::demo() }).await?;
    // One JSON line with and without --json: whoever starts this reads it.
    println!("{}", simulator.announcement());
    interrupted().await;
    simulator.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl+C or the end that the system asks for.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

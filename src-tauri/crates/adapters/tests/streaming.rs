//! A large upload costs no memory. Alone in its program, because the measure is the program's.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use backscroll_adapters::ayrshare::{Ayrshare, AyrshareConfig, XKeys};
use backscroll_adapters::{Adapter, Secret, UploadFile};
use backscroll_model::{OutgoingKind, Platform};
use backscroll_simulator::{Clock, SimOptions, Simulator, WorldKind};
use tokio::sync::watch;

const FILE: u64 = 200_000_000;
/// Allowed, the simulator's side included, which runs in this very program. Measured: 6 MB.
const MEMORY: u64 = 64_000_000;

/// The most memory that this program has held so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn two_hundred_megabytes_leave_within_64() {
    let sim = Simulator::start(SimOptions::new(WorldKind::Small, Clock::manual(1_795_190_400_317))).await.unwrap();
    let mut config = AyrshareConfig::new(Secret::new(sim.api_key()));
    config.api_base = sim.base_url().to_owned();
    let (key, secret) = sim.x_keys();
    config.x_keys = XKeys::from_parts(Some(Secret::new(key)), Some(Secret::new(secret)));
    let adapter = Ayrshare::new(config).unwrap();
    // Zeros that take no place on the disk.
    let disk = tempfile::NamedTempFile::new().unwrap();
    disk.as_file().set_len(FILE).unwrap();
    let file = UploadFile {
        platform: Platform::X,
        path: disk.path().to_owned(),
        name: "film.mp4".to_owned(),
        mime: "video/mp4".to_owned(),
        bytes: FILE,
        kind: OutgoingKind::Video,
    };
    let (progress, before) = (watch::Sender::default(), peak());
    let upload = adapter.upload(&file, &progress);
    tokio::time::timeout(Duration::from_secs(300), upload).await.unwrap().unwrap();
    assert_eq!(progress.borrow().sent, FILE);
    let grown = peak() - before;
    assert!(grown < MEMORY, "{grown} bytes more");
}

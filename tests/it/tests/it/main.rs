//! The engine against the simulator: what a person would notice, without a window.
//!
//! Nothing sleeps and nothing looks at the wall: [`clock::TestClock`] moves only when a test moves it, and a test moves
//! it only while the engine is at rest ([`world::World::advance`]). The simulator's ledger is the truth that everything
//! is held against.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod clock;
mod desk;
mod disk;
mod invariants;
mod world;

mod accounts;
mod answers;
mod archives;
mod backups;
mod chance;
mod costs;
mod coverage;
mod crash;
mod graph;
mod kill;
mod media;
mod news;
mod notices;
mod outbox;
mod pictures;
mod points;
mod reading;
mod search;
mod sending_files;
mod storage;
mod thousand;
mod trouble;
mod twins;
mod unclear;
mod webhooks;
mod windows;

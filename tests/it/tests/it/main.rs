//! The engine against the simulator: what a person would notice, without a window.
//!
//! Nothing sleeps and nothing looks at the wall: [`clock::TestClock`] moves only when a test moves it, and a test moves
//! it only while the engine is at rest ([`world::World::advance`]). The simulator's ledger is the truth that everything
//! is held against.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod clock;
mod world;

mod accounts;
mod bad_input;
mod costs;
mod kill;
mod news;
mod pictures;
mod reading;
mod sending;
mod storage;

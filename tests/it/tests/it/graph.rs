//! A Page at Graph: the engine against the simulator's Graph half (`reference/meta-graph.md`).
//!
//! A round at Graph may wait for the rate bucket, so whoever asks for one lets the clock run meanwhile ([`Shop::sync`]).

mod again;
mod announced;
mod calls;
mod coverage;
mod killed;
mod paging;
mod proof;
mod refusals;
mod scheduler;
mod sending;
mod shop;

pub use shop::{PAGE, Shop};

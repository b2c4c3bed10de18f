//! Tests that cross crates: the engine against the simulator, in one test binary (`tests/it`).
//!
//! - `world`, `clock`: a simulator, a data folder and an inbox; time moves only while the engine is at rest.
//! - `desk`, `invariants`: a world that remembers what the user asked for; I1 to I7, I9 and I10 held against the ledger.
//! - `reading`, `costs`, `coverage`: what is read, what that costs, and which gaps are shown.
//! - `accounts`, `news`, `notices`, `pictures`, `storage`: one area each.
//! - `sending`, `outbox`: each way in which a message can be sent, not be sent, or be sent without anybody knowing.
//! - `bad_input`, `trouble`: bad input, row by row: told where it belongs, nothing lost, others go on, and it heals.
//! - `kill`, `crash`: SIGKILL at named points and at random; `backscroll-it-worker` is the engine that dies.
//! - `points`: each point on the way of a message and of its file × SIGKILL, panic, refused write × each way to the customer.
//! - `twins`: equal texts, echoes at the wrong time, and what changes between Enter and the wire.
//! - `chance`: a hundred sends in random weather; `thousand`: five hundred through each provider, texts and files, with
//!   webhooks, quits and kills.
//!
//! `BACKSCROLL_IT_SEED` runs a printed seed again; `BACKSCROLL_IT_SENDS`, `BACKSCROLL_IT_KILLS` and
//! `BACKSCROLL_IT_HUGE_MB` ask for more than the default.

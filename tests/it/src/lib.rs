//! Tests that cross crates: the engine against the simulator, in one test binary (`tests/it`).
//!
//! The reading, the costs and the harness (`world`, `clock`) came with the engine. Taken, each in a file of its own:
//!
//! - `invariants`: I1 to I9 of a world, checked by one function against the simulator's ledger.
//! - `outbox`: each way a sent message can end; order; decisions; restarts.
//! - `trouble`: bad input, row by row: the right health or error, nothing lost, other accounts go on.
//! - `notices`: what is announced, when, at most once.
//! - `coverage`: overlapping and not overlapping reads.
//! - `crash`: the engine in a process of its own, killed at named points and at random.
//! - `chance`: a hundred sends under random faults.

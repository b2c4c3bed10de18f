//! The benchmark of Backscroll (`cargo xtask bench`): how near the app comes to the bare work.
//!
//! Promises: whatever can be compared is compared with a bare reference in the same run and judged as a ratio; what is
//! printed was measured, and what could not be measured is named. Never a test, never in CI: it fails only when asked
//! to (`--check`).

mod bare;
mod callgrind;
mod corpus;
mod measure;
mod report;
#[cfg(target_os = "linux")]
mod app {
    pub mod bare_window;
    pub mod run;
    pub mod screen;
    pub mod tree;
}

fn main() {}

//! Downloads in the shape of the real ones, whole and hostile.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod build;
mod hostile;
mod meta;
mod x;

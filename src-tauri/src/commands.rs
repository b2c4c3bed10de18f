//! The commands of the page, one file per area of the UI. A command is a few lines: check the arguments, call the
//! inbox, hand on the answer. What none of them does: return a credential, a path outside the store, or raw media.
//!
//! Every one takes the [`Shell`](crate::shell::Shell) and plain arguments and nothing of Tauri's runtime, so the same
//! functions run in a window, behind the bridge of the browser tests, and in a test without a display.

pub mod accounts;
pub mod backup;
pub mod canned;
pub mod conversations;
pub mod desktop;
pub mod media;
pub mod search;
pub mod sending;
pub mod settings;
pub mod start;
pub mod sync;
pub mod thread;
pub mod webhooks;

use backscroll_model::UserError;

/// What every command answers.
pub(crate) type Result<T> = std::result::Result<T, UserError>;

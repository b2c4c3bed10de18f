//! The plain types that every part of Backscroll speaks: ids, accounts, conversations, messages, and the two kinds of
//! news, [`Event`] (a fact from outside, on its way into the history) and [`Change`] ("read this again", on its way to
//! the screen).
//!
//! Promises: no I/O, no clock, no randomness. Every type that crosses IPC derives `serde` and `specta::Type` here, so
//! the bindings of the UI are generated from this crate and there is no second set of structs. JSON names are
//! `snake_case` everywhere: IPC, command line and database speak the same words.
//!
//! Refuses: anything that only one other crate needs. Wire formats live in `adapters`, SQL in `store`.

mod account;
mod backup;
mod canned;
mod change;
mod contact;
mod conversation;
mod download;
mod error;
mod event;
mod ids;
mod message;
mod notice;
mod outbox;
mod outgoing;
mod provider;
mod search;
mod settings;
mod sync;
pub mod text;
mod time;
mod webhook;
mod window;

pub use account::*;
pub use backup::*;
pub use canned::*;
pub use change::*;
pub use contact::*;
pub use conversation::*;
pub use download::*;
pub use error::*;
pub use event::*;
pub use ids::*;
pub use message::*;
pub use notice::*;
pub use outbox::*;
pub use outgoing::*;
pub use provider::*;
pub use search::*;
pub use settings::*;
pub use sync::*;
pub use time::*;
pub use webhook::*;
pub use window::*;

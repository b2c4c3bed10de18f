//! The Meta Graph API over the same world: Messenger and the linked Instagram accounts of the profiles, seen the way a
//! Page token sees them (meta-graph reference, sections 1–5, 8, 9, 12).
//!
//! One truth, two views. A message that a person writes is a row of [`crate::world`], whichever API reads it; what only
//! Graph can tell (who quoted what, which product a template shows) lies in [`state`] types inside that row. A few
//! conversations exist for Graph alone, because they show what Ayrshare has no word for; they are marked `graph_only` and
//! no Ayrshare answer has them.
//!
//! Served under `/graph` (with or without a version), its files under `/cdn`.

pub(crate) mod acts;
pub(crate) mod assets;
pub(crate) mod call;
pub(crate) mod content;
pub(crate) mod control;
pub(crate) mod demo;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod files;
pub(crate) mod hooks;
pub(crate) mod limits;
pub(crate) mod messages;
pub(crate) mod paging;
pub(crate) mod people;
#[cfg(all(feature = "control", debug_assertions))]
pub(crate) mod remote;
pub(crate) mod route;
pub(crate) mod send;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod subscribed;
pub(crate) mod threads;
pub(crate) mod tokens;
pub(crate) mod upload;
pub(crate) mod wire;
pub(crate) mod write;

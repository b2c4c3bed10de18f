//! How the Ayrshare adapter behaves on the wire: against answers made up here, each as small as its point allows.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod accounts;
mod media;
mod reads;
mod sends;
mod server;
mod uploads;

//! The engine: everything that Backscroll does between the providers and whoever looks at it, behind one facade, the
//! [`Inbox`]. Each command of the desktop and of the command line is one method on it.
//!
//! Promises: the history is the only source of what is shown; no [`Change`](backscroll_model::Change) before its
//! transaction is committed; a message is never sent twice by us; stopping means cancel, wait, abort.
//!
//! Refuses: windows, trays, Tauri. Time, randomness, addresses and the data folder are arguments
//! ([`InboxOptions`]).

mod account_task;
mod auto_response;
mod backup;
mod bus;
mod clock;
mod errors;
mod export;
mod files;
mod import;
mod inbox;
mod inner;
mod link;
mod live;
mod media_cache;
mod notify;
mod options;
mod outbox;
mod outgoing;
mod pace;
mod quiet;
mod rate;
mod round;
mod secrets;
mod supervise;
mod tend;
mod texts;
mod webhooks;

pub use backscroll_adapters::{Limits, Secret};
pub use bus::next_changes;
pub use clock::{Clock, SendPoint, SystemClock};
pub use export::ExportRequest;
pub use import::ImportRequest;
pub use inbox::Inbox;
pub use media_cache::MediaCopy;
pub use options::{AyrshareSecrets, InboxOptions, MetaSecrets, SecretsMode, SecretsPlace};
pub use texts::text;

//! The Ayrshare API and Meta's Graph API on loopback: one world of invented people, its own clock, and faults on demand.
//!
//! It is the demo of the app and the other half of every test. It is written from the API references alone and shares no
//! code with the adapters, so that the two check each other. Where a reference does not know what a server does, a field of
//! [`Knobs`] or [`GraphKnobs`] switches between the possibilities. Everything is a function of the seed, the clock and the
//! calls. Both APIs tell of the same people and messages; what is about Graph alone is under [`Simulator::graph`].
//!
//! What it never does: call an address that is not on loopback, keep a caller's key, or ask the machine for the time when
//! its clock is manual.
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use std::time::Duration;
//! use backscroll_simulator::{Clock, Fault, Platform, ProfileId, SimOptions, Simulator, WorldKind};
//!
//! let sim = Simulator::start(SimOptions::new(WorldKind::Small, Clock::manual(1_790_000_000_000))).await?;
//! let _secrets = sim.secrets_json(ProfileId::PRIMARY); // {"api_key", "x_api_key", "x_api_secret"}, for `account add`
//! assert!(sim.base_url().starts_with("http://127.0.0.1:"));
//!
//! // A customer writes; an hour passes; what was planned for that hour has happened.
//! let ada = sim.chat(ProfileId::PRIMARY, Platform::Facebook, "Ada Park")?;
//! let id = sim.inbound(&ada, "Are you open on Sunday?")?;
//! sim.advance(Duration::from_secs(3_600)).await;
//!
//! // The next send is applied, and its answer never arrives.
//! sim.on("POST", "/messages/facebook").fail(Fault::apply_then_drop());
//!
//! // What truly happened, to hold any client against.
//! assert!(sim.ledger().iter().any(|entry| entry.id == id && entry.readable));
//! sim.shutdown().await;
//! # Ok::<(), backscroll_simulator::SimError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod acts;
mod blob;
mod clock;
mod cursor;
mod echo;
mod fault;
mod fetch;
mod graph;
mod ids;
mod knobs;
mod limits;
mod meanwhile;
mod media;
mod net;
mod networks;
mod platform;
mod record;
mod script;
mod server;
mod simulator;
mod sniff;
mod state;
mod webhooks;
mod world;

pub use acts::Inbound;
pub use clock::Clock;
pub use echo::Echo;
pub use fault::{Edit, Fault, FaultRule, Hold};
pub use graph::acts::{GraphSendKnobs, SenderAction};
pub use graph::content::Content;
pub use graph::control::Graph;
pub use graph::error::GraphError;
pub use graph::hooks::knobs::GraphHookKnobs;
pub use graph::hooks::wire::Signing;
pub use graph::hooks::{GraphWebhook, HookObject};
pub use graph::state::{GraphKnobs, Meter, OlderRows, PersonFlags, ReactionsForm, StickerForm, TokenKind, TokenState};
pub use knobs::{AccessUrl, Codes, Knobs, SendAnswer};
pub use meanwhile::Meanwhile;
pub use net::{Cut, Network};
pub use platform::Platform;
pub use record::{LedgerEntry, LedgerFile, RequestRecord};
pub use script::{Beat, Scene};
pub use simulator::{ProfileInfo, SimOptions, Simulator};
pub use state::{Chat, SimError};
pub use webhooks::WebhookAttempt;
pub use webhooks::signing::{Digest, WebhookKnobs};
pub use world::{Direction, Origin, ProfileId, Synthetic, WorldKind};

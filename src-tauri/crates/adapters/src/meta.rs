//! Meta's Graph API: Messenger and the linked Instagram account of one Page, through its Page token
//! (`reference/meta-graph.md`).
//!
//! `config` says what a connection is, `client` sends one request, `fields` knows which fields are asked for and which
//! this version of Graph lacks, `wire` and `normalize` turn an answer into events, `read` puts the questions, `refusal`
//! says what an error means.
//!
//! Refuses: deciding when to call and how fast (the engine paces), archives and automatic replies (Graph has none), and
//! everything for X.

mod client;
mod config;
mod refusal;

pub use client::Meta;
pub use config::{API_BASE, ConfigError, MetaConfig, VERSION};

//! Meta's Graph API: Messenger and the linked Instagram account of one Page, through its Page token
//! (`reference/meta-graph.md`).
//!
//! `config` says what a connection is, `client` sends one request, `fields` knows which fields are asked for and which
//! this version of Graph lacks, `wire` and `normalize` turn an answer into events, `read` puts the questions, `refusal`
//! says what an error means, `outcome` what came of a `send`; `check`, `profile` and `subscribe` are the small endpoints;
//! `hook` with `hook_message` reads webhooks.
//!
//! Refuses: deciding when to call and how fast (the engine paces), archives and automatic replies (Graph has none), and
//! everything for X.

mod check;
mod client;
mod config;
mod cursor;
mod fields;
pub mod hook;
mod hook_message;
mod normalize;
mod offline;
mod outcome;
mod profile;
mod read;
mod refusal;
mod send;
mod subscribe;
mod wire;

pub use client::Meta;
pub use config::{API_BASE, ConfigError, MetaConfig, Pace, VERSION};
pub use offline::pages_of;
pub use subscribe::{AppAddress, AppSubscription, INSTAGRAM_FIELDS, PAGE_FIELDS, Subscription};

use async_trait::async_trait;
use backscroll_model::{AttachRules, AutoResponse, Capabilities, KeyCheck, Page, Platform, Provider, RemoteId};
use tokio::sync::{mpsc, watch};

use crate::{Adapter, AdapterError, Content, Outgoing, Read, ReadDone, SendOutcome, UploadFile, Uploaded};

#[async_trait]
impl Adapter for Meta {
    fn provider(&self) -> Provider {
        Provider::Meta
    }

    fn capabilities(&self, platform: Platform) -> Capabilities {
        Capabilities {
            archive: false,
            auto_response: false,
            read_receipts: false,
            billed_reads: false,
            switches_messaging: false,
            text_limit: platform.text_limit(),
            attach: AttachRules::of(Provider::Meta, platform),
            react: platform != Platform::X,
            quote: platform != Platform::X,
        }
    }

    async fn check(&self) -> Result<KeyCheck, AdapterError> {
        self.check_token().await
    }

    async fn read(&self, read: &Read, out: mpsc::Sender<Page>) -> Result<ReadDone, AdapterError> {
        self.read_pages(read, &out).await
    }

    async fn send(&self, send: &Outgoing) -> SendOutcome {
        match &send.content {
            Content::Text(text) => self.post_text(send, text).await,
            Content::Files { .. } => SendOutcome::Refused(AdapterError::unsupported()),
        }
    }

    async fn upload(&self, _: &UploadFile, _: &watch::Sender<u64>) -> Result<Uploaded, AdapterError> {
        Err(AdapterError::unsupported())
    }

    async fn react(
        &self,
        _: Platform,
        _: &RemoteId,
        _: &RemoteId,
        _: &RemoteId,
        _: Option<&str>,
    ) -> Result<(), AdapterError> {
        Err(AdapterError::unsupported())
    }

    async fn set_archived(&self, _: Platform, _: &RemoteId, _: bool) -> Result<(), AdapterError> {
        Err(AdapterError::unsupported())
    }

    async fn auto_response(&self) -> Result<AutoResponse, AdapterError> {
        Err(AdapterError::unsupported())
    }

    async fn set_auto_response(&self, _: &AutoResponse) -> Result<AutoResponse, AdapterError> {
        Err(AdapterError::unsupported())
    }
}

//! Meta's Graph API: Messenger and the linked Instagram account of one Page, through its Page token
//! (`reference/meta-graph.md`).
//!
//! `config` says what a connection is, `client` sends one request, `fields` knows which fields are asked for and which
//! this version of Graph lacks, `wire` and `normalize` turn an answer into events, `read` puts the questions, `refusal`
//! says what an error means, `outcome` what came of a `send`; `upload` brings files to where a send can name them; `check`,
//! `profile`, `react` and `subscribe` are the small endpoints; `hook` with `hook_message` reads webhooks.
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
mod react;
mod read;
mod refusal;
mod send;
mod subscribe;
mod upload;
mod wire;

pub use client::Meta;
pub use config::{API_BASE, ConfigError, MetaConfig, Pace, VERSION};
pub use offline::pages_of;
pub use subscribe::{AppAddress, AppSubscription, INSTAGRAM_FIELDS, PAGE_FIELDS, Subscription};

use async_trait::async_trait;
use backscroll_model::{AttachRules, AutoResponse, Capabilities, KeyCheck, Page, Platform, Provider, RemoteId};
use tokio::sync::{mpsc, watch};

use crate::{Adapter, AdapterError, Outgoing, Progress, Read, ReadDone, SendOutcome, UploadFile, Uploaded, content};

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
        self.post_message(send).await
    }

    async fn upload(&self, file: &UploadFile, progress: &watch::Sender<Progress>) -> Result<Uploaded, AdapterError> {
        self.upload_file(file, progress).await
    }

    fn takes_address(&self, address: &str) -> bool {
        self.is_reachable(address) && content::has_plain_name(address)
    }

    async fn react(
        &self,
        platform: Platform,
        _: &RemoteId,
        recipient: &RemoteId,
        message: &RemoteId,
        emoji: Option<&str>,
    ) -> Result<(), AdapterError> {
        self.post_reaction(platform, recipient, message, emoji).await
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

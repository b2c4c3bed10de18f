//! The Ayrshare Messaging API: Messenger, Instagram and X through one key (`reference/ayrshare.md`).
//!
//! `config` says what a connection is, `client` sends one request, `body` decodes what comes while it comes,
//! `normalize` turns it into events, `refusal` and `outcome` say what a failure means, `upload` brings files to where a
//! `send` can name them, `account` and `auto_response` are the small endpoints.
//!
//! Refuses: deciding when to call, and any call for X without both keys of the user's X app (it would be refused, and
//! counted).

mod account;
mod auto_response;
mod body;
mod client;
mod config;
mod cursor;
pub mod hook;
mod normalize;
mod offline;
mod outcome;
mod read;
mod refusal;
mod send;
mod subscribe;
mod upload;
mod wire;

use async_trait::async_trait;
use backscroll_model::{AttachRules, AutoResponse, Capabilities, KeyCheck, Page, Platform, Provider, RemoteId};
use tokio::sync::{mpsc, watch};

use crate::{Adapter, AdapterError, Outgoing, Progress, Read, ReadDone, SendOutcome, UploadFile, Uploaded, content};

pub use account::CreatedProfile;
pub use client::Ayrshare;
pub use config::{API_BASE, AyrshareConfig, ConfigError, XKeys};
pub use offline::pages_of;
pub use subscribe::Webhook;

#[async_trait]
impl Adapter for Ayrshare {
    fn provider(&self) -> Provider {
        Provider::Ayrshare
    }

    fn capabilities(&self, platform: Platform) -> Capabilities {
        let is_x = platform == Platform::X;
        Capabilities {
            archive: true,
            auto_response: true,
            // Unconfirmed on X (12.4): a watermark that comes all the same is kept.
            read_receipts: !is_x,
            billed_reads: is_x,
            switches_messaging: self.acts_as_profile(),
            text_limit: platform.text_limit(),
            attach: AttachRules::of(Provider::Ayrshare, platform),
            react: false,
            quote: false,
        }
    }

    async fn check(&self) -> Result<KeyCheck, AdapterError> {
        self.check_key().await
    }

    async fn read(&self, read: &Read, out: mpsc::Sender<Page>) -> Result<ReadDone, AdapterError> {
        self.read_pages(read, out).await
    }

    async fn send(&self, send: &Outgoing) -> SendOutcome {
        self.post_message(send).await
    }

    async fn upload(&self, file: &UploadFile, progress: &watch::Sender<Progress>) -> Result<Uploaded, AdapterError> {
        self.upload_file(file, progress).await
    }

    fn takes_address(&self, address: &str) -> bool {
        self.is_sendable(address) && content::has_plain_name(address)
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

    async fn set_archived(
        &self,
        platform: Platform,
        conversation: &RemoteId,
        archived: bool,
    ) -> Result<(), AdapterError> {
        self.put_status(platform, conversation, archived).await
    }

    async fn auto_response(&self) -> Result<AutoResponse, AdapterError> {
        self.get_auto_response().await
    }

    async fn set_auto_response(&self, wanted: &AutoResponse) -> Result<AutoResponse, AdapterError> {
        self.post_auto_response(wanted).await
    }
}

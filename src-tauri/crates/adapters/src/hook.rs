//! What a webhook tells, whichever provider sent it: pure, bytes in, facts out.
//!
//! Promises: the same [`Event`]s that a read gives; one item that cannot be read is named and costs nothing but itself;
//! signatures are compared in constant time over the bytes as they came.
//!
//! Refuses: trust. A webhook names people or ids, and the engine finds the conversation and reads it afterwards.

use backscroll_model::{Event, Platform, RemoteId, Skipped, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

use crate::Secret;

/// A body, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HookDelivery {
    /// What it tells, in its order.
    pub items: Vec<HookItem>,
    /// What could not be read.
    pub skipped: Vec<Skipped>,
    /// When the provider wrote it, by its clock; `None`: it does not say.
    pub sent_at: Option<Timestamp>,
    /// The provider's own number of this notification: the same in every repetition of it (Ayrshare's `hookId`).
    pub id: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookItem {
    /// Where.
    pub platform: Platform,
    /// The business: Page, Instagram account. `None`: not told, or not told apart from the person.
    pub account: Option<RemoteId>,
    /// Ayrshare's `refId` of the profile.
    pub reference: Option<String>,
    /// The conversation, where the provider names it; Graph never does.
    pub conversation: Option<RemoteId>,
    /// The other side; `None`: it concerns the account as a whole, or is not told.
    pub person: Option<RemoteId>,
    /// What happened.
    pub kind: HookKind,
    /// The facts in it. None: nothing that the history keeps, but a reason to read.
    pub events: Vec<Event>,
    /// When, by the platform's clock.
    pub at: Option<Timestamp>,
    /// Another app has the thread (Graph's `standby`).
    pub standby: bool,
    /// The JSON of the item as it came.
    pub raw: String,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookKind {
    /// The person wrote.
    Message,
    /// The business wrote, here or elsewhere.
    Echo,
    /// A message was taken back.
    Unsent,
    /// A text was changed.
    Edited,
    /// A reaction came or went.
    Reaction,
    /// The person has read.
    Read,
    /// Messages reached the person's device.
    Delivered,
    /// The person pressed a button.
    Postback,
    /// The person came by a link or an ad, which opens the reply window.
    Referral,
    /// The person opted in to something.
    OptIn,
    /// The thread went from one app to another.
    Handover,
    /// The platform warned, blocked or unblocked the business.
    Policy,
    /// An account was linked or unlinked at the provider.
    Linked,
    /// Nothing that we know.
    Other,
}

impl HookItem {
    /// Whether a conversation may look different after it, and is known well enough to be read.
    pub fn wants_read(&self) -> bool {
        let found = self.person.is_some() || self.conversation.is_some();
        found && !matches!(self.kind, HookKind::Delivered | HookKind::Policy | HookKind::Linked)
    }
}

/// Why a body says nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// Not JSON.
    #[error("not JSON")]
    NotJson,
    /// JSON, but not an envelope of this provider.
    #[error("not the documented envelope")]
    Shape,
}

/// HMAC-SHA256 of `body`; a key of any length will do.
fn mac(secret: &Secret, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
}

/// Whether `digest` is the HMAC-SHA256 of `body`, compared in constant time. An empty secret signs nothing.
pub(crate) fn signed(secret: &Secret, body: &[u8], digest: &[u8]) -> bool {
    !secret.is_empty() && mac(secret, body).is_some_and(|mac| mac.verify_slice(digest).is_ok())
}

/// Whether two words are the same, in constant time but for their digests. An empty one is never right.
pub(crate) fn same_word(ours: &Secret, theirs: &str) -> bool {
    let digest = mac(&Secret::new(theirs), b"").map(|mac| mac.finalize().into_bytes());
    !theirs.trim().is_empty() && digest.is_some_and(|digest| signed(ours, b"", &digest))
}

/// A digest in hex of either case, with or without `sha256=`.
pub(crate) fn hex_digest(header: &str) -> Option<Vec<u8>> {
    let header = header.trim();
    hex::decode(header.strip_prefix("sha256=").unwrap_or(header)).ok()
}

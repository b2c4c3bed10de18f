//! Files of drafts, and reactions.

use std::path::PathBuf;

use backscroll_media::clean_file_name;
use backscroll_model::{ConversationId, ErrorCode, MessageId, OutgoingFile, OutgoingFileId, Provider};
use backscroll_store as db;

use super::Inbox;
use crate::{
    MediaCopy,
    errors::{store_error, user_error},
    inner::Result,
    media_cache,
    outgoing::{self, Given},
};

/// Files that a draft holds at most: what is sent at once is less.
const MAX_FILES: usize = 50;
/// Of an address; browsers stop at 2,000 characters or later.
const MAX_ADDRESS_BYTES: usize = 2_000;
/// A reaction is one emoji; with skin tones, joiners and selectors some have 35 bytes.
const MAX_EMOJI_BYTES: usize = 64;

impl Inbox {
    /// Attaches a file of the user's disk to a draft. Answers at once; what becomes of it is told by
    /// [`Change::Draft`](backscroll_model::Change::Draft).
    ///
    /// # Errors
    ///
    /// `BadFile` if the draft is full, `NotFound`, and those of the history. A file that cannot be sent is no error: it
    /// stays in the draft with its reason.
    pub async fn attach_file(&self, conversation: ConversationId, path: PathBuf) -> Result<OutgoingFileId> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.attach_given(conversation, name, Given::Path(path)).await
    }

    /// Attaches what was pasted.
    ///
    /// # Errors
    ///
    /// As [`Self::attach_file`].
    pub async fn attach_bytes(
        &self,
        conversation: ConversationId,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<OutgoingFileId> {
        self.attach_given(conversation, name, Given::Bytes(bytes)).await
    }

    /// Attaches the file at an address of the web. It is fetched and looked at here; if it needs no change and the
    /// address is plain, it is sent from there as it is, else our copy is uploaded.
    ///
    /// # Errors
    ///
    /// `BadInput` for what is no address, and as [`Self::attach_file`].
    pub async fn attach_address(&self, conversation: ConversationId, address: &str) -> Result<OutgoingFileId> {
        let address = address.trim();
        let is_one = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
        if !is_one || address.len() > MAX_ADDRESS_BYTES || address.chars().any(|c| c.is_control() || c == ' ') {
            return Err(user_error(ErrorCode::BadInput, "no address"));
        }
        let now = self.0.now();
        let account = self.0.read(move |c| db::conversation(c, conversation, now)).await?.account;
        let name = outgoing::name_of(address);
        self.attach_given(conversation, name, Given::Address(account, address.to_owned())).await
    }

    async fn attach_given(&self, conversation: ConversationId, name: String, given: Given) -> Result<OutgoingFileId> {
        self.0.may_write()?;
        let now = self.0.now();
        let row = self.0.read(move |c| db::conversation(c, conversation, now)).await?;
        let provider = self.0.account(row.account).await?.provider.unwrap_or(Provider::Ayrshare);
        let shown = clean_file_name(&name).unwrap_or_default();
        let attached = self.0.store.write_user(move |tx| {
            if db::outgoing::files(tx, conversation)?.len() >= MAX_FILES {
                return Ok(None);
            }
            db::outgoing::attach(tx, conversation, &shown).map(Some)
        });
        let Some((id, changes)) = attached.await.map_err(|e| store_error(&e))? else {
            return Err(user_error(ErrorCode::BadFile, "the draft is full"));
        };
        self.0.publish(changes);
        outgoing::start(&self.0, id, given, name, provider, row.platform);
        Ok(id)
    }

    /// The files of a draft, in order.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn outgoing_files(&self, conversation: ConversationId) -> Result<Vec<OutgoingFile>> {
        self.0.read(move |c| db::outgoing::files(c, conversation)).await
    }

    /// The copy of a file in a draft, as its message will play it. `None`: it is not ready, or sent by now.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn outgoing_copy(&self, id: OutgoingFileId) -> Result<Option<MediaCopy>> {
        let Some((path, mime)) = self.0.read(move |c| db::outgoing::copy_of(c, id)).await? else { return Ok(None) };
        let holder = std::sync::Arc::clone(&self.0);
        let found = tokio::task::spawn_blocking(move || {
            let (file, _) = media_cache::known_file(&holder, &path)?;
            let size = std::fs::metadata(&file).ok()?.len();
            Some(MediaCopy { file, mime, size })
        });
        Ok(found.await.ok().flatten())
    }

    /// Puts the files of a draft into this order.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn order_files(&self, conversation: ConversationId, ids: Vec<OutgoingFileId>) -> Result<()> {
        self.0.may_write()?;
        let changes = self.0.store.write_user(move |tx| db::outgoing::order(tx, conversation, &ids)).await;
        self.0.publish(changes.map_err(|e| store_error(&e))?);
        Ok(())
    }

    /// Takes a file out of its draft.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn remove_file(&self, id: OutgoingFileId) -> Result<()> {
        self.0.may_write()?;
        let changes = self.0.store.write_user(move |tx| db::outgoing::remove(tx, id)).await;
        self.0.publish(changes.map_err(|e| store_error(&e))?);
        Ok(())
    }

    /// Reacts to a message as the business, or takes that back (`None`). Shown at once, and undone if the provider
    /// refuses.
    ///
    /// # Errors
    ///
    /// `Unsupported` where the provider cannot, `BadInput` for what is no emoji, `NotFound`, `Disconnected`, those of the
    /// provider and of the history.
    pub async fn react(&self, message: MessageId, emoji: Option<String>) -> Result<()> {
        self.0.may_write()?;
        if emoji.as_ref().is_some_and(|e| e.is_empty() || e.len() > MAX_EMOJI_BYTES || e.is_ascii()) {
            return Err(user_error(ErrorCode::BadInput, "no emoji"));
        }
        let account = self.0.read(move |c| db::account_of_message(c, message)).await?;
        let account = self.0.complete(self.0.account(account).await?);
        if !account.capabilities.react {
            return Err(user_error(ErrorCode::Unsupported, "this provider sends no reactions"));
        }
        let Some(connection) = account.connection else {
            return Err(user_error(ErrorCode::Disconnected, "the account has no connection"));
        };
        let link = self.0.link(connection).await?;
        let (wanted, now) = (emoji.clone(), self.0.now());
        let put = self.0.store.write_user(move |tx| db::set_own_reaction(tx, message, wanted.as_deref(), now)).await;
        let put = put.map_err(|e| store_error(&e))?;
        self.0.publish(put.changes);
        let before = put.before;
        let done = async {
            let (Some(person), Some(remote)) = (put.person, put.message) else {
                return Err(user_error(ErrorCode::NotFound, "the platform does not know this message yet"));
            };
            link.begin_call(self.0.now())?;
            let done =
                link.adapter.react(account.platform, &put.conversation, &person, &remote, emoji.as_deref()).await;
            done.map_err(|e| link.call_failed(self.0.now(), &e))
        };
        let Err(error) = done.await else { return Ok(()) };
        let undone = self.0.store.write_user(move |tx| db::set_own_reaction(tx, message, before.as_deref(), now)).await;
        self.0.publish(undone.map_err(|e| store_error(&e))?.changes);
        Err(error)
    }
}

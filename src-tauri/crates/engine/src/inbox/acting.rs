//! What the user does to conversations.

use std::sync::Arc;

use backscroll_model::{ConversationId, ConversationState, ErrorCode, Message, MessageId, ReadMark, ReadUpTo};
use backscroll_store as db;

use super::Inbox;
use crate::{
    errors::{store_error, user_error},
    inner::{Inner, Result},
    notify,
};

/// The longest draft: three times the longest message of any platform.
const MAX_DRAFT_BYTES: usize = 120_000;

impl Inbox {
    /// The thread that is on screen in a focused window, if any: no notification for it, and it is polled faster.
    pub fn set_viewing(&self, conversation: Option<ConversationId>) {
        let before = self.0.view();
        if before.conversation == conversation {
            return;
        }
        self.0.change_view(|view| {
            view.conversation = conversation;
            view.account = None;
        });
        // Which account it belongs to is looked up by a task: this method must not wait.
        if self.0.is_running() {
            self.0.tender.call();
        }
    }

    /// The window is hidden or out of focus (slower polling), or back.
    pub fn set_background(&self, background: bool) {
        if self.0.view().background == background {
            return;
        }
        self.0.change_view(|view| view.background = background);
        if self.0.is_running() {
            for live in self.0.all_live() {
                live.reader.call();
            }
        }
    }

    /// Marks everything up to `up_to` as read.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn mark_read(&self, conversation: ConversationId, up_to: MessageId) -> Result<()> {
        self.0.may_write()?;
        let changes = self
            .0
            .store
            .write_user(move |tx| db::mark_read(tx, conversation, up_to))
            .await
            .map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        notify::close_settled(&self.0, &[conversation]).await
    }

    /// Marks several conversations as read in one step; answers what [`Self::undo_read`] takes back. Conversations and
    /// messages that are gone are left out.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn mark_all_read(&self, seen: Vec<ReadUpTo>) -> Result<Vec<ReadMark>> {
        self.0.may_write()?;
        let ids: Vec<ConversationId> = seen.iter().map(|one| one.conversation).collect();
        let (marks, changes) =
            self.0.store.write_user(move |tx| db::mark_all_read(tx, &seen)).await.map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        notify::close_settled(&self.0, &ids).await?;
        Ok(marks)
    }

    /// Makes unread again what [`Self::mark_all_read`] marked; what came meanwhile stays unread.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn undo_read(&self, marks: Vec<ReadMark>) -> Result<()> {
        self.0.may_write()?;
        let changes =
            self.0.store.write_user(move |tx| db::undo_read(tx, &marks)).await.map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        Ok(())
    }

    /// Marks the newest inbound message as unread again.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn mark_unread(&self, conversation: ConversationId) -> Result<()> {
        self.0.may_write()?;
        let changes =
            self.0.store.write_user(move |tx| db::mark_unread(tx, conversation)).await.map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        Ok(())
    }

    /// Puts it into a state; answers the state before, for *Undo*.
    ///
    /// # Errors
    ///
    /// `NotFound`, `BadInput` for a snooze into the past, and those of the history.
    pub async fn set_state(&self, conversation: ConversationId, state: ConversationState) -> Result<ConversationState> {
        self.0.may_write()?;
        if let ConversationState::Snoozed { until } = state
            && until <= self.0.now()
        {
            return Err(user_error(ErrorCode::BadInput, "a snooze must end in the future"));
        }
        let (before, changes) = self
            .0
            .store
            .write_user(move |tx| db::set_state(tx, conversation, state))
            .await
            .map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        notify::close_settled(&self.0, &[conversation]).await?;
        if self.0.is_running() {
            self.0.tender.call();
        }
        self.archive_too(conversation, before, state).await?;
        Ok(before)
    }

    /// *Also archive in Ayrshare*: follows what the user did, after it was kept. A provider that cannot be reached does
    /// not undo the user's act; the next read shows what it has.
    async fn archive_too(
        &self,
        conversation: ConversationId,
        before: ConversationState,
        after: ConversationState,
    ) -> Result<()> {
        let archive = match (before, after) {
            (ConversationState::Done, ConversationState::Done) => return Ok(()),
            (_, ConversationState::Done) => true,
            (ConversationState::Done, _) => false,
            _ => return Ok(()),
        };
        if !self.0.settings().archive_at_provider || !self.0.is_running() {
            return Ok(());
        }
        let inner = Arc::clone(&self.0);
        let busy = inner.quiet.busy();
        tokio::spawn(async move {
            if let Err(error) = put_status(&inner, conversation, archive).await {
                tracing::warn!(code = ?error.code, "the conversation could not be archived at the provider");
            }
            drop(busy);
        });
        Ok(())
    }

    /// Keeps the text of a draft; empty text removes it.
    ///
    /// # Errors
    ///
    /// `BadText` if it is far too long, `NotFound`, and those of the history.
    pub async fn save_draft(&self, conversation: ConversationId, text: String) -> Result<()> {
        self.0.may_write()?;
        if text.len() > MAX_DRAFT_BYTES {
            return Err(user_error(ErrorCode::BadText, "the draft is too long"));
        }
        let now = self.0.now();
        let changed = self
            .0
            .store
            .write_user(move |tx| db::set_draft(tx, conversation, &text, now))
            .await
            .map_err(|e| store_error(&e))?;
        if changed {
            self.0.publish(vec![backscroll_model::Change::Conversation { id: conversation }]);
        }
        Ok(())
    }

    /// Keeps the message that a draft quotes; `None` forgets it.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn save_draft_quote(&self, conversation: ConversationId, message: Option<MessageId>) -> Result<()> {
        self.0.may_write()?;
        let now = self.0.now();
        let changed = self.0.store.write_user(move |tx| {
            if let Some(message) = message {
                let held = db::messages_by_ids(tx, &[message])?.pop();
                if held.is_none_or(|held| held.conversation != conversation) {
                    return Err(db::StoreError::NotFound("message"));
                }
            }
            db::set_draft_quote(tx, conversation, message, now)
        });
        if changed.await.map_err(|e| store_error(&e))? {
            self.0.publish(vec![backscroll_model::Change::Conversation { id: conversation }]);
        }
        Ok(())
    }

    /// The message that a draft quotes.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn draft_quote(&self, conversation: ConversationId) -> Result<Option<Message>> {
        let found = self.0.read(move |c| match db::draft_quote(c, conversation)? {
            Some(message) => Ok(db::messages_by_ids(c, &[message])?.pop()),
            None => Ok(None),
        });
        found.await
    }

    /// The text of a draft.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn draft(&self, conversation: ConversationId) -> Result<Option<String>> {
        self.0.read(move |c| db::draft(c, conversation)).await
    }
}

async fn put_status(inner: &Inner, conversation: ConversationId, archived: bool) -> Result<()> {
    let (account, remote_id) = inner.read(move |c| db::remote_of(c, conversation)).await?;
    let account = inner.account(account).await?;
    let Some(connection) = account.connection else { return Ok(()) };
    let link = inner.link(connection).await?;
    link.begin_call(inner.now())?;
    let done = link.adapter.set_archived(account.platform, &remote_id, archived).await;
    done.map_err(|e| link.call_failed(inner.now(), &e))
}

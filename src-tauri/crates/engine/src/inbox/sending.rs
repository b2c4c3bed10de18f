//! Sending: what is refused before it is queued, and the user's decisions afterwards.

use backscroll_model::{ConversationId, ErrorCode, MarkRead, Message, MessageId, ReplyWindow, SendDecision};
use backscroll_store as db;

use super::Inbox;
use crate::{
    errors::{store_error, user_error},
    inner::Result,
    notify,
};

impl Inbox {
    /// Queues a text. Answers the message row as soon as it is committed.
    ///
    /// # Errors
    ///
    /// `BadText` if it is empty or does not fit the platform, `WindowClosed` where the platform is certain to refuse,
    /// `Disconnected`, `NotFound`, and those of the history.
    pub async fn send_text(&self, conversation: ConversationId, text: String) -> Result<Message> {
        self.0.may_write()?;
        if text.trim().is_empty() {
            return Err(user_error(ErrorCode::BadText, "the text is empty"));
        }
        let now = self.0.now();
        let row = self.0.read(move |c| db::conversation(c, conversation, now)).await?;
        let limit = row.platform.text_limit();
        if !limit.fits(&text) {
            return Err(user_error(ErrorCode::BadText, format!("{} of {}", limit.size(&text), limit.max)));
        }
        let Some(connection) = self.0.account(row.account).await?.connection else {
            return Err(user_error(ErrorCode::Disconnected, "the account has no connection"));
        };
        let corrected = self.0.open_link(connection).map_or(now, |link| link.corrected(now));
        if let ReplyWindow::Closed { .. } = row.window {
            return Err(user_error(ErrorCode::WindowClosed, "the reply window is closed"));
        }
        let reads_it = self.0.settings().mark_read == MarkRead::OnReply;
        let client_ref = hex::encode(rand::random::<[u8; 12]>());
        let (message, changes) = self
            .0
            .store
            .write_durable(move |tx| {
                let mut queued = db::outbox::enqueue_text(tx, conversation, &text, &client_ref, corrected, None)?;
                if reads_it {
                    queued.changes.extend(db::mark_read(tx, conversation, queued.message)?);
                }
                let message = db::messages_by_ids(tx, &[queued.message])?.pop();
                Ok((message.ok_or(db::StoreError::NotFound("message"))?, queued.changes))
            })
            .await
            .map_err(|e| store_error(&e))?;
        self.0.publish(changes);
        if self.0.is_running()
            && let Some(live) = self.0.live(row.account)
        {
            live.sender.call();
        }
        notify::close_settled(&self.0, &[conversation]).await?;
        Ok(message)
    }

    /// The user's decision about an own message that is stuck.
    ///
    /// # Errors
    ///
    /// `TooLate` if it no longer fits, `NotFound`, and those of the history.
    pub async fn decide(&self, message: MessageId, decision: SendDecision) -> Result<()> {
        self.0.may_write()?;
        let now = self.0.now();
        let (account, conversation) = self
            .0
            .read(move |c| {
                let held = db::messages_by_ids(c, &[message])?.pop().ok_or(db::StoreError::NotFound("message"))?;
                Ok((db::outbox::account_of(c, message)?, held.conversation))
            })
            .await?;
        let live = self.0.live(account);
        let link = live.as_ref().and_then(|l| l.state().connection).and_then(|id| self.0.open_link(id));
        let corrected = link.map_or(now, |link| link.corrected(now));
        let decided = self
            .0
            .store
            .write_durable(move |tx| db::outbox::decide(tx, message, decision, corrected))
            .await
            .map_err(|e| store_error(&e))?;
        self.0.publish(decided.changes);
        if let Some(live) = live.filter(|_| self.0.is_running()) {
            if decision == SendDecision::CheckAgain {
                live.state().check_now.insert(conversation);
            }
            live.sender.call();
        }
        Ok(())
    }
}

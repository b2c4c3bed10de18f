//! Reading the history. Never waits for the network.

use backscroll_model::{
    AccountId, ContactPage, Conversation, ConversationId, ConversationPage, ConversationQuery, Counts, Gap, GapReason,
    Health, MediaItem, Message, MessageDetails, MessageId, Place, ThreadPage, ThreadPosition, Timestamp,
};
use backscroll_store as db;

use super::Inbox;
use crate::inner::Result;

/// Rows of a page, at most.
const MAX_ROWS: u32 = 200;
/// Rows that are read again by id, at most: what a screen can hold, several times over.
const MAX_IDS: usize = 500;

impl Inbox {
    /// A page of the conversation list; `limit` at most 200.
    ///
    /// # Errors
    ///
    /// `BadInput` for a place that is none, and those of the history.
    pub async fn conversations(
        &self,
        query: ConversationQuery,
        after: Option<Place>,
        limit: u32,
    ) -> Result<ConversationPage> {
        let now = self.0.now();
        let limit = limit.clamp(1, MAX_ROWS);
        self.0.read(move |c| db::conversations(c, &query, after.as_ref(), limit, now)).await
    }

    /// Rows by id, for re-reading after a change. Unknown ids are left out.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn conversations_by_id(&self, mut ids: Vec<ConversationId>) -> Result<Vec<Conversation>> {
        ids.truncate(MAX_IDS);
        let now = self.0.now();
        self.0.read(move |c| db::conversations_by_ids(c, &ids, now)).await
    }

    /// The counters of rail, chips and tray.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn counts(&self) -> Result<Counts> {
        self.0.read(db::counts).await
    }

    /// A page of a thread; `limit` at most 200.
    ///
    /// # Errors
    ///
    /// `BadInput` for a place that is none, `NotFound` for a message that is not in this thread.
    pub async fn thread(
        &self,
        conversation: ConversationId,
        position: ThreadPosition,
        limit: u32,
    ) -> Result<ThreadPage> {
        let limit = limit.clamp(1, MAX_ROWS);
        let mut page = self.0.read(move |c| db::thread_page(c, conversation, &position, limit)).await?;
        self.say_next_try(conversation, &mut page.gaps).await?;
        self.0.outgoing.fill(&mut page.messages);
        Ok(page)
    }

    /// Messages by id, hydrated. Unknown ids are left out.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn messages_by_id(&self, mut ids: Vec<MessageId>) -> Result<Vec<Message>> {
        ids.truncate(MAX_IDS);
        let mut messages = self.0.read(move |c| db::messages_by_ids(c, &ids)).await?;
        self.0.outgoing.fill(&mut messages);
        Ok(messages)
    }

    /// Everything known about one message.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn message_details(&self, id: MessageId) -> Result<MessageDetails> {
        self.0.read(move |c| db::message_details(c, id)).await
    }

    /// Gaps of one conversation, or of all.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn gaps(&self, conversation: Option<ConversationId>) -> Result<Vec<Gap>> {
        let now = self.0.now();
        self.0
            .read(move |c| match conversation {
                Some(id) => db::gaps(c, id),
                None => {
                    let accounts = db::accounts(c, now)?.into_iter();
                    let all = accounts.map(|a| db::gaps_of_account(c, a.id)).collect::<db::Result<Vec<_>>>()?;
                    Ok(all.into_iter().flatten().collect())
                }
            })
            .await
    }

    /// Gaps of one account, by conversation.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn gaps_of_account(&self, account: AccountId) -> Result<Vec<Gap>> {
        self.0.read(move |c| db::gaps_of_account(c, account)).await
    }

    /// What the contact panel shows.
    ///
    /// # Errors
    ///
    /// `NotFound`, and those of the history.
    pub async fn contact_page(&self, conversation: ConversationId) -> Result<ContactPage> {
        let mut page = self.0.read(move |c| db::contact_page(c, conversation)).await?;
        self.say_next_try(conversation, &mut page.gaps).await?;
        Ok(page)
    }

    /// Pictures, videos, sounds and files of a conversation, newest first; `limit` at most 200.
    ///
    /// # Errors
    ///
    /// `BadInput` for a place that is none, and those of the history.
    pub async fn media_of(
        &self,
        conversation: ConversationId,
        before: Option<Place>,
        limit: u32,
    ) -> Result<Vec<MediaItem>> {
        let limit = limit.clamp(1, MAX_ROWS);
        self.0.read(move |c| db::media_of(c, conversation, before.as_ref(), limit)).await
    }

    /// *Jump to date*: the first message at that time or later, else the newest before it.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn message_at(&self, conversation: ConversationId, at: Timestamp) -> Result<Option<MessageId>> {
        self.0.read(move |c| db::message_at(c, conversation, at)).await
    }

    /// While the provider asks to slow down, a gap that a read may still close says when it is tried.
    async fn say_next_try(&self, conversation: ConversationId, gaps: &mut [Gap]) -> Result<()> {
        if gaps.iter().all(|gap| gap.count.is_some()) {
            return Ok(());
        }
        let (account, _) = self.0.read(move |c| db::remote_of(c, conversation)).await?;
        let Some(live) = self.0.live(account) else { return Ok(()) };
        if let Health::RateLimited { until } = live.state().health {
            for gap in gaps.iter_mut().filter(|gap| gap.count.is_none() && gap.reason == GapReason::NoOverlap) {
                gap.next_try = Some(until);
            }
        }
        Ok(())
    }
}

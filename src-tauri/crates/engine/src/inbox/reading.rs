//! Reading the history. Never waits for the network.

use backscroll_model::{
    Conversation, ConversationId, ConversationPage, ConversationQuery, Counts, Gap, Message, MessageDetails, MessageId,
    Place, ThreadPage, ThreadPosition,
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
        self.0.read(move |c| db::thread_page(c, conversation, &position, limit)).await
    }

    /// Messages by id, hydrated. Unknown ids are left out.
    ///
    /// # Errors
    ///
    /// Those of the history.
    pub async fn messages_by_id(&self, mut ids: Vec<MessageId>) -> Result<Vec<Message>> {
        ids.truncate(MAX_IDS);
        self.0.read(move |c| db::messages_by_ids(c, &ids)).await
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
}

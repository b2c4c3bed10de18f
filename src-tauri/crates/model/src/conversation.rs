//! Conversations as the list shows them.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{
    AccountId, BusinessId, ConversationId, Direction, MessageId, MessageKind, Place, Platform, RemoteId, ReplyWindow,
    SendState, Timestamp,
};

/// Where the user put a conversation. Local to Backscroll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConversationState {
    /// In the inbox.
    Open,
    /// Comes back by itself, or when the customer writes.
    Snoozed {
        /// When it comes back.
        until: Timestamp,
    },
    /// Dealt with. A new message of the customer opens it again.
    Done,
}

/// One row of the conversation list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct Conversation {
    /// Our row.
    pub id: ConversationId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The shop, repeated so that a row needs no look-up.
    pub business: BusinessId,
    /// The platform, repeated likewise.
    pub platform: Platform,
    /// The platform's id.
    pub remote_id: RemoteId,
    /// The person's name, cleaned; `None` when the platform gave none.
    pub name: Option<String>,
    /// `@handle` without the `@`.
    pub username: Option<String>,
    /// The platform's id of the person, where known: sending needs it.
    pub participant: Option<RemoteId>,
    /// The avatar in the local media cache, as `media:` path; `None`: initials.
    pub avatar: Option<String>,
    /// Open, snoozed or done.
    pub state: ConversationState,
    /// Unread messages.
    pub unread: u32,
    /// The newest message, reactions and automatic replies aside, is the customer's.
    pub unanswered: bool,
    /// Since when the customer waits: the first inbound message after our last answer.
    pub waiting_since: Option<Timestamp>,
    /// The newest message; `None` for a conversation listed without messages.
    pub last: Option<LastMessage>,
    /// The draft's beginning, at most 200 characters; `None`: no draft.
    pub draft: Option<String>,
    /// How long an answer is allowed.
    pub window: ReplyWindow,
    /// Everything sent up to then was read by the other side.
    pub read_up_to: Option<Timestamp>,
    /// Messages held.
    pub messages: u32,
    /// Archived at the provider.
    pub archived: bool,
}

/// A message that the user has seen, and with it all before it in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ReadUpTo {
    /// Where.
    pub conversation: ConversationId,
    /// Which.
    pub message: MessageId,
}

/// What *mark all as read* changed of one conversation: the answer to it, and what its *Undo* hands back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ReadMark {
    /// Where.
    pub conversation: ConversationId,
    /// Up to when it was read before; `None`: not at all.
    pub before: Option<Timestamp>,
    /// The user had marked it as unread.
    pub marked_unread: bool,
    /// Up to when it was read then.
    pub after: Timestamp,
}

/// The last line of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LastMessage {
    /// Its row.
    pub id: MessageId,
    /// When, by the platform's clock.
    pub at: Timestamp,
    /// Whose.
    pub direction: Direction,
    /// What it is, for words such as *Photo*.
    pub kind: MessageKind,
    /// The text's beginning, at most 200 characters, line breaks as spaces.
    pub text: Option<String>,
    /// For our own that are not accepted: where they stand.
    pub send_state: Option<SendState>,
}

/// Which conversations, and how sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct ConversationQuery {
    /// Only these platforms; empty: all.
    pub platforms: Vec<Platform>,
    /// Only this shop.
    pub business: Option<BusinessId>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Which states; `None`: every state.
    pub state: Option<StateFilter>,
    /// What must be true of it.
    pub only: Option<OnlyFilter>,
    /// The order.
    pub sort: Sort,
}

/// States to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum StateFilter {
    /// The inbox.
    Open,
    /// Snoozed ones.
    Snoozed,
    /// Done ones.
    Done,
}

/// One condition beside the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum OnlyFilter {
    /// With unread messages.
    Unread,
    /// Waiting for an answer.
    Unanswered,
    /// The reply window closes within 4 hours.
    ClosingSoon,
}

/// The order of the list. Each is a keyset over an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Newest message first; conversations without messages last.
    #[default]
    Newest,
    /// Oldest message first.
    Oldest,
    /// Who waits longest for an answer first.
    WaitingLongest,
    /// Whose window closes first.
    ClosingFirst,
}

/// A page of the conversation list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ConversationPage {
    /// The rows, in order.
    pub rows: Vec<Conversation>,
    /// Where the next page begins; `None`: that was all.
    pub next: Option<Place>,
}

/// Counters of the rail and the filter chips: rows of a table, never sums (`performance.md`, rule 9).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
pub struct Counts {
    /// Open conversations with unread messages, over everything.
    pub unread: u32,
    /// Open conversations waiting for an answer.
    pub unanswered: u32,
    /// The same two per account.
    pub accounts: Vec<AccountCounts>,
}

/// Counters of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct AccountCounts {
    /// The account.
    pub account: AccountId,
    /// Open conversations with unread messages.
    pub unread: u32,
    /// Open conversations waiting for an answer.
    pub unanswered: u32,
}

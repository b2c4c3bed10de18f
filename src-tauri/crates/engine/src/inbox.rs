//! The facade. Each command of the desktop and of the command line is one method here.

use std::sync::Arc;

use backscroll_adapters::Secret;
use backscroll_model::*;
use tokio::sync::broadcast;

use crate::{AyrshareSecrets, InboxOptions, SecretsPlace};

/// The inbox: history, synchronisation, outbox and notifications of one data folder. Cheap to clone.
#[derive(Clone)]
pub struct Inbox(#[expect(dead_code, reason = "filled in by the next commit")] Arc<Inner>);

/// What all clones of an [`Inbox`] share.
struct Inner {}

type Result<T> = std::result::Result<T, UserError>;

impl Inbox {
    /// Opens the data folder. Makes no network call and starts no task.
    pub async fn open(_options: InboxOptions) -> Result<Self> {
        todo!()
    }
    /// Starts reading and sending: one task per account, one outbox task per account.
    pub async fn start(&self) {
        todo!()
    }
    /// Stops all tasks: cancels, waits up to 5 s, aborts. What was on the wire becomes `Unknown` at the next start.
    pub async fn stop(&self) {
        todo!()
    }
    /// Changes from now on, coalesced per commit. A receiver that lags must treat it as `Change::Resync`.
    pub fn changes(&self) -> broadcast::Receiver<Vec<Change>> {
        todo!()
    }
    /// What the desktop shall show or close, from now on.
    pub fn notices(&self) -> broadcast::Receiver<NoticeAction> {
        todo!()
    }
    /// Where secrets rest.
    pub fn secrets_place(&self) -> SecretsPlace {
        todo!()
    }
    /// Sync progress of running first back-fills.
    pub fn backfills(&self) -> Vec<BackfillProgress> {
        todo!()
    }
    /// The numbers for the sentence after a first back-fill, over these accounts (all if empty).
    pub async fn backfill_summary(&self, _accounts: Vec<AccountId>) -> Result<BackfillSummary> {
        todo!()
    }

    // --- reading the history

    /// A page of the conversation list; `limit` at most 200.
    pub async fn conversations(
        &self,
        _query: ConversationQuery,
        _after: Option<Place>,
        _limit: u32,
    ) -> Result<ConversationPage> {
        todo!()
    }
    /// Rows by id, for re-reading after a change. Unknown ids are left out.
    pub async fn conversations_by_id(&self, _ids: Vec<ConversationId>) -> Result<Vec<Conversation>> {
        todo!()
    }
    /// The counters of rail, chips and tray.
    pub async fn counts(&self) -> Result<Counts> {
        todo!()
    }
    /// A page of a thread; `limit` at most 200.
    pub async fn thread(
        &self,
        _conversation: ConversationId,
        _position: ThreadPosition,
        _limit: u32,
    ) -> Result<ThreadPage> {
        todo!()
    }
    /// Messages by id, hydrated. Unknown ids are left out.
    pub async fn messages_by_id(&self, _ids: Vec<MessageId>) -> Result<Vec<Message>> {
        todo!()
    }
    /// Everything known about one message.
    pub async fn message_details(&self, _id: MessageId) -> Result<MessageDetails> {
        todo!()
    }
    /// Gaps of one conversation, or of all.
    pub async fn gaps(&self, _conversation: Option<ConversationId>) -> Result<Vec<Gap>> {
        todo!()
    }

    // --- what the user does to conversations

    /// The thread that is on screen in a focused window, if any: no notification for it, and it is polled faster.
    pub fn set_viewing(&self, _conversation: Option<ConversationId>) {
        todo!()
    }
    /// The window is hidden or out of focus (slower polling), or back.
    pub fn set_background(&self, _background: bool) {
        todo!()
    }
    /// Marks everything up to `up_to` as read.
    pub async fn mark_read(&self, _conversation: ConversationId, _up_to: MessageId) -> Result<()> {
        todo!()
    }
    /// Marks the newest inbound message as unread again.
    pub async fn mark_unread(&self, _conversation: ConversationId) -> Result<()> {
        todo!()
    }
    /// Puts it into a state; answers the state before, for *Undo*.
    pub async fn set_state(
        &self,
        _conversation: ConversationId,
        _state: ConversationState,
    ) -> Result<ConversationState> {
        todo!()
    }
    /// Keeps a draft; empty text removes it.
    pub async fn save_draft(&self, _conversation: ConversationId, _text: String) -> Result<()> {
        todo!()
    }
    /// The whole draft.
    pub async fn draft(&self, _conversation: ConversationId) -> Result<Option<String>> {
        todo!()
    }

    // --- sending

    /// Queues a text. Answers the message row as soon as it is committed.
    pub async fn send_text(&self, _conversation: ConversationId, _text: String) -> Result<Message> {
        todo!()
    }
    /// The user's decision about an own message that is stuck.
    pub async fn decide(&self, _message: MessageId, _decision: SendDecision) -> Result<()> {
        todo!()
    }

    // --- accounts

    /// All accounts, in the order of the rail.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        todo!()
    }
    /// All shops.
    pub async fn businesses(&self) -> Result<Vec<Business>> {
        todo!()
    }
    /// All connections.
    pub async fn connections(&self) -> Result<Vec<Connection>> {
        todo!()
    }
    /// What the account's page shows.
    pub async fn account_page(&self, _id: AccountId) -> Result<AccountPage> {
        todo!()
    }
    /// Asks Ayrshare what these secrets give access to. Saves nothing.
    pub async fn check_ayrshare(&self, _api_base: Option<String>, _secrets: AyrshareSecrets) -> Result<KeyCheck> {
        todo!()
    }
    /// Checks and connects: saves the secrets, adds or revives the accounts that are ready, starts reading. A refusal
    /// saves nothing. `name` names the business; without it the profile's title does.
    pub async fn connect_ayrshare(
        &self,
        _api_base: Option<String>,
        _secrets: AyrshareSecrets,
        _name: Option<String>,
    ) -> Result<Vec<Account>> {
        todo!()
    }
    /// Gives an existing connection new secrets, checked first; history and drafts stay. Fields that are `None` keep
    /// what is saved.
    pub async fn reconnect_ayrshare(
        &self,
        _connection: ConnectionId,
        _api_key: Option<Secret>,
        _profile_key: Option<Secret>,
        _x_keys: Option<(Secret, Secret)>,
    ) -> Result<KeyCheck> {
        todo!()
    }
    /// Creates a profile under the key of this connection, switches messaging on for it, and connects it.
    pub async fn create_ayrshare_profile(&self, _connection: ConnectionId, _title: String) -> Result<Vec<Account>> {
        todo!()
    }
    /// Asks the provider how the account is.
    pub async fn test_account(&self, _id: AccountId) -> Result<PlatformCheck> {
        todo!()
    }
    /// Forgets the account's connection (and its key when no other account uses it). The history stays readable.
    pub async fn disconnect(&self, _id: AccountId) -> Result<()> {
        todo!()
    }
    /// Deletes the history of a disconnected account; answers how many messages went.
    pub async fn delete_history(&self, _id: AccountId) -> Result<u32> {
        todo!()
    }
    /// X: the user's choice of how much to read and what it may cost a month (cents, 0: no limit).
    pub async fn set_x_budget(&self, _id: AccountId, _history: XHistory, _monthly_limit_cents: u32) -> Result<()> {
        todo!()
    }
    /// The automatic reply of a connection's profile, from the provider.
    pub async fn auto_response(&self, _connection: ConnectionId) -> Result<AutoResponse> {
        todo!()
    }
    /// Changes it; answers what the provider has now.
    pub async fn set_auto_response(&self, _connection: ConnectionId, _wanted: AutoResponse) -> Result<AutoResponse> {
        todo!()
    }

    // --- synchronisation

    /// Reads this account (or all) now, once, to its end. For the command line and *Sync now*.
    pub async fn sync_once(&self, _account: Option<AccountId>) -> Result<Vec<SyncReport>> {
        todo!()
    }
    /// Wakes the running tasks: read as soon as the provider's waits allow.
    pub fn sync_soon(&self) {
        todo!()
    }
    /// The computer slept, or the network came back: catch up.
    pub fn woke_up(&self) {
        todo!()
    }

    // --- settings

    /// The settings.
    pub async fn settings(&self) -> Result<Settings> {
        todo!()
    }
    /// Replaces them.
    pub async fn set_settings(&self, _settings: Settings) -> Result<()> {
        todo!()
    }

    // --- media

    /// The cached picture behind a `media:` path: bytes and MIME type. `None`: unknown path.
    pub async fn media(&self, _path: String) -> Result<Option<(Vec<u8>, String)>> {
        todo!()
    }
    /// The user wants an attachment that waits or failed: fetch it now.
    pub async fn fetch_media(&self, _attachment: AttachmentId) -> Result<()> {
        todo!()
    }
}

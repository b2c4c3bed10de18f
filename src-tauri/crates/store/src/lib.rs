//! The SQLite history: everything Backscroll has ever seen, and everything it still has to send.
//!
//! Promises (`architecture.md`, what must always hold): pages of events become rows in one transaction, whatever their
//! order and however often they come ([`apply`]); a message is sent at most once by us, each step of its life a
//! committed row ([`outbox`]); what the UI reads is one walk along an index.
//!
//! Refuses: HTTP, clocks, and deciding when anything happens. Functions are synchronous on a connection or transaction,
//! one file per table; [`Store`] is the async front that runs them, one writer and a few readers.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use backscroll_model::{ConversationQuery, Timestamp};
//! use backscroll_store::{Access, Store, conversations};
//!
//! let folder = tempfile::tempdir()?;
//! let now = Timestamp(1_790_000_000_000);
//! let store = Store::open(folder.path(), Access::Write, now)?;
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let page = store.read(move |db| conversations(db, &ConversationQuery::default(), None, 50, now)).await?;
//! assert!(page.rows.is_empty());
//! # Ok(()) })
//! # }
//! ```

mod account;
pub mod apply;
mod attachment;
pub mod backup;
mod calendar;
pub mod canned;
mod codes;
mod contact;
mod conversation;
mod counter;
mod cursor;
mod delivery;
mod draft;
mod error;
mod gaps;
mod handle;
mod ids;
mod import;
mod message;
mod open;
pub mod outbox;
pub mod outgoing;
mod parked;
mod participant;
mod placeholder;
mod raw;
mod reaction;
mod schema;
mod search;
mod segment;
mod setting;
#[cfg(test)]
mod test_support;
mod thread;

pub use account::{
    DeleteStep, NewAccount, Upserted, account, account_page, accounts, add_business, add_connection, add_x_spend,
    backfill_progress, backfill_summary, businesses, connections, delete_history, disconnect, remove_connection,
    rename_business, set_backfill, set_backfill_total, set_last_read, set_x_budget, upsert_account,
};
pub use apply::{Applied, ApplyContext, Arrival, BATCH_MESSAGES};
pub use attachment::{
    KeptMedia, MediaCopy, MediaFile, WaitingAttachment, attachment_to_fetch, attachments_waiting, evict_media,
    files_waiting, leave_media, media_bytes, media_copy, media_path, media_paths, media_paths_in, media_summary,
    oldest_media, set_media_failed, set_media_ready,
};
pub use contact::{
    IdsWalk, PACE_MESSAGES, Pace, contact_page, conversation_of_person, ids_cursor, ids_to_walk, media_of, message_at,
    pace_of,
};
pub use conversation::{
    PersonId, Reminder, WaitingAvatar, avatars_waiting, conversation, conversation_of, conversations,
    conversations_by_ids, mark_all_read, mark_read, mark_unread, reminders, remote_of, set_avatar, set_state,
    take_reminders, undo_read, wake_snoozed,
};
pub use counter::{badge, counts};
pub use cursor::{cursor, cursors, forget_cursor};
pub use delivery::{
    DeliveryDigest, REMEMBERED, WAITING_KEPT, WaitingDelivery, deliveries, delivery_counts, give_up_waiting,
    keep_deliveries, keep_waiting, seen_deliveries, waiting_done, waiting_of, waiting_people, waiting_since,
};
pub use draft::{draft, draft_quote, set_draft, set_draft_quote};
pub use error::{Result, StoreError};
pub use gaps::{gaps, gaps_of_account};
pub use handle::Store;
pub use import::{ImportAccount, ImportedFile, Importer, import_account, imported_file};
pub use message::{Announcement, message_details, message_of, messages_by_ids, take_announcements};
pub use open::{Access, DATABASE_FILE};
pub use participant::{Pictureless, next_without_picture};
pub use reaction::{Reacting, account_of_message, set_own_reaction};
pub use schema::SCHEMA_VERSION;
pub use search::{Cancel, Midnight, search, search_by_scan, search_inside};
pub use setting::{set_settings, set_value, settings, value};
pub use thread::thread_page;

/// How much of a text a list row repeats, in characters.
const PREVIEW_CHARS: usize = 200;

fn preview(text: &str) -> Option<String> {
    backscroll_model::text::preview(text, PREVIEW_CHARS)
}

//! The persons on the other side, where a question is about them and not about a conversation.

use backscroll_model::{AccountId, RemoteId};
use rusqlite::{Connection, OptionalExtension};

use crate::Result;

/// A person whom the platform was not asked about yet, or who had no picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictureless {
    /// Their place among the persons: the next one has a higher one, and whoever is met later has one that is higher still.
    pub place: i64,
    /// Their conversation.
    pub conversation: RemoteId,
    /// The platform's id of them.
    pub person: RemoteId,
}

/// The first person behind this place who has a conversation and no picture.
pub fn next_without_picture(connection: &Connection, account: AccountId, after: i64) -> Result<Option<Pictureless>> {
    Ok(connection
        .prepare_cached(WITHOUT_PICTURE)?
        .query_row((account.0, after), |row| {
            Ok(Pictureless { place: row.get(0)?, conversation: RemoteId(row.get(1)?), person: RemoteId(row.get(2)?) })
        })
        .optional()?)
}

/// By row, so that nothing is looked at but who came since.
pub(crate) const WITHOUT_PICTURE: &str = "SELECT p.id, c.remote_id, p.remote_id FROM participant p NOT INDEXED
    CROSS JOIN conversation c INDEXED BY conversation_participant ON c.participant = p.id AND c.account = p.account
    WHERE p.id > ?2 AND p.account = ?1 AND p.avatar_url IS NULL
        AND p.remote_id NOT GLOB 'import:*' ORDER BY p.id LIMIT 1";

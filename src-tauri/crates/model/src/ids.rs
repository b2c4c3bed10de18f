//! Ids. A row's id and a platform's id are different types and never mix.
//!
//! Numeric ids stay below 2^53, so that they survive as JavaScript numbers.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::Timestamp;

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
    };
}

row_id!(
    /// A set of secrets (an Ayrshare profile): our row.
    ConnectionId
);
row_id!(
    /// What the user calls a shop: our row.
    BusinessId
);
row_id!(
    /// One platform of one business: our row.
    AccountId
);
row_id!(
    /// All messages between one account and one person: our row.
    ConversationId
);
row_id!(
    /// A message: our row and its key in the search index. Time-ordered, so that newest-first search streams and a
    /// back-fill keeps the order (`performance.md`, rule 1): each span of 16 seconds since 2010 has 16 ids, one a second.
    /// More would be paid in every index: a hundred bytes a message with 4,096 ids a second.
    MessageId
);
row_id!(
    /// A file or link that belongs to a message: our row.
    AttachmentId
);
row_id!(
    /// A file that was attached to a draft: our row.
    OutgoingFileId
);
row_id!(
    /// A canned reply: our row.
    CannedReplyId
);
row_id!(
    /// What the user asked to send, in one go: our row. See `store/src/outbox.rs`.
    IntentId
);

/// 2010-01-01T00:00:00Z in seconds since 1970. No platform here is older as a business inbox.
const EPOCH_2010_S: i64 = 1_262_304_000;
/// Ids of one span of time, and its seconds. What does not fit uses the ids of later spans.
pub const MESSAGE_IDS_PER_SPAN: i64 = 16;

impl MessageId {
    /// The smallest id of the span that `at` falls into. Times before 2010 count as 2010.
    pub fn first_of_span(at: Timestamp) -> Self {
        Self((at.0.div_euclid(1000) - EPOCH_2010_S).max(0)).span()
    }

    /// The smallest id of the span of this id.
    pub fn span(self) -> Self {
        Self(self.0 - self.0.rem_euclid(MESSAGE_IDS_PER_SPAN))
    }
}

/// The platform's own id of anything: opaque, case-sensitive, compared as text and never parsed
/// (`reference/ayrshare.md` 2.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct RemoteId(pub String);

impl RemoteId {
    /// Borrows the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RemoteId {
    fn from(s: &str) -> Self {
        Self(s.to_owned())
    }
}

impl std::fmt::Display for RemoteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A place in a sorted list (keyset paging): opaque to everyone but the store that wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct Place(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_fit_a_javascript_number_until_long_after_us() {
        let year_2500 = Timestamp(16_725_225_600_000);
        assert!(MessageId::first_of_span(year_2500).0 < 1 << 53);
        assert_eq!(MessageId::first_of_span(Timestamp(0)).0, 0);
    }
}

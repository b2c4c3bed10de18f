//! Canned replies: answers written once and used often.
//!
//! Their variables (`{{name}}`) are only words here: the page fills them in when one is put into the composer, so that
//! what will be sent is read by the user first.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::CannedReplyId;

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct CannedReply {
    /// Our row.
    pub id: CannedReplyId,
    /// What it is called in lists, cleaned.
    pub title: String,
    /// What is typed after `/` to find it, in lower case, without white space; of one reply only.
    pub word: Option<String>,
    /// What it says, variables as they were written.
    pub text: String,
}

/// What the user fills in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct CannedReplyForm {
    /// What it is called.
    pub title: String,
    /// What is typed after `/`; none if empty.
    pub word: String,
    /// What it says.
    pub text: String,
}

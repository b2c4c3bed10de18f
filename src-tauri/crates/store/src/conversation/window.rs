//! What a conversation's row keeps of its reply window.
//!
//! Promises: the end of the window is a function of the customer's newest message and of the platform's newest refusal,
//! both of which only move forward; whichever is told first, the row ends up the same.

use backscroll_model::{Platform, Provider, ReplyWindow, Timestamp, WindowFacts};
use rusqlite::Connection;

use crate::Result;

/// The platform refused a message that was sent at `at` because the reply window was closed. The row is derived anew by
/// whoever calls.
pub(crate) fn window_refused(connection: &Connection, conversation: i64, at: Timestamp) -> Result<()> {
    connection
        .prepare_cached("UPDATE conversation SET refused_at = max(ifnull(refused_at, ?2), ?2) WHERE id = ?1")?
        .execute((conversation, at.0))?;
    Ok(())
}

/// The end of the window in which everybody may answer; `None`: there is none (X), nobody wrote, nobody was ever
/// connected, or the platform refused since.
pub(crate) fn window_until(
    provider: Option<Provider>,
    platform: Platform,
    inbound_at: Option<i64>,
    refused_at: Option<i64>,
) -> Option<i64> {
    let (inbound, refused) = (inbound_at.map(Timestamp), refused_at.map(Timestamp));
    let facts = WindowFacts { inbound_at: inbound, gap_after: false, refused_at: refused };
    if facts.refusal().is_some() {
        return None;
    }
    let free = ReplyWindow::ends(provider, platform).first()?;
    Some(inbound?.plus(*free).0)
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;

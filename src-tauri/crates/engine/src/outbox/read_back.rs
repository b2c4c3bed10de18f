//! Reading one conversation back, to find out whether a message of ours is in it. Finding it is `apply`'s; here is
//! decided when to look again, and told to the store that a fresh read did not show it.

use std::sync::Arc;

use backscroll_model::{MINUTE, Platform};
use backscroll_store::{self as db, outbox::Unsettled};

use super::{Ended, LOOK_AGAIN};
use crate::{SendPoint, inner::Inner, live::Live, quiet::Busy, round};

/// Between two looks at X, which may bill each message read.
const X_LOOK_AGAIN: i64 = MINUTE;

/// Reads a conversation to find a message of ours, and counts the read if it was fresh.
pub(super) async fn look(inner: Arc<Inner>, live: Arc<Live>, unsettled: Unsettled, busy: Busy) -> Ended {
    let conversation = unsettled.conversation;
    let pause = if live.platform == Platform::X { X_LOOK_AGAIN } else { LOOK_AGAIN };
    inner.clock.reached(SendPoint::Looking);
    let began = inner.now();
    let row = inner.read(move |c| db::conversation(c, conversation, began)).await;
    let archived = row.is_ok_and(|row| row.archived);
    let done = round::read_back(&inner, &live, &unsettled.conversation_remote, archived).await;
    inner.clock.reached(SendPoint::Looked);
    let now = inner.now();
    let link = live.state().connection.and_then(|id| inner.open_link(id));
    let Some((done, link)) = done.zip(link) else {
        return Ended { look_at: Some(now.plus(pause)), ..Ended::of(conversation, busy) };
    };
    if let Some(fresh_at) = done.fresh_at {
        let (id, corrected) = (live.id, link.corrected(now));
        let counted = inner
            .store
            .write_durable(move |tx| db::outbox::fresh_read(tx, id, Some(conversation), fresh_at, corrected))
            .await;
        match counted {
            Ok(changes) => inner.publish(changes),
            Err(error) => tracing::warn!(%error, "a reading back could not be counted"),
        }
    }
    let fresh_again = done.next_update.map_or(now, |at| link.to_local(at));
    Ended { look_at: Some(fresh_again.max(now.plus(pause))), ..Ended::of(conversation, busy) }
}

//! The one place where committed changes leave the engine.
//!
//! Promises: nothing is published before its transaction is committed (the callers publish what the store answered);
//! one commit is one batch, in which nothing is said twice; a consumer that falls behind is told so, never left with
//! silence ([`next_changes`]). Losing changes is harmless, because a change carries ids and no content.
//!
//! Refuses to wait for consumers: a slow window never slows down reading.

use std::collections::{BTreeMap, BTreeSet};

use backscroll_model::{Change, ConversationId, MessageId};
use tokio::sync::broadcast::{self, error::RecvError};

/// Batches that a consumer may be behind before it is told to read everything again.
const CAPACITY: usize = 512;
/// More new messages of one conversation than this are not named one by one.
const MAX_IDS: usize = 200;
/// More changes than this in one commit are said as one `Resync`: reading the screen again is cheaper.
const MAX_CHANGES: usize = 4_000;

/// Sends changes to whoever shows them.
pub(crate) struct Bus(broadcast::Sender<Vec<Change>>);

impl Bus {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(CAPACITY).0)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Vec<Change>> {
        self.0.subscribe()
    }

    /// Publishes what one commit changed. Call it after the commit.
    pub(crate) fn publish(&self, changes: Vec<Change>) {
        let changes = coalesce(changes);
        if !changes.is_empty() {
            // No receiver is no error: the command line does not listen.
            let _ = self.0.send(changes);
        }
    }
}

/// The next batch of changes. A receiver that lost some gets [`Change::Resync`]; `None`: the inbox is gone.
pub async fn next_changes(receiver: &mut broadcast::Receiver<Vec<Change>>) -> Option<Vec<Change>> {
    match receiver.recv().await {
        Ok(changes) => Some(changes),
        Err(RecvError::Lagged(_)) => Some(vec![Change::Resync]),
        Err(RecvError::Closed) => None,
    }
}

/// Says each thing once, in a stable order: messages, conversations, accounts, the rest.
fn coalesce(changes: Vec<Change>) -> Vec<Change> {
    if changes.len() < 2 {
        return changes;
    }
    let mut messages: BTreeMap<ConversationId, (Option<BTreeSet<MessageId>>, bool)> = BTreeMap::new();
    let (mut conversations, mut drafts) = (BTreeSet::new(), BTreeSet::new());
    let mut accounts = BTreeSet::new();
    let mut done = BTreeSet::new();
    let (mut counts, mut settings, mut webhooks, mut backups) = (false, false, false, false);
    for change in changes {
        match change {
            Change::Messages { conversation, ids, added } => {
                let entry = messages.entry(conversation).or_insert_with(|| (Some(BTreeSet::new()), false));
                entry.1 |= added;
                if ids.is_empty() {
                    entry.0 = None;
                } else if let Some(held) = &mut entry.0 {
                    held.extend(ids);
                }
            }
            Change::Conversation { id } => {
                conversations.insert(id);
            }
            Change::Draft { conversation } => {
                drafts.insert(conversation);
            }
            Change::Account { id } => {
                accounts.insert(id);
            }
            Change::BackfillDone { account } => {
                done.insert(account);
            }
            Change::Counts => counts = true,
            Change::Settings => settings = true,
            Change::Webhooks => webhooks = true,
            Change::Backups => backups = true,
            Change::Resync => return vec![Change::Resync],
        }
    }
    let mut out: Vec<Change> = messages
        .into_iter()
        .map(|(conversation, (ids, added))| {
            let ids = ids.filter(|ids| ids.len() <= MAX_IDS).unwrap_or_default().into_iter().collect();
            Change::Messages { conversation, ids, added }
        })
        .collect();
    out.extend(conversations.into_iter().map(|id| Change::Conversation { id }));
    out.extend(drafts.into_iter().map(|conversation| Change::Draft { conversation }));
    out.extend(accounts.into_iter().map(|id| Change::Account { id }));
    out.extend(counts.then_some(Change::Counts));
    out.extend(settings.then_some(Change::Settings));
    out.extend(webhooks.then_some(Change::Webhooks));
    out.extend(backups.then_some(Change::Backups));
    out.extend(done.into_iter().map(|account| Change::BackfillDone { account }));
    if out.len() > MAX_CHANGES { vec![Change::Resync] } else { out }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use backscroll_model::AccountId;

    #[tokio::test]
    async fn one_commit_says_each_thing_once() {
        let bus = Bus::new();
        let mut rx = bus.subscribe();
        let c = ConversationId(7);
        bus.publish(vec![
            Change::Counts,
            Change::Messages { conversation: c, ids: vec![MessageId(2)], added: false },
            Change::Conversation { id: c },
            Change::Messages { conversation: c, ids: vec![MessageId(1), MessageId(2)], added: true },
            Change::Conversation { id: c },
            Change::Counts,
        ]);
        assert_eq!(
            next_changes(&mut rx).await.unwrap(),
            [
                Change::Messages { conversation: c, ids: vec![MessageId(1), MessageId(2)], added: true },
                Change::Conversation { id: c },
                Change::Counts
            ]
        );
    }

    #[tokio::test]
    async fn a_consumer_that_falls_behind_is_told_to_read_again() {
        let bus = Bus::new();
        let mut rx = bus.subscribe();
        for id in 0..=CAPACITY as i64 {
            bus.publish(vec![Change::Account { id: AccountId(id) }]);
        }
        assert_eq!(next_changes(&mut rx).await.unwrap(), [Change::Resync]);
        assert_eq!(next_changes(&mut rx).await.unwrap(), [Change::Account { id: AccountId(1) }]);
    }
}

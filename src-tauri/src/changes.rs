//! From the engine's broadcast to the page: several commits become one message to the web view, and falling behind
//! becomes [`Change::Resync`], never silence.
//!
//! A back-fill commits hundreds of times a second, and each message to a web view costs it a script evaluation; one
//! per frame is what it can paint.

use std::{collections::BTreeMap, time::Duration};

use backscroll_model::{AccountId, Change, ConversationId, MessageId};
use tokio::sync::broadcast::{Receiver, error::RecvError, error::TryRecvError};

/// One frame of a 60 Hz screen.
const FRAME: Duration = Duration::from_millis(16);
/// More ids than this are not named: the page reads what it shows again.
const MOST_IDS: usize = 200;

/// Delivers until the inbox is gone or `deliver` answers `false`. The first change of a quiet time leaves at once;
/// what follows within a frame goes with the next message.
pub async fn forward(mut receiver: Receiver<Vec<Change>>, deliver: impl Fn(Vec<Change>) -> bool) {
    loop {
        let mut batch = Batch::default();
        match receiver.recv().await {
            Ok(changes) => batch.extend(changes),
            Err(RecvError::Lagged(_)) => batch.add(Change::Resync),
            Err(RecvError::Closed) => return,
        }
        loop {
            match receiver.try_recv() {
                Ok(changes) => batch.extend(changes),
                Err(TryRecvError::Lagged(_)) => batch.add(Change::Resync),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if !deliver(batch.into_changes()) {
            return;
        }
        tokio::time::sleep(FRAME).await;
    }
}

/// Changes with each thing named once.
#[derive(Debug, Default)]
pub struct Batch {
    conversations: BTreeMap<ConversationId, ()>,
    messages: BTreeMap<ConversationId, Messages>,
    drafts: BTreeMap<ConversationId, ()>,
    accounts: BTreeMap<AccountId, ()>,
    backfilled: BTreeMap<AccountId, ()>,
    counts: bool,
    settings: bool,
    webhooks: bool,
    backups: bool,
    resync: bool,
}

#[derive(Debug, Default)]
struct Messages {
    ids: BTreeMap<MessageId, ()>,
    unnamed: bool,
    added: bool,
}

impl Batch {
    /// Adds all of them.
    pub fn extend(&mut self, changes: Vec<Change>) {
        changes.into_iter().for_each(|change| self.add(change));
    }

    /// Adds one.
    pub fn add(&mut self, change: Change) {
        match change {
            Change::Conversation { id } => {
                self.conversations.insert(id, ());
            }
            Change::Messages { conversation, ids, added } => {
                let entry = self.messages.entry(conversation).or_default();
                entry.unnamed |= ids.is_empty();
                entry.added |= added;
                entry.ids.extend(ids.into_iter().map(|id| (id, ())));
            }
            Change::Draft { conversation } => {
                self.drafts.insert(conversation, ());
            }
            Change::Account { id } => {
                self.accounts.insert(id, ());
            }
            Change::BackfillDone { account } => {
                self.backfilled.insert(account, ());
            }
            Change::Counts => self.counts = true,
            Change::Settings => self.settings = true,
            Change::Webhooks => self.webhooks = true,
            Change::Backups => self.backups = true,
            Change::Resync => self.resync = true,
        }
    }

    /// The shortest list that says the same. A resync says it all, but for the moment when a back-fill ends.
    pub fn into_changes(self) -> Vec<Change> {
        let backfilled = self.backfilled.into_keys().map(|account| Change::BackfillDone { account });
        if self.resync {
            return std::iter::once(Change::Resync).chain(backfilled).collect();
        }
        let accounts = self.accounts.into_keys().map(|id| Change::Account { id });
        let conversations = self.conversations.into_keys().map(|id| Change::Conversation { id });
        let messages = self.messages.into_iter().map(|(conversation, m)| {
            let named = !m.unnamed && m.ids.len() <= MOST_IDS;
            let ids = if named { m.ids.into_keys().collect() } else { Vec::new() };
            Change::Messages { conversation, ids, added: m.added }
        });
        let drafts = self.drafts.into_keys().map(|conversation| Change::Draft { conversation });
        let settings = self.settings.then_some(Change::Settings);
        let webhooks = self.webhooks.then_some(Change::Webhooks);
        let backups = self.backups.then_some(Change::Backups);
        let counts = self.counts.then_some(Change::Counts);
        accounts
            .chain(conversations)
            .chain(messages)
            .chain(drafts)
            .chain(settings)
            .chain(webhooks)
            .chain(backups)
            .chain(counts)
            .chain(backfilled)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::mpsc;

    use tokio::sync::broadcast;

    use super::*;

    fn messages(conversation: i64, ids: &[i64], added: bool) -> Change {
        let ids = ids.iter().map(|id| MessageId(*id)).collect();
        Change::Messages { conversation: ConversationId(conversation), ids, added }
    }

    fn batch(changes: Vec<Change>) -> Vec<Change> {
        let mut batch = Batch::default();
        batch.extend(changes);
        batch.into_changes()
    }

    #[test]
    fn each_thing_is_named_once() {
        let row = Change::Conversation { id: ConversationId(4) };
        let all = batch(vec![
            row.clone(),
            messages(4, &[2, 1], false),
            Change::Counts,
            row.clone(),
            messages(4, &[2, 3], true),
            Change::Counts,
        ]);
        assert_eq!(all, vec![row, messages(4, &[1, 2, 3], true), Change::Counts]);
    }

    #[test]
    fn too_many_to_name_stays_too_many() {
        assert_eq!(batch(vec![messages(1, &[], true), messages(1, &[5], false)]), vec![messages(1, &[], true)]);
        let many: Vec<i64> = (1..=201).collect();
        assert_eq!(batch(vec![messages(1, &many, true)]), vec![messages(1, &[], true)]);
    }

    #[test]
    fn a_resync_says_it_all_but_the_end_of_a_back_fill() {
        let done = Change::BackfillDone { account: AccountId(9) };
        assert_eq!(batch(vec![Change::Counts, done.clone(), Change::Resync]), vec![Change::Resync, done]);
    }

    #[tokio::test]
    async fn what_was_committed_before_the_page_listens_comes_first_and_in_one_message() {
        let (sender, receiver) = broadcast::channel(16);
        sender.send(vec![Change::Counts]).unwrap();
        sender.send(vec![Change::Settings]).unwrap();
        drop(sender);
        let (out, heard) = mpsc::channel();
        forward(receiver, move |changes| out.send(changes).is_ok()).await;
        assert_eq!(heard.iter().collect::<Vec<_>>(), vec![vec![Change::Settings, Change::Counts]]);
    }

    #[tokio::test]
    async fn falling_behind_is_a_resync() {
        let (sender, receiver) = broadcast::channel(2);
        for _ in 0..9 {
            sender.send(vec![Change::Counts]).unwrap();
        }
        drop(sender);
        let (out, heard) = mpsc::channel();
        forward(receiver, move |changes| out.send(changes).is_ok()).await;
        assert_eq!(heard.iter().flatten().collect::<Vec<_>>(), vec![Change::Resync]);
    }

    #[tokio::test]
    async fn a_page_that_is_gone_ends_it() {
        let (sender, receiver) = broadcast::channel(2);
        sender.send(vec![Change::Counts]).unwrap();
        forward(receiver, |_| false).await;
        assert_eq!(sender.receiver_count(), 0);
    }
}

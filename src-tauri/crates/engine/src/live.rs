//! What is known of an account only while the program runs: its health, its pace, who waits for it.
//!
//! None of it is written anywhere: a poll with nothing new writes nothing, and after a restart the first round finds
//! out again.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use backscroll_model::{
    AccountId, BackfillProgress, ConnectionId, ConversationId, Health, MINUTE, Platform, Timestamp,
};

use crate::{
    quiet::{Quiet, Wake},
    round::{graph::Memory, x::Billed},
};

/// From this absence on, news are told as one summary (`ux.md`, notifications).
pub(crate) const ABSENCE: i64 = 5 * MINUTE;

/// The running side of one account.
pub(crate) struct Live {
    pub(crate) id: AccountId,
    pub(crate) platform: Platform,
    /// Wakes the reading task.
    pub(crate) reader: Wake,
    /// Wakes the sending task.
    pub(crate) sender: Wake,
    /// One round at a time: the task's and *Sync now* of the command line.
    pub(crate) round: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// X: what was billed today.
    billed: Mutex<Billed>,
    /// Graph: what the last walk saw.
    graph: Mutex<Memory>,
}

/// The numbers behind it.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) health: Health,
    /// When failing began.
    pub(crate) failing_since: Option<Timestamp>,
    /// Failed rounds in a row.
    pub(crate) failures: u32,
    /// When the last round began.
    pub(crate) last_round: Option<Timestamp>,
    /// When the last successful round ended.
    pub(crate) last_success: Option<Timestamp>,
    /// When the provider has fresh data, by our clock.
    pub(crate) next_update: Option<Timestamp>,
    /// When a stopped account is looked at again by itself; `None`: only when the user acts.
    pub(crate) look_again: Option<Timestamp>,
    /// The provider's time of the last full read.
    pub(crate) read_at: Option<Timestamp>,
    /// Successful rounds.
    pub(crate) rounds: u32,
    /// When archived conversations were last read.
    pub(crate) archived_at: Option<Timestamp>,
    /// API calls since the start of the program.
    pub(crate) calls: u32,
    /// Progress of a running first back-fill.
    pub(crate) progress: Option<BackfillProgress>,
    /// Nothing was read since then although it should have been: asleep, offline or closed.
    pub(crate) absent_since: Option<Timestamp>,
    /// The summary after an absence waits for this account's next round.
    pub(crate) catching_up: bool,
    /// Read as soon as the provider's waits allow.
    pub(crate) hurry: bool,
    /// X: nothing is read before the user chose how much.
    pub(crate) awaiting_choice: bool,
    /// What waits to be sent shall be tried at once: what held it up is gone.
    pub(crate) retry_sends: bool,
    /// The platform refused several files in one message of this account: each goes by itself.
    pub(crate) one_by_one: bool,
    /// Conversations that the user wants to have read back now.
    pub(crate) check_now: BTreeSet<ConversationId>,
}

impl Live {
    pub(crate) fn new(
        id: AccountId,
        platform: Platform,
        connection: Option<ConnectionId>,
        read_at: Option<Timestamp>,
        quiet: &Quiet,
    ) -> Self {
        Self {
            id,
            platform,
            reader: Wake::new(quiet),
            sender: Wake::new(quiet),
            round: tokio::sync::Mutex::new(()),
            billed: Mutex::default(),
            graph: Mutex::default(),
            state: Mutex::new(State {
                connection,
                health: if connection.is_some() { Health::Starting } else { Health::Disconnected },
                failing_since: None,
                failures: 0,
                last_round: None,
                last_success: None,
                next_update: None,
                look_again: None,
                read_at,
                rounds: 0,
                archived_at: None,
                calls: 0,
                progress: None,
                absent_since: None,
                catching_up: false,
                hurry: false,
                awaiting_choice: false,
                one_by_one: false,
                retry_sends: true,
                check_now: BTreeSet::new(),
            }),
        }
    }

    /// The numbers. Held for a moment, never over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// X: what was billed today.
    pub(crate) fn billed(&self) -> MutexGuard<'_, Billed> {
        self.billed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Graph: what the last walk saw. Held for a moment, never over an await.
    pub(crate) fn graph(&self) -> MutexGuard<'_, Memory> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads again as soon as the provider's waits allow.
    pub(crate) fn hurry(&self) {
        {
            let mut state = self.state();
            state.hurry = true;
            state.retry_sends = true;
        }
        self.reader.call();
        self.sender.call();
    }
}

impl State {
    /// Nothing could be read since `since`; an earlier absence is kept.
    pub(crate) fn absent(&mut self, since: Option<Timestamp>) {
        self.absent_since = match (self.absent_since, since) {
            (Some(held), Some(since)) => Some(held.min(since)),
            (held, since) => held.or(since),
        };
        self.catching_up = self.absent_since.is_some();
    }

    /// Since when the user heard nothing, if that is long enough for a summary.
    pub(crate) fn absence(&self, now: Timestamp) -> Option<Timestamp> {
        self.absent_since.filter(|since| now.since(*since) > ABSENCE)
    }
}

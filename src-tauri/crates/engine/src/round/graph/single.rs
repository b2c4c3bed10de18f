//! Conversations that are read on their own: whoever is about to pass the messages that are given, news that the list
//! announced and did not show, the thread on screen, and what others ask for.
//!
//! Promises: one conversation that cannot be read never holds up the walk through all of them.

use backscroll_adapters::{Kind, Read, ReadDone};
use backscroll_model::{HOUR, Page, RemoteId, SECOND, Timestamp};
use backscroll_store as db;

use super::{has_spare, is_of_one, times};
use crate::{
    pace::graph::{self, PAUSE, Thread},
    round::{Round, Stop},
};

/// Detailed messages of one conversation; Instagram never gives more (4.4).
const DETAILS: u32 = 20;
/// Conversations read singly before the walk, after a pause.
const RISKY: usize = 10;
/// The thread on screen is read for its edits and reactions this often.
const VIEWED_AGAIN: i64 = 45 * SECOND;
/// News that were announced and not shown are asked for this often: what is late comes by then, and what was unsent never.
const OWED_TRIES: u8 = 3;

/// News that the list announced and did not show.
#[derive(Debug)]
pub(super) struct Owed {
    /// When they were, by the list.
    at: Timestamp,
    /// How often they were asked for; at [`OWED_TRIES`] no more.
    tries: u8,
}

impl Owed {
    fn is_open(&self) -> bool {
        self.tries < OWED_TRIES
    }
}

/// Both times of a listing are whole seconds (`reference/meta-graph.md` 2.2, 3.1), so within one nothing can be told.
fn is_shown(newest: Option<Timestamp>, updated: Timestamp) -> bool {
    newest.is_some_and(|newest| newest.0.div_euclid(SECOND) >= updated.0.div_euclid(SECOND))
}

impl Round<'_> {
    /// Remembers in which conversations something happened, and whose news the page announced without showing them.
    pub(super) fn note_what_stirred(&self, pages: &[Page], walked: Option<Timestamp>) {
        let mut memory = self.live.graph();
        // What lies before a walk is not looked at again.
        memory.owed.retain(|_, owed| owed.is_open() || walked.is_none_or(|walked| owed.at >= walked));
        for conversation in pages.iter().flat_map(|page| &page.conversations) {
            let Some(updated) = conversation.updated_at.filter(|at| walked.is_none_or(|walked| *at >= walked)) else {
                continue;
            };
            memory.unreadable.remove(&conversation.remote_id);
            memory.stirred.insert(conversation.remote_id.clone(), updated);
            if is_shown(times(conversation).max(), updated) {
                memory.owed.remove(&conversation.remote_id);
                continue;
            }
            let owed = memory.owed.entry(conversation.remote_id.clone()).or_insert(Owed { at: updated, tries: 0 });
            if owed.at < updated {
                *owed = Owed { at: updated, tries: 0 };
            }
        }
    }

    /// News that the list announced and did not show.
    pub(super) async fn read_owed(&mut self) -> Result<(), Stop> {
        let owed: Vec<(RemoteId, Timestamp)> = {
            let memory = self.live.graph();
            let open = memory.owed.iter().filter(|(_, owed)| owed.is_open());
            open.take(RISKY).map(|(conversation, owed)| (conversation.clone(), owed.at)).collect()
        };
        for (conversation, at) in owed {
            let is_there = match self.read_shown(conversation.clone()).await {
                Ok((_, newest)) => is_shown(newest, at),
                Err(Stop::Wait(_)) => return Ok(()),
                Err(Stop::Adapter(error)) if is_of_one(&error.kind) => {
                    tracing::info!(kind = ?error.kind, "news of a conversation could not be read");
                    false
                }
                Err(stop) => return Err(stop),
            };
            let mut memory = self.live.graph();
            match memory.owed.get_mut(&conversation) {
                Some(_) if is_there => drop(memory.owed.remove(&conversation)),
                Some(owed) => owed.tries += 1,
                None => {}
            }
        }
        Ok(())
    }

    /// The thread on screen, for edits, reactions and unsent messages that do not move it to the front.
    pub(super) async fn read_viewed(&mut self, now: Timestamp) -> Result<(), Stop> {
        let view = self.inner.view();
        let Some(conversation) = view.conversation.filter(|_| view.account == Some(self.live.id)) else {
            return Ok(());
        };
        let is_due = self.live.graph().viewed_at.is_none_or(|at| at > now || now.since(at) >= VIEWED_AGAIN);
        if !is_due || !has_spare(&self.link, self.account.platform) {
            return Ok(());
        }
        self.live.graph().viewed_at = Some(now);
        let (_, remote_id) = self.inner.read(move |c| db::remote_of(c, conversation)).await.map_err(Stop::Storage)?;
        match self.read_newest(remote_id).await {
            Ok(_) | Err(Stop::Wait(_)) => Ok(()),
            Err(Stop::Adapter(error)) if is_of_one(&error.kind) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    /// After a pause: whoever is about to pass the 20 messages that are given, before everybody else.
    pub(super) async fn read_risky(&mut self, now: Timestamp) -> Result<(), Stop> {
        let now = self.link.corrected(now);
        let before = self.live.state().last_success.map(|at| self.link.corrected(at)).or(self.account.last_read_at);
        let Some(before) = before.filter(|before| now.since(*before) >= PAUSE) else { return Ok(()) };
        // Once per pause: if the walk fails, these are not read again and again before it.
        if self.live.graph().caught_up.replace(before) == Some(before) {
            return Ok(());
        }
        let id = self.account.id;
        let paces = self.inner.read(move |c| db::pace_of(c, id, before.plus(-HOUR), before)).await;
        let threads = paces.map_err(Stop::Storage)?.into_iter().filter_map(|held| {
            let pace = graph::pace(&held.last_hour, before)?;
            Some(Thread { remote_id: held.remote_id, pace, newest: held.newest })
        });
        for conversation in graph::by_risk(threads.collect(), now).into_iter().take(RISKY) {
            match self.read_newest(conversation).await {
                Ok(_) => {}
                // One conversation that cannot be read must not hold up the rest; nor must a slow way to all of them.
                Err(Stop::Adapter(error)) if is_of_one(&error.kind) => {
                    tracing::info!(kind = ?error.kind, "a conversation could not be read after the pause");
                    if error.kind == Kind::Network {
                        break;
                    }
                }
                Err(Stop::Wait(_)) => break,
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    /// The newest messages of one conversation.
    pub(in crate::round) async fn read_newest(&mut self, conversation: RemoteId) -> Result<ReadDone, Stop> {
        self.read_shown(conversation).await.map(|(done, _)| done)
    }

    /// Likewise, with the time of the newest of them.
    async fn read_shown(&mut self, conversation: RemoteId) -> Result<(ReadDone, Option<Timestamp>), Stop> {
        let platform = self.account.platform;
        let conversation = Some(conversation);
        let read = Read::Messages { platform, archived: false, conversation, limit: Some(DETAILS), next: None };
        let (mut done, pages) = self.ask(&read).await?;
        let newest = pages.iter().flat_map(|page| &page.conversations).flat_map(times).max();
        self.apply(pages).await.map_err(Stop::Storage)?;
        // Graph has no cache: what it answers is what there is.
        done.fresh_at = done.fresh_at.or(done.server_time).or_else(|| Some(self.link.corrected(self.inner.now())));
        Ok((done, newest))
    }

    /// The conversation with one person, with its newest messages.
    pub(in crate::round) async fn read_person(&mut self, person: RemoteId) -> Result<(), Stop> {
        let read = Read::Person { platform: self.account.platform, person };
        let (_, pages) = self.ask(&read).await?;
        self.apply(pages).await.map_err(Stop::Storage).map(drop)
    }
}
